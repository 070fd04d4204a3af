"""Reports of a class teacher: before and after the end of a period, movement, analysis, sheets for parents
(requirements B-17, B-18, B-28, B-31, B-49; 004 5-КР-8, 001 КР-3, КР-6). Pure.

A preliminary mark is the weighted mean of three digits or more, rounded half up, as in the reserve of «Мой класс»; it
is a forecast and says so.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboard.class_rows import reserve
from dashboard.i18n import count, day_short, has, number, t
from dashboard.library import attendance_reports, marks_reports
from dashboard.library.marks_reports import mark_words
from dashboard.library.parts import Field, by_name, facts, table
from dashboard.queries.class_reports import ClassFrames
from dashboard.queries.schools import natural_order
from dashboard.reports.document import Section
from dashboard.risk import in_words, risk_reasons
from etl.warehouse.metrics_forecast import MARKS_TO_JUDGE

_MOVES = ("opening", "arrived", "left", "closing")


def preliminary(frames: ClassFrames) -> list[Section]:
    """«Предварительный отчет»: forecast marks, the risk group, marks that are missing, the reserve."""
    return [_forecast(frames), _risk(frames), _short(frames), _reserve(frames)]


def _forecast(frames: ClassFrames) -> Section:
    title = t("report.forecast")
    if frames.journals.is_empty():
        return table(title, frames.journals, [], nothing=t("report.no_rosters"))
    mean = pl.when((pl.col("digit_count") >= MARKS_TO_JUDGE) & (pl.col("weight") > 0)).then(
        (2 * pl.col("points") + pl.col("weight")) // (2 * pl.col("weight"))
    )
    given = mark_words()
    foretold = pl.when(given.is_null() & mean.is_not_null()).then(mean.cast(pl.String) + "*")
    cells = frames.journals.filter(~pl.col("is_left")).with_columns(pl.coalesce(given, foretold).alias("mark"))
    subjects = cells.select("subject").unique().sort(natural_order("subject"))["subject"].to_list()
    grouped = cells.group_by("pupil_id", "full_name", "subject").agg(pl.col("mark").drop_nulls().sort().str.join("/"))
    wide = by_name(grouped.pivot("subject", index=["pupil_id", "full_name"], values="mark"))
    columns = [Field("full_name", t("report.column_pupil"), "text"), *(Field(name, name, "text") for name in subjects)]
    return table(title, wide, columns, notes=(t("report.forecast_note", n=MARKS_TO_JUDGE),))


def _risk(frames: ClassFrames) -> Section:
    title = t("report.risk")
    if frames.journals.is_empty():
        return table(title, frames.journals, [], nothing=t("report.no_rosters"))
    months = frames.months.group_by("pupil_id").agg(pl.col("is_systematic").sum().alias("systematic_months"))
    found = risk_reasons(frames.journals, frames.low, months)
    names = dict(by_name(frames.journals.select("pupil_id", "full_name").unique()).iter_rows())
    rows = [(names[pupil], " ".join(in_words(one) for one in found[pupil])) for pupil in names if pupil in found]
    shown = pl.DataFrame(rows, schema={"full_name": pl.String, "why": pl.String}, orient="row")
    columns = [Field("full_name", t("report.column_pupil"), "text"), Field("why", t("report.column_why"), "text")]
    return table(title, shown, columns, notes=(t("report.risk_note"),), nothing=t("report.risk_none"))


def _short(frames: ClassFrames) -> Section:
    """Pupils with fewer marks than the norm to date, as on the page of performance («Кого спросить»)."""
    title = t("performance.ask")
    rows = frames.journals
    if rows.height:
        is_here = ~pl.col("is_short") & ~pl.col("is_left") & pl.col("period_mark_code").ne_missing(11)
        rows = by_name(rows.filter(is_here & (pl.col("mark_count") < pl.col("needed_count"))).sort("subject"))
    columns = [
        Field("full_name", t("report.column_pupil"), "text"),
        Field("subject", t("performance.column_subject"), "text"),
        Field("mark_count", t("performance.column_marks")),
        Field("needed_count", t("performance.column_needed")),
    ]
    return table(title, rows, columns, nothing=t("performance.ask_none"))


def _reserve(frames: ClassFrames) -> Section:
    title = t("report.reserve")
    if frames.journals.is_empty():
        return table(title, frames.journals, [], nothing=t("report.no_rosters"))
    names = frames.journals.select("pupil_id", "full_name").unique("pupil_id")
    found = by_name(reserve(frames.journals).join(names, on="pupil_id", how="left"))
    kinds = {kind: t(f"reserve.{kind}") for kind in ("one_three", "one_four")}
    is_forecast = pl.when(pl.col("is_forecast")).then(pl.lit(f", {t('forecast.word')}")).otherwise(pl.lit(""))
    shown = found.with_columns(pl.col("kind").replace_strict(kinds, return_dtype=pl.String) + is_forecast)
    columns = [
        Field("full_name", t("report.column_pupil"), "text"),
        Field("kind", t("report.column_reserve"), "text"),
        Field("subject", t("performance.column_subject"), "text"),
    ]
    return table(title, shown, columns, nothing=t("report.reserve_none"))


def period_report(frames: ClassFrames) -> list[Section]:
    """«Отчет классного руководителя за учебный период»: results, movement, attendance."""
    rows = attendance_reports.counted(frames.months).tail(1) if frames.months.height else pl.DataFrame()
    total = [
        (t(f"report.column_{name}"), int(rows[name][0]) if rows.height else None) for name in attendance_reports.COUNTS
    ]
    return [*marks_reports.results(frames), *movement(frames), facts(t("report.attendance_totals"), total)]


def movement(frames: ClassFrames) -> list[Section]:
    """«Сводная ведомость учета движения учащихся»: who came and who left, by which order."""
    rolls = frames.rolls
    if rolls.is_empty():
        return [table(t("report.movement"), rolls, [], nothing=t("contingent.why_rolls"))]
    sums = roll_sums(rolls, frames.first, frames.last)
    note = t("report.movement_note", first=day_short(frames.first), last=day_short(frames.last))
    balance = facts(t("report.movement"), [(t(f"report.move_{name}"), sums[name]) for name in _MOVES], notes=(note,))
    came = rolls.filter(pl.col("from_on").is_between(frames.first, frames.last)).select(
        "pupil_id", "full_name", pl.col("from_on").alias("on"), pl.lit("in").alias("way"),
        pl.col("in_kind").alias("kind"), pl.col("in_order").alias("order_no"),
    )  # fmt: skip
    left = rolls.filter(pl.col("to_on").is_between(frames.first, frames.last)).select(
        "pupil_id", "full_name", pl.col("to_on").alias("on"), pl.lit("out").alias("way"),
        pl.col("out_kind").alias("kind"), pl.col("out_order").alias("order_no"),
    )  # fmt: skip
    moves = by_name(pl.concat([came, left]).sort("on", "way"))
    words = [
        t(f"movement_kind.{kind}") if kind and has(f"movement_kind.{kind}") else t(f"report.way_{way}")
        for kind, way in moves.select("kind", "way").iter_rows()
    ]
    shown = moves.with_columns(pl.Series("words", words, dtype=pl.String))
    columns = [
        Field("full_name", t("report.column_pupil"), "text"),
        Field("on", t("attendance.column_date"), "day"),
        Field("words", t("report.column_move"), "text"),
        Field("order_no", t("report.column_order"), "text"),
    ]
    return [balance, table(t("report.moves"), shown, columns, nothing=t("report.moves_none"))]


def roll_sums(rolls: pl.DataFrame, first: date, last: date) -> dict[str, int]:
    """Pupils the day before the first day, those who came, those who left, and those on the last day (annex B13).

    A pupil who left and came back within the period counts in both."""

    def on(day: date) -> int:
        holds = (pl.col("from_on") <= day) & (pl.col("to_on").is_null() | (pl.col("to_on") > day))
        return int(rolls.filter(holds)["pupil_id"].n_unique())

    came = rolls.filter(pl.col("from_on").is_between(first, last)).height
    left = rolls.filter(pl.col("to_on").is_between(first, last)).height
    return {"opening": on(first - timedelta(days=1)), "arrived": came, "left": left, "closing": on(last)}


def analysis(frames: ClassFrames) -> list[Section]:
    """The analytical report that the class teacher gets from the deputy (001 КР-6): results, risk, missed, low."""
    return [
        *marks_reports.results(frames),
        _risk(frames),
        *attendance_reports.missed_topics(frames),
        *marks_reports.low_topics(frames),
    ]


def sheets(frames: ClassFrames) -> list[Section]:
    """A sheet for the parents of every pupil, each on its own page: marks, attendance, missed lessons, unsatisfactory
    marks (001 Р-1.6, КР-3, 002 1.7, 004 3.13). Only her own data stand on a sheet."""
    if frames.journals.is_empty():
        return [table(t("report.sheets"), frames.journals, [], nothing=t("report.no_rosters"))]
    here = frames.journals.filter(~pl.col("is_left"))
    names = by_name(here.select("pupil_id", "full_name").unique("pupil_id"))
    parts = {name: rows.partition_by("pupil_id", as_dict=True) for name, rows in _of_pupils(frames, here).items()}
    found: list[Section] = []
    for pupil, name in names.iter_rows():
        mine = {part: rows.get((pupil,), pl.DataFrame()) for part, rows in parts.items()}
        found += _sheet(str(name), mine)
    return found


def _of_pupils(frames: ClassFrames, here: pl.DataFrame) -> dict[str, pl.DataFrame]:
    empty = pl.DataFrame(schema={"pupil_id": pl.Int64})
    return {
        "journals": here,
        **{name: rows if (rows := getattr(frames, name)).height else empty for name in ("months", "missed", "low")},
    }


def _sheet(name: str, mine: dict[str, pl.DataFrame]) -> list[Section]:
    rows = mine["journals"].sort(natural_order("subject")).with_columns(
        mark_words().alias("mark"),
        pl.when(pl.col("weight") > 0).then((pl.col("points") / pl.col("weight")).round(2)).alias("mean"),
    )  # fmt: skip
    columns = [
        Field("subject", t("performance.column_subject"), "text"),
        Field("lesson_count", t("pupil.column_lessons")),
        Field("missed_count", t("pupil.column_missed")),
        Field("mark_count", t("pupil.column_marks")),
        Field("mean", t("pupil.column_weighted")),
        Field("mark", t("pupil.column_period"), "text"),
    ]
    found = [table(name, rows, columns, notes=_attended(mine["months"]), new_page=True)]
    if mine["missed"].height:
        missed = attendance_reports.missed_columns()[1:]
        found.append(table(t("report.missed_topics"), attendance_reports.missed_rows(mine["missed"]), missed))
    if mine["low"].height:
        found.append(
            table(t("report.low_topics"), marks_reports.low_rows(mine["low"]), marks_reports.low_columns()[1:])
        )
    return found


def _attended(months: pl.DataFrame) -> tuple[str, ...]:
    if months.is_empty():
        return ()
    total: dict[str, Any] = {name: int(months[name].sum()) for name in attendance_reports.COUNTS}
    return (
        t(
            "report.attended_words", missed=number(total["missed_count"]), slots=count(total["slot_count"], "lesson"),
            days=number(total["missed_day_count"]), illness=number(total["missed_illness_count"]),
            unknown=number(total["missed_unknown_count"]),
        ),
    )  # fmt: skip
