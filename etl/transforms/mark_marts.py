"""Marks of one school by pupil, journal and period: accumulation, objectivity, results. Pure.

Grade 1 has no marks and stands outside (requirements A8-5). A period is the finest one of the class.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from etl.contract.learning import (
    AGREES,
    ON_BORDER,
    OVER,
    SHORT_STAY,
    TOO_FEW,
    UNDER,
    WITHOUT_MARKS,
)
from etl.contract.variants import DEFAULTS, Variants
from etl.transforms.learning import Absences, grades_given
from etl.transforms.lessons_ahead import lessons_ahead
from etl.transforms.obligations.context import Context
from etl.transforms.school_calendar import finest_periods
from etl.transforms.values import EXEMPT, FAILED, NOT_ATTESTED

_PLACE = ["school_year", "class_id", "journal_id", "period_id"]
_PUPIL = [*_PLACE, "pupil_id"]
_FAILING = (1, 2, NOT_ATTESTED, FAILED)


def build_mark_marts(
    context: Context, lessons: pl.DataFrame, absences: Absences, variants: Variants = DEFAULTS
) -> dict[str, pl.DataFrame]:
    """Rows of mart_pupil_journal, mart_mark_fill and mart_period_group; none where the source knows no rosters."""
    pupils = _pupil_journals(context, lessons, absences, variants)
    return {
        "mart_pupil_journal": pupils,
        "mart_mark_fill": _fill(pupils),
        "mart_period_group": _groups(pupils),
    }


def _pupil_journals(context: Context, lessons: pl.DataFrame, absences: Absences, variants: Variants) -> pl.DataFrame:
    """One row per pupil, journal and period with lessons held.

    `lesson_count` are the pupil's slots; `is_short`: fewer than a quarter of the journal's lessons; `is_left`: not in
    the journal at the end of the period, or where the data end (both are listed apart, G17). `needed_count` is the
    norm of marks for the weekly hours, scaled by the lessons held so far and by the pupil's own, rounded up, 1 at
    least; null in a journal without marks (`without_marks`), which no accumulation is asked of. `is_early`: the
    period runs and fewer lessons than `early_lessons` were held in the journal, so nobody owes a mark yet.
    """
    known = lessons.filter(pl.col("period_id").is_not_null() & (pl.col("grade") != 1))
    if not context.knows_rosters:
        known = known.clear()
    by_day = known.group_by(*_PLACE, "held_on").agg(pl.len().alias("lesson_count"))
    slots = (
        context.journal_day_roster.rename({"on": "held_on"})
        .join(by_day, on=["journal_id", "held_on"], how="inner")
        .group_by(_PUPIL)
        .agg(pl.col("lesson_count").sum())
    )
    missed = absences.missed.group_by(_PUPIL).agg(pl.len().alias("missed_count"))
    rows = slots.join(missed, on=_PUPIL, how="left").join(_marks(context, known), on=_PUPIL, how="left")
    rows = rows.join(_given(context), on=["journal_id", "period_id", "pupil_id"], how="left")
    rows = rows.join(_at_the_end(context, known), on=["journal_id", "period_id", "pupil_id"], how="left")
    rows = rows.join(_norms(context, known, variants), on=_PLACE, how="left")
    rows = rows.join(_limits(context, variants), on="journal_id", how="left")
    rows = rows.join(without_marks(context), on="journal_id", how="left")
    share = pl.col("lesson_count") / pl.col("held_count")
    counts = ("missed_count", "mark_count", "asked_count", "digit_count", "digit_sum", "weight", "points")
    rows = rows.with_columns(pl.col(name).fill_null(0).cast(pl.Int32) for name in counts).with_columns(
        (share < SHORT_STAY).alias("is_short"),
        pl.col("is_there").is_null().alias("is_left"),
        pl.when(pl.col("is_without_marks").is_null()).then(
            pl.max_horizontal(pl.lit(1), (pl.col("norm") * pl.col("done_share") * share - 1e-9).ceil()).cast(pl.Int16)
        ).alias("needed_count"),
        ((pl.col("done_share") < 1) & (pl.col("held_count") < variants.early_lessons)).alias("is_early"),
        verdict(variants, pl.col("within")),
    )  # fmt: skip
    return rows.select(
        *_PUPIL, pl.col("lesson_count").cast(pl.Int32), *counts, "needed_count", "period_mark_code", "verdict",
        "is_short", "is_left", "is_norm_stated", "is_early",
    )  # fmt: skip


def _limits(context: Context, variants: Variants) -> pl.DataFrame:
    """How far a period mark may be from the weighted mean: journal_id, within (hundredths; by the subject's name)."""
    stated = dict(variants.objectivity_by_subject)
    names = context.journals.select("journal_id", "subject_id").join(
        context.state["subject"].select("subject_id", "name"), on="subject_id", how="left"
    )
    within = (
        pl.col("name")
        .str.strip_chars()
        .str.to_lowercase()
        .replace_strict(stated, default=variants.objectivity_within, return_dtype=pl.Int64)
        if stated
        else pl.lit(variants.objectivity_within, pl.Int64)
    )
    return names.select("journal_id", within.alias("within"))


def verdict(variants: Variants = DEFAULTS, within: pl.Expr | None = None) -> pl.Expr:
    """What the current marks say of the period mark, in whole hundredths of a mark so that 4.60 stays 4.60.

    Needs period_mark_code, digit_count, weight and points (sums of weights and of weight × mark, in hundredths).
    `within` = hundredths of a mark in which both agree, where they depend on the row.
    """
    allowed = (within if within is not None else pl.lit(variants.objectivity_within)).cast(pl.Int64)
    distance = 100 * (pl.col("period_mark_code").cast(pl.Int64) * pl.col("weight") - pl.col("points"))
    beyond = distance.abs() - allowed * pl.col("weight").cast(pl.Int64)
    return (
        pl.when(~pl.col("period_mark_code").is_between(1, 5) | pl.col("period_mark_code").is_null())
        .then(pl.lit(None, pl.Int16))
        .when(pl.col("digit_count") == 0)
        .then(WITHOUT_MARKS)
        .when((pl.col("digit_count") < variants.objectivity_marks) | (pl.col("weight") == 0))
        .then(TOO_FEW)
        .when(beyond.abs() <= variants.objectivity_border * pl.col("weight").cast(pl.Int64))
        .then(ON_BORDER)
        .when(beyond < 0)
        .then(AGREES)
        .when(distance > 0)
        .then(OVER)
        .otherwise(UNDER)
        .cast(pl.Int16)
        .alias("verdict")
    )


def _marks(context: Context, lessons: pl.DataFrame) -> pl.DataFrame:
    """Grades by pupil, journal and period; a mark without a work, or of one without a weight, weighs 1."""
    works = context.state["work"].select("work_id", "weight")
    grades = grades_given(context, lessons.select("lesson_id", *_PLACE)).join(works, on="work_id", how="left")
    digit = pl.col("mark_code").is_between(1, 5)
    weight = pl.when(digit).then((pl.col("weight").cast(pl.Float64).fill_null(1.0) * 100).round()).otherwise(0)
    return grades.group_by(_PUPIL).agg(
        pl.len().alias("mark_count"),
        pl.col("lesson_id").n_unique().alias("asked_count"),
        digit.sum().alias("digit_count"),
        pl.when(digit).then(pl.col("mark_code").cast(pl.Int32)).sum().alias("digit_sum"),
        weight.sum().cast(pl.Int32).alias("weight"),
        (weight * pl.col("mark_code")).sum().cast(pl.Int32).alias("points"),
    )


def without_marks(context: Context) -> pl.DataFrame:
    """Journals taught without marks, as ОРКСЭ in grade 4: their period marks are зачёт, осв or н/оц and never a digit.

    Before the first period mark nobody can tell them from journals that were not filled.
    """
    kinds = context.present("period_mark").filter(pl.col("mark_code") != 0).group_by("journal_id")
    digits = pl.col("mark_code").is_between(1, 5).any() | (pl.col("mark_code") == NOT_ATTESTED).any()
    return kinds.agg(digits.alias("has_digits")).filter(~pl.col("has_digits")).select(
        "journal_id", pl.lit(value=True).alias("is_without_marks")
    )  # fmt: skip


def _given(context: Context) -> pl.DataFrame:
    """The period mark of a pupil in a journal: the last one, were there two."""
    marks = context.present("period_mark").filter((pl.col("mark_code") != 0) & (pl.col("kind") == "period"))
    return (
        marks.sort("period_mark_id")
        .unique(["journal_id", "period_id", "pupil_id"], keep="last", maintain_order=True)
        .select("journal_id", "period_id", "pupil_id", pl.col("mark_code").cast(pl.Int16).alias("period_mark_code"))
    )


def _at_the_end(context: Context, lessons: pl.DataFrame) -> pl.DataFrame:
    """Who is in the journal on the last day of the period, or where the data end: journal_id, period_id, pupil_id."""
    ends = context.periods.select("period_id", pl.min_horizontal("ends_on", pl.lit(context.last_day)).alias("on"))
    days = lessons.select("journal_id", "period_id").unique().join(ends, on="period_id")
    pupils = context.journal_pupils(days.select("journal_id", "on").unique())
    return (
        days.join(pupils, on=["journal_id", "on"])
        .select("journal_id", "period_id", "pupil_id")
        .with_columns(pl.lit(value=True).alias("is_there"))
    )


def _norms(context: Context, lessons: pl.DataFrame, variants: Variants) -> pl.DataFrame:
    """By journal and period: held_count, norm, is_norm_stated and done_share, the part of the period's lessons that is
    over: held ÷ (held + `lessons_ahead`); by days in periods that are over or beside those of the journal's class."""
    held = lessons.group_by(_PLACE).agg(pl.len().alias("held_count"), pl.col("held_on").n_unique().alias("days"))
    spans = context.periods.select("period_id", "starts_on", "ends_on")
    last = context.last_day
    running = finest_periods(context.classes, context.periods).filter(
        pl.lit(last).is_between(pl.col("starts_on"), pl.col("ends_on"))
    )
    ahead = lessons_ahead(context, lessons, running.with_columns(pl.lit(last).alias("cut_on")))
    rows = held.join(spans, on="period_id", how="left").join(ahead, on=["journal_id", "period_id"], how="left")
    total = (pl.col("ends_on") - pl.col("starts_on")).dt.total_days() + 1
    over = (pl.min_horizontal("ends_on", pl.lit(last)) - pl.col("starts_on")).dt.total_days() + 1
    by_days = (over / total).clip(0.0, 1.0)
    by_lessons = pl.col("held_count") / (pl.col("held_count") + pl.col("ahead_count"))
    rows = rows.with_columns(
        pl.when(pl.col("ahead_count").is_not_null()).then(by_lessons).otherwise(by_days).alias("done_share"),
        # hours a week as they were held, where no curriculum states them
        (pl.col("held_count") / (over / 7).clip(1.0)).round().alias("seen_hours"),
    )
    rows = rows.join(_hours(context), on="journal_id", how="left")
    hours = pl.coalesce("weekly_hours", "seen_hours")
    norms, is_stated = stated_norms(context, last, variants)
    return rows.select(
        *_PLACE, "held_count", "done_share", norm_of(hours, norms).alias("norm"),
        pl.lit(is_stated).alias("is_norm_stated"),
    )  # fmt: skip


def journal_norms(context: Context, lessons: pl.DataFrame, variants: Variants = DEFAULTS) -> pl.DataFrame:
    """Norm of marks of a whole period, not scaled: journal_id, period_id, norm, is_norm_stated.

    `lessons` as of `held_lessons`; a journal without a lesson in the period has none.
    """
    return _norms(context, lessons.filter(pl.col("period_id").is_not_null()), variants).select(
        "journal_id", "period_id", "norm", "is_norm_stated"
    )


def _hours(context: Context) -> pl.DataFrame:
    """Weekly hours of journals by the curriculum: journal_id, weekly_hours."""
    plan = context.present("curriculum").group_by("group_id", "subject_id").agg(pl.col("weekly_hours").sum())
    return context.journals.join(plan, on=["group_id", "subject_id"]).select(
        "journal_id", pl.col("weekly_hours").cast(pl.Float64)
    )


def stated_norms(context: Context, day: date, variants: Variants = DEFAULTS) -> tuple[dict[float, int], bool]:
    """Norms of the act in force on a day by weekly hours, else the school's setting or the default; and whether the act
    states them."""
    in_force = [act for act in context.versions if act.valid_from is None or act.valid_from <= day][
        -1:
    ] or context.versions[:1]
    value = in_force[0].value("min_marks_per_period") if in_force else None
    if not isinstance(value, Mapping) or not value:
        return dict(variants.mark_norms), False
    return {float(hours): int(norm) for hours, norm in value.items()}, True  # type: ignore[arg-type]


def norm_of(hours: pl.Expr, norms: Mapping[float, int]) -> pl.Expr:
    """The norm of the greatest stated number of hours that is not above `hours`; the least one below it."""
    steps = sorted(norms.items())
    found = pl.lit(steps[0][1], pl.Int16)
    chosen: pl.Expr = found
    for least, norm in steps[1:]:
        chosen = pl.when(hours >= least).then(pl.lit(norm, pl.Int16)).otherwise(chosen)
    return chosen


def _fill(pupils: pl.DataFrame) -> pl.DataFrame:
    """Rows of mart_mark_fill: journal × period. Pupils exempt from the subject are not counted at all."""
    rows = pupils.filter(pl.col("period_mark_code").ne_missing(EXEMPT) & pl.col("needed_count").is_not_null())
    is_counted = ~pl.col("is_short") & ~pl.col("is_left")
    owes = is_counted & ~pl.col("is_early")

    def total(name: str) -> pl.Expr:
        return pl.col(name).filter(is_counted).sum()

    def number(condition: pl.Expr) -> pl.Expr:
        return (is_counted & condition).sum()

    marks, needed = pl.col("mark_count"), pl.col("needed_count")
    verdicts = {
        "agrees_count": AGREES, "over_count": OVER, "under_count": UNDER, "border_count": ON_BORDER,
        "too_few_count": TOO_FEW, "without_marks_count": WITHOUT_MARKS,
    }  # fmt: skip
    return rows.group_by(_PLACE).agg(
        is_counted.sum().cast(pl.Int32).alias("pupil_count"),
        (~is_counted).sum().cast(pl.Int32).alias("apart_count"),
        total("mark_count").cast(pl.Int32).alias("pupil_mark_count"),
        (owes & (marks == 0)).sum().cast(pl.Int32).alias("unmarked_count"),
        (owes & (marks == 1)).sum().cast(pl.Int32).alias("one_mark_count"),
        (owes & (marks >= needed)).sum().cast(pl.Int32).alias("norm_count"),
        pl.min_horizontal(marks, needed.cast(pl.Int32)).filter(owes).sum().cast(pl.Int32).alias("capped_count"),
        needed.filter(owes).sum().cast(pl.Int32).alias("needed_count"),
        number(pl.col("is_early")).cast(pl.Int32).alias("early_count"),
        total("asked_count").cast(pl.Int32).alias("asked_count"),
        (pl.col("lesson_count") - pl.col("missed_count")).filter(is_counted).sum().cast(pl.Int32)
        .alias("present_count"),
        *(pl.col(name).sum().cast(pl.Int32) for name in ("digit_count", "digit_sum")),
        pl.col("weight").sum().cast(pl.Int64).alias("weight_sum"),
        pl.col("points").sum().cast(pl.Int64).alias("point_sum"),
        *((pl.col("verdict") == code).sum().cast(pl.Int32).alias(name) for name, code in verdicts.items()),
        pl.col("is_norm_stated").first(),
    )  # fmt: skip


def _groups(pupils: pl.DataFrame) -> pl.DataFrame:
    """Rows of mart_period_group: class × period, pupils by their period marks (peers §2, M11).

    Of the pupils in a journal at the end of a period for which the class has any mark. A pupil is sorted into a group
    only when every journal of his has a period mark; зачёт and осв are neutral.
    """
    place = ["school_year", "class_id", "period_id"]
    marks = pl.col("period_mark_code")
    begun = pupils.group_by(place).agg(marks.is_not_null().any().alias("is_begun")).filter("is_begun").drop("is_begun")
    each = (
        pupils.filter(~pl.col("is_left"))
        .join(begun, on=place, how="semi")
        .group_by(*place, "pupil_id")
        .agg(
            marks.is_null().any().alias("lacks"),
            marks.is_in(_FAILING).any().alias("fails"),
            (marks == NOT_ATTESTED).any().alias("is_unattested"),
            marks.is_between(1, 5).any().alias("has_digit"),
            (marks == 3).sum().alias("threes"),
            (marks == 4).sum().alias("fours"),
        )
    )
    whole = ~pl.col("lacks") & pl.col("has_digit") & ~pl.col("fails")
    good = whole & (pl.col("threes") == 0)
    groups = {
        "listed_count": pl.lit(value=True),
        "incomplete_count": pl.col("lacks"),
        "failing_count": pl.col("fails"),
        "unattested_count": pl.col("is_unattested"),
        "excellent_count": good & (pl.col("fours") == 0),
        "good_count": good & (pl.col("fours") > 0),
        "one_four_count": good & (pl.col("fours") == 1),
        "one_three_count": whole & (pl.col("threes") == 1),
    }
    return (
        each.with_columns(condition.alias(name) for name, condition in groups.items())
        .group_by(place)
        .agg(pl.col(name).sum().cast(pl.Int32) for name in groups)
    )
