"""A document as a file of one of three kinds, by the school's own templates where it has some."""

from __future__ import annotations

from pathlib import Path

from dashboard.reports.document import Document
from etl.settings import read_settings

KINDS = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Ending → media type, in the order of the buttons."""


def templates() -> Path:
    """Folder of the school's own templates: `templates` under ZAVUCH_HOME."""
    return read_settings().home / "templates"


def rendered(document: Document, kind: str) -> bytes:
    """The document as one of KINDS, ValueError for another; StampError and TemplateError speak Russian.

    The libraries are loaded when they are needed: a page that nobody prints never loads them.
    """
    if kind == "docx":
        from dashboard.reports.word import docx_file

        return docx_file(document, templates())
    if kind == "pdf":
        from dashboard.reports.pdf import pdf_file

        return pdf_file(document)
    if kind == "xlsx":
        from dashboard.reports.book import book_file

        return book_file(document)
    raise ValueError(f"{kind!r} is not one of {', '.join(KINDS)}.")
