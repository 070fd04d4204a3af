"""Sign-in by OpenID Connect: Streamlit's own `st.login` proves who somebody is, an existing account what she may see.

`st.login` lives in two addresses of Streamlit, `/auth/login` and `/oauth2callback`; no script runs before the sign-in,
so our sign-in page leads there itself. What the provider says comes back as a cookie signed by Streamlit, good for 30
days; it is exchanged within `EXCHANGE` for a session of ours, which can be ended, and taken away. Configured by
`ZAVUCH_HOME/secrets.toml`: the table `auth` is Streamlit's, the table `zavuch` is ours.
"""

from __future__ import annotations

import importlib.util
import json
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from streamlit.auth_util import (
    encode_provider_token,
    get_cookie_with_chunks,
    get_signing_secret,
    validate_auth_credentials,
)
from streamlit.errors import StreamlitAuthError
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

from dashboard.access import AccountStore, CookieSigner
from dashboard.i18n import t
from dashboard.login import let_in, notice
from etl.errors import SettingsError

SECRETS = "secrets.toml"
BEGIN, DONE = "/login/oidc", "/login/oidc/done"
STREAMLITS_OWN = ("/auth/login", "/oauth2callback")
PATHS = frozenset({BEGIN, DONE, *STREAMLITS_OWN})
"""What must pass the gate without a session, where OpenID Connect is configured; nothing else."""
USER_COOKIE = "_streamlit_user"
EXCHANGE = timedelta(minutes=2)
_CLIENTS = ("httpx2", "httpx")


@dataclass(frozen=True)
class Oidc:
    """How the provider is asked: its name in `auth`, the claim that names the account, the words of the button."""

    provider: str = "default"
    claim: str = "email"
    label: str = ""


def read_oidc(home: Path) -> Oidc | None:
    """The configuration, None without the file or its table `auth`; raises SettingsError for what cannot work."""
    path = home / SECRETS
    if not path.exists():
        return None
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}.", advice="Correct it, or delete it.") from error
    if "auth" not in stated:
        return None
    ours = stated.get("zavuch", {})
    unknown = sorted(set(ours) - {"provider", "claim", "label"})
    if unknown:
        raise SettingsError(f"{path}: [zavuch] has unknown keys {unknown}.", advice="It has provider, claim, label.")
    return Oidc(**{key: str(value) for key, value in ours.items()})


def refuse_unusable(oidc: Oidc) -> None:
    """Raise SettingsError at the start, not at somebody's first sign-in, where the provider could never be asked."""
    try:
        validate_auth_credentials(oidc.provider)
    except StreamlitAuthError as error:
        raise SettingsError(f"{SECRETS}: {error}", advice="OPERATING.md has a worked example.") from error
    if not any(importlib.util.find_spec(name) for name in _CLIENTS):
        raise SettingsError(
            "OpenID Connect is configured, but the package that asks the provider is not installed.",
            advice=f"Install one of {' or '.join(_CLIENTS)}, or take the table [auth] out of {SECRETS}.",
        )


class OidcSignIn:
    """Handlers around Streamlit's own ones: the way there and the exchange on the way back."""

    def __init__(self, store: AccountStore, signer: CookieSigner, oidc: Oidc) -> None:
        self._store = store
        self._signer = signer
        self._oidc = oidc

    def routes(self) -> list[Route]:
        """Routes to mount before Streamlit's own."""
        return [Route(BEGIN, self.begin, methods=["GET"]), Route(DONE, self.done, methods=["GET"])]

    async def begin(self, _request: Request) -> Response:
        """To the provider, by the address that `st.login` itself would open."""
        token = encode_provider_token(self._oidc.provider)
        return RedirectResponse(f"{STREAMLITS_OWN[0]}?provider={token}", status_code=303)

    async def done(self, request: Request) -> Response:
        """Exchange what Streamlit noted about the person for a session, or say why there is none."""
        try:
            response = await self._exchange(request)
        except SQLAlchemyError:
            response = notice(t("login.oidc_title"), t("login.unavailable"), status=503)
        for name in request.cookies:  # 30 days are too long for a proof of identity
            if name.startswith(USER_COOKIE):
                response.delete_cookie(name, httponly=True, samesite="lax")
        return response

    async def _exchange(self, request: Request) -> Response:
        name = account_name(claims_of(request), self._oidc)
        if name is None:
            return notice(t("login.oidc_title"), t("login.oidc_failed"), status=401)
        identity = await run_in_threadpool(self._store.by_external_id, name)
        if identity is None:
            return notice(t("login.oidc_title"), t("login.oidc_unknown"), status=403)
        return await let_in(self._store, self._signer, request, identity, "/")


def claims_of(request: Request) -> dict[str, Any]:
    """What the provider said about the person, if Streamlit signed it within `EXCHANGE`; else nothing."""
    secret, days = get_signing_secret(), EXCHANGE / timedelta(days=1)

    def one(name: str) -> bytes | None:
        value = request.cookies.get(name)
        return decode_signed_value(secret, name, value.encode("latin-1"), days) if secret and value else None

    stated = get_cookie_with_chunks(one, USER_COOKIE)
    found = json.loads(stated) if stated else {}
    return found if isinstance(found, dict) else {}


def account_name(claims: dict[str, Any], oidc: Oidc) -> str | None:
    """The value of the configured claim; None where it is missing, no text, or an address that nobody verified.

    An unverified address would let anybody who may write it at the provider become somebody else here.
    """
    value = claims.get(oidc.claim)
    if not claims.get("is_logged_in") or claims.get("provider") != oidc.provider:
        return None
    if not isinstance(value, str) or not value.strip():
        return None
    return None if oidc.claim == "email" and claims.get("email_verified") is not True else value
