"""What the page of a school asks: a constant number of queries, whatever the size of the school.

A municipal reader gets sums of the school as a whole (marts); inside the school the sums go down to
journals and people, as far as the row policies show them: a class teacher's class, a teacher's own
journals.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.components.palette import FEW
from dashboard.filters import Filters
from dashboard.queries import duty, periods, schools
from dashboard.queries.attended import read_attended
from dashboard.queries.door import read
from dashboard.queries.findings import REGISTER, moment_of
from dashboard.queries.overview import RULE_NUMBERS, duties_by_rule, whole_days
from dashboard.queries.same_point import moments_before
from etl.warehouse.ledger import RULE, Status
from etl.warehouse.metrics import LESSON_RULES, METRICS, sums
from etl.warehouse.scope import Scope

_UNSEEN = int(Status.indeterminate)
_LESSON_NUMBERS = ", ".join(str(RULE[name].number) for name in LESSON_RULES)

_NARROW = """
  AND (CAST(:class_id AS int) IS NULL OR d.class_id = :class_id)
  AND (CAST(:staff AS int) IS NULL OR d.staff_id = :staff)
  AND (CAST(:parallel AS int) IS NULL OR EXISTS (
        SELECT 1 FROM dim_class c WHERE c.school_id = d.school_id AND c.class_id = d.class_id
            AND c.grade = :parallel))
  AND (CAST(:subject AS int) IS NULL OR EXISTS (
        SELECT 1 FROM dim_journal j WHERE j.school_id = d.school_id AND j.journal_id = d.journal_id
            AND j.subject_id = :subject))
"""
# One pass over the rows for every table of the page; `part` tells the groupings apart. Weeks are those of
# the whole year: a control chart needs its history, also in the first days of a quarter.
_PARTS = """
SELECT CASE WHEN grouping(d.journal_id) = 0 THEN 'journal' WHEN grouping(d.week_on) = 0 THEN 'week'
            WHEN grouping(d.staff_id) = 0 THEN 'staff' ELSE 'rule' END AS part,
       d.rule, d.class_id, d.journal_id, d.week_on, d.staff_id, {sums}
FROM (SELECT d.*, {in_span} AS in_span FROM d JOIN span USING (school_id)) d
WHERE d.school_id = :school AND d.rule = ANY(:rules) {narrow}
GROUP BY GROUPING SETS ((in_span, d.rule), (in_span, d.rule, d.class_id, d.journal_id), (d.rule,
    d.week_on), (in_span, d.rule, d.staff_id))
HAVING in_span OR grouping(in_span) = 1
"""
_BY_WEEKS = _PARTS.format(sums=sums("duty"), narrow=_NARROW, in_span=duty.IN_SPAN)
_BY_DAYS = _PARTS.format(sums=sums("duty"), narrow=_NARROW, in_span=duty.IN_DAYS)
_INSIDE_NEWEST = f"WITH {duty.SPAN}, d AS ({duty.BY_JOURNAL}) {_BY_WEEKS}"
_INSIDE_AT = f"""
WITH {duty.SPAN}, d AS MATERIALIZED ({duty.LEDGER} AND r.school_id = :school AND r.rule = ANY(:rules))
{_BY_DAYS}
"""
# the same tables at another moment of another period, only with what the comparison shows: every page asks for them;
# materialised, because each FILTER of the sums would work the status out anew (116 ms for 195)
_COMPARED = ("done", "base", "unseen", "kept", "judged", "unsure", "late", "missing")
_THEN = f"""
WITH {duty.SPAN}, d AS MATERIALIZED ({duty.LEDGER} AND r.school_id = :school AND r.rule IN ({_LESSON_NUMBERS})
    AND (CAST(:is_year AS boolean) OR r.anchor_on BETWEEN CAST(:starts_on AS date) - 6 AND CAST(:ends_on AS date) + 6))
SELECT CASE WHEN grouping(d.journal_id) = 0 THEN 'journal' WHEN grouping(d.staff_id) = 0 THEN 'staff'
            ELSE 'rule' END AS part,
       d.rule, d.class_id, d.journal_id, NULL::date AS week_on, d.staff_id, {sums("duty", _COMPARED)}
FROM d JOIN span USING (school_id)
WHERE {duty.IN_DAYS} {_NARROW}
GROUP BY GROUPING SETS ((d.rule), (d.rule, d.class_id, d.journal_id), (d.rule, d.staff_id))
"""
_WHOLE_PARTS = f"""
SELECT CASE WHEN grouping(d.week_on) = 0 THEN 'week' ELSE 'rule' END AS part,
       d.rule, NULL::int AS class_id, NULL::int AS journal_id, d.week_on, NULL::int AS staff_id,
           {sums("duty")}
FROM (SELECT d.*, {duty.IN_SPAN} AS in_span FROM d JOIN span USING (school_id)) d
WHERE d.school_id = :school AND d.rule = ANY(:rules)
GROUP BY GROUPING SETS ((in_span, d.rule), (d.rule, d.week_on))
HAVING in_span OR grouping(in_span) = 1
"""
_WHOLE_NEWEST = f"WITH {duty.SPAN}, d AS ({duty.BY_SCHOOL}) {_WHOLE_PARTS}"
_WHOLE_AT = f"WITH {duty.SPAN}, {duty.MOMENT}, d AS ({duty.BY_DAY}) {_WHOLE_PARTS.replace(duty.IN_SPAN, duty.IN_DAYS)}"

# Days from the lesson to the entry. An entry whose day is known only as an interval counts where both ends
# say the same.
_BUCKET = f"""CASE
    WHEN NOT d.is_made AND (d.status = {_UNSEEN} OR NOT d.can_tell) THEN 'unknown'
    WHEN NOT d.is_made THEN 'never'
    WHEN least(greatest(d.done_earliest_on - d.anchor_on, 0),
        8) = least(greatest(d.done_latest_on - d.anchor_on, 0), 8)
      OR (d.done_earliest_on - d.anchor_on BETWEEN 4 AND 7 AND d.done_latest_on - d.anchor_on BETWEEN 4 AND 7)
    THEN CASE WHEN d.done_latest_on - d.anchor_on <= 0 THEN '0' WHEN d.done_latest_on - d.anchor_on <= 3
        THEN (d.done_latest_on - d.anchor_on)::text
              WHEN d.done_latest_on - d.anchor_on <= 7 THEN '4' ELSE '8' END
    ELSE 'unknown' END"""
_DELAYS = f"""
SELECT {_BUCKET} AS bucket, sum(d.row_count)::bigint AS n
FROM d JOIN span USING (school_id)
WHERE d.school_id = :school AND d.rule IN ({_LESSON_NUMBERS}) AND d.is_required AND d.excluded IS NULL
    AND (d.is_made OR d.is_due) AND {duty.IN_SPAN}
"""
_DELAYS_BY_DAY = _DELAYS.replace(duty.IN_SPAN, duty.IN_DAYS)
_DELAYS_WHOLE = f"WITH {duty.SPAN}, {duty.MOMENT}, d AS ({duty.BY_DAY}) {_DELAYS_BY_DAY} GROUP BY 1"
_DELAYS_INSIDE = f"""
WITH {duty.SPAN}, d AS MATERIALIZED ({duty.LEDGER} AND r.school_id = :school AND r.rule IN ({_LESSON_NUMBERS}))
{_DELAYS_BY_DAY} {_NARROW} GROUP BY 1
"""

JOURNALS = """
SELECT j.journal_id, j.class_id, j.subject_id, j.group_id, c.name AS class_name, c.grade, c.letter,
    s.name AS subject, g.kind AS group_kind, g.name AS group_name
FROM dim_journal j
JOIN dim_class c USING (school_id, class_id)
JOIN dim_subject s USING (school_id, subject_id)
JOIN dim_group g USING (school_id, group_id)
WHERE j.school_id = ANY(:schools) AND j.school_id = :school AND j.school_year = :year
ORDER BY c.grade, c.letter, c.class_id, s.name, j.journal_id
"""
OWN = """(l.school_id = ANY(CAST(:whole AS int[])) OR l.journal_id IN (
    SELECT a.journal_id FROM access_row a WHERE a.school_id = l.school_id AND a.level = 'journal'
    UNION ALL SELECT j.journal_id FROM dim_journal j JOIN access_row a ON a.school_id = j.school_id
        AND a.class_id = j.class_id AND a.level = 'class'
    WHERE j.school_id = l.school_id))"""
"""Journals of a class teacher or a teacher: marts without persons are readable by whole schools and are cut here."""
# a list and no join: under row policies a join is planned for one row, and runs through all days for every journal
OF_SUBJECT = """(CAST(:subject AS int) IS NULL OR l.journal_id IN (
    SELECT d.journal_id FROM dim_journal d WHERE d.school_id = :school AND d.subject_id = :subject))"""
# attendance and current marks by the day of the lesson: any period and any past day is a sum
_ATTENDANCE = f"""
SELECT l.class_id, {sums("learning")}
FROM mart_attendance_day l
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year AND {OWN}
  AND l.held_on <= CAST(:until AS date) AND (CAST(:is_year AS boolean) OR l.held_on BETWEEN :starts_on AND :ends_on)
  AND (CAST(:class_id AS int) IS NULL OR l.class_id = :class_id) AND {OF_SUBJECT}
  AND (CAST(:parallel AS int) IS NULL OR EXISTS (SELECT 1 FROM dim_class c WHERE c.school_id = l.school_id
      AND c.class_id = l.class_id AND c.grade = :parallel))
GROUP BY 1 ORDER BY 1
"""
_PERIOD_MARKS = f"""
SELECT {sums("period_mark")}
FROM mart_period_mark l
JOIN dim_period p ON p.school_id = l.school_id AND p.period_id = l.period_id
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year AND {OWN}
  AND l.kind = CASE WHEN CAST(:is_year AS boolean) THEN 'year' ELSE 'period' END
  AND (CAST(:is_year AS boolean) OR p.ends_on BETWEEN :starts_on AND :ends_on)
  AND (CAST(:class_id AS int) IS NULL OR l.class_id = :class_id)
"""
_STAFF = """
SELECT n.staff_id, n.full_name FROM dim_staff_name n WHERE n.school_id = ANY(:schools)
    AND n.school_id = :school ORDER BY n.full_name, n.staff_id
"""
# the rows that the page of findings opens with for the same position
_FINDINGS = f"""
WITH {REGISTER}
SELECT count(*) AS n FROM register d
WHERE d.school_id = ANY(:schools) AND d.school_id = :school AND d.school_year = :year AND d.state = 'open'
  AND (CAST(:is_year AS boolean) OR d.anchor_on BETWEEN :starts_on AND :ends_on) {_NARROW}
"""
_NO_PARTS = pl.DataFrame(
    schema={"part": pl.String, "rule": pl.Int64, "class_id": pl.Int64, "journal_id": pl.Int64, "week_on": pl.Date,
            "staff_id": pl.Int64}
)  # fmt: skip
_NO_NAMES = pl.DataFrame(schema={"staff_id": pl.Int64, "full_name": pl.String})


@dataclass(frozen=True)
class School:
    """The page of one school.

    `rules`, `journals`, `weeks`, `teachers` = sums of duty rows by rule and by rule × journal, week of the
    whole school year, or person (the last two empty for a municipal reader: `is_inside` is false). `before`
    = sums by rule at the same point of the period it is compared with (the end of `before_on`), `journals_before` and
    `teachers_before` likewise (empty for a municipal reader). `attendance` = sums of lessons by class, `learning` with
    those of marks (empty for a municipal reader); both by the day of the lesson. `delays` = bucket, n.
    `names` = staff_id, full_name. `findings` = open ones, None where closed.
    """

    row: dict[str, Any]
    choice: periods.Choice | None
    is_inside: bool
    is_whole: bool
    rules: pl.DataFrame
    journals: pl.DataFrame
    weeks: pl.DataFrame
    teachers: pl.DataFrame
    before: pl.DataFrame | None
    before_on: date | None
    journals_before: pl.DataFrame
    teachers_before: pl.DataFrame
    delays: pl.DataFrame
    attendance: pl.DataFrame
    learning: pl.DataFrame
    period_marks: pl.DataFrame
    clauses: pl.DataFrame
    dims: pl.DataFrame
    names: pl.DataFrame
    findings: int | None


def read_school(scope: Scope, filters: Filters, now: datetime) -> School | None:
    """Everything on the page of `filters.school`; None where the scope has no such school."""
    filters = schools.on_offer(scope, filters)
    school = filters.school
    listed = schools.read_schools(scope, now, school)
    if school is None or listed.is_empty():
        return None
    row = listed.row(0, named=True)
    until = schools.until_of(listed, filters.as_of)
    is_inside = scope.sees_names
    terms = periods.read_periods(scope, school)
    choice = periods.choose(terms, filters, until, with_days=is_inside)
    is_whole = school in scope.school_ids and not any(
        (filters.class_id, filters.staff, filters.subject, filters.parallel)
    )
    if choice is None:
        return _without_periods(row, is_inside=is_inside)
    params = {**_params(scope, filters, choice.period, school), "until": until[school]}
    day = past_moment(row, filters, is_inside=is_inside)
    parts = _read_parts(scope, params, day, until[school], is_inside=is_inside)
    before, then, moments = None, _NO_PARTS, dict[int, date]()
    if choice.previous is not None and (is_inside or is_whole):
        last = whole_days(listed, until, filters.moment if is_inside else None)
        moments = moments_before(scope, choice.period, choice.previous, last, terms)
        if is_inside:
            earlier = {**_params(scope, filters, choice.previous, school), "day": moments.get(school, until[school])}
            then = read(scope, _THEN, earlier)
            before = _part(then, "rule")
        else:
            before = duties_by_rule(scope, choice.previous, moments)
    attended = read(scope, _ATTENDANCE, params) if is_inside else _attended(scope, choice.period, listed, until)
    return School(
        row=row,
        choice=choice,
        is_inside=is_inside,
        is_whole=is_whole,
        rules=_part(parts, "rule"),
        journals=_part(parts, "journal"),
        weeks=_part(parts, "week"),
        teachers=_part(parts, "staff"),
        before=before,
        before_on=moments.get(school),
        journals_before=_part(then, "journal"),
        teachers_before=_part(then, "staff"),
        delays=_read_delays(scope, params, day, until[school], is_whole=is_whole),
        attendance=attended,
        learning=attended if is_inside else pl.DataFrame(),
        period_marks=read(scope, _PERIOD_MARKS, params) if is_inside else pl.DataFrame(),
        clauses=schools.read_clauses(scope, school),
        dims=read(scope, JOURNALS, params),
        names=read(scope, _STAFF, params) if is_inside else _NO_NAMES,
        findings=_count_findings(scope, params, moment_of(filters, listed)) if is_inside else None,
    )


def _count_findings(scope: Scope, params: dict[str, Any], at: datetime | None) -> int:
    return int(read(scope, _FINDINGS, {**params, "at": at})["n"].sum())


def below_norm(page: School) -> pl.DataFrame:
    """Journals filled below the norm of the act, fullest denominators first: class_name, subject,
    journal_id, share, unfilled.

    Journals with fewer than five records due are not compared.
    """
    norm = page.row["norm_share"] or 1.0
    shares = METRICS["completeness"].by(page.journals, "journal_id")
    below = shares.filter((pl.col("whole") >= FEW) & (pl.col("value") < norm))
    named = below.with_columns((pl.col("whole") - pl.col("part")).alias("unfilled")).join(page.dims, on="journal_id")
    return named.sort(
        ["unfilled", "grade", "letter", "subject", "journal_id"],
        descending=[True, False, False, False, False],
    )


def _params(scope: Scope, filters: Filters, period: periods.Period, school: int) -> dict[str, Any]:
    starts_on, ends_on = period.span.days_of(school) or (period.span.first, period.span.first)
    return {
        **period.span.params,
        "school": school,
        "rules": list(RULE_NUMBERS),
        "class_id": filters.class_id,
        "staff": filters.staff,
        "parallel": filters.parallel,
        "subject": filters.subject,
        "whole": sorted(scope.school_ids),
        "starts_on": starts_on,
        "ends_on": ends_on,
    }


def _read_parts(
    scope: Scope, params: dict[str, Any], day: date | None, until: date, *, is_inside: bool
) -> pl.DataFrame:
    if is_inside:
        return read(
            scope, _INSIDE_NEWEST if day is None and not params["is_exact"] else _INSIDE_AT, {**params, "day": day}
        )
    moment = {"day_schools": [params["school"]], "days": [until]}
    return read(scope, _WHOLE_NEWEST if day is None else _WHOLE_AT, {**params, **moment})


def _read_delays(
    scope: Scope, params: dict[str, Any], day: date | None, until: date, *, is_whole: bool
) -> pl.DataFrame:
    if is_whole:
        return read(scope, _DELAYS_WHOLE, {**params, "day_schools": [params["school"]], "days": [until]})
    return read(scope, _DELAYS_INSIDE, {**params, "day": day})


def _attended(scope: Scope, period: periods.Period, listed: pl.DataFrame, until: dict[int, date]) -> pl.DataFrame:
    rows = read_attended(scope, period, until, schools.until_of(listed), schools.read_limits(scope))
    return rows.filter(pl.col("school_id").is_in(list(until)))


def past_moment(row: dict[str, Any], filters: Filters, *, is_inside: bool) -> date | datetime | None:
    """`schools.past_moment`; above the journals the histogram knows days only, so the minute is left out."""
    return schools.past_moment(row, filters if is_inside else filters.changed(at=None))


def _part(parts: pl.DataFrame, name: str) -> pl.DataFrame:
    return (
        parts.filter(pl.col("part") == name)
        .drop("part")
        .sort("rule", "class_id", "journal_id", "week_on", "staff_id", nulls_last=True)
    )


def _without_periods(row: dict[str, Any], *, is_inside: bool) -> School:
    none = pl.DataFrame()
    return School(
        row,
        None,
        is_inside,
        False,
        none,
        none,
        none,
        none,
        None,
        None,
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        none,
        _NO_NAMES,
        None,
    )
