"""`python -m tests.bench.screens SMALL [LARGE]`: every page for a municipal, a class and a teacher scope in two
installations, and an empty Streamlit page.

SMALL and LARGE are folders of state (ZAVUCH_HOME) with loaded schools; demo accounts are opened in them. Prints the
seconds of the script in each, their ratio (aim ≤ 1.3) and the queries, which must be the same.
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

READERS = ("inspector", "deputy", "class", "teacher")


def measure() -> dict[str, Any]:
    """In a process of its own, because the app's engine belongs to the process: costs by reader and page."""
    from streamlit.config import set_option

    from dashboard.access import Identity
    from dashboard.connection import accounts, app_engine
    from tests.bench.page_costs import empty_page_seconds, page_costs

    set_option("client.showErrorDetails", "full")  # the reader of a bench is a developer
    found: dict[str, Any] = {"empty": empty_page_seconds(), "pages": []}
    with app_engine().connect() as connection:
        connection.rollback()
    for user_id, login, name, role in json.loads(os.environ["BENCH_READERS"]):
        identity = Identity(user_id, login, name, role)
        for cost in page_costs(identity, accounts().scope_of(identity)):
            found["pages"].append([login, *vars(cost).values()])
    return found


def measure_home(home: Path) -> dict[str, Any]:
    """Start the installation's database, open the demo accounts and measure its pages."""
    settings = Settings(home=home)
    url = open_warehouse(settings)
    with owner_connection(url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE dim_school SET is_demo = true")
        open_accounts(cursor)
        readers = cursor.execute(
            "SELECT user_id, login, full_name, role FROM access_user WHERE login = ANY(%s) ORDER BY user_id",
            [list(READERS)],
        ).fetchall()
    environment = {
        **os.environ,
        "ZAVUCH_APP_DATABASE_URL": app_url(settings, url),
        "ZAVUCH_HOME": str(home),
        "BENCH_READERS": json.dumps(readers),
    }
    command = [
        sys.executable,
        "-c",
        "import json; from tests.bench.screens import measure; print(json.dumps(measure()))",
    ]
    printed = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    answer: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return answer


def main() -> None:
    """Measure one or two installations and print a table, slowest first."""
    homes = [Path(name) for name in sys.argv[1:3]]
    if not homes:
        raise SystemExit(__doc__)
    measured = [measure_home(home) for home in homes]
    small, large = measured[0], measured[-1]
    table = Table(title=f"script time, warm and cold, ms; an empty page {small['empty'] * 1000:.1f} ms")
    for title in ("reader", "page", "warm", "warm, large", "ratio", "cold", "cold, large", "queries", "÷ empty"):
        table.add_column(title, justify="left" if title in ("reader", "page") else "right")
    there = {(row[0], row[1]): row for row in large["pages"]}
    lines = []
    for login, page, _role, cold, warm, queries, _again in small["pages"]:
        other = there.get((login, page))
        if other is None:
            continue
        shown = str(queries) if queries == other[5] else f"{queries} ≠ {other[5]}"
        ratio = other[4] / warm
        lines.append((other[4], (login, page, warm, other[4], ratio, cold, other[3], shown, other[4] / large["empty"])))
    for _, (login, page, warm, warm_large, ratio, cold, cold_large, shown, to_empty) in sorted(lines, reverse=True):
        times = [f"{1000 * seconds:.0f}" for seconds in (warm, warm_large)]
        colds = [f"{1000 * seconds:.0f}" for seconds in (cold, cold_large)]
        table.add_row(login, page, *times, f"{ratio:.2f}", *colds, shown, f"{to_empty:.1f}")
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
