"""All schools in one table: how fresh, complete, timely and consistent their journals are, and what changed (B-45).

Alphabetical, without ranks and without a common score: each number is explained in the comparison, one click away.
"""

from __future__ import annotations

from datetime import date

import streamlit as st

from dashboard import frame, moment_words
from dashboard.comparison import CHOICES
from dashboard.components.row_table import Column, row_table
from dashboard.derived import derived
from dashboard.filters import Filters
from dashboard.i18n import count, day, t
from dashboard.monitoring_rows import KEEPING, UPKEEP, keeping_rows, upkeep_rows
from dashboard.queries.door import cached
from dashboard.queries.monitoring import Monitoring, read_monitoring
from dashboard.views.comparison_yardstick import choose_act, read_yardstick
from etl.warehouse.metrics import METRICS
from etl.warehouse.scope import Scope


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position."""
    position = Filters(year=filters.year, period=filters.period, as_of=filters.as_of, against=filters.against)
    page = cached(scope, position, read_monitoring, frame.this_hour())
    if page.ground.choice is None:
        frame.head(t("page.monitoring"), filters)
        frame.empty(t("comparison.no_data_title"), t("comparison.no_data"))
        return
    _head(page, filters)
    yardstick = read_yardstick(scope, page.sources["duty"], METRICS["completeness"], filters)
    common = {name: yardstick.of(METRICS[name]) for name in ("completeness", "timeliness")}
    with st.container(border=True):
        st.header(t("monitoring.keeping"), anchor=False)
        st.caption(_note(page))
        names = ["school", "fresh", *KEEPING, "common"]
        columns = [Column(t(f"monitoring.column_{name}")) for name in names]
        rows = keeping_rows(page, common)
        clicked = row_table("monitoring_keeping", columns, rows, caption=t("monitoring.keeping"))
        st.caption(t("monitoring.common_note"))
        choose_act(scope, yardstick)
    with st.container(border=True):
        st.header(t("monitoring.upkeep"), anchor=False)
        st.caption(_upkeep_note(page))
        columns = [Column(t(f"monitoring.column_{name}")) for name in ("school", *UPKEEP)]
        other = row_table("monitoring_upkeep", columns, derived(page, upkeep_rows), caption=t("monitoring.upkeep"))
    with st.expander(t("kpi.passport"), icon=":material/info:"):
        st.markdown("\n\n".join(
            f"**{t(f'comparison_metric.{name}')}.** {t(CHOICES[name].passport_key)}" for name in (*KEEPING, *UPKEEP)
        ))  # fmt: skip
    if st.button(t("page.comparison"), key="monitoring_comparison", icon=":material/balance:"):
        frame.go("comparison", filters.common())
    chosen = clicked if clicked is not None else other
    if chosen is not None:
        frame.go("comparison", filters.common().changed(school=chosen))


def _head(page: Monitoring, filters: Filters) -> None:
    choice = page.ground.choice
    assert choice is not None  # noqa: S101 - the caller shows the empty page otherwise
    schools = page.ground.schools
    first, last = schools["until_on"].min(), schools["until_on"].max()
    words = count(schools.height, "school")
    key = "caption_one" if first == last else "caption"
    frame.head(
        t("monitoring.title", schools=words),
        filters,
        crumbs=[frame.Crumb(t("page.overview"), "overview", filters.common()), frame.Crumb(t("page.monitoring"))],
        caption=t(f"comparison.{key}", first=day(first), last=day(last), schools=words),  # type: ignore[arg-type]
        periods=[frame.Option(code, label) for code, label in choice.options],
        default_period=choice.default,
        as_of=frame.AsOf(date(choice.period.span.year, 9, 1), last),  # type: ignore[arg-type]
        stamp=moment_words.stamp_of_schools(schools, filters),
        compares=True,
    )


def _note(page: Monitoring) -> str:
    before = t("monitoring.note_none")
    if page.previous is not None:
        before = t("monitoring.note_before", period=page.previous.label)
    past = t("monitoring.note_past") if page.ground.is_past else ""
    return " ".join(filter(None, (t("monitoring.note"), before, past)))


def _upkeep_note(page: Monitoring) -> str:
    """Which period the figures that are counted by months are of, where it is not the one chosen."""
    shown = page.sources["sign_in"].shown
    month = t("monitoring.upkeep_month", period=shown.label) if shown is not None else ""
    return " ".join(filter(None, (t("monitoring.upkeep_note"), month)))
