"""Periods of the calendar, any moment, and the comparison, on the real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard.filters import Filters
from dashboard.queries import periods, schools
from dashboard.queries.attendance import read_attendance
from dashboard.queries.filling import read_filling
from dashboard.queries.overview import read_overview
from dashboard.queries.programme import read_programme
from dashboard.queries.school import School, read_school
from dashboard.queries.spans import days_of
from etl.warehouse.engine import owner_connection
from etl.warehouse.metrics import LESSON_RULES, METRICS
from etl.warehouse.scope import Scope
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, Warehouse
from tests.dashboard.queries.test_pages import NOW, judge, slow_completeness

SUMS = ("done", "base", "unseen", "kept", "judged", "unsure", "late", "missing")


def school(scope: Scope, position: Filters) -> School:
    page = read_school(scope, position, NOW)
    assert page is not None and page.choice is not None
    return page


def days_of_quarter(scope: Scope, warehouse: Warehouse) -> tuple[date, date]:
    listed = schools.read_schools(scope, NOW, warehouse.school_id)
    terms = periods.read_periods(scope, warehouse.school_id)
    choice = periods.choose(terms, Filters(period="q1"), schools.until_of(listed))
    assert choice is not None
    found = choice.period.span.days_of(warehouse.school_id)
    assert found is not None
    return found


def test_a_quarter_is_the_free_days_of_its_dates(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    scope = scope_of(DEPUTY)
    first, last = days_of_quarter(scope, warehouse)
    place = Filters(school=warehouse.school_id)
    named, free = place.changed(period="q1"), place.changed(period=days_of(first, last).code)
    one, other = school(scope, named), school(scope, free)
    assert other.choice is not None and other.choice.period.code == free.period
    for part in ("rules", "journals", "teachers", "attendance", "delays"):
        left, right = (getattr(page, part) for page in (one, other))
        keys = [name for name in left.columns if not name.endswith("count") and name not in SUMS]
        assert left.height and left.sort(keys).equals(right.sort(keys)), part
    filled = [read_filling(scope, position, NOW) for position in (named, free)]
    assert filled[0] is not None and filled[1] is not None
    keys = ["rule", "journal_id", "staff_id"]
    assert filled[0].sums.sort(keys).equals(filled[1].sums.sort(keys))
    lag_keys = [*keys, "lag_low", "lag_high", "is_told", "rush"]
    assert filled[0].lags.sort(lag_keys).equals(filled[1].lags.sort(lag_keys))
    taught = [read_programme(scope, position, NOW) for position in (named, free)]
    assert taught[0] is not None and taught[1] is not None
    assert taught[0].journals.equals(taught[1].journals)
    assert taught[0].homework.sort("journal_id").equals(taught[1].homework.sort("journal_id"))


def test_months_and_weeks_of_the_marts_are_those_of_the_ledger(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    scope, inspector = scope_of(DEPUTY), scope_of(INSPECTOR)
    place = Filters(school=warehouse.school_id)
    for code, days in (
        ("m2026-09", days_of(date(2026, 9, 1), date(2026, 9, 30))),
        ("w2026-09-28", days_of(date(2026, 9, 28), date(2026, 10, 4))),
    ):
        named = school(scope, place.changed(period=code))
        free = school(scope, place.changed(period=days.code))
        assert named.rules.height and named.rules.equals(free.rules), code
        above = school(inspector, place.changed(period=code))
        for name in ("completeness", "timeliness"):
            one, other = METRICS[name].of(named.rules), METRICS[name].of(above.rules)
            assert (one.part, one.whole) == (other.part, other.whole) and one.whole
        assert named.attendance.height and named.attendance.equals(free.attendance)


def test_free_days_are_not_offered_above_a_school(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    asked = Filters(period="d2026-09-05_2026-09-20")
    page = read_overview(scope_of(INSPECTOR), asked, NOW)
    assert page.choice is not None and page.choice.period.code == page.choice.default
    assert not any(code.startswith("d") for code, _ in page.choice.options)
    whole = school(scope_of(INSPECTOR), asked.changed(school=warehouse.school_id))
    assert whole.choice is not None and whole.choice.period.code == whole.choice.default
    attended = read_attendance(scope_of(INSPECTOR), asked, NOW)
    assert attended is not None and attended.choice is not None
    assert attended.choice.period.code == attended.choice.default


@pytest.mark.parametrize("at", [time(9, 0), time(14, 30), time(23, 59)])
def test_any_minute_of_a_past_day_agrees_with_a_count_row_by_row(
    scope_of: Callable[[int], Scope], warehouse: Warehouse, at: time
) -> None:
    day = date(2026, 9, 16)
    page = school(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="year", as_of=day, at=at))
    with owner_connection(warehouse.url) as connection:
        cursor = connection.execute(
            "SELECT r.*, z.data_until, s.timezone FROM ledger_row r JOIN ledger_horizon z USING (school_id, rule)"
            " JOIN dim_school s USING (school_id) WHERE judgement_id = 0 AND school_id = %s AND rule <= 3",
            [warehouse.school_id],
        )
        names = [column.name for column in cursor.description or ()]
        every = [dict(zip(names, row, strict=True)) for row in cursor]
    zone = ZoneInfo(every[0]["timezone"])
    moment = datetime.combine(day, at.replace(second=59), zone)
    judged = [judge({**row, "data_until": min(row["data_until"], moment)}, None, None) for row in every]
    found = METRICS["completeness"].of(page.rules)
    rows = [row for row in judged if row is not None]
    assert (found.part, found.whole, found.unknown) == slow_completeness(rows, LESSON_RULES)
    end = school(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="year", as_of=day))
    is_end = at == time(23, 59)
    assert (found.part == METRICS["completeness"].of(end.rules).part) == is_end


def test_a_minute_after_the_data_end_is_the_newest_state(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    scope = scope_of(DEPUTY)
    row = schools.read_schools(scope, NOW, warehouse.school_id).row(0, named=True)
    until = schools.local_moment(row)
    later = Filters(as_of=until.date(), at=(until + timedelta(minutes=5)).time().replace(second=0, microsecond=0))
    earlier = Filters(as_of=until.date(), at=(until - timedelta(minutes=5)).time().replace(second=0, microsecond=0))
    assert schools.past_moment(row, later) is None
    assert schools.past_moment(row, earlier) == datetime.combine(until.date(), earlier.at.replace(second=59))  # type: ignore[union-attr]
    assert schools.past_moment(row, Filters(as_of=until.date())) is None


def test_the_state_before_is_that_of_the_same_school_day_inside_and_above_a_school(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    position = Filters(school=warehouse.school_id, period="m2026-10", as_of=date(2026, 10, 15))
    inside, above = school(scope_of(DEPUTY), position), school(scope_of(INSPECTOR), position)
    assert inside.choice is not None and inside.choice.previous is not None
    assert inside.choice.previous.code == "m2026-09" and inside.before is not None and above.before is not None
    assert inside.before_on == above.before_on
    for name in ("completeness", "timeliness"):
        one, other = METRICS[name].of(inside.before), METRICS[name].of(above.before)
        assert (one.part, one.whole, one.unknown) == (other.part, other.whole, other.unknown) and one.whole
    then = school(scope_of(DEPUTY), position.changed(period="m2026-09", as_of=inside.before_on))
    assert METRICS["completeness"].of(then.rules) == METRICS["completeness"].of(inside.before)
    assert METRICS["completeness"].of(then.journals) == METRICS["completeness"].of(inside.journals_before)
    assert above.journals_before.is_empty() and above.teachers_before.is_empty()


def test_without_an_earlier_year_there_is_nothing_to_compare_with(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    page = school(scope_of(DEPUTY), Filters(school=warehouse.school_id, period="q2", against="year"))
    assert page.choice is not None and page.choice.previous is None and page.before is None
    own = school(scope_of(CLASS_TEACHER), Filters(school=warehouse.school_id, period="q2"))
    assert own.before is not None and own.choice is not None and own.choice.previous is not None
