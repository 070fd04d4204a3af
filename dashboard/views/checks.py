"""The checks: which rules a school keeps, which not, which nobody can judge, and how that went over the runs."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import polars as pl
import streamlit as st

from checks.catalogue import Expectation, read_catalogue
from dashboard import frame, wording
from dashboard.check_rows import TONES, ordered, verdict_row
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import listed, moment, number, out_of, t
from dashboard.pages_table import is_open
from dashboard.queries import schools as asked
from dashboard.queries.checks import VERDICTS, Checks, read_checks, read_schools_and_verdicts
from dashboard.queries.door import cached
from dashboard.queries.findings import ALL
from dashboard.views.sections import stale_words
from etl.warehouse.scope import Scope


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page; two queries for the list of schools, three for one school, one when remembered."""
    now = frame.this_hour()
    only = next(iter(scope.all_school_ids)) if len(scope.all_school_ids) == 1 else None
    school = filters.school or only
    if school is None:
        _schools(*cached(scope, Filters(), read_schools_and_verdicts, now), filters)
        return
    page = cached(scope, Filters(school=school, page=filters.page), read_checks, now, school=school)
    if page is None:
        frame.head(t("page.checks"), Filters())
        frame.empty(t("checks.unknown_title"), t("checks.unknown"))
        return
    _school(scope, page, filters.changed(school=school), several=only is None)


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, Expectation]:
    return {one.check_id: one for one in read_catalogue()}


def _schools(schools: pl.DataFrame, newest: pl.DataFrame, filters: Filters) -> None:
    broken = int((newest["not_met"] > 0).sum()) if newest.height else 0
    frame.head(t("checks.title_many", part=out_of(broken, schools.height, "school")), filters)
    by_school = {row["school_id"]: row for row in newest.iter_rows(named=True)}
    columns = [
        Column(t("checks.column_school"), wide=True),
        Column(t("checks.column_checked")),
        *(Column(t(f"checks.many_{verdict}"), is_number=True) for verdict in VERDICTS),
    ]
    rows = []
    for school in schools.iter_rows(named=True):
        run = by_school.get(school["school_id"])
        checked = wording.short_moment(run["finished_at"], school["timezone"]) if run else t("checks.never")
        counts = [Cell(number(run[verdict]) if run else "—") for verdict in VERDICTS]
        opens = t("checks.open_school", name=school["label"])
        rows.append(Row((Cell(school["label"]), Cell(checked), *counts), school["school_id"], opens))
    with st.container(border=True):
        st.header(t("checks.schools"), anchor=False)
        st.caption(t("checks.schools_note"))
        clicked = row_table("checks_schools", columns, rows, caption=t("checks.schools"))
    if clicked is not None:
        frame.set_filters(filters.drilled(school=clicked))


def _school(scope: Scope, page: Checks, filters: Filters, *, several: bool) -> None:
    school = page.school
    run = page.run
    crumbs = [frame.Crumb(t("page.checks"), "checks", Filters())] if several else []
    if not several and is_open("school", scope.role):
        crumbs = [frame.Crumb(school["label"], "school", filters.common())]
    crumbs.append(frame.Crumb(school["label"] if several else t("page.checks")))
    until = moment(asked.local_moment(school))
    if run is None:
        frame.head(t("page.checks"), filters, crumbs=crumbs, caption=t("frame.data_as_of", moment=until),
                   warning=stale_words(school))  # fmt: skip
        frame.empty(t("checks.none_title"), t("checks.none"))
        return
    judged = sum(run[verdict] for verdict in ("met", "not_met"))
    title = (
        t("checks.title", bad=number(run["not_met"]), judged=number(judged)) if run["not_met"] else t("checks.title_ok")
    )
    frame.head(
        title,
        filters,
        crumbs=crumbs,
        caption=t(
            "checks.caption",
            checked=wording.full_moment(run["finished_at"], school["timezone"]),
            until=wording.full_moment(run["as_of"], school["timezone"]) if run["as_of"] else until,
        ),
        warning=stale_words(school),
    )
    _verdicts(scope, page, run, filters)
    _unjudged(page, run)
    _runs(page, run, filters)


def _verdicts(scope: Scope, page: Checks, run: dict[str, Any], filters: Filters) -> None:
    catalogue = _catalogue()
    results = ordered(page.results, run["run_id"], catalogue)
    earlier: dict[str, list[dict[str, Any]]] = {}
    for row in page.results.filter(pl.col("run_id") != run["run_id"]).iter_rows(named=True):
        earlier.setdefault(row["check_id"], []).append(row)
    opens = is_open("findings", scope.role)
    columns = [
        Column(t("checks.column_rule"), wide=True),
        Column(t("checks.column_verdict")),
        Column(t("checks.column_severity")),
        Column(t("checks.column_share"), is_number=True),
        Column(t("checks.column_applicable"), is_number=True),
        Column(t("checks.column_violated"), is_number=True),
        Column(t("checks.column_unknown"), is_number=True),
        Column(t("checks.column_trend")),
    ]
    rows = [
        verdict_row(
            row,
            earlier.get(row["check_id"], []),
            catalogue.get(row["check_id"]),
            index if opens and row["rule"] is not None and row["violated_count"] else None,
        )
        for index, row in enumerate(results)
    ]
    with st.container(border=True):
        st.header(t("checks.verdicts"), anchor=False)
        summary = [f"{t(f'verdict.{verdict}')} — {number(run[verdict])}" for verdict in VERDICTS if run[verdict]]
        words = listed(summary)
        notes = ["verdicts_note", *(["verdicts_open"] if opens else []), *(["persons_note"] if scope.is_above else [])]
        st.caption(f"{words[:1].upper()}{words[1:]}. {' '.join(t(f'checks.{note}') for note in notes)}")
        clicked = row_table("checks_verdicts", columns, rows, caption=t("checks.verdicts"))
    if clicked is not None:
        rule = wording.BY_NUMBER[results[clicked]["rule"]].name
        position = Filters(year=filters.year, period="year", school=filters.school, rule=rule, measure=ALL)
        frame.go("findings", position)


def _unjudged(page: Checks, run: dict[str, Any]) -> None:
    """What the run could not judge and what the act leaves open are two different things."""
    catalogue = _catalogue()
    here = page.results.filter(pl.col("run_id") == run["run_id"])
    silent = here.filter(pl.col("verdict") == "not_regulated")["check_id"].to_list()
    untold = here.filter(pl.col("verdict") == "cannot_tell")["check_id"].to_list()
    left_out: dict[str, str] = json.loads(run["left_out"] or "{}")
    if not (silent or untold or left_out):
        return

    def names(checks: list[str]) -> str:
        titles = sorted(catalogue[check].title if check in catalogue else check for check in checks)
        return "\n".join(f"- {frame.plain(title)}" for title in titles)

    with st.container(border=True):
        st.header(t("checks.unjudged"), anchor=False)
        for key, checks in (("left_out", list(left_out)), ("cannot_tell", untold), ("not_regulated", silent)):
            if checks:
                with st.expander(t(f"checks.group_{key}", n=number(len(checks)))):
                    st.markdown(t(f"checks.why_{key}"))
                    st.markdown(names(checks))


def _runs(page: Checks, run: dict[str, Any], filters: Filters) -> None:
    zone = page.school["timezone"]
    columns = [
        Column(t("checks.column_run"), wide=True),
        *(Column(t(f"checks.many_{verdict}"), is_number=True) for verdict in VERDICTS),
        Column(t("checks.column_left_out"), is_number=True),
    ]
    rows = []
    for place, one in enumerate(page.runs.iter_rows(named=True), start=1):
        name = t("checks.run", n=one["run_id"], at=wording.short_moment(one["finished_at"], zone))
        missed = len(json.loads(one["left_out"] or "{}"))
        cells = (
            Cell(name, t("checks.chosen") if one["run_id"] == run["run_id"] else ""),
            *(Cell(number(one[verdict]), tone=TONES[verdict]) for verdict in VERDICTS),
            Cell(number(missed) if missed else "—"),
        )
        rows.append(Row(cells, place, t("checks.open_run", name=name)))
    with st.container(border=True):
        st.header(t("checks.runs"), anchor=False)
        st.caption(t("checks.runs_note"))
        clicked = row_table("checks_runs", columns, rows, caption=t("checks.runs"))
    if clicked is not None:
        frame.set_filters(filters.changed(page=None if clicked == 1 else clicked))
