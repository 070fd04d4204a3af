"""Period marks: the weighted mean of the current marks, mostly set in the last week, some late or missing."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from etl.sources.demo.calendar import SchoolYear
from etl.sources.demo.plan import SchoolPlan
from etl.sources.demo.subjects import SUBJECTS

_DAY: Final = 86400
_PASS_FAIL: Final = [index for index, spec in enumerate(SUBJECTS) if spec.oral == 0]


def build_period_marks(
    rng: np.random.Generator,
    plan: SchoolPlan,
    year: SchoolYear,
    journals: pl.DataFrame,
    members: pl.DataFrame,
    marks: pl.DataFrame,
    lessons: pl.DataFrame,
    limit: int,
) -> pl.DataFrame:
    """One row a period mark: pupils of a journal on the last day of a period that had lessons and has ended.

    2 % differ from the mean by one (unjustified); 1.5 % of the journals miss all, 0.5 % of the pupils one.
    Grade 1: only where the school's act states a value (н/оц, осв for the year).
    """
    periods = year.periods.filter(pl.col("ends_on") * _DAY + 18 * 3600 <= limit)
    journals = journals.filter(pl.col("lesson_kind") == "lesson")
    grades = lessons.select("journal", "grade").unique(maintain_order=True)
    wanted = (
        journals.select("journal", "group", "subject", "staff", "class")
        .join(grades, on="journal", maintain_order="left")
        .join(periods.select("period", "kind", "starts_on", "ends_on", "grade_from", "grade_to"), how="cross")
        .filter(
            pl.col("grade").is_between(pl.col("grade_from"), pl.col("grade_to"))
            & ((pl.col("grade") > 1) | (plan.regulation == "school53_krasnodar"))
        )
    )
    finest = lessons.filter(pl.col("status") != "cancelled").select("journal", "period").unique(maintain_order=True)
    wanted = wanted.filter(pl.col("kind") == "year").vstack(
        wanted.filter(pl.col("kind") != "year").join(
            finest, on=["journal", "period"], how="semi", maintain_order="left"
        )
    )
    wanted = wanted.sort("period", "journal")
    session = wanted["ends_on"].to_numpy() - rng.choice(
        9, len(wanted), p=[0.22, 0.2, 0.17, 0.12, 0.08, 0.06, 0.04, 0.03, 0.08]
    )
    late = rng.random(len(wanted)) < np.clip(0.1 - 0.05 * plan.quality, 0.02, 0.25)
    session = np.where(late, wanted["ends_on"].to_numpy() + rng.integers(1, 8, len(wanted)), session)
    moment = session * _DAY + rng.integers(12 * 3600, 21 * 3600, len(wanted))
    wanted = wanted.with_columns(
        pl.Series("moment", moment), pl.Series("skipped", rng.random(len(wanted)) < 0.015)
    ).filter((pl.col("moment") < limit - 3600) & ~pl.col("skipped"))
    rows = wanted.join(members.drop("group"), on="journal", maintain_order="left").filter(
        (pl.col("from_on") <= pl.col("ends_on")) & (pl.col("to_on").is_null() | (pl.col("ends_on") < pl.col("to_on")))
    )
    rows = rows.join(_means(year, lessons, marks), on=["journal", "pupil", "period"], how="left", maintain_order="left")
    return _with_values(rng, rows, limit)


def _means(year: SchoolYear, lessons: pl.DataFrame, marks: pl.DataFrame) -> pl.DataFrame:
    """Weighted means by journal, pupil and period; the year's is over all its marks."""
    given = marks.filter(pl.col("value") != ".").join(
        lessons.select("lesson", "period"), on="lesson", maintain_order="left"
    )
    year_key = int(year.periods.filter(pl.col("kind") == "year")["period"][0])
    mean = ((pl.col("digit") * pl.col("weight")).sum() / pl.col("weight").sum()).alias("mean")
    keys = ["journal", "pupil", "period"]
    both = pl.concat(
        [
            given.select(*keys, "digit", "weight"),
            given.select(
                "journal",
                "pupil",
                pl.lit(year_key, pl.UInt32).cast(given["period"].dtype).alias("period"),
                "digit",
                "weight",
            ),
        ]
    )
    return both.group_by(keys, maintain_order=True).agg(mean)


def _with_values(rng: np.random.Generator, rows: pl.DataFrame, limit: int) -> pl.DataFrame:
    count = len(rows)
    luck = rng.random(count)
    off = np.select([luck < 0.012, luck < 0.02], [1, -1], 0)
    mean = rows["mean"].fill_null(np.nan).to_numpy()
    blind = rng.integers(3, 6, count)
    digit = np.where(np.isnan(mean), blind, np.floor(np.nan_to_num(mean, nan=4.0) + 0.44)).astype(np.int64) + off
    digit = np.clip(digit, 2, 5)
    without = np.isnan(mean) & (rng.random(count) < 0.35)
    grade, kind = rows["grade"].to_numpy(), rows["kind"].to_numpy()
    value = np.where(without, "н/а", digit.astype(str))
    value = np.where(np.isin(rows["subject"].to_numpy(), _PASS_FAIL), "зач", value)
    first = np.where(kind == "year", "осв", "н/оц")
    value = np.where(grade == 1, np.where(luck < 0.995, first, value), value)
    batch = pl.int_range(pl.len()).over("journal", "period")
    rows = rows.with_columns((pl.col("moment") + batch * 4).alias("recorded_at"), pl.Series("value", value))
    rows = rows.with_columns(
        pl.when(pl.col("kind") == "year").then(pl.lit("year")).otherwise(pl.lit("period")).alias("mark_kind")
    ).filter(pl.Series(rng.random(count) > 0.005) & (pl.col("recorded_at") <= limit))
    final = rows.filter((pl.col("mark_kind") == "year") & pl.col("grade").is_in([9, 11])).with_columns(
        pl.lit("final").alias("mark_kind"),
        (pl.col("recorded_at") + 600).clip(upper_bound=limit).alias("recorded_at"),
    )
    return pl.concat([rows, final]).select(
        pl.int_range(1, pl.len() + 1).alias("period_mark"),
        "pupil",
        "group",
        "journal",
        "subject",
        "period",
        "ends_on",
        pl.col("mark_kind").alias("kind"),
        "value",
        "recorded_at",
        pl.col("staff").alias("recorded_by"),
    )
