"""Workbooks as grids of text. `python-calamine` reads XLSX and XLS; it pays no heed to a wrong `<dimension>`."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import python_calamine

from etl.errors import SourceError
from etl.sources.school_portal.words import cleaned, folded
from etl.sources.unpacked import refuse_bomb

NEAR_ROWS, NEAR_COLUMNS = 40, 12
"""Anchors stand above and to the left of the marks."""
Grid = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Sheet:
    """One sheet: `rows[r][c]` is the text of a cell, both counted from 0 as they stand in the workbook."""

    file: str
    name: str
    rows: Grid

    def at(self, row: int, column: int) -> str:
        return self.rows[row][column] if row < len(self.rows) and column < len(self.rows[row]) else ""

    def address(self, row: int, column: int) -> str:
        """«Алг 7а!F12», for a person who looks the cell up."""
        return f"{self.name}!{letters(column)}{row + 1}"

    def find(self, words: tuple[str, ...], start: int = 0) -> tuple[int, int] | None:
        """The first cell near the corner, from the row `start` on, whose folded text begins with one of the words."""
        for row, cells in enumerate(self.rows[start:NEAR_ROWS], start):
            for column, text in enumerate(cells[:NEAR_COLUMNS]):
                if text and folded(text).startswith(words):
                    return row, column
        return None


@cache
def letters(column: int) -> str:
    """Name of a column counted from 0: A … Z, AA …"""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def read_sheets(file: str, content: bytes) -> list[Sheet]:
    """Every sheet of a workbook. Raises ValueError when it is none that can be read, or a bomb."""
    try:
        refuse_bomb(file, content)
        workbook = python_calamine.load_workbook(io.BytesIO(content))
        return [
            Sheet(file, name, _grid(workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)))
            for name in workbook.sheet_names
        ]
    except (python_calamine.CalamineError, SourceError, OSError, KeyError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _grid(rows: list[list[Any]]) -> Grid:
    return tuple(tuple(_text(cell) if cell != "" else "" for cell in row) for row in rows)


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return f"{cell:%d.%m.%Y}"
    return cleaned(str(cell))
