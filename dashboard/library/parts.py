"""What a report is made of: sections of the one document model, each with its sentences and a table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from dashboard.i18n import t
from dashboard.queries.schools import natural_order
from dashboard.reports.document import Column, Paragraph, Section, Table
from dashboard.table_export import Share, sheet_of_frame

Kind = Literal["text", "number", "day", "share"]


@dataclass(frozen=True)
class Field:
    """One column of a table: its name in the frame, its words, and what stands in it (a share from 0 to 1)."""

    name: str
    label: str
    kind: Kind = "number"


def table(
    title: str, rows: pl.DataFrame, columns: Sequence[Field], *, notes: Sequence[str] = (), nothing: str = "",
    new_page: bool = False,
) -> Section:  # fmt: skip
    """A section with the columns of a frame in order; without rows the sentence `nothing` stands in its place."""
    said = tuple(Paragraph(note, "note") for note in notes)
    if rows.is_empty():
        return Section(title, (*said, Paragraph(nothing or t("report.nothing"), "note")), new_page)
    shown = rows.select(pl.col(column.name).alias(column.label) for column in columns)
    shares = [column.label for column in columns if column.kind == "share"]
    sheet = sheet_of_frame(title, shown, shares)
    heads = tuple(Column(column.label, numeric=column.kind in ("number", "share")) for column in columns)
    return Section(title, (*said, Table(title, heads, sheet.rows)), new_page)


def facts(
    title: str, lines: Sequence[tuple[str, str | int | float | Share | None]], *, notes: Sequence[str] = ()
) -> Section:
    """A section of two columns: what is told, and how much; a value that cannot be told says so."""
    rows = [(label, t("number.cannot_tell") if value is None else value) for label, value in lines]
    columns = (Column(t("report.column_what"), 0.45), Column(t("report.column_value"), 0.55))
    return Section(title, (*(Paragraph(note, "note") for note in notes), Table(title, columns, rows)))


def by_name(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of pupils in the order of people, who has no name last; `full_name` is never null afterwards."""
    named = rows.with_columns(pl.col("full_name").fill_null(t("attendance.nameless")))
    return named.sort(natural_order("full_name"), "pupil_id", maintain_order=True)
