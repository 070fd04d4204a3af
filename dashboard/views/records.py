"""Kinds of records in words: the table that the pages of the municipality and of a school share."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import measures
from dashboard.i18n import t
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


def record_columns(columns: tuple[str, ...]) -> dict[str, Any]:
    """Column configuration of a table of records; `terms` wide, counts with their digits divided."""
    counts = ("unfilled", "late")
    return {
        name: st.column_config.NumberColumn(t(f"overview.column_{name}"), format="localized")
        if name in counts
        else st.column_config.TextColumn(
            t(f"overview.column_{name}"),
            width={"record": 200, "filled": 150, "timely": 150, "terms": 400}.get(name),
            alignment="right" if name in ("filled", "timely") else None,  # shares, or words in their place
        )
        for name in columns
    }


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
