"""A document as DOCX, for people who edit it further: by a template that a school may replace.

The template is filled by docxtpl ({{ title }}, {{ subtitle }}, {{ school }}, {{ place }}, {{ above }}, {{ stamp }},
{{ footer }}, {{ signatures }}); the paragraph {{ body }} gives way to the sections, in the template's own styles. Texts
of people are put in after the template was read, so a brace in them is a brace. Same document and template, same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from copy import deepcopy
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

from docx import Document as open_docx
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as Line
from docxtpl import DocxTemplate, Listing
from jinja2.sandbox import SandboxedEnvironment

from dashboard.i18n import NBSP, day_short, t
from dashboard.reports.document import Document, Paragraph, Section, Table, printable, written

_BODY = "\u2063BODY\u2063"  # what {{ body }} becomes: no person types invisible separators
_MARGINS = {"left_margin": 25, "right_margin": 12, "top_margin": 18, "bottom_margin": 18}  # mm
_PLAIN, _SMALL, _MANY = 10, 8, 12  # points of the cells, and the columns above which they are small
_EPOCH = (1980, 1, 1, 0, 0, 0)


class TemplateError(ValueError):
    """A school's own template cannot be filled; the message is Russian and names the file."""


def docx_file(document: Document, folder: Path | None = None) -> bytes:
    """The DOCX by the school's `<code>.docx` or `document.docx` of `folder`, else by the built-in template.

    StampError where the stamp is not complete; TemplateError naming the file and what is wrong with it.
    """
    document.stamp.complete()
    document = printable(document)
    own = _own_template(document.code, folder)
    try:
        filled = DocxTemplate(io.BytesIO(own.read_bytes() if own else template()))
        filled.render(_context(document), jinja_env=SandboxedEnvironment(autoescape=True), autoescape=True)
        parts = filled.docx
        place = next((line for line in parts.paragraphs if _BODY in line.text), None)
    except Exception as error:
        if own is None:
            raise
        raise TemplateError(t("documents.bad_template", path=own.name, reason=error)) from error
    if place is None:
        name = own.name if own else ""
        raise TemplateError(t("documents.bad_template", path=name, reason=t("documents.no_body", place="{{ body }}")))
    if document.landscape:
        for section in parts.sections:
            if section.orientation != WD_ORIENT.LANDSCAPE:
                section.orientation = WD_ORIENT.LANDSCAPE
                section.page_width, section.page_height = section.page_height, section.page_width
    _write_body(parts, place, document)
    _properties(parts, document)
    return _same_bytes(parts)


@cache
def template() -> bytes:
    """The built-in template as a DOCX: 14 pt Times New Roman, margins 25/12/18/18 mm, numbered pages in the footer."""
    made = open_docx()
    for margin, width in _MARGINS.items():
        setattr(made.sections[0], margin, Mm(width))
    made.sections[0].page_width, made.sections[0].page_height = Mm(210), Mm(297)
    _style(made, "Normal", 14)
    for name, size in (("Title", 16), ("Heading 1", 14), ("Heading 2", 14)):
        _style(made, name, size, bold=True)
    above = made.add_paragraph("{{ above }}")
    above.paragraph_format.left_indent = Mm(95)
    title = made.add_paragraph("{{ title }}", style="Title")
    _no_border(title)
    for words in ("{{ subtitle }}", "{{ school }}"):
        made.add_paragraph(words).alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    made.add_paragraph("{{ place }}")
    made.add_paragraph().add_run("{{ stamp }}").font.size = Pt(10)
    made.add_paragraph("{{ body }}")
    made.add_paragraph("{{ signatures }}")
    _footer(made.sections[0].footer.paragraphs[0])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _own_template(code: str, folder: Path | None) -> Path | None:
    if folder is None:
        return None
    return next((path for name in (code, "document") if (path := folder / f"{name}.docx").is_file()), None)


def _context(document: Document) -> dict[str, str]:
    made = document.stamp.at()
    stamp = "\n".join(f"{name}: {words}" for name, words in (*document.stamp.lines(), *document.narrowed))
    lines = (
        f"{line.post} ____________________ {line.name}"
        + (f" ({t('documents.signed', day=day_short(line.signed))})" if line.signed else "")
        for line in document.signatures
    )
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "school": document.school,
        "place": document.place,
        "above": Listing("\n".join(document.above)),
        "stamp": Listing(stamp),
        "signatures": Listing("\n\n".join(lines)),
        "footer": t("documents.footer", made=f"{day_short(made)}{NBSP}{made:%H:%M}"),
        "body": _BODY,
    }


def _write_body(parts: Any, place: Line, document: Document) -> None:
    section = parts.sections[0]
    width = section.page_width - section.left_margin - section.right_margin
    for element in _elements(parts, document.body(), width):
        place._p.addprevious(element)
    _taken(place._p)
    end = parts.element.body.sectPr
    for element in list(_elements(parts, document.annexes(), width)):
        end.addprevious(element)
    for line in list(parts.paragraphs):  # a field that this document has nothing for leaves no gap
        if not line.text.strip() and line._p.getparent() is parts.element.body and not _breaks(line):
            _taken(line._p)


def _breaks(line: Line) -> bool:
    """Whether the paragraph begins a page, ends a section, or divides two tables (Word would join them)."""
    return (
        bool(line._p.xpath(".//w:br|.//w:sectPr|./w:pPr/w:pageBreakBefore")) or line.paragraph_format.space_after == 0
    )


def _elements(parts: Any, sections: Iterable[Section], width: int) -> Iterator[Any]:
    for section in sections:
        if section.title:
            head = parts.add_paragraph(section.title, style="Heading 1")
            head.paragraph_format.page_break_before = section.new_page
            yield _taken(head._p)
        elif section.new_page:
            broken = parts.add_paragraph()
            broken.add_run().add_break(WD_BREAK.PAGE)
            yield _taken(broken._p)
        for block in section.blocks:
            if isinstance(block, Paragraph):
                yield _taken(_paragraph(parts, block)._p)
            else:
                yield from _table(parts, block, section.heading_of(block), width)


def _paragraph(parts: Any, block: Paragraph) -> Line:
    line: Line = parts.add_paragraph()
    run = line.add_run(block.text)
    form = line.paragraph_format
    form.space_after = Pt(4)
    if block.kind == "plain":
        form.first_line_indent, line.alignment = Mm(10), WD_ALIGN_PARAGRAPH.JUSTIFY
    elif block.kind == "item":
        form.left_indent, form.first_line_indent = Mm(11), Mm(-5)
    elif block.kind == "note":
        run.font.size, run.font.color.rgb = Pt(11), RGBColor(0x50, 0x50, 0x50)
    elif block.kind == "lead":
        run.bold, form.keep_with_next = True, True
    else:
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    return line


def _table(parts: Any, block: Table, title: str, width: int) -> Iterator[Any]:
    if title:
        yield _taken(_paragraph(parts, Paragraph(title, "lead"))._p)
    if not block.rows:
        yield _taken(_paragraph(parts, Paragraph(block.empty or "—", "item"))._p)
        return
    # cell widths AND autofit off, else Word squeezes the columns to nothing
    table = parts.add_table(rows=2, cols=len(block.columns), style="Table Grid")
    table.autofit, table.alignment = False, WD_TABLE_ALIGNMENT.CENTER
    widths = [int(width * share) for share in block.widths()]
    for column, wide in zip(table.columns, widths, strict=True):
        column.width = wide
    upright, size = block.upright(), _SMALL if len(block.columns) > _MANY else _PLAIN
    for place, cell in enumerate(table.rows[0].cells):
        _cell(cell, block.columns[place].label, widths[place], size, numeric=False, bold=True)
        if upright[place]:
            _turned(cell)
    if any(upright):
        longest = max(len(column.label) for column, turned in zip(block.columns, upright, strict=True) if turned)
        table.rows[0].height = min(Mm(45), Pt(longest * size * 0.6 + 8))
        table.rows[0].height_rule = WD_ROW_HEIGHT_RULE.EXACTLY
    for place, cell in enumerate(table.rows[1].cells):
        _cell(cell, "", widths[place], size, numeric=block.columns[place].numeric, bold=False)
    header, model = table.rows[0]._tr, table.rows[1]._tr
    _repeated(header)
    for row in block.rows:  # a copied row costs a tenth of one that the library builds cell by cell
        line = deepcopy(model)
        for text, value in zip(line.iter(qn("w:t")), row, strict=True):
            text.text = written(value)
        table._tbl.append(line)
    table._tbl.remove(model)
    yield _taken(table._tbl)
    gap = parts.add_paragraph()
    gap.paragraph_format.space_after = Pt(0)
    yield _taken(gap._p)


def _cell(cell: Any, words: str, width: int, size: int, *, numeric: bool, bold: bool) -> None:
    cell.width = width
    line = cell.paragraphs[0]
    run = line.add_run(words or " ")
    run.font.size, run.bold = Pt(size), bold
    line.paragraph_format.space_after = Pt(0)
    if numeric:
        line.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _turned(cell: Any) -> None:
    """The words of the cell stand upright, read from below."""
    direction = OxmlElement("w:textDirection")
    direction.set(qn("w:val"), "btLr")
    cell._tc.get_or_add_tcPr().append(direction)
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER


def _repeated(row: Any) -> None:
    """The heading stands on every page and rows do not break across pages."""
    found = row.get_or_add_trPr()
    for name in ("w:cantSplit", "w:tblHeader"):
        found.append(OxmlElement(name))


def _taken(element: Any) -> Any:
    element.getparent().remove(element)
    return element


def _style(made: Any, name: str, size: int, *, bold: bool = False) -> None:
    style = made.styles[name]
    style.font.name, style.font.size = "Times New Roman", Pt(size)
    style.font.color.rgb = RGBColor(0, 0, 0)
    style.font.bold = bold
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for key in list(fonts.attrib):
        if "heme" in key:  # a theme's font would win over the name
            del fonts.attrib[key]
    for kind in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(kind), "Times New Roman")
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "ru-RU")
    style.element.get_or_add_rPr().append(language)


def _no_border(line: Line) -> None:
    for border in line.style.element.xpath(".//w:pBdr") if line.style is not None else []:
        border.getparent().remove(border)


def _footer(line: Line) -> None:
    line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for words, field in (
        ("{{ footer }}. " + t("documents.page") + " ", "PAGE"),
        (f" {t('documents.of')} ", "NUMPAGES"),
    ):
        line.add_run(words).font.size = Pt(9)
        simple = OxmlElement("w:fldSimple")
        simple.set(qn("w:instr"), field)
        run = OxmlElement("w:r")
        text = OxmlElement("w:t")
        text.text = "1"
        run.append(text)
        simple.append(run)
        element: Any = line._p
        element.append(simple)


def _properties(parts: Any, document: Document) -> None:
    at = document.stamp.at().astimezone(UTC).replace(tzinfo=None)
    core = parts.core_properties
    core.title, core.author, core.language = document.title, document.stamp.executor[:255], "ru-RU"
    core.created = core.modified = at
    core.last_modified_by, core.comments, core.revision = "", "", 1


def _same_bytes(parts: Any) -> bytes:
    """The file packed with no clock in it."""
    plain, out = io.BytesIO(), io.BytesIO()
    parts.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, _EPOCH), old.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()
