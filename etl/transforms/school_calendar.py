"""Which days are working days of the staff and which are days of lessons (annex B1). Pure; dates are local."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

_MARGIN = timedelta(days=400)
"""A deadline may roll or count past the last lesson; the calendar reaches as far as the longest limit does."""


def build_class_calendar(
    classes: pl.DataFrame, periods: pl.DataFrame, calendar_days: pl.DataFrame, school_week: int, first: date, last: date
) -> pl.DataFrame:
    """Days of every class: class_id, on, is_working, is_instructional. Grain: class × date from `first` to
    `last` + margin.

    `classes` has class_id, school_year, grade, week_days; class 0 stands for the school itself (its own week,
    no grade). `calendar_day` wins in both directions for every class of the school.
    """
    days = pl.DataFrame({"on": pl.date_range(first - timedelta(days=10), last + _MARGIN, interval="1d", eager=True)})
    weeks = classes.select("class_id", "school_year", "grade", pl.col("week_days").fill_null(school_week))
    school = pl.DataFrame(
        {"class_id": [0], "school_year": [None], "grade": [None], "week_days": [school_week]}, schema=weeks.schema
    )
    grid = pl.concat([weeks, school]).join(days, how="cross")
    stated = calendar_days.select(pl.col("date").alias("on"), "is_instructional", "is_staff_working")
    spans = finest_periods(classes, periods).select("class_id", "starts_on", "ends_on")
    has_periods = spans["class_id"].unique()
    inside = (
        grid.select("class_id", "on")
        .join(spans, on="class_id", how="inner")
        .filter(pl.col("on").is_between("starts_on", "ends_on"))
        .select("class_id", "on")
        .unique()
        .with_columns(pl.lit(value=True).alias("in_period"))
    )
    weekday = pl.col("on").dt.weekday() <= pl.col("week_days")
    return (
        grid.join(stated, on="on", how="left")
        .join(inside, on=["class_id", "on"], how="left")
        .select(
            "class_id",
            "on",
            pl.coalesce("is_staff_working", weekday).alias("is_working"),
            pl.coalesce(
                "is_instructional",
                weekday
                & (pl.col("in_period").fill_null(value=False) | ~pl.col("class_id").is_in(has_periods.implode())),
            ).alias("is_instructional"),
        )
        .sort("class_id", "on")
    )


def finest_periods(classes: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Periods of the finest kind that each class's grade and year has: quarter or trimester, else
    half_year, else year.

    Columns class_id, period_id, starts_on, ends_on.
    """
    fineness = pl.col("kind").replace_strict(
        {"quarter": 0, "trimester": 0, "half_year": 1, "year": 2}, return_dtype=pl.Int8
    )
    fitting = (
        classes.select("class_id", "school_year", "grade")
        .join(periods, on="school_year", how="inner")
        .filter(pl.col("grade").is_between("grade_from", "grade_to"))
        .with_columns(fineness.alias("fineness"))
    )
    return fitting.filter(pl.col("fineness") == pl.col("fineness").min().over("class_id")).select(
        "class_id", "period_id", "starts_on", "ends_on"
    )
