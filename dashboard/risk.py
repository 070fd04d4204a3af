"""Who is in the risk group of a class, and why: reasons as codes with their operands, no score. Pure.

The rule (requirements B-18; 001 КР-8 «особое внимание уделять группе риска и слабоуспевающим»): a pupil is in the group
when at least one of these holds in the period looked at. Thresholds are defaults of `contract.learning`.
- mean: in a subject with three digits or more the weighted mean of current marks is below 2.50;
- in_a_row: in a subject two digits in a row are 1 or 2 and the later one has not been repaired;
- missed: in a month at least 30 % of the lessons were missed;
- unmarked: two subjects or more have no mark after four lessons.
Reasons are listed, never added up; pupils stand in the order of their names.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dashboard.i18n import count, listed, number, percent, t
from etl.warehouse.metrics_forecast import (
    FORECAST_MIN_LESSONS,
    MARKS_TO_JUDGE,
    RISK_MEAN,
    RISK_UNMARKED_SUBJECTS,
)
from etl.warehouse.metrics_learning import SYSTEMATIC_SHARE


@dataclass(frozen=True)
class Reason:
    """One reason: its code, the subjects it speaks of, and its number (a mean in marks, months, subjects)."""

    code: str
    subjects: tuple[str, ...] = ()
    value: float = 0.0


def risk_reasons(journals: pl.DataFrame, low: pl.DataFrame, months: pl.DataFrame) -> dict[int, list[Reason]]:
    """Reasons by pupil_id; pupils without one are not in it.

    `journals`: rows of mart_pupil_journal with `subject`; `low`: rows of `class_records.read_low`; `months`: pupil_id,
    systematic_months (months with the share of missed lessons at the threshold).
    """
    found: dict[int, list[Reason]] = {}
    here = journals.filter(~pl.col("is_left"))
    known = here.filter((pl.col("digit_count") >= MARKS_TO_JUDGE) & (pl.col("weight") > 0))
    weak = known.filter(pl.col("points") * 100 < RISK_MEAN * pl.col("weight")).sort("pupil_id", "subject", "journal_id")
    for row in weak.iter_rows(named=True):
        found.setdefault(row["pupil_id"], []).append(Reason("mean", (row["subject"],), row["points"] / row["weight"]))
    for pupil, subjects in _subjects(low.filter(pl.col("follows_low") & ~pl.col("is_bettered"))):
        found.setdefault(pupil, []).append(Reason("in_a_row", subjects))
    for row in months.filter(pl.col("systematic_months") > 0).sort("pupil_id").iter_rows(named=True):
        found.setdefault(row["pupil_id"], []).append(Reason("missed", value=row["systematic_months"]))
    asked = here.filter(~pl.col("is_short") & pl.col("needed_count").is_not_null())
    silent = asked.filter((pl.col("mark_count") == 0) & (pl.col("lesson_count") >= FORECAST_MIN_LESSONS))
    for pupil, subjects in _subjects(silent):
        if len(subjects) >= RISK_UNMARKED_SUBJECTS:
            found.setdefault(pupil, []).append(Reason("unmarked", subjects, len(subjects)))
    return found


def _subjects(rows: pl.DataFrame) -> list[tuple[int, tuple[str, ...]]]:
    grouped = rows.group_by("pupil_id").agg(pl.col("subject").unique().sort()).sort("pupil_id")
    return [(pupil, tuple(subjects)) for pupil, subjects in grouped.select("pupil_id", "subject").iter_rows()]


def in_words(reason: Reason) -> str:
    """One reason as a sentence."""
    subjects = listed(reason.subjects)
    if reason.code == "mean":
        return t("risk.mean", subject=subjects, mean=number(reason.value, 2))
    if reason.code == "missed":
        return t("risk.missed", months=count(int(reason.value), "month"), share=percent(SYSTEMATIC_SHARE, 0))
    return t(f"risk.{reason.code}", subjects=subjects)
