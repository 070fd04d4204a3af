"""The page of the programme, against loops over the stored rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from dashboard import programme_rows
from dashboard.filters import Filters
from dashboard.pages_table import ROLES, is_open
from dashboard.queries import door
from dashboard.queries.programme import Programme, read_programme
from etl.warehouse.engine import owner_connection
from etl.warehouse.scope import Scope
from tests.conftest import DEPUTY, INSPECTOR, SILENT_DEPUTY, TEACHER, Warehouse
from tests.dashboard.queries.test_pages import NOW


def rows_of(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with owner_connection(warehouse.url) as connection:
        return connection.execute(query, {"school": warehouse.school_id}).fetchall()


@pytest.fixture(params=["q1", "year"])
def page(scope_of: Callable[[int], Scope], warehouse: Warehouse, request: pytest.FixtureRequest) -> Programme:
    found = read_programme(scope_of(DEPUTY), Filters(school=warehouse.school_id, period=request.param), NOW)
    assert found is not None
    return found


def test_held_lessons_are_those_of_the_mart_of_learning(page: Programme, warehouse: Warehouse) -> None:
    held = rows_of(
        warehouse, "SELECT journal_id, sum(held_count) FROM mart_learning WHERE school_id = %(school)s GROUP BY 1"
    )
    found = dict(page.journals.select("journal_id", "held_year").iter_rows())
    assert {key: n for key, n in found.items() if n} == dict(held)


def test_planned_hours_and_lags_agree_with_a_loop_over_the_lines_of_the_plans(
    page: Programme, warehouse: Warehouse
) -> None:
    first, last = page.choice.period.span.days_of(warehouse.school_id) or (None, None)
    assert first is not None and last is not None
    planned: defaultdict[int, float] = defaultdict(float)
    every: defaultdict[int, float] = defaultdict(float)
    for journal, on, hours in rows_of(
        warehouse,
        "SELECT j.journal_id, i.planned_on, i.hours FROM fact_plan_item i JOIN fact_plan p USING (school_id, plan_id)"
        " JOIN dim_journal j ON j.school_id = p.school_id AND j.group_id = p.group_id AND j.subject_id = p.subject_id"
        " WHERE i.school_id = %(school)s",
    ):
        every[journal] += float(hours)
        if on is not None and first <= on <= min(last, page.until):
            planned[journal] += float(hours)
    lines = programme_rows.journal_lines(page)
    assert lines.height > 10
    for line in lines.iter_rows(named=True):
        if line["journal_id"] not in every:
            assert line["lag"] is None
        elif line["undated"] * 10 <= line["lines"] and line["planned_year"] is not None:
            assert line["planned"] == planned[line["journal_id"]]
            assert line["lag"] == planned[line["journal_id"]] - line["held"]
    done = programme_rows.measured("programme_done", page)
    told = [line for line in lines.iter_rows(named=True) if line["planned"] is not None]
    assert done.whole == sum(line["planned"] for line in told)
    assert done.part == sum(min(line["planned"], line["held"]) for line in told)


def test_works_of_the_schedule_agree_with_a_loop_over_both_registers(page: Programme, warehouse: Warehouse) -> None:
    first, last = page.choice.period.span.days_of(warehouse.school_id) or (None, None)
    assert first is not None and last is not None
    works = rows_of(
        warehouse,
        "SELECT w.journal_id, coalesce(w.performed_on, l.held_on), w.kind, w.is_monitoring FROM fact_work w"
        " JOIN fact_lesson l USING (school_id, lesson_id) WHERE school_id = %(school)s AND l.status <> 'cancelled'",
    )
    schedule = rows_of(
        warehouse,
        "SELECT j.journal_id, a.planned_on, a.work_kind FROM fact_assessment a"
        " JOIN dim_journal j USING (school_id, group_id, subject_id) WHERE school_id = %(school)s",
    )
    done = {work[:3] for work in works}
    due = [line for line in schedule if first <= line[1] <= min(last, page.until)]
    found = programme_rows.measured("scheduled_held", page)
    assert (found.part, found.whole) == (sum(line in done for line in due), len(due))
    off = [
        work
        for work in works
        if (work[2] in ("test", "check") or work[3])
        and first <= work[1] <= min(last, page.until)
        and work[:3] not in set(schedule)
    ]
    assert programme_rows.measured("off_schedule_count", page).part == len(off)


def test_the_past_of_a_forecast_is_judged_by_the_same_rule(page: Programme) -> None:
    rate = programme_rows.hit_rate(page)
    slow = [
        abs(row["held_back"] / row["planned_back"] * row["planned_year"] - row["held_year"]) <= 1
        for row in page.journals.iter_rows(named=True)
        if row["undated"] * 10 <= row["lines"] and row["planned_back"] is not None and row["planned_back"] >= 4
    ]
    assert (rate.right, rate.made) == (sum(slow), len(slow))
    assert slow


def test_without_plans_and_schedule_nothing_is_judged(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    page = read_programme(scope_of(SILENT_DEPUTY), Filters(school=warehouse.silent_id, period="year"), NOW)
    assert page is not None
    assert programme_rows.measured("programme_done", page).value is None
    assert programme_rows.journal_lines(page)["lag"].count() == 0


def test_only_heads_open_the_page_and_the_policies_hold_for_others(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    assert {role for role in ROLES if is_open("programme", role)} == {"director", "deputy", "coordinator"}
    for user_id in (TEACHER, INSPECTOR):
        with door.counted() as count:
            page = read_programme(scope_of(user_id), Filters(school=warehouse.school_id, period="year"), NOW)
        assert page is not None and count.queries == 7
        assert page.journals["plan_hours"].count() == 0
        assert page.works["assessment_id"].count() == 0
