"""The keys of journals and lessons in their source system."""

from __future__ import annotations

from collections.abc import Callable

from dashboard.queries.source_keys import read_source_keys
from etl.warehouse.engine import owner_connection
from etl.warehouse.scope import Scope
from tests.conftest import DEPUTY, Warehouse


def test_the_keys_of_a_lesson_are_those_of_the_source(warehouse: Warehouse, scope_of: Callable[[int], Scope]) -> None:
    with owner_connection(warehouse.url) as connection:
        lesson, journal, key, on = connection.execute(
            "SELECT lesson_id, journal_id, lesson_key, held_on FROM fact_lesson WHERE school_id = %s LIMIT 1",
            [warehouse.school_id],
        ).fetchone() or (0, 0, "", None)
    found = read_source_keys(scope_of(DEPUTY), warehouse.school_id, journal, lesson)
    assert found is not None and (found["lesson_key"], found["date"]) == (key, on)
    assert found["class_key"] and found["group_key"] and found["subject_key"] and found["school_key"]
    assert read_source_keys(scope_of(DEPUTY), warehouse.school_id, 999_999, None) is None
    assert read_source_keys(scope_of(DEPUTY), warehouse.silent_id, journal, lesson) is None
