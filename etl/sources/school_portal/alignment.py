"""Columns, lessons and namesakes that have no ids, found again: by their order, and by content where their number
changed. A new one between two others gets a number between theirs, so that the others keep their keys.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from etl.sources.earlier import NOTHING, Earlier, StoredLesson
from etl.sources.school_portal.values import read_cell

Content = Mapping[Any, str]
"""What tells one from another: text by place."""
MANY = 6
"""Beyond so many in one place order alone counts: nothing of a school has them."""
GAIN = 3
"""Where earlier blank ones may have been, order must cost so many more changes before it is given up: a cell that
stands elsewhere costs two, and one cell proves little."""


def aligned(slots: Sequence[tuple[str, Content]], arrivals: Sequence[Content], *, is_sure: bool) -> list[str]:
    """The number of each arrival, in their order. `slots` are known numbers with what they hold, in their order;
    `is_sure` says that none of them can have been there unseen. As many as before are the same ones.
    """
    known = sorted(slots, key=lambda slot: float(slot[0]))
    count, before = len(arrivals), len(known)
    if count == before:
        return [number for number, _content in known]
    if not known or max(count, before) > MANY:
        return [str(number) for number in range(1, count + 1)]
    if count < before:
        chosen = min(
            combinations(range(before), count),
            key=lambda places: sum(
                _differ(known[place][1], content) - len(known[place][1])
                for place, content in zip(places, arrivals, strict=True)
            ),
        )
        return [known[place][0] for place in chosen]
    costs = {
        places: sum(
            _differ(content, arrivals[place]) - len(arrivals[place])
            for place, (_number, content) in zip(places, known, strict=True)
        )
        for places in combinations(range(count), before)
    }
    best, first = min(costs, key=lambda places: costs[places]), tuple(range(before))
    if not is_sure and costs[first] - costs[best] < GAIN:
        best = first
    return _numbers(count, dict(zip(best, (number for number, _content in known), strict=True)))


def _differ(one: Content, other: Content) -> int:
    return sum(1 for place in {*one, *other} if one.get(place) != other.get(place))


def _numbers(count: int, known: Mapping[int, str]) -> list[str]:
    """Numbers for all: a whole one where there is room, else the middle."""
    numbers: list[str] = []
    for place in range(count):
        if place in known:
            numbers.append(known[place])
            continue
        low = float(numbers[-1]) if numbers else 0.0
        high = min((float(number) for later, number in known.items() if later > place), default=math.inf)
        whole = math.floor(low) + 1
        numbers.append(f"{whole if whole < high else (low + high) / 2:g}")
    return numbers


def words_of(text: str) -> str:
    """A cell for comparing: its marks and absences in the spelling of the contract."""
    entries = read_cell(text)
    return " ".join(sorted((*entries.marks, *entries.absences))).lower() if entries else text


@dataclass
class Known:
    """The stored state by journal: `stem` is group key and subject key."""

    earlier: Earlier = NOTHING

    @cached_property
    def cells(self) -> dict[tuple[str, str], dict[str, dict[Hashable, str]]]:
        """(stem, day) → column → pupil → text; columns whose entries all vanished are there and empty."""
        found: dict[tuple[str, str], dict[str, dict[Hashable, list[str]]]] = defaultdict(dict)
        for entry in self.earlier.entries:
            parts = entry.key.rsplit("|", 4)
            if len(parts) < 5:
                continue  # of another source
            stem, day, column, pupil, _number = parts
            cell = found[stem, day].setdefault(column, {})
            if entry.is_live:
                cell.setdefault(pupil, []).append(entry.value.lower())
        return {
            place: {
                column: {pupil: " ".join(sorted(values)) for pupil, values in cell.items()}
                for column, cell in columns.items()
            }
            for place, columns in found.items()
        }

    @cached_property
    def _several(self) -> dict[tuple[str, bool], list[tuple[str, Content]]]:
        """(key of a cell, absences or marks) → place and value of those that are there."""
        found: dict[tuple[str, bool], list[tuple[str, Content]]] = defaultdict(list)
        for entry in self.earlier.entries:
            if entry.is_live:
                cell, _bar, place = entry.key.rpartition("|")
                found[cell, entry.is_absence].append((place, {"": entry.value.lower()}))
        return found

    def places_of(self, cell: str, values: Sequence[str], *, is_absence: bool) -> list[str]:
        """Places of a cell's marks, or absences, in their order: «5» that becomes «4/5» stays itself, and of «4/5» the
        one that is left is not the other one changed.
        """
        stored = self._several.get((cell, is_absence), [])
        if [place for place, _value in stored] in ([], ["1"]) and len(values) == 1:
            return [place for place, _value in stored] or ["1"]
        return aligned(stored, [{"": value.lower()} for value in values], is_sure=True)

    @cached_property
    def pupils(self) -> dict[str, dict[Hashable, str]]:
        """Pupil → (stem, day) → text of all columns of the day."""
        found: dict[str, dict[Hashable, list[str]]] = defaultdict(lambda: defaultdict(list))
        for place, columns in self.cells.items():
            for cell in columns.values():
                for pupil, text in cell.items():
                    found[str(pupil)][place].append(text)
        return {
            pupil: {place: " ".join(sorted(texts)) for place, texts in those.items()} for pupil, those in found.items()
        }

    @cached_property
    def lessons(self) -> dict[tuple[str, str], dict[str, StoredLesson]]:
        """(stem, day) → number → lesson that is there."""
        found: dict[tuple[str, str], dict[str, StoredLesson]] = defaultdict(dict)
        for lesson in self.earlier.lessons:
            parts = lesson.key.rsplit("|", 2)
            if len(parts) == 3 and lesson.is_live:
                found[parts[0], parts[1]][parts[2]] = lesson
        return dict(found)

    @cached_property
    def _seen(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for entry in self.earlier.entries:
            parts = entry.key.rsplit("|", 4)
            if len(parts) == 5:
                found[parts[0]].add(parts[3])
        return found

    def seen_in(self, stem: str) -> set[str]:
        """Pupils who ever had an entry in this journal."""
        return self._seen.get(stem, set())

    def columns_of(self, stem: str, day: str, arrivals: Sequence[Content], lesson_count: int) -> list[str]:
        """Numbers of a day's columns, in their order; `lesson_count` is the day's number of lessons now."""
        stored = self.cells.get((stem, day), {})
        if not stored or (len(arrivals) == 1 and stored.keys() == {"1"}):
            return [str(number) for number in range(1, len(arrivals) + 1)]
        most = math.floor(max(map(float, stored)))
        slots = [(number, stored.get(number, {})) for number in {*stored, *map(str, range(1, most + 1))}]
        held = len(self.lessons.get((stem, day), ()))
        # lessons that are there had columns, filled or not: then nothing was inserted
        slots += [(str(number), {}) for number in range(most + 1, max(most, min(held, len(arrivals))) + 1)]
        is_sure = lesson_count - held == len(arrivals) - len(slots)
        return aligned(slots, arrivals, is_sure=is_sure)

    def lessons_of(self, stem: str, day: str, arrivals: Sequence[Content]) -> list[str]:
        """Numbers of a day's lessons as its КТП lists them."""
        stored = self.lessons.get((stem, day), {})
        slots = [
            (number, {name: text for name, text in (("t", each.topic), ("h", each.homework)) if text})
            for number, each in stored.items()
        ]
        return aligned(slots, arrivals, is_sure=True)
