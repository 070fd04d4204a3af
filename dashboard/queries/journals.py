"""What the page of a journal asks: a constant number of queries, whatever the size of the school.

A journal is open to a reader when one of her grants says so (`access_row`); a closed one answers exactly like one
that does not exist. The row policies hide its rows a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods, schools
from dashboard.queries.door import read
from dashboard.queries.rosters import read_roster
from etl.warehouse.ledger import EXISTS, FINDING_STATUSES, IS_DUE, IS_MADE, RULES, STATUS, Excluded
from etl.warehouse.metrics import DUTY
from etl.warehouse.scope import Scope

LESSON_RULES = tuple(rule.number for rule in RULES if rule.object_type == "lesson" and rule.kind in ("duty", "event"))
"""Rules about the lesson itself: one row per lesson and rule."""
NOT_HELD = (int(Excluded.cancelled), int(Excluded.not_instructional))
_FINDINGS = ", ".join(str(int(status)) for status in FINDING_STATUSES)

_OPEN = """EXISTS (
    SELECT 1 FROM access_row a WHERE a.school_id = j.school_id AND (
        a.level = 'school' OR (a.level = 'class' AND a.class_id = j.class_id)
        OR (a.level = 'journal' AND a.journal_id = j.journal_id)))"""
_JOURNALS = f"""
WITH asked AS (
    SELECT o.journal_id, o.class_id, o.subject_id FROM dim_journal o
    WHERE o.school_id = :school AND o.journal_id = coalesce(CAST(:journal AS bigint), (
        SELECT l.journal_id FROM fact_lesson l
        WHERE l.school_id = :school AND l.lesson_id = :lesson AND l.deleted_latest IS NULL LIMIT 1))
), newest AS (
    SELECT coalesce(CAST(:year AS bigint), max(o.school_year)) AS school_year
    FROM dim_journal o WHERE o.school_id = :school
)
SELECT j.school_id, j.school_year, j.journal_id, j.class_id, j.group_id, j.subject_id,
       c.name AS class_name, c.grade, c.letter, s.name AS subject, g.kind AS group_kind, g.name AS group_name,
       coalesce(a.journal_id = j.journal_id, false) AS is_asked
FROM dim_journal j
JOIN newest n ON true
JOIN dim_class c USING (school_id, class_id)
JOIN dim_subject s USING (school_id, subject_id)
JOIN dim_group g USING (school_id, group_id)
LEFT JOIN asked a ON a.class_id = j.class_id AND a.subject_id = j.subject_id
WHERE j.school_id = ANY(:schools) AND j.school_id = :school AND {_OPEN}
  AND (a.journal_id IS NOT NULL OR (
        NOT CAST(:is_named AS boolean) AND j.school_year = n.school_year
        AND (CAST(:class_id AS bigint) IS NULL OR j.class_id = :class_id)
        AND (CAST(:subject AS bigint) IS NULL OR j.subject_id = :subject)))
ORDER BY c.grade, c.letter, c.class_id, s.name, g.name, j.journal_id
"""
_PERIODS = """
SELECT p.school_id, p.school_year, p.kind, p.number, min(p.starts_on) AS starts_on, max(p.ends_on) AS ends_on,
       min(p.period_id) AS period_id
FROM dim_period p
WHERE p.school_id = ANY(:schools) AND p.school_id = :school AND p.school_year = :year
  AND p.deleted_latest IS NULL AND :grade BETWEEN p.grade_from AND p.grade_to
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
LESSON_COLUMNS = """l.school_id, l.school_year, l.journal_id, l.class_id, l.lesson_id, l.held_on, l.slot,
       l.starts_at, l.ends_at, l.kind, l.status, l.substitute_id, l.homework_not_assigned,
       n.full_name AS teacher, b.full_name AS substitute, x.topic, x.homework"""
LESSON_JOINS = """
LEFT JOIN fact_lesson_text x ON x.school_id = l.school_id AND x.school_year = l.school_year
  AND x.lesson_id = l.lesson_id
LEFT JOIN dim_staff_name n ON n.school_id = l.school_id AND n.staff_id = l.staff_id
LEFT JOIN dim_staff_name b ON b.school_id = l.school_id AND b.staff_id = l.substitute_id"""
# Events at T: a known moment of the entry after T excludes it, an unknown one does not.
_KNOWN = "(CAST(:moment AS timestamptz) IS NULL OR {0}.recorded_earliest <= :moment)"
_LESSONS = f"""
SELECT {LESSON_COLUMNS}
FROM fact_lesson l {LESSON_JOINS}
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year
  AND l.journal_id = :journal AND l.deleted_latest IS NULL AND l.held_on BETWEEN :first AND :last
  AND (l.held_on <= :until OR EXISTS (
        SELECT 1 FROM fact_mark m
        WHERE m.school_id = l.school_id AND m.school_year = l.school_year AND m.journal_id = l.journal_id
          AND m.lesson_id = l.lesson_id AND m.deleted_latest IS NULL AND {_KNOWN.format("m")}))
ORDER BY l.held_on, l.slot, l.lesson_id
"""
ROW_COLUMNS = f"""r.school_id, r.rule, r.lesson_id, r.object_id, r.pupil_id, r.period_id, {STATUS} AS status,
       {IS_MADE} AS is_made, {IS_DUE} AS is_due, r.excluded, r.is_required, r.can_tell, r.done_quality,
       r.profile_version, r.not_before, r.target_at, r.due_at, r.due_earliest, r.done_earliest, r.done_latest,
       h.t AS at"""
_LEDGER = f"""
SELECT {ROW_COLUMNS}
FROM ledger_row r JOIN {duty.LEDGER_HORIZON} h ON h.t IS NOT NULL
WHERE r.school_id = ANY(:schools) AND r.school_id = :school AND r.school_year = :year
  AND r.journal_id = :journal AND r.judgement_id = 0 AND {EXISTS}
  AND (r.rule = ANY(:lesson_rules) OR {STATUS} IN ({_FINDINGS}))
"""
ENTRIES = f"""
SELECT m.school_id, 'mark' AS kind, m.lesson_id, m.pupil_id, m.mark_id AS object_id, m.value,
       w.kind AS work, w.title, w.is_monitoring
FROM fact_mark m
LEFT JOIN fact_work w ON w.school_id = m.school_id AND w.school_year = m.school_year AND w.work_id = m.work_id
WHERE m.school_id = ANY(:schools) AND m.school_id = :school AND m.school_year = :year
  AND m.journal_id = :journal AND m.lesson_id = ANY(CAST(:lessons AS int[]))
  AND m.deleted_latest IS NULL AND {_KNOWN.format("m")}
UNION ALL
SELECT a.school_id, 'absence', a.lesson_id, a.pupil_id, a.absence_id, a.code, NULL, NULL, NULL
FROM fact_absence a
WHERE a.school_id = ANY(:schools) AND a.school_id = :school AND a.school_year = :year
  AND a.journal_id = :journal AND a.lesson_id = ANY(CAST(:lessons AS int[]))
  AND a.deleted_latest IS NULL AND {_KNOWN.format("a")}
UNION ALL
SELECT p.school_id, p.kind, NULL, p.pupil_id, p.period_id, p.value, d.kind, d.number::text, NULL
FROM fact_period_mark p JOIN dim_period d ON d.school_id = p.school_id AND d.period_id = p.period_id
WHERE CAST(:with_periods AS boolean) AND p.school_id = ANY(:schools) AND p.school_id = :school
  AND p.school_year = :year AND p.journal_id = :journal
  AND p.deleted_latest IS NULL AND {_KNOWN.format("p")} AND d.starts_on <= :last AND d.ends_on >= :first
ORDER BY 2, 3, 4, 5
"""


@dataclass(frozen=True)
class Place:
    """Which journal: enough to read a lesson of it; `zone` of its school, `until` where its data end on that
    clock, `until_on` the day of it."""

    school: int
    year: int
    journal: int
    zone: str
    until_on: date
    until: datetime


@dataclass(frozen=True)
class Journal:
    """The page of one journal.

    `school` and `journal` are rows (`schools.read_schools`, dim_journal with names), `siblings` the open journals of
    the same class and subject, `terms` the periods of its year and grade (kind, number, starts_on, ends_on,
    period_id). `lessons` one row per lesson of the period up to T in order of time; `rows` ledger rows with their
    sums (`duty_sums`): all of the lessons themselves, and of marks and period marks those that open a finding;
    `entries` marks, absences and period marks by `kind`; `roster` one row per pupil and interval in order of names
    (pupil_id, full_name, from_on, to_on), half-open, with pupils who only have an entry (both null).
    """

    school: dict[str, Any]
    journal: dict[str, Any]
    siblings: pl.DataFrame
    choice: periods.Choice | None
    terms: pl.DataFrame
    first: date
    last: date
    until: date
    lessons: pl.DataFrame
    rows: pl.DataFrame
    entries: pl.DataFrame
    roster: pl.DataFrame

    @property
    def place(self) -> Place:
        """The journal's key, for `read_lesson`."""
        return Place(
            self.school["school_id"],
            self.journal["school_year"],
            self.journal["journal_id"],
            self.school["timezone"],
            self.school["until_on"],
            schools.local_moment(self.school),
        )


def read_journals(scope: Scope, filters: Filters) -> pl.DataFrame:
    """Open journals the position may mean, one row each: school_id, school_year, journal_id, class_id, … and names.

    Those of the asked class and subject (`is_asked` marks the named one), all of the year where nothing is named. One
    query.
    """
    is_named = filters.journal is not None or filters.lesson is not None
    return read(
        scope,
        _JOURNALS,
        {
            "school": filters.school,
            "journal": filters.journal,
            "lesson": filters.lesson,
            "year": filters.year,
            "class_id": filters.class_id,
            "subject": filters.subject,
            "is_named": is_named,
        },
    )


def read_journal(scope: Scope, filters: Filters, journal: int, now: datetime) -> Journal | None:
    """The page of one journal, eight queries; None where it is not open to the scope or does not exist."""
    found = read_journals(scope, Filters(school=filters.school, journal=journal))
    mine = found.filter("is_asked")
    listed = schools.read_schools(scope, now, filters.school)
    if mine.is_empty() or listed.is_empty():
        return None
    school, row = listed.row(0, named=True), mine.row(0, named=True)
    until = schools.until_of(listed, filters.as_of)[row["school_id"]]
    params = {"school": row["school_id"], "year": row["school_year"], "journal": journal}
    terms = read(scope, _PERIODS, {"school": row["school_id"], "year": row["school_year"], "grade": row["grade"]})
    choice = _choose(terms, filters, row, until)
    first, last = _days(choice, row)
    day = schools.past_moment(school, filters)
    moment = None if day is None else end_of_day(day, school["timezone"])
    span = {**params, "first": first, "last": last, "until": until, "moment": moment}
    lessons = read(scope, _LESSONS, span)
    rows = read(scope, _LEDGER, {**params, "day": day, "lesson_rules": list(LESSON_RULES)})
    rows = rows.filter(pl.col("lesson_id").is_null() | pl.col("lesson_id").is_in(lessons["lesson_id"].to_list()))
    rows = duty_sums(rows)
    entries = read(scope, ENTRIES, {**span, "lessons": lessons["lesson_id"].to_list(), "with_periods": True})
    roster = read_roster(scope, params, row, entries, first, min(last, until))
    return Journal(school, row, found, choice, terms, first, last, until, lessons, rows, entries, roster)


def duty_sums(rows: pl.DataFrame) -> pl.DataFrame:
    """Ledger rows with every sum of `metrics.DUTY` as a column of 0 and 1: what a metric is computed from."""
    return rows.with_columns(
        pl.sql_expr(predicate).fill_null(value=False).cast(pl.Int64).alias(name) for name, predicate in DUTY.items()
    )


def held(page: Journal) -> pl.DataFrame:
    """The lessons of the page that were held by T (annex R1): neither cancelled nor on a day without lessons."""
    not_held = page.rows.filter(pl.col("excluded").is_in(NOT_HELD))["lesson_id"].unique().to_list()
    is_held = (
        (pl.col("held_on") <= page.until) & (pl.col("status") != "cancelled") & ~pl.col("lesson_id").is_in(not_held)
    )
    return page.lessons.filter(is_held)


def end_of_day(day: date | datetime, zone: str) -> datetime:
    """23:59:59 of a local day, or the local moment that it is, in UTC."""
    if isinstance(day, datetime):
        return day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return datetime.combine(day, time(23, 59, 59), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _choose(terms: pl.DataFrame, filters: Filters, journal: dict[str, Any], until: date) -> periods.Choice | None:
    """The period of the position among those of the journal's own year and grade."""
    year = journal["school_year"]
    code = filters.period or ""
    prefix = code.partition(".")[0]
    is_other_year = (prefix.isdigit() and int(prefix) != year) or (
        filters.year not in (None, year) and not prefix.isdigit()
    )
    return periods.choose(
        terms,
        filters.changed(year=year, period=None if is_other_year else filters.period),
        {journal["school_id"]: until},
        with_days=True,
    )


def _days(choice: periods.Choice | None, journal: dict[str, Any]) -> tuple[date, date]:
    year = journal["school_year"]
    if choice is None or choice.period.span.is_year:
        return date(year, 8, 1), date(year + 1, 7, 31)
    return choice.period.span.days_of(journal["school_id"]) or (
        choice.period.span.first,
        choice.period.span.first,
    )
