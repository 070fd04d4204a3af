"""A sheet of a class journal: who, what, when, found by the anchors in its cells and never by their positions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from etl.sources.school_portal.cells import Sheet
from etl.sources.school_portal.faults import Fault, fault
from etl.sources.school_portal.words import (
    class_and_group,
    cleaned,
    compact,
    date_in_year,
    day_number,
    folded,
    is_computed,
    month_number,
    people,
    period_column,
    school_year,
)

CLASS = ("класс:", "класс :")
YEAR = ("год:", "учебный год:", "год :")
SUBJECT = ("наименование предмета", "предмет:")
TEACHER = ("фамилия, имя, отчество педагога", "фио педагога", "педагог")
MONTH, DAY = ("месяц",), ("число",)
PUPIL = ("фамилия и имя", "фамилия, имя", "фио ученика", "ф.и.о. ученика", "фамилия имя")


@dataclass(frozen=True)
class Place:
    """Which journal a sheet or a block of a КТП is: the same words give the same keys."""

    school_year: int
    grade: int
    letter: str
    group: str
    subject: str

    @property
    def class_name(self) -> str:
        return f"{self.grade}{self.letter}"

    @property
    def words(self) -> tuple[int, int, str, str, str]:
        """For finding the same journal in another file."""
        return self.school_year, self.grade, self.letter, compact(self.group), folded(self.subject)


@dataclass(frozen=True)
class DayColumn:
    """`ordinal` counts the columns of one day, from 1."""

    column: int
    day: date
    ordinal: int


@dataclass(frozen=True)
class PeriodColumn:
    """`mark` is the kind of the period mark, `kind` and `number` are the period's."""

    column: int
    mark: str
    kind: str
    number: int


@dataclass(frozen=True)
class Journal:
    """One sheet of marks. `pupils` are rows, counted from 0, with the name in each."""

    place: Place
    sheet: Sheet
    teachers: tuple[str, ...]
    days: tuple[DayColumn, ...]
    periods: tuple[PeriodColumn, ...]
    pupils: tuple[tuple[int, str], ...]
    faults: tuple[Fault, ...]


def is_journal(sheet: Sheet) -> bool:
    """It has the anchors of a grid of marks."""
    return all(sheet.find(words) for words in (CLASS, MONTH, DAY))


def after_colon(sheet: Sheet, words: tuple[str, ...]) -> str:
    """What follows the label, in its own cell or in the next filled one of its row."""
    found = sheet.find(words)
    if not found:
        return ""
    own = sheet.at(*found)
    stated = own.partition(":")[2] if ":" in own else ""
    if cleaned(stated):
        return stated.strip()
    return next((text for text in sheet.rows[found[0]][found[1] + 1 :] if cleaned(text)), "")


def read_journal(sheet: Sheet, default_year: int | None) -> Journal | Fault:
    """The sheet as a journal, or the one reason why it is none."""
    stated = after_colon(sheet, CLASS)
    named = class_and_group(stated)
    if not named:
        return Fault("lesson", sheet.file, 0, sheet.name, stated, "the sheet does not say its class as «7а (7а)»")
    year = school_year(after_colon(sheet, YEAR)) or school_year(sheet.file.rpartition("/")[2]) or default_year
    if year is None:
        return Fault("lesson", sheet.file, 0, sheet.name, "", "neither the sheet nor its file says the school year")
    subject = cleaned(after_colon(sheet, SUBJECT))
    if not subject:
        return Fault("lesson", sheet.file, 0, sheet.name, "", "the sheet does not say its subject")
    month, day = sheet.find(MONTH), sheet.find(DAY)
    if not month or not day:
        return Fault("lesson", sheet.file, 0, sheet.name, "", "the sheet has no rows «Месяц» and «Число»")
    head = sheet.find(PUPIL, min(month[0], day[0])) or (max(month[0], day[0]), day[1])
    rows = (month[0], day[0], head[0])
    first_column = max(month[1], day[1], head[1]) + 1
    place = Place(year, *named, subject)
    days, periods, faults = _columns(sheet, place, rows, first_column)
    pupils, more = _pupils(sheet, max(rows) + 1, head[1], first_column)
    return Journal(place, sheet, people(after_colon(sheet, TEACHER)), days, periods, pupils, (*faults, *more))


def _columns(
    sheet: Sheet, place: Place, rows: tuple[int, int, int], first_column: int
) -> tuple[tuple[DayColumn, ...], tuple[PeriodColumn, ...], tuple[Fault, ...]]:
    """A month stands over its first day only; a period column between two of its days does not end it."""
    month_row, day_row, _head = rows
    days: list[DayColumn] = []
    periods: list[PeriodColumn] = []
    faults: list[Fault] = []
    seen: dict[date, int] = {}
    month: int | None = None
    for column in range(first_column, max(map(len, sheet.rows), default=0)):
        texts = [text for row in sorted(set(rows)) if (text := sheet.at(row, column))]
        named = month_number(sheet.at(month_row, column))
        month = named or month
        number = day_number(sheet.at(day_row, column))
        if number is None:
            period = next((found for text in texts if (found := period_column(text))), None)
            if period:
                periods.append(PeriodColumn(column, *period))
            elif any(is_computed(text) for text in texts):
                continue
            elif any(text for text in texts if not month_number(text)) or _filled(sheet, max(rows), column):
                faults += _column_faults(sheet, rows, column, "the head of the column is neither a day nor a period")
            continue
        day = date_in_year(place.school_year, month, number) if month else None
        if day is None:
            faults += _column_faults(sheet, rows, column, "the head of the column is no day of the school year")
            continue
        seen[day] = seen.get(day, 0) + 1
        days.append(DayColumn(column, day, seen[day]))
    return tuple(days), tuple(periods), tuple(faults)


def _filled(sheet: Sheet, above: int, column: int) -> list[int]:
    return [row for row in range(above + 1, len(sheet.rows)) if sheet.at(row, column)]


def _column_faults(sheet: Sheet, rows: tuple[int, int, int], column: int, reason: str) -> list[Fault]:
    """Every filled cell under a head that says nothing; the head itself where there is none."""
    cells = _filled(sheet, max(rows), column) or [rows[1]]
    return [fault("mark", sheet, row, column, reason) for row in cells]


def _pupils(
    sheet: Sheet, first_row: int, name_column: int, first_column: int
) -> tuple[tuple[tuple[int, str], ...], list[Fault]]:
    """A line that is not numbered as the others are, and holds no entry, is a line below the list."""
    pupils: list[tuple[int, str]] = []
    faults: list[Fault] = []
    numbered = {
        row
        for row in range(first_row, len(sheet.rows))
        if any(sheet.at(row, column).strip(" .").isdigit() for column in range(name_column))
    }
    for row in range(first_row, len(sheet.rows)):
        name = cleaned(sheet.at(row, name_column))
        if numbered and row not in numbered and not any(sheet.rows[row][first_column:]):
            continue
        if any(letter.isalpha() for letter in name):
            pupils.append((row, name))
            continue
        faults += [
            fault("mark", sheet, row, column, "the row of the cell names no pupil")
            for column in range(first_column, len(sheet.rows[row]))
            if sheet.at(row, column)
        ]
    return tuple(pupils), faults
