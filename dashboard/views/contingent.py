"""Who is in the school: movement and roll of every class, completeness of cards, consents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st

from dashboard import moment_words
from dashboard.components.kpi_cards import Kpi, kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import count, day_short, has, month, number, t
from dashboard.people_sums import balanced, contingent_sums
from dashboard.queries.contingent import Contingent, read_contingent
from dashboard.queries.door import cached
from dashboard.views.sections import chosen_school, section_head, share_cell, unknown_school
from etl.warehouse.metrics import Metric
from etl.warehouse.metrics_people import CONTINGENT
from etl.warehouse.scope import Scope

_NUMBERS = ("opening", "arrived", "moved_in", "moved_out", "left_school", "closing", "difference")
WORST = 8  # fields named


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page; nine queries, two when the answers are remembered."""
    school, now = chosen_school(scope, filters, t("page.contingent"))
    if school is None:
        return
    filters = filters.changed(school=school)
    position = Filters(year=filters.year, period=filters.period, as_of=filters.as_of, school=school)
    page = cached(scope, position, read_contingent, now, school=school)
    if page is None:
        unknown_school(t("page.contingent"), filters)
        return
    classes = balanced(page.classes)
    wrong = classes.filter(pl.col("difference") != 0).height
    pupils = count(int(classes["closing"].sum()), "pupil")
    title = t("contingent.title_wrong", n=count(wrong, "class")) if wrong else t("contingent.title", pupils=pupils)
    if not int(classes["closing"].sum()) and not wrong:
        title = t("contingent.title_nobody")
    elif not {"enrolment", "movement"} <= page.carried:
        title = t("contingent.title_plain", pupils=pupils)
    section_head(title, "contingent", page.row, page.choice, filters, scope.role)
    _cards(page, filters)
    _classes(page, classes)
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        _fields(page)
    with right.container(border=True, height="stretch"):
        _moves(page)


def people_card(metric: Metric, rows: pl.DataFrame, label: str, reason: str, detail: str = "") -> Kpi:
    """A card of a share or mean over people."""
    found = metric.of(rows)
    is_share = metric.unit == "share"
    return Kpi(
        id=metric.name,
        label=label,
        share=found.value if is_share else None,
        part=found.part if is_share else None,
        whole=found.whole if is_share else None,
        noun=metric.noun,
        value="" if is_share or found.value is None else number(found.value, 1),
        detail=detail if found.value is not None else "",
        reason="" if found.value is not None else reason,
        passport=(t(metric.passport_key),),
        better=metric.direction,
        opens=False,
    )


def _cards(page: Contingent, filters: Filters) -> None:
    rows = contingent_sums(page)
    sizes = page.classes.filter(pl.col("closing") > 0)["closing"]
    greatest = number(max(sizes.to_list(), default=0))
    said = page.consents.row(0, named=True)
    consents = t("contingent.consents", n=number(said["unconsented"]), refused=number(said["refused"]))
    kpi_cards(
        "contingent_cards",
        [
            people_card(
                CONTINGENT["class_size"], rows, t("contingent.card_size"), t("contingent.why_rolls"),
                t("contingent.greatest", n=greatest, total=number(int(sizes.sum()))),
            ),
            people_card(CONTINGENT["card_filled"], rows, t("contingent.card_fields"), t("contingent.why_cards")),
            people_card(CONTINGENT["card_complete"], rows, t("contingent.card_cards"), t("contingent.why_cards")),
            people_card(
                CONTINGENT["consent_share"], rows, t("contingent.card_consents"), t("contingent.why_consents"), consents
            ),
        ],
        moment_words.stamp(page.row, filters, with_minute=False),
    )  # fmt: skip


def _classes(page: Contingent, classes: pl.DataFrame) -> None:
    with st.container(border=True):
        st.header(t("contingent.classes"), anchor=False)
        if "enrolment" not in page.carried or classes.is_empty():
            st.markdown(t("school.cannot_tell", reason=t("contingent.why_rolls")))
            return
        st.caption(t("contingent.classes_note", first=day_short(page.before), last=day_short(page.until)))
        knows = "movement" in page.carried
        columns = [
            Column(t("filling.by_class_one")),
            *(Column(t(f"contingent.column_{name}"), is_number=True) for name in _NUMBERS),
        ]
        order = pl.col("difference").abs() * int(knows)
        ordered = classes.sort(order, "grade", "letter", "class_id", descending=[True, False, False, False])
        told = set(_NUMBERS) if knows else {"opening", "closing"}
        sums = (pl.col(name).sum() for name in _NUMBERS)
        total = classes.select(pl.lit(t("contingent.total")).alias("class_name"), *sums)
        rows = [_class_row(line, told) for line in ordered.iter_rows(named=True)]
        rows += [replace(_class_row(line, told), is_sum=True) for line in total.iter_rows(named=True)]
        row_table("contingent_classes", columns, rows, caption=t("contingent.classes"), height=560)


def _class_row(line: dict[str, Any], told: set[str]) -> Row:
    cells = [Cell(number(line[name])) if name in told else Cell(t("number.cannot_tell")) for name in _NUMBERS]
    if "difference" in told and line["difference"]:
        cells[-1] = Cell(number(line["difference"]), t("contingent.differs"), "bad")
    return Row((Cell(line["class_name"]), *cells))


def _fields(page: Contingent) -> None:
    st.header(t("contingent.fields"), anchor=False)
    fields = page.cards.filter(pl.col("field").is_not_null() & (pl.col("filled") < pl.col("fields")))
    if page.cards.is_empty():
        st.markdown(t("school.cannot_tell", reason=t("contingent.why_cards")))
        return
    st.caption(t("contingent.fields_note"))
    worst = fields.with_columns((pl.col("filled") / pl.col("fields")).alias("share")).sort(
        "share", "owner_kind", "field"
    )
    rows = [
        Row(
            (
                Cell(field_name(line["field"]), t(f"contingent.owner_{line['owner_kind']}"), "quiet"),
                share_cell(line["share"], line["filled"], line["fields"]),
                Cell(number(line["fields"] - line["filled"])),
            )
        )
        for line in worst.head(WORST).iter_rows(named=True)
    ]
    if not rows:
        st.markdown(t("contingent.fields_none"))
        return
    columns = [
        Column(t("contingent.column_field")),
        Column(t("contingent.column_filled"), is_number=True),
        Column(t("contingent.column_empty"), is_number=True),
    ]
    row_table("contingent_fields", columns, rows, caption=t("contingent.fields"))


def field_name(code: str) -> str:
    """A field of a card in Russian; a field that we do not know keeps the name of its source."""
    return t(f"card_field.{code}") if has(f"card_field.{code}") else code


def _ordered(moves: int, without_order: int) -> Cell:
    return Cell(number(moves), t("contingent.no_order", n=number(without_order)) if without_order else "", "warn")


def _moves(page: Contingent) -> None:
    st.header(t("contingent.moves"), anchor=False)
    if "movement" not in page.carried:
        st.markdown(t("school.cannot_tell", reason=t("contingent.why_moves")))
        return
    if page.moves.is_empty():
        st.markdown(t("contingent.moves_none"))
        return
    st.caption(t("contingent.moves_note"))
    rows = [
        Row(
            (
                Cell(month(line["month_on"])),
                Cell(t(f"movement_kind.{line['kind']}")),
                _ordered(line["n"], line["without_order"]),
            )
        )
        for line in page.moves.sort("month_on", "kind", descending=[True, False]).iter_rows(named=True)
    ]  # fmt: skip
    columns = [
        Column(t("contingent.column_month")),
        Column(t("contingent.column_kind")),
        Column(t("contingent.column_n"), is_number=True),
    ]
    row_table("contingent_moves", columns, rows, caption=t("contingent.moves"), height=420)
