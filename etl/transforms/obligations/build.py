"""All obligations of one school under one act. Pure; the rows are stored in the order they have here."""

from __future__ import annotations

import polars as pl

from etl.transforms.learning import day_periods
from etl.transforms.obligations.absences import build_absence_rows
from etl.transforms.obligations.content_accounts import build_content_of_accounts
from etl.transforms.obligations.content_authors import build_content_of_authors
from etl.transforms.obligations.content_changes import build_content_of_changes
from etl.transforms.obligations.content_justified import build_content_of_justification
from etl.transforms.obligations.content_marks import build_content_of_lessons, marks_made
from etl.transforms.obligations.content_periods import build_content_of_periods
from etl.transforms.obligations.content_plans import build_content_of_plans
from etl.transforms.obligations.content_promotions import build_content_of_promotions
from etl.transforms.obligations.content_registers import build_content_of_registers
from etl.transforms.obligations.content_school import build_content_of_school
from etl.transforms.obligations.content_topics import build_content_of_topics
from etl.transforms.obligations.content_works import build_content_of_works
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.edits import build_edit_bans
from etl.transforms.obligations.lessons import build_lesson_duties
from etl.transforms.obligations.marks import build_mark_events
from etl.transforms.obligations.no_entries import build_no_entries
from etl.transforms.obligations.outages import excused
from etl.transforms.obligations.period_marks import build_period_mark_duties
from etl.transforms.obligations.substitutions import build_substitution_rows
from etl.transforms.obligations.works import build_work_duties
from etl.transforms.obligations.year import build_year_rows

ENTRIES = (
    build_absence_rows,
    build_mark_events,
    build_work_duties,
    build_period_mark_duties,
)
"""What is typed into the journal, besides the duties of lessons: an outage may excuse it."""
BUILDERS = (
    build_substitution_rows,
    build_edit_bans,
    build_year_rows,
    build_content_of_periods,
    build_content_of_accounts,
    build_content_of_plans,
    build_content_of_promotions,
    build_content_of_school,
    build_content_of_topics,
)
OVER_MARKS = (
    build_content_of_lessons,
    build_content_of_authors,
    build_content_of_works,
    build_content_of_justification,
    build_content_of_changes,
    build_content_of_registers,
)
"""Content rules that begin with the marks of the school, which are put together once."""


def build_obligations(context: Context) -> pl.DataFrame:
    """Rows of the shape verdict.OBLIGATION, sorted by journal: a journal's rows lie together on disk."""
    duties, marks = excused(build_lesson_duties(context), context), marks_made(context)
    rows = pl.concat(
        [
            duties,
            build_no_entries(context, duties),
            excused(pl.concat([build(context) for build in ENTRIES]), context),
            *(build(context) for build in BUILDERS),
            *(build(context, marks) for build in OVER_MARKS),
        ]
    )
    del duties, marks  # half of the ledger: the sort below needs the room
    periods = (
        rows.select("class_id", pl.col("anchor_on").alias("on"))
        .join(day_periods(context), on=["class_id", "on"], how="left", maintain_order="left")
        .get_column("period_id")
    )
    placed = rows.with_columns(pl.coalesce("period_id", periods).alias("period_id"))
    del rows
    return placed.sort("school_year", "journal_id", "lesson_id", maintain_order=True)
