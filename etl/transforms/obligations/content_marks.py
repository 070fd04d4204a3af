"""Content rules about marks and lessons (annex R19): what stands in the journal and may not. Grain: mark,
lesson or pupil × work.
"""

from __future__ import annotations

import polars as pl

from etl.transforms.moments import INSTANT, NEVER
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import breaches
from etl.transforms.values import DEBT, GRADES_GIVEN, MISSED_CODES, has_text

PLACE = ("class_id", "journal_id", "lesson_id", "staff_id", "school_year")


def build_content_of_lessons(context: Context, marks: pl.DataFrame) -> pl.DataFrame:
    """Breaches of the rules about lessons and marks (`marks_made`) that ask for no rights of the author."""
    return pl.concat(
        [
            _grade1_marks(marks, context),
            _grade1_homework(context),
            _marks_while_absent(marks, context),
            _marks_not_enrolled(marks, context),
            _lessons_on_days_off(context),
            _two_marks_one_work(marks, context),
        ]
    )


def marks_made(context: Context) -> pl.DataFrame:
    """Marks that are made at some T, dots excepted, with their lesson in its last state; `since` is when they
    surely are.
    """
    marks = context.present("mark").select(
        "mark_id",
        "mark_key",
        "lesson_id",
        "work_id",
        "pupil_id",
        "mark_code",
        "recorded_by_id",
        "protocol_no",
        "protocol_on",
        "comment",
        "recorded_earliest",
        pl.col("recorded_latest").alias("since"),
    )
    lessons = context.lessons.select(
        "lesson_id",
        "school_year",
        "class_id",
        "journal_id",
        "group_id",
        "subject_id",
        "group_kind",
        "held_on",
        "staff_id",
        "assigned_id",
        "substitute_id",
        "grade",
    )
    return marks.filter((pl.col("mark_code") != DEBT) & (pl.col("since") < pl.lit(NEVER, INSTANT))).join(
        lessons, on="lesson_id", how="inner"
    )


def of_marks(marks: pl.DataFrame, context: Context, rule: str, until: str | None = None) -> pl.DataFrame:
    """Breaches whose object is the mark; `until` names the column of the moment from which it is none."""
    rows = marks.with_columns(
        pl.col("mark_id").alias("object_id"),
        pl.col("held_on").alias("anchor_on"),
        context.version_on(pl.col("held_on")).alias("profile_version"),
    )
    lasting = [until] if until else []
    return breaches(
        rows.select(*PLACE, "pupil_id", "object_id", "anchor_on", "profile_version", "since", *lasting),
        rule,
        "since",
        until,
    )


def of_lessons(lessons: pl.DataFrame, context: Context, rule: str) -> pl.DataFrame:
    """Breaches whose object is the lesson."""
    rows = lessons.with_columns(
        pl.col("lesson_id").alias("object_id"),
        pl.col("held_on").alias("anchor_on"),
        context.version_on(pl.col("held_on")).alias("profile_version"),
    )
    return breaches(rows.select(*PLACE, "object_id", "anchor_on", "profile_version", "since"), rule, "since")


def _grade1_marks(marks: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Digits in the first year of study."""
    digits = marks.filter((pl.col("grade") == 1) & pl.col("mark_code").is_between(1, 5))
    return of_marks(
        digits.filter(context.flag("first_grade_marks_forbidden", pl.col("held_on"))), context, "grade1_mark"
    )


def _grade1_homework(context: Context) -> pl.DataFrame:
    """Homework of the first year that is not the stated value; that none was set is accepted."""
    texts = context.present("lesson").select(
        "lesson_id", "homework", "homework_not_assigned", pl.col("homework_recorded_latest").alias("since")
    )
    lessons = context.lessons.filter(pl.col("grade") == 1).join(texts, on="lesson_id", how="inner")
    written = lessons.filter(has_text(pl.col("homework")) & ~pl.col("homework_not_assigned").fill_null(value=False))
    allowed = context.word("first_grade_homework_value", pl.col("held_on"))
    return of_lessons(
        written.filter((_plain(pl.col("homework")) != _plain(allowed)).fill_null(value=False)),
        context,
        "grade1_homework",
    )


def _plain(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.strip_chars_end(".").str.strip_chars().str.to_lowercase()


def _marks_while_absent(marks: pl.DataFrame, context: Context) -> pl.DataFrame:
    """A grade given to a pupil who missed the lesson, without a protocol or a remark; made once both entries
    are.
    """
    unexplained = pl.col("protocol_no").is_null() & pl.col("protocol_on").is_null() & ~has_text(pl.col("comment"))
    grades = marks.filter(pl.col("mark_code").is_in(GRADES_GIVEN) & unexplained)
    missed = (
        context.present("absence")
        .filter(pl.col("code").is_in(MISSED_CODES))
        .group_by("lesson_id", "pupil_id")
        .agg(pl.col("recorded_latest").min().alias("absent_since"))
    )
    both = grades.join(missed, on=["lesson_id", "pupil_id"], how="inner").with_columns(
        pl.max_horizontal("since", "absent_since").alias("since")
    )
    return of_marks(both, context, "mark_while_absent")


def _marks_not_enrolled(marks: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Marks of pupils who were not in the lesson's group that day; unknown without both rosters (annex B16)."""
    if not context.knows_rosters:
        return of_marks(marks.clear(), context, "mark_not_enrolled")
    enrolments = context.present("enrolment").select(
        "pupil_id", pl.col("class_id").alias("enrolled_id"), "from_on", "to_on"
    )
    members = context.present("group_member").select("pupil_id", "group_id", "from_on", "to_on")
    in_force = (pl.col("from_on") <= pl.col("held_on")) & (
        pl.col("to_on").is_null() | (pl.col("held_on") < pl.col("to_on"))
    )
    pairs = marks.select("group_id", "group_kind", "class_id", "pupil_id", "held_on").unique()
    enrolled = pairs.join(enrolments, on="pupil_id", how="inner").filter(in_force).drop("from_on", "to_on")
    of_class = enrolled.filter((pl.col("group_kind") == "class") & (pl.col("enrolled_id") == pl.col("class_id")))
    of_group = (
        enrolled.filter(pl.col("group_kind") != "class")
        .join(members, on=["pupil_id", "group_id"], how="inner")
        .filter(in_force)
    )
    found = pl.concat([frame.select("group_id", "pupil_id", "held_on") for frame in (of_class, of_group)])
    return of_marks(marks.join(found, on=["group_id", "pupil_id", "held_on"], how="anti"), context, "mark_not_enrolled")


def _lessons_on_days_off(context: Context) -> pl.DataFrame:
    """Lessons on a day without lessons, moved ones excepted; each from the first second of its day on."""
    starts = context.instants.select(pl.col("on").alias("held_on"), pl.col("start_at").alias("since"))
    lessons = context.lessons.filter(
        ~pl.col("is_deleted") & (pl.col("kind") == "lesson") & pl.col("status").is_in(["held", "planned", "replaced"])
    )
    off = lessons.filter(~pl.col("is_instructional").fill_null(value=False)).join(starts, on="held_on", how="left")
    return of_lessons(off, context, "lesson_on_day_off")


def _two_marks_one_work(marks: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Pupils with two marks of one work, since the second of them; the work's lesson says who answers."""
    works = (
        context.state["work"]
        .select("work_id", "work_key", "lesson_id")
        .join(context.lessons.select(*PLACE, "held_on"), on="lesson_id", how="inner")
    )
    counted = (
        marks.filter(pl.col("work_id").is_not_null())
        .group_by("work_id", "pupil_id")
        .agg(pl.len().alias("mark_count"), pl.col("since").sort().get(1, null_on_oob=True))
    )
    pairs = counted.filter(pl.col("mark_count") > 1).join(works, on="work_id", how="inner")
    rows = pairs.with_columns(
        pl.col("work_key").alias("object_key"),
        pl.col("held_on").alias("anchor_on"),
        context.version_on(pl.col("held_on")).alias("profile_version"),
    )
    return breaches(
        rows.select(*PLACE, "pupil_id", "object_key", "anchor_on", "profile_version", "since"),
        "two_marks_one_work",
        "since",
    )
