"""Teachers and journals: how many teachers a subject needs, and who teaches which group what."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import ceil
from typing import Final

import numpy as np
import polars as pl

from etl.sources.demo.names import full_names
from etl.sources.demo.subjects import (
    CLUBS,
    ELECTIVES,
    INDIVIDUAL,
    PARTNER,
    POSITIONS,
    PRIMARY_OWN,
    SUBJECTS,
    subject_index,
)

OFFICE: Final = (
    ("директор", "director"),
    ("заместитель директора по учебной работе", "deputy"),
    ("заместитель директора по воспитательной работе", "deputy"),
    ("координатор электронного журнала", "coordinator"),
    ("секретарь", "secretary"),
    ("администратор системы", "administrator"),
)
DEPUTY: Final = 2  # staff numbers of the office, in the order above
SECRETARY: Final = 5
_PART_NAMES: Final = {"language": "английский", "halves": "информатика", "sex": "труд"}
_FULL_LOAD: Final = 25  # weekly hours that a school plans for one teacher
_MIN_AREA: Final = 9  # an area with fewer hours has no teacher of its own
_SPLIT_FROM: Final = 20  # pupils in a class from which it is divided


@dataclass
class Unit:
    """What the timetable places: one hour of a class (or of its subgroups at once) with all its teachers."""

    class_index: int  # −1: after lessons, outside the class's day
    subject: int
    hours: int
    journals: list[int] = field(default_factory=list)
    teachers: list[int] = field(default_factory=list)
    area: str = ""
    group: int = 0  # the group of a unit outside the class's day


@dataclass(frozen=True)
class Staffing:
    """`staff`, `groups`, `journals`: one row each; `units` feed the timetable; `area_of` by staff number."""

    staff: pl.DataFrame
    groups: pl.DataFrame
    journals: pl.DataFrame
    units: list[Unit]
    area_of: list[str]


def build_staffing(rng: np.random.Generator, classes: pl.DataFrame, sizes: list[int]) -> Staffing:
    """Groups and journals of every class with their teachers, within a load of about 25 hours a week."""
    groups: list[tuple[int, str, str, int]] = []  # class, kind, name, part
    journals: list[tuple[int, int, int, int, str]] = []  # group, class, subject, hours, lesson kind
    units: list[Unit] = []
    for index, (number, grade, title, days) in enumerate(classes.select("class", "grade", "title", "days").iter_rows()):
        groups.append((number, "class", title, 0))
        own_group = len(groups)
        parts: dict[str, list[int]] = {}
        for key, subject in enumerate(SUBJECTS):
            hours = subject.taught_in(grade, days)
            if not hours:
                continue
            area = f"primary {number}" if grade <= 4 and subject.name in PRIMARY_OWN else subject.area
            unit = Unit(index, key, hours, area=area)
            taught = [own_group]
            if subject.split and grade >= subject.split_from and sizes[index] >= _SPLIT_FROM:
                if subject.split not in parts:
                    for part in (1, 2):
                        groups.append((number, "subgroup", f"{title} {_PART_NAMES[subject.split]}, гр. {part}", part))
                    parts[subject.split] = [len(groups) - 1, len(groups)]
                taught = parts[subject.split]
            for group in taught:
                journals.append((group, number, key, hours, "lesson"))
                unit.journals.append(len(journals))
            units.append(unit)
    _add_extra(rng, classes, groups, journals, units)
    areas = _pools(units)
    _appoint(rng, units, areas)
    staff, area_of = _staff(rng, units)
    teacher = {j: t for unit in units for j, t in zip(unit.journals, unit.teachers, strict=True)}
    journal_frame = pl.DataFrame(
        [(number, *row, teacher[number]) for number, row in enumerate(journals, start=1)],
        schema=["journal", "group", "class", "subject", "hours", "lesson_kind", "staff"],
        orient="row",
    )
    group_frame = pl.DataFrame(
        [(number, *row) for number, row in enumerate(groups, start=1)],
        schema=["group", "class", "group_kind", "name", "part"],
        orient="row",
    )
    return Staffing(
        staff,
        group_frame,
        journal_frame.join(group_frame.drop("class", "name"), on="group", maintain_order="left"),
        units,
        area_of,
    )


def _add_extra(
    rng: np.random.Generator,
    classes: pl.DataFrame,
    groups: list[tuple[int, str, str, int]],
    journals: list[tuple[int, int, int, int, str]],
    units: list[Unit],
) -> None:
    """Clubs of grades 2–4, electives of grades 8–11, and one pupil taught at home (12 classes and more)."""

    def add(number: int, kind: str, name: str, subject: int, hours: int, lesson_kind: str, area: str) -> None:
        groups.append((number, kind, name, 3))
        journals.append((len(groups), number, subject, hours, lesson_kind))
        units.append(Unit(-1, subject, hours, [len(journals)], area=area, group=len(groups)))

    for number, grade, title in classes.select("class", "grade", "title").iter_rows():
        if 2 <= grade <= 4 and rng.random() < 0.5:
            name = CLUBS[number % len(CLUBS)]
            add(
                number,
                "club",
                f"{name}, {title}",
                subject := subject_index(name),
                1,
                "club",
                SUBJECTS[subject].area,
            )
        if grade >= 8 and rng.random() < 0.6:
            name = ELECTIVES[number % len(ELECTIVES)]
            key = subject_index(name)
            add(number, "elective", f"{name}, {title}", key, 1, "elective", SUBJECTS[key].area)
    if len(classes) >= 12:
        number, grade, title = classes.filter(pl.col("grade") >= 5).select("class", "grade", "title").row(0)
        groups.append((number, "individual", f"{title}, обучение на дому", 4))
        group = len(groups)
        for name in INDIVIDUAL:
            key = subject_index(name)
            if SUBJECTS[key].taught_in(grade, 5):
                journals.append((group, number, key, 2, "lesson"))
                units.append(Unit(-1, key, 2, [len(journals)], area=SUBJECTS[key].area, group=group))


def _pools(units: list[Unit]) -> dict[str, list[int]]:
    """Area → staff numbers of its teachers; a small area shares the teachers of its partner."""
    hours: dict[str, int] = defaultdict(int)
    for unit in units:
        hours[unit.area] += unit.hours * len(unit.journals)
    home = {area: area for area in hours}

    def root(area: str) -> str:
        while home[area] != area:
            area = home[area]
        return area

    for area in sorted(hours, key=lambda name: (hours[name], name)):
        partner = PARTNER.get(area, "")
        if not area.startswith("primary ") and hours[area] < _MIN_AREA and partner in home and root(partner) != area:
            home[area] = root(partner)
            hours[root(partner)] += hours[area]
    split = {root(unit.area) for unit in units if len(unit.journals) > 1}
    pools: dict[str, list[int]] = {}
    next_staff = len(OFFICE) + 1
    for area in sorted({root(area) for area in hours}):
        count = max(ceil(hours[area] / _FULL_LOAD), 2 if area in split else 1)
        pools[area] = list(range(next_staff, next_staff + count))
        next_staff += count
    return {area: pools[root(area)] for area in sorted(hours)}


def _appoint(rng: np.random.Generator, units: list[Unit], pools: dict[str, list[int]]) -> None:
    """Give every unit its teachers: the one who has the class in that area already, else the least loaded."""
    load: dict[int, int] = defaultdict(int)
    holder: dict[tuple[str, int, int], int] = {}
    order = sorted(range(len(units)), key=lambda i: (-units[i].hours * len(units[i].journals), i))
    for index in order:
        unit = units[index]
        pool = pools[unit.area]
        for part in range(len(unit.journals)):
            known = holder.get((unit.area, unit.class_index, part))
            free = [teacher for teacher in pool if teacher not in unit.teachers]
            if known in free and load[known] + unit.hours <= _FULL_LOAD + 5 and unit.class_index >= 0:
                chosen = known
            else:
                chosen = min(free, key=lambda teacher: (load[teacher] + rng.random(), teacher))
            unit.teachers.append(chosen)
            load[chosen] += unit.hours
            holder.setdefault((unit.area, unit.class_index, part), chosen)


def _staff(rng: np.random.Generator, units: list[Unit]) -> tuple[pl.DataFrame, list[str]]:
    """(staff, area by number): a teacher's position is that of the area where most of the load lies."""
    hours: dict[int, Counter[str]] = defaultdict(Counter)
    for unit in units:
        for teacher in unit.teachers:
            hours[teacher][unit.area.split()[0]] += unit.hours
    last = max(hours)
    main = {teacher: max(sorted(own), key=own.__getitem__) for teacher, own in hours.items()}
    teachers = [main.get(number, "russian") for number in range(len(OFFICE) + 1, last + 1)]
    count = last
    female = rng.random(count + 1) < 0.86
    names = full_names(rng, female)
    frame = pl.DataFrame(
        {
            "staff": np.arange(1, count + 2),
            "full_name": names,
            "position": [title for title, _ in OFFICE] + [POSITIONS[area] for area in teachers] + ["учитель"],
            "role": [role for _, role in OFFICE] + ["teacher"] * (len(teachers) + 1),
            "years": rng.integers(1, 30, count + 1),
        }
    )
    return frame, ["", *("office" for _ in OFFICE), *teachers, "gone"]
