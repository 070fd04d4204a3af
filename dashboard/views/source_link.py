"""«Открыть в журнале»: the link to a lesson or a journal in the source system; nothing where the school set none."""

from __future__ import annotations

import streamlit as st

from dashboard.i18n import t
from dashboard.queries.source_keys import read_source_keys
from dashboard.source_links import address_of, own_templates
from etl.warehouse.scope import Scope


def source_link(scope: Scope, school: int, journal: int | None, lesson: int | None = None) -> None:
    """Draw the link to the lesson, else to its journal; one query, none where the installation has no templates."""
    templates = own_templates()
    if not templates or journal is None:
        return
    keys = read_source_keys(scope, school, journal, lesson)
    if keys is None:
        return
    address = address_of(templates, "lesson", keys) if lesson is not None else None
    address = address or address_of(templates, "journal", keys) or address_of(templates, "class", keys)
    if address is not None:
        st.link_button(t("source_link.open"), address, icon=":material/open_in_new:", type="tertiary",
                       help=t("source_link.help"))  # fmt: skip
