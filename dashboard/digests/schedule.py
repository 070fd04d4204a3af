"""When a digest is due: once in its day, week or month, not in quiet hours, never the same twice. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time

WORKING_DAYS = 5
"""Nobody gets a digest on Saturday and Sunday."""


@dataclass(frozen=True)
class Last:
    """The newest delivery of a kind to a person: `at` aware, what it said."""

    at: datetime
    fingerprint: str


def is_quiet(now: datetime, first: time, last: time) -> bool:
    """Whether the local moment lies in the quiet hours `first`…`last` (over midnight where first > last) or on a
    weekend."""
    at = now.time()
    inside = first <= at < last if first <= last else at >= first or at < last
    return inside or now.weekday() >= WORKING_DAYS


def is_due(often: str, last: Last | None, now: datetime) -> bool:
    """Whether the kind was not yet sent in the day, ISO week or month of the local moment `now`."""
    if last is None:
        return True
    before = last.at.astimezone(now.tzinfo)
    if often == "day":
        return before.date() < now.date()
    if often == "week":
        return before.isocalendar()[:2] < now.isocalendar()[:2]
    if often == "month":
        return (before.year, before.month) < (now.year, now.month)
    raise ValueError(f"{often!r} is not day, week or month.")


def wants(settings: Mapping[str, str], kind: str) -> bool:
    """Whether a person wants the kind: yes until she says no."""
    return settings.get(kind, "on") == "on"
