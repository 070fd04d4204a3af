"""Content rules about accounts: consent of parents, access of those who left (annex R19). Grain: account ×
interval.

An account may have several rows that follow each other in time, as a pupil who left twice; at no T is there
more than one.
"""

from __future__ import annotations

import polars as pl

from etl.transforms.moments import BEGINNING, INSTANT, NEVER, start_of_day
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import OBLIGATION, breaches

EXITS = ("leave", "school_transfer", "graduate")


def build_content_of_accounts(context: Context) -> pl.DataFrame:
    """Breaches of consent_missing and account_after_exit under the act in force where the data end."""
    today = pl.lit(context.last_day)
    asked = pl.select(
        context.flag("consent_required", today).alias("consent"),
        context.flag("access_removed_on_exit", today).alias("exit"),
    ).row(0, named=True)
    if not any(asked.values()):
        return pl.DataFrame(schema=OBLIGATION)
    accounts = _active(context)
    built = [pl.DataFrame(schema=OBLIGATION)]
    if asked["consent"] and context.sight.carries("consent"):
        built.append(_rows(_without_consent(accounts, context), context, "consent_missing"))
    if asked["exit"]:
        built.append(_rows(_staff_who_left(accounts, context), context, "account_after_exit"))
        built.append(_rows(_pupils_who_left(accounts, context), context, "account_after_exit"))
    return pl.concat(built)


def _rows(found: pl.DataFrame, context: Context, rule: str) -> pl.DataFrame:
    """Placed in the newest school year: the breach is one of today, whenever it began."""
    since_on = pl.col("since").dt.convert_time_zone(context.zone).dt.date()
    rows = found.with_columns(
        pl.lit(context.newest_year).alias("school_year"),
        pl.col("account_id").alias("object_id"),
        context.version_on(pl.lit(context.last_day)).alias("profile_version"),
        pl.when(pl.col("since") > pl.lit(BEGINNING, INSTANT)).then(since_on).alias("anchor_on"),
    )
    return breaches(rows, rule, "since", "until")


def _active(context: Context) -> pl.DataFrame:
    """account_id, role, person_key, since, until of accounts that are active some time.

    A bare date counts from its 00:00:00; of a moment later than its bundle `latest` keeps what the cell said.
    """
    accounts = context.present("account").filter(pl.col("deactivated_quality").is_not_null() | pl.col("active"))
    return accounts.select(
        "account_id",
        "role",
        "person_key",
        _said("created").fill_null(pl.lit(BEGINNING, INSTANT)).alias("since"),
        _said("deactivated").alias("until"),
    )


def _said(stem: str) -> pl.Expr:
    earliest = pl.col(f"{stem}_earliest")
    return pl.when(earliest == pl.lit(NEVER, INSTANT)).then(pl.col(f"{stem}_latest")).otherwise(earliest)


def _without_consent(accounts: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Parents until the day their answer, given or refused, was registered."""
    answers = (
        context.present("consent").group_by(pl.col("parent_key").alias("person_key")).agg(pl.col("registered_on").min())
    )
    parents = accounts.filter(pl.col("role") == "parent").join(answers, on="person_key", how="left")
    return parents.with_columns(
        pl.min_horizontal("until", start_of_day(pl.col("registered_on"), context.zone)).alias("until")
    )


def _staff_who_left(accounts: pl.DataFrame, context: Context) -> pl.DataFrame:
    staff = (
        context.present("staff")
        .filter(pl.col("employed_to").is_not_null())
        .select(pl.col("staff_key").alias("person_key"), pl.col("staff_id"), "employed_to")
    )
    left = accounts.filter(pl.col("role") == "staff").join(staff, on="person_key", how="inner").drop("staff_id")
    return left.with_columns(
        pl.max_horizontal("since", start_of_day(pl.col("employed_to"), context.zone)).alias("since")
    )


def _pupils_who_left(accounts: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Pupils with an exit that is in effect and entered, in the gaps between their enrolments."""
    pupils = context.state["pupil"].select(pl.col("pupil_key").alias("person_key"), "pupil_id")
    exits = (
        context.present("movement")
        .filter(pl.col("kind").is_in(EXITS))
        .select(
            "pupil_id",
            pl.max_horizontal("recorded_latest", start_of_day(pl.col("effective_on"), context.zone)).alias("exit_at"),
        )
        .filter(pl.col("exit_at") < pl.lit(NEVER, INSTANT))
        .group_by("pupil_id")
        .agg(pl.col("exit_at").min())
    )
    left = (
        accounts.filter(pl.col("role") == "pupil")
        .join(pupils, on="person_key", how="inner")
        .join(exits, on="pupil_id", how="inner")
    )
    gaps = left.join(_gaps(context, left.select("pupil_id").unique()), on="pupil_id", how="inner")
    return gaps.with_columns(
        pl.max_horizontal("since", "exit_at", "gap_since").alias("since"),
        pl.min_horizontal("until", "gap_until").alias("until"),
    )


def _gaps(context: Context, pupils: pl.DataFrame) -> pl.DataFrame:
    """pupil_id, gap_since, gap_until: when a pupil is enrolled nowhere; before the first enrolment and after
    the last included.
    """
    forever = pl.lit(NEVER, INSTANT)
    spans = (
        context.present("enrolment")
        .join(pupils, on="pupil_id", how="semi")
        .select(
            "pupil_id",
            start_of_day(pl.col("from_on"), context.zone).alias("starts"),
            start_of_day(pl.col("to_on"), context.zone).fill_null(forever).alias("ends"),
        )
        .sort("pupil_id", "starts")
    )
    so_far = spans.with_columns(
        pl.col("ends").cum_max().shift(1).over("pupil_id").fill_null(pl.lit(BEGINNING, INSTANT)).alias("gap_since")
    )
    between = so_far.select("pupil_id", "gap_since", pl.col("starts").alias("gap_until"))
    last = pupils.join(spans.group_by("pupil_id").agg(pl.col("ends").max()), on="pupil_id", how="left")
    after = last.select(
        "pupil_id",
        pl.col("ends").fill_null(pl.lit(BEGINNING, INSTANT)).alias("gap_since"),
        forever.alias("gap_until"),
    )
    return pl.concat([between, after]).filter(pl.col("gap_since") < pl.col("gap_until"))
