"""The lessons of a journal as sentences: what is written, when it was entered and by which deadline. Pure."""

from __future__ import annotations

from typing import Any

import polars as pl

from dashboard import wording
from dashboard.components.row_table import Cell, Row, Tone
from dashboard.frame import short_name
from dashboard.i18n import count, day_of_week, t
from dashboard.journal_sheet import by_lesson, late_marks, slot
from dashboard.queries.journals import Journal
from dashboard.wording import LedgerRow
from etl.warehouse.ledger import RULE, Status

_CAME_LATE = ["О", "ОП"]  # present all the same (annex B14)
TONES: dict[int, Tone] = {
    Status.on_time: "good",
    Status.amber: "warn",
    Status.early: "warn",
    Status.late: "warn",
    Status.missing: "bad",
    Status.pending: "quiet",
    Status.indeterminate: "unknown",
    Status.not_regulated: "quiet",
    Status.exempt: "info",
    Status.not_applicable: "quiet",
    Status.breached: "bad",
}


def lesson_rows(page: Journal) -> list[Row]:
    """The list below the grid, newest first: what is written, when and by which deadline."""
    rows, zone, counted = by_lesson(page), page.school["timezone"], _counted(page)
    found = []
    for lesson in page.lessons.reverse().iter_rows(named=True):
        mine = {row["rule"]: row for row in rows.get(lesson["lesson_id"], [])}
        name = day_of_week(lesson["held_on"])
        notes = [
            slot(lesson),
            t(f"lesson.status_{lesson['status']}") if lesson["status"] not in ("held", "planned") else "",
            _substitution(lesson),
        ]
        cells = (
            Cell(name, ", ".join(note for note in notes if note)),
            _element(mine.get(RULE["topic"].number), lesson["topic"], zone),
            _element(mine.get(RULE["homework"].number), _homework(lesson), zone),
            _element(mine.get(RULE["attendance"].number), None, zone),
            counted.get(lesson["lesson_id"], Cell()),
        )
        found.append(Row(cells, lesson["lesson_id"], t("journal.open", lesson=f"{name} {slot(lesson)}".strip())))
    return found


def _substitution(lesson: dict[str, Any]) -> str:
    return t("journal.substitution", name=short_name(lesson["substitute"])) if lesson["substitute"] else ""


def _homework(lesson: dict[str, Any]) -> str | None:
    text: str | None = lesson["homework"]
    return t("journal.homework_none") if not text and lesson["homework_not_assigned"] else text


def _element(row: dict[str, Any] | None, text: str | None, zone: str) -> Cell:
    if row is None:
        return Cell(text or "")
    told = LedgerRow.of(row, zone)
    if row["excluded"] is None and not row["is_made"]:
        text = None  # written after T, or too short to be an entry: it is told below what is missing
    if row["status"] in (Status.on_time, Status.amber):
        words = wording.when_made(told)
        note = (
            f"{wording.status_name(row['rule'], row['status'])}: {words}"
            if row["status"] == Status.amber
            else f"{t('status.on_time')}: {words}"
        )
    else:
        note = wording.told(told)
    tone: Tone = "quiet" if row["excluded"] is not None else TONES[row["status"]]
    return Cell(text or "", note, tone)


def _counted(page: Journal) -> dict[int, Cell]:
    """Marks and absent pupils of each lesson that has any."""
    late = [mark for mark, status in late_marks(page).items() if status == Status.late]
    is_mark, is_missed = pl.col("kind") == "mark", (pl.col("kind") == "absence") & ~pl.col("value").is_in(_CAME_LATE)
    counts = (
        page.entries.filter(pl.col("lesson_id").is_not_null())
        .group_by("lesson_id")
        .agg(
            is_mark.sum().alias("marks"),
            pl.col("pupil_id").filter(is_missed).n_unique().alias("absent"),
            (is_mark & pl.col("object_id").is_in(late)).sum().alias("late"),
        )
    )
    cells = {}
    for lesson, marks, absent, late_count in counts.iter_rows():
        words = [count(marks, "mark")] if marks else []
        words += [t("journal.absent_n", n=absent)] if absent else []
        note = t("journal.marks_late", n=late_count) if late_count else ""
        cells[lesson] = Cell(", ".join(words), note, "warn" if late_count else "")
    return cells
