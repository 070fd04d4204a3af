"""A full export of a school, 22 classes, 326 sheets, 160,000 filled cells: how long reading it takes.

`python -m tests.bench.portal [folder]` writes it and prints seconds of python-calamine, of openpyxl and of the source.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
import warnings
from datetime import date, timedelta
from pathlib import Path

import openpyxl

from etl.sources.answers import Answers
from etl.sources.registry import recognise
from etl.sources.school_portal.archive import read_workbooks
from etl.sources.school_portal.cells import read_sheets
from tests.etl.sources.school_portal_writer import Grid, journal_bytes, zip_cp866

CLASSES, SHEETS, PUPILS, COLUMNS = 22, 326, 27, 30
VALUES = ("5", "4", "", "3", "н", "", "4/5", "", "", "н5", "", "", "2", "")


def full_export(folder: Path, day: date = date(2018, 11, 12)) -> Path:
    """Write `journals-<day>.zip`: about 160,000 filled cells, heads and names included."""
    days = [date(2018, 9, 3) + timedelta(days=number) for number in range(COLUMNS)]
    members = {}
    for number in range(CLASSES):
        name = f"{5 + number // 4}{'абвг'[number % 4]}"
        sheets = SHEETS // CLASSES + (1 if number < SHEETS % CLASSES else 0)
        pupils = [f"Ученик{number}{chr(1072 + row)} {chr(1040 + row)}." for row in range(PUPILS)]
        grids = []
        for sheet in range(sheets):
            grid = Grid(
                f"Предмет {sheet} {name}", f"{name} ({name})", f"Предмет {sheet}", "Иванова М.П.", [*days], pupils
            )
            for row in range(PUPILS):
                for column in range(COLUMNS):
                    if text := VALUES[(row * 7 + column * 3 + sheet) % len(VALUES)]:
                        grid.cells[row, column] = text
            grids.append(grid)
        members[f"2018_2019_{name} ({name}).xlsx"] = journal_bytes(grids)
    return zip_cp866(folder / f"journals-{day:%d.%m.%Y}.zip", members, (day.year, day.month, day.day, 18, 30, 0))


def main(folder: Path) -> None:
    """Write, read thrice, print."""
    path = full_export(folder)
    books = list(read_workbooks((path,)))
    start = time.perf_counter()
    cells = sum(
        1 for book in books for sheet in read_sheets(book.file, book.content) for row in sheet.rows for c in row if c
    )
    calamine = time.perf_counter() - start
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for book in books:
            workbook = openpyxl.load_workbook(io.BytesIO(book.content), read_only=True)
            for sheet in workbook.worksheets:
                sheet.reset_dimensions()
                for _row in sheet.iter_rows(values_only=True):
                    pass
    other = time.perf_counter() - start
    start = time.perf_counter()
    source, recognition = recognise(path)
    bundle = source.open(recognition, Answers(school_key="s1", secret=b"x"), folder / "scratch", lambda *_: None)
    whole = time.perf_counter() - start
    print(f"{len(books)} workbooks, {cells:,} filled cells; calamine {calamine:.2f} s, openpyxl {other:.2f} s")
    print(f"recognised and made a bundle in {whole:.2f} s: {bundle.warnings[0]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()))
