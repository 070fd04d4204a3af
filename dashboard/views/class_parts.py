"""Lists of a class that «Мой класс» and the sheet of a pupil share; a name opens the sheet, a record its lesson."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.class_rows import reserve, unexplained
from dashboard.components.row_table import Cell, Column, Row, Tone, row_table
from dashboard.i18n import count, day_short, number, percent, t
from dashboard.queries import schools as asked
from dashboard.queries.my_class import ClassPage
from dashboard.risk import Reason, in_words, risk_reasons
from dashboard.views import learning_parts as parts
from dashboard.views.learning_parts import Place
from etl.warehouse.metrics_learning import SYSTEMATIC_SHARE

SHOWN = 8
LISTED = 80  # records named one by one; all of them are in the file


def with_subjects(page: ClassPage) -> pl.DataFrame:
    """Rows of mart_pupil_journal with the name of the subject."""
    subjects = page.attendance.dims.select("journal_id", "subject")
    return page.pupils.join(subjects, on="journal_id", how="left")


def reasons_of(page: ClassPage) -> dict[int, list[Reason]]:
    """Reasons of the risk group by pupil."""
    months = page.attendance.pupils
    months = months.select("pupil_id", "systematic_months") if months.height else _NO_MONTHS
    return risk_reasons(with_subjects(page), page.low, months)


_NO_MONTHS = pl.DataFrame(schema={"pupil_id": pl.Int64, "systematic_months": pl.Int64})


def draw_risk(place: Place, page: ClassPage) -> None:
    """The risk group: each pupil with her reasons in sentences, no score and no rank (001 КР-8)."""
    st.header(t("my_class.risk"), anchor=False)
    st.caption(t("my_class.risk_note", share=percent(SYSTEMATIC_SHARE, 0)))
    found, names = reasons_of(page), names_of(page)
    if not found:
        st.markdown(t("my_class.risk_none"))
        return
    order = [pupil for pupil in names if pupil in found]
    rows = [
        Row(
            (Cell(names[pupil]), Cell(" ".join(in_words(reason) for reason in found[pupil]))),
            pupil,
            t("my_class.open_pupil", name=names[pupil]),
        )
        for pupil in order
    ]
    columns = [Column(t("performance.column_pupil")), Column(t("my_class.column_why"))]
    clicked = row_table(
        "class_risk", columns, rows, caption=t("my_class.risk"), height=380 if len(rows) > SHOWN else None,
        as_file=False,
    )  # fmt: skip
    exported = pl.DataFrame({
        columns[0].label: [row.cells[0].text for row in rows], columns[1].label: [row.cells[1].text for row in rows],
    })  # fmt: skip
    parts.download("risk-group", exported, t("my_class.risk"))
    open_pupil(place, clicked)


def names_of(page: ClassPage) -> dict[int, str]:
    """Names of the class by pupil, in their order."""
    rows = page.attendance.pupils
    if rows.is_empty():
        rows = page.pupils
    unique = rows.select("pupil_id", "full_name").unique("pupil_id").with_columns(
        pl.col("full_name").fill_null(t("attendance.nameless"))
    )  # fmt: skip
    return dict(unique.sort(asked.natural_order("full_name"), "pupil_id").iter_rows())


def open_pupil(place: Place, pupil: int | None) -> None:
    """Open the sheet of a pupil, where one was clicked."""
    if pupil is not None:
        frame.go("pupil", place.filters.changed(pupil=pupil))


def _tone(weeks: int) -> Tone:
    return "bad" if weeks > 4 else "warn" if weeks > 1 else ""


def draw_unexplained(place: Place, page: ClassPage) -> None:
    """Whose absences wait for a reason, the longest first (B-26, 000 П-5.4)."""
    st.header(t("my_class.unexplained"), anchor=False)
    found = unexplained(page.missed, page.attendance.until or page.days[1])
    if found.is_empty():
        st.markdown(t("attendance.all_explained"))
        return
    st.caption(t("my_class.unexplained_note"))
    rows = [
        Row(
            (
                Cell(row["full_name"] or t("attendance.nameless")),
                Cell(number(row["n"])),
                Cell(day_short(row["oldest_on"]), t("my_class.waits", n=count(row["weeks"], "week"))
                     if row["weeks"] > 0 else t("attendance.age_week"), _tone(row["weeks"])),
            ),
            row["pupil_id"],
            t("my_class.open_pupil", name=row["full_name"] or t("attendance.nameless")),
        )
        for row in found.iter_rows(named=True)
    ]  # fmt: skip
    columns = [
        Column(t("performance.column_pupil"), wide=True),
        Column(t("my_class.column_absences"), is_number=True),
        Column(t("my_class.column_oldest")),
    ]
    height = 340 if len(rows) > SHOWN else None
    open_pupil(place, row_table("class_unexplained", columns, rows, caption=t("my_class.unexplained"), height=height))


def draw_low(key: str, place: Place, low: pl.DataFrame, *, with_name: bool) -> None:
    """Unsatisfactory marks with their topics and whether they were repaired (001 ЗД-12), those that were not first."""
    st.header(t("my_class.low"), anchor=False)
    st.caption(t("my_class.repair"))
    if low.is_empty():
        st.markdown(t("performance.low_none"))
        return
    rows = list(low.sort("is_bettered", "held_on", descending=[False, True], maintain_order=True).iter_rows(named=True))
    table = [
        Row(
            (
                *([Cell(row["full_name"] or t("attendance.nameless"))] if with_name else []),
                Cell(day_short(row["held_on"]), row["subject"], "quiet"),
                Cell(row["topic"] or t("attendance.no_topic")),
                Cell(row["value"], _work(row), "quiet"),
                _repaired(row),
            ),
            index,
            t("attendance.open_lesson", on=day_short(row["held_on"]), subject=row["subject"]),
        )
        for index, row in enumerate(rows[:LISTED])
    ]
    columns = [
        *([Column(t("performance.column_pupil"))] if with_name else []),
        Column(t("attendance.column_date")),
        Column(t("attendance.column_topic"), wide=True),
        Column(t("performance.column_value"), is_number=True),
        Column(t("performance.column_bettered")),
    ]
    height = 400 if len(table) > SHOWN else None
    clicked = row_table(key, columns, table, caption=t("my_class.low"), height=height, as_file=False, of=len(rows))
    _rest(rows)
    export = [("full_name", "performance.column_pupil"), ("held_on", "attendance.column_date"),
              ("subject", "performance.column_subject"), ("topic", "attendance.column_topic"),
              ("value", "performance.column_value"), ("repaired_on", "my_class.column_repaired_on"),
              ("repaired_value", "my_class.column_repaired_value")]  # fmt: skip
    parts.download(key, low.select(pl.col(name).alias(t(label)) for name, label in export), t("my_class.low"))
    _open_lesson(place, rows, clicked)


def _work(row: dict[str, Any]) -> str:
    return t(f"work.{row['work']}") if row["work"] else ""


def _repaired(row: dict[str, Any]) -> Cell:
    if not row["is_bettered"]:
        return Cell(t("my_class.not_repaired"), tone="warn", badge=True)
    how = t(f"repaired.{row['repaired_how']}")
    return Cell(t("my_class.repaired", value=row["repaired_value"], on=day_short(row["repaired_on"])), how, "good")


def draw_missed(key: str, place: Place, missed: pl.DataFrame, *, with_name: bool) -> None:
    """Missed lessons with their topics (001 ЗД-12), the newest first."""
    st.header(t("my_class.missed"), anchor=False)
    if missed.is_empty():
        st.markdown(t("attendance.missed_none"))
        return
    st.caption(t("my_class.missed_note"))
    rows = list(missed.iter_rows(named=True))
    table = [
        Row(
            (
                *([Cell(row["full_name"] or t("attendance.nameless"))] if with_name else []),
                Cell(day_short(row["held_on"]), row["subject"], "quiet"),
                Cell(row["topic"] or t("attendance.no_topic")),
                Cell(t(f"absence_code.{row['code']}")),
                Cell(t("attendance.made_up") if row["is_made_up"] else "—"),
            ),
            index,
            t("attendance.open_lesson", on=day_short(row["held_on"]), subject=row["subject"]),
        )
        for index, row in enumerate(rows[:LISTED])
    ]
    columns = [
        *([Column(t("performance.column_pupil"))] if with_name else []),
        Column(t("attendance.column_date")),
        Column(t("attendance.column_topic"), wide=True),
        Column(t("attendance.column_reason")),
        Column(t("attendance.column_made_up")),
    ]
    height = 400 if len(table) > SHOWN else None
    clicked = row_table(key, columns, table, caption=t("my_class.missed"), height=height, as_file=False, of=len(rows))
    _rest(rows)
    export = [("full_name", "performance.column_pupil"), ("held_on", "attendance.column_date"),
              ("subject", "performance.column_subject"), ("topic", "attendance.column_topic"),
              ("code", "attendance.column_reason"), ("is_made_up", "attendance.column_made_up")]  # fmt: skip
    saved = missed.select(pl.col(name).alias(t(label)) for name, label in export)
    parts.download(key, saved, t("my_class.missed"))
    _open_lesson(place, rows, clicked)


def _rest(rows: list[dict[str, Any]]) -> None:
    if len(rows) > LISTED:
        st.caption(t("performance.ask_more", shown=number(LISTED), total=number(len(rows))))


def _open_lesson(place: Place, rows: list[dict[str, Any]], clicked: int | None) -> None:
    if clicked is not None:
        row = rows[clicked]
        frame.go("journal", place.filters.changed(pupil=None, journal=row["journal_id"], lesson=row["lesson_id"]))


def draw_unasked(place: Place, page: ClassPage) -> None:
    """Pupils without a mark or with one, by subject (requirements B-03, B-04)."""
    st.header(t("my_class.unasked"), anchor=False)
    rows = with_subjects(page).filter(
        ~pl.col("is_short") & ~pl.col("is_left") & pl.col("needed_count").is_not_null()
        & pl.col("period_mark_code").ne_missing(11) & (pl.col("mark_count") <= 1)
    )  # fmt: skip
    if rows.is_empty():
        st.markdown(t("my_class.unasked_none"))
        return
    grouped = (
        rows.with_columns(pl.col("full_name").fill_null(t("attendance.nameless")))
        .group_by("journal_id", "subject")
        .agg(
            pl.col("full_name").filter(pl.col("mark_count") == 0).sort().alias("none"),
            pl.col("full_name").filter(pl.col("mark_count") == 1).sort().alias("one"),
        )
        .sort(pl.col("none").list.len(), "subject", "journal_id", descending=[True, False, False])
    )
    table = [
        Row(
            (Cell(row["subject"]), _people(row["none"]), _people(row["one"])),
            row["journal_id"],
            t("forecast.open_journal", subject=row["subject"]),
        )
        for row in grouped.iter_rows(named=True)
    ]
    columns = [
        Column(t("performance.column_subject")),
        Column(t("my_class.column_none")),
        Column(t("my_class.column_one"), wide=True),
    ]
    clicked = row_table("class_unasked", columns, table, caption=t("my_class.unasked"), height=380)
    if clicked is not None:
        frame.go("journal", place.filters.changed(journal=clicked))


def _people(names: list[str]) -> Cell:
    if not names:
        return Cell("—")
    shown = [frame.short_name(name) for name in names[:3]]
    more = t("my_class.and_more", n=number(len(names) - 3)) if len(names) > 3 else ""
    return Cell(count(len(names), "pupil"), f"{', '.join(shown)}{more}", "quiet")


def draw_reserve(place: Place, page: ClassPage, goes: Mapping[tuple[int, str], str]) -> None:
    """Pupils one mark away: one «3», one «4» (B-28; peers §2, M11); before the period marks it is a forecast, and
    `goes` says by pupil and subject where the marks go."""
    st.header(t("my_class.reserve"), anchor=False)
    found, names = reserve(with_subjects(page)), names_of(page)
    if found.is_empty():
        st.markdown(t("my_class.reserve_none"))
        return
    st.caption(t("my_class.reserve_note"))
    rows = [
        Row(
            (
                Cell(names.get(row["pupil_id"], t("attendance.nameless"))),
                Cell(t(f"reserve.{row['kind']}"), t("forecast.word") if row["is_forecast"] else "", "info"),
                Cell(row["subject"], goes.get((row["pupil_id"], row["subject"]), "") if row["is_forecast"] else ""),
            ),
            row["pupil_id"],
            t("my_class.open_pupil", name=names.get(row["pupil_id"], t("attendance.nameless"))),
        )
        for row in found.iter_rows(named=True)
    ]
    columns = [
        Column(t("performance.column_pupil"), wide=True),
        Column(t("my_class.column_reserve")),
        Column(t("performance.column_subject")),
    ]
    height = 380 if len(rows) > SHOWN else None
    open_pupil(place, row_table("class_reserve", columns, rows, caption=t("my_class.reserve"), height=height))


def draw_pupils(place: Place, page: ClassPage) -> None:
    """Every pupil of the class, each a click away from her sheet (B-17, B-23)."""
    st.header(t("attendance.pupils"), anchor=False)
    rows = page.attendance.pupils
    if rows.is_empty():
        st.info(t("performance.no_rosters"), icon=":material/help:")
        return
    low = dict(page.low.group_by("pupil_id").agg(pl.len()).iter_rows()) if page.low.height else {}
    table = []
    for row in rows.sort(asked.natural_order("full_name"), "pupil_id", nulls_last=True).iter_rows(named=True):
        name = row["full_name"] or t("attendance.nameless")
        table.append(
            Row(
                (
                    Cell(name),
                    Cell(number(row["missed_count"])),
                    Cell(percent(row["missed_count"] / row["slot_count"]) if row["slot_count"] else "—"),
                    Cell(number(low.get(row["pupil_id"], 0))),
                ),
                row["pupil_id"],
                t("my_class.open_pupil", name=name),
            )
        )
    columns = [
        Column(t("performance.column_pupil"), wide=True),
        Column(t("attendance.column_missed_count"), is_number=True),
        Column(t("attendance.column_share"), is_number=True),
        Column(t("my_class.column_low"), is_number=True),
    ]
    open_pupil(place, row_table("class_pupils", columns, table, caption=t("attendance.pupils"), height=420))
