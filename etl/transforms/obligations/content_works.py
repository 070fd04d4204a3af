"""Content rules about works: marks without a kind of work, works and their schedule (annex R20, G24). Grain:
mark, scheduled work or work.

A source whose kinds of work are not trusted tells nothing about kinds (annex L10): a scheduled work is then met by
any work of its journal and day, and the other two rules have no rows.
"""

from __future__ import annotations

import polars as pl

from etl.regulations.parameter import WORK_KINDS
from etl.transforms.moments import start_of_day
from etl.transforms.obligations.content_marks import PLACE, of_marks
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.responsible import journal_teachers
from etl.transforms.obligations.verdict import OBLIGATION, breaches

SCHEDULED_KINDS = ("test", "check")
"""«Контрольные и текущие проверочные работы» (004 8.3) stand in the schedule, and so does every monitoring work."""
_JOURNAL_DAY = ["group_id", "subject_id", "on"]


def build_content_of_works(context: Context, marks: pl.DataFrame) -> pl.DataFrame:
    """Breaches of work_kind_missing over `marks_made`, of scheduled_work_missing and of work_off_schedule."""
    built = [pl.DataFrame(schema=OBLIGATION)]
    is_trusted = "work_kinds" in context.sight.capabilities
    if not context.sight.carries("work"):
        return built[0]
    if is_trusted:
        built.append(_marks_without_kind(marks, context))
    if any(version.flag("assessment_schedule_check") for version in context.versions):
        works, schedule = _works(context), _schedule(context)
        built.append(_missing(schedule, works, context, is_trusted=is_trusted))
        if is_trusted and context.sight.carries("assessment_schedule"):
            built.append(_off_schedule(works, schedule, context))
    return pl.concat(built)


def _marks_without_kind(marks: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Every mark names what it is for (R16-E2.9): one without a work names nothing."""
    bare = marks.filter(pl.col("work_id").is_null() & context.flag("work_type_required", pl.col("held_on")))
    return of_marks(bare, context, "work_kind_missing")


def _works(context: Context) -> pl.DataFrame:
    """Works of lessons that were not cancelled, with their lesson's place; `on` is the day of the work."""
    lessons = context.lessons.filter(pl.col("status") != "cancelled").select(
        *PLACE, "group_id", "subject_id", "held_on"
    )
    works = context.present("work").select(
        "work_id", "lesson_id", pl.col("kind").alias("work_kind"), "is_monitoring", "performed_on"
    )
    return works.join(lessons, on="lesson_id", how="inner").with_columns(
        pl.coalesce("performed_on", "held_on").alias("on")
    )


def _schedule(context: Context) -> pl.DataFrame:
    """assessment_id, class_id, group_id, subject_id, school_year, on, asked_kind: null where the schedule's word is
    no kind of the bundle, so that any kind will do.
    """
    kind = pl.col("work_kind").str.strip_chars().str.to_lowercase()
    return context.present("assessment_schedule").select(
        "assessment_id",
        "class_id",
        "group_id",
        "subject_id",
        "school_year",
        pl.col("planned_on").alias("on"),
        pl.when(kind.is_in(WORK_KINDS)).then(kind).alias("asked_kind"),
    )


def _missing(schedule: pl.DataFrame, works: pl.DataFrame, context: Context, *, is_trusted: bool) -> pl.DataFrame:
    """Scheduled works of days that are over without such a work in the journal that day."""
    over = pl.col("on") < context.last_day
    asked = schedule.filter(over & context.flag("assessment_schedule_check", pl.col("on")))
    if not is_trusted:
        asked = asked.with_columns(pl.lit(None, pl.String).alias("asked_kind"))
    held = works.select(*_JOURNAL_DAY, "work_kind").unique()
    met = asked.join(held, on=_JOURNAL_DAY, how="inner").filter(_fits())
    lacking = asked.join(met.select("assessment_id").unique(), on="assessment_id", how="anti").join(
        context.journals.select("group_id", "subject_id", "journal_id"), on=["group_id", "subject_id"], how="left"
    )
    teachers = journal_teachers(context, lacking.select("journal_id", "on"))
    rows = lacking.join(teachers, on=["journal_id", "on"], how="left").with_columns(
        pl.col("assessment_id").alias("object_id"),
        pl.col("on").alias("anchor_on"),
        context.version_on(pl.col("on")).alias("profile_version"),
        start_of_day(pl.col("on") + pl.duration(days=1), context.zone).alias("since"),
    )
    return breaches(rows, "scheduled_work_missing", "since")


def _off_schedule(works: pl.DataFrame, schedule: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Works of the scheduled kinds that no line of the schedule names, from their day on."""
    asked = works.filter(
        (pl.col("work_kind").is_in(SCHEDULED_KINDS) | pl.col("is_monitoring").fill_null(value=False))
        & context.flag("assessment_schedule_check", pl.col("on"))
    )
    planned = schedule.select(*_JOURNAL_DAY, "asked_kind").unique()
    met = asked.join(planned, on=_JOURNAL_DAY, how="inner").filter(_fits())
    rows = asked.join(met.select("work_id").unique(), on="work_id", how="anti").with_columns(
        pl.col("work_id").alias("object_id"),
        pl.col("on").alias("anchor_on"),
        context.version_on(pl.col("on")).alias("profile_version"),
        start_of_day(pl.col("on"), context.zone).alias("since"),
    )
    return breaches(
        rows.select(*PLACE, "object_id", "anchor_on", "profile_version", "since"), "work_off_schedule", "since"
    )


def _fits() -> pl.Expr:
    return pl.col("asked_kind").is_null() | (pl.col("asked_kind") == pl.col("work_kind"))
