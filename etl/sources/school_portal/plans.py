"""A sheet of a КТП: one block for each group of the class, with the topics and homework of its lessons."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from etl.sources.school_portal.cells import Sheet
from etl.sources.school_portal.faults import Fault, fault
from etl.sources.school_portal.journals import CLASS, SUBJECT, TEACHER, Place
from etl.sources.school_portal.words import class_and_group, cleaned, folded, school_year, surname_first

DATE, TOPIC, HOMEWORK = "дата", "тема", "домашнее"


@dataclass(frozen=True)
class PlanRow:
    """One line: `day` is None where the cell is blank; `row` counts from 0."""

    row: int
    day: date | None
    topic: str
    homework: str


@dataclass(frozen=True)
class Plan:
    """One block of a КТП, `teacher` in the order of the journals."""

    place: Place
    sheet: Sheet
    teacher: str
    rows: tuple[PlanRow, ...]


def is_plan(sheet: Sheet) -> bool:
    """It has the head of a block: class, subject, and the columns date and topic."""
    return bool(sheet.find(CLASS)) and _heads(sheet, 0, min(len(sheet.rows), 60)) is not None


def _heads(sheet: Sheet, start: int, end: int) -> tuple[int, dict[str, int]] | None:
    """The row of the column names and where each stands."""
    for row in range(start, end):
        found: dict[str, int] = {}
        for column, text in enumerate(sheet.rows[row]):
            word = folded(text)
            for name in (DATE, TOPIC, HOMEWORK):
                if word.startswith(name):
                    found.setdefault(name, column)
        if DATE in found and TOPIC in found:
            return row, found
    return None


def read_plans(sheet: Sheet, default_year: int | None) -> tuple[list[Plan], list[Fault]]:
    """Every block of the sheet and what could not be read."""
    starts = [row for row in range(len(sheet.rows)) if _starts(sheet, row)]
    plans, faults = [], []
    for start, end in zip(starts, [*starts[1:], len(sheet.rows)], strict=True):
        plan, found = _block(sheet, start, end, default_year)
        faults += found
        if plan:
            plans.append(plan)
    return plans, faults


def _starts(sheet: Sheet, row: int) -> bool:
    """A line «Класс: …» with «Предмет: …» below it: a topic may begin with the same word."""
    has_class = any(folded(text).startswith(CLASS) for text in sheet.rows[row][:3])
    below = sheet.rows[row + 1 : row + 4]
    return has_class and any(folded(text).startswith(SUBJECT) for cells in below for text in cells[:3])


def _label(sheet: Sheet, start: int, end: int, words: tuple[str, ...]) -> str:
    for cells in sheet.rows[start:end]:
        for column, text in enumerate(cells[:3]):
            if folded(text).startswith(words):
                stated = cleaned(text.partition(":")[2])
                return stated or next((cleaned(other) for other in cells[column + 1 :] if cleaned(other)), "")
    return ""


def _block(sheet: Sheet, start: int, end: int, default_year: int | None) -> tuple[Plan | None, list[Fault]]:
    heads = _heads(sheet, start, end)
    above = heads[0] if heads else end
    stated = _label(sheet, start, above, CLASS)
    named, subject = class_and_group(stated), _label(sheet, start, above, SUBJECT)
    year = school_year(stated) or school_year(sheet.file.rpartition("/")[2]) or default_year or _file_year(sheet.file)
    if not named or year is None or not subject:
        lacking = "class" if not named else "school year" if year is None else "subject"
        return None, [fault("lesson", sheet, start, 0, f"the block of the КТП does not say its {lacking}")]
    # a block without its table is a plan that nobody began
    rows, faults = _rows(sheet, above + 1, end, heads[1]) if heads else ([], [])
    teacher = surname_first(_label(sheet, start, above, TEACHER))
    return Plan(Place(year, *named, subject), sheet, teacher, tuple(rows)), faults


def _file_year(file: str) -> int | None:
    """`2018_7а.xls` states the first calendar year."""
    found = re.match(r"(\d{4})_", file.rpartition("/")[2])
    return int(found[1]) if found else None


def _rows(sheet: Sheet, start: int, end: int, heads: dict[str, int]) -> tuple[list[PlanRow], list[Fault]]:
    rows, faults = [], []
    for row in range(start, end):
        text = cleaned(sheet.at(row, heads[DATE]))
        topic = sheet.at(row, heads[TOPIC]).strip()
        homework = sheet.at(row, heads[HOMEWORK]).strip() if HOMEWORK in heads else ""
        day = _day(text)
        if text and day is None:
            faults.append(fault("lesson", sheet, row, heads[DATE], "not a date as 05.09.2018"))
        elif day or topic:
            rows.append(PlanRow(row, day, topic, homework))
        elif homework:
            faults.append(fault("lesson", sheet, row, heads[HOMEWORK], "the line has homework and no date"))
    return rows, faults


def _day(text: str) -> date | None:
    if serial := re.fullmatch(r"\d{5}", text):
        return date(1899, 12, 30) + timedelta(days=int(serial[0]))
    found = re.match(r"^(\d{1,2})[.\-/](\d{1,2})[.\-/](\d{4}|\d{2})(?:\s.*|г\.?)?$", text)
    if not found:
        return None
    year = int(found[3]) + (2000 if len(found[3]) == 2 else 0)
    try:
        return date(year, int(found[2]), int(found[1]))
    except ValueError:
        return None
