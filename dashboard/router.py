"""Which page runs, for whom: the menu of the role, the page of the address, a sentence where it is closed."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st
from streamlit.navigation.page import Page

from dashboard import frame
from dashboard.access import Identity
from dashboard.filters import Filters, parse, to_params
from dashboard.i18n import moment, t
from dashboard.pages_table import BY_ROUTE, LONGEST_MENU, PAGES, PageRow, in_groups, is_open, menu_of
from dashboard.queries.access_log import note_view
from dashboard.queries.door import one_run
from dashboard.queries.refusals import is_refused, note_refusal
from etl.warehouse.scope import Scope

LOG = logging.getLogger("zavuch.app")
HOME = "_home"
POSITION_KEY = "zavuch.position"  # [route, parameters] of the last run: what the menu carries along
NOTED_KEY = "zavuch.noted"
_TEACHERS = ("class_teacher", "teacher")
_ABOVE_ASKING = ("director", "inspector", "region")  # nobody at a school decides what they may see


def streamlit_page(route: str) -> Page:
    """Streamlit's page of a route, for `st.switch_page` (it recognises a page by its address)."""
    return st.Page(_nothing, title=route, url_path=route)


def run(identity: Identity, scope: Scope) -> None:
    """Draw the menu of the role and run the page of the address."""
    pages = [st.Page(_landing(identity.role), title=t("app.title"), url_path=HOME, default=True, visibility="hidden")]
    if len(menu_of(identity.role)) > LONGEST_MENU:
        shown = {t(f"menu.{group}"): [_page(row, identity, scope) for row in rows] for group, rows in in_groups(PAGES)}
        chosen = st.navigation({"": pages, **shown}, position="top")
    else:
        chosen = st.navigation([*pages, *(_page(row, identity, scope) for row in PAGES)], position="top")
    _carry_position(chosen.url_path)
    chosen.run()


def title_of(row: PageRow, role: str) -> str:
    """Menu title of a page; a teacher's school page shows her journals and is called so, a class is «мой» for its class
    teacher alone."""
    if row.route == "school" and role in _TEACHERS:
        return t("page.school_own")
    return t("page.class_any" if row.route == "class" and role != "class_teacher" else row.title_key)


def _page(row: PageRow, identity: Identity, scope: Scope) -> Page:
    in_menu = row.presence(identity.role) == "menu"
    return st.Page(
        _runner(row, identity, scope),
        title=title_of(row, identity.role),
        icon=row.icon,
        url_path=row.route,
        visibility="visible" if in_menu else "hidden",
    )


def _runner(row: PageRow, identity: Identity, scope: Scope) -> Callable[[], None]:
    def show() -> None:
        try:
            _show(row, identity.role, scope, parse(st.query_params.to_dict()))
        except Exception:
            # the log has the traceback; the reader gets a sentence, in her language and without a detail of the data
            LOG.exception("The page %s could not be drawn.", row.route)
            frame.empty(t("state.error_title"), t("state.error", moment=moment(datetime.now(UTC).astimezone())))

    return show


def _show(row: PageRow, role: str, scope: Scope, filters: Filters) -> None:
    refused = is_refused(row, scope, filters)
    if refused:
        _note(note_refusal, row, scope, filters)
    if not is_open(row.route, role):
        _forbidden(row, role, refused)
    elif scope.is_empty and row.route != "guide":
        frame.head(title_of(row, role), Filters())
        frame.empty(t("state.no_scope_title"), t("state.no_scope"))
    elif refused:
        frame.head(title_of(row, role), Filters())
        frame.empty(t("state.refused_title"), f"{t('state.refused')} {t('state.refused_noted')}")
    else:
        _render(row, scope, filters)


def _render(row: PageRow, scope: Scope, filters: Filters) -> None:
    st.session_state[frame.SCOPE_KEY] = scope
    if row.shows_pupils(filters, scope):
        _note(note_view, row, scope, filters)  # first: what cannot be noted is not shown
    with one_run():
        # imported when it is opened: a page without a chart never loads Plotly, a broken page breaks only itself
        importlib.import_module(row.module).render(scope, filters)


def _note(write: Callable[[Scope, str, Filters], int], row: PageRow, scope: Scope, filters: Filters) -> None:
    """One line of the access log for every position at which pupils are shown by name or refused, once in an hour of
    a tab.
    """
    place = [row.route, filters.school, filters.class_id, filters.pupil, filters.journal, filters.lesson]
    seen = [write.__name__, *place, scope.user_id, frame.this_hour().isoformat()]
    if st.session_state.get(NOTED_KEY) != seen:
        write(scope, row.route, filters)
        st.session_state[NOTED_KEY] = seen


def _landing(role: str) -> Callable[[], None]:
    def show() -> None:
        menu = menu_of(role)
        if menu:
            st.switch_page(streamlit_page(menu[0].route), query_params=st.query_params.to_dict())
        frame.empty(t("state.no_scope_title"), t("state.no_scope"))

    return show


def _forbidden(row: PageRow, role: str, noted: bool) -> None:
    frame.head(t("state.forbidden_title"), Filters())
    whom = t("state.forbidden_whom" if role not in _ABOVE_ASKING else "state.forbidden_whom_head")
    words = t("state.forbidden", role=t(f"role.{role}"), page=title_of(row, role), whom=whom)
    frame.empty(title_of(row, role), f"{words} {t('state.refused_noted')}" if noted else words)


def _carry_position(route: str) -> None:
    """The menu drops the parameters; year, period, as-of and school go along to the page it opens. Not where a page led
    to another by itself (`frame.go`): its position is whole, also when nothing is narrowed any more.
    """
    last = st.session_state.get(POSITION_KEY)
    is_meant = st.session_state.pop(frame.GONE_KEY, None) == route
    if last is not None and route in BY_ROUTE and last[0] != route and not st.query_params and not is_meant:
        carried = parse(last[1]).common()
        # the overview is of all schools: whoever comes back to it has left the one
        st.query_params.from_dict(to_params(carried.changed(school=None) if route == "overview" else carried))
    st.session_state[POSITION_KEY] = [route, st.query_params.to_dict()]


def _nothing() -> None:
    """Body of a page that is only an address."""
