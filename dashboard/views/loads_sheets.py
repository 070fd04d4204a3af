"""Class × subject sheets that a school's snapshots held, and those that the newest one lacks: «не получено»."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import streamlit as st

from dashboard import wording
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.i18n import number, t

ASPECTS = ("marks", "topics")


def received(sheets: pl.DataFrame, timezone: str) -> None:
    """The card; nothing for sources whose snapshots name no sheets (`sheets` as `read_sheets` gives them)."""
    if sheets.is_empty():
        return
    lacking = sheets.filter(pl.any_horizontal(_lacks(aspect) for aspect in ASPECTS))
    columns = [
        Column(t("sheets.column_class")),
        Column(t("sheets.column_subject"), wide=True),
        *(Column(t(f"sheets.column_{aspect}")) for aspect in ASPECTS),
    ]
    rows = [
        Row(
            (
                Cell(row["class_name"]),
                Cell(row["subject_name"], row["group_name"] or ""),
                *(_cell(row[f"{aspect}_at"], row[f"newest_{aspect}_at"], timezone) for aspect in ASPECTS),
            )
        )
        for row in lacking.iter_rows(named=True)
    ]
    with st.container(border=True):
        whole = number(sheets.height - lacking.height)
        st.header(t("sheets.title", received=whole, expected=number(sheets.height)), anchor=False)
        st.caption(t("sheets.note"))
        if rows:
            row_table("loads_sheets", columns, rows, caption=t("sheets.caption"), height=420 if len(rows) > 8 else None)
        else:
            st.markdown(t("sheets.all"))


def _lacks(aspect: str) -> pl.Expr:
    """Sheets of the school brought this aspect at a moment at which this one did not."""
    newest = pl.col(f"newest_{aspect}_at").max()
    return newest.is_not_null() & (pl.col(f"{aspect}_at").is_null() | (pl.col(f"{aspect}_at") < newest))


def _cell(at: datetime | None, newest: datetime | None, timezone: str) -> Cell:
    if at is None:
        return Cell(t("sheets.never"), tone="warn") if newest is not None else Cell("—")
    if newest is not None and at < newest:
        return Cell(t("sheets.missing"), t("sheets.since", moment=wording.short_moment(at, timezone)), "warn")
    return Cell(wording.short_moment(at, timezone), tone="good")
