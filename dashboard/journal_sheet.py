"""The sheet of a journal in words and cells: columns, rows, entries, heading. Pure: frames in, values of the grid
out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from dashboard import wording
from dashboard.components.journal_grid import Attendance, Entry, JournalGrid, LessonColumn, LessonState, PupilRow
from dashboard.frame import short_name
from dashboard.group_words import short_group
from dashboard.i18n import NBSP, count, has, listed, number, out_of, percent, t
from dashboard.queries.journals import NOT_HELD, Journal, held
from dashboard.queries.periods import ROMAN
from dashboard.queries.rosters import is_member, joined_late
from dashboard.wording import BY_NUMBER
from etl.warehouse.ledger import MARK_RULES, RULE, Status
from etl.warehouse.metrics import LESSON_RULES, METRICS

_ELEMENTS = {RULE[name].number: name for name in LESSON_RULES}
_MARKS = frozenset(RULE[name].number for name in (*MARK_RULES, "future_mark"))
_CLOSING = ("period", "year", "exam", "final")
_WORST: tuple[LessonState, ...] = ("missing", "late", "unknown", "pending", "ok")


def state_of(row: dict[str, Any]) -> LessonState | None:
    """How one duty of a lesson stands in the grid; None where it does not count."""
    if row["excluded"] is not None:
        return None
    if row["status"] == Status.late:
        return "late"
    if row["status"] == Status.indeterminate or (not row["is_made"] and not row["can_tell"]):
        return "unknown"
    if row["is_made"] or row["status"] == Status.exempt:
        return "ok"
    return (
        "missing"
        if row["status"] == Status.missing or (row["status"] == Status.not_regulated and row["is_due"])
        else "pending"
    )


def by_lesson(page: Journal) -> dict[int, list[dict[str, Any]]]:
    """Ledger rows of the lessons themselves (not of their marks) by lesson, in the order of rules."""
    found: dict[int, list[dict[str, Any]]] = {}
    for row in page.rows.sort("rule").iter_rows(named=True):
        if BY_NUMBER[row["rule"]].object_type == "lesson" and row["lesson_id"] is not None:
            found.setdefault(row["lesson_id"], []).append(row)
    return found


def grid(page: Journal) -> JournalGrid:
    """The journal of the page as a grid of pupils and lessons."""
    return JournalGrid(
        pupil_rows(page), lesson_columns(page), grid_entries(page), caption(page, "journal.grid_caption")
    )


def caption(page: Journal, key: str) -> str:
    """Words of a table of the journal (`key`): which journal and period it shows."""
    return t(key, name=journal_name(page.journal), period=page.choice.period.label if page.choice else "")


def lesson_columns(page: Journal) -> list[LessonColumn]:
    """One column per lesson, then one per closed period; lessons of one day are told apart by their slot."""
    rows, dates = by_lesson(page), page.lessons["held_on"].to_list()
    columns = []
    for lesson in page.lessons.iter_rows(named=True):
        mine = rows.get(lesson["lesson_id"], [])
        is_off = lesson["status"] == "cancelled" or any(row["excluded"] in NOT_HELD for row in mine)
        is_one_of_two = dates.count(lesson["held_on"]) > 1 and lesson["slot"] is not None
        label = t("journal.slot_short", n=lesson["slot"]) if is_one_of_two else ""
        columns.append(
            LessonColumn(
                lesson["lesson_id"],
                lesson["held_on"],
                "cancelled" if is_off else _state(mine),
                _attendance(mine),
                _hint(mine),
                label,
            )
        )
    return columns + [column for column, _, _ in closing_columns(page)]


def _state(rows: list[dict[str, Any]]) -> LessonState:
    states = {state_of(row) for row in rows}
    return next((state for state in _WORST if state in states), "ok")


def _attendance(rows: list[dict[str, Any]]) -> Attendance:
    """Red only once it is overdue, like the other records of the lesson."""
    row = next((row for row in rows if row["rule"] == RULE["attendance"].number), None)
    if row is None or row["excluded"] is not None or row["is_made"]:
        return "marked"
    state = state_of(row)
    return state if state == "missing" or state == "unknown" else "pending"


def _hint(rows: list[dict[str, Any]]) -> str:
    told = []
    for state, key in (("missing", "hint_missing"), ("late", "hint_late"), ("unknown", "hint_unknown")):
        names = [
            wording.rule_name(row["rule"]).lower()
            for row in rows
            if state_of(row) == state and row["rule"] in _ELEMENTS
        ]
        if names:
            told.append(t(f"journal.{key}", parts=listed(names)))
    return "; ".join(told)


def closing_columns(page: Journal) -> list[tuple[LessonColumn, int, str]]:
    """(column, period_id, kind of period mark) of periods that end inside the days and have marks or lack them."""
    there = set(page.entries.filter(pl.col("kind").is_in(_CLOSING)).select("object_id", "kind").iter_rows())
    lacking = page.rows.filter((pl.col("rule") == RULE["period_mark"].number) & (pl.col("status") == Status.missing))
    columns = []
    for term in page.terms.sort("ends_on", "starts_on", descending=[False, True]).iter_rows(named=True):
        if not page.first <= term["ends_on"] <= page.last:
            continue
        missing = lacking.filter(pl.col("period_id") == term["period_id"]).height
        for index, kind in enumerate(_CLOSING):
            if (term["period_id"], kind) in there or (
                missing and kind == ("year" if term["kind"] == "year" else "period")
            ):
                column = _closing_column(term, kind, index, missing)
                columns.append((column, term["period_id"], kind))
    return columns


def _closing_column(term: dict[str, Any], kind: str, index: int, missing: int) -> LessonColumn:
    roman = ROMAN[term["number"]] if term["number"] < len(ROMAN) else str(term["number"])
    is_part = kind == "period" and term["kind"] != "year"
    period = t(f"period.{term['kind']}", number=roman) if is_part else ""
    hint = (
        t("journal.period_mark_hint", period=period)
        if is_part
        else t(f"journal.{'year' if kind == 'period' else kind}_mark_hint")
    )
    if missing and kind in ("period", "year"):
        hint = t("journal.period_mark_missing", period=period or t("journal.period_year"), n=number(missing))
    head = roman if is_part else t(f"journal.closing_{'year' if kind == 'period' else kind}")
    label = t(f"journal.period_{term['kind']}") if is_part else ""
    state: LessonState = "missing" if missing and kind in ("period", "year") else "ok"
    return LessonColumn(
        -(term["period_id"] * len(_CLOSING) + index + 1), term["ends_on"], state, "marked", hint, label, head
    )


def intervals_of(page: Journal) -> dict[int, list[tuple[date | None, date | None]]]:
    """Half-open intervals in the journal by pupil, in the order of names."""
    found: dict[int, list[tuple[date | None, date | None]]] = {}
    for row in page.roster.iter_rows(named=True):
        found.setdefault(row["pupil_id"], []).append((row["from_on"], row["to_on"]))
    return found


def pupil_rows(page: Journal) -> list[PupilRow]:
    """One row per pupil: surname and first name (the patronymic where namesakes need it), and since or until when."""
    names = dict(page.roster.select("pupil_id", "full_name").iter_rows())
    short = {
        pupil: " ".join(name.split()[:2]) if name else t("journal.pupil_code", id=pupil)
        for pupil, name in names.items()
    }
    twice = {name for name in short.values() if list(short.values()).count(name) > 1}
    rows = []
    for pupil, intervals in intervals_of(page).items():
        name = short[pupil] if short[pupil] not in twice else names[pupil] or short[pupil]
        rows.append(PupilRow(pupil, name, _roster_note(intervals, page)))
    return rows


def _roster_note(intervals: list[tuple[date | None, date | None]], page: Journal) -> str:
    if all(start is None for start, _ in intervals):
        return t("journal.stray")
    joined, left = joined_late(intervals, page.first, min(page.last, page.until))
    year = page.until.year
    words = [t("journal.joined", day=wording.school_day(joined, year))] if joined else []
    words += [t("journal.left", day=wording.school_day(left, year))] if left else []
    return " ".join(words)


@dataclass
class _Draft:
    """A cell while it is being filled."""

    marks: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    absence: str = ""
    late: bool = False


def grid_entries(page: Journal) -> dict[tuple[int, int], Entry]:
    """What stands in each cell: marks, the absence code in small letters, grey where the pupil was not there."""
    drafts, there = _drafts(page), intervals_of(page)
    found = {}
    for lesson, on in page.lessons.select("lesson_id", "held_on").iter_rows():
        for pupil, intervals in there.items():
            draft, enrolled = drafts.get((pupil, lesson)), is_member(intervals, on)
            if draft is None:
                if not enrolled:
                    found[(pupil, lesson)] = Entry(enrolled=False)
                continue
            hints = draft.hints if enrolled else [*draft.hints, t("journal.marked_not_there")]
            found[(pupil, lesson)] = Entry(tuple(draft.marks), draft.absence, "; ".join(hints), draft.late, enrolled)
    return found | _closing_entries(page)


def _drafts(page: Journal) -> dict[tuple[int, int], _Draft]:
    late = late_marks(page)
    drafts: dict[tuple[int, int], _Draft] = {}
    for row in page.entries.filter(pl.col("lesson_id").is_not_null()).iter_rows(named=True):
        draft = drafts.setdefault((row["pupil_id"], row["lesson_id"]), _Draft())
        if row["kind"] == "mark":
            _add_mark(draft, row, late.get(row["object_id"]))
        else:
            draft.absence = row["value"].lower()
            draft.hints.append(absence_name(row["value"]))
    return drafts


def _add_mark(draft: _Draft, row: dict[str, Any], status: int | None) -> None:
    draft.marks.append(row["value"].replace("-", "−"))
    draft.late = draft.late or status == Status.late
    words = [work_name(row["work"], is_monitoring=bool(row["is_monitoring"]))] if row["work"] else []
    if status is not None:
        words.append(t("journal.late_mark" if status == Status.late else "journal.early_mark"))
    if words:
        draft.hints.append(f"{row['value']}: {listed(words)}")


def _closing_entries(page: Journal) -> dict[tuple[int, int], Entry]:
    columns = {(period, kind): column.id for column, period, kind in closing_columns(page)}
    marks: dict[tuple[int, int], tuple[str, ...]] = {}
    for row in page.entries.filter(pl.col("kind").is_in(_CLOSING)).iter_rows(named=True):
        column = columns.get((row["object_id"], row["kind"]))
        if column is not None:
            marks[(row["pupil_id"], column)] = (
                *marks.get((row["pupil_id"], column), ()),
                row["value"].replace("-", "−"),
            )
    return {key: Entry(values) for key, values in marks.items()}


def late_marks(page: Journal) -> dict[int, int]:
    """Mark → the status that opens a finding, late before early."""
    rows = page.rows.filter(
        pl.col("rule").is_in(list(_MARKS)) & pl.col("status").is_in([int(Status.late), int(Status.early)])
    )
    return dict(rows.sort("status", descending=True).select("object_id", "status").iter_rows())


def absence_name(code: str) -> str:
    """«болезнь»; the code itself where it has no words."""
    return t(f"absence.{code}") if has(f"absence.{code}") else code


def work_name(kind: str | None, *, is_monitoring: bool = False) -> str:
    """«контрольная работа, ВШК»; empty for no work."""
    if not kind:
        return ""
    words = t(f"work.{kind}") if has(f"work.{kind}") else kind
    return f"{words}, {t('work.monitoring')}" if is_monitoring else words


def slot(lesson: dict[str, Any]) -> str:
    """«2-й урок»; empty where its number is unknown."""
    return t("journal.slot", n=lesson["slot"]).replace(" ", NBSP) if lesson["slot"] is not None else ""


def journal_name(journal: dict[str, Any]) -> str:
    """«5А · Математика»; with the group where the journal is not of the whole class."""
    group = short_group(journal)
    if group:
        return t("journal.name_group", klass=journal["class_name"], subject=journal["subject"], group=group)
    return t("journal.name", klass=journal["class_name"], subject=journal["subject"])


def title(page: Journal) -> str:
    """The heading answers what is not filled."""
    name = journal_name(page.journal)
    sums = page.rows
    found = METRICS["completeness"].of(sums)
    if found.part < found.whole:
        unfilled = {
            rule: int(sums.filter(pl.col("rule") == RULE[rule].number)["unfilled"].sum()) for rule in LESSON_RULES
        }
        return t("journal.title_missing", name=name, parts=listed(count(n, rule) for rule, n in unfilled.items() if n))
    if found.value is None:
        return t("journal.title_cannot_tell" if found.unknown else "journal.title_nothing", name=name)
    late = METRICS["late_count"].of(sums).part
    return t("journal.title_late", name=name, n=count(late, "entry")) if late else t("journal.title_filled", name=name)


def summary(page: Journal, reason: str) -> list[str]:
    """Parts of the line under the heading: lessons held, share with its denominator, or why it cannot be told."""
    found = METRICS["completeness"].of(page.rows)
    lessons = held(page).height
    key = "journal.lessons_one" if lessons % 10 == 1 and lessons % 100 != 11 else "journal.lessons"
    words = [t(key, lessons=count(lessons, "lesson"))]
    if found.value is not None:
        words.append(t("journal.filled", share=percent(found.value), detail=out_of(found.part, found.whole, "entry")))
    elif found.unknown or found.whole:
        words.append(t("journal.cannot_tell", reason=reason))
    return words


def teachers(page: Journal) -> list[str]:
    """Who teaches, most lessons first; substitutes are named with their lessons only."""
    counted = (
        page.lessons.filter(pl.col("teacher").is_not_null())
        .group_by("teacher")
        .len()
        .sort("len", "teacher", descending=[True, False])
    )
    return [short_name(name) for name in counted["teacher"]]
