"""How late records are made: buckets of days, medians, and what is entered in a rush (requirements B-08, B-11)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from etl.warehouse.ledger import MARK_RULES
from etl.warehouse.metrics import LESSON_RULES, SOURCES, Metric

BUCKETS: tuple[tuple[str, int, int], ...] = (
    ("0", 0, 0),
    ("1", 1, 1),
    ("2", 2, 2),
    ("3", 3, 3),
    ("4", 4, 7),
    ("8", 8, 31),
)
"""Code, first and last day after the lesson (31 = more than thirty): requirements B-08."""
_MADE = "lag_high IS NOT NULL"
LAG: dict[str, str] = {
    **{
        f"lag_{code}": f"sum(row_count) FILTER (WHERE lag_low BETWEEN {first} AND {last}"
        f" AND lag_high BETWEEN {first} AND {last})"
        for code, first, last in BUCKETS
    },
    "lag_never": f"sum(row_count) FILTER (WHERE NOT ({_MADE}) AND is_told)",
    "lag_untold": f"sum(row_count) FILTER (WHERE NOT ({_MADE}) AND NOT is_told)",
    "lag_made": f"sum(row_count) FILTER (WHERE {_MADE})",
    "lag_base": f"sum(row_count) FILTER (WHERE {_MADE} OR is_told)",
    # more than a week, or overdue and not there; `unsure` could be either
    "lag_over": f"sum(row_count) FILTER (WHERE lag_low > 7 OR (NOT ({_MADE}) AND is_told))",
    "lag_sure": f"sum(row_count) FILTER (WHERE lag_low > 7 OR lag_high <= 7 OR (NOT ({_MADE}) AND is_told))",
    "lag_unsure": f"sum(row_count) FILTER (WHERE (lag_low <= 7 AND lag_high > 7) OR (NOT ({_MADE}) AND NOT is_told))",
    "rush_period": "sum(row_count) FILTER (WHERE rush = 1)",
    "rush_control": "sum(row_count) FILTER (WHERE rush = 2)",
    "rush": "sum(row_count) FILTER (WHERE rush IN (1, 2))",
    "rush_base": "sum(row_count) FILTER (WHERE rush IN (0, 1, 2))",
    "rush_unknown": "sum(row_count) FILTER (WHERE rush = 3)",
}
"""Sums over rows of mart_duty_lag, or over ledger rows brought to its shape."""
SOURCES["lag"] = LAG
_GROUPINGS = ("school", "class", "journal", "staff", "week", "month", "rule")
RUSH_RULES = (*LESSON_RULES, "absence", *MARK_RULES)


def _rush(name: str, numerator: str) -> Metric:
    return Metric(
        name,
        numerator,
        "rush_base",
        "rush_unknown",
        source="lag",
        noun="entry",
        grain="entry of a lesson held before the window",
        groupings=_GROUPINGS,
        exclusions=("rush_unknown",),
        rules=RUSH_RULES,
        direction="down",
    )


FILLING: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _rush("rush_share", "rush"),
        _rush("rush_period_share", "rush_period"),
        _rush("rush_control_share", "rush_control"),
        Metric(
            "same_day_share",
            "lag_0",
            "lag_base",
            "lag_untold",
            source="lag",
            noun="entry",
            grain="entry made, or required and overdue",
            groupings=_GROUPINGS,
            exclusions=("lag_untold",),
            rules=LESSON_RULES,
        ),
    )
}
"""Metrics of the page of filling, by name."""


@dataclass(frozen=True)
class LagQuantile:
    """So many days after the lesson a share of the records is there. Records that are overdue and not there stay in the
    count, as if they were never made: a median of what was made would praise who makes little.
    """

    name: str
    share: float
    rules: tuple[str, ...] = RUSH_RULES
    unit: str = "day"
    grain: str = "entry made, or required and overdue"
    groupings: tuple[str, ...] = _GROUPINGS
    exclusions: tuple[str, ...] = ("lag_untold",)

    @property
    def passport_key(self) -> str:
        """Key of the text that explains it."""
        return f"metric.{self.name}"

    def of(self, rows: pl.DataFrame) -> tuple[float, float] | None:
        """Least and greatest possible days (infinity = not made) over rows with lag_low, lag_high, is_told, row_count.

        None = «нельзя оценить»: nothing counts, or more rows than one in ten are not told.
        """
        told = rows.filter(pl.col("is_told"))
        count, silent = int(told["row_count"].sum()), int(rows["row_count"].sum()) - int(told["row_count"].sum())
        if not count or silent > (count + silent) / 10:
            return None
        place = math.ceil(self.share * count)
        return _at(told, "lag_low", place), _at(told, "lag_high", place)


def _at(rows: pl.DataFrame, column: str, place: int) -> float:
    """The value of the row in a place (from 1) of the sorted rows; null sorts last and is infinity."""
    steps = rows.group_by(column).agg(pl.col("row_count").sum()).sort(column, nulls_last=True)
    value = steps.filter(pl.col("row_count").cum_sum() >= place)[column][0]
    return math.inf if value is None else float(value)


MEDIAN = LagQuantile("lag_median", 0.5)
NINE_TENTHS = LagQuantile("lag_nine_tenths", 0.9)
