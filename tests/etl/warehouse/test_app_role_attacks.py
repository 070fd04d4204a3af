"""Somebody who got the app's own connection, and may say any SQL: a real login as its role, every attack by itself."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from etl.warehouse.engine import owner_connection
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, STRANGER, Warehouse

REFUSED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.InvalidParameterValue,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.CantChangeRuntimeParam,
    psycopg.errors.InFailedSqlTransaction,
)
ATTACKS = (
    # to be somebody else
    "SET ROLE {owner}",
    "SET SESSION AUTHORIZATION {owner}",
    "ALTER ROLE zavuch_app SUPERUSER",
    "ALTER ROLE zavuch_app BYPASSRLS",
    "CREATE ROLE mine SUPERUSER",
    "GRANT {owner} TO zavuch_app",
    # to take the wall down
    "ALTER TABLE fact_mark DISABLE ROW LEVEL SECURITY",
    "DROP POLICY app_rows ON fact_mark",
    "CREATE POLICY mine ON fact_mark USING (true)",
    "ALTER TABLE access_user OWNER TO zavuch_app",
    "TRUNCATE fact_mark",
    "DROP TABLE access_user",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "CREATE VIEW mine AS SELECT * FROM fact_mark",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION file_fdw",
    "CREATE TRIGGER mine BEFORE INSERT ON access_event EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "COMMENT ON SCHEMA public IS ''",
    # to read files and run programs
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('postgresql.conf')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('postgresql.conf')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_read_server_files()",
    "COPY access_attempt FROM '/etc/passwd'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/zavuch-attack'",
    "LOAD 'auto_explain'",
    # to learn what it must not
    "SELECT rolpassword FROM pg_authid",
    "SELECT passwd FROM pg_shadow",
    "SELECT stavalues1 FROM pg_statistic",
    "SELECT * FROM source_key",
    "SELECT * FROM id_counter",
    "SELECT * FROM alembic_version",
    "SELECT pg_hba_file_rules()",
    # to harm
    "SET log_statement = 'all'",
    "SET session_replication_role = replica",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_physical_replication_slot('mine')",
    "UPDATE access_event SET role = 'x'",
    "DELETE FROM finding_decision",
)


@pytest.fixture
def app(warehouse: Warehouse) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection as the app's role; nothing of it stays."""
    parts = make_url(warehouse.app_url)
    stated = make_conninfo(host=parts.host or str(parts.query.get("host", "")), port=parts.port or 5432,
                           user=parts.username, password=parts.password, dbname=parts.database)  # fmt: skip
    with psycopg.connect(stated) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def owner(warehouse: Warehouse) -> str:
    with owner_connection(warehouse.url) as connection:
        row = connection.execute("SELECT current_user").fetchone()
    assert row is not None
    return str(row[0])


def test_whatever_the_apps_role_says_it_stays_itself(app: psycopg.Connection[tuple[object, ...]], owner: str) -> None:
    got_through = []
    for attack in ATTACKS:
        try:
            with app.transaction(force_rollback=True):
                app.execute(attack.format(owner=owner).encode())
            got_through.append(attack)
        except REFUSED:
            pass
        except psycopg.Error as error:  # refused for another reason proves nothing
            got_through.append(f"{attack}: {type(error).__name__}: {error}")
    assert got_through == []


def test_what_works_outside_a_transaction_alone_is_refused_too(app: psycopg.Connection[tuple[object, ...]]) -> None:
    app.autocommit = True
    for attack in (
        b"ALTER SYSTEM SET log_statement = 'all'",
        b"DROP DATABASE zavuch",
        b"CREATE DATABASE mine",
        b"VACUUM FULL fact_mark",
    ):
        try:
            app.execute(attack)
        except psycopg.errors.InsufficientPrivilege:
            continue
        assert attack.startswith(b"VACUUM"), attack  # it only warns, and does nothing


def test_a_partition_is_not_a_way_around_the_policy_of_its_table(
    app: psycopg.Connection[tuple[object, ...]],
) -> None:
    app.execute("SELECT set_config('app.user_id', %s, true)", [str(DEPUTY)])
    parts = app.execute("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1").fetchall()
    assert len(parts) > 8
    for (name,) in parts:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
            app.execute(f"SELECT 1 FROM {name}".encode())


def test_statistics_views_and_other_sessions_tell_no_value(
    app: psycopg.Connection[tuple[object, ...]], warehouse: Warehouse
) -> None:
    app.execute("SELECT set_config('app.user_id', %s, true)", [str(STRANGER)])
    with owner_connection(warehouse.url) as connection:
        names = {row[0] for row in connection.execute("SELECT full_name FROM dim_pupil_name").fetchall()}
        told = app.execute(
            "SELECT tablename, attname, most_common_vals::text, histogram_bounds::text FROM pg_stats"
            " WHERE schemaname = 'public'"
        ).fetchall()
        secret = f"SELECT '{min(names)}' AS said"
        connection.execute(secret.encode())
        heard = app.execute("SELECT query FROM pg_stat_activity").fetchall()
    behind = {row[0] for row in told}
    assert not behind & {
        "dim_pupil_name",
        "dim_staff_name",
        "fact_mark",
        "fact_absence",
        "fact_lesson_text",
        "access_row",
    }
    said = " ".join(str(row) for row in [*told, *heard])
    assert not [name for name in names if name in said]


@pytest.mark.parametrize("told", ["", "0", "-1", "2147483647", "1 OR 1=1", "1,2"])
def test_a_made_up_person_sees_nothing(app: psycopg.Connection[tuple[object, ...]], told: str) -> None:
    app.execute("SELECT set_config('app.user_id', %s, true)", [told])
    for table in ("fact_mark", "dim_pupil_name", "dim_school", "access_row", "access_event"):
        try:
            with app.transaction():
                assert app.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,), table
        except psycopg.errors.InvalidTextRepresentation:
            assert not told.lstrip("-").isdigit()


def test_a_function_of_the_reader_never_sees_a_row_behind_the_policy(
    app: psycopg.Connection[tuple[object, ...]], warehouse: Warehouse
) -> None:
    """A condition that tells what it was given (here by an error) is asked after the policy, not before."""
    app.execute("SELECT set_config('app.user_id', %s, true)", [str(STRANGER)])
    assert app.execute("SELECT count(*) FROM dim_pupil_name WHERE full_name::int > 0").fetchone() == (0,)
    for user in (INSPECTOR, CLASS_TEACHER):
        app.execute("SELECT set_config('app.user_id', %s, true)", [str(user)])
        query = "SELECT count(*) FROM fact_mark WHERE school_id = %s AND 1 / (school_id - school_id) > 0"
        assert app.execute(query, [warehouse.silent_id]).fetchone() == (0,), user
