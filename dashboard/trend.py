"""The forecast of a period mark and where the marks go, in numbers and words. Pure.

The forecast is the weighted mean rounded half up, of three digits or more (requirements B-28, B-37). The trend is the
weighted mean of the later half of the digits less that of the earlier half, by the day of the lesson; of an odd number
the middle one is in neither. It stands beside the forecast and does not change it: whether it says more is counted on
the period before, and told.
"""

from __future__ import annotations

import polars as pl

from dashboard.i18n import count, number, out_of, percent, t
from etl.warehouse.metrics_forecast import (
    FORECAST_MIN_CHECKED,
    FORECASTS,
    MARKS_TO_JUDGE,
    TREND_LEVEL,
    TREND_MIN_MARKS,
)

RISES, LEVEL, FALLS = "rises", "level", "falls"


def foretold() -> pl.Expr:
    """The period mark by the marks so far: the weighted mean rounded half up; null under `MARKS_TO_JUDGE` digits.
    Needs digit_count, weight and points."""
    known = (pl.col("digit_count") >= MARKS_TO_JUDGE) & (pl.col("weight") > 0)
    return pl.when(known).then((2 * pl.col("points") + pl.col("weight")) // (2 * pl.col("weight")))


def with_trend(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of `queries.trend` with `foretold` (a mark), `change` (in marks, later half less earlier half) and
    `direction`; null where there are too few digits."""
    enough = (pl.col("digit_count") >= TREND_MIN_MARKS) & (pl.col("early_weight") > 0) & (pl.col("late_weight") > 0)
    early, late = (pl.col(f"{half}_points") / pl.col(f"{half}_weight") for half in ("early", "late"))
    hundredths = (100 * (late - early)).round()
    change = pl.when(enough).then(hundredths)
    return rows.with_columns(foretold().alias("foretold"), change.alias("change")).with_columns(
        pl.when(pl.col("change") > TREND_LEVEL).then(pl.lit(RISES))
        .when(pl.col("change") < -TREND_LEVEL).then(pl.lit(FALLS))
        .when(pl.col("change").is_not_null()).then(pl.lit(LEVEL)).alias("direction"),
        (pl.col("change") / 100).alias("change"),
    )  # fmt: skip


def direction_words(direction: str | None, change: float | None) -> str:
    """«растёт: +0,40», «снижается: −0,40», «без изменений», «мало отметок»."""
    if direction is None or change is None:
        return t("trend.too_few")
    if direction == LEVEL:
        return t("trend.level")
    return t(f"trend.{direction}", change=number(abs(change), 2))


def past_words(past: pl.DataFrame) -> str:
    """How often the forecast of the period before, made as far into it, was the mark that was given; and of those that
    were not, how often the trend had pointed to the side the mark went."""
    if past.is_empty():
        return t("forecast.unchecked_none")
    told = with_trend(past).filter(pl.col("foretold").is_not_null() & pl.col("period_mark_code").is_between(1, 5))
    error = pl.col("period_mark_code").cast(pl.Int64) - pl.col("foretold").cast(pl.Int64)
    is_side = ((pl.col("direction") == RISES) & (error > 0)) | ((pl.col("direction") == FALLS) & (error < 0))
    seen = pl.col("direction").is_in([RISES, FALLS])
    sums = told.select(
        pl.len().alias("made_count"), (error == 0).sum().alias("right_count"),
        seen.sum().alias("seen"), (seen & (error == 0)).sum().alias("seen_right"), (seen & is_side).sum().alias("side"),
    ).row(0, named=True)  # fmt: skip
    right = FORECASTS["forecast_right"].of(pl.DataFrame([{name: sums[name] for name in ("made_count", "right_count")}]))
    if right.whole < FORECAST_MIN_CHECKED or right.value is None:
        return t("forecast.unchecked", n=number(right.whole)) if right.whole else t("forecast.unchecked_none")
    words = t("trend.checked", share=percent(right.value, 0), parts=out_of(right.part, right.whole, "forecast"))
    if not sums["seen"]:
        return words
    other = sums["seen"] - sums["seen_right"] - sums["side"]
    return f"{words} " + t("trend.checked_side", n=count(sums["seen"], "case"), right=number(sums["seen_right"]),
                           side=number(sums["side"]), other=number(other))  # fmt: skip
