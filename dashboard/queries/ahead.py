"""What is coming in a school next week: periods that end, scheduled works, deadlines that fall due, and
forecasts by journal; six queries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from dashboard.queries.door import read
from dashboard.queries.forecast import Forecasts, read_journal_forecasts
from etl.warehouse.ledger import RULE
from etl.warehouse.scope import Scope

PERIOD_NEAR = 14
"""Days before the end of a period in which its period marks are announced."""
_WORKS = """
SELECT x.planned_on, j.journal_id, j.class_id, c.name AS class_name, s.name AS subject, x.work_kind AS kind,
    x.is_monitoring, count(*) OVER (PARTITION BY j.class_id, x.planned_on) AS same_day
FROM fact_assessment x
JOIN dim_journal j ON j.school_id = x.school_id AND j.school_year = x.school_year AND j.group_id = x.group_id
    AND j.subject_id = x.subject_id
JOIN dim_class c ON c.school_id = j.school_id AND c.class_id = j.class_id
JOIN dim_subject s ON s.school_id = j.school_id AND s.subject_id = j.subject_id
WHERE x.school_id = ANY(:schools) AND x.school_id = :school AND x.deleted_latest IS NULL
  AND x.planned_on BETWEEN :first AND :last
ORDER BY x.planned_on, c.grade, c.letter, s.name, x.assessment_id
"""
_PERIODS = """
SELECT DISTINCT p.school_id, p.kind, p.number, p.ends_on FROM dim_period p
WHERE p.school_id = ANY(:schools) AND p.school_id = :school AND p.deleted_latest IS NULL
  AND p.ends_on BETWEEN :today AND CAST(:today AS date) + :near
ORDER BY p.ends_on, p.kind, p.number
"""
# a lesson without any entry is no duty of its own here: its topic, homework and attendance are counted
_DUTIES = f"""
SELECT r.rule, count(*) AS n, count(*) FILTER (WHERE r.anchor_on <= CAST(:today AS date)) AS behind,
    count(DISTINCT r.staff_id) AS staff
FROM ledger_row r JOIN dim_school s USING (school_id)
WHERE r.school_id = ANY(:schools) AND r.school_id = :school AND r.judgement_id = 0 AND r.is_required
  AND r.excluded IS NULL AND r.can_tell AND r.done_earliest IS NULL AND r.rule <> {RULE["no_entry"].number}
  AND r.due_at >= CAST(:first AS timestamp) AT TIME ZONE s.timezone
  AND r.due_at < (CAST(:last AS timestamp) + interval '1 day') AT TIME ZONE s.timezone
GROUP BY 1 ORDER BY n DESC, 1
"""


@dataclass(frozen=True)
class Ahead:
    """Next week, Monday `first` to Sunday `last`: `works` scheduled in it, `periods` that end soon, forecasts.

    `duties`: records that are not made where the data end and whose deadline falls into the week, by rule: n, of which
    behind = those of days that are over, and staff = how many people owe them.
    """

    first: date
    last: date
    works: pl.DataFrame
    periods: pl.DataFrame
    duties: pl.DataFrame
    forecasts: Forecasts


def read_ahead(scope: Scope, school: int, until: date) -> Ahead:
    """What follows the last day of the school's data; the week after the one in which they end."""
    first = until + timedelta(days=7 - until.weekday())
    last = first + timedelta(days=6)
    params = {"school": school, "first": first, "last": last, "today": until, "near": PERIOD_NEAR}
    return Ahead(
        first,
        last,
        read(scope, _WORKS, params),
        read(scope, _PERIODS, params),
        read(scope, _DUTIES, params),
        read_journal_forecasts(scope, school),
    )
