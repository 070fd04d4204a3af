"""«Свой отчёт»: the reader chooses metrics, rows, columns and filters; table, chart and files follow (requirements
B-47; 003 А-2.2, А-2.3, Т-1.4; 001 ПМ-2.1.5).

Everything chosen stands in the address; `saved_reports` keeps it under a name.
"""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard import frame
from dashboard.charts import Chart
from dashboard.components.figure import figure
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.derived import derived
from dashboard.exports import offer_words
from dashboard.filters import Filters
from dashboard.i18n import count, listed, number, t
from dashboard.pivot import BY_CODE, Problem, drilled
from dashboard.pivot_chart import bars_of, pivot_bars, rest_words, written
from dashboard.pivot_rows import Line, Table, names_of, table_of
from dashboard.queries.door import cached
from dashboard.queries.pivot import Pivot, read_pivot
from dashboard.queries.saved_reports import read_saved
from dashboard.saved_report import Saved, position_of
from dashboard.views.pivot_parts import cell_of, choose, passports
from dashboard.views.saved_parts import draw_saved
from dashboard.views.sections import chosen_school, section_head, unknown_school
from etl.warehouse.scope import Scope

SHOWN, ACROSS = 200, 12
TALL, HEIGHT = 16, 640  # rows; pixels: the way below stays short
_NARROW = ("class_id", "subject", "staff")
_PAGES = {"duty": "filling", "lag": "filling", "attendance": "attendance", "spread": "attendance"}


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page; at most thirteen queries, two when the answers are remembered."""
    school, now = chosen_school(scope, filters, t("page.constructor"))
    if school is None:
        return
    filters = filters.changed(school=school)
    if not scope.sees_entries:
        frame.head(t("page.constructor"), filters)
        frame.empty(t("pivot.school_only_title"), t("pivot.school_only"))
        return
    saved = read_saved(scope, school)
    opened = next((one for one in saved if one.report == filters.report), None)
    if opened is not None and filters.metrics is None:
        frame.set_filters(position_of(opened, filters))
    page = cached(scope, _position(filters), read_pivot, now, school=school)
    if page is None:
        unknown_school(t("page.constructor"), filters)
        return
    narrowed = _narrowed(page, filters)
    if any(not words for words, _ in narrowed):
        frame.head(t("page.constructor"), filters)
        frame.empty(t("school.unknown_part_title"), t("school.unknown_part"))
        return
    table = derived(page, table_of) if page.choice.metrics else None
    steps = [(opened.title, filters)] if opened is not None else []
    section_head(_title(page, table), "constructor", page.row, page.period, filters, scope.role,
                 [*steps, *narrowed], with_minute=True)  # fmt: skip
    draw_saved(scope, school, filters, saved, opened, str(page.row["timezone"]))
    choose(scope, page, filters)
    _notes(page, filters)
    if table is None:
        if not page.problems:
            frame.empty(t("pivot.empty_title"), t("pivot.empty"))
        return
    if not table.lines:
        frame.empty(t("pivot.nothing_title"), t("pivot.nothing"))
        return
    if len(page.choice.metrics) == 1 and max(len(table.lines), len(table.columns)) > 1:
        _chart(page)
    _table(page, table, filters, opened)
    passports(page)


def _position(filters: Filters) -> Filters:
    kept = ("year", "period", "as_of", "at", "school", "parallel", "class_id", "staff", "subject", "metrics", "rows",
            "columns")  # fmt: skip
    return Filters(**{name: getattr(filters, name) for name in kept})


def _narrowed(page: Pivot, filters: Filters) -> list[tuple[str, Filters]]:
    """To what the page is narrowed: words (empty for what the reader does not have) and the position that keeps it."""
    kept = filters.changed(parallel=None, class_id=None, staff=None, subject=None)
    steps: list[tuple[str, Filters]] = []
    if filters.parallel is not None:
        kept = kept.changed(parallel=filters.parallel)
        steps.append((t("school.parallel", n=filters.parallel), kept))
    for name, code in zip(_NARROW, ("class", "subject", "staff"), strict=True):
        value = getattr(filters, name)
        if value is not None:
            kept = kept.changed(**{name: value})
            steps.append((names_of(page, BY_CODE[code]).get(value, ""), kept))
    return steps


def _title(page: Pivot, table: Table | None) -> str:
    if table is None:
        return t("pivot.title")
    by = t(f"pivot_by.{page.choice.rows.code}")
    if len(page.choice.metrics) > 1:
        return t("pivot.title_many", n=count(len(page.choice.metrics), "metric"), by=by)
    name = t(f"metric_name.{page.choice.metrics[0].name}")
    whole = table.total.whole or table.total.values[0]
    if whole is not None and whole.is_told:
        key = "title_whole" if page.choice.rows.code == "school" else "title_one"
        return t(f"pivot.{key}", name=name, by=by, value=written(whole))
    unknown = whole is not None and whole.is_unknown
    return t("pivot.title_cannot_tell" if unknown else "pivot.title_nothing", name=name, by=by)


def _notes(page: Pivot, filters: Filters) -> None:
    """What of the choice is not in the table, and why; and that marks know no earlier moment."""
    if page.asked.gone:
        st.warning(frame.plain(t("pivot_gone.many", names=listed(page.asked.gone))), icon=":material/link_off:")
    if page.problems:
        st.info("  \n".join([t("pivot_why.lead"), *map(_why, page.problems)]), icon=":material/info:")
    if page.day is not None and {"fill", "period_mark", "period_success", "group"} & set(page.sums):
        st.caption(t("pivot.marks_now"))


def _why(problem: Problem) -> str:
    key = problem.why if problem.why in ("rows", "columns", "journals") else f"{problem.why}_{problem.what}"
    what = t(f"pivot_by.{problem.what}") if problem.why in ("rows", "columns") else ""
    return t(f"pivot_why.{key}", name=t(f"metric_name.{problem.metric}"), what=what)


def _chart(page: Pivot) -> None:
    heading, note, chart, rest = derived(page, _chart_of, dark=frame.is_dark())
    with st.container(border=True):
        st.header(heading, anchor=False)
        if note:
            st.caption(note)
        figure("pivot_chart", chart)
        for words in rest:
            st.caption(frame.plain(words))


def _chart_of(page: Pivot, *, dark: bool) -> tuple[str, str, Chart, list[str]]:
    """The rows of one metric as bars, of a single row its columns: heading, note, chart, and what it leaves out."""
    metric, columns = page.choice.metrics[0], page.choice.columns
    table, by = derived(page, table_of), page.choice.rows
    if columns is not None and len(table.lines) == 1:
        by, alone = columns, table.lines[0]
        lines = [(Line(words, words, ()), value) for words, value in zip(table.columns, alone.values, strict=True)]
    else:
        lines = [(line, line.whole if columns is not None else line.values[0]) for line in table.lines]
    if by.code == "staff":  # a whole name leaves no room for the bar on a telephone
        lines = [(replace(line, label=frame.short_name(line.label)), value) for line, value in lines]
    name = t(f"metric_name.{metric.name}")
    bars, unknown = bars_of(lines, metric)
    note = "" if columns is None else t("pivot.chart_columns" if by is columns else "pivot.chart_whole")
    rest = rest_words(lines, len(bars), unknown, metric)
    return f"{name} {t(f'pivot_by.{by.code}')}", note, pivot_bars(bars, name, dark=dark), rest


def _table(page: Pivot, table: Table, filters: Filters, opened: Saved | None) -> None:
    rows, is_crossed = page.choice.rows, page.choice.columns is not None
    across = ACROSS if is_crossed else len(table.columns)
    classes = dict(page.dims.select("journal_id", "class_id").iter_rows())
    places = [drilled(filters, rows, line.key, classes) for line in table.lines]

    def row(line: Line, place: int | None, most: int) -> Row:
        whole = [cell_of(line.whole)] if is_crossed else []
        cells = [Cell(line.label), *whole, *map(cell_of, line.values[:most])]
        opens = place is not None and places[place] is not None
        return Row(tuple(cells), place if opens else None, t("pivot.open", row=line.label) if opens else "")

    def heads(most: int) -> list[str]:
        first = t(f"pivot_head.{rows.code}")
        return [first, *([t("pivot.rows_total")] if is_crossed else []), *table.columns[:most]]

    total = [table.total] if len(table.lines) > 1 else []
    drawn = [row(line, place, across) for place, line in enumerate(table.lines[:SHOWN])]
    by = [t(f"pivot_by.{one.code}") for one in (rows, page.choice.columns) if one is not None]
    caption = opened.title if opened is not None else f"{listed(_names(page))} {listed(by)}"
    with st.container(border=True):
        st.header(t("pivot.table"), anchor=False)
        columns = [Column(name, is_number=place > 0, wide=not place) for place, name in enumerate(heads(across))]
        clicked = row_table(
            "pivot",
            columns,
            [*(row(line, None, across) for line in total), *drawn],
            caption=caption,
            height=HEIGHT if len(drawn) > TALL else None,
            as_file=False,
        )
        if len(table.lines) > SHOWN:
            st.caption(t("pivot.cut", shown=number(SHOWN), total=number(len(table.lines))))
        if len(table.columns) > across:
            st.caption(t("pivot.cut_columns", shown=number(across), total=number(len(table.columns))))
        every = len(table.columns)  # the file holds all rows and columns
        offer_words(
            "pivot",
            caption,
            [(name, place > 0) for place, name in enumerate(heads(every))],
            lambda: [[(c.text, c.note) for c in row(line, None, every).cells] for line in (*total, *table.lines)],
            len(table.lines) + len(total),
        )
    if clicked is not None and (place := places[clicked]) is not None:
        target = "journal" if rows.code == "journal" else _PAGES.get(page.choice.metrics[0].source, "performance")
        frame.go(target, place.changed(metrics=None, rows=None, columns=None, report=None))


def _names(page: Pivot) -> list[str]:
    return [t(f"metric_name.{metric.name}") for metric in page.choice.metrics]
