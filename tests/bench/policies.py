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
ROUNDS = 5  # the machine breathes: pages without a query differ by a fifth from one run to the next
AIM = 1.10


def _measured(settings: Settings, url: str) -> dict[tuple[str, str], tuple[float, float]]:
    """(login, page) → seconds of the first run, nothing remembered, and of a later one; in a process of its own."""
    pages = measure_screens(settings, url, list(READERS))["pages"]
    return {(page["login"], page["name"]): (page["cold_seconds"], page["warm_seconds"]) for page in pages}


def main() -> None:
    """Measure in turn, keep the least of each, print pages and the sum."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    settings = Settings(home=Path(sys.argv[1]).resolve())
    owner = open_warehouse(settings)
    with owner_connection(owner) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE dim_school SET is_demo = true")
        open_accounts(cursor)
    runs: dict[str, list[dict[tuple[str, str], tuple[float, float]]]] = {"app": [], "owner": []}
    sides = {"app": settings, "owner": replace(settings, app_database_url=owner)}
    for number in range(ROUNDS):
        for name in sorted(sides, reverse=number % 2 == 1):  # who comes first has the colder disk and the other's noise
            runs[name].append(_measured(sides[name], owner))
    table = Table(title=f"a page's first run and a later one, least of {ROUNDS}, with and without row policies, ms")
    for title in ("reader", "page", "first, with", "without", "ratio", "later, with", "without", "ratio"):
        table.add_column(title, justify="left" if title in ("reader", "page") else "right")
    sums = [0.0] * 4
    for key in runs["app"][0]:
        least = [min(run[key][kind] for run in runs[name]) for kind in (0, 1) for name in ("app", "owner")]
        sums = [total + seconds for total, seconds in zip(sums, least, strict=True)]
        table.add_row(*key, *_cells(least))
    table.add_row("all", "", *_cells(sums), style="bold")
    Console(width=110).print(table)
    for name, (with_them, without) in {"first": sums[:2], "later": sums[2:]}.items():
        ratio = with_them / without
        print(
            f"{name} runs: overhead {100 * (ratio - 1):.1f} % ({'within' if ratio < AIM else 'over'} the aim of 10 %)"
        )


def _cells(seconds: list[float]) -> list[str]:
    pairs = ((seconds[0], seconds[1]), (seconds[2], seconds[3]))
    return [cell for a, b in pairs for cell in (f"{1000 * a:.0f}", f"{1000 * b:.0f}", f"{a / b:.2f}")]


if __name__ == "__main__":
    main()
