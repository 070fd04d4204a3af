"""What the forms of the registers offer: people, classes, periods, and the entries that a permission may be about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboard.queries.door import read
from etl.warehouse.ordering import class_order
from etl.warehouse.scope import Scope

_YEAR = "(SELECT max(y.school_year) FROM dim_class y WHERE y.school_id = :school)"
_PUPILS = f"""
SELECT DISTINCT ON (p.full_name, e.pupil_id) e.school_id, e.pupil_id, e.class_id, c.name AS class_name,
       p.full_name AS pupil
FROM fact_enrolment e
JOIN dim_class c ON c.school_id = e.school_id AND c.class_id = e.class_id AND c.school_year = {_YEAR}
JOIN dim_pupil_name p ON p.school_id = e.school_id AND p.pupil_id = e.pupil_id
WHERE e.school_id = ANY(:schools) AND e.school_id = :school AND e.deleted_latest IS NULL
ORDER BY p.full_name, e.pupil_id, e.from_on DESC
"""
_STAFF = """
SELECT t.school_id, t.staff_id, t.full_name AS staff FROM dim_staff_name t
WHERE t.school_id = ANY(:schools) AND t.school_id = :school ORDER BY t.full_name, t.staff_id
"""
_CLASSES = f"""
SELECT c.school_id, c.class_id, c.name AS class_name, c.school_year FROM dim_class c
WHERE c.school_id = ANY(:schools) AND c.school_id = :school AND c.school_year = {_YEAR} AND c.deleted_latest IS NULL
ORDER BY {class_order("c.grade", "c.letter")}
"""
_PERIODS = f"""
SELECT DISTINCT ON (p.kind, p.number) p.school_id, p.period_id, p.kind, p.number, p.school_year, p.ends_on
FROM dim_period p
WHERE p.school_id = ANY(:schools) AND p.school_id = :school AND p.school_year = {_YEAR} AND p.deleted_latest IS NULL
ORDER BY p.kind, p.number, p.period_id
"""
_JOURNALS = """
SELECT j.school_id, j.journal_id, j.school_year, u.name AS subject, g.kind AS group_kind, g.name AS group_name
FROM dim_journal j
JOIN dim_subject u ON u.school_id = j.school_id AND u.subject_id = j.subject_id
JOIN dim_group g ON g.school_id = j.school_id AND g.group_id = j.group_id
WHERE j.school_id = ANY(:schools) AND j.school_id = :school AND j.class_id = :class_id
ORDER BY u.name, j.journal_id
"""
_LESSONS = """
SELECT l.school_id, l.lesson_id, l.held_on, l.slot FROM fact_lesson l
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.journal_id = :journal AND l.school_year = :year
  AND l.deleted_latest IS NULL AND l.held_on <= (SELECT max(x.data_until) FROM ledger_horizon x
      WHERE x.school_id = :school)
ORDER BY l.held_on DESC, l.slot DESC
"""
_OBJECTS = """
SELECT o.school_id, o.entity, o.entity_key, o.value, p.full_name AS pupil FROM (
    SELECT l.school_id, 0 AS place, 'lesson' AS entity, l.lesson_key AS entity_key, NULL AS value, NULL::int AS pupil_id
    FROM fact_lesson l WHERE l.school_id = :school AND l.school_year = :year AND l.lesson_id = :lesson
    UNION ALL
    SELECT w.school_id, 1, 'work', w.work_key, w.kind, NULL FROM fact_work w WHERE w.school_id = :school
      AND w.school_year = :year AND w.journal_id = :journal AND w.lesson_id = :lesson AND w.deleted_latest IS NULL
    UNION ALL
    SELECT m.school_id, 2, 'mark', m.mark_key, m.value, m.pupil_id FROM fact_mark m WHERE m.school_id = :school
      AND m.school_year = :year AND m.journal_id = :journal AND m.lesson_id = :lesson AND m.deleted_latest IS NULL
    UNION ALL
    SELECT a.school_id, 3, 'absence', a.absence_key, a.code, a.pupil_id FROM fact_absence a WHERE a.school_id = :school
      AND a.school_year = :year AND a.journal_id = :journal AND a.lesson_id = :lesson AND a.deleted_latest IS NULL
) o LEFT JOIN dim_pupil_name p USING (school_id, pupil_id)
WHERE o.school_id = ANY(:schools) ORDER BY o.place, p.full_name, o.entity_key
"""
_PERIOD_MARKS = """
SELECT m.school_id, 'period_mark' AS entity, m.period_mark_key AS entity_key, m.value, p.full_name AS pupil,
       q.kind AS period_kind, q.number AS period_number
FROM fact_period_mark m
JOIN dim_period q ON q.school_id = m.school_id AND q.period_id = m.period_id
LEFT JOIN dim_pupil_name p ON p.school_id = m.school_id AND p.pupil_id = m.pupil_id
WHERE m.school_id = ANY(:schools) AND m.school_id = :school AND m.school_year = :year AND m.journal_id = :journal
  AND m.deleted_latest IS NULL ORDER BY q.ends_on DESC, p.full_name, m.period_mark_key
"""


@dataclass(frozen=True)
class Choices:
    """`pupils` pupil_id, class_id, class_name, pupil; `staff` staff_id, staff; `classes` class_id, class_name,
    school_year; `periods` period_id, kind, number, ends_on: of the newest school year, as far as the reader sees them.
    """

    pupils: pl.DataFrame
    staff: pl.DataFrame
    classes: pl.DataFrame
    periods: pl.DataFrame


def read_choices(scope: Scope, school: int) -> Choices:
    """Four queries."""
    asked: dict[str, Any] = {"school": school}
    return Choices(
        read(scope, _PUPILS, asked),
        read(scope, _STAFF, asked),
        read(scope, _CLASSES, asked),
        read(scope, _PERIODS, asked),
    )


def read_class_journals(scope: Scope, school: int, class_id: int) -> pl.DataFrame:
    """journal_id, school_year, subject, group_kind, group_name of a class; one query."""
    return read(scope, _JOURNALS, {"school": school, "class_id": class_id})


def read_lesson_days(scope: Scope, school: int, journal: int, year: int) -> pl.DataFrame:
    """lesson_id, held_on, slot of a journal, newest first; one query."""
    return read(scope, _LESSONS, {"school": school, "journal": journal, "year": year})


def read_lesson_objects(scope: Scope, school: int, journal: int, year: int, lesson: int) -> pl.DataFrame:
    """What of a lesson may be changed: entity, entity_key, value, pupil; the lesson's own topic first. One query."""
    return read(scope, _OBJECTS, {"school": school, "journal": journal, "year": year, "lesson": lesson})


def read_period_objects(scope: Scope, school: int, journal: int, year: int) -> pl.DataFrame:
    """Period marks of a journal: entity, entity_key, value, pupil, period_kind, period_number; one query."""
    return read(scope, _PERIOD_MARKS, {"school": school, "journal": journal, "year": year})
