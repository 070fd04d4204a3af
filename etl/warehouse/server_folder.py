"""Small files of the embedded server in ZAVUCH_HOME: lock, record, password, log."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from etl.errors import BusyError, DatabaseError
from etl.warehouse.unprivileged import RECORD

TURN_SECONDS = 330  # longer than the longest start
_LOG_BYTES = 10_000_000


@dataclass(frozen=True)
class Record:
    """Where the server was put and listens."""

    port: int = 0
    place: str = ""  # empty: beside this record, so that a home can be moved
    binaries: str = ""


def find_folder(home: Path) -> Path:
    """Folder of the embedded server in this home; it need not exist."""
    return home.expanduser().resolve() / "postgres"


def make_folder(home: Path) -> Path:
    """The same folder, made where it was missing; raises DatabaseError where it cannot be made."""
    folder = find_folder(home)
    try:
        _make(folder)
    except OSError as error:
        raise DatabaseError(
            f"The folder {folder} cannot be made: {error.strerror}.", advice="Choose another ZAVUCH_HOME."
        ) from error
    return folder


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _keep_owner(folder)


def log_of(folder: Path) -> Path:
    """The server's log."""
    return folder / "server.log"


def begin_log(log: Path) -> None:
    """Make the log private, and put it aside when it is large."""
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)
    _keep_owner(log)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """One start or stop of a home at a time; raises BusyError after TURN_SECONDS."""
    path = folder / "start.lock"
    try:
        lock = path.open("ab")
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be written: {error.strerror}.",
            advice="Run as the user who owns that folder, or choose another ZAVUCH_HOME.",
        ) from error
    with lock:
        _keep_owner(path)
        deadline = time.monotonic() + TURN_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise BusyError(
                        f"Another start or stop of the database in {folder} has not ended.",
                        advice="Look for a hanging `zavuch` process, end it and try again.",
                    ) from None
            time.sleep(0.02)
        yield


def owner_password(folder: Path, *, new: bool = False) -> str:
    """The owner's password; made when `new` and there is none yet, else DatabaseError when it is missing."""
    path = folder / "password"
    if not path.exists():
        if not new:
            raise DatabaseError(f"The database's password, {path}, is missing.", advice="Restore it.")
        _write(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii").strip()


def read_record(folder: Path) -> Record:
    """The record, empty before the first start; raises DatabaseError when it is damaged."""
    path = folder / RECORD
    if not path.exists():
        return Record()
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise DatabaseError(
            f"{path} is damaged: {error}.", advice='Write {"port": 0, "place": "", "binaries": ""} into it.'
        ) from error


def write_record(folder: Path, record: Record) -> None:
    """Replace the record in one step."""
    _write(folder / RECORD, json.dumps(asdict(record), ensure_ascii=False, indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    """Write a private file in one step: it is there whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _keep_owner(fresh)
    fresh.replace(path)


def _keep_owner(path: Path) -> None:
    """What root writes in a user's folder stays that user's, who may start the next time."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
