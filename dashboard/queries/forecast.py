"""What pages ask about forecasts: rows of the running period, and how often the same rule was right before.

The rules stand in `etl.transforms.forecast`; the load applies them where the data end, so a page only reads.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard.queries.door import read
from etl.warehouse.metrics import sums
from etl.warehouse.metrics_forecast import FORECAST_LAG_MARGIN, FORECAST_SHORT
from etl.warehouse.scope import Scope

_HERE = """f.school_id = ANY(:schools) AND f.school_id = :school
  AND (CAST(:class_id AS int) IS NULL OR f.class_id = :class_id)"""
_NAMED = """
JOIN dim_journal j ON j.school_id = f.school_id AND j.journal_id = f.journal_id
JOIN dim_class c ON c.school_id = f.school_id AND c.class_id = f.class_id
JOIN dim_subject s ON s.school_id = f.school_id AND s.subject_id = j.subject_id
JOIN dim_group g ON g.school_id = f.school_id AND g.group_id = j.group_id
JOIN dim_period p ON p.school_id = f.school_id AND p.period_id = f.period_id"""
_PLACE = """f.journal_id, f.class_id, c.name AS class_name, c.grade, c.letter, s.name AS subject,
    g.kind AS group_kind, g.name AS group_name, p.kind AS period_kind, p.number AS period_number, p.ends_on"""
_MARKS = f"""
SELECT {_PLACE}, f.pupil_id, n.full_name, f.lesson_count, f.ahead_count, f.mark_count, f.needed_count,
    f.year_lesson_count, f.year_mark_count, f.forecast, f.is_unmarked, f.is_norm_stated
FROM mart_mark_forecast f {_NAMED}
LEFT JOIN dim_pupil_name n ON n.school_id = f.school_id AND n.pupil_id = f.pupil_id
WHERE {_HERE} AND (CAST(:pupil AS int) IS NULL OR f.pupil_id = :pupil)
ORDER BY f.mark_count - f.needed_count, f.ahead_count, s.name, n.full_name, f.pupil_id, f.journal_id
"""
_JOURNALS = f"""
SELECT {_PLACE}, min(f.ahead_count)::int AS ahead_count, count(*) AS pupil_count,
    count(*) FILTER (WHERE f.forecast = {FORECAST_SHORT}) AS short_count,
    count(*) FILTER (WHERE f.is_unmarked) AS unmarked_count
FROM mart_mark_forecast f {_NAMED}
WHERE {_HERE}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
HAVING count(*) FILTER (WHERE f.forecast = {FORECAST_SHORT} OR f.is_unmarked) > 0
ORDER BY short_count DESC, ahead_count, c.grade, c.letter, s.name, f.journal_id
"""
_PROGRAMME = f"""
SELECT {_PLACE}, f.planned_count, f.held_count, f.planned_end_count, f.lag
FROM mart_programme_forecast f {_NAMED}
WHERE {_HERE} AND f.lag > {FORECAST_LAG_MARGIN}
ORDER BY f.lag DESC, c.grade, c.letter, s.name, f.journal_id
"""
_HITS = f"""
SELECT f.school_id, f.kind, count(DISTINCT f.period_id) AS periods, {sums("forecast")}
FROM mart_forecast_hit f WHERE f.school_id = ANY(:schools) AND f.school_id = :school
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Forecasts:
    """Forecasts until the end of the running period, as far as the row policies show them.

    `marks` one row per pupil and journal (empty where only journals were asked), `journals` one per journal with
    somebody short or without a mark, `programme` one per journal with a lag beyond the margin; the worst first.
    `hits` sums of mart_forecast_hit of the whole school by kind: it holds no person.
    """

    marks: pl.DataFrame
    journals: pl.DataFrame
    programme: pl.DataFrame
    hits: pl.DataFrame


def read_pupil_forecasts(scope: Scope, school: int, class_id: int | None, pupil: int | None = None) -> Forecasts:
    """Forecasts by pupil of a class, of one pupil, or of the reader's own journals; three queries."""
    params = {"school": school, "class_id": class_id, "pupil": pupil}
    return Forecasts(
        read(scope, _MARKS, params), pl.DataFrame(), read(scope, _PROGRAMME, params), read(scope, _HITS, params)
    )


def read_journal_forecasts(scope: Scope, school: int) -> Forecasts:
    """Forecasts by journal of a whole school; three queries."""
    params = {"school": school, "class_id": None, "pupil": None}
    return Forecasts(
        pl.DataFrame(), read(scope, _JOURNALS, params), read(scope, _PROGRAMME, params), read(scope, _HITS, params)
    )
