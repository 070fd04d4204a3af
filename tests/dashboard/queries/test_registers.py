"""Lines of registers on a real database: who may save them, that nothing is lost, and that the ledger hears of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from dashboard import connection
from dashboard.correction_rows import Verdict, with_verdict
from dashboard.filters import Filters
from dashboard.queries.corrections import read_corrections
from dashboard.queries.registers import Refused, read_history, read_register, read_register_standing, save
from etl.job import load_bundle
from etl.settings import Settings
from etl.worker import work
from tests.dashboard.queries.test_decisions import DEPUTY, INSPECTOR, TEACHER, three_people
from tests.dashboard.queries.test_findings import NOW

PERMISSIONS = Filters(school=1, measure="edit_permission_entry")


@pytest.fixture
def scope_of(database, loaded, monkeypatch):
    """Scopes of a deputy head, a teacher and an inspector of a fresh copy."""
    yield from three_people(database, loaded, monkeypatch)


@pytest.fixture
def locked(sql) -> dict[str, Any]:
    """An act with a lock of marks that wants no role, and a late change of a mark that nobody permitted."""
    entity, key, day = sql.execute(
        "SELECT c.entity, c.entity_key, (c.changed_earliest AT TIME ZONE s.timezone)::date FROM fact_change c"
        " JOIN obligation o ON o.school_id = c.school_id AND o.object_id = c.change_id AND o.rule BETWEEN 13 AND 18"
        " JOIN dim_school s ON s.school_id = c.school_id WHERE o.made_status = 3 AND NOT EXISTS (SELECT 1 FROM"
        " fact_edit_permission p WHERE p.entity_key = c.entity_key AND p.entity = c.entity) ORDER BY 2 LIMIT 1"
    ).fetchone()
    return {"entity": entity, "entity_key": key, "permission_no": "77", "ground": "resit", "decided_on": day}


def verdict(scope, key: str) -> Verdict:
    page = read_corrections(scope, Filters(school=1), NOW)
    assert page is not None
    rows = with_verdict(page.changes)
    return Verdict(rows.row(by_predicate=pl.col("entity_key") == key, named=True)["verdict"])


def test_a_saved_line_is_kept_with_its_author_and_a_correction_is_a_new_version(scope_of):
    scope = scope_of(DEPUTY)
    line = {"title": "Отчёт", "addressee": None, "due_on": date(2026, 12, 1), "done_on": None}
    assert save(scope, 1, "municipal_report", line) is None
    here = Filters(school=1, measure="municipal_report")
    first = read_register(scope, here).row(0, named=True)
    assert (first["decided_by"], first["author_role"], first["version_no"]) == ("Орлова Мария Петровна", "deputy", 1)
    known = {"of": first["line"], "version": 1}
    assert save(scope, 1, "municipal_report", line, **known) is Refused.REASON
    assert save(scope, 1, "municipal_report", {**line, "title": "Сводка"}, **known, correction="не то имя") is None
    assert save(scope, 1, "municipal_report", line, **known, correction="опоздала") is Refused.GONE
    assert (
        save(scope, 1, "municipal_report", line, of=first["line"], version=2, correction="ошибка", withdrawn=True)
        is None
    )
    newest = read_register(scope, here)
    assert newest.height == 1 and newest["is_withdrawn"][0] and newest["version_no"][0] == 3
    assert read_history(scope, 1, "municipal_report", first["line"])["title"].to_list() == ["Отчёт", "Сводка", "Отчёт"]


def test_only_the_roles_of_a_register_write_it_and_only_in_their_own_name(scope_of):
    line = {"title": "Отчёт", "due_on": date(2026, 12, 1)}
    for user in (TEACHER, INSPECTOR):
        assert save(scope_of(user), 1, "municipal_report", line) is Refused.FORBIDDEN
        assert read_register(scope_of(user), PERMISSIONS).is_empty()
    forged = text(
        "INSERT INTO municipal_report (school_id, municipal_report_id, due_on, title, entered_at, entered_by, author,"
        " author_role) VALUES (1, 1, '2026-12-01', 'x', clock_timestamp(), :user, :author, 'deputy')"
    )
    for user, author in (
        (DEPUTY, "Другой Человек"),
        (TEACHER, "Орлова Мария Петровна"),
        (INSPECTOR, "Орлова Мария Петровна"),
    ):
        with connection.app_engine().begin() as door, pytest.raises(ProgrammingError, match="row-level security"):
            door.execute(text("SELECT set_config('app.user_id', :user, true)"), {"user": str(user)})
            door.execute(forged, {"user": user, "author": author})
    with connection.app_engine().begin() as door, pytest.raises(ProgrammingError, match="permission denied"):
        door.execute(text("UPDATE municipal_report SET title = 'y'"))


def test_a_permission_of_the_app_feeds_the_ledger_and_survives_the_next_snapshot(
    scope_of, database, loaded, sql, locked
):
    scope = scope_of(DEPUTY)
    key = locked["entity_key"]
    sources = sql.execute("SELECT count(*) FROM fact_edit_permission").fetchone()
    assert verdict(scope, key) is Verdict.NO_PERMISSION
    assert save(scope, 1, "edit_permission_entry", locked) is None
    standing = read_register_standing(scope, 1)
    assert standing is not None and standing.is_open
    assert verdict(scope, key) is Verdict.NO_PERMISSION  # the ledger has not heard of it yet
    assert work(Settings(home=loaded.home), database, once=True) == 1
    done = read_register_standing(scope, 1)
    assert done is not None and done.state == "done"
    allowed = verdict(scope, key)
    assert allowed in (Verdict.PERMITTED, Verdict.WRONG_ROLE)
    load_bundle(loaded.bundle, database, loaded.home)
    assert verdict(scope, key) is allowed
    assert sql.execute("SELECT count(*) FROM fact_edit_permission").fetchone() == sources
    line = (
        read_register(scope, PERMISSIONS).filter(~read_register(scope, PERMISSIONS)["is_of_source"]).row(0, named=True)
    )
    assert (
        save(scope, 1, "edit_permission_entry", locked, of=line["line"], version=1, correction="не то", withdrawn=True)
        is None
    )
    assert work(Settings(home=loaded.home), database, once=True) == 1
    assert verdict(scope, key) is Verdict.NO_PERMISSION


def test_a_line_of_the_app_replaces_that_of_the_source_and_both_are_kept(scope_of, sql):
    scope = scope_of(DEPUTY)
    here = Filters(school=1, measure="absence_document_entry")
    before = read_register(scope, here)
    source = before.filter(before["is_of_source"]).row(0, named=True)
    line = {name: source[name] for name in ("pupil_id", "kind", "from_on", "to_on", "document_key")}
    assert save(scope, 1, "absence_document_entry", {**line, "presented_on": source["to_on"]}) is None
    after = read_register(scope, here)
    same = after.filter(after["document_key"] == source["document_key"])
    assert after.height == before.height and same["is_of_source"].to_list() == [False]
    stored = sql.execute("SELECT count(*) FROM fact_absence_document WHERE document_key = %s", [source["document_key"]])
    assert stored.fetchone() == (1,)
