"""Duties of period marks (annex R12, R18): every pupil of a journal on the last day of a period. Grain:
pupil × journal × period.
"""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE
from etl.regulations.deadlines import Deadline, DeadlineKind
from etl.transforms.deadlines import due_dates
from etl.transforms.moments import INSTANT, start_of_day
from etl.transforms.obligations.context import CLASS_KINDS, Context
from etl.transforms.obligations.responsible import journal_teachers
from etl.transforms.obligations.severities import severity_of_parameter
from etl.transforms.obligations.verdict import OBLIGATION, with_made_status
from etl.transforms.values import DEBT

_ALL_KINDS = "half_year,quarter,trimester,year"


def build_period_mark_duties(context: Context) -> pl.DataFrame:
    """One row per pupil, journal and period in which the journal has a lesson; grade 1 has none."""
    duties = journal_periods(context, pl.col("grade") > 1)
    if not duties.height:
        return pl.DataFrame(schema=OBLIGATION)
    pupils = context.journal_pupils(duties.select("journal_id", pl.col("ends_on").alias("on")).unique()).rename(
        {"on": "ends_on"}
    )
    duties = duties.join(pupils, on=["journal_id", "ends_on"], how="inner").join(
        _given(context), on=["pupil_id", "journal_id", "period_id", "is_year"], how="left"
    )
    teachers = journal_teachers(context, duties.select("journal_id", pl.col("ends_on").alias("on")))
    duties = duties.join(teachers.rename({"on": "ends_on"}), on=["journal_id", "ends_on"], how="left")
    duties = _with_windows(duties, context).with_columns(_severity(context).alias("severity"))
    rows = duties.select(
        "class_id",
        "journal_id",
        "pupil_id",
        "period_id",
        "school_year",
        "staff_id",
        "severity",
        "not_before",
        "due_at",
        "done_earliest",
        "done_latest",
        "done_quality",
        anchor_on=pl.col("ends_on"),
        profile_version=context.version_on(pl.col("ends_on")),
        is_required=pl.lit(value=True),
        rule=pl.lit(RULE["period_mark"].number),
        can_tell=pl.lit(context.sight.carries("period_mark")),
    )
    return with_made_status(rows)


def journal_periods(context: Context, of_grade: pl.Expr) -> pl.DataFrame:
    """Journals × the periods of their class that the act covers and in which a lesson of kind lesson
    stands, not cancelled.

    Columns journal_id, class_id, school_year, period_id, is_year, starts_on, ends_on; only classes
    `of_grade`.
    """
    covered = context.by_version(
        "covered",
        pl.col("ends_on"),
        {
            version.version: ",".join(sorted(version.words("period_types_covered"))) or None
            for version in context.versions
        },
        pl.String,
    ).fill_null(_ALL_KINDS)
    periods = context.periods.filter(covered.str.split(",").list.contains(pl.col("kind"))).with_columns(
        (pl.col("kind") == "year").alias("is_year")
    )
    classes = context.classes.filter(of_grade).select("class_id", "school_year", "grade")
    of_class = classes.join(periods, on="school_year", how="inner").filter(
        pl.col("grade").is_between("grade_from", "grade_to")
    )
    lessons = (
        context.lessons.filter(
            ~pl.col("is_deleted")
            & (pl.col("kind") == "lesson")
            & (pl.col("status") != "cancelled")
            & pl.col("group_kind").is_in(CLASS_KINDS)
        )
        .select("journal_id", "class_id", "held_on")
        .unique()
    )
    inside = lessons.join(of_class, on="class_id", how="inner").filter(
        pl.col("held_on").is_between("starts_on", "ends_on")
    )
    return inside.select(
        "journal_id", "class_id", "school_year", "period_id", "is_year", "starts_on", "ends_on"
    ).unique()


def _given(context: Context) -> pl.DataFrame:
    """The earliest period mark of a pupil, journal and period that fulfils the duty; a dot does not."""
    marks = context.present("period_mark").filter(
        (pl.col("mark_code") != DEBT) & pl.col("kind").is_in(["period", "year"])
    )
    return (
        marks.with_columns((pl.col("kind") == "year").alias("is_year"))
        .group_by("pupil_id", "journal_id", "period_id", "is_year")
        .agg(
            pl.col("recorded_earliest").min().alias("done_earliest"),
            pl.col("recorded_latest").min().alias("done_latest"),
            pl.col("recorded_quality").max().alias("done_quality"),
        )
    )


def _severity(context: Context) -> pl.Expr:
    """A mark set before its period starts is early as others, but of the ban's severity where the act forbids it
    (annex F2); null elsewhere.
    """
    forbidden = context.flag("future_period_marks_forbidden", pl.col("ends_on"))
    in_advance = pl.col("done_latest") < start_of_day(pl.col("starts_on"), context.zone)
    is_early = pl.col("done_latest") < pl.col("not_before")
    ban = severity_of_parameter(context, "future_period_marks_forbidden", pl.col("ends_on"))
    return pl.when(forbidden & in_advance & is_early).then(ban)


def _with_windows(duties: pl.DataFrame, context: Context) -> pl.DataFrame:
    """days_after_end n: ends_on + n d, rolled; last_week and on_end_day: from six days before the end
    until the end, no roll.
    """
    days = duties.select("class_id", "ends_on").unique()
    mode = context.word("period_mark_mode", pl.col("ends_on"))
    ends = context.instants.select(pl.col("on").alias("ends_on"), pl.col("end_at").alias("last_day_at"))
    starts = context.instants.select(
        (pl.col("on").dt.offset_by("6d")).alias("ends_on"), pl.col("start_at").alias("week_before_at")
    )
    days = (
        days.join(ends, on="ends_on", how="left")
        .join(starts, on="ends_on", how="left")
        .with_columns(pl.lit(None, INSTANT).alias("after_end_at"))
    )
    for version in context.versions:
        number = version.count("period_mark_value")
        if version.word("period_mark_mode") != "days_after_end" or number is None:
            continue
        limit = Deadline(DeadlineKind.DAYS, number) if number else Deadline(DeadlineKind.SAME_DAY)
        due = (
            due_dates(context.calendar, limit, version.word("deadline_roll_forward") or "next_working")
            .join(context.instants.select(pl.col("on").alias("due_on"), "end_at"), on="due_on", how="left")
            .select("class_id", pl.col("on").alias("ends_on"), "end_at")
        )
        days = (
            days.join(due, on=["class_id", "ends_on"], how="left")
            .with_columns(
                pl.when(context.version_on(pl.col("ends_on")) == version.version)
                .then(pl.col("end_at"))
                .otherwise(pl.col("after_end_at"))
                .alias("after_end_at")
            )
            .drop("end_at")
        )
    in_window = mode.is_in(["last_week", "on_end_day"])
    days = days.select(
        "class_id",
        "ends_on",
        pl.when(in_window).then(pl.col("week_before_at")).alias("not_before"),
        pl.when(in_window).then(pl.col("last_day_at")).otherwise(pl.col("after_end_at")).alias("due_at"),
    )
    return duties.join(days, on=["class_id", "ends_on"], how="left")
