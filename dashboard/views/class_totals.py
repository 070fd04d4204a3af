"""«Пропуски по классам»: what class teachers entered beside what the journal says, and what is still owed (B-25)."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, measures
from dashboard.class_totals import shown
from dashboard.components.kpi_cards import kpi_cards
from dashboard.components.row_table import Cell, Column, Row, Tone, row_table
from dashboard.filters import Filters
from dashboard.i18n import day_short, has, number, t
from dashboard.queries.class_totals import REGISTER, ClassTotals, read_class_totals
from dashboard.queries.registers import may_write
from dashboard.register_rows import span_words
from dashboard.views.learning_parts import Place
from dashboard.wording import short_moment
from etl.warehouse.metrics_totals import CLASS_TOTALS

NEW = "new"  # an open form of the page of registers
_TONES: dict[str, Tone] = {
    "differs": "bad", "late": "bad", "unknown": "unknown", "running": "info", "due": "quiet", "none": "quiet",
    "agrees": "good",
}  # fmt: skip


def draw_class_totals(place: Place, until: date) -> None:
    """The section for the school or the class of `place`; nothing for readers above a school, of single journals, or
    where the act asks for no totals and nobody entered any. `until` = the last day that counts."""
    filters, scope = place.filters, place.scope
    if place.row is None or scope.level not in ("school", "class") or filters.subject is not None:
        return
    span = place.choice.period.span
    page = read_class_totals(scope, Filters(school=filters.school, class_id=filters.class_id, as_of=filters.as_of),
                             until, span.year)  # fmt: skip
    rows = page.rows
    if filters.parallel is not None:
        rows = rows.filter(pl.col("grade") == filters.parallel)
    if rows.is_empty() or (page.asked.every is None and not rows["line"].count()):
        return
    first, last = span.days_of(int(place.row["school_id"])) or (span.first, span.last)
    days = (rows["starts_on"].min(), rows["ends_on"].max()) if span.is_year else (first, last)
    with st.container(border=True, key="class_totals_box"):
        _draw(place, page, rows, shown(rows, *days, one_class=filters.class_id is not None))  # type: ignore[arg-type]


def _draw(place: Place, page: ClassTotals, rows: pl.DataFrame, listed: pl.DataFrame) -> None:
    is_class = place.filters.class_id is not None
    st.header(t("class_totals.title_class" if is_class else "class_totals.title"), anchor=False)
    st.caption(frame.plain(f"{t('class_totals.note')} {asked_words(page)}"))
    if not is_class and page.asked.every is not None and int(rows["due"].sum()):
        cards = [measures.card(CLASS_TOTALS[f"class_total_{name}"], t(f"class_totals.card_{name}"), rows)
                 for name in ("entered", "agreed")]  # fmt: skip
        kpi_cards("class_totals_cards", cards, place.stamp)
    if listed.is_empty():
        st.markdown(t("class_totals.none"))
        return
    writes = place.filters.school is not None and may_write(place.scope, place.filters.school, REGISTER)
    zone = str(place.row["timezone"]) if place.row is not None else ""
    found = list(listed.iter_rows(named=True))
    names = ("class", "period", "entered", "computed", "state", "author")[1 if is_class else 0 :]
    columns = [Column(t(f"class_totals.column_{name}"), is_number=name in ("entered", "computed"),
                      wide=name == "state") for name in names]  # fmt: skip
    table = []
    for index, row in enumerate(found):
        cells = (Cell(row["class_name"]), *_cells(row, zone))
        words = t("class_totals.open_new" if row["line"] is None else "class_totals.open_line",
                  name=row["class_name"], period=span_words(row["code"]))  # fmt: skip
        table.append(Row(cells[1 if is_class else 0 :], index if writes else None, words))
    clicked = row_table("class_totals", columns, table, caption=t("class_totals.title"),
                        height=420 if len(table) > 10 else None)  # fmt: skip
    if clicked is not None:
        _open(place, found[clicked])


def asked_words(page: ClassTotals) -> str:
    """What the act wants by when, with its clause; or that it asks for nothing."""
    asked = page.asked
    if asked.every is None:
        return t("class_totals.not_asked")
    key = f"class_totals_every.{asked.every}"
    where = t("class_totals.where", clause=asked.clause, act=asked.act) if asked.clause else asked.act
    return t("class_totals.asked", every=t(key if has(key) else "class_totals_every.other"), where=where)


def _cells(row: dict[str, Any], zone: str) -> tuple[Cell, ...]:
    due = day_short(row["ends_on"])
    if row["line"] is None:
        entered, author = Cell(t("class_totals.not_entered"), "", "quiet"), Cell("—")
    else:
        entered = Cell(number(row["entered_count"]), _parts(row["illness_count"], row["invalid_count"]), "quiet")
        author = Cell(
            frame.short_name(row["decided_by"]) if row["decided_by"] else "—",
            short_moment(row["entered_at"], zone),
            "quiet",
        )
    parts = _parts(row["missed_illness_count"], row["missed_invalid_count"]) if row["slot_count"] else ""
    computed = Cell(number(row["missed_count"]) if row["slot_count"] else t("number.cannot_tell"), parts, "quiet")
    return Cell(span_words(row["code"])), entered, computed, _state(row, due), author


def _parts(illness: int | None, invalid: int | None) -> str:
    if illness is None and invalid is None:
        return ""
    if invalid is None:
        return t("class_totals.parts_illness", illness=number(illness))
    if illness is None:
        return t("class_totals.parts_invalid", invalid=number(invalid))
    return t("class_totals.parts", illness=number(illness), invalid=number(invalid))


def _state(row: dict[str, Any], due: str) -> Cell:
    state = row["state"]
    if state == "none":
        return Cell(t("class_totals.not_entered"))
    if state == "differs":
        words = t(f"class_totals_state.{'more' if row['gap'] > 0 else 'less'}", n=number(abs(row["gap"])))
    else:
        words = t(f"class_totals_state.{state}")
    note = ""
    if state == "late":
        note = t("class_totals.was_due", day=due)
    elif state in ("due", "running"):
        note = t("class_totals.until" if state == "due" else "class_totals.so_far", day=due)
    elif row["is_late"]:
        note = t("class_totals.entered_late", day=day_short(row["first_on"]))
    tone = "warn" if state == "agrees" and row["is_late"] else _TONES[state]
    return Cell(words, note, tone, badge=True)


def _open(place: Place, row: dict[str, Any]) -> None:
    code = NEW if row["line"] is None else f"line:{row['line']}"
    frame.go("registers", Filters(school=place.filters.school, class_id=row["class_id"], period=row["code"],
                                  measure=REGISTER, group=code))  # fmt: skip
