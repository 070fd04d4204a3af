"""Duties of a lesson: topic, homework, attendance (ledger.md; annex L3, L8, L9, R1–R3). Grain: lesson × rule."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from etl.contract.ledger import RULE, Excluded
from etl.regulations.deadlines import Deadline, DeadlineKind
from etl.transforms.moments import INSTANT, at_zone
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import with_made_status
from etl.transforms.presence import homework_is_there
from etl.transforms.values import has_topic

_WINDOWS = ("topic_target", "topic_limit", "homework_target", "homework_limit", "absence_target", "absence_limit")


def build_lesson_duties(context: Context) -> pl.DataFrame:
    """Rows of topic, homework and attendance for every lesson of the school, excluded ones included."""
    lessons = lessons_with_entries(context)
    lessons = lessons.join(
        context.sight.topics_until.with_columns(pl.lit(value=True).alias("is_behind")),
        on="journal_id",
        how="left",
        maintain_order="left",
    )
    lessons = lessons.join(
        context.windows(_WINDOWS).rename({"on": "held_on"}),
        on=["class_id", "held_on"],
        how="left",
        maintain_order="left",
    ).with_columns(exclusions(context))
    common = {
        "object_id": pl.col("lesson_id"),
        "lesson_id": pl.col("lesson_id"),
        "class_id": pl.col("class_id"),
        "journal_id": pl.col("journal_id"),
        "staff_id": pl.col("staff_id"),
        "anchor_on": pl.col("held_on"),
        "visible_on": pl.col("held_on"),
        "school_year": pl.col("school_year"),
        "profile_version": pl.col("profile_version").fill_null(0),
        "is_required": pl.lit(value=True),
    }
    return pl.concat(
        [_topics(lessons, common, context), _homework(lessons, common, context), _attendance(lessons, common, context)]
    )


def lessons_with_entries(context: Context) -> pl.DataFrame:
    """Lessons still in the source with their entries: moments of topic, homework, roll call."""
    lessons = context.lessons.filter(~pl.col("is_deleted"))
    entries = context.present("lesson").select(
        "lesson_id",
        "topic",
        "homework",
        "homework_not_assigned",
        "topic_recorded_earliest",
        "topic_recorded_latest",
        "topic_recorded_quality",
        "homework_recorded_earliest",
        "homework_recorded_latest",
        "homework_recorded_quality",
        "attendance_confirmed_earliest",
        "attendance_confirmed_latest",
        "attendance_confirmed_quality",
    )
    calls = (
        context.present("absence")
        .group_by("lesson_id")
        .agg(
            pl.col("recorded_earliest").min().alias("roll_earliest"),
            pl.col("recorded_latest").min().alias("roll_latest"),
            pl.col("recorded_quality").max().alias("roll_quality"),
        )
    )
    joined = lessons.join(entries, on="lesson_id", how="left", maintain_order="left").join(
        calls, on="lesson_id", how="left", maintain_order="left"
    )
    return joined.join(context.journal_day_pupils, on=["journal_id", "held_on"], how="left", maintain_order="left")


def exclusions(context: Context) -> list[pl.Expr]:
    """Annex L8, in its order; homework has two exclusions of its own."""
    in_scope = context.by_version(
        "scope",
        pl.col("held_on"),
        {version.version: ",".join(sorted(version.words("activity_kinds_in_scope"))) for version in context.versions},
        pl.String,
    ).fill_null("lesson")
    of_kind = in_scope.str.split(",").list.contains(pl.col("kind"))
    empty = (pl.col("pupil_count").fill_null(0) == 0) if context.knows_rosters else pl.lit(value=False)

    def first(out_of_scope: pl.Expr, grade_1: pl.Expr) -> pl.Expr:
        return (
            pl.when(pl.col("status") == "cancelled")
            .then(int(Excluded.cancelled))
            .when(~pl.col("is_instructional").fill_null(value=False) & (pl.col("status") != "moved"))
            .then(int(Excluded.not_instructional))
            .when(out_of_scope)
            .then(int(Excluded.out_of_scope))
            .when(empty)
            .then(int(Excluded.no_pupils))
            .when(grade_1)
            .then(int(Excluded.grade_1))
            .cast(pl.Int16)
        )

    without_homework = (pl.col("grade") == 1) & context.word("first_grade_homework_value", pl.col("held_on")).is_null()
    return [
        first(~of_kind, pl.lit(value=False)).alias("excluded"),
        first(~of_kind | (pl.col("kind") != "lesson"), without_homework).alias("excluded_homework"),
    ]


def _topics(lessons: pl.DataFrame, common: dict[str, pl.Expr], context: Context) -> pl.DataFrame:
    done = has_topic(pl.col("topic"))
    rows = lessons.select(
        **common,
        rule=pl.lit(RULE["topic"].number),
        excluded=pl.col("excluded"),
        target_at=pl.col("topic_target_at"),
        due_at=pl.col("topic_limit_at"),
        **_done(done, "topic_recorded"),
        can_tell=_told("topics", pl.col("topic_limit_at"), context),
    )
    return with_made_status(rows)


def _done(done: pl.Expr, stem: str) -> dict[str, pl.Expr]:
    return {
        "done_earliest": pl.when(done).then(pl.col(f"{stem}_earliest")),
        "done_latest": pl.when(done).then(pl.col(f"{stem}_latest")),
        "done_quality": pl.when(done).then(pl.col(f"{stem}_quality")),
    }


def _told(capability: str, due_at: pl.Expr, context: Context) -> pl.Expr:
    """The source can tell, and of this journal it told until after the deadline."""
    is_known = pl.col("is_behind").is_null() | (due_at < pl.col("topics_until")).fill_null(value=False)
    return pl.lit(capability in context.sight.capabilities) & is_known


def _homework(lessons: pl.DataFrame, common: dict[str, pl.Expr], context: Context) -> pl.DataFrame:
    ends = last_lesson_ends(context)
    lessons = lessons.join(ends, on=["group_id", "class_id", "held_on"], how="left", maintain_order="left")
    lessons = lessons.with_columns(_after_last_lesson(context))
    needed = context.word("homework_required", pl.col("held_on")).fill_null("if_assigned") != "none"
    done = homework_is_there(lessons.columns)
    rows = lessons.select(
        **{**common, "is_required": needed},
        rule=pl.lit(RULE["homework"].number),
        excluded=pl.col("excluded_homework"),
        target_at=pl.col("homework_target_at"),
        due_at=pl.coalesce("hours_due", "homework_limit_at"),
        **_done(done, "homework_recorded"),
        can_tell=_told("homework", pl.coalesce("hours_due", "homework_limit_at"), context),
        unsure=pl.col("end_unknown"),
    )
    return with_made_status(rows, uncomputable="unsure")


def _after_last_lesson(context: Context) -> list[pl.Expr]:
    """Annex R2: the end of the last lesson plus n hours, cut to the day's end where the act says so."""
    by_version = {version.version: version for version in context.versions}
    due = pl.lit(None, INSTANT)
    unknown = pl.lit(value=False)
    for number, version in by_version.items():
        limit = version.deadline("homework_limit")
        if limit is None or limit.kind is not DeadlineKind.HOURS:
            continue
        scope = version.word("homework_end_scope") or "class"
        hours = _hours_due(limit, f"{scope}_end")
        here = pl.col("profile_version") == number
        due = pl.when(here).then(hours).otherwise(due)
        unknown = pl.when(here).then(pl.col(f"{scope}_end_unknown").fill_null(value=True)).otherwise(unknown)
    return [pl.when(~unknown).then(due).alias("hours_due"), unknown.alias("end_unknown")]


def _hours_due(limit: Deadline, end: str) -> pl.Expr:
    after = pl.col(end) + timedelta(hours=limit.amount)
    return pl.min_horizontal(after, pl.col("day_end_at")) if limit.also_same_day else after


def last_lesson_ends(context: Context) -> pl.DataFrame:
    """End of the last held lesson (kind lesson) of a group's day, for the class and for the group's own
    pupils.

    Columns group_id, class_id, held_on, class_end, class_end_unknown, pupil_group_end,
    pupil_group_end_unknown, day_end_at. Unknown: one of the lessons has no end (annex R2, L1.3).
    """
    held = context.lessons.filter(~pl.col("is_deleted") & pl.col("is_held") & (pl.col("kind") == "lesson"))
    ends = held.select(
        "group_id",
        "class_id",
        "held_on",
        pl.col("held_on").dt.combine(pl.col("ends_at")).alias("local_end"),
        pl.col("ends_at").is_null().alias("no_end"),
    )
    last = [pl.col("local_end").max().alias("local_end"), pl.col("no_end").any().alias("no_end")]
    by_group = ends.group_by("group_id", "class_id", "held_on").agg(last)
    by_class = (
        by_group.group_by("class_id", "held_on")
        .agg(last)
        .rename({"local_end": "class_local", "no_end": "class_end_unknown"})
    )
    days = context.lessons.filter(~pl.col("is_deleted")).select("group_id", "class_id", "held_on").unique()
    found = days.join(by_class, on=["class_id", "held_on"], how="left").join(
        _pupil_group_ends(context, by_group), on=["group_id", "held_on"], how="left"
    )
    local = found.with_columns(
        at_zone(pl.col("class_local"), context.zone).alias("class_end"),
        at_zone(pl.col("pupil_local"), context.zone).alias("pupil_group_end"),
    )
    day_ends = context.instants.select(pl.col("on").alias("held_on"), pl.col("end_at").alias("day_end_at"))
    return local.join(day_ends, on="held_on", how="left").select(
        "group_id",
        "class_id",
        "held_on",
        "class_end",
        "class_end_unknown",
        "pupil_group_end",
        "pupil_group_end_unknown",
        "day_end_at",
    )


def _pupil_group_ends(context: Context, by_group: pl.DataFrame) -> pl.DataFrame:
    """For each group and day the last end among the groups that share a pupil with it that day, itself included."""
    last = [pl.col("local_end").max().alias("local_end"), pl.col("no_end").any().alias("no_end")]
    rosters = context.rosters.rename({"on": "held_on"})
    by_pupil = rosters.join(by_group, on=["group_id", "held_on"], how="inner").group_by("pupil_id", "held_on").agg(last)
    shared = rosters.join(by_pupil, on=["pupil_id", "held_on"], how="inner").select(
        "group_id", "held_on", "local_end", "no_end"
    )
    own = by_group.select("group_id", "held_on", "local_end", "no_end")
    return (
        pl.concat([shared, own])
        .group_by("group_id", "held_on")
        .agg(pl.col("local_end").max().alias("pupil_local"), pl.col("no_end").any().alias("pupil_group_end_unknown"))
    )


def _attendance(lessons: pl.DataFrame, common: dict[str, pl.Expr], context: Context) -> pl.DataFrame:
    """The roll was called when it was confirmed or when the first absence was entered, whichever is
    earlier (annex R3).
    """
    rows = lessons.select(
        **common,
        rule=pl.lit(RULE["attendance"].number),
        excluded=pl.col("excluded"),
        target_at=pl.col("absence_target_at"),
        due_at=pl.col("absence_limit_at"),
        done_earliest=pl.min_horizontal("attendance_confirmed_earliest", "roll_earliest"),
        done_latest=pl.min_horizontal("attendance_confirmed_latest", "roll_latest"),
        done_quality=pl.coalesce("attendance_confirmed_quality", "roll_quality"),
        can_tell=pl.lit("attendance_confirmation" in context.sight.capabilities),
    )
    return with_made_status(rows)
