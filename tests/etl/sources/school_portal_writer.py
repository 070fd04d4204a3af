"""Writes files as «Школьный портал» does, byte traps included; knows nothing of the parser (sources page, 5.2)."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import xlsxwriter
import xlwt

MONTHS = [
    "Январь",
    "Февраль",
    "Март",
    "Апрель",
    "Май",
    "Июнь",
    "Июль",
    "Август",
    "Сентябрь",
    "Октябрь",
    "Ноябрь",
    "Декабрь",
]
Head = date | str
"""A day, or the label of a period column."""


@dataclass
class Grid:
    """One sheet: heads in the order of the columns, rows of cells by pupil."""

    name: str
    group: str
    subject: str
    teachers: str
    heads: list[Head]
    pupils: list[str]
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    """(pupil, column), both from 0 → text"""


@dataclass
class Block:
    """One group's block of a КТП sheet."""

    group: str
    subject: str
    teacher: str
    rows: list[tuple[date, str, str]]


def journal_bytes(grids: Iterable[Grid], year: int = 2018) -> bytes:
    """A class's workbook: strings only, a wrong `<dimension>`, no default style, months merged over their days."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False})
    for grid in grids:
        sheet = book.add_worksheet(grid.name)
        sheet.write_string(0, 0, f"Класс: {grid.group}")
        sheet.write_string(1, 0, f"Год: {year}/{year + 1}")
        sheet.write_string(2, 0, f"Наименование предмета: {grid.subject}")
        sheet.write_string(3, 0, f"Фамилия, имя, отчество педагога: {grid.teachers}")
        sheet.write_string(6, 0, "№ п/п")
        sheet.write_string(6, 1, "Месяц")
        sheet.write_string(7, 1, "Число")
        sheet.write_string(8, 1, "Фамилия и имя ученика")
        before = ""
        start = 2
        for column, head in enumerate([*grid.heads, "end"], 2):
            month = MONTHS[head.month - 1] if isinstance(head, date) else head
            if month != before:
                if before and column - start > 1:
                    sheet.merge_range(6, start, 6, column - 1, before)
                elif before:
                    sheet.write_string(6, start, before)
                before, start = month, column
            if isinstance(head, date):
                sheet.write_string(7, column, str(head.day))
        for row, pupil in enumerate(grid.pupils):
            sheet.write_string(9 + row, 0, str(row + 1))
            sheet.write_string(9 + row, 1, pupil)
        for (row, column), text in grid.cells.items():
            sheet.write_string(9 + row, 2 + column, text)
    book.close()
    return _as_the_vendor(buffer.getvalue())


def _as_the_vendor(content: bytes) -> bytes:
    """`<dimension ref="A1">` in every sheet and no default style in the styles."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                data = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', data)
            if name == "xl/styles.xml":
                data = re.sub(rb"<cellStyles.*?</cellStyles>", b"", data)
            target.writestr(name, data)
    return out.getvalue()


def plan_bytes(sheets: dict[str, Sequence[Block]], class_name: str, year: int = 2018) -> bytes:
    """A class's КТП: BIFF8, a sheet per subject, a block per group, the teacher's name reversed."""
    book = xlwt.Workbook(encoding="utf-8")
    for name, blocks in sheets.items():
        sheet = book.add_sheet(name)
        row = 0
        for block in blocks:
            sheet.write(row, 0, f"Класс: {class_name} ({block.group}) {year}/{year + 1} учебный год")
            sheet.write(row + 1, 0, f"Предмет: {block.subject}")
            sheet.write(row + 2, 0, 0)
            sheet.write(row + 3, 0, f"ФИО педагога: {block.teacher}")
            for column, head in enumerate(("Дата", "Тема урока", "Домашнее задание к следующему уроку")):
                sheet.write(row + 5, column, head)
            row += 6
            for day, topic, homework in block.rows:
                sheet.write(row, 0, f"{day:%d.%m.%Y}")
                sheet.write(row, 1, topic)
                sheet.write(row, 2, homework)
                row += 1
            row += 1
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def activity_bytes(first: date, last: date, users: Sequence[tuple[str, int, int, str]]) -> bytes:
    """`reportGlobalStatPersonal`: name, sign-ins, of these in the mobile app, the last one."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Отчет")
    sheet.write(0, 0, f"Данные за промежуток с {first:%d.%m.%Y} по {last:%d.%m.%Y}")
    sheet.write(1, 0, f"Всего найдено: {len(users)}")
    heads = ("Пользователь", "Роль", "Входы", "Входы (мобильное приложение)", "Последний вход")
    for column, head in enumerate((*heads, "Последний просмотр дневника")):
        sheet.write(3, column, head)
    for row, (name, web, mobile, moment) in enumerate(users, 4):
        for column, cell in enumerate((name, "Сотрудник", web, mobile, moment, "")):
            sheet.write(row, column, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


class _Cp866(zipfile.ZipInfo):
    """A member whose Cyrillic name is written in cp866 with flag bits 0, as Windows archivers do."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("cp866"), self.flag_bits & ~0x800


def zip_cp866(path: Path, members: dict[str, bytes], saved: tuple[int, int, int, int, int, int]) -> Path:
    """A zip of workbooks named in cp866; `saved` is the local time stated for each."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = _Cp866(name, saved)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return path
