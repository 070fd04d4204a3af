"""The controls of time, one for all pages: which period, at which moment, compared with what.

Each writes the URL and reruns; the URL decides, also after Back: the memory of a widget never wins. Months stand in the
list itself; a week is chosen by any day of it, free days by their first and last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

import streamlit as st

from dashboard.filters import LAST_MINUTE, Filters, parse, to_params
from dashboard.i18n import t
from dashboard.queries import spans
from dashboard.queries.periods import YEAR_AGO

PERIOD_KEY, WEEK_KEY, DAYS_KEY = "zavuch.period", "zavuch.week", "zavuch.days"
AS_OF_KEY, AT_KEY, AGAINST_KEY = "zavuch.as_of", "zavuch.at", "zavuch.against"
PREVIOUS = "previous"


@dataclass(frozen=True)
class Option:
    """One choice of a selector: ASCII `code` for the URL and the words."""

    code: str
    label: str


@dataclass(frozen=True)
class AsOf:
    """Days the control of the moment offers: `newest` is chosen when the URL states none. `with_minute`: the page reads
    the ledger of one school, so any minute may be asked for. `ends_at` = the local minute of the newest day at which
    the data end; None = not known, its last one."""

    oldest: date
    newest: date
    with_minute: bool = False
    ends_at: time | None = None

    def minute_of(self, day: date) -> time:
        """The minute shown where none is asked: on the newest day the one where the data end."""
        return self.ends_at if self.ends_at is not None and day == self.newest else LAST_MINUTE


def period_selector(periods: Sequence[Option], asked: str | None, default: str) -> None:
    """The list of periods, and beside it the days of the chosen week or the chosen free days. A period that is not on
    offer shows what the page shows for it: the default."""
    labels = {option.code: option.label for option in periods}
    code = next((code for code in (asked, default) if code in labels), periods[0].code)
    st.session_state[PERIOD_KEY] = code
    st.selectbox(
        t("frame.period"),
        list(labels),
        key=PERIOD_KEY,
        format_func=lambda key: labels[key],
        on_change=_choose_period,
        width=210,
    )
    span = spans.read_code(code)
    if span is not None and span.kind == spans.WEEK:
        st.session_state[WEEK_KEY] = span.first
        st.date_input(t("compare.week"), key=WEEK_KEY, format="DD.MM.YYYY", on_change=_choose_week, width=150)
    if span is not None and span.kind == spans.DAYS:
        st.session_state[DAYS_KEY] = (span.first, span.last)
        st.date_input(t("compare.days"), key=DAYS_KEY, format="DD.MM.YYYY", on_change=_choose_days, width=230)


def moment_selector(words: str, days: AsOf | None, filters: Filters, *, compares: bool) -> None:
    """One button that says as of when the page is and opens the day, the minute and the comparison.

    `words` = the stamp of the page, «На 16.09.2025 23:59»; empty: «На конец данных».
    """
    if days is None and not compares:
        return
    with st.popover(words or t("compare.moment_now"), icon=":material/history:", key="zavuch_moment"):
        if days is not None:
            _day(days, filters)
        if compares:
            _against(filters)


def _day(days: AsOf, filters: Filters) -> None:
    st.session_state[AS_OF_KEY] = min(max(filters.as_of or days.newest, days.oldest), days.newest)
    st.date_input(
        t("frame.as_of"),
        key=AS_OF_KEY,
        min_value=days.oldest,
        max_value=days.newest,
        format="DD.MM.YYYY",
        help=t("frame.as_of_help"),
        on_change=_choose_as_of,
        args=(days.newest,),
        width=200,
    )
    if not days.with_minute:
        st.caption(t("compare.moment_days_only"))
        return
    shown = days.minute_of(st.session_state[AS_OF_KEY])
    st.session_state[AT_KEY] = filters.at or shown
    st.time_input(
        t("compare.moment_minute"),
        key=AT_KEY,
        step=900,
        help=t("compare.moment_minute_help"),
        on_change=_choose_minute,
        args=(days.newest, shown),
        width=200,
    )


def _against(filters: Filters) -> None:
    words = {PREVIOUS: t("compare.previous"), YEAR_AGO: t("compare.year")}
    st.session_state[AGAINST_KEY] = YEAR_AGO if filters.against == YEAR_AGO else PREVIOUS
    st.selectbox(
        t("compare.against"),
        list(words),
        key=AGAINST_KEY,
        format_func=lambda key: words[key],
        help=t("compare.against_help"),
        on_change=_choose_against,
        width=240,
    )


def _write(filters: Filters) -> None:
    st.query_params.from_dict(to_params(filters))


def _asked() -> Filters:
    return parse(st.query_params.to_dict())


def _choose_period() -> None:
    _write(_asked().drilled(period=st.session_state[PERIOD_KEY]))


def _choose_week() -> None:
    day = st.session_state[WEEK_KEY]
    if day is not None:
        _write(_asked().drilled(period=spans.week_of(day).code))


def _choose_days() -> None:
    days = st.session_state[DAYS_KEY]
    if isinstance(days, tuple) and len(days) == 2:
        _write(_asked().drilled(period=spans.days_of(*days).code))


def _choose_as_of(newest: date) -> None:
    day = st.session_state[AS_OF_KEY]
    asked = _asked()
    is_newest = day == newest and asked.at is None
    _write(asked.changed(as_of=None if is_newest else day))


def _choose_minute(newest: date, shown: time) -> None:
    minute: time | None = st.session_state[AT_KEY]
    asked = _asked()
    if minute is None or minute.replace(second=0, microsecond=0) in (LAST_MINUTE, shown):
        as_of = asked.as_of if asked.as_of != newest else None
        _write(asked.changed(at=None, as_of=as_of))
        return
    _write(asked.changed(at=minute.replace(second=0, microsecond=0), as_of=asked.as_of or newest))


def _choose_against() -> None:
    code = st.session_state[AGAINST_KEY]
    _write(_asked().changed(against=None if code == PREVIOUS else code))
