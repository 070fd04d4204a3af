"""Content rules about how the school is set up: class teachers, cards, days with a timetable (ledger page; 000
П-4.3, П-5.3, 003 5.5, 5.6). Grain: class, card or class × day.
"""

from __future__ import annotations

import polars as pl

from etl.regulations.deadlines import MonthDay
from etl.transforms.moments import BEGINNING, INSTANT, start_of_day
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import OBLIGATION, breaches
from etl.transforms.obligations.year import in_year
from etl.transforms.school_calendar import finest_periods

_ROUNDING = 1e-9


def build_content_of_school(context: Context) -> pl.DataFrame:
    """Breaches of homeroom_missing, card_incomplete and no_timetable_day."""
    return pl.concat([_without_homeroom(context), _incomplete_cards(context), _days_without_timetable(context)])


def _without_homeroom(context: Context) -> pl.DataFrame:
    """Classes without a class teacher from 1 September of their year on; a file without the column tells nothing."""
    if not context.sight.has_column("school_class", "homeroom_teacher_key"):
        return pl.DataFrame(schema=OBLIGATION)
    classes = context.classes.filter(pl.col("homeroom_teacher_id").is_null()).with_columns(
        in_year(MonthDay(9, 1)).alias("anchor_on")
    )
    rows = classes.filter(context.flag("homeroom_teacher_required", pl.col("anchor_on"))).select(
        "class_id",
        "school_year",
        "anchor_on",
        pl.col("class_id").alias("object_id"),
        context.version_on(pl.col("anchor_on")).alias("profile_version"),
        start_of_day(pl.col("anchor_on"), context.zone).alias("since"),
    )
    return breaches(rows, "homeroom_missing", "since")


def _incomplete_cards(context: Context) -> pl.DataFrame:
    """Cards with a smaller share of filled fields than the act asks for, under the act in force where the data end.

    The fields of a card are those the source names: only it knows which it keeps. Flags have no moments, so the rows
    are there at every T (annex L2). Who has left has no card to keep: staff no longer employed, pupils enrolled before
    and nowhere today.
    """
    today = pl.lit(context.last_day)
    shares = {version.version: version.share("card_required_share") for version in context.versions}
    if not any(share is not None for share in shares.values()):
        return pl.DataFrame(schema=OBLIGATION)
    cards = (
        context.present("card_field")
        .group_by("owner_kind", "owner_key")
        .agg((pl.col("filled").sum() / pl.len()).alias("share"))
        .filter(pl.col("share") < context.by_version("asked", today, shares, pl.Float64) - _ROUNDING)
    )
    present = cards.join(_who_left(context), on=["owner_kind", "owner_key"], how="anti").join(
        _classes_of_today(context), on=["owner_kind", "owner_key"], how="left"
    )
    rows = present.select(
        "class_id",
        "pupil_id",
        object_key=pl.concat_str("owner_kind", pl.lit("|"), "owner_key"),
        school_year=pl.lit(context.newest_year),
        profile_version=context.version_on(today),
        since=pl.lit(BEGINNING, INSTANT),
    )
    return breaches(rows, "card_incomplete", "since")


def _in_force_today(context: Context) -> pl.Expr:
    return (pl.col("from_on") <= context.last_day) & (pl.col("to_on").is_null() | (pl.col("to_on") > context.last_day))


def _who_left(context: Context) -> pl.DataFrame:
    """owner_kind, owner_key."""
    staff = context.present("staff").filter(pl.col("employed_to") <= context.last_day)
    enrolments = context.present("enrolment")
    here = enrolments.filter(_in_force_today(context)).select("pupil_id")
    gone = enrolments.join(here, on="pupil_id", how="anti").select("pupil_id").unique()
    pupils = context.state["pupil"].join(gone, on="pupil_id", how="semi")
    return pl.concat(
        [
            staff.select(pl.lit("staff").alias("owner_kind"), pl.col("staff_key").alias("owner_key")),
            pupils.select(pl.lit("pupil").alias("owner_kind"), pl.col("pupil_key").alias("owner_key")),
        ]
    )


def _classes_of_today(context: Context) -> pl.DataFrame:
    """owner_kind, owner_key, pupil_id, class_id of pupils who are enrolled today; of two classes the newer one."""
    classes = (
        context.present("enrolment")
        .filter(_in_force_today(context))
        .sort("from_on", "class_id")
        .group_by("pupil_id", maintain_order=True)
        .agg(pl.col("class_id").last())
    )
    pupils = context.state["pupil"].select("pupil_id", pl.col("pupil_key").alias("owner_key"))
    return pupils.join(classes, on="pupil_id", how="inner").with_columns(pl.lit("pupil").alias("owner_kind"))


def _days_without_timetable(context: Context) -> pl.DataFrame:
    """Instructional days between the first and the last day of a class's periods on which no lesson of any of its
    groups stands, whatever its kind or status.

    Only classes that have some lesson: of the others the source tells no timetable at all. A version of the timetable
    names no days, so it proves nothing for one.
    """
    if not any(version.flag("timetable_required") for version in context.versions):
        return pl.DataFrame(schema=OBLIGATION)
    taught = context.lessons.filter(~pl.col("is_deleted")).select("class_id", pl.col("held_on").alias("on")).unique()
    spans = (
        finest_periods(context.classes, context.periods)
        .join(taught, on="class_id", how="semi")
        .group_by("class_id")
        .agg(pl.col("starts_on").min(), pl.col("ends_on").max())
    )
    days = (
        context.calendar.filter(pl.col("is_instructional") & (pl.col("on") <= context.last_day))
        .select("class_id", "on")
        .join(spans, on="class_id", how="inner")
        .filter(pl.col("on").is_between("starts_on", "ends_on") & context.flag("timetable_required", pl.col("on")))
    )
    empty = days.join(taught, on=["class_id", "on"], how="anti").join(
        context.classes.select("class_id", "class_key", "school_year"), on="class_id", how="inner"
    )
    rows = empty.select(
        "class_id",
        "school_year",
        pl.col("on").alias("anchor_on"),
        context.version_on(pl.col("on")).alias("profile_version"),
        start_of_day(pl.col("on"), context.zone).alias("since"),
        object_key=pl.concat_str("class_key", pl.lit("|"), pl.col("on").cast(pl.String)),
    )
    return breaches(rows, "no_timetable_day", "since")
