"""When each report of a school was made last, for those who make reports: the log of access says it, to the director
alone and with persons; this view leaves the persons out.
"""

from __future__ import annotations

_USER = "(SELECT nullif(current_setting('app.user_id', true), '')::int)"
_ROWS = f"FROM access_row a WHERE a.user_id = {_USER}"
REPORT_VIEW = f"""
CREATE VIEW report_made WITH (security_barrier = true) AS
SELECT e.school_id, e.class_id, e.subject, max(e.at) AS at
FROM access_event e
WHERE e.kind = 'export' AND e.subject LIKE 'report\\_%' AND (
    e.school_id = ANY (ARRAY(SELECT a.school_id {_ROWS} AND a.level IN ('school', 'upkeep', 'cards')))
    OR (e.school_id::bigint << 32) | e.class_id = ANY (ARRAY(SELECT (a.school_id::bigint << 32) | a.class_id
        {_ROWS} AND a.level = 'class')))
GROUP BY e.school_id, e.class_id, e.subject
"""
"""One row per school, class (null = the whole school) and report. It runs under its owner's rights, so its own
condition is its wall: whole schools of the reader, and a class teacher's own class."""
