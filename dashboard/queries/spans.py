"""Spans of days that a page can look at, and their codes in the URL. Pure.

A school's own periods have the codes `q2`, `t1`, `h1`, `year` (`periods`). The calendar gives three more: `m2026-09` a
month, `w2026-09-14` the week that begins on that Monday, `d2026-09-05_2026-09-20` the days from one to another. A code
that is not exactly so is nobody's: it reads as None, never as a neighbouring span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

Kind = Literal["month", "week", "days"]
MONTH: Kind = "month"
WEEK: Kind = "week"
DAYS: Kind = "days"
FIRST_MONTH = 8
"""Rows of August already belong to the school year that begins in September: its plans and timetables are due then."""
_CODE = re.compile(
    r"(?:m(?P<month>\d{4}-\d\d)|w(?P<week>\d{4}-\d\d-\d\d)|d(?P<first>\d{4}-\d\d-\d\d)_(?P<last>\d{4}-\d\d-\d\d))",
    re.ASCII,
)


@dataclass(frozen=True)
class Span:
    """Days of a period in every school, both inclusive: the parameters of the queries.

    A whole year has no days: all its rows. `is_exact` = cut by the day of the row, not by weeks: the days need not be
    whole weeks, so only sources that know the day of each row can answer (`duty.IN_DAYS`).
    """

    year: int
    is_year: bool
    schools: tuple[int, ...]
    starts: tuple[date, ...]
    ends: tuple[date, ...]
    is_exact: bool = False

    @property
    def params(self) -> dict[str, Any]:
        """Bound parameters `year`, `is_year`, `is_exact`, `span_schools`, `span_starts`, `span_ends`."""
        return {
            "year": self.year,
            "is_year": self.is_year,
            "is_exact": self.is_exact,
            "span_schools": list(self.schools),
            "span_starts": list(self.starts),
            "span_ends": list(self.ends),
        }

    @property
    def first(self) -> date:
        """The earliest first day of all schools."""
        return min(self.starts)

    @property
    def last(self) -> date:
        """The latest last day of all schools."""
        return max(self.ends)

    def days_of(self, school: int) -> tuple[date, date] | None:
        """First and last day in one school."""
        found = [days for days in zip(self.schools, self.starts, self.ends, strict=True) if days[0] == school]
        return found[0][1:] if found else None


@dataclass(frozen=True)
class CalendarSpan:
    """A month, a week or days of the calendar, the same in every school; `first` ≤ `last`, in one school year."""

    kind: Kind
    first: date
    last: date

    @property
    def code(self) -> str:
        """Its code in the URL; `read_code` gives the span back."""
        if self.kind == MONTH:
            return f"m{self.first:%Y-%m}"
        if self.kind == WEEK:
            return f"w{self.first.isoformat()}"
        return f"d{self.first.isoformat()}_{self.last.isoformat()}"

    @property
    def year(self) -> int:
        """The calendar year in which its school year starts; a week belongs where its Thursday lies."""
        return school_year(self.first + timedelta(days=3) if self.kind == WEEK else self.first)

    def over(self, schools: Iterable[int]) -> Span:
        """The same days in every school."""
        keys = tuple(sorted(schools))
        count = len(keys)
        return Span(self.year, False, keys, (self.first,) * count, (self.last,) * count, self.kind == DAYS)

    def before(self) -> CalendarSpan:
        """The one before it: the month, the week, or as many days directly before."""
        day_before = self.first - timedelta(days=1)
        if self.kind == MONTH:
            return month_of(day_before)
        return CalendarSpan(self.kind, self.first - (self.last - day_before), day_before)

    def a_year_before(self) -> CalendarSpan:
        """The same month, the same week by weekdays (52 weeks back), or the same dates a year earlier."""
        if self.kind == MONTH:
            return month_of(self.first.replace(year=self.first.year - 1))
        if self.kind == WEEK:
            return CalendarSpan(WEEK, self.first - timedelta(weeks=52), self.last - timedelta(weeks=52))
        return CalendarSpan(DAYS, _year_back(self.first), _year_back(self.last))


def school_year(day: date) -> int:
    """The calendar year in which the school year of a day starts."""
    return day.year if day.month >= FIRST_MONTH else day.year - 1


def month_of(day: date) -> CalendarSpan:
    """The month in which a day lies."""
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return CalendarSpan(MONTH, first, following - timedelta(days=1))


def week_of(day: date) -> CalendarSpan:
    """The week, Monday to Sunday, in which a day lies."""
    monday = day - timedelta(days=day.weekday())
    return CalendarSpan(WEEK, monday, monday + timedelta(days=6))


def days_of(first: date, last: date) -> CalendarSpan:
    """The days from one to another, whichever is the earlier; cut at the end of the school year of the first one."""
    first, last = min(first, last), max(first, last)
    end = date(school_year(first) + 1, FIRST_MONTH, 1) - timedelta(days=1)
    return CalendarSpan(DAYS, first, min(last, end))


def read_code(code: str) -> CalendarSpan | None:
    """The span of a code; None for every other text, also for a week that begins on no Monday and for turned dates."""
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    try:
        if found["month"]:
            span = month_of(date.fromisoformat(f"{found['month']}-01"))
        elif found["week"]:
            span = week_of(date.fromisoformat(found["week"]))
        else:
            span = days_of(date.fromisoformat(found["first"]), date.fromisoformat(found["last"]))
    except (ValueError, OverflowError):  # no such day, or a month or week beyond the calendar
        return None
    return span if 2000 <= span.year <= 2100 and span.code == code else None


def _year_back(day: date) -> date:
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)
