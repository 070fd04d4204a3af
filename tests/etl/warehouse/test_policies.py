"""The second wall alone: the app's own role, straight on SQL, as every role, over every table and view.

One transaction of the owner prepares what the shared warehouse has not (a school of another municipality), takes the
app's role and is rolled back. What each role may read is said here a second time, as plain predicates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from etl.warehouse import policies
from etl.warehouse.access_rows import refresh_access
from etl.warehouse.engine import APP_ROLE, owner_connection
from etl.warehouse.roles import ROLE_ROWS
from etl.warehouse.tables import metadata
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

PEOPLE = {
    "director": DIRECTOR, "deputy": DEPUTY, "coordinator": COORDINATOR, "administrator": ADMINISTRATOR,
    "class_teacher": CLASS_TEACHER, "teacher": TEACHER, "secretary": SECRETARY, "inspector": INSPECTOR,
    "named": NAMED_INSPECTOR, "region": REGION, "stranger": STRANGER, "silent": SILENT_DEPUTY,
}  # fmt: skip
HEADS = ("director", "deputy", "coordinator")
TEACHERS = ("class_teacher", "teacher")
MUNICIPAL = ("inspector", "named")
NOTHING, SCHOOL, EVERY = "false", "school_id = %(school)s", "true"
TOWN = "school_id = %(school)s"  # the other school was moved to another municipality
OF_CLASS = "school_id = %(school)s AND class_id = %(class)s"
OWN = (
    "school_id = %(school)s AND journal_id IN (SELECT journal_id FROM access_row"
    " WHERE user_id = %(user)s AND level = 'journal')"
)
OWN_CLASSES = (
    "school_id = %(school)s AND class_id IN (SELECT class_id FROM access_row"
    " WHERE user_id = %(user)s AND level = 'journal')"
)


def rows_of(condition: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, condition)


def expected(table: str) -> dict[str, str]:
    """Role → the rows it may read; a role that is not named reads none."""
    heads = rows_of(SCHOOL, *HEADS) | {"silent": "school_id = %(other)s"}
    upkeep, cards = rows_of(SCHOOL, "administrator"), rows_of(SCHOOL, "secretary")
    above = rows_of(TOWN, *MUNICIPAL) | {"region": EVERY}
    schoolwide = rows_of(SCHOOL, *TEACHERS)
    entries = heads | {"class_teacher": OF_CLASS, "teacher": OWN}
    rolls = heads | upkeep | cards | {"class_teacher": OF_CLASS, "teacher": OWN_CLASSES}
    pupils = "school_id = %(school)s AND pupil_id IN (SELECT pupil_id FROM fact_enrolment WHERE {})"
    names = {"class_teacher": pupils.format(OF_CLASS), "teacher": pupils.format(OWN_CLASSES)}
    if table in ("regulation", "regulation_parameter", "dim_municipality", "load_run", "check_run"):
        return dict.fromkeys(PEOPLE, EVERY)
    if table in ("access_grant", "access_row", "digest_setting", "digest_delivery"):
        return dict.fromkeys(PEOPLE, "user_id = %(user)s")
    if table in DIRECTORY:
        return heads | upkeep | cards | above | schoolwide
    if table in KEEPING:
        return heads | upkeep | above | schoolwide
    if table in LEARNING:
        return heads | above | schoolwide
    if table in ENTRIES:
        return entries
    if table == "mart_duty_week":
        return entries | upkeep
    if table in ("mart_duty_journal", "mart_programme_journal"):
        return heads | above
    if table == "mart_card_school":
        return heads | cards | above
    if table in ("mart_activity_month", "mart_activity_day", "mart_review_month"):
        return heads | upkeep | above
    if table == "mart_pupil_month":
        return heads | {"class_teacher": OF_CLASS}
    if table in ("fact_enrolment", "fact_group_member"):
        return rolls
    if table == "dim_pupil":
        return heads | upkeep | cards | names
    if table == "dim_pupil_name":
        return heads | cards | names
    if table in ("dim_staff", "dim_staff_name"):
        return heads | upkeep | cards | schoolwide | {"named": TOWN}
    if table in ("fact_movement", "fact_card_field"):
        return heads | cards
    if table == "fact_consent":
        return heads | cards | upkeep
    if table in UPKEEP:
        return heads | upkeep
    if table == "load_reject":
        return heads | rows_of(
            f"{SCHOOL} AND file !~ '^(mark|absence|period_mark|work|lesson|change)'", "administrator"
        )
    if table == "review_tick":
        return heads | upkeep | {"class_teacher": SCHOOL}
    if table == "print_line":
        return heads | upkeep | cards
    if table == "class_absence_summary":
        return heads | {"class_teacher": OF_CLASS}
    if table == "printout_request":
        return heads | cards | {"class_teacher": OF_CLASS}
    if table == "judgement_request":
        return heads | above
    if table == "saved_report":
        own = "(user_id = %(user)s OR is_shared)"
        return {role: f"{rows} AND {own}" for role, rows in (heads | schoolwide).items()}
    if table == "access_event":
        own = "user_id = %(user)s"  # everybody reads what she did herself, and other tests do something
        return dict.fromkeys(PEOPLE, own) | rows_of(f"({own} OR {SCHOOL})", "director")
    if table in HEADS_ONLY:
        return heads
    raise AssertionError(f"{table} has no row in the matrix: say who may read it, here and in policies.py")


DIRECTORY = {
    "dim_school", "dim_subject", "dim_period", "dim_calendar_day", "dim_journal", "dim_class", "dim_group",
    "judgement", "judgement_rule", "ledger_horizon", "load_table", "metric_setting",
}  # fmt: skip
KEEPING = {
    "check_result", "mart_duty_school", "mart_duty_day", "mart_duty_judgement", "mart_lag_school", "finding_critical",
}  # fmt: skip
LEARNING = {
    "mart_period_mark", "mart_period_success", "mart_learning", "mart_attendance_day", "mart_attendance_school",
    "mart_absence_spread", "mart_mark_fill", "mart_period_group", "mart_forecast_hit",
}  # fmt: skip
ENTRIES = {
    "fact_lesson", "fact_lesson_text", "fact_mark", "fact_absence", "fact_work", "fact_period_mark", "obligation",
    "finding", "finding_decision", "mart_duty_lag", "mart_pupil_journal",
    "mart_mark_forecast", "mart_programme_forecast", "ledger_row", "finding_row",
}  # fmt: skip
UPKEEP = {
    "fact_activity", "fact_account", "fact_timetable_version", "fact_setup_section", "incident", "outage",
    "load_scope", "load_warning", "load_request", "municipal_report", "derivation_request",
}  # fmt: skip
HEADS_ONLY = {
    "fact_teaching_load", "fact_curriculum", "fact_plan", "fact_plan_item", "fact_change", "fact_assessment",
    "fact_staff_absence", "fact_absence_document", "fact_edit_permission", "fact_lesson_status", "control_act",
    "control_package", "control_version", "absence_document_entry", "edit_permission_entry",
}  # fmt: skip
CLOSED = {"source_key", "id_counter", "check_cell"}
SIGN_IN = {"access_user", "access_session", "access_attempt"}
SEEN_BY_ALL_ALIKE = {"regulation", "regulation_parameter", "dim_municipality", "load_run", "check_run"}
RELATIONS = sorted({*metadata.tables, *policies.VIEWS} - CLOSED - SIGN_IN)


@pytest.fixture(scope="module")
def prepared(warehouse: Warehouse) -> Iterator[tuple[psycopg.Connection[Any], dict[str, int]]]:
    """A transaction in which the second school belongs to another municipality; nothing of it stays."""
    with owner_connection(warehouse.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dim_municipality SELECT (jsonb_populate_record(m,"
            ' \'{"municipality_id": 990, "name": "Другой округ"}\')).* FROM dim_municipality m LIMIT 1'
        )
        cursor.execute("UPDATE dim_school SET municipality_id = 990 WHERE school_id = %s", [warehouse.silent_id])
        for school in (warehouse.school_id, warehouse.silent_id):
            cursor.execute(
                "INSERT INTO access_event (at, school_id, user_id, kind, subject, full_name, role)"
                " VALUES (now(), %s, 9990, 'view', 'journal', 'Имя', 'deputy')",
                [school],
            )
        refresh_access(cursor)
        yield (
            connection,
            {"school": warehouse.school_id, "other": warehouse.silent_id, "class": warehouse.class_id},
        )
        connection.rollback()


def counted(connection: psycopg.Connection[Any], relation: str, condition: str, values: dict[str, int]) -> int:
    row = connection.execute(sql.SQL(f"SELECT count(*) FROM {relation} WHERE {condition}"), values).fetchone()
    assert row is not None
    return int(row[0])


def act_as(connection: psycopg.Connection[Any], user: int) -> None:
    connection.execute(f"SET LOCAL ROLE {APP_ROLE}")
    connection.execute("SELECT set_config('app.user_id', %s, true)", [str(user)])


def test_every_table_has_a_policy_or_is_closed_on_purpose() -> None:
    rules = policies.policies()
    named = {*rules, *policies.NO_SCHOOL, *policies.OWN_ROWS, *policies.OWN_TABLES, *policies.CLOSED}
    assert named == set(metadata.tables)
    assert set(policies.CLOSED) == CLOSED and set(policies.OWN_TABLES) == SIGN_IN


def test_every_role_reads_its_rows_of_every_table_and_view_and_none_of_the_foreign(
    prepared: tuple[psycopg.Connection[Any], dict[str, int]],
) -> None:
    connection, place = prepared
    assert set(ROLE_ROWS) <= set(PEOPLE)
    wrong, counts = [], {}
    for relation in RELATIONS:
        held = expected(relation)
        there = counted(connection, relation, "true", place)
        found = {}
        for name, user in PEOPLE.items():
            values = {**place, "user": user}
            due = counted(connection, relation, held.get(name, NOTHING), values)
            act_as(connection, user)
            found[name] = counted(connection, relation, "true", values)
            seen = counted(connection, relation, held.get(name, NOTHING), values)
            connection.execute("RESET ROLE")
            if not found[name] == seen == due:
                wrong.append((relation, name, f"reads {found[name]}, of them its own {seen}, due {due}"))
        counts[relation] = (there, found)
    assert wrong == []
    # alarms: a matrix that is empty everywhere, or the same for everybody, proves nothing
    filled = {relation: found for relation, (there, found) in counts.items() if there}
    assert len(filled) > 45
    assert [relation for relation, found in filled.items() if not any(found.values())] == []
    alike = {relation for relation, found in filled.items() if len(set(found.values())) == 1}
    assert alike <= SEEN_BY_ALL_ALIKE


def test_a_closed_table_refuses_to_be_read_and_a_sign_in_table_to_be_changed(
    prepared: tuple[psycopg.Connection[Any], dict[str, int]],
) -> None:
    connection, _ = prepared
    forbidden = [f"SELECT 1 FROM {table}" for table in CLOSED]
    forbidden += ["UPDATE access_user SET role = 'director'", "DELETE FROM access_session"]
    forbidden += ["UPDATE access_session SET user_id = 1", "DELETE FROM access_attempt"]
    forbidden += ["INSERT INTO access_row (user_id, school_id, level) VALUES (5, 1, 'school')"]
    forbidden += ["INSERT INTO access_grant (user_id, grant_no, level) VALUES (5, 1, 'region')"]
    forbidden += ["CREATE TABLE mine (a int)", "COPY dim_school TO PROGRAM 'true'"]
    for statement in forbidden:
        with connection.transaction(force_rollback=True):
            act_as(connection, DEPUTY)
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(statement)


def test_the_app_owns_nothing_and_writes_its_registers_alone(warehouse: Warehouse) -> None:
    with owner_connection(warehouse.url) as connection:
        owned = connection.execute(
            "SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = %s", [APP_ROLE]
        ).fetchall()
        writable = connection.execute(
            "SELECT table_name, string_agg(privilege_type, ',' ORDER BY privilege_type)"
            " FROM information_schema.role_table_grants WHERE grantee = %s AND privilege_type <> 'SELECT' GROUP BY 1",
            [APP_ROLE],
        ).fetchall()
        held = connection.execute(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb, (SELECT count(*) FROM pg_auth_members m"
            " WHERE m.member = r.oid) FROM pg_roles r WHERE rolname = %s",
            [APP_ROLE],
        ).fetchone()
        open_views = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
            " AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)"
        ).fetchall()
    assert owned == [] and held == (False, 0) and open_views == []
    appended = {*policies.REGISTERS, "access_session", "access_attempt"}
    assert dict(writable) == dict.fromkeys(appended, "INSERT")


@pytest.mark.parametrize(
    ("changed", "allowed"),
    [
        ({}, True),
        ({"user_id": "2"}, False),
        ({"role": "'director'"}, False),
        ({"full_name": "'Другой'"}, False),
        ({"school_id": "%(other)s"}, False),
        ({"at": "now() - interval '1 hour'"}, False),
        ({"kind": "'anything'"}, False),
        # whose pupils were asked for in vain learns of it, and from whom
        ({"kind": "'refused'", "school_id": "%(other)s"}, True),
        ({"kind": "'refused'", "user_id": "2"}, False),
        ({"kind": "'refused'", "full_name": "'Другой'"}, False),
    ],
)
def test_an_event_of_the_log_is_written_in_ones_own_name_now_and_about_an_open_school(
    prepared: tuple[psycopg.Connection[Any], dict[str, int]], changed: dict[str, str], allowed: bool
) -> None:
    connection, place = prepared
    row = {
        "at": "clock_timestamp()", "school_id": "%(school)s", "user_id": "1", "kind": "'view'", "subject": "'journal'",
        "full_name": "'Иванова Анна Петровна'", "role": "'deputy'",
    } | changed  # fmt: skip
    statement = f"INSERT INTO access_event ({', '.join(row)}) VALUES ({', '.join(row.values())})"
    with connection.transaction(force_rollback=True):
        act_as(connection, DEPUTY)
        if allowed:
            assert connection.execute(sql.SQL(statement), place).rowcount == 1
            return
        with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
            connection.execute(sql.SQL(statement), place)


@pytest.mark.parametrize("statement", ["UPDATE access_event SET role = 'x'", "DELETE FROM access_event"])
def test_the_log_is_never_changed_by_the_app(
    prepared: tuple[psycopg.Connection[Any], dict[str, int]], statement: str
) -> None:
    connection, _ = prepared
    with connection.transaction(force_rollback=True):
        act_as(connection, DIRECTOR)
        with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
            connection.execute(sql.SQL(statement))


def test_a_grant_that_a_role_may_not_hold_opens_nothing(
    prepared: tuple[psycopg.Connection[Any], dict[str, int]],
) -> None:
    connection, place = prepared
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        for number, level in enumerate(("region", "municipality", "school", "staff_names"), start=50):
            cursor.execute(
                "INSERT INTO access_grant (user_id, grant_no, level, municipality_id, school_id)"
                " SELECT %s, %s, %s, municipality_id, school_id FROM dim_school WHERE school_id = %s",
                [STRANGER, number, level, place["school"]],
            )
        refresh_access(cursor)
        assert cursor.execute("SELECT count(*) FROM access_row WHERE user_id = %s", [STRANGER]).fetchone() == (0,)
