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
from contextlib import ExitStack, closing, contextmanager
from typing import NoReturn
from urllib.error import URLError

from dashboard.doorkeeper import INSIDE, TRUSTED_VARIABLE
from dashboard.parentage import PARENT_VARIABLE
from dashboard.source_links import FILE, read_templates
from etl.errors import BusyError, ZavuchError
from etl.settings import PAGES_ENVIRONMENT, PROJECT, Settings

START_SECONDS = 60
STOP_SECONDS = 10
WATCH_SECONDS = 5.0
LOOK_SECONDS = 0.2
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


class Server:
    """The processes that answer readers: one, or several and a doorkeeper before them."""

    def __init__(self, processes: list[subprocess.Popen[bytes]]) -> None:
        self.processes = processes

    @property
    def pids(self) -> list[int]:
        """Their numbers, those that draw pages first."""
        return [process.pid for process in self.processes]

    def wait(self, seconds: float) -> int:
        """The exit code of the first that ended by itself; raises TimeoutExpired where all still run."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for process in self.processes:
                if process.poll() is not None:
                    return int(process.returncode)
            time.sleep(min(LOOK_SECONDS, seconds))
        raise subprocess.TimeoutExpired("server", seconds)

    def stop(self) -> None:
        """Ask all to end, then wait: those that draw pages say goodbye to the browsers first."""
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            _stop(process)


@contextmanager
def running(settings: Settings, app_database_url: str) -> Iterator[tuple[str, Server]]:
    """A server that answers, as (address, its processes); stopped on leaving. Same errors as `serve`."""
    _claim(settings.address, settings.port)
    # a reader's address, not the wildcard one listens on
    host = INSIDE if settings.address in ("0.0.0.0", "") else settings.address  # noqa: S104
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    environment = _environment(settings, app_database_url)
    # behind the doorkeeper it is its word that counts; whom it believes itself is what the starter said
    believing = ",".join(filter(None, [environment.get(TRUSTED_VARIABLE, ""), INSIDE]))
    server = Server([])
    try:
        if settings.processes == 1:
            server.processes.append(_start("dashboard.asgi", settings.address, [settings.port], environment))
        else:
            inside = _free_ports(settings.processes)
            own = environment | {TRUSTED_VARIABLE: believing}
            server.processes += [_start("dashboard.asgi", INSIDE, [port], own) for port in inside]
            for port, process in zip(inside, server.processes, strict=True):
                _wait_until_ready(f"http://{INSIDE}:{port}", process)
            door = _start("dashboard.doorkeeper", settings.address, [settings.port, *inside], environment)
            server.processes.append(door)
        _wait_until_ready(address, server.processes[-1])
        yield address, server
    finally:
        server.stop()


def _start(module: str, address: str, ports: list[int], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # a session of its own: Ctrl-C reaches this process alone, which then ends the server in order
    command = [sys.executable, "-m", module, address, *map(str, ports)]
    return subprocess.Popen(command, cwd=PROJECT, env=environment, start_new_session=True)  # noqa: S603


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for probe in probes:
            probe.bind((INSIDE, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


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


def _environment(settings: Settings, app_database_url: str) -> dict[str, str]:
    stated = {
        "ZAVUCH_HOME": str(settings.home),
        "ZAVUCH_APP_DATABASE_URL": app_database_url,
        PARENT_VARIABLE: str(os.getpid()),
        **PAGES_ENVIRONMENT,
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
