"""Keeps the known acts in the database for those who do not read files: the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from etl.regulations.catalogue import act_rows, parameter_rows
from etl.regulations.profile import Profile
from etl.warehouse.tables import metadata


def store_acts(cursor: psycopg.Cursor[Any], profiles: Mapping[str, Sequence[Profile]]) -> bool:
    """Replace the tables `regulation` and `regulation_parameter` where the files say something else; tells whether.

    Runs in the caller's transaction, under the lock of those who write the warehouse.
    """
    changed = False
    for table, rows in (("regulation", act_rows(profiles)), ("regulation_parameter", parameter_rows(profiles))):
        names = [column.name for column in metadata.tables[table].columns]
        wanted = [tuple(row[name] for name in names) for row in rows]
        key = ", ".join(column.name for column in metadata.tables[table].primary_key.columns)
        stored = cursor.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY {key}").fetchall()
        if sorted(stored, key=repr) == sorted(wanted, key=repr):
            continue
        changed = True
        cursor.execute(f"DELETE FROM {table}")
        cursor.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})", wanted
        )
    return changed
