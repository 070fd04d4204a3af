"""Reports of a class on marks (requirements B-13, B-16, B-29, B-30; 004 5-КР-8, 001 Р-2.12, ЗД-12). Pure.

Success, quality and the other shares are the metrics of the page of performance, over the same sums.
"""

from __future__ import annotations

import polars as pl

from dashboard.i18n import day_short, percent, t
from dashboard.library.parts import Field, by_name, facts, table
from dashboard.queries.class_reports import ClassFrames
from dashboard.queries.schools import natural_order
from dashboard.reports.document import Section
from dashboard.table_export import Share
from etl.warehouse.metrics import METRICS, Metric
from etl.warehouse.metrics_learning import LEARNING_METRICS

_WORDS = {10: "н/а", 11: "осв", 12: "н/оц", 13: "зач", 14: "незач"}
_GIVEN = ("mark_5_count", "mark_4_count", "mark_3_count", "mark_2_count", "unattested_mark_count")
GROUPS = ("excellent_pupils", "good_pupils", "one_four_pupils", "one_three_pupils", "failing_pupils")


def mark_words(code: str = "period_mark_code") -> pl.Expr:
    """A period mark as it is written: a digit or its abbreviation."""
    column = pl.col(code)
    other = column.replace_strict(_WORDS, default=None, return_dtype=pl.String)
    return pl.when(column <= 5).then(column.cast(pl.String)).otherwise(other)


def share(metric: Metric, rows: pl.DataFrame) -> Share | None:
    """The value of a share; None = cannot be told."""
    value = metric.of(rows).value if rows.width else None
    return None if value is None else Share(value)


def results(frames: ClassFrames) -> list[Section]:
    """«Итоги успеваемости класса за учебный период»: shares, groups of pupils, period marks by subject."""
    return [_shares(frames), _by_subject(frames)]


def _shares(frames: ClassFrames) -> Section:
    lines: list[tuple[str, str | int | float | Share | None]] = [
        (t("performance.card_success"), share(METRICS["success"], frames.success)),
        (t("performance.card_quality"), share(METRICS["quality"], frames.success)),
        (t("report.mean_period_mark"), _mean(METRICS["mean_period_mark"], frames.marks)),
        (t("performance.card_sou"), share(LEARNING_METRICS["sou"], frames.marks)),
        (t("report.listed"), int(frames.groups["listed_count"].sum()) if frames.groups.width else 0),
    ]
    for name in GROUPS:
        found = LEARNING_METRICS[name].of(frames.groups) if frames.groups.width else None
        lines.append((t(f"report.group_{name}"), found.part if found else 0))
    lines.append((t("report.unattested"), int(frames.groups["unattested_count"].sum()) if frames.groups.width else 0))
    lines.append((t("report.incomplete"), int(frames.groups["incomplete_count"].sum()) if frames.groups.width else 0))
    return facts(t("report.results"), lines, notes=(t("report.results_note"),))


def _mean(metric: Metric, rows: pl.DataFrame) -> float | None:
    value = metric.of(rows).value if rows.width else None
    return None if value is None else round(value, 2)


def _by_subject(frames: ClassFrames) -> Section:
    title = t("report.by_subject")
    columns = [
        Field("subject", t("performance.column_subject"), "text"),
        *(Field(name, t(f"report.column_{name}")) for name in _GIVEN),
        Field("mean", t("report.column_mean")),
        Field("quality", t("performance.card_quality"), "share"),
    ]
    if frames.marks.is_empty():
        return table(title, frames.marks, columns, nothing=t("report.no_period_marks"))
    named = frames.marks.join(frames.dims.select("journal_id", "subject"), on="journal_id", how="left")
    rows = named.group_by("subject").agg(
        *(pl.col(name).sum() for name in _GIVEN),
        (pl.col("period_digit_sum").sum() / pl.col("period_digit_count").sum()).round(2).fill_nan(None).alias("mean"),
    )
    quality = METRICS["period_mark_quality"].by(named, "subject").select("subject", pl.col("value").alias("quality"))
    ordered = rows.join(quality, on="subject", how="left").sort(natural_order("subject"))
    return table(title, ordered, columns)


def summary_sheet(frames: ClassFrames) -> list[Section]:
    """«Сводная ведомость учета успеваемости»: pupil × subject, period marks; empty places are counted (B-30)."""
    named = _listed(frames.journals)
    if named.is_empty():
        return [table(t("report.summary"), named, [], nothing=t("report.no_period_marks"))]
    wide, subjects = _matrix(named)
    given = int(wide.select(pl.sum_horizontal(pl.col(subjects).is_not_null().cast(pl.Int64)).sum()).item())
    places = named.select("pupil_id", "subject").unique().height
    columns = [Field("full_name", t("report.column_pupil"), "text"), *(Field(name, name, "text") for name in subjects)]
    filled = t("report.places", given=given, places=places, share=percent(given / places))
    return [table(t("report.summary"), wide, columns, notes=(filled,))]


def year_sheet(frames: ClassFrames) -> list[Section]:
    """«Сводная ведомость итоговой успешности за учебный год»: pupil × subject, the marks of every period in order,
    the year's after a bar."""
    named = _listed(frames.journals)
    if named.is_empty():
        return [table(t("report.year"), named, [], nothing=t("report.no_period_marks"))]
    wide, subjects = _matrix(named, separator=" ")
    columns = [Field("full_name", t("report.column_pupil"), "text"), *(Field(name, name, "text") for name in subjects)]
    return [table(t("report.year"), wide, columns, notes=(t("report.year_note"),))]


def _listed(journals: pl.DataFrame) -> pl.DataFrame:
    if journals.is_empty():
        return journals
    return by_name(journals.filter(~pl.col("is_left"))).with_columns(mark_words().alias("mark"))


def _matrix(named: pl.DataFrame, separator: str = "/") -> tuple[pl.DataFrame, list[str]]:
    subjects = named.select("subject").unique().sort(natural_order("subject"))["subject"].to_list()
    words = pl.col("mark").drop_nulls()
    in_order = pl.col("mark").sort_by(pl.col("period_kind") == "year", "period_on").fill_null("–")
    joined = (words.sort() if separator == "/" else in_order).str.join(separator)
    cells = named.group_by("pupil_id", "full_name", "subject", maintain_order=True).agg(
        joined.alias("mark"), words.len().alias("n")
    )  # fmt: skip
    told = cells.with_columns(pl.when(pl.col("n") > 0).then("mark").alias("mark"))
    wide = told.pivot("subject", index=["pupil_id", "full_name"], values="mark")
    return by_name(wide).select("full_name", *subjects), subjects


def low_topics(frames: ClassFrames) -> list[Section]:
    """Unsatisfactory marks with their topics, by pupil, and what repaired them (001 ЗД-12)."""
    rows = by_name(low_rows(frames.low)) if frames.low.height else frames.low
    return [table(t("report.low_topics"), rows, low_columns(), nothing=t("performance.low_none"))]


def low_columns() -> list[Field]:
    """Columns of a list of unsatisfactory marks, the pupil first."""
    return [
        Field("full_name", t("report.column_pupil"), "text"),
        Field("held_on", t("attendance.column_date"), "day"),
        Field("subject", t("performance.column_subject"), "text"),
        Field("topic", t("attendance.column_topic"), "text"),
        Field("value", t("performance.column_value"), "text"),
        Field("repaired", t("performance.column_bettered"), "text"),
    ]


def low_rows(low: pl.DataFrame) -> pl.DataFrame:
    """Unsatisfactory marks with the repair in words, the oldest first."""
    if low.is_empty():
        return low
    words = [
        f"{t('my_class.repaired', value=value, on=day_short(on))} ({t(f'repaired.{how}')})" if how else "—"
        for how, on, value in low.select("repaired_how", "repaired_on", "repaired_value").iter_rows()
    ]
    topic = pl.col("topic").fill_null(t("attendance.no_topic"))
    return low.with_columns(pl.Series("repaired", words, dtype=pl.String), topic).sort("held_on", "slot", "subject")
