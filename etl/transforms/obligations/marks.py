"""Events of marks: one of the four mark rules each, and the ban on marks in advance (annex R6, L8, L10, L4a).

Grain: one row per mark; the ban travels in the same row as `future_from` and the ledger shows it as a row of its own.
"""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE, Excluded, Quality
from etl.transforms.moments import INSTANT
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import with_made_status
from etl.transforms.values import DEBT

WRITTEN_KINDS = ("written", "dictation", "test", "check")
FALLBACK = {"written": "written_mark_limit", "essay": "essay_mark_limit", "monitoring": "vshk_mark_limit"}
MARK_WINDOWS = (
    "mark_target",
    "mark_limit",
    "written_mark_target",
    "written_mark_limit",
    "essay_mark_limit",
    "vshk_mark_limit",
)


def build_mark_events(context: Context) -> pl.DataFrame:
    """One row per mark that is in the source and is no dot (annex B14)."""
    marks = _with_work(context)
    trusted = "work_kinds" in context.sight.capabilities
    marks = marks.with_columns(mark_family(trusted=trusted))
    marks = _with_windows(marks, context)
    forbidden = context.flag("first_grade_marks_forbidden", pl.col("held_on"))
    in_advance = context.flag("future_marks_forbidden", pl.col("held_on"))
    starts = context.instants.select(pl.col("on").alias("held_on"), pl.col("start_at"))
    marks = marks.join(starts, on="held_on", how="left")
    rows = marks.select(
        "class_id",
        "journal_id",
        "lesson_id",
        "pupil_id",
        "staff_id",
        "school_year",
        "target_at",
        "due_at",
        "longest_at",
        object_id=pl.col("mark_id"),
        anchor_on=pl.col("anchor_on"),
        profile_version=pl.col("profile_version").fill_null(0),
        is_required=pl.lit(value=False),
        rule=pl.col("rule"),
        can_tell=pl.lit(value=True),
        excluded=pl.when((pl.col("grade") == 1) & forbidden).then(int(Excluded.grade_1)).cast(pl.Int16),
        future_from=pl.when(in_advance & (pl.col("recorded_quality") != int(Quality.unknown))).then(pl.col("start_at")),
        done_earliest=pl.col("recorded_earliest"),
        done_latest=pl.col("recorded_latest"),
        done_quality=pl.col("recorded_quality"),
    )
    return with_made_status(rows, uncertain_until="longest_at")


def _with_work(context: Context) -> pl.DataFrame:
    """Marks with their lesson's and their work's dates; a work without a date was done on its own lesson's
    (annex B19).
    """
    marks = (
        context.present("mark")
        .filter(pl.col("mark_code") != DEBT)
        .select(
            "mark_id",
            "lesson_id",
            "work_id",
            "pupil_id",
            "recorded_earliest",
            "recorded_latest",
            "recorded_quality",
            "protocol_on",
        )
    )
    lessons = context.lessons.select(
        "lesson_id", "school_year", "class_id", "journal_id", "held_on", "staff_id", "grade"
    )
    dates = context.lessons.select("lesson_id", pl.col("held_on").alias("work_lesson_on"))
    works = context.state["work"].select(
        "work_id", "lesson_id", pl.col("kind").alias("work_kind"), "performed_on", "checked_on", "is_monitoring"
    )
    works = (
        works.join(dates, on="lesson_id", how="left")
        .drop("lesson_id")
        .with_columns(pl.coalesce("performed_on", "work_lesson_on").alias("work_on"))
    )
    return marks.join(lessons, on="lesson_id", how="inner").join(works, on="work_id", how="left")


def mark_family(*, trusted: bool) -> list[pl.Expr]:
    """Monitoring wins over essay, essay over written; without the capability work_kinds every mark is
    ordinary (L10).
    """
    essay = (pl.col("work_kind") == "essay") & (pl.col("grade") >= 10)
    written = pl.col("work_kind").is_in([*WRITTEN_KINDS, "essay"])
    monitoring = pl.col("is_monitoring").fill_null(value=False)
    family = (
        pl.when(monitoring)
        .then(pl.lit("monitoring"))
        .when(essay)
        .then(pl.lit("essay"))
        .when(written)
        .then(pl.lit("written"))
        .otherwise(pl.lit("ordinary"))
    )
    if not trusted:
        family = pl.lit("ordinary")
    numbers = {
        "ordinary": RULE["mark"].number,
        "written": RULE["written_mark"].number,
        "essay": RULE["essay_mark"].number,
        "monitoring": RULE["monitoring_mark"].number,
    }
    return [family.alias("family"), family.replace_strict(numbers, return_dtype=pl.Int16).alias("rule")]


def _with_windows(marks: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Anchors and deadlines; with a protocol its date anchors all four rules, for target and limit (annex R6)."""
    on_lesson = context.word("mark_anchor", pl.col("held_on")).fill_null("lesson_date") != "work_date"
    ordinary_on = pl.when(on_lesson).then(pl.col("held_on")).otherwise(pl.coalesce("work_on", "held_on"))
    work_on = pl.coalesce("protocol_on", "work_on", "held_on")
    marks = marks.with_columns(
        pl.coalesce(
            pl.col("protocol_on"), pl.when(pl.col("family") == "ordinary").then(ordinary_on).otherwise(work_on)
        ).alias("anchor_on"),
        work_on.alias("work_anchor_on"),
    )
    windows = context.windows(MARK_WINDOWS)
    marks = marks.join(windows.rename({"on": "anchor_on"}), on=["class_id", "anchor_on"], how="left")
    marks = marks.with_columns(limit_of_family().alias("due_at"))
    marks = with_targets(marks, context)
    if "work_kinds" in context.sight.capabilities:
        return marks.with_columns(pl.lit(None, INSTANT).alias("longest_at"))
    other = windows.select(
        "class_id",
        pl.col("on").alias("work_anchor_on"),
        *(pl.coalesce(f"{name}_at", "mark_limit_at").alias(f"other_{family}") for family, name in FALLBACK.items()),
    )
    marks = marks.join(other, on=["class_id", "work_anchor_on"], how="left")
    longest = pl.max_horizontal("due_at", *(f"other_{family}" for family in FALLBACK))
    return marks.with_columns(pl.when(pl.col("due_at").is_not_null()).then(longest).alias("longest_at"))


def limit_of_family() -> pl.Expr:
    limit = pl.col("mark_limit_at")
    for family, name in FALLBACK.items():
        limit = pl.when(pl.col("family") == family).then(pl.coalesce(f"{name}_at", "mark_limit_at")).otherwise(limit)
    return limit


def with_targets(marks: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Targets of works: the day of checking where the act says so, none when it is blank or the mark has a
    protocol.
    """
    on_check_day = context.by_version(
        "check",
        pl.col("anchor_on"),
        {version.version: str(version.deadline("written_mark_target")) == "check_day" for version in context.versions},
        pl.Boolean,
    ).fill_null(value=False)
    checks = context.instants.select(pl.col("on").alias("checked_on"), pl.col("end_at").alias("checked_at"))
    marks = marks.join(checks, on="checked_on", how="left")
    checked = pl.when(pl.col("protocol_on").is_null()).then(pl.col("checked_at"))
    of_work = pl.when(on_check_day).then(checked).otherwise(pl.coalesce("written_mark_target_at", "mark_target_at"))
    return marks.with_columns(
        pl.when(pl.col("family") == "ordinary").then(pl.col("mark_target_at")).otherwise(of_work).alias("target_at")
    )
