"""Entry script of every rerun: who is there, what she may see, then the page. No session, nothing."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from dashboard import frame, router
from dashboard.access import Identity, cookie_secret
from dashboard.components.shell import leave, shell
from dashboard.connection import accounts
from dashboard.i18n import t
from dashboard.privacy import pseudonym
from dashboard.turns import turn
from etl.settings import read_settings
from etl.warehouse.scope import Scope

STATIC = Path(__file__).resolve().parent / "static"


def main() -> None:
    """One rerun."""
    st.set_page_config(page_title=t("app.title"), page_icon=str(STATIC / "favicon.png"), layout="wide")
    st.html(frame.STYLE)
    found = _signed_in()
    if found is None:
        leave()
        st.header(t("state.signed_out_title"), anchor=False)
        st.markdown(f"{t('state.signed_out')} [{t('state.sign_in_again')}](/login)")
        st.stop()
    identity, scope = found
    st.session_state[frame.IDENTITY_KEY] = [identity.user_id, identity.login, _shown_name(identity), identity.role]
    shell()
    st.logo(str(STATIC / "logo.png"), size="large")
    router.run(identity, scope)


def _shown_name(identity: Identity) -> str:
    settings = read_settings()
    return pseudonym(identity.name, cookie_secret(settings.home)) if settings.pseudonyms else identity.name


def _signed_in() -> tuple[Identity, Scope] | None:
    """The living session of this tab and its scope, read from the database on every rerun: `st.user` never
    changes.
    """
    session = st.user.get("session")
    if not isinstance(session, str) or not session:
        return None
    store = accounts()
    try:
        identity = store.identity_of_session(session)
        return None if identity is None else (identity, store.scope_of(identity))
    except SQLAlchemyError:
        st.header(t("state.database_title"), anchor=False)
        st.markdown(t("state.database"))
        st.stop()


with turn():
    main()
