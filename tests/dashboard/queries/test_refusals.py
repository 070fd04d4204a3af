"""A look at pupils that was refused stands in the log of access, and the director reads it (G29, requirements C)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.access import Identity
from dashboard.filters import Filters, to_params
from dashboard.queries import refusals
from dashboard.queries.access_log import read_events
from dashboard.queries.refusals import note_refusal
from etl.warehouse.engine import owner_connection
from etl.warehouse.scope import Scope
from tests.conftest import (
    ADMINISTRATOR,
    CLASS_TEACHER,
    DEPUTY,
    DIRECTOR,
    INSPECTOR,
    SECRETARY,
    SILENT_DEPUTY,
    STRANGER,
    TEACHER,
    Warehouse,
)

_PLACES = """
SELECT l.class_id, l.journal_id, l.lesson_id, l.school_year, (SELECT min(e.pupil_id) FROM fact_enrolment e
    WHERE e.school_id = l.school_id AND e.class_id = l.class_id)
FROM fact_lesson l WHERE l.school_id = %(school)s AND EXISTS (SELECT 1 FROM access_row a WHERE a.school_id = l.school_id
    AND a.user_id = %(user)s AND a.journal_id = l.journal_id) = %(own)s
    AND NOT EXISTS (SELECT 1 FROM access_row a WHERE a.school_id = l.school_id AND a.user_id IN (2, 3)
    AND a.class_id = l.class_id AND NOT %(own)s)
ORDER BY l.lesson_id LIMIT 1
"""
ROLES = {
    DEPUTY: "deputy", CLASS_TEACHER: "class_teacher", TEACHER: "teacher", INSPECTOR: "inspector",
    STRANGER: "teacher", ADMINISTRATOR: "administrator", SECRETARY: "secretary",
}  # fmt: skip


def _routed(identity: object, scope: object, route: str) -> None:
    """Runs as a script of its own: what the router does with an address, without the menu."""
    import streamlit as st

    from dashboard import frame, router
    from dashboard.pages_table import BY_ROUTE

    st.session_state[frame.IDENTITY_KEY] = [getattr(identity, name) for name in ("user_id", "login", "name", "role")]
    router._runner(BY_ROUTE[route], identity, scope)()  # type: ignore[arg-type]


@pytest.fixture
def open_at(scope_of: Callable[[int], Scope]) -> Callable[..., tuple[str, AppTest]]:
    """Opens an address as a person: the words that are shown, and the page."""

    def opened(user: int, route: str, **place: Any) -> tuple[str, AppTest]:
        person = Identity(user, "login", "Иванова Анна Петровна", ROLES[user])
        kwargs = {"identity": person, "scope": scope_of(user), "route": route}
        test = AppTest.from_function(_routed, default_timeout=60, kwargs=kwargs)
        params: dict[str, Any] = dict(to_params(Filters(**place)))
        test.query_params.update(params)
        test.run()
        assert not test.exception
        return " ".join(str(one.value) for one in (*test.markdown, *test.title)), test

    return opened


@pytest.fixture
def refused(warehouse: Warehouse) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Lines of refusals since the last look, oldest first; none of the test stay."""
    with owner_connection(warehouse.url) as connection:
        (start,) = connection.execute("SELECT now()").fetchone()  # type: ignore[misc]
        last = [start]
        connection.commit()

        def lines(user: int) -> list[tuple[Any, ...]]:
            found = connection.execute(
                "SELECT at, school_id, subject, class_id, pupil_id, role, kind FROM access_event"
                " WHERE user_id = %s AND at > %s ORDER BY at, school_id",
                [user, last[0]],
            ).fetchall()
            connection.commit()
            last[0] = max([row[0] for row in found], default=last[0])
            return [row[1:] for row in found]

        yield lines
        connection.execute("DELETE FROM access_event WHERE at >= %s", [start])


@pytest.fixture
def places(warehouse: Warehouse) -> dict[str, Filters]:
    """A position among the teacher's own journals, and one in a class of nobody here."""
    found = {}
    with owner_connection(warehouse.url) as connection:
        for name, own in (("own", True), ("foreign", False)):
            row = connection.execute(_PLACES, {"school": warehouse.school_id, "user": TEACHER, "own": own}).fetchone()
            assert row is not None
            class_id, journal, lesson, year, pupil = row
            found[name] = Filters(
                school=warehouse.school_id, year=year, class_id=class_id, journal=journal, lesson=lesson, pupil=pupil
            )
    return found


Opened = Callable[..., tuple[str, AppTest]]
Lines = Callable[[int], list[tuple[Any, ...]]]


def test_an_inspectors_way_down_to_a_pupil_is_refused_and_noted_and_the_director_reads_it(
    open_at: Opened, refused: Lines, warehouse: Warehouse, places: dict[str, Filters], scope_of: Callable[[int], Scope]
) -> None:
    school, foreign = warehouse.school_id, places["foreign"]
    before = datetime.now(UTC)
    words, test = open_at(INSPECTOR, "pupil", school=school, class_id=foreign.class_id, pupil=foreign.pupil)
    assert "закрыта для вашей роли" in words and "журнал доступа" in words
    line = (school, "pupil", foreign.class_id, foreign.pupil, "inspector", "refused")
    assert refused(INSPECTOR) == [line]
    test.run()
    assert refused(INSPECTOR) == []  # the same position is noted once in an hour of a tab
    # the parameter on a page that is open to her
    words, _ = open_at(INSPECTOR, "attendance", school=school, pupil=foreign.pupil)
    assert "не открыто" in words
    assert refused(INSPECTOR) == [(school, "attendance", None, foreign.pupil, "inspector", "refused")]
    open_at(INSPECTOR, "attendance", school=school)
    assert refused(INSPECTOR) == []
    read = read_events(scope_of(DIRECTOR), "refused").filter(pl.col("at") > before)
    assert read.height == 2 and set(read["role"]) == {"inspector"} and read["pupil"].null_count() == 0
    assert set(read["full_name"]) == {"Иванова Анна Петровна"} and read["at"].null_count() == 0
    for reader in (DEPUTY, SILENT_DEPUTY, ADMINISTRATOR):  # each reads what she did herself
        assert "inspector" not in read_events(scope_of(reader), "refused")["role"].to_list()


@pytest.mark.parametrize(
    ("user", "route", "parts", "is_refused"),
    [
        (CLASS_TEACHER, "pupil", ("pupil",), True),
        (CLASS_TEACHER, "class", ("class_id",), True),
        (CLASS_TEACHER, "journal", ("journal",), True),
        (CLASS_TEACHER, "journal", ("journal", "lesson"), True),
        (CLASS_TEACHER, "attendance", ("class_id",), True),
        (CLASS_TEACHER, "school", ("class_id",), False),  # no pupil stands there
        (TEACHER, "pupil", ("pupil",), True),
        (TEACHER, "class", (), True),
        (TEACHER, "journal", ("lesson",), True),
        (TEACHER, "findings", ("class_id",), True),
        (ADMINISTRATOR, "journal", ("journal", "lesson"), True),
        (ADMINISTRATOR, "attendance", (), False),
        (ADMINISTRATOR, "attendance", ("class_id",), True),
        (SECRETARY, "pupil", ("pupil",), True),
        (DEPUTY, "pupil", ("class_id", "pupil"), False),
        (DEPUTY, "journal", ("class_id", "journal", "lesson"), False),
    ],
)
def test_inside_a_school_it_is_noted_where_pupil_class_journal_or_lesson_are_not_ones_own(
    open_at: Opened,
    refused: Lines,
    places: dict[str, Filters],
    user: int,
    route: str,
    parts: tuple[str, ...],
    is_refused: bool,
) -> None:
    foreign = places["foreign"]
    stated = {name: getattr(foreign, name) for name in ("school", "year", *parts)}
    open_at(user, route, **stated)
    class_id, pupil = stated.get("class_id"), stated.get("pupil")
    kinds = [line for line in refused(user) if line[-1] == "refused"]
    line = (foreign.school, route, class_id, pupil, ROLES[user], "refused")
    assert kinds == ([line] if is_refused else [])


def test_what_is_ones_own_is_shown_and_noted_as_a_view(
    open_at: Opened, refused: Lines, warehouse: Warehouse, places: dict[str, Filters]
) -> None:
    own = places["own"]
    open_at(TEACHER, "journal", school=own.school, year=own.year, class_id=own.class_id, journal=own.journal,
            lesson=own.lesson)  # fmt: skip
    assert [line[-1] for line in refused(TEACHER)] == ["view"]
    open_at(CLASS_TEACHER, "class", school=warehouse.school_id, class_id=warehouse.class_id)
    assert [line[-1] for line in refused(CLASS_TEACHER)] == ["view"]


def test_a_pupil_of_another_school_is_noted_in_both_schools_and_of_whom_in_hers_alone(
    open_at: Opened, refused: Lines, warehouse: Warehouse
) -> None:
    words, _ = open_at(DEPUTY, "pupil", school=warehouse.silent_id, class_id=1, pupil=1)
    assert "не открыто" in words
    there = (warehouse.silent_id, "pupil", 1, 1, "deputy", "refused")
    here = (warehouse.school_id, "pupil", None, None, "deputy", "refused")
    assert refused(DEPUTY) == sorted([here, there])
    # whoever has no grant at all has no school of her own
    open_at(STRANGER, "journal", school=warehouse.silent_id, journal=1)
    assert refused(STRANGER) == [(warehouse.silent_id, "journal", None, None, "teacher", "refused")]


def test_refusals_do_not_flood_the_log(
    scope_of: Callable[[int], Scope], refused: Lines, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with owner_connection(warehouse.url) as connection:  # other tests of the session were refused too
        row = connection.execute(
            "SELECT count(DISTINCT at) FROM access_event WHERE user_id = %s AND kind = 'refused'", [INSPECTOR]
        ).fetchone()
    assert row is not None and f"< {refusals.NOTED_AN_HOUR}" in refusals._NOTE
    lower = refusals._NOTE.replace(f"< {refusals.NOTED_AN_HOUR}", f"< {row[0] + 3}")
    monkeypatch.setattr(refusals, "_NOTE", lower)
    position = Filters(school=warehouse.school_id, pupil=1)
    assert [note_refusal(scope_of(INSPECTOR), "pupil", position) for _ in range(5)] == [1, 1, 1, 0, 0]
    assert len(refused(INSPECTOR)) == 3
