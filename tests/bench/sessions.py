"""`python -m tests.bench.sessions HOME [--sessions 50] [--think 2] [--seconds 60]`: many readers at once.

HOME is a folder of state (ZAVUCH_HOME) with loaded schools and demo accounts. Serves it as `zavuch serve` does, signs
in the demo accounts, opens that many websockets with Streamlit's own messages, and lets each reader open one page of
her menu after the other, thinking in between. Prints, per page, the seconds from the request to the end of the script
(p50, p95, greatest; aim: p95 < 1 s), the bytes, and what the server used (Linux only).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import statistics
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from rich.console import Console
from rich.table import Table
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from dashboard.access import COOKIE
from dashboard.pages_table import PAGES
from dashboard.serve import running
from etl.demo import ACCOUNTS, PASSWORD
from etl.settings import Settings, read_settings
from etl.warehouse.engine import app_url, owner_connection
from etl.warehouse.schema import open_warehouse

WEIGHTS = {"deputy": 4, "director": 2, "class": 2, "teacher": 3, "inspector": 1}
LONGEST = 60.0  # seconds after which an answer is given up
_JOURNALS = """
SELECT u.login, w.school_id, w.class_id, w.journal_id FROM mart_duty_week w
JOIN access_row r ON r.school_id = w.school_id AND (r.class_id IS NULL OR r.class_id = w.class_id)
JOIN access_user u USING (user_id)
WHERE u.login = ANY(%s) AND w.journal_id IS NOT NULL AND w.class_id IS NOT NULL AND (u.login <> 'teacher' OR EXISTS (
    SELECT FROM access_grant g WHERE g.user_id = u.user_id AND g.staff_id = w.staff_id))
GROUP BY 1, 2, 3, 4 ORDER BY 1, sum(w.row_count) DESC, 4
"""


@dataclass
class Measured:
    """What was measured of the pages: (seconds, bytes) of each answer by page, and the answers that failed."""

    answers: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """The answer to the sign-in is read as it is: its cookie is what is wanted."""


def sign_in(address: str, login: str) -> str:
    """The cookie of a new session; RuntimeError where the account is not let in."""
    opener: OpenerDirector = build_opener(_NoRedirect)
    body = urlencode({"login": login, "password": PASSWORD}).encode()
    try:
        answer = opener.open(Request(f"{address}/login", body, {"Origin": address}))  # noqa: S310 - our own address
    except OSError as error:  # urllib calls every 303 an error
        answer = error
    for header in answer.headers.get_all("set-cookie") or []:
        if header.startswith(f"{COOKIE}="):
            return str(header.split(";")[0])
    raise RuntimeError(f"{login} was not let in: {answer.status}.")


def positions(url: str) -> dict[str, list[tuple[str, str]]]:
    """By login the (route, query string) she opens: every page of her menu and links, and her busiest journals."""
    roles = {login: role for login, role, _name in ACCOUNTS}
    found = {
        login: [(row.route, "") for row in PAGES if row.presence(role) != "none" and row.route != "journal"]
        for login, role in roles.items()
    }
    with owner_connection(url) as connection:
        rows = connection.execute(_JOURNALS, [[login for login in roles if login != "inspector"]]).fetchall()
    for login in roles:
        mine = [row for row in rows if row[0] == login][:5]
        found[login] += [
            ("journal", urlencode({"school": school, "class": class_id, "journal": journal}))
            for _login, school, class_id, journal in mine
        ]
    return found


async def reader(
    address: str, cookie: str, places: list[tuple[str, str]], think: float, span: tuple[float, float],
    measured: Measured, seed: int,
) -> None:  # fmt: skip
    """One person: opens the app, then page after page in an order of her own; `span` = monotonic seconds from which
    answers count, and of the end."""
    counted_from, until = span
    dice = random.Random(seed)  # noqa: S311 - no secret
    await asyncio.sleep(dice.uniform(0, think))
    target = f"ws://{urlsplit(address).netloc}/_stcore/stream"
    headers = {"Cookie": cookie}
    async with connect(
        target, additional_headers=headers, origin=address, subprotocols=["streamlit"], max_size=None  # type: ignore[list-item, arg-type]
    ) as stream:  # fmt: skip
        while time.monotonic() < until:
            route, query = dice.choice(places)
            start = time.perf_counter()
            try:
                size = await asyncio.wait_for(_ask(stream, address, route, query), LONGEST)
                if time.monotonic() > counted_from:
                    measured.answers[route].append((time.perf_counter() - start, size))
            except (TimeoutError, RuntimeError):
                measured.failed[route] += 1
            await asyncio.sleep(dice.uniform(0.5, 1.5) * think)


async def _ask(stream: ClientConnection, address: str, route: str, query: str) -> int:
    message = BackMsg()
    message.rerun_script.page_name = route
    message.rerun_script.query_string = query
    message.rerun_script.context_info.url = f"{address}/{route}"
    message.rerun_script.context_info.locale = "ru-RU"
    await stream.send(message.SerializeToString())
    size = 0
    while True:
        body = await stream.recv()
        if not isinstance(body, bytes):
            continue
        size += len(body)
        answer = ForwardMsg.FromString(body)
        kind = answer.WhichOneof("type")
        if kind == "delta" and answer.delta.new_element.WhichOneof("type") == "exception":
            raise RuntimeError(answer.delta.new_element.exception.message)
        if kind == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return size


def used(pids: list[int]) -> tuple[float, float]:
    """(seconds of processor time, MiB of resident memory) of some processes so far; Linux only."""
    each = [_used(pid) for pid in pids]
    return sum(seconds for seconds, _ in each), sum(memory for _, memory in each)


def _used(pid: int) -> tuple[float, float]:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    ticks = int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


async def _all(address: str, cookies: list[tuple[str, str]], places: dict[str, list[tuple[str, str]]],
               args: argparse.Namespace) -> Measured:  # fmt: skip
    measured = Measured()
    begin = time.monotonic() + args.warm
    span = (begin, begin + args.seconds)
    await asyncio.gather(
        *(
            reader(address, cookie, places[login], args.think, span, measured, seed)
            for seed, (login, cookie) in enumerate(cookies)
        )
    )
    return measured


def _print(console: Console, measured: Measured, args: argparse.Namespace) -> None:
    table = Table(
        title=f"{args.sessions} readers, {args.think:g} s of thinking, {args.seconds:g} s, {os.cpu_count()} cores"
    )
    for head in ("page", "answers", "failed", "p50, ms", "p95, ms", "max, ms", "KB"):
        table.add_column(head, justify="left" if head == "page" else "right")
    rows = sorted(measured.answers.items(), key=lambda row: -_p95([s for s, _ in row[1]]))
    every = [answer for _, answers in rows for answer in answers]
    for page, answers in [*rows, ("all pages", every)]:
        seconds = [s for s, _ in answers]
        if seconds:
            table.add_row(
                page, str(len(seconds)), str(measured.failed.get(page, 0)), f"{statistics.median(seconds) * 1000:.0f}",
                f"{_p95(seconds) * 1000:.0f}", f"{max(seconds) * 1000:.0f}",
                f"{statistics.median(size for _, size in answers) / 1000:.0f}",
            )  # fmt: skip
    console.print(table)
    for page in sorted(set(measured.failed) - set(measured.answers)):
        console.print(f"{page}: all {measured.failed[page]} answers failed")


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(0.95 * len(seconds)))] if seconds else 0.0


def main() -> None:
    """Serve, let them read, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sessions")
    parser.add_argument("home", type=Path)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--think", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--warm", type=float, default=20.0, help="seconds before, of which the answers do not count")
    parser.add_argument("--processes", type=int, default=0, help="that draw pages; as `zavuch serve` starts them")
    args = parser.parse_args()
    settings = Settings(home=args.home.resolve())
    url = open_warehouse(settings)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    console = Console(width=110)
    settings = replace(settings, port=port, processes=args.processes or read_settings().processes)
    with running(settings, app_url(settings, url)) as (address, server):
        logins = [login for login, weight in WEIGHTS.items() for _ in range(weight)]
        cookies = [(login, sign_in(address, login)) for login in islice(cycle(logins), args.sessions)]
        places = positions(url)
        before, start = used(server.pids), time.monotonic()
        measured = asyncio.run(_all(address, cookies, places, args))
        after, passed = used(server.pids), time.monotonic() - start
        _print(console, measured, args)
        answers = sum(map(len, measured.answers.values()))
        console.print(
            f"{len(server.pids)} processes: {(after[0] - before[0]) / passed:.0%} of a core,"
            f" {before[1]:.0f} MiB before, {after[1]:.0f} MiB after; {answers / passed:.1f} pages a second"
        )


if __name__ == "__main__":
    main()
