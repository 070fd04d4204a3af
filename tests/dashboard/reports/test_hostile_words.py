"""Words of a hostile bundle in every kind of file: they stay words, and the file opens."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import docx
import openpyxl
import pypdf
import pytest
from lxml import etree

from dashboard.reports.book import book_file
from dashboard.reports.document import Column, Document, Paragraph, Section, Signature, Stamp, Table
from dashboard.reports.pdf import pdf_file
from dashboard.reports.word import TemplateError, docx_file, template
from tests.hostile import EVIL, WORDS

MADE = datetime(2026, 11, 3, 9, 5, tzinfo=ZoneInfo("Europe/Moscow"))
ROWS = [(n, words) for n, words in enumerate(WORDS)]


def _document() -> Document:
    stamp = Stamp(WORDS[0], MADE, WORDS[16], WORDS[1], WORDS[15], WORDS[5])
    table = Table(WORDS[4], (Column("№", 0.06, True), Column(WORDS[3])), ROWS, WORDS[2])
    body = Section(WORDS[10], tuple(Paragraph(words) for words in WORDS))
    return Document("control", WORDS[16], stamp, (body, Section(WORDS[0], (table,))), WORDS[15], WORDS[1],
                    above=(WORDS[2],), signatures=(Signature(WORDS[5], WORDS[3]),))  # fmt: skip


def _packed(text: str) -> str:
    return "".join(text.split())


def test_a_pdf_shows_hostile_words_has_no_link_and_no_script() -> None:
    data = pdf_file(_document())
    reader = pypdf.PdfReader(io.BytesIO(data))
    text = _packed("".join(page.extract_text() for page in reader.pages))
    for words in (WORDS[0], WORDS[3], WORDS[4], WORDS[15], WORDS[16]):
        assert _packed(words)[:40] in text, words
    assert not [page for page in reader.pages if page.get("/Annots")]
    assert b"/JavaScript" not in data and b"/URI" not in data and b"root:x:" not in data


def test_a_docx_shows_hostile_words_and_has_no_field_and_no_outside_reference() -> None:
    data = docx_file(_document())
    made: Any = docx.Document(io.BytesIO(data))
    text = "\n".join([*(line.text for line in made.paragraphs), *(c.text for t in made.tables for c in t._cells)])
    for words in (WORDS[0], WORDS[3], WORDS[5], WORDS[15], WORDS[16]):
        assert words in text, words
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.endswith(".rels"):
                assert b"External" not in archive.read(name), name
        fields = etree.fromstring(archive.read("word/document.xml")).xpath("//*[local-name()='instrText']/text()")
    assert not [field for field in fields if EVIL in field or "HYPERLINK" in field]


def test_a_workbook_of_a_document_holds_no_formula_and_no_link() -> None:
    book = openpyxl.load_workbook(io.BytesIO(book_file(_document())))
    cells = [cell for page in book for line in page for cell in line if cell.value is not None]
    assert len(cells) > 2 * len(WORDS)
    assert not [cell.value for cell in cells if cell.data_type == "f" or cell.hyperlink]
    texts = [str(cell.value) for cell in cells if cell.data_type == "s"]
    assert not [text for text in texts if text.lstrip(" \u202e\u200e").startswith(("=", "+", "-", "@", "\t"))]


def _changed(prologue: str, text: str) -> bytes:
    """The built-in template with a document type of its own and other words for its title."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(template())) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "word/document.xml":
                head, _, rest = part.decode().partition("?>")
                part = f"{head}?>{prologue}{rest.replace('{{ title }}', text)}".encode()
            new.writestr(name, part)
    return out.getvalue()


@pytest.mark.parametrize(
    ("prologue", "text"),
    [
        ('<!DOCTYPE w [<!ENTITY x SYSTEM "{file}">]>', "&x;"),
        ('<!DOCTYPE w [<!ENTITY a "ha">' + "".join(f'<!ENTITY {name} "{f"&{of};" * 20}">' for of, name in
         zip("abcdefgh", "bcdefghi", strict=True)) + "]>", "&i;"),
        ("", "{{ ().__class__.__base__.__subclasses__() }}"),
        ("", "{{ title.__init__.__globals__ }}"),
        ("", "{% for n in range(10**9) %}x{% endfor %}"),
    ],
    ids=["a file of the machine", "a billion laughs", "classes", "globals", "a loop"],
)  # fmt: skip
def test_a_hostile_template_reads_no_file_and_runs_no_code(prologue: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("zz-of-this-machine", encoding="utf-8")
    own = _changed(prologue.replace("{file}", (tmp_path / "secret.txt").as_uri()), text)
    (tmp_path / "control.docx").write_bytes(own)
    try:
        data = docx_file(_document(), tmp_path)
    except TemplateError as refused:
        assert "control.docx" in str(refused)
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        whole = archive.read("word/document.xml")
    assert b"zz-of-this-machine" not in whole and b"<class" not in whole and b"&lt;class" not in whole
    assert b"__builtins__" not in whole and len(whole) < 1_000_000
