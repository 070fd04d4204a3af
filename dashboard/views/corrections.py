"""«Исправления»: every change after the lock and every permission, matched (S7, B-40); a click leads to the lesson."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, moment_words
from dashboard.components.kpi_cards import Kpi, kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.correction_rows import TONES, USE_TONES, Use, Verdict, counts, in_period, with_use, with_verdict
from dashboard.correction_words import numbered, permission_words, place_words, what_words, when_words
from dashboard.derived import derived
from dashboard.filters import Filters
from dashboard.i18n import count, day_short, number, t
from dashboard.pages_table import CONTROL_SECTIONS
from dashboard.queries.corrections import Corrections, read_corrections
from dashboard.queries.door import cached
from dashboard.queries.registers import may_write
from dashboard.views.correction_file import draw_correction_file
from dashboard.views.sections import chosen_school, section_head, unknown_school
from dashboard.wording import short_moment
from etl.warehouse.scope import Scope

SHOWN = 100
_GROUPS: dict[str, tuple[Verdict, ...]] = {
    "allowed": (Verdict.PERMITTED, Verdict.DOCUMENT),
    "no_permission": (Verdict.NO_PERMISSION,),
    "wrong_role": (Verdict.WRONG_ROLE,),
    "after_the_fact": (Verdict.AFTER_THE_FACT,),
    "cannot_tell": (Verdict.CANNOT_TELL,),
}
"""Code of the card and of `filters.measure` → verdicts."""


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page; seven queries, two when the answers are remembered."""
    school, now = chosen_school(scope, filters, t("page.corrections"))
    if school is None:
        return
    filters = filters.changed(school=school)
    position = Filters(year=filters.year, period=filters.period, as_of=filters.as_of, at=filters.at, school=school)
    page = cached(scope, position, read_corrections, now, school=school)
    if page is None:
        unknown_school(t("page.corrections"), filters)
        return
    shown = derived(page, _of_period, filters.class_id)
    section_head(
        _title(shown), "corrections", page.row, page.choice, filters, scope.role, with_minute=True,
        beside=CONTROL_SECTIONS,
    )  # fmt: skip
    st.markdown(t("corrections.about"))
    st.caption(t("corrections.cards_stamp"))
    _cards(page, shown, filters)
    _changes(page, shown, filters, scope)
    draw_correction_file(page, shown, filters)
    _permissions(page, filters)


def _judged(page: Corrections) -> pl.DataFrame:
    return with_verdict(page.changes)


def _of_period(page: Corrections, class_id: int | None, group: str | None = None) -> pl.DataFrame:
    """The changes of the chosen period; `group` = those of one card."""
    found = in_period(derived(page, _judged), page.starts_on, page.ends_on, class_id)
    return found if group is None else found.filter(pl.col("verdict").is_in(list(_GROUPS[group])))


def _first_rows(page: Corrections, class_id: int | None, group: str | None, *, may_permit: bool) -> list[Row]:
    return _change_rows(derived(page, _of_period, class_id, group).head(SHOWN), may_permit=may_permit)


def _change_rows(changes: pl.DataFrame, *, may_permit: bool) -> list[Row]:
    return [_change_row(row, index, may_permit) for index, row in enumerate(changes.iter_rows(named=True))]


def _used(page: Corrections, class_id: int | None) -> pl.DataFrame:
    """The permissions of the year with what became of them."""
    found = with_use(page.permissions, derived(page, _judged))
    return found if class_id is None else found.filter(pl.col("class_id") == class_id)


def _first_permissions(page: Corrections, class_id: int | None) -> list[Row]:
    return _permission_rows(derived(page, _used, class_id).head(SHOWN))


def _permission_rows(permissions: pl.DataFrame) -> list[Row]:
    return [_permission_row(row, index) for index, row in enumerate(permissions.iter_rows(named=True))]


def _title(shown: pl.DataFrame) -> str:
    broken = shown.filter(pl.col("is_late")).height
    if shown.is_empty():
        return t("corrections.title_none")
    return t("corrections.title_broken", n=count(broken, "correction")) if broken else t("corrections.title_clean")


def _cards(page: Corrections, shown: pl.DataFrame, filters: Filters) -> None:
    found = counts(shown)
    kept = in_period(page.kept, page.starts_on, page.ends_on, filters.class_id)["n"].sum()
    cards = []
    for code, verdicts in _GROUPS.items():
        n = sum(found[verdict] for verdict in verdicts)
        detail = "" if code == "allowed" else t(f"corrections.card_{code}_note")
        if code == "allowed" and kept:
            detail = t("corrections.kept", n=number(int(kept)))
        cards.append(
            Kpi(
                id=code,
                label=t(f"corrections.card_{code}"),
                value=number(n),
                detail=detail,
                passport=(t(f"corrections.passport_{code}"),),
                better="none",
                opens=n > 0,
            )
        )
    clicked = kpi_cards("corrections_cards", cards, moment_words.stamp(page.row, filters, with_minute=True))
    if clicked is not None and clicked != filters.measure:
        frame.set_filters(filters.changed(measure=clicked))


def _changes(page: Corrections, shown: pl.DataFrame, filters: Filters, scope: Scope) -> None:
    with st.container(border=True):
        st.header(t("corrections.changes"), anchor=False)
        chosen = filters.measure if filters.measure in _GROUPS else None
        if chosen is not None:
            shown = derived(page, _of_period, filters.class_id, chosen)
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.caption(t("corrections.only", what=t(f"corrections.card_{chosen}")), width="content")
                if st.button(t("corrections.every"), type="tertiary"):
                    frame.set_filters(filters.changed(measure=None))
        if shown.is_empty():
            st.markdown(t("corrections.none"))
            return
        may_permit = may_write(scope, page.row["school_id"], "edit_permission_entry")
        columns = [Column(t(f"corrections.column_{name}"), wide=name in ("where", "who"))
                   for name in ("when", "where", "what", "who", "permission", "verdict")]  # fmt: skip
        changes = shown["change_id"].to_list()
        clicked = row_table(
            "corrections_changes", columns,
            derived(page, _first_rows, filters.class_id, chosen, may_permit=may_permit),
            every=(shown.height, lambda: _change_rows(shown, may_permit=may_permit)),
            caption=t("corrections.changes"), height=560 if shown.height > 8 else None,
            on_action=lambda place: _permit(filters, changes[place]),
        )  # fmt: skip
        if shown.height > SHOWN:
            st.caption(t("registers.cut", n=count(SHOWN, "row")))
    if clicked is not None:
        _open(shown.row(clicked, named=True), page, filters)


def _permit(filters: Filters, change: int) -> None:
    frame.go("registers", Filters(school=filters.school, measure="edit_permission_entry", group=f"change:{change}"))


def _open(row: dict[str, Any], page: Corrections, filters: Filters) -> None:
    place = filters.changed(
        measure=None, year=page.choice.period.span.year, class_id=row["class_id"], journal=row["journal_id"],
        lesson=row["lesson_id"],
    )  # fmt: skip
    frame.go("lesson" if _has_page("lesson") and row["lesson_id"] else "journal", place)


def _has_page(route: str) -> bool:
    from dashboard.pages_table import BY_ROUTE

    return route in BY_ROUTE


def _change_row(row: dict[str, Any], index: int, may_permit: bool) -> Row:
    verdict = Verdict(row["verdict"])
    can_act = may_permit and verdict in (Verdict.NO_PERMISSION, Verdict.AFTER_THE_FACT)
    return Row(
        (
            Cell(when_words(row), t("corrections.due", moment=short_moment(row["due_at"], row["timezone"]))
                 if row["due_at"] is not None else "", "quiet"),
            Cell(place_words({**row, "pupil": None}), row["pupil"] or "", "quiet"),
            Cell(what_words(row), t(f"correction_action.{row['action']}"), "quiet"),
            Cell(row["staff"] or t("corrections.nobody"), t(f"role.{row['role']}") if row["role"] else "", "quiet"),
            Cell(*permission_words(row), "quiet", action=t("corrections.permit") if can_act else ""),
            Cell(t(f"correction_verdict.{verdict}"), "", TONES[verdict], badge=True),
        ),
        index if row["journal_id"] is not None else None,
        t("corrections.open"),
    )  # fmt: skip


def _permissions(page: Corrections, filters: Filters) -> None:
    with st.container(border=True):
        st.header(t("corrections.permissions"), anchor=False)
        st.caption(t("corrections.permissions_note"))
        found = derived(page, _used, filters.class_id)
        if found.is_empty():
            st.markdown(t("corrections.permissions_none"))
            return
        columns = [Column(t(f"corrections.column_{name}"), wide=name == "entry")
                   for name in ("number", "entry", "ground", "asked", "use")]  # fmt: skip
        clicked = row_table("corrections_permissions", columns, derived(page, _first_permissions, filters.class_id),
                            every=(found.height, lambda: _permission_rows(found)),
                            caption=t("corrections.permissions"), height=420 if found.height > 8 else None)  # fmt: skip
        if found.height > SHOWN:
            st.caption(t("registers.cut", n=count(SHOWN, "row")))
    if clicked is not None:
        _open(found.row(clicked, named=True), page, filters)


def _permission_row(row: dict[str, Any], index: int) -> Row:
    use = Use(row["use"])
    source = t("registers.of_source") if row["is_of_source"] else t("corrections.of_app")
    return Row(
        (
            Cell(numbered(row), source, "quiet"),
            Cell(place_words(row) or t("corrections.not_loaded"), t(f"entity.{row['entity']}"), "quiet"),
            Cell(t(f"register_choice.ground.{row['ground']}"),
                 t("corrections.protocol", no=row["protocol_no"]) if row["protocol_no"] else "", "quiet"),
            Cell(row["staff"] or "—", t("corrections.asked_on", day=day_short(row["requested_on"]))
                 if row["requested_on"] else "", "quiet"),
            Cell(t(f"permission_use.{use}"),
                 count(row["change_count"], "correction") if row["change_count"] else "", USE_TONES[use], badge=True),
        ),
        index if row["journal_id"] is not None else None,
        t("corrections.open"),
    )  # fmt: skip
