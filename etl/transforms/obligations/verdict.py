"""The status of an obligation once its entry is made: best and worst case of its window (annex L1.6)."""

from __future__ import annotations

from enum import IntEnum

import polars as pl

from etl.contract.ledger import RULE, Status
from etl.transforms.moments import INSTANT, NEVER

OBLIGATION: dict[str, pl.DataType | type[pl.DataType]] = {
    "not_before": INSTANT,
    "target_at": INSTANT,
    "due_at": INSTANT,
    "due_earliest": INSTANT,
    "done_earliest": INSTANT,
    "done_latest": INSTANT,
    "future_from": INSTANT,
    "object_id": pl.Int32,
    "class_id": pl.Int32,
    "journal_id": pl.Int32,
    "lesson_id": pl.Int32,
    "pupil_id": pl.Int32,
    "period_id": pl.Int32,
    "staff_id": pl.Int32,
    "anchor_on": pl.Date,
    "visible_on": pl.Date,
    "school_year": pl.Int16,
    "rule": pl.Int16,
    "excluded": pl.Int16,
    "made_status": pl.Int16,
    "done_quality": pl.Int16,
    "profile_version": pl.Int16,
    "is_required": pl.Boolean,
    "can_tell": pl.Boolean,
    "object_key": pl.String,
    "severity": pl.Int16,
}
_UNKNOWN = int(Status.indeterminate)


class Permission(IntEnum):
    """Whether a registered permission or document covers a change (annex R9), better ones being greater."""

    none = 0
    uncertain = 1
    valid = 2


def _status_of(done: pl.Expr, target: pl.Expr, due: pl.Expr, uncertain_until: pl.Expr) -> pl.Expr:
    """Status of one moment: early, on_time, amber, late; indeterminate where the limit is unsure (L10)."""
    before = pl.col("not_before").is_not_null() & (done < pl.col("not_before"))
    in_time = pl.when(target.is_not_null()).then(done <= target).otherwise(due.is_null() | (done <= due))
    return (
        pl.when(before)
        .then(int(Status.early))
        .when(in_time)
        .then(int(Status.on_time))
        .when(due.is_null() | (done <= due))
        .then(int(Status.amber))
        .when(uncertain_until.is_not_null() & (done <= uncertain_until))
        .then(_UNKNOWN)
        .otherwise(int(Status.late))
        .cast(pl.Int16)
    )


def with_made_status(
    rows: pl.DataFrame,
    *,
    uncertain_until: str | None = None,
    uncomputable: str | None = None,
    target_earliest: str | None = None,
    permission: str | None = None,
) -> pl.DataFrame:
    """Complete rows to the shape OBLIGATION: cut the target to the limit (L5), set made_status.

    `uncomputable` names a flag of rows whose deadline exists but cannot be computed (L1.3): they stay
    indeterminate. `target_earliest` names the earliest possible target of rows whose target is itself an
    entry (L7). `permission` names a column of Permission: it turns a broken or unsure ban into exempt or
    indeterminate (L1.7). Such rows are bans, of which can_tell = false says that a valid permission is there
    also while T lies inside the change's interval.
    """
    rows = rows.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in OBLIGATION.items() if name not in rows.columns
    )
    due_earliest = pl.coalesce("due_earliest", "due_at")
    strictest = pl.col(target_earliest) if target_earliest else pl.col("target_at")
    rows = rows.with_columns(
        _cut("target_at", pl.col("due_at")).alias("target_at"),
        pl.min_horizontal(strictest, pl.when(strictest.is_not_null()).then(due_earliest)).alias("_target_earliest"),
    )
    band = pl.col(uncertain_until) if uncertain_until else pl.lit(None, INSTANT)
    best = _status_of(pl.col("done_earliest"), pl.col("target_at"), pl.col("due_at"), band)
    worst = _status_of(pl.col("done_latest"), pl.col("_target_earliest"), due_earliest, band)
    kept = [int(Status.on_time), int(Status.amber)]
    unsure = pl.col(uncomputable).fill_null(value=False) if uncomputable else pl.lit(value=False)
    silent = pl.all_horizontal(pl.col("not_before", "target_at", "due_at").is_null())
    made = (
        pl.when(pl.col("excluded").is_not_null())
        .then(int(Status.not_applicable))
        .when(unsure)
        .then(_UNKNOWN)
        .when(silent)
        .then(int(Status.not_regulated))
        .when(best == worst)
        .then(best)
        .when(best.is_in(kept) & worst.is_in(kept))
        .then(int(Status.amber))
        .otherwise(_UNKNOWN)
        .cast(pl.Int16)
    )
    rows = rows.with_columns(
        made.alias("made_status"), (pl.col("can_tell").fill_null(value=True) & ~unsure).alias("can_tell")
    )
    if permission:
        rows = _permitted(rows, pl.col(permission), unsure)
    blank = pl.col("excluded").is_not_null()
    moments = ("not_before", "target_at", "due_at", "due_earliest")
    rows = rows.with_columns(pl.when(~blank).then(pl.col(name)).alias(name) for name in moments)
    return rows.select(pl.col(name).cast(dtype) for name, dtype in OBLIGATION.items())


def _cut(name: str, limit: pl.Expr) -> pl.Expr:
    return pl.when(pl.col(name) > limit).then(limit).otherwise(pl.col(name))


def _permitted(rows: pl.DataFrame, permission: pl.Expr, uncomputable: pl.Expr) -> pl.DataFrame:
    """Annex L1.7; an edit inside the lock stays on_time. What cannot be computed is decided before (L1.3)."""
    broken = pl.col("made_status").is_in([int(Status.late), int(Status.early), _UNKNOWN]) & ~uncomputable
    made = (
        pl.when(broken & (permission == int(Permission.valid)))
        .then(int(Status.exempt))
        .when(broken & (permission == int(Permission.uncertain)))
        .then(_UNKNOWN)
        .otherwise(pl.col("made_status"))
        .cast(pl.Int16)
    )
    return rows.with_columns(
        made.alias("made_status"),
        (pl.col("can_tell") & (permission != int(Permission.valid))).alias("can_tell"),
    )


def breaches(rows: pl.DataFrame, rule: str, since: str, until: str | None = None) -> pl.DataFrame:
    """Rows of a content rule in the shape OBLIGATION: breached from `since` until before `until` (annex L14).

    Stored as an entry made at `since`, with `until` in due_earliest (null = it lasts); what is made at no T
    is left out.
    """
    kept = rows.filter(pl.col(since) < pl.lit(NEVER, INSTANT))
    ends = pl.col(until) if until else pl.lit(None, INSTANT)
    kept = kept.filter(ends.is_null() | (pl.col(since) < ends)) if until else kept
    filled = kept.with_columns(
        pl.lit(RULE[rule].number).alias("rule"),
        pl.lit(int(Status.breached)).alias("made_status"),
        pl.col(since).alias("done_earliest"),
        pl.col(since).alias("done_latest"),
        ends.alias("due_earliest"),
        pl.lit(value=False).alias("is_required"),
        pl.lit(value=True).alias("can_tell"),
        pl.lit(None, pl.Int16).alias("done_quality"),
        pl.lit(None, INSTANT).alias("due_at"),
    )
    filled = filled.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in OBLIGATION.items() if name not in filled.columns
    )
    return filled.select(pl.col(name).cast(dtype) for name, dtype in OBLIGATION.items())


def joined_in_time(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Rows of one `key` whose `until` is the next one's `since` as one row; the other columns are the first one's."""
    ordered = rows.sort(*key, "since")
    begins = (pl.col("since") != pl.col("until").shift(1).over(key)).fill_null(value=True)
    others = [name for name in rows.columns if name not in {*key, "since", "until"}]
    return (
        ordered.with_columns(begins.cum_sum().over(key).alias("_run"))
        .group_by(*key, "_run", maintain_order=True)
        .agg(pl.col(*others).first(), pl.col("since").first(), pl.col("until").last())
        .drop("_run")
    )
