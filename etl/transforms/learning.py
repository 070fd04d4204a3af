"""Attendance and marks of one school in countable form, where the data end. Pure; the metrics are sums
over these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from etl.transforms.obligations.context import Context
from etl.transforms.school_calendar import finest_periods
from etl.transforms.values import FAILED, GRADES_GIVEN, LATE_CODES, MISSED_CODES, NOT_ATTESTED

_REASONS = {"Б": "missed_illness_count", "УП": "missed_valid_count", "НП": "missed_invalid_count"}
_KEY = ["school_year", "class_id", "journal_id", "period_id", "month_on"]
_UNSATISFACTORY = (1, 2, NOT_ATTESTED, FAILED)


def day_periods(context: Context) -> pl.DataFrame:
    """The finest period of each class on each day: class_id, on, period_id."""
    spans = finest_periods(context.classes, context.periods)
    days = spans.with_columns(pl.date_ranges("starts_on", "ends_on").alias("on")).explode("on")
    return (
        days.sort("class_id", "on", "starts_on", "period_id")
        .unique(["class_id", "on"], keep="first", maintain_order=True)
        .select("class_id", "on", "period_id")
    )


@dataclass(frozen=True)
class Absences:
    """Absences at held lessons, each with the columns of `held_lessons`: `missed` one row per missed slot with its best
    known reason (`code`), `late` one per pupil and lesson, `stray` absences of pupils who are not in the journal."""

    missed: pl.DataFrame
    late: pl.DataFrame
    stray: pl.DataFrame


def held_lessons(context: Context) -> pl.DataFrame:
    """Held lessons (annex R1) of kind lesson until the data end: lesson_id, held_on, slot_count and the keys of
    mart_learning. A slot is a pupil of the journal at a held lesson."""
    until = context.sight.newest.astimezone(ZoneInfo(context.zone)).date()
    lessons = context.lessons.filter(
        ~pl.col("is_deleted") & pl.col("is_held") & (pl.col("kind") == "lesson") & (pl.col("held_on") <= until)
    )
    placed = lessons.join(
        day_periods(context).rename({"on": "held_on"}), on=["class_id", "held_on"], how="left"
    ).with_columns(pl.col("held_on").dt.truncate("1mo").alias("month_on"))
    sized = placed.join(context.journal_day_pupils, on=["journal_id", "held_on"], how="left")
    return sized.select("lesson_id", "held_on", "grade", *_KEY, pl.col("pupil_count").fill_null(0).alias("slot_count"))


def build_learning(context: Context, lessons: pl.DataFrame, absences: Absences) -> pl.DataFrame:
    """Rows of mart_learning: journal × period × month over `held_lessons`.

    A missed lesson is a slot with at least one code of absence, whatever the number of rows (annex B22); its reason
    is the best known one. `stray_count` are absences of pupils who are not in the journal that day: they are outside,
    and counted.
    """
    found = held_sums(lessons, _KEY)
    for part in (absence_sums(absences, _KEY), mark_sums(context, lessons, _KEY)):
        found = found.join(part, on=_KEY, how="left", nulls_equal=True)
    return filled(found, _KEY)


def held_sums(lessons: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """held_count and slot_count by any columns of `held_lessons`."""
    return lessons.group_by(key).agg(pl.len().alias("held_count"), pl.col("slot_count").sum())


def filled(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Counts as whole numbers, nothing as 0."""
    counts = [name for name in rows.columns if name not in key]
    return rows.with_columns(pl.col(name).fill_null(0).cast(pl.Int32) for name in counts)


def find_absences(context: Context, lessons: pl.DataFrame) -> Absences:
    """The absences at `held_lessons`."""
    place = lessons.drop("slot_count")
    rows = context.present("absence").select("lesson_id", "pupil_id", "code").join(place, on="lesson_id", how="inner")
    listed = context.journal_pupils(rows.select("journal_id", pl.col("held_on").alias("on")).unique()).rename(
        {"on": "held_on"}
    )
    known = (
        listed.with_columns(pl.lit(value=True).alias("is_listed"))
        if context.knows_rosters
        else rows.select("journal_id", "held_on", "pupil_id")
        .unique()
        .with_columns(pl.lit(value=True).alias("is_listed"))
    )
    rows = rows.join(known, on=["journal_id", "held_on", "pupil_id"], how="left").with_columns(
        pl.col("is_listed").fill_null(value=False)
    )
    missed = rows.filter(pl.col("code").is_in(MISSED_CODES) & pl.col("is_listed"))
    rank = pl.col("code").replace_strict({"Б": 0, "УП": 1, "НП": 2}, default=3, return_dtype=pl.Int8)
    slot = ["lesson_id", "pupil_id"]
    return Absences(
        missed.sort(rank).unique(slot, keep="first", maintain_order=True),
        rows.filter(pl.col("code").is_in(LATE_CODES) & pl.col("is_listed")).unique(slot, keep="any"),
        rows.filter(~pl.col("is_listed") & pl.col("code").is_in(MISSED_CODES)),
    )


def absence_sums(absences: Absences, key: list[str]) -> pl.DataFrame:
    """Missed slots by reason, late comers and strays by any columns of `Absences`."""
    counted = absences.missed.group_by(key).agg(
        pl.len().alias("missed_count"),
        *((pl.col("code") == code).sum().alias(name) for code, name in _REASONS.items()),
        (~pl.col("code").is_in(list(_REASONS))).sum().alias("missed_unknown_count"),
    )
    late = absences.late.group_by(key).agg(pl.len().alias("late_count"))
    stray = absences.stray.group_by(key).agg(pl.len().alias("stray_count"))
    every = pl.concat([frame.select(key) for frame in (counted, late, stray)]).unique()
    for part in (counted, late, stray):
        every = every.join(part, on=key, how="left", nulls_equal=True)
    return every


def mark_sums(context: Context, place: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Lessons with a grade, grades, digits and their sum by any columns of `held_lessons`."""
    grades = grades_given(context, place)
    digit = pl.col("mark_code").is_between(1, 5)
    return grades.group_by(key).agg(
        pl.col("lesson_id").n_unique().alias("marked_lesson_count"),
        pl.len().alias("mark_count"),
        digit.sum().alias("digit_count"),
        pl.when(digit).then(pl.col("mark_code").cast(pl.Int32)).sum().alias("digit_sum"),
    )


def grades_given(context: Context, place: pl.DataFrame) -> pl.DataFrame:
    """Grades given at lessons: pupil_id, mark_code, work_id and the columns of `place`."""
    grades = context.present("mark").select("lesson_id", "pupil_id", "work_id", "mark_code")
    return grades.filter(pl.col("mark_code").is_in(GRADES_GIVEN)).join(place, on="lesson_id", how="inner")


def build_period_marks(context: Context) -> pl.DataFrame:
    """Rows of mart_period_mark: journal × period × kind × value."""
    marks = context.present("period_mark").filter(pl.col("mark_code") != 0)
    return marks.group_by("school_year", "class_id", "journal_id", "period_id", "kind", "mark_code").agg(
        pl.len().cast(pl.Int32).alias("row_count")
    )


def build_period_success(context: Context) -> pl.DataFrame:
    """Rows of mart_period_success: class × period, success and quality over pupils (requirements B-29, 004
    5-КР-8).

    Of the kinds `period` and `year`. Success: no 1, 2, н/а, незач; quality: every digit is 4 or 5, there is a
    digit and no unsatisfactory value.
    """
    marks = context.present("period_mark").filter(pl.col("kind").is_in(["period", "year"]) & (pl.col("mark_code") != 0))
    digit = pl.col("mark_code").is_between(1, 5)
    pupils = marks.group_by("school_year", "class_id", "period_id", "pupil_id").agg(
        (~pl.col("mark_code").is_in(_UNSATISFACTORY)).all().alias("succeeds"),
        (digit.any() & (~digit | (pl.col("mark_code") >= 4)).all()).alias("is_good"),
    )
    return pupils.group_by("school_year", "class_id", "period_id").agg(
        pl.len().cast(pl.Int32).alias("pupil_count"),
        pl.col("succeeds").sum().cast(pl.Int32).alias("success_count"),
        (pl.col("succeeds") & pl.col("is_good")).sum().cast(pl.Int32).alias("quality_count"),
    )
