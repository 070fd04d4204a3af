"""Bans on edits: locks, the window for corrections, nothing after the period mark (annex R8, R10, R11).
Grain: change × rule.
"""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE
from etl.transforms.moments import INSTANT, NEVER, end_of_day
from etl.transforms.obligations.changes import is_about_the_entry, located_changes
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.locks import LOCKS, locked_changes
from etl.transforms.obligations.severities import not_graver_than_major, severity_of_parameter, where_unlike_the_rule
from etl.transforms.obligations.verdict import OBLIGATION, with_made_status
from etl.transforms.school_calendar import finest_periods
from etl.transforms.values import DEBT

BANS = (*dict.fromkeys(LOCKS.values()), "mark_correction", "edit_after_period_mark")


def build_edit_bans(context: Context) -> pl.DataFrame:
    """Rows of the four locks, mark_correction and edit_after_period_mark; none where the act is silent (annex
    L4).
    """
    if not any(version.is_regulated(rule) for version in context.versions for rule in BANS):
        return pl.DataFrame(schema=OBLIGATION)
    changes = located_changes(context)
    corrections = _corrections(changes, context)
    locked = locked_changes(changes, corrections, context)
    locks = _rows(locked, context, pl.col("lock"), pl.col("severity"))
    return pl.concat([locks, corrections, _after_period_marks(changes, context)])


def _rows(
    changes: pl.DataFrame, context: Context, rule: pl.Expr, severity: pl.Expr, *, uncomputable: str | None = None
) -> pl.DataFrame:
    """Rows of the shape OBLIGATION; `severity` is that of a change by whom the act allows (wrong role: annex F2)."""
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
        severity=pl.when(pl.col("is_wrong_role")).then(not_graver_than_major(severity)).otherwise(severity),
    )
    rows = where_unlike_the_rule(rows, context)
    return with_made_status(rows, uncomputable=uncomputable, permission="permission")


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
    severity = severity_of_parameter(context, "mark_correction_window_days", pl.col("anchor_on"))
    if not updates.height:
        return _rows(
            updates.with_columns(pl.lit(None, INSTANT).alias("due_at"), pl.lit(None, INSTANT).alias("due_earliest")),
            context,
            pl.lit(RULE["mark_correction"].number),
            severity,
        )
    window = pl.duration(days=pl.col("days"))
    updates = updates.with_columns(
        end_of_day(pl.col("latest_on") + window, context.zone).alias("due_at"),
        end_of_day(pl.col("earliest_on") + window, context.zone).alias("due_earliest"),
    )
    return _rows(updates, context, pl.lit(RULE["mark_correction"].number), severity, uncomputable="is_unknown")


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
    severity = severity_of_parameter(context, "edit_forbidden_after_period_mark", pl.col("anchor_on"))
    return _rows(edits, context, pl.lit(RULE["edit_after_period_mark"].number), severity)
