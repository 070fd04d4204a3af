"""Grid of shares: rows × columns, a number in every cell, a click gives the row and the column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.components.packed import packed
from dashboard.components.palette import ALERT, FEW, alert_css
from dashboard.components.source import source
from dashboard.exports import offer
from dashboard.i18n import t
from dashboard.table_export import Share, Sheet, Value, distinct

_COMPONENT = st.components.v2.component(
    "zavuch_heat_grid",
    html='<div class="root"></div>',
    css=source("grid.css", "heat_grid.css") + alert_css(),
    js=source("unpacked.js", "shared.js", "grid.js", "heat_grid.js"),
)


@dataclass(frozen=True)
class Axis:
    """One row or column: `id` comes back with a click, `label` is shown, `hint` is the tooltip."""

    id: str | int
    label: str
    hint: str = ""


@dataclass(frozen=True)
class Cell:
    """`share` 0–1 or None for «нельзя оценить»; `n` = how many were due (0 = nothing due: a dash; below 5:
    hatched).
    """

    share: float | None
    n: int


def heat_grid(
    key: str,
    rows: Sequence[Axis],
    columns: Sequence[Axis],
    cells: Mapping[tuple[Any, Any], Cell],
    *,
    caption: str,
    corner: str = "",
    noun: str = "lesson",
    as_file: bool = True,
    beside: Callable[[], None] | None = None,
    of: str = "due",
) -> tuple[str | int | None, str | int | None] | None:
    """Draw the grid and the buttons that save it; returns (row id, column id) of the cell just clicked, (row id, None)
    or (None, column id) for a header.

    `cells` without a pair = nothing due there. `caption` says in words what the grid shows (read aloud, not
    drawn); `noun` is a key of `noun.*` for the tooltip. Ids come back in the type they were given in. `as_file` false
    where the page offers a better file of the same; `beside` draws further files in the same line. `of` = what the
    legend speaks of (`grid.nothing_*`, `grid.ramp_*`): due records, lessons attended, or a norm.
    """
    data = heat_payload(rows, columns, cells, caption=caption, corner=corner, noun=noun, of=of)
    result = _COMPONENT(key=key, data=packed(data), on_cell_change=lambda: None)
    with st.container(horizontal=True, gap="small", key=f"zavuch_files_{key}"):
        if as_file:
            offer(key, caption, lambda: heat_sheet(rows, columns, cells, caption=caption, corner=corner), len(rows))
        if beside is not None:
            beside()
    return clicked(result.cell, rows, columns)


def heat_payload(
    rows: Sequence[Axis],
    columns: Sequence[Axis],
    cells: Mapping[tuple[Any, Any], Cell],
    *,
    caption: str,
    corner: str = "",
    noun: str = "lesson",
    of: str = "due",
) -> dict[str, Any]:
    """What the script draws: axes as [label, hint], cells as [share, n] or null, in the order of the axes."""
    matrix = [[_packed(cells.get((row.id, column.id))) for column in columns] for row in rows]
    return {
        "rows": [[axis.label, axis.hint] for axis in rows],
        "columns": [[axis.label, axis.hint] for axis in columns],
        "cells": matrix,
        "caption": caption,
        "corner": corner,
        "steps": [step.at_least for step in ALERT],
        "few": FEW,
        "unknown": any(cell is not None and cell[0] is None for line in matrix for cell in line),
        "noun": {form: t(f"noun.{noun}.{form}") for form in ("one", "few", "many", "other")},
        "text": {
            "none": t(f"grid.nothing_{of}"),
            "unknown": t("number.cannot_tell"),
            "few": t("grid.few"),
            "legendFew": t("grid.legend_few"),
            "ramp": t(f"grid.ramp_{of}"),
        },
    }


def heat_sheet(
    rows: Sequence[Axis],
    columns: Sequence[Axis],
    cells: Mapping[tuple[Any, Any], Cell],
    *,
    caption: str,
    corner: str = "",
) -> Sheet:
    """The grid as a table for a file: a row per row, shares in the cells, an empty cell where nothing was due."""
    lines = [[row.label, *(_value(cells.get((row.id, column.id))) for column in columns)] for row in rows]
    heads = [corner or t("export.unnamed"), *(axis.label for axis in columns)]
    return Sheet(caption, tuple(distinct(heads)), lines)


def _value(cell: Cell | None) -> Value:
    if cell is None or cell.n == 0:
        return None
    return t("number.cannot_tell") if cell.share is None else Share(cell.share)


def clicked(
    place: Any, rows: Sequence[Axis], columns: Sequence[Axis]
) -> tuple[str | int | None, str | int | None] | None:
    """Ids of a [row, column] the browser sent (-1 = the header); None for anything it could not have sent."""
    if not (isinstance(place, list | tuple) and len(place) == 2):
        return None
    row, column = (int(i) if isinstance(i, int | float) else -2 for i in place)
    if not (-1 <= row < len(rows) and -1 <= column < len(columns)) or row == column == -1:
        return None
    return (rows[row].id if row >= 0 else None, columns[column].id if column >= 0 else None)


def _packed(cell: Cell | None) -> list[float | int | None] | None:
    if cell is None or cell.n == 0:
        return None
    if cell.share is None:
        return [None, cell.n]
    # rounding for the wire never makes a gap disappear
    return [1 if cell.share >= 1 else min(round(cell.share, 4), 0.9999), cell.n]
