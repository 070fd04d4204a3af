"""What was answered for a school before holds until somebody answers otherwise: a later export need not repeat it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from etl.sources.answers import Answers, PeriodAnswer
from etl.warehouse.engine import owner_connection

_SCHOOL = (
    "SELECT s.school_id, s.name, m.name, s.region, s.timezone, s.week_days, s.regulation_named FROM dim_school s"
    " JOIN dim_municipality m USING (municipality_id) WHERE s.school_key = %s"
)
_PERIODS = (
    "SELECT kind, number, starts_on, ends_on, grade_from, grade_to FROM dim_period WHERE school_id = %s"
    " AND deleted_latest IS NULL ORDER BY starts_on, kind, number, grade_from"
)
NAMES = ("school_name", "municipality", "region", "timezone", "week_days", "regulation")


def with_stored(answers: Answers, url: str) -> Answers:
    """The answers, blank ones filled with what the warehouse holds of their school: a file's blank would empty it."""
    with owner_connection(url) as connection:
        row = connection.execute(_SCHOOL, [answers.school_key]).fetchone() if answers.school_key else None
        if row is None:
            return answers
        periods = connection.execute(_PERIODS, [row[0]]).fetchall() if not answers.periods else []
    found: dict[str, Any] = {
        name: value for name, value in zip(NAMES, row[1:], strict=True) if value and not getattr(answers, name)
    }
    if periods:
        found["periods"] = tuple(PeriodAnswer(*each) for each in periods)
    return replace(answers, **found)
