"""The doorkeeper: every reader comes to the same process, each connection carries one request, and who a client is
cannot be said by the client."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing

import pytest

from dashboard.access import COOKIE
from dashboard.doorkeeper import Doorkeeper, believes, led_in, process_of

HEAD = b"GET /school HTTP/1.1\r\nHost: school.example\r\n"


def head(*lines: str) -> bytes:
    return HEAD + "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def test_a_reader_is_always_led_to_the_same_process_whatever_else_her_browser_says() -> None:
    places = {process_of(head(f"Cookie: a=1; {COOKIE}=token.sign; b=2", f"X-Other: {i}"), 4) for i in range(20)} | {
        process_of(head("Accept: */*", f"COOKIE:{COOKIE}=token.sign"), 4)
    }
    assert len(places) == 1


def test_many_readers_are_spread_over_all_processes() -> None:
    places = [process_of(head(f"Cookie: {COOKIE}=token-{i}"), 4) for i in range(400)]
    assert {place: 60 < places.count(place) < 140 for place in places} == dict.fromkeys(range(4), True)


@pytest.mark.parametrize("lines", [(), ("Cookie: other=1",), ("Cookie: ;;;=",), (f"X-Cookie: {COOKIE}=token",)])
def test_who_has_no_session_is_led_to_the_first(lines: tuple[str, ...]) -> None:
    assert process_of(head(*lines), 4) == 0


def test_a_connection_carries_one_request_unless_it_opens_a_websocket() -> None:
    page = led_in(head("Connection: keep-alive", "Keep-Alive: timeout=5"), "10.0.0.7", is_believed=True)
    assert page.lower().count(b"connection:") == 1 and b"Connection: close\r\n" in page and b"Keep-Alive" not in page
    stream = head("Connection: Upgrade", "Upgrade: websocket")
    assert led_in(stream, "10.0.0.7", is_believed=True) == stream


@pytest.mark.parametrize(
    "lines",
    [
        ("Upgrade: websocket",),
        ("Connection: Upgrade", "Upgrade: websocket", "Upgrade: h2c"),
        ("Connection: Upgrade", "Upgrade: websocket, h2c"),
        ("Connection: Upgrade", "Upgrade: h2c"),
        ("Connection: keep-alive", "Upgrade : websocket", "Proxy-Connection: keep-alive"),
        ("Connection : keep-alive", "upgrade:websocket"),
        ("Connection: Upgrade", "Upgrade: websocket", "Content-Length: 5"),
        ("Connection: Upgrade", "Upgrade: websocket", "Transfer-Encoding: chunked"),
    ],
)
def test_no_second_request_is_smuggled_behind_what_only_looks_like_a_websocket(lines: tuple[str, ...]) -> None:
    led = led_in(head(*lines), "192.0.2.5", is_believed=False).lower()
    said = [line.partition(b":") for line in led.split(b"\r\n")]
    assert [value.strip() for name, _, value in said if name.strip() == b"connection"] == [b"close"]
    assert b"upgrade" not in led and b"keep-alive" not in led
    post = b"POST" + head("Connection: Upgrade", "Upgrade: websocket").removeprefix(b"GET")
    assert b"Connection: close\r\n" in led_in(post, "192.0.2.5", is_believed=False)


def test_a_browsers_own_ways_of_asking_for_a_websocket_pass() -> None:
    for lines in (
        ("Connection: keep-alive, Upgrade", "Upgrade: websocket"),
        ("connection:upgrade", "UPGRADE:WebSocket"),
    ):
        led = led_in(head(*lines), "127.0.0.1", is_believed=True)
        assert led.endswith(b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n") and led.count(b":") == 3


def test_what_a_client_says_of_its_own_address_is_replaced_by_where_it_comes_from() -> None:
    forged = head(
        "X-Forwarded-For: 10.9.9.9", "x-forwarded-proto: https", "Forwarded: for=1.2.3.4", "X-Real-IP: 1.1.1.1"
    )
    led = led_in(forged, "192.0.2.5", is_believed=False)
    assert b"10.9.9.9" not in led and b"https" not in led and b"1.2.3.4" not in led and b"1.1.1.1" not in led
    assert b"X-Forwarded-For: 192.0.2.5\r\n" in led
    assert b"10.9.9.9" in led_in(forged, "127.0.0.1", is_believed=True)


@pytest.mark.parametrize(
    ("peer", "trusted", "is_believed"),
    [
        ("127.0.0.1", "", True),
        ("::1", "", True),
        ("192.0.2.5", "", False),
        ("192.0.2.5", "127.0.0.1, 192.0.2.0/24", True),
        ("192.0.3.5", "192.0.2.0/24,proxy", False),
        ("192.0.2.5", "*", True),
        ("", "*", False),
    ],
)
def test_only_this_machine_and_named_proxies_are_believed(peer: str, trusted: str, is_believed: bool) -> None:
    assert believes(peer, trusted) is is_believed


def talk(request: bytes, answer: bytes = b"", *, is_there: bool = True) -> tuple[bytes, bytes]:
    """(what the process got, what the client got) of one connection through a doorkeeper."""
    got = bytearray()

    async def process(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.extend(await reader.readuntil(b"\r\n\r\n"))
        got.extend(await reader.read(65_536) if b"POST" in got else b"")
        writer.write(answer)
        writer.close()

    async def all_of_it() -> bytes:
        inner = await asyncio.start_server(process, "127.0.0.1", 0)
        port = inner.sockets[0].getsockname()[1]
        if not is_there:
            inner.close()
        async with inner, await asyncio.start_server(Doorkeeper([port], "").take, "127.0.0.1", 0) as outer:
            reader, writer = await asyncio.open_connection(*outer.sockets[0].getsockname())
            writer.write(request)
            writer.write_eof()
            try:
                return await reader.read()
            except ConnectionError:  # cut off in the middle of what it sent
                return b""
            finally:
                writer.close()

    return bytes(got), asyncio.run(asyncio.wait_for(all_of_it(), 10))


def test_a_request_with_its_body_and_the_whole_answer_pass() -> None:
    body = b"x" * 5000
    request = b"POST /login HTTP/1.1\r\nContent-Length: 5000\r\n\r\n" + body
    _, answer = talk(request, b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * 300_000)
    assert answer.endswith(b"y" * 300_000)


def test_a_process_that_is_away_is_said_in_a_sentence() -> None:
    _, answer = talk(head(), is_there=False)
    assert answer.startswith(b"HTTP/1.1 503") and "Обновите страницу".encode() in answer


def test_a_websocket_that_the_process_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process leaves open what it cannot read as a beginning, e.g. a line of more than 8 KB."""
    monkeypatch.setattr("dashboard.doorkeeper.HEAD_SECONDS", 0.2)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def attack() -> bytes:
        inner = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = inner.sockets[0].getsockname()[1]
        async with inner, await asyncio.start_server(Doorkeeper([port], "").take, "127.0.0.1", 0) as outer:
            reader, writer = await asyncio.open_connection(*outer.sockets[0].getsockname())
            writer.write(head("Connection: Upgrade", "Upgrade: websocket"))
            try:
                return await reader.read()
            finally:
                writer.close()

    assert asyncio.run(asyncio.wait_for(attack(), 10)) == b""


@pytest.mark.parametrize("request_", [b"x" * 200_000, b"GET / HTTP/1.1\r\nHost: a", b""])
def test_who_sends_no_whole_head_gets_no_answer_and_reaches_no_process(request_: bytes) -> None:
    assert talk(request_, b"HTTP/1.1 200 OK\r\n\r\n") == (b"", b"")


def test_several_processes_answer_behind_one_address(warehouse) -> None:
    import json
    import urllib.request

    from dashboard.serve import running
    from etl.settings import Settings

    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with running(Settings(home=warehouse.home, port=port, processes=2), warehouse.app_url) as (address, server):
        assert len(server.pids) == 3
        with urllib.request.urlopen(f"{address}/api/health", timeout=10) as answer:  # noqa: S310
            assert json.load(answer) == {"status": "ok"}
        with urllib.request.urlopen(f"{address}/login", timeout=10) as answer:  # noqa: S310
            assert "Вход" in answer.read().decode()
            assert answer.headers["x-frame-options"] == "DENY"
        server.processes[0].kill()
        assert server.wait(10) != 0  # one that is lost ends the whole, so that whoever watches starts it anew
    assert all(process.poll() is not None for process in server.processes)
