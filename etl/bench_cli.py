"""`zavuch bench`: what the installation costs here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Annotated, Any

import typer
from rich.table import Table

from etl.cli_print import example, out
from etl.errors import SettingsError, ZavuchError
from etl.settings import PAGES_ENVIRONMENT, PROJECT, Settings, read_settings

PAGES_MODULE = "dashboard.page_costs"
"""Started by its name in a process of its own: nothing of the dashboard is imported here."""
# of each role the account that sees the most; a person switched off opens no page
_READERS = """
SELECT DISTINCT ON (u.role) u.user_id, u.login, u.full_name, u.role
FROM access_user u JOIN access_row r USING (user_id)
WHERE u.disabled_at IS NULL GROUP BY 1, 2, 3, 4 ORDER BY u.role, count(*) DESC, u.user_id
"""
_NAMED = """
SELECT user_id, login, full_name, role FROM access_user WHERE disabled_at IS NULL AND login = ANY(%s) ORDER BY user_id
"""

bench = typer.Typer(no_args_is_help=True, help="What the installation costs: time, queries, rows, bytes, memory.")


class BenchError(ZavuchError):
    """A page could not be measured."""

    exit_code = 6


@bench.callback()
def _group() -> None:
    """Keeps `screens` a command of its own while it is the only one."""


@bench.command("screens", epilog=example("zavuch bench screens --login deputy"))
def screens(
    login: Annotated[list[str] | None, typer.Option(help="Whose pages; default: one account of each role.")] = None,
) -> None:
    """Draw every page without a browser and print what it costs, slowest first."""
    from etl.warehouse.schema import open_warehouse

    settings = read_settings()
    url = open_warehouse(settings)
    print_screens(measure_screens(settings, url, login or []))


def measure_screens(settings: Settings, url: str, logins: list[str]) -> dict[str, Any]:
    """`{"empty": seconds, "pages": [fields of PageCost]}` of the accounts, or of one of each role where none is named.

    Raises SettingsError where there is no such account, BenchError where a page fails.
    """
    from etl.warehouse.engine import app_url

    environment = {
        **{name: value for name, value in os.environ.items() if name != "ZAVUCH_DATABASE_URL"},
        **PAGES_ENVIRONMENT,
        "ZAVUCH_APP_DATABASE_URL": app_url(settings, url),
        "ZAVUCH_HOME": str(settings.home),
        "ZAVUCH_BENCH_READERS": json.dumps(_readers(url, logins)),
    }
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", PAGES_MODULE],
        cwd=PROJECT, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BenchError(f"A page could not be measured: {last}", advice="Open the page in the app; see its log.")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def print_screens(measured: dict[str, Any]) -> None:
    """A table of the pages, slowest (warm) first."""
    table = Table(title=f"pages, slowest first; an empty page takes {measured['empty'] * 1000:.1f} ms")
    heads = ("reader", "page", "warm, ms", "cold, ms", "queries", "cold queries", "rows read", "KB sent", "memory, MiB")
    for head in heads:
        table.add_column(head, justify="left" if head in ("reader", "page") else "right")
    for page in sorted(measured["pages"], key=lambda page: (-page["warm_seconds"], page["login"], page["name"])):
        table.add_row(
            page["login"],
            page["name"],
            f"{page['warm_seconds'] * 1000:.0f}",
            f"{page['cold_seconds'] * 1000:.0f}",
            str(page["warm_queries"]),
            str(page["cold_queries"]),
            f"{page['rows']:,}",
            f"{page['message_bytes'] / 1000:,.0f}",
            f"{page['memory_mib']:+.1f}",
        )
    out.print(table)


def _readers(url: str, logins: list[str]) -> list[tuple[Any, ...]]:
    from etl.warehouse.engine import owner_connection

    with owner_connection(url) as connection:
        if logins:
            found = connection.execute(_NAMED, [logins]).fetchall()
            unknown = sorted(set(logins) - {row[1] for row in found})
            if unknown:
                raise SettingsError(f"There is no active account {', '.join(unknown)}.", advice="Check --login.")
        else:
            found = connection.execute(_READERS).fetchall()
    if not found:
        raise SettingsError(
            "No account may see anything, so there is no page to draw.",
            advice="Fill the database and open accounts, for example with `zavuch serve --demo`.",
        )
    return found
