"""Sums without persons of what readers above a school may not read row by row: lags, programme, cards, sign-ins,
reviews. Pure; computed where the data end.

Requirements B-06, B-08, B-21, B-41, B-43. A table that no bundle carried gives no row, which is no zero.
"""

from __future__ import annotations

import polars as pl

from etl.transforms.lag_mart import LAG
from etl.transforms.lessons_ahead import plan_lines
from etl.transforms.obligations.context import Context

LAG_SCHOOL = [name for name in LAG if name not in {"class_id", "journal_id", "staff_id"}]
PERSONAL_DATA = "personal_data"
"""The subject of a review tick that B-43 asks for (000 П-5.4, 001 КР-8, 004 5-АД-4)."""
_UNDATED = 10  # as on the page of the programme: at most one line in ten of a plan bears no day
_WEEK = ["school_year", "class_id", "journal_id", "week_on", "month_on"]


def build_above(context: Context, lessons: pl.DataFrame, lags: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Rows of mart_lag_school, mart_programme_journal, mart_card_school, mart_activity_month, mart_activity_day and
    mart_review_month; `lessons` as of `held_lessons`, `lags` rows of mart_duty_lag."""
    return {
        "mart_lag_school": lags.group_by(LAG_SCHOOL).agg(pl.col("row_count").sum().cast(pl.Int32)),
        "mart_programme_journal": programme_weeks(context, lessons),
        "mart_card_school": card_sums(context),
        "mart_activity_month": activity_months(context),
        "mart_activity_day": activity_days(context),
        "mart_review_month": review_months(context),
    }


def programme_weeks(context: Context, lessons: pl.DataFrame) -> pl.DataFrame:
    """Journal × week: planned_count, the hours of its dated plan until the data end (a line without hours is one), and
    held_count, lessons held. Journals without a dated plan are left out: what was due by now cannot be told (B-06).
    """
    lines = plan_lines(context)
    dated = lines.group_by("journal_id").agg((pl.col("planned_on").is_null().sum() * _UNDATED <= pl.len()).alias("is"))
    journals = context.journals.join(dated.filter("is").select("journal_id"), on="journal_id", how="semi")
    placed = journals.select("journal_id", "class_id").join(
        context.classes.select("class_id", "school_year"), on="class_id"
    )
    planned = (
        lines.filter(pl.col("planned_on") <= context.last_day)
        .join(placed, on="journal_id")
        .with_columns(*_weeks("planned_on"))
        .group_by(_WEEK)
        .agg(pl.col("hours").sum().cast(pl.Float64).alias("planned_count"))
    )
    held = (
        lessons.select("journal_id", "held_on")
        .join(placed, on="journal_id")
        .with_columns(*_weeks("held_on"))
        .group_by(_WEEK)
        .agg(pl.len().cast(pl.Int32).alias("held_count"))
    )
    return planned.join(held, on=_WEEK, how="full", coalesce=True).with_columns(
        pl.col("planned_count", "held_count").fill_null(0)
    )


def card_sums(context: Context) -> pl.DataFrame:
    """Owner kind × field: filled_count of field_count; and owner kind with a null field: complete_count of card_count
    (B-41). Cards of those who have left are not counted, as in the rule card_incomplete.
    """
    fields = context.present("card_field").select("owner_kind", "owner_key", "field", "filled")
    fields = fields.join(_gone(context), on=["owner_kind", "owner_key"], how="anti")
    by_field = fields.group_by("owner_kind", "field").agg(
        pl.col("filled").sum().alias("filled_count"), pl.len().alias("field_count")
    )
    cards = fields.group_by("owner_kind", "owner_key").agg(pl.col("filled").all().alias("is_complete"))
    whole = cards.group_by("owner_kind").agg(
        pl.col("is_complete").sum().alias("complete_count"), pl.len().alias("card_count")
    )
    counts = ("filled_count", "field_count", "complete_count", "card_count")
    return (
        pl.concat([by_field, whole.with_columns(pl.lit(None, pl.String).alias("field"))], how="diagonal")
        .with_columns(pl.col(counts).fill_null(0).cast(pl.Int32))
        .with_columns(pl.lit(context.newest_year, pl.Int16).alias("school_year"))
    )


def _gone(context: Context) -> pl.DataFrame:
    """owner_kind, owner_key of staff who have left and of pupils with enrolments of which none is in force."""
    on = context.last_day
    staff = context.present("staff").filter(pl.col("employed_to") <= on).select(pl.col("staff_key").alias("owner_key"))
    in_force = (pl.col("from_on") <= on) & (pl.col("to_on").is_null() | (pl.col("to_on") > on))
    rolls = context.present("enrolment").group_by("pupil_id").agg(in_force.any().alias("is_here"))
    pupils = context.present("pupil").join(rolls.filter(~pl.col("is_here")), on="pupil_id", how="semi")
    return pl.concat(
        [
            staff.select(pl.lit("staff").alias("owner_kind"), "owner_key"),
            pupils.select(pl.lit("pupil").alias("owner_kind"), pl.col("pupil_key").alias("owner_key")),
        ]
    )


def activity_months(context: Context) -> pl.DataFrame:
    """Month × role: account_count in use in the month, user_count of them that signed in, login_count, day_count of
    the month until the data end (B-21).

    An account is in use from the day it was made to the day it was closed, as far as these are known; a closed one
    whose day nobody stated never was. Months begin with the first sign-in that the source tells.
    """
    logins = _logins(context)
    used = _used(context, logins)
    signed = logins.group_by("account_key", pl.col("date").dt.truncate("1mo").alias("month_on")).agg(
        pl.col("logins").sum()
    )
    rows = used.join(signed, on=["account_key", "month_on"], how="left")
    return (
        rows.group_by("month_on", "role")
        .agg(
            pl.len().cast(pl.Int32).alias("account_count"),
            pl.col("logins").is_not_null().sum().cast(pl.Int32).alias("user_count"),
            pl.col("logins").sum().cast(pl.Int32).alias("login_count"),
            ((pl.col("ends_on").first() - pl.col("month_on").first()).dt.total_days() + 1)
            .cast(pl.Int32)
            .alias("day_count"),
        )
        .with_columns(_year_of("month_on"))
    )


def activity_days(context: Context) -> pl.DataFrame:
    """Day × role: user_count accounts that signed in, of those in use in the month (`activity_months`), login_count.

    Accounts are told by month alone: two days of which one has an account more would tell of one person. A day without
    a sign-in has no row.
    """
    logins = _logins(context).with_columns(pl.col("date").dt.truncate("1mo").alias("month_on"))
    rows = logins.join(_used(context, logins), on=["account_key", "month_on"], suffix="_used")
    return (
        rows.group_by(pl.col("date").alias("day_on"), pl.col("role_used").alias("role"))
        .agg(
            pl.col("account_key").n_unique().cast(pl.Int32).alias("user_count"),
            pl.col("logins").sum().cast(pl.Int32).alias("login_count"),
        )
        .with_columns(_year_of("day_on"))
    )


def _logins(context: Context) -> pl.DataFrame:
    """Days of accounts with a sign-in until the data end."""
    return context.present("activity").filter((pl.col("logins") > 0) & (pl.col("date") <= context.last_day))


def _used(context: Context, logins: pl.DataFrame) -> pl.DataFrame:
    """Accounts × the months of `logins` in which they were in use: account_key, role, month_on, ends_on."""
    accounts = context.present("account").select("account_key", "role", "active", *_ends())
    months = logins.select(pl.col("date").dt.truncate("1mo").alias("month_on")).unique()
    ends_on = pl.min_horizontal(pl.col("month_on").dt.month_end(), pl.lit(context.last_day))
    months = months.with_columns(ends_on.alias("ends_on"))
    is_open = pl.col("closed_on").is_null() & pl.col("active") | (pl.col("closed_on") >= pl.col("month_on"))
    is_made = pl.col("made_on").is_null() | (pl.col("made_on") <= pl.col("ends_on"))
    return accounts.join(months, how="cross").filter(is_open & is_made)


def _ends() -> list[pl.Expr]:
    """First and last day of an account: made_on (the latest possible one), closed_on (likewise); null = not known."""
    return [
        pl.col("created_latest").dt.date().alias("made_on"),
        pl.col("deactivated_latest").dt.date().alias("closed_on"),
    ]


def review_months(context: Context) -> pl.DataFrame:
    """Month: reviewed_count of class_count classes whose personal data somebody attests to have reviewed (B-43).

    Months from September (or the first tick) until the data end; a tick without a class is for all of them. A school
    without a single tick keeps that register elsewhere: no row.
    """
    schema = {"school_year": pl.Int16, "month_on": pl.Date, "class_count": pl.Int32, "reviewed_count": pl.Int32}
    ticks = context.registers.review_tick.filter(pl.col("subject") == PERSONAL_DATA).with_columns(_year_of("month_on"))
    if ticks.is_empty():
        return pl.DataFrame(schema=schema)
    first: object = ticks["month_on"].min()
    days = pl.date_range(pl.lit(first), pl.lit(context.last_day), "1mo", eager=False)
    months = pl.select(days.dt.truncate("1mo").alias("month_on")).unique().with_columns(_year_of("month_on"))
    classes = context.classes.select("class_id", "school_year")
    rows = months.join(classes, on="school_year").join(
        ticks.select("month_on", "class_id", pl.lit(value=True).alias("is_ticked")).unique(),
        on=["month_on", "class_id"], how="left",
    )  # fmt: skip
    whole = ticks.filter(pl.col("class_id").is_null())["month_on"].unique()
    done = pl.col("is_ticked").fill_null(value=False) | pl.col("month_on").is_in(whole.implode())
    return (
        rows.group_by("school_year", "month_on")
        .agg(pl.len().cast(pl.Int32).alias("class_count"), done.sum().cast(pl.Int32).alias("reviewed_count"))
        .cast(schema)  # type: ignore[arg-type]
    )


def _weeks(day: str) -> tuple[pl.Expr, pl.Expr]:
    return pl.col(day).dt.truncate("1w").alias("week_on"), pl.col(day).dt.truncate("1mo").alias("month_on")


def _year_of(day: str) -> pl.Expr:
    """First calendar year of the school year of a day; August belongs to the year that begins."""
    year = pl.col(day).dt.year() - (pl.col(day).dt.month() < 8).cast(pl.Int32)
    return year.cast(pl.Int16).alias("school_year")
