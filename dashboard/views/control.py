"""The control of journals (S10): the controls of a school, and one of them with its words and documents.

From the findings of a month to a signed document in five clicks: open the control of the period, freeze, sign, DOCX,
PDF.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NoReturn

import polars as pl
import streamlit as st

from dashboard import frame, wording
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.control import NEXT, State, Texts, day_of
from dashboard.filters import Filters
from dashboard.i18n import day_short, number, t
from dashboard.pages_table import may_act
from dashboard.queries import periods, schools
from dashboard.queries.control import Package, Refused, open_control, read_package, read_packages, recheck, save
from dashboard.queries.decisions import may_decide
from dashboard.views.control_parts import draw_documents, draw_figures
from dashboard.views.sections import draw_control_sections, stale_words
from etl.warehouse.scope import Scope

_TEXTS = ("causes", "conclusions", "decisions", "addressees")
_LABELS = {"decisions": "decisions_label", "addressees": "addressees_label"}
_DATES = ("act_on", "council_on", "repair_on", "recheck_on")
_SAID = "control.said"


def render(scope: Scope, filters: Filters) -> None:
    """Draw the list of controls, or the one that `filters.page` numbers; at most four queries."""
    only = next(iter(scope.all_school_ids)) if len(scope.all_school_ids) == 1 else None
    school = filters.school or only
    if school is None or school not in scope.school_ids:
        frame.head(t("control.title_list"), Filters())
        frame.empty(t("page.control"), t("control.choose_school"))
        return
    filters = filters.changed(school=school)
    package = read_package(scope, school, filters.page) if filters.page is not None else None
    if package is None:
        _list(scope, filters, school)
    else:
        _one(scope, filters, package)


def _list(scope: Scope, filters: Filters, school: int) -> None:
    now = frame.this_hour()
    listed = schools.read_schools(scope, now, school)
    choice = periods.choose(periods.read_periods(scope, school), filters, schools.until_of(listed), with_days=True)
    if listed.is_empty() or choice is None:
        frame.head(t("control.title_list"), filters)
        frame.empty(t("findings.no_periods_title"), t("findings.no_periods"))
        return
    frame.head(
        t("control.title_list"),
        filters,
        crumbs=[frame.Crumb(listed["label"][0], "school", filters.common()), frame.Crumb(t("page.control"))],
        caption=t("control.caption_list"),
        periods=[frame.Option(code, label) for code, label in choice.options],
        default_period=choice.default,
        warning=stale_words(listed.row(0, named=True)),
    )
    draw_control_sections("control", filters.changed(page=None).common(), scope.role)
    if not (may_act("control", scope.role) and may_decide(scope, school)):
        st.info(t("control.closed"), icon=":material/visibility:")
    elif st.button(
        t("control.open_for", label=choice.period.label), type="primary", icon=":material/lock_clock:",
        help=t("control.open_help"), key="control_open",
    ):  # fmt: skip
        found = open_control(scope, filters.changed(period=choice.period.code, page=None), datetime.now(UTC))
        if isinstance(found, Refused):
            st.error(t(f"control.refused_{found.value}"))
        else:
            frame.set_filters(filters.changed(page=found))
    rows = read_packages(scope, school)
    if rows.is_empty():
        may = may_act("control", scope.role) and may_decide(scope, school)
        frame.empty(t("control.none_title"), t("control.none" if may else "control.none_seen"))
        return
    _table(rows, filters)


def _table(rows: pl.DataFrame, filters: Filters) -> None:
    zone = rows["timezone"][0]
    names = ("period", "state", "remarks", "no", "opened", "repair")
    columns = [Column(t(f"control.column_{name}"), is_number=name == "remarks") for name in names]
    table = []
    for row in rows.iter_rows(named=True):
        repair_on = day_of(row["repair_on"])
        cells = (
            row["label"],
            t(f"control.state_{row['state']}"),
            number(row["remark_count"]),
            row["act_no"] or "—",
            wording.short_moment(row["opened_at"], zone),
            day_short(repair_on) if repair_on else "—",
        )
        opens = t("control.open_one", label=row["label"])
        table.append(Row(tuple(Cell(text) for text in cells), int(row["package_no"]), opens))
    with st.container(border=True):
        st.header(t("control.list"), anchor=False)
        st.caption(t("control.list_note"))
        clicked = row_table("control_list", columns, table, caption=t("control.list"))
    if clicked is not None:
        frame.set_filters(filters.changed(page=clicked))


def _one(scope: Scope, filters: Filters, package: Package) -> None:
    shot = package.snapshot
    frame.head(
        t("control.title", label=shot.label),
        filters,
        crumbs=[
            frame.Crumb(shot.school, "school", filters.changed(page=None).common()),
            frame.Crumb(t("page.control"), "control", filters.changed(page=None).common()),
            frame.Crumb(shot.label),
        ],
        caption=t(
            "control.frozen",
            moment=wording.short_moment(package.opened_at, shot.zone),
            until=shot.until,
            opened_by=package.opened_by,
        ),
    )
    if said := st.session_state.pop(_SAID, None):
        st.error(said)
    may = may_act("control", scope.role) and may_decide(scope, package.school)
    st.badge(t(f"control.state_{package.state.value}"), color="orange" if package.state is State.DRAFT else "green")
    if package.state is not State.DRAFT:
        st.caption(t("control.register_note"))
    texts = _words(package, disabled=not may or package.state is not State.DRAFT)
    if may:
        _actions(scope, package, texts)
    draw_documents(package, filters)
    draw_figures(package)


def _words(package: Package, *, disabled: bool) -> Texts:
    """The words as they stand in the fields of the page."""
    key = f"control.{package.number}.{package.version}"
    values: dict[str, Any] = {}
    with st.container(border=True):
        st.header(t("control.texts"), anchor=False)
        for name in _TEXTS:
            label = t(f"control.{_LABELS.get(name, name)}")
            values[name] = st.text_area(
                label, getattr(package.texts, name), key=f"{key}.{name}", disabled=disabled, max_chars=4000,
                height="content",
            )  # fmt: skip
        columns = st.columns(5, vertical_alignment="bottom")
        with columns[0]:
            values["act_no"] = st.text_input(
                t("control.act_no"), package.texts.act_no, key=f"{key}.act_no", disabled=disabled, max_chars=40
            )
        for column, name in zip(columns[1:], _DATES, strict=True):
            with column:
                on = st.date_input(
                    t(f"control.{name}"), day_of(getattr(package.texts, name)), key=f"{key}.{name}",
                    format="DD.MM.YYYY", disabled=disabled,
                )  # fmt: skip
                values[name] = on.isoformat() if on else ""
    return replace(package.texts, **values)


def _actions(scope: Scope, package: Package, texts: Texts) -> None:
    with st.container(horizontal=True, gap="small", key="control_actions"):
        if State.SIGNED in NEXT[package.state]:
            if st.button(t("control.sign"), type="primary", icon=":material/draw:", help=t("control.sign_help")):
                _done(" ".join(texts.faults()) or _words_of(save(scope, package, texts, State.SIGNED)))
            if st.button(t("control.save"), icon=":material/save:"):
                _done(_words_of(save(scope, package, texts, State.DRAFT)))
        elif State.RECHECKED in NEXT[package.state] and st.button(
            t("control.recheck"), icon=":material/published_with_changes:", help=t("control.recheck_help")
        ):
            _done(_words_of(recheck(scope, package)))


def _words_of(refused: Refused | None) -> str:
    return "" if refused is None else t(f"control.refused_{refused.value}")


def _done(said: str) -> NoReturn:
    if said:
        st.session_state[_SAID] = said
    st.rerun()
