"""A frame as a table of HTML: numbers in Russian, shares in percent, a dash for nothing; a row may be a click away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import polars as pl

from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.derived import derived
from dashboard.i18n import number, percent

TALL = 12
"""More rows than this scroll inside the table."""


def frame_table(
    key: str,
    rows: pl.DataFrame,
    *,
    caption: str,
    shares: Collection[str] = (),
    empty: str = "—",
    height: int | None = 440,
    opens: Sequence[str] = (),
    digits: int = 2,
    sorts: bool = True,
) -> int | None:
    """Draw the frame under the names of its columns, without the buttons that save it; returns the place (from 0) of
    the row just clicked, else None.

    `shares` names its columns of shares (0–1), `digits` is for its other numbers that are not whole, `empty` stands for
    null. `opens` = the words of the click of each row, empty where it opens nothing; none at all: no row opens.
    """
    columns, table = derived(rows, frame_rows, shares=tuple(shares), empty=empty, opens=tuple(opens), digits=digits)
    tall = height if rows.height > TALL else None
    return row_table(key, columns, table, caption=caption, height=tall, as_file=False, sorts=sorts)


def frame_rows(
    rows: pl.DataFrame, *, shares: Collection[str], empty: str, opens: Sequence[str], digits: int
) -> tuple[list[Column], list[Row]]:
    """The columns and the rows in words; a column of numbers is set flush right, the first takes the room left."""
    columns = [
        Column(name, is_number=kind.is_numeric(), wide=not place)
        for place, (name, kind) in enumerate(rows.schema.items())
    ]
    table = [
        Row(
            tuple(_cell(value, name in shares, empty, digits) for name, value in zip(rows.columns, row, strict=True)),
            place if opens and opens[place] else None,
            opens[place] if opens else "",
        )
        for place, row in enumerate(rows.iter_rows())
    ]
    return columns, table


def _cell(value: Any, is_share: bool, empty: str, digits: int) -> Cell:
    if value is None:
        return Cell(empty)
    if is_share:
        return Cell(percent(value))
    if isinstance(value, float):
        return Cell(number(value, digits))
    return Cell(number(value) if isinstance(value, int) else str(value))
