"""A document as a workbook: its tables with typed cells, its words, its stamp.

Every table has a sheet of its own; of more than MOST_SHEETS all stand under each other on one, each below its heading
and sentences. The words have a sheet: the first one where the document is a text, else behind the tables.
"""

from __future__ import annotations

from datetime import UTC

from dashboard.i18n import day_short, t
from dashboard.reports.document import Document, Paragraph, Section
from dashboard.table_export import Sheet, distinct
from dashboard.workbook import Block, xlsx_book

MOST_SHEETS = 8
"""Nobody turns sixty sheets."""


def book_file(document: Document) -> bytes:
    """The workbook; StampError where the stamp is not complete, ValueError for a table longer than a sheet gets."""
    at = document.stamp.at().astimezone(UTC).replace(tzinfo=None)
    stamp = [(t("finding_export.about_title"), document.title), *document.stamp.lines(), *document.narrowed]
    if len(document.tables()) > MOST_SHEETS:
        blocks = [block for section in document.sections for block in _blocks(section)]
        return xlsx_book([], stamp, created=at, stacked=(document.title, [*_head(document), *blocks]))
    sheets = [
        Sheet(table.title or document.title, tuple(distinct(column.label for column in table.columns)), table.rows)
        for table in document.tables()
    ]
    text = Sheet(t("documents.text"), (t("documents.about"), t("documents.text")), _words(document))
    is_text = any(
        isinstance(block, Paragraph) and block.kind != "note"
        for section in document.sections
        for block in section.blocks
    )
    return xlsx_book([text, *sheets] if is_text or not sheets else [*sheets, text], stamp, created=at)


def _words(document: Document) -> list[tuple[str, str]]:
    words = [("", line) for line in _lines(document)]
    for section in document.sections:
        head = section.title
        for block in section.blocks:
            words.append((head, block.text if isinstance(block, Paragraph) else block.title))
            head = ""
    return words + [
        (line.post, f"{line.name} {t('documents.signed', day=day_short(line.signed)) if line.signed else ''}".strip())
        for line in document.signatures
    ]


def _lines(document: Document) -> list[str]:
    lines = (*document.above, document.title, document.subtitle, document.school, document.place)
    return [line for line in lines if line]


def _head(document: Document) -> list[Block]:
    return [Block(tuple(_lines(document)), None)]


def _blocks(section: Section) -> list[Block]:
    """The tables of a section, each below the words that stand before it."""
    found: list[Block] = []
    words = [section.title] if section.title else []
    for block in section.blocks:
        if isinstance(block, Paragraph):
            words.append(block.text)
            continue
        title = section.heading_of(block)
        labels = tuple(distinct(column.label for column in block.columns))
        said = (*words, *((title,) if title else ()), *((block.empty,) if not block.rows and block.empty else ()))
        found.append(Block(said, Sheet(block.title, labels, block.rows)))
        words = []
    return [*found, Block(tuple(words), None)] if words else found
