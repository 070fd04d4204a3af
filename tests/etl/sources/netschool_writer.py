"""Writes reports as «Сетевой город. Образование» saves them, from plain values; shares no code with the reader."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import xlsxwriter

STATE = "Состояние на 28.10.2024 14:05:09"
HEAD = {"Учебный год": "2024/2025", "Класс": "7б", "Период": "с 2.09.2024 по 28.10.2024", "Ученик": "Петров Пётр"}
Days = Mapping[str, Sequence[str]]


def page(title: str, head: Mapping[str, str], table: str, state: str = STATE) -> str:
    """A whole page: school, title, lines of the head, one table, the footer with the moment."""
    lines = "".join(f'<span class="select">{label}: {value}</span><br/>' for label, value in head.items())
    return (
        '<html><head><meta charset="utf-8"><title>Отчет</title></head><body>'
        f'<h5 class="report-title-school">МБОУ СОШ № 7</h5><h2 class="main-report-title">{title}</h2>{lines}{table}'
        f"<div>{state}&nbsp; версия 5.30</div></body></html>"
    )


def student_total(days: Days, subjects: Mapping[str, Sequence[str]], head: Mapping[str, str] = HEAD) -> str:
    """StudentTotal: months over days with entries; each subject's cells, then the average and the period mark."""
    months = "".join(f'<th colspan="{len(numbers)}">{month}</th>' for month, numbers in days.items())
    numbers = "".join(f"<th>{number}</th>" for group in days.values() for number in group)
    rows = "".join(
        f'<tr><td class="cell-text">{name}</td>' + "".join(f"<td>{cell or '&nbsp;'}</td>" for cell in cells) +
        '<td class="cell-num-2">4,33</td><td class="cell-num">4</td></tr>'
        for name, cells in subjects.items()
    )  # fmt: skip
    return page(
        "Отчет об успеваемости и посещаемости ученика",
        head,
        f'<table class="table-print"><tr><th rowspan="2">Предмет</th>{months}<th rowspan="2">Средн.оценка</th>'
        f'<th rowspan="2">Итог.оценка за период</th></tr><tr>{numbers}</tr>{rows}</table>',
    )


def student_grades(subject: str, teacher: str, rows: Sequence[Sequence[str]]) -> str:
    """StudentGrades: one subject; every mark with the day it was set."""
    names = ("Тип задания", "Тема задания", "Дата выполнения", "Дата выставления оценки", "Оценка")
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    table = f'<table class="table-print"><tr>{head}</tr>{body}<tr class="totals"><td colspan="4">Средняя оценка</td>'
    return page(
        "Отчет об успеваемости ученика",
        {**HEAD, "Предмет": subject, "Учитель": teacher},
        table + "<td>4,50</td></tr></table>",
    )


def student_total_marks(periods: Sequence[str], subjects: Mapping[str, Sequence[str]]) -> str:
    """StudentTotalMarks: № | Предмет | periods | Год | Экз | Итог."""
    head = "".join(f"<th>{name}</th>" for name in ("№", "Предмет", *periods))
    body = "".join(
        f"<tr><td>{number}</td><td>{name}</td>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        for number, (name, cells) in enumerate(subjects.items(), 1)
    )
    return page("Итоговые отметки", HEAD, f'<table class="table-print-num"><tr>{head}</tr>{body}</table>')


def student_total_workbook(days: Days, subjects: Mapping[str, Sequence[str]]) -> bytes:
    """The XLSX twin of StudentTotal: labels and values in cells of their own, months merged over their days."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Отчет")
        sheet.write(0, 0, "МБОУ СОШ № 7")
        sheet.write(1, 0, "Отчет об успеваемости и посещаемости ученика")
        for row, (label, value) in enumerate(HEAD.items(), 2):
            sheet.write(row, 0, f"{label}:")
            sheet.write(row, 1, value)
        top = 7
        sheet.merge_range(top, 0, top + 1, 0, "Предмет")
        column = 1
        for month, numbers in days.items():
            if len(numbers) > 1:
                sheet.merge_range(top, column, top, column + len(numbers) - 1, month)
            else:
                sheet.write(top, column, month)
            for number in numbers:
                sheet.write_number(top + 1, column, int(number))
                column += 1
        sheet.merge_range(top, column, top + 1, column, "Средн.оценка")
        for row, (name, cells) in enumerate(subjects.items(), top + 2):
            sheet.write(row, 0, name)
            for place, cell in enumerate(cells, 1):
                sheet.write(row, place, cell)
        sheet.write(top + 3 + len(subjects), 0, STATE)
    return buffer.getvalue()
