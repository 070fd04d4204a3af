"""The embedded PostgreSQL of one ZAVUCH_HOME: start, stop, status.

Everything lies in `ZAVUCH_HOME/postgres`: the data folder, the password (0600), the server's log, and
`server.json` with the port. The server listens on 127.0.0.1 only, outlives the process that started it, and
is ended by `stop` alone. Where data cannot lie there, see `etl.warehouse.unprivileged`.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql

from etl.errors import DatabaseError
from etl.warehouse import server_process as process
from etl.warehouse import unprivileged
from etl.warehouse.server_folder import (
    Record,
    begin_log,
    find_folder,
    log_of,
    make_folder,
    owner_password,
    read_record,
    turn,
    write_record,
)

DATABASE = "zavuch"


@dataclass(frozen=True)
class Server:
    """A running server; `url` holds the owner's password and must not be printed."""

    url: str
    started_here: bool


@dataclass(frozen=True)
class ServerStatus:
    """What is known of the server; `url` has no password; texts are empty where nothing is known yet."""

    running: bool
    version: str
    url: str
    data: Path
    binaries: Path | None


def start(home: Path) -> Server:
    """Start the server of this home, or find the running one; simultaneous calls agree on one server.

    Returns when connections are accepted and the database exists. Raises DatabaseError when it cannot start,
    BusyError when another start or stop holds the home for too long.
    """
    folder = make_folder(home)
    with turn(folder):
        record = read_record(folder)
        place = unprivileged.find_place(folder, record.place)
        password = owner_password(folder, new=not process.data_version(place / unprivileged.DATA))
        started_here = False
        if not _found_running(folder, record, place, password):
            record = _start_stopped(folder, record, password)
            started_here = True
        return Server(_url(record.port, f":{password}"), started_here)


def stop(home: Path) -> bool:
    """Stop the server of this home, disconnecting everybody; False when nothing ran."""
    folder = find_folder(home)
    if not folder.exists():
        return False
    with turn(folder):
        place = unprivileged.find_place(folder, read_record(folder).place)
        return process.is_running(place) and process.shut_down(place, log_of(folder))


def status(home: Path) -> ServerStatus:
    """What runs in this home; starts and changes nothing."""
    folder = find_folder(home)
    record = read_record(folder)
    place = unprivileged.find_place(folder, record.place)
    data = place / unprivileged.DATA
    running = process.is_running(place)
    version = process.data_version(data)
    if running:
        # a server that still recovers does not answer: its data folder knows the major version
        with suppress(psycopg.OperationalError), _connect(record.port, owner_password(folder)) as connection:
            version = connection.info.parameter_status("server_version") or version
    binaries = Path(record.binaries) if record.binaries else None
    return ServerStatus(running, version, _url(record.port) if record.port else "", data, binaries)


def has_other_clients(home: Path) -> bool:
    """Whether anybody is connected besides this call itself (the caller's own open pools count as others).

    True also for a server that runs and does not let us in: it must not be stopped on our account.
    """
    folder = find_folder(home)
    record = read_record(folder)
    if not process.is_running(unprivileged.find_place(folder, record.place)):
        return False
    try:
        with _connect(record.port, owner_password(folder)) as connection:
            found = connection.execute(
                "SELECT EXISTS (SELECT FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())"
            ).fetchone()
    except psycopg.OperationalError:
        return True  # full, or just being started by somebody
    return found is not None and bool(found[0])


def _start_stopped(folder: Path, record: Record, password: str) -> Record:
    """Start a server that does not run; returns the record of where it listens."""
    log = log_of(folder)
    begin_log(log)
    binaries = process.find_bin()
    process.refuse_other_major(unprivileged.find_place(folder, record.place) / unprivileged.DATA, binaries)
    account, place = unprivileged.choose(folder, record.place)
    record = replace(record, place="" if place == folder else str(place))
    write_record(folder, record)
    premises = unprivileged.furnish(folder, account, place, binaries)
    record = replace(record, binaries=str(premises.binaries))
    if not premises.data.exists():
        process.initialise(premises, password, log)
    record = _launch(folder, record, premises, log)
    try:
        _ensure_database(record.port, password)
    except psycopg.OperationalError as error:
        advice = process.log_advice(log)
        raise DatabaseError(f"The new database server does not answer: {error}.", advice=advice) from error
    return record


def _launch(folder: Path, record: Record, premises: unprivileged.Premises, log: Path) -> Record:
    for _attempt in range(3):
        record = replace(record, port=process.free_port(record.port))
        write_record(folder, record)  # before the start: whoever finds it running must know the port
        if process.launch(premises, record.port, log):
            return record
        if process.is_running(premises.place) or process.free_port(record.port) == record.port:
            break  # not the port's fault
    raise DatabaseError(
        f"The database server in {premises.place} did not start in {process.START_SECONDS} seconds."
        if process.is_running(premises.place)
        else f"The database server in {premises.place} ended at its start.",
        advice=process.log_advice(log),
    )


def _found_running(folder: Path, record: Record, place: Path, password: str) -> bool:
    """Wait for the answer of a server whose processes live; False when none live, or they end meanwhile."""
    deadline = time.monotonic() + process.START_SECONDS
    while process.is_running(place):
        try:
            _ensure_database(record.port, password)
            return True
        except psycopg.OperationalError as error:
            refused = "password authentication failed" in str(error)
            if refused or time.monotonic() > deadline:
                raise DatabaseError(
                    f"The database server in {place} runs but does not let us in: {error}.",
                    advice="If another container uses this folder, stop it there. "
                    + process.log_advice(log_of(folder)),
                ) from error
        time.sleep(0.05)  # starting, recovering, or the last children of a killed server
    return False


def _ensure_database(port: int, password: str) -> None:
    with _connect(port, password, "postgres") as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _connect(port: int, password: str, database: str = DATABASE) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host="127.0.0.1",
        port=port,
        user=process.OWNER,
        password=password,
        dbname=database,
        autocommit=True,
        connect_timeout=10,
        sslmode="disable",
        gssencmode="disable",
    )


def _url(port: int, password: str = "") -> str:
    return f"postgresql+psycopg://{process.OWNER}{password}@127.0.0.1:{port}/{DATABASE}"
