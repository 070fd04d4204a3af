"""The journal: which lessons lack what, pupils × lessons as in the class book, one click to the card of a lesson."""

from __future__ import annotations

from datetime import date

import polars as pl
import streamlit as st

from dashboard import frame, journal_sheet, measures, moment_words
from dashboard.components.journal_grid import journal_grid
from dashboard.components.row_table import Column, row_table
from dashboard.derived import derived
from dashboard.filters import Filters
from dashboard.i18n import count, listed, moment, t
from dashboard.lesson_rows import lesson_rows
from dashboard.pages_table import is_open
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from dashboard.queries.journals import Journal, read_journal, read_journals
from dashboard.views.lesson import open_lesson
from dashboard.views.source_link import source_link
from etl.warehouse.metrics import METRICS
from etl.warehouse.scope import Scope


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position; at most ten queries and four for the card of a lesson, two when remembered."""
    now = frame.this_hour()
    school = filters.school or min(scope.all_school_ids, default=None)
    filters = filters.changed(school=school)
    place = Filters(
        school=school,
        class_id=filters.class_id,
        subject=filters.subject,
        year=filters.year,
        journal=filters.journal,
        lesson=filters.lesson,
    )
    open_ones = cached(scope, place, read_journals, school=school)
    journal = _named(open_ones, filters)
    if journal is None:
        _none(open_ones, filters)
        return
    position = Filters(year=filters.year, period=filters.period, as_of=filters.as_of, at=filters.at, school=school)
    page = cached(scope, position, read_journal, journal, now, school=school)
    if page is None:
        _none(open_ones.clear(), filters)
        return
    filters = filters.changed(journal=journal, class_id=page.journal["class_id"], subject=page.journal["subject_id"])
    _head(scope, page, filters)
    _siblings(page, filters)
    source_link(scope, page.place.school, page.place.journal)
    _summary(page)
    if page.lessons.is_empty():
        frame.empty(t("journal.no_lessons_title"), t("journal.no_lessons"))
    else:
        _sheet(page, filters)
        _list(page, filters)
    if filters.lesson is not None:
        open_lesson(scope, page, filters)


def _named(open_ones: pl.DataFrame, filters: Filters) -> int | None:
    """The journal the position means: the named one, or the only (else the first) one of the class and subject."""
    named = open_ones.filter("is_asked")
    if named.height:
        return int(named["journal_id"][0])
    if filters.journal is not None or filters.lesson is not None or filters.class_id is None or filters.subject is None:
        return None
    return int(open_ones["journal_id"][0]) if open_ones.height else None


def _none(open_ones: pl.DataFrame, filters: Filters) -> None:
    """Nothing is named: choose one. Something is named and closed: say so, and no more than that."""
    is_named = any(value is not None for value in (filters.journal, filters.lesson, filters.subject))
    if is_named or open_ones.is_empty():
        frame.head(t("page.journal"), filters.common())
        frame.empty(t("journal.closed_title"), t("journal.closed" if is_named else "journal.choose_none"))
        return
    frame.head(
        t("journal.choose_title"),
        filters,
        crumbs=[frame.Crumb(t("journal.own_school"), "school", filters.common()), frame.Crumb(t("page.journal"))],
    )
    classes = dict(open_ones.select("class_id", "class_name").iter_rows())
    left, right = st.columns(2)
    chosen_class = left.selectbox(
        t("journal.choose_class"),
        list(classes),
        index=list(classes).index(filters.class_id) if filters.class_id in classes else 0,
        format_func=lambda key: classes[key],
    )
    mine = open_ones.filter(pl.col("class_id") == chosen_class)
    names = {row["journal_id"]: journal_sheet.journal_name(row) for row in mine.iter_rows(named=True)}
    chosen = right.selectbox(
        t("journal.choose_subject"),
        list(names),
        index=None,
        format_func=lambda key: frame.plain(names[key]),
        placeholder=t("journal.choose_title"),
    )
    if chosen is not None:
        frame.set_filters(filters.changed(journal=int(chosen), class_id=None, subject=None))


def _head(scope: Scope, page: Journal, filters: Filters) -> None:
    until = asked.local_moment(page.school)
    act = page.school["act_title"] or t("school.act_none")
    caption = t("journal.caption", moment=moment(until), act=act)
    stamp = moment_words.stamp(page.school, filters)
    if asked.past_moment(page.school, filters) is not None:
        caption = t("journal.caption_as_of", stamp=stamp, moment=moment(until), act=act)
    is_stale = page.school["working_days_old"] > asked.STALE_AFTER
    options = page.choice.options if page.choice else ()
    frame.head(
        journal_sheet.title(page),
        filters,
        crumbs=_crumbs(scope, page, filters),
        caption=caption,
        periods=[frame.Option(code, words) for code, words in options],
        default_period=page.choice.period.code if page.choice else "",
        as_of=frame.AsOf(
            date(page.journal["school_year"], 9, 1),
            page.school["until_on"],
            with_minute=True,
            ends_at=asked.minute_of(page.school),
        ),
        stamp=stamp,
        warning=t("frame.stale_one", days=count(page.school["days_old"], "day")) if is_stale else "",
    )


def _crumbs(scope: Scope, page: Journal, filters: Filters) -> list[frame.Crumb]:
    bare = filters.changed(parallel=None, class_id=None, staff=None, subject=None, journal=None, lesson=None)
    steps = []
    if is_open("overview", scope.role):
        steps.append(
            frame.Crumb(
                t("page.overview"), "overview", Filters(year=filters.year, period=filters.period, as_of=filters.as_of)
            )
        )
    steps.append(frame.Crumb(page.school["label"], "school", bare))
    steps.append(frame.Crumb(page.journal["class_name"], "school", bare.changed(class_id=page.journal["class_id"])))
    return [*steps, frame.Crumb(page.journal["subject"])]


def _siblings(page: Journal, filters: Filters) -> None:
    """The groups of the class that have a journal of the subject of their own."""
    if page.siblings.height < 2:
        return
    names = {row["journal_id"]: row["group_name"] or row["class_name"] for row in page.siblings.iter_rows(named=True)}
    current = page.journal["journal_id"]
    st.session_state["journal.sibling"] = current
    chosen = st.pills(
        t("journal.group"),
        list(names),
        format_func=lambda key: frame.plain(names[key]),
        key="journal.sibling",
        label_visibility="collapsed",
    )
    if chosen is not None and chosen != current:
        frame.set_filters(filters.changed(journal=int(chosen), lesson=None))


def _summary(page: Journal) -> None:
    words, outside, passport = derived(page, _summed)
    st.markdown(words)
    if outside:
        st.caption(outside, help=passport)


def _summed(page: Journal) -> tuple[str, str, str]:
    """The line under the heading, what is left out of it, and how it is computed."""
    metric, sums = METRICS["completeness"], page.rows
    found = metric.of(sums)
    names = journal_sheet.teachers(page)
    key = "journal.teachers_none" if not names else "journal.teachers" if len(names) == 1 else "journal.teachers_many"
    words = [
        t(key, names=frame.plain(listed(names))),
        *journal_sheet.summary(page, measures.reason(found, sums, page.school["capabilities"])),
    ]
    late = METRICS["late_count"].of(sums).part
    badges = []
    if found.whole > found.part:
        badges.append(f":red-badge[:material/close: {t('status.missing')}: {found.whole - found.part}]")
    if late:
        badges.append(f":orange-badge[:material/history: {t('status.late')}: {late}]")
    parts = ", ".join(f"{t(f'left_out.{name}')} — {n}" for name, n in metric.left_out(sums))
    outside = t("journal.outside", parts=parts) if parts else ""
    return " · ".join([*words, *badges]), outside, t(metric.passport_key)


def _sheet(page: Journal, filters: Filters) -> None:
    with st.container(border=True):
        st.header(t("journal.grid"), anchor=False)
        st.caption(t("journal.grid_note"))
        grid = derived(page, journal_sheet.grid)
        if not grid.pupils:
            st.markdown(t("journal.no_pupils"))
        clicked = journal_grid("journal_grid", grid, selected=filters.lesson)
    if clicked is not None:
        frame.set_filters(filters.changed(lesson=clicked))


def _list(page: Journal, filters: Filters) -> None:
    with st.container(border=True):
        st.header(t("journal.list"), anchor=False)
        st.caption(t("journal.list_note"))
        columns = [
            Column(t("journal.column_lesson")),
            Column(t("journal.column_topic"), wide=True),
            Column(t("journal.column_homework")),
            Column(t("journal.column_attendance")),
            Column(t("journal.column_marks")),
        ]
        clicked = row_table(
            "journal_list",
            columns,
            derived(page, lesson_rows),
            caption=journal_sheet.caption(page, "journal.list_caption"),
        )
    if clicked is not None:
        frame.set_filters(filters.changed(lesson=clicked))
