"""A document as a workbook: its words on the first sheet, then every table on a sheet of its own, with typed cells."""

from __future__ import annotations

from datetime import UTC

from dashboard.i18n import day_short, t
from dashboard.reports.document import Document, Paragraph
from dashboard.table_export import Sheet, distinct
from dashboard.workbook import xlsx_book


def book_file(document: Document) -> bytes:
    """The workbook; StampError where the stamp is not complete, ValueError for a table longer than a sheet gets."""
    at = document.stamp.at().astimezone(UTC).replace(tzinfo=None)
    words = [("", line) for line in (*document.above, document.title, document.subtitle, document.school) if line]
    for section in document.sections:
        head = section.title
        for block in section.blocks:
            words.append((head, block.text if isinstance(block, Paragraph) else block.title))
            head = ""
    words += [
        (line.post, f"{line.name} {t('documents.signed', day=day_short(line.signed)) if line.signed else ''}".strip())
        for line in document.signatures
    ]
    sheets = [
        Sheet(table.title or document.title, tuple(distinct(column.label for column in table.columns)), table.rows)
        for table in document.tables()
    ]
    text = Sheet(t("documents.text"), (t("documents.about"), t("documents.text")), words)
    stamp = [(t("finding_export.about_title"), document.title), *document.stamp.lines(), *document.narrowed]
    return xlsx_book([text, *sheets], stamp, created=at)
