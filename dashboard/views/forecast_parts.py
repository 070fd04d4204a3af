"""Forecasts in words and tables, each called a forecast, with the share of right ones beside it."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.group_words import short_group
from dashboard.i18n import count, number, out_of, percent, t
from dashboard.queries.forecast import Forecasts
from dashboard.queries.periods import period_end_words
from etl.warehouse.metrics_forecast import FORECAST_MIN_CHECKED, FORECAST_MIN_LESSONS, FORECAST_SHORT, FORECASTS

SHOWN = 12


def journal_name(row: dict[str, Any]) -> str:
    """The subject, with the group where a class has two journals of it."""
    return ", ".join(part for part in (str(row["subject"]), short_group(row)) if part)


def hit_line(forecasts: Forecasts, kind: str) -> str:
    """How often the same rule was right, in one sentence; «проверить не на чем» where there is too little."""
    mine = forecasts.hits.filter(pl.col("kind") == kind)
    right = FORECASTS["forecast_right"].of(mine)
    if right.whole < FORECAST_MIN_CHECKED or right.value is None:
        return t("forecast.unchecked", n=number(right.whole)) if right.whole else t("forecast.unchecked_none")
    words = t("forecast.checked", share=percent(right.value, 0), parts=out_of(right.part, right.whole, "forecast"),
              periods=count(int(mine["periods"].sum()), "past_period"))  # fmt: skip
    warned, found = FORECASTS["warning_right"].of(mine), FORECASTS["warning_found"].of(mine)
    if warned.whole:
        words += " " + t("forecast.checked_warnings", parts=out_of(warned.part, warned.whole, "warning"))
    if found.whole:
        words += " " + t("forecast.checked_found", found=out_of(found.part, found.whole, "case"))
    return words


def until_words(rows: pl.DataFrame) -> str:
    """«до конца II четверти», of one or several running periods."""
    pairs = rows.select("period_kind", "period_number").unique().sort("period_kind", "period_number").rows()
    return ", ".join(period_end_words(kind, n) for kind, n in pairs)


def draw_marks(key: str, forecasts: Forecasts, filters: Filters, *, with_class: bool, with_pupil: bool = True) -> None:
    """Who will miss the norm of marks at her pace, how many lessons remain; a row opens the journal."""
    st.header(t("forecast.marks" if with_pupil else "forecast.marks_one"), anchor=False)
    rows = forecasts.marks
    if rows.is_empty():
        st.markdown(t("forecast.none_running"))
        return
    st.caption(t("forecast.marks_note", until=until_words(rows), n=count(FORECAST_MIN_LESSONS, "lesson")))
    short = rows.filter(pl.col("forecast") == FORECAST_SHORT)
    untold = rows.filter(pl.col("forecast") > FORECAST_SHORT).height
    _sum_line(rows, short, untold, "place" if with_pupil else "subject")
    if short.height:
        _marks_table(key, short, filters, with_class=with_class, with_pupil=with_pupil)
    st.caption(f"{t('forecast.rule_marks')} {hit_line(forecasts, 'marks')}")
    unmarked = rows.filter("is_unmarked")
    if unmarked.height:
        places = count(unmarked.height, "place")
        st.markdown(t("forecast.unmarked", n=places))
        st.caption(hit_line(forecasts, "period_mark"))


def _sum_line(rows: pl.DataFrame, short: pl.DataFrame, untold: int, noun: str) -> None:
    told = rows.height - untold
    words = t("forecast.short", parts=out_of(short.height, told, noun)) if told else ""
    if untold:
        words = f"{words} {t('forecast.untold', n=count(untold, noun))}".strip()
    st.markdown(words)


def _marks_table(key: str, short: pl.DataFrame, filters: Filters, *, with_class: bool, with_pupil: bool) -> None:
    rows = list(short.head(SHOWN * 5).iter_rows(named=True))
    table = []
    for place, row in enumerate(rows):
        name = row["full_name"] or t("attendance.nameless")
        subject = journal_name(row)
        cells = [Cell(name)] if with_pupil else []
        cells += [
            Cell(subject, row["class_name"] if with_class else ""),
            Cell(number(row["mark_count"]), tone="" if row["mark_count"] else "bad", badge=not row["mark_count"]),
            Cell(number(row["needed_count"])),
            Cell(number(row["ahead_count"])),
            Cell(number(_expected(row), 1)),
        ]
        table.append(Row(tuple(cells), place, t("performance.open_row", subject=subject, name=name)))
    columns = [Column(t("forecast.column_pupil"), wide=True)] if with_pupil else []
    columns += [
        Column(t("forecast.column_subject"), wide=not with_pupil),
        Column(t("forecast.column_marks"), is_number=True),
        Column(t("forecast.column_norm"), is_number=True),
        Column(t("forecast.column_ahead"), is_number=True),
        Column(t("forecast.column_expected"), is_number=True),
    ]
    clicked = row_table(key, columns, table, caption=t("forecast.marks"), height=360 if len(rows) > SHOWN else None,
                        of=short.height)  # fmt: skip
    if short.height > len(rows):
        st.caption(t("forecast.more", shown=number(len(rows)), total=number(short.height)))
    if clicked is not None:
        row = rows[clicked]
        frame.go("journal", filters.drilled(class_id=row["class_id"], journal=row["journal_id"]))


def _expected(row: dict[str, Any]) -> float:
    """Marks at the end of the period at the pace of the year, cut to a tenth so that it never shows the norm itself."""
    found = row["mark_count"] + row["ahead_count"] * row["year_mark_count"] / row["year_lesson_count"]
    return int(found * 10 + 1e-9) / 10


def draw_programme(key: str, forecasts: Forecasts, filters: Filters, *, with_class: bool) -> None:
    """Journals whose programme will lag at the end of the period."""
    st.header(t("forecast.programme"), anchor=False)
    if forecasts.programme.is_empty():
        st.markdown(t("forecast.programme_none"))
    else:
        rows = list(forecasts.programme.head(SHOWN * 2).iter_rows(named=True))
        table = [
            Row(
                (
                    Cell(journal_name(row), row["class_name"] if with_class else ""),
                    Cell(number(row["held_count"])),
                    Cell(number(row["planned_count"])),
                    Cell(number(row["lag"], 1), tone="warn", badge=True),
                ),
                place,
                t("forecast.open_journal", subject=journal_name(row)),
            )
            for place, row in enumerate(rows)
        ]
        columns = [
            Column(t("forecast.column_subject"), wide=True),
            *(Column(t(f"forecast.column_{name}"), is_number=True) for name in ("held", "planned", "lag")),
        ]
        clicked = row_table(key, columns, table, caption=t("forecast.programme"), of=forecasts.programme.height)
        if clicked is not None:
            row = rows[clicked]
            frame.go("journal", filters.drilled(class_id=row["class_id"], journal=row["journal_id"]))
    st.caption(f"{t('forecast.rule_programme')} {hit_line(forecasts, 'programme')}")
