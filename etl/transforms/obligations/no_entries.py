"""Lessons with nothing at all in the journal (annex R15). Grain: lesson.

Whether such a row is there depends on T: `warehouse.ledger.EXISTS` shows it once the last limit is over and
as long as surely no entry of the lesson is made. done_* is the first entry of any kind, which ends it.
"""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE, Status
from etl.transforms.moments import INSTANT, NEVER
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import OBLIGATION
from etl.transforms.values import DEBT

ELEMENTS = ("topic", "homework", "attendance")
_MOMENTS = ("due_at", "done_earliest", "done_latest")


def build_no_entries(context: Context, duties: pl.DataFrame) -> pl.DataFrame:
    """One row per lesson whose topic, homework and attendance can all be missing; `duties` are the rows of
    lessons.build_lesson_duties.
    """
    found = duties.filter(pl.col("rule") == RULE["topic"].number).filter(_can_be_missing())
    others = ("lesson_id", *_MOMENTS)
    not_asked = pl.col("excluded").is_not_null() | ~pl.col("is_required")
    homework = duties.filter(pl.col("rule") == RULE["homework"].number).filter(_can_be_missing() | not_asked)
    homework = homework.with_columns(pl.when(~not_asked).then(pl.col(name)).alias(name) for name in _MOMENTS)
    judged = pl.col("can_tell") & pl.col("due_at").is_not_null()
    # without the capability the roll is indeterminate for want of a trace, which here counts as missing
    untold = ~pl.col("can_tell") & pl.lit("attendance_confirmation" not in context.sight.capabilities)
    attendance = duties.filter(pl.col("rule") == RULE["attendance"].number).filter(
        pl.col("excluded").is_null() & (pl.col("made_status") != int(Status.not_regulated)) & (judged | untold)
    )
    found = found.join(homework.select(others), on="lesson_id", how="inner", suffix="_homework").join(
        attendance.select(others), on="lesson_id", how="inner", suffix="_attendance"
    )
    found = found.join(_first_marks(context), on="lesson_id", how="left")
    first = {
        name: pl.min_horizontal(name, *(f"{name}_{part}" for part in ("homework", "attendance", "mark")))
        for name in ("done_earliest", "done_latest")
    }
    rows = found.with_columns(
        pl.lit(RULE["no_entry"].number).alias("rule"),
        pl.lit(int(Status.late)).alias("made_status"),
        pl.lit(None, pl.Int16).alias("done_quality"),
        pl.max_horizontal("due_at", "due_at_homework", "due_at_attendance").alias("due_at"),
        pl.lit(None, INSTANT).alias("target_at"),
        *(expression.alias(name) for name, expression in first.items()),
    )
    return rows.select(pl.col(name).cast(dtype) for name, dtype in OBLIGATION.items())


def _can_be_missing() -> pl.Expr:
    return pl.col("excluded").is_null() & pl.col("can_tell") & pl.col("is_required") & pl.col("due_at").is_not_null()


def _first_marks(context: Context) -> pl.DataFrame:
    """The first mark of each lesson; a dot is none (annex B14)."""
    marks = context.present("mark").filter(
        (pl.col("mark_code") != DEBT) & (pl.col("recorded_earliest") < pl.lit(NEVER, INSTANT))
    )
    return marks.group_by("lesson_id").agg(
        pl.col("recorded_earliest").min().alias("done_earliest_mark"),
        pl.col("recorded_latest").min().alias("done_latest_mark"),
    )
