"""The journal as in the class book: pupils × lessons, marks and absences, what is missing marked over the
column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import streamlit as st
from babel.dates import format_date

from dashboard.components.packed import packed
from dashboard.components.source import source
from dashboard.derived import derived
from dashboard.exports import offer
from dashboard.i18n import LOCALE, day_of_week, day_short, t
from dashboard.table_export import Sheet, distinct

LessonState = Literal["ok", "missing", "late", "pending", "unknown", "cancelled"]
Attendance = Literal["marked", "missing", "pending", "unknown"]
STATES: tuple[LessonState, ...] = ("ok", "missing", "late", "pending", "unknown", "cancelled")

_HATCHES: dict[Attendance, str] = {"marked": "", "missing": "unmarked", "pending": "waiting", "unknown": "untold"}
_COMPONENT = st.components.v2.component(
    "zavuch_journal_grid",
    html='<div class="root"></div>',
    css=source("grid.css", "journal_grid.css"),
    js=source("unpacked.js", "shared.js", "grid.js", "journal_grid.js"),
)


@dataclass(frozen=True)
class PupilRow:
    """One pupil: `label` is the name, or a code where the scope has no names; `note` follows it small («с
    12.10»).
    """

    id: int
    label: str
    note: str = ""


@dataclass(frozen=True)
class LessonColumn:
    """One lesson: worst state of its obligations, whether attendance is marked, and the tooltip in words.

    Attendance that is `missing` is hatched in red, `pending` (its deadline is to come) and `unknown` in grey. A column
    with a `head` is no lesson (a period mark): the head stands in place of the day, `hint` names it, and it opens
    nothing.
    """

    id: int
    on: date
    state: LessonState = "ok"
    attendance: Attendance = "marked"
    hint: str = ""
    label: str = ""
    head: str = ""


@dataclass(frozen=True)
class Entry:
    """What stands in one cell: marks in order, the absence code («н», «б», «у»), tooltip; `enrolled` false
    greys it.
    """

    marks: tuple[str, ...] = ()
    absence: str = ""
    hint: str = ""
    late: bool = False
    enrolled: bool = True


@dataclass(frozen=True)
class JournalGrid:
    """A journal to draw: its pupils, its lessons, `entries` by (pupil id, lesson id), absent = empty cell."""

    pupils: Sequence[PupilRow]
    lessons: Sequence[LessonColumn]
    entries: Mapping[tuple[int, int], Entry]
    caption: str


def journal_grid(key: str, grid: JournalGrid, *, selected: int | None = None) -> int | None:
    """Draw the journal and the buttons that save it; returns the lesson id just clicked (its header or
    any of its cells), else None. `selected` = the lesson whose column is outlined.
    """
    result = _COMPONENT(key=key, data=derived(grid, _packed_grid, selected), on_lesson_change=lambda: None)
    offer(key, grid.caption, lambda: journal_table(grid), len(grid.pupils))
    return clicked_lesson(result.lesson, grid.lessons)


def _packed_grid(grid: JournalGrid, selected: int | None) -> bytes:
    return packed(journal_payload(grid, selected=selected))


def journal_payload(grid: JournalGrid, *, selected: int | None = None) -> dict[str, Any]:
    """What the script draws; `entries` by "row:column", only the cells in which something stands."""
    lessons = grid.lessons
    rows = {pupil.id: row for row, pupil in enumerate(grid.pupils)}
    columns = {lesson.id: column for column, lesson in enumerate(lessons)}
    return {
        "pupils": [[pupil.label, pupil.note] for pupil in grid.pupils],
        "lessons": [_packed_lesson(lesson) for lesson in lessons],
        "hatches": ["" if lesson.state == "cancelled" else _HATCHES[lesson.attendance] for lesson in lessons],
        "entries": {
            f"{rows[pupil]}:{columns[lesson]}": _packed_entry(entry)
            for (pupil, lesson), entry in grid.entries.items()
            if pupil in rows and lesson in columns
        },
        "selected": columns.get(selected) if selected is not None else None,
        "caption": grid.caption,
        "corner": t("grid.pupil"),
        "text": {
            "open": t("grid.open_lesson"),
            "states": {state: t(f"grid.lesson_state_{state}") for state in STATES},
            "unmarked": t("grid.attendance_unmarked"),
            "waiting": t("journal.attendance_waiting"),
            "untold": t("journal.attendance_untold"),
            "out": t("grid.not_enrolled"),
            "legend": {
                "missing": t("grid.legend_missing"),
                "late": t("grid.legend_late"),
                "unknown": t("number.cannot_tell"),
                "unmarked": t("grid.legend_unmarked"),
                "waiting": t("journal.attendance_waiting"),
                "untold": t("journal.attendance_untold"),
                "absent": t("grid.legend_absent"),
            },
        },
    }


def journal_table(grid: JournalGrid) -> Sheet:
    """The journal as a table for a file: a row per pupil, a column per lesson; marks and the code of an absence as they
    are written, as text."""
    heads = [
        " ".join(part for part in (lesson.head or day_short(lesson.on), lesson.label) if part)
        for lesson in grid.lessons
    ]
    lines = [
        [pupil.label, *(_entry_words(grid.entries.get((pupil.id, lesson.id))) for lesson in grid.lessons)]
        for pupil in grid.pupils
    ]
    return Sheet(grid.caption, tuple(distinct([t("grid.pupil"), *heads])), lines)


def _entry_words(entry: Entry | None) -> str | None:
    if entry is None:
        return None
    return " ".join([*entry.marks, *([entry.absence] if entry.absence else [])]) or None


def clicked_lesson(column: Any, lessons: Sequence[LessonColumn]) -> int | None:
    """Id of the lesson in the column the browser sent; None for anything it could not have sent."""
    if isinstance(column, bool) or not isinstance(column, int | float):
        return None
    is_lesson = 0 <= column < len(lessons) and not lessons[int(column)].head
    return lessons[int(column)].id if is_lesson else None


def _packed_lesson(lesson: LessonColumn) -> list[str]:
    if lesson.head:
        return [lesson.head, "", lesson.state, lesson.hint, lesson.label, ""]
    month = format_date(lesson.on, "MMM", locale=LOCALE).rstrip(".")
    return [str(lesson.on.day), month, lesson.state, lesson.hint, lesson.label, day_of_week(lesson.on)]


def _packed_entry(entry: Entry) -> dict[str, Any]:
    packed: dict[str, Any] = {"marks": list(entry.marks)} if entry.marks else {}
    if entry.absence:
        packed["absence"] = entry.absence
    if entry.hint:
        packed["hint"] = entry.hint
    if entry.late:
        packed["late"] = True
    if not entry.enrolled:
        packed["out"] = True
    return packed
