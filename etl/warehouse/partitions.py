"""Partitions by school year: made when a year's first row comes, within the load that brings it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from etl.warehouse.tables import metadata

PARTITIONED: tuple[str, ...] = tuple(
    table.name for table in metadata.sorted_tables if table.dialect_options["postgresql"].get("partition_by")
)


def ensure_years(cursor: psycopg.Cursor[Any], years: Iterable[int]) -> None:
    """Make the partitions of these school years in every partitioned table where they are missing."""
    for year in years:
        known = cursor.execute("SELECT to_regclass(%s)", [f"{PARTITIONED[-1]}_{year}"]).fetchone()
        if known and known[0]:
            continue
        for table in PARTITIONED:
            cursor.execute(
                sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES IN ({})").format(
                    sql.Identifier(f"{table}_{year}"), sql.Identifier(table), sql.Literal(year)
                )
            )
