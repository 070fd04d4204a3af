"""The sheet of one pupil, inside the school only: attendance, missed lessons, marks by subject, forecasts
(requirements B-12, B-13, B-16, B-17). Her name stands on the page alone: never in the address, nor in the tab."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.components.kpi_cards import Kpi, kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import count, moment, number, t
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from dashboard.queries.my_class import ClassPage, read_pupil
from dashboard.risk import in_words
from dashboard.views import class_parts, forecast_parts, trend_parts
from dashboard.views import learning_parts as parts
from dashboard.views.learning_parts import Place
from dashboard.views.sections import stale_words
from dashboard.wording import mark_words
from etl.warehouse.metrics_forecast import FORECAST_SHORT
from etl.warehouse.scope import Scope


def render(scope: Scope, filters: Filters) -> None:
    """Draw the sheet for the position; at most sixteen queries, one when the answer is remembered."""
    now = frame.this_hour()
    school = filters.school or parts.only_school(scope)
    position = Filters(
        year=filters.year, period=filters.period, school=school, class_id=filters.class_id, pupil=filters.pupil
    )
    position = parts.own_class(scope, position)
    sheet = cached(scope, position, read_pupil, now, school=school)
    if sheet is None or sheet.page.attendance.choice is None:
        frame.head(t("page.pupil"), Filters(school=school))
        frame.empty(t("pupil.unknown_title"), t("pupil.unknown"))
        if st.button(t("pupil.to_classes"), icon=":material/groups_3:"):
            frame.go("class", filters.common().changed(class_id=filters.class_id))
        return
    found = sheet.page.attendance
    assert found.choice is not None  # noqa: S101 - just looked
    place = Place("pupil", scope, position, found.schools, found.row, found.choice, found.dims)
    name = sheet.name or t("attendance.nameless")
    _head(place, name)
    _draw(place, sheet.page, name)


def _head(place: Place, name: str) -> None:
    assert place.row is not None  # noqa: S101 - a sheet has its school
    classes = place.dims.filter(pl.col("class_id") == place.filters.class_id)["class_name"]
    back = place.filters.changed(pupil=None)
    steps = [frame.Crumb(t("pupil.crumb_class", name=classes[0] if classes.len() else ""), "class", back)]
    until = asked.local_moment(place.row)
    frame.head(
        t("pupil.title", name=name),
        place.filters,
        crumbs=[*steps, frame.Crumb(t("page.pupil"))],
        caption=f"{t('frame.data_as_of', moment=moment(until))} · {t('pupil.note')}",
        periods=[frame.Option(code, words) for code, words in place.choice.options],
        default_period=place.choice.default,
        warning=stale_words(place.row),
    )


def _draw(place: Place, page: ClassPage, name: str) -> None:
    kpi_cards("pupil_cards", _cards(page, place.filters.pupil))
    reasons = class_parts.reasons_of(page).get(place.filters.pupil or 0, [])
    if reasons:
        st.warning(frame.plain(" ".join(in_words(reason) for reason in reasons)), icon=":material/priority_high:")
    with st.container(border=True):
        _subjects(place, page, name)
    with st.container(border=True):
        class_parts.draw_low("pupil_low", place, page.low, with_name=False)
    with st.container(border=True):
        class_parts.draw_missed("pupil_missed", place, page.missed, with_name=False)
    with st.container(border=True):
        forecast_parts.draw_marks(
            "pupil_forecast", page.forecasts, place.filters.changed(pupil=None), with_class=False, with_pupil=False
        )


def _cards(page: ClassPage, pupil: int | None) -> list[Kpi]:
    mine = page.attendance.pupils
    mine = mine.filter(pl.col("pupil_id") == pupil) if mine.height else mine
    row = mine.row(0, named=True) if mine.height else None
    slots = int(row["slot_count"]) if row else 0
    attended = slots - int(row["missed_count"]) if row else 0
    unknown = int(row["missed_unknown_count"]) if row else 0
    days = int(row["missed_day_count"]) if row else 0
    open_low = page.low.filter(~pl.col("is_bettered")).height if page.low.height else 0
    marks = int(page.pupils["mark_count"].sum()) if page.pupils.height else 0
    short = page.forecasts.marks.filter(pl.col("forecast") == FORECAST_SHORT).height
    told = page.forecasts.marks.filter(pl.col("forecast") <= FORECAST_SHORT).height
    return [
        Kpi(id="attendance", label=t("attendance.card_share"), share=attended / slots if slots else None,
            part=attended, whole=slots, noun="lesson", opens=False, detail=t("pupil.days", n=count(days, "day")),
            passport=(t("metric.attendance_share"),), reason=t("performance.no_rosters")),
        Kpi(id="unknown", label=t("attendance.card_unknown"), value=number(unknown), opens=False, better="down",
            passport=(t("metric.unexplained_count"),)),
        Kpi(id="low", label=t("my_class.card_low"), value=number(open_low), opens=False, better="down",
            detail=t("my_class.card_low_detail", n=count(page.low.height, "mark")), passport=(t("my_class.repair"),)),
        Kpi(id="marks", label=t("pupil.card_marks"), value=number(marks), opens=False, better="none",
            detail=t("pupil.card_marks_detail", short=number(short), told=number(told)) if told else "",
            passport=(t("forecast.rule_marks"),)),
    ]  # fmt: skip


def _subjects(place: Place, page: ClassPage, name: str) -> None:
    """Marks by subject: three means that are three numbers, and the norm of marks (B-16)."""
    st.header(t("pupil.subjects"), anchor=False)
    if page.pupils.is_empty():
        st.markdown(t("pupil.subjects_none"))
        return
    st.caption(t("pupil.subjects_note"))
    rows = class_parts.with_subjects(page).sort(asked.natural_order("subject"), "journal_id", "period_id")
    goes = trend_parts.told(place, page)
    table = [
        Row(
            (*_cells(row), trend_parts.forecast_cell(row, goes)),
            row["journal_id"],
            t("performance.open_row", subject=row["subject"], name=name),
        )
        for row in rows.iter_rows(named=True)
    ]
    names = ("lessons", "missed", "marks", "plain", "weighted", "period", "forecast")
    columns = [Column(t("performance.column_subject"), wide=True)]
    columns += [Column(t(f"pupil.column_{column}"), is_number=True) for column in names]
    clicked = row_table("pupil_subjects", columns, table, caption=t("pupil.subjects"), as_file=False)
    exported = pl.DataFrame({
        column.label: [row.cells[place_of].text for row in table] for place_of, column in enumerate(columns)
    } | {t("trend.column_change"): [row.cells[-1].note for row in table]})  # fmt: skip
    parts.download("pupil-subjects", exported, t("pupil.subjects"))
    if rows["period_mark_code"].null_count():
        st.caption(trend_parts.rule_words(place, page))
    if clicked is not None:
        frame.go("journal", place.filters.changed(pupil=None, journal=clicked))


def _cells(row: dict[str, Any]) -> tuple[Cell, ...]:
    needed = row["needed_count"]
    is_below = needed is not None and row["mark_count"] < needed and not row["is_short"]
    plain = number(row["digit_sum"] / row["digit_count"], 2) if row["digit_count"] else "—"
    weighted = number(row["points"] / row["weight"], 2) if row["weight"] else "—"
    return (
        Cell(row["subject"]),
        Cell(number(row["lesson_count"])),
        Cell(number(row["missed_count"])),
        Cell(
            number(row["mark_count"]),
            t("pupil.of_norm", n=number(needed)) if needed is not None else "",
            "warn" if is_below else "quiet",
        ),
        Cell(plain),
        Cell(weighted),
        Cell(mark_words(row["period_mark_code"])),
    )
