"""Bans on edits: locks, the window for corrections, nothing after the period mark (annex R8, R10, R11).
Grain: change × rule.
"""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE
from etl.transforms.moments import INSTANT, NEVER, end_of_day
from etl.transforms.obligations.changes import is_about_the_entry, located_changes
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import OBLIGATION, with_made_status
from etl.transforms.school_calendar import finest_periods
from etl.transforms.values import DEBT

LOCKS = {
    "mark": "mark_lock",
    "absence": "attendance_lock",
    "lesson": "topic_lock",
    "work": "topic_lock",
    "period_mark": "period_mark_lock",
}
BANS = (*dict.fromkeys(LOCKS.values()), "mark_correction", "edit_after_period_mark")


def build_edit_bans(context: Context) -> pl.DataFrame:
    """Rows of the four locks, mark_correction and edit_after_period_mark; none where the act is silent (annex
    L4).
    """
    if not any(version.is_regulated(rule) for version in context.versions for rule in BANS):
        return pl.DataFrame(schema=OBLIGATION)
    changes = located_changes(context)
    return pl.concat([_locks(changes, context), _corrections(changes, context), _after_period_marks(changes, context)])


def _rows(changes: pl.DataFrame, context: Context, rule: pl.Expr, *, uncomputable: str | None = None) -> pl.DataFrame:
    rows = changes.select(
        "class_id",
        "journal_id",
        "lesson_id",
        "pupil_id",
        "school_year",
        "anchor_on",
        "due_at",
        "due_earliest",
        "permission",
        *([uncomputable] if uncomputable else []),
        staff_id=pl.col("changed_by_id"),
        object_id=pl.col("change_id"),
        profile_version=context.version_on(pl.col("anchor_on")),
        is_required=pl.lit(value=False),
        rule=rule,
        can_tell=pl.lit(value=True),
        done_earliest=pl.col("changed_earliest"),
        done_latest=pl.col("changed_latest"),
        done_quality=pl.col("changed_quality"),
    )
    return with_made_status(rows, uncomputable=uncomputable, permission="permission")


def _locks(changes: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Updates and deletes, due n days after the anchor day without a roll; a lock that is not stated has no
    rows.
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
    locked = locked.with_columns(anchor.alias("anchor_on")).with_columns(_lock_days(context).alias("days"))
    locked = locked.with_columns((pl.col("anchor_on") + pl.duration(days=pl.col("days"))).alias("due_on")).filter(
        pl.col("due_on").is_not_null()
    )
    ends = context.instants.select(
        pl.col("on").alias("due_on"), pl.col("end_at").alias("due_at"), pl.col("end_at").alias("due_earliest")
    )
    number = pl.col("entity").replace_strict(
        {entity: RULE[rule].number for entity, rule in LOCKS.items()}, return_dtype=pl.Int16
    )
    covered = locked.with_columns(pl.max_horizontal("permission", "document").alias("permission"))
    return _rows(covered.join(ends, on="due_on", how="left"), context, number)


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


def _lock_days(context: Context) -> pl.Expr:
    def days(name: str) -> pl.Expr:
        return context.count(f"{name}_lock_days", pl.col("anchor_on"))

    special = (
        pl.when(pl.col("special") == "vshk")
        .then(days("vshk_mark"))
        .when(pl.col("special") == "essay")
        .then(days("essay_mark"))
    )
    forbidden = (context.word("period_mark_edit_after_end", pl.col("anchor_on")) == "forbidden").fill_null(value=False)
    return (
        pl.when(pl.col("entity") == "mark")
        .then(pl.coalesce(special, days("mark")))
        .when(pl.col("entity") == "absence")
        .then(days("attendance"))
        .when(pl.col("entity") == "lesson")
        .then(days("topic"))
        .when(pl.col("entity") == "work")
        .then(days("work_type"))
        .otherwise(pl.when(forbidden).then(0).otherwise(days("period_mark")))
    )


def _corrections(changes: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Annex R10: n days after the local date of the mark's first moment, which may be an interval; unknown
    without it (L1.3).
    """
    updates = changes.filter((pl.col("entity") == "mark") & (pl.col("action") == "update") & is_about_the_entry())
    told = pl.col("recorded_earliest") < pl.lit(NEVER, INSTANT)
    updates = updates.with_columns(
        (~told).fill_null(value=True).alias("is_unknown"),
        *(
            pl.when(told)
            .then(pl.col(f"recorded_{part}").dt.convert_time_zone(context.zone).dt.date())
            .alias(f"{part}_on")
            for part in ("earliest", "latest")
        ),
    )
    updates = updates.with_columns(pl.coalesce("latest_on", "held_on").alias("anchor_on"))
    updates = updates.with_columns(
        context.count("mark_correction_window_days", pl.col("anchor_on")).alias("days")
    ).filter(pl.col("days").is_not_null())
    if not updates.height:
        return _rows(
            updates.with_columns(pl.lit(None, INSTANT).alias("due_at"), pl.lit(None, INSTANT).alias("due_earliest")),
            context,
            pl.lit(RULE["mark_correction"].number),
        )
    window = pl.duration(days=pl.col("days"))
    updates = updates.with_columns(
        end_of_day(pl.col("latest_on") + window, context.zone).alias("due_at"),
        end_of_day(pl.col("earliest_on") + window, context.zone).alias("due_earliest"),
    )
    return _rows(updates, context, pl.lit(RULE["mark_correction"].number), uncomputable="is_unknown")


def _after_period_marks(changes: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Annex R11: due = the moment when the journal's last mark of the period was set; none set: no row."""
    counted = is_about_the_entry(homework=True) & ((pl.col("entity") != "period_mark") | (pl.col("action") != "create"))
    counted = counted & context.flag(
        "edit_forbidden_after_period_mark", pl.coalesce("held_on", pl.col("changed_latest").dt.date())
    )
    spans = finest_periods(context.classes, context.periods).join(
        context.periods.filter(pl.col("kind") != "year"), on="period_id", how="semi"
    )
    spans = spans.rename({"period_id": "span_id"})
    inside = pl.col("held_on").is_between("starts_on", "ends_on") | (
        (pl.col("entity") == "period_mark") & (pl.col("period_id") == pl.col("span_id"))
    )
    placed = changes.filter(counted).join(spans, on="class_id", how="inner").filter(inside)
    marks = context.present("period_mark").filter(
        (pl.col("kind") == "period")
        & (pl.col("mark_code") != DEBT)
        & (pl.col("recorded_earliest") < pl.lit(NEVER, INSTANT))
    )
    last = marks.group_by("journal_id", pl.col("period_id").alias("span_id")).agg(
        pl.col("recorded_earliest").max().alias("due_earliest"),
        pl.col("recorded_latest").max().alias("due_at"),
    )
    dues = (
        placed.join(last, on=["journal_id", "span_id"], how="inner")
        .group_by("change_id")
        .agg(pl.col("due_earliest", "due_at").max(), pl.col("ends_on").max().alias("span_ends_on"))
    )
    edits = changes.join(dues, on="change_id", how="inner").with_columns(
        pl.coalesce("held_on", "span_ends_on").alias("anchor_on")
    )
    return _rows(edits, context, pl.lit(RULE["edit_after_period_mark"].number))
