"""The position in the URL: what goes in comes out, and nothing else does."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.filters import LARGEST_ID, NAMES, Filters, Severity, State, Status, parse, to_params, url_of
from dashboard.pages_table import PAGES, ROLES, is_open, menu_of

IDS = st.none() | st.integers(1, LARGEST_ID)
CODES = st.none() | st.from_regex(r"[a-z0-9][a-z0-9_.:-]{0,63}", fullmatch=True)
DATES = st.none() | st.dates(date(2000, 1, 1), date(2100, 12, 31))
POSITIONS = st.builds(
    Filters,
    year=st.none() | st.integers(2000, 2100),
    period=CODES,
    as_of=DATES,
    school=IDS,
    parallel=st.none() | st.integers(1, 11),
    class_id=IDS,
    staff=IDS,
    subject=IDS,
    journal=IDS,
    lesson=IDS,
    rule=CODES,
    status=st.none() | st.sampled_from(Status),
    state=st.none() | st.sampled_from(State),
    severity=st.none() | st.sampled_from(Severity),
    measure=CODES,
    week=DATES,
    sort=CODES,
    page=IDS,
    metrics=st.none() | st.from_regex(NAMES, fullmatch=True),
    rows=CODES,
    columns=CODES,
    report=IDS,
)


@given(POSITIONS)
def test_a_link_opens_the_position_it_was_made_from(position):
    address = urlsplit(url_of("school", position))
    assert address.path == "/school"
    assert parse(dict(parse_qsl(address.query))) == position


@given(st.dictionaries(st.sampled_from(["year", "asof", "school", "class", "state", "rule", "x", "week"]), st.text()))
def test_a_foreign_link_never_fails_and_what_it_says_can_be_written_back(params):
    position = parse(params)
    assert parse(to_params(position)) == position


@pytest.mark.parametrize(
    "params",
    [
        {"school": "0"},
        {"school": "-1"},
        {"school": "1.5"},
        {"school": "٣"},
        {"school": str(LARGEST_ID + 1)},
        {"school": "1 OR 1=1"},
        {"asof": "2026-02-30"},
        {"asof": "20260212"},
        {"state": "Open"},
        {"severity": "__class__"},
        {"period": "с начала года"},
        {"rule": "a" * 65},
        {"parallel": "12"},
        {"metrics": "a" * 41},
        {"metrics": "a.b.c.d.e.f.g.h.i"},
        {"report": "-7"},
        {"year": "1999"},
    ],
)
def test_a_value_that_does_not_parse_is_as_if_it_were_not_there(params):
    assert parse(params) == Filters()


def test_nothing_is_written_for_what_is_not_stated():
    assert url_of("overview", Filters()) == "/overview"
    assert to_params(Filters(school=3, as_of=date(2026, 11, 12))) == {"asof": "2026-11-12", "school": "3"}


def test_drilling_into_another_school_forgets_its_classes_but_keeps_the_period():
    there = Filters(period="q2", school=1, parallel=5, class_id=7, journal=9, lesson=11, severity=Severity.MAJOR)
    assert there.drilled(school=2) == Filters(period="q2", school=2, severity=Severity.MAJOR)
    assert there.drilled(lesson=12) == there.changed(lesson=12)
    assert there.drilled(journal=10) == there.changed(journal=10, lesson=None)


def test_the_menu_carries_only_what_every_page_understands():
    assert Filters(year=2026, school=1, journal=9, rule="topic").common() == Filters(year=2026, school=1)


def test_a_value_that_could_not_stand_in_a_url_is_refused():
    with pytest.raises(ValueError, match="period"):
        Filters().changed(period="II четверть")


def test_every_role_lands_somewhere_and_can_read_the_guide():
    for role in ROLES:
        assert menu_of(role)
        assert is_open("guide", role)
        assert len(menu_of(role)) <= 7


def test_an_unknown_role_and_an_unknown_page_are_closed():
    assert not any(is_open(row.route, "guest") for row in PAGES)
    assert not is_open("admin", "director")


def test_nobody_above_school_level_opens_a_journal_or_its_findings():
    for role in ("inspector", "region", "administrator", "secretary"):
        assert not is_open("journal", role)
        assert not is_open("findings", role)
