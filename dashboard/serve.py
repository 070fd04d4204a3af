"""Start and stop the web server and the worker as child processes: Streamlit never shares a process with the loader,
the deriving of judgements or the checks.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import NoReturn
from urllib.error import URLError

from dashboard.source_links import FILE, read_templates
from etl.errors import BusyError, ZavuchError
from etl.settings import PROJECT, Settings

START_SECONDS = 60
STOP_SECONDS = 10
WATCH_SECONDS = 5.0
WORKER = "etl.worker"
"""Started by its name: the code that derives is never imported here."""


class ServerError(ZavuchError):
    """The web server did not start or ended by itself."""

    exit_code = 6


def serve(settings: Settings, app_database_url: str, on_ready: Callable[[str], None] = lambda address: None) -> int:
    """Serve until Ctrl-C, SIGTERM or the end of the server; calls `on_ready(address)` when it answers.

    `app_database_url` is the database as the app's own role. Returns 0 after a requested stop, else the
    server's exit code. Raises BusyError where the port is taken, ServerError where the server does not
    start.
    """
    read_templates(settings.home / FILE)  # before anything starts: one sentence instead of a server that ends at once
    try:
        with _stoppable(), running(settings, app_database_url) as (address, server), working(settings) as worker:
            on_ready(address)
            while True:
                try:
                    return server.wait(WATCH_SECONDS)
                except subprocess.TimeoutExpired:
                    worker.revive()
    except KeyboardInterrupt:
        return 0


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM stops like Ctrl-C; outside the main thread, where signals cannot be set, nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def running(settings: Settings, app_database_url: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server that answers, as (address, process); stopped on leaving. Same errors as `serve`."""
    _claim(settings.address, settings.port)
    # a reader's address, not the wildcard one listens on
    host = "127.0.0.1" if settings.address in ("0.0.0.0", "") else settings.address  # noqa: S104
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    # its own session: Ctrl-C reaches this process alone, which then ends the server in order
    process = subprocess.Popen(  # noqa: S603
        _command(settings), cwd=PROJECT, env=_environment(settings, app_database_url), start_new_session=True
    )
    try:
        _wait_until_ready(address, process)
        yield address, process
    finally:
        _stop(process)


class Worker:
    """The worker's process, started anew where it ended by itself."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", WORKER], cwd=PROJECT, env=_worker_environment(self._settings), start_new_session=True
        )

    def revive(self) -> None:
        """Start another process if the one before has ended."""
        if self.process.poll() is not None:
            self.process = self._start()


@contextmanager
def working(settings: Settings) -> Iterator[Worker]:
    """A worker beside the server, in a session of its own; stopped on leaving, before the server."""
    worker = Worker(settings)
    try:
        yield worker
    finally:
        _stop(worker.process)


def _worker_environment(settings: Settings) -> dict[str, str]:
    stated = {"ZAVUCH_HOME": str(settings.home), "ZAVUCH_WORKER_PARENT": str(os.getpid())}
    stated["ZAVUCH_JUDGEMENT_DAYS"] = str(settings.judgement_days)
    if settings.database_url:
        stated["ZAVUCH_DATABASE_URL"] = settings.database_url
    if settings.regulations is not None:
        stated["ZAVUCH_REGULATIONS"] = str(settings.regulations)
    return {name: value for name, value in os.environ.items() if name != "ZAVUCH_APP_DATABASE_URL"} | stated


def _command(settings: Settings) -> list[str]:
    return [sys.executable, "-m", "dashboard.asgi", settings.address, str(settings.port)]


def _environment(settings: Settings, app_database_url: str) -> dict[str, str]:
    stated = {
        "ZAVUCH_HOME": str(settings.home),
        "ZAVUCH_APP_DATABASE_URL": app_database_url,
        "ZAVUCH_SERVER_PARENT": str(os.getpid()),
        # a page's tables are small: handing them to other threads costs more than it saves
        "POLARS_MAX_THREADS": "1",
    }
    # the owner's address of the database never reaches the process that faces people
    inherited = {name: value for name, value in os.environ.items() if name != "ZAVUCH_DATABASE_URL"}
    return inherited | stated


def _claim(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise BusyError(
                f"Port {port} on {address} cannot be used: {error.strerror or error}.",
                advice="Stop the program that uses it, or choose another with ZAVUCH_PORT.",
            ) from error


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerError(
                f"The web server ended at once (exit code {process.returncode}).",
                advice="Its words are above.",
            )
        try:
            with urllib.request.urlopen(f"{address}/api/health", timeout=2) as answer:  # noqa: S310 - our own address
                if json.load(answer)["status"] == "ok":
                    return
        except (URLError, TimeoutError, ConnectionError, ValueError):
            time.sleep(0.1)
    raise ServerError(
        f"The web server did not answer on {address} within {START_SECONDS} s.",
        advice="Try again; see its words above.",
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
