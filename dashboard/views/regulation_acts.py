"""Parts of the page of the regulation that are about acts themselves: what one leaves unsaid, all its conditions, two
acts side by side.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, wording
from dashboard.components.folded import folded
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters, parse, to_params
from dashboard.i18n import count, day_short, listed, small_first, t
from dashboard.queries.regulation import read_parameters
from dashboard.regulation_words import act_name, act_number, value_words
from etl.warehouse.scope import Scope

FIRST_KEY, SECOND_KEY = "zavuch.act_first", "zavuch.act_second"


def silence(rules: pl.DataFrame, parameters: pl.DataFrame) -> None:
    """What the act leaves unsaid: rules that judge nothing, conditions without a value and how silence is read."""
    unsaid = parameters.filter(pl.col("value").is_null())
    names = rule_names(rules.filter(~pl.col("is_regulated"))["rule"].to_list())
    columns = [
        Column(t("regulation.column_condition"), wide=True),
        Column(t("regulation.column_silence")),
        Column(t("regulation.column_disarmed")),
        Column(t("regulation.column_mention"), wide=True),
    ]
    with st.container(border=True):
        st.header(t("regulation.silent"), anchor=False)
        words = t("regulation.silent_none")
        if names:
            words = t("regulation.silent_rules", rules=count(len(names), "rule"), names=listed(names))
        st.markdown(frame.plain(words))
        st.caption(t("regulation.silent_note"))
        if unsaid.height:
            label = t("regulation.silent_list", n=unsaid.height)

            def draw() -> None:
                rows = [silent_row(row) for row in unsaid.iter_rows(named=True)]
                row_table("regulation_silent", columns, rows, caption=t("regulation.silent_caption"))

            folded("regulation_silent_list", label, draw, icon=":material/help:")


def silent_row(row: dict[str, Any]) -> Row:
    """One condition that the act does not state."""
    means = t("regulation.silence_deadline" if row["kind"] == "deadline" else "regulation.silence_nothing")
    if row["default_value"] is not None:
        default = value_words(row["parameter"], row["kind"], row["unit"], row["default_value"])
        means = t("regulation.silence_default", value=default)
    quoted = t("regulation.quoted", words=row["quotation"]) if row["quotation"] else ""
    return Row(
        (
            Cell(_capital(row["label"]), t(f"regulation.section.{row['section']}")),
            Cell(means),
            Cell(listed([wording.rule_name(rule) for rule in row["rules"]]) or "—"),
            Cell(wording.clause(row) if row["clause"] else "—", quoted),
        )
    )


def conditions(act: dict[str, Any], acts: pl.DataFrame, parameters: pl.DataFrame) -> None:
    """Every condition the act states, by section, with the act of the chain it comes from."""
    levels = {row["regulation"]: row["level"] for row in acts.iter_rows(named=True)}
    stated = parameters.filter(pl.col("value").is_not_null())
    columns = [
        Column(t("regulation.column_condition"), wide=True),
        Column(t("regulation.column_value")),
        Column(t("regulation.column_words"), wide=True),
        Column(t("regulation.column_from")),
    ]
    with st.container(border=True):
        st.header(t("regulation.conditions"), anchor=False)
        st.caption(t("regulation.conditions_note"))
        if len(act["layers"]) > 1:
            named = [_title(acts, layer) for layer in act["layers"]]
            st.caption(frame.plain(t("regulation.layers", layers=" → ".join(named))))
        for (section,), rows in stated.group_by("section", maintain_order=True):
            name = t(f"regulation.section.{section}")
            label = t("regulation.section_head", section=name, n=count(rows.height, "condition"))

            def draw(section: object = section, rows: pl.DataFrame = rows, name: str = name) -> None:
                row_table(
                    f"regulation_conditions_{section}",
                    columns,
                    [condition_row(row, levels) for row in rows.iter_rows(named=True)],
                    caption=t("regulation.conditions_caption", section=name),
                )

            folded(f"regulation_section_{section}", label, draw)


def condition_row(row: dict[str, Any], levels: dict[str, str]) -> Row:
    """One stated condition; where it asks less than the layer above, that is said."""
    value = value_words(row["parameter"], row["kind"], row["unit"], row["value"])
    note, level = "", levels.get(row["layer"], "school")
    if row["is_laxer"]:
        above = value_words(row["parameter"], row["kind"], row["unit"], row["above_value"])
        than = t(f"regulation.level_than.{levels.get(row['above_layer'], 'region')}")
        note = t("regulation.laxer", level=than, value=above)
    quoted = t("regulation.quoted", words=row["quotation"]) if row["quotation"] else ""
    return Row(
        (
            Cell(_capital(row["label"])),
            Cell(value, note, "warn" if note else ""),
            Cell(wording.clause(row), quoted),
            Cell(_from(row, level)),
        )
    )


def _from(row: dict[str, Any], level: str) -> str:
    if row["origin"] == "contract default":
        return t("regulation.default_value")
    place = t(f"regulation.level.{level}")
    if row["valid_from"] is None:
        return t("regulation.from_layer_undated", level=place)
    return t("regulation.from_layer", level=place, day=day_short(row["valid_from"]))


def compare(scope: Scope, acts: pl.DataFrame, own: list[dict[str, Any]], filters: Filters) -> None:
    """Choose two acts and see where they answer differently."""
    known = {f"{act['regulation']}:{act['profile_version']}": act for act in acts.iter_rows(named=True)}
    if len(known) < 2:
        return
    first = filters.act if filters.act in known else (_code(own[-1]) if own else next(iter(known)))
    others = [code for code in known if code != first]
    second = filters.versus if filters.versus in known else others[0]
    with st.container(border=True):
        st.header(t("regulation.compare"), anchor=False)
        st.caption(t("regulation.compare_note"))
        left, right = st.columns(2)
        _choice(left, "regulation.compare_first", FIRST_KEY, first, known)
        _choice(right, "regulation.compare_second", SECOND_KEY, second, known)
        if first == second:
            st.markdown(t("regulation.compare_same_act"))
            return
        _differences(read_parameters(scope, [first, second]), known, first, second)


def _code(act: dict[str, Any]) -> str:
    return f"{act['regulation']}:{act['profile_version']}"


def _choice(place: Any, label: str, key: str, chosen: str, known: dict[str, dict[str, Any]]) -> None:
    # the URL decides, also after Back: the widget's own memory never wins
    st.session_state[key] = chosen
    place.selectbox(
        t(label), list(known), key=key, format_func=lambda code: act_name(known[code]), on_change=_choose_acts
    )


def _choose_acts() -> None:
    chosen = {"act": st.session_state[FIRST_KEY], "versus": st.session_state[SECOND_KEY]}
    st.query_params.from_dict(to_params(parse(st.query_params.to_dict()).changed(**chosen)))


def _differences(parameters: pl.DataFrame, known: dict[str, dict[str, Any]], first: str, second: str) -> None:
    sides = {code: _of(parameters, known[code]) for code in (first, second)}
    pairs = list(zip(sides[first], sides[second], strict=True))
    different = [pair for pair in pairs if pair[0]["value"] != pair[1]["value"]]
    single = [pair for pair in different if None in (pair[0]["value"], pair[1]["value"])]
    both = [pair for pair in different if pair not in single]
    silent = sum(one["value"] is None and other["value"] is None for one, other in pairs)
    same = len(pairs) - len(different) - silent
    words = t("regulation.compare_count", different=len(both), same=same, single=len(single), silent=silent)
    st.markdown(words)
    names = [act_number(known[code]) or known[code]["title"] for code in (first, second)]
    if both:
        _side_by_side("regulation_compare", names, both)
    else:
        st.markdown(t("regulation.compare_none"))
    if single:
        label = t("regulation.compare_single", n=len(single))
        folded("regulation_single_list", label, lambda: _side_by_side("regulation_single", names, single))


def _side_by_side(key: str, names: list[str], pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    columns = [Column(t("regulation.column_condition")), *(Column(name, wide=True) for name in names)]
    rows = [
        Row((Cell(_capital(one["label"]), t(f"regulation.section.{one['section']}")), side_cell(one), side_cell(other)))
        for one, other in pairs
    ]
    row_table(key, columns, rows, caption=t("regulation.compare_caption"))


def side_cell(row: dict[str, Any]) -> Cell:
    """What one act says of a condition: the value, below it the clause and its words."""
    if row["value"] is None:
        return Cell(t("regulation.unsaid"), badge=True, tone="quiet")
    quoted = t("regulation.quoted", words=row["quotation"]) if row["quotation"] else ""
    note = ", ".join(part for part in (wording.clause(row), quoted) if part)
    return Cell(value_words(row["parameter"], row["kind"], row["unit"], row["value"]), note)


def _of(parameters: pl.DataFrame, act: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = (pl.col("regulation") == act["regulation"]) & (pl.col("profile_version") == act["profile_version"])
    return parameters.filter(wanted).sort("parameter_no").to_dicts()


def _title(acts: pl.DataFrame, layer: str) -> str:
    found = acts.filter(pl.col("regulation") == layer).to_dicts()
    return act_name(found[0]) if found else layer


def rule_names(rules: list[int]) -> list[str]:
    """Names of rules as they stand inside a sentence."""
    return [small_first(wording.rule_name(rule)) for rule in rules]


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]
