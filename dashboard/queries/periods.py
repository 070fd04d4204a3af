"""Which part of the school year is looked at: the choices of the period selector and the days of each
school.

A code of the URL is `q2` (quarter), `t1` (trimester), `h1` (half-year) or `year` of the newest school year
that has begun; other years write theirs before it: `2018.q2`. A row of a mart lies in a period when its ISO
week, cut at the ends of months, has a day in common with it: exact wherever a vacation or the end of a
month stands between two periods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.i18n import t
from dashboard.queries.door import read
from etl.warehouse.scope import Scope

_LETTERS = {"quarter": "q", "trimester": "t", "half_year": "h", "year": "year"}
_FINENESS = ("quarter", "trimester", "half_year", "year")
_ROMAN = ("", "I", "II", "III", "IV", "V", "VI")

_PERIODS = """
SELECT p.school_id, p.school_year, p.kind, p.number, min(p.starts_on) AS starts_on, max(p.ends_on) AS ends_on
FROM dim_period p
WHERE p.school_id = ANY(:schools) AND p.deleted_latest IS NULL AND (CAST(:school AS int) IS NULL
    OR p.school_id = :school)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


@dataclass(frozen=True)
class Span:
    """Days of a period in every school, both inclusive: the parameters of the queries. A whole year has no
    days: all its rows."""

    year: int
    is_year: bool
    schools: tuple[int, ...]
    starts: tuple[date, ...]
    ends: tuple[date, ...]

    @property
    def params(self) -> dict[str, Any]:
        """Bound parameters `year`, `is_year`, `span_schools`, `span_starts`, `span_ends`."""
        return {
            "year": self.year,
            "is_year": self.is_year,
            "span_schools": list(self.schools),
            "span_starts": list(self.starts),
            "span_ends": list(self.ends),
        }

    @property
    def first(self) -> date:
        """The earliest first day of all schools."""
        return min(self.starts)

    def days_of(self, school: int) -> tuple[date, date] | None:
        """First and last day in one school."""
        found = [days for days in zip(self.schools, self.starts, self.ends, strict=True) if days[0] == school]
        return found[0][1:] if found else None


@dataclass(frozen=True)
class Period:
    """One choice: its code, its words and its days."""

    code: str
    label: str
    kind: str
    number: int
    span: Span


@dataclass(frozen=True)
class Choice:
    """The period looked at, the one before it of the same kind (None for the first), and what the selector
    offers (code, words)."""

    period: Period
    previous: Period | None
    options: tuple[tuple[str, str], ...]
    default: str


def read_periods(scope: Scope, school: int | None = None) -> pl.DataFrame:
    """One row per school, school year, kind and number of period: school_id, school_year, kind, number,
    starts_on, ends_on."""
    return read(scope, _PERIODS, {"school": school})


def choose(rows: pl.DataFrame, filters: Filters, until: Mapping[int, date]) -> Choice | None:
    """The period that the position asks for, else the finest one in which the data end; None without any
    period.

    `rows` as of `read_periods`, `until` = last local day of each school's data.
    """
    known = rows.filter(pl.col("school_id").is_in(list(until)))
    last = max(until.values(), default=None)
    if last is None or known.is_empty():
        return None
    begun = known.filter(pl.col("starts_on") <= last)
    newest = int((begun if begun.height else known)["school_year"].max())  # type: ignore[arg-type]
    code, year = _asked(filters, newest, set(known["school_year"].to_list()))
    periods = _periods_of(known, year, last, "" if year == newest else f"{year}.")
    by_code = {period.code: period for period in periods}
    default = _default(periods, last, is_newest=year == newest)
    chosen = by_code.get(code, by_code[default])
    others = sorted(set(known["school_year"].to_list()) - {year}, reverse=True)
    options = [(period.code, period.label) for period in periods]
    options += [(f"{other}.year", year_label(other)) for other in others]
    return Choice(chosen, _previous(chosen, periods), tuple(options), default)


def year_label(year: int) -> str:
    """`2026/27 учебный год`."""
    return t("period.year", first=year, second=f"{(year + 1) % 100:02d}")


def _asked(filters: Filters, newest: int, years: set[int]) -> tuple[str, int]:
    code = filters.period or ""
    prefix = code.partition(".")[0]
    if prefix.isdigit() and int(prefix) in years:
        return code if int(prefix) != newest else code.partition(".")[2], int(prefix)
    year = filters.year if filters.year in years and filters.year is not None else newest
    return (code if year == newest or not code else f"{year}.{code}"), year


def _periods_of(known: pl.DataFrame, year: int, last: date, prefix: str) -> list[Period]:
    mine = known.filter(pl.col("school_year") == year)
    schools = sorted(set(known["school_id"].to_list()))
    found = []
    pairs = mine.select("kind", "number").unique().rows()
    for kind, number in sorted(pairs, key=lambda pair: (_FINENESS.index(pair[0]), pair[1])):
        rows = mine.filter((pl.col("kind") == kind) & (pl.col("number") == number)).sort("school_id")
        first, end = rows["starts_on"].min(), rows["ends_on"].max()
        if first is None or end is None or (first > last and kind != "year"):  # type: ignore[operator]
            continue
        days = {row["school_id"]: (row["starts_on"], row["ends_on"]) for row in rows.iter_rows(named=True)}
        # a school that counts in other periods is looked at over the same days as its neighbours
        spans = [(school, *days.get(school, (first, end))) for school in schools]
        span = Span(year, kind == "year", *(tuple(column) for column in zip(*spans, strict=True)))
        code = f"{prefix}{_LETTERS[kind]}{'' if kind == 'year' else number}"
        found.append(Period(code, _label(kind, number, year), kind, number, span))
    if not any(period.kind == "year" for period in found):
        found.append(_whole_year(mine, schools, year, prefix))
    return found


def _whole_year(mine: pl.DataFrame, schools: list[int], year: int, prefix: str) -> Period:
    first = mine["starts_on"].min() or date(year, 9, 1)
    end = mine["ends_on"].max() or date(year + 1, 5, 31)
    count = len(schools)
    span = Span(year, True, tuple(schools), (first,) * count, (end,) * count)  # type: ignore[arg-type]
    return Period(f"{prefix}year", year_label(year), "year", 1, span)


def _label(kind: str, number: int, year: int) -> str:
    if kind == "year":
        return year_label(year)
    return t(f"period.{kind}", number=_ROMAN[number] if number < len(_ROMAN) else number)


def period_end_words(kind: str, number: int) -> str:
    """`II четверти`, in the genitive: for «до конца …»."""
    return t(f"period_of.{kind}", number=_ROMAN[number] if number < len(_ROMAN) else number)


def _default(periods: list[Period], last: date, *, is_newest: bool) -> str:
    if not is_newest:
        return next(period.code for period in periods if period.kind == "year")
    finest = [period for period in periods if period.kind == periods[0].kind]
    running = [period for period in finest if period.span.first <= last]
    return (running or finest)[-1].code


def _previous(chosen: Period, periods: list[Period]) -> Period | None:
    if chosen.kind == "year":
        return None
    return next((p for p in periods if p.kind == chosen.kind and p.number == chosen.number - 1), None)


def same_moment(chosen: Period, previous: Period, last: Mapping[int, date]) -> tuple[tuple[int, ...], tuple[date, ...]]:
    """The day of the previous period as far into it as `last` lies in the chosen one: (schools, days), for
    `mart_duty_day`."""
    before = dict(zip(previous.span.schools, previous.span.starts, strict=True))
    starts = dict(zip(chosen.span.schools, chosen.span.starts, strict=True))
    pairs = [
        (
            school,
            min(
                before[school] + (max(day, starts[school]) - starts[school]),
                starts[school] - timedelta(days=1),
            ),
        )
        for school, day in sorted(last.items())
        if school in before and school in starts
    ]
    return tuple(school for school, _ in pairs), tuple(day for _, day in pairs)
