"""What a source can tell about each rule: exactly, by day, by export, or not at all, and why. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from dashboard.i18n import NBSP, listed, number, t
from dashboard.tables_words import table_name
from dashboard.wording import BY_NUMBER, shares
from etl.warehouse.ledger import lack_of

Tells = Literal["exact", "date_only", "interval", "content", "partly", "nothing", "cannot"]

_LOG = frozenset(
    {"mark_lock", "attendance_lock", "topic_lock", "period_mark_lock", "mark_correction", "edit_after_period_mark"}
)


@dataclass(frozen=True)
class Counts:
    """Ledger rows of one rule: `n` in all, `untold` = it is not said whether they are done, the rest by quality."""

    n: int = 0
    untold: int = 0
    exact: int = 0
    date_only: int = 0
    interval: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Coverage:
    """The answer: how well it can be told, and the details in words."""

    tells: Tells
    details: str


def coverage(rule: int, carried: Collection[str], capabilities: Collection[str], counts: Counts | None) -> Coverage:
    """What the source tells about a rule.

    `carried` = tables that any bundle had; `counts` None = the reader may not see them.
    """
    known = BY_NUMBER[rule]
    lack = lack_of(known.name, carried, capabilities)
    if lack is not None and lack.tables:
        tables = listed(table_name(table).lower() for table in lack.tables)
        return Coverage("cannot", t("tells_why.table", tables=tables))
    is_silent = lack is not None
    why = t("tells_why.capability", what=t(f"source_can.{lack.capability}")) if lack is not None else ""
    if known.name in _LOG and "change_log" not in capabilities:
        why = t("tells_why.no_log")
    if known.kind == "content":
        return Coverage("cannot" if is_silent else "content", why)
    if counts is None:
        exact = "exact_timestamps" in capabilities
        return Coverage("cannot" if is_silent else "exact" if exact else "interval", why or t("loads.not_counted"))
    return _counted(counts, why, is_silent=is_silent)


def _counted(counts: Counts, why: str, *, is_silent: bool) -> Coverage:
    by_quality = {1: counts.exact, 2: counts.date_only, 3: counts.interval, 4: counts.unknown}
    made = sum(by_quality.values())
    words = [why] if why else []
    if made:
        words.append(shares(by_quality))
    if counts.untold:
        words.append(t("loads.untold", n=number(counts.untold)))
    details = "; ".join(words) or t("loads.no_rows")
    if not counts.n:
        return Coverage("cannot" if is_silent else "nothing", details)
    best = max(by_quality, key=lambda quality: (by_quality[quality], -quality))
    if not made:
        return Coverage("cannot" if counts.untold else "nothing", details)
    if best == 4:
        return Coverage("cannot", details)
    if counts.untold:
        return Coverage("partly", details)
    names: Mapping[int, Tells] = {1: "exact", 2: "date_only", 3: "interval"}
    return Coverage(names[best], details.replace("  ", NBSP))
