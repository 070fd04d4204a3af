"""One file that holds everything the database knows, proven by restoring it before anybody relies on it (003 Т-1.3).

A backup is PostgreSQL's own custom format plus a small JSON beside it (`FILE.json`): SHA-256 of the file and, for every
table, the number of rows and a checksum that does not depend on their order. Both are private to their owner (0600):
they hold children's marks. Not in it: the secrets of the installation (cookies, passwords of database roles), which
are made anew, and the folders of ZAVUCH_HOME (`beside`). A restore signs everybody out, and opens no account and no old
password that was closed after the backup was made.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from etl.errors import BusyError, DatabaseError, SettingsError, SourceError
from etl.warehouse.engine import APP_ROLE, owner_connection, owner_session
from etl.warehouse.server_process import find_bin

FORMAT = 1
_MAINTENANCE = "postgres"
"""The database to stand in while another is made, renamed or dropped."""


BESIDE = (
    "raw", "raw.key", "source.key", "watch", "zavuch.toml", "secrets.toml", "source_links.toml", "regulations",
    "templates", "metrics.toml",
)  # fmt: skip
"""What an installation keeps outside its database and would miss: files of ZAVUCH_HOME. `inbox` and `spool` are of the
hour; `cookie_secret` and `app-password` are made anew."""


@dataclass(frozen=True)
class Backup:
    """What was written or restored: `rows` by table, `size` in bytes.

    Of a restore also the logins that stay closed, and those to whom it gives back a role or a grant they had lost.
    """

    path: Path
    rows: Mapping[str, int]
    size: int
    made_at: datetime
    kept_closed: tuple[str, ...] = ()
    widened: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Person:
    """What was decided about an account; the end of employment comes from the data and is restored with them."""

    password: str
    disabled_at: datetime | None
    role: str
    grants: frozenset[str]


def beside(home: Path) -> tuple[str, ...]:
    """Names of what lies in the folder of state and is in no backup, in order; empty where there is nothing."""
    return tuple(name for name in BESIDE if (home / name).exists())


def backup(url: str, path: Path) -> Backup:
    """Write the database to `path` and prove it in a scratch database that is dropped again.

    Readers and loads go on meanwhile: file and sums see one and the same moment. Raises SettingsError where `path`
    exists or cannot be written, DatabaseError where the proof fails; then no file is left.
    """
    if path.exists():
        raise SettingsError(f"{path} exists already.", advice="Name another file; backups are never written over.")
    draft = path.with_name(path.name + ".part")
    made_at = datetime.now(UTC)
    try:
        draft.touch(mode=0o600, exist_ok=False)
        sums = _dump(url, draft)
        _prove(url, draft, sums)
        note = {"format": FORMAT, "made_at": made_at.isoformat(), "sha256": _digest(draft), "tables": sums}
        beside = note_of(path)
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(note, indent=1), encoding="utf-8")
        size = draft.stat().st_size
        draft.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.", advice="Choose another place.") from error
    finally:
        draft.unlink(missing_ok=True)
    return Backup(path, {table: count for table, (count, _sum) in sums.items()}, size, made_at)


def restore(url: str, path: Path, *, replace: bool = False) -> Backup:
    """Put the database of `path` in the place of the present one; the caller then brings it to the present schema.

    It is restored beside the present database, compared with its note, and exchanged at the end: what goes wrong before
    changes nothing. Raises SourceError for a file that is not what its note says, SettingsError where schools or
    accounts would be overwritten without `replace`, BusyError while anybody else is connected.
    """
    note = read_note(path)
    holds = _content(url)
    if holds and not replace:
        raise SettingsError(
            f"The database holds {holds}.", advice="Nothing was changed. Restore over it with --replace, or elsewhere."
        )
    _refuse_clients(url)  # told before the long work, not after it
    people = _people(url) if holds else {}
    database, fresh = make_url(url).database or "", f"zavuch_restore_{secrets.token_hex(4)}"
    with _scratch(url, fresh) as scratch:
        _load(scratch, path)
        _compare(note["tables"], _sums_of(scratch), "the file's own note")
        with owner_connection(scratch) as connection:
            # whoever was signed in when it was written is not signed in now
            connection.execute("UPDATE access_session SET ended_at = %s WHERE ended_at IS NULL", [datetime.now(UTC)])
            closed = _keep_closed(connection, people)
        widened = _widened(people, _people(scratch))
        _exchange(url, database, fresh)
    rows = {table: int(count) for table, (count, _sum) in note["tables"].items()}
    made_at = datetime.fromisoformat(note["made_at"])
    return Backup(path, rows, path.stat().st_size, made_at, kept_closed=closed, widened=widened)


def _people(url: str) -> dict[str, _Person]:
    """Login → what was decided about the account."""
    with owner_connection(url) as connection:
        rows = connection.execute(
            "SELECT u.login, u.password_hash, u.disabled_at, u.role, coalesce(array_agg(concat_ws(' ', g.level,"
            " g.municipality_id, g.school_id, g.class_id, g.staff_id)) FILTER (WHERE g.level IS NOT NULL), '{}')"
            " FROM access_user u LEFT JOIN access_grant g USING (user_id) GROUP BY u.user_id"
        ).fetchall()
    return {login: _Person(secret, off, role, frozenset(grants)) for login, secret, off, role, grants in rows}


def _keep_closed(connection: psycopg.Connection[Any], people: Mapping[str, _Person]) -> tuple[str, ...]:
    """Carry what was closed and every present password into the restored accounts; returns the logins that stay
    closed."""
    found = []
    for login, person in people.items():
        row = connection.execute(
            "UPDATE access_user u SET password_hash = %s, disabled_at = coalesce(%s, u.disabled_at)"
            " FROM access_user b WHERE u.login = %s AND b.user_id = u.user_id"
            " RETURNING b.disabled_at IS NULL AND u.disabled_at IS NOT NULL",
            [person.password, person.disabled_at, login],
        ).fetchone()
        if row and row[0]:
            found.append(login)
    return tuple(sorted(found))


def _widened(present: Mapping[str, _Person], restored: Mapping[str, _Person]) -> tuple[str, ...]:
    """Logins whose restored account has another role, or a grant that it has not at present."""
    return tuple(
        sorted(
            login
            for login, person in restored.items()
            if login in present and (person.role != present[login].role or not person.grants <= present[login].grants)
        )
    )


def note_of(path: Path) -> Path:
    """The JSON beside a backup."""
    return path.with_name(path.name + ".json")


def read_note(path: Path) -> dict[str, Any]:
    """The note of a backup whose file is unchanged; raises SourceError where either is missing or was altered."""
    try:
        note: dict[str, Any] = json.loads(note_of(path).read_text(encoding="utf-8"))
        digest = _digest(path)
    except OSError as error:
        raise SourceError(
            f"{error.filename} cannot be read: {error.strerror}.", advice="A backup is FILE and FILE.json together."
        ) from error
    except ValueError as error:
        raise SourceError(f"{note_of(path)} is no note of a backup: {error}.", advice="Take another copy.") from error
    if note.get("format") != FORMAT:
        raise SourceError(f"{note_of(path)} has format {note.get('format')!r}.", advice="Use a matching zavuch.")
    if note.get("sha256") != digest:
        raise SourceError(f"{path} was damaged or altered: its SHA-256 is {digest}.", advice="Take another copy.")
    return note


def table_sums(connection: psycopg.Connection[Any]) -> dict[str, tuple[int, str]]:
    """Table → (rows, checksum): the sum of 64-bit hashes of the rows' text, so their order does not matter."""
    names = connection.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition ORDER BY 1"
    ).fetchall()
    connection.execute("SET LOCAL extra_float_digits = 1")
    query = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {} t")
    found = {}
    for (name,) in names:
        row = connection.execute(query.format(sql.Identifier(name))).fetchone()
        found[name] = (int(row[0]), str(row[1])) if row else (0, "0")
    return found


def _sums_of(url: str) -> dict[str, tuple[int, str]]:
    with owner_connection(url) as connection:
        return table_sums(connection)


def _dump(url: str, path: Path) -> dict[str, tuple[int, str]]:
    with owner_connection(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = connection.execute("SELECT pg_export_snapshot()").fetchone()
        snapshot = str(found[0]) if found else ""
        # no large objects: we have none, and one that the app's role made (it may, on some servers) would be unreadable
        # to us and end every backup
        stated = ("--format=custom", "--no-owner", "--no-large-objects")
        _run("pg_dump", url, *stated, f"--snapshot={snapshot}", f"--file={path}")
        return table_sums(connection)


def _prove(url: str, path: Path, sums: Mapping[str, tuple[int, str]]) -> None:
    with _scratch(url, f"zavuch_proof_{secrets.token_hex(4)}") as scratch:
        _load(scratch, path)
        _compare(sums, _sums_of(scratch), "the database it was made of")


def _load(url: str, path: Path) -> None:
    _run("pg_restore", url, "--no-owner", "--exit-on-error", "--jobs=2", str(path))


def _compare(stated: Mapping[str, Any], found: Mapping[str, Any], with_what: str) -> None:
    """Raise DatabaseError naming the first table that differs."""
    for table in sorted({*stated, *found}):
        left, right = tuple(stated.get(table, ())), tuple(found.get(table, ()))
        if left != right:
            raise DatabaseError(
                f"The restored table {table} differs from {with_what}: {right} instead of {left} (rows, checksum).",
                advice="Nothing was changed. Make another backup, or take another copy of it.",
            )


@contextmanager
def _scratch(url: str, name: str) -> Iterator[str]:
    """A new empty database on the same server; dropped at the end unless it was renamed."""
    try:
        with owner_session(_at(url, _MAINTENANCE)) as session:
            if not session.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone():
                session.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(APP_ROLE)))
            session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            "The owner role may not make a database to prove the backup in.",
            advice="Ask the administrator for ALTER ROLE … CREATEDB.",
        ) from error
    try:
        yield _at(url, name)
    finally:
        with owner_session(_at(url, _MAINTENANCE)) as session:
            session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _exchange(url: str, database: str, fresh: str) -> None:
    """Rename the present database away, the fresh one into its place, and drop the old one."""
    old = f"zavuch_before_{secrets.token_hex(4)}"
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with owner_session(_at(url, _MAINTENANCE)) as session:
        try:
            session.execute(rename.format(sql.Identifier(database), sql.Identifier(old)))
        except psycopg.errors.ObjectInUse as error:
            raise _connected() from error
        try:
            session.execute(rename.format(sql.Identifier(fresh), sql.Identifier(database)))
        except psycopg.Error:
            session.execute(rename.format(sql.Identifier(old), sql.Identifier(database)))
            raise
        session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old)))


def _refuse_clients(url: str) -> None:
    with owner_session(_at(url, _MAINTENANCE)) as session:
        found = session.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = %s)",
            [make_url(url).database],
        ).fetchone()
    if found and found[0]:
        raise _connected()


def _connected() -> BusyError:
    return BusyError("Somebody is connected to the database.", advice="Stop `zavuch serve` and loads, then try again.")


def _content(url: str) -> str:
    """What would be lost, in words; empty where there is nothing."""
    with owner_connection(url) as connection:
        there = connection.execute("SELECT to_regclass('public.dim_school')").fetchone()
        if there is None or there[0] is None:
            return ""
        found = connection.execute(
            "SELECT (SELECT count(*) FROM dim_school), (SELECT count(*) FROM access_user)"
        ).fetchone()
    schools, people = found or (0, 0)
    return f"{schools} schools and {people} accounts" if schools or people else ""


def _at(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(program: str, url: str, *arguments: str) -> None:
    """One of PostgreSQL's own programs; the password goes through the environment, which other users cannot read."""
    parts = make_url(url)
    stated = {
        "PGHOST": parts.host or str(parts.query.get("host", "")),
        "PGPORT": str(parts.port or 5432),
        "PGUSER": parts.username or "",
        "PGPASSWORD": str(parts.password or ""),
        "PGOPTIONS": "-c timezone=UTC -c datestyle=ISO",
    }
    stated |= {f"PG{key.upper()}": str(parts.query[key]) for key in ("sslmode", "sslrootcert") if key in parts.query}
    target = (f"--dbname={parts.database}",)
    done = subprocess.run(  # noqa: S603 - our own program and arguments
        [str(find_bin() / program), "--no-password", *target, *arguments],
        env={**os.environ, **{name: value for name, value in stated.items() if value}},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DatabaseError(
            f"{program} failed: {done.stderr.strip()[:500]}.",
            advice="Nothing was changed. Its version must not be older than the server's.",
        )
