"""Working and instructional days (B1), and the arithmetic of deadlines on dates (ledger page, Time; L6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from tests.oracle.bundle import Row

DAY = timedelta(days=1)
# Finest kind first; quarter and trimester are equally fine.
KIND_TIERS = (("quarter", "trimester"), ("half_year",), ("year",))


class Calendar:
    """The days of one school."""

    def __init__(self, school: Row, days: list[Row], periods: list[Row]) -> None:
        self.school = school
        self.days = {row["date"]: row for row in days}
        self.periods = periods

    def is_weekday(self, day: date, school_class: Row | None) -> bool:
        """Monday–Friday, –Saturday in a 6-day week of the class, else of the school (default 5)."""
        week_days = (school_class["week_days"] if school_class else None) or self.school["week_days"] or "5"
        return day.isoweekday() <= int(week_days)

    def is_working(self, day: date, school_class: Row | None) -> bool:
        if day in self.days:
            return bool(self.days[day]["is_staff_working"])
        return self.is_weekday(day, school_class)

    def periods_of(self, grade: int, school_year: str) -> list[Row]:
        """Periods of the finest kind that the grade has in the school year."""
        own = [
            period
            for period in self.periods
            if period["school_year"] == school_year and period["grade_from"] <= grade <= period["grade_to"]
        ]
        for kinds in KIND_TIERS:
            found = [period for period in own if period["kind"] in kinds]
            if found:
                return found
        return []

    def is_instructional(self, day: date, school_class: Row | None) -> bool:
        if day in self.days:
            return bool(self.days[day]["is_instructional"])
        if not self.is_weekday(day, school_class):
            return False
        if school_class is None:
            return True
        periods = self.periods_of(school_class["grade"], school_class["school_year"])
        return not periods or any(period["starts_on"] <= day <= period["ends_on"] for period in periods)

    def deadline(self, text: str, anchor: date, school_class: Row | None, roll: str = "next_working") -> date:
        """The date whose 23:59:59 is the deadline `same_day`, `<n>d` (rolls), `<n>wd`."""
        if text == "same_day":
            return anchor
        working = re.fullmatch(r"(\d+)wd", text)
        if working:
            return self._nth_working(int(working[1]), anchor, school_class)
        calendar_days = re.fullmatch(r"(\d+)d", text)
        if not calendar_days:
            raise ValueError(f"not a deadline in days: {text!r}")
        return self.rolled(anchor + int(calendar_days[1]) * DAY, school_class, roll)

    def rolled(self, day: date, school_class: Row | None, roll: str = "next_working") -> date:
        tests: dict[str, Callable[[date, Row | None], bool]] = {
            "none": lambda day, school_class: True,
            "next_working": self.is_working,
            "next_instructional": self.is_instructional,
        }
        for _ in range(400):
            if tests[roll](day, school_class):
                return day
            day += DAY
        raise ValueError(f"no such day within 400 days before {day}")

    def _nth_working(self, count: int, anchor: date, school_class: Row | None) -> date:
        day = anchor
        while count:
            day += DAY
            count -= self.is_working(day, school_class)
        return day


def day_of_school_year(text: str, school_year: str) -> date:
    """`MM-DD`: July–December lies in the first calendar year, January–June in the second (L6)."""
    month, day = (int(part) for part in text.split("-"))
    first, second = (int(part) for part in school_year.split("/"))
    return date(first if month >= 7 else second, month, day)
