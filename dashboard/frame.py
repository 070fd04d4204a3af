"""The frame around every page: breadcrumbs, heading, freshness, period and as-of selectors, user menu, page
states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

import streamlit as st

from dashboard.access import Identity
from dashboard.components.crumbs import crumbs as draw_crumbs
from dashboard.components.shell import sign_out_button
from dashboard.connection import accounts
from dashboard.filters import Filters, parse, to_params, url_of
from dashboard.i18n import t, unbroken
from dashboard.literal import plain as plain
from dashboard.pages_table import is_open
from dashboard.period_picker import AsOf as AsOf
from dashboard.period_picker import Option as Option
from dashboard.period_picker import moment_selector, period_selector
from dashboard.stamp import Head
from etl.warehouse.scope import Scope

IDENTITY_KEY = "zavuch.identity"
SCOPE_KEY = "zavuch.scope"
GONE_KEY = "zavuch.gone"  # the page that `go` opened: an address without parameters is meant there
HEAD_KEY = "zavuch.head"  # the words of the page drawn last: what its files say of themselves
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
/* its file would bear neither our stamp nor our guard against formulas: below the tables are our own buttons */
[data-testid=stElementToolbarButton]:has(button[aria-label^="Download as CSV"], button[aria-label^="Скачать CSV"]) {{
  display: none;
}}
@media (max-width: 900px) {{
  .st-key-zavuch_head {{ flex-wrap: wrap; }}
  .st-key-zavuch_head > :has(.st-key-zavuch_title), .st-key-zavuch_title {{ flex-basis: 100%; min-width: 100%; }}
  .st-key-zavuch_sections {{ row-gap: 0; }}
  /* half of a tablet is too narrow for a chart */
  [data-testid=stHorizontalBlock]:has(> [data-testid=stColumn] [data-testid=stPlotlyChart]) {{ flex-wrap: wrap; }}
  [data-testid=stHorizontalBlock]:has(> [data-testid=stColumn] [data-testid=stPlotlyChart]) > [data-testid=stColumn] {{
    flex: 1 1 100%; min-width: 100%;
  }}
}}
@media (max-width: 640px) {{
  /* choices beside each other: one below the next, none beyond the edge */
  [data-testid=stButtonGroup] [role=radiogroup] {{ flex-wrap: wrap; overflow: visible; row-gap: 4px; }}
  [data-testid=stButtonGroup] [role=radiogroup] button {{ border-width: 1px; border-style: solid; }}
  [data-testid=stFileUploaderDropzoneInstructions] span {{ white-space: normal; }}
  /* the number stands at the end of the words of a button, where three dots would hide it */
  [data-testid=stBaseButton-tertiary] :is([data-testid=stMarkdownContainer], p) {{
    white-space: normal; overflow: visible; text-overflow: clip; text-align: left;
  }}
  [data-testid=stMainBlockContainer] {{ padding: 4rem 1rem 2rem; }}
  [class*=st-key-zavuch_export_] {{ row-gap: 0; }} /* three buttons and a long name: the second line stays near */
  [class*=st-key-zavuch_files_] {{ flex-direction: column; }}
  [class*=st-key-zavuch_files_] > * {{ flex: 0 0 auto; }}
}}
@media (prefers-color-scheme: dark) {{
  /* white words on the light blue of the dark theme are too faint (axe: color-contrast) */
  [data-testid^=stBaseButton-primary] *, [data-testid=stMultiSelect] [data-tag] * {{ color: #10151D !important; }}
}}
@media print {{
  [data-testid=stHeader], .st-key-zavuch_tools, .st-key-zavuch_sections, [class*=st-key-zavuch_files_],
  [data-testid=stDownloadButton] {{ display: none !important; }}
  [data-testid=stMainBlockContainer] {{ padding: 0; max-width: none; }}
  /* paper is white, whatever the screen is */
  [data-testid=stApp], [data-testid=stApp] [data-testid=stMain] {{ background: #fff !important; color: #0e1622; }}
  [data-testid=stMain] :is(h1, h2, h3, p, li, label, td, th, strong, em, [data-testid=stCaptionContainer] *) {{
    color: #0e1622 !important;
  }}
  [data-testid=stMain] :is(button, summary, .stMarkdownBadge, [data-testid=stSelectbox] div,
    [data-testid=stSelectbox] input, [data-testid=stDateInput] div, [data-testid=stAlertContainer]) {{
    background: #fff !important; color: #0e1622 !important;
  }}
}}
@media print and (prefers-color-scheme: dark) {{
  [data-testid=stPlotlyChart] svg {{ filter: invert(1) hue-rotate(180deg); }}
}}
</style>
"""


@dataclass(frozen=True)
class Crumb:
    """One step of the path: `label` and where it leads (`page` a route); the last crumb has no page."""

    label: str
    page: str = ""
    filters: Filters | None = None


def head(
    title: str,
    filters: Filters,
    *,
    crumbs: Sequence[Crumb] = (),
    caption: str = "",
    periods: Sequence[Option] = (),
    default_period: str = "",
    as_of: AsOf | None = None,
    stamp: str = "",
    compares: bool = False,
    warning: str = "",
) -> None:
    """Draw crumbs, H1, the caption («Данные на …») and, at the right, the selectors and the user menu.

    A view calls it once, first. A change of a selector is written to the URL and reruns the page, so the
    view only reads `filters`; where the URL states no period, `default_period` is shown chosen. `stamp` =
    as of when the figures are, on the control of the moment; `compares`: the page compares with another period.
    `warning` is the stale sentence under the heading.
    """
    st.session_state[HEAD_KEY] = _head_words(title, filters, crumbs, caption, periods, default_period)
    if crumbs:
        _path(crumbs)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="zavuch_head"):
        with st.container(width="stretch", gap=None, key="zavuch_title"):
            st.title(plain(unbroken(title)), anchor=False)
            if caption:
                st.caption(plain(caption))
        with st.container(
            horizontal=True, vertical_alignment="bottom", width="content", gap="small", key="zavuch_tools"
        ):
            if periods:
                period_selector(periods, filters.period, default_period)
            moment_selector(stamp[:1].upper() + stamp[1:], as_of, filters, compares=compares)
            _user_menu()
    if warning:
        st.warning(plain(warning), icon=":material/history:")
    if periods and as_of is None and parse(st.query_params.to_dict()).moment is not None:
        st.info(t("frame.moment_ignored"), icon=":material/event:")


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
        filters.moment,
        school=filters.school,
        position=filters,
    )


def this_hour() -> datetime:
    """The hour that has begun, UTC: the age of data changes by the day, so an answer may be remembered for an hour."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def go(page: str, filters: Filters) -> NoReturn:
    """Open another page (a route of `pages_table`) with the full position; one press of Back returns."""
    from dashboard.router import streamlit_page  # the router imports the pages, the pages import the frame

    st.session_state[GONE_KEY] = page
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


def scope() -> Scope:
    """What the person may see, as the router found at the start of this run; KeyError outside a page."""
    found: Scope | None = st.session_state.get(SCOPE_KEY)
    return accounts().scope_of(identity()) if found is None else found


def is_dark() -> bool:
    """Whether the reader's theme is dark (for `charts`)."""
    return st.context.theme.type == "dark"


def _path(crumbs: Sequence[Crumb]) -> None:
    steps = [(step.label, url_of(step.page, step.filters or Filters()) if step.page else "") for step in crumbs]
    index = draw_crumbs("zavuch_crumbs", steps)
    if index is not None:
        go(crumbs[index].page, crumbs[index].filters or Filters())


def _user_menu() -> None:
    person = identity()
    with st.popover(plain(short_name(person.name)), icon=":material/account_circle:", type="tertiary"):
        st.markdown(f"**{plain(person.name)}**  \n{t(f'role.{person.role}')}")
        if is_open("access_log", person.role) and st.button(t("access_log.open"), type="tertiary"):
            go("access_log", Filters())
        if is_open("digests", person.role) and st.button(t("page.digests"), type="tertiary"):
            go("digests", Filters())
        sign_out_button()


def short_name(name: str) -> str:
    """`Орлова М. П.` for «Орлова Мария Петровна»; other names as they are."""
    parts = name.split()
    if len(parts) < 2 or not all(part.replace("-", "").isalpha() for part in parts):
        return name  # «Орлова М. П.», or a code such as «Учитель 0018»
    return " ".join([parts[0], *(f"{part[0]}." for part in parts[1:3])])


harmless = plain
"""`plain` for a whole sentence of ours with names in it, which has no Markdown of its own."""
