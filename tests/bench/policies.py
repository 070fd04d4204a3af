"""`python -m tests.bench.policies HOME`: what the row policies cost the pages.

HOME is a folder of state (ZAVUCH_HOME) with loaded schools. Every page of every reader is drawn twice in turn: as the
app's role under its policies, and as the owner, for whom there are none. Readers of whole schools alone are compared:
for a teacher the owner's pages would hold more rows. Aim: less than 10 % over all pages.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from etl.bench_cli import measure_screens
from etl.demo import open_accounts
from etl.settings import Settings
from etl.warehouse.engine import owner_connection
from etl.warehouse.schema import open_warehouse

READERS = ("inspector", "deputy")
ROUNDS = 3
AIM = 1.10


def _measured(settings: Settings, url: str) -> dict[tuple[str, str], float]:
    """(login, page) → seconds of the first run, nothing remembered, in a process of its own."""
    pages = measure_screens(settings, url, list(READERS))["pages"]
    return {(page["login"], page["name"]): page["cold_seconds"] for page in pages}


def main() -> None:
    """Measure in turn, keep the least of each, print pages and the sum."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    settings = Settings(home=Path(sys.argv[1]).resolve())
    owner = open_warehouse(settings)
    with owner_connection(owner) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE dim_school SET is_demo = true")
        open_accounts(cursor)
    runs: dict[str, list[dict[tuple[str, str], float]]] = {"app": [], "owner": []}
    sides = {"app": settings, "owner": replace(settings, app_database_url=owner)}
    for number in range(ROUNDS):
        for name in sorted(sides, reverse=number % 2 == 1):  # who comes first has the colder disk and the other's noise
            runs[name].append(_measured(sides[name], owner))
    table = Table(title=f"seconds of a page's first run, least of {ROUNDS}, with and without row policies")
    for title in ("reader", "page", "with, ms", "without, ms", "ratio"):
        table.add_column(title, justify="left" if title in ("reader", "page") else "right")
    sums = [0.0, 0.0]
    for key in runs["app"][0]:
        least = [min(run[key] for run in runs[name]) for name in ("app", "owner")]
        sums = [total + seconds for total, seconds in zip(sums, least, strict=True)]
        table.add_row(*key, *(f"{1000 * seconds:.0f}" for seconds in least), f"{least[0] / least[1]:.2f}")
    ratio = sums[0] / sums[1]
    table.add_row("all", "", *(f"{1000 * seconds:.0f}" for seconds in sums), f"{ratio:.2f}", style="bold")
    Console(width=100).print(table)
    print(f"overhead {100 * (ratio - 1):.1f} % ({'within' if ratio < AIM else 'over'} the aim of 10 %)")


if __name__ == "__main__":
    main()
