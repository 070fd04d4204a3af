"""«Школьный портал» as a source: recognises the files of one moment and makes one journal bundle of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from etl.contract.columns import BundleTable
from etl.contract.tables import TABLES
from etl.errors import SettingsError, SourceError
from etl.sources.answers import Answers, PeriodAnswer
from etl.sources.bundle import Bundle
from etl.sources.draft import BundleDraft
from etl.sources.earlier import NOTHING
from etl.sources.registry import Recognition, Told
from etl.sources.school_portal.activity import ActivityReport, activity_rows, is_activity, read_activity
from etl.sources.school_portal.alignment import Known
from etl.sources.school_portal.archive import Workbook, read_workbooks
from etl.sources.school_portal.cells import Sheet, read_sheets
from etl.sources.school_portal.faults import Fault
from etl.sources.school_portal.journals import Journal, is_journal, read_journal
from etl.sources.school_portal.place_keys import class_key
from etl.sources.school_portal.plans import Plan, is_plan, read_plans
from etl.sources.school_portal.tables import Builder, People, Row, Rows, know_people, year_of

NAME, TITLE = "school_portal", "files of «Школьный портал» or Dnevnik.ru (journals, КТП, sign-ins)"
SYSTEM = "Школьный портал (файлы)"
ZONE = "Europe/Moscow"
SANE = 2010
"""Zips that state an earlier year have no clock: 1980 is their zero."""
MARKS = ("mark", "absence", "period_mark")
PLANS = ("plan", "plan_item")
UNTOLD = frozenset(
    {
        "author_absent",
        "cancellation",
        "homeroom_missing",
        "mark_not_enrolled",
        "period_mark_author",
        "teacher_scope",
        "void_after_incident",
    }
)
"""The files name no author and no class teacher, no cancelled lesson, and list pupils without saying since when."""
SHORT = {
    "quarter": "{} четверть",
    "trimester": "{} тр",
    "half_year": "{} сем",
    "year": "Год",
}


@dataclass
class Files:
    """What the files of one moment hold. `named` are the days in the names of their files."""

    journals: list[Journal] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    reports: list[ActivityReport] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    named: set[date] = field(default_factory=set)
    under: set[date] = field(default_factory=set)
    """days in the names of folders, which count where no file's name has one"""
    saved: list[datetime] = field(default_factory=list)
    workbooks: int = 0
    is_stated: bool = False
    """whether a person stated the moment; else it is read from the files"""


class SchoolPortal:
    """Class journals and КТП, together or alone, and the report of sign-ins."""

    name = NAME
    title = TITLE

    def recognise(self, path: Path) -> Recognition | None:
        """The first workbook whose sheets have the anchors of this portal decides."""
        try:
            for workbook in read_workbooks((path,)):
                kinds = sorted({kind for sheet in _sheets(workbook) if (kind := _kind(sheet))})
                if kinds:
                    found = f"{workbook.file}: {', '.join(kinds)}"
                    return Recognition(self.name, self.title, path, (found,), untold=UNTOLD)
        except (SourceError, OSError):
            return None
        return None

    def open(self, recognition: Recognition, answers: Answers, scratch: Path, told: Told) -> Bundle:
        """One bundle of journals and КТП, or of a report of sign-ins."""
        files = read_files((recognition.path, *answers.beside), answers, told)
        answers = _answered(answers, files)
        if files.reports and (files.journals or files.plans):
            raise SourceError(
                "The files hold journals and a report of sign-ins.", advice="Load the report of sign-ins by itself."
            )
        bundle = _activity(files, answers, scratch) if files.reports else _journals(files, answers, scratch)
        for each in (bundle, *bundle.further):
            each.origin = " + ".join(str(path) for path in (recognition.path, *answers.beside))
        bundle.warnings = [*_found(files, bundle), *files.warnings, *bundle.warnings]
        bundle.strays = _strays(files.faults)
        return bundle


def _sheets(workbook: Workbook) -> list[Sheet]:
    try:
        return read_sheets(workbook.file, workbook.content)
    except ValueError:
        return []


def _kind(sheet: Sheet) -> str:
    if is_journal(sheet):
        return "class journals"
    return "КТП" if is_plan(sheet) else "a report of sign-ins" if is_activity(sheet) else ""


def read_files(paths: tuple[Path, ...], answers: Answers, told: Told) -> Files:
    """Every sheet of every workbook. A sheet that is none of the portal's is a remark, an unreadable one a fault."""
    files = Files()
    default = int(answers.school_year[:4]) if answers.school_year else None
    for workbook in read_workbooks(paths):
        files.workbooks += 1
        told("reading workbooks", files.workbooks, 0)
        try:
            sheets = read_sheets(workbook.file, workbook.content)
        except ValueError as error:
            files.faults.append(Fault("lesson", workbook.file, 0, "", "", f"the workbook cannot be read: {error}"))
            continue
        for sheet in sheets:
            _take(sheet, workbook, files, default)
    _split_twins(files)
    return files


def _take(sheet: Sheet, workbook: Workbook, files: Files, default: int | None) -> None:
    if is_journal(sheet):
        journal = read_journal(sheet, default)
        if isinstance(journal, Fault):
            files.faults.append(journal)
            return
        files.journals.append(journal)
        files.faults += journal.faults
    elif is_plan(sheet):
        plans, faults = read_plans(sheet, default)
        files.plans += plans
        files.faults += faults
    elif is_activity(sheet):
        report = read_activity(sheet)
        files.reports.append(report)
        files.faults += report.faults
    else:
        if any(any(row) for row in sheet.rows):
            files.warnings.append(f"{sheet.file}, sheet {sheet.name}: neither a journal nor a КТП; it was not read")
        return
    files.named |= {workbook.named} if workbook.named else set()
    files.under |= {workbook.under} if workbook.under else set()
    files.saved += [workbook.saved] if workbook.saved else []


def _split_twins(files: Files) -> None:
    """Two sheets of one class, group and subject: the same sheet twice is one, others are told apart by their names."""
    by_words: dict[tuple[int, int, str, str, str], list[Journal]] = {}
    for journal in files.journals:
        same = by_words.setdefault(journal.place.words, [])
        if not any(journal.sheet.rows == other.sheet.rows for other in same):
            same.append(journal)
    files.journals = []
    for same in by_words.values():
        if len(same) == 1:
            files.journals += same
            continue
        files.warnings.append(
            f"{same[0].sheet.file}: {len(same)} sheets are the journal of {same[0].place.subject} in "
            f"{same[0].place.class_name}; they were told apart by the names of the sheets"
        )
        first, *others = sorted(same, key=lambda each: each.sheet.name)  # the first keeps the key, so its КТП finds it
        files.journals += [
            first,
            *(
                replace(each, place=replace(each.place, group=f"{each.place.group} {each.sheet.name}".strip()))
                for each in others
            ),
        ]


def _answered(answers: Answers, files: Files) -> Answers:
    """The answers with what the files say themselves; raises SettingsError for what neither says."""
    if not (files.journals or files.plans or files.reports):
        raise SourceError(
            "No sheet could be read: "
            + "; ".join(f"{each.file} {each.place}: {each.reason}" for each in files.faults[:3]),
            advice="Save the files from the portal again.",
        )
    key = answers.need("school_key", "school-7")
    zone = answers.timezone
    if not zone:
        zone = ZONE
        files.warnings.append(f"the time zone was not stated and is taken as {ZONE}")
    if not answers.regulation and (files.journals or files.plans):
        files.warnings.append(
            "the school's act was not stated: no deadline can be judged; state it with --regulation, as listed by "
            "`zavuch regulations list`"
        )
    files.is_stated = answers.extracted_at is not None
    full = replace(
        answers,
        school_name=answers.school_name or key,
        municipality=answers.municipality or "Муниципалитет не указан",
        timezone=zone,
        extracted_at=answers.extracted_at or _moment(files, zone),
    )
    _check_periods(full, files)
    return full


def _moment(files: Files, zone: str) -> datetime:
    """The day in the name; its time is that of the zip's members where they were saved on that day, else its end.
    Files whose names say no day were exported when the newest of them was put into its zip.
    """
    days = files.named or files.under
    if len(days) > 1:
        told = ", ".join(f"{day:%d.%m.%Y}" for day in sorted(days))
        raise SourceError(
            f"The files are of several days: {told}.", advice="Load one moment at a time, the oldest first."
        )
    saved = [moment for moment in files.saved if moment.year >= SANE and moment.time() != time()]
    if not days and not saved:
        raise SettingsError(
            "The names of the files do not say when they were exported.",
            advice="Give --extracted-at 2018-11-12T18:30:00+03:00.",
        )
    if not days:
        moment = max(saved).replace(microsecond=0, tzinfo=ZoneInfo(zone))
        files.warnings.append(
            f"the names of the files do not say when they were exported: {moment:%d.%m.%Y %H:%M}, when they were put "
            f"into the zip, is taken; state another moment with --extracted-at"
        )
        return moment
    (day,) = days
    same_day = [moment for moment in saved if moment.date() == day]
    if same_day:
        return max(same_day).replace(microsecond=0, tzinfo=ZoneInfo(zone))
    files.warnings.append(
        f"the files say only the day of the export, {day:%d.%m.%Y}: its end is taken; state the moment with "
        f"--extracted-at to judge that day exactly"
    )
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone))


def _check_periods(answers: Answers, files: Files) -> None:
    """Where periods are stated, columns of period marks that find none are told: their deadlines cannot be judged."""
    people = know_people([], [], b"", answers.school_key)
    periods = (*answers.periods, *_whole_years(answers.periods))
    builder = Builder(replace(answers, periods=periods), b"", date.min, people)
    if not answers.periods:
        if any(journal.periods for journal in files.journals):
            files.warnings.append(
                "the dates of the periods were not stated: period marks are loaded, their deadlines cannot be judged, "
                "and every working day counts as a day of lessons"
            )
        return
    unknown = {
        f"{SHORT[column.kind].format(column.number)}» of grade {journal.place.grade}"
        for journal in files.journals
        for column in journal.periods
        if builder.period_of(journal.place, column) is None
    }
    files.warnings += [
        f"no period is stated for the marks of «{each}: they are loaded, their deadlines cannot be judged"
        for each in sorted(unknown)
    ]


def _journals(files: Files, answers: Answers, scratch: Path) -> Bundle:
    if answers.extracted_at is None:
        raise SettingsError("The moment of the export is unknown.", advice="Give --extracted-at.")
    known, moment = _known(files, answers), answers.extracted_at
    today = moment.astimezone(ZoneInfo(answers.timezone)).date()
    periods = (*answers.periods, *_whole_years(answers.periods))
    answers = replace(answers, periods=periods, extracted_at=_beside(moment, today, files, known))
    zone = ZoneInfo(answers.timezone)
    earlier = [each.extracted_at for each in known.earlier.loads if each.has_marks and each.extracted_at < moment]
    before = max(earlier).astimezone(zone).date() if earlier else None
    people = know_people(files.journals, files.plans, answers.secret, answers.school_key, known, before)
    bundles = [
        _part(journals, plans, answers, people, known, today, scratch / f"bundle-{number}", capable=bool(files.plans))
        for number, (journals, plans) in enumerate(_parts(files))
    ]
    bundle = bundles[0]
    bundle.warnings = [*people.pupils.warnings, *people.roll.warnings, *_unplanned(files), *bundle.warnings]
    bundle.further = bundles[1:]
    return bundle


def _known(files: Files, answers: Answers) -> Known:
    places = [*(each.place for each in files.journals), *(each.place for each in files.plans)]
    years = frozenset(place.school_year for place in places)
    return Known(answers.recall(answers.school_key, years) if answers.recall else NOTHING)


def _beside(moment: datetime, today: date, files: Files, known: Known) -> datetime:
    """Journals and КТП of one moment that were given one after the other are two snapshots, a second apart; the time of
    day of the second is of no account unless a person stated it.
    """
    if bool(files.journals) == bool(files.plans):
        return moment
    same = {
        each.extracted_at
        for each in known.earlier.loads
        if (each.has_marks and files.journals) or (each.has_topics and files.plans)
    }
    others = {each.extracted_at for each in known.earlier.loads} - same
    later = [each for each in others if each == moment or (not files.is_stated and each > moment)]
    later = [each for each in later if each.astimezone(moment.tzinfo).date() == today]
    return max(later).astimezone(moment.tzinfo) + timedelta(seconds=1) if later and moment not in same else moment


Part = tuple[list[Journal], list[Plan]]


def _parts(files: Files) -> list[Part]:
    """A sheet that was not received is no deletion (annex B6). So journals without a КТП of theirs, which carry no
    column of topics, and КТП without a journal, which carry no marks, are bundles of their own; those that have both
    come last, and after them it is known whose topics were not received.
    """
    planned, held = ({each.place.words for each in sheets} for sheets in (files.plans, files.journals))
    parts: list[Part] = [
        ([each for each in files.journals if each.place.words not in planned], []),
        ([], [each for each in files.plans if each.place.words not in held]),
        (
            [each for each in files.journals if each.place.words in planned],
            [each for each in files.plans if each.place.words in held],
        ),
    ]
    return [part for part in parts if part[0] or part[1]]


def _part(
    journals: list[Journal],
    plans: list[Plan],
    answers: Answers,
    people: People,
    known: Known,
    today: date,
    folder: Path,
    *,
    capable: bool,
) -> Bundle:
    """One bundle of journals that carry the same tables and columns."""
    moment = answers.need("extracted_at", "2018-11-12T18:30:00+03:00")
    builder = Builder(answers, answers.secret, today, people, known)
    made = builder.build(journals, plans)
    _calendar(made, answers, builder)
    draft = BundleDraft(
        folder,
        source_system=SYSTEM,
        extracted_at=moment,
        capabilities=("topics", "homework") if capable else (),
        scope=_scope(journals, plans, builder),
        keeps=_keeps(journals, plans),
        silent=frozenset({"period"}),
    )
    with draft:
        for table in _carried(journals, plans, made):
            draft.add_all(table, made.rows[table], made.origins.get(table, ()))
        bundle = draft.finish("")
    bundle.warnings += made.warnings
    return bundle


def _unplanned(files: Files) -> list[str]:
    """Which journals' topics were not received, where those of others were."""
    if not files.plans:
        return []
    planned = {plan.place.words for plan in files.plans}
    with_plan = {words[:3] for words in planned}
    alone = [each for each in files.journals if each.place.words not in planned]
    classes = sorted({each.place.class_name for each in alone if each.place.words[:3] not in with_plan})
    found = []
    if classes:
        found.append(f"no КТП was received of {', '.join(classes)}: their topics and homework cannot be judged")
    rest = sorted(
        {f"{each.place.class_name} {each.place.subject}" for each in alone if each.place.words[:3] in with_plan}
    )
    if rest:
        more = f" and {len(rest) - 5} more" if len(rest) > 5 else ""
        found.append(f"the КТП of {', '.join(rest[:5])}{more} was not received: their topics cannot be judged")
    return found


def _whole_years(periods: tuple[PeriodAnswer, ...]) -> list[PeriodAnswer]:
    """A school year that is not stated spans the periods that are."""
    years: dict[tuple[int, int, int], list[PeriodAnswer]] = {}
    for each in periods:
        years.setdefault((year_of(each), each.grade_from, each.grade_to), []).append(each)
    return [
        PeriodAnswer("year", 1, min(each.starts_on for each in those), max(each.ends_on for each in those), *grades)
        for (_year, *grades), those in years.items()
        if not any(each.kind == "year" for each in periods if year_of(each) == _year)
    ]


def _carried(journals: list[Journal], plans: list[Plan], made: Rows) -> Sequence[str]:
    """Tables these files speak of, also when they have no rows: an empty journal proves that nothing is there."""
    always = {"school", "school_class", "study_group", "subject", "staff", "lesson"}
    if journals:
        always |= {"pupil", "enrolment", "group_member", "teaching_load", *MARKS}
    if plans:
        always |= set(PLANS)
    return [table.name for table in TABLES if table.name in always or made.rows.get(table.name)]


def _scope(journals: list[Journal], plans: list[Plan], builder: Builder) -> list[dict[str, str | None]]:
    """The journals whose sheets are there: a sheet that is missing was not received (annex B6)."""
    places = {each.place.words: each.place for each in journals or plans}.values()
    return [
        {
            "school_key": builder.answers.school_key,
            "school_year": f"{place.school_year}/{place.school_year + 1}",
            "class_key": class_key(place),
            "group_key": builder.group_key(place),
            "subject_key": builder.subject_key(place),
        }
        for place in places
    ]


def _keeps(journals: list[Journal], plans: list[Plan]) -> frozenset[str]:
    """Tables in which a row that is absent proves nothing: people and subjects of sheets that were not received, and
    lessons and plans where their topics were not. A КТП by itself brings the lessons of other days as they are stored.
    """
    people = {table.name for table in TABLES if not _has_class(table)}
    partial = set() if journals and plans else {"lesson", *PLANS} if journals else set(PLANS)
    return frozenset(people | partial)


def _has_class(table: BundleTable) -> bool:
    return bool(table.year_from)


def _calendar(made: Rows, answers: Answers, builder: Builder) -> None:
    for period in answers.periods:
        year = year_of(period)
        key = f"{year}/{year + 1}|{period.kind}|{period.number}|{period.grade_from}-{period.grade_to}"
        made.add(
            "period",
            builder.school
            | {
                "period_key": key,
                "school_year": f"{year}/{year + 1}",
                "kind": period.kind,
                "number": str(period.number),
                "starts_on": str(period.starts_on),
                "ends_on": str(period.ends_on),
                "grade_from": str(period.grade_from),
                "grade_to": str(period.grade_to),
            },
        )
    days: dict[date, Row] = {}
    for ranges, working in ((answers.holidays, "true"), (answers.days_off, "false")):
        for first, last in ranges:
            for number in range(first.toordinal(), last.toordinal() + 1):
                day = date.fromordinal(number)
                # on a weekend of the holidays the staff do not work either: the week decides, not the holidays
                is_working = "false" if day.isoweekday() > (answers.week_days or 5) else working
                days[day] = builder.school | {
                    "date": str(day),
                    "is_instructional": "false",
                    "is_staff_working": is_working,
                }
    for row in days.values():
        made.add("calendar_day", row)


def _activity(files: Files, answers: Answers, scratch: Path) -> Bundle:
    if len(files.reports) > 1:
        raise SourceError("There are several reports of sign-ins.", advice="Load them one by one.")
    report = files.reports[0]
    people = know_people([], [], answers.secret, answers.school_key)
    builder = Builder(answers, answers.secret, report.last, people)
    made = builder.build([], [])
    rows = activity_rows(report, answers.secret, answers.school_key)
    if answers.extracted_at is None:
        raise SettingsError("The moment of the export is unknown.", advice="Give --extracted-at.")
    if report.first != report.last:
        files.warnings.append(
            f"the report sums {(report.last - report.first).days + 1} days: each sum stands on the day of the person's "
            f"last sign-in in that range, or on its last day"
        )
    draft = BundleDraft(scratch / "bundle", source_system=SYSTEM, extracted_at=answers.extracted_at, mode="delta")
    with draft:
        for table, lines in {"school": made.rows["school"], **rows}.items():
            draft.add_all(table, lines)
        return draft.finish("")


def _found(files: Files, bundle: Bundle) -> list[str]:
    """What was recognised, in sentences."""
    what = []
    if files.journals:
        classes = len({(each.place.school_year, each.place.class_name) for each in files.journals})
        years = sorted({f"{each.place.school_year}/{each.place.school_year + 1}" for each in files.journals})
        what.append(f"{len(files.journals)} journals of {classes} classes of {', '.join(years)}")
    if files.plans:
        dated = sum(1 for plan in files.plans for row in plan.rows if row.day)
        what.append(f"КТП of {len(files.plans)} journals with {dated:,} dated lines")
    if files.reports:
        report = files.reports[0]
        what.append(f"sign-ins of {len(report.users)} people from {report.first:%d.%m.%Y} to {report.last:%d.%m.%Y}")
    moment = bundle.manifest.extracted_text
    return [f"recognised as {TITLE}: {', '.join(what)}, in {files.workbooks} workbooks, as of {moment}"]


def _strays(faults: list[Fault]) -> dict[str, pl.DataFrame]:
    found: dict[str, list[Fault]] = {}
    for each in faults:
        found.setdefault(each.table, []).append(each)
    return {
        table: pl.DataFrame(
            {
                "row_number": [each.row for each in those],
                "column_name": [each.place for each in those],
                "value": [each.value for each in those],
                "reason": [each.reason for each in those],
                "raw": ["{}" for _ in those],
                "file": [each.file for each in those],
            },
            schema_overrides={"row_number": pl.Int64},
        )
        for table, those in found.items()
    }


SOURCE = SchoolPortal()
