"""One school of the adversarial generator: its vocabulary, its rows, the moments near an edge."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

REGULATIONS = (
    "school7_oktyabrsky",
    "school16_korolev",
    "lindovskaya",
    "krasnodar_region",
    "school53_krasnodar",
    "",
    "no_such_profile",
)
ZONES = ("Europe/Moscow", "Europe/Kaliningrad", "Asia/Yekaterinburg", "Europe/Berlin")
# (start, end) of the slots; the last one lets "one hour" run over midnight.
BELLS = (
    ("08:00", "08:40"),
    ("08:50", "09:30"),
    ("09:50", "10:30"),
    ("10:50", "11:30"),
    ("11:40", "12:20"),
    ("12:30", "13:10"),
    ("13:20", "14:00"),
    ("22:40", "23:20"),
)
CLOCKS = ("00:00:00", "00:00:01", "07:59:59", "08:00:00", "12:34:56", "15:00:00", "22:00:00", "23:59:59")
MARKS = (
    "5", "4", "3", "2", "1", "4+", "4-", "3−", " 5 ", "н/а", "Н/А", "НА", "осв", "осв.", "н/оц", "зач",
    "зачёт",
    "незачет", ".",
)  # fmt: skip
CODES = ("н", "Н", "ОТ", "Б", "б", " УП ", "НП", "О", "оп")
WORK_KINDS = (
    "oral", "written", "dictation", "essay", "test", "practical", "lab", "check", "project", "homework",
    "makeup",
)  # fmt: skip
TOPICS = ("Дроби", "§ 5", "а1б", "---", "..", "ab", "Тема 12", "№ 1 2", "x=1²3")
HOMEWORKS = ("§ 5", "нет", "Нет.", "стр. 4", "-", "упр. 1, 2")
OPTIONAL_TABLES = (
    "calendar_day", "period", "enrolment", "group_member", "teaching_load", "curriculum", "plan", "work",
    "mark",
    "absence", "period_mark", "change", "movement", "staff_absence", "absence_document", "edit_permission",
    "account", "consent", "timetable_version", "setup_section", "assessment_schedule", "card_field", "plan_item",
)  # fmt: skip
# Days on which lessons are put: the first weeks, the end of the first quarter with the change of the clocks
# on 27 October, the vacation, the holiday on 4 November and the first days of the second quarter.
DAYS = tuple(
    [date(2024, 9, 2) + timedelta(days=n) for n in range(0, 20)]
    + [date(2024, 10, 18) + timedelta(days=n) for n in range(0, 23)]
)
SCHOOL_DAYS = tuple(day for day in DAYS if day.isoweekday() < 6 and not date(2024, 10, 25) < day < date(2024, 11, 5))
YEAR = "2024/2025"
Cells = dict[str, Any]


@dataclass
class Mutation:
    """From bundle `first` up to (not with) `last`: the row is gone (cells None) or has other cells."""

    table: str
    key: tuple[str, ...]
    first: int
    last: int
    cells: Cells | None


@dataclass
class World:
    """One school; hidden cells: `_made` = when the row appears, `_made:<column>` = when its cells do."""

    rng: Random
    number: int
    timestamps: bool
    contested: bool
    ends: list[datetime]
    tables: dict[str, list[Cells]] = field(default_factory=dict)
    mutations: list[Mutation] = field(default_factory=list)
    counter: int = 0

    @property
    def key(self) -> str:
        return f"s{self.number}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tables["school"][0]["timezone"])

    def add(self, table: str, **cells: Any) -> Cells:
        row = {"school_key": self.key, **cells}
        self.tables.setdefault(table, []).append(row)
        return row

    def new_key(self, prefix: str) -> str:
        """Keys are opaque text: leading zeros, beyond 2^53, with a bar, the same ones in every school."""
        self.counter += 1
        styles = (
            f"{prefix}{self.counter}",
            f"00{prefix}{self.counter}",
            f"{9007199254740993 + self.counter}",
        )
        return styles[self.counter % 3] if prefix != "m" else f"m|{self.counter}"

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def near(self, day: date, offsets: tuple[int, ...] = (-1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11)) -> datetime:
        """A local moment near a day, mostly on the edge of something."""
        return datetime.combine(
            day + timedelta(days=self.rng.choice(offsets)), time.fromisoformat(self.rng.choice(CLOCKS))
        )

    def stamp(self, made: datetime) -> str:
        """The cell for a local moment: exact in several spellings, a bare date, or blank."""
        if not self.timestamps:
            return ""
        aware = made.replace(tzinfo=self.zone)
        style = self.rng.random()
        if style < 0.4:
            return made.isoformat()
        if style < 0.55:
            return aware.isoformat()
        if style < 0.65:
            return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
        if style < 0.72:
            return made.isoformat() + f".{self.rng.randrange(1, 1000):03d}"
        return made.date().isoformat() if style < 0.88 else ""
