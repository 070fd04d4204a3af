"""One address for several server processes: every reader is led to the process that knows her.

Sessions, files and uploads of Streamlit live in the memory of one process. Who reads is told by the session cookie, so
the cookie chooses the process, always the same one; before sign-in it is the first. Of the traffic nothing is read but
the head of a connection's first request. A connection carries one request only, because behind a TLS proxy the next one
on it may be another reader's. Run by `dashboard.serve` as `python -m dashboard.doorkeeper ADDRESS PORT PORT…`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import resource
import sys
import zlib
from contextlib import suppress

from dashboard.access import COOKIE
from dashboard.parentage import stop_without_parent

HEAD_BYTES = 32_768  # of a request's head; browsers send some two kilobytes, with a provider's cookies some ten
HEAD_SECONDS = 30.0  # to send it, and for the process to say whether it opens a websocket
CHUNK = 65_536
INSIDE = "127.0.0.1"
TRUSTED_VARIABLE = "FORWARDED_ALLOW_IPS"  # uvicorn's own: addresses of proxies whose word about the client is believed
_TOLD_BY_PROXIES = (b"x-forwarded-", b"forwarded:", b"x-real-ip:")
_OF_A_CONNECTION = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"upgrade"})
_OPENING = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
AWAY = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
AWAY_TEXT = "Сервер перезапускается. Обновите страницу через минуту.\n"


def process_of(head: bytes, count: int) -> int:
    """Which of `count` processes the sender of a request's head belongs to: by her cookie, the first without one."""
    for line in head.split(b"\r\n")[1:]:
        if _name(line) == b"cookie":
            for pair in line.partition(b":")[2].split(b";"):
                name, _, value = pair.strip().partition(b"=")
                if name == COOKIE.encode():
                    return zlib.crc32(value) % count
    return 0


def led_in(head: bytes, peer: str, *, is_believed: bool) -> bytes:
    """The head as the process gets it: the last on its connection unless it opens a websocket, and with the client's
    address. What it says itself of that address stays only where the peer `is_believed` (a proxy of ours)."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if not is_believed:
        lines = [line for line in lines if not line.lower().startswith(_TOLD_BY_PROXIES)]
        lines.append(b"X-Forwarded-For: " + peer.encode())
    opens = first.startswith(b"GET ") and _opens_websocket(lines)
    # said in our own words: what we take for a websocket and the process does not would leave the connection open,
    # and a second request on it, which nobody looks at, could name any address
    lines = [line for line in lines if _name(line) not in _OF_A_CONNECTION]
    return b"\r\n".join([first, *lines, _OPENING if opens else b"Connection: close\r\n\r\n"])


def _opens_websocket(lines: list[bytes]) -> bool:
    said = {name: _values(lines, name) for name in (b"upgrade", b"connection")}
    has_body = any(_name(line) in (b"content-length", b"transfer-encoding") for line in lines)
    return said[b"upgrade"] == [b"websocket"] and b"upgrade" in said[b"connection"] and not has_body


def _values(lines: list[bytes], name: bytes) -> list[bytes]:
    """Values of a header in all its lines, in small letters."""
    stated = b",".join(line.partition(b":")[2] for line in lines if _name(line) == name)
    return [value.strip().lower() for value in stated.split(b",")]


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].strip().lower()


def believes(peer: str, trusted: str) -> bool:
    """Whether a peer may say for whom it speaks: this machine, or one of the addresses in `trusted` (comma-separated,
    networks too, `*` = everybody)."""
    try:
        address = ipaddress.ip_address(peer.split("%")[0])
    except ValueError:
        return False
    names = [name.strip() for name in trusted.split(",") if name.strip()]
    return address.is_loopback or "*" in names or any(_holds(name, address) for name in names)


def _holds(name: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False


class Doorkeeper:
    """Takes connections and leads them to `ports` of this machine."""

    def __init__(self, ports: list[int], trusted: str) -> None:
        self._ports = ports
        self._trusted = trusted

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its end."""
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            peer = str((writer.get_extra_info("peername") or ("",))[0])
            port = self._ports[process_of(head, len(self._ports))]
            await self._lead(led_in(head, peer, is_believed=believes(peer, self._trusted)), port, reader, writer)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # who says nothing sensible in time, or leaves, gets no answer
        finally:
            writer.close()

    async def _lead(self, head: bytes, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection(INSIDE, port)
        except OSError:
            writer.write(AWAY.encode() + AWAY_TEXT.encode())
            await writer.drain()
            return
        inner_writer.write(head)
        asking = asyncio.create_task(_carry(reader, inner_writer))
        try:
            # what the process cannot read as the beginning of a websocket it neither answers nor closes
            async with asyncio.timeout(HEAD_SECONDS if head.endswith(_OPENING) else None):
                writer.write(await inner_reader.read(CHUNK))
            await _carry(inner_reader, writer)
        finally:
            asking.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await asking
            inner_writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Bytes from one side to the other until the end of the first."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof() and not writer.is_closing():
        with suppress(OSError):  # who has gone already needs no end
            writer.write_eof()


async def keep(address: str, port: int, ports: list[int]) -> None:
    """Lead connections to `address`:`port` into the processes behind `ports`, until this task is cancelled."""
    doorkeeper = Doorkeeper(ports, os.environ.get(TRUSTED_VARIABLE, ""))
    server = await asyncio.start_server(doorkeeper.take, address, port, limit=HEAD_BYTES)
    async with server:
        await asyncio.gather(server.serve_forever(), stop_without_parent())


def main() -> None:
    """Keep the door until SIGTERM or Ctrl-C."""
    address, port, *ports = sys.argv[1:]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # two open files for every open page
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with suppress(KeyboardInterrupt):
        asyncio.run(keep(address, int(port), [int(inner) for inner in ports]))


if __name__ == "__main__":
    main()
