"""Duty rows: the ledger summed up, from whichever relation answers the question soonest, always in one
shape.

The shape is that of `metrics.DUTY`: school_id, school_year, [class_id, journal_id, staff_id], week_on,
month_on, rule, status, excluded, is_required, is_made, is_due, can_tell, row_count. Where the data end: the
marts by week. At the end of an earlier day: the day histogram above a class, the ledger itself inside a
school. All four give the same numbers (tests hold them together).
"""

from __future__ import annotations

from etl.warehouse.ledger import EXISTS, IS_DUE, IS_MADE, RULE, STATUS, Status, horizon_of_row

_UNREGULATED = int(Status.not_regulated)

SPAN = """
span AS (
    SELECT * FROM unnest(CAST(:span_schools AS int[]), CAST(:span_starts AS date[]),
        CAST(:span_ends AS date[])) AS s (school_id, starts_on, ends_on)
)
"""
"""The days of the chosen period in each school (`periods.Span.params`)."""

IN_SPAN = """(CAST(:is_year AS boolean) OR (
    greatest(d.week_on, d.month_on) <= span.ends_on AND least(d.week_on + 6,
        (d.month_on + interval '1 month')::date - 1) >= span.starts_on
))"""
"""A duty row `d` lies in the period: its week, cut at the ends of months, has a day in common with it."""
IN_DAYS = f"""CASE WHEN CAST(:is_exact AS boolean) THEN d.anchor_on BETWEEN span.starts_on AND span.ends_on
    ELSE {IN_SPAN} END"""
"""The same for rows that know their day: free days are cut by it, a school's own periods by weeks as in the marts."""

# the marts by week hold no `can_tell`; what a source tells of the records of a lesson stands in its
# capabilities
CAN_TELL = f"""CASE m.rule WHEN {RULE["topic"].number} THEN 'topics' = ANY(s.capabilities)
    WHEN {RULE["homework"].number} THEN 'homework' = ANY(s.capabilities)
    WHEN {RULE["attendance"].number} THEN 'attendance_confirmation' = ANY(s.capabilities)
        ELSE true END AS can_tell"""

BY_SCHOOL = f"""
SELECT m.*, {CAN_TELL} FROM mart_duty_school m JOIN dim_school s USING (school_id)
    WHERE m.school_id = ANY(:schools) AND m.school_year = :year
"""
"""Duty rows of whole schools where the data end; what a municipal reader may see."""

BY_JOURNAL = f"""
SELECT m.*, {CAN_TELL} FROM mart_duty_week m JOIN dim_school s USING (school_id)
    WHERE m.school_id = ANY(:schools) AND m.school_year = :year
"""
"""Duty rows with class, journal and staff where the data end, as far as the row policies show them."""

BY_OTHER_ACT = f"""
SELECT m.*, {CAN_TELL} FROM mart_duty_judgement m JOIN dim_school s USING (school_id)
    WHERE m.school_id = ANY(:schools) AND m.school_year = :year
"""
"""Duty rows of whole schools judged by other acts, with judgement_id and without weeks, where the data end."""

MOMENT = """
moment AS (
    SELECT * FROM unnest(CAST(:day_schools AS int[]), CAST(:days AS date[])) AS m (school_id, day)
)
"""
"""The day at whose end each school is looked at."""

# A limit that is not over yet and no limit at all look alike in the histogram (overdue_on is null in both):
# the act decides. One row per school: by rule PostgreSQL joined each row to each rule, see `horizon_of_row`.
_LIMITS = f"""(
    SELECT school_id, array_agg(DISTINCT rule)
        FILTER (WHERE limit_text IS NOT NULL OR (is_regulated AND rule = {RULE["period_mark"].number})) AS limited
    FROM judgement_rule
    WHERE judgement_id = 0 AND school_id = ANY(:schools) AND school_id = ANY(CAST(:day_schools AS int[])) GROUP BY 1
)"""

BY_DAY = f"""
SELECT h.school_id, h.school_year, date_trunc('week', h.anchor_on)::date AS week_on, date_trunc('month',
    h.anchor_on)::date AS month_on,
       h.anchor_on, h.done_earliest_on, h.done_latest_on, h.rule, h.excluded, h.is_required,
           coalesce(h.done_latest_on <= m.day, false) AS is_made,
       CASE WHEN h.excluded IS NOT NULL THEN {int(Status.not_applicable)}
            WHEN h.made_status = {_UNREGULATED} THEN {_UNREGULATED}
            WHEN h.done_earliest_on IS NULL OR h.done_earliest_on > m.day THEN
                CASE WHEN NOT h.can_tell THEN {int(Status.indeterminate)}
                     WHEN h.overdue_on <= m.day THEN {int(Status.missing)} ELSE {int(Status.pending)} END
            WHEN h.done_latest_on <= m.day THEN h.made_status
            ELSE {int(Status.indeterminate)} END AS status,
       coalesce(CASE WHEN h.made_status = {_UNREGULATED} OR h.excluded IS NOT NULL THEN m.day > h.anchor_on
                     WHEN h.overdue_on IS NOT NULL THEN h.overdue_on <= m.day
                     WHEN h.rule = ANY(l.limited) THEN false
                     WHEN h.target_over_on IS NOT NULL THEN h.target_over_on <= m.day
                     ELSE false END, false) AS is_due,
       h.can_tell, h.row_count
FROM mart_duty_day h
JOIN moment m USING (school_id)
LEFT JOIN {_LIMITS} l USING (school_id)
WHERE h.school_id = ANY(:schools) AND h.school_year = :year
  AND (h.visible_on IS NULL OR h.visible_on <= m.day) AND (h.is_required OR h.done_earliest_on <= m.day)
"""
"""Duty rows of whole schools at the end of the day `moment` names, with the days of anchor and entry."""

# a day arrives as midnight, which no asked minute is: those end at their 59th second (`Filters.moment`)
_MOMENT = """(CASE WHEN CAST(:day AS timestamp)::time = '00:00' THEN CAST(:day AS timestamp) + interval '1 day'
    - interval '1 second' ELSE CAST(:day AS timestamp) END AT TIME ZONE s.timezone)"""
LEDGER_HORIZON = horizon_of_row(f"CASE WHEN CAST(:day AS timestamp) IS NULL THEN NULL ELSE {_MOMENT} END")
LEDGER = f"""
SELECT r.school_id, r.school_year, r.class_id, r.journal_id, r.staff_id, date_trunc('week',
    r.anchor_on)::date AS week_on,
       date_trunc('month', r.anchor_on)::date AS month_on, r.anchor_on,
           (r.done_earliest AT TIME ZONE h.timezone)::date AS done_earliest_on,
       (r.done_latest AT TIME ZONE h.timezone)::date AS done_latest_on, r.rule, {STATUS} AS status,
           r.excluded, r.is_required,
       coalesce({IS_MADE}, false) AS is_made, {IS_DUE} AS is_due, r.can_tell, 1 AS row_count
FROM ledger_row r JOIN {LEDGER_HORIZON} h ON h.t IS NOT NULL
WHERE r.school_id = ANY(:schools) AND r.school_year = :year AND r.judgement_id = 0 AND {EXISTS}
"""
"""Duty rows one by one at the end of `:day`, or at the moment that it is, local time of the school (null: where the
data end); for one school only."""
