"""A document as PDF, tagged for screen readers, by typst: the same bytes for the same document.

The words travel as JSON in `sys_inputs`, so nothing a person wrote is read as markup. PT Serif is shipped with us (its
licence beside it) and the fonts of the machine are not looked at: the same page on every machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from dashboard.i18n import NBSP, day_short, t
from dashboard.reports.document import Document, Paragraph, Section, Table, written

_HERE = Path(__file__).resolve().parent
FONTS = _HERE / "fonts"
_PAGE = _HERE / "document.typ"


def pdf_file(document: Document) -> bytes:
    """The PDF (PDF/UA-1: tagged, titled, in Russian); StampError where the stamp is not complete."""
    return _compiled(document, "pdf")[0]


def png_pages(document: Document, ppi: float = 80.0) -> list[bytes]:
    """The pages as pictures: for a preview on the screen."""
    return _compiled(document, "png", ppi)


def _compiled(document: Document, kind: Literal["pdf", "png"], ppi: float | None = None) -> list[bytes]:
    return typeset(
        _PAGE, _words(document), format=kind, ppi=ppi, timestamp=int(document.stamp.at().timestamp()),
        pdf_standards="ua-1" if kind == "pdf" else None,
    )  # fmt: skip


def typeset(page: Path, words: dict[str, Any], **options: Any) -> list[bytes]:
    """The files that typst makes of a template, one per picture; the template reads `words` as JSON.

    Only the fonts shipped with us are used. `options` as of `typst.compile`. A sign that the fonts lack (somebody's
    emoji, a control character) is drawn as an empty box: the file is then tagged as ever, and claims no standard.
    """
    import typst  # 80 MB that a page nobody prints need not load

    data = json.dumps(words, ensure_ascii=False, sort_keys=True)
    fixed: Any = {"root": str(page.parent), "font_paths": [str(FONTS)], "ignore_system_fonts": True}
    try:
        found: Any = typst.compile(str(page), sys_inputs={"data": data}, **fixed, **options)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        found = typst.compile(str(page), sys_inputs={"data": data}, **fixed, **{**options, "pdf_standards": None})
    # bytes of the one file, or a list of them where there are several pages
    return found if isinstance(found, list) else [found]


def _words(document: Document) -> dict[str, Any]:
    made = document.stamp.at()
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "school": document.school,
        "place": document.place,
        "above": list(document.above),
        "executor": document.stamp.executor,
        "made": [made.year, made.month, made.day],
        "stamp": [list(line) for line in (*document.stamp.lines(), *document.narrowed)],
        "footer": t("documents.footer", made=f"{day_short(made)}{NBSP}{made:%H:%M}") + f". {document.title}",
        "page_word": t("documents.page"),
        "of_word": t("documents.of"),
        "landscape": document.landscape,
        "body": [_section(part) for part in document.body()],
        "annexes": [_section(part) for part in document.annexes()],
        "signatures": [
            {
                "post": line.post,
                "name": line.name,
                "signed": t("documents.signed", day=day_short(line.signed)) if line.signed else " ",
            }
            for line in document.signatures
        ],
    }


def _section(part: Section) -> dict[str, Any]:
    return {"title": part.title, "new_page": part.new_page, "blocks": [_block(part, block) for block in part.blocks]}


def _block(part: Section, block: Paragraph | Table) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"is_table": False, "kind": block.kind, "text": block.text}
    return {
        "is_table": True,
        "title": part.heading_of(block),
        "labels": [column.label for column in block.columns],
        "numeric": [column.numeric for column in block.columns],
        "upright": block.upright(),
        "widths": block.widths(),
        "rows": [[written(value) for value in row] for row in block.rows],
        "empty": block.empty,
    }
