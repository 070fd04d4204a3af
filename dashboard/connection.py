"""The app's one door to the database: an engine of the app's own role, made once per process."""

from __future__ import annotations

import os
from functools import lru_cache

from sqlalchemy import Engine, create_engine

from dashboard.accounts import PostgresAccounts
from etl.errors import SettingsError
from etl.settings import read_settings
from etl.warehouse.engine import sqlalchemy_url

STATEMENT_SECONDS = 300
"""Longest statement of a page; the slowest page of sixty schools takes a second, a load it waits for some minutes."""


@lru_cache(maxsize=1)
def app_engine() -> Engine:
    """Engine of the role that owns nothing; raises SettingsError where the starter did not say which
    database.
    """
    url = read_settings().app_database_url
    if not url:
        raise SettingsError(
            "The app was started without a database address.",
            advice="Start it with `zavuch serve` or set ZAVUCH_APP_DATABASE_URL.",
        )
    # one process serves many readers at once; a dead connection (server restarted) is noticed before it is
    # used; the text of an error goes to the log and must not quote what was asked for; what is said at the
    # connection wins over settings that the role may have given itself
    return create_engine(
        sqlalchemy_url(url),
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": f"-c search_path=public -c statement_timeout={STATEMENT_SECONDS * 1000}"},
    )


@lru_cache(maxsize=1)
def accounts() -> PostgresAccounts:
    """The store of accounts over `app_engine`."""
    return PostgresAccounts(app_engine())


def connect_to(url: str) -> None:
    """Make `app_engine` anew with this database: for commands, which have nobody's browser to serve."""
    if app_engine.cache_info().currsize:
        app_engine().dispose()
    os.environ["ZAVUCH_APP_DATABASE_URL"] = url
    for kept in (read_settings, app_engine, accounts):
        kept.cache_clear()
