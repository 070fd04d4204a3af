"""The marts of forecasts against a slow computation over the files of the bundle, lesson by lesson."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

import pytest

from tests.etl.transforms.test_learning_marts import Slow, ask, slow

__all__ = ["ask", "slow"]

Cell = tuple[str, str, str, str]
GRADES = {"зач", "зачет", "зачёт", "незач", "незачет", "незачёт"}


def is_grade(value: str) -> bool:
    return value.strip()[:1] in set("12345") or value.strip().lower() in GRADES


class Counted:
    """Lessons, marks and what is left of every journal, by hand, for a period looked at on a day."""

    def __init__(self, slow: Slow) -> None:
        self.slow, self.school = slow, slow.school
        self.lesson_of = {key: (row["group_key"], row["subject_key"], on) for key, (row, on, _) in slow.held.items()}
        self.marks: dict[tuple[str, str, str], list[date]] = defaultdict(list)
        for row in self.school.rows["mark"]:
            if row["lesson_key"] in self.lesson_of and is_grade(row["value"]):
                group, subject, on = self.lesson_of[row["lesson_key"]]
                self.marks[group, subject, row["pupil_key"]].append(on)
        self.slots: dict[tuple[str, str, str], list[date]] = defaultdict(list)
        for key, (group, subject, on) in self.lesson_of.items():
            for pupil in slow.listed[key]:
                self.slots[group, subject, pupil].append(on)


@pytest.fixture(scope="module")
def counted(slow: Slow) -> Counted:
    return Counted(slow)


def test_every_forecast_of_marks_is_the_one_made_with_a_pencil(counted: Counted, ask: Any) -> None:
    school, until = counted.school, counted.school.until
    spans = {row["period_key"]: row for row in school.rows["period"]}
    hours: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in school.rows["curriculum"]:
        hours[row["group_key"], row["subject_key"]] += Decimal(row["weekly_hours"])
    rows = ask(
        "SELECT g.group_key, s.subject_key, p.period_key, u.pupil_key, m.lesson_count, m.ahead_count, m.mark_count,"
        " m.needed_count, m.year_lesson_count, m.year_mark_count, m.forecast, m.is_unmarked"
        " FROM mart_mark_forecast m JOIN dim_journal j USING (school_id, journal_id)"
        " JOIN dim_group g ON g.school_id = m.school_id AND g.group_id = j.group_id"
        " JOIN dim_subject s ON s.school_id = m.school_id AND s.subject_id = j.subject_id"
        " JOIN dim_period p ON p.school_id = m.school_id AND p.period_id = m.period_id"
        " JOIN dim_pupil u ON u.school_id = m.school_id AND u.pupil_id = m.pupil_id WHERE m.school_id = %(school)s"
    )
    ahead: dict[tuple[str, str], int] = {}
    for group, subject, period, pupil, *found in rows:
        first, last = (date.fromisoformat(spans[period][name]) for name in ("starts_on", "ends_on"))
        assert first <= until <= last
        if (group, subject) not in ahead:
            ahead[group, subject] = counted.slow.ahead(group, subject, (first, last, until))
        slots, marks = counted.slots[group, subject, pupil], counted.marks[group, subject, pupil]
        lessons = len([on for on in slots if first <= on <= until])
        given = len([on for on in marks if first <= on <= until])
        held = len([on for on in counted.slow.days[group, subject] if first <= on <= until])
        norm = 7 if hours[group, subject] >= 3 else 5 if hours[group, subject] >= 2 else 3
        needed = max(1, ceil(Fraction(norm * lessons, held)))
        left = ahead[group, subject]
        pace = Fraction(len(marks), len(slots))
        if given >= needed:
            expected = 1
        elif len(slots) < 4:
            expected = 3
        else:
            expected = 2 if given + left * pace < needed else 1
        unmarked = given == 0 if lessons >= 4 and lessons >= left else None
        assert found == [lessons, left, given, needed, len(slots), len(marks), expected, unmarked], (group, subject)
    assert len(rows) > 500 and {row[10] for row in rows} >= {1, 2}


def test_past_forecasts_are_those_of_the_same_share_of_the_closed_period(counted: Counted, ask: Any) -> None:
    hits = ask("SELECT kind, made_count, right_count, warned_count, warned_right_count, came_count"
               " FROM mart_forecast_hit WHERE school_id = %(school)s")  # fmt: skip
    by_kind = {row[0]: row[1:] for row in hits}
    assert set(by_kind) >= {"marks", "programme"}
    for made, right, warned, warned_right, came in by_kind.values():
        assert 0 <= warned_right <= min(warned, came) and right <= made
    # the second quarter is 8 of 56 days old where the data end; the first one is 53 days long: its day 7
    marks_made, *_rest = by_kind["marks"]
    cut = date(2026, 9, 7)
    reached = sum(
        1
        for (group, _subject, _pupil), days in counted.slots.items()
        if len([on for on in days if on <= cut]) >= 4
        and counted.school.classes[counted.school.groups[group]["class_key"]]["grade"] not in ("1", "10", "11")
    )
    # four lessons by then, or the norm reached before: never fewer than the first, hardly more
    assert marks_made <= reached + 20 and marks_made > reached * 0.8
