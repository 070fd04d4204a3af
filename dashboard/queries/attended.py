"""Attendance above a school: sums of whole schools in atoms that no two views on offer can cut any further.

A view there is a period of the school's own, a month, a week or a year, until a fixed day (`fixed_day`). All their
edges are Mondays, first days of months and the edges of periods, so a piece of days between two edges lies in a view
wholly or not at all, and a difference of two views is a sum of pieces.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from dashboard.queries import duty
from dashboard.queries.door import read
from dashboard.queries.periods import Period
from dashboard.small_groups import ATTENDANCE, withheld
from etl.warehouse.metrics import sums
from etl.warehouse.scope import Scope

_PIECES = f"""
WITH {duty.SPAN}, {duty.MOMENT}, edges AS (
    SELECT e.school_id, array_agg(e.day ORDER BY e.day) AS days FROM (
        SELECT school_id, starts_on AS day FROM dim_period
        WHERE school_id = ANY(:schools) AND school_year = :year AND deleted_latest IS NULL
        UNION SELECT school_id, ends_on + 1 FROM dim_period
        WHERE school_id = ANY(:schools) AND school_year = :year AND deleted_latest IS NULL
    ) e GROUP BY 1
)
SELECT l.school_id, date_trunc('week', l.held_on)::date AS week_on, date_trunc('month', l.held_on)::date AS month_on,
    coalesce(width_bucket(l.held_on, edges.days), 0) AS piece, {sums("attendance")}
FROM mart_attendance_school l JOIN span USING (school_id) JOIN moment USING (school_id)
LEFT JOIN edges USING (school_id)
WHERE l.school_id = ANY(:schools) AND l.school_year = :year AND l.held_on <= moment.day
  AND (CAST(:is_year AS boolean) OR l.held_on BETWEEN span.starts_on AND span.ends_on)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def read_attended(
    scope: Scope, period: Period, days: Mapping[int, date], newest: Mapping[int, date], limits: Mapping[int, int]
) -> pl.DataFrame:
    """Sums of attendance by school_id and piece (week_on, month_on, piece) of `period` until `days`; one query.

    `newest` = where the data of each school end; small pieces, and schools smaller than `limits`, are gone.
    """
    fixed = fixed_days(days, newest)
    params = {**period.span.params, "day_schools": list(fixed), "days": list(fixed.values())}
    return withheld(read(scope, _PIECES, params), ATTENDANCE, limits)


def fixed_day(day: date, newest: date | None) -> date:
    """The last day of a week that is not after `day`, or `newest`, where the data end: what is on offer above a school.

    Two free days would tell, by their difference, of the children of one day.
    """
    return day if newest is not None and day >= newest else day - timedelta(days=day.isoweekday() % 7)


def fixed_days(days: Mapping[int, date], newest: Mapping[int, date]) -> dict[int, date]:
    """`fixed_day` for each school."""
    return {school: fixed_day(day, newest.get(school)) for school, day in days.items()}
