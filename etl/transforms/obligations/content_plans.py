"""The hours of a journal's thematic plan against the curriculum (004 5-УП-5, G23). Grain: journal × interval."""

from __future__ import annotations

import polars as pl

from etl.regulations.deadlines import MonthDay
from etl.transforms.moments import INSTANT, NEVER
from etl.transforms.obligations.context import CLASS_KINDS, Context
from etl.transforms.obligations.responsible import journal_teachers
from etl.transforms.obligations.verdict import OBLIGATION, breaches, joined_in_time
from etl.transforms.obligations.year import in_year

WEEKS, WEEKS_OF_GRADE_1 = 34, 33
"""School weeks of a year where the curriculum states no annual hours (requirements R53-ST5)."""
_PAIR = ["group_id", "subject_id"]
_ROUNDING = 1e-6


def build_content_of_plans(context: Context) -> pl.DataFrame:
    """Breaches of plan_hours: the plans of the journal that are made at T do not add up to the curriculum.

    No plan is the business of rule `plan`; no curriculum or a plan without hours cannot be compared.
    """
    if not any(version.count("ktp_hours_tolerance") is not None for version in context.versions):
        return pl.DataFrame(schema=OBLIGATION)
    journals = (
        context.journals.join(
            context.groups.filter(pl.col("group_kind").is_in(CLASS_KINDS)).select("group_id"), on="group_id", how="semi"
        )
        .select("journal_id", "class_id", *_PAIR)
        .join(context.classes.select("class_id", "school_year", "grade"), on="class_id", how="inner")
        .with_columns(in_year(MonthDay(9, 1)).alias("anchor_on"))
    )
    compared = _planned(context).join(journals, on=_PAIR, how="inner").join(_asked(context), on=_PAIR, how="inner")
    weeks = pl.when(pl.col("grade") == 1).then(WEEKS_OF_GRADE_1).otherwise(WEEKS)
    asked = pl.coalesce("annual_hours", pl.col("weekly_hours") * weeks)
    tolerance = context.count("ktp_hours_tolerance", pl.col("anchor_on"))
    is_off = (pl.col("planned_hours") - asked).abs() > tolerance + _ROUNDING
    off = joined_in_time(compared.filter(is_off), ["journal_id"])
    teachers = journal_teachers(context, off.select("journal_id", pl.lit(None, pl.Date).alias("on"))).drop("on")
    rows = off.join(teachers, on="journal_id", how="left").select(
        "class_id",
        "journal_id",
        "staff_id",
        "school_year",
        "anchor_on",
        "since",
        "until",
        profile_version=context.version_on(pl.col("anchor_on")),
    )
    return breaches(rows, "plan_hours", "since", "until")


def _asked(context: Context) -> pl.DataFrame:
    return context.present("curriculum").select(*_PAIR, "weekly_hours", "annual_hours")


def _planned(context: Context) -> pl.DataFrame:
    """Hours of a journal's plans that are made, from `since` until `until`; null hours from a plan without any on, and
    while a plan may or may not be there.

    A plan's hours are its total, else the sum of its lines, each of which must then state its hours.
    """
    lines = (
        context.present("plan_item")
        .group_by("plan_id")
        .agg(pl.when(pl.col("hours").is_not_null().all()).then(pl.col("hours").sum()).alias("line_hours"))
    )
    plans = (
        context.present("plan")
        .filter(pl.col("created_latest") < pl.lit(NEVER, INSTANT))
        .join(lines, on="plan_id", how="left")
        .with_columns(pl.coalesce("total_hours", "line_hours").alias("hours"))
    )
    unsure = plans.select(
        *_PAIR, pl.col("created_earliest").alias("since"), hours=0.0, is_silent=pl.lit(value=False), unsure_count=1
    )
    made = plans.select(
        *_PAIR,
        pl.col("created_latest").alias("since"),
        pl.col("hours").fill_null(0.0),
        is_silent=pl.col("hours").is_null(),
        unsure_count=-1,
    )
    moments = (
        pl.concat([unsure, made])
        .group_by(*_PAIR, "since")
        .agg(pl.col("hours", "unsure_count").sum(), pl.col("is_silent").any())
        .sort(*_PAIR, "since")
    )
    return moments.select(
        *_PAIR,
        "since",
        pl.col("since").shift(-1).over(_PAIR).alias("until"),
        pl.when(~pl.col("is_silent").cum_max().over(_PAIR) & (pl.col("unsure_count").cum_sum().over(_PAIR) == 0))
        .then(pl.col("hours").cum_sum().over(_PAIR))
        .alias("planned_hours"),
    )
