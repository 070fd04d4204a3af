"""Duties of period marks (annex R12, R18): every pupil of a journal on the last day of a period. Grain: pupil × journal × period."""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE
from etl.regulations.deadlines import Deadline, DeadlineKind
from etl.transforms.deadlines import due_dates
from etl.transforms.moments import INSTANT
from etl.transforms.obligations.context import CLASS_KINDS, Context
from etl.transforms.obligations.verdict import OBLIGATION, with_made_status
from etl.transforms.values import DEBT

_ALL_KINDS = "half_year,quarter,trimester,year"


def build_period_mark_duties(context: Context) -> pl.DataFrame:
    """One row per pupil, journal and period in which the journal has a lesson; grade 1 has none."""
    duties = _journal_periods(context)
    if not duties.height:
        return pl.DataFrame(schema=OBLIGATION)
    pupils = context.journal_pupils(duties.select("journal_id", pl.col("ends_on").alias("on")).unique()).rename({"on": "ends_on"})
    duties = duties.join(pupils, on=["journal_id", "ends_on"], how="inner").join(_given(context), on=["pupil_id", "journal_id", "period_id", "is_year"], how="left")
    duties = duties.join(_responsible(context, duties), on=["journal_id", "ends_on"], how="left")
    duties = _with_windows(duties, context)
    rows = duties.select(
        "class_id", "journal_id", "pupil_id", "period_id", "school_year", "staff_id", "not_before", "due_at", "done_earliest", "done_latest", "done_quality",
        anchor_on=pl.col("ends_on"), profile_version=context.version_on(pl.col("ends_on")), is_required=pl.lit(value=True),
        rule=pl.lit(RULE["period_mark"].number), can_tell=pl.lit(context.sight.carries("period_mark")),
    )
    return with_made_status(rows)


def _journal_periods(context: Context) -> pl.DataFrame:
    """Journals × the periods of their class that the act covers and in which a lesson of kind lesson stands, not cancelled."""
    covered = context.by_version(
        "covered", pl.col("ends_on"), {version.version: ",".join(sorted(version.words("period_types_covered"))) or None for version in context.versions}, pl.String
    ).fill_null(_ALL_KINDS)
    periods = context.periods.filter(covered.str.split(",").list.contains(pl.col("kind"))).with_columns((pl.col("kind") == "year").alias("is_year"))
    classes = context.classes.filter(pl.col("grade") > 1).select("class_id", "school_year", "grade")
    of_class = classes.join(periods, on="school_year", how="inner").filter(pl.col("grade").is_between("grade_from", "grade_to"))
    lessons = context.lessons.filter(
        ~pl.col("is_deleted") & (pl.col("kind") == "lesson") & (pl.col("status") != "cancelled") & pl.col("group_kind").is_in(CLASS_KINDS)
    ).select("journal_id", "class_id", "held_on").unique()
    inside = lessons.join(of_class, on="class_id", how="inner").filter(pl.col("held_on").is_between("starts_on", "ends_on"))
    return inside.select("journal_id", "class_id", "school_year", "period_id", "is_year", "starts_on", "ends_on").unique()


def _given(context: Context) -> pl.DataFrame:
    """The earliest period mark of a pupil, journal and period that fulfils the duty; a dot does not."""
    marks = context.present("period_mark").filter((pl.col("mark_code") != DEBT) & pl.col("kind").is_in(["period", "year"]))
    return marks.with_columns((pl.col("kind") == "year").alias("is_year")).group_by("pupil_id", "journal_id", "period_id", "is_year").agg(
        pl.col("recorded_earliest").min().alias("done_earliest"), pl.col("recorded_latest").min().alias("done_latest"), pl.col("recorded_quality").max().alias("done_quality")
    )


def _responsible(context: Context, duties: pl.DataFrame) -> pl.DataFrame:
    """teaching_load in force on the last day, least staff_key; else the assigned teacher of the journal's last lesson (R18)."""
    days = duties.select("journal_id", "ends_on").unique().join(context.journals.select("journal_id", "group_id", "subject_id"), on="journal_id")
    staff = context.state["staff"].select("staff_id", "staff_key")
    loads = context.present("teaching_load").select("group_id", "subject_id", "staff_id", "from_on", "to_on").join(staff, on="staff_id", how="left")
    in_force = (pl.col("from_on").is_null() | (pl.col("from_on") <= pl.col("ends_on"))) & (pl.col("to_on").is_null() | (pl.col("ends_on") < pl.col("to_on")))
    by_load = days.join(loads, on=["group_id", "subject_id"], how="inner").filter(in_force).sort("staff_key").group_by("journal_id", "ends_on", maintain_order=True).agg(
        pl.col("staff_id").first().alias("by_load")
    )
    last = context.lessons.filter(~pl.col("is_deleted")).sort("held_on", "slot", "lesson_id", nulls_last=False).group_by("journal_id", maintain_order=True).agg(pl.col("assigned_id").last())
    joined = days.join(by_load, on=["journal_id", "ends_on"], how="left").join(last, on="journal_id", how="left")
    return joined.select("journal_id", "ends_on", pl.coalesce("by_load", "assigned_id").alias("staff_id"))


def _with_windows(duties: pl.DataFrame, context: Context) -> pl.DataFrame:
    """days_after_end n: ends_on + n d, rolled; last_week and on_end_day: from six days before the end until the end, no roll."""
    days = duties.select("class_id", "ends_on").unique()
    mode = context.word("period_mark_mode", pl.col("ends_on"))
    ends = context.instants.select(pl.col("on").alias("ends_on"), pl.col("end_at").alias("last_day_at"))
    starts = context.instants.select((pl.col("on").dt.offset_by("6d")).alias("ends_on"), pl.col("start_at").alias("week_before_at"))
    days = days.join(ends, on="ends_on", how="left").join(starts, on="ends_on", how="left").with_columns(pl.lit(None, INSTANT).alias("after_end_at"))
    for version in context.versions:
        number = version.count("period_mark_value")
        if version.word("period_mark_mode") != "days_after_end" or number is None:
            continue
        limit = Deadline(DeadlineKind.DAYS, number) if number else Deadline(DeadlineKind.SAME_DAY)
        due = due_dates(context.calendar, limit, version.word("deadline_roll_forward") or "next_working").join(
            context.instants.select(pl.col("on").alias("due_on"), "end_at"), on="due_on", how="left"
        ).select("class_id", pl.col("on").alias("ends_on"), "end_at")
        days = days.join(due, on=["class_id", "ends_on"], how="left").with_columns(
            pl.when(context.version_on(pl.col("ends_on")) == version.version).then(pl.col("end_at")).otherwise(pl.col("after_end_at")).alias("after_end_at")
        ).drop("end_at")
    in_window = mode.is_in(["last_week", "on_end_day"])
    days = days.select(
        "class_id", "ends_on", pl.when(in_window).then(pl.col("week_before_at")).alias("not_before"),
        pl.when(in_window).then(pl.col("last_day_at")).otherwise(pl.col("after_end_at")).alias("due_at"),
    )
    return duties.join(days, on=["class_id", "ends_on"], how="left")
