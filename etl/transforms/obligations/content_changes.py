"""Absences that were deleted though the pupil made the lesson up (001 УП-2, G14). Grain: change."""

from __future__ import annotations

import polars as pl

from etl.transforms.obligations.changes import is_about_the_entry, located_changes
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import OBLIGATION, breaches
from etl.transforms.values import LATE_CODES, MISSED_CODES, canonical_absence


def build_content_of_changes(context: Context, marks: pl.DataFrame) -> pl.DataFrame:
    """Breaches of absence_deleted_after_makeup over `marks_made`: a missed-lesson absence was deleted, the pupil has
    a mark by protocol at that lesson and no other such absence. The order of the two does not matter, nor does a
    comment: what has to stay is the absence.
    """
    if not any(version.flag("absence_kept_after_makeup") for version in context.versions):
        return pl.DataFrame(schema=OBLIGATION)
    pair = ["lesson_id", "pupil_id"]
    made_up = (
        marks.filter(pl.col("protocol_no").is_not_null() | pl.col("protocol_on").is_not_null())
        .group_by(pair)
        .agg(pl.col("since").min().alias("made_up_at"))
    )
    standing = context.present("absence").filter(pl.col("code").is_in(MISSED_CODES)).select(pair)
    deleted = (
        _deleted(context)
        .join(standing, on=pair, how="anti")
        .join(made_up, on=pair, how="inner")
        .filter(context.flag("absence_kept_after_makeup", pl.col("held_on")))
    )
    rows = deleted.select(
        "class_id",
        "journal_id",
        "lesson_id",
        "pupil_id",
        "school_year",
        pl.col("changed_by_id").alias("staff_id"),
        pl.col("change_id").alias("object_id"),
        pl.col("held_on").alias("anchor_on"),
        context.version_on(pl.col("held_on")).alias("profile_version"),
        pl.max_horizontal("changed_latest", "made_up_at").alias("since"),
    )
    return breaches(rows, "absence_deleted_after_makeup", "since")


def _deleted(context: Context) -> pl.DataFrame:
    """Located deletions of absences (the row or its code, annex R8) whose last code, else the old value of the change,
    was not «late».
    """
    changes = located_changes(context, ("absence",)).filter((pl.col("action") == "delete") & is_about_the_entry())
    said = context.state["change"].select(
        "change_id", "entity_key", canonical_absence(pl.col("old_value")).alias("old_code")
    )
    codes = context.state["absence"].select(pl.col("absence_key").alias("entity_key"), "code")
    named = changes.join(said, on="change_id", how="left").join(codes, on="entity_key", how="left")
    was_late = pl.coalesce("code", "old_code").is_in(LATE_CODES)
    return named.filter(~was_late.fill_null(value=False))
