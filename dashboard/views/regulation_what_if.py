"""The part of the page of the regulation that asks how the school would stand by another act: choice, progress, result.

The page only asks: the worker derives, in a process of its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboard import wording
from dashboard.components.row_table import Column, row_table
from dashboard.filters import Filters, parse, to_params
from dashboard.i18n import count, t
from dashboard.queries.door import cached
from dashboard.queries.what_if import Standing, ask, may_ask, read_both, read_standing
from dashboard.regulation_words import act_name, act_number
from dashboard.what_if_rows import Pair, lesson_rules_differ, lessons_in_time, one_sided, pair_row, pairs_of
from etl.warehouse.scope import Scope

ACT_KEY = "zavuch.what_if_act"
LOOK_SECONDS = 1.0
PATIENCE = timedelta(seconds=30)
"""A wish that nobody has begun so long may mean that no worker runs."""


def what_if(
    scope: Scope, school: dict[str, Any], acts: pl.DataFrame, own: list[dict[str, Any]], filters: Filters
) -> None:
    """Choose an act and see the school judged by it; drawn only for those who may ask."""
    school_id: int = school["school_id"]
    known = {f"{act['regulation']}:{act['profile_version']}": act for act in acts.iter_rows(named=True)}
    if len(own) == 1:
        known.pop(f"{own[0]['regulation']}:{own[0]['profile_version']}", None)
    if not known or not may_ask(scope, school_id):
        return
    chosen = filters.what_if if filters.what_if in known else next(iter(known))
    act = known[chosen]
    with st.container(border=True):
        st.header(t("what_if.title"), anchor=False)
        st.caption(t("what_if.note"))
        st.session_state[ACT_KEY] = chosen  # the URL decides, also after Back
        st.selectbox(
            t("what_if.act"),
            list(known),
            key=ACT_KEY,
            format_func=lambda code: act_name(known[code]),
            on_change=_choose,
        )
        standing = read_standing(scope, school_id, act["regulation"], act["profile_version"])
        if standing is None:
            return
        if standing.is_open:
            _progress(scope, school_id, act["regulation"], act["profile_version"])
        elif standing.judgement_id is not None:
            _result(scope, school, act, own, standing, filters)
        else:
            _offer(scope, school_id, act, standing)


def _choose() -> None:
    filters = parse(st.query_params.to_dict()).changed(what_if=st.session_state[ACT_KEY])
    st.query_params.from_dict(to_params(filters))


def _offer(scope: Scope, school: int, act: dict[str, Any], standing: Standing) -> None:
    """The button, and what became of the wish before."""
    if standing.state == "failed":
        st.error(t(f"what_if_failed.{standing.message}"), icon=":material/error:")
    elif standing.state == "done":
        st.info(t("what_if.gone"), icon=":material/update:")
    if st.button(t("what_if.ask"), type="primary", icon=":material/balance:"):
        refused = ask(scope, school, act["regulation"], act["profile_version"])
        if refused == "forbidden":
            st.error(t("what_if.forbidden"), icon=":material/error:")
            return
        st.rerun()


@st.fragment(run_every=LOOK_SECONDS)
def _progress(scope: Scope, school: int, act: str, version: int) -> None:
    """Looks every second while the wish is open, alone: the rest of the page is not drawn again until it is done."""
    standing = read_standing(scope, school, act, version)
    if standing is None or not standing.is_open:
        st.rerun()
    running = standing.state == "running"
    st.progress(standing.progress, text=t("what_if.running" if running else "what_if.waiting"))
    if not running and standing.asked_at is not None and standing.now - standing.asked_at > PATIENCE:
        st.caption(t("what_if.patience"))


def _result(
    scope: Scope,
    school: dict[str, Any],
    act: dict[str, Any],
    own: list[dict[str, Any]],
    standing: Standing,
    filters: Filters,
) -> None:
    both = cached(
        scope, filters.year, read_both, school["school_id"], standing.judgement_id, school=school["school_id"]
    )
    pairs = pairs_of(both)
    own_only, other_only = one_sided(pairs)
    apart = [*own_only, *other_only]
    shared = [pair for pair in pairs if pair not in apart]
    st.markdown(_summary(both))
    st.markdown(t("what_if.counts", both=count(len(shared), "rule"), own=len(own_only), other=len(other_only)))
    names = [(act_number(own[-1]) or own[-1]["title"]) if own else t("what_if.no_act"), act_number(act) or act["title"]]
    changed = [pair for pair in shared if pair.is_changed]
    same = [pair for pair in shared if not pair.is_changed]
    if changed:
        _table("changed", names, changed)
    else:
        st.markdown(t("what_if.no_change"))
    for key, rows in (("apart", apart), ("same", same)):
        if rows:
            with st.expander(t(f"what_if.{key}", n=len(rows))):
                _table(key, names, rows)
    if scope.is_above:
        st.caption(t("what_if.persons_note"))
    st.caption(_stamp(school, standing, both))


def _table(key: str, names: list[str], pairs: list[Pair]) -> None:
    columns = [
        Column(t("regulation.column_rule")),
        Column(t("what_if.column_own", act=names[0])),
        Column(t("what_if.column_other", act=names[1])),
        Column(t("what_if.column_difference"), is_number=True),
    ]
    row_table(f"what_if_{key}", columns, [pair_row(pair) for pair in pairs], caption=t(f"what_if.table_{key}"))


def _summary(both: pl.DataFrame) -> str:
    own, other, apart = lessons_in_time(both)
    words = t("what_if.summary", own=own, other=other)
    words = t("what_if.summary_apart", words=words, apart=apart) if apart else f"{words}."
    return f"{words} {t('what_if.summary_differs')}" if lesson_rules_differ(both) else words


def _stamp(school: dict[str, Any], standing: Standing, both: pl.DataFrame) -> str:
    zone = school["timezone"]
    first = both["school_year"][0]
    assert standing.derived_at is not None and standing.kept_until is not None  # noqa: S101 - the judgement is there
    return t(
        "what_if.stamp",
        year=f"{first}/{(first + 1) % 100:02d}" if first is not None else "—",
        data=wording.full_moment(school["extracted_at"], zone),
        derived=wording.short_moment(standing.derived_at, zone),
        until=wording.short_moment(standing.kept_until, zone),
    )
