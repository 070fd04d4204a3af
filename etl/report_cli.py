"""`zavuch report` and `zavuch digest`: what the pages of reports and digests do, from the machine of the product."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.cli_print import err, example, out, progress_bars
from etl.settings import read_settings


def _open() -> str:
    from etl.warehouse.schema import open_warehouse

    return open_warehouse(read_settings())


def attach(app: typer.Typer) -> None:
    """Hang the commands into the program."""
    app.command(epilog=example("zavuch report marks_summary --school school-7 --period q1 --out marks.zip"))(report)
    app.command(epilog=example("zavuch digest --dry-run"))(digest)


def report(
    name: Annotated[str, typer.Argument(help="Code of the report; `list` names them all.")],
    school: Annotated[str, typer.Option(help="Key of the school.")] = "",
    period: Annotated[str, typer.Option(help="q1, t2, h1, year, m2026-10; the running period without it.")] = "",
    class_name: Annotated[str, typer.Option("--class", help="Name of a class, as 7А; all of them without it.")] = "",
    target: Annotated[
        Path, typer.Option("--out", help=".docx, .pdf, .xlsx of one class or school, .zip of all.")
    ] = Path("report.zip"),
) -> None:
    """Write a report that the acts name: one class, the school, or every class in a ZIP."""
    from dashboard.report_command import catalogue, write_report

    if name == "list":
        for code, grain, title in catalogue():
            out.print(f"{code:20} {grain:7} {title}", highlight=False)
        return
    with progress_bars(err) as bars:
        count = write_report(
            _open(), name, target, school=school, period=period, class_name=class_name,
            progress=lambda done, total: bars.step(name, done, total),
        )  # fmt: skip
    out.print(f"{target}: {count} documents.", highlight=False, soft_wrap=True)


def digest(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; send and note nothing.")] = False,
    login: Annotated[str, typer.Option(help="Only this account.")] = "",
) -> None:
    """Send what people have to know by e-mail: only what is due, changed, wanted, and not in quiet hours."""
    from dashboard.digests.run import run_digests

    told = run_digests(
        _open(),
        read_settings(),
        dry_run=dry_run,
        login=login,
        say=lambda words: out.print(words, highlight=False, markup=False),
    )
    out.print(
        f"{'Would be sent' if dry_run else 'Sent'}: {told.sent} messages; unchanged or not due: {told.quiet}; "
        f"failed: {told.failed}.",
        highlight=False,
    )
    if told.failed:
        raise typer.Exit(1)
