"""What the page of filling asks: who fills what and how late, a constant number of queries whatever the school."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods, schools
from dashboard.queries.door import read
from dashboard.queries.overview import RULE_NUMBERS
from dashboard.queries.school import JOURNALS
from etl.warehouse.ledger import RULE, Status
from etl.warehouse.metrics import LESSON_RULES, sums
from etl.warehouse.metrics_filling import RUSH_RULES
from etl.warehouse.register_rights import newest_lines
from etl.warehouse.scope import Scope

LISTED = 40
"""Lessons named one by one where the page is narrowed to a person or a class."""
_LAG_NUMBERS = [RULE[name].number for name in (*RUSH_RULES, "period_mark")]
_LESSONS = [RULE[name].number for name in LESSON_RULES]
_SILENT = int(Status.indeterminate)

NARROW = """
  AND (CAST(:class_id AS int) IS NULL OR d.class_id = :class_id)
  AND (CAST(:staff AS int) IS NULL OR d.staff_id = :staff)
  AND (CAST(:parallel AS int) IS NULL OR d.class_id IN (
        SELECT c.class_id FROM dim_class c WHERE c.school_id = :school AND c.grade = :parallel))
  AND (CAST(:subject AS int) IS NULL OR d.journal_id IN (
        SELECT j.journal_id FROM dim_journal j WHERE j.school_id = :school AND j.subject_id = :subject))
"""
"""Rows `d` of one school narrowed to the class, person, parallel and subject of the position."""
# every table of the page is a sum over these: person × journal × kind of record in the period, and weeks of the year
_SUMS = f"""
SELECT d.rule, d.class_id, d.journal_id, d.staff_id, d.week_on, grouping(d.week_on) = 0 AS is_week, {sums("duty")}
FROM (SELECT d.*, {{in_span}} AS in_span FROM d JOIN span USING (school_id)) d
WHERE d.school_id = :school AND d.rule = ANY(:rules) {NARROW}
GROUP BY GROUPING SETS ((in_span, d.rule, d.class_id, d.journal_id, d.staff_id), (d.rule, d.week_on))
HAVING in_span OR grouping(in_span) = 1
"""
_WEEKLY, _DAILY = (_SUMS.format(in_span=words) for words in (duty.IN_SPAN, duty.IN_DAYS))
_SUMS_NEWEST = f"WITH {duty.SPAN}, d AS ({duty.BY_JOURNAL} AND m.school_id = :school) {_WEEKLY}"
_SUMS_AT = f"""
WITH {duty.SPAN}, d AS MATERIALIZED ({duty.LEDGER} AND r.school_id = :school AND r.rule = ANY(:rules)) {_DAILY}
"""

# Persons and journals without the length of the lag would be enough for shares, quantiles need the histogram.
_LAGS = f"""
SELECT d.rule, d.class_id, d.journal_id, d.staff_id, d.lag_low, d.lag_high, d.is_told, d.rush,
    sum(d.row_count)::bigint AS row_count
FROM d JOIN span USING (school_id)
WHERE d.school_id = :school AND {duty.IN_SPAN} {NARROW}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
LAG_ROWS = f"""
WITH {duty.SPAN}, d AS (
    SELECT * FROM mart_duty_lag m WHERE m.school_id = ANY(:schools) AND m.school_id = :school AND m.school_year = :year
)
"""
"""Entries `d` with their lag and rush of one school and year where the data end, beside `span`."""
_LAGS_NEWEST = f"{LAG_ROWS} {_LAGS}"
# The same rows from the ledger at the end of an earlier day (transforms.lag_mart says what they are).
CLASS_PERIODS = """
class_periods AS (
    SELECT c.class_id, p.period_id, p.kind, p.number, p.starts_on, p.ends_on,
        rank() OVER (PARTITION BY c.class_id ORDER BY CASE p.kind WHEN 'year' THEN 2 WHEN 'half_year' THEN 1 ELSE 0 END)
            AS fineness
    FROM dim_class c JOIN dim_period p ON p.school_id = c.school_id AND p.school_year = c.school_year
        AND c.grade BETWEEN p.grade_from AND p.grade_to
    WHERE c.school_id = ANY(:schools) AND c.school_id = :school AND c.school_year = :year AND p.deleted_latest IS NULL
        AND c.deleted_latest IS NULL
)
"""
"""Periods of every class of a school and year; `fineness` 1 = its finest ones."""
CLASS_DAYS = f"""
{CLASS_PERIODS}, class_days AS MATERIALIZED (
    SELECT DISTINCT ON (f.class_id, g.day) f.class_id, g.day::date AS on_day, f.ends_on - 2 AS first_on,
        f.ends_on AS last_on, f.kind, f.number
    FROM class_periods f CROSS JOIN LATERAL generate_series(f.starts_on, f.ends_on, interval '1 day') AS g (day)
    WHERE f.fineness = 1 ORDER BY f.class_id, g.day, f.starts_on, f.period_id
)
"""
"""Days of every class in its finest periods, with the period they lie in and its last three days."""
_WINDOWS = f"""
{CLASS_DAYS}, controls AS MATERIALIZED (
    SELECT DISTINCT c.act_on - 2 AS first_on, c.act_on - 1 AS last_on FROM {newest_lines("control_act")} c
    WHERE c.school_id = ANY(:schools) AND c.school_id = :school
)
"""
_LAG_RULES = ", ".join(map(str, _LAG_NUMBERS))
_RUSHED = ", ".join(str(RULE[name].number) for name in RUSH_RULES)
LAG_ROWS_AT = f"""
WITH {duty.SPAN}, {_WINDOWS}, held AS ({duty.LEDGER} AND r.school_id = :school AND r.rule IN ({_LAG_RULES})),
placed AS (
    SELECT h.*, w.first_on, w.last_on FROM held h
    LEFT JOIN class_days w ON w.class_id = h.class_id AND w.on_day = h.anchor_on
), d AS (
    SELECT h.school_id, h.school_year, h.class_id, h.journal_id, h.staff_id, h.week_on, h.month_on, h.anchor_on,
        h.rule, h.row_count,
        CASE WHEN h.is_made THEN least(greatest(h.done_earliest_on - h.anchor_on, 0), 31) END AS lag_low,
        CASE WHEN h.is_made THEN least(greatest(h.done_latest_on - h.anchor_on, 0), 31) END AS lag_high,
        (h.is_made OR (h.can_tell AND h.status <> {_SILENT})) AS is_told,
        CASE WHEN NOT h.is_made OR h.rule NOT IN ({_RUSHED}) THEN NULL
             WHEN h.anchor_on < h.first_on AND h.done_earliest_on >= h.first_on AND h.done_latest_on <= h.last_on THEN 1
             WHEN EXISTS (SELECT 1 FROM controls w WHERE h.anchor_on < w.first_on AND h.done_earliest_on >= w.first_on
                 AND h.done_latest_on <= w.last_on) THEN 2
             WHEN (h.anchor_on < h.first_on AND h.done_latest_on >= h.first_on AND h.done_earliest_on <= h.last_on)
               OR EXISTS (SELECT 1 FROM controls w WHERE h.anchor_on < w.first_on AND h.done_latest_on >= w.first_on
                 AND h.done_earliest_on <= w.last_on) THEN 3
             WHEN h.anchor_on < h.first_on OR EXISTS (SELECT 1 FROM controls w WHERE h.anchor_on < w.first_on) THEN 0
        END AS rush
    FROM placed h
    WHERE h.excluded IS NULL AND h.anchor_on IS NOT NULL AND (h.is_made OR (h.is_required AND h.is_due))
)
"""
"""The same one by one at the moment `:day`, with `anchor_on`."""
_LAGS_AT = f"{LAG_ROWS_AT} {_LAGS.replace(duty.IN_SPAN, duty.IN_DAYS)}"
_UNFILLED = f"""
WITH {duty.SPAN}, d AS ({duty.LEDGER.replace("r.rule, ", "r.rule, r.lesson_id, ")} AND r.school_id = :school
    AND r.rule = ANY(:lesson_rules) AND (r.staff_id = :staff OR r.class_id = :class_id))
SELECT l.lesson_id, l.held_on, l.slot, d.journal_id, d.class_id, d.staff_id, array_agg(DISTINCT d.rule ORDER BY d.rule)
    ::int[] AS rules, bool_or(d.status = {int(Status.missing)}) AS is_overdue
FROM d JOIN span USING (school_id) JOIN fact_lesson l USING (school_id, school_year, lesson_id)
WHERE d.is_required AND d.excluded IS NULL AND NOT d.is_made AND d.is_due AND d.can_tell
    AND d.status <> {_SILENT} AND {duty.IN_DAYS} {NARROW}
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY l.held_on DESC, l.slot, l.lesson_id LIMIT :listed
"""
STAFF = """
SELECT n.staff_id, n.full_name FROM dim_staff_name n WHERE n.school_id = ANY(:schools) AND n.school_id = :school
ORDER BY n.full_name, n.staff_id
"""


@dataclass(frozen=True)
class Filling:
    """The page of filling of one school.

    `sums` = duty sums by rule × class × journal × person in the period, `weeks` by rule × week of the year, `lags` =
    histogram by the same keys with lag_low, lag_high, is_told, rush, row_count. `unfilled` = newest lessons with a
    record overdue, only where the page is narrowed to a person or class. `dims`, `names`, `clauses` as on the page of
    the school.
    """

    row: dict[str, Any]
    choice: periods.Choice
    sums: pl.DataFrame
    weeks: pl.DataFrame
    lags: pl.DataFrame
    unfilled: pl.DataFrame
    dims: pl.DataFrame
    names: pl.DataFrame
    clauses: pl.DataFrame


def read_filling(scope: Scope, filters: Filters, now: datetime) -> Filling | None:
    """Everything on the page for `filters.school`; None where the scope has no such school or it has no periods."""
    school = filters.school
    listed = schools.read_schools(scope, now, school)
    if school is None or listed.is_empty():
        return None
    until = schools.until_of(listed, filters.as_of)
    choice = periods.choose(periods.read_periods(scope, school), filters, until, with_days=scope.sees_names)
    if choice is None:
        return None
    params = _params(filters, choice.period, school)
    day = schools.past_moment(listed.row(0, named=True), filters)
    by_week = day is None and not choice.period.span.is_exact  # free days need rows that know their day
    found = read(scope, _SUMS_NEWEST if by_week else _SUMS_AT, {**params, "day": day})
    return Filling(
        row=listed.row(0, named=True),
        choice=choice,
        sums=found.filter(~pl.col("is_week")).drop("is_week", "week_on"),
        weeks=found.filter(pl.col("is_week")).drop("is_week", "class_id", "journal_id", "staff_id"),
        lags=read(scope, _LAGS_NEWEST if by_week else _LAGS_AT, {**params, "day": day}),
        unfilled=read(scope, _UNFILLED, {**params, "day": day}),
        dims=read(scope, JOURNALS, params),
        names=read(scope, STAFF, params),
        clauses=schools.read_clauses(scope, school),
    )


def _params(filters: Filters, period: periods.Period, school: int) -> dict[str, Any]:
    return {
        **period.span.params,
        "school": school,
        "rules": list(RULE_NUMBERS),
        "lesson_rules": _LESSONS,
        "class_id": filters.class_id,
        "staff": filters.staff,
        "parallel": filters.parallel,
        "subject": filters.subject,
        "listed": LISTED,
    }
