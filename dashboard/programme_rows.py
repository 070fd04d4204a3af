"""Journals against their plans, with a forecast that says it is one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard.group_words import group_part
from dashboard.queries.programme import Programme
from etl.warehouse.metrics import Measured
from etl.warehouse.metrics_programme import FORECAST_MARGIN, PROGRAMME

MIN_HOURS = 4  # fewer planned hours foretell nothing
IS_DATED = (pl.col("undated") * 10 <= pl.col("lines")) & pl.col("planned_year").is_not_null()
"""At most one line in ten of the plan bears no day; of other plans it cannot be told what was due by now."""


def journal_lines(page: Programme) -> pl.DataFrame:
    """One row per journal: label, held, planned, lag (planned − held; null = no dated plan), done, plan_hours,
    curriculum_hours, difference, forecast (hours short at the end of the plan at the present pace), cancelled,
    substituted, moved; the greatest lag first.
    """
    names = page.dims.select(
        "journal_id",
        pl.concat_str(
            "class_name",
            "subject",
            group_part(),
            separator=", ",
            ignore_nulls=True,
        ).alias("label"),
    )
    planned = pl.when(IS_DATED).then(pl.col("planned").fill_null(0.0))
    pace = pl.col("held_year") / pl.col("planned_year")
    foretold = pl.when(IS_DATED & (pl.col("planned_year") >= MIN_HOURS)).then(
        (pl.col("plan_hours") * (1 - pace)).clip(0).round(0)
    )
    rows = page.journals.join(names, on="journal_id", how="left").with_columns(planned.alias("planned"))
    return rows.with_columns(
        (pl.col("planned") - pl.col("held")).alias("lag"),
        pl.when(pl.col("planned") > 0).then(pl.col("held") / pl.col("planned")).alias("done"),
        (pl.col("plan_hours") - pl.col("curriculum_hours")).alias("difference"),
        foretold.alias("forecast"),
    ).sort("lag", "label", "journal_id", descending=[True, False, False], nulls_last=True)


def programme_sums(page: Programme) -> pl.DataFrame:
    """One row with the sums of `metrics_programme`; hours held beyond the plan of a journal do not make up for another.

    A work is due when its day has come. Works count only where the school's bundles carry the schedule and works.
    """
    lines = journal_lines(page)
    dated = pl.col("planned").is_not_null()
    both = pl.col("plan_hours").is_not_null() & pl.col("curriculum_hours").is_not_null()
    knows = {"work", "assessment_schedule"} <= page.carried
    due = page.works.filter(~pl.col("is_off") & (pl.col("planned_on") <= page.until))
    off = page.works.filter(pl.col("is_off"))
    return lines.select(
        pl.col("held").sum(),
        pl.col("linked").sum(),
        pl.col("planned").sum(),
        pl.min_horizontal("planned", pl.col("held").cast(pl.Float64)).filter(dated).sum().alias("planned_held"),
        pl.col("plan_hours").filter(both).sum().alias("compared_plan_hours"),
        pl.col("curriculum_hours").filter(both).sum(),
        pl.lit(due.height if knows else 0).alias("due_work"),
        pl.lit(due["work_id"].is_not_null().sum() if knows else 0).alias("held_work"),
        pl.lit(off.height if knows else 0).alias("off_schedule"),
    )


@dataclass(frozen=True)
class HitRate:
    """How many forecasts made `FORECAST_BACK` days ago came true within `FORECAST_MARGIN` hours."""

    right: int
    made: int


def hit_rate(page: Programme) -> HitRate:
    """The same pace rule, applied to the journals of four weeks ago, compared with what has been held since."""
    known = page.journals.filter(IS_DATED & (pl.col("planned_back") >= MIN_HOURS))
    foretold = pl.col("held_back") / pl.col("planned_back") * pl.col("planned_year")
    right = known.filter((foretold - pl.col("held_year")).abs() <= FORECAST_MARGIN)
    return HitRate(right.height, known.height)


def measured(name: str, page: Programme) -> Measured:
    """A metric of the page over the whole school."""
    return PROGRAMME[name].of(programme_sums(page))
