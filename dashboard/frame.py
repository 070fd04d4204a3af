"""The frame around every page: breadcrumbs, heading, freshness, period and as-of selectors, user menu, page
states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NoReturn

import streamlit as st

from dashboard.access import Identity
from dashboard.components.crumbs import crumbs as draw_crumbs
from dashboard.components.shell import sign_out_button
from dashboard.filters import Filters, parse, to_params, url_of
from dashboard.i18n import t
from dashboard.stamp import Head

IDENTITY_KEY = "zavuch.identity"
HEAD_KEY = "zavuch.head"  # the words of the page drawn last: what its files say of themselves
PERIOD_KEY, AS_OF_KEY = "zavuch.period", "zavuch.as_of"
WIDTH = 1320

# Streamlit's own blocks, addressed by their test ids: the browser tests notice when these change
STYLE = f"""
<style>
[data-testid=stMainBlockContainer] {{ max-width: {WIDTH}px; padding: 4.2rem 2rem 3rem; }}
[data-testid=stElementContainer]:has(> [data-testid=stHtml] > style) {{ display: none; }}
.st-key-zavuch_shell, .st-key-zavuch_leave {{ position: absolute; height: 0; overflow: hidden; }}
[data-testid=stHeading] h1 {{ padding: 0; line-height: 1.25; overflow-wrap: anywhere; }}
[data-testid=stHeading] h2 {{ padding: 0.3rem 0 0.35rem; line-height: 1.35; }}
.st-key-zavuch_title [data-testid=stMarkdownContainer] {{ margin-bottom: 0; }}
.st-key-zavuch_title [data-testid=stCaptionContainer] {{ margin-top: 4px; }}
.st-key-zavuch_tools [data-testid=stPopover] button {{ white-space: nowrap; }}
@media (max-width: 900px) {{
  .st-key-zavuch_head {{ flex-wrap: wrap; }}
  .st-key-zavuch_head > :has(.st-key-zavuch_title), .st-key-zavuch_title {{ flex-basis: 100%; min-width: 100%; }}
}}
@media (max-width: 640px) {{ [data-testid=stMainBlockContainer] {{ padding: 4rem 1rem 2rem; }} }}
@media print {{
  [data-testid=stHeader], .st-key-zavuch_tools {{ display: none !important; }}
  [data-testid=stMainBlockContainer] {{ padding: 0; max-width: none; }}
}}
</style>
"""


@dataclass(frozen=True)
class Crumb:
    """One step of the path: `label` and where it leads (`page` a route); the last crumb has no page."""

    label: str
    page: str = ""
    filters: Filters | None = None


@dataclass(frozen=True)
class Option:
    """One choice of a selector: ASCII `code` for the URL and the words."""

    code: str
    label: str


@dataclass(frozen=True)
class AsOf:
    """Days the as-of selector offers: `newest` is chosen when the URL states none."""

    oldest: date
    newest: date


def head(
    title: str,
    filters: Filters,
    *,
    crumbs: Sequence[Crumb] = (),
    caption: str = "",
    periods: Sequence[Option] = (),
    default_period: str = "",
    as_of: AsOf | None = None,
    warning: str = "",
) -> None:
    """Draw crumbs, H1, the caption («Данные на …») and, at the right, the selectors and the user menu.

    A view calls it once, first. A change of a selector is written to the URL and reruns the page, so the
    view only reads `filters`; where the URL states no period, `default_period` is shown chosen. `warning`
    is the stale sentence under the heading.
    """
    st.session_state[HEAD_KEY] = _head_words(title, filters, crumbs, caption, periods, default_period)
    if crumbs:
        _path(crumbs)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="zavuch_head"):
        with st.container(width="stretch", gap=None, key="zavuch_title"):
            st.title(title, anchor=False)
            if caption:
                st.caption(caption)
        with st.container(
            horizontal=True, vertical_alignment="bottom", width="content", gap="small", key="zavuch_tools"
        ):
            if periods:
                _period_selector(periods, filters.period or default_period)
            if as_of is not None:
                _as_of_selector(as_of, filters.as_of)
            _user_menu()
    if warning:
        st.warning(warning, icon=":material/history:")


def drawn_head() -> Head:
    """The words that `head` drew last in this session; blank before."""
    found = st.session_state.get(HEAD_KEY)
    return found if isinstance(found, Head) else Head()


def _head_words(
    title: str, filters: Filters, crumbs: Sequence[Crumb], caption: str, periods: Sequence[Option], default: str
) -> Head:
    labels = {option.code: option.label for option in periods}
    return Head(
        title,
        caption,
        tuple(step.label for step in crumbs),
        labels.get(filters.period or default, labels.get(default, "")),
        filters.as_of,
        school=filters.school,
    )


def this_hour() -> datetime:
    """The hour that has begun, UTC: the age of data changes by the day, so an answer may be remembered for an hour."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def go(page: str, filters: Filters) -> NoReturn:
    """Open another page (a route of `pages_table`) with the full position; one press of Back returns."""
    from dashboard.router import streamlit_page  # the router imports the pages, the pages import the frame

    st.switch_page(streamlit_page(page), query_params=to_params(filters))


def set_filters(filters: Filters) -> NoReturn:
    """Stay on the page with another position: writes the URL and reruns."""
    st.query_params.from_dict(to_params(filters))
    st.rerun()
    raise AssertionError("st.rerun returned")


def empty(title: str, advice: str) -> None:
    """The empty state: a sentence and what to do."""
    with st.container(border=True):
        st.markdown(f"**{title}**")
        st.markdown(advice)


def identity() -> Identity:
    """Who is signed in, as the router found at the start of this run; KeyError outside a page."""
    values = st.session_state[IDENTITY_KEY]
    return Identity(*values)


def is_dark() -> bool:
    """Whether the reader's theme is dark (for `charts`)."""
    return st.context.theme.type == "dark"


def _path(crumbs: Sequence[Crumb]) -> None:
    steps = [(step.label, url_of(step.page, step.filters or Filters()) if step.page else "") for step in crumbs]
    index = draw_crumbs("zavuch_crumbs", steps)
    if index is not None:
        go(crumbs[index].page, crumbs[index].filters or Filters())


def _period_selector(periods: Sequence[Option], chosen: str) -> None:
    labels = {option.code: option.label for option in periods}
    # the URL decides, also after Back: the widget's own memory never wins
    st.session_state[PERIOD_KEY] = chosen if chosen in labels else periods[0].code
    st.selectbox(
        t("frame.period"),
        list(labels),
        key=PERIOD_KEY,
        format_func=lambda code: labels[code],
        on_change=_choose_period,
        width=210,
    )


def _choose_period() -> None:
    filters = parse(st.query_params.to_dict()).drilled(period=st.session_state[PERIOD_KEY])
    st.query_params.from_dict(to_params(filters))


def _as_of_selector(days: AsOf, chosen: date | None) -> None:
    wanted = chosen or days.newest
    st.session_state[AS_OF_KEY] = min(max(wanted, days.oldest), days.newest)
    st.date_input(
        t("frame.as_of"),
        key=AS_OF_KEY,
        min_value=days.oldest,
        max_value=days.newest,
        format="DD.MM.YYYY",
        help=t("frame.as_of_help"),
        on_change=_choose_as_of,
        args=(days.newest,),
        width=150,
    )


def _choose_as_of(newest: date) -> None:
    day = st.session_state[AS_OF_KEY]
    filters = parse(st.query_params.to_dict()).changed(as_of=None if day == newest else day)
    st.query_params.from_dict(to_params(filters))


def _user_menu() -> None:
    person = identity()
    with st.popover(short_name(person.name), icon=":material/account_circle:", type="tertiary"):
        st.markdown(f"**{plain(person.name)}**  \n{t(f'role.{person.role}')}")
        sign_out_button()


def short_name(name: str) -> str:
    """`Орлова М. П.` for «Орлова Мария Петровна»; other names as they are."""
    parts = name.split()
    if len(parts) < 2 or not all(part.replace("-", "").isalpha() for part in parts):
        return name  # «Орлова М. П.», or a code such as «Учитель 0018»
    return " ".join([parts[0], *(f"{part[0]}." for part in parts[1:3])])


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]()<>#+-.!|~$:" else char for char in text)
