"""Which part of the school year is looked at: the choices of the period selector and the days of each
school.

A code of the URL is `q2` (quarter), `t1` (trimester), `h1` (half-year) or `year` of the newest school year
that has begun; other years write theirs before it: `2018.q2`. Months, weeks and free days have codes of the calendar
(`spans`). A row of a mart lies in a period when its ISO
week, cut at the ends of months, has a day in common with it: exact wherever a vacation or the end of a
month stands between two periods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from dashboard.filters import Filters
from dashboard.i18n import days_between, month, t
from dashboard.queries import spans
from dashboard.queries.door import read
from dashboard.queries.spans import CalendarSpan
from dashboard.queries.spans import Span as Span
from etl.warehouse.scope import Scope

LETTERS = {"quarter": "q", "trimester": "t", "half_year": "h", "year": "year"}
"""How the code of a period of each kind begins in the URL."""
_FINENESS = ("quarter", "trimester", "half_year", "year")
YEAR_AGO = "year"
"""`Filters.against`: compare with the same period of the school year before, not with the period before."""
ROMAN = ("", "I", "II", "III", "IV", "V", "VI")

_PERIODS = """
SELECT p.school_id, p.school_year, p.kind, p.number, min(p.starts_on) AS starts_on, max(p.ends_on) AS ends_on
FROM dim_period p
WHERE p.school_id = ANY(:schools) AND p.deleted_latest IS NULL AND (CAST(:school AS int) IS NULL
    OR p.school_id = :school)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


@dataclass(frozen=True)
class Period:
    """One choice: its code, its words and its days."""

    code: str
    label: str
    kind: str
    number: int
    span: Span

    @property
    def is_of_calendar(self) -> bool:
        """A month, a week or free days: figures that a school has by its own periods only do not exist for it."""
        return self.kind in (spans.MONTH, spans.WEEK, spans.DAYS)


@dataclass(frozen=True)
class Choice:
    """The period looked at, the one it is compared with (None = there is none), and what the selector offers (code,
    words)."""

    period: Period
    previous: Period | None
    options: tuple[tuple[str, str], ...]
    default: str


def read_periods(scope: Scope, school: int | None = None) -> pl.DataFrame:
    """One row per school, school year, kind and number of period: school_id, school_year, kind, number,
    starts_on, ends_on."""
    return read(scope, _PERIODS, {"school": school})


def choose(
    rows: pl.DataFrame, filters: Filters, until: Mapping[int, date], *, with_days: bool = False
) -> Choice | None:
    """The period that the position asks for, else the finest one in which the data end; None without any
    period.

    `rows` as of `read_periods`, `until` = last local day of each school's data. `with_days`: free days may be asked
    for; above a school they may not, because the difference of two views would tell of single pupils.
    """
    known = rows.filter(pl.col("school_id").is_in(list(until)))
    last = max(until.values(), default=None)
    if last is None or known.is_empty():
        return None
    begun = known.filter(pl.col("starts_on") <= last)
    newest = int((begun if begun.height else known)["school_year"].max())  # type: ignore[arg-type]
    years = set(known["school_year"].to_list())
    free = _asked_of_calendar(filters, years, last, with_days=with_days)
    code, year = _asked(filters, newest, years) if free is None else (free.code, free.year)
    every = {each: _periods_of(known, each, last, "" if each == newest else f"{each}.") for each in years}
    default = _default(every[year], last, is_newest=year == newest)
    by_code = {period.code: period for period in every[year]}
    chosen = by_code.get(code, by_code[default]) if free is None else of_calendar(free, until)
    options = [(period.code, period.label) for period in every[year]]
    options += _calendar_options(chosen, known, year, last, with_days=with_days)
    options += [(f"{other}.year", year_label(other)) for other in sorted(years - {year}, reverse=True)]
    return Choice(chosen, _compared_with(chosen, every, until, filters.against), tuple(options), default)


def year_label(year: int) -> str:
    """`2026/27 учебный год`."""
    return t("period.year", first=year, second=f"{(year + 1) % 100:02d}")


def span_label(span: CalendarSpan) -> str:
    """`Сентябрь 2026`, `Неделя 14–20 сент. 2026 г.`, `5–22 нояб. 2026 г.`"""
    if span.kind == spans.MONTH:
        words = month(span.first)
        return words[:1].upper() + words[1:]
    words = days_between(span.first, span.last)
    return t("period.week", days=words) if span.kind == spans.WEEK else words


def _asked_of_calendar(filters: Filters, years: set[int], last: date, *, with_days: bool) -> CalendarSpan | None:
    """The month, week or days of the URL, where the school has that year and the data reach it."""
    span = spans.read_code(filters.period or "")
    if span is None or span.year not in years or span.first > last or (span.kind == spans.DAYS and not with_days):
        return None
    return span


def of_calendar(span: CalendarSpan, schools: Mapping[int, date]) -> Period:
    """A month, week or days as a period of every school."""
    return Period(span.code, span_label(span), span.kind, 0, span.over(schools))


def _calendar_options(
    chosen: Period, known: pl.DataFrame, year: int, last: date, *, with_days: bool
) -> list[tuple[str, str]]:
    """Months of the year until the data end, the week and the days that are chosen or would be chosen next."""
    mine = known.filter(pl.col("school_year") == year)
    first, end = mine["starts_on"].min(), mine["ends_on"].max()
    if not isinstance(first, date) or not isinstance(end, date) or first > last:
        return []
    at, stop = spans.month_of(first), min(end, last)
    found = []
    while at.first <= stop:
        found.append((at.code, span_label(at)))
        at = spans.month_of(at.last + timedelta(days=1))
    if chosen.kind == spans.MONTH and chosen.code not in dict(found):
        found.append((chosen.code, chosen.label))
    if chosen.kind == spans.WEEK:
        found.append((chosen.code, chosen.label))
    else:
        found.append((spans.week_of(stop).code, t("period.choose_week")))
    if chosen.kind == spans.DAYS:
        found.append((chosen.code, chosen.label))
    elif with_days:
        begin = max(chosen.span.first, first)
        found.append((spans.days_of(begin, max(min(chosen.span.last, stop), begin)).code, t("period.choose_days")))
    return found


def _compared_with(
    chosen: Period, every: Mapping[int, list[Period]], schools: Mapping[int, date], against: str | None
) -> Period | None:
    """The period before it of the same kind, across school years, or (`against` = year) the same one a year ago."""
    free = spans.read_code(chosen.code)
    if free is not None:
        other = free.a_year_before() if against == YEAR_AGO else free.before()
        return of_calendar(other, schools) if other.year in every else None
    year = chosen.span.year
    same = [period for period in every.get(year, []) if period.kind == chosen.kind]
    before = [period for period in every.get(year - 1, []) if period.kind == chosen.kind]
    if against == YEAR_AGO:
        return next((period for period in before if period.number == chosen.number), None)
    own = [period for period in same if period.number == chosen.number - 1]
    return own[0] if own else before[-1] if before and chosen.number == 1 else None


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
        cut = [(school, *days.get(school, (first, end))) for school in schools]
        keys, starts, ends = (tuple(column) for column in zip(*cut, strict=True))
        span = Span(year, kind == "year", keys, starts, ends)
        code = f"{prefix}{LETTERS[kind]}{'' if kind == 'year' else number}"
        found.append(Period(code, period_label(kind, number, year), kind, number, span))
    if not any(period.kind == "year" for period in found):
        found.append(_whole_year(mine, schools, year, prefix))
    return found


def _whole_year(mine: pl.DataFrame, schools: list[int], year: int, prefix: str) -> Period:
    first = mine["starts_on"].min() or date(year, 9, 1)
    end = mine["ends_on"].max() or date(year + 1, 5, 31)
    count = len(schools)
    span = Span(year, True, tuple(schools), (first,) * count, (end,) * count)  # type: ignore[arg-type]
    return Period(f"{prefix}year", year_label(year), "year", 1, span)


def period_label(kind: str, number: int, year: int) -> str:
    """`II четверть`, `2026/27 учебный год`."""
    if kind == "year":
        return year_label(year)
    return t(f"period.{kind}", number=ROMAN[number] if number < len(ROMAN) else number)


def period_end_words(kind: str, number: int) -> str:
    """`II четверти`, in the genitive: for «до конца …»."""
    return t(f"period_of.{kind}", number=ROMAN[number] if number < len(ROMAN) else number)


def _default(periods: list[Period], last: date, *, is_newest: bool) -> str:
    if not is_newest:
        return next(period.code for period in periods if period.kind == "year")
    finest = [period for period in periods if period.kind == periods[0].kind]
    running = [period for period in finest if period.span.first <= last]
    return (running or finest)[-1].code
