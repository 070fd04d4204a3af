"""Rules whose object is an absence: entered, explained, reviewed (annex R4, R5). Grain: absence × rule."""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE, Quality
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import with_made_status
from etl.transforms.values import LATE_CODES, REASON_CODES

_PLACE = ("class_id", "journal_id", "lesson_id", "pupil_id", "school_year")


def build_absence_rows(context: Context) -> pl.DataFrame:
    """Rows of absence, absence_reason, absence_unexplained; the lesson's status excludes none (annex L8)."""
    lessons = context.lessons.select("lesson_id", "school_year", "class_id", "journal_id", "held_on", "staff_id")
    absences = (
        context.present("absence")
        .select(
            "absence_id",
            "lesson_id",
            "pupil_id",
            "code",
            "reason_known_first",
            *(
                f"{stem}_{part}"
                for stem in ("recorded", "reason_recorded")
                for part in ("earliest", "latest", "quality")
            ),
        )
        .join(lessons, on="lesson_id", how="inner")
    )
    return pl.concat([_events(absences, context), _reasons(absences, context), _unexplained(absences, context)])


def _events(absences: pl.DataFrame, context: Context) -> pl.DataFrame:
    """One row per absence that is in the source."""
    windows = context.windows(("absence_target", "absence_limit")).rename({"on": "held_on"})
    placed = absences.join(windows, on=["class_id", "held_on"], how="left")
    rows = placed.select(
        *_PLACE,
        "staff_id",
        object_id=pl.col("absence_id"),
        anchor_on=pl.col("held_on"),
        profile_version=pl.col("profile_version").fill_null(0),
        is_required=pl.lit(value=False),
        rule=pl.lit(RULE["absence"].number),
        target_at=pl.col("absence_target_at"),
        due_at=pl.col("absence_limit_at"),
        done_earliest=pl.col("recorded_earliest"),
        done_latest=pl.col("recorded_latest"),
        done_quality=pl.col("recorded_quality"),
        can_tell=pl.lit(value=True),
    )
    return with_made_status(rows)


def _reasons(absences: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Annex R4: absences inside a document of the pupil; the document first presented starts the clock."""
    documents = context.present("absence_document").select("pupil_id", "from_on", "to_on", "presented_on")
    covered = absences.join(documents, on="pupil_id", how="inner").filter(
        (pl.col("from_on") <= pl.col("held_on")) & (pl.col("held_on") < pl.col("to_on"))
    )
    first = covered.group_by("absence_id").agg(pl.col("presented_on").min())
    windows = context.windows(("absence_reason_limit",)).rename({"on": "presented_on"})
    explained = absences.join(first, on="absence_id", how="inner").join(
        windows, on=["class_id", "presented_on"], how="left"
    )
    return _duties(explained, context, "absence_reason", pl.col("presented_on"), pl.col("absence_reason_limit_at"))


def _unexplained(absences: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Annex R5: due by Sunday of the ISO week after the lesson's."""
    reviewed = absences.filter(context.flag("absence_weekly_review", pl.col("held_on")))
    ends = context.instants.select(pl.col("on").alias("sunday_on"), "end_at")
    to_sunday = pl.duration(days=14 - pl.col("held_on").dt.weekday().cast(pl.Int64))
    due = reviewed.with_columns((pl.col("held_on") + to_sunday).alias("sunday_on")).join(
        ends, on="sunday_on", how="left"
    )
    return _duties(due, context, "absence_unexplained", pl.col("held_on"), pl.col("end_at"))


def _duties(absences: pl.DataFrame, context: Context, rule: str, anchor_on: pl.Expr, due_at: pl.Expr) -> pl.DataFrame:
    """A duty to state the reason; the homeroom teacher answers (annex R18); who was late was there."""
    homeroom = context.classes.select("class_id", pl.col("homeroom_teacher_id").alias("homeroom_id"))
    missed = absences.filter(~pl.col("code").is_in(LATE_CODES)).join(homeroom, on="class_id", how="left")
    known = pl.col("code").is_in(REASON_CODES)
    # no cell anywhere says when the reason came; it was there when the absence was: then both are one entry
    derived = pl.col("reason_recorded_quality").is_null() | pl.col("reason_recorded_quality").is_in(
        [int(Quality.interval), int(Quality.unknown)]
    )
    at_once = derived & pl.col("reason_known_first").fill_null(value=False)

    def moment(part: str) -> pl.Expr:
        return (
            pl.when(known & at_once)
            .then(pl.col(f"recorded_{part}"))
            .when(known)
            .then(pl.col(f"reason_recorded_{part}"))
        )

    rows = missed.select(
        *_PLACE,
        staff_id=pl.col("homeroom_id"),
        object_id=pl.col("absence_id"),
        anchor_on=anchor_on,
        profile_version=context.version_on(anchor_on),
        is_required=pl.lit(value=True),
        rule=pl.lit(RULE[rule].number),
        due_at=due_at,
        can_tell=pl.lit(value=True),
        done_earliest=moment("earliest"),
        done_latest=moment("latest"),
        done_quality=moment("quality"),
    )
    return with_made_status(rows)
