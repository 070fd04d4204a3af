"""Every role runs every query and opens every page: its own rows, none of the foreign ones, and nothing personal where
it does not belong. `door._as_shown` is listened to, so what is judged is what really left the database.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

import dashboard.queries
from dashboard import connection
from dashboard.access import Identity
from dashboard.filters import Filters, to_params
from dashboard.page_costs import _page
from dashboard.pages_table import BY_ROUTE, PAGES, is_open, may_act, menu_of
from dashboard.privacy import FREE_TEXT, NAMES
from dashboard.queries import door
from dashboard.queries.class_reports import NEEDS
from dashboard.queries.comparison import read_compared
from dashboard.queries.journals import Place
from etl.settings import read_settings
from etl.warehouse.engine import owner_connection
from etl.warehouse.roles import ROLES
from etl.warehouse.scope import Scope
from tests.conftest import (
    ADMINISTRATOR,
    CLASS_TEACHER,
    COORDINATOR,
    DEPUTY,
    DIRECTOR,
    INSPECTOR,
    NAMED_INSPECTOR,
    REGION,
    SECRETARY,
    SILENT_DEPUTY,
    STRANGER,
    TEACHER,
    Warehouse,
)

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
PEOPLE = {
    DIRECTOR: "director", DEPUTY: "deputy", COORDINATOR: "coordinator", ADMINISTRATOR: "administrator",
    CLASS_TEACHER: "class_teacher", TEACHER: "teacher", SECRETARY: "secretary", INSPECTOR: "inspector",
    REGION: "region",
}  # fmt: skip
EVERYBODY = [*PEOPLE, NAMED_INSPECTOR, SILENT_DEPUTY, STRANGER]
ABOVE = (INSPECTOR, REGION, NAMED_INSPECTOR)
NO_ENTRIES = (*ABOVE, ADMINISTRATOR, SECRETARY, STRANGER)
SCHOOLLESS = {"read_acts", "read_parameters"}
# asked by read_journal, read_compared, read_monitoring, read_class_frames, read_performance with what they have found
WITHIN = {"compared", "read_roster", "read_attended", "read_class_sums", "read_calendars", "read_whole",
          "read_marks_of_days"}  # fmt: skip

WRITES = {
    "note_view",
    "note_refusal",
    "record_export",
    "open_control",
    "recheck",
    "save",
    "decide",
    "choose",
    "append",
    "ask",
    "ask_all",
    "withdraw",
}
"""What a page writes: the row policies of the registers refuse it to others (`tests/etl/warehouse/test_policies.py`,
and the test of each register)."""
ANSWERS = {
    "is_refused",
    "may_share",
    "may_withdraw",
    "may_decide",
    "may_load",
    "may_write",
    "may_ask",
    "chosen_register",
    "params_of",
}
"""Words about the reader or the address; they read no row of a school."""
DOOR = {"read", "cached", "data_versions"}
PARTS = {"source_systems", "duties_by_rule", "moments_before", "on_offer"}
"""Asked by the pages with what they have found; heard when every role opens every page."""


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[pl.DataFrame]]:
    """Every frame that leaves the door while the test runs."""
    frames: list[pl.DataFrame] = []
    shown = door._as_shown

    def listening(scope: Scope, rows: pl.DataFrame) -> pl.DataFrame:
        found = shown(scope, rows)
        frames.append(found)
        return found

    monkeypatch.setattr(door, "_as_shown", listening)
    yield frames


@pytest.fixture(scope="module")
def facts(warehouse: Warehouse) -> dict[str, Any]:
    """What the owner knows: a lesson of the class, a finding, names, and the pupils of the class and of the teacher."""
    asked = {
        "lesson": "SELECT l.school_year, l.class_id, l.journal_id, l.lesson_id FROM fact_lesson l JOIN access_row a"
        " ON a.school_id = l.school_id AND a.journal_id = l.journal_id AND a.user_id = %(teacher)s"
        " WHERE l.school_id = %(school)s ORDER BY l.held_on, l.lesson_id LIMIT 1",
        "finding": "SELECT min(finding_id) FROM finding WHERE school_id = %(school)s",
        "change": "SELECT min(change_id) FROM fact_change WHERE school_id = %(school)s",
    }
    values = {"school": warehouse.school_id, "class": warehouse.class_id, "teacher": TEACHER}
    with owner_connection(warehouse.url) as connection_:
        found: dict[str, Any] = {name: connection_.execute(query, values).fetchone() for name, query in asked.items()}
        found["names"] = {
            row[0]
            for table in ("dim_pupil_name", "dim_staff_name")
            for row in connection_.execute(f"SELECT full_name FROM {table}").fetchall()
        }
        found["pupil_names"] = {row[0] for row in connection_.execute("SELECT full_name FROM dim_pupil_name")}
        found["class_pupils"] = {
            row[0]
            for row in connection_.execute(
                "SELECT pupil_id FROM fact_enrolment WHERE school_id = %(school)s AND class_id = %(class)s", values
            )
        }
        found["own"] = dict(connection_.execute("SELECT user_id, full_name FROM access_user").fetchall())
        found["pupil"] = min(found["class_pupils"])
    return found


def queries() -> dict[str, Callable[..., Any]]:
    """Every public function of dashboard/queries that reads under a scope."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.iter_modules(dashboard.queries.__path__, "dashboard.queries."):
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            takes_scope = next(iter(inspect.signature(function).parameters), "") in ("scope", "_scope")
            if function.__module__ == module.name and name.startswith("read_") and takes_scope and name not in WITHIN:
                found[name] = function
    return found


def arguments(function: Callable[..., Any], school: int, facts: dict[str, Any]) -> dict[str, Any]:
    """A value for every parameter; a parameter that is not known here fails the test: say what it gets."""
    year, class_id, journal, lesson = facts["lesson"]
    position = Filters(school=school, year=year, class_id=class_id, pupil=facts["pupil"], lesson=lesson)
    known = {
        "filters": position, "_filters": position, "now": NOW, "systematic": 0.3, "school": school, "load": None,
        "finding": facts["finding"][0], "journal": journal, "acts": ["school16_korolev:1"], "act": "school16_korolev",
        "version": 1, "year": year, "judgement": 0, "kind": None,
        "place": Place(school, year, journal, "Asia/Yekaterinburg", NOW.date(), NOW),
        "class_id": class_id, "lesson": lesson, "pupil": None, "until": NOW.date(), "newest": NOW,
        "period": facts["choice"].period, "choice": facts["choice"], "month": NOW.date().replace(day=1),
        "days": (date(2026, 9, 1), NOW.date()), "needs": NEEDS, "done": (), "source": "attendance",
        "number": 1, "before": None,
        "change": facts["change"][0], "register": "incident", "line": 1,
    }  # fmt: skip
    asked = list(inspect.signature(function).parameters.values())[1:]
    names = [one.name for one in asked if one.default is one.empty or one.name in known]
    assert not [name for name in names if name not in known], f"{function.__name__}{names}"
    return {name: known[name] for name in names}


def test_every_role_has_a_place_in_the_menu_and_an_unknown_page_is_closed() -> None:
    assert set(PEOPLE.values()) == set(ROLES)
    for role in ROLES:
        assert menu_of(role)
        assert not is_open("no_such_page", role) and not may_act("no_such_page", role)
        assert all(is_open(row.route, role) for row in PAGES if role in row.act)
    assert not [row.route for row in PAGES if is_open(row.route, "stranger")]
    with_entries = {"journal", "findings", "attendance", "performance", "filling", "programme"}
    for role in ("administrator", "secretary"):
        assert not [route for route in with_entries if is_open(route, role)]
    assert not [row.route for row in PAGES for role in ("inspector", "region") if row.names == "always"
                and is_open(row.route, role)]  # fmt: skip


def faults(user: int, frames: list[pl.DataFrame], scope: Scope, facts: dict[str, Any]) -> list[str]:
    """What must not have left the database for this person."""
    found = []
    for rows in frames:
        schools = set(rows["school_id"].drop_nulls()) if "school_id" in rows.columns else set()
        if not schools <= scope.all_school_ids:
            found.append(f"rows of schools {schools - scope.all_school_ids}")
        said = [
            name for name in rows.columns if rows[name].dtype == pl.String and rows[name].null_count() < rows.height
        ]
        if user in ABOVE:
            closed = FREE_TEXT if user == NAMED_INSPECTOR else (*NAMES, *FREE_TEXT)  # teachers' names are granted
            mine = {None, facts["own"].get(user)}  # the log of her own looks
            found += [f"{name} above a school" for name in said if name in closed and not set(rows[name]) <= mine]
        if user in (*ABOVE, ADMINISTRATOR, STRANGER):
            found += [f"names of pupils in {name}" for name in said if set(rows[name]) & facts["pupil_names"]]
        if "pupil_id" in rows.columns and user in NO_ENTRIES and user != SECRETARY:
            found += ["a pupil"] * (rows["pupil_id"].null_count() < rows.height)
        if "pupil_id" in rows.columns and user == CLASS_TEACHER and "class_id" in rows.columns:
            strangers = set(rows["pupil_id"].drop_nulls()) - facts["class_pupils"]
            found += [f"pupils of other classes {strangers}"] * bool(strangers)
        found += [f"a name in {name}, which is not one of NAMES" for name in said
                  if name not in NAMES and set(rows[name]) & facts["names"]]  # fmt: skip
    return found


def test_no_function_that_takes_a_scope_is_forgotten_by_the_matrix() -> None:
    taking = set()
    for module in pkgutil.iter_modules(dashboard.queries.__path__, "dashboard.queries."):
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            asks = any("Scope" in str(one.annotation) for one in inspect.signature(function).parameters.values())
            if function.__module__ == module.name and asks and not name.startswith("_"):
                taking.add(name)
    assert taking == {*queries(), *WITHIN, *WRITES, *ANSWERS, *DOOR, *PARTS}
    # the door is one: no page and no chart has a way of its own to the database
    package = Path(dashboard.queries.__file__).parents[1]
    engines = {path.name for path in package.rglob("*.py") if "app_engine" in path.read_text(encoding="utf-8")}
    assert engines <= {"connection.py", "door.py", "page_costs.py", "run.py"}, engines


def test_every_role_runs_every_query_and_gets_nothing_foreign(
    scope_of: Callable[[int], Scope], warehouse: Warehouse, heard: list[pl.DataFrame], facts: dict[str, Any]
) -> None:
    wrong, seen = [], {}
    choice = read_compared(scope_of(INSPECTOR), Filters(), "duty", NOW).choice
    assert choice is not None
    facts = {**facts, "choice": choice}
    for name, query in queries().items():
        for user in EVERYBODY:
            scope = scope_of(user)
            for school in (warehouse.school_id, warehouse.silent_id):
                heard.clear()
                query(scope, **arguments(query, school, facts))
                wrong += [(name, user, school, fault) for fault in faults(user, heard, scope, facts)]
                seen[name, user, school] = tuple(rows.height for rows in heard)
                foreign = school not in scope.all_school_ids
                if foreign and name not in SCHOOLLESS and "filters" in inspect.signature(query).parameters:
                    # a forged position: what of the reader's own comes back is hers, what has no school is empty
                    wrong += [(name, user, school, f"{rows.columns}") for rows in heard
                              if "school_id" not in rows.columns and rows.height and user == STRANGER]  # fmt: skip
    assert wrong == []
    # alarms: a query that is empty for everybody, or the same for everybody, is not tested at all
    by_query = {name: [sizes for (query, *_), sizes in seen.items() if query == name] for name in queries()}
    empty = {name for name, sizes in by_query.items() if not any(map(any, sizes))}
    controls = {"read_packages", "read_package", "read_outcome"}  # nobody opened one; test_control.py does
    unread = {"read_events", "read_card", "read_findings", "read_every", "read_history"}  # no checks ran here
    unsent = {
        "read_saved",
        "read_given",
        "read_deliveries",
        "read_in_force",
        "read_sheets",
        "read_reports_made",
    }  # none happened
    # the class asked for sits no examination and its period is not over; test_exams.py, test_control_works.py
    ungraded = {"read_exams", "read_control_works"}
    assert empty <= unread | controls | unsent | ungraded, empty
    assert {name for name, sizes in by_query.items() if len(set(sizes)) == 1} <= empty
    assert not [key for key, sizes in seen.items() if key[1] == STRANGER and any(sizes)]


def positions(route: str, warehouse: Warehouse, facts: dict[str, Any]) -> list[Filters]:
    year, class_id, journal, lesson = facts["lesson"]
    school = Filters(school=warehouse.school_id)
    if route == "journal":
        place = school.changed(year=year, class_id=class_id, journal=journal)
        return [place, place.changed(lesson=lesson)]
    inside = school.changed(class_id=warehouse.class_id)
    found = [school, inside] if BY_ROUTE[route].names == "class" else [school]
    # in a month marks are counted by days, from other rows than in a quarter
    return [*found, inside.changed(period=f"m{NOW:%Y-%m}")] if route == "performance" else found


def drawn(person: Identity, scope: Scope, route: str, place: Filters) -> AppTest:
    test = AppTest.from_function(_page, default_timeout=60, kwargs={"identity": person, "scope": scope, "route": route})
    params: dict[str, Any] = dict(to_params(place))
    test.query_params.update(params)
    return test.run()


def test_every_role_opens_every_page_that_it_has_and_nothing_personal_goes_astray(
    scope_of: Callable[[int], Scope],
    warehouse: Warehouse,
    heard: list[pl.DataFrame],
    facts: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    wrong: list[Any] = []
    sizes: dict[str, dict[str, int]] = {}
    caplog.set_level(logging.INFO)
    for user, role in PEOPLE.items():
        scope = scope_of(user)
        person = Identity(user, role, "Иванова Анна Петровна", role)
        for row in (row for row in PAGES if is_open(row.route, role)):
            for place in positions(row.route, warehouse, facts)[: 1 if user in (DIRECTOR, COORDINATOR) else None]:
                heard.clear()
                door.forget()
                test = drawn(person, scope, row.route, place)
                here = (role, row.route, to_params(place))
                wrong += [(*here, error.message) for error in test.exception]
                wrong += [(*here, fault) for fault in faults(user, heard, scope, facts)]
                named = [rows for rows in heard for name in NAMES if name in rows.columns
                         and set(rows[name]) & facts["pupil_names"]]  # fmt: skip
                if named and not row.shows_pupils(place, scope):
                    wrong.append((*here, "pupils by name that the access log does not note"))
                address = " ".join(value[0] for value in test.query_params.values())
                wrong += [(*here, f"{name} in the address") for name in facts["names"] if name in address]
                sizes.setdefault(row.route, {})[role] = sum(rows.height for rows in heard)
    logged = caplog.text
    assert wrong == []
    assert not [name for name in facts["names"] if name in logged]
    for route in set(sizes) - {"guide", "access_log", "digests"}:  # nothing was logged, nothing sent
        assert any(sizes[route].values()), f"{route} is empty for everybody"
    assert len(set(sizes["attendance"].values())) > 2 and len(set(sizes["school"].values())) > 2


def test_with_pseudonyms_no_page_holds_a_name(
    scope_of: Callable[[int], Scope],
    warehouse: Warehouse,
    heard: list[pl.DataFrame],
    facts: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ZAVUCH_PSEUDONYMS", "on")
    read_settings.cache_clear()
    door.forget()
    texts = set()
    left = {row.route for row in PAGES}
    for user in (DIRECTOR, CLASS_TEACHER, TEACHER, SECRETARY, NAMED_INSPECTOR):
        role = {**PEOPLE, NAMED_INSPECTOR: "inspector"}[user]
        for route in sorted(route for route in left if is_open(route, role)):
            left.discard(route)
            for place in positions(route, warehouse, facts):
                narrow = place.changed(pupil=facts["pupil"]) if route == "pupil" else place
                test = drawn(Identity(user, role, "Имя", role), scope_of(user), route, narrow)
                assert not test.exception, (route, [error.message for error in test.exception])
                texts |= {str(element.value) for element in (*test.markdown, *test.caption, *test.title, *test.header)}
                texts |= {str(button.label) for button in test.button}
    assert left == set()
    said = {value for rows in heard for name in rows.columns if rows[name].dtype == pl.String for value in rows[name]}
    assert not said & facts["names"] and len(said) > 100
    assert not [name for name in facts["names"] for text in texts if name in text]
    monkeypatch.delenv("ZAVUCH_PSEUDONYMS")
    read_settings.cache_clear()
    door.forget()


def test_nothing_is_remembered_outside_the_door_and_the_door_remembers_by_scope() -> None:
    package = Path(dashboard.queries.__file__).parents[1]
    sources = {path: path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    assert len(sources) > 60
    assert not [path for path, source in sources.items() if "cache_data" in source or "cache_resource" in source]
    source = inspect.getsource(door.cached)
    assert "scope, filters, args" in source
    assert connection.app_engine.cache_parameters()["maxsize"] == 1
