"""The page of loads: balances for everybody above, rows set aside for the school alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries.door import counted
from dashboard.queries.loads import Loads, read_loads, read_schools_and_loads
from dashboard.views.loads import coverage_rows, coverage_sentence
from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import RULE, RULES, lacks
from tests.conftest import ADMINISTRATOR, DEPUTY, INSPECTOR, SILENT_DEPUTY, STRANGER

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)


def page_of(scope, school) -> Loads:
    page = read_loads(scope, Filters(school=school), None, NOW)
    assert page is not None
    return page


def test_every_table_of_the_newest_load_balances(scope_of, warehouse):
    page = page_of(scope_of(DEPUTY), warehouse.school_id)
    rest = pl.col("rows_read") - pl.col("rows_loaded") - pl.col("rows_unchanged") - pl.col("rows_rejected")
    assert page.tables.height > 20
    assert page.tables.select(rest.abs().sum()).item() == 0
    assert page.history["rows_read"][0] == page.tables["rows_read"].sum()


def test_the_quality_counts_every_entry_of_the_newest_year_once(scope_of, warehouse):
    page = page_of(scope_of(DEPUTY), warehouse.school_id)
    with owner_connection(warehouse.url) as connection:
        expected = dict(
            connection.execute(
                "SELECT rule, count(*) FROM ledger_row WHERE school_id = %s AND judgement_id = 0 AND excluded IS NULL"
                " AND made_status <> 11 GROUP BY 1",
                [warehouse.school_id],
            ).fetchall()
        )
    assert page.quality is not None
    assert dict(page.quality.select("rule", "n").iter_rows()) == expected
    topic = page.quality.filter(pl.col("rule") == RULE["topic"].number).row(0, named=True)
    assert topic["exact"] > 0
    assert topic["unknown"] == topic["untold"] == 0


def test_a_silent_source_cannot_tell_and_says_what_it_lacks(scope_of, warehouse):
    page = page_of(scope_of(SILENT_DEPUTY), warehouse.silent_id)
    rows = dict(zip([rule.name for rule in RULES], coverage_rows(page), strict=True))
    for rule in ("topic", "homework", "mark", "plan"):
        assert rows[rule].cells[1].text == "нельзя оценить"
    assert "темы уроков" in rows["topic"].cells[2].text
    # counted and named by the definition that the command line prints (annex B16)
    sentence = coverage_sentence(page)
    school: dict[str, Any] = page.school
    lacking = lacks(page.carried, school["capabilities"])
    assert f"— {len(lacking)} из {len(RULES)} правил: " in sentence
    assert all(f"«{rows[lack.rule].cells[0].text}»" in sentence for lack in lacking) and len(lacking) > 10
    assert "тематические планы" in rows["plan"].cells[2].text


def test_an_inspector_sees_balances_and_no_rows_of_people(scope_of, warehouse):
    scope = scope_of(INSPECTOR)
    page = page_of(scope, warehouse.school_id)
    assert not page.is_inside
    assert page.quality is None
    assert page.rejects.is_empty()
    assert page.warnings.is_empty()
    assert page.tables.height > 20
    schools, loads = read_schools_and_loads(scope, Filters(), NOW)
    assert (
        set(loads["school_id"].to_list())
        == set(schools["school_id"].to_list())
        == {warehouse.school_id, warehouse.silent_id}
    )


def test_an_administrator_is_told_that_entries_are_not_counted_for_her(scope_of, warehouse):
    page = page_of(scope_of(ADMINISTRATOR), warehouse.school_id)
    assert page.is_inside and page.quality is None
    details = dict(zip([rule.name for rule in RULES], (row.cells[2].text for row in coverage_rows(page)), strict=True))
    assert details["topic"] == details["mark"] == "не считается для этой роли"


def test_a_school_of_others_and_a_stranger_get_nothing(scope_of, warehouse):
    for user, school in ((DEPUTY, warehouse.silent_id), (STRANGER, warehouse.school_id), (DEPUTY, 2**31 - 1)):
        assert read_loads(scope_of(user), Filters(school=school), None, NOW) is None


def test_the_number_of_queries_is_constant(scope_of, warehouse):
    with counted() as one:
        page_of(scope_of(DEPUTY), warehouse.school_id)
    with counted() as many:
        read_schools_and_loads(scope_of(INSPECTOR), Filters(), NOW)
    assert (one.queries, many.queries) == (8, 3)
