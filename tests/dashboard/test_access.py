"""Sign-in, sessions and the gate, on a real database."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, create_engine, func, insert, select, update
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from dashboard.access import COOKIE, IDLE_LIFE, SESSION_LIFE, CookieSigner, SlowDownError, cookie_secret, session_of
from dashboard.accounts import ADDRESS_FAILURES, FREE_FAILURES, LOCK, LOCK_FAILURES, PostgresAccounts
from dashboard.assets import russian_index
from dashboard.gate import CLOSED_WAYS, SESSION_HEADER, Gate, Watch
from dashboard.incoming import is_by_person, is_permitted
from dashboard.login import safe_next
from etl.warehouse import embedded, passwords
from etl.warehouse.engine import sqlalchemy_url
from etl.warehouse.passwords import password_hash
from etl.warehouse.tables import access_attempt, access_grant, access_row, access_session, access_user

TABLES = (access_user, access_session, access_attempt, access_grant, access_row)
NOW = datetime(2026, 11, 12, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse"
RERUN = bytes(BackMsg(rerun_script=ClientState(query_string="a=1")).SerializeToString())


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module", autouse=True)
def _light_passwords() -> Iterator[None]:
    """What is tested here is counting, not the cost of a password; sign-ins in the browser pay the whole of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        passwords._nobody.cache_clear()
        yield
    passwords._nobody.cache_clear()


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    home = tmp_path_factory.mktemp("access")
    engine = create_engine(sqlalchemy_url(embedded.start(home).url))
    try:
        for table in TABLES:
            table.create(engine)
        yield engine
    finally:
        engine.dispose()
        embedded.stop(home)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(engine, clock):
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(table.delete())
        people = [
            {"user_id": 1, "login": "deputy", "full_name": "Орлова М. С.", "role": "deputy"},
            {"user_id": 2, "login": "inspector", "full_name": "Вяткина А. Л.", "role": "inspector"},
            {"user_id": 3, "login": "nobody", "full_name": "Новый Н. Н.", "role": "teacher"},
        ]
        stored = {"password_hash": password_hash(PASSWORD), "is_demo": False}
        connection.execute(insert(access_user), [person | stored for person in people])
        connection.execute(
            insert(access_grant),
            [
                {"user_id": 1, "grant_no": 1, "level": "school", "municipality_id": None, "school_id": 4},
                {
                    "user_id": 2,
                    "grant_no": 1,
                    "level": "municipality",
                    "municipality_id": 1,
                    "school_id": None,
                },
            ],
        )
        rows = [{"user_id": 1, "school_id": 4, "level": "school"}]
        rows += [{"user_id": 2, "school_id": n, "level": "aggregate"} for n in (4, 5, 6)]
        connection.execute(insert(access_row), rows)
    return PostgresAccounts(engine, clock)


def attempts(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(access_attempt)).scalar_one()


def test_the_right_pair_signs_in_and_the_login_is_not_case_sensitive(store):
    identity = store.verify(" Deputy ", PASSWORD)
    assert identity is not None
    assert (identity.user_id, identity.role, identity.name) == (1, "deputy", "Орлова М. С.")


@pytest.mark.parametrize(
    ("login", "password"),
    [("deputy", "wrong"), ("deputy", ""), ("stranger", PASSWORD), ("", PASSWORD), ("dep\x00uty", PASSWORD)],
)
def test_a_wrong_pair_does_not_sign_in(store, login, password):
    assert store.verify(login, password) is None


def test_a_disabled_account_does_not_sign_in_and_its_open_session_ends(store, engine):
    token = store.open_session(1)
    assert store.identity_of(token) is not None
    with engine.begin() as connection:
        connection.execute(update(access_user).where(access_user.c.user_id == 1).values(disabled_at=NOW))
    assert store.identity_of(token) is None
    assert store.verify("deputy", PASSWORD) is None


def test_guessing_becomes_slower_and_slower_even_with_the_right_password(store, clock, engine):
    for _ in range(FREE_FAILURES + 1):
        assert store.verify("deputy", "wrong") is None
    with pytest.raises(SlowDownError) as first:
        store.verify("deputy", PASSWORD)
    assert first.value.seconds == 2
    assert attempts(engine) == FREE_FAILURES + 1  # a refused attempt is not looked at and not counted
    clock.now += timedelta(seconds=2)
    assert store.verify("deputy", "wrong") is None
    with pytest.raises(SlowDownError) as second:
        store.verify("deputy", PASSWORD)
    assert second.value.seconds == 4
    clock.now += timedelta(seconds=4)
    assert store.verify("deputy", PASSWORD) is not None
    assert store.verify("deputy", "wrong") is None  # a success forgives the failures before it


def test_an_unknown_login_is_slowed_down_like_a_known_one_and_others_are_not(store):
    for _ in range(FREE_FAILURES + 1):
        store.verify("stranger", "wrong")
    with pytest.raises(SlowDownError):
        store.verify("stranger", "wrong")
    assert store.verify("deputy", PASSWORD) is not None


def test_a_login_is_locked_after_ten_failures_known_or_not(store, clock):
    for login in ("deputy", "stranger"):
        for number in range(1, LOCK_FAILURES + 1):
            clock.now += timedelta(seconds=2**number)
            assert store.verify(login, "wrong") is None
        with pytest.raises(SlowDownError) as locked:
            store.verify(login, PASSWORD)
        assert (locked.value.reason, locked.value.seconds) == ("locked", LOCK.total_seconds())
    clock.now += LOCK
    assert store.verify("deputy", PASSWORD) is not None


def test_an_address_that_guesses_at_many_logins_waits_and_another_address_does_not(store):
    for number in range(ADDRESS_FAILURES + 1):
        assert store.verify(f"person{number}", "wrong", "10.0.0.7") is None
    with pytest.raises(SlowDownError) as paused:
        store.verify("deputy", PASSWORD, "10.0.0.7")
    assert (paused.value.reason, paused.value.seconds) == ("address", 2)
    assert store.verify("deputy", PASSWORD, "10.0.0.8") is not None


def test_an_unknown_login_takes_as_long_as_a_known_one(monkeypatch, store):
    asked: list[str] = []
    right = PasswordHasher.verify

    def counted(self: PasswordHasher, stored: str, password: str) -> bool:
        asked.append(stored)
        return right(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for login in ("deputy", "stranger"):
        assert store.verify(login, "wrong") is None
    assert len(asked) == 2
    costs = {tuple(stored.split("$")[1:4]) for stored in asked}
    assert len(costs) == 1 and next(iter(costs))[0] == "argon2id"


def test_an_account_closes_when_its_persons_employment_ends_and_its_session_with_it(store, clock, engine):
    with engine.begin() as connection:
        until = NOW + timedelta(minutes=30)
        connection.execute(update(access_user).where(access_user.c.user_id == 1).values(valid_until=until))
    token = store.open_session(1)
    assert store.identity_of(token) is not None
    clock.now = until
    assert store.identity_of(token) is None
    assert store.verify("deputy", PASSWORD) is None


def test_a_session_ends_when_nobody_uses_it_and_lives_on_while_somebody_does(store, clock):
    used, idle = store.open_session(1), store.open_session(1)
    clock.now += IDLE_LIFE - timedelta(seconds=1)
    store.touch(used)
    clock.now += timedelta(seconds=1)
    assert store.identity_of(used) is not None
    assert store.identity_of(idle) is None
    store.touch(idle)  # what is over is not revived
    assert store.identity_of(idle) is None


def test_a_name_at_the_provider_finds_its_account_while_that_is_open(store, engine):
    with engine.begin() as connection:
        connection.execute(update(access_user).where(access_user.c.user_id == 1).values(external_id="orlova@school.ru"))
    assert store.by_external_id(" Orlova@School.ru ").user_id == 1
    assert store.by_external_id("other@school.ru") is None
    assert store.by_external_id("") is None
    with engine.begin() as connection:
        connection.execute(update(access_user).where(access_user.c.user_id == 1).values(disabled_at=NOW))
    assert store.by_external_id("orlova@school.ru") is None


def test_the_database_holds_only_the_hash_of_a_token(store, engine):
    token = store.open_session(1)
    with engine.connect() as connection:
        row = connection.execute(select(access_session)).one()
    assert row.token_hash == session_of(token)
    assert token not in repr(tuple(row))
    assert store.identity_of(row.token_hash) is None  # the hash itself opens nothing


def test_a_session_ends_after_its_life_and_on_sign_out(store, clock):
    first, second = store.open_session(1), store.open_session(1)
    store.close_session(first)
    assert store.identity_of(first) is None
    assert store.identity_of_session(session_of(second)) is not None
    begun = clock.now
    while clock.now < begun + SESSION_LIFE:
        assert store.identity_of(second) is not None
        store.touch(second)
        clock.now += IDLE_LIFE / 2
    assert store.identity_of(second) is None


def test_a_scope_is_what_the_grants_say_and_nothing_without_grants(store):
    deputy, inspector, nobody = (store.verify(name, PASSWORD) for name in ("deputy", "inspector", "nobody"))
    assert store.scope_of(deputy).school_ids == {4}
    assert store.scope_of(deputy).sees_names
    assert store.scope_of(inspector).level == "municipality"
    assert store.scope_of(inspector).school_ids == {4, 5, 6}
    assert not store.scope_of(inspector).sees_names
    empty = store.scope_of(nobody)
    assert empty.is_empty
    assert empty.level == "none"
    assert not empty.sees_names


def test_the_secret_of_the_cookies_is_made_once_and_is_private(tmp_path):
    secret = cookie_secret(tmp_path)
    assert cookie_secret(tmp_path) == secret
    assert len(secret) == 64
    assert stat.S_IMODE((tmp_path / "cookie_secret").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["cookie_secret"]


def test_a_forged_or_foreign_cookie_holds_no_token():
    signer, other = CookieSigner(b"one"), CookieSigner(b"other")
    assert signer.token_of(signer.sign("token")) == "token"
    for cookie in ("", "token", "token.x.y", other.sign("token"), signer.sign("token") + "x", "токен"):
        assert signer.token_of(cookie) is None


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/school?school=3", "/school?school=3"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/school\r\nX: y", "/"),
        ("/login?next=/login", "/"),
    ],
)
def test_sign_in_leads_only_to_our_own_pages(target, expected):
    assert safe_next(target) == expected


async def inner(scope: Any, receive: Any, send: Any) -> None:
    """Stands for Streamlit: answers with the trusted header it was given, or echoes websocket messages."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": "rerun"})
        return
    trusted = dict(scope["headers"]).get(SESSION_HEADER, b"")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": trusted})


def ask(gate: Gate, path: str, *, cookie: str = "", headers: dict[str, str] | None = None, kind: str = "http") -> Any:
    """Every message the gate sends for one request (or for a websocket with two messages)."""
    sent: list[dict[str, Any]] = []
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    if cookie:
        raw.append((b"cookie", f"{COOKIE}={cookie}".encode()))
    scope = {"type": kind, "method": "GET", "path": path, "query_string": b"a=1", "headers": raw}
    coming: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    coming += [{"type": "websocket.receive", "bytes": RERUN}] * 2

    async def receive() -> dict[str, Any]:
        return coming.pop(0) if coming else {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(gate(scope, receive, send))
    return sent


@pytest.fixture
def signer():
    return CookieSigner(b"secret")


@pytest.fixture
def gate(store, signer):
    return Gate(inner, store=store, signer=signer)


HTML = {"Accept": "text/html"}


def test_a_page_without_a_session_leads_to_sign_in_and_back(gate):
    start = ask(gate, "/school", headers=HTML)[0]
    assert start["status"] == 303
    assert dict(start["headers"])[b"location"] == b"/login?next=%2Fschool%3Fa%3D1"


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/health",
        "/school/_stcore/host-config",
        "/media/abc.csv",
        "/static/js/index.js",
        "/component/x/y.js",
        "/app/static/other.png",
        "/export/ledger",
        "/api/session",
        "/_stcore/upload_file/a/b",
        "/login/",
        "/LOGIN",
    ],
)
def test_everything_else_without_a_session_is_refused(gate, path):
    assert ask(gate, path)[0]["status"] == 401


def test_what_a_tab_asks_by_itself_is_no_sign_of_a_person():
    looking = BackMsg(rerun_script=ClientState(fragment_id="f", is_auto_rerun=True))
    assert is_by_person(RERUN) and is_by_person(bytes(BackMsg(stop_script=True).SerializeToString()))
    for message in (looking, BackMsg(app_heartbeat=True), BackMsg()):
        assert not is_by_person(bytes(message.SerializeToString()))
    assert is_permitted(bytes(looking.SerializeToString())) and not is_by_person(b"\xff")


def test_who_has_no_form_for_files_uploads_none_and_ways_for_programs_are_closed(gate, store, signer, engine):
    cookie = signer.sign(store.open_session(1))
    path = "/_stcore/upload_file/own-session/file"
    assert ask(gate, path, cookie=cookie)[0]["status"] == 200, "a deputy has a form"
    assert {ask(gate, way, cookie=cookie)[0]["status"] for way in CLOSED_WAYS} == {404}
    with engine.begin() as connection:
        connection.execute(update(access_user).where(access_user.c.user_id == 1).values(role="teacher"))
    assert ask(gate, path, cookie=cookie)[0]["status"] == 404


def test_a_websocket_without_a_session_is_never_accepted(gate):
    assert ask(gate, "/_stcore/stream", kind="websocket") == [{"type": "websocket.close", "code": 4401}]


def test_a_forged_header_never_arrives(gate, store, signer):
    forged = {"X-Zavuch-Session": session_of("stolen"), "x-zavuch-anything": "1"}
    assert ask(gate, "/school", headers=HTML | forged)[0]["status"] == 303
    token = store.open_session(1)
    answer = ask(gate, "/school", headers=HTML | forged, cookie=signer.sign(token))
    assert answer[1]["body"] == session_of(token).encode()


def test_a_signed_cookie_of_an_ended_session_is_worth_nothing(gate, store, signer):
    token = store.open_session(1)
    store.close_session(token)
    assert ask(gate, "/school", headers=HTML, cookie=signer.sign(token))[0]["status"] == 303
    assert ask(gate, "/_stcore/stream", kind="websocket", cookie=signer.sign(token))[0]["code"] == 4401


def test_an_open_websocket_closes_when_its_session_ends(gate, store, signer):
    token = store.open_session(1)
    assert [m["type"] for m in ask(gate, "/_stcore/stream", kind="websocket", cookie=signer.sign(token))] == [
        "websocket.accept",
        "websocket.send",
        "websocket.send",
    ]


def test_a_silent_websocket_closes_too_when_its_session_ends(store, signer):
    token = store.open_session(1)
    sent: list[str] = []
    coming: list[dict[str, Any]] = [{"type": "websocket.connect"}]

    async def receive() -> dict[str, Any]:
        if coming:
            return coming.pop(0)
        store.close_session(token)  # elsewhere: this tab says nothing any more
        await asyncio.sleep(60)
        raise AssertionError("the line stayed open")

    async def send(message: Any) -> None:
        sent.append(f"{message['type']} {message.get('code', '')}".strip())

    raw = [(b"cookie", f"{COOKIE}={signer.sign(token)}".encode())]
    scope = {"type": "websocket", "path": "/_stcore/stream", "query_string": b"", "headers": raw}
    watched = Gate(inner, store=store, signer=signer, recheck_seconds=0.01)
    asyncio.run(asyncio.wait_for(watched(scope, receive, send), 10))
    assert sent == ["websocket.accept", "websocket.close 4401"]


def test_a_line_that_nobody_watches_any_more_is_closed():
    class Broken:
        def living(self, tokens: Any) -> frozenset[str]:
            raise RuntimeError("no answer that anybody expected")

    async def watched() -> None:
        await Watch(Broken(), 0.01).end_of("token")  # type: ignore[arg-type]

    asyncio.run(asyncio.wait_for(watched(), 10))


def test_the_first_message_after_the_end_of_a_session_is_not_passed_on(store, signer):
    token = store.open_session(1)
    sent: list[str] = []
    coming: list[dict[str, Any]] = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "x"}]

    async def receive() -> dict[str, Any]:
        message = coming.pop(0)
        if message["type"] == "websocket.receive":
            store.close_session(token)
        return message

    async def send(message: Any) -> None:
        sent.append(message["type"])

    raw = [(b"cookie", f"{COOKIE}={signer.sign(token)}".encode())]
    scope = {"type": "websocket", "path": "/_stcore/stream", "query_string": b"", "headers": raw}
    asyncio.run(Gate(inner, store=store, signer=signer)(scope, receive, send))
    assert sent == ["websocket.accept", "websocket.close"]


def test_every_answer_has_the_security_headers_and_pages_stay_out_of_caches(gate, store, signer):
    cookie = signer.sign(store.open_session(1))
    for answer in (ask(gate, "/login"), ask(gate, "/media/x"), ask(gate, "/school", cookie=cookie)):
        headers = dict(answer[0]["headers"])
        assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"cache-control"] == b"no-store"


def test_streamlits_index_page_becomes_russian_and_another_page_stays():
    page = '<html lang="en"><title>Streamlit</title><link rel="service-desc" href="x" />'
    page += "<noscript>a\nb</noscript>"
    russian = russian_index(page)
    assert '<html lang="ru">' in russian
    assert "<title>Завуч</title>" in russian
    assert "service-desc" not in russian
    assert russian_index("<html lang='en'><title>Other</title>") == "<html lang='en'><title>Other</title>"
