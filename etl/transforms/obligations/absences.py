"""Events of absences: was each one entered in time (ledger.md, rule absence). Grain: absence × rule."""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import with_made_status


def build_absence_events(context: Context) -> pl.DataFrame:
    """One row per absence that is in the source; the lesson's status does not exclude it (annex L8)."""
    absences = context.present("absence").select("absence_id", "lesson_id", "pupil_id", "recorded_earliest", "recorded_latest", "recorded_quality")
    lessons = context.lessons.select("lesson_id", "school_year", "class_id", "journal_id", "held_on", "staff_id")
    windows = context.windows(("absence_target", "absence_limit")).rename({"on": "held_on"})
    placed = absences.join(lessons, on="lesson_id", how="inner").join(windows, on=["class_id", "held_on"], how="left")
    rows = placed.select(
        "class_id", "journal_id", "lesson_id", "pupil_id", "staff_id", "school_year",
        object_id=pl.col("absence_id"), anchor_on=pl.col("held_on"), profile_version=pl.col("profile_version").fill_null(0),
        is_required=pl.lit(value=False), rule=pl.lit(RULE["absence"].number), target_at=pl.col("absence_target_at"), due_at=pl.col("absence_limit_at"),
        done_earliest=pl.col("recorded_earliest"), done_latest=pl.col("recorded_latest"), done_quality=pl.col("recorded_quality"), can_tell=pl.lit(value=True),
    )
    return with_made_status(rows)
