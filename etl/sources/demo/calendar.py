"""The school year: public holidays with their transfers, quarters, vacations and instructional days.

Days are integers: days since 1970-01-01. Holidays and transferred working Saturdays come from the `holidays`
library; the dates of the quarters follow the usual recommendation of the ministry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import holidays
import numpy as np
import numpy.typing as npt
import polars as pl

from etl.sources.demo.plan import SchoolPlan, day_number

Days = npt.NDArray[np.int64]
_VACATIONS: Final = ("Осенние каникулы", "Зимние каникулы", "Весенние каникулы")


@dataclass(frozen=True)
class SchoolYear:
    """One school year of one school; `quarters` are inclusive pairs of days."""

    name: str
    start: int
    end: int
    quarters: tuple[tuple[int, int], ...]
    days: Days  # instructional days, ascending
    calendar: pl.DataFrame  # date, is_instructional, is_staff_working, note
    periods: pl.DataFrame  # period, kind, number, starts_on, ends_on, grade_from, grade_to


def weekday(days: Days) -> Days:
    """0 = Monday … 6 = Sunday (1970-01-01 was a Thursday)."""
    return (days + 3) % 7


def build_year(plan: SchoolPlan, year_start: int) -> SchoolYear:
    """The school year that begins on 1 September of `year_start`."""
    public = _public_holidays(year_start)
    quarters = _quarters(year_start, plan.week_days, public)
    calendar = _calendar(plan, year_start, quarters, public)
    start, end = quarters[0][0], quarters[-1][1]
    all_days = np.arange(start, end + 1)
    in_quarter = np.any([(all_days >= first) & (all_days <= last) for first, last in quarters], axis=0)
    closed = calendar.filter(~pl.col("is_instructional"))["date"].to_numpy()
    extra = calendar.filter(pl.col("is_instructional"))["date"].to_numpy()
    taught = (in_quarter & (weekday(all_days) < plan.week_days) & ~np.isin(all_days, closed)) | np.isin(all_days, extra)
    return SchoolYear(
        name=f"{year_start}/{year_start + 1}",
        start=start,
        end=end,
        quarters=quarters,
        days=all_days[taught],
        calendar=calendar,
        periods=_periods(plan, quarters),
    )


def finest_period(periods: pl.DataFrame, days: Days, grades: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each day and grade the key of its finest period (quarter or trimester, else half-year).

    A day in the vacations belongs to the period before it.
    """
    result = np.zeros(len(days), dtype=np.int64)
    for is_senior in (False, True):
        kinds = ("half_year",) if is_senior else ("quarter", "trimester")
        chosen = periods.filter(pl.col("kind").is_in(kinds)).sort("starts_on")
        position = np.searchsorted(chosen["starts_on"].to_numpy(), days, side="right") - 1
        keys = chosen["period"].to_numpy()[np.clip(position, 0, None)]
        rows = (grades >= 10) == is_senior
        result[rows] = keys[rows]
    return result


def _public_holidays(year_start: int) -> dict[date, tuple[str, bool]]:
    """Date → (name, is a working day): free days, and Saturdays that became working by a transfer."""
    source = holidays.country_holidays("RU", years=(year_start, year_start + 1), language="ru")
    found = {day: (name, False) for day, name in source.items()}
    moved: set[date] = getattr(source, "weekend_workdays", set())
    return found | dict.fromkeys(moved, ("Рабочий день по переносу", True))


def _quarters(year_start: int, week_days: int, public: dict[date, tuple[str, bool]]) -> tuple[tuple[int, int], ...]:
    """Four inclusive pairs: to late October, to 30 December, to late March, to 26 May."""
    extra = week_days - 5
    year = year_start + 1
    bounds = (
        (
            _first_working(date(year_start, 9, 1), public),
            _last_friday(date(year_start, 10, 26)) + timedelta(extra),
        ),
        (_first_working(date(year_start, 11, 4), public), _last_working(date(year_start, 12, 30), public)),
        (_first_monday(date(year, 1, 9)), _last_friday(date(year, 3, 28)) + timedelta(extra)),
        (
            _first_monday(_last_friday(date(year, 3, 28)) + timedelta(9)),
            _last_working(date(year, 5, 26), public),
        ),
    )
    return tuple((day_number(first), day_number(last)) for first, last in bounds)


def _first_working(day: date, public: dict[date, tuple[str, bool]]) -> date:
    while day.weekday() >= 5 or day in public:
        day += timedelta(1)
    return day


def _last_working(day: date, public: dict[date, tuple[str, bool]]) -> date:
    while day.weekday() >= 5 or day in public:
        day -= timedelta(1)
    return day


def _last_friday(day: date) -> date:
    return day - timedelta((day.weekday() - 4) % 7)


def _first_monday(day: date) -> date:
    return day + timedelta(-day.weekday() % 7)


def _calendar(
    plan: SchoolPlan,
    year_start: int,
    quarters: tuple[tuple[int, int], ...],
    public: dict[date, tuple[str, bool]],
) -> pl.DataFrame:
    """Exceptions only. Vacations are stated, because they lie inside the half-years of grades 10 and 11."""
    rows: dict[int, tuple[bool, bool, str]] = {}
    for (_, before), (after, _), note in zip(quarters[:-1], quarters[1:], _VACATIONS, strict=True):
        for day in range(before + 1, after):
            if (day + 3) % 7 < plan.week_days:
                rows[day] = (False, True, note)
    first, last = date(year_start, 8, 1), date(year_start + 1, 7, 31)
    for holiday, (note, is_working) in public.items():
        if first <= holiday <= last and holiday.weekday() < 6:
            day = day_number(holiday)
            in_quarter = any(start <= day <= end for start, end in quarters)
            rows[day] = (is_working and in_quarter, is_working, note)
    for closed in plan.closed_days:
        rows[day_number(closed)] = (False, True, "Занятия приостановлены: грипп и ОРВИ")
    ordered = sorted(rows.items())
    return pl.DataFrame(
        {
            "date": np.array([day for day, _ in ordered], dtype=np.int64),
            "is_instructional": [row[0] for _, row in ordered],
            "is_staff_working": [row[1] for _, row in ordered],
            "note": [row[2] for _, row in ordered],
        }
    )


def _periods(plan: SchoolPlan, quarters: tuple[tuple[int, int], ...]) -> pl.DataFrame:
    start, end = quarters[0][0], quarters[-1][1]
    if plan.period_kind == "quarter":
        short = [("quarter", number + 1, *pair, 1, 9) for number, pair in enumerate(quarters)]
    else:
        bounds = [start, start + 82, quarters[2][0] + 39, end + 1]
        short = [("trimester", n + 1, bounds[n], bounds[n + 1] - 1, 1, 9) for n in range(3)]
    rows = [
        *short,
        ("half_year", 1, start, quarters[1][1], 10, 11),
        ("half_year", 2, quarters[2][0], end, 10, 11),
        ("year", 1, start, end, 1, 11),
    ]
    names = ("kind", "number", "starts_on", "ends_on", "grade_from", "grade_to")
    return (
        pl.DataFrame(rows, schema=names, orient="row")
        .with_row_index("period", offset=1)
        .with_columns(pl.col("period").cast(pl.Int64))
    )
