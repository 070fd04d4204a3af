"""Breadcrumbs: real links that stay in the session when clicked."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.components.packed import packed
from dashboard.components.source import source
from dashboard.i18n import t

_COMPONENT = st.components.v2.component(
    "zavuch_crumbs",
    html='<div class="root"></div>',
    css=source("crumbs.css"),
    js=source("unpacked.js", "shared.js", "crumbs.js"),
)


def crumbs(key: str, steps: Sequence[tuple[str, str]]) -> int | None:
    """Draw steps (label, address; the last without one); returns the index of the step just clicked."""
    data = {"crumbs": [list(step) for step in steps], "label": t("frame.crumbs")}
    index = _COMPONENT(key=key, data=packed(data), on_crumb_change=lambda: None).crumb
    is_step = isinstance(index, int | float) and 0 <= index < len(steps) and bool(steps[int(index)][1])
    return int(index) if is_step else None
