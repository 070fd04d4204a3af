"""A table as an XLSX workbook: the table with typed cells, then a sheet with what it is. Pure.

Written by xlsxwriter cell by cell with the type of the value, so that no text becomes a formula, a link or a number.
Not in its `constant_memory` mode and not through Polars' `write_excel`, which leaves the sheet empty in that mode.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dashboard.i18n import day_short, t
from dashboard.table_export import MOST_IN_WORKBOOK, About, Share, Sheet, Value, safe

_LONGEST = 32_767  # characters of a cell
_FIRST_DAY = date(1900, 3, 1)  # before it table programs count days in different ways
_NARROWEST, _WIDEST = 8, 60  # characters of a column
_LOOKED_AT = 1_000  # rows by which the width of a column is found
_FORMATS = {
    "head": {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EDF5"},
    "text": {"text_wrap": True, "valign": "top"},
    "name": {"bold": True, "valign": "top"},
    "plain": {"valign": "top"},
    "day": {"num_format": "dd.mm.yyyy", "align": "left", "valign": "top"},
    "moment": {"num_format": "dd.mm.yyyy hh:mm", "align": "left", "valign": "top"},
    "share": {"num_format": "0.0%", "valign": "top"},
    "whole": {"num_format": "#,##0", "valign": "top"},
    "decimal": {"num_format": "#,##0.0##", "valign": "top"},
}


@dataclass(frozen=True)
class Block:
    """Words, the first of them the heading, and the table below them (None = only words)."""

    words: tuple[str, ...]
    sheet: Sheet | None


def xlsx_file(sheet: Sheet, about: About) -> bytes:
    """The workbook; ValueError for more than `MOST_IN_WORKBOOK` rows."""
    return xlsx_book([sheet], about)


def xlsx_book(
    sheets: Sequence[Sheet], about: About, created: datetime | None = None,
    stacked: tuple[str, Sequence[Block]] | None = None,
) -> bytes:  # fmt: skip
    """A sheet for each table, in order, then what they are; the same bytes for the same `created` (UTC, naive).

    `stacked` = name of a sheet and the blocks that stand under each other on it, before the others. ValueError for more
    than `MOST_IN_WORKBOOK` rows on one sheet.
    """
    name, blocks = stacked or ("", ())
    lengths = [len(sheet.rows) for sheet in sheets]
    lengths.append(sum(len(block.sheet.rows) for block in blocks if block.sheet is not None))
    if (longest := max(lengths)) > MOST_IN_WORKBOOK:
        raise ValueError(f"{longest} rows are more than a workbook gets ({MOST_IN_WORKBOOK}).")
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "remove_timezone": True}) as book:
        formats = {name: book.add_format(values) for name, values in _FORMATS.items()}
        book.set_properties(
            {"title": name or (sheets[0].title if sheets else "")} | ({"created": created} if created else {})
        )
        taken: set[str] = set()
        if blocks:
            _stacked(book.add_worksheet(_free_name(name, taken)), blocks, formats)
        for sheet in sheets:
            _table(book.add_worksheet(_free_name(sheet.title, taken)), sheet, formats)
        _about(book.add_worksheet(t("export.about")), about, formats)
    return out.getvalue()


def _stacked(page: Worksheet, blocks: Sequence[Block], formats: dict[str, Format]) -> None:
    line, widths = 0, dict[int, float]()
    for block in blocks:
        for place, words in enumerate(block.words):
            page.write_string(line, 0, safe(words)[:_LONGEST], formats["name" if place == 0 else "plain"])
            line += 1
        sheet = block.sheet
        if sheet is not None:
            for column, label in enumerate(sheet.columns):
                page.write_string(line, column, safe(label), formats["head"])
                widths[column] = max(widths.get(column, 0), _width(sheet, column))
            for row in sheet.rows:
                line += 1
                for column, value in enumerate(row):
                    _write(page, line, column, value, formats)
            line += 1
        line += 1
    for column, width in widths.items():
        page.set_column(column, column, width)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)


def _table(page: Worksheet, sheet: Sheet, formats: dict[str, Format]) -> None:
    for column, label in enumerate(sheet.columns):
        page.write_string(0, column, safe(label), formats["head"])
        page.set_column(column, column, _width(sheet, column))
    for line, row in enumerate(sheet.rows, start=1):
        for column, value in enumerate(row):
            _write(page, line, column, value, formats)
    page.freeze_panes(1, 1 if len(sheet.columns) > 2 else 0)
    if sheet.columns:
        page.autofilter(0, 0, max(1, len(sheet.rows)), len(sheet.columns) - 1)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)


def _about(page: Worksheet, about: About, formats: dict[str, Format]) -> None:
    page.set_column(0, 0, 28)
    page.set_column(1, 1, 90)
    for line, (name, words) in enumerate(about):
        page.write_string(line, 0, safe(name), formats["name"])
        page.write_string(line, 1, safe(words)[:_LONGEST], formats["text"])


def _write(page: Worksheet, line: int, column: int, value: Value, formats: dict[str, Format]) -> None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return
    if isinstance(value, bool):
        raise TypeError("A table for people has words and not truth values.")
    if isinstance(value, Share):
        page.write_number(line, column, float(value), formats["share"])
    elif isinstance(value, int | float):
        page.write_number(line, column, value, formats["whole" if isinstance(value, int) else "decimal"])
    elif isinstance(value, date) and (value.date() if isinstance(value, datetime) else value) >= _FIRST_DAY:
        page.write_datetime(line, column, value, formats["moment" if isinstance(value, datetime) else "day"])
    else:
        words = day_short(value) if isinstance(value, date) else safe(value)
        page.write_string(line, column, words[:_LONGEST], formats["text"])


def _width(sheet: Sheet, column: int) -> float:
    shown = [_length(row[column]) for row in sheet.rows[:_LOOKED_AT]]
    return max(_NARROWEST, min(_WIDEST, max([len(sheet.columns[column]) * 0.8, *shown]) + 3))  # room for the arrow


def _length(value: Value) -> int:
    if value is None:
        return 0
    if isinstance(value, datetime):
        return 16
    if isinstance(value, date):
        return 10
    return len(value) if isinstance(value, str) else 8


def _sheet_name(title: str) -> str:
    words = re.sub(r"[\[\]:*?/\\]", " ", title).strip(" '")[:31].strip(" '")
    return words if words and words != t("export.about") else t("export.sheet")


def _free_name(title: str, taken: set[str]) -> str:
    """The name of the sheet, with a number where another of this book has it already."""
    name = _sheet_name(title)
    times = 1
    while name.casefold() in taken:
        times += 1
        name = f"{_sheet_name(title)[:26]} ({times})"
    taken.add(name.casefold())
    return name
