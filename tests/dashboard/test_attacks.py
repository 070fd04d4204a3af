"""Attacks against the running app from outside, without a browser: a real server, a real database, raw sockets.

A provider of OpenID Connect runs beside it.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dashboard.access import COOKIE, CookieSigner, cookie_secret
from dashboard.serve import running
from etl.accounts import add_account, disable
from etl.settings import Settings
from etl.warehouse import embedded
from etl.warehouse.engine import app_url
from tests.dashboard.provider import CLIENT, SECRET
from tests.homes import open_new

PASSWORD = "правильно-лошадь-батарея"


@dataclass(frozen=True)
class Site:
    """Where the app answers, and what the test may turn."""

    port: int
    url: str
    home: Path
    claims: Path

    def claim(self, **claims: object) -> None:
        self.claims.write_text(json.dumps(claims), encoding="utf-8")


class Visitor:
    """A browser without scripts: keeps cookies, follows nothing by itself."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []

    def ask(self, path: str, *, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str, str]:
        """Status, Location, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        stated = {"Accept": "text/html", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        stated |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = None
        if form is not None:
            body, stated["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        connection.request("POST" if form is not None else "GET", path, body, stated)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        self.set_cookies = answer.headers.get_all("Set-Cookie") or []
        for line in self.set_cookies:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        connection.close()
        return answer.status, answer.headers.get("Location", ""), text

    def sign_in(self, login: str, **headers: str) -> int:
        return self.ask("/login", form={"login": login, "password": PASSWORD, "next": "/guide"}, **headers)[0]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    home = Path(tempfile.mkdtemp(prefix="zavuch-attacks-"))
    home.chmod(0o755)
    port, other = free_port(), free_port()
    claims = home / "claims.json"
    provider = subprocess.Popen(
        [sys.executable, "-m", "tests.dashboard.provider", str(other)],
        env={**os.environ, "ZAVUCH_TEST_CLAIMS": str(claims)},
    )
    try:
        (home / "secrets.toml").write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "{"s" * 40}"\n'
            f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'server_metadata_url = "http://127.0.0.1:{other}/.well-known/openid-configuration"\n'
            '[zavuch]\nlabel = "Войти через «Мою школу»"\n',
            encoding="utf-8",
        )
        settings = Settings(home=home, port=port)
        url = open_new(settings)
        for login in ("orlova", "leaver", "second"):
            name = {"orlova": "orlova@school.ru", "leaver": "leaver@school.ru"}.get(login, "")
            add_account(url, login, role="deputy", name="О. М.", password=PASSWORD, external_id=name)
        with running(settings, app_url(settings, url)):
            yield Site(port, url, home, claims)
    finally:
        provider.terminate()
        provider.wait()
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/school?school=1",
        "/findings",
        "/_stcore/health",
        "/_stcore/host-config",
        "/_stcore/stream",
        "/_stcore/upload_file/a/b",
        "/media/0123.csv",
        "/static/js/index.js",
        "/app/static/readme-school.png",
        "/component/x/y.js",
        "/auth/logout",
        "/auth/login/",
        "/oauth2callback/x",
        "//login",
        "/login/../school",
        "/login%2f..%2fschool",
        "/app/static/../app.py",
        "/api/session",
    ],
)
def test_without_a_session_nothing_is_given(site: Site, path: str) -> None:
    status, location, text = Visitor(site.port).ask(path)
    assert status in (303, 400, 401, 404), path
    assert status != 303 or location.startswith("/login")
    assert "streamlit" not in text.lower()


def websocket(site: Site, *, origin: str | None = None, **cookies: str):
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    return connect(
        f"ws://127.0.0.1:{site.port}/_stcore/stream",
        origin=origin,  # type: ignore[arg-type]
        subprotocols=["streamlit"],  # type: ignore[list-item]
        additional_headers=headers,
    )


def is_open(site: Site, *, origin: str | None = None, **cookies: str) -> bool:
    async def attempt() -> bool:
        try:
            async with websocket(site, origin=origin, **cookies):
                return True
        except InvalidStatus as refused:
            assert refused.response.status_code == 403
            return False

    return asyncio.run(attempt())


def test_a_websocket_opens_for_a_session_from_our_own_page_alone(site: Site) -> None:
    visitor = Visitor(site.port)
    assert visitor.sign_in("orlova") == 303
    own = f"http://127.0.0.1:{site.port}"
    cookie = visitor.cookies[COOKIE]
    assert is_open(site, origin=own, **{COOKIE: cookie})
    assert not is_open(site, origin=own)
    assert not is_open(site, origin=own, **{COOKIE: cookie[:-9] + ("A" if cookie[-9] != "A" else "B") + cookie[-8:]})
    for foreign in ("http://evil.example", "http://localhost:1", "http://127.0.0.1:1", "null"):
        assert not is_open(site, origin=foreign, **{COOKIE: cookie}), foreign


def test_a_cookie_is_worth_nothing_after_sign_out_disabling_or_under_another_secret(site: Site) -> None:
    visitor, thief = Visitor(site.port), Visitor(site.port)
    assert visitor.sign_in("orlova") == 303
    thief.cookies = dict(visitor.cookies)
    assert thief.ask("/guide")[0] == 200, "a session survives a reload"
    assert visitor.ask("/logout", form={})[0] == 303
    assert thief.ask("/guide")[0] == 303
    assert "Сеанс завершён" in thief.ask("/login?next=%2Fguide")[2], "who is led here is told why"
    for stranger in (visitor, Visitor(site.port)):
        assert "Сеанс завершён" not in stranger.ask("/login")[2]
    assert thief.ask("/api/session")[0] == 401 and not is_open(site, **thief.cookies)
    signer = CookieSigner(cookie_secret(site.home))
    other = CookieSigner(b"another installation")
    token = signer.token_of(thief.cookies[COOKIE])
    assert token is not None
    thief.cookies[COOKIE] = other.sign(token)
    assert thief.ask("/guide")[0] == 303


def test_the_next_person_at_a_computer_finds_the_tabs_of_the_one_before_signed_out(site: Site) -> None:
    browser, tab = Visitor(site.port), Visitor(site.port)
    assert browser.sign_in("orlova") == 303
    tab.cookies = dict(browser.cookies)
    assert browser.sign_in("second") == 303
    assert tab.ask("/api/session")[0] == 401 and not is_open(site, **{COOKIE: tab.cookies[COOKIE]})
    assert browser.ask("/api/session")[0] == 204


def test_an_open_line_closes_within_seconds_of_disabling_though_the_tab_says_nothing(site: Site) -> None:
    visitor = Visitor(site.port)
    assert visitor.sign_in("leaver") == 303

    async def watch() -> float:
        async with websocket(site, **{COOKIE: visitor.cookies[COOKIE]}) as line:
            await asyncio.to_thread(disable, site.url, "leaver")
            began = time.monotonic()
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await asyncio.wait_for(line.recv(), 20)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
            return time.monotonic() - began

    assert asyncio.run(watch()) < 15
    assert visitor.ask("/guide")[0] == 303
    assert visitor.sign_in("leaver") == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_secure_behind_tls(site: Site) -> None:
    visitor = Visitor(site.port)
    visitor.sign_in("orlova")
    (plain,) = visitor.set_cookies
    assert "HttpOnly" in plain and "SameSite=lax" in plain and "Secure" not in plain
    visitor.sign_in("orlova", X_Forwarded_Proto="https")
    (behind,) = visitor.set_cookies
    assert "Secure" in behind


def test_a_foreign_form_signs_nobody_in_or_out_and_uploads_need_the_token(site: Site) -> None:
    visitor = Visitor(site.port)
    assert visitor.sign_in("orlova", Origin="http://evil.example") == 403
    assert visitor.sign_in("orlova") == 303
    assert visitor.ask("/logout", form={}, Origin="http://evil.example")[0] == 403
    assert visitor.ask("/guide")[0] == 200
    assert visitor.ask("/_stcore/upload_file/session/file", form={"x": "1"})[0] in (400, 403, 405)


def test_a_large_or_endless_form_is_not_read(site: Site) -> None:
    visitor = Visitor(site.port)
    assert visitor.ask("/login", form={"login": "orlova", "password": "x" * 20_000})[0] == 413
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.request(
        "POST", "/login", iter([b"login=x"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert connection.getresponse().status == 413
    connection.close()


def test_a_cookie_that_takes_long_to_read_keeps_nobody_waiting(site: Site) -> None:
    """Python 3.11 reads quoted backslashes in quadratic time: 60 KB of them stopped door and pages for seconds."""
    visitor = Visitor(site.port)
    visitor.cookies = {"a": '"' + '\\"' * 14_000 + '"', COOKIE: '"' + "\\101" * 100 + '"'}
    began = time.monotonic()
    assert [visitor.ask(path)[0] for path in ("/login", "/guide", "/_stcore/stream")] == [200, 303, 401]
    assert time.monotonic() - began < 3


def test_forged_trusted_headers_and_claims_of_a_provider_open_nothing(site: Site) -> None:
    visitor = Visitor(site.port)
    visitor.cookies["_streamlit_user"] = "forged"
    status, location, _text = visitor.ask("/guide", X_Zavuch_Session="0" * 64)
    assert (status, location) == (303, "/login?next=%2Fguide")


def test_every_answer_has_the_security_headers(site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    for path in ("/login", "/guide", "/media/x", "/api/health"):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
    connection.close()


def way_back(visitor: Visitor) -> str:
    """Follow a browser's way from our page to the provider; the address it is sent back to."""
    assert "/login/oidc" in visitor.ask("/login")[2]
    _status, there, _text = visitor.ask(visitor.ask("/login/oidc")[1])
    provider = urlsplit(there)
    connection = http.client.HTTPConnection(provider.netloc, timeout=30)
    connection.request("GET", f"{provider.path}?{provider.query}")
    back = urlsplit(connection.getresponse().headers["Location"])
    connection.close()
    return f"{back.path}?{back.query}"


def through_the_provider(visitor: Visitor) -> tuple[int, str, str]:
    """The whole way there and back; the answer to the exchange."""
    assert visitor.ask(way_back(visitor))[1] == "/"
    assert visitor.ask("/")[1] == "/login/oidc/done"
    return visitor.ask("/login/oidc/done")


def test_who_the_provider_knows_and_we_know_is_signed_in_and_the_providers_cookies_go(site: Site) -> None:
    site.claim(sub="7", email="Orlova@School.ru", email_verified=True)
    visitor = Visitor(site.port)
    status, location, _text = through_the_provider(visitor)
    assert (status, location) == (303, "/")
    assert [name for name in visitor.cookies if name.startswith("_streamlit_user")] == []
    assert visitor.ask("/guide")[0] == 200


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"sub": "7", "email": "stranger@school.ru", "email_verified": True}, 403),
        ({"sub": "7", "email": "orlova@school.ru", "email_verified": False}, 401),
        ({"sub": "7", "email": "orlova@school.ru"}, 401),
        ({"sub": "orlova@school.ru"}, 401),
        ({"sub": "7", "email": "", "email_verified": True}, 401),
    ],
)
def test_who_has_no_account_gets_a_sentence_and_no_page(site: Site, claims: dict[str, object], status: int) -> None:
    site.claim(**claims)
    visitor = Visitor(site.port)
    found, _location, text = through_the_provider(visitor)
    assert found == status
    assert "Обратитесь к администратору" in text or "не подтвердила, кто вы" in text
    assert COOKIE not in visitor.cookies
    assert visitor.ask("/guide")[0] == 303


def test_a_callback_that_we_did_not_begin_or_a_forged_proof_opens_nothing(site: Site) -> None:
    visitor = Visitor(site.port)
    visitor.ask("/oauth2callback?code=x&state=y")
    assert visitor.ask("/guide")[0] == 303
    visitor.cookies["_streamlit_user"] = "eyJlbWFpbCI6Im9ybG92YUBzY2hvb2wucnUifQ.x.y"
    assert visitor.ask("/login/oidc/done")[0] == 401
    assert COOKIE not in visitor.cookies


KNOWN = {"sub": "7", "email": "orlova@school.ru", "email_verified": True}


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "http://evil.example"},
        {"aud": "another client"},
        {"nonce": "of another sign-in"},
        {"exp": 1},
        {"signed_by_another": True},
    ],
)
def test_a_token_for_somebody_else_or_of_somebody_else_opens_nothing(site: Site, lie: dict[str, object]) -> None:
    site.claim(**KNOWN, **lie)
    visitor = Visitor(site.port)
    visitor.ask(way_back(visitor))
    assert [name for name in visitor.cookies if name.startswith("_streamlit_user")] == []
    assert visitor.ask("/login/oidc/done")[0] == 401
    assert COOKIE not in visitor.cookies and visitor.ask("/guide")[0] == 303


def test_a_way_back_is_good_once_and_in_the_browser_that_began(site: Site) -> None:
    site.claim(**KNOWN)
    visitor, thief = Visitor(site.port), Visitor(site.port)
    back = way_back(visitor)
    thief.ask(back)
    assert thief.ask("/login/oidc/done")[0] == 401 and thief.ask("/guide")[0] == 303
    visitor.ask(back)
    assert visitor.ask("/login/oidc/done")[0] == 303
    visitor.ask("/logout", form={})
    visitor.ask(back)
    assert visitor.ask("/login/oidc/done")[0] == 401, "Back in the history signs nobody in again"
    assert visitor.ask("/guide")[0] == 303


def test_a_disabled_account_is_unknown_to_the_provider_too(site: Site) -> None:
    disable(site.url, "leaver")
    site.claim(sub="8", email="leaver@school.ru", email_verified=True)
    assert through_the_provider(Visitor(site.port))[0] == 403
