"""Marts of attendance and marks against a second, slow, obvious computation over the files of the bundle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.contract.learning import AGREES, ON_BORDER, OVER, TOO_FEW, UNDER, WITHOUT_MARKS
from etl.transforms.mark_marts import norm_of, verdict
from etl.warehouse.engine import owner_connection
from tests.conftest import Warehouse
from tests.real.slow_learning import BEST_REASON, MISSED, WORDS, SlowBundle, SlowSchool

Pair = tuple[str, str]


class Slow:
    """One school, pupil by pupil and lesson by lesson."""

    def __init__(self, school: SlowSchool) -> None:
        self.school = school
        self.held = school.held_lessons()
        self.rosters = school.rosters({on for _row, on, _class in self.held.values()})
        self.individual = [pair for pair in school.journals() if school.groups[pair[0]]["kind"] == "individual"]
        self.listed = {key: self.pupils(row["group_key"], row["subject_key"], on)
                       for key, (row, on, _class) in self.held.items()}  # fmt: skip
        reasons: dict[Pair, set[str]] = defaultdict(set)
        for row in school.rows["absence"]:
            reason = MISSED.get(row["code"].strip().lower())
            if reason and row["lesson_key"] in self.held and row["pupil_key"] in self.listed[row["lesson_key"]]:
                reasons[row["lesson_key"], row["pupil_key"]].add(reason)
        self.missed = {slot: next(r for r in BEST_REASON if r in found) for slot, found in reasons.items()}
        self.days: dict[Pair, list[date]] = defaultdict(list)
        for row, on, _class in self.held.values():
            self.days[row["group_key"], row["subject_key"]].append(on)
        self.known: dict[str, date] = {}
        for row in school.rows["lesson"]:
            if (row.get("kind") or "lesson") == "lesson":
                class_key = school.groups[row["group_key"]]["class_key"]
                on = date.fromisoformat(row["held_on"])
                self.known[class_key] = max(on, self.known.get(class_key, on))

    def pupils(self, group: str, subject: str, on: date) -> set[str]:
        pupils = set(self.rosters[group, on])
        if self.school.groups[group]["kind"] == "class":
            for other, taught in self.individual:
                if taught == subject:
                    pupils -= self.rosters[other, on]
        return pupils

    def ahead(self, group: str, subject: str, days: tuple[date, date, date]) -> int:
        """Lessons of a journal to come in a period (first and last day) after the last of three days."""
        first, last, cut = days
        class_key = self.school.groups[group]["class_key"]
        told = 0
        for row in self.school.rows["lesson"]:
            on = date.fromisoformat(row["held_on"])
            if (row["group_key"], row["subject_key"]) != (group, subject) or not cut < on <= last:
                continue
            is_held = row["status"] == "moved" or self.school.is_instructional(class_key, on)
            told += (row.get("kind") or "lesson") == "lesson" and (row["status"] == "cancelled" or is_held)
        rest = max(cut, self.known[class_key])
        plans = {row["plan_key"] for row in self.school.rows["plan"]
                 if (row["group_key"], row["subject_key"]) == (group, subject)}  # fmt: skip
        lines = [
            Decimal(row["hours"] or "1")
            for row in self.school.rows["plan_item"]
            if row["plan_key"] in plans and row["planned_on"] and rest < date.fromisoformat(row["planned_on"]) <= last
        ]
        if lines:
            return told + int(sum(lines))
        teaching = [on for on in each_day(first, last) if self.school.is_instructional(class_key, on)]
        over = len([on for on in teaching if on <= cut])
        held = len([on for on in self.days[group, subject] if first <= on <= cut])
        return told + (held * len([on for on in teaching if on > rest]) // over if over else 0)


def each_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.fixture(scope="module")
def slow(warehouse: Warehouse) -> Slow:
    path = next((warehouse.home.parent / "bundles").rglob("school.csv")).parent
    bundle = SlowBundle(path)
    return Slow(SlowSchool(bundle, bundle.tables["school"][0]["school_key"]))


@pytest.fixture(scope="module")
def ask(warehouse: Warehouse) -> Iterator[Any]:
    with owner_connection(warehouse.url) as connection:
        yield lambda text: connection.execute(text, {"school": warehouse.school_id}).fetchall()


def test_attendance_by_day_is_that_of_every_lesson_counted_alone(slow: Slow, ask: Any) -> None:
    expected: dict[tuple[str, date], list[int]] = defaultdict(lambda: [0] * 6)
    for key, (_row, on, class_key) in slow.held.items():
        cell = expected[class_key, on]
        cell[0] += 1
        cell[1] += len(slow.listed[key])
    for (lesson, _pupil), reason in slow.missed.items():
        _row, on, class_key = slow.held[lesson]
        expected[class_key, on][2 + BEST_REASON.index(reason)] += 1
    rows = ask(
        "SELECT c.class_key, m.held_on, sum(held_count), sum(slot_count), sum(missed_illness_count),"
        " sum(missed_valid_count), sum(missed_invalid_count), sum(missed_unknown_count) FROM mart_attendance_day m"
        " JOIN dim_class c USING (school_id, class_id) WHERE m.school_id = %(school)s GROUP BY 1, 2"
    )
    assert len(rows) > 100 and {row[:2]: list(row[2:]) for row in rows} == expected
    whole = ask("SELECT held_on, held_count, slot_count, missed_count FROM mart_attendance_school"
                " WHERE school_id = %(school)s")  # fmt: skip
    for on, held, slots, missed in whole:
        mine = [cell for (_class, day), cell in expected.items() if day == on]
        assert (held, slots, missed) == (
            sum(c[0] for c in mine),
            sum(c[1] for c in mine),
            sum(sum(c[2:]) for c in mine),
        )


def test_current_marks_by_day_are_those_of_every_lesson_counted_alone(slow: Slow, ask: Any) -> None:
    expected: dict[tuple[str, date], list[int]] = defaultdict(lambda: [0] * 4)
    marked: set[str] = set()
    for row in slow.school.rows["mark"]:
        value = row["value"].strip().lower()
        is_digit = value[:1] in set("12345") and len(value) <= 2
        if row["lesson_key"] not in slow.held or not (is_digit or value in WORDS):
            continue
        _lesson, on, class_key = slow.held[row["lesson_key"]]
        cell = expected[class_key, on]
        cell[0] += row["lesson_key"] not in marked
        marked.add(row["lesson_key"])
        cell[1] += 1
        cell[2] += is_digit
        cell[3] += int(value[0]) if is_digit else 0
    rows = ask(
        "SELECT c.class_key, m.held_on, sum(marked_lesson_count), sum(mark_count), sum(digit_count), sum(digit_sum)"
        " FROM mart_attendance_day m JOIN dim_class c USING (school_id, class_id) WHERE m.school_id = %(school)s"
        " GROUP BY 1, 2 HAVING sum(mark_count) > 0"
    )
    assert len(rows) > 50 and {row[:2]: list(row[2:]) for row in rows} == expected


def test_lessons_and_days_missed_by_a_pupil_are_those_counted_one_by_one(slow: Slow, ask: Any) -> None:
    by_day: dict[tuple[str, str, date], list[int]] = defaultdict(lambda: [0, 0])
    for key, (_row, on, class_key) in slow.held.items():
        for pupil in slow.listed[key]:
            by_day[class_key, pupil, on][0] += 1
            by_day[class_key, pupil, on][1] += (key, pupil) in slow.missed
    expected: dict[tuple[str, str, date], list[int]] = defaultdict(lambda: [0] * 4)
    for (class_key, pupil, on), (slots, missed) in by_day.items():
        cell = expected[class_key, pupil, on.replace(day=1)]
        for i, n in enumerate((slots, missed, 1, int(slots == missed))):
            cell[i] += n
    rows = ask(
        "SELECT c.class_key, p.pupil_key, m.month_on, slot_count, missed_count, day_count, missed_day_count"
        " FROM mart_pupil_month m JOIN dim_class c USING (school_id, class_id) JOIN dim_pupil p"
        " ON p.school_id = m.school_id AND p.pupil_id = m.pupil_id WHERE m.school_id = %(school)s"
    )
    assert {row[:3]: list(row[3:]) for row in rows} == expected
    assert sum(row[6] for row in rows) > 0
    spread: dict[tuple[date, int], int] = defaultdict(int)
    for (_class, _pupil, month), (slots, missed, _days, _missed_days) in expected.items():
        spread[month, missed * 20 // slots] += 1
    found = ask("SELECT month_on, step, sum(pupil_count) FROM mart_absence_spread WHERE school_id = %(school)s"
                " GROUP BY 1, 2")  # fmt: skip
    assert {row[:2]: row[2] for row in found} == spread


def slow_verdict(mark: int, marks: list[tuple[int, Decimal]]) -> int:
    if not marks:
        return WITHOUT_MARKS
    total = sum(weight for _, weight in marks)
    if len(marks) < 3 or not total:
        return TOO_FEW
    away = Decimal(mark) - sum(value * weight for value, weight in marks) / total
    if Decimal("0.45") <= abs(away) <= Decimal("0.55"):
        return ON_BORDER
    return AGREES if abs(away) < Decimal("0.5") else OVER if away > 0 else UNDER


@given(
    st.integers(1, 5), st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["1", "2", "1.5", "0.25"])), max_size=9)
)
def test_the_verdict_on_a_period_mark_is_that_of_exact_decimals(mark: int, marks: list[tuple[int, str]]) -> None:
    weighed = [(value, Decimal(weight)) for value, weight in marks]
    rows = pl.DataFrame(
        {
            "period_mark_code": [mark],
            "digit_count": [len(marks)],
            "weight": [int(sum(weight * 100 for _, weight in weighed))],
            "points": [int(sum(value * weight * 100 for value, weight in weighed))],
        }
    )
    # a mean that is no finite decimal is never on the limit itself
    assert rows.select(verdict())["verdict"][0] == slow_verdict(mark, weighed)


def test_no_digit_has_no_verdict() -> None:
    rows = pl.DataFrame({"period_mark_code": [None, 10, 11], "digit_count": 5, "weight": 500, "points": 2000},
                        schema_overrides={"period_mark_code": pl.Int16})  # fmt: skip
    assert rows.select(verdict())["verdict"].to_list() == [None, None, None]


@pytest.mark.parametrize(("hours", "norm"), [(0.5, 3), (1, 3), (1.5, 3), (2, 5), (3, 7), (5, 7)])
def test_the_norm_grows_with_the_hours_of_the_week(hours: float, norm: int) -> None:
    found = pl.DataFrame({"h": [hours]}).select(norm_of(pl.col("h"), {1.0: 3, 2.0: 5, 3.0: 7}))
    assert found.item() == norm


def test_marks_norms_and_verdicts_of_pupils_are_those_counted_one_by_one(slow: Slow, ask: Any) -> None:
    school = slow.school
    spans = {row["period_key"]: row for row in school.rows["period"]}
    weights = {row["work_key"]: row.get("weight") or "1" for row in school.rows["work"]}
    place_of: dict[str, tuple[str, str, str]] = {}
    held: dict[tuple[str, str, str], int] = defaultdict(int)
    slots: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for key, (row, on, class_key) in slow.held.items():
        period = school.period_of(class_key, on)
        if period is None or school.classes[class_key]["grade"] == "1":
            continue
        place_of[key] = place = row["group_key"], row["subject_key"], period
        held[place] += 1
        for pupil in slow.listed[key]:
            slots[(*place, pupil)] += 1
    marks: dict[tuple[str, str, str, str], list[tuple[int, Decimal]]] = defaultdict(list)
    counts: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for row in school.rows["mark"]:
        value = row["value"].strip().lower()
        if row["lesson_key"] not in place_of or not (value[:1] in set("12345") or value in WORDS):
            continue
        place4 = (*place_of[row["lesson_key"]], row["pupil_key"])
        counts[place4] += 1
        if value[:1] in set("12345"):
            marks[place4].append((int(value[0]), Decimal(weights.get(row["work_key"], "1") or "1")))
    given_marks = {
        (row["group_key"], row["subject_key"], row["period_key"], row["pupil_key"]): row["value"]
        for row in school.rows["period_mark"]
        if row["kind"] == "period"
    }
    hours: dict[Pair, Decimal] = defaultdict(Decimal)
    for row in school.rows["curriculum"]:
        hours[row["group_key"], row["subject_key"]] += Decimal(row["weekly_hours"])
    ahead: dict[tuple[str, str, str], int] = {}
    graded = {
        (row["group_key"], row["subject_key"])
        for row in school.rows["period_mark"]
        if row["value"][:1] in set("12345") or row["value"].lower() in ("н/а", "на")
    }
    ungraded = {(row["group_key"], row["subject_key"]) for row in school.rows["period_mark"]} - graded
    rows = ask(
        "SELECT g.group_key, s.subject_key, p.period_key, u.pupil_key, m.lesson_count, m.mark_count, m.needed_count,"
        " m.verdict, m.is_left, m.is_short, m.is_early FROM mart_pupil_journal m"
        " JOIN dim_journal j USING (school_id, journal_id)"
        " JOIN dim_group g ON g.school_id = m.school_id AND g.group_id = j.group_id"
        " JOIN dim_subject s ON s.school_id = m.school_id AND s.subject_id = j.subject_id"
        " JOIN dim_period p ON p.school_id = m.school_id AND p.period_id = m.period_id"
        " JOIN dim_pupil u ON u.school_id = m.school_id AND u.pupil_id = m.pupil_id WHERE m.school_id = %(school)s"
    )
    assert {row[:4] for row in rows} == set(slots)
    ends = slow.school.rosters({min(date.fromisoformat(p["ends_on"]), school.until) for p in spans.values()})
    for group, subject, period, pupil, lessons, mark_count, needed, found, is_left, is_short, is_early in rows:
        place, cell = (group, subject, period), (group, subject, period, pupil)
        first, last = (date.fromisoformat(spans[period][name]) for name in ("starts_on", "ends_on"))
        end = min(last, school.until)
        assert (lessons, mark_count) == (slots[cell], counts[cell])
        norm = 7 if hours[group, subject] >= 3 else 5 if hours[group, subject] >= 2 else 3
        days = Decimal((end - first + timedelta(days=1)).days) / (last - first + timedelta(days=1)).days
        if last >= school.until and place not in ahead:
            ahead[place] = slow.ahead(group, subject, (first, last, school.until))
        over = Decimal(held[place]) / (held[place] + ahead[place]) if place in ahead else days
        assert (group, subject) in hours
        assert is_early == (over < 1 and held[place] < 5)
        if (group, subject) in ungraded:
            assert needed is None
            continue
        assert needed == max(1, ceil(norm * over * lessons / held[place] - Decimal("1e-9"))), cell
        assert is_short == (Decimal(lessons) / held[place] < Decimal("0.25"))
        if not slow.individual:
            assert is_left == (pupil not in ends[group, end])
        value = given_marks.get(cell, "")
        assert found == (slow_verdict(int(value[0]), marks[cell]) if value[:1] in set("12345") and value else None)


def test_pupils_are_sorted_into_groups_by_all_their_period_marks(ask: Any) -> None:
    pupils: dict[tuple[int, int], dict[int, list[int | None]]] = defaultdict(lambda: defaultdict(list))
    for class_id, period, pupil, code in ask(
        "SELECT class_id, period_id, pupil_id, period_mark_code FROM mart_pupil_journal"
        " WHERE school_id = %(school)s AND NOT is_left"
    ):
        pupils[class_id, period][pupil].append(code)
    expected = {}
    for place, of_class in pupils.items():
        if not any(code is not None for codes in of_class.values() for code in codes):
            continue
        cell = [len(of_class), 0, 0, 0, 0, 0]
        for codes in of_class.values():
            digits = [code for code in codes if code is not None and code <= 5]
            fails = any(code in (1, 2, 10, 14) for code in codes)
            cell[1] += None in codes
            if None in codes or fails or not digits:
                continue
            cell[2] += set(digits) == {5}
            cell[3] += set(digits) <= {4, 5} and 4 in digits
            cell[4] += set(digits) <= {4, 5} and digits.count(4) == 1
            cell[5] += set(digits) <= {3, 4, 5} and digits.count(3) == 1
        expected[place] = cell
    rows = ask(
        "SELECT class_id, period_id, listed_count, incomplete_count, excellent_count, good_count, one_four_count,"
        " one_three_count FROM mart_period_group WHERE school_id = %(school)s"
    )
    assert rows and {row[:2]: list(row[2:]) for row in rows} == expected


def test_the_sums_of_a_journal_are_those_of_its_pupils(ask: Any) -> None:
    expected: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * 11)
    for journal, period, marks, needed, asked, lessons, missed, short, left, code, found, early in ask(
        "SELECT journal_id, period_id, mark_count, needed_count, asked_count, lesson_count, missed_count, is_short,"
        " is_left, period_mark_code, verdict, is_early FROM mart_pupil_journal WHERE school_id = %(school)s"
    ):
        if code == 11 or needed is None:
            continue
        cell = expected[journal, period]
        cell[8] += found in (OVER, UNDER)
        if short or left:
            cell[7] += 1
            continue
        owed = () if early else (marks == 0, marks == 1, marks >= needed, min(marks, needed))
        for i, n in enumerate((1, *(owed or (0, 0, 0, 0)), asked, lessons - missed)):
            cell[i] += n
        cell[9] += early
        cell[10] += 0 if early else needed
    rows = ask(
        "SELECT journal_id, period_id, pupil_count, unmarked_count, one_mark_count, norm_count, capped_count,"
        " asked_count, present_count, apart_count, over_count + under_count, early_count, needed_count"
        " FROM mart_mark_fill WHERE school_id = %(school)s"
    )
    assert len(rows) > 20 and {row[:2]: list(row[2:]) for row in rows} == expected
