"""`python -m tests.bench.screens SMALL LARGE`: what `zavuch bench screens` measures, in two installations side by side.

SMALL and LARGE are folders of state (ZAVUCH_HOME) with loaded schools; demo accounts are opened in them. Prints the
seconds of the script in each, their ratio (aim ≤ 1.3) and the queries, which must be the same.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from etl.bench_cli import measure_screens
from etl.demo import open_accounts
from etl.settings import Settings
from etl.warehouse.engine import owner_connection
from etl.warehouse.schema import open_warehouse

READERS = ["inspector", "deputy", "class", "teacher"]


def measure_home(home: Path) -> dict[str, Any]:
    """Start the installation's database, open the demo accounts and measure its pages."""
    settings = Settings(home=home)
    url = open_warehouse(settings)
    with owner_connection(url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE dim_school SET is_demo = true")
        open_accounts(cursor)
    return measure_screens(settings, url, READERS)


def least(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two measurements of one installation as one: the lesser seconds of each page."""
    again = {(page["login"], page["name"]): page for page in other["pages"]}
    pages = [
        page | {name: min(page[name], again[page["login"], page["name"]][name])
                for name in ("warm_seconds", "cold_seconds")}
        for page in one["pages"]
    ]  # fmt: skip
    return {"empty": min(one["empty"], other["empty"]), "pages": pages}


def main() -> None:
    """Measure two installations and print a table, slowest first."""
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    # in turn, and the least of each: what else the machine does falls on both
    homes = [Path(name) for name in sys.argv[1:]]
    runs = [measure_home(homes[place]) for place in (0, 1, 1, 0)]
    small, large = least(runs[0], runs[3]), least(runs[1], runs[2])
    empty = large["empty"]
    table = Table(title=f"script time, warm and cold, ms; an empty page {empty * 1000:.1f} ms")
    for title in ("reader", "page", "warm", "warm, large", "ratio", "cold", "cold, large", "queries", "÷ empty"):
        table.add_column(title, justify="left" if title in ("reader", "page") else "right")
    there = {(page["login"], page["name"]): page for page in large["pages"]}
    pairs = [(page, there[page["login"], page["name"]]) for page in small["pages"]
             if (page["login"], page["name"]) in there]  # fmt: skip
    for page, other in sorted(pairs, key=lambda pair: -pair[1]["warm_seconds"]):
        warm, warm_large = page["warm_seconds"], other["warm_seconds"]
        queries, queries_large = page["cold_queries"], other["cold_queries"]
        table.add_row(
            page["login"],
            page["name"],
            f"{warm * 1000:.0f}",
            f"{warm_large * 1000:.0f}",
            f"{warm_large / warm:.2f}",
            f"{page['cold_seconds'] * 1000:.0f}",
            f"{other['cold_seconds'] * 1000:.0f}",
            str(queries) if queries == queries_large else f"{queries} ≠ {queries_large}",
            f"{warm_large / empty:.1f}",
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
