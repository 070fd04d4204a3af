"""Reported technical outages as an excuse (001 УП-12, requirements R16-ST12). Grain: ledger row."""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import MARK_RULES, RULE, Status
from etl.transforms.moments import INSTANT, end_of_day
from etl.transforms.obligations.context import Context
from etl.transforms.values import has_text

EXCUSED = ("topic", "homework", "attendance", "absence", *MARK_RULES, "work_marked", "period_mark")
"""What a teacher types into the journal itself; what is written without the system is not excused."""
_NUMBERS = [RULE[name].number for name in EXCUSED]


def excused(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Rows (verdict.OBLIGATION) whose limit fell into an outage with a memo get 23:59:59 of the day after it ended.

    An entry that is later than the act's own limit and surely not later than that is `exempt`; one that may be later
    is `indeterminate`. The order and the number of rows stay. `tech_outage_excuse` is read on the anchor day.
    """
    outages = context.registers.outage.filter(has_text(pl.col("memo_no")))
    if not outages.height or not any(version.flag("tech_outage_excuse") for version in context.versions):
        return rows
    limits = rows.filter(pl.col("rule").is_in(_NUMBERS)).select("due_at").unique().drop_nulls()
    shifts = limits.join(_windows(outages, context), how="cross").filter(
        pl.col("due_at").is_between("from_at", "to_at")
    )
    shifted = shifts.group_by("due_at").agg(pl.col("shifted_at").max())
    found = rows.join(shifted, on="due_at", how="left", maintain_order="left")
    applies = (
        pl.col("rule").is_in(_NUMBERS)
        & pl.col("shifted_at").is_not_null()
        & context.flag("tech_outage_excuse", pl.col("anchor_on"))
    )
    unkept = applies & pl.col("made_status").is_in([int(Status.late), int(Status.indeterminate)])
    made = (
        pl.when(unkept & (pl.col("done_latest") <= pl.col("shifted_at")))
        .then(int(Status.exempt))
        .when(unkept & (pl.col("done_earliest") <= pl.col("shifted_at")))
        .then(int(Status.indeterminate))
        .otherwise("made_status")
        .cast(pl.Int16)
    )
    return found.with_columns(
        made.alias("made_status"), pl.when(applies).then("shifted_at").otherwise("due_at").alias("due_at")
    ).drop("shifted_at")


def _windows(outages: pl.DataFrame, context: Context) -> pl.DataFrame:
    """from_at, to_at, shifted_at; an outage that lasts has lasted until where the data end."""
    ends = outages.select("from_at", pl.col("to_at").fill_null(pl.lit(context.sight.newest, INSTANT)))
    day_after = pl.col("to_at").dt.convert_time_zone(context.zone).dt.date() + pl.duration(days=1)
    return ends.with_columns(end_of_day(day_after, context.zone).alias("shifted_at"))
