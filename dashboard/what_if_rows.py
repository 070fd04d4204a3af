"""Two judgements of one school set against each other, rule by rule. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from dashboard import measures, wording
from dashboard.components.row_table import Cell, Row
from dashboard.i18n import count, number, points, t
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import LESSON_RULES, METRICS, Measured

IN_TIME = replace(METRICS["timeliness"], rules=())
"""The share in time of any one rule."""


@dataclass(frozen=True)
class Pair:
    """One rule under both acts: rows of `read_both`."""

    rule: int
    own: Mapping[str, Any]
    other: Mapping[str, Any]

    @property
    def is_changed(self) -> bool:
        """Whether a reader sees any difference."""
        return own_words(self) != other_words(self)


def pairs_of(both: pl.DataFrame) -> list[Pair]:
    """Rules that at least one act regulates, in the order of rules."""
    sides: dict[int, dict[bool, dict[str, Any]]] = {}
    for row in both.iter_rows(named=True):
        sides.setdefault(row["rule"], {})[row["is_own"]] = row
    found = [Pair(rule, pair[True], pair[False]) for rule, pair in sorted(sides.items()) if len(pair) == 2]
    return [pair for pair in found if pair.own["is_regulated"] or pair.other["is_regulated"]]


def one_sided(pairs: list[Pair]) -> tuple[list[int], list[int]]:
    """Rules that the own act alone regulates, and those that the other one alone does."""
    return (
        [pair.rule for pair in pairs if not pair.other["is_regulated"]],
        [pair.rule for pair in pairs if not pair.own["is_regulated"]],
    )


def pair_row(pair: Pair) -> Row:
    """The line of a rule: what each act makes of the same entries, and the difference."""
    own, other = own_words(pair), other_words(pair)
    return Row((Cell(wording.rule_name(pair.rule)), own, other, Cell(difference(pair))))


def own_words(pair: Pair) -> Cell:
    """The own side."""
    return _side(pair.rule, pair.own)


def other_words(pair: Pair) -> Cell:
    """The side of the other act."""
    return _side(pair.rule, pair.other)


def counts_breaches(rule: int) -> bool:
    """Bans, content rules and «no entry at all» are counted as breaches; all other rules have a share in time."""
    return wording.BY_NUMBER[rule].kind in ("ban", "content") or rule == RULE["no_entry"].number


def _side(rule: int, row: Mapping[str, Any]) -> Cell:
    if not row["is_regulated"]:
        return Cell(t("what_if.not_regulated"), badge=True, tone="quiet")
    unknown = row["unsure"] + row["cannot_tell"]
    notes = [t("what_if.unknown", n=number(unknown))] if unknown else []
    if counts_breaches(rule):
        broken = _breaches(row)
        return Cell(count(broken, "breach") if broken else t("what_if.no_breach"), ", ".join(notes))
    if not row["judged"] and not unknown:
        return Cell(t("what_if.nothing"))
    kept = [t("what_if.kept", n=number(row["kept"]), all=number(row["judged"]))] if row["judged"] else []
    told = [t(f"what_if.{name}", n=number(row[name])) for name in ("late", "missing") if row[name]]
    return Cell(measures.in_words(_measured(row)), ", ".join([*kept, *told, *notes]))


def difference(pair: Pair) -> str:
    """In percentage points, or in breaches; «—» where one of the acts says nothing or it cannot be told."""
    if not (pair.own["is_regulated"] and pair.other["is_regulated"]):
        return "—"
    if counts_breaches(pair.rule):
        more = _breaches(pair.other) - _breaches(pair.own)
        return ("+" if more > 0 else "") + number(more)
    own, other = _measured(pair.own).value, _measured(pair.other).value
    return "—" if own is None or other is None else points(other - own)


def lessons_in_time(both: pl.DataFrame) -> tuple[str, str, str]:
    """Topics, homework and attendance in time under the own act, under the other, and the difference; each side is over
    the rules that it regulates.
    """
    found = [
        METRICS["timeliness"].of(both.filter(pl.col("is_own") == side, pl.col("is_regulated")))
        for side in (True, False)
    ]
    own, other = (one.value for one in found)
    apart = "" if own is None or other is None else points(other - own)
    words = [measures.in_words(one) if one.whole or one.unknown else t("what_if.not_regulated") for one in found]
    return words[0], words[1], apart


def lesson_rules_differ(pairs: list[Pair]) -> bool:
    """Whether one of the acts leaves a rule of `lessons_in_time` out, so that both shares are over other entries."""
    numbers = {RULE[name].number for name in LESSON_RULES}
    return any(rule in numbers for side in one_sided(pairs) for rule in side)


def _measured(row: Mapping[str, Any]) -> Measured:
    return IN_TIME.of(pl.DataFrame([{name: row[name] for name in ("kept", "judged", "unsure")}]))


def _breaches(row: Mapping[str, Any]) -> int:
    return int(row["breached"] + row["late"] + row["early"] + row["missing"])
