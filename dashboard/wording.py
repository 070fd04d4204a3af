"""The words of one ledger row, as screens use them (`checks.wording` has the sentences), and moments for tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from checks.wording import (
    BY_NUMBER,
    LedgerRow,
    act,
    clause,
    lag,
    moment,
    rule_name,
    severity_name,
    status_name,
    told,
    when_made,
    why_untold,
    why_withdrawn,
)
from dashboard.i18n import NBSP, day, day_short, number, t
from etl.warehouse.ledger import Quality

__all__ = [
    "BY_NUMBER",
    "LedgerRow",
    "act",
    "alphabetical",
    "clause",
    "full_moment",
    "lag",
    "mark_words",
    "moment",
    "rule_name",
    "school_day",
    "severity_name",
    "shares",
    "short_moment",
    "status_name",
    "told",
    "when_made",
    "why_untold",
    "why_withdrawn",
]


def shares(counts: Mapping[int, int]) -> str:
    """«точное время — 12 003, время неизвестно — 4» of rows by quality, best first."""
    return ", ".join(
        f"{t(f'quality.{Quality(key).name}')}{NBSP}— {number(counts[key])}" for key in sorted(counts) if counts[key]
    )


def school_day(on: date, year: int) -> str:
    """`12.11`, with the year where it is not `year`."""
    return f"{on:%d.%m}" if on.year == year else day_short(on)


def full_moment(at: datetime, zone: str) -> str:
    """`12 ноября 2026, 06:00` on the school's clock."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local)}, {local:%H:%M}"


def short_moment(at: datetime, zone: str) -> str:
    """`12.11.2026 06:00` on the school's clock, for tables."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{day_short(local)}{NBSP}{local:%H:%M}"


def alphabetical(name: str) -> str:
    """Sort key of a name: Ё after Е and before Ж."""
    return name.lower().replace("ё", "е\uffff")


_MARK_WORDS = {10: "н/а", 11: "осв", 12: "н/оц", 13: "зач", 14: "незач"}


def mark_words(code: int | None) -> str:
    """A mark as people write it, by its stored code (`transforms.values`); a dash for none."""
    if code is None:
        return "—"
    return str(code) if 1 <= code <= 5 else _MARK_WORDS.get(code, "—")
