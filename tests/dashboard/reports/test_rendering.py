"""The model of a document and its three renderings: refused without a stamp, the same bytes, the same words."""

from __future__ import annotations

import io
import time
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import docx
import openpyxl
import pypdf
import pytest

from dashboard.reports.book import book_file
from dashboard.reports.document import (
    Column,
    Document,
    Paragraph,
    Section,
    Signature,
    Stamp,
    StampError,
    Table,
    written,
)
from dashboard.reports.pdf import pdf_file
from dashboard.reports.word import TemplateError, docx_file, template
from dashboard.table_export import Share

MADE = datetime(2026, 11, 3, 9, 5, tzinfo=ZoneInfo("Europe/Moscow"))
STAMP = Stamp("«Сетевой город»", MADE, "Иванова А. В., заместитель директора", "02.11.2026 06:00", "Положение", "1.0")
LONG = "Константинопольская-Преображенская Александра Владиславовна"
RENDERERS = (pdf_file, docx_file, book_file)


def _document(rows: int = 3) -> Document:
    table = Table(
        "Замечания",
        (Column("№", 0.06, True), Column("Учитель"), Column("Что"), Column("Доля", 0.12, True), Column("День", 0.14)),
        [(n, LONG, "{{ нет темы }} <b> #strong[x]", Share(0.833), date(2026, 10, 5)) for n in range(1, rows + 1)],
        "Замечаний нет.",
    )
    body = Section("1. Выводы", (Paragraph("Проверено 1 065 уроков."), Paragraph("1) Устранить.", "item")))
    return Document(
        "control", "Справка", STAMP, (body, Section("Приложение 1", (table,), new_page=True)), "по итогам контроля",
        "Лицей № 21", above=("УТВЕРЖДАЮ",), signatures=(Signature("Директор", "Петров П. П.", date(2026, 11, 3)),),
    )  # fmt: skip


@pytest.mark.parametrize("part", ["source", "executor", "as_of", "act", "version"])
@pytest.mark.parametrize("render", RENDERERS)
def test_a_document_without_a_part_of_the_stamp_is_refused_in_russian(render, part):
    gap: dict[str, Any] = {part: ""}
    lacking = replace(_document(), stamp=replace(STAMP, **gap))

    with pytest.raises(StampError, match=r"Документ не сформирован: не указано — .+4\.5"):
        render(lacking)


@pytest.mark.parametrize("render", RENDERERS)
def test_the_same_document_gives_the_same_bytes_later(render):
    first = render(_document())
    time.sleep(1.1)

    assert render(_document()) == first
    assert render(_document(rows=4)) != first


def test_the_pdf_numbers_its_pages_and_breaks_no_text_of_people():
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf_file(_document(rows=200)))).pages]

    assert len(pages) > 5
    assert f"Лист 2 из {len(pages)}" in pages[1].replace("\n", " ")
    assert "Петров" in pages[0], "the signatures stand before the annexes"
    assert "{{ нет темы }} <b> #strong[x]" in pages[1].replace("\n", " ")


def test_the_docx_has_headings_a_repeated_header_row_and_widths():
    made: Any = docx.Document(io.BytesIO(docx_file(_document(rows=200))))
    table = made.tables[0]
    words = [line.text for line in made.paragraphs]

    assert [line.text for line in made.paragraphs if line.style.name == "Heading 1"] == ["1. Выводы", "Приложение 1"]
    assert words.index("Приложение 1") > next(n for n, text in enumerate(words) if "Петров" in text)
    assert len(table.rows) == 201
    assert table.autofit is False
    assert {cell.width for cell in table.columns[1].cells} == {table.columns[1].width}
    assert table.rows[0]._tr.xpath("./w:trPr/w:tblHeader")
    assert [cell.text for cell in table.rows[200].cells] == [
        "200", LONG, "{{ нет темы }} <b> #strong[x]", "83,3\u00a0%", "05.10.2026",
    ]  # fmt: skip
    assert made.styles["Normal"].font.name == "Times New Roman"
    assert round(made.sections[0].left_margin.mm) == 25


def test_the_workbook_holds_typed_cells_and_the_stamp():
    book = openpyxl.load_workbook(io.BytesIO(book_file(_document())))

    assert book.sheetnames == ["Текст", "Замечания", "Сведения"]
    assert book["Замечания"]["D2"].value == pytest.approx(0.833)
    assert book["Замечания"]["E2"].value.date() == date(2026, 10, 5)
    assert ("Источник данных", "«Сетевой город»") in list(book["Сведения"].iter_rows(values_only=True))


def test_a_table_without_rows_says_so():
    text = pypdf.PdfReader(io.BytesIO(pdf_file(_document(rows=0)))).pages[1].extract_text()

    assert "Замечаний нет." in text
    assert "Замечаний нет." in [
        line.text for line in docx.Document(io.BytesIO(docx_file(_document(rows=0)))).paragraphs
    ]


def test_a_school_replaces_the_template_and_a_wrong_one_is_named(tmp_path):
    own = docx.Document(io.BytesIO(template()))
    own.paragraphs[0].insert_paragraph_before("Герб школы")
    own.save(tmp_path / "control.docx")
    assert "Герб школы" in [
        line.text for line in docx.Document(io.BytesIO(docx_file(_document(), tmp_path))).paragraphs
    ]

    docx.Document().save(tmp_path / "control.docx")
    with pytest.raises(TemplateError, match=r"control\.docx не подходит: в нём нет абзаца \{\{ body \}\}"):
        docx_file(_document(), tmp_path)
    (tmp_path / "control.docx").write_bytes(b"no zip")
    with pytest.raises(TemplateError, match=r"control\.docx не подходит"):
        docx_file(_document(), tmp_path)


def test_values_are_written_as_people_read_them():
    assert [written(value) for value in (None, 1281, Share(0.9999), date(2026, 10, 5), 3.5)] == [
        "—", "1\u00a0281", ">99,9\u00a0%", "05.10.2026", "3,50",
    ]  # fmt: skip


def test_a_table_of_many_short_columns_has_upright_headings_and_a_small_one_is_not_stretched():
    subjects = ("Алгебра", "Иностранный язык (английский)", *(f"Предмет {n}" for n in range(8)))
    many = Table("Ведомость", tuple(Column(label) for label in ("Ученик", *subjects)), [(LONG, *"5" * len(subjects))])
    small = Table("Классы", (Column("Класс"), Column("Учеников", numeric=True)), [("7А", 25)])

    assert many.upright() == [False, *[True] * len(subjects)]
    assert sum(many.widths()) <= 1 and len(set(many.widths()[1:])) == 1
    assert small.upright() == [False, False] and sum(small.widths()) < 0.4
    made: Any = docx.Document(
        io.BytesIO(docx_file(replace(_document(), sections=(Section("Ведомость", (many,)),), landscape=True)))
    )
    assert len(made.tables[0].rows[0]._tr.xpath(".//w:textDirection[@w:val='btLr']")) == len(subjects)
    pdf = pypdf.PdfReader(io.BytesIO(pdf_file(replace(_document(), sections=(Section("Ведомость", (many,)),)))))
    assert "Иностранный язык" in pdf.pages[0].extract_text().replace("\n", " ")


def test_a_workbook_of_many_tables_has_them_under_each_other_on_one_sheet():
    sheets = tuple(
        Section(f"Ученик {n}", (Paragraph("Пропущено 2", "note"), Table("", (Column("Предмет"),), [("Труд",)])))
        for n in range(1, 21)
    )
    book = openpyxl.load_workbook(io.BytesIO(book_file(replace(_document(), sections=sheets))))

    assert book.sheetnames == ["Справка", "Сведения"]
    column = [cell.value for cell in book["Справка"]["A"] if cell.value]
    assert column[-4:] == ["Ученик 20", "Пропущено 2", "Предмет", "Труд"] and column.count("Труд") == 20
