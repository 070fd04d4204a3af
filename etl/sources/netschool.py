"""Saved reports of «Сетевой город. Образование» as a journal bundle: StudentTotal, StudentGrades, StudentTotalMarks.

A report shows days with entries, not lessons: a day of a journal becomes one lesson without topic, and marks are told
apart by their order in the cell. The moment of the snapshot is «Состояние на …» of the footer; of several files the
newest counts. «Дата выставления оценки» of StudentGrades is the moment of a mark, known by its day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from etl.errors import SettingsError, SourceError
from etl.sources.answers import Answers
from etl.sources.bundle import Bundle
from etl.sources.draft import BundleDraft
from etl.sources.keys import hidden
from etl.sources.netschool_files import Report, read_reports
from etl.sources.registry import Recognition, Told

NAME = "netschool_reports"
SYSTEM = "Сетевой город. Образование"
_MONTHS = ["январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь",
           "ноябрь", "декабрь"]  # fmt: skip
_ABSENCE = {"н", "от", "б", "уп", "нп", "о", "оп"}
_MARK = re.compile(r"[1-5][+\-−]?|н/а|осв\.?|н/оц|зач[её]т|зач|незач[её]т|незач|\.", re.IGNORECASE)
_PERIOD = re.compile(r"^(\d|[IVX]+)\s*(четв|трим|полуг|сем)", re.IGNORECASE)
_KINDS = {"четв": "quarter", "трим": "trimester", "полуг": "half_year", "сем": "half_year"}
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4}
_FINALS = {"год": "year", "экз": "exam", "экз.": "exam", "итог": "final", "итог.": "final"}
_WORKS = {
    "ответ на уроке": "oral", "контрольная работа": "test", "самостоятельная работа": "check", "диктант": "dictation",
    "сочинение": "essay", "изложение": "written", "лабораторная работа": "lab", "практическая работа": "practical",
    "проект": "project", "домашнее задание": "homework", "тестирование": "test", "тест": "test",
    "проверочная работа": "check", "письменная работа": "written",
}  # fmt: skip
"""Types of assignment the system comes with; a school's own are named in `[source.netschool_reports.kinds]`."""


class NetSchool:
    """One report, or a folder or zip of them."""

    name = NAME
    title = "reports of «Сетевой город. Образование»"

    def recognise(self, path: Path) -> Recognition | None:
        try:
            reports = [report for report in read_reports(path) if report.form]
        except SourceError:
            return None
        if not reports:
            return None
        counted = Counter(report.form for report in reports)
        found = (
            ", ".join(f"{form}: {count}" for form, count in sorted(counted.items())),
            "cannot tell: topics, homework, substitutions, lessons without entries, who entered anything",
        )
        return Recognition(NAME, self.title, path, found, {"mark": "day"} if counted["StudentGrades"] else {})

    def open(self, recognition: Recognition, answers: Answers, scratch: Path, told: Told) -> Bundle:
        reports = []
        for path in (recognition.path, *answers.beside):
            for number, report in enumerate(read_reports(path), 1):
                told("reading reports", number, 0)
                reports.append(report)
        return _Reading(reports, answers).write(scratch, recognition.path)


class _Reading:
    def __init__(self, reports: list[Report], answers: Answers) -> None:
        self.reports, self.answers = reports, answers
        self.school = str(answers.need("school_key", "school-7"))
        self.zone = ZoneInfo(str(answers.need("timezone", "Europe/Moscow")))
        self.options: Mapping[str, Any] = answers.options.get(NAME, {})
        self.scope: dict[tuple[str, str, str, str], dict[str, str]] = {}
        self.teachers: dict[tuple[str, str], str] = {}
        self.dated: set[tuple[str, str, str]] = set()
        """journal and pupil whose marks StudentGrades tells with their dates: StudentTotal repeats them"""
        self.unknown: Counter[str] = Counter()

    def write(self, scratch: Path, origin: Path) -> Bundle:
        draft = BundleDraft(scratch, source_system=SYSTEM, extracted_at=self._moment())
        order = {"StudentGrades": 0, "StudentTotal": 1, "StudentTotalMarks": 2}
        with draft:
            self._school(draft)
            twins = _namesakes(self.reports)
            for report in sorted(self.reports, key=lambda it: order.get(it.form, 9)):
                if any(report is twin for twin in twins):
                    draft.set_aside(
                        "mark", report.file, None, "Ученик", report.head.get("ученик"),
                        "another report of this name, class and period says something else: namesakes, or two moments",
                        report.title,
                    )  # fmt: skip
                else:
                    self._report(draft, report)
            if not self.scope:
                raise SourceError("No report of a pupil could be read.", advice="Save StudentTotal or StudentGrades.")
            if self.options.get("complete") is True:
                draft.manifest["scope"] = list(self.scope.values())
            else:
                draft.manifest["mode"] = "delta"
                draft.warnings.append(
                    "reports of single pupils prove no deletion and no interval of entry; when every pupil of their"
                    f" classes is there from the first day of the year, say `complete = true` in [source.{NAME}]"
                )
            if self.unknown:
                draft.warnings.append(
                    f"{self.unknown.total()} marks of the types {', '.join(sorted(map(repr, self.unknown)))} belong to"
                    f" no work: name the kinds in [source.{NAME}.kinds]"
                )
            return draft.finish(origin)

    def _moment(self) -> datetime:
        if self.answers.extracted_at:
            return self.answers.extracted_at
        stated = [report.stated_at for report in self.reports if report.stated_at]
        if not stated:
            raise SettingsError(
                "No report says «Состояние на …».", advice="Give --extracted-at 2024-10-01T06:00:00+03:00."
            )
        return max(stated).replace(tzinfo=self.zone)

    def _key(self, kind: str, *words: str) -> str:
        """No name is in a key: it is an HMAC with the secret of the installation."""
        return hidden(self.answers.secret, self.school, kind, *(word.casefold().replace("ё", "е") for word in words))

    def _school(self, draft: BundleDraft) -> None:
        first = self.reports[0] if self.reports else None
        draft.add(
            "school", first.file if first else "", 1, school_key=self.school,
            name=self.answers.school_name or (first.school if first else "") or self.school,
            municipality=self.answers.need("municipality", "'Город'"), region=self.answers.region,
            timezone=self.zone.key, week_days=self.answers.week_days, source_system=SYSTEM,
            regulation=self.answers.regulation,
        )  # fmt: skip
        for period in self.answers.periods:
            year = self._year_of(period.starts_on)
            draft.add_once(
                "period", "", 0, school_key=self.school, period_key=f"{year}|{period.kind}|{period.number}",
                school_year=year, kind=period.kind, number=period.number, starts_on=period.starts_on,
                ends_on=period.ends_on, grade_from=period.grade_from, grade_to=period.grade_to,
            )  # fmt: skip

    @staticmethod
    def _year_of(day: date) -> str:
        first = day.year if day.month >= 8 else day.year - 1
        return f"{first}/{first + 1}"

    def _report(self, draft: BundleDraft, report: Report) -> None:
        form = report.form
        year = report.head.get("учебный год", self.answers.school_year).replace("-", "/").replace(" ", "")
        named = re.match(r"(\d{1,2})\s*[«\"-]?\s*(\S*?)[»\"]?$", report.head.get("класс", ""))
        pupil = report.head.get("ученик", "")
        if form not in ("StudentGrades", "StudentTotal", "StudentTotalMarks") or not named or not pupil:
            reason = (
                "days and codes of a class without lessons are no absences of lessons: save StudentTotal of its pupils"
                if form == "ClassAttendance"
                else "the report is not one of StudentTotal, StudentGrades, StudentTotalMarks with a class and a pupil"
            )
            draft.set_aside("absence", report.file, None, "", report.title, reason, report.title)
            return
        if not re.fullmatch(r"\d{4}/\d{4}", year):
            year = str(self.answers.need("school_year", "2024/2025"))
        class_key = f"{year}|{named[1]}{named[2].lower()}"
        pupil_key = self._key("pupil", pupil, str(int(year[:4]) - int(named[1])), named[2])
        place = (report.file, report.first_row)
        common = {"school_key": self.school}
        draft.add_once(
            "school_class", *place, "Класс", class_key=class_key, school_year=year, grade=named[1],
            letter=named[2] or "—", **common,
        )  # fmt: skip
        draft.add_once("study_group", *place, "Класс", group_key=class_key, class_key=class_key, kind="class", **common)
        draft.add_once("pupil", *place, "Ученик", pupil_key=pupil_key, full_name=pupil, **common)
        draft.add_once(
            "enrolment",
            *place,
            "Ученик",
            pupil_key=pupil_key,
            class_key=class_key,
            from_on=f"{year[:4]}-09-01",
            **common,
        )
        self.scope.setdefault(
            (year, class_key, "", ""), {"school_key": self.school, "school_year": year, "class_key": class_key}
        )
        {"StudentGrades": self._grades, "StudentTotal": self._total, "StudentTotalMarks": self._total_marks}[form](
            draft, report, year, class_key, pupil_key
        )

    def _subject(self, draft: BundleDraft, report: Report, row: int, name: str) -> str:
        key = self._key("subject", name)
        draft.add_once("subject", report.file, row, "Предмет", school_key=self.school, subject_key=key, name=name)
        return key

    def _lesson(
        self, draft: BundleDraft, report: Report, row: int, group: str, subject: str, day: str, teacher: str
    ) -> str:
        """A report that does not name the teacher belongs to a member of staff who says so."""
        known = self.teachers.get((group, subject), teacher)
        name = known or "Учитель не указан"
        self.teachers.setdefault((group, subject), name if known else "")
        staff = self._key("staff", name)
        draft.add_once("staff", report.file, row, "Учитель", school_key=self.school, staff_key=staff, full_name=name)
        key = f"{group}|{subject}|{day}"
        draft.add_once(
            "lesson", report.file, row, "", school_key=self.school, lesson_key=key, group_key=group,
            subject_key=subject, staff_key=staff, held_on=day, status="held",
        )  # fmt: skip
        return key

    def _grades(self, draft: BundleDraft, report: Report, year: str, group: str, pupil: str) -> None:
        """Тип задания | Тема задания | Дата выполнения | Дата выставления оценки | Оценка; the average stands last."""
        names = [cell.casefold() for cell in report.grid[0]]
        at = {word: next((n for n, name in enumerate(names) if name.startswith(word)), -1) for word in _GRADES_COLUMNS}
        if min(at.values()) < 0:
            lacking = ", ".join(word for word, place in at.items() if place < 0)
            draft.set_aside(
                "mark", report.file, report.first_row, "", lacking, "the columns are not there", report.title
            )
            return
        name = report.head.get("предмет", "")
        teacher = report.head.get("учитель") or report.head.get("преподаватель", "")
        subject = self._subject(draft, report, report.first_row, name)
        self.dated.add((group, subject, pupil))
        seen: Counter[str] = Counter()
        for number, row in enumerate(report.grid[1:], report.first_row + 1):
            kind, topic, performed, entered, mark = (row[place] if place < len(row) else "" for place in at.values())
            if not performed or kind.casefold().startswith("средн"):
                continue
            day, entered_on = _day(performed), _day(entered)
            if day is None or not _MARK.fullmatch(mark):
                wrong = (performed, "Дата выполнения", "not a day") if day is None else (mark, "Оценка", "not a mark")
                draft.set_aside("mark", report.file, number, wrong[1], wrong[0], wrong[2], " | ".join(row))
                continue
            lesson = self._lesson(draft, report, number, group, subject, day, teacher)
            seen[lesson] += 1
            work, word = "", self.options.get("kinds", {}).get(kind) or _WORKS.get(kind.casefold())
            if word:
                work = f"{lesson}|{self._key('work', kind, topic)}"
                draft.add_once(
                    "work", report.file, number, "Тип задания", school_key=self.school, work_key=work,
                    lesson_key=lesson, kind=word, title=topic,
                )  # fmt: skip
            else:
                self.unknown[kind] += 1
            draft.add(
                "mark", report.file, number, "Оценка", school_key=self.school,
                mark_key=f"{lesson}|{pupil}|{seen[lesson]}", lesson_key=lesson, work_key=work, pupil_key=pupil,
                value=mark, recorded_at=entered_on,
            )  # fmt: skip

    def _total(self, draft: BundleDraft, report: Report, year: str, group: str, pupil: str) -> None:
        """Предмет | months over days with entries | Средн.оценка | Итог.оценка."""
        if len(report.grid) < 2:
            draft.set_aside("mark", report.file, report.first_row, "", "", "the grid has no row of days", report.title)
            return
        months, days = report.grid[0], report.grid[1]
        dates = {
            place: _date_of(year, month, days[place])
            for place, month in enumerate(months)
            if place < len(days) and month.split(" ")[0].casefold() in _MONTHS
        }
        for number, row in enumerate(report.grid[2:], report.first_row + 2):
            if not row or not row[0] or row[0].casefold().startswith("итого"):
                continue
            subject = self._subject(draft, report, number, row[0])
            for place, day in dates.items():
                text = row[place] if place < len(row) else ""
                if text and day is None:
                    draft.set_aside(
                        "mark", report.file, number, f"столбец {place + 1}", text, "no day over it", " | ".join(row)
                    )
                elif text and day is not None:
                    self._cell(draft, report, (number, place + 1), group, subject, pupil, day, text)

    def _cell(
        self, draft: BundleDraft, report: Report, at: tuple[int, int], group: str, subject: str, pupil: str, day: str,
        text: str,
    ) -> None:  # fmt: skip
        """Several marks and codes may stand in one cell, apart or together: «5 4», «УП», «н5»."""
        lesson = self._lesson(draft, report, at[0], group, subject, day, "")
        number = 0
        for word in _words(text):
            column = f"столбец {at[1]}"
            if word.casefold() in _ABSENCE:
                draft.add_once(
                    "absence", report.file, at[0], column, school_key=self.school,
                    absence_key=f"{lesson}|{pupil}|{word.upper()}", lesson_key=lesson, pupil_key=pupil, code=word,
                )  # fmt: skip
            elif _MARK.fullmatch(word):
                number += 1
                if (group, subject, pupil) not in self.dated:
                    draft.add(
                        "mark", report.file, at[0], column, school_key=self.school,
                        mark_key=f"{lesson}|{pupil}|{number}", lesson_key=lesson, pupil_key=pupil, value=word,
                    )  # fmt: skip
            else:
                draft.set_aside(
                    "mark", report.file, at[0], column, word, "neither a mark nor an absence code of the contract", text
                )

    def _total_marks(self, draft: BundleDraft, report: Report, year: str, group: str, pupil: str) -> None:
        """№ | Предмет | periods … | Год | Экз | Итог. Periods must be answered: the report does not say their days."""
        head = report.grid[0]
        place_of = next((n for n, cell in enumerate(head) if cell.casefold() == "предмет"), 0)
        for number, row in enumerate(report.grid[1:], report.first_row + 1):
            if place_of >= len(row) or not row[place_of]:
                continue
            subject = self._subject(draft, report, number, row[place_of])
            for place in range(place_of + 1, min(len(row), len(head))):
                kind, period = _period(head[place], year)
                if not row[place] or row[place] == "-":
                    continue
                if not kind:
                    draft.set_aside(
                        "period_mark", report.file, number, head[place], row[place], "the column is no period",
                        " | ".join(row),
                    )  # fmt: skip
                    continue
                draft.add_once(
                    "period_mark", report.file, number, head[place], school_key=self.school,
                    period_mark_key=f"{group}|{subject}|{pupil}|{period}|{kind}", pupil_key=pupil, group_key=group,
                    subject_key=subject, period_key=period, kind=kind, value=row[place],
                )  # fmt: skip


def _namesakes(reports: list[Report]) -> list[Report]:
    """Reports of one form, class, pupil's name, subject and period whose grids differ: they must not become one pupil,
    and nothing in them says whose each is.
    """
    same: dict[tuple[str, ...], list[Report]] = {}
    for report in reports:
        named = ("учебный год", "класс", "ученик", "предмет", "период")
        words = (report.head.get(name, "").casefold().replace("ё", "е") for name in named)
        same.setdefault((report.form, *words), []).append(report)
    return [
        report
        for those in same.values()
        if any(each.grid != those[0].grid for each in those) and those[0].head.get("ученик")
        for report in those
    ]


_GRADES_COLUMNS = ("тип", "тема", "дата выполнения", "дата выставления", "оценка")


def _day(text: str) -> str | None:
    found = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})", text)
    if not found:
        return None
    year = int(found[3]) + (2000 if len(found[3]) == 2 else 0)
    try:
        return date(year, int(found[2]), int(found[1])).isoformat()
    except ValueError:
        return None


def _date_of(year: str, month: str, day: str) -> str | None:
    """Months from August on lie in the first calendar year of the school year."""
    number = _MONTHS.index(month.split(" ")[0].casefold()) + 1
    return _day(f"{day}.{number}.{year[:4] if number >= 8 else year[5:]}")


def _words(text: str) -> list[str]:
    """Marks and codes of a cell, also those that stand without a space between them; what is neither stays whole."""
    words: list[str] = []
    for part in re.split(r"[\s,;/]+(?!(?:а|оц)\b)", text):
        found = re.findall(r"УП|НП|ОТ|ОП|Б|Н(?!/)|О(?!СВ)|" + _MARK.pattern, part, re.IGNORECASE)
        words += found if "".join(found) == part else [part]
    return [word for word in words if word]


def _period(head: str, year: str) -> tuple[str, str]:
    """Kind of period mark and key of its period; ("", "") for a column that is none."""
    word = head.casefold()
    if word in _FINALS:
        return _FINALS[word], f"{year}|year|1"
    found = _PERIOD.match(head)
    if not found:
        return "", ""
    number = int(found[1]) if found[1].isdigit() else _ROMAN.get(found[1].upper(), 0)
    return "period", f"{year}|{_KINDS[found[2].casefold()]}|{number}"


SOURCE = NetSchool()
