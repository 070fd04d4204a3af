"""`python -m tests.bench.storage HOME`: the ledger of marks stored long against window columns on the facts.

HOME is the folder of state of an installation with loaded schools (the tier `city` for the figures in DECISIONS). Both
layouts are written from the same rows into the schema `storage`, which is dropped again. Long: facts and obligations
apart, as the product keeps them. Wide: facts that carry the window of their one obligation.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from etl.settings import Settings
from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import EXISTS, MARK_RULES, RULE, STATUS, horizons
from etl.warehouse.schema import open_warehouse

RULES = ", ".join(str(RULE[name].number) for name in sorted(MARK_RULES))
WINDOW = (
    "o.not_before, o.target_at, o.due_at, o.due_earliest, o.done_earliest, o.done_latest, o.future_from,"
    " o.staff_id AS responsible_id, o.period_id, o.anchor_on, o.visible_on, o.rule, o.excluded, o.made_status,"
    " o.profile_version, o.is_required, o.can_tell"
)
LAYOUTS = {
    "long": (
        "CREATE TABLE storage.fact AS SELECT * FROM fact_mark",
        f"CREATE TABLE storage.ledger AS SELECT * FROM obligation WHERE judgement_id = 0 AND rule IN ({RULES})",
        "CREATE UNIQUE INDEX ON storage.fact (school_id, mark_id)",
        "CREATE INDEX ON storage.fact (school_id, journal_id)",
        "CREATE INDEX ON storage.ledger (school_id, school_year, journal_id)",
    ),
    "wide": (
        f"CREATE TABLE storage.fact AS SELECT m.*, {WINDOW} FROM fact_mark m LEFT JOIN obligation o"
        " ON o.school_id = m.school_id AND o.school_year = m.school_year AND o.object_id = m.mark_id"
        f" AND o.judgement_id = 0 AND o.rule IN ({RULES})",
        "CREATE UNIQUE INDEX ON storage.fact (school_id, mark_id)",
        "CREATE INDEX ON storage.fact (school_id, journal_id)",
    ),
}
LEDGER = {"long": "storage.ledger", "wide": "(SELECT * FROM storage.fact WHERE rule IS NOT NULL)"}
# a second act for one school: what a change of its profile costs
REJUDGE = {
    "long": (
        "DELETE FROM storage.ledger WHERE school_id = %(school)s",
        "INSERT INTO storage.ledger SELECT * FROM obligation WHERE judgement_id = 0 AND school_id = %(school)s"
        f" AND rule IN ({RULES})",
    ),
    "wide": ("UPDATE storage.fact SET due_at = due_at + interval '1 day' WHERE school_id = %(school)s",),
}


def _seconds(connection: psycopg.Connection[Any], statement: str, parameters: dict[str, int]) -> float:
    start = time.perf_counter()
    connection.execute(statement, parameters or None)
    return time.perf_counter() - start


def _best(connection: psycopg.Connection[Any], statement: str, parameters: dict[str, int]) -> float:
    return min(_seconds(connection, statement, parameters) for _ in range(3))


def measure(connection: psycopg.Connection[Any], layout: str, place: dict[str, int]) -> dict[str, float]:
    """Seconds and MiB of one layout."""
    connection.execute("DROP SCHEMA IF EXISTS storage CASCADE")
    connection.execute("CREATE SCHEMA storage")
    written = sum(_seconds(connection, statement, {}) for statement in LAYOUTS[layout])
    tables = ["storage.fact", *(["storage.ledger"] if layout == "long" else [])]
    connection.execute(f"ANALYZE {', '.join(tables)}")
    size = sum(
        row[0] for name in tables for row in connection.execute(f"SELECT pg_total_relation_size('{name}')").fetchall()
    )
    judged = f"FROM {LEDGER[layout]} r JOIN {horizons()} h USING (school_id, rule) WHERE {EXISTS}"
    return {
        "MiB": size / 2**20,
        "write, s": written,
        "statuses by school and rule, s": _best(
            connection, f"SELECT school_id, rule, {STATUS}, count(*) {judged} GROUP BY 1, 2, 3", {}
        ),
        "one journal, ms": 1000
        * _best(
            connection,
            f"SELECT r.*, {STATUS} {judged} AND school_id = %(school)s AND journal_id = %(journal)s"
            + (" AND school_year = %(year)s" if layout == "long" else ""),
            place,
        ),
        "mean mark by journal, facts only, s": _best(
            connection,
            "SELECT school_id, journal_id, avg(mark_code) FROM storage.fact WHERE mark_code BETWEEN 1 AND 5"
            " GROUP BY 1, 2",
            {},
        ),
        "one school judged anew, s": sum(_seconds(connection, statement, place) for statement in REJUDGE[layout]),
    }


def main() -> None:
    """Measure both layouts in one installation and print a table."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    url = open_warehouse(Settings(home=Path(sys.argv[1])))
    with owner_connection(url) as connection:
        connection.autocommit = True
        schools = connection.execute("SELECT count(*) FROM dim_school").fetchone()
        busiest = connection.execute(
            "SELECT school_id, journal_id, school_year FROM fact_mark GROUP BY 1, 2, 3 ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
        if not busiest or not schools:
            raise SystemExit("No school is loaded there.")
        place = dict(zip(("school", "journal", "year"), busiest, strict=True))
        found = {layout: measure(connection, layout, place) for layout in LAYOUTS}
        connection.execute("DROP SCHEMA storage CASCADE")
    table = Table(title=f"the ledger of marks, {schools[0]} schools")
    for name in ("", *found):
        table.add_column(name, justify="right" if name else "left")
    for figure in found["long"]:
        table.add_row(figure, *(f"{found[layout][figure]:,.2f}" for layout in found))
    Console().print(table)


if __name__ == "__main__":
    main()
