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
from etl.warehouse.metrics import METRICS, Measured

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


def one_sided(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """What the own act alone regulates, and what the other one alone does."""
    return (
        [pair for pair in pairs if not pair.other["is_regulated"]],
        [pair for pair in pairs if not pair.own["is_regulated"]],
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
    if row["is_target_only"]:
        told = [(name, row[name]) for name in ("amber", "pending") if row[name]]
        words = [t("what_if.on_target", n=number(row["kept"] - row["amber"]))]
        words += [t(f"what_if.{name}", n=number(n)) for name, n in told]
        return Cell(t("what_if.target_only"), ", ".join([*words, *notes]))
    if not row["judged"] and not unknown:
        return Cell(t("what_if.nothing"))
    kept = [t("what_if.kept", n=number(row["kept"]), all=number(row["judged"]))] if row["judged"] else []
    failed = [t(f"what_if.{name}", n=number(row[name])) for name in ("late", "missing") if row[name]]
    return Cell(measures.in_words(_measured(row)), ", ".join([*kept, *failed, *notes]))


def difference(pair: Pair) -> str:
    """In percentage points, or in breaches; «—» where an act is silent, sets no limit, or it cannot be told."""
    if not (pair.own["is_regulated"] and pair.other["is_regulated"]):
        return "—"
    if pair.own["is_target_only"] or pair.other["is_target_only"]:
        return "—"
    if counts_breaches(pair.rule):
        more = _breaches(pair.other) - _breaches(pair.own)
        return ("+" if more > 0 else "") + number(more)
    own, other = _measured(pair.own).value, _measured(pair.other).value
    return "—" if own is None or other is None else points(other - own)


def lessons_in_time(both: pl.DataFrame) -> tuple[str, str, str]:
    """Topics, homework and attendance in time under the own act, under the other, and the difference; each side is
    over the rules for which it sets a limit.
    """
    limited = both.filter(~_WITHOUT_LIMIT)
    found = [METRICS["timeliness"].of(limited.filter(pl.col("is_own") == side)) for side in (True, False)]
    words = [measures.in_words(one) if one.whole or one.unknown else t("what_if.no_limits") for one in found]
    own, other = (one.value for one in found)
    return words[0], words[1], "" if own is None or other is None else points(other - own)


def lesson_rules_differ(both: pl.DataFrame) -> bool:
    """Whether the two shares of `lessons_in_time` are over other rules."""
    limited = both.filter(pl.col("rule").is_in(METRICS["timeliness"].rule_numbers), ~_WITHOUT_LIMIT)
    sides = [set(limited.filter(pl.col("is_own") == side)["rule"]) for side in (True, False)]
    return sides[0] != sides[1] and all(sides)


_WITHOUT_LIMIT = ~pl.col("is_regulated") | pl.col("is_target_only")


def _measured(row: Mapping[str, Any]) -> Measured:
    return IN_TIME.of(pl.DataFrame([{name: row[name] for name in ("kept", "judged", "unsure")}]))


def _breaches(row: Mapping[str, Any]) -> int:
    return int(row["breached"] + row["late"] + row["early"] + row["missing"])
