"""Lists of a class: the reserve, unexplained absences by pupil, journals not filled. Pure."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from dashboard.trend import foretold
from etl.warehouse.metrics import METRICS

UNKNOWN_CODES = ("Н", "ОТ")
MIN_SUBJECTS = 3  # with fewer subjects told «all but one» says nothing


def reserve(journals: pl.DataFrame) -> pl.DataFrame:
    """Pupils one mark away from «4» and «5», or from only «5» (peers §2, M11): pupil_id, kind, subject, is_forecast.

    The mark of a subject is the period mark; where there is none yet, the weighted mean of three digits or more,
    rounded half up (requirements B-28: preliminary), and the row is a forecast. Subjects that tell neither are left
    out; then at least half of the pupil's subjects and three of them must be told. `kind`: one_three (one 3, the rest
    4 and 5), one_four (one 4, the rest 5). Without unsatisfactory period marks and н/а. A class with half-years and
    groups has one row per pupil.
    """
    here = journals.filter(~pl.col("is_left") & pl.col("needed_count").is_not_null())
    mean = foretold()
    code = pl.col("period_mark_code")
    told = here.with_columns(
        pl.coalesce(code, mean).alias("mark"), (code.is_null() & mean.is_not_null()).alias("is_foretold")
    ).filter(pl.col("mark").is_null() | pl.col("mark").is_between(1, 5) | (pl.col("mark") == 10))
    mark = pl.col("mark")
    each = told.group_by("pupil_id").agg(
        mark.count().alias("n"),
        pl.len().alias("of"),
        ((mark < 3) | (mark > 5)).sum().alias("bad"),
        (mark == 3).sum().alias("threes"),
        (mark == 4).sum().alias("fours"),
        pl.col("subject").filter(mark == 3).first().alias("three_in"),
        pl.col("subject").filter(mark == 4).first().alias("four_in"),
        pl.col("is_foretold").any().alias("is_forecast"),
    )
    enough = (pl.col("n") >= MIN_SUBJECTS) & (2 * pl.col("n") >= pl.col("of")) & (pl.col("bad") == 0)
    is_three, is_four = pl.col("threes") == 1, (pl.col("threes") == 0) & (pl.col("fours") == 1)
    return (
        each.filter(enough & (is_three | is_four))
        .select(
            "pupil_id",
            pl.when(is_three).then(pl.lit("one_three")).otherwise(pl.lit("one_four")).alias("kind"),
            pl.when(is_three).then("three_in").otherwise("four_in").alias("subject"),
            "is_forecast",
        )
        .sort("kind", "pupil_id")
    )


def unexplained(missed: pl.DataFrame, until: date) -> pl.DataFrame:
    """Pupils with absences whose reason is not known: pupil_id, full_name, n, oldest_on, weeks (age of the oldest in
    whole weeks at `until`); the oldest first (requirements B-26)."""
    monday = until - timedelta(days=until.weekday())
    rows = missed.filter(pl.col("code").is_in(UNKNOWN_CODES))
    grouped = rows.group_by("pupil_id", "full_name").agg(
        pl.len().alias("n"), pl.col("held_on").min().alias("oldest_on")
    )
    week_of = pl.col("oldest_on").dt.truncate("1w")
    return grouped.with_columns(((pl.lit(monday) - week_of).dt.total_days() // 7).alias("weeks")).sort(
        "oldest_on", "full_name", "pupil_id"
    )


def unfilled(duties: pl.DataFrame, dims: pl.DataFrame) -> pl.DataFrame:
    """Journals of the class with records not made: journal_id, subject, group, teacher, value, whole, unfilled; the
    emptiest first. The metric is `completeness`, as everywhere."""
    if duties.is_empty():
        return pl.DataFrame()
    shares = METRICS["completeness"].by(duties, "journal_id")
    names = duties.group_by("journal_id").agg(pl.col("teacher").drop_nulls().first(), pl.col("unfilled").sum())
    named = dims.select("journal_id", "subject", "group_kind", "group_name")
    rows = shares.join(names, on="journal_id").join(named, on="journal_id")
    return rows.filter(pl.col("unfilled") > 0).sort(
        ["unfilled", "subject", "journal_id"], descending=[True, False, False]
    )
