"""Forecasts by the simplest rule that can be said in one sentence, and how often the same rule was right. Pure.

Pace is marks per lesson since the school year began; what is left is counted in lessons. Nothing is weighed, fitted or
learnt, so a teacher can repeat a forecast with a pencil. A forecast decides nothing (requirements B-37: «label as
forecast, no decision»).
"""

from __future__ import annotations

import polars as pl

from etl.contract.learning import (
    FORECAST_CANNOT_TELL,
    FORECAST_ENOUGH,
    FORECAST_LAG_MARGIN,
    FORECAST_MIN_HOURS,
    FORECAST_MIN_LESSONS,
    FORECAST_SHORT,
)
from etl.contract.learning import cut_day as cut_day


def marks_verdict() -> pl.Expr:
    """Whether a pupil's marks reach the norm by the end of the period at her pace: `forecast`, Int16.

    Needs mark_count (this period), ahead_count (lessons left), needed_count (norm of the whole period), year_mark_count
    and year_lesson_count (since the school year began). Short: marks + lessons left × pace < norm, in whole numbers.
    Fewer than `FORECAST_MIN_LESSONS` lessons foretell nothing, unless the norm is reached already.
    """
    lessons = pl.col("year_lesson_count").cast(pl.Int64)
    expected = pl.col("mark_count") * lessons + pl.col("ahead_count") * pl.col("year_mark_count").cast(pl.Int64)
    return (
        pl.when(pl.col("needed_count").is_null())
        .then(FORECAST_CANNOT_TELL)
        .when(pl.col("mark_count") >= pl.col("needed_count"))
        .then(FORECAST_ENOUGH)
        .when(lessons < FORECAST_MIN_LESSONS)
        .then(FORECAST_CANNOT_TELL)
        .when(expected < pl.col("needed_count") * lessons)
        .then(FORECAST_SHORT)
        .otherwise(FORECAST_ENOUGH)
        .cast(pl.Int16)
        .alias("forecast")
    )


def is_unmarked() -> pl.Expr:
    """Whether a period mark is likely to be missing: not one mark yet when half of the period's lessons are over.

    Needs lesson_count, ahead_count, mark_count. Null before half of them, or before `FORECAST_MIN_LESSONS`: early in a
    period most pupils have no mark yet, and such a warning would be wrong more often than right.
    """
    enough = (pl.col("lesson_count") >= FORECAST_MIN_LESSONS) & (pl.col("lesson_count") >= pl.col("ahead_count"))
    return pl.when(enough).then(pl.col("mark_count") == 0).alias("is_unmarked")


def programme_lag() -> pl.Expr:
    """Hours of the plan that will not have been held by the end of the period, at the pace of the year: `lag`.

    Needs planned_count and held_count (since the year began), planned_end_count (until the end of the period);
    hours. Null = fewer than `FORECAST_MIN_HOURS` hours were planned so far, or the plan bears no days.
    """
    lag = pl.col("planned_end_count") * (1 - pl.col("held_count") / pl.col("planned_count"))
    return pl.when(pl.col("planned_count") >= FORECAST_MIN_HOURS).then(lag).alias("lag")


def marks_hits(rows: pl.DataFrame) -> pl.DataFrame:
    """What came of forecasts of marks: one row per school_year and period_id with the counts of mart_forecast_hit.

    `rows`: school_year, period_id, forecast, final_count (marks at the end), needed_count.
    """
    told = rows.filter(pl.col("forecast").is_in([FORECAST_ENOUGH, FORECAST_SHORT]))
    return _hits(told, pl.col("forecast") == FORECAST_SHORT, pl.col("final_count") < pl.col("needed_count"), "marks")


def unmarked_hits(rows: pl.DataFrame) -> pl.DataFrame:
    """The same for missing period marks. `rows`: school_year, period_id, is_unmarked, is_unattested."""
    told = rows.filter(pl.col("is_unmarked").is_not_null())
    return _hits(told, pl.col("is_unmarked"), pl.col("is_unattested"), "period_mark")


def programme_hits(rows: pl.DataFrame) -> pl.DataFrame:
    """The same for the lag of the programme; right = within `FORECAST_LAG_MARGIN` hours of what came.

    `rows`: school_year, period_id, lag, final_lag. A warning is a lag beyond the margin, right where one came.
    """
    told = rows.filter(pl.col("lag").is_not_null() & pl.col("final_lag").is_not_null())
    is_right = (pl.col("lag") - pl.col("final_lag")).abs() <= FORECAST_LAG_MARGIN
    warned = pl.col("lag") > FORECAST_LAG_MARGIN
    return _hits(told, warned, pl.col("final_lag") > FORECAST_LAG_MARGIN, "programme", is_right)


def _hits(
    rows: pl.DataFrame, warned: pl.Expr, came: pl.Expr, kind: str, is_right: pl.Expr | None = None
) -> pl.DataFrame:
    right = (warned == came) if is_right is None else is_right
    return rows.group_by("school_year", "period_id").agg(
        pl.lit(kind).alias("kind"),
        pl.len().cast(pl.Int32).alias("made_count"),
        right.sum().cast(pl.Int32).alias("right_count"),
        warned.sum().cast(pl.Int32).alias("warned_count"),
        (warned & came).sum().cast(pl.Int32).alias("warned_right_count"),
        came.sum().cast(pl.Int32).alias("came_count"),
    )
