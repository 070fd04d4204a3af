"""Sums over one school's ledger where its data end: by week, and as a histogram of days. Pure.

The status is read from the same text as in SQL (contract.judging), so pages, exports and marts cannot disagree.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from etl.contract.judging import EXISTS, FUTURE_STATUS, IS_DUE, IS_MADE, STATUS, unprefixed
from etl.contract.ledger import RULE, RULES
from etl.transforms.lag_mart import LAG, RushDays, lag_rows
from etl.transforms.moments import INSTANT

WEEK = [
    "school_year",
    "class_id",
    "journal_id",
    "staff_id",
    "week_on",
    "month_on",
    "period_id",
    "rule",
    "status",
    "excluded",
    "is_required",
    "is_made",
    "is_due",
]
JOURNAL = [name for name in WEEK if name not in {"staff_id", "period_id"}]
SCHOOL = [name for name in WEEK if name not in {"class_id", "journal_id", "staff_id", "period_id"}]
JUDGEMENT = [name for name in SCHOOL if name not in {"week_on", "month_on"}]
DAY = [
    "school_year",
    "anchor_on",
    "visible_on",
    "target_over_on",
    "overdue_on",
    "done_earliest_on",
    "done_latest_on",
    "rule",
    "made_status",
    "excluded",
    "is_required",
    "can_tell",
]
PIECE = 100_000
# what they are at a past day depends on other moments of the row than the histogram keeps; the findings carry their
# history
_WITHOUT_HISTORY = [rule.number for rule in RULES if rule.kind == "content" or rule.name == "no_entry"]
_USED = [
    "school_year",
    "class_id",
    "journal_id",
    "staff_id",
    "period_id",
    "rule",
    "excluded",
    "made_status",
    "is_required",
    "can_tell",
    "anchor_on",
    "visible_on",
    "target_at",
    "due_at",
    "due_earliest",
    "done_earliest",
    "done_latest",
]


def build_duty_marts(
    obligations: pl.DataFrame, data_until: dict[int, datetime], zone: str, rush_days: RushDays | None = None
) -> dict[str, pl.DataFrame]:
    """Rows of mart_duty_week, _journal, _school, _day and _lag; `data_until` by rule number (annex L0).

    Summed piece by piece: a school has 600,000 rows, and their working copies were the peak of a load's memory.
    """
    weeks, days, lags = [], [], []
    for piece in (obligations.clear(), *obligations.iter_slices(PIECE)):
        rows = _with_horizon(_ledger_rows(piece), data_until, zone)
        judged = _judged(rows)
        weeks.append(_weeks(judged))
        lags.append(lag_rows(judged, zone, rush_days or RushDays()))
        days.append(_days(rows, zone))
    week = _summed(pl.concat(weeks), WEEK)
    return {
        "mart_duty_week": week,
        "mart_duty_journal": _summed(week.filter(pl.col("journal_id").is_not_null()), JOURNAL),
        "mart_duty_school": _summed(week, SCHOOL),
        "mart_duty_day": _summed(pl.concat(days), DAY),
        "mart_duty_lag": _summed(pl.concat(lags), LAG),
    }


def build_duty_judgement(obligations: pl.DataFrame, data_until: dict[int, datetime], zone: str) -> pl.DataFrame:
    """Rows of mart_duty_judgement, the judgement apart: the ledger by another act, summed where the data end."""
    pieces = (obligations.clear(), *obligations.iter_slices(PIECE))
    return _summed(
        pl.concat([_weeks(_judged(_with_horizon(_ledger_rows(piece), data_until, zone))) for piece in pieces]),
        JUDGEMENT,
    )


def _weeks(judged: pl.DataFrame) -> pl.DataFrame:
    return judged.group_by(WEEK).agg(pl.len().cast(pl.Int32).alias("row_count"))


def _summed(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return rows.group_by(by).agg(pl.col("row_count").sum().cast(pl.Int32))


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.sql_expr(unprefixed(EXISTS))).with_columns(
        pl.sql_expr(unprefixed(STATUS)).cast(pl.Int16).alias("status"),
        pl.sql_expr(unprefixed(IS_MADE)).alias("is_made"),
        pl.sql_expr(unprefixed(IS_DUE)).alias("is_due"),
        pl.col("anchor_on").dt.truncate("1w").alias("week_on"),
        pl.col("anchor_on").dt.truncate("1mo").alias("month_on"),
    )


def _ledger_rows(obligations: pl.DataFrame) -> pl.DataFrame:
    """The stored rows and the ban on marks in advance, as the view ledger_row shows them."""
    banned = obligations.filter(pl.col("future_from").is_not_null()).with_columns(
        pl.sql_expr(unprefixed(FUTURE_STATUS)).cast(pl.Int16).alias("made_status"),
        pl.lit(RULE["future_mark"].number, pl.Int16).alias("rule"),
        pl.lit(None, pl.Int16).alias("excluded"),
        pl.lit(None, INSTANT).alias("target_at"),
        pl.lit(None, INSTANT).alias("due_at"),
        pl.lit(None, INSTANT).alias("due_earliest"),
        pl.lit(value=False).alias("is_required"),
        pl.lit(value=True).alias("can_tell"),
    )
    return pl.concat([obligations.select(_USED), banned.select(_USED)])


def _with_horizon(rows: pl.DataFrame, data_until: dict[int, datetime], zone: str) -> pl.DataFrame:
    local = ZoneInfo(zone)
    horizons = pl.DataFrame(
        {
            "rule": list(data_until),
            "t": list(data_until.values()),
            "on_day": [moment.astimezone(local).date() for moment in data_until.values()],
        },
        schema={"rule": pl.Int16, "t": INSTANT, "on_day": pl.Date},
    )
    return rows.join(horizons, on="rule", how="left", maintain_order="left")


def _days(rows: pl.DataFrame, zone: str) -> pl.DataFrame:
    """For "as of the end of day D": a limit is over at the end of D when it is earlier than 23:59:59 of D,
    and never when it is not earlier than where the data end, because T is cut there (annex L0).
    """
    second = timedelta(seconds=1)

    def day(moment: pl.Expr) -> pl.Expr:
        return moment.dt.convert_time_zone(zone).dt.date()

    dated = rows.filter(~pl.col("rule").is_in(_WITHOUT_HISTORY)).with_columns(
        pl.when(pl.col("target_at") < pl.col("t")).then(day(pl.col("target_at") + second)).alias("target_over_on"),
        pl.when(pl.col("due_at") < pl.col("t")).then(day(pl.col("due_at") + second)).alias("overdue_on"),
        pl.when(pl.col("done_earliest") <= pl.col("t")).then(day(pl.col("done_earliest"))).alias("done_earliest_on"),
        pl.when(pl.col("done_latest") <= pl.col("t")).then(day(pl.col("done_latest"))).alias("done_latest_on"),
    )
    return dated.group_by(DAY).agg(pl.len().cast(pl.Int32).alias("row_count"))
