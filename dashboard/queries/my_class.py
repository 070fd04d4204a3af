"""What «Мой класс» and the sheet of a pupil ask: a constant number of queries, whatever the class.

Only inside a school, for whoever is granted the whole school or this very class: a teacher of one subject has her own
journals, a municipal reader has no pupils. The row policies say the same a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty
from dashboard.queries.attendance import Attendance, read_attendance
from dashboard.queries.class_records import read_low, read_missed
from dashboard.queries.door import read
from dashboard.queries.forecast import Forecasts, read_pupil_forecasts
from dashboard.queries.performance import PUPILS, params_of
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import LESSON_RULES, sums
from etl.warehouse.scope import Scope

# a class is open to the whole school and to its own class teacher
_CLASSES = """
SELECT c.school_id, c.class_id, c.name, c.grade, c.letter, n.full_name AS teacher
FROM dim_class c
LEFT JOIN dim_staff_name n ON n.school_id = c.school_id AND n.staff_id = c.homeroom_teacher_id
WHERE c.school_id = ANY(:schools) AND c.school_id = :school AND c.deleted_latest IS NULL
  AND c.school_year = coalesce(CAST(:year AS int), (SELECT max(o.school_year) FROM dim_class o
      WHERE o.school_id = :school))
  AND EXISTS (SELECT 1 FROM access_row a WHERE a.school_id = c.school_id
      AND (a.level = 'school' OR (a.level = 'class' AND a.class_id = c.class_id)))
ORDER BY c.grade, c.letter, c.class_id
"""
_JOURNALS = f"""
WITH {duty.SPAN}, d AS ({duty.BY_JOURNAL} AND m.school_id = :school AND m.class_id = :class_id
    AND m.rule = ANY(:rules))
SELECT d.journal_id, d.rule, max(n.full_name) AS teacher, {sums("duty")}
FROM d JOIN span USING (school_id)
LEFT JOIN dim_staff_name n ON n.school_id = d.school_id AND n.staff_id = d.staff_id
WHERE {duty.IN_SPAN}
GROUP BY 1, 2 ORDER BY 1, 2
"""
_NAME = """
SELECT n.school_id, n.full_name FROM dim_pupil_name n
WHERE n.school_id = ANY(:schools) AND n.school_id = :school AND n.pupil_id = :pupil
  AND EXISTS (SELECT 1 FROM fact_enrolment e WHERE e.school_id = n.school_id AND e.pupil_id = n.pupil_id
      AND e.class_id = :class_id AND e.deleted_latest IS NULL)
"""
_RULES = [RULE[name].number for name in LESSON_RULES]


@dataclass(frozen=True)
class ClassPage:
    """One class in one period.

    `attendance` as on the page of attendance; `pupils` rows of mart_pupil_journal of the periods that end in the
    period looked at; `missed`, `low` as of `class_records`; `duties` sums by journal and rule with the teacher;
    `forecasts` until the end of the running period. `days` = first and last day that count.
    """

    attendance: Attendance
    days: tuple[date, date]
    pupils: pl.DataFrame
    missed: pl.DataFrame
    low: pl.DataFrame
    duties: pl.DataFrame
    forecasts: Forecasts


@dataclass(frozen=True)
class PupilPage:
    """One pupil in one period: `name` (null where the source has none) and the parts of `ClassPage` cut to her."""

    name: str | None
    page: ClassPage


def read_classes(scope: Scope, school: int, year: int | None = None) -> pl.DataFrame:
    """Classes that are open to the reader as a whole: class_id, name, grade, letter, teacher. One query."""
    return read(scope, _CLASSES, {"school": school, "year": year})


def read_class(scope: Scope, filters: Filters, now: datetime) -> ClassPage | None:
    """Everything of `filters.class_id`; None where the class is not open as a whole, or the school has no periods.

    At most fifteen queries."""
    if not _is_open(scope, filters):
        return None
    attendance = read_attendance(scope, filters.changed(pupil=None, subject=None), now)
    if attendance is None or attendance.choice is None or attendance.until is None:
        return None
    return _read(scope, filters, attendance)


def read_pupil(scope: Scope, filters: Filters, now: datetime) -> PupilPage | None:
    """The sheet of `filters.pupil` in `filters.class_id`; None where she is not in a class that is open.

    At most sixteen queries."""
    if filters.pupil is None or not _is_open(scope, filters):
        return None
    params = {"school": filters.school, "class_id": filters.class_id, "pupil": filters.pupil}
    name = read(scope, _NAME, params)
    attendance = read_attendance(scope, filters.changed(pupil=None, subject=None), now)
    if name.is_empty() or attendance is None or attendance.choice is None or attendance.until is None:
        return None
    return PupilPage(name["full_name"][0], _read(scope, filters, attendance))


def _is_open(scope: Scope, filters: Filters) -> bool:
    place = (filters.school, filters.class_id)
    return scope.sees_names and None not in place and (filters.school in scope.school_ids or place in scope.class_ids)


def _read(scope: Scope, filters: Filters, attendance: Attendance) -> ClassPage:
    assert filters.school is not None and filters.class_id is not None  # noqa: S101 - `_is_open` says so
    assert attendance.choice is not None and attendance.until is not None  # noqa: S101 - the callers say so
    school, class_id, period = filters.school, filters.class_id, attendance.choice.period
    params: dict[str, Any] = params_of(
        scope, filters.changed(subject=None), period, {school: attendance.until}
    )  # fmt: skip
    days, year = (params["first"], params["last"]), period.span.year
    pupils = read(scope, PUPILS, params)
    if filters.pupil is not None:
        pupils = pupils.filter(pl.col("pupil_id") == filters.pupil)
    return ClassPage(
        attendance=attendance,
        days=days,
        pupils=pupils,
        missed=read_missed(scope, school, year, class_id, days, filters.pupil),
        low=read_low(scope, school, year, class_id, days, filters.pupil),
        duties=read(scope, _JOURNALS, {**params, "rules": _RULES}),
        forecasts=read_pupil_forecasts(scope, school, class_id, filters.pupil),
    )
