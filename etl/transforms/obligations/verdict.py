"""The status an obligation has once its entry is made: best and worst case compared with the window (annex L1.6)."""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import Status
from etl.transforms.moments import INSTANT

OBLIGATION = {
    "not_before": INSTANT, "target_at": INSTANT, "due_at": INSTANT, "due_earliest": INSTANT, "done_earliest": INSTANT,
    "done_latest": INSTANT, "future_from": INSTANT, "object_id": pl.Int32, "class_id": pl.Int32, "journal_id": pl.Int32,
    "lesson_id": pl.Int32, "pupil_id": pl.Int32, "period_id": pl.Int32, "staff_id": pl.Int32, "anchor_on": pl.Date,
    "visible_on": pl.Date, "school_year": pl.Int16, "rule": pl.Int16, "excluded": pl.Int16, "made_status": pl.Int16,
    "done_quality": pl.Int16, "profile_version": pl.Int16, "is_required": pl.Boolean, "can_tell": pl.Boolean,
    "object_key": pl.String,
}
_UNKNOWN = int(Status.indeterminate)


def _status_of(done: pl.Expr, due: pl.Expr, uncertain_until: pl.Expr) -> pl.Expr:
    """Status of one moment: early, on_time, amber, late; indeterminate in the band where the limit itself is unsure (L10)."""
    before = pl.col("not_before").is_not_null() & (done < pl.col("not_before"))
    in_time = pl.when(pl.col("target_at").is_not_null()).then(done <= pl.col("target_at")).otherwise(due.is_null() | (done <= due))
    return (
        pl.when(before).then(int(Status.early))
        .when(in_time).then(int(Status.on_time))
        .when(due.is_null() | (done <= due)).then(int(Status.amber))
        .when(uncertain_until.is_not_null() & (done <= uncertain_until)).then(_UNKNOWN)
        .otherwise(int(Status.late)).cast(pl.Int16)
    )


def with_made_status(rows: pl.DataFrame, *, uncertain_until: str | None = None, uncomputable: str | None = None) -> pl.DataFrame:
    """Complete rows to the shape OBLIGATION: cut the target to the limit (L5), set made_status, blank what is excluded.

    `uncomputable` names a flag of rows whose deadline exists but cannot be computed (L1.3): they stay indeterminate.
    """
    rows = rows.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in OBLIGATION.items() if name not in rows.columns)
    rows = rows.with_columns(pl.when(pl.col("target_at") > pl.col("due_at")).then(pl.col("due_at")).otherwise(pl.col("target_at")).alias("target_at"))
    band = pl.col(uncertain_until) if uncertain_until else pl.lit(None, INSTANT)
    best = _status_of(pl.col("done_earliest"), pl.col("due_at"), band)
    worst = _status_of(pl.col("done_latest"), pl.coalesce("due_earliest", "due_at"), band)
    kept = [int(Status.on_time), int(Status.amber)]
    unsure = pl.col(uncomputable).fill_null(value=False) if uncomputable else pl.lit(value=False)
    silent = pl.all_horizontal(pl.col("not_before", "target_at", "due_at").is_null())
    made = (
        pl.when(pl.col("excluded").is_not_null()).then(int(Status.not_applicable))
        .when(unsure).then(_UNKNOWN)
        .when(silent).then(int(Status.not_regulated))
        .when(best == worst).then(best)
        .when(best.is_in(kept) & worst.is_in(kept)).then(int(Status.amber))
        .otherwise(_UNKNOWN).cast(pl.Int16)
    )
    rows = rows.with_columns(made.alias("made_status"), (pl.col("can_tell").fill_null(value=True) & ~unsure).alias("can_tell"))
    blank = pl.col("excluded").is_not_null()
    moments = ("not_before", "target_at", "due_at", "due_earliest")
    rows = rows.with_columns(pl.when(~blank).then(pl.col(name)).alias(name) for name in moments)
    return rows.select(pl.col(name).cast(dtype) for name, dtype in OBLIGATION.items())
