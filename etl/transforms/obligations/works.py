"""Duties of works: every pupil who was there has a mark (annex R7). Grain: work."""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE, Excluded
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.lessons import exclusions
from etl.transforms.obligations.marks import (
    MARK_WINDOWS,
    WRITTEN_KINDS,
    limit_of_family,
    mark_family,
    with_targets,
)
from etl.transforms.obligations.verdict import OBLIGATION, with_made_status
from etl.transforms.values import DEBT, MISSED_CODES

MARKED_KINDS = (*WRITTEN_KINDS, "essay", "practical", "lab")


def build_work_duties(context: Context) -> pl.DataFrame:
    """One row per work that asks for marks; none where the source's kinds of work are not trusted (annex
    L10).
    """
    if "work_kinds" not in context.sight.capabilities:
        return pl.DataFrame(schema=OBLIGATION)
    works = _with_deadlines(_works(context), context)
    present = _present_pupils(context, works)
    counts = present.group_by("work_id").agg(pl.len().alias("present_count"))
    works = works.join(counts, on="work_id", how="left").join(_last_marked(context, present), on="work_id", how="left")
    # whether the journal has any pupils at all is part of whether any of them was there
    works = works.with_columns(pl.lit(1).alias("pupil_count")).with_columns(exclusions(context)[0])
    rows = works.select(
        "class_id",
        "journal_id",
        "lesson_id",
        "staff_id",
        "school_year",
        "target_at",
        "due_at",
        "done_earliest",
        "done_latest",
        object_id=pl.col("work_id"),
        anchor_on=pl.col("work_on"),
        visible_on=pl.col("work_on"),
        rule=pl.lit(RULE["work_marked"].number),
        is_required=pl.lit(value=True),
        excluded=_exclusion(context),
        profile_version=pl.col("profile_version").fill_null(0),
        can_tell=pl.lit(context.knows_rosters and context.sight.carries("mark")),
    )
    return with_made_status(rows)


def _works(context: Context) -> pl.DataFrame:
    """Works in the source that ask for marks, with their lesson in its last state; work_on is performed_on or
    the lesson's date.
    """
    asked = pl.col("work_kind").is_in(MARKED_KINDS) | pl.col("is_monitoring").fill_null(value=False)
    works = (
        context.present("work")
        .select(
            "work_id",
            "lesson_id",
            pl.col("kind").alias("work_kind"),
            "performed_on",
            "checked_on",
            "is_monitoring",
        )
        .filter(asked)
    )
    return works.join(context.lessons, on="lesson_id", how="inner").with_columns(
        pl.coalesce("performed_on", "held_on").alias("work_on")
    )


def _with_deadlines(works: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Those of the rule its marks fall under, anchored on the day of the work."""
    works = works.with_columns(mark_family(trusted=True)).with_columns(
        pl.col("work_on").alias("anchor_on"), pl.lit(None, pl.Date).alias("protocol_on")
    )
    windows = context.windows(MARK_WINDOWS).rename({"on": "work_on"})
    works = works.join(windows, on=["class_id", "work_on"], how="left").with_columns(limit_of_family().alias("due_at"))
    return with_targets(works, context)


def _present_pupils(context: Context, works: pl.DataFrame) -> pl.DataFrame:
    """work_id, pupil_id of the journal's pupils on the date of the work's lesson without those who missed it."""
    pupils = context.journal_pupils(works.select("journal_id", pl.col("held_on").alias("on")).unique()).rename(
        {"on": "held_on"}
    )
    listed = works.select("work_id", "lesson_id", "journal_id", "held_on").join(
        pupils, on=["journal_id", "held_on"], how="inner"
    )
    missed = context.present("absence").filter(pl.col("code").is_in(MISSED_CODES)).select("lesson_id", "pupil_id")
    return listed.join(missed, on=["lesson_id", "pupil_id"], how="anti").select("work_id", "pupil_id")


def _last_marked(context: Context, present: pl.DataFrame) -> pl.DataFrame:
    """work_id, done_earliest, done_latest: the latest over pupils of their earliest mark of the work; null
    while one has none.
    """
    marks = context.present("mark").filter((pl.col("mark_code") != DEBT) & pl.col("work_id").is_not_null())
    first = marks.group_by("work_id", "pupil_id").agg(
        pl.col("recorded_earliest").min(), pl.col("recorded_latest").min()
    )
    marked = present.join(first, on=["work_id", "pupil_id"], how="left")
    complete = pl.col("recorded_earliest").is_not_null().all()
    return marked.group_by("work_id").agg(
        pl.when(complete).then(pl.col(f"recorded_{part}").max()).alias(f"done_{part}")
        for part in ("earliest", "latest")
    )


def _exclusion(context: Context) -> pl.Expr:
    """Annex L8 for a work: the lesson's own exclusion, else nobody was there, else grade 1 without marks."""
    nobody = (pl.col("present_count").fill_null(0) == 0) if context.knows_rosters else pl.lit(value=False)
    without_marks = (pl.col("grade") == 1) & context.flag("first_grade_marks_forbidden", pl.col("held_on"))
    return pl.coalesce(
        "excluded",
        pl.when(nobody).then(int(Excluded.no_pupils)).when(without_marks).then(int(Excluded.grade_1)),
    ).cast(pl.Int16)
