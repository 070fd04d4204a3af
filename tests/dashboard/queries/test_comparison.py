"""The comparison of schools on a real database: the same numbers as elsewhere, nobody's name, a constant cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from dashboard.comparison import CHOICES, lines_of
from dashboard.filters import Filters
from dashboard.queries.attendance import read_attendance
from dashboard.queries.comparison import READABLE, read_both_acts, read_compared, read_parts, read_standings
from dashboard.queries.door import counted, read
from dashboard.queries.overview import read_overview
from dashboard.queries.performance import read_performance
from dashboard.queries.whole_schools import WHOLE
from etl.warehouse.engine import owner_connection
from etl.warehouse.metrics import METRICS
from etl.warehouse.scope import Scope
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, SILENT_DEPUTY, STRANGER, TEACHER, Warehouse
from tests.dashboard.queries.test_pages import NOW, PAST

ScopeOf = Callable[[int], Scope]
QUARTER = Filters(period="q1")


@pytest.mark.parametrize("as_of", [None, PAST])
def test_duties_are_those_of_the_page_of_the_municipality(scope_of: ScopeOf, as_of: date | None) -> None:
    position = Filters(period="q1", as_of=as_of)
    compared = read_compared(scope_of(INSPECTOR), position, "duty", NOW)
    above = read_overview(scope_of(INSPECTOR), position, NOW)
    assert compared.values.equals(above.duties) and compared.is_past == (as_of is not None)
    lines = {line.school: line for line in lines_of(compared.schools, compared.values, METRICS["completeness"])}
    assert {line.state for line in lines.values()} == {"told", "cannot"}


def test_a_school_is_like_its_grades_and_its_pupils(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    schools = read_compared(scope_of(INSPECTOR), QUARTER, "duty", NOW).schools
    with owner_connection(warehouse.url) as connection:
        found = connection.execute(
            "SELECT min(c.grade), max(c.grade), (SELECT count(DISTINCT p.pupil_id) FROM mart_pupil_month p WHERE"
            " p.school_id = c.school_id AND p.month_on = (SELECT max(month_on) FROM mart_pupil_month"
            " WHERE school_id = c.school_id)) FROM dim_class c WHERE c.school_id = %s GROUP BY c.school_id",
            [warehouse.school_id],
        ).fetchone()
    row = schools.filter(pl.col("school_id") == warehouse.school_id).row(0, named=True)
    assert (row["lowest"], row["highest"], row["pupil_count"]) == found and row["min_cell"] == 5
    assert {"mark", "absence"} <= set(row["carried"])


def test_journals_add_up_to_the_school(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    scope = scope_of(INSPECTOR)
    page = read_compared(scope, QUARTER, "duty", NOW)
    assert page.choice is not None
    with owner_connection(warehouse.url) as connection:
        alone = connection.execute("SELECT count(*) FROM dim_group WHERE kind = 'individual'").fetchone()
    assert alone == (0,)  # nothing is left out here, so the parts are the whole
    mine = page.values.filter(pl.col("school_id") == warehouse.school_id)
    for metric in CHOICES.values():
        if metric.source != "duty":
            continue
        parts = read_parts(scope, QUARTER, page.choice.period, warehouse.school_id, metric.rule_numbers)
        assert parts.height > 3 and not {"staff_id", "pupil_id", "full_name"} & set(parts.columns)
        whole, summed = metric.of(mine), metric.of(parts)
        assert (whole.part, whole.whole) == (summed.part, summed.whole), metric.name


@pytest.mark.parametrize("source", sorted(READABLE - {"duty"} - WHOLE))
def test_what_counts_pupils_is_what_the_pages_of_learning_say(
    scope_of: ScopeOf, warehouse: Warehouse, source: str
) -> None:
    scope, position = scope_of(INSPECTOR), QUARTER.changed(school=warehouse.school_id)
    page = read_compared(scope, QUARTER, source, NOW)  # type: ignore[arg-type]
    mine = page.values.filter(pl.col("school_id") == warehouse.school_id)
    attended, results = read_attendance(scope, position, NOW), read_performance(scope, position, NOW)
    assert attended is not None and results is not None and mine.height
    shown = {
        "attendance": attended.weeks, "spread": attended.spread, "fill": results.fill, "period_mark": results.marks,
        "period_success": results.success, "group": results.groups,
    }  # fmt: skip
    for metric in CHOICES.values():
        if metric.source == source and source in shown:
            rows = shown[source].filter(pl.col("school_id") == warehouse.school_id)
            one, other = metric.of(mine), metric.of(rows)
            assert (one.part, one.whole) == (other.part, other.whole), metric.name


@pytest.mark.parametrize("user", [CLASS_TEACHER, TEACHER, STRANGER, SILENT_DEPUTY])
def test_nobody_but_readers_of_the_whole_school_reads_its_journals(
    scope_of: ScopeOf, warehouse: Warehouse, user: int
) -> None:
    statement = "SELECT school_id, count(*) AS n FROM mart_duty_journal WHERE school_id = ANY(:schools) GROUP BY 1"
    # even where the scope were forged, the database shows nothing
    forged = replace(scope_of(INSPECTOR), user_id=scope_of(user).user_id)
    seen = read(forged, statement)["school_id"].to_list()
    assert seen == ([warehouse.silent_id] if user == SILENT_DEPUTY else [])
    assert set(read(scope_of(INSPECTOR), statement)["school_id"]) == {warehouse.school_id, warehouse.silent_id}
    assert read(scope_of(DEPUTY), statement)["school_id"].to_list() == [warehouse.school_id]


def test_the_person_behind_a_journal_stays_closed(scope_of: ScopeOf) -> None:
    inspector = scope_of(INSPECTOR)
    assert read(inspector, "SELECT school_id FROM mart_duty_week WHERE school_id = ANY(:schools)").is_empty()
    with pytest.raises(Exception, match="staff_id"):
        read(inspector, "SELECT staff_id FROM mart_duty_journal WHERE school_id = ANY(:schools)")


@pytest.mark.parametrize("source", sorted(READABLE))
def test_the_number_of_queries_does_not_grow_with_the_schools(
    scope_of: ScopeOf, warehouse: Warehouse, source: str
) -> None:
    both = scope_of(INSPECTOR)
    one = replace(both, school_ids=frozenset({warehouse.school_id}))
    costs = []
    for scope in (one, both):
        with counted() as asked:
            page = read_compared(scope, QUARTER, source, NOW)  # type: ignore[arg-type]
            assert page.choice is not None
            read_standings(scope, "school16_korolev", 1)
            read_both_acts(scope, page.choice.period.span.year, ())
        costs.append(asked.queries)
    assert costs[0] == costs[1] <= 7
