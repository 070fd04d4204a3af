"""Substitutions and changes of the timetable registered in time (annex R13, R14). Grain: lesson × rule."""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE, Quality
from etl.regulations.deadlines import DeadlineKind
from etl.transforms.moments import INSTANT, NEVER
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.lessons import exclusions, lessons_with_entries
from etl.transforms.obligations.responsible import loads_in_force
from etl.transforms.obligations.verdict import with_made_status
from etl.transforms.presence import homework_is_there
from etl.transforms.values import DEBT, has_topic

NOT_TEACHING = ("administrator", "secretary")
CHANGED_STATUSES = ("cancelled", "moved", "replaced")
_LIMITS = ("substitution_target", "substitution_limit")


def build_substitution_rows(context: Context) -> pl.DataFrame:
    """Rows of substitution for lessons that had another teacher, and of cancellation for lessons that were
    not held as planned.
    """
    return pl.concat([_substitutions(context), _cancellations(context)])


def _substitutions(context: Context) -> pl.DataFrame:
    lessons = lessons_with_entries(context)
    foreign = _entered_by_others(context)
    needed = lessons.join(foreign, on="lesson_id", how="left").filter(
        pl.col("substitute_id").is_not_null() | pl.col("is_foreign").fill_null(value=False)
    )
    needed = needed.with_columns(exclusions(context)).join(_first_entries(context, needed), on="lesson_id", how="left")
    needed = needed.join(context.windows(_LIMITS).rename({"on": "held_on"}), on=["class_id", "held_on"], how="left")
    moments = context.present("lesson").select(
        "lesson_id", *(f"substitution_recorded_{part}" for part in ("earliest", "latest", "quality"))
    )
    needed = needed.join(moments, on="lesson_id", how="left").with_columns(_windows(context))
    # without a substitute only a stated moment is an entry; a derived one told of a substitute who was taken
    # out again
    stated = pl.col("substitution_recorded_quality").is_in([int(Quality.exact), int(Quality.date_only)])
    done = pl.col("substitute_id").is_not_null() | stated
    rows = needed.select(
        "class_id",
        "journal_id",
        "lesson_id",
        "staff_id",
        "school_year",
        "excluded",
        "target_earliest",
        "target_at",
        "due_earliest",
        "due_at",
        object_id=pl.col("lesson_id"),
        anchor_on=pl.col("held_on"),
        visible_on=pl.col("held_on"),
        profile_version=pl.col("profile_version").fill_null(0),
        is_required=pl.lit(value=True),
        rule=pl.lit(RULE["substitution"].number),
        can_tell=pl.lit("substitutions" in context.sight.capabilities),
        done_earliest=pl.when(done).then(pl.col("substitution_recorded_earliest")),
        done_latest=pl.when(done).then(pl.col("substitution_recorded_latest")),
        done_quality=pl.when(done).then(pl.col("substitution_recorded_quality")),
    )
    return with_made_status(rows, target_earliest="target_earliest")


def _entered_by_others(context: Context) -> pl.DataFrame:
    """lesson_id of lessons whose topic or homework author teaches, but is neither assigned nor in the
    journal's load that day.
    """
    authors = context.present("lesson").select(
        "lesson_id",
        "group_id",
        "subject_id",
        "held_on",
        "staff_id",
        "topic_recorded_by_id",
        "homework_recorded_by_id",
    )
    long = authors.unpivot(
        on=["topic_recorded_by_id", "homework_recorded_by_id"],
        index=["lesson_id", "group_id", "subject_id", "held_on", "staff_id"],
        value_name="author_id",
    )
    others = long.filter(pl.col("author_id").is_not_null() & (pl.col("author_id") != pl.col("staff_id")))
    teaching = (
        context.present("staff")
        .filter(~pl.col("role").fill_null("").is_in(NOT_TEACHING))
        .select(pl.col("staff_id").alias("author_id"))
    )
    others = others.join(teaching, on="author_id", how="semi")
    loaded = loads_in_force(
        context, others.select("lesson_id", "group_id", "subject_id", "held_on").unique(), "held_on"
    )
    strangers = others.join(
        loaded.select("lesson_id", pl.col("load_staff_id").alias("author_id")),
        on=["lesson_id", "author_id"],
        how="anti",
    )
    return strangers.select("lesson_id").unique().with_columns(pl.lit(value=True).alias("is_foreign"))


def _first_entries(context: Context, lessons: pl.DataFrame) -> pl.DataFrame:
    """The earliest entry of a lesson (topic, homework, roll, marks) as an interval, else the end of its day;
    lesson_id, first_*.
    """
    marks = (
        context.present("mark")
        .filter(pl.col("mark_code") != DEBT)
        .join(lessons.select("lesson_id"), on="lesson_id", how="semi")
    )
    of_marks = marks.group_by("lesson_id").agg(
        pl.col("recorded_earliest").min().alias("mark_earliest"),
        pl.col("recorded_latest").min().alias("mark_latest"),
    )
    ends = context.instants.select(pl.col("on").alias("held_on"), "end_at")
    found = lessons.join(of_marks, on="lesson_id", how="left").join(ends, on="held_on", how="left")
    has = {
        "topic_recorded": has_topic(pl.col("topic")),
        "homework_recorded": homework_is_there(lessons.columns),
    }

    def first(part: str) -> pl.Expr:
        of_lesson = [pl.when(there).then(pl.col(f"{stem}_{part}")) for stem, there in has.items()]
        earliest = pl.min_horizontal(*of_lesson, f"attendance_confirmed_{part}", f"roll_{part}", f"mark_{part}")
        return (
            pl.when(earliest < pl.lit(NEVER, INSTANT)).then(earliest).otherwise(pl.col("end_at")).alias(f"first_{part}")
        )

    return found.select("lesson_id", first("earliest"), first("latest"))


def _windows(context: Context) -> list[pl.Expr]:
    """Target and limit; `at_entry` is the first entry of the lesson and so an interval (annex L7)."""
    built = []
    for name, result in (("substitution_target", "target"), ("substitution_limit", "due")):
        kinds = {
            version.version: limit is not None and limit.kind is DeadlineKind.AT_ENTRY
            for version in context.versions
            for limit in [version.deadline(name)]
        }
        at_entry = context.by_version(name, pl.col("held_on"), kinds, pl.Boolean).fill_null(value=False)
        built += [
            pl.when(at_entry)
            .then(pl.col("first_earliest"))
            .otherwise(pl.col(f"{name}_at"))
            .alias(f"{result}_earliest"),
            pl.when(at_entry).then(pl.col("first_latest")).otherwise(pl.col(f"{name}_at")).alias(f"{result}_at"),
        ]
    return built


def _cancellations(context: Context) -> pl.DataFrame:
    """An event: the status is there, so it is never missing; a moved lesson stands on its new date."""
    lessons = context.lessons.filter(~pl.col("is_deleted") & pl.col("status").is_in(CHANGED_STATUSES))
    moments = context.present("lesson").select(
        "lesson_id", *(f"status_recorded_{part}" for part in ("earliest", "latest", "quality"))
    )
    windows = context.windows(("cancellation_limit",)).rename({"on": "held_on"})
    placed = lessons.join(moments, on="lesson_id", how="left").join(windows, on=["class_id", "held_on"], how="left")
    rows = placed.select(
        "class_id",
        "journal_id",
        "lesson_id",
        "staff_id",
        "school_year",
        object_id=pl.col("lesson_id"),
        anchor_on=pl.col("held_on"),
        profile_version=pl.col("profile_version").fill_null(0),
        is_required=pl.lit(value=False),
        rule=pl.lit(RULE["cancellation"].number),
        due_at=pl.col("cancellation_limit_at"),
        done_earliest=pl.col("status_recorded_earliest"),
        done_latest=pl.col("status_recorded_latest"),
        done_quality=pl.col("status_recorded_quality"),
        can_tell=pl.lit(value=True),
    )
    return with_made_status(rows)
