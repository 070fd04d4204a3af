"""The keys that a journal or a lesson has in its source system."""

from __future__ import annotations

from typing import Any

from dashboard.queries.door import read
from etl.warehouse.scope import Scope

_KEYS = """
SELECT s.school_id, s.school_key, c.class_key, g.group_key, u.subject_key, l.lesson_key, l.held_on AS date
FROM dim_journal j
JOIN dim_school s USING (school_id)
LEFT JOIN dim_class c ON c.school_id = j.school_id AND c.class_id = j.class_id
LEFT JOIN dim_group g ON g.school_id = j.school_id AND g.group_id = j.group_id
LEFT JOIN dim_subject u ON u.school_id = j.school_id AND u.subject_id = j.subject_id
LEFT JOIN fact_lesson l ON l.school_id = j.school_id AND l.school_year = j.school_year
  AND l.journal_id = j.journal_id AND l.lesson_id = :lesson
WHERE j.school_id = ANY(:schools) AND j.school_id = :school AND j.journal_id = :journal
"""


def read_source_keys(scope: Scope, school: int, journal: int, lesson: int | None) -> dict[str, Any] | None:
    """school_key, class_key, group_key, subject_key and, where a lesson is asked, lesson_key and its date; None where
    the journal is not in the scope. One query."""
    rows = read(scope, _KEYS, {"school": school, "journal": journal, "lesson": lesson})
    return rows.row(0, named=True) if rows.height else None
