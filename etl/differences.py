"""What a snapshot shows against the one before it: new, changed and vanished entries, and journals not received."""

from __future__ import annotations

from datetime import datetime
from typing import Any, LiteralString

import psycopg

ENTRIES = {"mark": "marks", "absence": "absences", "period_mark": "period marks"}
_OF_A_LESSON: LiteralString = (
    " JOIN fact_lesson l USING (school_id, school_year, lesson_id) JOIN dim_school s USING (school_id)"
    " WHERE e.load_id = %(load)s AND e.first_seen_at = %(moment)s"
)
_COUNTS: LiteralString = (
    "SELECT count(*), count(*) FILTER (WHERE l.held_on < (%(since)s AT TIME ZONE s.timezone)::date)"
)
_NEW: dict[str, LiteralString] = {
    "mark": _COUNTS + " FROM fact_mark e" + _OF_A_LESSON,
    "absence": _COUNTS + " FROM fact_absence e" + _OF_A_LESSON,
    "period_mark": "SELECT count(*), 0 FROM fact_period_mark WHERE load_id = %(load)s AND first_seen_at = %(moment)s",
}
_VERBS = {"update": "changed", "delete": "deleted", "create": "created"}
NAMED = 10
"""Journals named one by one; of more only the number is told."""


def differences(connection: psycopg.Connection[Any], load_id: int) -> tuple[datetime | None, list[str]]:
    """Moment of the newest earlier snapshot of the load's schools and one sentence per kind of difference; None and
    nothing where the load is the first snapshot.
    """
    row = connection.execute(
        "SELECT r.extracted_at, max(p.extracted_at) FROM load_run r JOIN load_table t USING (load_id)"
        " JOIN load_table o ON o.school_id = t.school_id AND o.load_id <> t.load_id"
        " JOIN load_run p ON p.load_id = o.load_id AND p.mode = 'snapshot' AND p.extracted_at < r.extracted_at"
        " WHERE r.load_id = %s AND t.school_id > 0 GROUP BY r.extracted_at",
        [load_id],
    ).fetchone()
    if row is None:
        return None, []
    moment, since = row
    lines = []
    for entity, noun in ENTRIES.items():
        found = connection.execute(_NEW[entity], {"since": since, "load": load_id, "moment": moment}).fetchone()
        if found and found[0]:
            of_old = f", {found[1]:,} of them for lessons before that day" if found[1] else ""
            lines.append(f"{found[0]:,} new {noun}{of_old}")
    topics = connection.execute(
        "SELECT count(*) FROM fact_lesson WHERE load_id = %s AND topic_recorded_latest = %s", [load_id, moment]
    ).fetchone()
    if topics and topics[0]:
        lines.append(f"{topics[0]:,} new topics")
    for entity, action, count in connection.execute(
        "SELECT entity, action, count(*) FROM fact_change WHERE load_id = %s GROUP BY 1, 2 ORDER BY 1, 2", [load_id]
    ).fetchall():
        noun = ENTRIES.get(entity, "topics" if entity == "lesson" else f"{entity}s")
        lines.append(f"{count:,} {noun} {_VERBS.get(action, action)}")
    return since, lines or ["nothing differs"]


def not_received(connection: psycopg.Connection[Any], load_id: int) -> list[str]:
    """Journals that earlier exports of the same school year held and this one does not, by class and subject. They are
    no deletions and no lack of violations: nothing is known of them at this moment.
    """
    rows = connection.execute(
        "WITH ours AS (SELECT * FROM load_scope WHERE load_id = %(load)s AND group_id IS NOT NULL"
        "  AND subject_id IS NOT NULL),"
        " known AS (SELECT DISTINCT s.school_id, s.school_year, s.class_id, s.group_id, s.subject_id"
        "  FROM load_scope s JOIN load_run r USING (load_id)"
        "  WHERE s.load_id <> %(load)s AND s.group_id IS NOT NULL AND s.subject_id IS NOT NULL"
        "  AND r.extracted_at < (SELECT extracted_at FROM load_run WHERE load_id = %(load)s)"
        "  AND (s.school_id, s.school_year) IN (SELECT school_id, school_year FROM ours))"
        " SELECT c.name, g.name, j.name FROM known k JOIN dim_class c USING (school_id, class_id)"
        " JOIN dim_group g ON g.school_id = k.school_id AND g.group_id = k.group_id"
        " JOIN dim_subject j ON j.school_id = k.school_id AND j.subject_id = k.subject_id"
        " WHERE NOT EXISTS (SELECT 1 FROM ours o WHERE o.school_id = k.school_id AND o.group_id = k.group_id"
        "  AND o.subject_id = k.subject_id) ORDER BY c.grade, c.letter, j.name, g.name",
        {"load": load_id},
    ).fetchall()
    lines = [f"{name} {subject}" + (f" ({group})" if group and group != name else "") for name, group, subject in rows]
    return lines[:NAMED] + ([f"and {len(lines) - NAMED} more journals"] if len(lines) > NAMED else [])
