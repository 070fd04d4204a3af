"""A saved table of a reader: what of her position it keeps, and the position that opens it again. Pure.

Kept is what the table shows and to what it is narrowed; not the moment (a report is opened to see today's figures) and
of the period only its code, so that a report of the running period stays one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.filters import Filters
from dashboard.pivot import NONE, Choice, read_choice

LONGEST_TITLE = 80
MOST_SAVED = 60
"""Reports of one reader in one school: a list that nobody reads is no help."""


@dataclass(frozen=True)
class Kept:
    """What a saved table holds, by the names of the position; `metrics` and the dimensions as they were saved, whether
    they still exist or not."""

    metrics: tuple[str, ...]
    row_by: str
    column_by: str | None = None
    period: str | None = None
    grade: int | None = None
    class_id: int | None = None
    subject_id: int | None = None
    staff_id: int | None = None


@dataclass(frozen=True)
class Saved:
    """A report that the reader may open: `report` its number, `owner` the account whose it is, `version` its newest,
    `saved_by` the author's name, `at` aware."""

    report: int
    owner: int
    version: int
    title: str
    saved_by: str
    at: datetime
    is_own: bool
    is_shared: bool
    kept: Kept


def kept_of(filters: Filters) -> Kept:
    """What is saved of the position; the first table where it states none."""
    choice = read_choice(filters)
    names = tuple(dict.fromkeys(filters.metrics.split("."))) if filters.metrics else _names(choice)
    return Kept(
        metrics=names,
        row_by=filters.rows or choice.rows.code,
        column_by=filters.columns,
        period=filters.period,
        grade=filters.parallel,
        class_id=filters.class_id,
        subject_id=filters.subject,
        staff_id=filters.staff,
    )


def savable(filters: Filters) -> Filters:
    """The position with its whole choice stated, without what does not exist (any more)."""
    choice = read_choice(filters)
    return filters.changed(
        metrics=".".join(_names(choice)) or NONE,
        rows=choice.rows.code,
        columns=choice.columns.code if choice.columns is not None else None,
    )


def position_of(saved: Saved, filters: Filters) -> Filters:
    """The position in which the report is open: its own choice, the reader's school, year and moment."""
    kept = saved.kept
    return filters.changed(
        report=saved.report,
        metrics=".".join(kept.metrics),
        rows=kept.row_by,
        columns=kept.column_by,
        period=kept.period,
        parallel=kept.grade,
        class_id=kept.class_id,
        subject=kept.subject_id,
        staff=kept.staff_id,
    )


def is_changed(saved: Saved, filters: Filters) -> bool:
    """Whether the position shows something else than the report holds."""
    return kept_of(filters) != saved.kept


def clean_title(text: str) -> str | None:
    """The name as it is stored: one line, spaces once; None where it is empty, too long or holds unprintable signs."""
    words = " ".join(text.split())
    return words if words and len(words) <= LONGEST_TITLE and words.isprintable() else None


def _names(choice: Choice) -> tuple[str, ...]:
    return tuple(metric.name for metric in choice.metrics)
