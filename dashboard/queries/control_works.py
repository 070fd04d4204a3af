"""What the comparison of period marks with control works asks: sums by journal, one query, inside a school only.

A work counts in the period in which its marks' lesson lies, as current marks do (mart_pupil_journal); cancelled lessons
and marks that an incident annulled do not count.
"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods
from dashboard.queries.door import read
from dashboard.queries.performance import ENDS_IN_SPAN, params_of
from dashboard.queries.school import OWN
from dashboard.queries.void_marks import void_marks
from etl.warehouse.metrics import sums
from etl.warehouse.metrics_works import CONTROL_WORKS
from etl.warehouse.ordering import class_order
from etl.warehouse.scope import Scope

_SOURCE = next(iter(CONTROL_WORKS.values())).source
_GAPS = f"""
WITH {duty.SPAN}, works AS MATERIALIZED (
    SELECT w.school_year, w.work_id, w.journal_id FROM fact_work w
    WHERE w.school_id = ANY(:schools) AND w.school_id = :school AND w.school_year = :year AND w.deleted_latest IS NULL
      AND (w.is_monitoring OR w.kind = ANY(CAST(:kinds AS text[])))
      AND (CAST(:class_id AS int) IS NULL OR w.class_id = :class_id)
), {void_marks("SELECT journal_id FROM works")}, periods AS MATERIALIZED (
    SELECT p.period_id, p.starts_on, p.ends_on FROM dim_period p JOIN span ON span.school_id = p.school_id
    WHERE p.school_id = ANY(:schools) AND p.school_id = :school AND {ENDS_IN_SPAN}
), pairs AS (
    SELECT m.journal_id, m.pupil_id, p.period_id, m.work_id, m.mark_code, NULL::smallint AS given
    FROM works w
    JOIN fact_mark m ON m.school_id = :school AND m.school_year = w.school_year AND m.journal_id = w.journal_id
        AND m.work_id = w.work_id AND m.deleted_latest IS NULL AND m.mark_code BETWEEN 1 AND 5
        AND m.mark_id NOT IN (SELECT object_id FROM void)
    JOIN fact_lesson x ON x.school_id = :school AND x.school_year = m.school_year AND x.lesson_id = m.lesson_id
        AND x.deleted_latest IS NULL AND x.status <> 'cancelled' AND coalesce(x.kind, 'lesson') = 'lesson'
    JOIN periods p ON x.held_on BETWEEN p.starts_on AND p.ends_on
    UNION ALL SELECT r.journal_id, r.pupil_id, r.period_id, NULL, NULL, r.period_mark_code FROM mart_pupil_journal r
    WHERE r.school_id = ANY(:schools) AND r.school_id = :school AND r.school_year = :year
      AND r.period_mark_code BETWEEN 1 AND 5 AND (CAST(:class_id AS int) IS NULL OR r.class_id = :class_id)
), beside AS (
    -- a window and no join: under row policies a join is planned for one row, and reads the mart once for every mark
    SELECT b.journal_id, b.work_id, b.mark_code, max(b.given) OVER (
        PARTITION BY b.journal_id, b.pupil_id, b.period_id) AS period_mark_code FROM pairs b
)
SELECT l.school_id, l.class_id, l.journal_id, c.name AS class_name, s.name AS subject,
    count(DISTINCT m.work_id) AS work_count, {sums(_SOURCE)}
FROM beside m
JOIN dim_journal l ON l.school_id = :school AND l.journal_id = m.journal_id
JOIN dim_class c ON c.school_id = :school AND c.class_id = l.class_id
JOIN dim_subject s ON s.school_id = :school AND s.subject_id = l.subject_id
WHERE m.mark_code IS NOT NULL AND m.period_mark_code IS NOT NULL AND {OWN}
  AND (CAST(:subject AS int) IS NULL OR l.subject_id = :subject)
  AND (CAST(:parallel AS int) IS NULL OR c.grade = :parallel)
GROUP BY 1, 2, 3, 4, 5, c.grade, c.letter ORDER BY {class_order("c.grade", "c.letter")}, s.name, 3
"""


def read_control_works(
    scope: Scope, filters: Filters, period: periods.Period, until: date, newest: datetime, kinds: tuple[str, ...] = ()
) -> pl.DataFrame:
    """One row per journal with at least one pair: school_id, class_id, journal_id, class_name, subject, work_count and
    the sums of the source `control_work`; works of `kinds` count besides those of ВШК.

    `filters.school` must be stated; `until`, `newest` = the local day and the moment where its data end.
    """
    school = filters.school
    if school is None:
        raise ValueError("Control works are compared inside one school: filters.school is None.")
    asked = params_of(scope, filters, period, {school: until})
    return read(scope, _GAPS, {**asked, "newest": newest, "kinds": list(kinds)})
