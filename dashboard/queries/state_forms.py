"""Pupils of a school on one day by grade, sex and year of birth: what forms for authorities are filled from
(requirements B-46; 003 2.2.1, А-2.3, Т-2.1.5, Т-3.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import periods
from dashboard.queries.contingent import ON_ROLL, read_roll_days
from dashboard.queries.door import read
from etl.warehouse.scope import Scope

# a pupil on the roll of two classes is one pupil of the school: of the class that came later
_PUPILS = f"""
WITH here AS (
    SELECT x.pupil_id, (array_agg(c.grade ORDER BY x.from_on DESC, x.class_id DESC))[1] AS grade,
        count(DISTINCT x.class_id) > 1 AS is_doubled
    FROM fact_enrolment x JOIN dim_class c ON c.school_id = x.school_id AND c.class_id = x.class_id
    WHERE x.school_id = ANY(:schools) AND x.school_id = :school AND x.school_year = :year
        AND c.school_year = :year AND x.deleted_latest IS NULL AND c.deleted_latest IS NULL
        AND {ON_ROLL.format(day=":day")}
    GROUP BY 1
)
SELECT h.grade, p.sex, p.birth_year, count(*) AS pupils, count(*) FILTER (WHERE h.is_doubled) AS doubled
FROM here h LEFT JOIN dim_pupil p ON p.school_id = ANY(:schools) AND p.school_id = :school AND p.pupil_id = h.pupil_id
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True)
class StateForms:
    """The school's row and period, the day that is counted, and one row per grade, sex (f, m, null = not known) and
    birth_year (null = not known) with pupils and, of these, doubled (on the roll of two classes that day)."""

    row: dict[str, Any]
    choice: periods.Choice
    day: date
    pupils: pl.DataFrame


def read_state_forms(scope: Scope, filters: Filters, now: datetime) -> StateForms | None:
    """Pupils of `filters.school` on the last day of the period that the data reach, as the page of pupils counts
    them; three queries. None where the school is not open or has no periods."""
    days = read_roll_days(scope, filters, now)
    if days is None:
        return None
    params = {"school": filters.school, "year": days.choice.period.span.year, "day": days.until}
    return StateForms(days.row, days.choice, days.until, read(scope, _PUPILS, params))
