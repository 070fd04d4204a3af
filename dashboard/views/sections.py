"""The pages of one school side by side, and the head that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, moment_words
from dashboard.components.palette import FEW
from dashboard.components.row_table import Cell
from dashboard.filters import Filters
from dashboard.i18n import count, moment, out_of, percent, t
from dashboard.pages_table import BY_ROUTE, CONTROL_SECTIONS, SECTIONS, is_open
from dashboard.queries import periods
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from etl.warehouse.metrics import Measured
from etl.warehouse.scope import Scope


def chosen_school(scope: Scope, filters: Filters, title: str) -> tuple[int | None, datetime]:
    """The school of the position, else the reader's only one; where there are several, asks and returns None."""
    now = frame.this_hour()
    listed = cached(scope, "schools", _schools, now)
    if filters.school is not None:
        return filters.school, now
    if listed.height and scope.level != "municipality":
        return int(listed["school_id"][0]), now
    frame.head(title, filters)
    names = dict(listed.select("school_id", "label").iter_rows())
    chosen = st.selectbox(
        t("school.choose"), list(names), index=None, format_func=lambda key: names[key], width=360,
        placeholder=t("school.choose_lead"),
    )  # fmt: skip
    if chosen is not None:
        frame.set_filters(filters.drilled(school=int(chosen)))
    return None, now


def _schools(scope: Scope, _what: str, now: datetime) -> pl.DataFrame:
    return asked.read_schools(scope, now)


def unknown_school(title: str, filters: Filters) -> None:
    """The state of a page whose school is not open to the reader, or has no periods."""
    frame.head(title, filters)
    frame.empty(t("school.unknown_title"), t("school.unknown"))


def section_head(
    title: str, route: str, row: dict[str, Any], choice: periods.Choice, filters: Filters, role: str,
    narrowed: Sequence[tuple[str, Filters]] = (), with_as_of: bool = True, with_minute: bool = False,
    beside: Sequence[str] = SECTIONS,
) -> None:  # fmt: skip
    """Crumbs, heading, freshness and selectors of a page of one school, and the way to its other pages.

    `narrowed` = what the page is narrowed to, coarse to fine, each with its position; `with_as_of` false where the
    page knows the newest state only, `with_minute` true where it reads the ledger. `beside` = the
    pages that are offered beside it.
    """
    place = filters.changed(class_id=None, staff=None, subject=None, parallel=None, journal=None, lesson=None)
    steps = [
        frame.Crumb(row["label"], "school" if is_open("school", role) else "", place),
        frame.Crumb(t(BY_ROUTE[route].title_key), route, place),
    ]
    steps += [frame.Crumb(words, route, position) for words, position in narrowed]
    until = asked.local_moment(row)
    caption = t("school.caption", moment=moment(until), act=row["act_title"] or t("school.act_none"))
    stamp = moment_words.stamp(row, filters if with_as_of else Filters(), with_minute=with_minute)
    if with_as_of and asked.past_moment(row, filters) is not None:
        caption = t("sections.caption_as_of", stamp=stamp, moment=moment(until))
    frame.head(
        title,
        filters,
        crumbs=[*steps[:-1], frame.Crumb(steps[-1].label)],
        caption=caption,
        periods=[frame.Option(code, words) for code, words in choice.options],
        default_period=choice.default,
        as_of=frame.AsOf(date(choice.period.span.year, 9, 1), row["until_on"], with_minute, asked.minute_of(row))
        if with_as_of
        else None,
        stamp=stamp,
        warning=stale_words(row),
    )
    draw_sections(route, place, role, beside)


def stale_words(row: Mapping[str, Any]) -> str:
    """The warning of a page whose school sent nothing for more than two staff working days, else empty; `row` as of
    `read_schools` (requirements G30)."""
    is_stale = row["working_days_old"] > asked.STALE_AFTER
    return t("frame.stale_one", days=count(row["days_old"], "day")) if is_stale else ""


def draw_control_sections(current: str, filters: Filters, role: str) -> None:
    """Buttons to the other pages of control that the role may open."""
    draw_sections(current, filters, role, CONTROL_SECTIONS)


def draw_sections(current: str, filters: Filters, role: str, of: Sequence[str] = SECTIONS) -> None:
    """Buttons to the other pages of the same school that the role may open."""
    from dashboard.router import title_of  # the router imports the pages

    routes = [route for route in of if route in BY_ROUTE and is_open(route, role)]
    if len(routes) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="zavuch_sections"):
        for route in routes:
            words = title_of(BY_ROUTE[route], role)
            if route == current:
                st.button(words, key=f"section_{route}", type="secondary")  # where the reader is
            elif st.button(words, key=f"section_{route}", type="tertiary"):
                frame.go(route, filters)


def share_cell(value: float | None, part: int | None, whole: int | None, all_rows: int | None = None) -> Cell:
    """A share with its denominator: a dash where nothing is due, «нельзя оценить», few rows said so."""
    if not (all_rows if all_rows is not None else whole):
        return Cell("—")
    if value is None or part is None or whole is None:
        return Cell(t("number.cannot_tell"))
    words = out_of_short(part, whole)
    return Cell(words, t("grid.few"), "quiet") if whole < FEW else Cell(percent(value), words, "quiet")


def out_of_short(part: int, whole: int) -> str:
    """`512 из 550`."""
    return out_of(part, whole, "row").rsplit("\u00a0", 1)[0]


def measured_cell(found: Measured) -> Cell:
    """A metric's number in a table."""
    return share_cell(found.value, found.part, found.whole, found.whole + found.unknown)
