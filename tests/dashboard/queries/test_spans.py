"""Months, weeks and free days: their codes, and what stands before them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.filters import Filters
from dashboard.queries import spans

DAYS = st.dates(date(2001, 9, 1), date(2099, 12, 31))
SPANS = st.one_of(
    DAYS.map(spans.month_of),
    DAYS.map(spans.week_of),
    st.tuples(DAYS, st.integers(0, 200)).map(lambda pair: spans.days_of(pair[0], pair[0] + timedelta(days=pair[1]))),
)


@given(SPANS)
def test_a_code_reads_back_as_the_span_it_names_and_can_stand_in_a_link(span):
    assert spans.read_code(span.code) == span
    assert Filters().changed(period=span.code).period == span.code


@given(SPANS)
def test_the_span_before_ends_where_this_one_begins(span):
    before = span.before()
    assert before.kind == span.kind
    assert before.last + timedelta(days=1) == span.first
    if span.kind != "month":
        assert before.last - before.first == span.last - span.first


@given(SPANS)
def test_a_year_before_is_the_same_kind_one_school_year_earlier(span):
    other = span.a_year_before()
    assert other.kind == span.kind and 360 < (span.first - other.first).days < 370
    if span.kind == "month":
        assert (other.first.month, other.first.year) == (span.first.month, span.first.year - 1)
    if span.kind == "week":
        assert other.first.weekday() == 0


@pytest.mark.parametrize(
    "code",
    [
        "", "q1", "m2026-13", "m2026-9", "w2026-09-15", "w2026-02-30", "d2026-09-20_2026-09-05", "d2026-09-05",
        "d2026-09-05_2027-09-05", "m9999-12", "w9999-12-27", "x2026-09", "m2026-09 ", "m0001-01", "w0001-01-01",
    ],
)  # fmt: skip
def test_a_text_that_is_not_exactly_a_code_is_none(code):
    assert spans.read_code(code) is None


def test_free_days_end_with_the_school_year_of_their_first_day():
    span = spans.days_of(date(2026, 5, 20), date(2026, 9, 10))
    assert (span.first, span.last, span.year) == (date(2026, 5, 20), date(2026, 7, 31), 2025)
    assert spans.days_of(date(2026, 9, 10), date(2026, 9, 5)).first == date(2026, 9, 5)
