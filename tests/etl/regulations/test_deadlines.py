from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.regulations.deadlines import Deadline, DeadlineKind, MonthDay, parse_deadline, parse_month_day

COUNTED = st.tuples(st.integers(1, 366), st.sampled_from(["d", "wd", "id", "h", "h+same_day"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("same_day", Deadline(DeadlineKind.SAME_DAY)),
        ("at_entry", Deadline(DeadlineKind.AT_ENTRY)),
        ("check_day", Deadline(DeadlineKind.CHECK_DAY)),
        ("7d", Deadline(DeadlineKind.DAYS, 7)),
        ("2wd", Deadline(DeadlineKind.WORKING_DAYS, 2)),
        ("5id", Deadline(DeadlineKind.INSTRUCTIONAL_DAYS, 5)),
        ("1h", Deadline(DeadlineKind.HOURS, 1)),
        ("1h+same_day", Deadline(DeadlineKind.HOURS, 1, also_same_day=True)),
    ],
)
def test_every_form_of_a_deadline_is_read(text: str, expected: Deadline) -> None:
    assert parse_deadline(text) == expected


@given(COUNTED)
def test_a_deadline_is_written_as_it_was_read(counted: tuple[int, str]) -> None:
    text = f"{counted[0]}{counted[1]}"
    assert str(parse_deadline(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "d",
        "2",
        "2 d",
        "-1d",
        "0d",
        "367d",
        "1.5h",
        "2days",
        "2D",
        "2d+same_day",
        "same_day+1h",
        "в тот же день",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a deadline|counts|combines"):
        parse_deadline(text)


def test_a_month_day_lies_in_the_right_half_of_the_school_year() -> None:
    assert parse_month_day("08-31").in_school_year("2024/2025") == date(2024, 8, 31)
    assert parse_month_day("07-01").in_school_year("2024/2025") == date(2024, 7, 1)
    assert parse_month_day("06-20").in_school_year("2024/2025") == date(2025, 6, 20)


def test_a_school_year_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="2024-25"):
        MonthDay(9, 5).in_school_year("2024-25")


@pytest.mark.parametrize("text", ["9-5", "13-01", "02-29", "09.05", "2024-09-05"])
def test_a_month_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a da"):
        parse_month_day(text)
