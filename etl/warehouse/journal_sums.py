"""Journals of a school for readers above it: how many records are made and in time, and nobody's name or code.

Readers above a school have no rights on `mart_duty_week`, because it names who answers. This view gives them its sums
without person: no second copy is stored, and no load is slower for it.
"""

from __future__ import annotations

_USER = "(SELECT nullif(current_setting('app.user_id', true), '')::int)"
JOURNAL_VIEW = f"""
CREATE VIEW journal_duty WITH (security_barrier = true) AS
SELECT m.school_id, m.school_year, m.class_id, m.journal_id, m.week_on, m.month_on, m.rule, m.status, m.excluded,
       m.is_required, m.is_made, m.is_due, sum(m.row_count)::int AS row_count
FROM mart_duty_week m
WHERE m.journal_id IS NOT NULL AND m.school_id = ANY (ARRAY(SELECT a.school_id FROM access_row a
    WHERE a.user_id = {_USER} AND a.level IN ('aggregate', 'school')))
GROUP BY m.school_id, m.school_year, m.class_id, m.journal_id, m.week_on, m.month_on, m.rule, m.status, m.excluded,
       m.is_required, m.is_made, m.is_due
"""
"""One row per journal, week, rule and status. It runs under its owner's rights, so its own condition is its wall: whole
schools of the reader's grants, never a class teacher's or a teacher's part of one.
"""
