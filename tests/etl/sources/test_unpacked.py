"""Workbooks and inner zips that are bombs are refused before they are read."""

from __future__ import annotations

import io
import struct
import zipfile

import openpyxl
import pytest

from etl.errors import SourceError
from etl.sources import unpacked
from etl.sources.netschool_files import _of_workbook
from etl.sources.school_portal.cells import read_sheets
from etl.sources.unpacked import refuse_bomb


def workbook(**cells: str) -> bytes:
    book = openpyxl.Workbook()
    page = book["Sheet"]
    for place, value in cells.items():
        page[place] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_an_ordinary_workbook_and_what_is_no_zip_pass() -> None:
    content = workbook(A1="Класс", C300="5")
    refuse_bomb("journal.xlsx", content)
    refuse_bomb("old.xls", b"\xd0\xcf\x11\xe0")
    refuse_bomb("page.html", b"<html>")
    assert read_sheets("journal.xlsx", content)[0].file == "journal.xlsx"


def test_one_cell_in_the_last_corner_of_a_sheet_is_refused_by_every_reader() -> None:
    content = workbook(A1="x", XFD1048576="y")
    for read, error in ((read_sheets, ValueError), (_of_workbook, SourceError)):  # a folder's other files are read on
        with pytest.raises(error, match=r"1,048,576 rows × 16,384 columns"):
            read("journal.xlsx", content)


def test_a_workbook_that_unpacks_to_more_than_anybody_exports_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked, "GREATEST_BYTES", 1_000_000)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 2_000_000)
    with pytest.raises(SourceError, match="unpack to 2,000,000 bytes"):
        refuse_bomb("journal.xlsx", out.getvalue())


def test_a_workbook_that_lies_about_its_sizes_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 2_000_000)
    lying = out.getvalue().replace(struct.pack("<I", 2_000_000), struct.pack("<I", 20))
    with pytest.raises(SourceError, match="damaged"):
        refuse_bomb("journal.xlsx", lying)


def test_a_damaged_workbook_is_told_so() -> None:
    with pytest.raises(SourceError, match="damaged"):
        refuse_bomb("journal.xlsx", b"PK\x03\x04 not a zip")
