"""The risk group and the reserve of a class: reasons, their boundaries, and what does not count."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from dashboard.class_rows import reserve, unexplained
from dashboard.risk import Reason, risk_reasons

JOURNAL: dict[str, Any] = {
    "pupil_id": 1, "journal_id": 1, "period_id": 1, "subject": "Физика", "lesson_count": 10, "mark_count": 5,
    "needed_count": 5, "digit_count": 5, "weight": 500, "points": 2000, "period_mark_code": None, "is_short": False,
    "is_left": False,
}  # fmt: skip
TYPES = {
    **dict.fromkeys(JOURNAL, pl.Int64), "subject": pl.String, "is_short": pl.Boolean, "is_left": pl.Boolean,
}  # fmt: skip
LOW = {"pupil_id": pl.Int64, "subject": pl.String, "follows_low": pl.Boolean, "is_bettered": pl.Boolean}
MONTHS = {"pupil_id": pl.Int64, "systematic_months": pl.Int64}


def journals(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{**JOURNAL, **row} for row in rows], schema=TYPES)


def low(*rows: tuple[int, str, bool, bool]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=LOW, orient="row")


def months(*rows: tuple[int, int]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=MONTHS, orient="row")


@pytest.mark.parametrize(("points", "is_weak"), [(1249, True), (1250, False)])
def test_a_weighted_mean_just_below_two_and_a_half_is_a_reason(points: int, is_weak: bool) -> None:
    found = risk_reasons(journals({"points": points}), low(), months())
    assert found == ({1: [Reason("mean", ("Физика",), 2.498)]} if is_weak else {})


def test_two_digits_foretell_no_mean_and_a_pupil_who_left_is_not_in_the_group() -> None:
    weak = {"points": 1000}
    rows = journals({**weak, "digit_count": 2}, {**weak, "pupil_id": 2, "is_left": True})
    assert risk_reasons(rows, low(), months()) == {}


def test_two_unsatisfactory_marks_in_a_row_are_a_reason_until_the_later_one_is_repaired() -> None:
    rows = low((1, "Физика", True, False), (2, "Химия", True, True), (3, "Химия", False, False))
    assert risk_reasons(journals(), rows, months()) == {1: [Reason("in_a_row", ("Физика",))]}


def test_a_subject_without_marks_is_no_reason_and_two_are() -> None:
    silent = {"mark_count": 0, "digit_count": 0, "weight": 0, "points": 0}
    one = journals(silent)
    two = journals(silent, {**silent, "subject": "Химия"})
    early = journals({**silent, "lesson_count": 3}, {**silent, "subject": "Химия"})
    assert risk_reasons(one, low(), months()) == risk_reasons(early, low(), months()) == {}
    assert risk_reasons(two, low(), months()) == {1: [Reason("unmarked", ("Физика", "Химия"), 2)]}


def test_reasons_are_listed_and_never_added_up() -> None:
    found = risk_reasons(journals({"points": 1000}), low((1, "Физика", True, False)), months((1, 2), (2, 0)))
    assert [reason.code for reason in found[1]] == ["mean", "in_a_row", "missed"] and list(found) == [1]


def marks(*codes: int | None, mean: int = 400) -> pl.DataFrame:
    return journals(
        *(
            {"journal_id": n, "subject": f"Предмет {n}", "period_mark_code": code, "points": mean * 5}
            for n, code in enumerate(codes)
        )
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (marks(5, 4, 3), [(1, "one_three", "Предмет 2", False)]),
        (marks(5, 5, 4), [(1, "one_four", "Предмет 2", False)]),
        (marks(5, 3, 3), []),
        (marks(5, 3, 2), []),
        (marks(5, 3, 10), []),
        (marks(5, 3), []),  # two subjects are too few
        (marks(5, 5, None, mean=449), [(1, "one_four", "Предмет 2", True)]),
        (marks(5, 5, None, mean=450), []),  # half is rounded up to 5
        (marks(5, 4, 3, 13), [(1, "one_three", "Предмет 2", False)]),  # зачёт says nothing here
    ],
)
def test_the_reserve_is_all_but_one(rows: pl.DataFrame, expected: list[tuple[int, str, str, bool]]) -> None:
    assert reserve(rows).rows() == expected


def test_subjects_that_tell_nothing_may_be_no_more_than_half() -> None:
    silent = {"period_mark_code": None, "digit_count": 2}
    three = marks(5, 4, 3)
    half = pl.concat([three, journals(*({**silent, "journal_id": n} for n in (7, 8, 9)))])
    most = pl.concat([half, journals({**silent, "journal_id": 10})])
    assert reserve(half).height == 1 and reserve(most).is_empty()


def test_an_unexplained_absence_waits_from_the_week_of_its_lesson() -> None:
    missed = pl.DataFrame(
        [
            (1, "Яна", date(2026, 11, 10), "Н"),
            (1, "Яна", date(2026, 10, 1), "ОТ"),
            (2, "Ян", date(2026, 11, 9), "Н"),
            (3, "Ева", date(2026, 9, 1), "Б"),
        ],
        schema={"pupil_id": pl.Int64, "full_name": pl.String, "held_on": pl.Date, "code": pl.String},
        orient="row",
    )
    found = unexplained(missed, date(2026, 11, 12))
    assert found.rows() == [(1, "Яна", 2, date(2026, 10, 1), 6), (2, "Ян", 1, date(2026, 11, 9), 0)]
