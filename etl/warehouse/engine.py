"""Doors to the database: the owner's (loads, checks, migrations) and the app's own role, which owns nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from etl.errors import DatabaseError
from etl.settings import Settings
from etl.warehouse import embedded

APP_ROLE = "zavuch_app"
OLDEST_VERSION = 15


def plain_url(url: str) -> str:
    """A URL as psycopg wants it, without SQLAlchemy's driver suffix."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def sqlalchemy_url(url: str) -> str:
    """A URL as SQLAlchemy wants it, for psycopg 3."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def owner_url(settings: Settings) -> str:
    """The owner's URL: the stated database, or the embedded one, started if it does not run."""
    return settings.database_url or embedded.start(settings.home).url


@contextmanager
def owner_connection(url: str) -> Iterator[psycopg.Connection[Any]]:
    """One transaction as the owner, committed at the end; session time zone UTC. Raises DatabaseError when
    unreachable.
    """
    with _connected(url) as connection:
        yield connection


@contextmanager
def owner_session(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the owner on which every statement is committed at once; otherwise as `owner_connection`."""
    connection = _connected(url)
    connection.autocommit = True
    with connection:
        yield connection


def _connected(url: str) -> psycopg.Connection[Any]:
    try:
        connection = psycopg.connect(
            plain_url(url), options="-c timezone=UTC -c datestyle=ISO -c client_min_messages=warning"
        )
    except psycopg.OperationalError as error:
        where = make_url(url).render_as_string(hide_password=True)
        raise DatabaseError(
            f"The database {where} does not answer: {str(error).strip()}.",
            advice="Check ZAVUCH_DATABASE_URL, or run `zavuch db start`.",
        ) from error
    if connection.info.server_version < OLDEST_VERSION * 10000:
        version = connection.info.parameter_status("server_version")
        connection.close()
        raise DatabaseError(
            f"The database is PostgreSQL {version}.",
            advice=f"PostgreSQL {OLDEST_VERSION} or newer is needed.",
        )
    return connection


def app_url(settings: Settings, owner: str) -> str:
    """URL of the app's own role. Its password is made once and kept in a 0600 file under ZAVUCH_HOME."""
    if settings.app_database_url:
        return settings.app_database_url
    password = _app_password(settings.home)
    return make_url(owner).set(username=APP_ROLE, password=password).render_as_string(hide_password=False)


def _app_password(home: Path) -> str:
    path = home / "app-password"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def ensure_app_role(connection: psycopg.Connection[Any], password: str) -> None:
    """Create the app's role or give it this password; raises DatabaseError with the SQL to run where that
    is not allowed.
    """
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]).fetchone()
    verb = sql.SQL("ALTER" if exists else "CREATE")
    try:
        with connection.transaction():
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN PASSWORD {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS").format(
                    verb, sql.Identifier(APP_ROLE), sql.Literal(password)
                )
            )
            # a role may change its own settings, and so what the next connections of the app find
            connection.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(sql.Identifier(APP_ROLE)))
            connection.execute(
                sql.SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(
                    sql.Identifier(APP_ROLE), sql.Identifier(connection.info.dbname)
                )
            )
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"The owner role may not create the role {APP_ROLE}.",
            advice=f"Ask the administrator to run CREATE ROLE {APP_ROLE} LOGIN PASSWORD '…' and set "
            f"ZAVUCH_APP_DATABASE_URL.",
        ) from error
