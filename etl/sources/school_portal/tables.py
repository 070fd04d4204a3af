"""Journals and КТП of one moment become the rows of a journal bundle, each with the cell it came from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from etl.sources.answers import Answers, PeriodAnswer
from etl.sources.school_portal.alignment import Known, words_of
from etl.sources.school_portal.cells import Sheet
from etl.sources.school_portal.journals import DayColumn, Journal, PeriodColumn, Place
from etl.sources.school_portal.people import Pupils, Teachers
from etl.sources.school_portal.place_keys import class_key, group_key, stem
from etl.sources.school_portal.plans import Plan, PlanRow
from etl.sources.school_portal.roll import Roll, roll_of
from etl.sources.school_portal.values import read_cell
from etl.sources.school_portal.words import folded

Row = dict[str, str | None]
Origin = tuple[str, int, str] | None
"""File, row (counted from 1) and address of a cell."""


@dataclass
class Rows:
    """Rows of the bundle by table, with the origin of each."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    origins: dict[str, list[Origin]] = field(default_factory=lambda: defaultdict(list))
    keys: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    warnings: list[str] = field(default_factory=list)

    def add(self, table: str, row: Row, origin: Origin = None) -> None:
        self.rows[table].append(row)
        self.origins[table].append(origin)

    def once(self, table: str, key: str, row: Row) -> None:
        """A row that several sheets speak of."""
        if key not in self.keys[table]:
            self.keys[table].add(key)
            self.add(table, row)


def year_of(period: PeriodAnswer) -> int:
    """First calendar year of the school year of a stated period."""
    return period.starts_on.year if period.starts_on.month >= 8 else period.starts_on.year - 1


Words = tuple[int, int, str, str, str]
"""`Place.words`."""


def _lines(plan: Plan) -> list[tuple[date | None, str, str]]:
    return [(line.day, line.topic, line.homework) for line in plan.rows]


def join_blocks(blocks: list[tuple[PlanRow, ...]], columns: Mapping[date, int]) -> tuple[PlanRow, ...]:
    """Lines of several blocks of one journal: on a day of two blocks the longer one counts, and lines that it lacks
    are added up to the number of columns that the journal has for the day.
    """
    days = sorted({line.day for block in blocks for line in block if line.day})
    lines: list[PlanRow] = []
    for day in days:
        there: list[list[PlanRow]] = [[line for line in block if line.day == day] for block in blocks]
        longest = max(range(len(there)), key=lambda number: (len(there[number]), -number))
        chosen = list(there[longest])
        for line in (line for block in there for line in block):
            known = {(other.topic, other.homework) for other in chosen}
            if (line.topic, line.homework) not in known and len(chosen) < columns.get(day, 0):
                chosen.append(line)
        lines += chosen
    return (*lines, *(line for block in blocks for line in block if line.day is None))


@dataclass
class People:
    """Who is named in all files of one moment: keys do not depend on which of them a part holds."""

    pupils: Pupils
    teachers: Teachers
    rows_of: dict[tuple[str, str], list[tuple[int, str]]]
    roll: Roll
    before: date | None = None
    """local day of the newest earlier export of journals"""


def know_people(
    journals: list[Journal],
    plans: list[Plan],
    secret: bytes,
    school_key: str,
    known: Known | None = None,
    before: date | None = None,
) -> People:
    """Pupils and teachers of the files, those in the order of the journals first; `before` as of `roll_of`."""
    pupils, teachers = Pupils(secret, school_key), Teachers(secret, school_key)
    teachers.know(name for journal in journals for name in journal.teachers)
    teachers.know(plan.teacher for plan in plans)
    known = known or Known()
    rows_of = pupils.rows_of(journals, known)
    return People(pupils, teachers, rows_of, roll_of(journals, rows_of, pupils.names, known, secret, before), before)


def origin(sheet: Sheet, row: int, column: int) -> Origin:
    """Where a cell stands; row and column counted from 0."""
    return sheet.file, row + 1, sheet.address(row, column)


@dataclass
class Builder:
    """Turns sheets into rows for one school and one moment; `today` is the local day of the moment."""

    answers: Answers
    secret: bytes
    today: date
    people: People
    known: Known = field(default_factory=Known)
    out: Rows = field(default_factory=Rows)
    pairs_without_plan: int = 0
    absent_periods: int = 0
    lesson_counts: dict[tuple[str, date], int] = field(default_factory=dict)
    """by journal and day"""

    @cached_property
    def school(self) -> Row:
        return {"school_key": self.answers.school_key}

    def build(self, journals: list[Journal], plans: list[Plan]) -> Rows:
        """All tables. A journal is known by its words, so that its КТП finds it whatever the order of the files."""
        pupils, teachers, rows_of = self.people.pupils, self.people.teachers, self.people.rows_of
        plan_of = self._joined(plans, {journal.place.words: journal for journal in journals})
        self._school()
        for journal in journals:
            plan = plan_of.pop(journal.place.words, None)
            self._journal(journal, plan, rows_of[journal.sheet.file, journal.sheet.name], teachers, bool(plans))
        for plan in plan_of.values():
            self._place(plan.place)
            self._lessons(plan.place, plan, teachers.key(plan.teacher), {}, teachers, None, with_topics=True)
        for key, name in teachers.names.items():
            self.out.add("staff", self.school | {"staff_key": key, "full_name": name, "role": "teacher"})
        for key, name in pupils.names.items() if journals else ():
            self.out.add("pupil", self.school | {"pupil_key": key, "full_name": name})
        if self.absent_periods:
            self.out.warnings.append(f"{self.absent_periods} period marks «н» were read as «н/а», not attested")
        if self.pairs_without_plan:
            self.out.warnings.append(
                f"{self.pairs_without_plan} times a day stands twice in a journal whose КТП does not say how many "
                f"lessons it had: taken as two lessons"
            )
        return self.out

    def _joined(self, plans: list[Plan], journals: dict[Words, Journal]) -> dict[Words, Plan]:
        """One plan for each journal. The same block twice is one; two different ones are joined day by day."""
        blocks: dict[Words, list[Plan]] = defaultdict(list)
        for plan in plans:
            same = blocks[plan.place.words]
            if not any(_lines(plan) == _lines(other) for other in same):
                same.append(plan)
        joined = {}
        for words, same in blocks.items():
            first = same[0]
            if len(same) > 1:
                self.out.warnings.append(
                    f"{first.sheet.file}, sheet {first.sheet.name}: {first.place.subject} of {first.place.class_name} "
                    f"has {len(same)} blocks; they were joined day by day"
                )
                days = Counter(column.day for column in journals[words].days) if words in journals else Counter()
                first = replace(first, rows=join_blocks([plan.rows for plan in same], days))
            joined[words] = first
        return joined

    def group_key(self, place: Place) -> str:
        return group_key(place, self.secret)

    def subject_key(self, place: Place) -> str:
        return folded(place.subject)

    def _school(self) -> None:
        answers = self.answers
        self.out.add(
            "school",
            self.school
            | {
                "name": answers.school_name,
                "municipality": answers.municipality,
                "region": answers.region or None,
                "timezone": answers.timezone,
                "week_days": str(answers.week_days) if answers.week_days else None,
                "source_system": "Школьный портал",
                "regulation": answers.regulation or None,
            },
        )

    def _place(self, place: Place) -> None:
        """Class, groups, subject of a journal."""
        key, own = class_key(place), self.group_key(place)
        year = f"{place.school_year}/{place.school_year + 1}"
        self.out.once(
            "school_class",
            key,
            self.school
            | {"class_key": key, "school_year": year, "grade": str(place.grade), "letter": place.letter or "-"},
        )
        group = self.school | {"class_key": key}
        self.out.once("study_group", key, group | {"group_key": key, "kind": "class", "name": place.class_name})
        if place.group:
            self.out.once("study_group", own, group | {"group_key": own, "kind": "subgroup", "name": place.group})
        subject = self.subject_key(place)
        self.out.once("subject", subject, self.school | {"subject_key": subject, "name": place.subject})

    def _journal(
        self,
        journal: Journal,
        plan: Plan | None,
        pupils: list[tuple[int, str]],
        teachers: Teachers,
        with_topics: bool,
    ) -> None:
        place = journal.place
        self._place(place)
        names = journal.teachers or ((plan.teacher,) if plan else ())
        staff = [teachers.key(name) for name in names] or [teachers.key("")]
        pair = self._pair(place)
        for key in dict.fromkeys(staff):
            self.out.add("teaching_load", self.school | {"staff_key": key, "from_on": None} | pair)
        columns: dict[date, list[DayColumn]] = defaultdict(list)
        for column in journal.days:
            columns[column.day].append(column)
        lesson_of = self._lessons(place, plan, staff[0], columns, teachers, journal.sheet, with_topics=with_topics)
        self._members(place, pupils)
        own = stem(place, self.secret)
        numbers = self._column_numbers(journal, columns, pupils, own)
        for row, pupil in pupils:
            for column in journal.days:
                if text := journal.sheet.at(row, column.column):
                    where = origin(journal.sheet, row, column.column)
                    key = f"{own}|{column.day}|{numbers[column.column]}|{pupil}"
                    self._cell(
                        text, key, {**self.school, "lesson_key": lesson_of[column.column], "pupil_key": pupil}, where
                    )
            for period in journal.periods:
                if text := journal.sheet.at(row, period.column):
                    self._period_mark(journal, row, period, text, pupil)

    def _pair(self, place: Place) -> Row:
        return {"group_key": self.group_key(place), "subject_key": folded(place.subject)}

    def _members(self, place: Place, pupils: list[tuple[int, str]]) -> None:
        """Who is listed, since the day that `roll_of` found, and who is in no list of the class any more."""
        first = f"{place.school_year}-09-01"
        key, own = class_key(place), self.group_key(place)
        roll = self.people.roll
        for _row, pupil in pupils:
            member = self.school | {"pupil_key": pupil}
            since: Row = {"from_on": str(roll.since[key, pupil]), "to_on": None}
            self.out.once("enrolment", f"{key}|{pupil}", member | {"class_key": key} | since)
            if place.group:
                self.out.once("group_member", f"{own}|{pupil}", member | {"group_key": own, "from_on": first})
        for pupil, from_on, to_on in roll.gone.get(key, ()):
            span: Row = {"from_on": str(from_on), "to_on": str(to_on)}
            self.out.once("enrolment", f"{key}|{pupil}", self.school | {"pupil_key": pupil, "class_key": key} | span)

    def _column_numbers(
        self, journal: Journal, columns: dict[date, list[DayColumn]], pupils: list[tuple[int, str]], own: str
    ) -> dict[int, str]:
        """Number of each column among those of its day, the same as in earlier exports."""
        numbers: dict[int, str] = {}
        for day, those in columns.items():
            if len(those) == 1 and not self.known.cells:
                numbers[those[0].column] = "1"
                continue
            contents = [
                {pupil: words_of(text) for row, pupil in pupils if (text := journal.sheet.at(row, column.column))}
                for column in those
            ]
            found = self.known.columns_of(own, str(day), contents, self.lesson_counts[own, day])
            numbers |= {column.column: number for column, number in zip(those, found, strict=True)}
        return numbers

    def _lessons(
        self,
        place: Place,
        plan: Plan | None,
        staff: str,
        columns: dict[date, list[DayColumn]],
        teachers: Teachers,
        sheet: Sheet | None,
        *,
        with_topics: bool,
    ) -> dict[int, str]:
        """One row per lesson; returns the lesson of each column. The КТП says how many lessons a day had; where it was
        not received, an earlier one, else the columns.
        """
        lines: dict[date, list[PlanRow]] = defaultdict(list)
        for planned in plan.rows if plan else ():
            if planned.day:
                lines[planned.day].append(planned)
        own = stem(place, self.secret)
        numbers = {
            day: self._lesson_numbers(own, day, lines[day], len(columns.get(day, ())), with_topics=with_topics)
            for day in sorted({*columns, *lines})
        }
        self.lesson_counts |= {(own, day): len(those) for day, those in numbers.items()}
        plan_key = self._plan(place, plan, teachers, numbers) if plan else ""
        lesson_of: dict[int, str] = {}
        for day, those in numbers.items():
            for at, number in enumerate(those):
                line = lines[day][at] if at < len(lines[day]) else None
                row = self._lesson(place, f"{own}|{day}|{number}", self._teacher(own, day, number, staff), day)
                if with_topics:
                    is_item = line is not None and bool(line.topic)
                    row |= {
                        "topic": line.topic if line else None,
                        "homework": line.homework if line else None,
                        "plan_item_key": f"{plan_key}|{day}|{number}" if is_item else None,
                    }
                column = columns[day][min(at, len(columns[day]) - 1)] if columns.get(day) else None
                if plan and line:
                    place_of = origin(plan.sheet, line.row, 0)
                else:
                    place_of = origin(sheet, 0, column.column) if sheet and column else None
                self.out.add("lesson", row, place_of)
            for column in columns.get(day, ()):
                lesson_of[column.column] = f"{own}|{day}|{those[min(column.ordinal, len(those)) - 1]}"
        if plan and sheet is None:
            self._unplanned_lessons(place, own, lines)
        return lesson_of

    def _teacher(self, own: str, day: date, number: str, staff: str) -> str:
        """Whom the earlier export named for a lesson that was over then: a successor did not give it."""
        before = self.people.before
        stored = self.known.lessons.get((own, str(day)), {}).get(number) if before and day <= before else None
        return stored.staff_key if stored and not self.people.teachers.is_nobody(stored.staff_key) else staff

    def _lesson(self, place: Place, key: str, staff: str, day: date) -> Row:
        return (
            self.school
            | self._pair(place)
            | {
                "lesson_key": key,
                "staff_key": staff,
                "held_on": str(day),
                "slot": None,
                "status": "held" if day <= self.today else "planned",
            }
        )

    def _lesson_numbers(
        self, own: str, day: date, lines: list[PlanRow], column_count: int, *, with_topics: bool
    ) -> list[str]:
        stored = self.known.lessons.get((own, str(day)), {})
        if not with_topics and any(each.topic or each.plan_item_key for each in stored.values()):
            return sorted(stored, key=float)
        if not lines and column_count > 1:
            self.pairs_without_plan += 1
        contents: list[dict[Hashable, str]] = [
            {name: text for name, text in (("t", line.topic), ("h", line.homework)) if text} for line in lines
        ]
        return self.known.lessons_of(own, str(day), contents or [{}] * column_count)

    def _unplanned_lessons(self, place: Place, own: str, lines: Mapping[date, list[PlanRow]]) -> None:
        """A КТП by itself says how many lessons its days had; lessons of other days stay as they are."""
        for (journal, day), stored in self.known.lessons.items():
            if journal != own or lines.get(date.fromisoformat(day)):
                continue
            for each in stored.values():
                self.out.add(
                    "lesson",
                    self._lesson(place, each.key, each.staff_key, each.held_on)
                    | {"topic": each.topic, "homework": each.homework, "plan_item_key": each.plan_item_key},
                )

    def _plan(self, place: Place, plan: Plan, teachers: Teachers, numbers: Mapping[date, list[str]]) -> str:
        key = stem(place, self.secret)
        topics = [line for line in plan.rows if line.topic]
        if not topics:
            return key
        self.out.add(
            "plan", self.school | self._pair(place) | {"plan_key": key, "staff_key": teachers.key(plan.teacher)}
        )
        seen: dict[date | None, int] = defaultdict(int)
        for number, line in enumerate(plan.rows, 1):
            at = seen[line.day]
            seen[line.day] += 1
            if line.topic:
                self.out.add(
                    "plan_item",
                    self.school
                    | {
                        "plan_item_key": f"{key}|{line.day}|{numbers[line.day][at]}"
                        if line.day
                        else f"{key}|undated|{at + 1}",
                        "plan_key": key,
                        "seq": str(number),
                        "planned_on": str(line.day) if line.day else None,
                        "topic": line.topic,
                    },
                    origin(plan.sheet, line.row, 0),
                )
        return key

    def _cell(self, text: str, key: str, base: Row, where: Origin) -> None:
        """Marks and absences of one cell; what is unknown goes on as it stands and is set aside with its address."""
        entries = read_cell(text)
        marks, codes = (entries.marks, entries.absences) if entries else ((text,), ())
        for number, value in zip(self.known.places_of(key, marks, is_absence=False), marks, strict=True):
            self.out.add("mark", {**base, "mark_key": f"{key}|{number}", "value": value}, where)
        for number, code in zip(self.known.places_of(key, codes, is_absence=True), codes, strict=True):
            self.out.add("absence", {**base, "absence_key": f"{key}|{number}", "code": code}, where)

    def _period_mark(self, journal: Journal, row: int, column: PeriodColumn, text: str, pupil: str) -> None:
        place = journal.place
        entries = read_cell(text)
        known = entries.marks if entries else ()
        if entries and not known and set(entries.absences) == {"н"}:
            known = ("н/а",)  # a period has no lesson to be absent from: the portal's letter for "not attested"
            self.absent_periods += 1
        own = f"{stem(place, self.secret)}|{column.mark}|{column.kind}|{column.number}|{pupil}"
        for number, value in enumerate(known or (text,), 1):
            self.out.add(
                "period_mark",
                self.school
                | self._pair(place)
                | {
                    "period_mark_key": f"{own}|{number}",
                    "pupil_key": pupil,
                    "period_key": self.period_key(place, column),
                    "kind": column.mark,
                    "value": value,
                },
                origin(journal.sheet, row, column.column),
            )

    def period_key(self, place: Place, column: PeriodColumn) -> str:
        """Of the stated period of this kind for the grade; the plain one where no periods are stated."""
        found = self.period_of(place, column)
        bounds = f"|{found.grade_from}-{found.grade_to}" if found else ""
        return f"{place.school_year}/{place.school_year + 1}|{column.kind}|{column.number}{bounds}"

    def period_of(self, place: Place, column: PeriodColumn) -> PeriodAnswer | None:
        return next(
            (
                each
                for each in self.answers.periods
                if each.kind == column.kind
                and year_of(each) == place.school_year
                and each.number == column.number
                and each.grade_from <= place.grade <= each.grade_to
            ),
            None,
        )
