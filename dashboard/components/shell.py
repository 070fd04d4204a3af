"""The invisible part of every page: Streamlit's own words in Russian, a tidy history, leaving when the
session ended.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from typing import Any

import streamlit as st

from dashboard.components.packed import packed
from dashboard.components.source import source
from dashboard.i18n import TEXTS, t

_SHELL = st.components.v2.component("zavuch_shell", html="<span></span>", js=source("unpacked.js", "shell.js"))
_SIGN_OUT = st.components.v2.component(
    "zavuch_sign_out",
    html='<form method="post" action="/logout"><button></button></form>',
    css=source("sign_out.css"),
    js=(
        "export default function ({ data, parentElement }) "
        '{ parentElement.querySelector("button").textContent = data.label }'
    ),
)


@lru_cache(maxsize=1)
def streamlit_words() -> dict[str, Any]:
    """Streamlit's English strings with ours, and patterns for those with a number inside."""
    stated = tomllib.loads((TEXTS / "streamlit" / "ru.toml").read_text(encoding="utf-8"))
    return {"words": stated["words"], "patterns": [list(pair) for pair in stated["patterns"].items()]}


@lru_cache(maxsize=1)
def _packed_words() -> bytes:
    return packed(streamlit_words())


def shell() -> None:
    """Put the invisible part on the page; once per run, first."""
    _SHELL(key="zavuch_shell", data=_packed_words(), height="content", on_theme_change=lambda: None)


def leave() -> None:
    """Send a page whose session ended to the sign-in page, which leads back here."""
    _SHELL(key="zavuch_leave", data=packed({"leave": True}))


def sign_out_button() -> None:
    """A form that ends the session and opens the sign-in page in the same tab."""
    _SIGN_OUT(key="zavuch_sign_out", data={"label": t("frame.sign_out")})
