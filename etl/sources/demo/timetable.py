"""The weekly timetable: every hour of every class gets a weekday and a position; no teacher is in two places.

A position is the place of a lesson in the whole day: 0–7 is the first shift, from 7 on the second shift and
everything after lessons. Only a few thousand placements a school, so plain Python is fast enough.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from etl.sources.demo.staffing import Unit

SECOND_SHIFT_FROM: Final = 7
POSITIONS: Final = 15
_LONGEST_DAY: Final = 8
_BREAKS: Final = (10, 20, 20, 10, 10, 10, 15, 10, 20, 10, 10, 10, 10, 10)


def bells(first_minute: int, length: int) -> tuple[list[int], list[int]]:
    """Start and end of every position, in minutes of the day."""
    starts = [first_minute]
    for pause in _BREAKS:
        starts.append(starts[-1] + length + pause)
    return starts, [start + length for start in starts]


class Timetable:
    """A timetable in the making; `place` fills it, `frame` reads it."""

    def __init__(self, rng: np.random.Generator, units: list[Unit], days: list[int], shifts: list[int]) -> None:
        self._rng = rng
        self._units = units
        self._days = days
        self._first = [SECOND_SHIFT_FROM if shift == 2 else 0 for shift in shifts]
        self._busy: set[tuple[int, int, int]] = set()  # teacher (or −group after lessons), day, position
        self._cells: dict[tuple[int, int, int], int] = {}  # class, day, position → unit
        self._after: list[tuple[int, int, int]] = []  # unit, day, position
        self._left = [unit.hours for unit in units]
        self._of_class: list[list[int]] = [[] for _ in days]
        for index, unit in enumerate(units):
            if unit.class_index >= 0:
                self._of_class[unit.class_index].append(index)

    def frame(self) -> pl.DataFrame:
        """One row an hour of a journal: journal, weekday (0 = Monday), pos, slot (from the class's first)."""
        rows = []
        for (klass, day, position), index in sorted(self._cells.items()):
            slot = position - self._first[klass] + 1
            rows += [(journal, day, position, slot) for journal in self._units[index].journals]
        for index, day, position in self._after:
            rows += [(journal, day, position, position + 1) for journal in self._units[index].journals]
        return pl.DataFrame(rows, schema=["journal", "weekday", "pos", "slot"], orient="row")

    def place(self) -> Timetable:
        """Fill the week place by place, then repair what did not fit, then add what comes after lessons."""
        counts = [self._day_lengths(index) for index in range(len(self._days))]
        load = self._teacher_loads()
        for day in range(max(self._days)):
            for offset in range(_LONGEST_DAY):
                for klass in self._rng.permutation(len(self._days)).tolist():
                    if day < self._days[klass] and offset < counts[klass][day]:
                        self._fill(klass, day, offset, load)
        for klass in range(len(self._days)):
            for index in self._of_class[klass]:
                while self._left[index] and self._repair(klass, index):
                    pass
        self._place_after_lessons()
        return self

    def _day_lengths(self, klass: int) -> list[int]:
        hours = sum(self._left[index] for index in self._of_class[klass])
        base, extra = divmod(hours, self._days[klass])
        # Monday and Saturday are the short days
        order = [1, 2, 3, 4, 0, 5][: self._days[klass]] if self._days[klass] == 6 else [1, 2, 3, 4, 0]
        lengths = [base] * self._days[klass]
        for day in order[:extra]:
            lengths[day] += 1
        return lengths

    def _teacher_loads(self) -> dict[int, int]:
        load: dict[int, int] = {}
        for unit in self._units:
            for teacher in unit.teachers:
                load[teacher] = load.get(teacher, 0) + unit.hours
        return load

    def _free(self, index: int, day: int, position: int) -> bool:
        return all((teacher, day, position) not in self._busy for teacher in self._units[index].teachers)

    def _put(self, klass: int, index: int, day: int, position: int) -> None:
        self._cells[klass, day, position] = index
        self._busy.update((teacher, day, position) for teacher in self._units[index].teachers)

    def _take(self, klass: int, day: int, position: int) -> int:
        index = self._cells.pop((klass, day, position))
        self._busy.difference_update((teacher, day, position) for teacher in self._units[index].teachers)
        return index

    def _fill(self, klass: int, day: int, offset: int, load: dict[int, int]) -> None:
        position = self._first[klass] + offset
        today = {
            self._units[self._cells[klass, day, other]].subject
            for other in range(self._first[klass], position)
            if (klass, day, other) in self._cells
        }
        days_left = self._days[klass] - day
        best, best_score = -1, -1e9
        for index in self._of_class[klass]:
            unit = self._units[index]
            if not self._left[index] or not self._free(index, day, position):
                continue
            score = 3.0 * self._left[index] / days_left + 1.5 * (len(unit.teachers) > 1)
            score += 0.12 * max(load[teacher] for teacher in unit.teachers) + self._rng.random()
            score -= 50.0 * (unit.subject in today)
            if score > best_score:
                best, best_score = index, score
        if best >= 0:
            self._put(klass, best, day, position)
            self._left[best] -= 1

    def _open(self, klass: int) -> list[tuple[int, int]]:
        """Places of the class where nothing stands, early ones first."""
        first = self._first[klass]
        return [
            (day, first + offset)
            for offset in range(_LONGEST_DAY)
            for day in range(self._days[klass])
            if (klass, day, first + offset) not in self._cells
        ]

    def _repair(self, klass: int, index: int) -> bool:
        """Find a place for one hour, moving one other lesson of the class if need be."""
        holes = self._open(klass)
        for day, position in holes:
            if self._free(index, day, position):
                self._put(klass, index, day, position)
                self._left[index] -= 1
                return True
        taken = sorted((day, position) for own, day, position in self._cells if own == klass)
        for day, position in taken:
            other = self._take(klass, day, position)
            if self._free(index, day, position):
                for new_day, new_position in holes:
                    if self._free(other, new_day, new_position):
                        self._put(klass, other, new_day, new_position)
                        self._put(klass, index, day, position)
                        self._left[index] -= 1
                        return True
            self._put(klass, other, day, position)
        return False

    def _place_after_lessons(self) -> None:
        for index, unit in enumerate(self._units):
            if unit.class_index >= 0:
                continue
            for _ in range(unit.hours):
                places = [
                    (day, position)
                    for position in (8, 9, 10, 11, 12)
                    for day in self._rng.permutation(5).tolist()
                    if self._free(index, day, position)
                    and (-unit.group, day, position) not in self._busy
                    and (index, day) not in {(other, used) for other, used, _ in self._after}
                ]
                day, position = places[0]
                self._after.append((index, day, position))
                self._busy.update((teacher, day, position) for teacher in [*unit.teachers, -unit.group])
