"""Who uses the journal: staff, parents and pupils in the last thirty days."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import streamlit as st

from dashboard import frame, moment_words
from dashboard.components.kpi_cards import Kpi, kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import count, day, day_short, moment, number, t
from dashboard.pages_table import is_open
from dashboard.people_sums import activity_sums, reached_sums
from dashboard.queries import schools as asked
from dashboard.queries.activity import Activity, read_activity
from dashboard.queries.door import cached
from dashboard.views.contingent import people_card
from dashboard.views.sections import chosen_school, draw_sections, share_cell, stale_words, unknown_school
from etl.warehouse.metrics_people import ACTIVE_DAYS, ACTIVITY
from etl.warehouse.scope import Scope


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page; seven queries, two when the answers are remembered."""
    school, now = chosen_school(scope, filters, t("page.activity"))
    if school is None:
        return
    filters = filters.changed(school=school)
    page = cached(scope, Filters(school=school, as_of=filters.as_of), read_activity, now, school=school)
    if page is None:
        unknown_school(t("page.activity"), filters)
        return
    knows = {"activity", "account"} <= page.carried
    crumbs = [frame.Crumb(page.row["label"], "school" if is_open("school", scope.role) else "", filters)]
    frame.head(
        title_of(page),
        filters,
        crumbs=[*crumbs, frame.Crumb(t("page.activity"))],
        caption=f"{t('activity.days', first=day(page.first), last=day(page.until), n=ACTIVE_DAYS)} · "
        + t("frame.data_as_of", moment=moment(asked.local_moment(page.row))),
        as_of=frame.AsOf(page.row["until_on"] - timedelta(days=365), page.row["until_on"]),
        stamp=moment_words.stamp(page.row, filters, with_minute=False),
        warning=stale_words(page.row),
    )
    if page.until < page.row["until_on"]:
        st.info(t("activity.past"), icon=":material/event:")
    draw_sections("activity", filters, scope.role)
    if not knows:
        frame.empty(t("activity.title_cannot_tell"), t("activity.why"))
        return
    if not page.teachers.height and not int(page.roles["logins"].sum() or 0):
        frame.empty(t("activity.title_cannot_tell"), t("activity.why_no_days"))
        return
    _cards(page)
    _teachers(page)
    _classes(page)


def title_of(page: Activity) -> str:
    """How many teachers do not use the journal; without a teacher whose lessons fell due nobody can tell."""
    silent = ACTIVITY["silent_share"].of(activity_sums(page))
    if not silent.whole:
        return t("activity.title_cannot_tell")
    return t("activity.title", n=count(silent.part, "teacher")) if silent.part else t("activity.title_well")


def _cards(page: Activity) -> None:
    why = t("activity.why")
    last = dict(page.roles.select("role", "logins").iter_rows())
    kpi_cards(
        "activity_cards",
        [
            people_card(
                ACTIVITY["active_accounts"], activity_sums(page, role), t(f"activity.role_{role}"), why,
                t("activity.logins", n=number(last.get(role, 0))),
            )
            for role in ("staff", "parent", "pupil")
        ]
        + [_reached(page)],
    )  # fmt: skip


def _reached(page: Activity) -> Kpi:
    words = t("activity.card_reached")
    return people_card(ACTIVITY["reached_share"], reached_sums(page), words, t("activity.why_reached"))


def _teachers(page: Activity) -> None:
    """Teachers with lessons: those who did not sign in or entered nothing first."""
    with st.container(border=True):
        st.header(t("activity.teachers"), anchor=False)
        st.caption(t("activity.teachers_note"))
        if page.teachers.is_empty():
            st.markdown(t("school.teachers_none"))
            return
        columns = [
            Column(t("filling.by_staff_one"), wide=True),
            Column(t("activity.column_last")),
            Column(t("activity.column_made"), is_number=True),
        ]
        rows = [
            Row(
                (
                    Cell(frame.short_name(line["full_name"] or t("filling.nobody"))),
                    _last(line["last_on"], line["accounts"]),
                    share_cell(line["made"] / line["due"] if line["due"] else None, line["made"], line["due"]),
                )
            )
            for line in page.teachers.iter_rows(named=True)
        ]
        row_table("activity_teachers", columns, rows, caption=t("activity.teachers"), height=420)


def _last(on: object, accounts: int) -> Cell:
    if not accounts:
        return Cell(t("number.cannot_tell"), t("activity.no_account"), "unknown")
    return Cell(day_short(on)) if on is not None else Cell(t("activity.never"), t("activity.in_days"), "bad")  # type: ignore[arg-type]


def _classes(page: Activity) -> None:
    with st.container(border=True):
        st.header(t("activity.classes"), anchor=False)
        st.caption(t("activity.classes_note"))
        names = "consent" in page.carried
        share = pl.col("reached" if names else "active_pupils") / pl.col("enrolled")
        rows = [
            Row(
                (
                    Cell(line["class_name"]),
                    share_cell(line["active_pupils"] / line["enrolled"], line["active_pupils"], line["enrolled"]),
                    share_cell(line["reached"] / line["enrolled"], line["reached"], line["enrolled"])
                    if names
                    else Cell(t("number.cannot_tell")),
                )
            )
            for line in page.classes.sort(share, "grade", "letter", "class_id").iter_rows(named=True)
        ]
        columns = [
            Column(t("filling.by_class_one")),
            Column(t("activity.column_pupils"), is_number=True),
            Column(t("activity.column_reached"), is_number=True),
        ]
        row_table("activity_classes", columns, rows, caption=t("activity.classes"), height=420)
