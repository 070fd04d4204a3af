"""A table of sentences: real HTML with a header, long texts wrapped, one row a click away; cards on a narrow screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import streamlit as st

from dashboard.components.packed import packed
from dashboard.components.source import source
from dashboard.exports import offer_words
from dashboard.i18n import t, unbroken

Tone = Literal["", "good", "warn", "bad", "quiet", "unknown", "info"]
_SIGNS: dict[Tone, str] = {"": "", "good": "✓", "warn": "▲", "bad": "!", "quiet": "", "unknown": "?", "info": "i"}

Sorts = Literal["", "all", "some"]
_TEXTS: dict[Sorts, tuple[str, ...]] = {"": (), "all": ("hint", "by", "as_is", "up", "down"), "some": ("some",)}
FEWEST_SORTED = 5
"""Fewer rows are seen at once."""

_COMPONENT = st.components.v2.component(
    "zavuch_row_table",
    html='<div class="root"></div>',
    css=source("grid.css", "sorting.css", "row_table.css"),
    js=source("unpacked.js", "shared.js", "sorting.js", "row_table.js"),
)


@dataclass(frozen=True)
class Column:
    """One column: its words, `is_number` sets it flush right, `wide` lets it take the room that is left."""

    label: str
    is_number: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: the text, a small second line, and the tone of that line (with its sign: colour is never
    alone).

    `badge` puts the tone on the text itself; `action` is the words of a second button, beside the click on the row.
    """

    text: str = ""
    note: str = ""
    tone: Tone = ""
    badge: bool = False
    action: str = ""


@dataclass(frozen=True)
class Row:
    """One row; `id` is what a click returns, None = it opens nothing. `opens` names the click for those who hear the
    page. `is_sum`: the sum of the others, which stays where it is when these are sorted.
    """

    cells: tuple[Cell, ...]
    id: int | None = None
    opens: str = ""
    is_sum: bool = False

    @cached_property
    def drawn(self) -> dict[str, Any]:
        """What the script draws of it, made once: rows that are kept are drawn again and again."""
        cells = [
            [
                unbroken(cell.text),
                unbroken(cell.note),
                cell.tone,
                _SIGNS[cell.tone] if cell.note or cell.badge else "",
                cell.badge,
                cell.action,
            ]
            for cell in self.cells
        ]
        return {"cells": cells, "opens": self.opens if self.id is not None else "", "is_sum": self.is_sum}


Every = tuple[int, Callable[[], Sequence[Row]]]
"""How many rows a table has in all, and what makes them."""


def row_table(
    key: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    caption: str,
    height: int | None = None,
    on_action: Callable[[int], object] | None = None,
    every: Every | None = None,
    as_file: bool = True,
    of: int | None = None,
    sorts: bool = True,
) -> int | None:
    """Draw the table and the buttons that save it; returns the id of the row just clicked, else None.

    A heading sorts the rows in the browser where they are all there; `of` = how many rows there are in all (by default
    those of `every`): a part of them is not sorted, and the table says so. `sorts` false: the order says something.

    The file holds `every` row where the page shows only some of them, made when somebody saves it; `as_file` false
    where the page offers a better file of the same.

    `on_action` gets the place (from 0) of the row whose second button was pressed. `height` in pixels makes it scroll
    inside itself. A table of more than three columns becomes cards where it is narrow.
    """
    result = _COMPONENT(
        key=key,
        data=packed(
            table_payload(columns, rows, caption=caption, height=height, sorts=_sorts(rows, every, of) if sorts else "")
        ),
        on_row_change=lambda: None,
        on_action_change=lambda: None,
    )
    if as_file:
        heads = [(column.label, column.is_number) for column in columns]
        total, make = every or (len(rows), lambda: rows)
        offer_words(key, caption, heads, lambda: [[(c.text, c.note) for c in row.cells] for row in make()], total)
    place = _place(result.action, rows)
    if on_action is not None and place is not None:
        on_action(place)
    return clicked_row(result.row, rows)


def _sorts(rows: Sequence[Row], every: Every | None, of: int | None) -> Sorts:
    """Whether headings sort: all rows are there, only some of them, or too few to be sorted."""
    total = of if of is not None else every[0] if every is not None else len(rows)
    if total > len(rows):
        return "some"
    return "all" if len(rows) >= FEWEST_SORTED else ""


def table_payload(
    columns: Sequence[Column], rows: Sequence[Row], *, caption: str, height: int | None = None, sorts: Sorts = ""
) -> dict[str, Any]:
    """What the script draws; `sorts` "all" = headings sort, "some" = the table says why they do not. Raises ValueError
    where a row has another number of cells than there are columns."""
    for row in rows:
        if len(row.cells) != len(columns):
            raise ValueError(f"A row has {len(row.cells)} cells, the table {len(columns)} columns.")
    return {
        "caption": caption,
        "height": height,
        "columns": [[column.label, column.is_number, column.wide] for column in columns],
        "rows": [row.drawn for row in rows],
        "sorts": sorts,
        "text": {name: t(f"row_table.{name}") for name in _TEXTS[sorts]},
    }


def clicked_row(index: Any, rows: Sequence[Row]) -> int | None:
    """Id of the row the browser named; None for anything it could not have sent."""
    place = _place(index, rows)
    return None if place is None else rows[place].id


def _place(index: Any, rows: Sequence[Row]) -> int | None:
    if isinstance(index, bool) or not isinstance(index, int | float) or not 0 <= index < len(rows):
        return None
    return int(index)
