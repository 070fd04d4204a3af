"""Attendance, accumulation, success and quality of a bundle, computed a second time: plain Python over the CSV files.

Slow and obvious on purpose; it shares no code with the product. Reads what a bundle of one export moment says.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

MISSED = {"н": "unknown", "от": "unknown", "б": "illness", "уп": "valid", "нп": "invalid"}
BEST_REASON = ("illness", "valid", "invalid", "unknown")
WORDS = {"зач", "зачет", "зачёт", "незач", "незачет", "незачёт"}


@dataclass
class Learning:
    """Counts of one class and finest period: held lessons, slots, missed slots by reason, grades given."""

    held: int = 0
    slots: int = 0
    marked_lessons: int = 0
    marks: int = 0
    digits: int = 0
    digit_sum: int = 0
    missed: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass
class Success:
    """Pupils of one class and period by their period marks."""

    pupils: int = 0
    succeed: int = 0
    good: int = 0


class SlowBundle:
    """The tables of a bundle as dictionaries of strings."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = json.loads(self._text("manifest.json"))
        self.tables = {
            name: list(self._rows(name))
            for name in (
                "school",
                "calendar_day",
                "period",
                "school_class",
                "study_group",
                "enrolment",
                "group_member",
                "lesson",
                "mark",
                "absence",
                "period_mark",
                "teaching_load",
                "curriculum",
                "plan",
                "plan_item",
                "work",
            )
        }

    def _text(self, name: str) -> str:
        if self.path.is_dir():
            return (self.path / name).read_text(encoding="utf-8-sig")
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(name).decode("utf-8-sig")

    def _rows(self, table: str) -> Iterator[dict[str, str]]:
        try:
            text = self._text(f"{table}.csv")
        except (KeyError, FileNotFoundError):
            return
        yield from csv.DictReader(io.StringIO(text))


def _day(text: str) -> date:
    return date.fromisoformat(text)


class SlowSchool:
    """One school of a slow bundle."""

    def __init__(self, bundle: SlowBundle, school_key: str) -> None:
        self.rows = {
            name: [row for row in rows if row["school_key"] == school_key] for name, rows in bundle.tables.items()
        }
        (self.school,) = self.rows["school"]
        moment = datetime.fromisoformat(bundle.manifest["extracted_at"])
        self.until = moment.astimezone(ZoneInfo(self.school["timezone"])).date()
        self.classes = {row["class_key"]: row for row in self.rows["school_class"]}
        self.groups = {row["group_key"]: row for row in self.rows["study_group"]}
        self.days = {_day(row["date"]): row["is_instructional"] == "true" for row in self.rows["calendar_day"]}
        self.finest = {key: self._finest(row) for key, row in self.classes.items()}

    def _finest(self, row: dict[str, str]) -> list[tuple[date, date, str]]:
        fitting = [
            period
            for period in self.rows["period"]
            if period["school_year"] == row["school_year"]
            and int(period["grade_from"]) <= int(row["grade"]) <= int(period["grade_to"])
        ]
        for kinds in (("quarter", "trimester"), ("half_year",), ("year",)):
            found = [(_day(p["starts_on"]), _day(p["ends_on"]), p["period_key"]) for p in fitting if p["kind"] in kinds]
            if found:
                return sorted(found)
        return []

    def period_of(self, class_key: str, on: date) -> str | None:
        for start, end, key in self.finest[class_key]:
            if start <= on <= end:
                return key
        return None

    def is_instructional(self, class_key: str, on: date) -> bool:
        if on in self.days:
            return self.days[on]
        row = self.classes[class_key]
        week = int(row.get("week_days") or self.school.get("week_days") or 5)
        periods = self.finest[class_key]
        return on.isoweekday() <= week and (not periods or self.period_of(class_key, on) is not None)

    def held_lessons(self) -> dict[str, tuple[dict[str, str], date, str]]:
        """Held lessons of kind lesson until the data end: key → (row, day, class)."""
        found = {}
        for row in self.rows["lesson"]:
            on, class_key = _day(row["held_on"]), self.groups[row["group_key"]]["class_key"]
            if row["status"] == "cancelled" or (row.get("kind") or "lesson") != "lesson" or on > self.until:
                continue
            if row["status"] == "moved" or self.is_instructional(class_key, on):
                found[row["lesson_key"]] = (row, on, class_key)
        return found

    def rosters(self, days: set[date]) -> dict[tuple[str, date], set[str]]:
        """Pupils of each group on each day; other groups than the class's need an enrolment in some class too."""
        enrolled: dict[tuple[str, date], set[str]] = defaultdict(set)
        anywhere: dict[date, set[str]] = defaultdict(set)
        by_class = {row["class_key"]: row["group_key"] for row in self.groups.values() if row["kind"] == "class"}
        for row in self.rows["enrolment"]:
            for on in days:
                if row["from_on"] <= on.isoformat() and (not row["to_on"] or on.isoformat() < row["to_on"]):
                    anywhere[on].add(row["pupil_key"])
                    if row["class_key"] in by_class:
                        enrolled[by_class[row["class_key"]], on].add(row["pupil_key"])
        for row in self.rows["group_member"]:
            for on in days:
                if (
                    row["from_on"] <= on.isoformat()
                    and (not row["to_on"] or on.isoformat() < row["to_on"])
                    and row["pupil_key"] in anywhere[on]
                ):
                    enrolled[row["group_key"], on].add(row["pupil_key"])
        return enrolled

    def journals(self) -> set[tuple[str, str]]:
        return {
            (row["group_key"], row["subject_key"])
            for name in ("lesson", "teaching_load", "curriculum", "plan")
            for row in self.rows[name]
        }

    def learning(self) -> dict[tuple[str, str | None], Learning]:
        """By class and finest period."""
        held = self.held_lessons()
        every_day = {on for _row, on, _class in held.values()}
        rosters = self.rosters(every_day)
        individual = [
            (group, subject) for group, subject in self.journals() if self.groups[group]["kind"] == "individual"
        ]
        result: dict[tuple[str, str | None], Learning] = defaultdict(Learning)
        listed: dict[str, set[str]] = {}
        for key, (row, on, class_key) in held.items():
            pupils = set(rosters[row["group_key"], on])
            if self.groups[row["group_key"]]["kind"] == "class":
                for group, subject in individual:
                    if subject == row["subject_key"]:
                        pupils -= rosters[group, on]
            listed[key] = pupils
            place = result[class_key, self.period_of(class_key, on)]
            place.held += 1
            place.slots += len(pupils)
        self._add_marks(held, result)
        self._add_absences(held, listed, result)
        return result

    def _add_marks(
        self,
        held: dict[str, tuple[dict[str, str], date, str]],
        result: dict[tuple[str, str | None], Learning],
    ) -> None:
        marked: dict[tuple[str, str | None], set[str]] = defaultdict(set)
        for row in self.rows["mark"]:
            if row["lesson_key"] not in held:
                continue
            value = row["value"].strip().lower()
            is_digit = value[:1] in set("12345") and len(value) <= 2
            if not is_digit and value not in WORDS:
                continue
            _lesson, on, class_key = held[row["lesson_key"]]
            place = class_key, self.period_of(class_key, on)
            result[place].marks += 1
            marked[place].add(row["lesson_key"])
            if is_digit:
                result[place].digits += 1
                result[place].digit_sum += int(value[0])
        for place, lessons in marked.items():
            result[place].marked_lessons = len(lessons)

    def _add_absences(
        self,
        held: dict[str, tuple[dict[str, str], date, str]],
        listed: dict[str, set[str]],
        result: dict[tuple[str, str | None], Learning],
    ) -> None:
        reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in self.rows["absence"]:
            reason = MISSED.get(row["code"].strip().lower())
            if reason and row["lesson_key"] in held and row["pupil_key"] in listed[row["lesson_key"]]:
                reasons[row["lesson_key"], row["pupil_key"]].append(reason)
        for (lesson_key, _pupil), found in reasons.items():
            _lesson, on, class_key = held[lesson_key]
            best = next(reason for reason in BEST_REASON if reason in found)
            result[class_key, self.period_of(class_key, on)].missed[best] += 1

    def success(self) -> dict[tuple[str, str], Success]:
        """By class and period, over period and year marks."""
        values: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for row in self.rows["period_mark"]:
            value = row["value"].strip().lower()
            if row["kind"] in {"period", "year"} and value != ".":
                values[self.groups[row["group_key"]]["class_key"], row["period_key"], row["pupil_key"]].append(value)
        result: dict[tuple[str, str], Success] = defaultdict(Success)
        for (class_key, period_key, _pupil), marks in values.items():
            bad = any(mark[0] in "12" or mark in {"н/а", "на", "незач", "незачет", "незачёт"} for mark in marks)
            digits = [int(mark[0]) for mark in marks if mark[0] in "12345"]
            place = result[class_key, period_key]
            place.pupils += 1
            place.succeed += not bad
            place.good += not bad and bool(digits) and min(digits) >= 4
        return result


def days_between(first: date, last: date) -> list[date]:
    """Every day from first to last."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
