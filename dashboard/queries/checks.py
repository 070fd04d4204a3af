"""What the page of checks asks: the runs, the verdicts of one and of those before it. No person is in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import schools
from dashboard.queries.door import read
from dashboard.small_groups import OF_PERSONS
from etl.warehouse.scope import Scope

SHOWN_RUNS = 30
TREND = 8
"""Runs whose verdicts stand side by side."""
_NUMBERS = ("applicable_count", "violated_count", "unknown_count")
VERDICTS = ("not_met", "cannot_tell", "met", "not_regulated")

_COUNTS = ", ".join(f"count(*) FILTER (WHERE c.verdict = '{verdict}') AS {verdict}" for verdict in VERDICTS)
_RUNS = f"""
SELECT c.school_id, c.run_id, r.started_at, r.finished_at, r.as_of,
       (r.summary -> 'left_out')::text AS left_out, {_COUNTS}
FROM check_result c JOIN check_run r USING (run_id)
WHERE c.school_id = ANY(:schools) AND c.school_id = :school
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY c.run_id DESC LIMIT {SHOWN_RUNS}
"""
_NEWEST = f"""
SELECT c.school_id, c.run_id, r.finished_at, {_COUNTS}
FROM check_result c JOIN check_run r USING (run_id)
JOIN (SELECT school_id, max(run_id) AS run_id FROM check_result GROUP BY 1) n USING (school_id, run_id)
WHERE c.school_id = ANY(:schools) GROUP BY 1, 2, 3 ORDER BY 1
"""
_RESULTS = """
SELECT c.school_id, c.run_id, c.check_id, c.rule, c.applicable_count, c.violated_count, c.unknown_count, c.norm_share,
       c.verdict
FROM check_result c
WHERE c.school_id = ANY(:schools) AND c.school_id = :school AND c.run_id = ANY(CAST(:runs AS int[]))
ORDER BY c.run_id DESC, c.check_id
"""


@dataclass(frozen=True)
class Checks:
    """The checks of one school.

    `school` = a row of `schools.read_schools`; `runs` newest first with counts of verdicts and `left_out` (JSON); `run`
    the chosen one; `results` = rows of it and of up to `TREND` - 1 runs before it, newest first; a number is null where
    it would tell of few persons.
    """

    school: dict[str, Any]
    runs: pl.DataFrame
    run: dict[str, Any] | None
    results: pl.DataFrame


def read_schools_and_verdicts(scope: Scope, _filters: Filters, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All schools of the scope and the counts of verdicts of each one's newest run; two queries."""
    return schools.read_schools(scope, now), read(scope, _NEWEST)


def read_checks(scope: Scope, filters: Filters, now: datetime) -> Checks | None:
    """The page of `filters.school`; `filters.page` is the place of the run, 1 = the newest. Three queries; None for a
    school that is not in the scope.
    """
    listed = schools.read_schools(scope, now, filters.school)
    if filters.school is None or listed.is_empty():
        return None
    school = {"school": filters.school}
    runs = read(scope, _RUNS, school)
    place = min(filters.page or 1, max(1, runs.height)) - 1
    numbers = runs["run_id"].to_list()[place : place + TREND]
    results = read(scope, _RESULTS, {**school, "runs": numbers})
    if scope.is_above:
        is_told = ~pl.col("rule").is_in(OF_PERSONS).fill_null(value=False)
        results = results.with_columns(pl.when(is_told).then(pl.col(name)).alias(name) for name in _NUMBERS)
    return Checks(listed.row(0, named=True), runs, runs.row(place, named=True) if runs.height else None, results)
