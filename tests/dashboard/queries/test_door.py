"""Nobody reads what is not theirs, whichever of the two walls is looked at alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest
from sqlalchemy import create_engine, text

from dashboard.queries import door
from etl.warehouse.engine import owner_connection, sqlalchemy_url
from etl.warehouse.scope import EMPTY, Scope
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, STRANGER, TEACHER, Warehouse

LESSONS = """
SELECT school_id, journal_id, count(*) AS n FROM fact_lesson WHERE school_id = ANY(:schools) GROUP BY 1, 2
"""
OF_SCHOOLS = "SELECT school_id FROM dim_school WHERE school_id = ANY(:schools)"
CLOSED_TABLES = (
    "fact_lesson",
    "fact_mark",
    "fact_absence",
    "dim_pupil_name",
    "dim_staff_name",
    "fact_lesson_text",
    "mart_duty_week",
    "mart_pupil_month",
    "mart_pupil_journal",
    "mart_mark_forecast",
    "mart_programme_forecast",
    "finding",
)


@pytest.mark.parametrize(
    "table",
    [
        "dim_school",
        "fact_lesson",
        "fact_mark",
        "ledger_row",
        "mart_duty_school",
        "mart_learning",
        "access_row",
        "access_grant",
    ],
)
def test_the_apps_role_without_a_user_sees_nothing(warehouse: Warehouse, table: str) -> None:
    engine = create_engine(sqlalchemy_url(warehouse.app_url))
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    engine.dispose()


def test_the_owner_sees_rows_where_the_app_sees_none(warehouse: Warehouse) -> None:
    with owner_connection(warehouse.url) as connection:
        found = connection.execute("SELECT count(*) FROM fact_lesson").fetchone()
    assert found is not None and found[0] > 1000


def test_a_statement_that_forgets_the_schools_is_refused(scope_of: Callable[[int], Scope]) -> None:
    with pytest.raises(door.OpenStatementError, match="dim_school"):
        door.read(scope_of(DEPUTY), "SELECT school_id FROM dim_school")


def test_an_empty_scope_gives_no_row_even_where_a_statement_counts(scope_of: Callable[[int], Scope]) -> None:
    rows = door.read(EMPTY, "SELECT count(*) AS n FROM dim_school WHERE school_id = ANY(:schools)")
    assert rows.height == 0 and rows.schema == {"n": pl.Int64}
    assert door.read(scope_of(STRANGER), OF_SCHOOLS).is_empty()


def test_a_forged_scope_opens_nothing_that_the_grants_do_not(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    forged = replace(scope_of(STRANGER), level="school", school_ids=frozenset({warehouse.school_id}))
    assert door.read(forged, LESSONS).is_empty()


def test_a_scope_cut_by_hand_hides_what_the_grants_would_show(scope_of: Callable[[int], Scope]) -> None:
    cut = replace(scope_of(DEPUTY), school_ids=frozenset({999}))
    assert door.read(cut, OF_SCHOOLS).is_empty()


def test_a_teacher_reads_only_own_journals(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    with owner_connection(warehouse.url) as connection:
        taught = connection.execute(
            "SELECT DISTINCT journal_id FROM fact_lesson"
            " WHERE staff_id = %(staff)s OR substitute_id = %(staff)s"
            " UNION SELECT j.journal_id FROM dim_journal j"
            " JOIN fact_teaching_load l USING (school_id, group_id, subject_id) WHERE l.staff_id = %(staff)s",
            {"staff": warehouse.staff_id},
        ).fetchall()
        every = connection.execute("SELECT count(DISTINCT journal_id) FROM fact_lesson").fetchone()
    seen = door.read(scope_of(TEACHER), LESSONS)["journal_id"].to_list()
    assert set(seen) == {row[0] for row in taught}
    assert every is not None and len(seen) < every[0]


def test_a_class_teacher_reads_only_the_own_class(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> None:
    rows = door.read(
        scope_of(CLASS_TEACHER),
        "SELECT DISTINCT school_id, class_id FROM fact_lesson WHERE school_id = ANY(:schools)",
    )
    assert rows.rows() == [(warehouse.school_id, warehouse.class_id)]


@pytest.mark.parametrize("table", CLOSED_TABLES)
def test_an_inspector_reads_no_row_about_a_person(scope_of: Callable[[int], Scope], table: str) -> None:
    rows = door.read(scope_of(INSPECTOR), f"SELECT * FROM {table} WHERE school_id = ANY(:schools) LIMIT 1")
    assert rows.is_empty()


def test_an_inspector_reads_the_sums_of_schools(scope_of: Callable[[int], Scope]) -> None:
    assert door.read(scope_of(INSPECTOR), "SELECT * FROM mart_duty_school WHERE school_id = ANY(:schools)").height > 50


def test_the_setting_of_one_reader_does_not_stay_for_the_next(scope_of: Callable[[int], Scope]) -> None:
    assert door.read(scope_of(DEPUTY), LESSONS).height
    assert door.read(replace(scope_of(DEPUTY), user_id=STRANGER), LESSONS).is_empty()


def _answer(scope: Scope, what: str) -> list[str]:
    return [what]


def test_an_answer_is_remembered_until_the_data_version_rises(
    scope_of: Callable[[int], Scope], warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    deputy, inspector = scope_of(DEPUTY), scope_of(INSPECTOR)
    first = door.cached(deputy, "a", _answer)
    assert door.cached(deputy, "a", _answer) is first
    assert door.cached(deputy, "b", _answer) is not first
    assert door.cached(inspector, "a", _answer) is not first
    monkeypatch.setattr(
        door,
        "_VERSIONS",
        "SELECT school_id, data_version + 1 AS data_version FROM dim_school WHERE school_id = ANY(:schools)",
    )
    assert door.cached(deputy, "a", _answer) is not first


def test_the_store_is_bounded(scope_of: Callable[[int], Scope], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MAX_ENTRIES", 2)
    deputy = scope_of(DEPUTY)
    first = door.cached(deputy, "a", _answer)
    for what in "bc":
        door.cached(deputy, what, _answer)
    assert door.cached(deputy, "a", _answer) is not first


def test_queries_are_counted_while_the_counter_is_open(scope_of: Callable[[int], Scope]) -> None:
    deputy = scope_of(DEPUTY)
    with door.counted() as count:
        door.read(deputy, OF_SCHOOLS)
        door.read(deputy, OF_SCHOOLS)
    door.read(deputy, OF_SCHOOLS)
    assert count.queries == 2


def test_while_a_page_is_drawn_the_versions_are_asked_once(scope_of: Callable[[int], Scope]) -> None:
    scope = scope_of(DEPUTY)
    alone = door.data_versions(scope)
    with door.one_run(), door.counted() as asked:
        assert [door.data_versions(scope), door.data_versions(scope, 1)] == [alone, alone]
        assert asked.queries == 1
        assert door.data_versions(scope_of(INSPECTOR)) != alone  # another reader has an answer of her own
        assert asked.queries == 2
    with door.counted() as asked:
        door.data_versions(scope)
        door.data_versions(scope)
    assert asked.queries == 2
