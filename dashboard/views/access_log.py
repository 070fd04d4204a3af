"""«Журнал доступа»: who looked at pupils by name, who was refused it, who took data out, who changed a register."""

from __future__ import annotations

import streamlit as st

from dashboard import frame
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import count, day_short, has, t
from dashboard.queries.access_log import SHOWN, read_events
from dashboard.wording import short_moment
from etl.warehouse.scope import Scope

KINDS = ("view", "refused", "export", "register")
ALL = "all"


def render(scope: Scope, filters: Filters) -> None:
    """Draw the newest events; `filters.measure` is the chosen kind."""
    kind = next((known for known in KINDS if known == filters.measure), None)
    events = read_events(scope, kind)  # type: ignore[arg-type]
    frame.head(t("page.access_log"), filters, caption=t("access_log.caption"))
    st.session_state["access_log.kind"] = kind or ALL
    chosen = st.segmented_control(
        t("access_log.kind"), [ALL, *KINDS], format_func=lambda code: t(f"access_log.{code}"), key="access_log.kind",
        required=True,
    )  # fmt: skip
    if chosen != (kind or ALL):
        frame.set_filters(filters.changed(measure=None if chosen == ALL else chosen))
    if events.is_empty():
        frame.empty(t("access_log.none_title"), t("access_log.none"))
        return
    heads = [Column(t(f"access_log.{name}"), wide=name in ("who", "what")) for name in ("at", "who", "did", "what")]
    rows = [
        Row(
            (
                Cell(short_moment(event["at"], event["timezone"])),
                Cell(event["full_name"], t(f"role.{event['role']}"), "quiet"),
                Cell(t(f"access_log.did_{event['kind']}")),
                Cell(subject_words(event["subject"]), details(event), "quiet"),
            )
        )
        for event in events.iter_rows(named=True)
    ]
    row_table("access_log", heads, rows, caption=t("access_log.table"), of=len(rows) + (events.height == SHOWN))
    if events.height == SHOWN:
        st.caption(t("access_log.cut", n=count(SHOWN, "row")))


def subject_words(code: str) -> str:
    """The title of the page, or the name of the document or register; an unknown code as it is."""
    known = (f"page.{code}", f"access_subject.{code}")
    return next((t(key) for key in known if has(key)), code)


def details(event: dict[str, object]) -> str:
    """Class, pupil, number of rows and day, as far as they were said."""
    words = [str(event[name]) for name in ("class_name", "pupil") if event[name]]
    if isinstance(event["row_count"], int):
        words.append(count(event["row_count"], "row"))
    if event["as_of"] is not None:
        words.append(t("access_log.as_of", day=day_short(event["as_of"])))  # type: ignore[arg-type]
    return ", ".join(words)
