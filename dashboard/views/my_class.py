"""«Мой класс»: what a class teacher does today — whom to ask about absences, whom to help, which journals are empty
(requirements B-12, B-13, B-17, B-18, B-23, B-26…B-28; 001 КР-6, КР-8, ЗД-12)."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, measures
from dashboard.class_rows import unfilled
from dashboard.components.kpi_cards import Kpi, kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import count, number, percent, t
from dashboard.queries.door import cached
from dashboard.queries.my_class import ClassPage, read_class, read_classes
from dashboard.views import class_parts, forecast_parts, trend_parts
from dashboard.views import learning_parts as parts
from dashboard.views.class_totals import draw_class_totals
from dashboard.views.learning_parts import Place
from dashboard.views.sections import chosen_school
from etl.warehouse.metrics import METRICS
from etl.warehouse.metrics_learning import LEARNING_METRICS
from etl.warehouse.scope import Scope


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position; at most seventeen queries, three when the answer is remembered."""
    school, now = chosen_school(scope, filters, t("page.class"))
    if school is None:
        return
    filters = filters.changed(school=school, journal=None, lesson=None, subject=None, staff=None, parallel=None)
    classes = cached(scope, (school, filters.year), _classes, school=school)
    class_id = filters.class_id or _only(scope, classes, school)
    if class_id is None:
        _choose(classes, filters)
        return
    filters = filters.changed(class_id=class_id)
    position = Filters(year=filters.year, period=filters.period, school=school, class_id=class_id)
    page = cached(scope, position, read_class, now, school=school)
    if page is None or class_id not in classes["class_id"]:
        frame.head(t("page.class"), Filters(school=school))
        frame.empty(t("my_class.unknown_title"), t("my_class.unknown"))
        return
    place = _place(scope, filters, page)
    name = str(classes.filter(pl.col("class_id") == class_id)["name"][0])
    if parts.head(place, t("my_class.title", name=name), t("my_class.note"), with_as_of=False):
        _draw(place, page, classes)


def _classes(scope: Scope, place: tuple[int, int | None]) -> pl.DataFrame:
    return read_classes(scope, *place)


def _only(scope: Scope, classes: pl.DataFrame, school: int) -> int | None:
    """A class teacher begins in her class; whoever has several chooses."""
    own = [class_id for own_school, class_id in scope.class_ids if own_school == school]
    mine = classes.filter(pl.col("class_id").is_in(own)) if own else classes
    return int(mine["class_id"][0]) if mine.height == 1 or (own and mine.height) else None


def _choose(classes: pl.DataFrame, filters: Filters) -> None:
    frame.head(t("my_class.choose_title"), filters)
    if classes.is_empty():
        frame.empty(t("my_class.unknown_title"), t("my_class.unknown"))
        return
    rows = [
        Row((Cell(row["name"]), Cell(row["teacher"] or "—")), row["class_id"], t("learning.open", name=row["name"]))
        for row in classes.iter_rows(named=True)
    ]
    columns = [Column(t("school.column_class")), Column(t("my_class.column_class_teacher"))]
    clicked = row_table("class_choose", columns, rows, caption=t("my_class.choose_title"))
    if clicked is not None:
        frame.set_filters(filters.changed(class_id=clicked))


def _place(scope: Scope, filters: Filters, page: ClassPage) -> Place:
    found = page.attendance
    assert found.choice is not None  # noqa: S101 - `read_class` gives no page without periods
    return Place("class", scope, filters, found.schools, found.row, found.choice, found.dims)


def _draw(place: Place, page: ClassPage, classes: pl.DataFrame) -> None:
    journals = unfilled(page.duties, page.attendance.dims)
    _other(place, classes)
    clicked = kpi_cards("class_cards", _cards(place, page, journals), place.stamp)
    if clicked == METRICS["attendance_share"].name:
        frame.go("attendance", place.filters.drilled(class_id=place.filters.class_id))
    with st.container(border=True):
        class_parts.draw_risk(place, page)
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        class_parts.draw_unexplained(place, page)
    with right.container(border=True, height="stretch"):
        _unfilled(place, journals)
    if page.attendance.until is not None:
        draw_class_totals(place, page.attendance.until)
    with st.container(border=True):
        forecast_parts.draw_marks("class_forecast", page.forecasts, place.filters, with_class=False)
    with st.container(border=True):
        trend_parts.draw_trend(place, page)
    with st.container(border=True):
        class_parts.draw_low("class_low", place, page.low, with_name=True)
    with st.container(border=True):
        class_parts.draw_missed("class_missed", place, page.missed, with_name=True)
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        class_parts.draw_unasked(place, page)
    with right.container(border=True, height="stretch"):
        class_parts.draw_reserve(place, page, trend_parts.directions(place, page))
    with st.container(border=True):
        forecast_parts.draw_programme("class_programme", page.forecasts, place.filters, with_class=False)
    with st.container(border=True):
        class_parts.draw_pupils(place, page)


def _other(place: Place, classes: pl.DataFrame) -> None:
    """The way to another class for whoever has several, and to her own journals for who teaches too."""
    teaches = any(school == place.filters.school for school, _ in place.scope.staff_ids)
    if classes.height < 2 and not teaches:
        return
    with st.container(horizontal=True, gap="small", key="class_other"):
        if classes.height > 1 and st.button(t("my_class.other"), type="tertiary", icon=":material/swap_horiz:"):
            frame.set_filters(Filters(school=place.filters.school, period=place.filters.period))
        if teaches and st.button(t("my_class.to_own"), type="tertiary", icon=":material/checklist:"):
            frame.go("own", place.filters.common())


def _cards(place: Place, page: ClassPage, journals: pl.DataFrame) -> list[Kpi]:
    found = page.attendance
    unknown = LEARNING_METRICS["absence_unknown_share"]
    open_low = page.low.filter(~pl.col("is_bettered")).height if page.low.height else 0
    records = int(journals["unfilled"].sum()) if journals.height else 0
    note = place.before_note
    return [
        measures.card(METRICS["attendance_share"], t("attendance.card_share"), found.weeks, before=found.before,
                      before_note=note, opens=True),
        measures.card(unknown, t("attendance.card_unknown"), found.weeks,
                      passport=(t("attendance.passport_reason_later"),)),
        Kpi(id="low", label=t("my_class.card_low"), value=number(open_low), opens=False, better="down",
            detail=t("my_class.card_low_detail", n=count(page.low.height, "mark")), passport=(t("my_class.repair"),)),
        Kpi(id="unfilled", label=t("my_class.card_unfilled"), value=number(records), opens=False, better="down",
            detail=t("my_class.card_unfilled_detail", n=count(journals.height, "journal")),
            passport=(t("metric.completeness"),)),
    ]  # fmt: skip


def _unfilled(place: Place, journals: pl.DataFrame) -> None:
    """Journals of the class with records not made, by teacher (B-27, 004 5-КР-3)."""
    st.header(t("my_class.unfilled"), anchor=False)
    if journals.is_empty():
        st.markdown(t("my_class.unfilled_none"))
        return
    st.caption(t("my_class.unfilled_note"))
    clicked = row_table(
        "class_unfilled",
        [
            Column(t("performance.column_subject"), wide=True),
            Column(t("my_class.column_filled"), is_number=True),
            Column(t("my_class.column_unfilled"), is_number=True),
        ],
        [_journal_row(row) for row in journals.iter_rows(named=True)],
        caption=t("my_class.unfilled"),
        height=340 if journals.height > class_parts.SHOWN else None,
    )
    if st.button(t("my_class.to_filling"), key="class_to_filling", type="tertiary", icon=":material/edit_note:"):
        frame.go("filling", place.filters.drilled(class_id=place.filters.class_id))
    if clicked is not None:
        frame.go("journal", place.filters.changed(journal=clicked))


def _journal_row(row: dict[str, Any]) -> Row:
    subject = forecast_parts.journal_name(row)
    return Row(
        (
            Cell(subject, row["teacher"] or "", "quiet"),
            Cell(percent(row["value"])),
            Cell(number(row["unfilled"]), tone="warn", badge=True),
        ),
        row["journal_id"],
        t("forecast.open_journal", subject=subject),
    )
