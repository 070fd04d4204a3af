"""The same point of another period, against a second way that walks day by day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.queries.same_point import SchoolCalendar, same_point, school_days

START = date(2026, 9, 1)
ONE = timedelta(days=1)


def walked(days: tuple[date, ...], now: tuple[date, date], then: tuple[date, date], moment: date) -> date:
    """Step through both periods together, one school day of each at a time."""
    teaching = set(days)
    here, there = now[0] - ONE, then[0] - ONE
    answer = there
    while here < min(moment, now[1] - ONE):
        here += ONE
        if here not in teaching:
            continue
        there += ONE
        while there not in teaching and there <= then[1]:
            there += ONE
        if there > then[1]:
            answer = then[1]
            break
        answer = there
    if moment < now[1]:
        return answer
    here, answer = now[1], then[1]
    last = days[-1] if days else then[1]
    while here < moment:
        here += ONE
        if here in teaching and answer < last:
            step = answer + ONE
            while step not in teaching and step < last:
                step += ONE
            answer = step if step in teaching else answer
    return answer


@given(
    gaps=st.lists(st.integers(0, 4), min_size=5, max_size=60),
    lengths=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    apart=st.integers(0, 30),
    into=st.integers(-5, 70),
)
def test_the_same_point_is_the_one_that_walking_both_periods_finds(gaps, lengths, apart, into):
    days, at = [], START - timedelta(days=3)
    for gap in gaps:
        at += timedelta(days=gap + 1)
        days.append(at)
    then = (START, START + timedelta(days=lengths[0]))
    now = (then[1] + timedelta(days=1 + apart), then[1] + timedelta(days=1 + apart + lengths[1]))
    moment = now[0] + timedelta(days=into)
    while days[-1] < moment + timedelta(days=60):
        days.append(days[-1] + ONE)
    assert same_point(days, now, then, moment) == walked(tuple(days), now, then, moment)


WEEKS = SchoolCalendar(5, ((date(2026, 9, 1), date(2026, 12, 31)),), closed=frozenset([date(2026, 11, 4)]))
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))


@pytest.mark.parametrize(
    ("moment", "then"),
    [
        (date(2026, 10, 31), date(2026, 9, 30)),  # before the first school day: the eve of the other month
        (date(2026, 11, 1), date(2026, 9, 30)),
        (date(2026, 11, 2), date(2026, 10, 1)),  # the first school day answers to the first
        (date(2026, 11, 4), date(2026, 10, 2)),  # a holiday answers to the day before it
        (date(2026, 11, 8), date(2026, 10, 6)),  # a weekend too: four school days of November are over
        (date(2026, 11, 27), date(2026, 10, 27)),
        (date(2026, 11, 30), date(2026, 10, 31)),  # over: the whole other month
        (date(2026, 12, 2), date(2026, 11, 3)),  # two school days after the end answer to two after the other end
    ],
)
def test_november_and_october_of_a_five_day_week(moment, then):
    days = school_days(WEEKS, date(2026, 9, 1), date(2027, 1, 31))
    assert same_point(days, NOVEMBER, OCTOBER, moment) == then


def test_a_calendar_wins_over_weekdays_and_terms_in_both_directions():
    calendar = SchoolCalendar(5, ((date(2026, 9, 1), date(2026, 9, 4)),), frozenset([date(2026, 9, 6)]),
                              frozenset([date(2026, 9, 3)]))  # fmt: skip
    assert [day.day for day in school_days(calendar, date(2026, 9, 1), date(2026, 9, 10))] == [1, 2, 4, 6]
