"""Missed lessons and unsatisfactory marks with their topics, of a class or of one pupil (001 ЗД-12, requirements B-12,
B-13), and whether they were made up. One definition for every page that lists them.

The rule of repair. An unsatisfactory mark (1 or 2) is repaired by a passing mark (3, 4, 5, зачёт) of the same pupil in
the same journal that is for the same work, or stands at the same lesson, or stands at a later lesson with the same
topic (letters and digits compared, case and signs not). A mark that was surely entered before the unsatisfactory one
repairs nothing. Where the repairing mark bears a protocol, that is said. A missed lesson is made up by a passing mark
at that lesson. A mark that was corrected in place is no longer there and is not listed: the table of changes has it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from dashboard.queries.door import read
from etl.warehouse.scope import Scope

_PASSING = "(3, 4, 5, 13)"
_TOPIC = "lower(regexp_replace({0}, '[^[:alnum:]]+', '', 'g'))"
_HERE = """x.school_id = ANY(:schools) AND x.school_id = :school AND x.school_year = :year AND x.class_id = :class_id
  AND (CAST(:pupil AS int) IS NULL OR x.pupil_id = :pupil) AND x.deleted_latest IS NULL AND l.deleted_latest IS NULL
  AND l.held_on BETWEEN :first AND :last"""
_NAMED = """
JOIN fact_lesson l ON l.school_id = x.school_id AND l.school_year = x.school_year AND l.lesson_id = x.lesson_id
LEFT JOIN fact_lesson_text o ON o.school_id = x.school_id AND o.school_year = x.school_year
  AND o.lesson_id = x.lesson_id
JOIN dim_journal j ON j.school_id = x.school_id AND j.journal_id = x.journal_id
JOIN dim_subject s ON s.school_id = j.school_id AND s.subject_id = j.subject_id
LEFT JOIN dim_pupil_name n ON n.school_id = x.school_id AND n.pupil_id = x.pupil_id"""
_MISSED = f"""
SELECT x.journal_id, x.lesson_id, x.pupil_id, n.full_name, l.held_on, l.slot, s.name AS subject, o.topic,
    (array_agg(x.code ORDER BY CASE x.code WHEN 'Б' THEN 0 WHEN 'УП' THEN 1 WHEN 'НП' THEN 2 ELSE 3 END, x.code))[1]
        AS code,
    EXISTS (SELECT 1 FROM fact_mark m WHERE m.school_id = x.school_id AND m.school_year = x.school_year
        AND m.journal_id = x.journal_id AND m.lesson_id = x.lesson_id AND m.pupil_id = x.pupil_id
        AND m.mark_code IN {_PASSING} AND m.deleted_latest IS NULL) AS is_made_up
FROM fact_absence x {_NAMED}
WHERE {_HERE} AND x.code NOT IN ('О', 'ОП') AND coalesce(l.kind, 'lesson') = 'lesson' AND l.status <> 'cancelled'
GROUP BY x.school_id, x.school_year, 1, 2, 3, 4, 5, 6, 7, 8
ORDER BY l.held_on DESC, l.slot, s.name, n.full_name, x.pupil_id, x.lesson_id
"""
# every digit in the order of lessons, so that a run of unsatisfactory ones is seen where another lies between
_LOW = f"""
WITH d AS (
    SELECT x.*, l.held_on, l.slot, s.name AS subject, o.topic, n.full_name,
        lag(x.mark_code) OVER w IN (1, 2) AS follows_low
    FROM fact_mark x {_NAMED}
    WHERE {_HERE} AND x.mark_code BETWEEN 1 AND 5
    WINDOW w AS (PARTITION BY x.pupil_id, x.journal_id ORDER BY l.held_on, l.slot, x.mark_id)
)
SELECT d.journal_id, d.lesson_id, d.pupil_id, d.full_name, d.held_on, d.slot, d.subject, d.topic, d.value,
    k.kind AS work, coalesce(d.follows_low, false) AS follows_low, r.how AS repaired_how, r.held_on AS repaired_on,
    r.value AS repaired_value, r.how IS NOT NULL AS is_bettered
FROM d
LEFT JOIN fact_work k ON k.school_id = d.school_id AND k.school_year = d.school_year AND k.work_id = d.work_id
LEFT JOIN LATERAL (
    SELECT b.value, bl.held_on, CASE WHEN coalesce(b.protocol_no, '') <> '' OR b.protocol_on IS NOT NULL
        THEN 'protocol' WHEN b.work_id = d.work_id THEN 'work' WHEN b.lesson_id = d.lesson_id THEN 'lesson'
        ELSE 'topic' END AS how
    FROM fact_mark b
    JOIN fact_lesson bl ON bl.school_id = b.school_id AND bl.school_year = b.school_year
        AND bl.lesson_id = b.lesson_id AND bl.deleted_latest IS NULL
    LEFT JOIN fact_lesson_text bo ON bo.school_id = b.school_id AND bo.school_year = b.school_year
        AND bo.lesson_id = b.lesson_id
    WHERE b.school_id = d.school_id AND b.school_year = d.school_year AND b.journal_id = d.journal_id
      AND b.pupil_id = d.pupil_id AND b.mark_code IN {_PASSING} AND b.deleted_latest IS NULL
      AND (b.recorded_latest IS NULL OR d.recorded_earliest IS NULL OR b.recorded_latest >= d.recorded_earliest)
      AND (b.work_id = d.work_id OR b.lesson_id = d.lesson_id
        OR (bl.held_on > d.held_on AND {_TOPIC.format("d.topic")} <> ''
            AND {_TOPIC.format("bo.topic")} = {_TOPIC.format("d.topic")}))
    ORDER BY 3, bl.held_on, b.mark_id LIMIT 1
) r ON true
WHERE d.mark_code IN (1, 2)
ORDER BY d.held_on DESC, d.slot, d.subject, d.full_name, d.pupil_id, d.mark_id
"""
MISSED, LOW = _MISSED, _LOW
"""The statements of this module, for reports that leave the class open."""


def _params(school: int, year: int, class_id: int, days: tuple[date, date], pupil: int | None) -> dict[str, Any]:
    first, last = days
    return {"school": school, "year": year, "class_id": class_id, "first": first, "last": last, "pupil": pupil}


def read_missed(
    scope: Scope, school: int, year: int, class_id: int, days: tuple[date, date], pupil: int | None = None
) -> pl.DataFrame:
    """One row per pupil and lesson missed between two days, the newest first: journal_id, lesson_id, pupil_id,
    full_name, held_on, slot, subject, topic, code (the best known reason), is_made_up. One query."""
    return read(scope, _MISSED, _params(school, year, class_id, days, pupil))


def read_low(
    scope: Scope, school: int, year: int, class_id: int, days: tuple[date, date], pupil: int | None = None
) -> pl.DataFrame:
    """One row per unsatisfactory mark between two days, the newest first: its place as in `read_missed`, value, work,
    follows_low (the digit before it in the journal is unsatisfactory too), is_bettered, and repaired_how (work,
    lesson, topic or protocol), repaired_on, repaired_value. One query."""
    return read(scope, _LOW, _params(school, year, class_id, days, pupil))
