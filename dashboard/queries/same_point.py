"""The same point of another period: as many school days into it as the moment is into the one looked at.

Dates do not compare: a quarter that began on a Thursday is behind one that began on a Monday, and a week of holidays
stands still. School days do: after twelve of them a teacher owes the records of twelve days. So a moment inside the
period answers to the end of the school day of the same number in the other period; before its first school day it
answers to the eve of the other one; once the period is over it answers to as many school days after the other one's
end, for what is late is still being filled. Where the other period has fewer school days, it answers to its last day.
A school day is one of annex B1 for the school as a whole, in the finest kind of period the school has.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import polars as pl

from dashboard.queries.door import read
from dashboard.queries.periods import Period
from etl.warehouse.scope import Scope

_FINEST = (("quarter", "trimester"), ("half_year",), ("year",))
_LONGEST = (
    60  # days after the end of a period that are still counted: nobody asks how a quarter stood half a year later
)
_CALENDARS = """
SELECT s.school_id, coalesce(s.week_days, 5) AS week_days,
    array_agg(c.date::text ORDER BY c.date) FILTER (WHERE c.is_instructional) AS opened,
    array_agg(c.date::text ORDER BY c.date) FILTER (WHERE NOT c.is_instructional) AS closed
FROM dim_school s
LEFT JOIN dim_calendar_day c ON c.school_id = s.school_id AND c.deleted_latest IS NULL
WHERE s.school_id = ANY(:schools) AND (CAST(:school AS int) IS NULL OR s.school_id = :school)
GROUP BY 1, 2 ORDER BY 1
"""


@dataclass(frozen=True)
class SchoolCalendar:
    """When a school teaches: days of its week, its finest periods, and the days stated otherwise."""

    week_days: int
    terms: tuple[tuple[date, date], ...]
    opened: frozenset[date] = frozenset()
    closed: frozenset[date] = frozenset()

    def is_school_day(self, day: date) -> bool:
        """Annex B1: the calendar's word wins in both directions, else a weekday inside a period."""
        if day in self.opened:
            return True
        if day in self.closed or day.isoweekday() > self.week_days:
            return False
        return not self.terms or any(first <= day <= last for first, last in self.terms)


@lru_cache(maxsize=256)
def school_days(calendar: SchoolCalendar, first: date, last: date) -> tuple[date, ...]:
    """School days from one day to another, both inclusive, in order."""
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(day for day in every if calendar.is_school_day(day))


def same_point(days: Sequence[date], now: tuple[date, date], then: tuple[date, date], moment: date) -> date:
    """The day of `then` at whose end it stood as `now` stands at the end of `moment`.

    `days` = the school days, sorted, that cover both periods and what follows them; `now` and `then` = first and last
    day of the two periods. Pure; the rule is that of the module.
    """
    if moment < now[1]:
        done = _between(days, now[0], moment)
        if not done:
            return then[0] - timedelta(days=1)
        mine = days[bisect_left(days, then[0]) : bisect_right(days, then[1])]
        return mine[done - 1] if done <= len(mine) else then[1]
    late = _between(days, now[1] + timedelta(days=1), moment)
    after = days[bisect_right(days, then[1]) :]
    if not late:
        return then[1]
    return after[min(late, len(after)) - 1] if after else then[1] + timedelta(days=late)


def _between(days: Sequence[date], first: date, last: date) -> int:
    return max(0, bisect_right(days, last) - bisect_left(days, first))


def read_calendars(scope: Scope, terms: pl.DataFrame, school: int | None = None) -> dict[int, SchoolCalendar]:
    """The calendar of each school, or of one; `terms` as of `periods.read_periods`. One query."""
    rows = read(scope, _CALENDARS, {"school": school})
    own = _finest_terms(terms)
    return {
        row["school_id"]: SchoolCalendar(
            int(row["week_days"]),
            own.get(row["school_id"], ()),
            frozenset(date.fromisoformat(text) for text in row["opened"] or ()),
            frozenset(date.fromisoformat(text) for text in row["closed"] or ()),
        )
        for row in rows.iter_rows(named=True)
    }


def _finest_terms(terms: pl.DataFrame) -> dict[int, tuple[tuple[date, date], ...]]:
    found: dict[int, tuple[tuple[date, date], ...]] = {}
    by_school: dict[tuple[int, int], dict[str, list[tuple[date, date]]]] = {}
    for school, year, kind, first, last in terms.select(
        "school_id", "school_year", "kind", "starts_on", "ends_on"
    ).iter_rows():
        by_school.setdefault((school, year), {}).setdefault(kind, []).append((first, last))
    for (school, _year), kinds in sorted(by_school.items()):
        finest = next((names for names in _FINEST if any(name in kinds for name in names)), ())
        found[school] = (*found.get(school, ()), *(days for name in finest for days in sorted(kinds.get(name, ()))))
    return found


def moments_before(
    scope: Scope, chosen: Period, previous: Period, last: Mapping[int, date], terms: pl.DataFrame
) -> dict[int, date]:
    """For each school the day of `previous` that answers to its `last` day; one query."""
    only = next(iter(last)) if len(last) == 1 else None
    calendars = read_calendars(scope, terms, only)
    found = {}
    for school, moment in sorted(last.items()):
        now, then = chosen.span.days_of(school), previous.span.days_of(school)
        calendar = calendars.get(school)
        if now is None or then is None or calendar is None:
            continue
        reach = max(moment, then[1] + timedelta(days=_LONGEST))
        days = school_days(calendar, min(now[0], then[0]), reach)
        found[school] = min(same_point(days, now, then, moment), moment)
    return found
