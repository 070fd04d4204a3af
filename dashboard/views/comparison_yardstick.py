"""The part of the comparison that judges all schools by one act: choice, one wish for all of them, both judgements.

The page only asks; the worker derives, school after school, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, measures, wording
from dashboard.comparison import Line
from dashboard.comparison_causes import Pair
from dashboard.comparison_words import nothing_words
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters, parse, to_params
from dashboard.i18n import count, points, t
from dashboard.queries.comparison import Compared, read_both_acts, read_standings
from dashboard.queries.door import cached
from dashboard.queries.periods import year_label
from dashboard.queries.regulation import read_acts
from dashboard.queries.what_if import ask_all, may_ask
from dashboard.regulation_words import act_name
from etl.warehouse.metrics import METRICS, Measured, Metric
from etl.warehouse.scope import Scope

ACT_KEY = "zavuch.yardstick_act"
LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class Yardstick:
    """One act over all schools: `acts` by `id:version`, the `chosen` one (None = no act is known), where each school
    stands (`what_if.Standing` by school) and the metric by both acts where it is computed. `owned` = schools whose own
    act it is."""

    metric: Metric
    acts: Mapping[str, Mapping[str, Any]]
    chosen: str | None
    standings: Mapping[int, Mapping[str, Any]]
    owned: frozenset[int]
    pairs: Mapping[int, Pair]
    both: pl.DataFrame = field(default_factory=pl.DataFrame)

    def of(self, metric: Metric) -> Mapping[int, Pair]:
        """Another metric of duties by both acts, of the same sums."""
        if not self.both.width:
            return {}
        done = {school for school, row in self.standings.items() if row["judgement_id"] is not None}
        return _pairs(self.both, metric, done, self.owned)


def read_yardstick(scope: Scope, page: Compared, metric: Metric, filters: Filters) -> Yardstick:
    """Three queries at most, whatever the number of schools; the metric falls back to timeliness where no act decides
    it."""
    assert page.choice is not None  # noqa: S101 - the caller shows the empty page otherwise
    used = metric if metric.source == "duty" and metric.unit == "share" else METRICS["timeliness"]
    acts = {f"{act['regulation']}:{act['profile_version']}": act for act in read_acts(scope).iter_rows(named=True)}
    if not acts:
        return Yardstick(used, acts, None, {}, frozenset(), {})
    chosen = filters.what_if if filters.what_if in acts else _usual(page, acts)
    act = acts[chosen]
    standings = {
        row["school_id"]: row
        for row in read_standings(scope, act["regulation"], act["profile_version"]).iter_rows(named=True)
    }
    versions = sum(other["regulation"] == act["regulation"] for other in acts.values())
    mine = page.schools.filter(pl.col("regulation") == act["regulation"])["school_id"].to_list()
    owned = frozenset(mine) if versions == 1 else frozenset()
    done = tuple(
        (school, int(row["judgement_id"])) for school, row in standings.items() if row["judgement_id"] is not None
    )
    both = cached(scope, page.choice.period.span.year, read_both_acts, done)
    pairs = _pairs(both, used, {school for school, _ in done}, owned)
    return Yardstick(used, acts, chosen, standings, owned, pairs, both)


def draw_yardstick(scope: Scope, page: Compared, lines: list[Line], yardstick: Yardstick, filters: Filters) -> None:
    """Own act | one act for all | difference, by school; and the button that asks for what is missing."""
    assert page.choice is not None  # noqa: S101 - see read_yardstick
    st.header(t("comparison_yardstick.title"), anchor=False)
    words = t("comparison_yardstick.note", year=year_label(page.choice.period.span.year))
    if not lines or lines[0].measured.metric.name != yardstick.metric.name:
        name = t(f"comparison_metric.{yardstick.metric.name}")
        words = f"{words} {t('comparison_yardstick.other_metric', metric=name)}"
    st.caption(words)
    if yardstick.chosen is None:
        return
    choose_act(scope, yardstick)
    names = ("school", "own", "other", "gap", "state")
    columns = [
        Column(t("comparison.column_school" if name == "school" else f"comparison_yardstick.column_{name}"))
        for name in names
    ]
    clicked = row_table(
        "comparison_yardstick", columns, [_row(line, yardstick) for line in lines],
        caption=t("comparison_yardstick.caption"),
    )  # fmt: skip
    if clicked is not None:
        frame.set_filters(filters.drilled(school=clicked))


def choose_act(scope: Scope, yardstick: Yardstick) -> None:
    """The common act and the button that asks for what is not judged by it yet; nothing where no act is known."""
    if yardstick.chosen is None:
        return
    st.session_state[ACT_KEY] = yardstick.chosen  # the URL decides, also after Back
    st.selectbox(
        t("comparison_yardstick.act"), list(yardstick.acts), key=ACT_KEY, on_change=_choose, width=560,
        format_func=lambda code: act_name(dict(yardstick.acts[code])),
    )  # fmt: skip
    _ask(scope, yardstick)


def state_words(standing: Mapping[str, Any] | None, zone: str, *, is_own: bool) -> str:
    """Whether the judgement by the common act is there, and how old it is."""
    if is_own:
        return t("comparison_yardstick.is_own")
    if standing is None:
        return t("comparison_yardstick.never")
    if standing["state"] in ("waiting", "running"):
        return t(f"comparison_yardstick.{standing['state']}")
    if standing["judgement_id"] is not None:
        return t(
            "comparison_yardstick.done",
            moment=wording.short_moment(standing["derived_at"], zone),
            until=wording.short_moment(standing["kept_until"], zone),
        )
    return t(f"comparison_yardstick.{ {'failed': 'failed', 'done': 'gone'}.get(standing['state'] or '', 'never') }")


def _pairs(both: pl.DataFrame, metric: Metric, done: set[int], owned: frozenset[int]) -> dict[int, Pair]:
    own = metric.each(both.filter("is_own"), "school_id")
    other = metric.each(both.filter(~pl.col("is_own")), "school_id")
    nothing = Measured(metric, 0, 0)
    return {
        school: (
            own.get(school, nothing),
            own.get(school, nothing) if school in owned else other.get(school, nothing) if school in done else None,
        )
        for school in sorted(set(both["school_id"].to_list()))
    }


def _usual(page: Compared, acts: Mapping[str, Mapping[str, Any]]) -> str:
    """The act that most of the schools have as their own; the first one where none has any of these."""
    named = page.schools["regulation"].drop_nulls().to_list()
    return max(acts, key=lambda code: (named.count(acts[code]["regulation"]), code))


def _choose() -> None:
    filters = parse(st.query_params.to_dict()).changed(what_if=st.session_state[ACT_KEY])
    st.query_params.from_dict(to_params(filters))


def _ask(scope: Scope, yardstick: Yardstick) -> None:
    waiting = [school for school, row in yardstick.standings.items() if row["state"] in ("waiting", "running")]
    lacking = [
        school
        for school, row in yardstick.standings.items()
        if row["judgement_id"] is None and school not in waiting and school not in yardstick.owned
    ]
    assert yardstick.chosen is not None  # noqa: S101 - the caller returns otherwise
    act = yardstick.acts[yardstick.chosen]
    if waiting:
        _progress(scope, act["regulation"], act["profile_version"], len(waiting))
    if not lacking:
        return
    if not all(may_ask(scope, school) for school in lacking):
        st.caption(t("comparison_yardstick.only_inspector"))
        return
    label = t("comparison_yardstick.ask", schools=count(len(lacking), "school"))
    if st.button(label, key="yardstick_ask", type="primary", icon=":material/balance:"):
        refused = ask_all(scope, lacking, act["regulation"], act["profile_version"])
        if refused is not None:
            st.error(t(f"comparison_yardstick.{refused}"), icon=":material/error:")
            return
        st.rerun()


@st.fragment(run_every=LOOK_SECONDS)
def _progress(scope: Scope, act: str, version: int, before: int) -> None:
    """Looks while schools wait, alone; the page is drawn again when one of them is done."""
    states = read_standings(scope, act, version)["state"].to_list()
    left = sum(state in ("waiting", "running") for state in states)
    if left != before:
        st.rerun()
    words = t("comparison_yardstick.progress", schools=count(left, "school"))
    st.progress(1 - left / max(len(states), 1), text=words)


def _row(line: Line, yardstick: Yardstick) -> Row:
    standing = yardstick.standings.get(line.school)
    state = state_words(standing, line.row["timezone"], is_own=line.school in yardstick.owned)
    pair = yardstick.pairs.get(line.school)
    label = Cell(line.cell, line.row["act_title"] or t("overview.act_none"), "quiet")
    opens = t("comparison.open", school=line.cell)
    if pair is None:
        return Row((label, Cell("—"), Cell("—"), Cell("—"), Cell(state)), line.school, opens)
    own, other = pair
    is_known = other is not None and own.value is not None and other.value is not None
    gap = points(other.value - own.value) if is_known else "—"  # type: ignore[union-attr, operator]
    cells = (label, Cell(_words(own)), Cell(_words(other) if other is not None else "—"), Cell(gap), Cell(state))
    return Row(cells, line.school, opens)


def _words(found: Measured) -> str:
    if found.value is None:
        return t("comparison.cannot_say") if found.whole or found.unknown else nothing_words(found)
    return measures.in_words(found)
