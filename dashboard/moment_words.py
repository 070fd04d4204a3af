"""As of when a figure is, and what it is compared with, in words. Pure."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.i18n import number, out_of, percent, small_first, t
from dashboard.queries import schools as asked
from dashboard.queries.attended import fixed_day
from dashboard.queries.periods import Choice
from etl.warehouse.metrics import Measured

_END = time(23, 59, 59)


def stamp(row: dict[str, Any], filters: Filters, *, with_minute: bool = True) -> str:
    """`на 16.09.2025 23:59`: the asked moment of one school, else where its data end (its own clock).

    `with_minute` false: the source knows days only, the asked day counts to its end.
    """
    at = asked.past_moment(row, filters if with_minute else filters.changed(at=None))
    if at is None:
        at = asked.local_moment(row)
    elif not isinstance(at, datetime):
        at = datetime.combine(at, _END)
    return t("compare.stamp", moment=f"{at:%d.%m.%Y %H:%M}")


def stamp_of_data(row: dict[str, Any]) -> str:
    """The same for figures that know no earlier moment: where the school's data end, whatever is asked."""
    return stamp(row, Filters())


def stamp_of_schools(schools: pl.DataFrame, filters: Filters) -> str:
    """The same for several schools: the end of the asked day, else «на конец данных каждой школы»."""
    if schools.height == 1:
        return stamp(schools.row(0, named=True), filters, with_minute=False)
    newest = schools["until_on"].min()
    if filters.as_of is not None and newest is not None and filters.as_of < newest:  # type: ignore[operator]
        return t("compare.stamp", moment=f"{datetime.combine(filters.as_of, _END):%d.%m.%Y %H:%M}")
    return t("compare.stamp_ends")


def attended_until(newest: date, filters: Filters) -> str:
    """`уроки по 11.10.2026`: above a school attendance of a past day ends with the week before it (`attended`); empty
    where nothing is cut. `newest` = the last day of the data of those looked at."""
    if filters.as_of is None or filters.as_of >= newest:
        return ""
    return t("compare.attended_until", day=f"{fixed_day(filters.as_of, None):%d.%m.%Y}")


def _inside(label: str) -> str:
    """A period within a sentence: «сентябрь 2026», but «I четверть»."""
    return small_first(label) if label[:1] > "Z" else label


def compared_with(choice: Choice, before_on: object = None) -> str:
    """`I четверть на 12.09.2026`: the other period, and the day of it at whose end it is looked at where one is known
    for all; «нет данных за прошлый период» where there is no other period."""
    if choice.previous is None:
        return t("compare.none")
    if before_on is None:
        return t("compare.same_point", period=_inside(choice.previous.label))
    return t("compare.on_day", period=_inside(choice.previous.label), day=f"{before_on:%d.%m.%Y}")


def compared_at_week_end(choice: Choice) -> str:
    """The other period until the end of a week, which is not the same day in every school."""
    if choice.previous is None:
        return t("compare.none")
    return t("compare.same_week_end", period=_inside(choice.previous.label))


def compared_whole(choice: Choice) -> str:
    """The other period as a whole: for figures that a school has once a period."""
    return t("compare.whole", period=_inside(choice.previous.label)) if choice.previous else t("compare.none")


def was_and_is(then: Measured, now: Measured, with_what: str) -> str:
    """`было 91,2 % (512 из 561 записи), стало 88,0 % — I четверть на 12.09.2026`."""
    if then.value is None or now.value is None:
        return t("compare.none")
    if now.metric.unit == "mean":
        was, has = number(then.value, 2), number(now.value, 2)
        n = number(then.whole)
        return t("compare.was_mean", was=was, n=n, now=has, what=with_what)
    n = out_of(then.part, then.whole, then.metric.noun)
    return t("compare.was", was=percent(then.value), n=n, now=percent(now.value), what=with_what)


def by_own_periods(choice: Choice) -> str:
    """Why a figure that a school has by its own periods is not there; empty where the period is the school's own."""
    return t("compare.own_periods", period=choice.period.label) if choice.period.is_of_calendar else ""
