"""The coarser period that a figure exists for, where the one asked for is finer: a week of what is counted by months, a
month of what a school has by its own periods only. The page says which one is shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import periods, spans
from etl.warehouse.metrics import Source

BY_MONTH: frozenset[Source] = frozenset({"learning", "spread", "sign_in", "review"})
"""Sums by month: a week has none of its own."""
BY_OWN_PERIOD: frozenset[Source] = frozenset({"fill", "period_mark", "period_success", "group"})
"""Norms and period marks exist by the school's own periods only."""
STANDING: frozenset[Source] = frozenset({"card"})
"""Known where the data end, whatever period or day is asked."""


def coarser(
    rows: pl.DataFrame, period: periods.Period, source: Source, until: Mapping[int, date]
) -> periods.Period | None:
    """The period whose figures are shown instead of `period`; None where it is itself counted.

    A week belongs to the month of its Thursday; a month or week to the finest own period that runs on its last day, or
    on the last day of the data. `rows` as of `periods.read_periods`, `until` = last local day of each school's data.
    """
    if source in BY_MONTH and period.kind == spans.WEEK:
        return periods.of_calendar(spans.month_of(period.span.first + timedelta(days=3)), until)
    if source in BY_OWN_PERIOD and period.is_of_calendar:
        days = {school: min(day, period.span.last) for school, day in until.items()}
        found = periods.choose(rows, Filters(), days)
        return found.period if found is not None else None
    return None
