"""The regulation of a school in words: rules with limits, clauses and quotations, what the act leaves unsaid, and two
acts side by side.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, wording
from dashboard.components.row_table import Cell, Column, Row, Tone, row_table
from dashboard.filters import Filters, parse, to_params
from dashboard.i18n import count, day_short, listed, percent, t
from dashboard.pages_table import is_open
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from dashboard.queries.regulation import Judged, read_acts, read_judged, read_parameters
from dashboard.regulation_words import act_number, deadline_words, value_words, version_notice
from dashboard.views.regulation_acts import compare, conditions, rule_names, silence
from dashboard.views.regulation_what_if import what_if
from etl.warehouse.scope import Scope

VERSION_KEY = "zavuch.act_version"
_SEVERITY_TONES: dict[int, Tone] = {1: "bad", 2: "warn", 3: "quiet", 4: "info"}


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page; one query for the list of schools, six for one school, three when its judgement is remembered."""
    now = frame.this_hour()
    only = next(iter(scope.all_school_ids)) if len(scope.all_school_ids) == 1 else None
    school = filters.school or only
    if school is None:
        _schools(cached(scope, Filters(), _listed, now), read_acts(scope), filters)
        return
    page = cached(scope, Filters(school=school), read_judged, now, school=school)
    if page is None:
        frame.head(t("page.regulation"), Filters())
        frame.empty(t("regulation.unknown_title"), t("regulation.unknown"))
        return
    acts = read_acts(scope)
    _school(scope, page, acts, filters.changed(school=school), several=only is None)


def _listed(scope: Scope, _filters: Filters, now: datetime) -> pl.DataFrame:
    return asked.read_schools(scope, now)


def _schools(schools: pl.DataFrame, acts: pl.DataFrame, filters: Filters) -> None:
    newest = {act["regulation"]: act for act in acts.iter_rows(named=True)}  # by version: the last one stays
    shown = count(schools.height, "school")
    none = schools.filter(pl.col("regulation").is_null()).height
    title = t("regulation.title_many_none", schools=shown, none=none) if none else None
    frame.head(title or t("regulation.title_many", schools=shown), filters, caption=t("regulation.caption_many"))
    columns = [Column(t("regulation.column_school")), Column(t("regulation.column_act"))]
    rows = [
        Row(
            (Cell(row["label"]), _act_cell(row["regulation"], newest)),
            row["school_id"],
            t("regulation.open_school", name=row["label"]),
        )
        for row in schools.iter_rows(named=True)
    ]
    with st.container(border=True):
        st.header(t("regulation.schools"), anchor=False)
        clicked = row_table("regulation_schools", columns, rows, caption=t("regulation.schools_caption"))
    if clicked is not None:
        frame.set_filters(filters.drilled(school=clicked))


def _act_cell(regulation: str | None, newest: dict[str, dict[str, Any]]) -> Cell:
    if regulation is None:
        return Cell(t("regulation.none_stated"), tone="quiet", badge=True)
    act = newest.get(regulation)
    return Cell(regulation) if act is None else Cell(act["title"], act_number(act))


def _school(scope: Scope, page: Judged, acts: pl.DataFrame, filters: Filters, *, several: bool) -> None:
    own = acts.filter(pl.col("regulation") == page.regulation).to_dicts() if page.regulation else []
    versions: list[int] = sorted(page.rules["profile_version"].unique().to_list())
    chosen = (
        filters.version if filters.version is not None and filters.version in versions else max(versions, default=0)
    )
    rules = page.rules.filter(pl.col("profile_version") == chosen)
    act = next((one for one in own if one["profile_version"] == chosen), None)
    _head(scope, page, act, rules, filters, several=several)
    _notices(page, own, act, chosen, len(versions))
    parameters = read_parameters(scope, [f"{page.regulation}:{chosen}"])
    _rules(rules, parameters, judged_by_act=page.regulation is not None)
    if act is not None:
        silence(rules, parameters)
        conditions(act, acts, parameters)
    compare(scope, acts, own, filters)
    what_if(scope, page.school, acts, own, filters)


def _head(
    scope: Scope, page: Judged, act: dict[str, Any] | None, rules: pl.DataFrame, filters: Filters, *, several: bool
) -> None:
    school: dict[str, Any] = page.school
    crumbs = [frame.Crumb(t("page.regulation"), "regulation", Filters())] if several else []
    if not several and is_open("school", scope.role):
        crumbs = [frame.Crumb(school["label"], "school", filters.common())]
    stated = rules.filter("is_regulated")
    title = t("regulation.title_none")
    if page.regulation is not None:
        title = t("regulation.title", regulated=count(stated.height, "rule"), rules=rules.height)
    name = wording.act({**act, "act_title": act["title"]}) if act is not None else page.regulation or ""
    frame.head(
        title,
        filters,
        crumbs=[*crumbs, frame.Crumb(school["label"] if several else t("page.regulation"))],
        caption=t("regulation.caption", school=school["label"], act=name) if name else school["label"],
    )


def _notices(page: Judged, own: list[dict[str, Any]], act: dict[str, Any] | None, chosen: int, count_of: int) -> None:
    """Which lessons this version judges, and what is wrong with the act itself."""
    if page.regulation is None:
        frame.empty(t("regulation.no_act_title"), t("regulation.no_act"))
        return
    if act is None:
        frame.empty(t("regulation.gone_title"), t("regulation.gone"))
        return
    if act["fingerprint"] != page.fingerprint:
        st.warning(t("regulation.changed"), icon=":material/sync_problem:")
    if count_of > 1:
        st.session_state[VERSION_KEY] = chosen
        labels = {one["profile_version"]: _version_label(one) for one in own}
        st.segmented_control(
            t("regulation.version"),
            list(labels),
            key=VERSION_KEY,
            format_func=lambda number: labels[number],
            on_change=_choose_version,
        )
    st.info(version_notice(act, count_of), icon=":material/event:")


def _version_label(act: dict[str, Any]) -> str:
    if act["valid_from"] is None:
        return t("regulation.version_option_first", day=day_short(act["valid_until"]))
    return t("regulation.version_option", n=act["profile_version"], day=day_short(act["valid_from"]))


def _choose_version() -> None:
    filters = parse(st.query_params.to_dict()).changed(version=st.session_state[VERSION_KEY])
    st.query_params.from_dict(to_params(filters))


def _rules(rules: pl.DataFrame, parameters: pl.DataFrame, *, judged_by_act: bool) -> None:
    by_name = {row["parameter"]: row for row in parameters.iter_rows(named=True)}
    columns = [
        Column(t("regulation.column_rule")),
        Column(t("regulation.column_target")),
        Column(t("regulation.column_limit")),
        Column(t("regulation.column_norm"), is_number=True),
        Column(t("regulation.column_words"), wide=True),
    ]
    shown = [rule_row(row, by_name) for row in rules.filter("is_regulated").iter_rows(named=True)]
    with st.container(border=True):
        st.header(t("regulation.rules"), anchor=False)
        st.caption(t("regulation.rules_note"))
        row_table("regulation_rules", columns, shown, caption=t("regulation.rules_caption"))
        if not judged_by_act:
            left = rule_names(rules.filter(~pl.col("is_regulated"))["rule"].to_list())
            st.caption(t("regulation.silent_rules", rules=count(len(left), "rule"), names=listed(left)))


def rule_row(row: dict[str, Any], parameters: dict[str, dict[str, Any]]) -> Row:
    """One rule: name and severity, target, limit or demand, norm, clause with the words of the act."""
    target, limit, note = deadline_words(row["target_text"]), deadline_words(row["limit_text"]), ""
    parameter = parameters.get(row["parameter"] or "")
    if row["origin"] == "none":
        limit = t("regulation.common")
    elif not limit and target:
        limit = t("regulation.no_limit")
    elif not limit and parameter is not None:
        limit, note = _demand(parameter)
    quoted = t("regulation.quoted", words=row["quotation"]) if row["quotation"] else ""
    clause = "" if row["origin"] == "none" else wording.clause(row)
    return Row(
        (
            Cell(
                wording.rule_name(row["rule"]), wording.severity_name(row["severity"]), _SEVERITY_TONES[row["severity"]]
            ),
            Cell(target or "—"),
            Cell(limit or "—", note),
            Cell(percent(row["norm_share"], 0)),
            Cell(clause or "—", quoted),
        )
    )


def _demand(parameter: dict[str, Any]) -> tuple[str, str]:
    """A rule without a limit of time is a demand: the condition itself, or its value under its name."""
    name = parameter["label"]
    if parameter["kind"] == "bool":
        return name, ""
    return value_words(parameter["parameter"], parameter["kind"], parameter["unit"], parameter["value"]), name
