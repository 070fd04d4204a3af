"""How many days after the lesson its records are made, and which were made in a rush: sums for mart_duty_lag. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from etl.contract.ledger import MARK_RULES, RULE

LAG = [
    "school_year",
    "class_id",
    "journal_id",
    "staff_id",
    "week_on",
    "month_on",
    "rule",
    "lag_low",
    "lag_high",
    "is_told",
    "rush",
]
LONGEST = 31  # more than thirty days is one step: medians and nine tenths lie below it or do not matter
RUSH_DAYS = 3  # the last three days of a period
CONTROL_DAYS = 2  # the 48 hours before the day of a control
NO_RUSH, PERIOD_RUSH, CONTROL_RUSH, RUSH_UNKNOWN = 0, 1, 2, 3
_LESSON_RULES = [RULE[name].number for name in ("topic", "homework", "attendance", "absence", *MARK_RULES)]
_RULES = [*_LESSON_RULES, RULE["period_mark"].number]


@dataclass(frozen=True)
class RushDays:
    """Last days of the school's periods (period_id, ends_on) and the days of its controls (control_act.act_on)."""

    periods: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"period_id": pl.Int32, "ends_on": pl.Date})
    )
    controls: tuple[date, ...] = ()


def lag_rows(judged: pl.DataFrame, zone: str, days: RushDays) -> pl.DataFrame:
    """Sums by `LAG` over judged ledger rows that count (requirements B-08, B-11): made ones, and required ones overdue.

    `judged` has week_on, month_on, is_made and is_due beside the ledger's columns. Days are the school's own. A lag is
    an interval where the moment of the entry is one; an entry made before the lesson's day has a lag of 0; both ends
    are null where there is no entry.
    """
    mine = judged.filter(
        pl.col("rule").is_in(_RULES)
        & pl.col("excluded").is_null()
        & pl.col("anchor_on").is_not_null()
        & (pl.col("is_made") | (pl.col("is_required") & pl.col("is_due")))
    ).with_columns(
        pl.col(f"done_{end}").dt.convert_time_zone(zone).dt.date().alias(f"{end}_on") for end in ("earliest", "latest")
    )
    lagged = mine.with_columns(
        _lag("earliest_on").alias("lag_low"),
        _lag("latest_on").alias("lag_high"),
        (pl.col("is_made") | (pl.col("can_tell") & (pl.col("status") != 7))).alias("is_told"),
    )
    return (
        _rushed(lagged.join(days.periods, on="period_id", how="left"), days.controls)
        .group_by(LAG)
        .agg(pl.len().cast(pl.Int32).alias("row_count"))
    )


def _lag(day: str) -> pl.Expr:
    days = (pl.col(day) - pl.col("anchor_on")).dt.total_days().clip(0, LONGEST)
    return pl.when(pl.col("is_made")).then(days).cast(pl.Int16)


def _rushed(rows: pl.DataFrame, controls: tuple[date, ...]) -> pl.DataFrame:
    """Adds `rush`: null = outside (no entry, or its lesson lies in every such window itself)."""
    windows = [(pl.col("ends_on") - timedelta(days=RUSH_DAYS - 1), pl.col("ends_on"), PERIOD_RUSH)]
    windows += [
        (pl.lit(day - timedelta(days=CONTROL_DAYS)), pl.lit(day - timedelta(days=1)), CONTROL_RUSH) for day in controls
    ]
    counts = pl.lit(value=False)
    found = pl.lit(None, pl.Int16)
    unknown = pl.lit(value=False)
    for first, last, code in windows:
        is_before = pl.col("anchor_on") < first
        surely = is_before & (pl.col("earliest_on") >= first) & (pl.col("latest_on") <= last)
        maybe = is_before & (pl.col("latest_on") >= first) & (pl.col("earliest_on") <= last)
        counts = counts | is_before.fill_null(value=False)
        found = pl.when(found.is_null() & surely).then(pl.lit(code, pl.Int16)).otherwise(found)
        unknown = unknown | maybe.fill_null(value=False)
    rest = pl.when(unknown).then(RUSH_UNKNOWN).otherwise(NO_RUSH).cast(pl.Int16)
    is_counted = pl.col("is_made") & counts & pl.col("rule").is_in(_LESSON_RULES)
    return rows.with_columns(pl.when(is_counted).then(pl.coalesce(found, rest)).alias("rush"))
