"""The users' guide: what the numbers mean, how to read the pages, who sees what."""

from __future__ import annotations

import streamlit as st

from dashboard import frame
from dashboard.components.badges import severity_badge, status_badge
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters, Severity, Status
from dashboard.i18n import TEXTS, t
from dashboard.pages_table import PAGES, ROLES, in_groups, is_open, may_act
from etl.warehouse.scope import Scope


def render(scope: Scope, filters: Filters) -> None:
    """Draw the guide; the text stands in `texts/guide.md`, its lists of statuses come from the code."""
    frame.head(t("page.guide"), filters, caption=t("guide.caption"))
    contents, body = st.columns([1, 3], gap="large")
    sections = guide_sections()
    contents.markdown("\n".join(f"- [{title}](#{anchor})" for anchor, title, _ in sections))
    with body:
        for anchor, title, text in sections:
            st.header(title, anchor=anchor)
            filled = text.replace("{statuses}", _statuses()).replace("{severities}", _severities())
            before, table, after = filled.partition("{pages}")
            st.markdown(before)
            if table:
                _pages_by_role()
                st.markdown(after)


def guide_sections() -> list[tuple[str, str, str]]:
    """(anchor, title, Markdown) of each section of the guide, in order."""
    text = (TEXTS / "guide.md").read_text(encoding="utf-8")
    parts = [part.split("\n", 1) for part in text.split("\n## ")[1:]]
    return [(f"s{number}", title.strip(), body.strip()) for number, (title, body) in enumerate(parts, start=1)]


def _pages_by_role() -> None:
    """The table role × page, straight from `pages_table` and `roles`: who opens, who may change; cards where it is
    narrow."""
    columns = [Column(t("who_sees.page")), *(Column(t(f"role_short.{role}")) for role in ROLES)]
    rows = [
        Row((Cell(t(row.title_key)), *(Cell(_sign(row.route, role)) for role in ROLES)))
        for _, members in in_groups(PAGES)
        for row in members
    ]
    row_table("guide_pages", columns, rows, caption=t("who_sees.caption"))
    st.caption(t("who_sees.legend"))


def _sign(route: str, role: str) -> str:
    return "✎" if may_act(route, role) else "●" if is_open(route, role) else ""


def _statuses() -> str:
    return "  \n".join(f"{status_badge(code)} — {t(f'status_meaning.{code}')}" for code in Status)


def _severities() -> str:
    return "  \n".join(f"{severity_badge(code)} — {t(f'severity_meaning.{code}')}" for code in Severity)
