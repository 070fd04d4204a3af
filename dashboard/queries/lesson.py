"""What the card of one lesson asks: the lesson, its ledger rows with their clauses, its marks and absences; four
queries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, schools
from dashboard.queries.door import read
from dashboard.queries.journals import ENTRIES, LESSON_COLUMNS, LESSON_JOINS, ROW_COLUMNS, Place, end_of_day
from dashboard.queries.rosters import NAMES
from etl.warehouse.ledger import EXISTS
from etl.warehouse.scope import Scope

_LESSON = f"""
SELECT {LESSON_COLUMNS}
FROM fact_lesson l {LESSON_JOINS}
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year AND l.lesson_id = :lesson
  AND l.journal_id = :journal AND l.deleted_latest IS NULL
"""
_LESSON_LEDGER = f"""
SELECT {ROW_COLUMNS}, d.full_name AS responsible,
       c.severity, c.clause, c.quotation, c.act_title, c.act_number, c.act_date, c.origin
FROM ledger_row r JOIN {duty.LEDGER_HORIZON} h ON h.t IS NOT NULL
LEFT JOIN judgement_rule c ON c.school_id = r.school_id AND c.judgement_id = r.judgement_id
  AND c.profile_version = r.profile_version AND c.rule = r.rule
LEFT JOIN dim_staff_name d ON d.school_id = r.school_id AND d.staff_id = r.staff_id
WHERE r.school_id = ANY(:schools) AND r.school_id = :school AND r.school_year = :year
  AND r.journal_id = :journal AND r.lesson_id = :lesson
  AND r.judgement_id = 0 AND {EXISTS}
"""


@dataclass(frozen=True)
class Lesson:
    """The card of one lesson: its row, its ledger rows with clause and responsible person, its marks and absences."""

    lesson: dict[str, Any]
    rows: pl.DataFrame
    entries: pl.DataFrame
    names: dict[int, str]


def read_lesson(scope: Scope, filters: Filters, place: Place) -> Lesson | None:
    """The card of `filters.lesson` of a journal known to be open; None where it has no such lesson. Four queries."""
    until = {"extracted_at": place.until, "timezone": place.zone, "until_on": place.until_on}
    day = schools.past_moment(until, filters)
    params = {"school": place.school, "year": place.year, "journal": place.journal, "lesson": filters.lesson}
    lesson = read(scope, _LESSON, params)
    if lesson.is_empty():
        return None
    held_on = lesson["held_on"][0]
    moment = None if day is None else end_of_day(day, place.zone)
    rows = read(scope, _LESSON_LEDGER, {**params, "day": day}).sort("rule", "pupil_id", "object_id", nulls_last=True)
    asked = {
        **params,
        "lessons": [filters.lesson],
        "with_periods": False,
        "moment": moment,
        "first": held_on,
        "last": held_on,
    }
    entries = read(scope, ENTRIES, asked)
    names = read(scope, NAMES, {"school": place.school, "pupils": entries["pupil_id"].unique().to_list()})
    return Lesson(lesson.row(0, named=True), rows, entries, dict(names.select("pupil_id", "full_name").iter_rows()))
