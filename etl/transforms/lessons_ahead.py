"""How many lessons of a journal are still to come in a period, looked at on a day of it. Pure.

In this order (each day is counted once): the timetable as far as the source has it; after its last day the dated lines
of the journal's plan; without such lines the journal's lessons per instructional day so far × the instructional days
left, rounded down. In closed periods the timetable is known, cancelled lessons included: nobody knew of them then.
"""

from __future__ import annotations

import polars as pl

from etl.transforms.obligations.context import Context

_PLACE = ["journal_id", "period_id"]


def lessons_ahead(context: Context, lessons: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Lessons of a journal after the cut until the end of its window: journal_id, period_id, ahead_count.

    `windows`: class_id, period_id, starts_on, ends_on, cut_on; `lessons` as of `held_lessons`. A journal without a held
    lesson between the first day and the cut has no row.
    """
    known = context.lessons.filter(~pl.col("is_deleted") & (pl.col("kind") == "lesson"))
    took_place = pl.col("is_held") | (pl.col("status") == "cancelled")
    last = known.group_by("class_id").agg(pl.col("held_on").max().alias("known_until"))
    windows = windows.select("class_id", "period_id", "starts_on", "ends_on", "cut_on").join(last, on="class_id")
    told = (
        known.filter(took_place)
        .join(windows, on="class_id")
        .filter((pl.col("held_on") > pl.col("cut_on")) & (pl.col("held_on") <= pl.col("ends_on")))
        .group_by(_PLACE)
        .agg(pl.len().alias("told"))
    )
    days = context.calendar.filter("is_instructional").select("class_id", "on").join(windows, on="class_id")
    left = days.group_by("class_id", "period_id").agg(
        pl.col("on").is_between("starts_on", "cut_on").sum().alias("days_over"),
        ((pl.col("on") > pl.max_horizontal("cut_on", "known_until")) & (pl.col("on") <= pl.col("ends_on")))
        .sum()
        .alias("days_left"),
    )
    journals = (
        lessons.join(windows, on="class_id", suffix="_of")
        .filter(pl.col("held_on").is_between("starts_on", "cut_on"))
        .group_by("class_id", "journal_id", pl.col("period_id_of").alias("period_id"))
        .agg(pl.len().alias("held"))
    )
    planned = (
        plan_lines(context)
        .join(context.journals.select("journal_id", "class_id"), on="journal_id")
        .join(windows, on="class_id")
        .filter((pl.col("planned_on") > pl.max_horizontal("cut_on", "known_until"))
                & (pl.col("planned_on") <= pl.col("ends_on")))
        .group_by(_PLACE)
        .agg(pl.col("hours").sum().floor().alias("planned"))
    )  # fmt: skip
    by_days = (pl.col("held") * pl.col("days_left")) // pl.col("days_over")
    rows = (
        journals.join(left, on=["class_id", "period_id"], how="left")
        .join(told, on=_PLACE, how="left")
        .join(planned, on=_PLACE, how="left")
    )
    rest = pl.coalesce(pl.col("planned").cast(pl.Int64), pl.when(pl.col("days_over") > 0).then(by_days), pl.lit(0))
    return rows.select(*_PLACE, (pl.col("told").fill_null(0) + rest).cast(pl.Int32).alias("ahead_count"))


def plan_lines(context: Context) -> pl.DataFrame:
    """Lines of live plans by journal: journal_id, planned_on, hours."""
    plans = context.present("plan").select("plan_id", "group_id", "subject_id")
    lines = context.present("plan_item").select(
        "plan_id", "planned_on", pl.col("hours").cast(pl.Float64).fill_null(1.0).alias("hours")
    )
    named = context.journals.select("journal_id", "group_id", "subject_id")
    return lines.join(plans, on="plan_id").join(named, on=["group_id", "subject_id"]).drop("group_id", "subject_id")
