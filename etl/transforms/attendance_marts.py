"""Attendance of one school by day and by pupil, where the data end. Pure; the metrics are sums over these rows."""

from __future__ import annotations

import polars as pl

from etl.contract.learning import SPREAD_STEP
from etl.contract.variants import DayRule
from etl.transforms.learning import Absences, absence_sums, filled, held_sums, mark_sums
from etl.transforms.obligations.context import Context

_DAY = ["school_year", "class_id", "journal_id", "held_on"]
_SCHOOL_DAY = ["school_year", "held_on"]
_PUPIL_MONTH = ["school_year", "class_id", "pupil_id", "month_on"]
_MISSED_DAY: dict[DayRule, pl.Expr] = {
    "every_lesson": pl.col("missed") == pl.col("slot_count"),
    "half_of_lessons": 2 * pl.col("missed") >= pl.col("slot_count"),
    "any_lesson": pl.col("missed") >= 1,
}


def build_attendance(
    context: Context, lessons: pl.DataFrame, absences: Absences, absent_day: DayRule = "every_lesson"
) -> dict[str, pl.DataFrame]:
    """Rows of mart_attendance_day, mart_attendance_school, mart_pupil_month and mart_absence_spread.

    `lessons` and `absences` as of `held_lessons` and `find_absences`. By the day of the lesson: the attendance until
    any past day is a sum. So are current marks, which stand beside it.
    """
    days = held_sums(lessons, _DAY).join(absence_sums(absences, _DAY), on=_DAY, how="left")
    day = filled(days, _DAY)
    counts = [name for name in day.columns if name not in _DAY]
    pupils = _pupil_months(context, lessons, absences, absent_day)
    return {
        "mart_attendance_day": filled(day.join(mark_sums(context, lessons, _DAY), on=_DAY, how="left"), _DAY),
        "mart_attendance_school": day.group_by(_SCHOOL_DAY).agg(pl.col(name).sum() for name in counts),
        "mart_pupil_month": pupils,
        "mart_absence_spread": _spread(pupils),
    }


def _pupil_months(context: Context, lessons: pl.DataFrame, absences: Absences, absent_day: DayRule) -> pl.DataFrame:
    """One row per class, pupil and month (requirements B-23): slots, missed by reason, late; days with lessons and the
    days missed by the school's rule (by default: whose every lesson was missed). A source without rosters has none:
    nobody's lessons are known."""
    if not context.knows_rosters:
        return _empty()
    by_day = lessons.group_by("school_year", "class_id", "journal_id", "held_on", "month_on").agg(
        pl.len().alias("slot_count")
    )
    key = [*_PUPIL_MONTH, "held_on"]
    slots = (
        context.journal_day_roster.rename({"on": "held_on"})
        .join(by_day, on=["journal_id", "held_on"], how="inner")
        .group_by(key)
        .agg(pl.col("slot_count").sum())
    )
    days = slots.join(absences.missed.group_by(key).agg(pl.len().alias("missed")), on=key, how="left")
    months = days.group_by(_PUPIL_MONTH).agg(
        pl.col("slot_count").sum(),
        pl.len().alias("day_count"),
        _MISSED_DAY[absent_day].sum().alias("missed_day_count"),
    )
    sums = absence_sums(absences, _PUPIL_MONTH).drop("stray_count")
    return filled(months.join(sums, on=_PUPIL_MONTH, how="left"), _PUPIL_MONTH)


def _spread(pupils: pl.DataFrame) -> pl.DataFrame:
    """One row per class, month and step of the share of lessons missed: how many pupils. No person is in it."""
    step = (pl.col("missed_count") * SPREAD_STEP) // pl.col("slot_count")
    return pupils.group_by("school_year", "class_id", "month_on", step.cast(pl.Int16).alias("step")).agg(
        pl.len().cast(pl.Int32).alias("pupil_count")
    )


def _empty() -> pl.DataFrame:
    counts = ("slot_count", "day_count", "missed_day_count", "missed_count", "missed_illness_count",
              "missed_valid_count", "missed_invalid_count", "missed_unknown_count", "late_count")  # fmt: skip
    keys = {"school_year": pl.Int16, "class_id": pl.Int32, "pupil_id": pl.Int32, "month_on": pl.Date}
    return pl.DataFrame(schema={**keys, **dict.fromkeys(counts, pl.Int32)})
