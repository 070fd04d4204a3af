"""«Реестры»: what the school registers by hand, with authors and history; a saved line asks for a new derivation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.components.row_table import Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import count, small_first, t
from dashboard.pages_table import is_open
from dashboard.queries import schools
from dashboard.queries.corrections import place_words, read_change_thing, read_places
from dashboard.queries.door import cached
from dashboard.queries.register_choices import read_choices
from dashboard.queries.registers import (
    chosen_register,
    read_history,
    read_register,
    read_register_standing,
)
from dashboard.queries.terms import Terms, read_terms
from dashboard.register_rows import columns_shown, line_row
from dashboard.views.permission_picker import Thing, pick_thing
from dashboard.views.register_form import (
    FLASH_KEY,
    Desk,
    draw_form,
    draw_history,
    draw_reading,
    retention_words,
    writes,
)
from dashboard.views.sections import chosen_school, draw_control_sections, stale_words, unknown_school
from dashboard.wording import short_moment
from etl.warehouse.register_rights import REGISTER, registers_of
from etl.warehouse.scope import Scope

SHOWN = 100
LOOK_SECONDS = 1.0
PATIENCE = timedelta(seconds=30)
NEW = "new"
PENDING_KEY = "zavuch.register_pending"  # this session has saved something that the ledger hears of
REGISTER_KEY = "zavuch.register"


def render(scope: Scope, filters: Filters) -> None:
    """Draw the register of `filters.measure`; `filters.group` is the open line: `new`, `line:<n>`, `source:<place>`, or
    `change:<n>` for a permission about a change.
    """
    school, now = chosen_school(scope, filters, t("page.registers"))
    if school is None:
        return
    filters = filters.changed(school=school)
    listed = schools.read_schools(scope, now, school)
    register = chosen_register(scope, filters)
    if listed.is_empty():
        unknown_school(t("page.registers"), filters)
        return
    if register is None:
        frame.head(t("registers.title"), filters)
        frame.empty(t("registers.none_title"), t("registers.none"))
        return
    row = listed.row(0, named=True)
    place = Filters(year=filters.year, period=filters.period, as_of=filters.as_of, school=school)
    frame.head(
        t("registers.title_of", name=small_first(t(f"register.{register}"))),
        filters,
        crumbs=[frame.Crumb(row["label"], "school" if is_open("school", scope.role) else "", place),
                frame.Crumb(t("page.registers"))],
        caption=t("registers.caption"),
        warning=stale_words(row),
    )  # fmt: skip
    draw_control_sections("registers", place, scope.role)
    _choose(scope, register, filters)
    if REGISTER[register].feeds:
        _standing(scope, school, row["timezone"])
    terms = cached(scope, "terms", _terms, school, school=school)
    lines = _with_places(scope, school, register, read_register(scope, filters.changed(measure=register)))
    desk = Desk(scope, school, row["timezone"], register, read_choices(scope, school), terms)
    _open_line(desk, filters, lines)
    _list(desk, filters, lines)


def _with_places(scope: Scope, school: int, register: str, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines of permissions with the words of where their entry stands, in `place`."""
    if register != "edit_permission_entry":
        return lines
    words = {(row["entity"], row["entity_key"]): place_words(row)
             for row in read_places(scope, school).iter_rows(named=True)}  # fmt: skip
    known = [words.get(pair) or None for pair in lines.select("entity", "entity_key").iter_rows()]
    return lines.with_columns(pl.Series("place", known, dtype=pl.String))


def _terms(scope: Scope, _what: str, school: int) -> Terms:
    return read_terms(scope, school)


def _choose(scope: Scope, register: str, filters: Filters) -> None:
    known = [row.table for row in registers_of(scope.role)]
    st.session_state[REGISTER_KEY] = register  # the URL decides, also after Back
    chosen = st.pills(
        t("registers.choose"), known, key=REGISTER_KEY, format_func=lambda code: t(f"register.{code}"),
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    if chosen is not None and chosen != register:
        frame.set_filters(filters.changed(measure=chosen, group=None))
    st.markdown(t(f"register_about.{register}"))


def _standing(scope: Scope, school: int, zone: str) -> None:
    """Whether the ledger has heard of what was saved."""
    standing = read_register_standing(scope, school)
    if standing is None:
        return
    if standing.is_open:
        st.session_state[PENDING_KEY] = True
        _pending(scope, school)
    elif standing.state == "failed":
        st.error(t("registers.pending_failed"), icon=":material/error:")
    elif st.session_state.get(PENDING_KEY) and standing.derived_at is not None:
        words = t("registers.pending_done", moment=short_moment(standing.derived_at, zone))
        st.success(words, icon=":material/check_circle:")


@st.fragment(run_every=LOOK_SECONDS)
def _pending(scope: Scope, school: int) -> None:
    """Looks every second while a derivation is due, alone: the rest of the page is drawn again when it is done."""
    standing = read_register_standing(scope, school)
    if standing is None or not standing.is_open:
        st.rerun()
    st.info(t("registers.pending"), icon=":material/hourglass_top:")
    if standing.asked_at is not None and standing.now - standing.asked_at > PATIENCE:
        st.caption(t("registers.pending_wait"))


def _open_line(desk: Desk, filters: Filters, lines: pl.DataFrame) -> None:
    if st.session_state.pop(FLASH_KEY, None) == desk.register:
        st.toast(t("registers.saved"), icon=":material/check:")
    code = filters.group or ""
    if not code:
        if writes(desk) and st.button(t("registers.add"), icon=":material/add:", type="primary"):
            frame.set_filters(filters.changed(group=NEW))
        return
    line = _line_of(code, lines)
    if line is None and not writes(desk):
        return
    if line is not None and (line["is_withdrawn"] or not writes(desk)):
        draw_reading(desk, line)
    else:
        thing = _thing(desk, filters, code) if line is None and desk.register == "edit_permission_entry" else None
        draw_form(desk, filters, line, thing)
    if line is not None and desk.register == "print_line":
        st.caption(retention_words(desk, line))
    if line is not None and desk.register == "incident":
        _void_marks(filters, desk.scope.role)
    if line is not None and line["line"] is not None:
        draw_history(desk, read_history(desk.scope, desk.school, desk.register, line["line"]))


def _line_of(code: str, lines: pl.DataFrame) -> dict[str, Any] | None:
    kind, _, number = code.partition(":")
    if not number.isdigit():
        return None
    if kind == "source":
        found = lines.filter(pl.col("is_of_source")).slice(int(number), 1)
    else:
        found = lines.filter(pl.col("line") == int(number)) if kind == "line" else lines.clear()
    return found.row(0, named=True) if found.height else None


def _thing(desk: Desk, filters: Filters, code: str) -> Thing | None:
    kind, _, number = code.partition(":")
    if kind == "change" and number.isdigit():
        found = read_change_thing(desk.scope, desk.school, int(number))
        if found is not None:
            return Thing(*found)
    return pick_thing(desk.scope, desk.school, desk.choices, filters)


def _void_marks(filters: Filters, role: str) -> None:
    st.caption(t("registers.void_marks"))
    if is_open("findings", role) and st.button(t("registers.void_open"), type="tertiary"):
        frame.go("findings", Filters(school=filters.school, rule="void_after_incident"))


def _list(desk: Desk, filters: Filters, lines: pl.DataFrame) -> None:
    name = t(f"register.{desk.register}")
    if lines.is_empty():
        frame.empty(t("registers.empty_title"), t("registers.empty" if writes(desk) else "registers.empty_read"))
        return
    now = desk.now

    def drawn(some: pl.DataFrame) -> list[Row]:
        return [line_row(desk.register, line, desk.zone, desk.terms, now, index)
                for index, line in enumerate(some.iter_rows(named=True))]  # fmt: skip

    clicked = row_table(
        f"register_{desk.register}", columns_shown(desk.register), drawn(lines.head(SHOWN)),
        every=(lines.height, lambda: drawn(lines)), caption=t("registers.table", name=name),
        height=620 if lines.height > 12 else None,
    )  # fmt: skip
    if lines.height > SHOWN:
        st.caption(t("registers.cut", n=count(SHOWN, "row")))
    if clicked is not None:
        line = lines.row(clicked, named=True)
        place = int(lines.head(clicked)["is_of_source"].sum() or 0)
        code = f"source:{place}" if line["is_of_source"] else f"line:{line['line']}"
        if code != filters.group:
            frame.set_filters(filters.changed(group=code))
