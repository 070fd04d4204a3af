"""Content rules that read the product's own registers (annex R20: G22, G28). Grain: mark; month × role."""

from __future__ import annotations

import polars as pl

from etl.transforms.moments import start_of_day
from etl.transforms.obligations.content_marks import of_marks
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.verdict import OBLIGATION, breaches

CONTROL_MONTHS = (9, 10, 11, 12, 1, 2, 3, 4, 5)
"""Journals are controlled from September to May (requirements R53-8.2)."""


def build_content_of_registers(context: Context, marks: pl.DataFrame) -> pl.DataFrame:
    """Breaches of void_after_incident over `marks_made`, and of control_act_missing."""
    return pl.concat([_void_marks(marks, context), _missing_acts(context)])


def _void_marks(marks: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Marks in the name of a compromised account, surely saved from the notice on and before the access was safe
    again; those before the notice stand (001 4.4). Entries that were confirmed are void no longer.
    """
    incidents = context.registers.incident.filter(pl.col("notified_at").is_not_null())
    if not incidents.height:
        return pl.DataFrame(schema=OBLIGATION)
    void = (
        marks.join(incidents.rename({"staff_id": "recorded_by_id"}), on="recorded_by_id", how="inner")
        .filter(
            (pl.col("recorded_earliest") >= pl.col("notified_at"))
            & (pl.col("restored_at").is_null() | (pl.col("since") < pl.col("restored_at")))
            & context.flag("void_ops_after_incident", pl.col("held_on"))
        )
        .sort("confirmed_at", nulls_last=True)
        .unique("mark_id", keep="last", maintain_order=True)  # of two incidents the one that is open longest
    )
    return of_marks(void, context, "void_after_incident", until="confirmed_at")


def _missing_acts(context: Context) -> pl.DataFrame:
    """Months that are over, in which a role that controls monthly has no act, until the day of a late one."""
    years = context.classes.select(pl.col("school_year").unique().cast(pl.Int32))
    months = years.join(pl.DataFrame({"month": CONTROL_MONTHS}, schema={"month": pl.Int8}), how="cross").select(
        "school_year",
        pl.date(pl.col("school_year") + (pl.col("month") < 9).cast(pl.Int32), pl.col("month"), 1).alias("month_on"),
    )
    built = [pl.DataFrame(schema={"school_year": pl.Int32, "month_on": pl.Date, "role": pl.String})]
    for version in context.versions:
        if version.word("control_frequency") == "month":
            roles = pl.DataFrame({"role": sorted(version.words("control_roles"))}, schema={"role": pl.String})
            of_version = months.filter(context.version_on(pl.col("month_on")) == version.version)
            built.append(of_version.join(roles, how="cross"))
    acts = (
        context.registers.control_act.with_columns(pl.col("month_on").dt.truncate("1mo"))
        .group_by("month_on", "role")
        .agg(pl.col("act_on").min())
    )
    duties = pl.concat(built).join(acts, on=["month_on", "role"], how="left")
    rows = duties.filter(pl.col("month_on").dt.month_end() < context.last_day).select(
        "school_year",
        pl.col("month_on").dt.month_end().alias("anchor_on"),
        context.version_on(pl.col("month_on")).alias("profile_version"),
        start_of_day(pl.col("month_on").dt.offset_by("1mo"), context.zone).alias("since"),
        start_of_day(pl.col("act_on"), context.zone).alias("until"),
        object_key=pl.concat_str(pl.col("month_on").dt.strftime("%Y-%m"), pl.lit("|"), "role"),
    )
    return breaches(rows, "control_act_missing", "since", "until")
