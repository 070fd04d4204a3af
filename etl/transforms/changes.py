"""Changes that a source without a change log shows by the difference of its states (annex B7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from etl.contract.ledger import Quality
from etl.transforms.merge import OLD, Merged
from etl.transforms.moments import INSTANT

# table → (field, key column, author column of an update)
WATCHED: dict[str, tuple[str, str, str | None]] = {
    "mark": ("value", "mark_key", "recorded_by_id"),
    "absence": ("code", "absence_key", "recorded_by_id"),
    "lesson": ("topic", "lesson_key", "topic_recorded_by_id"),
    "work": ("kind", "work_key", None),
    "period_mark": ("value", "period_mark_key", "recorded_by_id"),
}
DELETIONS = ("mark", "absence", "period_mark")
_KINDS: dict[str, Any] = {
    "change_key": pl.String,
    "entity": pl.String,
    "entity_key": pl.String,
    "field": pl.String,
    "action": pl.String,
    "old_value": pl.String,
    "new_value": pl.String,
    "changed_earliest": INSTANT,
    "changed_latest": INSTANT,
    "changed_quality": pl.Int16,
    "changed_by_id": pl.Int32,
    "lesson_key": pl.String,
    "pupil_key": pl.String,
}
COLUMNS = pl.Schema(_KINDS)


def automatic_changes(table: str, merged: Merged, extracted_at: datetime, extracted_text: str) -> pl.DataFrame:
    """Updates of non-blank values and deletions that this bundle shows; columns COLUMNS, one row per change.

    changed_at lies in (last bundle that carried the row, this bundle].
    """
    field, key, author = WATCHED[table]
    built = []
    if merged.before.height:
        updated = merged.before.filter(
            pl.col(field + OLD).is_not_null() & pl.col(field).ne_missing(pl.col(field + OLD))
        )
        built.append(
            _changes(
                updated,
                table,
                "update",
                field,
                key,
                pl.col(field + OLD),
                pl.col(field),
                pl.col(author) if author else pl.lit(None),
                extracted_at,
                extracted_text,
            )
        )
    if table in DELETIONS and merged.vanished.height:
        built.append(
            _changes(
                merged.vanished,
                table,
                "delete",
                "",
                key,
                pl.col(field),
                pl.lit(None),
                pl.lit(None),
                extracted_at,
                extracted_text,
            )
        )
    return pl.concat(built) if built else pl.DataFrame(schema=COLUMNS)


def pointless_changes(changes: pl.DataFrame, state: Mapping[str, pl.DataFrame]) -> str:
    """The remark about changes of entries that were never loaded and that name no lesson: they are in no ledger row
    (annex B8); "" where there are none. A period mark has no lesson that could place it.

    `changes` as a bundle brings them, `state` every row of the school's tables, vanished ones too.
    """
    named = pl.col("lesson_key").is_not_null() if "lesson_key" in changes.columns else pl.lit(value=False)
    placed = named & (pl.col("entity") != "period_mark")
    lost = pl.concat(
        changes.filter((pl.col("entity") == entity) & ~placed)
        .join(state[entity].select(pl.col(key).alias("entity_key")), on="entity_key", how="anti")
        .select("change_key", "entity", "entity_key")
        for entity, (_field, key, _author) in WATCHED.items()
    )
    if not lost.height:
        return ""
    first = lost.sort("change_key").row(0, named=True)
    return (
        f"change: {lost.height} changes are of entries that no bundle brought and name no lesson; they are not judged,"
        f" the first is {first['change_key']!r} of {first['entity']} {first['entity_key']!r}"
    )


def _changes(
    rows: pl.DataFrame,
    table: str,
    action: str,
    field: str,
    key: str,
    old: pl.Expr,
    new: pl.Expr,
    author: pl.Expr,
    extracted_at: datetime,
    extracted_text: str,
) -> pl.DataFrame:
    return rows.select(
        pl.concat_str([pl.lit(f"auto|{table}|"), pl.col(key), pl.lit(f"|{field}|{extracted_text}")]).alias(
            "change_key"
        ),
        pl.lit(table).alias("entity"),
        pl.col(key).alias("entity_key"),
        pl.lit(field or None, pl.String).alias("field"),
        pl.lit(action).alias("action"),
        old.alias("old_value"),
        new.cast(pl.String).alias("new_value"),
        (pl.col("carried_at") + timedelta(seconds=1)).alias("changed_earliest"),
        pl.lit(extracted_at, INSTANT).alias("changed_latest"),
        pl.lit(int(Quality.interval), pl.Int16).alias("changed_quality"),
        author.cast(pl.Int32).alias("changed_by_id"),
        pl.lit(None, pl.String).alias("lesson_key"),
        pl.lit(None, pl.String).alias("pupil_key"),
    ).cast(COLUMNS)
