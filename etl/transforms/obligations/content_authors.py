"""Content rules about who wrote: marks in foreign journals, period marks of others (annex R19). A blank
author is never a breach.
"""

from __future__ import annotations

import polars as pl

from etl.transforms.obligations.content_marks import of_marks
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.responsible import journal_teachers, loads_in_force
from etl.transforms.obligations.verdict import breaches
from etl.transforms.values import DEBT


def build_content_of_authors(context: Context, marks: pl.DataFrame) -> pl.DataFrame:
    """Breaches of teacher_scope, over `marks_made`, and of period_mark_author."""
    return pl.concat([_teacher_scope(marks, context), _period_mark_authors(context)])


def _roles(context: Context, role: str) -> pl.DataFrame:
    return context.present("staff").select(pl.col("staff_id").alias("recorded_by_id"), pl.col("role").alias(role))


def _permitted(context: Context, entity: str, key: str) -> pl.DataFrame:
    """Keys of entries of a kind for which any permission is registered, whatever its date."""
    return (
        context.present("edit_permission")
        .filter(pl.col("entity") == entity)
        .select(pl.col("entity_key").alias(key))
        .unique()
    )


def _teacher_scope(marks: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Marks by someone who neither teaches the journal nor may write in it otherwise; the few candidates are
    narrowed step by step.
    """
    own = context.word("teacher_scope", pl.col("held_on")) == "own"
    foreign = (pl.col("recorded_by_id") != pl.col("assigned_id")) & pl.col("recorded_by_id").ne_missing(
        pl.col("substitute_id")
    )
    marks = marks.filter(own.fill_null(value=False) & foreign.fill_null(value=False))
    loaded = loads_in_force(context, marks.select("group_id", "subject_id", "held_on").unique(), "held_on").rename(
        {"load_staff_id": "recorded_by_id"}
    )
    marks = marks.join(loaded, on=["group_id", "subject_id", "held_on", "recorded_by_id"], how="anti").join(
        _roles(context, "role"), on="recorded_by_id", how="left"
    )
    homeroom = context.classes.select("class_id", "homeroom_teacher_id")
    marks = marks.join(homeroom, on="class_id", how="left").join(
        _ill(context, marks), on=["assigned_id", "held_on"], how="left"
    )
    marks = marks.join(
        _permitted(context, "mark", "mark_key").with_columns(pl.lit(value=True).alias("is_permitted")),
        on="mark_key",
        how="left",
    )
    may = pl.any_horizontal(
        pl.col("role") == "administrator",
        (pl.col("recorded_by_id") == pl.col("homeroom_teacher_id")) & _class_teacher_may(context),
        _after_lock_role(context) & (pl.col("protocol_on").is_not_null() | pl.col("is_permitted")),
    )
    return of_marks(marks.filter(~may.fill_null(value=False)), context, "teacher_scope")


def _ill(context: Context, marks: pl.DataFrame) -> pl.DataFrame:
    """assigned_id, held_on, is_ill: days on which the assigned teacher was registered as absent."""
    absences = context.present("staff_absence").select(pl.col("staff_id").alias("assigned_id"), "from_on", "to_on")
    days = marks.select("assigned_id", "held_on").unique().join(absences, on="assigned_id", how="inner")
    in_force = (pl.col("from_on") <= pl.col("held_on")) & (
        pl.col("to_on").is_null() | (pl.col("held_on") < pl.col("to_on"))
    )
    return (
        days.filter(in_force).select("assigned_id", "held_on").unique().with_columns(pl.lit(value=True).alias("is_ill"))
    )


def _class_teacher_may(context: Context) -> pl.Expr:
    may = context.word("class_teacher_may_edit_subjects", pl.col("held_on"))
    return ((may == "true") | ((may == "during_illness") & pl.col("is_ill").fill_null(value=False))).fill_null(
        value=False
    )


def _after_lock_role(context: Context) -> pl.Expr:
    stated = {
        version.version: ",".join(sorted(version.words("post_lock_editor_roles"))) for version in context.versions
    }
    allowed = context.by_version("allowed", pl.col("held_on"), stated, pl.String).fill_null("")
    return allowed.str.split(",").list.contains(pl.col("role").fill_null("?"))


def _period_mark_authors(context: Context) -> pl.DataFrame:
    """Period marks whose author has none of the stated roles for the journal, is no administrator and has no
    permission.
    """
    periods = context.state["period"].select("period_id", "starts_on", "ends_on")
    journals = context.journals.select("journal_id", "group_id", "subject_id")
    marks = (
        context.present("period_mark")
        .filter((pl.col("mark_code") != DEBT) & pl.col("recorded_by_id").is_not_null())
        .select(
            "period_mark_id",
            "period_mark_key",
            "journal_id",
            "class_id",
            "school_year",
            "pupil_id",
            "period_id",
            "recorded_by_id",
            pl.col("recorded_latest").alias("since"),
        )
        .join(periods, on="period_id", how="inner")
        .join(journals, on="journal_id", how="left")
    )
    stated = {
        version.version: ",".join(sorted(version.words("period_mark_author_roles"))) or None
        for version in context.versions
    }
    marks = marks.with_columns(context.by_version("roles", pl.col("ends_on"), stated, pl.String)).filter(
        pl.col("roles").is_not_null()
    )
    marks = marks.join(_permitted(context, "period_mark", "period_mark_key"), on="period_mark_key", how="anti").join(
        _roles(context, "role"), on="recorded_by_id", how="left"
    )
    marks = marks.filter(pl.col("role").ne_missing(pl.lit("administrator"))).join(
        context.classes.select("class_id", "homeroom_teacher_id"), on="class_id", how="left"
    )
    as_class_teacher = pl.col("roles").str.split(",").list.contains("class_teacher") & (
        pl.col("recorded_by_id") == pl.col("homeroom_teacher_id")
    )
    marks = marks.filter(~as_class_teacher.fill_null(value=False))
    by_subject = pl.col("roles").str.split(",").list.contains("subject_teacher")
    cases = marks.filter(by_subject).select("journal_id", "group_id", "subject_id", "starts_on", "ends_on").unique()
    teaches = pl.concat([_loaded(context, cases), _taught(context, cases)]).unique()
    wrong = pl.concat(
        [
            marks.filter(by_subject).join(
                teaches, on=["journal_id", "starts_on", "ends_on", "recorded_by_id"], how="anti"
            ),
            marks.filter(~by_subject),
        ]
    )
    teachers = journal_teachers(context, wrong.select("journal_id", pl.col("ends_on").alias("on"))).rename(
        {"on": "ends_on"}
    )
    rows = wrong.join(teachers, on=["journal_id", "ends_on"], how="left").with_columns(
        pl.col("period_mark_id").alias("object_id"),
        pl.col("ends_on").alias("anchor_on"),
        context.version_on(pl.col("ends_on")).alias("profile_version"),
    )
    return breaches(rows, "period_mark_author", "since")


def _loaded(context: Context, cases: pl.DataFrame) -> pl.DataFrame:
    """Teachers in the load on the last day of the period."""
    loaded = loads_in_force(context, cases, "ends_on")
    return loaded.select("journal_id", "starts_on", "ends_on", pl.col("load_staff_id").alias("recorded_by_id"))


def _taught(context: Context, cases: pl.DataFrame) -> pl.DataFrame:
    """Assigned teachers and substitutes of the journal's lessons in the period."""
    lessons = context.lessons.filter(~pl.col("is_deleted")).select(
        "journal_id", "held_on", "assigned_id", "substitute_id"
    )
    inside = lessons.join(cases.select("journal_id", "starts_on", "ends_on"), on="journal_id", how="inner").filter(
        pl.col("held_on").is_between("starts_on", "ends_on")
    )
    both = inside.unpivot(
        on=["assigned_id", "substitute_id"],
        index=["journal_id", "starts_on", "ends_on"],
        value_name="recorded_by_id",
    )
    return (
        both.filter(pl.col("recorded_by_id").is_not_null())
        .select("journal_id", "starts_on", "ends_on", "recorded_by_id")
        .unique()
    )
