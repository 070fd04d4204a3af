"""A table as a file: typed cells, what stands above it, and nothing that a table program would calculate."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl
import pytest

from dashboard.components.heat_grid import Axis, heat_sheet
from dashboard.components.heat_grid import Cell as Shade
from dashboard.components.journal_grid import Entry, JournalGrid, LessonColumn, PupilRow, journal_table
from dashboard.table_export import (
    MOST_IN_WORKBOOK,
    Share,
    Sheet,
    csv_file,
    distinct,
    file_name,
    safe,
    sheet_of_frame,
    sheet_of_words,
    typed,
    zip_file,
)
from dashboard.workbook import xlsx_file

MOMENT = datetime(2026, 11, 12, 3, 0, tzinfo=UTC).astimezone(ZoneInfo("Europe/Moscow"))
ABOUT = [("Отчёт", "Заполнение"), ("Кто сформировал", "=Орлова М. П.")]
SHEET = Sheet(
    "Заполнение: 7А/7Б",
    ("Учитель", "Не заполнено", "Доля", "Балл", "Срок", "Внесено"),
    [
        ("=1+1", 3, Share(0.853), 4.25, date(2026, 11, 12), MOMENT),
        ("Орлов; А.", 1200, Share(1), None, None, None),
    ],
)
DANGEROUS = [" =1+1", "\u202e=1", "\uff1d1+1", "=1+1", "+7", "-2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://a")']


def test_a_workbook_has_typed_cells_a_frozen_header_filters_and_a_sheet_about_itself() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx_file(SHEET, ABOUT)))
    assert book.sheetnames == ["Заполнение  7А 7Б", "Сведения"]
    page = book.worksheets[0]
    assert [cell.value for cell in page[1]] == list(SHEET.columns)
    first = page[2]
    assert [cell.value for cell in first] == [
        "'=1+1", 3, 0.853, 4.25, datetime(2026, 11, 12), datetime(2026, 11, 12, 6)  # noqa: DTZ001 - a workbook's cell
    ]  # fmt: skip
    assert [cell.number_format for cell in first[1:]] == [
        "#,##0",
        "0.0%",
        "#,##0.0##",
        "dd.mm.yyyy",
        "dd.mm.yyyy hh:mm",
    ]
    assert [cell.value for cell in page[3]] == ["Орлов; А.", 1200, 1, None, None, None]
    assert (page.freeze_panes, page.auto_filter.ref) == ("B2", "A1:F3")
    assert 8 <= (page.column_dimensions["A"].width or 0) <= 61
    assert [[cell.value for cell in row] for row in book["Сведения"]] == [
        ["Отчёт", "Заполнение"],
        ["Кто сформировал", "'=Орлова М. П."],
    ]


def test_the_csv_says_the_same_for_a_table_program() -> None:
    body = csv_file(SHEET, ABOUT)
    assert body.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(body.decode("utf-8-sig")), delimiter=";")) == [
        ["Отчёт", "Заполнение"],
        ["Кто сформировал", "'=Орлова М. П."],
        [],
        list(SHEET.columns),
        ["'=1+1", "3", "85,3%", "4,25", "12.11.2026", "12.11.2026 06:00"],
        ["Орлов; А.", "1200", "100%", "", "", ""],
    ]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_becomes_a_formula_or_a_link(text: str) -> None:
    assert safe(text) == f"'{text}"
    sheet = Sheet(text, (text, "http://a"), [(text, "http://b")])
    book = openpyxl.load_workbook(io.BytesIO(xlsx_file(sheet, [(text, text)])))
    cells = [cell for page in book for row in page for cell in row]
    assert len(cells) == 6 and not [cell for cell in cells if cell.data_type != "s" or cell.hyperlink]
    assert not [cell for cell in cells if str(cell.value).startswith(("=", "+", "-", "@", "\t", "\r"))]
    written = csv.reader(io.StringIO(csv_file(sheet, [(text, text)]).decode("utf-8-sig"), newline=""), delimiter=";")
    assert not [cell for line in written for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("85,3\u00a0%", Share(0.853)),
        ("12.11.2026", date(2026, 11, 12)),
        ("31.02.2026", "31.02.2026"),
        ("1\u00a0234", 1234),
        ("-4,5", -4.5),
        ("0018", "0018"),
        (">99,9\u00a0%", ">99,9\u00a0%"),
        ("—", None),
        ("", None),
    ],
)
def test_a_shown_text_gets_its_type_back(text: str, value: object) -> None:
    found = typed(text, is_number=True)
    assert found == value and type(found) is type(value)


def test_a_text_is_no_number_where_no_numbers_stand() -> None:
    assert typed("7", is_number=False) == "7"


def test_notes_stand_beside_their_column_and_empty_columns_are_left_out() -> None:
    sheet = sheet_of_words(
        "Журналы",
        [("Класс", False), ("Доля", True), ("", False)],
        [[("7А", ""), ("50,0\u00a0%", "2 из 4"), ("", "")]],
    )
    assert sheet == Sheet("Журналы", ("Класс", "Доля", "Доля: пояснение"), [("7А", Share(0.5), "2 из 4")])


def test_two_columns_of_one_name_are_told_apart() -> None:
    assert distinct(["Класс", "класс", "Класс"]) == ["Класс", "класс (2)", "Класс (3)"]


def test_a_frame_keeps_its_shares() -> None:
    sheet = sheet_of_frame("Доли", pl.DataFrame({"Школа": ["а", "б"], "Доля": [0.5, None]}), ["Доля"])
    assert [type(value) for value in sheet.rows[0]] == [str, Share] and sheet.rows[1] == ("б", None)


def test_a_grid_is_saved_as_it_is_seen() -> None:
    cells = {(1, "a"): Shade(0.5, 4), (1, "b"): Shade(None, 3), (2, "a"): Shade(1.0, 0)}
    sheet = heat_sheet(
        [Axis(1, "7А"), Axis(2, "7Б")], [Axis("a", "Химия"), Axis("b", "Физика")], cells, caption="Сетка"
    )
    assert [list(row) for row in sheet.rows] == [["7А", Share(0.5), "нельзя оценить"], ["7Б", None, None]]


def test_a_journal_is_saved_with_marks_and_absences_as_text() -> None:
    lessons = [
        LessonColumn(1, date(2026, 11, 2)),
        LessonColumn(2, date(2026, 11, 2)),
        LessonColumn(3, MOMENT, head="I"),
    ]
    entries = {(5, 1): Entry(marks=("5", "4")), (5, 2): Entry(absence="н"), (5, 3): Entry(marks=("5",))}
    sheet = journal_table(JournalGrid([PupilRow(5, "Абрамов А.")], lessons, entries, "Журнал"))
    assert sheet.columns[1:] == ("02.11.2026", "02.11.2026 (2)", "I")
    assert list(sheet.rows[0]) == ["Абрамов А.", "5 4", "н", "5"]


def test_a_table_too_long_for_a_workbook_is_packed() -> None:
    long = Sheet("Длинная", ("№",), [(1,)] * (MOST_IN_WORKBOOK + 1))
    with pytest.raises(ValueError, match="50001"):
        xlsx_file(long, [])
    with zipfile.ZipFile(io.BytesIO(zip_file(long, ABOUT, "длинная"))) as archive:
        assert archive.namelist() == ["длинная.csv"]
        assert archive.read("длинная.csv").count(b"\r\n") == MOST_IN_WORKBOOK + 5


def test_a_file_is_called_by_its_title_and_day() -> None:
    assert file_name("Заполнение: 7А / химия?", date(2026, 11, 12)) == "Заполнение-7А-химия-2026-11-12"
