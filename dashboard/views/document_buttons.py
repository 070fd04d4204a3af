"""The three buttons of a document; a file is made, and noted in the access log, when its button is pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from dashboard.access import Identity
from dashboard.connection import accounts
from dashboard.i18n import t
from dashboard.reports.files import KINDS
from etl.warehouse.scope import Scope


def document_buttons(key: str, name: str, make: Callable[[str], bytes], kinds: Sequence[str] = tuple(KINDS)) -> None:
    """Draw DOCX, PDF and XLSX; `make` gives the bytes of a kind, `name` is the file's without its ending."""
    for kind in kinds:
        st.download_button(
            kind.upper(),
            partial(make, kind),
            key=f"{key}_{kind}",
            file_name=f"{name}.{kind}",
            mime=KINDS[kind],
            icon=":material/download:",
            on_click="ignore",
        )


def scope_at_the_press(person: Identity, school: int) -> Scope:
    """The scope of the person who presses a button, her grants read anew: the page may have been drawn long before.

    PermissionError where the school is not in it any more. There is no page at the press: who it is was found before.
    """
    scope = accounts().scope_of(person)
    if school not in scope.all_school_ids:
        raise PermissionError(t("state.forbidden_title"))
    return scope
