"""What a report is made of before it is a file or a screen: parts with a title, sentences and a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import polars as pl

from dashboard.i18n import day_short, number, percent, t
from dashboard.queries.schools import natural_order
from dashboard.table_export import Share, Sheet, Value, sheet_of_frame

Kind = Literal["text", "number", "day", "share"]


@dataclass(frozen=True)
class Field:
    """One column of a table: its name in the frame, its words, and what stands in it (a share from 0 to 1)."""

    name: str
    label: str
    kind: Kind = "number"


@dataclass(frozen=True)
class Part:
    """One part of a report: `title`, the sentences before the table, the table (None = only sentences).

    `breaks` = it begins on a new page; `signed` = lines for signatures stand under it.
    """

    title: str
    sheet: Sheet | None = None
    notes: tuple[str, ...] = field(default=())
    breaks: bool = False
    signed: bool = False


def table(
    title: str, rows: pl.DataFrame, columns: Sequence[Field], *, notes: Sequence[str] = (), nothing: str = "",
    breaks: bool = False, signed: bool = False,
) -> Part:  # fmt: skip
    """A part with the columns of a frame in order; without rows the sentence `nothing` stands in its place."""
    if rows.is_empty():
        return Part(title, None, (*notes, nothing or t("report.nothing")), breaks, signed)
    shown = rows.select(pl.col(column.name).alias(column.label) for column in columns)
    shares = [column.label for column in columns if column.kind == "share"]
    return Part(title, sheet_of_frame(title, shown, shares), tuple(notes), breaks, signed)


def facts(
    title: str, lines: Sequence[tuple[str, str | int | float | Share | None]], *, notes: Sequence[str] = ()
) -> Part:
    """A part of two columns: what is told, and how much; a value that cannot be told says so."""
    rows = [(label, t("number.cannot_tell") if value is None else value) for label, value in lines]
    return Part(title, Sheet(title, (t("report.column_what"), t("report.column_value")), rows), tuple(notes))


def by_name(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of pupils in the order of people, who has no name last; `full_name` is never null afterwards."""
    named = rows.with_columns(pl.col("full_name").fill_null(t("attendance.nameless")))
    return named.sort(natural_order("full_name"), "pupil_id", maintain_order=True)


def in_words(value: Value) -> str:
    """A value as people read it: `12.11.2026`, `93,1 %`, `3,86`, `1 281`; a dash for nothing."""
    if value is None or value == "":
        return "—"
    if isinstance(value, Share):
        return percent(float(value))
    if isinstance(value, float):
        return number(value, 0 if value.is_integer() else 1 if abs(value) >= 10 else 2)
    if isinstance(value, int):
        return number(value)
    return day_short(value) if isinstance(value, date) else value
