"""What the page of attendance asks: sums by day of lesson, so that any past day is a sum; a constant number of queries.

A municipal reader gets whole schools (mart_attendance_school). Pupils stand in mart_pupil_month and in the facts, both
under row policies of the school and of the class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods, schools
from dashboard.queries.attended import fixed_days, read_attended
from dashboard.queries.class_records import read_missed
from dashboard.queries.door import read
from dashboard.queries.metric_settings import read_in_force
from dashboard.queries.same_point import moments_before
from dashboard.queries.school import JOURNALS, OF_SUBJECT, OWN
from dashboard.queries.schools import on_offer, read_limits
from dashboard.small_groups import SPREAD, withheld
from etl.warehouse.metric_settings import BY_DEFAULT, SPREAD_STEP, InForce
from etl.warehouse.metrics import sums
from etl.warehouse.scope import Scope

_MONDAY = "date_trunc('week', l.held_on)::date"
SPREAD_ROWS = f"""
WITH {duty.SPAN}, {duty.MOMENT}
SELECT l.school_id, l.class_id, l.month_on, {sums("spread", ("month_pupil_count",))},
    coalesce(sum(pupil_count) FILTER (WHERE step >= :step), 0)::bigint AS systematic_count
FROM mart_absence_spread l JOIN span USING (school_id) JOIN moment USING (school_id)
WHERE l.school_id = ANY(:schools) AND (CAST(:school AS int) IS NULL OR l.school_id = :school) AND l.school_year = :year
  AND l.month_on <= moment.day
  AND (CAST(:is_year AS boolean) OR l.month_on + 14 BETWEEN span.starts_on AND span.ends_on)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_INSIDE = f"""
SELECT l.class_id, l.journal_id, {_MONDAY} AS week_on, {sums("attendance")}
FROM mart_attendance_day l
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year
  AND l.held_on BETWEEN :first AND :last AND {OWN}
  AND (CAST(:class_id AS int) IS NULL OR l.class_id = :class_id) AND {OF_SUBJECT}
  AND (CAST(:parallel AS int) IS NULL OR EXISTS (SELECT 1 FROM dim_class c WHERE c.school_id = l.school_id
      AND c.class_id = l.class_id AND c.grade = :parallel))
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
MONTHS_IN_SPAN = "l.month_on <= :last AND (CAST(:is_year AS boolean) OR l.month_on + 14 BETWEEN :first AND :until)"
"""Months of a mart `l` that count in a period: those whose middle lies in it."""
_PUPILS = f"""
SELECT l.class_id, l.pupil_id, n.full_name, sum(l.slot_count)::bigint AS slot_count,
    sum(l.missed_count)::bigint AS missed_count, sum(l.missed_illness_count)::bigint AS missed_illness_count,
    sum(l.missed_valid_count)::bigint AS missed_valid_count, sum(l.missed_invalid_count)::bigint
        AS missed_invalid_count,
    sum(l.missed_unknown_count)::bigint AS missed_unknown_count, sum(l.late_count)::bigint AS late_count,
    sum(l.missed_day_count)::bigint AS missed_day_count,
    count(*) FILTER (WHERE l.missed_count >= :systematic * l.slot_count AND l.slot_count > 0)::bigint
        AS systematic_months
FROM mart_pupil_month l
LEFT JOIN dim_pupil_name n ON n.school_id = l.school_id AND n.pupil_id = l.pupil_id
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year AND l.class_id = :class_id
  AND {MONTHS_IN_SPAN}
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class Attendance:
    """The page.

    `schools` of `read_schools`, `row` the school looked at (None = all of the scope), `until` its last day that counts.
    `weeks` = sums of attendance by school_id and week_on (above a school) or by class_id, journal_id and week_on;
    `before` = the same until the same day of the previous period (None for the first). `spread` = pupil × month by
    class_id and month_on, above a school by school_id and month_on without small groups.
    `before_on` = the day of the previous period until which `before` counts, where it is one for all.
    `pupils` and `missed` only for one class and one pupil, inside the school.
    """

    schools: pl.DataFrame
    row: dict[str, Any] | None
    choice: periods.Choice | None
    until: date | None
    is_inside: bool
    weeks: pl.DataFrame
    before: pl.DataFrame | None
    spread: pl.DataFrame
    dims: pl.DataFrame
    pupils: pl.DataFrame
    missed: pl.DataFrame
    settings: InForce = BY_DEFAULT
    before_on: date | None = None


_NONE = pl.DataFrame()


def read_attendance(scope: Scope, filters: Filters, now: datetime) -> Attendance | None:
    """Everything on the page; None where the scope has no such school. At most ten queries.

    Systematic absence has the threshold of the school looked at; several schools are held to the default one.
    """
    filters = on_offer(scope, filters)
    listed = schools.read_schools(scope, now, filters.school)
    if listed.is_empty():
        return None
    row = listed.row(0, named=True) if filters.school is not None else None
    days = schools.until_of(listed, filters.as_of)
    if scope.is_above:
        days = fixed_days(days, schools.until_of(listed))
    is_inside = scope.sees_names and row is not None
    terms = periods.read_periods(scope, filters.school)
    choice = periods.choose(terms, filters, days, with_days=is_inside)
    until = days[row["school_id"]] if row is not None else max(days.values())
    if choice is None:
        return Attendance(listed, row, None, until, is_inside, _NONE, None, _NONE, _NONE, _NONE, _NONE)
    previous = choice.previous
    settings = read_in_force(scope, filters.school)
    systematic = settings.values.systematic_share
    step = round(systematic * SPREAD_STEP)
    spread_params = {**choice.period.span.params, **_moment(days), "school": filters.school, "step": step}
    spread = read(scope, SPREAD_ROWS, spread_params)
    then = moments_before(scope, choice.period, previous, days, terms) if previous is not None else {}
    if row is None or not is_inside:
        months = spread.group_by("school_id", "month_on", maintain_order=True).agg(pl.exclude("class_id").sum())
        newest, limits = schools.until_of(listed), read_limits(scope)
        spread = withheld(months, SPREAD, limits) if scope.is_above else spread
        weeks = read_attended(scope, choice.period, days, newest, limits)
        before = read_attended(scope, previous, then, newest, limits) if previous is not None else None
        return Attendance(
            listed, row, choice, until, is_inside, _of(weeks, row), None if before is None else _of(before, row),
            _of(spread, row), _NONE, _NONE, _NONE, settings, _one_day(fixed_days(then, newest), row),
        )  # fmt: skip
    school = row["school_id"]
    params = _params(scope, filters, choice.period, school, until)
    before = None
    if previous is not None and school in then:
        before = read(scope, _INSIDE, _params(scope, filters, previous, school, then[school]))
    is_class = filters.class_id is not None and scope.level in ("school", "class")
    return Attendance(
        listed, row, choice, until, is_inside,
        read(scope, _INSIDE, params), before, _narrowed(spread, filters),
        read(scope, JOURNALS, params),
        read(scope, _PUPILS, {**params, "systematic": systematic}) if is_class else _NONE,
        _missed(scope, filters, params) if is_class and filters.pupil is not None else _NONE,
        settings, then.get(school),
    )  # fmt: skip


def _one_day(days: Mapping[int, date], row: Mapping[str, Any] | None) -> date | None:
    """The day, where it is the same in all schools that are looked at."""
    found = {day for school, day in days.items() if row is None or school == row["school_id"]}
    return next(iter(found)) if len(found) == 1 else None


def _missed(scope: Scope, filters: Filters, params: dict[str, Any]) -> pl.DataFrame:
    days = (params["first"], params["last"])
    return read_missed(scope, params["school"], params["year"], params["class_id"], days, filters.pupil)


def _of(rows: pl.DataFrame, row: dict[str, Any] | None) -> pl.DataFrame:
    return rows if row is None else rows.filter(pl.col("school_id") == row["school_id"])


def _narrowed(spread: pl.DataFrame, filters: Filters) -> pl.DataFrame:
    return spread if filters.class_id is None else spread.filter(pl.col("class_id") == filters.class_id)


def _moment(days: dict[int, date]) -> dict[str, Any]:
    return {"day_schools": list(days), "days": list(days.values())}


def _params(scope: Scope, filters: Filters, period: periods.Period, school: int, until: date) -> dict[str, Any]:
    year = period.span.year
    starts_on, ends_on = period.span.days_of(school) or (period.span.first, period.span.first)
    if period.span.is_year:
        starts_on, ends_on = date(year, 8, 1), date(year + 1, 7, 31)
    return {
        "school": school,
        "year": year,
        "is_year": period.span.is_year,
        "whole": sorted(scope.school_ids),
        "class_id": filters.class_id,
        "subject": filters.subject,
        "parallel": filters.parallel,
        "first": starts_on,
        "last": min(ends_on, until),
        "until": ends_on,
    }


def unexplained_by_age(weeks: pl.DataFrame, until: date) -> pl.DataFrame:
    """Absences without a reason by the age of their week at `until` (requirements B-26): age, n.

    `week` = this week, `two` = one or two weeks ago, `month` = up to four, `older`.
    """
    monday = until - timedelta(days=until.weekday())
    age = (pl.lit(monday) - pl.col("week_on")).dt.total_days() // 7
    code = pl.when(age <= 0).then(pl.lit("week")).when(age <= 2).then(pl.lit("two"))
    code_of = code.when(age <= 4).then(pl.lit("month")).otherwise(pl.lit("older"))
    found = dict(weeks.group_by(code_of.alias("age")).agg(pl.col("missed_unknown_count").sum()).iter_rows())
    ages = ("week", "two", "month", "older")
    return pl.DataFrame({"age": ages, "n": [int(found.get(age, 0)) for age in ages]})
