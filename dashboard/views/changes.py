"""«Что изменилось»: the director's question on the page of the school, answered in one block."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from dashboard import frame, measures
from dashboard.change_rows import NOTICED, RULES_SHOWN, Change, changes, split
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.derived import derived
from dashboard.filters import Filters, Status
from dashboard.i18n import out_of, percent, points, t
from dashboard.moment_words import compared_with
from dashboard.queries.school import School
from etl.warehouse.ledger import RULES

_CODES = {rule.number: rule.name for rule in RULES}


def draw_changes(page: School, filters: Filters) -> None:
    """The greatest changes down and up since the same point of the other period, each a click from its rows."""
    assert page.choice is not None  # noqa: S101 - the caller shows the empty page otherwise
    with st.container(border=True, key="school_changes"):
        st.header(t("changes.title"), anchor=False)
        if page.before is None or page.before.is_empty():
            st.markdown(t("changes.note_none"))
            return
        st.caption(t("changes.note", what=compared_with(page.choice, page.before_on)))
        down, up = derived(page, _found)
        if not down and not up:
            st.markdown(t("changes.nothing", points=points(NOTICED, 0).removeprefix("+")))
            return
        _side("down", page, filters)
        _side("up", page, filters)


def _found(page: School) -> tuple[list[Change], list[Change]]:
    """The greatest changes down and up: of kinds of records, of people, of journals."""
    assert page.before is not None  # noqa: S101 - see draw_changes
    sides = [
        split(changes("rule", page.before, page.rules, _rule_names())),
        split(changes("staff", page.teachers_before, page.teachers, _staff_names(page))),
        split(changes("journal", page.journals_before, page.journals, _journal_names(page))),
    ]
    down, up = ([change for side in sides for change in side[n]] for n in (0, 1))
    return down, up


def _rule_names() -> dict[int, str]:
    return {number: t(f"record.{_CODES[number]}") for number in RULES_SHOWN}


def _staff_names(page: School) -> dict[int, str]:
    return {staff: frame.short_name(name) for staff, name in page.names.select("staff_id", "full_name").iter_rows()}


def _journal_names(page: School) -> dict[int, str]:
    rows = page.dims.select("journal_id", "class_name", "subject").iter_rows()
    return {journal: f"{klass}, {subject}" for journal, klass, subject in rows}


Side = Literal["down", "up"]


def _side(side: Side, page: School, filters: Filters) -> None:
    rows = derived(page, _found)[side == "up"]
    st.markdown(f"**{t(f'changes.{side}')}**")
    if not rows:
        st.markdown(t(f"changes.none_{side}"))
        return
    columns = [
        Column(t("changes.column_what"), wide=True),
        Column(t("changes.column_was"), is_number=True),
        Column(t("changes.column_now"), is_number=True),
        Column(t("changes.column_points"), is_number=True),
    ]
    cells = derived(page, _rows, side)
    clicked = row_table(f"school_changes_{side}", columns, cells, caption=t(f"changes.caption_{side}"))
    if clicked is not None and 0 <= clicked < len(rows):
        _open(rows[clicked], filters)


def _rows(page: School, side: Side) -> list[Row]:
    return [
        Row(
            (
                Cell(change.name, t(f"changes.kind_{change.kind}"), "quiet"),
                _share(change.was, change.was_part, change.was_whole),
                _share(change.now, change.now_part, change.now_whole),
                Cell(measures.change_in_words(change.now, change.was)),
            ),
            index,
            t("changes.open", name=change.name),
        )
        for index, change in enumerate(_found(page)[side == "up"])
    ]


def _share(value: float, part: int, whole: int) -> Cell:
    return Cell(percent(value), out_of(part, whole, "row").rsplit("\u00a0", 1)[0], "quiet")


def _open(change: Change, filters: Filters) -> None:
    if change.kind == "journal":
        frame.go("journal", filters.drilled(journal=change.id))
    if change.kind == "staff":
        frame.go("filling", filters.drilled(staff=change.id))
    frame.go("findings", filters.changed(rule=_CODES[change.id], status=Status.MISSING, state=None))
