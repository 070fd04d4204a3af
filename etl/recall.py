"""Reads what is stored of a school for a source whose files carry no ids (`etl.sources.earlier`)."""

from __future__ import annotations

from typing import LiteralString

from etl.sources.earlier import NOTHING, Earlier, Recall, StoredEnrolment, StoredEntry, StoredLesson, StoredLoad
from etl.warehouse.engine import owner_connection

_ENTRIES: LiteralString = (
    "SELECT mark_key, value, deleted_latest IS NULL, false FROM fact_mark WHERE school_id = %(school)s"
    " AND school_year = ANY(%(years)s)"
    " UNION ALL SELECT absence_key, code, deleted_latest IS NULL, true FROM fact_absence WHERE school_id = %(school)s"
    " AND school_year = ANY(%(years)s)"
)
_LESSONS: LiteralString = (
    "SELECT l.lesson_key, g.key, j.key, s.key, l.held_on, l.status, t.topic, t.homework, p.key,"
    " l.deleted_latest IS NULL FROM fact_lesson l"
    " LEFT JOIN fact_lesson_text t USING (school_id, school_year, lesson_id)"
    " JOIN source_key g ON g.school_id = l.school_id AND g.table_name = 'study_group' AND g.id = l.group_id"
    " JOIN source_key j ON j.school_id = l.school_id AND j.table_name = 'subject' AND j.id = l.subject_id"
    " JOIN source_key s ON s.school_id = l.school_id AND s.table_name = 'staff' AND s.id = l.staff_id"
    " LEFT JOIN (SELECT school_id, plan_item_id AS id, plan_item_key AS key FROM fact_plan_item) p"
    " ON p.school_id = l.school_id AND p.id = l.plan_item_id"
    " WHERE l.school_id = %(school)s AND l.school_year = ANY(%(years)s)"
)
_LOADS: LiteralString = (
    "SELECT r.extracted_at, bool_or(t.table_name = 'mark'),"
    " bool_or(t.table_name = 'lesson' AND 'topic' = ANY (t.columns))"
    " FROM load_run r JOIN load_table t USING (load_id) WHERE t.school_id = %(school)s AND r.mode = 'snapshot'"
    " GROUP BY r.load_id, r.extracted_at"
)
_ENROLMENTS: LiteralString = (
    "SELECT p.key, c.key, e.from_on, e.to_on, coalesce(n.full_name, '') FROM fact_enrolment e"
    " JOIN source_key p ON p.school_id = e.school_id AND p.table_name = 'pupil' AND p.id = e.pupil_id"
    " JOIN source_key c ON c.school_id = e.school_id AND c.table_name = 'school_class' AND c.id = e.class_id"
    " LEFT JOIN dim_pupil_name n ON n.school_id = e.school_id AND n.pupil_id = e.pupil_id"
    " WHERE e.school_id = %(school)s AND e.school_year = ANY(%(years)s) AND e.deleted_latest IS NULL"
)


def recall(url: str) -> Recall:
    """A reader of the database at `url`; it reads outside the load's transaction: loads of one school come one by one.

    Raises DatabaseError as every connection does.
    """

    def read(school_key: str, years: frozenset[int]) -> Earlier:
        with owner_connection(url) as connection:
            there = connection.execute("SELECT to_regclass('dim_school') IS NOT NULL").fetchone()
            if not there or not there[0]:
                return NOTHING
            school = connection.execute(
                "SELECT school_id FROM dim_school WHERE school_key = %s", [school_key]
            ).fetchone()
            if school is None:
                return NOTHING
            asked = {"school": school[0], "years": sorted(years)}
            pupils = connection.execute(
                "SELECT key FROM source_key WHERE school_id = %(school)s AND table_name = 'pupil'", asked
            )
            return Earlier(
                frozenset(key for (key,) in pupils),
                tuple(StoredEntry(*row) for row in connection.execute(_ENTRIES, asked)),
                tuple(StoredLesson(*row) for row in connection.execute(_LESSONS, asked)),
                tuple(StoredLoad(*row) for row in connection.execute(_LOADS, asked)),
                tuple(StoredEnrolment(*row) for row in connection.execute(_ENROLMENTS, asked)),
            )

    return read
