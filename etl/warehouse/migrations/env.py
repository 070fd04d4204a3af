"""Alembic's environment: the URL comes from the caller, the target is the one MetaData."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine, pool

from etl.warehouse.tables import metadata


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Partitions by school year are made by loads, not by migrations."""
    return kind != "table" or name in metadata.tables


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=_is_ours,
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connected:
    _run(connected)
