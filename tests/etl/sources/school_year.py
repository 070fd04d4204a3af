"""A school year that goes on between exports: who is who is known here by numbers, never told to the files.

`Year` keeps the truth by numbers of its own; `truth` is what a reader of all exports may know at best.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from tests.etl.sources.raw_workbooks import Cell, journal, plan, xls, xlsx
from tests.etl.sources.school_portal_writer import MONTHS, zip_cp866

DIGITS = "2345"
CODES = ("н", "УП", "Б")
Entry = tuple[str, str, str, str, str]
"""Kind, subject, day or column of a period, pupil, value."""


@dataclass
class Column:
    """One column of a day: a lesson, or one more work of it. `cells` by the pupil's number."""

    lesson: int
    cells: dict[int, str] = field(default_factory=dict)
    number: int = 0


@dataclass
class Lesson:
    """`columns` in the order of the sheet."""

    day: date
    topic: str
    homework: str
    number: int
    columns: list[Column] = field(default_factory=list)


@dataclass
class Journal:
    """One sheet and its block of the КТП."""

    class_name: str
    group: str
    subject: str
    teacher: str
    pupils: list[int]
    lessons: list[Lesson] = field(default_factory=list)
    finals: dict[int, str] = field(default_factory=dict)
    """1st trimester by pupil"""
    has_marks: bool = True
    has_plan: bool = True
    touched: set[date] = field(default_factory=set)
    """days whose lessons or columns changed in number: a second such change would bring a key back"""


@dataclass
class Year:
    """The state of all journals; `names` by the pupil's number."""

    names: dict[int, str]
    journals: list[Journal]
    chance: random.Random
    last: int = 1000

    def number(self) -> int:
        self.last += 1
        return self.last


def begin(seed: int) -> Year:
    """Two classes with namesakes, subgroups, double lessons and second works, filled up to November."""
    chance = random.Random(seed)  # noqa: S311 - which year it is, is no secret
    names = ["Белов А.", "Гусева И.О.", "Иванов И.", "Иванов И.", "Королёв-Яшин Л.", "Яшин Л.", "Ямщикова Е."]
    year = Year({}, [], chance)
    for letter in "аб":
        pupils = [year.number() for _ in names]
        year.names |= dict(zip(pupils, names, strict=True))
        own, some = f"7{letter} (7{letter})", f"7{letter} (Англ.яз 2)"
        year.journals += [
            Journal(f"7{letter}", own, "Алгебра", "Иванова Мария Петровна, Петров Пётр Ильич", list(pupils)),
            Journal(f"7{letter}", own, "Физика", "Петров Пётр Ильич", list(pupils)),
            Journal(f"7{letter}", some, "Английский язык", "Смит Д.Д.", [pupils[0], pupils[2], pupils[4], pupils[5]]),
        ]
    for sheet in year.journals:
        for at in range(14):
            day = date(2018, 9, 3) + timedelta(days=4 * at + at % 3)
            for _ in range(2 if at % 5 == 2 else 1):
                _lesson(year, sheet, day, works=2 if at % 6 == 4 else 1)
        sheet.finals = {pupil: chance.choice(DIGITS) for pupil in sheet.pupils}
    return year


def _lesson(year: Year, sheet: Journal, day: date, works: int = 1, place: int | None = None) -> Lesson:
    lesson = Lesson(day, f"Тема номер {year.number()}", f"п. {year.last}", year.number())
    for _ in range(works):
        lesson.columns.append(_column(year, sheet, lesson))
    there = [at for at, each in enumerate(sheet.lessons) if each.day <= day]
    sheet.lessons.insert((there[-1] + 1 if there else 0) if place is None else place, lesson)
    return lesson


def _column(year: Year, sheet: Journal, lesson: Lesson) -> Column:
    column = Column(lesson.number, {}, year.number())
    filled = year.chance.sample(sheet.pupils, min(len(sheet.pupils), max(3, len(sheet.pupils) - 2)))
    for pupil in filled:
        column.cells[pupil] = year.chance.choice([*DIGITS, "н", "4/5", "н5", "ОСВ", "3"])
    return column


def _sheet_rows(year: Year, sheet: Journal) -> list[list[Cell]]:
    columns = [(lesson.day, column) for lesson in sheet.lessons for column in lesson.columns]
    heads: list[tuple[str | None, Cell]] = []
    cells: dict[int, list[Cell]] = {pupil: [] for pupil in sheet.pupils}
    before = None
    is_period_shown = False
    for day, column in [*columns, (date(2019, 5, 1), None)]:
        if day > date(2018, 10, 15) and not is_period_shown:
            heads.append(("1 тр", None))
            is_period_shown, before = True, None
            for pupil in sheet.pupils:
                cells[pupil].append(sheet.finals.get(pupil))
        if column is not None:
            month = MONTHS[day.month - 1]
            heads.append((month if month != before else None, str(day.day)))
            before = month
            for pupil in sheet.pupils:
                cells[pupil].append(column.cells.get(pupil))
    return journal(
        heads,
        [(year.names[pupil], cells[pupil]) for pupil in sheet.pupils],
        named=sheet.group,
        subject=sheet.subject,
        teacher=sheet.teacher,
    )


def write(year: Year, folder: Path, moment: datetime) -> tuple[Path, Path]:
    """The zip of journals and the zip of КТП of this moment."""
    folder.mkdir()
    books: dict[str, dict[str, list[list[Cell]]]] = {}
    plans: dict[str, dict[str, list[list[Cell]]]] = {}
    for sheet in year.journals:
        if sheet.has_marks:
            books.setdefault(sheet.class_name, {})[f"{sheet.subject[:6]} {sheet.group[:14]}"] = _sheet_rows(year, sheet)
        if sheet.has_plan:
            lines = [(f"{each.day:%d.%m.%Y}", each.topic, each.homework) for each in sheet.lessons]
            block = plan(lines, named=sheet.group, subject=sheet.subject)
            plans.setdefault(sheet.class_name, {}).setdefault(sheet.subject, []).extend(block)
    saved = (moment.year, moment.month, moment.day, moment.hour, moment.minute, 0)
    return (
        zip_cp866(
            folder / f"journals-{moment:%d.%m.%Y}.zip",
            {f"2018_2019_{name} ({name}).xlsx": xlsx(sheets, inline=True) for name, sheets in books.items()},
            saved,
        ),
        zip_cp866(
            folder / "LessonPlanning.zip", {f"2018_{name}.xls": xls(sheets) for name, sheets in plans.items()}, saved
        ),
    )


def _marks_of(text: str) -> tuple[list[str], list[str]]:
    codes = [code for code in CODES if code in text]
    rest = text
    for code in codes:
        rest = rest.replace(code, "")
    return [each.lower() for each in rest.split("/") if each], codes


@dataclass
class Truth:
    """What all exports so far tell: live entries with the interval of their first moment, and changes."""

    entries: dict[tuple[str, int, int, int], tuple[Entry, str | None, str]] = field(default_factory=dict)
    """(kind, column, pupil, place in the cell) → entry, last export without it (None: unknown), first one with it"""
    live: set[tuple[str, int, int, int]] = field(default_factory=set)
    topics: dict[int, str] = field(default_factory=dict)
    carried: dict[tuple[str, int, int, int], str] = field(default_factory=dict)
    """the newest export with the entry"""
    changes: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """entity, action, subject, day, pupil, old value, new value, last export before, this one"""
    held: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(class, group, subject) → the newest export with its sheet"""

    def see(self, year: Year, moment: str) -> None:
        """One more export, of journals and КТП together."""
        for sheet in year.journals:
            key = (sheet.class_name, sheet.group, sheet.subject)
            if sheet.has_marks:
                self._see_marks(year, sheet, moment, self.held.get(key))
                self.held[key] = moment
            if sheet.has_plan:
                self._see_topics(sheet, moment)

    def _see_marks(self, year: Year, sheet: Journal, moment: str, before: str | None) -> None:
        named = f"{sheet.class_name} {sheet.subject}"
        now: dict[tuple[str, int, int, int], Entry] = {}
        for lesson in sheet.lessons:
            for column in lesson.columns:
                for pupil, text in column.cells.items():
                    if pupil not in sheet.pupils:
                        continue
                    for kind, values in zip(("mark", "absence"), _marks_of(text), strict=True):
                        for place, value in enumerate(values):
                            entry = (kind, named, str(lesson.day), year.names[pupil], value.lower())
                            now[kind, column.number, pupil, place] = entry
        for pupil, text in sheet.finals.items():
            if pupil in sheet.pupils:
                now["period_mark", hash(named), pupil, 0] = ("period_mark", named, "", year.names[pupil], text)
        for entry_key, entry in now.items():
            if entry_key not in self.entries:
                self.entries[entry_key] = (entry, before, moment)
            else:
                old, since, first = self.entries[entry_key]
                if old[4] != entry[4]:
                    since_changed = self.carried[entry_key]
                    self.changes[entry[0], "update", *entry[1:4], old[4], entry[4], since_changed, moment] += 1
                self.entries[entry_key] = (entry, since, first)
            self.live.add(entry_key)
            self.carried[entry_key] = moment
        for entry_key in [each for each in self.live if each not in now]:
            entry = self.entries[entry_key][0]
            if entry[1] == named:
                self.changes[entry[0], "delete", *entry[1:5], "", self.carried[entry_key], moment] += 1
                self.live.remove(entry_key)

    def _see_topics(self, sheet: Journal, moment: str) -> None:
        named = f"{sheet.class_name} {sheet.subject}"
        for lesson in sheet.lessons:
            old = self.topics.get(lesson.number, "")
            if old and old != lesson.topic:
                self.changes[
                    "lesson", "update", named, str(lesson.day), "", old.lower(), lesson.topic.lower(), "", ""
                ] += 1
            self.topics[lesson.number] = lesson.topic


# What may happen between two exports. Each takes the year and one of its journals.


def late_cell(year: Year, sheet: Journal) -> None:
    """A blank cell of an old lesson is filled."""
    column = year.chance.choice([each for lesson in sheet.lessons for each in lesson.columns])
    blank = [pupil for pupil in sheet.pupils if pupil not in column.cells]
    if blank:
        column.cells[year.chance.choice(blank)] = year.chance.choice(["5", "н", "н4", "3/4"])


def _filled(year: Year, sheet: Journal, wanted: Callable[[str], bool]) -> tuple[Column, int] | None:
    places = [
        (column, pupil)
        for lesson in sheet.lessons
        for column in lesson.columns
        for pupil, text in column.cells.items()
        if pupil in sheet.pupils and wanted(text)
    ]
    return year.chance.choice(places) if places else None


def changed_mark(year: Year, sheet: Journal) -> None:
    """A digit becomes another one."""
    if found := _filled(year, sheet, lambda text: len(text) == 1 and text in DIGITS):
        column, pupil = found
        column.cells[pupil] = year.chance.choice(DIGITS.replace(column.cells[pupil], ""))


def changed_code(year: Year, sheet: Journal) -> None:
    """«н» gets its reason."""
    if found := _filled(year, sheet, lambda text: text == "н"):
        found[0].cells[found[1]] = year.chance.choice(["УП", "Б"])


def deleted_cell(year: Year, sheet: Journal) -> None:
    """A cell is emptied."""
    if found := _filled(year, sheet, lambda _text: True):
        del found[0].cells[found[1]]


def second_mark(year: Year, sheet: Journal) -> None:
    """«4» becomes «4/5»."""
    if found := _filled(year, sheet, lambda text: len(text) == 1 and text in DIGITS):
        found[0].cells[found[1]] += "/5"


def changed_topic(year: Year, sheet: Journal) -> None:
    year.chance.choice(sheet.lessons).topic = f"Другая тема {year.number()}"


def changed_final(year: Year, sheet: Journal) -> None:
    pupil = year.chance.choice(sheet.pupils)
    sheet.finals[pupil] = year.chance.choice(DIGITS)


def new_lesson_between(year: Year, sheet: Journal) -> None:
    """A lesson on a day that had none, between others."""
    days = {lesson.day for lesson in sheet.lessons} | sheet.touched
    free = [day for at in range(60) if (day := date(2018, 9, 3) + timedelta(days=at)) not in days]
    _lesson(year, sheet, year.chance.choice(free))


def second_lesson_before(year: Year, sheet: Journal) -> None:
    """A single lesson becomes the second of two."""
    days = Counter(lesson.day for lesson in sheet.lessons)
    single = [at for at, each in enumerate(sheet.lessons) if days[each.day] == 1 and each.day not in sheet.touched]
    place = year.chance.choice(single)
    sheet.touched.add(sheet.lessons[place].day)
    _lesson(year, sheet, sheet.lessons[place].day, place=place)


def first_of_two_goes(year: Year, sheet: Journal) -> None:
    """A double lesson becomes single: the first one goes with its column."""
    days = Counter(lesson.day for lesson in sheet.lessons)
    double = [at for at, each in enumerate(sheet.lessons) if days[each.day] == 2 and each.day not in sheet.touched]
    if double:
        sheet.touched.add(sheet.lessons[double[0]].day)
        del sheet.lessons[double[0]]


def column_goes(year: Year, sheet: Journal) -> None:
    """The first of two works of a lesson goes with its marks."""
    for lesson in sheet.lessons:
        if len(lesson.columns) == 2 and lesson.day not in sheet.touched:
            sheet.touched.add(lesson.day)
            del lesson.columns[0]
            return


def moved_lesson(year: Year, sheet: Journal) -> None:
    """To another day: for a reader one lesson goes and another comes."""
    days = Counter(lesson.day for lesson in sheet.lessons)
    taken = {*days, *sheet.touched}
    single = [each for each in sheet.lessons if days[each.day] == 1 and each.day + timedelta(days=1) not in taken]
    if single:
        lesson = year.chance.choice(single)
        sheet.touched |= {lesson.day, lesson.day + timedelta(days=1)}
        lesson.day += timedelta(days=1)
        lesson.number = year.number()
        for column in lesson.columns:
            column.number = year.number()


def reordered_list(year: Year, sheet: Journal) -> None:
    """Another order of the pupils; namesakes keep theirs."""
    old = list(sheet.pupils)
    year.chance.shuffle(sheet.pupils)
    for name, count in Counter(year.names[pupil] for pupil in old).items():
        if count > 1:
            order = iter([pupil for pupil in old if year.names[pupil] == name])
            sheet.pupils = [next(order) if year.names[pupil] == name else pupil for pupil in sheet.pupils]


def new_pupil(year: Year, sheet: Journal) -> None:
    """A newcomer in the whole class, a namesake of somebody every other time, somewhere in the list."""
    number = year.number()
    taken = year.chance.random() < 0.5
    # of somebody who is there: one who comes after a namesake left is, for a reader, the same pupil again
    there = {
        year.names[pupil] for each in year.journals if each.class_name == sheet.class_name for pupil in each.pupils
    }
    year.names[number] = "Белов А." if taken and "Белов А." in there else f"Новиков Ы{number}"
    for each in year.journals:
        if each.class_name == sheet.class_name and each.group == f"{sheet.class_name} ({sheet.class_name})":
            each.pupils.insert(0 if taken else len(each.pupils), number)


def pupil_changes_class(year: Year, sheet: Journal) -> None:
    """Gone from all lists of the class, new in the other one."""
    gone = next(pupil for pupil in sheet.pupils if Counter(year.names.values())[year.names[pupil]] <= 2)
    other = "7б" if sheet.class_name == "7а" else "7а"
    number = year.number()
    year.names[number] = year.names[gone] + f"К{number}"
    for each in year.journals:
        if each.class_name == sheet.class_name and gone in each.pupils:
            each.pupils.remove(gone)
        if each.class_name == other and each.group == f"{other} ({other})":
            each.pupils.append(number)


def renamed_teacher(year: Year, sheet: Journal) -> None:
    sheet.teacher = f"Новая Фамилия{year.number()} Ивановна"


def missing_sheet(year: Year, sheet: Journal) -> None:
    sheet.has_marks = sheet.has_plan = False


def missing_plan(year: Year, sheet: Journal) -> None:
    sheet.has_plan = False


MUTATIONS: tuple[Callable[[Year, Journal], None], ...] = (
    *(late_cell, changed_mark, changed_code, deleted_cell, second_mark, changed_topic, changed_final) * 3,
    *(new_lesson_between, second_lesson_before, first_of_two_goes, column_goes, moved_lesson, reordered_list),
    *(new_pupil, pupil_changes_class, renamed_teacher, missing_sheet, missing_plan),
)


def go_on(year: Year, count: int) -> tuple[Year, list[str]]:
    """A later state after so many events, and their names; sheets that were missing are back."""
    later = copy.deepcopy(year)
    for sheet in later.journals:
        sheet.has_marks = sheet.has_plan = True
    told = []
    for event in later.chance.sample(MUTATIONS, count):
        sheet = later.chance.choice(later.journals)
        told.append(f"{event.__name__} {sheet.class_name} {sheet.subject}")
        event(later, sheet)
    return later, told
