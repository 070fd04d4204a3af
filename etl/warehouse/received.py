"""Which class × subject sheets a school's snapshots held: a sheet that is missing was not received (annex B6)."""

from __future__ import annotations

from typing import LiteralString

ASPECTS = ("marks", "topics")
"""What a sheet brings: a grid of marks, or a КТП with topics and homework."""
RECEIVED: LiteralString = """
SELECT s.school_id, s.school_year, s.group_id, s.subject_id, a.aspect, r.extracted_at, r.load_id
FROM load_scope s JOIN load_table t USING (school_id, load_id) JOIN load_run r USING (load_id)
CROSS JOIN LATERAL (
    SELECT 'marks' WHERE t.table_name = 'mark'
    UNION ALL SELECT 'topics' WHERE t.table_name = 'lesson' AND 'topic' = ANY (t.columns)) a(aspect)
WHERE s.group_id IS NOT NULL AND s.subject_id IS NOT NULL
"""
"""One row per load, journal of its stated scope and aspect. Snapshots of whole schools name no journals: no rows."""
