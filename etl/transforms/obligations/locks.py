"""The locks of the journal: which parameter closes an entry, until when it is open and how grave a later edit is
(annex R8, F2).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from etl.contract.ledger import RULE, Status
from etl.transforms.moments import end_of_day
from etl.transforms.obligations.changes import is_about_the_entry
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.severities import not_graver_than_major, severity_of_parameter

LOCKS = {
    "mark": "mark_lock",
    "absence": "attendance_lock",
    "lesson": "topic_lock",
    "work": "topic_lock",
    "period_mark": "period_mark_lock",
}
LOCK_DAYS = (
    "mark_lock_days",
    "vshk_mark_lock_days",
    "essay_mark_lock_days",
    "attendance_lock_days",
    "topic_lock_days",
    "work_type_lock_days",
    "period_mark_lock_days",
)
FORBIDDEN = "period_mark_edit_after_end"
"""States that period marks are closed from the period's end on; period_mark_lock_days then only grades (annex R8)."""


def locked_changes(changes: pl.DataFrame, corrections: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Updates and deletes under a lock, due n days after the anchor day without a roll; a lock that is not stated
    locks nothing. Grain: change.

    `changes` as `located_changes` gives them, `corrections` the rows of mark_correction. Adds lock (number of the
    rule), anchor_on, due_at, due_earliest and severity; a document counts as a permission.
    """
    locked = changes.filter((pl.col("action") != "create") & is_about_the_entry()).join(
        _works(context), on="work_id", how="left"
    )
    periods = context.state["period"].select("period_id", "ends_on")
    locked = locked.join(periods, on="period_id", how="left").with_columns(_special(context))
    of_mark = (
        pl.when(pl.col("special").is_not_null()).then(pl.coalesce("work_on", "held_on")).otherwise(pl.col("held_on"))
    )
    anchor = (
        pl.when(pl.col("entity") == "period_mark")
        .then(pl.col("ends_on"))
        .when(pl.col("entity") == "mark")
        .then(of_mark)
        .otherwise(pl.col("held_on"))
    )
    locked = locked.with_columns(anchor.alias("anchor_on")).with_columns(_parameter(context).alias("parameter"))
    days = _of_parameter(lambda name: context.count(name, pl.col("anchor_on")), forbidden=pl.lit(0))
    locked = locked.with_columns((pl.col("anchor_on") + pl.duration(days=days)).alias("due_on")).filter(
        pl.col("due_on").is_not_null()
    )
    ends = context.instants.select(
        pl.col("on").alias("due_on"), pl.col("end_at").alias("due_at"), pl.col("end_at").alias("due_earliest")
    )
    number = pl.col("entity").replace_strict(
        {entity: RULE[rule].number for entity, rule in LOCKS.items()}, return_dtype=pl.Int16
    )
    covered = locked.with_columns(pl.max_horizontal("permission", "document").alias("permission"))
    covered = covered.join(ends, on="due_on", how="left").join(_correctable(corrections), on="change_id", how="left")
    return covered.with_columns(number.alias("lock"), _severity(context).alias("severity"))


def _works(context: Context) -> pl.DataFrame:
    """Works in their last state with their day (annex B19)."""
    days = context.lessons.select("lesson_id", pl.col("held_on").alias("work_lesson_on"))
    works = context.state["work"].select(
        "work_id", "lesson_id", pl.col("kind").alias("work_kind"), "performed_on", "is_monitoring"
    )
    return works.join(days, on="lesson_id", how="left").select(
        "work_id",
        "work_kind",
        "is_monitoring",
        pl.coalesce("performed_on", "work_lesson_on").alias("work_on"),
    )


def _special(context: Context) -> pl.Expr:
    """Marks with a lock of their own, where the kinds of works are trusted (annex L10)."""
    if "work_kinds" not in context.sight.capabilities:
        return pl.lit(None, pl.String).alias("special")
    essay = (pl.col("work_kind") == "essay") & (pl.col("grade") >= 10)
    found = (
        pl.when(pl.col("is_monitoring").fill_null(value=False)).then(pl.lit("vshk")).when(essay).then(pl.lit("essay"))
    )
    return pl.when(pl.col("entity") == "mark").then(found).alias("special")


def _parameter(context: Context) -> pl.Expr:
    """The parameter that locks the entry: a lock of its own where the act states one, else that of all marks."""

    def is_locked_as(special: str) -> pl.Expr:
        stated = context.count(f"{special}_mark_lock_days", pl.col("anchor_on")).is_not_null()
        return (pl.col("special") == special).fill_null(value=False) & stated

    entity = pl.col("entity")
    forbidden = context.word("period_mark_edit_after_end", pl.col("anchor_on")) == "forbidden"
    of_entry = entity.replace_strict(
        {"absence": "attendance_lock_days", "lesson": "topic_lock_days", "work": "work_type_lock_days"},
        default=None,
        return_dtype=pl.String,
    )
    return (
        pl.when((entity == "mark") & is_locked_as("vshk"))
        .then(pl.lit("vshk_mark_lock_days"))
        .when((entity == "mark") & is_locked_as("essay"))
        .then(pl.lit("essay_mark_lock_days"))
        .when(entity == "mark")
        .then(pl.lit("mark_lock_days"))
        .when((entity == "period_mark") & forbidden)
        .then(pl.lit(FORBIDDEN))
        .when(entity == "period_mark")
        .then(pl.lit("period_mark_lock_days"))
        .otherwise(of_entry)
    )


def _of_parameter(of: Callable[[str], pl.Expr], *, forbidden: pl.Expr) -> pl.Expr:
    """What `of` says of the row's own `parameter`; `forbidden` where nothing may be edited from the end on."""
    found: pl.Expr = pl.when(pl.col("parameter") == FORBIDDEN).then(forbidden)
    for name in LOCK_DAYS:
        found = pl.when(pl.col("parameter") == name).then(of(name)).otherwise(found)
    return found


def _correctable(corrections: pl.DataFrame) -> pl.DataFrame:
    """change_id of corrections that keep, or may keep, their window (R10), whatever T: it is their own moment that
    decides.
    """
    kept = corrections.filter(pl.col("made_status").is_in([int(Status.on_time), int(Status.indeterminate)]))
    return kept.select(pl.col("object_id").alias("change_id"), pl.lit(value=True).alias("is_correctable"))


def _severity(context: Context) -> pl.Expr:
    """Annex F2: that of the clause behind the lock; major while the window for corrections, or that after the period's
    end, is open. A lock of monitoring works or essays is a clause of its own that no window softens (G09).
    """
    day = pl.col("anchor_on")
    stated = _of_parameter(
        lambda name: severity_of_parameter(context, name, day),
        forbidden=severity_of_parameter(context, FORBIDDEN, day),
    )
    days = pl.duration(days=context.count("period_mark_lock_days", day))
    still_open = pl.col("changed_earliest") <= end_of_day(pl.col("ends_on") + days, context.zone)
    softened = (
        pl.when(pl.col("parameter") == "mark_lock_days")
        .then(pl.col("is_correctable"))
        .when(pl.col("parameter") == FORBIDDEN)
        .then(still_open)
    )
    return pl.when(softened).then(not_graver_than_major(stated)).otherwise(stated)
