"""What the results of examinations ask: who of the graduates has one, and by subject the marks of examination and year.

Inside a school only (row policies of journals and rolls); marks that are no digits are no results here. Of two marks of
a pupil in a journal the better counts: a resit replaces the examination.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries.contingent import ON_ROLL
from dashboard.queries.door import read
from etl.warehouse.metrics_exams import EXAM_GRADES
from etl.warehouse.ordering import class_order
from etl.warehouse.scope import Scope

_MARKS = """
marks AS (
    SELECT m.class_id, m.journal_id, m.pupil_id, m.kind, max(m.mark_code) AS code
    FROM fact_period_mark m
    WHERE m.school_id = ANY(:schools) AND m.school_id = :school AND m.school_year = :year AND m.deleted_latest IS NULL
      AND m.kind IN ('exam', 'year') AND m.mark_code BETWEEN 1 AND 5
      AND (CAST(:class_id AS int) IS NULL OR m.class_id = :class_id)
    GROUP BY 1, 2, 3, 4
)"""
_GRADUATES = f"""
WITH {_MARKS}
SELECT c.school_id, c.class_id, c.name AS class_name, count(DISTINCT x.pupil_id) AS graduates,
    count(DISTINCT x.pupil_id) FILTER (WHERE r.pupil_id IS NOT NULL) AS examined
FROM dim_class c
JOIN fact_enrolment x ON x.school_id = c.school_id AND x.class_id = c.class_id AND x.deleted_latest IS NULL
    AND {ON_ROLL.format(day=":until")}
LEFT JOIN (SELECT DISTINCT pupil_id FROM marks WHERE kind = 'exam') r ON r.pupil_id = x.pupil_id
WHERE c.school_id = ANY(:schools) AND c.school_id = :school AND c.school_year = :year AND c.deleted_latest IS NULL
  AND c.grade = ANY(:grades) AND (CAST(:class_id AS int) IS NULL OR c.class_id = :class_id)
GROUP BY 1, 2, 3, c.grade, c.letter ORDER BY {class_order("c.grade", "c.letter")}
"""
_SUBJECTS = f"""
WITH {_MARKS}
SELECT d.school_id, c.grade, u.name AS subject, count(*) AS exams, sum(x.code)::bigint AS exam_sum,
    count(y.code) AS pairs, coalesce(sum(x.code) FILTER (WHERE y.code IS NOT NULL), 0)::bigint AS pair_exam_sum,
    coalesce(sum(y.code), 0)::bigint AS year_sum
FROM marks x
JOIN dim_class c ON c.school_id = :school AND c.class_id = x.class_id
JOIN dim_journal d ON d.school_id = :school AND d.journal_id = x.journal_id
JOIN dim_subject u ON u.school_id = :school AND u.subject_id = d.subject_id
LEFT JOIN marks y ON y.journal_id = x.journal_id AND y.pupil_id = x.pupil_id AND y.kind = 'year'
WHERE x.kind = 'exam' AND d.school_id = ANY(:schools)
GROUP BY 1, 2, 3 ORDER BY 2, 3
"""


@dataclass(frozen=True)
class Exams:
    """`graduates`: class_name, graduates (of the roll on the last day), examined (of them with a result). `subjects`:
    grade, subject, exams, exam_sum; of pupils who also have a mark of the year: pairs, pair_exam_sum, year_sum."""

    graduates: pl.DataFrame
    subjects: pl.DataFrame


def read_exams(scope: Scope, filters: Filters, until: date, year: int) -> Exams:
    """Examinations of `filters.school` (and class) in a school year, rolls as of `until`; two queries."""
    asked: dict[str, Any] = {"school": filters.school, "class_id": filters.class_id, "year": year, "until": until,
                             "grades": list(EXAM_GRADES)}  # fmt: skip
    return Exams(read(scope, _GRADUATES, asked), read(scope, _SUBJECTS, asked))
