"""Pupils without an order that moves them up (000 П-6, G26). Grain: pupil × interval.

The rule looks at the newest school year whose due date is over, so a pupil has at most one row at any T.
"""

from __future__ import annotations

import polars as pl

from etl.transforms.moments import start_of_day
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import OBLIGATION, breaches
from etl.transforms.obligations.year import in_year

LAST_GRADES = (9, 11)
"""Pupils of these leave with a certificate; who goes on to grade 10 is enrolled anew, not promoted."""


def build_content_of_promotions(context: Context) -> pl.DataFrame:
    """Breaches of promotion_missing from the day after the due date until a promotion may have been entered."""
    years = _due_dates(context)
    if not years.height or not context.sight.carries("movement"):
        return pl.DataFrame(schema=OBLIGATION)
    asked = _pupils(context, years)
    pair = ["pupil_id", "school_year"]
    lacking = asked.join(_graduates(context), on=pair, how="anti").join(_promoted(context), on=pair, how="left")
    rows = lacking.with_columns(
        pl.col("pupil_id").alias("object_id"),
        pl.col("due_on").alias("anchor_on"),
        context.version_on(pl.col("due_on")).alias("profile_version"),
        _day_after("due_on", context).alias("since"),
        pl.min_horizontal("promoted_at", _day_after("next_due_on", context)).alias("until"),
    )
    return breaches(rows, "promotion_missing", "since", "until")


def _day_after(day: str, context: Context) -> pl.Expr:
    return start_of_day(pl.col(day) + pl.duration(days=1), context.zone)


def _due_dates(context: Context) -> pl.DataFrame:
    """school_year, due_on, next_due_on of the years whose due date is over, by the act in force on that date."""
    years = context.classes.select("school_year").unique()
    due_on = pl.lit(None, pl.Date)
    for version in context.versions:
        due = version.month_day("promotion_orders_due")
        if due is not None:
            asks = context.version_on(in_year(due)) == version.version
            due_on = pl.when(asks).then(in_year(due)).otherwise(due_on)
    dated = years.with_columns(due_on.alias("due_on")).filter(pl.col("due_on") < context.last_day).sort("school_year")
    return dated.with_columns(pl.col("due_on").shift(-1).alias("next_due_on"))


def _pupils(context: Context, years: pl.DataFrame) -> pl.DataFrame:
    """Pupils × years in which they are enrolled on the due date in a class of the year that is not the last."""
    classes = context.classes.filter(~pl.col("grade").is_in(LAST_GRADES)).select("class_id", "school_year")
    enrolled = (
        context.present("enrolment")
        .select("pupil_id", "class_id", "from_on", "to_on")
        .join(classes, on="class_id", how="inner")
        .join(years, on="school_year", how="inner")
        .filter(
            (pl.col("from_on") <= pl.col("due_on")) & (pl.col("to_on").is_null() | (pl.col("due_on") < pl.col("to_on")))
        )
    )
    return (
        enrolled.sort("from_on", "class_id")
        .group_by("pupil_id", "school_year", maintain_order=True)
        .agg(pl.col("class_id", "due_on", "next_due_on").last())
    )


def _movements(context: Context, kind: str) -> pl.DataFrame:
    """pupil_id, school_year that ends with the movement, recorded_earliest.

    The year is that of the class left; where none is named, the one whose second calendar year the order (else the
    day it takes effect) lies in: orders of May to September end the same school year.
    """
    classes = context.classes.select(pl.col("class_id").alias("from_class_id"), "school_year")
    dated = (pl.coalesce("order_on", "effective_on").dt.year() - 1).cast(pl.Int16)
    return (
        context.present("movement")
        .filter(pl.col("kind") == kind)
        .join(classes, on="from_class_id", how="left")
        .select("pupil_id", pl.coalesce("school_year", dated).alias("school_year"), "recorded_earliest")
    )


def _graduates(context: Context) -> pl.DataFrame:
    return _movements(context, "graduate").select("pupil_id", "school_year").unique()


def _promoted(context: Context) -> pl.DataFrame:
    return (
        _movements(context, "promotion")
        .group_by("pupil_id", "school_year")
        .agg(pl.col("recorded_earliest").min().alias("promoted_at"))
    )
