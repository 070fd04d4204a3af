"""Brings a database to the present schema: tables by migrations, then rights and row policies."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect

from etl.settings import Settings
from etl.warehouse.engine import app_url, ensure_app_role, owner_connection, owner_url, sqlalchemy_url
from etl.warehouse.locks import WRITE_LOCK
from etl.warehouse.policies import apply_policies

MIGRATIONS = Path(__file__).parent / "migrations"
_SCHEMA_LOCK = 7_201_900_015


def migration_config(url: str) -> Config:
    """Alembic's configuration for this database, without any file of its own."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = sqlalchemy_url(url)
    return config


def open_warehouse(settings: Settings) -> str:
    """Start or reach the database, migrate it, set rights; returns the owner's URL. Safe to call at every start."""
    url = owner_url(settings)
    with owner_connection(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SCHEMA_LOCK])
        if not _is_current(url):
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [WRITE_LOCK])  # a load and a migration never meet
            command.upgrade(migration_config(url), "head")
        if not settings.app_database_url:
            ensure_app_role(connection, app_password(settings, url))
        apply_policies(connection)
    return url


def app_password(settings: Settings, url: str) -> str:
    """Password of the app's role, as it stands in its URL."""
    from sqlalchemy.engine import make_url

    return make_url(app_url(settings, url)).password or ""


def _is_current(url: str) -> bool:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    engine = create_engine(sqlalchemy_url(url))
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            heads = MigrationContext.configure(connection).get_current_heads()
        return set(heads) == set(ScriptDirectory.from_config(migration_config(url)).get_heads())
    finally:
        engine.dispose()
