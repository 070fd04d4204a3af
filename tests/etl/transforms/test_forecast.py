"""Forecasts against a second, slow, obvious computation; the days and lessons they look at."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.contract.learning import FORECAST_CANNOT_TELL, FORECAST_ENOUGH, FORECAST_SHORT
from etl.transforms.forecast import (
    cut_day,
    is_unmarked,
    marks_hits,
    marks_verdict,
    programme_hits,
    programme_lag,
    unmarked_hits,
)


def row(**values: int | None) -> dict[str, int | None]:
    return {
        "mark_count": 0,
        "ahead_count": 0,
        "needed_count": 1,
        "year_mark_count": 0,
        "year_lesson_count": 10,
        **values,
    }


def foretold(*rows: dict[str, int | None]) -> list[int]:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(row(), pl.Int32))
    return frame.select(marks_verdict())["forecast"].to_list()


def slow_verdict(one: dict[str, Any]) -> int:
    marks, needed = one["mark_count"], one["needed_count"]
    if needed is None:
        return FORECAST_CANNOT_TELL
    if marks >= needed:
        return FORECAST_ENOUGH
    if one["year_lesson_count"] < 4:
        return FORECAST_CANNOT_TELL
    pace = Fraction(one["year_mark_count"], one["year_lesson_count"])
    expected = Fraction(marks)
    for _lesson in range(one["ahead_count"]):
        expected += pace
    return FORECAST_SHORT if expected < needed else FORECAST_ENOUGH


ROWS = st.fixed_dictionaries(
    {
        "mark_count": st.integers(0, 8),
        "ahead_count": st.integers(0, 30),
        "needed_count": st.one_of(st.none(), st.integers(1, 9)),
        "year_mark_count": st.integers(0, 40),
        "year_lesson_count": st.integers(0, 60),
    }
)


@given(st.lists(ROWS, min_size=1, max_size=30))
def test_a_forecast_is_marks_plus_lessons_left_at_the_pace_of_the_year(rows: list[dict[str, Any]]) -> None:
    assert foretold(*rows) == [slow_verdict(one) for one in rows]


def test_a_pace_that_just_reaches_the_norm_is_enough_and_one_mark_less_is_short() -> None:
    reached = row(mark_count=2, ahead_count=15, needed_count=5, year_mark_count=2, year_lesson_count=10)
    missed = row(mark_count=2, ahead_count=14, needed_count=5, year_mark_count=2, year_lesson_count=10)
    assert foretold(reached, missed) == [FORECAST_ENOUGH, FORECAST_SHORT]


def test_after_three_lessons_nothing_is_foretold_unless_the_norm_is_reached() -> None:
    early = row(mark_count=1, needed_count=3, year_mark_count=1, year_lesson_count=3, ahead_count=40)
    done = row(mark_count=3, needed_count=3, year_mark_count=3, year_lesson_count=3)
    assert foretold(early, done, row(needed_count=None)) == [
        FORECAST_CANNOT_TELL,
        FORECAST_ENOUGH,
        FORECAST_CANNOT_TELL,
    ]


@given(st.integers(1, 200), st.integers(1, 200), st.data())
def test_a_closed_period_is_looked_at_as_far_in_as_the_running_one(closed: int, running: int, data: Any) -> None:
    over = data.draw(st.integers(1, running))
    start, first = date(2026, 9, 1), date(2026, 11, 5)
    today = first + timedelta(days=over - 1)
    found = cut_day(start, start + timedelta(days=closed - 1), (first, first + timedelta(days=running - 1), today))
    days = (found - start).days + 1
    assert 1 <= days <= closed
    assert days == 1 or Fraction(days, closed) <= Fraction(over, running) < Fraction(days + 1, closed)


def test_nobody_is_called_unmarked_after_three_lessons_or_before_half_of_them() -> None:
    frame = pl.DataFrame({"lesson_count": [3, 4, 4, 4], "ahead_count": [0, 4, 4, 5], "mark_count": [0, 0, 1, 0]})
    assert frame.select(is_unmarked())["is_unmarked"].to_list() == [None, True, False, None]


def test_the_lag_of_a_programme_keeps_its_share_until_the_end_of_the_period() -> None:
    frame = pl.DataFrame(
        {"planned_count": [20.0, 3.0, 20.0], "held_count": [18, 3, 22], "planned_end_count": [40.0] * 3}
    )
    assert frame.select(programme_lag())["lag"].to_list() == [pytest.approx(4.0), None, pytest.approx(-4.0)]


COUNTS = ("made_count", "right_count", "warned_count", "warned_right_count", "came_count")


def slow_hits(pairs: list[tuple[bool, bool]]) -> tuple[int, ...]:
    """made, right, warned, warnings that came true, cases that came."""
    return (
        len(pairs),
        len([1 for warned, came in pairs if warned == came]),
        len([1 for warned, _ in pairs if warned]),
        len([1 for warned, came in pairs if warned and came]),
        len([1 for _, came in pairs if came]),
    )


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 3]), st.integers(0, 6), st.integers(1, 6), st.integers(1, 2)), min_size=1,
        max_size=40,
    )
)  # fmt: skip
def test_hits_count_what_was_told_and_what_came(rows: list[tuple[int, int, int, int]]) -> None:
    frame = pl.DataFrame(rows, schema=["forecast", "final_count", "needed_count", "period_id"], orient="row")
    found = marks_hits(frame.with_columns(pl.lit(2026).alias("school_year")))
    by_period = {line["period_id"]: tuple(line[name] for name in COUNTS) for line in found.iter_rows(named=True)}
    expected = {
        period: slow_hits([(told == 2, final < needed) for told, final, needed, p in rows if p == period and told != 3])
        for period in {p for told, _, _, p in rows if told != 3}
    }
    assert by_period == expected


def test_a_forecast_of_hours_is_right_within_one_hour_and_nothing_untold_is_counted() -> None:
    rows = pl.DataFrame(
        {
            "school_year": [2026] * 4,
            "period_id": [1] * 4,
            "lag": [3.0, 3.0, 0.5, None],
            "final_lag": [2.2, 0.5, 1.4, 9.0],
        }
    )
    assert programme_hits(rows).select(COUNTS).row(0) == (3, 2, 2, 1, 2)
    given_none = rows.select("school_year", "period_id").with_columns(
        pl.Series("is_unmarked", [True, True, False, None]), pl.Series("is_unattested", [True, False, False, True])
    )
    assert unmarked_hits(given_none).select(COUNTS).row(0) == (3, 2, 2, 1, 1)
