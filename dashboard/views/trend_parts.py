"""Where the marks go, beside the forecast of a period mark: a list of a class, a cell of a pupil's subject (B-37)."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.derived import derived
from dashboard.filters import Filters
from dashboard.i18n import count, number, t
from dashboard.queries.door import cached
from dashboard.queries.my_class import ClassPage
from dashboard.queries.trend import Trends, read_trends
from dashboard.trend import FALLS, direction_words, past_words, with_trend
from dashboard.views import class_parts
from dashboard.views.learning_parts import Place
from etl.warehouse.metrics_forecast import TREND_LEVEL, TREND_MIN_MARKS

SHOWN = 8
LISTED = 40
Told = dict[tuple[int, int, int], dict[str, Any]]
"""Rows of `with_trend` by journal, period and pupil."""


def told(place: Place, page: ClassPage) -> Told:
    """What is foretold of every pupil and journal of the page; two queries, none when remembered."""
    return derived(_read(place, page), _by_place)


def directions(place: Place, page: ClassPage) -> dict[tuple[int, str], str]:
    """The direction in words by pupil and subject."""
    found = told(place, page)
    return {
        (row["pupil_id"], row["subject"]): direction_words(one["direction"], one["change"])
        for row in class_parts.with_subjects(page).iter_rows(named=True)
        if (one := found.get((row["journal_id"], row["period_id"], row["pupil_id"]))) is not None
    }


def forecast_cell(row: dict[str, Any], found: Told) -> Cell:
    """The forecast of one row of mart_pupil_journal with its direction; a dash once the period mark is given."""
    one = found.get((row["journal_id"], row["period_id"], row["pupil_id"]))
    if row["period_mark_code"] is not None or row["needed_count"] is None:
        return Cell("—")
    if one is None or one["foretold"] is None:
        return Cell("—", t("trend.too_few"), "quiet")
    return Cell(number(one["foretold"]), direction_words(one["direction"], one["change"]), "quiet")


def rule_words(place: Place, page: ClassPage) -> str:
    """How forecast and direction are made, and what came of them in the period before."""
    rule = t("trend.rule", n=count(TREND_MIN_MARKS, "mark"), level=number(TREND_LEVEL / 100, 2))
    return f"{rule} {past_words(_read(place, page).past)}"


def draw_trend(place: Place, page: ClassPage) -> None:
    """Pupils of a class whose marks go down, the steepest first; each opens her sheet."""
    st.header(t("trend.title"), anchor=False)
    rows = class_parts.with_subjects(page).filter(pl.col("period_mark_code").is_null() & ~pl.col("is_left"))
    found = told(place, page)
    if rows.is_empty() or not found:
        st.markdown(t("forecast.none_running"))
        return
    placed = [
        (row, one) for row in rows.iter_rows(named=True)
        if (one := found.get((row["journal_id"], row["period_id"], row["pupil_id"]))) is not None
        and one["direction"] is not None
    ]  # fmt: skip
    falling = sorted((pair for pair in placed if pair[1]["direction"] == FALLS),
                     key=lambda pair: (pair[1]["change"], pair[0]["subject"], pair[0]["pupil_id"]))  # fmt: skip
    if falling:
        st.caption(t("trend.note", level=number(TREND_LEVEL / 100, 2)))
        _table(place, page, falling)
    else:
        st.markdown(t("trend.none") if placed else t("trend.few", n=count(TREND_MIN_MARKS, "mark")))
    st.caption(rule_words(place, page))


def _table(place: Place, page: ClassPage, falling: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    names = class_parts.names_of(page)

    def made(pair: tuple[dict[str, Any], dict[str, Any]]) -> Row:
        row, one = pair
        name = names.get(row["pupil_id"], t("attendance.nameless"))
        cells = (
            Cell(name),
            Cell(row["subject"]),
            Cell(number(row["mark_count"])),
            Cell(number(one["points"] / one["weight"], 2)),
            Cell("—" if one["foretold"] is None else number(one["foretold"])),
            Cell(direction_words(one["direction"], one["change"])),
        )
        return Row(cells, row["pupil_id"], t("my_class.open_pupil", name=name))

    columns = [
        Column(t("performance.column_pupil"), wide=True),
        Column(t("performance.column_subject")),
        Column(t("performance.column_marks"), is_number=True),
        *(Column(t(f"trend.column_{name}"), is_number=True) for name in ("mean", "forecast")),
        Column(t("trend.column_change")),
    ]
    shown = falling[:LISTED]
    clicked = row_table(
        "class_trend", columns, [made(pair) for pair in shown], caption=t("trend.title"),
        height=380 if len(shown) > SHOWN else None, every=(len(falling), lambda: [made(pair) for pair in falling]),
    )  # fmt: skip
    if len(falling) > len(shown):
        st.caption(t("trend.more", shown=number(len(shown)), total=number(len(falling))))
    class_parts.open_pupil(place, clicked)


def _read(place: Place, page: ClassPage) -> Trends:
    assert place.row is not None and page.attendance.until is not None  # noqa: S101 - an open class has both
    position = Filters(school=place.filters.school, class_id=place.filters.class_id, pupil=place.filters.pupil)
    found = cached(place.scope, position, read_trends, place.choice, page.attendance.until, place.row["extracted_at"],
                   school=place.filters.school)  # fmt: skip
    assert isinstance(found, Trends)  # noqa: S101 - for those who read types
    return found


def _by_place(found: Trends) -> Told:
    if found.rows.is_empty():
        return {}
    return {
        (row["journal_id"], row["period_id"], row["pupil_id"]): row
        for row in with_trend(found.rows).iter_rows(named=True)
    }
