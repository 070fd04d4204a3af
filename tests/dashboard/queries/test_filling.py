"""The page of filling, computed a second time over the rows of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard import filling_rows
from dashboard.filters import Filters
from dashboard.pages_table import BY_ROUTE, ROLES, is_open
from dashboard.queries import door
from dashboard.queries.filling import read_filling
from dashboard.queries.school import read_school
from dashboard.views.filling import own_records
from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import LESSON_RULES, METRICS
from etl.warehouse.metrics_filling import FILLING, RUSH_RULES
from etl.warehouse.scope import Scope
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, SILENT_DEPUTY, TEACHER, Warehouse
from tests.dashboard.queries.test_pages import NOW, PAST, POSITIONS, slow_rows, span_of

KEYS = ("rule", "class_id", "journal_id", "staff_id", "lag_low", "lag_high", "is_told", "rush")


def slow_windows(warehouse: Warehouse, school: int) -> dict[tuple[int, date], date]:
    """The last day of the finest period of every class on every day."""
    found: dict[tuple[int, date], date] = {}
    with owner_connection(warehouse.url) as connection:
        rows = connection.execute(
            "SELECT class_id, kind, starts_on, ends_on FROM dim_class JOIN dim_period USING (school_id, school_year)"
            " WHERE school_id = %s AND grade BETWEEN grade_from AND grade_to",
            [school],
        ).fetchall()
    rank = {"quarter": 0, "trimester": 0, "half_year": 1, "year": 2}
    for class_id in {row[0] for row in rows}:
        mine = [row for row in rows if row[0] == class_id]
        finest = min(rank[row[1]] for row in mine)
        for _, kind, first, last in mine:
            for i in range((last - first).days + 1 if rank[kind] == finest else 0):
                found[class_id, first + timedelta(days=i)] = last
    return found


def slow_lag(row: dict[str, Any], ends: dict[tuple[int, date], date]) -> tuple[Any, ...] | None:
    names = {RULE[name].number for name in RUSH_RULES}
    if row["rule"] not in names | {RULE["period_mark"].number} or row["excluded"] is not None:
        return None
    if row["anchor_on"] is None or not (row["made"] or (row["is_required"] and row["due"])):
        return None
    low = high = rush = None
    if row["made"]:
        zone = ZoneInfo(row["timezone"])
        on = [row[f"done_{end}"].astimezone(zone).date() for end in ("earliest", "latest")]
        low, high = (min(max((day - row["anchor_on"]).days, 0), 31) for day in on)
        last = ends.get((row["class_id"], row["anchor_on"]))
        first = last - timedelta(days=2) if last else None
        if last and first and row["anchor_on"] < first and row["rule"] in names:
            rush = 1 if on[0] >= first and on[1] <= last else 3 if on[1] >= first and on[0] <= last else 0
    told = row["made"] or (row["can_tell"] and row["status"] != "indeterminate")
    return (row["rule"], row["class_id"], row["journal_id"], row["staff_id"], low, high, told, rush)


@pytest.mark.parametrize("user_id", [DEPUTY, SILENT_DEPUTY], ids=["telling", "silent"])
@pytest.mark.parametrize(("code", "as_of"), POSITIONS)
def test_lags_and_rushes_agree_with_a_count_row_by_row(
    scope_of: Callable[[int], Scope], warehouse: Warehouse, code: str, as_of: date | None, user_id: int
) -> None:
    scope = scope_of(user_id)
    school = warehouse.school_id if user_id == DEPUTY else warehouse.silent_id
    page = read_filling(scope, Filters(school=school, period=code, as_of=as_of), NOW)
    assert page is not None
    rows = slow_rows(warehouse, school, as_of, span_of(scope, code, as_of))
    ends = slow_windows(warehouse, school)
    expected = Counter(key for row in rows if (key := slow_lag(row, ends)) is not None)
    assert {tuple(row[:-1]): row[-1] for row in page.lags.select(*KEYS, "row_count").iter_rows()} == expected
    rushed = [key for key in expected if key[-1] == 1]
    found = FILLING["rush_share"].of(filling_rows.lag_sums(page.lags))
    assert found.part == sum(expected[key] for key in rushed)
    assert found.whole == sum(n for key, n in expected.items() if key[-1] in (0, 1, 2))


@pytest.mark.parametrize("as_of", [None, PAST])
def test_lines_of_every_grouping_add_up_to_the_page_of_the_school(
    scope_of: Callable[[int], Scope], warehouse: Warehouse, as_of: date | None
) -> None:
    position = Filters(school=warehouse.school_id, period="q1", as_of=as_of)
    page, school = read_filling(scope_of(DEPUTY), position, NOW), read_school(scope_of(DEPUTY), position, NOW)
    assert page is not None and school is not None
    whole = METRICS["completeness"].of(school.rules)
    assert METRICS["timeliness_marks"].of(page.sums) == METRICS["timeliness_marks"].of(school.rules)
    for group in filling_rows.GROUPS:
        found = filling_rows.lines(page, group)
        assert (found["missing"].sum(), found["base"].sum()) == (whole.whole - whole.part, whole.whole), group
        assert found["missing"].to_list() == sorted(found["missing"].to_list(), reverse=True)
        for rule in LESSON_RULES:
            alone = METRICS[f"completeness_{rule}"].of(school.rules)
            assert found[f"completeness_{rule}.part"].sum() == alone.part


def test_lessons_named_one_by_one_are_those_that_the_person_left_unfilled(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    scope = scope_of(DEPUTY)
    whole = read_filling(scope, Filters(school=warehouse.school_id, period="q1"), NOW)
    assert whole is not None and whole.unfilled.is_empty()
    staff = filling_rows.lines(whole, "staff")["key"][0]
    page = read_filling(scope, Filters(school=warehouse.school_id, period="q1", staff=staff), NOW)
    assert page is not None and page.unfilled.height
    rows = slow_rows(warehouse, warehouse.school_id, None, span_of(scope, "q1", None))
    lacking = {
        (row["lesson_id"], row["rule"])
        for row in rows
        if row["staff_id"] == staff and row["rule"] in [RULE[name].number for name in LESSON_RULES]
        and row["is_required"] and row["excluded"] is None and not row["made"] and row["due"] and row["can_tell"]
        and row["status"] != "indeterminate"
    }  # fmt: skip
    named = {(row["lesson_id"], rule) for row in page.unfilled.iter_rows(named=True) for rule in row["rules"]}
    assert named <= lacking
    assert page.unfilled.height == min(40, len({lesson for lesson, _ in lacking}))


def test_a_teacher_sees_her_own_journals_only_and_a_municipal_reader_nobody(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    position = Filters(school=warehouse.school_id, period="year")
    own, of_class, above = (
        read_filling(scope_of(user_id), position, NOW) for user_id in (TEACHER, CLASS_TEACHER, INSPECTOR)
    )
    assert own is not None and of_class is not None and above is not None
    with owner_connection(warehouse.url) as connection:
        mine = {
            row[0]
            for row in connection.execute(
                "SELECT journal_id FROM access_row WHERE user_id = %s AND level = 'journal'", [TEACHER]
            )
        }
    assert set(own.sums["journal_id"].drop_nulls()) | set(own.lags["journal_id"].drop_nulls()) <= mine
    assert set(of_class.lags["class_id"]) == {warehouse.class_id}
    assert above.sums.is_empty() and above.lags.is_empty() and above.names.is_empty()
    assert {role for role in ROLES if is_open("filling", role)} == {
        "director", "deputy", "coordinator", "class_teacher", "teacher"
    }  # fmt: skip
    assert BY_ROUTE["filling"].presence("inspector") == "none"


def test_the_number_of_queries_does_not_depend_on_what_is_asked(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    counts = set()
    for user_id in (DEPUTY, TEACHER, CLASS_TEACHER):
        for as_of in (None, PAST):
            position = Filters(school=warehouse.school_id, period="q1", as_of=as_of)
            with door.counted() as count:
                read_filling(scope_of(user_id), position, NOW)
            counts.add(count.queries)
    assert counts == {8}


def test_a_silent_source_is_not_judged(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    page = read_filling(scope_of(SILENT_DEPUTY), Filters(school=warehouse.silent_id, period="year"), NOW)
    assert page is not None
    found = filling_rows.lines(page, "staff")
    assert found["missing"].null_count() == found.height
    words = dict(filling_rows.lag_lines(page))
    assert "topic" not in words or words["topic"]["median"] == "нельзя оценить"


def test_a_teacher_is_shown_her_own_records_whatever_the_address_says(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    asked = Filters(school=warehouse.school_id, period="year", staff=warehouse.staff_id + 1)
    own = own_records(scope_of(TEACHER), asked)
    assert own.staff == warehouse.staff_id
    page = read_filling(scope_of(TEACHER), own, NOW)
    assert page is not None
    assert set(page.sums["staff_id"]) | set(page.lags["staff_id"]) == {warehouse.staff_id}
    assert own_records(scope_of(DEPUTY), asked) == asked
