"""«Что будет на следующей неделе»: what a deputy head can still prevent; what is no plan in it is a forecast."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import frame, wording
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import count, day, days_between, number, out_of, t
from dashboard.journal_sheet import work_name
from dashboard.queries.ahead import Ahead, read_ahead
from dashboard.queries.door import cached
from dashboard.queries.periods import period_end_words
from dashboard.queries.school import School
from dashboard.views import forecast_parts
from etl.warehouse.scope import Scope


def draw_ahead(scope: Scope, page: School, filters: Filters) -> None:
    """The section on the school's page, for the whole school where its data end; six queries, one remembered."""
    school = page.row["school_id"]
    ahead = cached(scope, school, read_ahead, page.row["until_on"], school=school)
    with st.container(border=True, key="school_ahead"):
        st.header(t("ahead.title"), anchor=False)
        st.caption(t("ahead.note", week=days_between(ahead.first, ahead.last)))
        st.markdown("\n".join(f"- {line}" for line in _lines(ahead)))
        names = ("marks", "programme", "works", "duties")
        tabs = st.tabs([t(f"ahead.tab_{name}") for name in names])
        with tabs[0]:
            _journals(ahead, filters)
        with tabs[1]:
            forecast_parts.draw_programme("ahead_programme", ahead.forecasts, filters, with_class=True)
        with tabs[2]:
            _works(ahead, filters)
        with tabs[3]:
            _duties(ahead)


def _lines(ahead: Ahead) -> list[str]:
    lines = [
        t("ahead.period", period=period_end_words(row["kind"], row["number"]), on=day(row["ends_on"]))
        for row in ahead.periods.iter_rows(named=True)
    ]
    rows = ahead.forecasts.journals
    if rows.height:
        lines.append(t("ahead.short", n=count(int(rows["short_count"].sum()), "place"),
                       journals=count(rows.filter(pl.col("short_count") > 0).height, "journal")))  # fmt: skip
        unmarked = int(rows["unmarked_count"].sum())
        if unmarked:
            lines.append(t("ahead.unmarked", n=count(unmarked, "place")))
    else:
        lines.append(t("forecast.none_running"))
    if ahead.forecasts.programme.height:
        lines.append(t("ahead.programme", n=count(ahead.forecasts.programme.height, "journal")))
    if ahead.duties.height:
        owed, behind = int(ahead.duties["n"].sum()), int(ahead.duties["behind"].sum())
        lines.append(t("ahead.duties", n=count(owed, "entry"), behind=number(behind)))
    crowded = ahead.works.filter(pl.col("same_day") > 1).select("class_id", "planned_on").unique().height
    words = t("ahead.works", n=count(ahead.works.height, "work"))
    lines.append(f"{words} {t('ahead.crowded', n=count(crowded, 'class'))}" if crowded else words)
    return lines


def _journals(ahead: Ahead, filters: Filters) -> None:
    """Journals where most pupils will miss the norm of marks, with the lessons that remain."""
    rows = ahead.forecasts.journals
    if rows.is_empty():
        st.markdown(t("forecast.none_running"))
        return
    listed = list(rows.head(forecast_parts.SHOWN * 2).iter_rows(named=True))
    table = [
        Row(
            (
                Cell(forecast_parts.journal_name(row), row["class_name"], "quiet"),
                Cell(out_of(row["short_count"], row["pupil_count"], "pupil")),
                Cell(number(row["unmarked_count"])),
                Cell(number(row["ahead_count"])),
            ),
            place,
            t("forecast.open_journal", subject=f"{row['subject']}, {row['class_name']}"),
        )
        for place, row in enumerate(listed)
    ]
    columns = [
        Column(t("own.column_journal"), wide=True),
        Column(t("ahead.column_short"), is_number=True),
        Column(t("ahead.column_unmarked"), is_number=True),
        Column(t("forecast.column_ahead"), is_number=True),
    ]
    clicked = row_table("ahead_journals", columns, table, caption=t("ahead.tab_marks"), height=400, of=rows.height)
    if rows.height > len(listed):
        st.caption(t("forecast.more", shown=number(len(listed)), total=number(rows.height)))
    st.caption(f"{t('forecast.rule_marks')} {forecast_parts.hit_line(ahead.forecasts, 'marks')}")
    if clicked is not None:
        row = listed[clicked]
        frame.go("performance", filters.drilled(class_id=row["class_id"]))


def _works(ahead: Ahead, filters: Filters) -> None:
    if ahead.works.is_empty():
        st.markdown(t("ahead.works_none"))
        return
    listed = list(ahead.works.iter_rows(named=True))
    table = [
        Row(
            (
                Cell(day(row["planned_on"])),
                Cell(str(row["subject"]), row["class_name"], "quiet"),
                Cell(
                    work_name(row["kind"], is_monitoring=bool(row["is_monitoring"])),
                    t("ahead.same_day") if row["same_day"] > 1 else "",
                    "warn",
                ),
            ),
            place,
            t("forecast.open_journal", subject=f"{row['subject']}, {row['class_name']}"),
        )
        for place, row in enumerate(listed)
    ]
    columns = [
        Column(t("attendance.column_date")),
        Column(t("own.column_journal"), wide=True),
        Column(t("performance.column_work")),
    ]
    clicked = row_table("ahead_works", columns, table, caption=t("ahead.tab_works"))
    if clicked is not None:
        row = listed[clicked]
        frame.go("journal", filters.drilled(class_id=row["class_id"], journal=row["journal_id"]))


def _duties(ahead: Ahead) -> None:
    """Records whose deadline falls into the week, by kind: no forecast, the act's own days."""
    if ahead.duties.is_empty():
        st.markdown(t("ahead.duties_none"))
        return
    columns = [
        Column(t("school.record"), wide=True),
        *(Column(t(f"ahead.column_{name}"), is_number=True) for name in ("due", "behind", "staff")),
    ]
    rows = [
        Row((Cell(wording.rule_name(row["rule"])), *(Cell(number(row[name])) for name in ("n", "behind", "staff"))))
        for row in ahead.duties.iter_rows(named=True)
    ]
    row_table("ahead_duties", columns, rows, caption=t("ahead.tab_duties"))
