"""`zavuch watch` and `zavuch raw`: files that appear in a folder, and files that were loaded before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from etl.cli_print import err, example, out, print_load, print_precision
from etl.errors import SourceError
from etl.settings import read_settings

raw = typer.Typer(no_args_is_help=True, help="Files that were loaded, kept encrypted: list, replay.")
Check = Callable[[str], object]


def _open() -> str:
    from etl.warehouse.schema import open_warehouse

    return open_warehouse(read_settings())


def attach(app: typer.Typer, check: Check) -> None:
    """Hang the commands into the program; `check` renews the findings after a load."""

    @app.command(epilog=example("zavuch watch /srv/journals --school-key school-7"))
    def watch(
        folder: Annotated[Path, typer.Argument(help="Folder; each file or folder in it is one export.")],
        once: Annotated[bool, typer.Option("--once", help="Load what lies there now and end, for cron.")] = False,
        seconds: Annotated[float, typer.Option(help="Pause between two looks.")] = 15.0,
        school_key: Annotated[str, typer.Option(help="Key of the school; else school.toml in the folder.")] = "",
    ) -> None:
        """Load what appears in a folder; nothing is moved, and the same content is never loaded twice."""
        from etl.watch import watch as look

        settings, url = read_settings(), _open()

        def load(entry: Path) -> None:
            from etl.load_files import load_files
            from etl.watch import answers_beside

            loaded = load_files(
                [entry], url, settings, given={"school_key": school_key}, answers_file=answers_beside(folder)
            )
            print_load(out, loaded.report)
            print_precision(out, loaded)
            if not loaded.report.is_repeat:
                check(url)

        try:
            count = look(
                folder, settings.home, load, lambda line: err.print(line, markup=False), seconds=seconds, once=once
            )
        except KeyboardInterrupt:
            return
        out.print(f"Loaded: {count}.")

    app.add_typer(raw, name="raw")
    raw.command("replay", epilog=example("ZAVUCH_HOME=/srv/again zavuch raw replay"))(_replay(check))


@raw.command("list", epilog=example("zavuch raw list"))
def raw_list() -> None:
    """List the kept loads, the oldest moment first."""
    from etl.raw_store import kept_loads

    table = Table(title="Kept files")
    for name in ("moment (UTC)", "source", "files", "MiB", "SHA-256"):
        table.add_column(name)
    for load in kept_loads(read_settings()):
        size = sum(file.size for file in load.files) / 2**20
        names = ", ".join(load.given_paths)
        table.add_row(
            load.extracted_at[:16], load.source, names, f"{size:,.1f}", " ".join(f.sha256[:12] for f in load.files)
        )
    out.print(table)


def _replay(check: Check) -> Callable[[], None]:
    def replay() -> None:
        """Load every kept file again, in the order of the moments; for an empty database."""
        from etl.load_files import load_files
        from etl.raw_store import replay as again

        settings, url = read_settings(), _open()

        def load(paths: list[Path], given: Mapping[str, Any], answers: Path | None) -> None:
            try:
                loaded = load_files(paths, url, settings, given=given, answers_file=answers, is_replay=True)
            except SourceError as error:
                err.print(f"{paths[0].name}: {error}", markup=False)
                return
            out.print(f"{paths[0].name}: {'known' if loaded.report.is_repeat else 'loaded'}")

        loads = again(settings, load)
        if loads:
            check(url)
        out.print(f"Replayed: {len(loads)}.")

    return replay
