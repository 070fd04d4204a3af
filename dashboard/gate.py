"""The gate in front of Streamlit: nobody passes without a living session, on any path or websocket.

Pure ASGI, because Starlette's own base class does not see websockets. It strips forged `x-zavuch-*`
headers, checks the cookie and the session row, and hands the session's hash to the scripts as a trusted
header (`server.trustedUserHeaders`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.access import COOKIE, AccountStore, CookieSigner, Identity, session_of
from dashboard.incoming import is_by_person, is_permitted
from dashboard.oidc import DONE, PATHS, USER_COOKIE
from dashboard.outgoing import FilesOf
from dashboard.outgoing import guarded as guarded_words
from etl.warehouse.policies import LOADERS

TRUSTED_PREFIX = b"x-zavuch-"
SESSION_HEADER = b"x-zavuch-session"
# what the sign-in page itself needs; everything else is closed, Streamlit's own scripts included
PUBLIC = frozenset(
    {
        "/login",
        "/logout",
        "/api/health",
        "/app/static/favicon.png",
        "/app/static/logo.png",
        "/app/static/golos-text-cyrillic-wght-normal.woff2",
        "/app/static/golos-text-latin-wght-normal.woff2",
    }
)
ASKED_BY_ITSELF = frozenset({"/api/session", "/_stcore/health", "/_stcore/host-config"})
"""What an open tab asks without anybody at the keyboard: no sign of a person."""
CLOSED_WAYS = ("/_stcore/agent", "/_stcore/metrics", "/_stcore/script-health-check")
"""For programs, past the websocket we watch; how many people read at the moment; the page run by nobody."""
UPLOADS = "/_stcore/upload_file"
RECHECK_SECONDS = 2.0
CLOSED = 4401

# nothing is fetched from elsewhere; Streamlit builds functions from strings and components from blobs
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class Gate:
    """ASGI middleware; `store` answers in a thread, so that a slow database never stops the event loop."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        store: AccountStore,
        signer: CookieSigner,
        is_oidc: bool = False,
        recheck_seconds: float = RECHECK_SECONDS,
    ) -> None:
        self._app = app
        self._is_oidc = is_oidc
        self._public = PUBLIC | PATHS if is_oidc else PUBLIC
        self._store = store
        self._watch = Watch(store, recheck_seconds)
        self._signer = signer
        self._files = FilesOf()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass, redirect or refuse one request or websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        kept = (pair for pair in scope["headers"] if not pair[0].lower().startswith(TRUSTED_PREFIX))
        scope["headers"] = [_harmless(pair) for pair in kept]
        token = self._token(scope)
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send, token)
        else:
            await self._http(scope, receive, with_headers(send, scope["path"]), token)

    async def _http(self, scope: Scope, receive: Receive, send: Send, token: str | None) -> None:
        if scope["path"] in self._public:
            await self._app(scope, receive, send)
        elif token is not None and (who := await self._alive(token, is_person=scope["path"] not in ASKED_BY_ITSELF)):
            if self._is_closed(scope["path"], session_of(token), who.role):
                await PlainTextResponse("Нет такого адреса.", status_code=404)(scope, receive, send)
            else:
                await self._app(_trusted(scope, token), receive, send)
        elif self._is_oidc and scope["path"] == "/" and USER_COOKIE in HTTPConnection(scope).cookies:
            # Streamlit's callback leads here; what it noted is exchanged for a session of ours
            await RedirectResponse(DONE, status_code=303)(scope, receive, send)
        else:
            await _refusal(scope)(scope, receive, send)

    def _is_closed(self, path: str, session: str, role: str) -> bool:
        """Files of other sessions, uploads of who has no form for them (Streamlit would take any number of any size
        that it allows into memory), and ways of Streamlit that no page needs."""
        if path.startswith("/media/"):
            return not self._files.was_told(session, path)
        if path.startswith(UPLOADS):
            return role not in LOADERS
        return path.startswith(CLOSED_WAYS)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send, token: str | None) -> None:
        if token is None or not is_own_origin(scope) or not await self._alive(token):
            await receive()
            await send({"type": "websocket.close", "code": CLOSED})
            return
        # the server also sends by itself, and a fragment reruns without the entry script: the line is watched
        ended = self._watch.end_of(token)

        async def guarded() -> Message:
            coming = asyncio.ensure_future(receive())
            await _first(coming, ended)
            while not ended.done():
                message = coming.result()
                if message["type"] != "websocket.receive":
                    return message
                data = message.get("bytes") or b""
                if not await self._alive(token, is_person=is_by_person(data)):
                    break
                if is_permitted(data):
                    return message
                coming = asyncio.ensure_future(receive())  # not for a page of ours: as if it had not come
                await _first(coming, ended)
            coming.cancel()
            await send({"type": "websocket.close", "code": CLOSED})
            return {"type": "websocket.disconnect", "code": CLOSED}

        try:
            await self._app(_trusted(scope, token), guarded, guarded_words(send, session_of(token), self._files))
        finally:
            ended.cancel()

    def _token(self, scope: Scope) -> str | None:
        cookie = HTTPConnection(scope).cookies.get(COOKIE)
        return self._signer.token_of(cookie) if cookie else None

    async def _alive(self, token: str, *, is_person: bool = False) -> Identity | None:
        """Whose session it is, if it lives; what a person did keeps it from lying idle."""
        found = await run_in_threadpool(self._store.identity_of, token)
        if found and is_person:
            await run_in_threadpool(self._store.touch, token)
        return found


async def _first(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


def _end(lines: Iterable[asyncio.Future[None]]) -> None:
    for line in list(lines):
        if not line.done():
            line.set_result(None)


class Watch:
    """Looks every `seconds` which sessions of the open lines still live: one question for all of them."""

    def __init__(self, store: AccountStore, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._lines: dict[asyncio.Future[None], str] = {}
        self._looking: asyncio.Task[None] | None = None

    def end_of(self, token: str) -> asyncio.Future[None]:
        """Is done when the session is over: signed out, disabled, expired, idle. Cancel it when the line is closed."""
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines[end] = token
        end.add_done_callback(self._lines.pop)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return end

    async def _look(self) -> None:
        try:
            while self._lines:
                await asyncio.sleep(self._seconds)
                asked = dict(self._lines)
                with suppress(SQLAlchemyError):  # a database that is away shows nobody anything; the lines may stay
                    living = await run_in_threadpool(self._store.living, set(asked.values()))
                    _end(end for end, token in asked.items() if token not in living)
        finally:  # a line that nobody watches any more is closed
            _end(self._lines)


def is_own_origin(scope: Scope) -> bool:
    """Whether a websocket was opened by a page of ours; Streamlit itself would take any page of the same machine.

    Browsers always state `Origin`; who states none is no browser and carries nobody's cookies.
    """
    headers = HTTPConnection(scope).headers
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _trusted(scope: Scope, token: str) -> Scope:
    """What Streamlit sees of a person: the hash of her session, and no claims of a provider."""
    headers = [_without_claims(pair) for pair in scope["headers"]]
    return {**scope, "headers": [*headers, (SESSION_HEADER, session_of(token).encode())]}


def _harmless(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """A header without cookies that hold a backslash: none of ours does, and Python 3.11 reads 64 KB of them for
    seconds, in which nobody else is answered (CVE-2024-7592)."""
    if pair[0].lower() != b"cookie" or b"\\" not in pair[1]:
        return pair
    return pair[0], b";".join(one for one in pair[1].split(b";") if b"\\" not in one)


def _without_claims(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = pair
    if name.lower() != b"cookie":
        return pair
    kept = [one for one in value.split(b";") if not one.strip().startswith(USER_COOKIE.encode())]
    return name, b";".join(kept)


def _refusal(scope: Scope) -> Response:
    """303 to the sign-in page for somebody who opens a page, 401 for everything a script asks for."""
    accepts = HTTPConnection(scope).headers.get("accept", "")
    parts = scope["path"].split("/")
    is_page = scope["method"] == "GET" and "text/html" in accepts and len(parts) == 2 and not parts[1].startswith("_")
    if not is_page:
        return PlainTextResponse("Требуется вход.", status_code=401)
    target = quote(scope["path"], safe="/")
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("latin-1")
    location = "/login" if target == "/" else f"/login?next={quote(target, safe='')}"
    return RedirectResponse(location, status_code=303)


def with_headers(send: Send, path: str) -> Send:
    """A `send` that adds the security headers, and keeps what is personal out of caches."""
    is_asset = path.startswith(("/static/", "/app/static/", "/component/"))

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            if not is_asset:
                headers["cache-control"] = "no-store"
        await send(message)

    return sending
