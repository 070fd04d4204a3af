"""Kinds of records in words: the table that the pages of the municipality and of a school share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from dashboard import measures
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.i18n import number, t
from etl.warehouse.ledger import MARK_RULES, RULE
from etl.warehouse.metrics import LESSON_RULES, METRICS, Metric

RECORDS = (*LESSON_RULES, "absence", "mark", "period_mark")
"""Kinds of records in the table; the four rules of marks are one kind."""


def judged(metric: Metric, duties: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
    """The rows of the schools about which the metric can be told, and the ids of the others; all rows where
    it can of none.

    One school whose source is silent must not make the figure of sixty schools unknown; it is named
    instead.
    """
    shares = metric.by(duties, "school_id")
    silent = shares.filter(pl.col("value").is_null() & (pl.col("unknown") > 0))["school_id"].to_list()
    rest = duties.filter(~pl.col("school_id").is_in(silent))
    return (rest, silent) if rest.height else (duties, [])


def draw_record_table(key: str, title: str, rows: pl.DataFrame, terms: Sequence[str] = ()) -> None:
    """The table of `record_rows`, with its file; `terms` = the deadline and clause of each row where they are of one
    school."""
    names = ("record", "filled", "unfilled", "timely", "late", *(("terms",) if terms else ()))
    columns = [Column(t(f"overview.column_{name}"), is_number=name not in ("record", "terms")) for name in names]
    table = []
    for place, row in enumerate(rows.iter_rows(named=True)):
        words = [
            row["record"],
            row["filled"] or "—",
            "—" if row["unfilled"] is None else number(row["unfilled"]),
            row["timely"],
            number(row["late"]),
            *terms[place : place + 1],
        ]
        table.append(Row(tuple(Cell(text) for text in words)))
    row_table(key, columns, table, caption=title)


def record_rows(duties: pl.DataFrame) -> pl.DataFrame:
    """One row per kind of record with its completeness, timeliness, unfilled and late counts; kinds without
    rows left out."""
    found = [row for name in RECORDS if (row := _record_row(name, duties)) is not None]
    return pl.DataFrame(
        found,
        schema={
            "rule": pl.String,
            "record": pl.String,
            "filled": pl.String,
            "unfilled": pl.Int64,
            "timely": pl.String,
            "late": pl.Int64,
        },
    )


def _record_row(name: str, duties: pl.DataFrame) -> dict[str, Any] | None:
    rules = MARK_RULES if name == "mark" else (name,)
    mine = duties.filter(pl.col("rule").is_in([RULE[rule].number for rule in rules]))
    if mine.is_empty():
        return None
    fill, time = (
        METRICS.get(f"completeness_{name}"),
        METRICS["timeliness_marks" if name == "mark" else f"timeliness_{name}"],
    )
    return {
        "rule": name,
        "record": t(f"record.{name}"),
        "filled": _told(fill, mine) if fill is not None else None,
        "unfilled": _unfilled(fill, mine),
        "timely": _told(time, mine),
        "late": int(mine["late"].sum()),
    }


def _unfilled(fill: Metric | None, rows: pl.DataFrame) -> int | None:
    """Records not there, None where it cannot be told whether they are."""
    if fill is None:
        return None
    counted = judged(fill, rows)[0] if "school_id" in rows.columns else rows
    found = fill.of(counted)
    return None if found.unknown and found.value is None else found.whole - found.part


def _told(metric: Metric, rows: pl.DataFrame) -> str:
    counted = judged(metric, rows)[0] if "school_id" in rows.columns else rows
    return measures.in_words(metric.of(counted), counted)
