"""`zavuch metrics`: which settings of indicators there are, what each school says, and what is wrong with its file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from etl.cli_print import example, out
from etl.contract.variants import DEFAULTS, VARIANTS, with_values
from etl.errors import SettingsError
from etl.metric_files import FOLDER, Stated, read_metric_files
from etl.settings import read_settings


def metrics(
    school: Annotated[str | None, typer.Argument(help="Key of a school: its values beside the defaults.")] = None,
    path: Annotated[
        Path | None, typer.Option(help="A folder of regulations to try out instead of the configured one.")
    ] = None,
) -> None:
    """List the settings of indicators with their defaults and reasons, and what schools state otherwise.

    A school's file stands in the folder `metrics` beside its regulations. It only reads files; `zavuch derive` applies
    them. The exit code is 1 when a file cannot be used.
    """
    folder = path or read_settings().regulations
    stated = read_metric_files(folder)
    if school is not None and school not in stated:
        where = f"{folder / FOLDER}" if folder is not None else "no folder: ZAVUCH_REGULATIONS is not set"
        raise SettingsError(
            f"No file states settings of the school {school!r} ({where}).",
            advice=f"Files speak of: {', '.join(stated) or 'no school'}.",
        )
    out.print(_table(stated.get(school) if school is not None else None))
    for key, own in stated.items() if school is None else ():
        values = "; ".join(f"{name} = {_words(value)}" for name, value in own.values.items())
        out.print(f"{key}: {values or 'nothing'} — {own.source}", highlight=False, markup=False, soft_wrap=True)


def _table(own: Stated | None) -> Table:
    title = f"Settings of the school {own.school_key}" if own else "Settings of indicators"
    table = Table(title=title, show_lines=True)
    for column in ("setting", "value", "from", "expected", "reason of the default"):
        table.add_column(column, overflow="fold")
    in_force = with_values(own.values) if own else DEFAULTS
    for variant in VARIANTS:
        origin = own.source if own and variant.name in own.values else "default"
        cells = (variant.name, _words(getattr(in_force, variant.name)), origin, variant.expects, variant.reason)
        table.add_row(*(escape(cell) for cell in cells))
    return table


def _words(value: object) -> str:
    if isinstance(value, tuple):
        pairs = ((f"{key:g}" if isinstance(key, float) else key, number) for key, number in value)
        return ", ".join(f"{key}: {number}" for key, number in pairs)
    return str(value)


EPILOG = example("zavuch metrics school-7")
