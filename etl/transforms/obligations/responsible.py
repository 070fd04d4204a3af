"""Who teaches a journal on a day: teaching loads, and who answers for the journal itself (annex R18)."""

from __future__ import annotations

import polars as pl

from etl.transforms.obligations.context import Context


def loads_in_force(context: Context, days: pl.DataFrame, day: str) -> pl.DataFrame:
    """Rows of `days` (group_id, subject_id and the date column `day`, any others) × staff_id of the loads in
    force; an open end is open.
    """
    loads = context.present("teaching_load").select(
        "group_id", "subject_id", pl.col("staff_id").alias("load_staff_id"), "from_on", "to_on"
    )
    joined = days.join(loads, on=["group_id", "subject_id"], how="inner")
    begun = pl.col("from_on").is_null() | (pl.col("from_on") <= pl.col(day))
    return joined.filter(begun & (pl.col("to_on").is_null() | (pl.col(day) < pl.col("to_on")))).drop("from_on", "to_on")


def journal_teachers(context: Context, days: pl.DataFrame) -> pl.DataFrame:
    """Who answers for a journal on a day (annex R18): journal_id, on, staff_id. `days` has journal_id, on; a
    null day is any day.

    The teaching load in force with the least staff_key, else the assigned teacher of the journal's last
    lesson, else null.
    """
    named = days.unique().join(context.journals.select("journal_id", "group_id", "subject_id"), on="journal_id")
    staff = context.state["staff"].select(pl.col("staff_id").alias("load_staff_id"), "staff_key")
    loads = context.present("teaching_load").select(
        "group_id", "subject_id", pl.col("staff_id").alias("load_staff_id"), "from_on", "to_on"
    )
    begun = pl.col("from_on").is_null() | (pl.col("from_on") <= pl.col("on"))
    in_force = pl.col("on").is_null() | (begun & (pl.col("to_on").is_null() | (pl.col("on") < pl.col("to_on"))))
    by_load = named.join(
        loads.join(staff, on="load_staff_id", how="left"), on=["group_id", "subject_id"], how="inner"
    ).filter(in_force)
    least = (
        by_load.sort("staff_key").group_by("journal_id", "on", maintain_order=True).agg(pl.col("load_staff_id").first())
    )
    lessons = context.lessons.filter(~pl.col("is_deleted")).with_columns(pl.col("slot").fill_null(0))
    last = (
        lessons.sort("held_on", "slot", "lesson_id")
        .group_by("journal_id", maintain_order=True)
        .agg(pl.col("assigned_id").last())
    )
    joined = named.join(least, on=["journal_id", "on"], how="left", nulls_equal=True).join(
        last, on="journal_id", how="left"
    )
    return joined.select("journal_id", "on", pl.coalesce("load_staff_id", "assigned_id").alias("staff_id"))
