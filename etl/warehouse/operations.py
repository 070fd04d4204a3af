"""Set-based operations on whole schools."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from etl.warehouse.tables import metadata


def remove_schools(cursor: psycopg.Cursor[Any], school_ids: list[int]) -> None:
    """Delete every row of these schools, and the loads and municipalities that have none left. Ids are not
    given again.
    """
    for table in metadata.sorted_tables:
        if "school_id" in table.columns:
            cursor.execute(
                sql.SQL("DELETE FROM {} WHERE school_id = ANY(%s)").format(sql.Identifier(table.name)),
                [school_ids],
            )
    for name in ("load_reject", "load_warning", "load_run"):
        cursor.execute(
            sql.SQL(
                "DELETE FROM {} r WHERE NOT EXISTS (SELECT 1 FROM load_table t WHERE t.load_id = r.load_id)"
            ).format(sql.Identifier(name))
        )
    cursor.execute(
        "DELETE FROM dim_municipality m WHERE NOT EXISTS (SELECT 1 FROM dim_school s WHERE s.municipality_id = "
        "m.municipality_id)"
    )
