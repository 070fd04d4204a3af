"""What the page of the programme asks of one school: four queries of its own, whatever the size of the school."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods, schools
from dashboard.queries.door import read
from dashboard.queries.filling import CLASS_DAYS
from dashboard.queries.school import JOURNALS
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import sums
from etl.warehouse.metrics_programme import FORECAST_BACK
from etl.warehouse.scope import Scope

_HERE = "x.school_id = ANY(:schools) AND x.school_id = :school"
_LIVE = f"{_HERE} AND x.deleted_latest IS NULL"
# a lesson is held as in annex R1: its status says so and its class has lessons that day, or it was moved there
LESSONS = f"""
{CLASS_DAYS}, lessons AS MATERIALIZED (
    SELECT x.lesson_id, x.journal_id, x.class_id, x.held_on, x.status, x.substitute_id, x.plan_item_id,
        x.status IN ('planned', 'held', 'moved', 'replaced') AND (x.status = 'moved' OR coalesce(k.is_instructional,
            extract(isodow FROM x.held_on) <= coalesce(c.week_days, s.week_days)
            AND ((x.class_id, x.held_on) IN (SELECT w.class_id, w.on_day FROM class_days w)
                OR x.class_id NOT IN (SELECT w.class_id FROM class_days w)))) AS is_held
    FROM fact_lesson x
    JOIN dim_school s USING (school_id)
    JOIN dim_class c USING (school_id, class_id)
    LEFT JOIN dim_calendar_day k ON k.school_id = x.school_id AND k.date = x.held_on AND k.deleted_latest IS NULL
    WHERE {_LIVE} AND x.school_year = :year AND coalesce(x.kind, 'lesson') = 'lesson'
      AND x.held_on <= CAST(:until AS date)
)
"""
"""Lessons of a school and year until `:until`, with `is_held`; needs `:school` and `:year`."""
# Each part is summed by itself before the parts meet: under the row policies PostgreSQL expects one row of every table
# and joined freely it reads the items of a school once per plan (measured: minutes for a school of a thousand pupils).
_JOURNAL_SUMS = f"""
WITH {LESSONS}, items AS MATERIALIZED (
    SELECT x.plan_id, count(*) AS lines,
        count(*) FILTER (WHERE x.planned_on IS NULL) AS undated,
        sum(coalesce(x.hours, 1)) FILTER (
            WHERE x.planned_on BETWEEN :starts_on AND least(CAST(:ends_on AS date), :until)) AS planned,
        sum(coalesce(x.hours, 1)) FILTER (WHERE x.planned_on <= CAST(:until AS date)) AS planned_year,
        sum(coalesce(x.hours, 1)) FILTER (
            WHERE x.planned_on <= CAST(:until AS date) - {FORECAST_BACK}) AS planned_back,
        sum(coalesce(x.hours, 1)) AS item_hours
    FROM fact_plan_item x WHERE {_LIVE} AND x.school_year = :year GROUP BY 1
), planned AS MATERIALIZED (
    SELECT j.journal_id, sum(i.lines)::bigint AS lines, sum(i.undated)::bigint AS undated, sum(i.planned) AS planned,
        sum(i.planned_year) AS planned_year, sum(i.planned_back) AS planned_back, sum(i.item_hours) AS item_hours
    FROM items i
    JOIN fact_plan x USING (plan_id)
    JOIN dim_journal j ON j.school_id = x.school_id AND j.school_year = x.school_year AND j.group_id = x.group_id
        AND j.subject_id = x.subject_id
    WHERE {_LIVE} AND x.school_year = :year GROUP BY 1
), plans AS MATERIALIZED (
    SELECT j.journal_id, sum(x.total_hours) AS total_hours FROM fact_plan x
    JOIN dim_journal j ON j.school_id = x.school_id AND j.school_year = x.school_year AND j.group_id = x.group_id
        AND j.subject_id = x.subject_id
    WHERE {_LIVE} AND x.school_year = :year GROUP BY 1
), curricula AS MATERIALIZED (
    SELECT j.journal_id, max(coalesce(x.annual_hours,
        x.weekly_hours * CASE WHEN c.grade = 1 THEN 33 ELSE 34 END)) AS curriculum_hours
    FROM fact_curriculum x
    JOIN dim_journal j ON j.school_id = x.school_id AND j.school_year = x.school_year AND j.group_id = x.group_id
        AND j.subject_id = x.subject_id
    JOIN dim_class c ON c.school_id = j.school_id AND c.class_id = j.class_id
    WHERE {_LIVE} AND x.school_year = :year GROUP BY 1
), taught AS MATERIALIZED (
    SELECT journal_id,
        count(*) FILTER (WHERE is_held AND in_span) AS held,
        count(*) FILTER (WHERE is_held AND in_span AND plan_item_id IS NOT NULL) AS linked,
        count(*) FILTER (WHERE is_held) AS held_year,
        count(*) FILTER (WHERE is_held AND held_on <= CAST(:until AS date) - {FORECAST_BACK}) AS held_back,
        count(*) FILTER (WHERE in_span AND status = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE in_span AND (substitute_id IS NOT NULL OR status = 'replaced')) AS substituted,
        count(*) FILTER (WHERE in_span AND status = 'moved') AS moved
    FROM (SELECT l.*, held_on BETWEEN :starts_on AND :ends_on AS in_span FROM lessons l) l GROUP BY 1
)
SELECT j.journal_id, j.class_id, j.subject_id, coalesce(t.held, 0) AS held, coalesce(t.linked, 0) AS linked,
    coalesce(t.held_year, 0) AS held_year, coalesce(t.held_back, 0) AS held_back,
    coalesce(t.cancelled, 0) AS cancelled, coalesce(t.substituted, 0) AS substituted, coalesce(t.moved, 0) AS moved,
    coalesce(p.lines, 0) AS lines,
    coalesce(p.undated, 0) AS undated, p.planned::float8 AS planned, p.planned_year::float8 AS planned_year,
    p.planned_back::float8 AS planned_back, coalesce(q.total_hours, p.item_hours)::float8 AS plan_hours,
    u.curriculum_hours::float8 AS curriculum_hours
FROM dim_journal j
LEFT JOIN taught t USING (journal_id)
LEFT JOIN planned p USING (journal_id)
LEFT JOIN plans q USING (journal_id)
LEFT JOIN curricula u USING (journal_id)
WHERE j.school_id = ANY(:schools) AND j.school_id = :school AND j.school_year = :year
  AND (t.journal_id IS NOT NULL OR q.journal_id IS NOT NULL OR u.journal_id IS NOT NULL)
ORDER BY 1
"""
# a scheduled work is held when the journal has a live work of that kind that day at a lesson that is not cancelled;
# a source without kinds of works is met by any work (DECISIONS 11, scheduled_work_missing)
_WORKS = f"""
WITH marks AS MATERIALIZED (
    SELECT x.work_id, count(DISTINCT x.pupil_id) AS marked FROM fact_mark x
    WHERE {_LIVE} AND x.school_year = :year AND x.work_id IS NOT NULL GROUP BY 1
), works AS MATERIALIZED (
    SELECT x.work_id, x.journal_id, x.kind, x.is_monitoring, coalesce(x.performed_on, l.held_on) AS on_day,
        coalesce(m.marked, 0) AS marked
    FROM fact_work x JOIN fact_lesson l USING (school_id, school_year, lesson_id)
    LEFT JOIN marks m USING (work_id)
    WHERE {_LIVE} AND x.school_year = :year AND l.deleted_latest IS NULL AND l.status <> 'cancelled'
), scheduled AS (
    SELECT x.assessment_id, j.journal_id, x.work_kind, x.planned_on, x.is_monitoring
    FROM fact_assessment x
    JOIN dim_journal j ON j.school_id = x.school_id AND j.school_year = x.school_year AND j.group_id = x.group_id
        AND j.subject_id = x.subject_id
    WHERE {_LIVE} AND x.school_year = :year
)
SELECT s.assessment_id, s.journal_id, s.work_kind AS kind, s.planned_on, NULL::date AS held_on, s.is_monitoring,
    f.work_id, f.marked, false AS is_off
FROM scheduled s LEFT JOIN LATERAL (
    SELECT w.work_id, w.marked FROM works w WHERE w.journal_id = s.journal_id AND w.on_day = s.planned_on
        AND (w.kind = s.work_kind OR NOT CAST(:knows_kinds AS boolean)) ORDER BY w.work_id LIMIT 1) f ON true
WHERE s.planned_on BETWEEN :starts_on AND :ends_on
UNION ALL
SELECT NULL, w.journal_id, w.kind, NULL, w.on_day, w.is_monitoring, w.work_id, w.marked, true
FROM works w
WHERE CAST(:knows_kinds AS boolean) AND (w.kind IN ('test', 'check') OR w.is_monitoring)
  AND w.on_day BETWEEN :starts_on AND least(CAST(:ends_on AS date), :until)
  AND NOT EXISTS (SELECT 1 FROM scheduled s WHERE s.journal_id = w.journal_id AND s.planned_on = w.on_day
      AND s.work_kind = w.kind)
ORDER BY 4, 5, 2, 1, 7
"""
_CARRIED = f"SELECT DISTINCT x.school_id, x.table_name FROM load_table x WHERE {_HERE}"
_HOMEWORK = f"""
WITH {duty.SPAN}, d AS ({duty.BY_JOURNAL} AND m.school_id = :school AND m.rule = {RULE["homework"].number})
SELECT d.rule, d.journal_id, {sums("duty")} FROM d JOIN span USING (school_id) WHERE {duty.IN_SPAN} GROUP BY 1, 2
"""
_HOMEWORK_AT = f"""
WITH {duty.SPAN}, d AS ({duty.LEDGER} AND r.school_id = :school AND r.rule = {RULE["homework"].number})
SELECT d.rule, d.journal_id, {sums("duty")} FROM d JOIN span USING (school_id) WHERE {duty.IN_DAYS} GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Programme:
    """The page of the programme.

    `journals`: one row per journal with held, linked, planned (null = no plan), lines, undated (lines without a day),
    plan_hours, curriculum_hours, cancelled, substituted, moved and the sums of the forecast. `works`: one row per
    scheduled work and per control work outside the schedule (`is_off`). `homework`: duty sums by journal. `carried`:
    tables that a bundle of the school had. `until`: the last day that counts.
    """

    row: dict[str, Any]
    choice: periods.Choice
    until: date
    journals: pl.DataFrame
    works: pl.DataFrame
    homework: pl.DataFrame
    dims: pl.DataFrame
    carried: frozenset[str]


def read_programme(scope: Scope, filters: Filters, now: datetime) -> Programme | None:
    """Everything on the page for `filters.school`, ; None where the school is not open or has no
    periods.
    """
    school = filters.school
    listed = schools.read_schools(scope, now, school)
    if school is None or listed.is_empty():
        return None
    until = schools.until_of(listed, filters.as_of)
    choice = periods.choose(periods.read_periods(scope, school), filters, until, with_days=scope.sees_names)
    if choice is None:
        return None
    row = listed.row(0, named=True)
    day = schools.past_moment(row, filters)
    span = choice.period.span
    first, last = span.days_of(school) or (span.first, span.first)
    params = {
        **span.params,
        "school": school,
        "until": until[school],
        "starts_on": first,
        "ends_on": last,
        "knows_kinds": "work_kinds" in row["capabilities"],
    }
    return Programme(
        row=row,
        choice=choice,
        until=until[school],
        journals=read(scope, _JOURNAL_SUMS, params),
        works=read(scope, _WORKS, params),
        homework=_read_homework(scope, params, day),
        dims=read(scope, JOURNALS, params),
        carried=frozenset(read(scope, _CARRIED, params)["table_name"]),
    )


def _read_homework(scope: Scope, params: dict[str, Any], day: date | None) -> pl.DataFrame:
    by_week = day is None and not params["is_exact"]
    return read(scope, _HOMEWORK if by_week else _HOMEWORK_AT, {**params, "day": day})
