"""A part of a page that is made and sent only once somebody unfolds it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


@st.fragment
def folded(key: str, label: str, draw: Callable[[], None], *, icon: str | None = None) -> None:
    """An expander, closed at first; `draw` runs where it is open, and unfolding runs nothing else of the page.

    What stands in a plain expander is sent with every run, seen or not: the conditions of an act weigh 300 KB.
    """
    with st.expander(label, key=f"folded_{key}", icon=icon, on_change="rerun") as box:
        if box.open:
            draw()
