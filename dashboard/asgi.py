"""The web application: Streamlit behind our gate, with our own sign-in pages and a health check.

Run by `dashboard.serve` as `python -m dashboard.asgi ADDRESS PORT` (`streamlit run` guesses by reading the
source whether a file holds such an application, and serves the bare script without the gate where it
guesses wrong). Sessions and media live in the memory of a process: where several serve, `doorkeeper` keeps a reader
on one of them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit import config

from dashboard.access import COOKIE, CookieSigner, cookie_secret
from dashboard.assets import CompressedAssets, RussianIndex
from dashboard.collecting import settle
from dashboard.connection import accounts
from dashboard.gate import Gate
from dashboard.i18n import t
from dashboard.login import SignIn
from dashboard.oidc import BEGIN, SECRETS, OidcSignIn, read_oidc, refuse_unusable
from dashboard.pages_table import menu_of
from dashboard.parentage import stop_without_parent
from dashboard.source_links import own_templates
from etl.settings import read_settings

# measured, not documented: a Streamlit without them would open the gate or become ten times slower
HIDDEN_OPTIONS = ("server.trustedUserHeaders", "runner.postScriptGC")


def build() -> st.App:
    """The ASGI application; raises RuntimeError on a Streamlit that lost an option the sign-in depends on."""
    missing = [name for name in HIDDEN_OPTIONS if name not in config.get_config_options()]
    if missing or not config.get_option("server.trustedUserHeaders"):
        raise RuntimeError(f"Streamlit {st.__version__} lacks or ignores {', '.join(missing or HIDDEN_OPTIONS[:1])}.")
    own_templates()  # a wrong address is told at the start and not on a page
    store = accounts()
    home = read_settings().home
    signer = CookieSigner(cookie_secret(home))
    oidc = read_oidc(home)
    if oidc is not None:
        config.set_option("secrets.files", [str(home / SECRETS)])
        refuse_unusable(oidc)

    async def health(_request: Request) -> Response:
        if await run_in_threadpool(store.is_reachable):
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "database unreachable"}, status_code=503)

    async def session(_request: Request) -> Response:
        return Response(status_code=204)  # the gate let it through: the session is alive

    async def landing(request: Request) -> Response:
        # an address of its own for every page: `/` never stays in the history, Back never comes to it
        token = signer.token_of(request.cookies.get(COOKIE, ""))
        identity = await run_in_threadpool(store.identity_of, token) if token else None
        menu = menu_of(identity.role) if identity else ()
        return RedirectResponse(f"/{menu[0].route if menu else 'guide'}", status_code=303)

    return st.App(
        Path(__file__).resolve().parent / "app.py",
        routes=[
            Route("/", landing),
            Route("/api/health", health),
            Route("/api/session", session),
            *SignIn(store, signer, (BEGIN, oidc.label or t("login.oidc")) if oidc else None).routes(),
            *(OidcSignIn(store, signer, oidc).routes() if oidc else ()),
        ],
        middleware=[
            Middleware(Gate, store=store, signer=signer, is_oidc=oidc is not None),
            Middleware(CompressedAssets),
            Middleware(RussianIndex),
        ],
        lifespan=_lifespan,
    )


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncIterator[None]:
    watch = asyncio.create_task(stop_without_parent())
    yield
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch


def main() -> None:
    """Serve on the address and port of the command line until SIGTERM or Ctrl-C."""
    address, port = sys.argv[1:]
    place = {"server.address": address, "server.port": int(port)}
    config.get_config_options(options_from_flags=place)  # known before anybody asks, or Streamlit warns of a change
    application = build()
    settle()
    application.run(config=place)


if __name__ == "__main__":
    main()
