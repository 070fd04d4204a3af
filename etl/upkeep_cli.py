"""`zavuch backup`, `restore` and `retention`: keep what must be kept, lose nothing, and delete what is over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from etl.cli_print import err, example, out
from etl.settings import read_settings


def _open() -> str:
    from etl.warehouse.schema import open_warehouse

    return open_warehouse(read_settings())


def attach(app: typer.Typer) -> None:
    """Hang the commands into the program."""
    app.command(epilog=example("zavuch backup /mnt/other-room/zavuch-$(date +%F).dump"))(backup)
    app.command(epilog=example("zavuch restore /mnt/other-room/zavuch-2026-11-12.dump --replace"))(restore)
    app.command(epilog=example("zavuch retention --purge --confirm 1204331"))(retention)


def backup(
    path: Annotated[Path, typer.Argument(help="New file; FILE.json with its checksums is written beside.")],
) -> None:
    """Write everything to one file and prove it by restoring it into a scratch database. The app may run meanwhile."""
    from etl.backup import backup as make
    from etl.backup import beside

    made = make(_open(), path)
    out.print(
        f"{made.path}: {sum(made.rows.values()):,} rows of {len(made.rows)} tables, {made.size / 2**20:,.1f} MiB, "
        "restored on trial and equal.",
        highlight=False,
        soft_wrap=True,
    )
    home = read_settings().home
    if names := beside(home):
        out.print(
            f"Not in it, copy it too: {', '.join(names)} of {home}."
            + (" Without source.key pupils of files without keys become other pupils." if "source.key" in names else "")
            + (" raw can be read with its key alone." if "raw" in names else ""),
            highlight=False,
            soft_wrap=True,
        )


def restore(
    path: Annotated[Path, typer.Argument(help="File of `zavuch backup`; FILE.json must lie beside it.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Give up the schools and accounts that are there.")
    ] = False,
) -> None:
    """Put a backup in the place of the database. Stop `zavuch serve` first; everybody signs in anew afterwards."""
    from etl.backup import restore as put_back
    from etl.retention import overdue
    from etl.warehouse.engine import owner_url

    found = put_back(owner_url(read_settings()), path, replace=replace)
    url = _open()  # the present schema, rights and row policies
    out.print(
        f"Restored {sum(found.rows.values()):,} rows of {len(found.rows)} tables as they were on "
        f"{found.made_at:%Y-%m-%d %H:%M} UTC. Passwords are the present ones where there was an account.",
        highlight=False,
        soft_wrap=True,
    )
    if found.kept_closed:
        names = ", ".join(found.kept_closed)
        out.print(f"Disabled since then, and still disabled: {names}.", highlight=False, soft_wrap=True)
    over = sum(one.row_count for one in overdue(url))
    if over:
        err.print(f"{over} rows are kept longer than the acts demand: `zavuch retention`.", highlight=False)
    if found.widened:
        err.print(
            f"These have back a role or a grant that was taken from them since: {', '.join(found.widened)}. "
            "Look at `zavuch user list`, then `zavuch user revoke`.",
            highlight=False,
            soft_wrap=True,
        )


def retention(
    purge: Annotated[bool, typer.Option("--purge", help="Delete what is over; cannot be undone.")] = False,
    confirm: Annotated[int | None, typer.Option(help="Number of rows to delete, as the report says.")] = None,
) -> None:
    """Show which school years are kept longer than the act demands; deletes nothing without --purge and --confirm."""
    from etl.errors import SettingsError
    from etl.raw_store import forget_before
    from etl.retention import all_over_before, overdue, purge_overdue

    url = _open()
    found = overdue(url)
    table = Table(box=None, pad_edge=False)
    for name in ("school", "school year", "what", "kept for", "by", "since", "rows"):
        table.add_column(name, overflow="fold")
    for one in found:
        year = f"{one.school_year}/{one.school_year + 1}"
        kept = f"{one.years} years"
        table.add_row(
            one.school_key or "(installation)",
            year,
            one.what,
            kept,
            one.basis,
            one.over_on.isoformat(),
            f"{one.row_count:,}",
        )
    if found:
        out.print(table)
    total = sum(one.row_count for one in found)
    out.print(f"Over: {total} rows. Nothing was deleted." if not purge else f"Over: {total} rows.", highlight=False)
    if not purge:
        return
    if not total:
        return
    if confirm != total:
        raise SettingsError(
            f"--confirm {confirm} is not the number of rows above.", advice=f"To delete them add --confirm {total}."
        )
    deleted = purge_overdue(url, expected=total)
    files = forget_before(read_settings(), all_over_before(url))
    err.print(f"Deleted {deleted} rows and {files} kept files. They are still in older backups.", highlight=False)
