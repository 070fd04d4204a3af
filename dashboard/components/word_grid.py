"""Grid of words: rows × columns under a fixed first column, a click gives the row and the column.

A heading sorts the rows in the browser. Wider than the page it scrolls inside itself, and says so; one stop for Tab,
arrows inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from dashboard.components.heat_grid import Axis, clicked
from dashboard.components.packed import packed
from dashboard.components.row_table import FEWEST_SORTED
from dashboard.components.source import source
from dashboard.derived import derived
from dashboard.i18n import t

_COMPONENT = st.components.v2.component(
    "zavuch_word_grid",
    html='<div class="root"></div>',
    css=source("grid.css", "sorting.css", "word_grid.css"),
    js=source("unpacked.js", "shared.js", "grid.js", "sorting.js", "word_grid.js"),
)


@dataclass(frozen=True)
class Word:
    """What stands in a cell: the word (empty: a dash), `poor` is drawn bold and red, `empty` is what should be there;
    `opens` = a click does something."""

    text: str
    tone: Literal["", "poor", "empty"] = ""
    opens: bool = True


@dataclass(frozen=True)
class WordGrid:
    """A grid to draw: `cells` without a pair = a dash that opens nothing; the hint of a row names its click."""

    rows: Sequence[Axis]
    columns: Sequence[Axis]
    cells: Mapping[tuple[Any, Any], Word]
    caption: str
    corner: str


def word_grid(key: str, grid: WordGrid) -> tuple[str | int | None, str | int | None] | None:
    """Draw the grid; returns (row id, column id) of the cell just clicked or (row id, None) of the head of a row. The
    page offers the file."""
    result = _COMPONENT(key=key, data=derived(grid, _packed_grid), on_cell_change=lambda: None)
    return clicked(result.cell, grid.rows, grid.columns)


def _packed_grid(grid: WordGrid) -> bytes:
    return packed(word_payload(grid))


def word_payload(grid: WordGrid) -> dict[str, Any]:
    """What the script draws: axes as [label, hint], cells as [word, tone, opens] or null, in the order of the axes."""
    found = [[grid.cells.get((row.id, column.id)) for column in grid.columns] for row in grid.rows]
    return {
        "rows": [[axis.label, axis.hint] for axis in grid.rows],
        "columns": [axis.label for axis in grid.columns],
        "cells": [[None if cell is None else [cell.text, cell.tone, cell.opens] for cell in line] for line in found],
        "caption": grid.caption,
        "corner": grid.corner,
        "sorts": len(grid.rows) >= FEWEST_SORTED,
        "text": {"sideways": t("grid.sideways"), "none": t("grid.no_word"), "hint": t("row_table.hint")},
    }
