"""Duties of the school year: plans, timetables, its set-up, movements of pupils (annex R14, R16, R17)."""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE
from etl.regulations.deadlines import MonthDay
from etl.regulations.parameter import EVERY_CLASS_LIST
from etl.transforms.moments import end_of_day
from etl.transforms.obligations.context import CLASS_KINDS, Context
from etl.transforms.obligations.responsible import journal_teachers
from etl.transforms.obligations.verdict import OBLIGATION, with_made_status
from etl.transforms.presence import PRESENT

SCHOOL = 0
_FIRST_DAY = MonthDay(9, 1)


def build_year_rows(context: Context) -> pl.DataFrame:
    """Rows of plan, timetable, year_setup and movement for every year that is loaded, whatever T (annex L3)."""
    return pl.concat([_plans(context), _timetables(context), _year_setup(context), _movements(context)])


def in_year(day: MonthDay) -> pl.Expr:
    """The date in the row's school year: July–December lies in its first calendar year (annex L6)."""
    return pl.date(pl.col("school_year").cast(pl.Int32) + (0 if day.month >= 7 else 1), day.month, day.day)


def _year_of(day: pl.Expr) -> pl.Expr:
    return (day.dt.year() - pl.when(day.dt.month() >= 7).then(0).otherwise(1)).cast(pl.Int16)


def _plans(context: Context) -> pl.DataFrame:
    """Grain: journal of a class, a subgroup or one pupil; any plan of it fulfils the duty, the earliest
    counts.
    """
    groups = context.groups.filter(pl.col("group_kind").is_in(CLASS_KINDS)).select("group_id")
    journals = (
        context.journals.join(context.existing_journals, on="journal_id", how="semi")
        .join(groups, on="group_id", how="semi")
        .select("journal_id", "group_id", "subject_id", "class_id")
    )
    journals = journals.join(context.classes.select("class_id", "school_year"), on="class_id", how="inner")
    created = (
        context.present("plan")
        .group_by("group_id", "subject_id")
        .agg(pl.col("created_earliest").min(), pl.col("created_latest").min(), pl.col("created_quality").max())
    )
    teachers = journal_teachers(context, journals.select("journal_id", pl.lit(None, pl.Date).alias("on"))).drop("on")
    duties = (
        journals.join(created, on=["group_id", "subject_id"], how="left")
        .join(teachers, on="journal_id", how="left")
        .with_columns(in_year(_FIRST_DAY).alias("anchor_on"))
    )
    number = context.version_on(pl.col("anchor_on"))
    due_on = pl.lit(None, pl.Date)
    for version in context.versions:
        due = version.month_day("ktp_due")
        if due is not None:
            due_on = pl.when(number == version.version).then(in_year(due)).otherwise(due_on)
    behind = context.sight.topics_until
    never = behind.filter(pl.col("topics_until").is_null())["journal_id"]  # their КТП was never received
    rows = duties.select(
        "class_id",
        "journal_id",
        "staff_id",
        "school_year",
        "anchor_on",
        rule=pl.lit(RULE["plan"].number),
        is_required=pl.lit(value=True),
        due_at=end_of_day(due_on, context.zone),
        done_earliest=pl.col("created_earliest"),
        done_latest=pl.col("created_latest"),
        done_quality=pl.col("created_quality"),
        profile_version=number,
        can_tell=pl.lit(context.sight.carries("plan")) & ~pl.col("journal_id").is_in(never.implode()),
    )
    return with_made_status(rows)


def _timetables(context: Context) -> pl.DataFrame:
    """Grain: timetable version; due the stated number of days before it takes effect, no roll."""
    versions = context.present("timetable_version").with_columns(pl.col("effective_from").alias("anchor_on"))
    lead = context.count("timetable_publish_lead_days", pl.col("anchor_on"))
    due_on = pl.col("effective_from") - pl.duration(days=lead)
    rows = versions.select(
        "class_id",
        "anchor_on",
        school_year=_year_of(pl.col("anchor_on")),
        object_id=pl.col("version_id"),
        rule=pl.lit(RULE["timetable"].number),
        is_required=pl.lit(value=True),
        due_at=end_of_day(due_on, context.zone),
        done_earliest=pl.col("published_earliest"),
        done_latest=pl.col("published_latest"),
        done_quality=pl.col("published_quality"),
        profile_version=context.version_on(pl.col("anchor_on")),
        can_tell=pl.lit(value=True),
    )
    return with_made_status(rows)


def _year_setup(context: Context) -> pl.DataFrame:
    """Grain: school year × section that the act in force on its 1 September asks for; class_list:* is every
    class.
    """
    years = context.classes.select("school_year").unique().with_columns(in_year(_FIRST_DAY).alias("anchor_on"))
    number = context.version_on(pl.col("anchor_on"))
    asked = []
    for version in context.versions:
        of_version = years.filter(number == version.version)
        for section, due in version.year_setup().items():
            dated = of_version.with_columns(
                in_year(due).alias("due_on"),
                pl.lit(section).alias("section"),
                pl.lit(None, pl.Int32).alias("class_id"),
                number.alias("profile_version"),
            )
            if section == EVERY_CLASS_LIST:
                classes = context.classes.select("school_year", pl.col("class_id"), "class_key")
                dated = (
                    dated.drop("class_id")
                    .join(classes, on="school_year", how="inner")
                    .with_columns((pl.lit("class_list:") + pl.col("class_key")).alias("section"))
                    .drop("class_key")
                )
            asked.append(dated.select("school_year", "anchor_on", "due_on", "section", "class_id", "profile_version"))
    if not asked:
        return pl.DataFrame(schema=OBLIGATION)
    sections = context.present("setup_section")
    sections = sections.filter(PRESENT["section"](sections.columns)).select(
        "school_year", "section", "recorded_earliest", "recorded_latest", "recorded_quality"
    )
    duties = pl.concat(asked).join(sections, on=["school_year", "section"], how="left")
    year = pl.col("school_year").cast(pl.Int32)
    rows = duties.select(
        "class_id",
        "school_year",
        "anchor_on",
        "profile_version",
        rule=pl.lit(RULE["year_setup"].number),
        is_required=pl.lit(value=True),
        object_key=pl.concat_str(year, pl.lit("/"), year + 1, pl.lit("|"), "section"),
        due_at=end_of_day(pl.col("due_on"), context.zone),
        done_earliest=pl.col("recorded_earliest"),
        done_latest=pl.col("recorded_latest"),
        done_quality=pl.col("recorded_quality"),
        can_tell=pl.lit(context.sight.carries("setup_section")),
    )
    return with_made_status(rows)


def _movements(context: Context) -> pl.DataFrame:
    """Grain: movement, an event; due = the earlier of the stated limits, in the week of the school."""
    movements = context.present("movement").with_columns(
        pl.coalesce("order_on", "effective_on").alias("anchor_on"),
        pl.coalesce("to_class_id", "from_class_id").alias("class_id"),
    )
    windows = (
        context.windows(("movement_order_limit", "roster_change_limit"))
        .filter(pl.col("class_id") == SCHOOL)
        .drop("class_id")
        .rename({"on": "anchor_on"})
    )
    placed = movements.join(windows, on="anchor_on", how="left").join(
        context.classes.select("class_id", "school_year"), on="class_id", how="left"
    )
    rows = placed.select(
        "class_id",
        "pupil_id",
        "anchor_on",
        school_year=pl.coalesce("school_year", _year_of(pl.col("anchor_on"))),
        object_id=pl.col("movement_id"),
        rule=pl.lit(RULE["movement"].number),
        is_required=pl.lit(value=False),
        due_at=pl.min_horizontal("movement_order_limit_at", "roster_change_limit_at"),
        done_earliest=pl.col("recorded_earliest"),
        done_latest=pl.col("recorded_latest"),
        done_quality=pl.col("recorded_quality"),
        profile_version=pl.col("profile_version").fill_null(0),
        can_tell=pl.lit(value=True),
    )
    return with_made_status(rows)
