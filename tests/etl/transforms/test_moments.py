"""Cells of timestamp columns as intervals of instants (annex B2, B4, B5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.contract.ledger import Quality
from etl.transforms.moments import LAST, NEVER, at_zone, end_of_day, parse_moments, start_of_day, without_skew

EXPORT = datetime(2024, 10, 1, 3, tzinfo=UTC)
ZONES = ["Europe/Moscow", "Europe/Kaliningrad", "Asia/Kamchatka", "America/New_York", "Australia/Lord_Howe", "UTC"]
Row = tuple[datetime | None, datetime | None, int | None, bool, bool]


def parse(text: str | None, zone: str = "Europe/Moscow", extracted_at: datetime = EXPORT) -> Row:
    return parse_moments(pl.Series([text], dtype=pl.String), zone, extracted_at).row(0)


@pytest.mark.parametrize(
    "text",
    [
        "2024-09-10T10:00:00+03:00",
        "2024-09-10T07:00:00Z",
        "2024-09-10T07:00:00z",
        "2024-09-10T10:00:00+0300",
        "2024-09-10T10:00:00+03",
        "2024-09-10 10:00:00+03:00",
        "2024-09-10T10:00+03:00",
        "2024-09-10T10:00",
        "2024-09-10 10:00:00",
        "2024-09-10T10:00:00.999999+03:00",
        "2024-09-10T10:00:00,5",
        " 2024-09-10T10:00:00+03:00 ",
        "2024-09-09T22:00:00-09:00",
    ],
)
def test_every_way_of_writing_a_moment_is_the_same_second_cut_not_rounded(text: str) -> None:
    seven = datetime(2024, 9, 10, 7, tzinfo=UTC)
    assert parse(text) == (seven, seven, Quality.exact, False, False)


@pytest.mark.parametrize(
    "text",
    [
        "вчера",
        "10.09.2024",
        "2024-02-30",
        "2024-13-01T00:00:00",
        "2024-09-10T25:00:00",
        "2024-09-10T10",
        "2024-9-1",
        "1899-12-31",
        "0000-01-01T00:00:00Z",
        "2024-09-10T10:00:00+99:99",
        "1725955200",
    ],
)
def test_what_is_no_moment_is_bad(text: str) -> None:
    assert parse(text) == (None, None, None, True, False)


def test_a_blank_cell_is_nothing_and_not_bad() -> None:
    assert parse(None) == (None, None, None, False, False)


def test_cells_of_all_kinds_in_one_column_keep_their_places() -> None:
    found = parse_moments(
        pl.Series(["2024-09-10T07:00:00Z", None, "2024-09-10", "x", "2024-09-10 10:00"]), "Europe/Moscow", EXPORT
    )
    assert found["quality"].to_list() == [Quality.exact, None, Quality.date_only, None, Quality.exact]
    assert found["is_bad"].to_list() == [False, False, False, True, False]
    assert parse_moments(pl.Series([None, None], dtype=pl.String), "UTC", EXPORT)["is_bad"].to_list() == [False, False]
    assert parse_moments(pl.Series([], dtype=pl.String), "UTC", EXPORT).height == 0


def test_a_bare_date_is_its_whole_local_day_but_never_younger_than_its_bundle() -> None:
    begin = datetime(2024, 9, 9, 21, tzinfo=UTC)
    assert parse("2024-09-10") == (begin, begin + timedelta(hours=24, seconds=-1), Quality.date_only, False, False)
    assert parse("2024-10-01") == (datetime(2024, 9, 30, 21, tzinfo=UTC), EXPORT, Quality.date_only, False, False)
    assert parse("2024-09-10", "Asia/Kamchatka")[0] == datetime(2024, 9, 9, 12, tzinfo=UTC)


def test_a_moment_after_its_own_export_is_never_made_and_keeps_what_the_cell_says() -> None:
    one_later = EXPORT + timedelta(seconds=1)
    assert parse(EXPORT.isoformat()) == (EXPORT, EXPORT, Quality.exact, False, False)
    assert parse(one_later.isoformat()) == (NEVER, one_later, Quality.exact, False, True)
    assert parse("2024-10-02") == (NEVER, datetime(2024, 10, 1, 21, tzinfo=UTC), Quality.date_only, False, True)
    frame = pl.DataFrame({"x_earliest": [NEVER, EXPORT], "x_latest": [one_later, EXPORT]})
    assert without_skew(frame)["x_latest"].to_list() == [NEVER, EXPORT]


@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z"])
def test_the_end_of_time_is_cut_to_what_python_can_say_in_every_zone(text: str) -> None:
    earliest, latest, _quality, is_bad, is_skewed = parse(text, "America/New_York")
    assert (earliest, is_bad, is_skewed) == (NEVER, False, True)
    assert latest is not None
    assert latest <= LAST + timedelta(days=1)
    assert latest.astimezone(ZoneInfo("Pacific/Kiritimati")).year == 9999


def test_a_local_time_that_occurs_twice_is_the_first_and_one_that_does_not_exist_moves_forward() -> None:
    # New York: back from 02:00 to 01:00 on 2024-11-03, forward from 02:00 to 03:00 on 2024-03-10
    late = datetime(2025, 1, 1, tzinfo=UTC)
    assert parse("2024-11-03T01:30:00", "America/New_York", late)[0] == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    assert parse("2024-03-10T02:30:00", "America/New_York", late)[0] == datetime(2024, 3, 10, 7, 30, tzinfo=UTC)
    # Moscow moved by an hour for ever on 2011-03-27 and back on 2014-10-26
    assert parse("2011-03-27T02:30:00", "Europe/Moscow", late)[0] == datetime(2011, 3, 26, 23, 30, tzinfo=UTC)
    assert parse("2014-10-26T01:30:00", "Europe/Moscow", late)[0] == datetime(2014, 10, 25, 21, 30, tzinfo=UTC)


@given(local=st.datetimes(datetime(1995, 1, 1), datetime(2037, 12, 31)), zone=st.sampled_from(ZONES))  # noqa: DTZ001 - local times
def test_local_times_are_those_of_python(local: datetime, zone: str) -> None:
    cut = local.replace(microsecond=0)
    ours = pl.DataFrame({"x": [cut]}).select(at_zone(pl.col("x"), zone)).item()
    assert ours == cut.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@given(day=st.dates(datetime(1995, 1, 1).date(), datetime(2037, 12, 31).date()), zone=st.sampled_from(ZONES))  # noqa: DTZ001
def test_a_day_begins_and_ends_by_its_own_clock(day: datetime, zone: str) -> None:
    frame = pl.DataFrame({"x": [day]})
    begin, end = (
        frame.select(start_of_day(pl.col("x"), zone)).item(),
        frame.select(end_of_day(pl.col("x"), zone)).item(),
    )
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    assert begin == midnight.astimezone(UTC)
    assert end == midnight.replace(hour=23, minute=59, second=59).astimezone(UTC)
