"""All pairs of views that a reader above a school can put side by side: none differs by fewer pupils than the limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

import polars as pl
import pytest

from dashboard.check_rows import verdict_row
from dashboard.filters import Filters
from dashboard.queries.attendance import read_attendance
from dashboard.queries.attended import fixed_day
from dashboard.queries.checks import read_checks
from dashboard.queries.comparison import READABLE, read_compared
from dashboard.queries.loads import read_loads
from dashboard.queries.performance import read_performance
from dashboard.queries.school import read_school
from dashboard.queries.schools import read_limits
from dashboard.queries.what_if import read_both
from dashboard.small_groups import NOBODY, OF_PERSONS
from etl.warehouse.engine import owner_connection
from etl.warehouse.scope import Scope
from tests.conftest import DEPUTY, INSPECTOR, REGION, Warehouse

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
ScopeOf = Callable[[int], Scope]
PERIODS = ("q1", "q2", "year", "m2026-09", "m2026-10", "m2026-11", "w2026-09-28", "w2026-10-26", "w2026-11-09")
DAYS = (None, *(date(2026, 10, 26) + timedelta(days=n) for n in range(0, 17, 3)))
BASES = {
    "attendance": "slot_count", "learning": "slot_count", "spread": "month_pupil_count", "fill": "pupil_count",
    "period_mark": "graded_count", "period_success": "pupil_count", "group": "listed_count",
    "sign_in": "accounts",
}  # fmt: skip
OF_ENTRIES = {"duty", "lag", "programme", "review", "consistency", "critical", "card"}
"""Records, classes and fields of cards are no persons; whole cards are cut in `test_whole_schools`."""


def test_a_fixed_day_is_the_end_of_a_week_or_of_the_data() -> None:
    newest = date(2026, 11, 12)
    assert fixed_day(newest, newest) == newest
    assert {fixed_day(date(2026, 11, day), newest) for day in range(2, 8)} == {date(2026, 11, 1)}
    assert fixed_day(date(2026, 11, 8), newest) == date(2026, 11, 8)


@pytest.mark.parametrize("source", sorted(BASES))
def test_no_two_views_differ_by_few_pupils(scope_of: ScopeOf, source: str) -> None:
    """A view is the set of its atoms (school × finest piece of time), each with the persons or places it counts."""
    assert {*BASES} | OF_ENTRIES == READABLE and not OF_ENTRIES & {*BASES}
    scope, base = scope_of(INSPECTOR), BASES[source]
    views: set[frozenset[tuple[object, ...]]] = set()
    for period in PERIODS:
        for as_of in DAYS:
            page = read_compared(scope, Filters(period=period, as_of=as_of), source, NOW)  # type: ignore[arg-type]
            if page.values.is_empty():
                continue
            keys = [name for name in ("school_id", "week_on", "month_on", "piece", "period_id", "ends_on", "role")
                    if name in page.values.columns]  # fmt: skip
            whole = frozenset(page.values.select(*keys, base).iter_rows())
            views |= {whole, *(frozenset(row for row in whole if row[0] == school) for school in {r[0] for r in whole})}
    assert len(views) >= 3
    sizes = {row[:-1]: row[-1] for view in views for row in view}
    assert all({row[:-1]: row[-1] for row in view}.items() <= sizes.items() for view in views), "an atom is cut"
    for one, other in combinations(views, 2):
        for larger, smaller in ((one, other), (other, one)):
            difference = sum(int(str(row[-1])) for row in larger - smaller)
            assert not larger > smaller or difference >= 5
    assert all(int(str(size)) >= 5 for size in sizes.values())


def test_a_school_with_fewer_pupils_than_the_limit_tells_nothing_of_them(
    scope_of: ScopeOf, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = scope_of(INSPECTOR)
    assert read_limits(scope)[warehouse.school_id] == 5
    small = {warehouse.school_id: NOBODY, warehouse.silent_id: 5}
    for module in ("attendance", "performance", "schools"):
        monkeypatch.setattr(f"dashboard.queries.{module}.read_limits", lambda _scope: small)
    place = Filters(school=warehouse.school_id, period="q1")
    attended, results = read_attendance(scope, place, NOW), read_performance(scope, place, NOW)
    page = read_school(scope, place, NOW)
    assert attended is not None and results is not None and page is not None
    told = (attended.weeks, attended.spread, results.fill, results.marks, results.success, results.groups,
            page.attendance, page.learning, page.period_marks)  # fmt: skip
    assert all(rows.is_empty() for rows in told)
    assert page.rules.height  # records of lessons are no pupils
    for source in BASES:
        compared = read_compared(scope, Filters(period="q1"), source, NOW)  # type: ignore[arg-type]
        assert warehouse.school_id not in compared.values["school_id"].to_list()
        row = compared.schools.filter(pl.col("school_id") == warehouse.school_id)
        assert row["is_cut"].to_list() == [True]


@pytest.fixture
def judged(warehouse: Warehouse) -> Iterator[None]:
    """A run of the checks that judged one person's account and some lessons."""
    number = {"run": 2**31 - 1, "school": warehouse.school_id, "account": OF_PERSONS[0]}
    with owner_connection(warehouse.url) as connection:
        connection.execute(
            "INSERT INTO check_run (run_id, started_at, finished_at, school_count, summary)"
            " VALUES (%(run)s, now(), now(), 1, '{}')",
            number,
        )
        connection.execute(
            "INSERT INTO check_result (school_id, run_id, check_id, rule, applicable_count, violated_count,"
            " unknown_count, norm_share, verdict) VALUES (%(school)s, %(run)s, 'account_after_exit', %(account)s, 1, 1,"
            " 0, 1, 'not_met'), (%(school)s, %(run)s, 'topic', 1, 9, 2, 0, 1, 'not_met')",
            number,
        )
    yield
    with owner_connection(warehouse.url) as connection:
        for table in ("check_result", "check_run"):
            connection.execute(f"DELETE FROM {table} WHERE run_id = %(run)s", number)


@pytest.mark.parametrize(("user", "is_told"), [(INSPECTOR, False), (REGION, False), (DEPUTY, True)])
@pytest.mark.usefixtures("judged")
def test_two_runs_of_checks_tell_no_number_of_persons(
    scope_of: ScopeOf, warehouse: Warehouse, user: int, is_told: bool
) -> None:
    page = read_checks(scope_of(user), Filters(school=warehouse.school_id), NOW)
    assert page is not None and page.run is not None
    rows = page.results.filter(pl.col("run_id") == page.run["run_id"]).sort("check_id")
    assert rows["violated_count"].to_list() == [1 if is_told else None, 2]
    words = [verdict_row(row, [row], None, None).cells[5].text for row in rows.iter_rows(named=True)]
    assert words == ["1" if is_told else "скрыто", "2"]


@pytest.mark.parametrize(("user", "is_told"), [(INSPECTOR, False), (REGION, False), (DEPUTY, True)])
def test_two_acts_tell_no_number_of_persons(scope_of: ScopeOf, warehouse: Warehouse, user: int, is_told: bool) -> None:
    rules = set(read_both(scope_of(user), None, warehouse.school_id, 0)["rule"])
    assert len(rules) > 30 and bool(rules & set(OF_PERSONS)) is is_told


@pytest.mark.parametrize(("user", "is_told"), [(INSPECTOR, False), (REGION, False), (DEPUTY, True)])
def test_two_loads_tell_no_number_of_persons(scope_of: ScopeOf, warehouse: Warehouse, user: int, is_told: bool) -> None:
    page = read_loads(scope_of(user), Filters(school=warehouse.school_id), None, NOW)
    assert page is not None
    of_persons = {"pupil", "movement", "enrolment", "consent", "account"} & set(page.tables["table_name"])
    assert bool(of_persons) is is_told
    newest = page.history.filter(pl.col("load_id") == page.load)
    assert newest["rows_read"].to_list() == [page.tables["rows_read"].sum()], "no sum tells what was left out"


def test_above_a_school_no_address_asks_for_less_than_a_school(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    whole = read_school(scope_of(INSPECTOR), Filters(school=warehouse.school_id), NOW)
    narrow = Filters(school=warehouse.school_id, class_id=warehouse.class_id, parallel=5, staff=warehouse.staff_id)
    asked = read_school(scope_of(INSPECTOR), narrow, NOW)
    assert whole is not None and asked is not None
    assert asked.rules.equals(whole.rules) and asked.attendance.equals(whole.attendance)
