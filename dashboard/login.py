"""Our own sign-in and sign-out pages: plain HTML, no script, in Russian, in the look of the app."""

from __future__ import annotations

import asyncio
import math
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard import i18n
from dashboard.access import COOKIE, SESSION_LIFE, AccountStore, CookieSigner, Identity, SlowDownError
from dashboard.i18n import t

PAGE = (Path(__file__).resolve().parent / "templates" / "login.html").read_text(encoding="utf-8")
SLOW = {"pause": "slow_down", "locked": "locked", "address": "slow_address"}
LONGEST_FORM = 16_384  # bytes: a login, a password of 1,024 Cyrillic letters, an address
AT_ONCE = 2  # Argon2id takes 64 MiB each: a flood of sign-ins waits, the server stays up


class SignIn:
    """Handlers of `/login` and `/logout` over a store of accounts."""

    def __init__(self, store: AccountStore, signer: CookieSigner, provider: tuple[str, str] | None = None) -> None:
        """`provider` is the address and the words of a second way in, where there is one."""
        self._store = store
        self._signer = signer
        self._provider = provider
        self._turn = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        """Routes to mount before Streamlit's own."""
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.sign_in, methods=["POST"]),
            Route("/logout", self.ask, methods=["GET"]),
            Route("/logout", self.sign_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The empty form; `next` is kept if it is an address of ours. Whoever was led here because her session is over
        is told so.
        """
        note = t("login.signed_out") if request.query_params.get("out") else ""
        if not note and await self._is_over(request):
            note = t("login.ended")
        return HTMLResponse(self._form(safe_next(request.query_params.get("next", "")), note=note))

    async def _is_over(self, request: Request) -> bool:
        """Whether the browser bears a cookie of ours whose session has ended."""
        token = self._signer.token_of(request.cookies.get(COOKIE, ""))
        if token is None:
            return False
        try:
            return await run_in_threadpool(self._store.identity_of, token) is None
        except SQLAlchemyError:
            return False  # nobody knows; the attempt to sign in will say that the database is away

    async def sign_in(self, request: Request) -> Response:
        """Check the pair and open a session, or show the form again with a sentence."""
        if not is_own_form(request):
            return HTMLResponse(self._form("/", error=t("login.foreign")), status_code=403)
        if not is_short(request):  # nobody has signed in yet: nothing large is read
            return HTMLResponse(self._form("/", error=t("login.wrong")), status_code=413)
        form = await request.form(max_files=0, max_fields=3)
        login, target = str(form.get("login", "")), safe_next(str(form.get("next", "")))
        try:
            address = request.client.host if request.client else ""
            identity = await self._verified(login, str(form.get("password", "")), address)
            if identity is not None:
                return await let_in(self._store, self._signer, request, identity, target)
        except SlowDownError as error:
            text = t(f"login.{SLOW[error.reason]}", wait=_wait(error.seconds))
            headers = {"Retry-After": str(error.seconds)}
            return HTMLResponse(self._form(target, login, error=text), status_code=429, headers=headers)
        except SQLAlchemyError:
            return HTMLResponse(self._form(target, login, error=t("login.unavailable")), status_code=503)
        return HTMLResponse(self._form(target, login, error=t("login.wrong")), status_code=401)

    async def ask(self, request: Request) -> Response:
        """A page with the button: a link must not be able to sign anybody out."""
        return HTMLResponse(
            _page(
                t("login.leave_title"),
                f'<p class="lead">{t("login.leave_lead")}</p>'
                f'<form method="post" action="/logout"><button>{t("frame.sign_out")}</button></form>',
            )
        )

    async def sign_out(self, request: Request) -> Response:
        """End the session in the store and forget the cookie."""
        if not is_own_form(request):
            return HTMLResponse(_page(t("login.leave_title"), f"<p>{t('login.foreign')}</p>"), status_code=403)
        token = self._signer.token_of(request.cookies.get(COOKIE, ""))
        if token is not None:
            await run_in_threadpool(self._store.close_session, token)
        response = RedirectResponse("/login?out=1", status_code=303)
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return response

    async def _verified(self, login: str, password: str, address: str) -> Identity | None:
        async with self._turn:
            return await run_in_threadpool(self._store.verify, login, password, address)

    def _form(self, target: str, login: str = "", *, error: str = "", note: str = "") -> str:
        # the message is announced; the field that needs attention has the focus
        message = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
        message += f'<p class="note" role="status">{escape(note)}</p>' if note else ""
        focus_login, focus_password = ("", " autofocus") if login else (" autofocus", "")
        return _page(
            t("login.title"),
            f'<p class="lead">{t("login.lead")}</p>{message}'
            '<form method="post" action="/login">'
            f'<input type="hidden" name="next" value="{escape(target)}">'
            f'<label for="login">{t("login.login")}</label>'
            f'<input id="login" name="login" value="{escape(login[:128])}" autocomplete="username"'
            f' autocapitalize="none" spellcheck="false" required maxlength="128"{focus_login}>'
            f'<label for="password">{t("login.password")}</label>'
            '<input id="password" name="password" type="password" autocomplete="current-password"'
            f' required maxlength="1024"{focus_password}>'
            f"<button>{t('login.submit')}</button></form>{self._other_way()}",
        )

    def _other_way(self) -> str:
        if self._provider is None:
            return ""
        address, label = self._provider
        return f'<a class="other" href="{escape(address)}">{escape(label)}</a>'


async def let_in(
    store: AccountStore, signer: CookieSigner, request: Request, identity: Identity, target: str
) -> Response:
    """Begin a session and lead to `target`. Whoever was signed in in this browser is signed out: her open tabs are not
    for the next person. SQLAlchemyError where the database is away."""
    before = signer.token_of(request.cookies.get(COOKIE, ""))
    if before is not None:
        await run_in_threadpool(store.close_session, before)
    token = await run_in_threadpool(store.open_session, identity.user_id)
    response = RedirectResponse(target, status_code=303)
    # the one cookie of ours: out of reach of scripts and of other sites' forms, over TLS only where we have it
    life, is_secure = int(SESSION_LIFE.total_seconds()), request.url.scheme == "https"
    response.set_cookie(COOKIE, signer.sign(token), max_age=life, httponly=True, samesite="lax", secure=is_secure)
    return response


def safe_next(target: str) -> str:
    """The address to go to after sign-in: a path of this site, else `/` (never another site)."""
    parts = urlsplit(target) if target.startswith("/") and target.isprintable() else None
    is_ours = (
        parts and not parts.scheme and not parts.netloc and not target.startswith(("//", "/\\")) and "\\" not in target
    )
    return target if is_ours and not target.startswith(("/login", "/logout")) else "/"


def is_own_form(request: Request) -> bool:
    """Whether a form was sent from our own page: browsers state `Origin` (or at least `Sec-Fetch-Site`) on
    every POST.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host")
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def is_short(request: Request) -> bool:
    """Whether the form says how long it is, and is no longer than a sign-in."""
    length = request.headers.get("content-length", "")
    return length.isdigit() and len(length) < 9 and int(length) <= LONGEST_FORM


def _wait(seconds: int) -> str:
    return i18n.count(seconds, "second") if seconds < 60 else i18n.count(math.ceil(seconds / 60), "minute")


def notice(title: str, text: str, *, status: int) -> HTMLResponse:
    """A page of one sentence and the way back to the sign-in."""
    body = f'<p class="error" role="alert">{escape(text)}</p>'
    return HTMLResponse(_page(title, f'{body}<a class="other" href="/login">{t("login.back")}</a>'), status_code=status)


def _page(title: str, body: str) -> str:
    return (
        PAGE.replace("{title}", escape(title))
        .replace("{app}", escape(t("app.title")))
        .replace("{subtitle}", escape(t("app.subtitle")))
        .replace("{body}", body)
    )
