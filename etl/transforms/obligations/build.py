"""All obligations of one school under one act. Pure; the order of the rows is the order in which they are stored."""

from __future__ import annotations

import polars as pl

from etl.transforms.learning import day_periods
from etl.transforms.obligations.absences import build_absence_rows
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.lessons import build_lesson_duties
from etl.transforms.obligations.marks import build_mark_events
from etl.transforms.obligations.no_entries import build_no_entries
from etl.transforms.obligations.period_marks import build_period_mark_duties
from etl.transforms.obligations.works import build_work_duties

BUILDERS = (build_absence_rows, build_mark_events, build_work_duties, build_period_mark_duties)


def build_obligations(context: Context) -> pl.DataFrame:
    """Rows of the shape verdict.OBLIGATION, sorted by journal so that a journal's rows lie together on disk."""
    duties = build_lesson_duties(context)
    rows = pl.concat([duties, build_no_entries(context, duties), *(build(context) for build in BUILDERS)])
    days = day_periods(context).rename({"on": "anchor_on", "period_id": "day_period_id"})
    rows = rows.join(days, on=["class_id", "anchor_on"], how="left").with_columns(pl.coalesce("period_id", "day_period_id").alias("period_id")).drop("day_period_id")
    return rows.sort("school_year", "journal_id", "lesson_id", maintain_order=True)
