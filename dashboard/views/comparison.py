"""Comparison of schools: which of them stand apart in one number, how sure that is, and why it may be so.

Alphabetical and without ranks; what a source cannot tell is said so and never counted as zero.
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from dashboard import charts, frame, limits
from dashboard.comparison import CHOICES, DEFAULT, FEWEST, Line, groups_of, kind_of, lines_of, standing_out
from dashboard.comparison_causes import causes, coverage_words, group_words
from dashboard.comparison_words import alike_words, counted, in_heading, interval_words, side_words, value_words
from dashboard.components.figure import figure
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.derived import derived
from dashboard.filters import Filters, parse, to_params
from dashboard.i18n import count, day, day_short, listed, number, t
from dashboard.pages_table import is_open
from dashboard.queries.coarser import STANDING
from dashboard.queries.comparison import AS_OF, FEWEST_CELL, Compared, read_compared
from dashboard.queries.door import cached
from dashboard.queries.schools import STALE_AFTER
from dashboard.views.comparison_school import render_school
from dashboard.views.comparison_yardstick import Yardstick, draw_yardstick, read_yardstick
from dashboard.views.sign_in_days import draw_days
from etl.warehouse.metrics import Metric
from etl.warehouse.scope import Scope

METRIC_KEY, GROUP_KEY = "zavuch.comparison_metric", "zavuch.comparison_group"
NAMED = 6  # schools spelled out; the rest stand in the table


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position: all schools, or one of them taken apart."""
    metric = CHOICES.get(filters.measure or "", CHOICES[DEFAULT])
    position = Filters(year=filters.year, period=filters.period, as_of=filters.as_of)
    page = cached(scope, position, read_compared, metric.source, frame.this_hour())
    if page.choice is None:
        frame.head(t("page.comparison"), filters)
        frame.empty(t("comparison.no_data_title"), t("comparison.no_data"))
        return
    group = filters.group if filters.group in groups_of(page.schools) else ""
    lines = derived(page, _lines, metric.name, group or "")
    yardstick = read_yardstick(scope, page, metric, filters)
    if filters.school is not None:
        render_school(scope, page, metric, derived(page, _lines, metric.name), filters, yardstick)
        return
    _head(page, metric, lines, filters)
    _controls(page, metric, group or "")
    _method(metric, page)
    _period_shown(metric, page)
    _apart(page, metric, lines, group or "", filters, yardstick)
    with st.container(border=True):
        _table(scope, page, metric, lines, filters)
    if metric.source == "sign_in":
        draw_days(scope, page, filters)
    with st.container(border=True):
        draw_yardstick(scope, page, lines, yardstick, filters)
    _ways(scope, filters)


def _lines(page: Compared, metric: str, group: str = "") -> list[Line]:
    return lines_of(page.schools, page.values, CHOICES[metric], group)


def _head(page: Compared, metric: Metric, lines: list[Line], filters: Filters) -> None:
    assert page.choice is not None  # noqa: S101 - the caller shows the empty page otherwise
    name = in_heading(t(f"comparison_metric.{metric.name}"))
    out = standing_out(lines)
    if all(line.state == "nothing" for line in lines):
        title = t("comparison.title_nothing", metric=name)
    elif not any(line.state == "told" for line in lines):
        title = t("comparison.title_cannot", metric=name)
    elif any(line.distance is not None for line in lines):
        title = t("comparison.title_none", metric=name)
        if out:
            title = t("comparison.title", metric=name, schools=count(len(out), "school"), all=len(lines))
    else:
        title = t("comparison.title_plain", metric=name, schools=count(len(lines), "school"))
    first, last = page.schools["until_on"].min(), page.schools["until_on"].max()
    key = "caption_one" if first == last else "caption"
    schools = count(len(lines), "school")
    frame.head(
        title,
        filters,
        caption=t(f"comparison.{key}", first=day(first), last=day(last), schools=schools),  # type: ignore[arg-type]
        periods=[frame.Option(code, words) for code, words in page.choice.options],
        default_period=page.choice.default,
        as_of=frame.AsOf(datetime(page.choice.period.span.year, 9, 1, tzinfo=UTC).date(), last),  # type: ignore[arg-type]
        warning=t("comparison.as_of_newest") if page.is_past and metric.source not in AS_OF | STANDING else "",
    )


def _controls(page: Compared, metric: Metric, group: str) -> None:
    groups = {"": t("comparison.group_all", n=page.schools.height)}
    for code, n in groups_of(page.schools).items():
        groups[code] = t("comparison.group_some", words=group_words(code), n=n)
    # the URL decides, also after Back: the widgets' own memory never wins
    st.session_state[METRIC_KEY], st.session_state[GROUP_KEY] = metric.name, group
    with st.container(horizontal=True, gap="small", key="comparison_controls"):
        st.selectbox(
            t("comparison.choose"), list(CHOICES), key=METRIC_KEY, on_change=_choose, width=380,
            format_func=lambda name: t(f"comparison_metric.{name}"),
        )  # fmt: skip
        st.selectbox(
            t("comparison.group"), list(groups), key=GROUP_KEY, on_change=_choose, width=380,
            format_func=lambda code: groups[code],
        )  # fmt: skip


def _choose() -> None:
    name, group = st.session_state[METRIC_KEY], st.session_state[GROUP_KEY]
    filters = parse(st.query_params.to_dict()).changed(measure=None if name == DEFAULT else name, group=group or None)
    st.query_params.from_dict(to_params(filters))


def _method(metric: Metric, page: Compared) -> None:
    kind = kind_of(metric)
    method = t(f"comparison.method_{kind if kind in ('share', 'count', 'days') else 'other'}")
    cell = int(page.schools["min_cell"].max() or FEWEST_CELL)  # type: ignore[arg-type]
    st.caption(" ".join([t(metric.passport_key), method, t("comparison.suppressed", n=cell)]))


def _period_shown(metric: Metric, page: Compared) -> None:
    """The period of the figures, where it is not the one chosen."""
    if page.shown is not None:
        st.info(t("comparison.shown", period=page.shown.label), icon=":material/date_range:")
    elif metric.source in STANDING:
        st.info(t("comparison.standing"), icon=":material/date_range:")


def _apart(
    page: Compared, metric: Metric, lines: list[Line], group: str, filters: Filters, yardstick: Yardstick
) -> None:
    """The funnel and, beside it, the schools outside it with what may be the cause."""
    told = sum(line.state == "told" for line in lines)
    if kind_of(metric) != "share" or told < FEWEST:
        if told and kind_of(metric) == "share":
            st.caption(t("comparison.funnel_few"))
        _silent(lines)
        return
    left, right = st.columns([5, 4], gap="medium")
    with left.container(border=True, height="stretch"):
        _funnel(page, metric, group, filters)
    with right.container(border=True, height="stretch"):
        st.header(t("comparison.out"), anchor=False)
        out = standing_out(lines)
        if not out:
            st.markdown(t("comparison.out_none"))
        for line in out[:NAMED]:
            _named(page, line, lines, filters, yardstick)
        if len(out) > NAMED:
            st.caption(t("comparison.out_more", schools=count(len(out) - NAMED, "school")))
        _silent(lines)


def _named(page: Compared, line: Line, lines: list[Line], filters: Filters, yardstick: Yardstick) -> None:
    with st.container(gap=None, key=f"out_{line.school}"):
        if st.button(
            f"**{frame.plain(line.cell)}**", key=f"take_{line.school}", type="tertiary",
            icon=":material/chevron_right:", icon_position="right",
            help=frame.plain(t("comparison.open", school=line.cell)),
        ):  # fmt: skip
            frame.set_filters(filters.drilled(school=line.school))
        why = " ".join(causes(line, lines, page.values, yardstick.pairs))
        words = {
            "share": value_words(line),
            "interval": interval_words(line),
            "side": side_words(line),
            "cause": frame.plain(why),
        }
        st.markdown(t("comparison.out_line", **words))


def _silent(lines: list[Line]) -> None:
    for state in ("cannot", "few"):
        names = [line.cell for line in lines if line.state == state]
        if names:
            shown = [*names[:NAMED], *([f"… ({number(len(names))})"] if len(names) > NAMED else [])]
            st.caption(frame.plain(t(f"comparison.{state}", names=listed(shown))))


def _funnel(page: Compared, metric: Metric, group: str, filters: Filters) -> None:
    st.header(t("comparison.funnel"), anchor=False)
    note, chart, table = derived(page, _funnel_of, metric.name, group, dark=frame.is_dark())
    st.caption(note)
    clicked = figure("comparison_funnel", chart, table)
    if clicked is not None and clicked.isdigit():
        frame.set_filters(filters.drilled(school=int(clicked)))


def _funnel_of(page: Compared, name: str, group: str, *, dark: bool) -> tuple[str, charts.Chart, pl.DataFrame]:
    """The words over the funnel, the funnel and its table."""
    metric, told = CHOICES[name], [line for line in derived(page, _lines, name, group) if line.state == "told"]
    points = pl.DataFrame(
        [(line.school, line.cell, line.measured.part, line.measured.whole) for line in told],
        schema={"id": pl.Int64, "label": pl.String, "done": pl.Int64, "due": pl.Int64},
        orient="row",
    )
    phi = limits.dispersion(points["done"], points["due"])
    note = t("comparison.funnel_note", phi=number(phi, 1))
    chart = charts.funnel(
        points, dark=dark, noun=metric.noun, size_label=t("comparison.funnel_size"),
        worse={"up": "below", "down": "above", "none": "both"}[metric.direction],  # type: ignore[arg-type]
    )  # fmt: skip
    table = pl.DataFrame(
        {
            t("comparison.column_school"): [line.cell for line in told],
            t("comparison.column_value"): [value_words(line) for line in told],
            t("comparison.column_n"): [line.measured.whole for line in told],
        }
    )
    return note, chart, table


def _table(scope: Scope, page: Compared, metric: Metric, lines: list[Line], filters: Filters) -> None:
    st.header(t("comparison.table"), anchor=False)
    st.caption(t("comparison.table_note"))
    names = ("school", "value", "n", "alike", "fresh", "source")
    columns = [Column(t(f"comparison.column_{name}"), is_number=name == "n") for name in names]
    rows = [table_row(line) for line in lines]
    clicked = row_table("comparison_schools", columns, rows, caption=t("comparison.table_caption"))
    if clicked is not None:
        frame.set_filters(filters.drilled(school=clicked))


def table_row(line: Line) -> Row:
    """A school in the table: every figure with what it stands on."""
    is_old = line.row["working_days_old"] > STALE_AFTER
    fresh = t("comparison.fresh_old" if is_old else "comparison.fresh_ok", days=count(line.row["days_old"], "day"))
    shown = line.state == "told" and line.measured.metric.unit != "count"
    group = group_words(line.peers.both) if line.peers.both else ""
    alike = Cell(t("comparison.alike_none"), group, "quiet")
    if line.alike is not None:
        words = alike_words(line)
        alike = Cell(words, t("comparison.alike_n", n=count(line.alike_count, "school"), group=group), "quiet")
    cells = (
        Cell(line.cell, line.row["act_title"] or t("overview.act_none"), "quiet"),
        Cell(value_words(line), interval_words(line), "quiet", badge=False),
        Cell(number(counted(line.measured)) if shown else "—"),
        alike,
        Cell(day_short(line.row["until_on"]), fresh, "warn" if is_old else "quiet"),
        Cell(coverage_words(line)),
    )
    return Row(cells, line.school, t("comparison.open", school=line.cell))


def _ways(scope: Scope, filters: Filters) -> None:
    """The pages of attendance and of results over the same schools."""
    with st.container(horizontal=True, gap="small", key="comparison_ways"):
        for route in ("monitoring", "attendance", "performance"):
            if is_open(route, scope.role) and st.button(t(f"comparison.to_{route}"), key=f"way_{route}"):
                frame.go(route, filters.common())
