"""What «Пропуски по классам» asks: the periods of every class with the lessons missed in them, and what was entered.

Inside a school only, for whoever is granted the whole school or this very class (the row policies say it again).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboard.class_totals import Asked, with_state
from dashboard.filters import Filters
from dashboard.queries.door import cached, read
from dashboard.queries.filling import CLASS_PERIODS
from dashboard.queries.periods import LETTERS
from etl.warehouse.acts import ACT_IN_FORCE
from etl.warehouse.scope import Scope

REGISTER = "class_absence_summary"
_ASKED = f"""
SELECT f.school_id, p.value, p.clause, coalesce(g.act_number, g.title) AS act
FROM ({ACT_IN_FORCE}) f
JOIN regulation_parameter p ON p.regulation = f.regulation AND p.profile_version = f.profile_version
JOIN regulation g ON g.regulation = f.regulation AND g.profile_version = f.profile_version
WHERE f.school_id = ANY(:schools) AND f.school_id = :school AND p.parameter = 'class_absence_summary_frequency'
  AND p.value IS NOT NULL
"""
_LETTER = " ".join(f"WHEN '{kind}' THEN '{letter}'" for kind, letter in LETTERS.items())
_SPANS = f"""
WITH {CLASS_PERIODS}, span AS (
    SELECT class_id, CASE kind {_LETTER} END || number AS code,
           min(starts_on) AS starts_on, max(ends_on) AS ends_on
    FROM class_periods WHERE fineness = 1 AND kind <> 'year' AND CAST(:every AS text) IS DISTINCT FROM 'month'
    GROUP BY class_id, kind, number
    UNION ALL
    SELECT b.class_id, to_char(m, '"m"YYYY-MM'), greatest(m::date, b.starts_on),
           least((m + interval '1 month - 1 day')::date, b.ends_on)
    FROM (SELECT class_id, min(starts_on) AS starts_on, max(ends_on) AS ends_on FROM class_periods GROUP BY 1) b
    CROSS JOIN LATERAL generate_series(date_trunc('month', b.starts_on::timestamp), b.ends_on::timestamp, '1 month') m
    WHERE CAST(:every AS text) = 'month'
), held AS MATERIALIZED (
    SELECT class_id, held_on, sum(slot_count) AS slot_count, sum(missed_count) AS missed_count,
           sum(missed_illness_count) AS missed_illness_count, sum(missed_invalid_count) AS missed_invalid_count
    FROM mart_attendance_day
    WHERE school_id = ANY(:schools) AND school_id = :school AND school_year = :year
    GROUP BY class_id, held_on
)
SELECT c.school_id, c.class_id, c.name AS class_name, c.grade, c.letter, s.code, s.starts_on, s.ends_on,
    coalesce(sum(l.slot_count), 0)::bigint AS slot_count, coalesce(sum(l.missed_count), 0)::bigint AS missed_count,
    coalesce(sum(l.missed_illness_count), 0)::bigint AS missed_illness_count,
    coalesce(sum(l.missed_invalid_count), 0)::bigint AS missed_invalid_count
FROM dim_class c JOIN span s USING (class_id)
LEFT JOIN held l ON l.class_id = c.class_id AND l.held_on BETWEEN s.starts_on AND least(s.ends_on, CAST(:until AS date))
WHERE c.school_id = ANY(:schools) AND c.school_id = :school AND c.school_year = :year AND c.deleted_latest IS NULL
  AND s.starts_on <= CAST(:until AS date) AND (CAST(:class_id AS int) IS NULL OR c.class_id = :class_id)
  AND EXISTS (SELECT 1 FROM access_row a WHERE a.school_id = c.school_id
      AND (a.level = 'school' OR (a.level = 'class' AND a.class_id = c.class_id)))
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY s.ends_on, c.grade, c.letter, c.class_id
"""
# the versions of a line until the day looked at; a day earlier nobody had entered what came later
_LINES = f"""
SELECT v.school_id, v.class_id, v.period AS code, v.{REGISTER}_id AS line, v.missed_count AS entered_count,
    v.illness_count, v.invalid_count, v.author AS decided_by, v.entered_at, v.first_on
FROM (
    SELECT DISTINCT ON (r.school_id, r.{REGISTER}_id) r.*,
        min((r.entered_at AT TIME ZONE s.timezone)::date) OVER (PARTITION BY r.school_id, r.{REGISTER}_id) AS first_on
    FROM {REGISTER} r JOIN dim_school s USING (school_id)
    WHERE r.school_id = ANY(:schools) AND r.school_id = :school AND r.school_year = :year
      AND (CAST(:class_id AS int) IS NULL OR r.class_id = :class_id)
      AND (CAST(:as_of AS date) IS NULL OR (r.entered_at AT TIME ZONE s.timezone)::date <= :as_of)
    ORDER BY r.school_id, r.{REGISTER}_id, r.version_no DESC
) v WHERE NOT v.is_withdrawn
"""


@dataclass(frozen=True)
class ClassTotals:
    """What the act asks, and one row per class and period that has begun, see `class_totals.with_state`: class_name,
    grade, letter, code, starts_on, ends_on, slot_count, missed_count, missed_illness_count, missed_invalid_count; of
    the line line, entered_count, illness_count, invalid_count, decided_by, entered_at, first_on.
    """

    asked: Asked
    rows: pl.DataFrame


def read_class_totals(scope: Scope, filters: Filters, until: date, year: int) -> ClassTotals:
    """The totals of `filters.school`, of `filters.class_id` where it is set, at the end of `until`; lines as they were
    on `filters.as_of`. One query where the sums are remembered, three where not; no rows above a school."""
    position = Filters(school=filters.school, class_id=filters.class_id)
    asked, spans = cached(scope, position, _loaded, until, year, school=filters.school)
    lines = read(scope, _LINES, {"school": filters.school, "class_id": filters.class_id, "year": year,
                                 "as_of": filters.as_of})  # fmt: skip
    rows = with_state(spans, lines.drop("school_id"), until, is_asked=asked.every is not None)
    return ClassTotals(asked, rows)


def _loaded(scope: Scope, filters: Filters, until: date, year: int) -> tuple[Asked, pl.DataFrame]:
    said = read(scope, _ASKED, {"school": filters.school})
    asked = Asked()
    if said.height:
        row = said.row(0, named=True)
        asked = Asked(json.loads(row["value"]), row["clause"] or "", row["act"])
    params = {"school": filters.school, "class_id": filters.class_id, "year": year, "until": until,
              "every": asked.every}  # fmt: skip
    return asked, read(scope, _SPANS, params)
