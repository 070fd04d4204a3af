"""The command `zavuch`. It only parses, calls and prints; every sentence of an error comes from the error itself."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from etl.bench_cli import bench
from etl.cli_print import (
    err,
    out,
    print_checks,
    print_derived,
    print_load,
    print_precision,
    print_status,
    progress_bars,
)
from etl.cli_print import example as _example
from etl.errors import SettingsError, ZavuchError
from etl.files_cli import attach as attach_files
from etl.metrics_cli import EPILOG, metrics
from etl.regulations_cli import regulations
from etl.report_cli import attach as attach_reports
from etl.settings import read_settings
from etl.upkeep_cli import attach
from etl.user_cli import user

if TYPE_CHECKING:
    from checks.report import CheckReport

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Analytics of electronic class journals.",
)
db = typer.Typer(no_args_is_help=True, help="The embedded database: start, stop, url.")
app.add_typer(db, name="db")
app.add_typer(regulations, name="regulations")
app.add_typer(user, name="user")
attach(app)
attach_files(app, lambda url: _check(url, brief=True))
attach_reports(app)
app.command(epilog=EPILOG)(metrics)
app.add_typer(bench, name="bench")
Tier = Literal["tiny", "demo", "city"]
Grade = Literal["critical", "major", "minor", "info"]


def _open() -> str:
    from etl.warehouse.schema import open_warehouse

    return open_warehouse(read_settings())


@app.command(epilog=_example("zavuch demo"))
def demo(
    remove: Annotated[bool, typer.Option("--remove", help="Delete demo schools and demo accounts.")] = False,
    tier: Annotated[Tier, typer.Option(help="tiny (1 school), demo (6) or city (60).")] = "demo",
    seed: Annotated[int, typer.Option(help="Same seed, same schools.")] = 1,
) -> None:
    """Generate and load the demo municipality, or remove it."""
    from etl.demo import remove_demo

    if remove:
        out.print(f"Removed {remove_demo(_open())} demo schools and the demo accounts.")
        return
    _ensure_demo(_open(), tier, seed, force=True)


@app.command(epilog=_example("zavuch generate /tmp/bundle --tier tiny --seed 7"))
def generate(
    directory: Annotated[Path, typer.Argument(help="Folder to write to.")],
    tier: Annotated[Tier, typer.Option(help="tiny (1 school), demo (6) or city (60).")] = "demo",
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    file_format: Annotated[Literal["csv", "parquet"], typer.Option("--format", help="csv or parquet.")] = "csv",
) -> None:
    """Write a generated journal bundle; nothing is loaded."""
    from etl.sources.demo import generate as write

    with progress_bars(err) as bars:
        for bundle in write(
            directory, tier=tier, seed=seed, file_format=file_format, progress=bars.counted("generating")
        ):
            out.print(f"{bundle.path}: {sum(bundle.counts.values()):,} rows of {len(bundle.school_keys)} schools")


@app.command(epilog=_example("zavuch load journals-12.11.2018.zip LessonPlanning.zip --school-key school-7"))
def load(
    paths: Annotated[
        list[Path], typer.Argument(help="Files that the journal system saved, of one moment; or a journal bundle.")
    ],
    check: Annotated[bool, typer.Option(help="Run the checks afterwards.")] = True,
    answers: Annotated[
        Path | None, typer.Option(help="TOML with what files cannot say; school.toml beside them by default.")
    ] = None,
    school_key: Annotated[str, typer.Option(help="Key of the school, always the same.")] = "",
    school_name: Annotated[str, typer.Option(help="Name of the school.")] = "",
    municipality: Annotated[str, typer.Option(help="Municipality of the school.")] = "",
    timezone: Annotated[str, typer.Option(help="Zone of its deadlines, as Europe/Moscow.")] = "",
    regulation: Annotated[str, typer.Option(help="Id of its act, see `zavuch regulations`.")] = "",
    school_year: Annotated[str, typer.Option(help="As 2018/2019, where the files do not say it.")] = "",
    extracted_at: Annotated[str, typer.Option(help="Moment of the export, as 2018-11-12T18:30:00+03:00.")] = "",
) -> None:
    """Load what a journal system saved, recognised by its content: one transaction, read = loaded + unchanged +
    rejected.
    """
    from etl.load_files import load_files

    given = {
        "school_key": school_key,
        "school_name": school_name,
        "municipality": municipality,
        "timezone": timezone,
        "regulation": regulation,
        "school_year": school_year,
        "extracted_at": extracted_at,
    }
    settings, url = read_settings(), _open()
    with progress_bars(err) as bars:
        loaded = load_files(paths, url, settings, given=given, answers_file=answers, progress=bars.told())
    print_load(out, loaded.report)
    print_precision(out, loaded)
    if check and not loaded.report.is_repeat:
        _check(url, brief=True)


@app.command(epilog=_example("zavuch derive --school school-7"))
def derive(
    school: Annotated[list[str] | None, typer.Option(help="Key of a school to derive anew; may be repeated.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Derive every school, changed or not.")] = False,
    check: Annotated[bool, typer.Option(help="Run the checks afterwards.")] = True,
) -> None:
    """Judge anew the schools whose regulation changed since they were judged; the others are not touched."""
    url = _open()
    derived = _derive(url, school or (), every=every)
    if derived and check:
        _check(url, brief=True, school_ids=derived)


def _derive(url: str, schools: Sequence[str] = (), *, every: bool = False, quiet: bool = False) -> list[int]:
    """Derive what is due and return the schools' ids; `quiet` says nothing where nothing was."""
    from etl.rejudge import derive_schools

    with progress_bars(err) as bars:
        report = derive_schools(
            url, regulations=read_settings().regulations, school_keys=schools, every=every, progress=bars.told()
        )
    if report.schools or not quiet:
        print_derived(out, report)
    return [school.school_id for school in report.schools]


@app.command(epilog=_example("zavuch check --data-docs site --fail-on critical"))
def check(
    data_docs: Annotated[
        Path | None, typer.Option("--data-docs", help="Write Great Expectations' Data Docs into this folder.")
    ] = None,
    fail_on: Annotated[
        Grade | None,
        typer.Option("--fail-on", help="Exit with 1 where a rule of this severity or a graver one is not met."),
    ] = None,
) -> None:
    """Judge every school by its regulation and renew the findings; exit code 0 whatever the verdicts.

    A school whose regulation changed is derived anew before.
    """
    from checks.data_docs import make_room

    if data_docs is not None:
        make_room(data_docs)  # a wrong folder is told before the work, not after it
    url = _open()
    _derive(url, quiet=True)
    report = _check(url)
    if data_docs is not None:
        from checks.catalogue import read_catalogue
        from checks.data_docs import write_data_docs

        pages = write_data_docs(data_docs, report, read_catalogue())
        err.print(f"Data Docs: {pages} pages, begin with {data_docs / 'index.html'}.", highlight=False, soft_wrap=True)
    if fail_on is not None:
        _fail_on(report, fail_on)


def _fail_on(report: CheckReport, grade: Grade) -> None:
    """End with 1 and a sentence where a rule of this severity or a graver one is not met."""
    from etl.contract.ledger import Severity

    broken = report.broken(Severity[grade])
    if not broken:
        return
    first = broken[0]
    err.print(
        f"[red]--fail-on {grade}: {len(broken)} rules are not met, the first is {first.check_id} of {first.school} "
        f"({first.violated:,} of {first.applicable:,} violated).[/red] The run and its findings are kept.",
        highlight=False,
        soft_wrap=True,
    )
    raise typer.Exit(1)


def _check(url: str, *, brief: bool = False, school_ids: Sequence[int] | None = None) -> CheckReport:
    from checks.runner import run_checks

    with progress_bars(err) as bars:
        report = run_checks(url, school_ids=school_ids, progress=bars.step)
    print_checks(out, report, brief=brief)
    return report


@app.command(epilog=_example("zavuch serve --port 8600"))
def serve(
    with_demo: Annotated[
        bool, typer.Option("--demo", help="Fill an empty database with the demo municipality first.")
    ] = False,
    port: Annotated[int | None, typer.Option(help="Port of the app.")] = None,
) -> None:
    """Serve the app until Ctrl-C."""
    from dataclasses import replace

    from dashboard.serve import serve as run_server
    from etl.warehouse import embedded
    from etl.warehouse.engine import app_url

    settings = read_settings()
    if port:
        settings = replace(settings, port=port)
    started_here = not settings.database_url and embedded.start(settings.home).started_here
    try:
        url = _open()
        if with_demo:
            _ensure_demo(url, "demo", 1, force=False)
        derived = _derive(url, quiet=True)
        if derived:
            _check(url, brief=True, school_ids=derived)
        run_server(settings, app_url(settings, url), _announce)
    except KeyboardInterrupt:
        pass
    finally:
        if started_here and not embedded.has_other_clients(settings.home):
            embedded.stop(settings.home)
            err.print("The database is stopped too.")


@app.command(epilog=_example("zavuch work --once"))
def work(
    once: Annotated[bool, typer.Option("--once", help="Do what waits now and end.")] = False,
) -> None:
    """Do what people asked for on the pages: the worker that `serve` starts by itself, alone."""
    from etl.worker import start_log, stop_on_sigterm
    from etl.worker import work as run_worker

    start_log()
    stop_on_sigterm()
    done = run_worker(read_settings(), _open(), once=once)
    out.print(f"Requests done: {done}.")


def _announce(address: str) -> None:
    from etl.demo import ACCOUNTS, PASSWORD, demo_state
    from etl.warehouse.engine import owner_url

    out.print(f"\nOpen [bold]{address}[/bold]  (Ctrl-C stops)")
    state = demo_state(owner_url(read_settings()))
    if state.demo_schools and not state.real_schools:
        logins = ", ".join(login for login, _role, _name in ACCOUNTS)
        out.print(f"Demo sign-in: {logins}; the password of each is [bold]{PASSWORD}[/bold]")


def _ensure_demo(url: str, tier: Tier, seed: int, *, force: bool) -> None:
    from etl.demo import demo_state, make_demo

    state = demo_state(url)
    if state.demo_schools or state.real_schools:
        if force:
            raise SettingsError(
                "The database already holds schools.",
                advice="Run `zavuch demo --remove` first, or use another ZAVUCH_HOME.",
            )
        return
    with progress_bars(err) as bars:
        reports = make_demo(
            url,
            read_settings().home,
            tier=tier,
            seed=seed,
            regulations=read_settings().regulations,
            generated=bars.counted("generating"),
            progress=bars.told(),
        )
    rows = sum(balance.loaded for report in reports for balance in report.balances.values())
    out.print(f"Loaded {sum(report.school_count for report in reports)} demo schools, {rows:,} rows.")
    _check(url, brief=True)


@app.command(epilog=_example("zavuch status"))
def status() -> None:
    """Show the database, the schools and how fresh their data are."""
    print_status(out, read_settings(), _open())


@app.command(epilog=_example("zavuch rejected --load 3 --out rejected.csv"))
def rejected(
    load_number: Annotated[int | None, typer.Option("--load", help="Number of the load; all loads without it.")] = None,
    target: Annotated[Path | None, typer.Option("--out", help="File to write; standard output without it.")] = None,
) -> None:
    """List the rows that were set aside: file, row, column, value, reason and the raw row, as CSV."""
    from etl.export import export_rejected

    _write(target, lambda stream, url: export_rejected(url, stream, load_id=load_number))


@app.command(epilog=_example("zavuch export ledger --as-of 2026-10-01 --format csv --out ledger.csv"))
def export(
    what: Annotated[str, typer.Argument(help="ledger, findings, bundle or oneroster.")],
    as_of: Annotated[
        str | None,
        typer.Option(help="Moment T; local time of each school without an offset; a bare date is its 23:59:59."),
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", help="csv; a bundle also parquet; oneroster 1.1 or 1.2.")
    ] = "csv",
    target: Annotated[
        Path | None,
        typer.Option("--out", help="File to write, standard output without it; of a bundle a new folder or .zip."),
    ] = None,
    school: Annotated[
        list[str] | None, typer.Option(help="Of a bundle: key of a school, all without it; may be repeated.")
    ] = None,
) -> None:
    """Write the ledger, the findings, everything as an open journal bundle, or rosters and marks as OneRoster."""
    from etl.export_log import note_export

    if what in ("ledger", "findings", "bundle", "oneroster"):
        note_export(_open(), f"export_{what}", (school or ()) if what in ("bundle", "oneroster") else ())
    if what == "bundle":
        _export_bundle(target, file_format, school or ())
        return
    if what == "oneroster":
        _export_oneroster(target, file_format, school or ())
        return
    from checks.export import export_findings
    from etl.export import export_ledger

    if file_format != "csv":
        raise SettingsError(f"--format {file_format!r} is not known.", advice="Use csv.")
    writers: dict[str, Any] = {
        "ledger": lambda stream, url: export_ledger(url, stream, as_of=as_of),
        "findings": lambda stream, url: export_findings(url, stream),
    }
    if what not in writers:
        raise SettingsError(f"There is no export {what!r}.", advice=f"Choose one of {', '.join(writers)}.")
    _write(target, writers[what])


def _export_bundle(target: Path | None, file_format: str, school_keys: Sequence[str]) -> None:
    from etl.export_bundle import export_bundle

    if file_format not in ("csv", "parquet"):
        raise SettingsError(f"--format {file_format!r} is not known.", advice="Use csv or parquet.")
    if target is None:
        raise SettingsError("A bundle is several files.", advice="Say where: --out FOLDER or --out FILE.zip.")
    url = _open()
    with progress_bars(err) as bars:
        written = export_bundle(
            url,
            target,
            school_keys=school_keys,
            file_format="csv" if file_format == "csv" else "parquet",
            progress=bars.step,
        )
    for bundle in written:
        out.print(f"{bundle.path}: {sum(bundle.counts.values()):,} rows of {len(bundle.part.school_ids)} schools")


def _export_oneroster(target: Path | None, file_format: str, school_keys: Sequence[str]) -> None:
    from etl.export_oneroster import export_oneroster

    if file_format not in ("csv", "1.1", "1.2"):
        raise SettingsError(f"--format {file_format!r} is not known.", advice="Use 1.1 or 1.2.")
    if target is None:
        raise SettingsError("OneRoster is several files in one.", advice="Say where: --out FILE.zip.")
    version: Literal["1.1", "1.2"] = "1.1" if file_format == "1.1" else "1.2"
    counts = export_oneroster(_open(), target, version=version, school_keys=school_keys)
    out.print(f"{target}: OneRoster {version}, " + ", ".join(f"{name} {count:,}" for name, count in counts.items()))


def _write(target: Path | None, write: Any) -> None:
    url = _open()
    if target is None:
        write(sys.stdout.buffer, url)
        return
    unfinished = target.with_name(target.name + ".part")
    try:
        with unfinished.open("wb") as stream:
            count = write(stream, url)
        unfinished.replace(target)
    except OSError as error:
        raise SettingsError(f"{target} cannot be written: {error.strerror}.", advice="Choose another --out.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    err.print(f"{count:,} rows in {target}")


@app.command(epilog=_example("zavuch version"))
def version() -> None:
    """Show the version."""
    out.print(f"zavuch {installed_version('zavuch')}")


@db.command("start", epilog=_example("zavuch db start"))
def db_start() -> None:
    """Start the database and bring it to the present schema."""
    _open()
    _print_database()


@db.command("stop", epilog=_example("zavuch db stop"))
def db_stop() -> None:
    """Stop the embedded database."""
    from etl.warehouse import embedded

    out.print("Stopped." if embedded.stop(read_settings().home) else "It was not running.")


@db.command("url", epilog=_example("psql $(zavuch db url)"))
def db_url() -> None:
    """Print the owner's URL, password included."""
    from etl.warehouse.engine import owner_url, plain_url

    print(plain_url(owner_url(read_settings())))  # noqa: T201 - meant for command substitution


def _print_database() -> None:
    from etl.warehouse import embedded

    settings = read_settings()
    if settings.database_url:
        out.print("An own database is used (ZAVUCH_DATABASE_URL).")
        return
    state = embedded.status(settings.home)
    out.print(f"PostgreSQL {state.version} runs in {state.data}: {state.url}")


def main() -> None:
    """Entry point: one sentence and an exit code for what a person can mend, a traceback only with --debug."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        app(standalone_mode=True)
    except ZavuchError as error:
        if debug:
            raise
        err.print(f"[red]{error.message}[/red] {error.advice}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        if debug:
            raise
        err.print("Stopped; nothing of the unfinished work was kept.")
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        first = str(error).strip().splitlines()
        err.print(
            f"[red]{type(error).__name__}: {first[0] if first else 'no message'}[/red] This is unexpected; run "
            f"again with --debug for the traceback.",
            highlight=False,
            soft_wrap=True,
            markup=True,
        )
        sys.exit(70)


if __name__ == "__main__":
    main()
