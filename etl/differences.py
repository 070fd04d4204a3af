"""What a snapshot shows against the one before it: new, changed and vanished entries, and journals not received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg

from etl.warehouse.received import RECEIVED

ENTRIES = ("mark", "absence", "period_mark")
NOUNS = {"mark": "marks", "absence": "absences", "period_mark": "period marks", "lesson": "topics"}
NEW = "new"
_OF_A_LESSON: LiteralString = (
    " JOIN fact_lesson l USING (school_id, school_year, lesson_id) JOIN dim_school s USING (school_id)"
    " WHERE e.load_id = ANY(%(loads)s) AND e.first_seen_at = %(moment)s"
)
_COUNTS: LiteralString = (
    "SELECT count(*), count(*) FILTER (WHERE l.held_on < (%(since)s AT TIME ZONE s.timezone)::date)"
)
_NEW: dict[str, LiteralString] = {
    "mark": _COUNTS + " FROM fact_mark e" + _OF_A_LESSON,
    "absence": _COUNTS + " FROM fact_absence e" + _OF_A_LESSON,
    "period_mark": (
        "SELECT count(*), 0 FROM fact_period_mark WHERE load_id = ANY(%(loads)s) AND first_seen_at = %(moment)s"
    ),
}
_VERBS = {"update": "changed", "delete": "deleted", "create": "created"}


@dataclass(frozen=True)
class Difference:
    """How many entries of one kind are new, changed, deleted or created; `of_old` of the new ones are of lessons before
    the day of the earlier snapshot.
    """

    entity: str
    action: str
    count: int
    of_old: int = 0

    def __str__(self) -> str:
        noun = NOUNS.get(self.entity, f"{self.entity}s")
        if self.action != NEW:
            return f"{self.count:,} {noun} {_VERBS.get(self.action, self.action)}"
        return f"{self.count:,} new {noun}" + (
            f", {self.of_old:,} of them for lessons before that day" if self.of_old else ""
        )


def differences(
    connection: psycopg.Connection[Any], load_ids: Sequence[int]
) -> tuple[datetime | None, list[Difference]]:
    """Moment of the newest earlier snapshot of the schools of these loads of one moment, and the kinds of difference;
    None and nothing where they are the first snapshot.
    """
    loads = list(load_ids)
    row = connection.execute(
        "SELECT r.extracted_at, max(p.extracted_at) FROM load_run r JOIN load_table t USING (load_id)"
        " JOIN load_table o ON o.school_id = t.school_id AND o.load_id <> t.load_id"
        " JOIN load_run p ON p.load_id = o.load_id AND p.mode = 'snapshot' AND p.extracted_at < r.extracted_at"
        " WHERE r.load_id = ANY(%s) AND t.school_id > 0 GROUP BY r.extracted_at",
        [loads],
    ).fetchone()
    if row is None:
        return None, []
    moment, since = row
    found = []
    for entity in ENTRIES:
        new = connection.execute(_NEW[entity], {"since": since, "loads": loads, "moment": moment}).fetchone()
        if new and new[0]:
            found.append(Difference(entity, NEW, new[0], new[1]))
    topics = connection.execute(
        "SELECT count(*) FROM fact_lesson WHERE load_id = ANY(%s) AND topic_recorded_latest = %s", [loads, moment]
    ).fetchone()
    if topics and topics[0]:
        found.append(Difference("lesson", NEW, topics[0]))
    changed = connection.execute(
        "SELECT entity, action, count(*) FROM fact_change WHERE load_id = ANY(%s) GROUP BY 1, 2 ORDER BY 1, 2", [loads]
    )
    return since, [*found, *(Difference(*row) for row in changed.fetchall())]


def sheet_counts(connection: psycopg.Connection[Any], load_ids: Sequence[int]) -> tuple[int, int]:
    """(received, expected) journals of the school years of these loads: expected is what any snapshot ever held."""
    row = connection.execute(
        "WITH sheet AS (" + RECEIVED + ")"  # noqa: S608 - a constant
        " SELECT count(DISTINCT (s.school_id, s.group_id, s.subject_id)) FILTER (WHERE s.load_id = ANY(%(loads)s)),"
        " count(DISTINCT (s.school_id, s.group_id, s.subject_id)) FROM sheet s WHERE (s.school_id, s.school_year) IN"
        " (SELECT school_id, school_year FROM sheet WHERE load_id = ANY(%(loads)s))",
        {"loads": list(load_ids)},
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def not_received(connection: psycopg.Connection[Any], load_ids: Sequence[int]) -> list[str]:
    """Sheets that earlier exports of the same school year held and this one does not, by class and subject. They are
    no deletions and no lack of violations: nothing is known of them at this moment. An aspect that these loads do not
    carry at all (КТП given by itself) is not missed.
    """
    rows = connection.execute(
        "WITH sheet AS (" + RECEIVED + "),"  # noqa: S608 - a constant
        " ours AS (SELECT * FROM sheet WHERE load_id = ANY(%(loads)s)),"
        " known AS (SELECT DISTINCT s.school_id, s.group_id, s.subject_id, s.aspect FROM sheet s"
        "  WHERE s.extracted_at < (SELECT min(extracted_at) FROM load_run WHERE load_id = ANY(%(loads)s))"
        "  AND (s.school_id, s.school_year, s.aspect) IN (SELECT school_id, school_year, aspect FROM ours))"
        " SELECT c.name, CASE WHEN g.kind <> 'class' THEN g.name END, j.name, string_agg(k.aspect, ' and '"
        "  ORDER BY k.aspect) FROM known k"
        " JOIN dim_group g USING (school_id, group_id) JOIN dim_class c USING (school_id, class_id)"
        " JOIN dim_subject j ON j.school_id = k.school_id AND j.subject_id = k.subject_id"
        " WHERE NOT EXISTS (SELECT 1 FROM ours o WHERE o.school_id = k.school_id AND o.group_id = k.group_id"
        "  AND o.subject_id = k.subject_id AND o.aspect = k.aspect)"
        " GROUP BY c.grade, c.letter, c.name, j.name, g.name, g.kind ORDER BY c.grade, c.letter, j.name, g.name",
        {"loads": list(load_ids)},
    ).fetchall()
    return [f"{what} of {name} {subject}" + (f" ({group})" if group else "") for name, group, subject, what in rows]
