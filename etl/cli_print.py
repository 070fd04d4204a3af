"""How the command line shows progress, loads, checks and the state of the database."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from etl.contract.ledger import RULES
from etl.contract.needs import Lack
from etl.coverage import ANSWERS
from etl.job import Progress as Told
from etl.load_files import BUNDLE, Loaded
from etl.rejudge import DeriveReport
from etl.run_log import LoadReport
from etl.settings import Settings
from etl.warehouse.engine import owner_connection

PLAIN_WIDTH = 160
"""Columns of tables that go to a file or a pipe."""
out = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)
err = Console(stderr=True)
VERDICTS = {
    "met": "met",
    "not_met": "not met",
    "cannot_tell": "cannot tell",
    "not_regulated": "not regulated",
}


def example(text: str) -> str:
    """The last line of a command's help."""
    return f"Example: [bold]{text}[/bold]"


class Bars:
    """One line per stage of work."""

    def __init__(self, progress: Progress, console: Console) -> None:
        self._progress = progress
        self._console = console
        self._tasks: dict[str, TaskID] = {}

    def step(self, what: str, done: int, total: int) -> None:
        """Show how far a stage is; total 0 = unknown."""
        name = what.split(" ")[0] if what.startswith("reading ") else what
        task = self._tasks.get(name)
        if task is None:
            task = self._tasks[name] = self._progress.add_task(what, total=total or None)
        self._progress.update(task, description=what, completed=done, total=total or None)

    def counted(self, stage: str) -> Callable[[str, int, int], None]:
        """A callback for work that counts things of one stage and names each."""
        return lambda name, done, total: self.step(stage, done, total)

    def told(self) -> Told:
        """The load's own way of telling."""
        return Told(
            step=self.step,
            waiting=lambda: self._console.print("Another load is running; waiting for it to end."),
        )


@contextmanager
def progress_bars(console: Console) -> Iterator[Bars]:
    """Progress on a terminal, silence elsewhere."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Bars(progress, console)


def print_load(console: Console, report: LoadReport) -> None:
    """The balance of every table, the remarks, and what to do about rejected rows."""
    table = Table(
        title=f"Load {report.load_id}: {report.mode} of {report.extracted_at:%Y-%m-%d %H:%M} UTC, "
        f"{report.school_count} schools"
    )
    for name in ("table", "read", "loaded", "unchanged", "rejected", "deleted"):
        table.add_column(name, justify="left" if name == "table" else "right")
    for name, it in report.balances.items():
        table.add_row(
            name, f"{it.read:,}", f"{it.loaded:,}", f"{it.unchanged:,}", f"{it.rejected:,}", f"{it.deleted:,}"
        )
    console.print(table)
    if report.is_repeat:
        console.print("The same bundle was loaded before: nothing changed.")
    _print_coverage(console, report.coverage)
    for _school, message in report.warnings:
        console.print(f"Note: {message}", highlight=False, markup=False, soft_wrap=True)
    if report.rejected_count:
        console.print(
            f"{report.rejected_count:,} rows were set aside: "
            + " and ".join(f"`zavuch rejected --load {load}`" for load in (*report.beside, report.load_id))
            + " lists them with their reasons."
        )
    if report.seconds:
        console.print(
            f"{report.obligation_count:,} obligations; seconds: "
            + ", ".join(f"{stage} {value}" for stage, value in report.seconds.items())
        )


def _print_coverage(console: Console, coverage: Mapping[str, tuple[Lack, ...]]) -> None:
    """Rules that cannot be judged, counted and named by what lacks (annex B16); schools that lack the same stand
    together.
    """
    if not coverage:
        return
    if not any(coverage.values()):
        console.print(f"Coverage: the source tells what all {len(RULES)} rules need.", highlight=False)
        return
    table = Table(title=f"Coverage: rules that cannot be judged, wholly or where nothing is entered, of {len(RULES)}")
    for name in ("schools", "rules", "the source", "they are"):
        table.add_column(name, justify="right" if name == "rules" else "left")
    alike: dict[tuple[Lack, ...], list[str]] = {}
    for school, found in coverage.items():
        alike.setdefault(found, []).append(school)
    for found, schools in sorted(alike.items(), key=lambda item: -len(item[0])):
        named = ", ".join(schools[:3]) + (f" and {len(schools) - 3} more" if len(schools) > 3 else "")
        table.add_row(named, f"{len(found)}", "" if found else "tells all", "", end_section=not found)
        reasons: dict[str, list[str]] = {}
        for lack in found:
            reasons.setdefault(str(lack), []).append(lack.rule)
        for place, (reason, rules) in enumerate(reasons.items(), 1):
            table.add_row("", f"{len(rules)}", reason, ", ".join(rules), end_section=place == len(reasons))
    console.print(table)


NAMED = 10
"""Journals that were not received are named one by one; of more only the number is told."""


def print_precision(console: Console, loaded: Loaded) -> None:
    """How well the source's moments let each rule be judged, what changed since the previous snapshot, what was not
    received; nothing of it for a bundle, whose coverage is printed with its load.
    """
    if loaded.recognition.source == BUNDLE:
        return
    table = Table(title="What can be judged from these files")
    for name in ("judged", "rules"):
        table.add_column(name)
    for answer in ANSWERS:
        rules = [rule for rule, found in loaded.judged.items() if found == answer]
        if rules:
            table.add_row(answer, ", ".join(rules))
    console.print(table)
    if loaded.differences:
        console.print(f"Since the snapshot of {loaded.since:%Y-%m-%d %H:%M} UTC:", highlight=False)
        for line in loaded.differences:
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    received, expected = loaded.sheets
    if expected:
        console.print(f"Journals received: {received} of {expected} expected.", highlight=False)
    left = len(loaded.not_received) - NAMED
    for line in [*loaded.not_received[:NAMED], *([f"and {left} more journals"] if left > 0 else [])]:
        console.print(f"Not received: {line}", highlight=False, markup=False, soft_wrap=True)


def print_derived(console: Console, report: DeriveReport) -> None:
    """Which schools were judged anew, by which act, and what a person should know."""
    for message in report.warnings:
        console.print(f"Note: {message}", highlight=False, markup=False, soft_wrap=True)
    for school in report.schools:
        act = school.regulation or "no regulation"
        console.print(
            f"{school.name} ({school.school_key}): judged anew by {act}, {school.obligation_count:,} obligations",
            highlight=False,
        )
    left = f"{report.untouched_count} schools are judged by their regulation as it stands and were not touched."
    console.print(left, highlight=False)


def print_checks(console: Console, report: Any, *, brief: bool) -> None:
    """A line per school and rule; brief: a line per school with how many rules got which verdict."""
    title = (
        f"Check run {report.run_id}: {report.row_count:,} ledger rows, {report.harvested:,} violating, "
        f"{report.suppressed:,} of them told by another finding"
    )
    table = Table(title=title)
    if brief:
        for name in ("school", *VERDICTS.values()):
            table.add_column(name, justify="left" if name == "school" else "right")
        for school in dict.fromkeys(row.school for row in report.rows):
            verdicts = [row.verdict for row in report.rows if row.school == school]
            table.add_row(school, *(str(verdicts.count(verdict)) for verdict in VERDICTS))
    else:
        for name in ("school", "check", "applies to", "violated", "unknown", "kept", "norm", "verdict"):
            table.add_column(name, justify="left" if name in {"school", "check", "verdict"} else "right")
        for row in report.rows:
            if row.applicable or row.unknown:
                share = "cannot tell" if row.share is None else f"{row.share:.1%}"
                table.add_row(
                    row.school,
                    row.check_id,
                    f"{row.applicable:,}",
                    f"{row.violated:,}",
                    f"{row.unknown:,}",
                    share,
                    f"{row.norm:.0%}",
                    VERDICTS[row.verdict],
                )
    console.print(table)
    for left in report.left_out:
        console.print(f"[red]Left out:[/red] {left}", highlight=False, soft_wrap=True)


def print_status(console: Console, settings: Settings, url: str) -> None:
    """Database, schools, freshness, findings."""
    with owner_connection(url) as connection:
        server = connection.info.parameter_status("server_version")
        rows = connection.execute(
            "SELECT s.name, m.name, s.regulation, s.extracted_at AT TIME ZONE s.timezone, s.is_demo, (SELECT "
            "count(*) FROM finding_row f WHERE f.school_id = s.school_id AND f.state = 'open')"
            " FROM dim_school s JOIN dim_municipality m USING (municipality_id) ORDER BY m.name, s.name"
        ).fetchall()
        loads = connection.execute("SELECT count(*), max(finished_at) FROM load_run").fetchone()
    console.print(f"PostgreSQL {server}; state in {settings.home}; loads: {loads[0] if loads else 0}")
    table = Table(title=f"Schools: {len(rows)}")
    for name in ("school", "municipality", "regulation", "data until (local)", "demo", "open findings"):
        table.add_column(name)
    for school, place, regulation, until, is_demo, findings in rows:
        table.add_row(
            school,
            place,
            regulation or "none stated",
            f"{until:%Y-%m-%d %H:%M}",
            "yes" if is_demo else "",
            f"{findings:,}",
        )
    console.print(table)
