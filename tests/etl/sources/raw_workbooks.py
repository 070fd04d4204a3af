"""Workbooks byte by byte, as a reporting library streams them: no spreadsheet library between the test and the file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

import xlwt

Cell = str | float | None
Rows = Sequence[Sequence[Cell]]


def _column(number: int) -> str:
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def _cell(value: Cell, place: str, shared: dict[str, int] | None) -> str:
    if value is None:
        return f'<c r="{place}" s="1"/>'  # a styled cell without a value
    if isinstance(value, int | float):
        return f'<c r="{place}" s="1"><v>{value}</v></c>'
    if shared is None:
        return f'<c r="{place}" s="1" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{place}" s="1" t="s"><v>{shared.setdefault(value, len(shared))}</v></c>'


def _sheet(rows: Rows, merges: Sequence[str], shared: dict[str, int] | None, dimension: str) -> str:
    body = "".join(
        f'<row r="{number}">'
        + "".join(_cell(value, f"{_column(at)}{number}", shared) for at, value in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
        if row
    )
    merged = (
        f'<mergeCells count="{len(merges)}">' + "".join(f'<mergeCell ref="{m}"/>' for m in merges) + "</mergeCells>"
        if merges
        else ""
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/'
        f'main"><dimension ref="{dimension}"/><sheetViews><sheetView workbookViewId="0"/></sheetViews>'
        f"<sheetData>{body}</sheetData>{merged}</worksheet>"
    )


def xlsx(
    sheets: Mapping[str, Rows], *, merges: Sequence[str] = (), inline: bool = False, dimension: str = "A1"
) -> bytes:
    """Sheets of rows; strings inline or shared, a wrong `<dimension>`, styles without a default one."""
    shared: dict[str, int] | None = None if inline else {}
    out = io.BytesIO()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        target.writestr(
            "[Content_Types].xml",
            f'<?xml version="1.0"?><Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
            f'"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
            f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
            f'ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/sharedStrings.xml" '
            f'ContentType="{kind}.sharedStrings+xml"/>{parts}</Types>',
        )
        target.writestr(
            "_rels/.rels",
            f'<?xml version="1.0"?><Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, 1)
        )
        target.writestr(
            "xl/workbook.xml",
            f'<?xml version="1.0"?><workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>',
        )
        links = "".join(
            f'<Relationship Id="rId{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        target.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<?xml version="1.0"?><Relationships xmlns="{package}/relationships">{links}<Relationship Id="rIdS" '
            f'Type="{office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        )
        for number, rows in enumerate(sheets.values(), 1):
            target.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(rows, merges, shared, dimension))
        items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in shared or ())
        target.writestr("xl/sharedStrings.xml", f'<?xml version="1.0"?><sst xmlns="{main}">{items}</sst>')
    return out.getvalue()


def xls(sheets: Mapping[str, Rows]) -> bytes:
    """BIFF8; numbers stay numbers."""
    book = xlwt.Workbook(encoding="utf-8")
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(number, column, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def journal(
    heads: Sequence[tuple[str | None, Cell]],
    pupils: Sequence[tuple[str, Sequence[Cell]]],
    *,
    named: str = "7а (7а)",
    subject: str = "Алгебра",
    teacher: str = "Иванова Мария Петровна",
    year: str = "2018/2019",
) -> list[list[Cell]]:
    """A sheet as sources 5.2(a) words it: `heads` are the cells of rows 7 and 8 of each column."""
    return [
        [f"Класс: {named}"],
        [f"Год: {year}"],
        [f"Наименование предмета: {subject}"],
        [f"Фамилия, имя, отчество педагога: {teacher}"],
        [],
        [],
        ["№ п/п", "Месяц", *(month for month, _day in heads)],
        [None, "Число", *(day for _month, day in heads)],
        [None, "Фамилия и имя ученика"],
        *([str(number), name, *cells] for number, (name, cells) in enumerate(pupils, 1)),
    ]


def plan(
    lines: Sequence[tuple[Cell, Cell, Cell]],
    *,
    named: str = "7а (7а)",
    subject: str = "Алгебра",
    teacher: str = "Мария Петровна Иванова",
) -> list[list[Cell]]:
    """A block as sources 5.2(b) words it: class, subject, a numeric 0, the teacher, a blank, the heads, the lines."""
    return [
        [f"Класс: {named} 2018/2019 учебный год"],
        [f"Предмет: {subject}"],
        [0],
        [f"ФИО педагога: {teacher}"],
        [],
        ["Дата", "Тема урока", "Домашнее задание к следующему уроку"],
        *(list(line) for line in lines),
        [],
    ]
