"""One school taken apart: why its number is what it is, from which records and journals; without anybody's name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, measures, moment_words, wording
from dashboard.comparison import Line, kind_of, others_of
from dashboard.comparison_causes import causes, coverage_words
from dashboard.comparison_parts import parts_of
from dashboard.comparison_words import counted, in_heading, inside, interval_words, side_words, value_words
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import count, day, number, points, t
from dashboard.limits import INNER
from dashboard.pages_table import is_open
from dashboard.queries.comparison import FEWEST_CELL, Compared, read_parts
from dashboard.queries.door import cached
from dashboard.queries.schools import STALE_AFTER
from dashboard.views.comparison_yardstick import Yardstick, state_words
from dashboard.views.sign_in_days import draw_days_of_school
from etl.warehouse.metrics import Measured, Metric
from etl.warehouse.scope import Scope

SHOWN = 20
"""Journals in the table; the rest are told by number."""


def render_school(
    scope: Scope, page: Compared, metric: Metric, lines: list[Line], filters: Filters, yardstick: Yardstick
) -> None:
    """Draw the school of the position; `lines` are all schools of the scope in the metric."""
    line = next((one for one in lines if one.school == filters.school), None)
    if line is None or page.choice is None:
        frame.head(t("page.comparison"), filters, crumbs=_crumbs(filters, ""))
        frame.empty(t("school.unknown_title"), t("comparison.school_unknown"))
        return
    name = t(f"comparison_metric.{metric.name}")
    is_old = line.row["working_days_old"] > STALE_AFTER
    frame.head(
        t("comparison.school_title", school=line.cell, metric=inside(in_heading(name)), value=value_words(line)),
        filters,
        crumbs=_crumbs(filters, line.cell),
        caption=t("comparison.school_caption", day=day(line.row["until_on"]), source=coverage_words(line)),
        periods=[frame.Option(code, words) for code, words in page.choice.options],
        default_period=page.choice.default,
        as_of=frame.AsOf(date(page.choice.period.span.year, 9, 1), line.row["until_on"]),
        stamp=moment_words.stamp(dict(line.row), filters, with_minute=False),
        warning=t("frame.stale_one", days=count(line.row["days_old"], "day")) if is_old else "",
    )
    _ways(scope, filters)
    with st.container(border=True):
        _why(page, line, lines, yardstick)
    made_of = parts_of(line, page.values)
    if made_of is not None:
        with st.container(border=True):
            _parts(metric, *made_of)
    if metric.source == "sign_in":
        draw_days_of_school(scope, page, line.school)
    if metric.source == "duty" and len(metric.rules) > 1 and metric.unit == "share":
        with st.container(border=True):
            _rules(scope, page, metric, line, filters)
    if metric.source == "duty":  # of pupils nothing narrower than a school is told above it
        with st.container(border=True):
            _journals(scope, page, metric, line, filters)


def _crumbs(filters: Filters, label: str) -> list[frame.Crumb]:
    above = filters.changed(school=None)
    steps = [frame.Crumb(t("page.comparison"), "comparison", above)]
    return [*steps, frame.Crumb(label)] if label else steps


def _ways(scope: Scope, filters: Filters) -> None:
    with st.container(horizontal=True, gap="small", key="comparison_school_ways"):
        for route, key in (("school", "go_school"), ("checks", "go_checks"), ("regulation", "go_regulation")):
            if is_open(route, scope.role) and st.button(
                t(f"comparison.{key}"), key=key, icon=":material/arrow_forward:"
            ):
                frame.go(route, filters.common())


def _why(page: Compared, line: Line, lines: list[Line], yardstick: Yardstick) -> None:
    st.header(t("comparison.school_why"), anchor=False)
    facts = [f"**{value_words(line)}**"]
    if line.interval:
        facts.append(interval_words(line))
    if line.state == "told" and line.measured.metric.unit != "count":
        facts.append(f"{t('comparison.column_n').lower()} {number(counted(line.measured))}")
    if line.worse > INNER:
        facts.append(side_words(line))
    st.markdown(" · ".join(facts))
    said = causes(line, lines, page.values, yardstick.pairs)
    st.markdown("\n".join(f"- {frame.plain(sentence)}" for sentence in said))
    if line.measured.metric.source == "duty":
        standing = yardstick.standings.get(line.school)
        state = state_words(standing, line.row["timezone"], is_own=line.school in yardstick.owned)
        st.caption(f"{t('comparison_yardstick.act')}: {frame.plain(state)}.")


def _parts(metric: Metric, columns: list[Column], rows: list[Row]) -> None:
    st.header(t(f"comparison.parts_{metric.source}"), anchor=False)
    st.caption(t(f"comparison.parts_{metric.source}_note"))
    if not rows:
        st.markdown(t("comparison.parts_none"))
        return
    row_table("comparison_parts", columns, rows, caption=t(f"comparison.parts_{metric.source}"))


def _rules(scope: Scope, page: Compared, metric: Metric, line: Line, filters: Filters) -> None:
    st.header(t("comparison.school_rules"), anchor=False)
    names = ("rule", "own", "others", "gap", "n")
    columns = [Column(t(f"comparison.column_{name}"), is_number=name in ("gap", "n")) for name in names]
    rows = []
    for number_of in metric.rule_numbers:
        one = page.values.filter(pl.col("rule") == number_of)
        single = replace(metric, rules=(wording.BY_NUMBER[number_of].name,))
        own = single.of(one.filter(pl.col("school_id") == line.school))
        rest = others_of(single, one, line.school)
        gap = points(own.value - rest.value) if own.value is not None and rest.value is not None else "—"
        words = [measures.in_words(found) for found in (own, rest)]
        cells = (Cell(wording.rule_name(number_of)), Cell(words[0]), Cell(words[1]), Cell(gap), Cell(number(own.whole)))
        rows.append(Row(cells, number_of, t("comparison.column_clause")))
    clicked = row_table("comparison_rules", columns, rows, caption=t("comparison.school_rules_caption"))
    if clicked is not None and is_open("checks", scope.role):
        frame.go("checks", filters.common().changed(rule=wording.BY_NUMBER[clicked].name))


def _journals(scope: Scope, page: Compared, metric: Metric, line: Line, filters: Filters) -> None:
    assert page.choice is not None  # noqa: S101 - the caller draws nothing otherwise
    cell = int(line.row["min_cell"] or FEWEST_CELL)
    st.header(t("comparison.school_journals"), anchor=False)
    st.caption(t("comparison.school_journals_note", n=cell))
    if page.is_past:
        st.caption(t("comparison.school_journals_newest"))
    position = Filters(year=filters.year, period=filters.period)
    what = (page.choice.period, line.school, metric.rule_numbers)
    parts = cached(scope, position, read_parts, *what, school=line.school)
    lines = journal_lines(metric, parts, cell) if line.state in ("told", "cannot") else []
    if not lines:
        st.markdown(t("comparison.school_journals_none"))
        return
    bad = "those" if metric.direction == "down" else "bad"
    names = ("class", "subject", "value", "n", bad)
    columns = [Column(t(f"comparison.column_{name}"), is_number=name in ("n", bad)) for name in names]
    row_table("comparison_journals", columns, [journal_row(each) for each in lines[:SHOWN]],
              caption=t("comparison.school_journals_caption"),
              every=(len(lines), lambda: [journal_row(each) for each in lines]))  # fmt: skip
    if len(lines) > SHOWN:
        st.caption(t("comparison.school_journals_more", n=number(SHOWN), all=number(len(lines))))


@dataclass(frozen=True)
class JournalLine:
    """One journal of the school: its keys, the number, whether it stands on too few rows, and how many rows keep the
    share from being whole (or, the lower the better, nought); None where the metric has no better side."""

    named: dict[str, Any]
    measured: Measured
    is_few: bool
    lost: float | None


def journal_lines(metric: Metric, parts: pl.DataFrame, cell: int) -> list[JournalLine]:
    """Journals with what the number stands on, those that lose most first; below `cell` rows nothing is told."""
    keys = [
        name
        for name in ("class_id", "journal_id", "subject", "group_kind", "class_name", "grade", "letter")
        if name in parts
    ]
    has_side = kind_of(metric) in ("share", "count") and metric.direction != "none"
    found = []
    for key, measured in metric.each_of(parts, *keys).items():
        if not (measured.part if metric.unit == "count" else measured.whole):
            continue
        is_few = metric.unit != "count" and counted(measured) < cell
        lost = float(measured.part) if metric.unit == "count" else _lost(metric, measured.part, measured.whole)
        line = JournalLine(
            dict(zip(keys, key, strict=True)), measured, is_few, lost if has_side and not is_few else None
        )
        found.append(line)
    return sorted(found, key=_most_lost)


def _most_lost(line: JournalLine) -> tuple[float, int, str, str]:
    named = line.named
    return -(line.lost or 0.0), named.get("grade") or 0, named.get("letter") or "", named.get("subject") or ""


def journal_row(line: JournalLine) -> Row:
    """The journal in words."""
    named, measured, is_count = line.named, line.measured, line.measured.metric.unit == "count"
    value = number(measured.part) if is_count else measures.in_words(measured)
    return Row((
        Cell(named.get("class_name") or "—"),
        Cell(named.get("subject") or "—", _part_words(named.get("group_kind")), "quiet"),
        Cell(t("comparison.few_say") if line.is_few else value),
        Cell("—" if line.is_few or is_count else number(counted(measured))),
        Cell("—" if line.lost is None else number(int(line.lost))),
    ))  # fmt: skip


def _part_words(kind: str | None) -> str:
    return t(f"comparison_part.{kind}") if kind in ("subgroup", "elective", "club", "after_school") else ""


def _lost(metric: Metric, part: int, whole: int) -> float:
    return {"up": whole - part, "down": part, "none": 0}[metric.direction]
