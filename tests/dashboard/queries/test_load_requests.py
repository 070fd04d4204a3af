"""Who may give files, what is asked anew, and that the wall in the database says the same."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import ProgrammingError

from dashboard.queries import load_requests
from dashboard.queries.door import append
from dashboard.queries.load_requests import ask, may_load, read_given, read_periods, read_sheets, read_year
from etl.warehouse.engine import owner_connection
from tests.conftest import DEPUTY, INSPECTOR, SILENT_DEPUTY, STRANGER

FOLDER = "0123456789abcdef" * 2


def test_a_deputy_gives_files_of_her_school_once_and_nobody_else_does(scope_of, warehouse):
    school = warehouse.school_id
    assert [may_load(scope_of(user), school) for user in (DEPUTY, INSPECTOR, STRANGER, SILENT_DEPUTY)] == [
        True,
        False,
        False,
        False,
    ]
    assert not ask(scope_of(SILENT_DEPUTY), school, "preview", FOLDER, ["a.zip"], "{}")
    try:
        assert ask(scope_of(DEPUTY), school, "preview", FOLDER, ["a.zip", "б.zip"], "{}")
        assert not ask(scope_of(DEPUTY), school, "preview", FOLDER, ["a.zip"], "{}")  # one at a time
        given = read_given(scope_of(DEPUTY), school)
        assert given is not None and given.is_open and given.file_names == ["a.zip", "б.zip"]
        assert read_given(scope_of(SILENT_DEPUTY), school) is None
    finally:
        with owner_connection(warehouse.url) as connection:
            connection.execute("DELETE FROM load_request")


@pytest.mark.parametrize(
    ("user", "folder", "kind"),
    [(DEPUTY, "../etc", "preview"), (DEPUTY, FOLDER, "drop"), (INSPECTOR, FOLDER, "load")],
)
def test_the_database_refuses_what_the_page_does_not_offer(scope_of, warehouse, user, folder, kind):
    wish = {"school": warehouse.school_id, "kind": kind, "folder": folder, "names": [], "answers": "{}"}
    with pytest.raises(ProgrammingError, match="row-level security"):
        append(scope_of(user), load_requests._ASK, wish)


def test_the_form_is_filled_with_what_is_known_of_the_school(scope_of, warehouse):
    periods = read_periods(scope_of(DEPUTY), warehouse.school_id)
    assert set(periods["kind"]) & {"quarter", "trimester"}
    assert periods["school_year"].unique().to_list() == [read_year(scope_of(DEPUTY), warehouse.school_id)]
    assert read_sheets(scope_of(DEPUTY), warehouse.school_id).is_empty()  # bundles of whole schools name no sheets
