"""A reader's own table against a count row by row and against the pages that show the same; who sees what of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from dashboard.filling_rows import lag_sums
from dashboard.filters import Filters
from dashboard.pivot import BY_CODE, DIMENSIONS, MOST_METRICS, allows, drilled
from dashboard.pivot_rows import Value, table_of
from dashboard.queries import door
from dashboard.queries.attendance import read_attendance
from dashboard.queries.filling import read_filling
from dashboard.queries.performance import read_performance
from dashboard.queries.pivot import Pivot, read_pivot
from dashboard.queries.school import read_school
from etl.warehouse.engine import owner_connection
from etl.warehouse.metrics import LESSON_RULES
from etl.warehouse.metrics_catalogue import CATALOGUE
from etl.warehouse.scope import Scope
from tests.conftest import (
    ADMINISTRATOR,
    CLASS_TEACHER,
    DEPUTY,
    INSPECTOR,
    SILENT_DEPUTY,
    STRANGER,
    TEACHER,
    Warehouse,
)
from tests.dashboard.queries.test_pages import NOW, PAST, slow_completeness, slow_rows, slow_timeliness, span_of

ScopeOf = Callable[[int], Scope]


def pivot(scope: Scope, school: int, **choice: Any) -> Pivot:
    page = read_pivot(scope, Filters(school=school, **choice), NOW)
    assert page is not None
    return page


def counts(value: Value | None) -> tuple[int, int, int]:
    return (0, 0, 0) if value is None else (value.measured.part, value.measured.whole, value.measured.unknown)


@pytest.mark.parametrize("user_id", [DEPUTY, SILENT_DEPUTY], ids=["telling", "silent"])
@pytest.mark.parametrize("as_of", [None, PAST])
def test_a_pivot_of_people_by_months_agrees_with_a_count_row_by_row(
    scope_of: ScopeOf, warehouse: Warehouse, as_of: date | None, user_id: int
) -> None:
    scope = scope_of(user_id)
    school = warehouse.school_id if user_id == DEPUTY else warehouse.silent_id
    rows = slow_rows(warehouse, school, as_of, span_of(scope, "q1", as_of))
    cells: dict[tuple[int | None, str | None], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        month = row["anchor_on"]
        cells[row["staff_id"], month and f"{month:%Y-%m}"].append(row)
    for name, slow in (("completeness", slow_completeness), ("timeliness", slow_timeliness)):
        page = pivot(scope, school, period="q1", as_of=as_of, metrics=name, rows="staff", columns="month")
        table = table_of(page)
        months = sorted({month for _, month in cells if month is not None})
        assert table.columns[: len(months)] == tuple(_month(month) for month in months)
        found = {(line.key, month): counts(value) for line in table.lines
                 for month, value in zip(months, line.values, strict=False)}  # fmt: skip
        wanted = {key: slow(mine, LESSON_RULES) for key, mine in cells.items()}
        assert {key: n for key, n in found.items() if any(n)} == {key: n for key, n in wanted.items() if any(n)}
        assert counts(table.total.whole) == slow(rows, LESSON_RULES)
        assert len({line.label for line in table.lines}) == len(table.lines) > 5


def _month(code: str) -> str:
    names = {"08": "Август", "09": "Сентябрь", "10": "Октябрь", "11": "Ноябрь"}
    year, _, month = code.partition("-")
    return f"{names[month]}\u00a0{year}"


def test_missed_lessons_by_class_and_period_agree_with_a_loop_over_the_absences(
    scope_of: ScopeOf, warehouse: Warehouse
) -> None:
    page = pivot(scope_of(DEPUTY), warehouse.school_id, period="year", metrics="absence_illness_share", rows="class",
                 columns="period")  # fmt: skip
    with owner_connection(warehouse.url) as connection:
        absences = connection.execute(
            "SELECT class_id, held_on, missed_illness_count, missed_count FROM mart_attendance_day"
            " WHERE school_id = %s",
            [warehouse.school_id],
        ).fetchall()
        spans = connection.execute(
            "SELECT c.class_id, p.kind, p.number, p.starts_on, p.ends_on FROM dim_class c JOIN dim_period p"
            " USING (school_id, school_year) WHERE c.school_id = %s AND c.grade BETWEEN p.grade_from AND p.grade_to"
            " AND p.kind <> 'year'",
            [warehouse.school_id],
        ).fetchall()
    halves = {class_id for class_id, kind, *_ in spans if kind == "half_year"}
    quarters = {class_id for class_id, kind, *_ in spans if kind == "quarter"}
    wanted: dict[tuple[int, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for class_id, on, ill, missed in absences:
        for of_class, kind, number, first, last in spans:
            is_finest = kind == "quarter" or (class_id in halves - quarters and kind == "half_year")
            if of_class == class_id and is_finest and first <= on <= last:
                part, whole = wanted[class_id, f"{kind}:{number}"]
                wanted[class_id, f"{kind}:{number}"] = (part + ill, whole + missed)
    table = table_of(page)
    seen = {}
    labels = {"I\u00a0четверть": "quarter:1", "II\u00a0четверть": "quarter:2", "I\u00a0полугодие": "half_year:1"}
    for line in table.lines:
        for label, value in zip(table.columns, line.values, strict=True):
            if value is not None and label in labels:
                seen[line.key, labels[label]] = counts(value)[:2]
    assert {key: n for key, n in seen.items() if any(n)} == {key: n for key, n in wanted.items() if any(n)}
    assert len(seen) > 3 and sum(part for part, _ in seen.values()) > 5


@pytest.mark.parametrize("code", ["q1", "year"])
def test_every_metric_by_every_grouping_adds_up_to_what_its_page_says(
    scope_of: ScopeOf, warehouse: Warehouse, code: str
) -> None:
    scope, school = scope_of(DEPUTY), warehouse.school_id
    position = Filters(school=school, period=code)
    wanted = pages(scope, position)
    assert set(wanted) == set(CATALOGUE)
    for dimension in DIMENSIONS:
        able = [name for name, metric in CATALOGUE.items() if allows(metric, dimension)]
        for names in (able[start : start + MOST_METRICS] for start in range(0, len(able), MOST_METRICS)):
            page = pivot(scope, school, period=code, metrics=".".join(names), rows=dimension.code)
            assert page.problems == ()
            table = table_of(page)
            for place, name in enumerate(names):
                values = [line.values[place] for line in table.lines]
                added = tuple(sum(parts) for parts in zip(*map(counts, values), strict=True)) if values else (0, 0, 0)
                assert (name, dimension.code, added) == (name, dimension.code, wanted[name])
                assert counts(table.total.values[place]) == wanted[name]
    assert sum(any(found) for found in wanted.values()) > 40


def pages(scope: Scope, position: Filters) -> dict[str, tuple[int, int, int]]:
    """Every metric over the whole school, as the pages of filling, attendance, results and the school compute it."""
    filling, marks = read_filling(scope, position, NOW), read_performance(scope, position, NOW)
    attended, school = read_attendance(scope, position, NOW), read_school(scope, position, NOW)
    assert filling is not None and marks is not None and attended is not None and school is not None
    frames = {"duty": filling.sums, "lag": lag_sums(filling.lags), "attendance": attended.weeks,
              "learning": school.learning, "spread": attended.spread, "fill": marks.fill, "period_mark": marks.marks,
              "period_success": marks.success, "group": marks.groups}  # fmt: skip
    return {name: counts(Value(metric.of(frames[metric.source]))) for name, metric in CATALOGUE.items()}


def test_filters_cut_the_table_to_what_the_rows_say(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    scope, school = scope_of(DEPUTY), warehouse.school_id
    metrics = "completeness.same_day_share.attendance_share.norm_share"
    for dimension, name in (("class", "class_id"), ("subject", "subject"), ("grade", "parallel")):
        whole = table_of(pivot(scope, school, period="q1", metrics=metrics, rows=dimension))
        line = max(whole.lines, key=lambda one: sum(map(sum, map(counts, one.values))))
        cut = table_of(pivot(scope, school, period="q1", metrics=metrics, rows=dimension, **{name: line.key}))
        assert [one.key for one in cut.lines] == [line.key] and len(whole.lines) > 1
        assert [counts(value) for value in cut.lines[0].values] == [counts(value) for value in line.values]
        if dimension == "class":
            apart = pivot(scope, school, period="q1", metrics="systematic_share.success.failing_pupils", rows="class")
            mine = pivot(
                scope, school, period="q1", metrics="systematic_share.success.failing_pupils", class_id=line.key
            )
            by_key = {one.key: [counts(value) for value in one.values] for one in table_of(apart).lines}
            assert [counts(value) for value in table_of(mine).lines[0].values] == by_key[line.key]
    people = table_of(pivot(scope, school, period="q1", metrics="late_count", rows="staff"))
    someone = max(people.lines, key=lambda one: counts(one.values[0]))
    cut = table_of(pivot(scope, school, period="q1", metrics="late_count", rows="month", staff=someone.key))
    assert counts(cut.total.values[0]) == counts(someone.values[0]) != (0, 0, 0)


def test_a_past_moment_and_free_days_are_answered_from_rows_that_know_their_day(
    scope_of: ScopeOf, warehouse: Warehouse
) -> None:
    scope, school = scope_of(DEPUTY), warehouse.school_id
    days = "d2026-09-07_2026-09-09"
    page = table_of(pivot(scope, school, period=days, metrics="completeness.same_day_share.attendance_share"))
    filling = read_filling(scope, Filters(school=school, period=days), NOW)
    assert filling is not None
    assert counts(page.total.values[0]) == counts(Value(CATALOGUE["completeness"].of(filling.sums)))
    assert counts(page.total.values[1]) == counts(Value(CATALOGUE["same_day_share"].of(lag_sums(filling.lags))))
    assert counts(page.total.values[2])[1] > 0
    now, then = (pivot(scope, school, period="q1", as_of=day, metrics="completeness") for day in (None, PAST))
    assert then.day == PAST and now.day is None
    assert counts(table_of(then).total.values[0])[1] < counts(table_of(now).total.values[0])[1]


def test_everybody_counts_her_own_journals_alone(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    school = warehouse.school_id
    metrics = "completeness.same_day_share.attendance_share.norm_share.mean_period_mark"
    with owner_connection(warehouse.url) as connection:
        own = {
            user: {row[0] for row in connection.execute(
                "SELECT j.journal_id FROM dim_journal j JOIN access_row a ON a.school_id = j.school_id"
                " AND (a.journal_id = j.journal_id OR a.class_id = j.class_id) WHERE a.user_id = %s", [user])}
            for user in (CLASS_TEACHER, TEACHER)
        }  # fmt: skip
    whole = table_of(pivot(scope_of(DEPUTY), school, period="q1", metrics=metrics, rows="journal"))
    for user, journals in own.items():
        mine = pivot(scope_of(user), school, period="q1", metrics=metrics, rows="journal")
        table = table_of(mine)
        assert {line.key for line in table.lines} <= journals < {line.key for line in whole.lines} | journals
        assert set(mine.dims["journal_id"]) <= journals
        by_key = {line.key: line for line in whole.lines}
        for line in table.lines:  # marks and attendance of a journal are the same whoever looks
            assert [*map(counts, line.values[2:])] == [*map(counts, by_key[line.key].values[2:])]
    teacher = pivot(scope_of(TEACHER), school, period="q1", metrics="completeness.success", rows="class")
    assert [problem.why for problem in teacher.problems] == ["journals"] and set(teacher.sums) == {"duty"}
    people = table_of(pivot(scope_of(TEACHER), school, period="q1", metrics="completeness", rows="staff"))
    assert {line.key for line in people.lines} == {warehouse.staff_id}
    classes = pivot(scope_of(CLASS_TEACHER), school, period="q1", metrics="success.systematic_share", rows="class")
    assert {line.key for line in table_of(classes).lines} == {warehouse.class_id}


def test_readers_of_no_entries_have_no_table(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    position = Filters(school=warehouse.school_id, period="q1")
    for user in (ADMINISTRATOR, INSPECTOR, STRANGER, SILENT_DEPUTY):
        assert read_pivot(scope_of(user), position, NOW) is None


def test_the_number_of_queries_depends_on_the_sources_alone(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    asked = {}
    most = "completeness.rush_share.attendance_share.norm_share.sou.success"
    for user in (DEPUTY, TEACHER):
        for metrics in ("completeness", "completeness.timeliness.late_count", most):
            for rows in ("school", "class"):
                scope = scope_of(user)
                with door.counted() as count:
                    pivot(scope, warehouse.school_id, period="q1", metrics=metrics, rows=rows)
                asked[user, metrics, rows] = count.queries
    assert {asked[DEPUTY, "completeness", rows] for rows in ("school", "class")} == {7}
    assert asked[DEPUTY, "completeness.timeliness.late_count", "class"] == 7
    assert asked[DEPUTY, most, "class"] == 12 and asked[TEACHER, most, "class"] == 11


def test_a_row_opens_what_the_same_filters_show(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    page = pivot(scope_of(DEPUTY), warehouse.school_id, period="q1", rows="subject", metrics="completeness")
    line = table_of(page).lines[0]
    position = drilled(Filters(school=warehouse.school_id, period="q1"), BY_CODE["subject"], line.key, {})
    assert position is not None
    there = read_filling(scope_of(DEPUTY), position, NOW)
    assert there is not None
    assert CATALOGUE["completeness"].of(there.sums) == line.values[0].measured  # type: ignore[union-attr]
