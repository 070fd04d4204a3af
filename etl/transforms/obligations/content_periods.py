"""What stands for a period's mark in grade 1 (annex R19, grade1_period_value). Grain: pupil × journal ×
period.
"""

from __future__ import annotations

import polars as pl

from etl.transforms.moments import INSTANT, start_of_day
from etl.transforms.obligations.context import Context
from etl.transforms.obligations.period_marks import journal_periods
from etl.transforms.obligations.responsible import journal_teachers
from etl.transforms.obligations.verdict import OBLIGATION, breaches
from etl.transforms.values import DEBT

_PAIR = ["pupil_id", "journal_id", "period_id"]


def build_content_of_periods(context: Context) -> pl.DataFrame:
    """Breaches of grade1_period_value: a value other than stated, or none after the period's end.

    A pair may have two rows that follow each other in time (none yet, then a wrong one); at no T are there
    both.
    """
    if not any(version.word("first_grade_period_value") for version in context.versions):
        return pl.DataFrame(schema=OBLIGATION)
    pairs = _wrong(context).join(_without(context), on=_PAIR, how="full", coalesce=True)
    # a wrong value lasts; a lack of one lasts until a value may have been made. Where they meet, they are one
    # breach
    meets = pl.col("wrong_since").is_not_null() & (
        pl.col("lack_until").is_null() | (pl.col("wrong_since") <= pl.col("lack_until"))
    )
    lasting = pairs.filter(pl.col("wrong_since").is_not_null()).with_columns(
        pl.when(meets).then(pl.min_horizontal("wrong_since", "lack_since")).otherwise("wrong_since").alias("since"),
        pl.lit(None, INSTANT).alias("until"),
    )
    lacking = pairs.filter(pl.col("lack_since").is_not_null() & ~meets).with_columns(
        pl.col("lack_since").alias("since"), pl.col("lack_until").alias("until")
    )
    rows = _placed(pl.concat([lasting, lacking]).select(*_PAIR, "since", "until"), context)
    return breaches(rows, "grade1_period_value", "since", "until")


def _wrong(context: Context) -> pl.DataFrame:
    """Pairs with a value of kind period or year that is not the stated one, since the first of them."""
    ends = context.state["period"].select("period_id", "ends_on")
    first_grade = context.classes.filter(pl.col("grade") == 1).select("class_id")
    marks = context.present("period_mark").filter(
        (pl.col("mark_code") != DEBT) & pl.col("kind").is_in(["period", "year"])
    )
    marks = marks.join(first_grade, on="class_id", how="semi").join(ends, on="period_id", how="left")
    day = pl.coalesce("ends_on", pl.date(pl.col("school_year").cast(pl.Int32), 9, 1))
    of_period, of_year = (
        context.word("first_grade_period_value", day),
        context.word("first_grade_year_value", day),
    )
    stated = pl.when(pl.col("kind") == "year").then(of_year).otherwise(of_period)
    wrong = marks.filter(of_period.is_not_null() & pl.col("value").ne_missing(stated))
    return wrong.group_by(_PAIR).agg(pl.col("recorded_latest").min().alias("wrong_since"))


def _without(context: Context) -> pl.DataFrame:
    """Pupils of journals of grade 1 from the day after the period's end until a value may have been made; the
    year is not asked for.
    """
    pairs = journal_periods(context, pl.col("grade") == 1).filter(
        ~pl.col("is_year") & context.word("first_grade_period_value", pl.col("ends_on")).is_not_null()
    )
    if not context.sight.carries("period_mark"):
        pairs = pairs.clear()
    pupils = context.journal_pupils(pairs.select("journal_id", pl.col("ends_on").alias("on")).unique()).rename(
        {"on": "ends_on"}
    )
    marks = context.present("period_mark").filter((pl.col("mark_code") != DEBT) & (pl.col("kind") == "period"))
    first = marks.group_by(_PAIR).agg(pl.col("recorded_earliest").min().alias("lack_until"))
    after = pairs.join(pupils, on=["journal_id", "ends_on"], how="inner").join(first, on=_PAIR, how="left")
    since = start_of_day(pl.col("ends_on") + pl.duration(days=1), context.zone)
    lacking = after.with_columns(since.alias("lack_since")).filter(
        pl.col("lack_until").is_null() | (pl.col("lack_since") < pl.col("lack_until"))
    )
    return lacking.select(*_PAIR, "lack_since", "lack_until")


def _placed(pairs: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Class, year, period's end and who answers for the journal on that day (annex R18)."""
    ends = context.state["period"].select("period_id", pl.col("ends_on").alias("on"))
    journals = context.journals.select("journal_id", "class_id", "school_year")
    placed = pairs.join(ends, on="period_id", how="left").join(journals, on="journal_id", how="left")
    teachers = journal_teachers(context, placed.select("journal_id", "on"))
    placed = placed.join(teachers, on=["journal_id", "on"], how="left", nulls_equal=True)
    return placed.with_columns(
        pl.col("on").alias("anchor_on"), context.version_on(pl.col("on")).alias("profile_version")
    )
