"""«Календарь обязанностей»: what the act wants by when this month, what is done, what is late."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import frame
from dashboard.components.row_table import Cell, Column, Row, Tone, row_table
from dashboard.duty_calendar import Duty, State, counts, duties_of_month, months_of
from dashboard.duty_words import progress_words, what_words, who_words
from dashboard.filters import Filters
from dashboard.i18n import count, day_short, month, t
from dashboard.pages_table import is_open
from dashboard.queries.duties import Duties, read_duties
from dashboard.views.sections import chosen_school, draw_control_sections, stale_words, unknown_school
from etl.warehouse.scope import Scope

TONES: dict[State, Tone] = {
    "late": "bad", "due": "warn", "ahead": "info", "unknown": "unknown", "late_done": "warn", "done": "good",
}  # fmt: skip
MONTH_KEY = "zavuch.duties_month"


def render(scope: Scope, filters: Filters) -> None:
    """Draw the month of `filters.week` (a first day), by default the running one; thirteen queries."""
    school, now = chosen_school(scope, filters, t("page.duties"))
    if school is None:
        return
    filters = filters.changed(school=school)
    page = read_duties(scope, Filters(year=filters.year, school=school), now)  # registers change without a new version
    if page is None:
        unknown_school(t("page.duties"), filters)
        return
    today = _today(page)
    months = months_of(page.facts.year)
    asked = (filters.week or today).replace(day=1)
    chosen = asked if asked in months else (months[-1] if today > months[-1] else months[0])
    duties = duties_of_month(page.terms, page.facts, chosen, today)
    place = filters.common().changed(period=None, as_of=None, at=None, against=None)
    frame.head(
        _title(duties, chosen), filters,
        crumbs=[frame.Crumb(page.row["label"], "school" if is_open("school", scope.role) else "", place),
                frame.Crumb(t("page.duties"))],
        caption=t("duties.caption", act=page.row["act_title"] or t("school.act_none"), day=day_short(today)),
        warning=stale_words(page.row),
    )  # fmt: skip
    draw_control_sections("duties", place, scope.role)
    _choose_month(months, chosen, filters)
    _month(duties, filters, scope, page)
    _late_before(page, months, chosen, today, filters)


def _today(page: Duties) -> date:
    """The day by which a duty is late: today on the school's clock; of generated data, where they end."""
    if page.row["is_demo"]:
        return page.until_on
    return datetime.now(UTC).astimezone(ZoneInfo(page.row["timezone"])).date()


def _title(duties: list[Duty], chosen: date) -> str:
    late = counts(duties)["late"]
    when = month(chosen)
    if not duties:
        return t("duties.title_none", month=when)
    return t("duties.title_late", n=count(late, "duty"), month=when) if late else t("duties.title", month=when)


def _choose_month(months: list[date], chosen: date, filters: Filters) -> None:
    st.session_state[MONTH_KEY] = chosen  # the URL decides, also after Back
    picked = st.pills(
        t("duties.month"), months, key=MONTH_KEY, format_func=month, label_visibility="collapsed", required=True
    )
    if picked is not None and picked != chosen:
        frame.set_filters(filters.changed(week=picked))


def _month(duties: list[Duty], filters: Filters, scope: Scope, page: Duties) -> None:
    if not page.terms.terms:
        frame.empty(t("duties.no_act_title"), t("duties.no_act"))
        return
    if not duties:
        frame.empty(t("duties.none_title"), t("duties.none"))
        return
    with st.container(border=True):
        rows = [_row(duty, index, scope.role) for index, duty in enumerate(duties)]
        columns = [Column(t(f"duties.column_{name}"), wide=name in ("what", "clause"))
                   for name in ("due", "what", "who", "state", "clause")]  # fmt: skip
        clicked = row_table("duties", columns, rows, caption=t("page.duties"))
    if clicked is not None:
        _go(duties[clicked], filters)


def _go(duty: Duty, filters: Filters) -> None:
    measure = duty.measure or None
    frame.go(duty.route, Filters(school=filters.school, measure=measure))


def _row(duty: Duty, index: int, role: str) -> Row:
    opens = bool(duty.route) and is_open(duty.route, role)
    done = t("duties.done_on", day=day_short(duty.done_on)) if duty.done_on else ""
    clause = ""
    if duty.term is not None and duty.term.clause:
        clause = t("duties.clause", act=duty.term.act, clause=duty.term.clause)
    return Row(
        (
            Cell(day_short(duty.due_on)),
            Cell(what_words(duty), progress_words(duty), "quiet"),
            Cell(who_words(duty)),
            Cell(t(f"duty_state.{duty.state}"), done, TONES[duty.state], badge=True),
            Cell(clause or t("duties.no_clause"), duty.term.quotation if duty.term else "", "quiet"),
        ),
        index if opens else None,
        t("duties.open"),
    )  # fmt: skip


def _late_before(page: Duties, months: list[date], chosen: date, today: date, filters: Filters) -> None:
    """What is late of other months, so that nothing is forgotten with its month."""
    rest = [
        duty
        for first in months
        if first != chosen
        for duty in duties_of_month(page.terms, page.facts, first, today)
        if duty.state == "late"
    ]
    if not rest:
        return
    with st.expander(t("duties.late_elsewhere", n=count(len(rest), "duty"))):
        rows = [Row((Cell(day_short(duty.due_on)), Cell(what_words(duty), progress_words(duty), "quiet"),
                     Cell(who_words(duty))), index, t("duties.open"))
                for index, duty in enumerate(rest)]  # fmt: skip
        columns = [Column(t(f"duties.column_{name}"), wide=name == "what") for name in ("due", "what", "who")]
        clicked = row_table("duties_late", columns, rows, caption=t("duties.late_table"))
    if clicked is not None:
        frame.set_filters(filters.changed(week=rest[clicked].due_on.replace(day=1)))
