"""Parts of «Свой отчёт»: the choice of metrics, rows, columns and filters, a cell, and how the metrics are computed."""

from __future__ import annotations

import streamlit as st

from dashboard import frame
from dashboard.components.folded import folded
from dashboard.components.row_table import Cell
from dashboard.filters import Filters, parse, to_params
from dashboard.i18n import listed, number, t
from dashboard.measures import in_words
from dashboard.pivot import (
    BY_CODE,
    DIMENSIONS,
    MOST_METRICS,
    NONE,
    allows,
    column_dimensions,
    row_dimensions,
)
from dashboard.pivot_rows import Value, names_of
from dashboard.queries.pivot import Pivot
from dashboard.views.sections import measured_cell
from etl.warehouse.metrics_catalogue import CATALOGUE
from etl.warehouse.scope import Scope

_METRICS, _ROWS, _COLUMNS = "pivot.metrics", "pivot.rows", "pivot.columns"
_FILTERS = {"parallel": "grade", "class_id": "class", "subject": "subject", "staff": "staff"}


def cell_of(value: Value | None) -> Cell:
    """A dash where nothing is to judge, «нельзя оценить» where it cannot be told, else the number and what it is of."""
    if value is None:
        return Cell("—")
    if value.is_unknown:
        return Cell(t("number.cannot_tell"))
    if not value.is_told:
        return Cell("—")
    found = value.measured
    if found.metric.unit == "count":
        return Cell(number(found.part))
    if found.metric.unit == "mean":
        return Cell(number(found.value or 0.0, 2), t("pivot.of", n=number(found.whole)), "quiet")
    if found.interval:
        return Cell(in_words(found), t("pivot.interval"), "quiet")
    return measured_cell(found)


def choose(scope: Scope, page: Pivot, filters: Filters) -> None:
    """The selectors; each writes the address, which alone decides what they show."""
    with st.container(border=True):
        st.header(t("pivot.choose"), anchor=False)
        _metrics(page)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="zavuch_pivot_by"):
            _by(page)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="zavuch_pivot_of"):
            for name, code in _FILTERS.items():
                if not (name == "staff" and scope.level == "teacher"):
                    _filter(page, filters, name, code)
        refused = _refused(page)
        if refused:
            st.caption(frame.plain(refused))


def _metrics(page: Pivot) -> None:
    st.session_state[_METRICS] = [metric.name for metric in page.asked.metrics]
    st.multiselect(
        t("pivot.metrics"),
        list(CATALOGUE),
        key=_METRICS,
        format_func=lambda name: t(f"metric_name.{name}"),
        max_selections=MOST_METRICS,
        placeholder=t("pivot.metrics_place"),
        on_change=_choose_metrics,
        help=t("pivot.choose_note"),
    )


def _by(page: Pivot) -> None:
    asked = page.asked
    rows = [one.code for one in row_dimensions(asked.metrics)]
    rows = rows if asked.rows.code in rows else [*rows, asked.rows.code]
    st.session_state[_ROWS] = asked.rows.code
    st.selectbox(
        t("pivot.rows"),
        rows,
        key=_ROWS,
        format_func=lambda code: t(f"pivot_by.{code}"),
        on_change=_choose_rows,
        width=230,
    )
    columns = [one.code for one in column_dimensions(asked.metrics, asked.rows)]
    chosen = asked.columns.code if asked.columns is not None else ""
    columns = columns if chosen in ("", *columns) else [*columns, chosen]
    st.session_state[_COLUMNS] = chosen
    st.selectbox(
        t("pivot.columns"),
        ["", *columns],
        key=_COLUMNS,
        format_func=lambda code: t(f"pivot_by.{code}") if code else t("pivot.columns_none"),
        on_change=_choose_columns,
        help=t("pivot.columns_help"),
        disabled=not columns,
        width=230,
    )


def _filter(page: Pivot, filters: Filters, name: str, code: str) -> None:
    if name == "parallel":
        names = {grade: t("school.parallel", n=grade) for grade in page.dims["grade"].unique().sort().to_list()}
    else:
        names = names_of(page, BY_CODE[code])
    value = getattr(filters, name)
    if len(names) < 2 and value is None:
        return
    key = f"pivot.{name}"
    st.session_state[key] = value if value in names else None
    st.selectbox(
        t(f"pivot.{name.removesuffix('_id')}"),
        list(names),
        index=None,
        key=key,
        format_func=lambda one: names[one],
        placeholder=t(f"pivot.all_{name}"),
        on_change=_choose_filter,
        args=(name,),
        width=230,
    )


def _refused(page: Pivot) -> str:
    """Rows that are not on offer, by the metric that does not allow them (the first one of several)."""
    against: dict[str, list[str]] = {}
    for one in DIMENSIONS:
        metric = next((metric for metric in page.asked.metrics if not allows(metric, one)), None)
        if metric is not None and one.code != "rule":
            against.setdefault(t(f"metric_name.{metric.name}"), []).append(t(f"pivot_by.{one.code}"))
    parts = [t("pivot.not_rows_part", name=name, by=listed(by)) for name, by in against.items()]
    return t("pivot.not_rows", parts="; ".join(parts)) if parts else ""


def passports(page: Pivot) -> None:
    """How each metric is computed and what it leaves out, under a fold."""

    def draw() -> None:
        for metric in page.choice.metrics:
            words = t(metric.passport_key)
            outside = metric.left_out(page.sums[metric.source])
            if outside:
                parts = listed(f"{t(f'left_out.{name}')} — {number(n)}" for name, n in outside)
                words = f"{words} {t('pivot.left_out', parts=parts)}"
            st.markdown(t("pivot.passport", name=t(f"metric_name.{metric.name}"), words=words))

    if page.choice.metrics:
        folded("pivot_how", t("pivot.how"), draw, icon=":material/functions:")


def _asked() -> Filters:
    return parse(st.query_params.to_dict())


def _write(filters: Filters) -> None:
    st.query_params.from_dict(to_params(filters))


def _choose_metrics() -> None:
    names = [str(name) for name in st.session_state[_METRICS]]
    _write(_asked().changed(metrics=".".join(names) or NONE))


def _choose_rows() -> None:
    _write(_asked().changed(rows=st.session_state[_ROWS], columns=None))


def _choose_columns() -> None:
    _write(_asked().changed(columns=st.session_state[_COLUMNS] or None))


def _choose_filter(name: str) -> None:
    _write(_asked().changed(**{name: st.session_state[f"pivot.{name}"]}))
