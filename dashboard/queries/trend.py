"""What the trend of a class's or a pupil's marks asks: digits of a period in two halves, one query a period.

Only where the class is open as a whole: the caller has read its page, and the row policies say the same again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods
from dashboard.queries.door import read
from dashboard.queries.performance import ENDS_IN_SPAN, params_of
from dashboard.queries.void_marks import void_marks
from etl.warehouse.metrics_forecast import cut_day
from etl.warehouse.scope import Scope

# the later half begins after the earlier one; of an odd number the middle mark belongs to neither
_HALVES = f"""
WITH {duty.SPAN}, {void_marks("SELECT journal_id FROM dim_journal WHERE school_id = :school AND class_id = :class_id")},
places AS MATERIALIZED (
    SELECT l.journal_id, l.period_id, l.pupil_id, l.period_mark_code, p.starts_on,
        least(p.ends_on, CAST(:cut AS date)) AS last_on
    FROM mart_pupil_journal l JOIN span USING (school_id) JOIN dim_period p USING (school_id, period_id)
    WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year AND l.class_id = :class_id
      AND (CAST(:pupil AS int) IS NULL OR l.pupil_id = :pupil) AND {ENDS_IN_SPAN}
), digits AS (
    SELECT r.*, x.mark_code, round(coalesce(k.weight, 1) * 100)::int AS weight,
        row_number() OVER (PARTITION BY r.journal_id, r.period_id, r.pupil_id ORDER BY o.held_on, o.slot, x.mark_id)
            AS place,
        count(*) OVER (PARTITION BY r.journal_id, r.period_id, r.pupil_id) AS n
    FROM places r
    JOIN fact_mark x ON x.school_id = :school AND x.school_year = :year AND x.journal_id = r.journal_id
        AND x.pupil_id = r.pupil_id AND x.deleted_latest IS NULL AND x.mark_code BETWEEN 1 AND 5
        AND x.mark_id NOT IN (SELECT object_id FROM void)
    JOIN fact_lesson o ON o.school_id = :school AND o.school_year = :year AND o.lesson_id = x.lesson_id
        AND o.deleted_latest IS NULL AND o.status <> 'cancelled' AND coalesce(o.kind, 'lesson') = 'lesson'
        AND o.held_on BETWEEN r.starts_on AND r.last_on
    LEFT JOIN fact_work k ON k.school_id = :school AND k.school_year = :year AND k.work_id = x.work_id
)
SELECT CAST(:school AS int) AS school_id, journal_id, period_id, pupil_id, period_mark_code,
    n AS digit_count, sum(weight) AS weight, sum(weight * mark_code) AS points,
    coalesce(sum(weight) FILTER (WHERE place <= n / 2), 0) AS early_weight,
    coalesce(sum(weight * mark_code) FILTER (WHERE place <= n / 2), 0) AS early_points,
    coalesce(sum(weight) FILTER (WHERE place > n - n / 2), 0) AS late_weight,
    coalesce(sum(weight * mark_code) FILTER (WHERE place > n - n / 2), 0) AS late_points
FROM digits GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 2, 3, 4
"""


@dataclass(frozen=True)
class Trends:
    """`rows` of the period looked at and `past` of the one before it, as it stood as far in: one row per journal,
    period and pupil with a digit — journal_id, period_id, pupil_id, period_mark_code, digit_count, and in
    hundredths weight, points and early_ and late_ ones of both halves. `past` is of the whole class also where one
    pupil is asked for, and empty where the period has no predecessor or is over."""

    rows: pl.DataFrame
    past: pl.DataFrame


def read_trends(scope: Scope, filters: Filters, choice: periods.Choice, until: date, newest: datetime) -> Trends:
    """Digits of `filters.class_id` (and pupil) in halves; two queries at most. `until`, `newest` = the local day and
    the moment where the school's data end."""
    school, days = filters.school, choice.period.span.days_of(filters.school or 0)
    if school is None or days is None:
        return Trends(pl.DataFrame(), pl.DataFrame())
    rows = _halves(scope, filters, choice.period, until, newest, filters.pupil)
    then = choice.previous.span.days_of(school) if choice.previous is not None else None
    if choice.previous is None or then is None or not days[0] <= until <= days[1]:
        return Trends(rows, pl.DataFrame())
    cut = cut_day(*then, (*days, until))
    return Trends(rows, _halves(scope, filters, choice.previous, cut, newest, None))


def _halves(
    scope: Scope, filters: Filters, period: periods.Period, cut: date, newest: datetime, pupil: int | None
) -> pl.DataFrame:
    asked: dict[str, Any] = params_of(scope, filters, period, {filters.school or 0: cut})
    return read(scope, _HALVES, {**asked, "cut": cut, "newest": newest, "pupil": pupil})
