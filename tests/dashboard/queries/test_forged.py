"""Forged addresses on every page of a head and of a teacher: nothing foreign, no broken page.

Forged states of widgets go through raw frames (`tests/browser/test_raw_frames.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.access import Identity
from dashboard.filters import LARGEST_ID
from dashboard.page_costs import _page
from dashboard.pages_table import PAGES, is_open
from dashboard.queries import door
from etl.warehouse.engine import owner_connection
from etl.warehouse.scope import Scope
from tests.conftest import CLASS_TEACHER, DEPUTY, Warehouse
from tests.dashboard.queries.test_access_matrix import facts, faults, heard  # noqa: F401 - fixtures

SQL = "1'; DROP TABLE fact_mark; --"
READERS = {DEPUTY: "deputy", CLASS_TEACHER: "class_teacher"}


@pytest.fixture(scope="module")
def foreign(warehouse: Warehouse) -> dict[str, str]:
    """A position in the school of another deputy, made of ids that exist there."""
    with owner_connection(warehouse.url) as connection:
        row = connection.execute(
            "SELECT l.school_id, l.school_year, l.class_id, l.journal_id, l.lesson_id, e.pupil_id, l.staff_id,"
            " (SELECT min(finding_id) FROM finding f WHERE f.school_id = l.school_id)"
            " FROM fact_lesson l JOIN fact_enrolment e USING (school_id, class_id)"
            " WHERE l.school_id = %s ORDER BY l.lesson_id DESC LIMIT 1",
            [warehouse.silent_id],
        ).fetchone()
    assert row is not None
    names = ("school", "year", "class", "journal", "lesson", "pupil", "staff", "finding")
    return {name: str(value if value is not None else 1) for name, value in zip(names, row, strict=True)}


def forged(foreign: dict[str, str], warehouse: Warehouse) -> dict[str, dict[str, str]]:
    """Addresses by what they try."""
    names = (*foreign, "period", "asof", "week", "at", "rule", "status", "state", "measure", "group", "act", "page",
             "whatif", "with", "version", "sort", "age", "against", "subject", "parallel", "severity", "metrics",
             "rows", "columns", "report")  # fmt: skip
    own = {"school": str(warehouse.school_id), "class": str(warehouse.class_id)}
    return {
        "another school": foreign,
        "own school, foreign parts": {**foreign, "school": str(warehouse.school_id)},
        "SQL": dict.fromkeys(names, SQL),
        "numbers": {**own, **dict.fromkeys(("journal", "lesson", "pupil", "finding", "page", "version", "report"),
                    str(LARGEST_ID)), "staff": "9" * 40, "year": "2100", "subject": "-1"},
        "days": {**own, "asof": "9999-12-31", "week": "0001-01-01", "period": "w9999-12-27", "at": "99:99"},
        "markup": dict.fromkeys(names, "<script>alert(1)</script>\u202e\x00"),
    }  # fmt: skip


@pytest.mark.parametrize("user", READERS)
def test_a_forged_address_shows_nothing_foreign_and_breaks_no_page(
    scope_of: Callable[[int], Scope],
    warehouse: Warehouse,
    heard: list[pl.DataFrame],  # noqa: F811
    facts: dict[str, Any],  # noqa: F811
    foreign: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    user: int,
) -> None:
    caplog.set_level(logging.INFO)
    scope, role = scope_of(user), READERS[user]
    identity = Identity(user, role, "Иванова Анна Петровна", role)
    wrong: list[tuple[str, ...]] = []
    read = 0
    for row in (row for row in PAGES if is_open(row.route, role)):
        attempts = forged(foreign, warehouse).items()
        for what, params in attempts if user == DEPUTY else list(attempts)[:2]:
            heard.clear()
            door.forget()
            test = AppTest.from_function(
                _page, default_timeout=60, kwargs={"identity": identity, "scope": scope, "route": row.route}
            )
            query: dict[str, Any] = dict(params)
            test.query_params.update(query)
            test.run()
            read += sum(frame.height for frame in heard)
            wrong += [(row.route, what, error.message) for error in test.exception]
            wrong += [(row.route, what, fault) for fault in faults(user, heard, scope, facts)]
            shown = " ".join(
                str(element.value) for element in (*test.markdown, *test.title, *test.caption, *test.error)
            )
            wrong += [(row.route, what, "a statement is shown")] * ("SELECT" in shown or "DROP TABLE" in shown)
    assert wrong == []
    assert read > 500
    assert not [name for name in facts["names"] if name in caplog.text] and "DROP TABLE" not in caplog.text
    with owner_connection(warehouse.url) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM fact_mark").fetchone() == (True,)
