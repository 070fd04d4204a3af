"""What the page of results and marks asks: sums by journal and by class of the periods looked at; a constant number of
queries.

A period counts where its last day lies in the period looked at: a class with half-years has its marks in the quarter in
which its half-year ends. Marts without persons answer above a class; pupils stand in mart_pupil_journal, under the row
policies of class and journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods, schools
from dashboard.queries.class_records import read_low
from dashboard.queries.door import read
from dashboard.queries.marks_of_days import MarksOfDays, read_marks_of_days
from dashboard.queries.metric_settings import read_in_force
from dashboard.queries.same_point import moments_before
from dashboard.queries.school import JOURNALS, OWN
from dashboard.queries.schools import on_offer, read_limits
from dashboard.small_groups import CURRENT, FILL, GROUP, MARKS, SUCCESS, withheld
from etl.warehouse.metric_settings import BY_DEFAULT, InForce, Variants
from etl.warehouse.metrics import sums
from etl.warehouse.scope import Scope

_IN_SPAN = """(CAST(:is_year AS boolean) OR (p.kind <> 'year' AND p.ends_on BETWEEN span.starts_on AND span.ends_on))"""
# a year has marks of its own; the periods inside it are not added to them
_KIND = "l.kind = CASE WHEN CAST(:is_year AS boolean) THEN 'year' ELSE 'period' END"
OWN_CLASS = """(l.school_id = ANY(CAST(:whole AS int[])) OR l.class_id IN (SELECT a.class_id FROM access_row a
    WHERE a.school_id = l.school_id AND a.level = 'class'))"""
_HERE = """l.school_id = ANY(:schools) AND (CAST(:school AS int) IS NULL OR l.school_id = :school)
  AND l.school_year = :year"""
_NARROW = """(CAST(:class_id AS int) IS NULL OR l.class_id = :class_id)
  AND (CAST(:parallel AS int) IS NULL OR EXISTS (SELECT 1 FROM dim_class c WHERE c.school_id = l.school_id
      AND c.class_id = l.class_id AND c.grade = :parallel))"""
_NARROW_JOURNAL = f"""{_NARROW} AND (CAST(:subject AS int) IS NULL OR EXISTS (SELECT 1 FROM dim_journal d
    WHERE d.school_id = l.school_id AND d.journal_id = l.journal_id AND d.subject_id = :subject))"""
_JOINS = "JOIN span USING (school_id) JOIN dim_period p USING (school_id, period_id)"
ENDS_IN_SPAN, KIND, PERIOD_JOINS, HERE = _IN_SPAN, _KIND, _JOINS, _HERE
OF_CLASS, OF_JOURNAL = _NARROW, _NARROW_JOURNAL
"""Parts of statements over a mart `l` by period: which periods count, which kind of mark, what they join,
and to what the position narrows them."""
_FILL = f"""
WITH {duty.SPAN}
SELECT l.school_id, {{by}}, {sums("fill")}
FROM mart_mark_fill l {_JOINS}
WHERE {_HERE} AND {_IN_SPAN} AND {OWN} AND {_NARROW_JOURNAL}
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_MARKS = f"""
WITH {duty.SPAN}
SELECT l.school_id, {{by}}, {sums("period_mark")}
FROM mart_period_mark l {_JOINS}
WHERE {_HERE} AND {_KIND} AND (CAST(:is_year AS boolean) OR {_IN_SPAN}) AND {OWN} AND {_NARROW_JOURNAL}
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_SUCCESS = f"""
WITH {duty.SPAN}
SELECT l.school_id, {{one}}, {sums("period_success")}
FROM mart_period_success l {_JOINS}
WHERE {_HERE} AND CASE WHEN CAST(:is_year AS boolean) THEN p.kind = 'year' ELSE {_IN_SPAN} END
  AND {OWN_CLASS} AND {_NARROW}
GROUP BY 1, 2 ORDER BY 1, 2
"""
_GROUPS = f"""
WITH {duty.SPAN}
SELECT l.school_id, {{one}}, {sums("group")}
FROM mart_period_group l {_JOINS}
WHERE {_HERE} AND {_IN_SPAN} AND {OWN_CLASS} AND {_NARROW}
GROUP BY 1, 2 ORDER BY 1, 2
"""
_OF_TREND = ("slot_count", "held_count", "marked_lesson_count", "mark_count", "digit_count", "digit_sum")
# grade 1 has no marks: its lessons are no places for them (requirements B-01, A8-5)
_GRADED = """(l.school_id, l.class_id) NOT IN (SELECT c.school_id, c.class_id FROM dim_class c
    WHERE c.school_id = ANY(:schools) AND c.grade = 1)"""
_TREND = f"""
SELECT l.school_id, l.month_on, {sums("learning", _OF_TREND)}
FROM mart_learning l
WHERE {_HERE} AND {_GRADED} AND {OWN} AND {_NARROW_JOURNAL}
GROUP BY 1, 2 ORDER BY 2, 1
"""
# current marks by the day of the lesson: the only figures of this page that a week or free days have
_CURRENT = f"""
SELECT l.class_id, {sums("learning")}
FROM mart_attendance_day l
WHERE {_HERE} AND {_GRADED}
  AND l.held_on BETWEEN CAST(:first AS date) AND CAST(:last AS date) AND {OWN} AND {_NARROW_JOURNAL}
GROUP BY 1 ORDER BY 1
"""
PUPILS = f"""
WITH {duty.SPAN}
SELECT l.school_id, l.class_id, l.journal_id, l.period_id, l.pupil_id, n.full_name, l.lesson_count, l.missed_count,
    l.mark_count, l.needed_count, l.digit_count, l.digit_sum, l.weight, l.points, l.period_mark_code, l.verdict,
    l.is_short, l.is_left, d.subject_id
FROM mart_pupil_journal l {_JOINS}
JOIN dim_journal d ON d.school_id = l.school_id AND d.journal_id = l.journal_id
LEFT JOIN dim_pupil_name n ON n.school_id = l.school_id AND n.pupil_id = l.pupil_id
WHERE {_HERE} AND l.class_id = :class_id AND {_IN_SPAN}
  AND (CAST(:subject AS int) IS NULL OR d.subject_id = :subject)
"""
# above a school: by the ends of the finest periods, the atoms of everything that is shown there (small_groups)
_BY_PERIOD, _BY_JOURNAL = "p.ends_on AS period_on, NULL::int AS journal_id", "l.class_id, l.journal_id"


@dataclass(frozen=True)
class _Sums:
    """Statements for the sums of one grain: above a school by period, inside it by journal (and by class)."""

    FILL: str
    MARKS: str
    SUCCESS: str
    GROUPS: str


def _sums_by(by: str) -> _Sums:
    one = by.split(",")[0]
    return _Sums(_FILL.format(by=by), _MARKS.format(by=by), _SUCCESS.format(one=one), _GROUPS.format(one=one))


_INSIDE, _ABOVE = _sums_by(_BY_JOURNAL), _sums_by(_BY_PERIOD)


@dataclass(frozen=True)
class Performance:
    """The page.

    `fill`, `marks` = sums of mart_mark_fill and mart_period_mark by class_id and journal_id, `success`, `groups` by
    class; above a school all four by school_id and period_on, with null for what is withheld (small_groups).
    `before` = (fill, marks, success) of the whole previous period. `trend` = sums of
    current marks by month of the year, `current` by class over a month, a week or free days (else empty, and above a
    school). `pupils` only for one class, `low` unsatisfactory marks of one pupil. `days` = accumulation over a month, a
    week, free days or until a past day, inside a school, without norms and period marks; `days_before` = its `fill`
    until the same school day (`before_on`) of the previous period; `until` = the last day that counts there, `is_past`
    where the data go on after it.
    """

    schools: pl.DataFrame
    row: dict[str, Any] | None
    choice: periods.Choice | None
    is_inside: bool
    fill: pl.DataFrame
    marks: pl.DataFrame
    success: pl.DataFrame
    groups: pl.DataFrame
    before: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame] | None
    trend: pl.DataFrame
    dims: pl.DataFrame
    pupils: pl.DataFrame
    low: pl.DataFrame
    settings: InForce = BY_DEFAULT
    current: pl.DataFrame = field(default_factory=pl.DataFrame)
    days: MarksOfDays | None = None
    days_before: pl.DataFrame | None = None
    before_on: date | None = None
    until: date | None = None
    is_past: bool = False


_NONE = pl.DataFrame()


def read_performance(scope: Scope, filters: Filters, now: datetime) -> Performance | None:
    """Everything on the page; None where the scope has no such school. At most fourteen queries."""
    filters = on_offer(scope, filters)
    listed = schools.read_schools(scope, now, filters.school)
    if listed.is_empty():
        return None
    row = listed.row(0, named=True) if filters.school is not None else None
    days = schools.until_of(listed, filters.as_of)
    is_inside = scope.sees_names and row is not None
    terms = periods.read_periods(scope, filters.school)
    choice = periods.choose(terms, filters, days, with_days=is_inside)
    if choice is None:
        return Performance(
            listed, row, None, is_inside, _NONE, _NONE, _NONE, _NONE, None, _NONE, _NONE, _NONE, _NONE
        )  # fmt: skip
    settings = read_in_force(scope, filters.school)
    sums_of = _INSIDE if is_inside else _ABOVE
    params = params_of(scope, filters, choice.period, days)
    is_past = is_inside and row is not None and filters.as_of is not None and filters.as_of < row["until_on"]
    if choice.period.is_of_calendar or is_past:  # norms and period marks exist by own periods where the data end only
        page = Performance(
            listed, row, choice, is_inside, _NONE, _NONE, _NONE, _NONE, None, _trend(scope, params),
            read(scope, JOURNALS, params) if is_inside else _NONE, _NONE, _NONE, settings,
            read(scope, _CURRENT, params) if is_inside else _NONE,
        )  # fmt: skip
        return _with_days(scope, filters, page, days, terms) if is_inside else page
    before = None
    if choice.previous is not None:
        then = params_of(scope, filters, choice.previous, days)
        before = _sums(scope, sums_of, then, settings.values)
    fill, marks, success = _sums(scope, sums_of, params, settings.values)
    groups = read(scope, sums_of.GROUPS, params)
    if not is_inside:
        limits = read_limits(scope)
        groups = withheld(groups, GROUP, limits)
        fill, marks, success = _protected((fill, marks, success), limits, settings.values)
        before = _protected(before, limits, settings.values) if before is not None else None
    is_class = is_inside and filters.class_id is not None
    is_pupil = is_class and filters.pupil is not None and scope.level in ("school", "class")
    return Performance(
        listed, row, choice, is_inside, fill, marks, success, groups, before,
        _trend(scope, params),
        read(scope, JOURNALS, params) if is_inside else _NONE,
        read(scope, PUPILS, params) if is_class else _NONE,
        _low(scope, filters, params) if is_pupil else _NONE,
        settings,
    )  # fmt: skip


def _with_days(
    scope: Scope, filters: Filters, page: Performance, until: Mapping[int, date], terms: pl.DataFrame
) -> Performance:
    """The page with the accumulation of its days, and of the days until the same school day of the other period; at
    most eight queries."""
    if page.row is None or page.choice is None:
        return page
    row, chosen, other = page.row, page.choice.period, page.choice.previous
    school, newest = row["school_id"], schools.local_moment(page.row)

    def counted(period: periods.Period, last: date, *, is_past: bool, with_names: bool) -> MarksOfDays:
        at = _end_of(last, row) if is_past else None
        params = params_of(scope, filters, period, {school: last})
        return read_marks_of_days(scope, params, page.dims, (at, newest), with_names=with_names)

    last = until[school]
    page = replace(page, until=last, is_past=last < row["until_on"])
    mine = counted(chosen, last, is_past=page.is_past, with_names=True)
    then = moments_before(scope, chosen, other, {school: last}, terms) if other is not None else {}
    if other is None or school not in then:
        return replace(page, days=mine)
    before = counted(other, then[school], is_past=True, with_names=False)
    return replace(page, days=mine, days_before=before.fill, before_on=then[school])


def _end_of(day: date, row: Mapping[str, Any]) -> datetime:
    """The first moment after a day on the school's own clock."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(str(row["timezone"])))


def _trend(scope: Scope, params: dict[str, Any]) -> pl.DataFrame:
    """Sums of current marks by school and month; above a school without small groups."""
    rows = read(scope, _TREND, params)
    return withheld(rows, CURRENT, read_limits(scope)) if scope.is_above else rows


def _low(scope: Scope, filters: Filters, params: dict[str, Any]) -> pl.DataFrame:
    days = (params["first"], params["last"])
    return read_low(scope, params["school"], params["year"], params["class_id"], days, filters.pupil)


def _sums(
    scope: Scope, sums_of: _Sums, params: dict[str, Any], values: Variants
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    return (
        read(scope, sums_of.FILL, params),
        weighed(read(scope, sums_of.MARKS, params), values),
        read(scope, sums_of.SUCCESS, params),
    )


def read_class_sums(scope: Scope, params: dict[str, Any], values: Variants) -> dict[str, pl.DataFrame]:
    """`fill` and `marks` by class_id and journal_id, `success` and `groups` by class_id, of `params_of`; as on the
    page, inside a school. Four queries."""
    fill, marks, success = _sums(scope, _INSIDE, params, values)
    return {"fill": fill, "marks": marks, "success": success, "groups": read(scope, _INSIDE.GROUPS, params)}


def _protected(
    found: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], limits: Mapping[int, int], values: Variants
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    fill, marks, success = found
    kept = weighed(withheld(marks, MARKS, limits), values)
    return withheld(fill, FILL, limits), kept, withheld(success, SUCCESS, limits)


def weighed(marks: pl.DataFrame, values: Variants) -> pl.DataFrame:
    """Sums of period marks with the points of СОУ by the weights in force (hundredths by mark code; 10 = н/а); null
    where a count is withheld.
    """
    counts = {10: "unattested_mark_count", **{code: f"mark_{code}_count" for code in range(1, 6)}}
    parts = [pl.col(counts[code]) * weight for code, weight in values.sou_weights]
    return marks.with_columns(pl.sum_horizontal(parts, ignore_nulls=False).cast(pl.Int64).alias("sou_points"))


def params_of(scope: Scope, filters: Filters, period: periods.Period, days: dict[int, date]) -> dict[str, Any]:
    """Bound parameters of the queries of this module; `first` and `last` are the days that count in the school."""
    year = period.span.year
    found = period.span.days_of(filters.school) if filters.school is not None else None
    first, last = found or (period.span.first, period.span.first)
    if period.span.is_year:
        first, last = date(year, 8, 1), date(year + 1, 7, 31)
    until = days.get(filters.school, last) if filters.school is not None else last
    return {
        **period.span.params,
        "whole": sorted(scope.school_ids),
        "school": filters.school,
        "class_id": filters.class_id,
        "subject": filters.subject,
        "parallel": filters.parallel,
        "first": first,
        "last": min(last, until),
    }
