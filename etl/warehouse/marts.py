"""Sums over the ledger where each school's data end, recomputed for the schools that a load or a check touched."""

from __future__ import annotations

from typing import Any

import psycopg

from etl.warehouse.ledger import EXISTS, IS_DUE, IS_MADE, STATUS, horizons

_WEEK = f"""
INSERT INTO mart_duty_week (school_id, school_year, class_id, journal_id, staff_id, week_on, month_on, period_id, rule, status, excluded,
                            is_required, is_made, is_due, row_count)
SELECT r.school_id, r.school_year, r.class_id, r.journal_id, r.staff_id, date_trunc('week', r.anchor_on)::date, date_trunc('month', r.anchor_on)::date,
       r.period_id, r.rule, {STATUS} AS status, r.excluded, r.is_required, coalesce({IS_MADE}, false), {IS_DUE}, count(*)
FROM ledger_row r JOIN {horizons()} h USING (school_id, rule)
WHERE r.school_id = ANY(%(schools)s) AND r.judgement_id = 0 AND {EXISTS}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
"""
_SCHOOL = """
INSERT INTO mart_duty_school (school_id, school_year, week_on, month_on, rule, status, excluded, is_required, is_made, is_due, row_count)
SELECT school_id, school_year, week_on, month_on, rule, status, excluded, is_required, is_made, is_due, sum(row_count)
FROM mart_duty_week WHERE school_id = ANY(%(schools)s) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
"""
# The day histogram answers "as of the end of day D" for any past D: a row is over its limit at the end of D when the limit is
# earlier than 23:59:59 of D, and never, when it is not earlier than where the data end (annex L0 cuts T there).
_DAY = """
INSERT INTO mart_duty_day (school_id, school_year, anchor_on, visible_on, target_over_on, overdue_on, done_earliest_on, done_latest_on, rule, made_status,
                           excluded, is_required, can_tell, row_count)
SELECT r.school_id, r.school_year, r.anchor_on, r.visible_on,
       CASE WHEN r.target_at < z.data_until THEN ((r.target_at + interval '1 second') AT TIME ZONE s.timezone)::date END,
       CASE WHEN r.due_at < z.data_until THEN ((r.due_at + interval '1 second') AT TIME ZONE s.timezone)::date END,
       CASE WHEN r.done_earliest <= z.data_until THEN (r.done_earliest AT TIME ZONE s.timezone)::date END,
       CASE WHEN r.done_latest <= z.data_until THEN (r.done_latest AT TIME ZONE s.timezone)::date END,
       r.rule, r.made_status, r.excluded, r.is_required, r.can_tell, count(*)
FROM ledger_row r JOIN ledger_horizon z USING (school_id, rule) JOIN dim_school s USING (school_id)
WHERE r.school_id = ANY(%(schools)s) AND r.judgement_id = 0
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
"""


def refresh_marts(cursor: psycopg.Cursor[Any], school_ids: list[int]) -> None:
    """Recompute the ledger's marts of these schools: three statements, whatever their number."""
    schools = {"schools": school_ids}
    for table in ("mart_duty_week", "mart_duty_school", "mart_duty_day"):
        cursor.execute(f"DELETE FROM {table} WHERE school_id = ANY(%(schools)s)", schools)  # noqa: S608 - our own table names
    cursor.execute("ANALYZE obligation")
    cursor.execute(_WEEK, schools)
    cursor.execute(_SCHOOL, schools)
    cursor.execute(_DAY, schools)
