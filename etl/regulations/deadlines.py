"""How a regulation writes a time limit: `same_day`, `at_entry`, `check_day`, `2d`, `2wd`, `1h`, `09-05`.

Only the grammar lives here. What a limit means on a calendar (day 0, rolls, working days) is for the ledger.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DeadlineKind(StrEnum):
    """The unit a limit counts in. The event day is day 0 (the obligation ledger, "Time" 2)."""

    SAME_DAY = "same_day"
    AT_ENTRY = "at_entry"
    CHECK_DAY = "check_day"
    DAYS = "d"
    WORKING_DAYS = "wd"
    INSTRUCTIONAL_DAYS = "id"
    HOURS = "h"


COUNTED = {DeadlineKind.DAYS, DeadlineKind.WORKING_DAYS, DeadlineKind.INSTRUCTIONAL_DAYS, DeadlineKind.HOURS}
LONGEST = 366
_COUNTED_TEXT = re.compile(r"(\d{1,3})(d|wd|id|h)(\+same_day)?")


@dataclass(frozen=True, slots=True)
class Deadline:
    """One time limit. `amount` counts units of `kind` (0 for the kinds that are not counted).

    `also_same_day`: the earlier of this limit and 23:59:59 of the event day (`1h+same_day`, annex R2).
    """

    kind: DeadlineKind
    amount: int = 0
    also_same_day: bool = False

    @property
    def form(self) -> str:
        """The grammar form it was written in: a kind, or `h+same_day`."""
        return f"{self.kind}+same_day" if self.also_same_day else str(self.kind)

    def __str__(self) -> str:
        return f"{self.amount}{self.form}" if self.kind in COUNTED else self.form


DEADLINE_FORMS: dict[str, str] = {
    "same_day": "same_day",
    "at_entry": "at_entry",
    "check_day": "check_day",
    "d": "<n>d (calendar days)",
    "wd": "<n>wd (staff working days)",
    "id": "<n>id (instructional days)",
    "h": "<n>h (hours)",
    "h+same_day": "<n>h+same_day (the earlier of the two)",
}


def parse_deadline(text: str) -> Deadline:
    """Read one limit. Raises ValueError with the reason; the caller names the file and the key."""
    if text in (DeadlineKind.SAME_DAY, DeadlineKind.AT_ENTRY, DeadlineKind.CHECK_DAY):
        return Deadline(DeadlineKind(text))
    match = _COUNTED_TEXT.fullmatch(text)
    if match is None:
        raise ValueError("is not a deadline")
    kind, amount, also_same_day = DeadlineKind(match[2]), int(match[1]), match[3] is not None
    if also_same_day and kind is not DeadlineKind.HOURS:
        raise ValueError("combines +same_day with days; only hours can be combined")
    if not 1 <= amount <= LONGEST:
        raise ValueError(f"counts {amount}; write same_day for 0, and no more than {LONGEST}")
    return Deadline(kind, amount, also_same_day)


@dataclass(frozen=True, slots=True, order=True)
class MonthDay:
    """A date that comes back every school year. July–December lies in its first calendar year (annex L6)."""

    month: int
    day: int

    def in_school_year(self, school_year: str) -> date:
        """The date in a school year written `2024/2025`. Raises ValueError on another form."""
        if re.fullmatch(r"\d{4}/\d{4}", school_year) is None:
            raise ValueError(f"School year {school_year!r} is not of the form 2024/2025.")
        first, second = (int(year) for year in school_year.split("/"))
        return date(first if self.month >= 7 else second, self.month, self.day)

    def __str__(self) -> str:
        return f"{self.month:02d}-{self.day:02d}"


def parse_month_day(text: str) -> MonthDay:
    """Read `09-05`. Raises ValueError with the reason; 29 February is refused because most years lack it."""
    match = re.fullmatch(r"(\d{2})-(\d{2})", text)
    if match is None:
        raise ValueError("is not a date of the form MM-DD")
    month, day = int(match[1]), int(match[2])
    try:
        date(2001, month, day)
    except ValueError:
        raise ValueError("is not a day that every year has") from None
    return MonthDay(month, day)
