"""Grants resolved to schools, classes and journals: the one relation that row policies read (DECISIONS 7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from etl.warehouse.roles import ROLE_ROWS

# what a grant opens depends on the role that holds it: a pair that `roles` does not name opens nothing
_HELD = ", ".join(
    f"('{role}', '{grant}', '{level}')" for role, row in ROLE_ROWS.items() for grant, level in row.opens.items()
)
_RESOLVE = f"""
WITH held AS (
    SELECT g.*, h.opens FROM access_grant g
    JOIN access_user u USING (user_id)
    JOIN (VALUES {_HELD}) AS h (role, level, opens) ON h.role = u.role AND h.level = g.level
)
INSERT INTO access_row (user_id, school_id, level, class_id, journal_id)
SELECT g.user_id, s.school_id, g.opens, NULL::int, NULL::int
FROM held g JOIN dim_school s ON g.level = 'region' OR s.municipality_id = g.municipality_id
WHERE g.level IN ('region', 'municipality', 'staff_names')
UNION
SELECT g.user_id, g.school_id, g.opens, NULL, NULL FROM held g WHERE g.level = 'school'
UNION
SELECT g.user_id, g.school_id, g.opens, g.class_id, NULL FROM held g WHERE g.level = 'class'
UNION
SELECT g.user_id, g.school_id, g.opens, j.class_id, j.journal_id
FROM held g
JOIN dim_journal j ON j.school_id = g.school_id
WHERE g.level = 'teacher' AND NOT EXISTS (
    SELECT 1 FROM dim_staff d JOIN dim_school s USING (school_id)
    WHERE d.school_id = g.school_id AND d.staff_id = g.staff_id
      AND (d.deleted_latest IS NOT NULL OR d.employed_to::timestamp AT TIME ZONE s.timezone <= now())
) AND (
    EXISTS (
        SELECT 1 FROM fact_teaching_load l
        WHERE l.school_id = g.school_id AND l.staff_id = g.staff_id AND l.group_id = j.group_id
          AND l.subject_id = j.subject_id AND l.deleted_latest IS NULL)
    OR EXISTS (
        SELECT 1 FROM fact_lesson l
        WHERE l.school_id = g.school_id AND l.school_year = j.school_year AND l.journal_id = j.journal_id
          AND (l.staff_id = g.staff_id OR l.substitute_id = g.staff_id) AND l.deleted_latest IS NULL))
"""

# An account ends with its person's last day of employment in the school's time (`employed_to` is the first day that no
# longer counts: bundle page, annex R19), or when the source deletes the person; it opens again by itself where the
# source takes that back.
_EMPLOYED = """
UPDATE access_user u SET valid_until = CASE
    WHEN d.deleted_latest IS NOT NULL THEN d.deleted_latest
    WHEN d.employed_to IS NOT NULL THEN d.employed_to::timestamp AT TIME ZONE s.timezone END
FROM dim_staff d JOIN dim_school s ON s.school_id = d.school_id
WHERE d.school_id = u.staff_school_id AND d.staff_id = u.staff_id
"""


def refresh_access(cursor: psycopg.Cursor[Any]) -> None:
    """Resolve all grants anew, and the last days of accounts of staff; called after loads and after changes of grants,
    in their transaction.

    A grant that the role of its account may not hold (`roles.ROLE_ROWS`) opens nothing.
    """
    cursor.execute("DELETE FROM access_row")
    cursor.execute(_RESOLVE)
    cursor.execute(_EMPLOYED)


def close_demo_accounts(cursor: psycopg.Cursor[Any], now: datetime) -> int:
    """Demo accounts stop working and their sessions end, as soon as a real school is there; returns how
    many were open.
    """
    closed = cursor.execute(
        "UPDATE access_user SET disabled_at = %s WHERE is_demo AND disabled_at IS NULL", [now]
    ).rowcount
    cursor.execute(
        "UPDATE access_session s SET ended_at = %s FROM access_user u WHERE u.user_id = s.user_id AND u.is_demo "
        "AND s.ended_at IS NULL",
        [now],
    )
    return closed
