"""Period marks that the current marks do not justify (004 6.1, 8.3; requirements B-36). Grain: period mark ×
interval.

At T the marks that are made at T count, so a period mark may be justified late: the rows of one follow each other in
time, and at no T are there two. While a current grade may or may not be there, nothing can be told.
"""

from __future__ import annotations

import polars as pl

from etl.transforms.moments import INSTANT, NEVER
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.responsible import journal_teachers
from etl.transforms.obligations.verdict import OBLIGATION, breaches, joined_in_time
from etl.transforms.values import FAILED, GRADES_GIVEN, PASSED

TOLERANCE = 0.5
"""Rounding is free: a period mark may stand as far as this from the weighted mean (B-36)."""
_ROUNDING = 1e-9
_NOTHING = {
    "weight": pl.lit(0.0),
    "points": pl.lit(0.0),
    "grade_count": pl.lit(0, pl.Int32),
    "unsure_count": pl.lit(0, pl.Int32),
}
"""The sums over the grades of a period mark, before the first of them."""
_PLACE = ("class_id", "journal_id", "pupil_id", "period_id", "school_year", "period_mark_id", "starts_on", "ends_on")


def build_content_of_justification(context: Context, marks: pl.DataFrame) -> pl.DataFrame:
    """Breaches of period_mark_unjustified over `marks_made`: a grade for a period or a year without any current
    grade of the pupil in the journal and period, or a digit further than TOLERANCE from their weighted mean.
    """
    asked = any(version.flag("period_mark_justification_check") for version in context.versions)
    if not asked or not context.sight.carries("mark"):
        return pl.DataFrame(schema=OBLIGATION)
    given = _period_marks(context)
    states = _states(given, _current(given, marks, context))
    mean = pl.col("points") / pl.col("weight")
    is_far = (
        ~pl.col("code").is_in([PASSED, FAILED])
        & (pl.col("weight") > 0)
        & ((pl.col("code") - mean).abs() > TOLERANCE + _ROUNDING)
    )
    found = joined_in_time(
        states.filter((pl.col("unsure_count") == 0) & ((pl.col("grade_count") == 0) | is_far)), ["period_mark_id"]
    )
    teachers = journal_teachers(context, found.select("journal_id", pl.col("ends_on").alias("on"))).rename(
        {"on": "ends_on"}
    )
    rows = found.join(teachers, on=["journal_id", "ends_on"], how="left").with_columns(
        pl.col("period_mark_id").alias("object_id"),
        pl.col("ends_on").alias("anchor_on"),
        context.version_on(pl.col("ends_on")).alias("profile_version"),
    )
    return breaches(rows, "period_mark_unjustified", "since", "until")


def _period_marks(context: Context) -> pl.DataFrame:
    """Grades given for a period or a year, with the days of the period; `made_at` is when they surely are."""
    periods = context.state["period"].select("period_id", "starts_on", "ends_on")
    found = context.present("period_mark").filter(
        pl.col("kind").is_in(["period", "year"])
        & pl.col("mark_code").is_in(GRADES_GIVEN)
        & (pl.col("recorded_latest") < pl.lit(NEVER, INSTANT))
    )
    return (
        found.join(periods, on="period_id", how="inner")
        .filter(context.flag("period_mark_justification_check", pl.col("ends_on")))
        .select(*_PLACE, pl.col("mark_code").alias("code"), pl.col("recorded_latest").alias("made_at"))
    )


def _current(given: pl.DataFrame, marks: pl.DataFrame, context: Context) -> pl.DataFrame:
    """period_mark_id, at and the sums of _NOTHING: what each current grade of the period adds, and since when; from
    the first moment at which it may have been made until then it is unsure.

    A mark without a work weighs 1, and so does one of a work that states no weight (bundle: the default).
    """
    weights = context.state["work"].select("work_id", "weight")
    grades = marks.filter(pl.col("mark_code").is_in(GRADES_GIVEN)).select(
        "journal_id", "pupil_id", "held_on", "work_id", "mark_code", "recorded_earliest", "since"
    )
    inside = (
        given.select("period_mark_id", "journal_id", "pupil_id", "starts_on", "ends_on", "made_at")
        .join(grades, on=["journal_id", "pupil_id"], how="inner")
        .filter(pl.col("held_on").is_between("starts_on", "ends_on"))
        .join(weights, on="work_id", how="left")
    )
    weight = pl.when(pl.col("mark_code").is_between(1, 5)).then(pl.col("weight").fill_null(1.0)).otherwise(0.0)
    unsure = inside.select(
        "period_mark_id",
        pl.max_horizontal("recorded_earliest", "made_at").alias("at"),
        **_NOTHING | {"unsure_count": pl.lit(1, pl.Int32)},
    )
    made = inside.select(
        "period_mark_id",
        pl.max_horizontal("since", "made_at").alias("at"),
        weight=weight,
        points=weight * pl.col("mark_code"),
        grade_count=pl.lit(1, pl.Int32),
        unsure_count=pl.lit(-1, pl.Int32),
    )
    return pl.concat([unsure, made])


def _states(given: pl.DataFrame, current: pl.DataFrame) -> pl.DataFrame:
    """Period marks with the sums of what is made from `since` until `until`."""
    start = given.select("period_mark_id", pl.col("made_at").alias("at"), **_NOTHING)
    steps = (
        pl.concat([start, current])
        .group_by("period_mark_id", "at")
        .agg(pl.col(name).sum() for name in _NOTHING)
        .sort("period_mark_id", "at")
        .select(
            "period_mark_id",
            pl.col("at").alias("since"),
            pl.col("at").shift(-1).over("period_mark_id").alias("until"),
            *(pl.col(name).cum_sum().over("period_mark_id") for name in _NOTHING),
        )
    )
    return steps.join(given, on="period_mark_id", how="inner")
