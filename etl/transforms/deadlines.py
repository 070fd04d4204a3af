"""Deadlines as dates and instants, computed once per class and day and then joined to everything of that day.

ledger.md "Time": the event day is day 0, a day's deadline ends at 23:59:59 local, only `<n>d` rolls (annex L6).
"""

from __future__ import annotations

import polars as pl

from etl.regulations.deadlines import Deadline, DeadlineKind
from etl.transforms.moments import end_of_day, start_of_day


def day_instants(first_to_last: pl.Series, zone: str) -> pl.DataFrame:
    """Columns on, start_at, end_at: 00:00:00 and 23:59:59 of each local day as instants."""
    days = first_to_last.unique().sort().to_frame("on")
    return days.with_columns(
        start_of_day(pl.col("on"), zone).alias("start_at"), end_of_day(pl.col("on"), zone).alias("end_at")
    )


def add_counters(calendar: pl.DataFrame) -> pl.DataFrame:
    """Add next_working_on, next_instructional_on (that day itself when it is one) and running numbers of
    such days.
    """
    ordered = calendar.sort("class_id", "on")
    return ordered.with_columns(
        *(
            pl.when(flag).then(pl.col("on")).backward_fill().over("class_id").alias(f"next_{name}_on")
            for name, flag in (("working", pl.col("is_working")), ("instructional", pl.col("is_instructional")))
        ),
        *(
            pl.col(flag).cast(pl.Int32).cum_sum().over("class_id").alias(f"{name}_no")
            for name, flag in (("working", "is_working"), ("instructional", "is_instructional"))
        ),
    )


def due_dates(calendar: pl.DataFrame, deadline: Deadline, roll: str) -> pl.DataFrame:
    """Local due date of a day-counted deadline for every class and anchor day: class_id, on, due_on.

    `calendar` comes from `add_counters`; `roll` is deadline_roll_forward {none, next_working, next_instructional}.
    Kinds that are no count of days (hours, check day, at entry) have no due date here and raise ValueError.
    """
    anchors = calendar.select("class_id", "on")
    if deadline.kind is DeadlineKind.SAME_DAY:
        return anchors.with_columns(pl.col("on").alias("due_on"))
    if deadline.kind is DeadlineKind.DAYS:
        nominal = anchors.with_columns(pl.col("on").dt.offset_by(f"{deadline.amount}d").alias("nominal"))
        if roll == "none":
            return nominal.rename({"nominal": "due_on"})
        rolled = calendar.select("class_id", pl.col("on").alias("nominal"), pl.col(f"{roll}_on").alias("due_on"))
        return nominal.join(rolled, on=["class_id", "nominal"], how="left", maintain_order="left").select(
            "class_id", "on", "due_on"
        )
    if deadline.kind in (DeadlineKind.WORKING_DAYS, DeadlineKind.INSTRUCTIONAL_DAYS):
        name = "working" if deadline.kind is DeadlineKind.WORKING_DAYS else "instructional"
        nth = calendar.filter(pl.col(f"is_{name}")).select(
            "class_id", pl.col("on").alias("due_on"), pl.col(f"{name}_no").alias("no")
        )
        wanted = calendar.select("class_id", "on", (pl.col(f"{name}_no") + deadline.amount).alias("no"))
        return wanted.join(nth, on=["class_id", "no"], how="left", maintain_order="left").select(
            "class_id", "on", "due_on"
        )
    raise ValueError(f"{deadline} is no count of days")


def is_day_count(deadline: Deadline | None) -> bool:
    """True for deadlines that end with a day."""
    return deadline is not None and deadline.kind in {
        DeadlineKind.SAME_DAY,
        DeadlineKind.DAYS,
        DeadlineKind.WORKING_DAYS,
        DeadlineKind.INSTRUCTIONAL_DAYS,
    }
