"""Reports of a class on attendance (requirements B-12, B-23, B-24, B-26; 004 5-КР-8, 001 ЗД-12). Pure.

Lessons are counted as on the page of attendance: pupil × held lesson; a month counts where its middle lies in the
period.
"""

from __future__ import annotations

import polars as pl

from dashboard.class_rows import unexplained
from dashboard.i18n import has, month, t
from dashboard.library.parts import Field, by_name, table
from dashboard.queries.class_reports import ClassFrames
from dashboard.queries.schools import natural_order
from dashboard.reports.document import Section
from etl.warehouse.metrics import METRICS

COUNTS = (
    "slot_count", "missed_count", "missed_illness_count", "missed_valid_count", "missed_invalid_count",
    "missed_unknown_count", "missed_day_count", "late_count",
)  # fmt: skip


def counted(months: pl.DataFrame) -> pl.DataFrame:
    """One row per pupil with the sums of COUNTS and `attended` (the metric attendance_share), the class last."""
    sums = months.group_by("pupil_id", "full_name").agg(pl.col(name).sum() for name in COUNTS)
    whole = sums.select(
        pl.lit(None, pl.Int64).alias("pupil_id"), pl.lit(t("report.total")).alias("full_name"),
        *(pl.col(name).sum() for name in COUNTS),
    )  # fmt: skip
    rows = pl.concat([by_name(sums), whole]).with_columns(
        (pl.col("slot_count") - pl.col("missed_count")).alias("attended_count")
    )
    shares = METRICS["attendance_share"].by(rows, "pupil_id").select("pupil_id", pl.col("value").alias("attended"))
    return rows.join(shares, on="pupil_id", how="left", nulls_equal=True, maintain_order="left")


def _columns() -> list[Field]:
    words = [Field(name, t(f"report.column_{name}")) for name in COUNTS]
    return [
        Field("full_name", t("report.column_pupil"), "text"),
        *words,
        Field("attended", t("report.attended"), "share"),
    ]


def by_month(frames: ClassFrames) -> list[Section]:
    """«Отчет о посещаемости класса (по месяцам)»: every month of the period, then all of them."""
    months = frames.months
    every = months["month_on"].unique().sort().to_list() if months.width else []
    parts = [table(_capital(month(on)), counted(months.filter(pl.col("month_on") == on)), _columns()) for on in every]
    notes = (t("report.reasons_note"),)
    rows = counted(months) if every else pl.DataFrame()
    return [*parts, table(t("report.whole_period"), rows, _columns(), notes=notes, nothing=t("report.no_rosters"))]


def summary(frames: ClassFrames) -> list[Section]:
    """«Сводная ведомость учета посещаемости»: sums by pupil, then lessons missed by subject."""
    rows = counted(frames.months) if frames.months.height else pl.DataFrame()
    totals = table(t("report.attendance_totals"), rows, _columns(), nothing=t("report.no_rosters"))
    if frames.journals.is_empty():
        return [totals]
    subjects = frames.journals.select("subject").unique().sort(natural_order("subject"))["subject"].to_list()
    sums = frames.journals.group_by("pupil_id", "full_name", "subject").agg(pl.col("missed_count").sum())
    whole = sums.group_by("subject").agg(pl.col("missed_count").sum()).select(
        pl.lit(None, pl.Int64).alias("pupil_id"), pl.lit(t("report.total")).alias("full_name"), "subject",
        "missed_count",
    )  # fmt: skip
    wide = by_name(sums.pivot("subject", index=["pupil_id", "full_name"], values="missed_count"))
    last = whole.pivot("subject", index=["pupil_id", "full_name"], values="missed_count")
    shown = pl.concat([wide.select("full_name", *subjects), last.select("full_name", *subjects)])
    columns = [Field("full_name", t("report.column_pupil"), "text"), *(Field(name, name) for name in subjects)]
    note = t("report.by_period_note")
    return [totals, table(t("report.missed_by_subject"), shown, columns, notes=(note,))]


def missed_topics(frames: ClassFrames) -> list[Section]:
    """Lessons missed with their topics, by pupil (001 ЗД-12)."""
    rows = by_name(frames.missed.sort("held_on", "slot", "subject")) if frames.missed.height else frames.missed
    return [table(t("report.missed_topics"), _worded(rows), missed_columns(), nothing=t("attendance.missed_none"))]


def missed_columns() -> list[Field]:
    """Columns of a list of missed lessons, the pupil first."""
    return [
        Field("full_name", t("report.column_pupil"), "text"),
        Field("held_on", t("attendance.column_date"), "day"),
        Field("subject", t("performance.column_subject"), "text"),
        Field("topic", t("attendance.column_topic"), "text"),
        Field("reason", t("attendance.column_reason"), "text"),
        Field("made_up", t("attendance.column_made_up"), "text"),
    ]


def _worded(missed: pl.DataFrame) -> pl.DataFrame:
    if missed.is_empty():
        return missed
    codes = missed["code"].unique().to_list()
    words = {code: t(f"absence_code.{code}") if has(f"absence_code.{code}") else code for code in codes}
    return missed.with_columns(
        pl.col("code").replace_strict(words, return_dtype=pl.String).alias("reason"),
        pl.col("topic").fill_null(t("attendance.no_topic")),
        pl.when(pl.col("is_made_up")).then(pl.lit(t("report.yes"))).otherwise(pl.lit("—")).alias("made_up"),
    )


def missed_rows(missed: pl.DataFrame) -> pl.DataFrame:
    """Missed lessons with reason and make-up in words, the oldest first."""
    return _worded(missed.sort("held_on", "slot", "subject")) if missed.height else missed


def without_reason(frames: ClassFrames) -> list[Section]:
    """Pupils whose absences have no reason, the oldest first (000 П-5.4, 003 Т-3.1.4)."""
    if frames.missed.is_empty():
        return [table(t("report.without_reason"), frames.missed, [], nothing=t("attendance.missed_none"))]
    rows = unexplained(frames.missed, frames.last).with_columns(pl.col("full_name").fill_null(t("attendance.nameless")))
    columns = [
        Field("full_name", t("report.column_pupil"), "text"),
        Field("n", t("report.column_missed_count")),
        Field("oldest_on", t("report.column_oldest"), "day"),
        Field("weeks", t("report.column_weeks")),
    ]
    return [table(t("report.without_reason"), rows, columns, nothing=t("attendance.all_explained"))]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
