"""Saved tables of «Свой отчёт»: open one, save, rename, open it to the school, delete."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import frame, wording
from dashboard.filters import Filters, parse, to_params
from dashboard.i18n import number, t
from dashboard.queries.saved_reports import Refused, may_share, may_withdraw, save, withdraw
from dashboard.saved_report import (
    LONGEST_TITLE,
    MOST_SAVED,
    Saved,
    clean_title,
    is_changed,
    kept_of,
    position_of,
    savable,
)
from etl.warehouse.scope import Scope

_PICK, _TOLD = "pivot.saved", "pivot.told"


def draw_saved(
    scope: Scope, school: int, filters: Filters, saved: Sequence[Saved], opened: Saved | None, zone: str
) -> None:
    """The list of reports, what is open, and the button that saves; nothing is asked for here."""
    told = st.session_state.pop(_TOLD, None)
    if told is not None:
        st.success(t(told), icon=":material/check:")
    if filters.report is not None and opened is None:
        st.warning(t("pivot_saved.missing"), icon=":material/link_off:")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="zavuch_pivot_saved"):
        if saved:
            _pick(saved, filters)
        with st.popover(t("pivot_saved.save"), icon=":material/bookmark_add:"):
            _form(scope, school, filters, saved, opened)
    if opened is not None:
        changed = is_changed(opened, filters)
        at = wording.short_moment(opened.at, zone)
        by = "saved_by_own" if opened.is_own else "saved_by"
        words = t(f"pivot_saved.{by}", title=opened.title, author=opened.saved_by, moment=at)
        st.caption(frame.plain(t("pivot_saved.changed", title=opened.title) if changed else words))


def _pick(saved: Sequence[Saved], filters: Filters) -> None:
    known = {one.report: one for one in saved}
    st.session_state[_PICK] = filters.report if filters.report in known else None
    st.selectbox(
        t("pivot_saved.label"),
        list(known),
        index=None,
        key=_PICK,
        format_func=lambda report: _words(known[report]),
        placeholder=t("pivot_saved.place"),
        on_change=_open,
        args=(known,),
        width=360,
    )


def _words(one: Saved) -> str:
    which = "own_shared" if one.is_own and one.is_shared else "own" if one.is_own else "shared"
    return t(f"pivot_saved.{which}", title=one.title, author=one.saved_by)


def _open(known: dict[int, Saved]) -> None:
    chosen = known.get(st.session_state[_PICK])
    asked = parse(st.query_params.to_dict())
    found = position_of(chosen, asked) if chosen is not None else asked.changed(report=None)
    st.query_params.from_dict(to_params(found))


def _form(scope: Scope, school: int, filters: Filters, saved: Sequence[Saved], opened: Saved | None) -> None:
    mine = opened if opened is not None and opened.is_own else None
    typed = st.text_input(
        t("pivot_saved.title"),
        value=mine.title if mine is not None else "",
        max_chars=LONGEST_TITLE,
        help=t("pivot_saved.title_help", n=number(LONGEST_TITLE)),
        key=f"pivot.title.{mine.report if mine is not None else 0}",
    )
    shared = may_share(scope, school) and st.toggle(
        t("pivot_saved.share"),
        value=mine is not None and mine.is_shared,
        disabled=mine is not None and mine.is_shared,
        help=t("pivot_saved.share_help"),
        key=f"pivot.share.{mine.report if mine is not None else 0}",
    )
    title, whole = clean_title(typed), savable(filters)
    with st.container(horizontal=True, gap="small"):
        over = mine is not None and st.button(t("pivot_saved.over"), type="primary", key="pivot_over")
        new = st.button(t("pivot_saved.as_new"), type="secondary" if mine is not None else "primary", key="pivot_new")
    if (over or new) and title is None:
        st.error(t("pivot_saved.bad_title", n=number(LONGEST_TITLE)))
    elif new and sum(one.is_own for one in saved) >= MOST_SAVED:
        st.error(t("pivot_saved.full", n=number(MOST_SAVED)))
    elif over and mine is not None:
        renamed = title if title != mine.title else None  # a pseudonym shown in its place is never stored
        _done(save(scope, school, kept_of(whole), title=renamed, shared=shared, of=mine), whole, "done")
    elif new:
        _done(save(scope, school, kept_of(whole), title=title, shared=shared), whole, "done")
    if opened is not None and may_withdraw(scope, school, opened):
        st.divider()
        _delete(scope, school, filters, opened)


def _delete(scope: Scope, school: int, filters: Filters, opened: Saved) -> None:
    st.caption(t("pivot_saved.delete_note"))
    sure = st.checkbox(frame.plain(t("pivot_saved.delete_sure", title=opened.title)), key=f"pivot.sure.{opened.report}")
    if st.button(t("pivot_saved.delete"), icon=":material/delete:", disabled=not sure, key="pivot_delete"):
        _done(withdraw(scope, school, opened), filters, "deleted")


def _done(answer: int | Refused | None, filters: Filters, told: str) -> None:
    """Open what was saved, or say why it was not."""
    if isinstance(answer, Refused):
        st.error(t(f"pivot_saved.refused_{answer}"))
        return
    st.session_state[_TOLD] = f"pivot_saved.{told}"
    frame.set_filters(filters.changed(report=answer))
