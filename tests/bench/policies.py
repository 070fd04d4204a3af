"""`python -m tests.bench.policies HOME`: what the row policies cost the pages.

HOME is a folder of state (ZAVUCH_HOME) with loaded schools. Every page of every reader is drawn twice in turn: as the
app's role under its policies, and as the owner, for whom there are none. Readers of whole schools alone are compared:
for a teacher the owner's pages would hold more rows. Aim: less than 10 % over all pages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from etl.demo import open_accounts
from etl.settings import Settings
from etl.warehouse.engine import app_url, owner_connection
from etl.warehouse.schema import open_warehouse

READERS = ("inspector", "deputy")
ROUNDS = 3
AIM = 1.10


def _measured(settings: Settings, url: str, readers: list[Any]) -> dict[tuple[str, str], tuple[float, float]]:
    """(login, page) → seconds of the first and of a later run, in a process of its own that uses this address."""
    environment = {
        **os.environ,
        "ZAVUCH_APP_DATABASE_URL": url,
        "ZAVUCH_HOME": str(settings.home),
        "BENCH_READERS": json.dumps(readers),
    }
    command = "import json; from tests.bench.screens import measure; print(json.dumps(measure()))"
    printed = subprocess.run(
        [sys.executable, "-c", command], env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    pages = json.loads(printed.splitlines()[-1])["pages"]
    return {(row[0], row[1]): (row[3], row[4]) for row in pages}


def main() -> None:
    """Measure in turn, keep the least of each, print pages and the sum."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    settings = Settings(home=Path(sys.argv[1]).resolve())
    owner = open_warehouse(settings)
    with owner_connection(owner) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE dim_school SET is_demo = true")
        open_accounts(cursor)
        readers = cursor.execute(
            "SELECT user_id, login, full_name, role FROM access_user WHERE login = ANY(%s) ORDER BY user_id",
            [list(READERS)],
        ).fetchall()
    runs: dict[str, list[dict[tuple[str, str], tuple[float, float]]]] = {"app": [], "owner": []}
    for _ in range(ROUNDS):
        for name, url in (("app", app_url(settings, owner)), ("owner", owner)):
            runs[name].append(_measured(settings, url, readers))
    table = Table(title=f"seconds of a page's first run, least of {ROUNDS}, with and without row policies")
    for title in ("reader", "page", "with, ms", "without, ms", "ratio"):
        table.add_column(title, justify="left" if title in ("reader", "page") else "right")
    sums = [0.0, 0.0]
    for key in runs["app"][0]:
        least = [min(run[key][0] for run in runs[name]) for name in ("app", "owner")]
        sums = [total + seconds for total, seconds in zip(sums, least, strict=True)]
        table.add_row(*key, *(f"{1000 * seconds:.0f}" for seconds in least), f"{least[0] / least[1]:.2f}")
    ratio = sums[0] / sums[1]
    table.add_row("all", "", *(f"{1000 * seconds:.0f}" for seconds in sums), f"{ratio:.2f}", style="bold")
    Console(width=100).print(table)
    print(f"overhead {100 * (ratio - 1):.1f} % ({'within' if ratio < AIM else 'over'} the aim of 10 %)")


if __name__ == "__main__":
    main()
