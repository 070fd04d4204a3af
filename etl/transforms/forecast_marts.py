"""Marts of forecasts of one school: the running period as it stands, closed periods as they stood so far in. Pure.

Marks count by the day of their lesson, because sources rarely tell when a past mark was made.
"""

from __future__ import annotations

import polars as pl

from etl.contract.learning import SHORT_STAY
from etl.contract.variants import DEFAULTS, Variants
from etl.transforms.forecast import (
    cut_day,
    is_unmarked,
    marks_hits,
    marks_verdict,
    programme_hits,
    programme_lag,
    unmarked_hits,
)
from etl.transforms.learning import grades_given
from etl.transforms.lessons_ahead import lessons_ahead, plan_lines
from etl.transforms.mark_marts import journal_norms, without_marks
from etl.transforms.obligations.context import Context
from etl.transforms.school_calendar import finest_periods
from etl.transforms.values import EXEMPT, NOT_ATTESTED

_PLACE = ["journal_id", "period_id"]
_PUPIL = [*_PLACE, "pupil_id"]
_UNDATED = 10  # of so many lines of a plan one may bear no day


def build_forecasts(context: Context, lessons: pl.DataFrame, variants: Variants = DEFAULTS) -> dict[str, pl.DataFrame]:
    """Rows of mart_mark_forecast, mart_programme_forecast and mart_forecast_hit; `lessons` as of `held_lessons`."""
    windows = _windows(context)
    marks = _marks(context, lessons, windows, variants)
    programme = _programme(context, lessons, windows)
    closed = pl.col("is_running").not_()
    hits = [
        marks_hits(marks.filter(closed)),
        unmarked_hits(marks.filter(closed)),
        programme_hits(programme.filter(closed)),
    ]
    place = ["school_year", "class_id", *_PLACE]
    return {
        "mart_mark_forecast": marks.filter("is_running").select(
            *place, "pupil_id", "lesson_count", "ahead_count", "mark_count", "needed_count", "year_lesson_count",
            "year_mark_count", "forecast", "is_unmarked", "is_norm_stated",
        ),
        "mart_programme_forecast": programme.filter("is_running").select(
            *place, "planned_count", "held_count", "planned_end_count", "lag"
        ),
        "mart_forecast_hit": pl.concat(hits),
    }  # fmt: skip


def _windows(context: Context) -> pl.DataFrame:
    """Periods to foretell: class_id, school_year, period_id, starts_on, ends_on, cut_on, is_running.

    A closed period is looked at as far in as the running one of its kind is today; without a running one of its kind
    there is nothing to compare with.
    """
    today = context.last_day
    kinds = context.periods.select("period_id", "kind", "school_year")
    spans = finest_periods(context.classes, context.periods).join(kinds, on="period_id")
    running = spans.filter(pl.lit(today).is_between(pl.col("starts_on"), pl.col("ends_on")))
    pace = {row["kind"]: (row["starts_on"], row["ends_on"], today) for row in running.iter_rows(named=True)}
    closed = spans.filter((pl.col("ends_on") < today) & pl.col("kind").is_in(list(pace)))
    cuts = [
        (row["period_id"], cut_day(row["starts_on"], row["ends_on"], pace[row["kind"]]))
        for row in closed.unique("period_id").iter_rows(named=True)
    ]
    cut = pl.DataFrame(cuts, schema={"period_id": spans.schema["period_id"], "cut_on": pl.Date}, orient="row")
    columns = ["class_id", "school_year", "period_id", "starts_on", "ends_on", "cut_on", "is_running"]
    return pl.concat(
        [
            running.with_columns(pl.lit(today).alias("cut_on"), pl.lit(value=True).alias("is_running")).select(columns),
            closed.join(cut, on="period_id").with_columns(pl.lit(value=False).alias("is_running")).select(columns),
        ]
    )


def _marks(context: Context, lessons: pl.DataFrame, windows: pl.DataFrame, variants: Variants) -> pl.DataFrame:
    """One row per pupil, journal and window: counts until the cut, `final_count` and `is_unattested` at the end.

    Pupils who are not in the journal on the cut, who had less than a quarter of its lessons or are exempt, and journals
    without marks stand outside, as in mart_mark_fill. A source without rosters has none.
    """
    graded = lessons.filter(pl.col("grade") != 1)
    if not context.knows_rosters:
        graded = graded.clear()
    of_window = windows.rename({"school_year": "_year"})
    by_day = graded.group_by("school_year", "class_id", "journal_id", "held_on").agg(pl.len().alias("n"))
    slots = context.journal_day_roster.rename({"on": "held_on"}).join(by_day, on=["journal_id", "held_on"])
    places = slots.join(of_window, on="class_id").filter(pl.col("held_on") <= pl.col("cut_on"))
    in_period = pl.col("held_on") >= pl.col("starts_on")
    counted = places.group_by("school_year", "class_id", *_PUPIL, "is_running").agg(
        pl.col("n").filter(in_period).sum().cast(pl.Int32).alias("lesson_count"),
        pl.col("n").sum().cast(pl.Int32).alias("year_lesson_count"),
        pl.col("cut_on").first(),
    )
    held = (
        by_day.join(of_window, on="class_id")
        .filter(pl.col("held_on").is_between("starts_on", "cut_on"))
        .group_by(_PLACE)
        .agg(pl.col("n").sum().alias("held_count"))
    )
    marks = grades_given(context, graded.select("lesson_id", "class_id", "journal_id", "held_on"))
    dated = marks.join(of_window, on="class_id")
    sums = dated.group_by(_PUPIL).agg(
        (in_period & (pl.col("held_on") <= pl.col("cut_on"))).sum().cast(pl.Int32).alias("mark_count"),
        (pl.col("held_on") <= pl.col("cut_on")).sum().cast(pl.Int32).alias("year_mark_count"),
        pl.col("held_on").is_between("starts_on", "ends_on").sum().cast(pl.Int32).alias("final_count"),
    )
    there = context.journal_pupils(
        counted.select("journal_id", pl.col("cut_on").alias("on")).unique()
    ).rename({"on": "cut_on"})  # fmt: skip
    rows = (
        counted.filter(pl.col("lesson_count") > 0)
        .join(held, on=_PLACE)
        .join(there, on=["journal_id", "cut_on", "pupil_id"], how="semi")
        .join(without_marks(context), on="journal_id", how="anti")
        .join(sums, on=_PUPIL, how="left")
        .join(journal_norms(context, graded, variants), on=_PLACE, how="left")
        .join(lessons_ahead(context, lessons, windows), on=_PLACE, how="left")
        .join(_given(context), on=_PUPIL, how="left")
        .with_columns(
            *(pl.col(name).fill_null(0).cast(pl.Int32) for name in
              ("mark_count", "year_mark_count", "final_count", "ahead_count")),
            (pl.col("lesson_count") / pl.col("held_count")).alias("share"),
            # a period mark that is not there, or says that there was nothing to judge
            (pl.col("period_mark_code").is_null() | (pl.col("period_mark_code") == NOT_ATTESTED)).alias(
                "is_unattested"
            ),
        )
    )  # fmt: skip
    rows = rows.filter((pl.col("share") >= SHORT_STAY) & pl.col("period_mark_code").ne_missing(EXEMPT))
    needed = pl.max_horizontal(pl.lit(1), (pl.col("norm") * pl.col("share") - 1e-9).ceil()).cast(pl.Int16)
    return rows.with_columns(needed.alias("needed_count")).with_columns(marks_verdict(), is_unmarked())


def _given(context: Context) -> pl.DataFrame:
    marks = context.present("period_mark").filter((pl.col("mark_code") != 0) & (pl.col("kind") == "period"))
    return (
        marks.sort("period_mark_id")
        .unique(_PUPIL, keep="last", maintain_order=True)
        .select(*_PUPIL, pl.col("mark_code").alias("period_mark_code"))
    )


def _programme(context: Context, lessons: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """One row per journal with a dated plan and window: hours planned and held since the year began, and the lag."""
    lines = plan_lines(context)
    dated = lines.group_by("journal_id").agg(pl.col("planned_on").is_null().sum() * _UNDATED <= pl.len())
    lines = lines.join(dated.filter("planned_on").select("journal_id"), on="journal_id", how="semi")
    classes = context.journals.select("journal_id", "class_id")
    spans = lines.join(classes, on="journal_id").join(windows, on="class_id")
    planned = spans.group_by("school_year", "class_id", *_PLACE, "is_running").agg(
        pl.col("hours").filter(pl.col("planned_on") <= pl.col("cut_on")).sum().alias("planned_count"),
        pl.col("hours").filter(pl.col("planned_on") <= pl.col("ends_on")).sum().alias("planned_end_count"),
    )
    held = (
        lessons.select("class_id", "journal_id", "held_on")
        .join(windows, on="class_id")
        .group_by(_PLACE)
        .agg(
            (pl.col("held_on") <= pl.col("cut_on")).sum().cast(pl.Int32).alias("held_count"),
            (pl.col("held_on") <= pl.col("ends_on")).sum().alias("held_end"),
        )
    )
    rows = planned.join(held, on=_PLACE, how="left").with_columns(pl.col("held_count", "held_end").fill_null(0))
    return rows.with_columns(programme_lag(), (pl.col("planned_end_count") - pl.col("held_end")).alias("final_lag"))
