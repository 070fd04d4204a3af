"""The curriculum: subjects with their weekly hours by grade, how they mark, and who can teach them.

Hours follow the federal plan for a five-day week; a six-day week adds the subjects marked `six_day`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal

Area = Literal[
    "primary", "russian", "math", "english", "history", "geography", "biology", "physics", "chemistry",
    "informatics", "art", "music", "craft", "sport", "safety",
]  # fmt: skip
Style = Literal["exercise", "numbers", "english", "reading", "none"]


@dataclass(frozen=True)
class Subject:
    """A subject; `hours[grade − 1]` a week. `ease`: mean latent mark; `oral`: share of a class asked."""

    name: str
    area: Area
    hours: tuple[int, ...]
    ease: float
    oral: float  # share of the present pupils who get a mark at an ordinary lesson with marks
    work_every: int  # one written work in so many lessons; 0 = none
    kinds: tuple[str, ...]  # kinds of its works, used in turn
    style: Style  # of its homework
    homework: float = 0.85  # share of lessons after which homework is set
    split: Literal["", "language", "halves", "sex"] = ""
    split_from: int = 12  # first grade that is split into subgroups
    component: str = "federal"
    six_day: bool = False

    def taught_in(self, grade: int, week_days: int) -> int:
        """Weekly hours in that grade; 0 = not taught."""
        return self.hours[grade - 1] if week_days == 6 or not self.six_day else 0


def _read() -> tuple[Subject, ...]:
    text = files("etl.sources.demo").joinpath("subjects.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["subject"]
    return tuple(Subject(**row | {"hours": tuple(row["hours"]), "kinds": tuple(row["kinds"])}) for row in rows)


SUBJECTS: Final = _read()
CLUBS: Final = ("Шахматы", "Хоровое пение")
ELECTIVES: Final = ("Практикум по математике", "Практикум по русскому языку")
INDIVIDUAL: Final = ("Русский язык", "Математика", "Алгебра")
# in grades 1–4 the class's own teacher gives these
PRIMARY_OWN: Final = frozenset(
    {
        "Русский язык", "Литературное чтение", "Математика", "Окружающий мир", "Изобразительное искусство",
        "Труд (технология)", "Основы религиозных культур и светской этики",
    }
)  # fmt: skip
# an area too small for a teacher of its own is taught by the teachers of another
PARTNER: Final[dict[str, str]] = {
    "chemistry": "biology",
    "biology": "geography",
    "geography": "history",
    "history": "russian",
    "physics": "math",
    "informatics": "math",
    "math": "russian",
    "russian": "math",
    "english": "russian",
    "music": "art",
    "art": "craft",
    "craft": "sport",
    "safety": "sport",
    "sport": "history",
}
POSITIONS: Final[dict[str, str]] = {
    "primary": "учитель начальных классов",
    "russian": "учитель русского языка и литературы",
    "math": "учитель математики",
    "english": "учитель иностранного языка",
    "history": "учитель истории и обществознания",
    "geography": "учитель географии",
    "biology": "учитель биологии",
    "physics": "учитель физики",
    "chemistry": "учитель химии",
    "informatics": "учитель информатики",
    "art": "учитель изобразительного искусства",
    "music": "учитель музыки",
    "craft": "учитель труда (технологии)",
    "sport": "учитель физической культуры",
    "safety": "преподаватель-организатор ОБЗР",
}


def subject_index(name: str) -> int:
    """Position of a subject in SUBJECTS, which is also its key."""
    return next(index for index, subject in enumerate(SUBJECTS) if subject.name == name)
