"""What the act in force says of everything around the journal, and the working days: for registers and duties."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboard.queries.door import read
from etl.warehouse.acts import ACT_IN_FORCE
from etl.warehouse.scope import Scope

_TERMS = f"""
SELECT f.school_id, p.parameter, p.label, p.value, p.clause, p.quotation, g.title AS act_title, g.act_number
FROM ({ACT_IN_FORCE}) f
JOIN regulation_parameter p ON p.regulation = f.regulation AND p.profile_version = f.profile_version
JOIN regulation g ON g.regulation = f.regulation AND g.profile_version = f.profile_version
WHERE f.school_id = ANY(:schools) AND f.school_id = :school AND p.value IS NOT NULL ORDER BY p.parameter_no
"""
_DAYS = """
SELECT d.school_id, d.date, d.is_staff_working FROM dim_calendar_day d
WHERE d.school_id = ANY(:schools) AND d.school_id = :school AND d.deleted_latest IS NULL
"""
_WEEK = """
SELECT s.school_id, coalesce(s.week_days, 5) AS week_days FROM dim_school s
WHERE s.school_id = ANY(:schools) AND s.school_id = :school
"""


@dataclass(frozen=True)
class Term:
    """One value of the act: plain JSON, its label, clause and the act that states it."""

    value: Any
    label: str
    clause: str
    quotation: str
    act: str


@dataclass(frozen=True)
class Terms:
    """The act in force where the data end (empty where none is stated), and the days on which staff works (annex B1):
    `exceptions` of the calendar by day, else Monday to `week_days`.
    """

    terms: dict[str, Term]
    exceptions: dict[date, bool]
    week_days: int

    def value(self, parameter: str, default: Any = None) -> Any:
        """What the act says, else `default`."""
        return self.terms[parameter].value if parameter in self.terms else default

    def is_working(self, day: date) -> bool:
        """Whether staff works that day."""
        return self.exceptions.get(day, day.isoweekday() <= self.week_days)

    def working_day_after(self, day: date, count: int) -> date:
        """The `count`-th working day after a day, which is day 0 (ledger page, Time 2)."""
        found = day
        while count > 0:
            found += timedelta(days=1)
            count -= self.is_working(found)
        return found


def read_terms(scope: Scope, school: int) -> Terms:
    """Three queries; a school that is not in the scope has no terms."""
    asked = {"school": school}
    rows = read(scope, _TERMS, asked)
    days = read(scope, _DAYS, asked)
    week = read(scope, _WEEK, asked)
    return Terms(
        {row["parameter"]: _term(row) for row in rows.iter_rows(named=True)},
        dict(days.select("date", pl.col("is_staff_working")).iter_rows()),
        int(week["week_days"][0]) if week.height else 5,
    )


def _term(row: dict[str, Any]) -> Term:
    act = row["act_number"] or row["act_title"]
    return Term(json.loads(row["value"]), row["label"], row["clause"] or "", row["quotation"] or "", act)
