"""Somebody who got the app's own connection, and may say any SQL: a real login as its role, every attack by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

import dashboard.connection as connection_of_app
from etl.settings import Settings
from etl.warehouse.engine import ensure_app_role, owner_connection
from etl.warehouse.policies import apply_policies
from tests.conftest import CLASS_TEACHER, DEPUTY, INSPECTOR, SILENT_DEPUTY, STRANGER, Warehouse
from tests.etl.conftest import Store

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
    "SELECT set_config('role', '{owner}', true)",
    "SELECT set_config('session_authorization', '{owner}', true)",
    "ALTER ROLE zavuch_app SET app.user_id = '1'",
    "ALTER DATABASE zavuch SET app.user_id = '1'",
    "INSERT INTO access_row VALUES (5, 1, 'school', NULL, NULL)",
    "INSERT INTO access_grant SELECT * FROM access_grant",
    "UPDATE access_user SET role = 'director'",
    "UPDATE access_session SET user_id = 1",
    "UPDATE access_session SET expires_at = 'infinity'",
    # to shadow a table, a function or an operator, or to leave something for the next reader of the connection
    "CREATE TEMP TABLE access_row AS SELECT 1 AS user_id",
    "CREATE TEMP VIEW dim_school AS SELECT 1 AS school_id",
    "CREATE TEMP SEQUENCE mine",
    "SELECT 1 INTO TEMP mine",
    "CREATE FUNCTION pg_temp.told(text) RETURNS bool LANGUAGE plpgsql COST 0.0000001"
    " AS $$BEGIN RAISE NOTICE '%', $1; RETURN true; END$$",
    "CREATE FUNCTION public.told(text) RETURNS bool LANGUAGE sql AS 'SELECT true'",
    "CREATE OPERATOR pg_temp.= (LEFTARG = int, RIGHTARG = int, FUNCTION = int4ne)",
    "CREATE AGGREGATE pg_temp.mine(int) (SFUNC = int4pl, STYPE = int)",
    "CREATE DOMAIN pg_temp.mine AS int",
    "CREATE TYPE pg_temp.mine AS (a int)",
    "CREATE CAST (text AS int) WITH INOUT",
    "CREATE RULE mine AS ON INSERT TO access_event DO INSTEAD NOTHING",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION now()",
    'CREATE COLLATION mine FROM "C"',
    "CREATE PUBLICATION mine",
    "CREATE FOREIGN DATA WRAPPER mine",
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
    "COPY access_attempt FROM PROGRAM 'id'",
    "COPY (SELECT 1) TO PROGRAM 'cat > /tmp/zavuch-attack'",
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_open(1, 131072)",
    "SELECT lo_export(1, '/tmp/zavuch-attack')",
    "SELECT pg_ls_logdir()",
    "SELECT pg_ls_waldir()",
    "SELECT pg_current_logfile()",
    # to learn what it must not
    "SELECT rolpassword FROM pg_authid",
    "SELECT passwd FROM pg_shadow",
    "SELECT stavalues1 FROM pg_statistic",
    "SELECT * FROM source_key",
    "SELECT * FROM id_counter",
    "SELECT * FROM alembic_version",
    "SELECT pg_hba_file_rules()",
    "SELECT * FROM pg_file_settings",
    "SELECT * FROM pg_config",
    "SELECT loid FROM pg_largeobject",
    "SELECT subconninfo FROM pg_subscription",
    "SELECT umoptions FROM pg_user_mapping",
    "DO $$BEGIN EXECUTE 'SELECT * FROM source_key'; END$$",
    # to harm
    "SET log_statement = 'all'",
    "SET session_replication_role = replica",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_physical_replication_slot('mine')",
    "SELECT pg_advisory_lock(7201900014)",
    "SELECT pg_advisory_lock_shared(7201900014)",
    "SELECT pg_advisory_xact_lock(7201900014)",
    "SELECT pg_try_advisory_lock(7201900016)",
    "SELECT pg_logical_emit_message(true, 'x', 'y')",
    "SELECT pg_stat_reset()",
    "SELECT pg_create_restore_point('mine')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{owner}'",
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '{owner}'",
    "LOCK TABLE fact_mark IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE access_event IN SHARE MODE",
    "LOCK TABLE access_session IN ACCESS EXCLUSIVE MODE",
    "SELECT * FROM dim_school FOR UPDATE",
    "SET temp_file_limit = -1",
    "REINDEX TABLE dim_school",
    "CLUSTER dim_school USING pk_dim_school",
    "REASSIGN OWNED BY zavuch_app TO {owner}",
    "DELETE FROM access_session",
    "DELETE FROM access_attempt",
    "UPDATE access_attempt SET at = now()",
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
    assert not got_through, "\n".join(got_through)


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


def test_what_row_security_off_shows_is_an_error_and_not_the_rows(app: psycopg.Connection[tuple[object, ...]]) -> None:
    for table in ("fact_mark", "dim_pupil_name", "ledger_row", "finding_row", "access_event"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
            app.execute("SET LOCAL row_security = off")
            app.execute(f"SELECT 1 FROM {table}".encode())


def test_what_the_server_permits_everybody_changes_nothing(
    app: psycopg.Connection[tuple[object, ...]], warehouse: Warehouse
) -> None:
    """The server only warns of these, or they concern the role's own things, of which it has none."""
    asked = "SELECT array_agg(relacl::text ORDER BY oid) FROM pg_class UNION ALL SELECT array_agg(defaclacl::text)"
    rights = f"{asked} FROM pg_default_acl"
    with owner_connection(warehouse.url) as connection:
        before = connection.execute(rights).fetchall()
        (sessions,) = connection.execute("SELECT count(*) FROM access_session").fetchone() or (0,)
    for attack in (
        b"GRANT SELECT ON dim_pupil_name TO PUBLIC",
        b"ANALYZE fact_mark",
        b"RESET ROLE",
        b"SET ROLE NONE",
        b"LISTEN zavuch",
        b"NOTIFY zavuch, 'x'",
        b"SET search_path = pg_temp, public",
    ):
        with app.transaction():
            app.execute(attack)
    assert app.execute("SELECT current_user, session_user").fetchone() == ("zavuch_app", "zavuch_app")
    app.execute("SELECT set_config('app.user_id', %s, true)", [str(STRANGER)])
    assert app.execute("SELECT count(*) FROM dim_pupil_name").fetchone() == (0,)
    assert app.execute("SELECT setting FROM pg_settings WHERE name = 'data_directory'").fetchall() == []
    with owner_connection(warehouse.url) as connection:
        assert connection.execute(rights).fetchall() == before
        assert connection.execute("SELECT count(*) FROM access_session").fetchone() == (sessions,)


def test_built_in_functions_that_tell_their_arguments_see_no_row_behind_the_views(
    app: psycopg.Connection[tuple[object, ...]], warehouse: Warehouse
) -> None:
    """Casts and divisions are as cheap as the policy; through the views too they are asked after it."""
    for user, view, column in (
        (STRANGER, "ledger_row", "object_key"),
        (STRANGER, "finding_row", "object_key"),
        (SILENT_DEPUTY, "dim_pupil_name", "full_name"),
        (SILENT_DEPUTY, "ledger_row", "object_key"),
    ):
        app.execute("SELECT set_config('app.user_id', %s, true)", [str(user)])
        query = f"SELECT count(*) FROM {view} WHERE school_id = %s AND ({column} || 'x')::int > 0"
        assert app.execute(query.encode(), [warehouse.school_id]).fetchone() == (0,), (user, view)


def test_a_role_that_drops_its_own_policies_is_blind_until_the_next_start(store: Store) -> None:
    """`DROP OWNED` needs no right: it takes away the policies that name the role, never a wall."""
    policies = "SELECT count(*) FROM pg_policies WHERE roles = '{zavuch_app}'"
    with owner_connection(store.url) as connection, connection.transaction(force_rollback=True):
        connection.execute("INSERT INTO dim_municipality (municipality_id, name) VALUES (1, 'x')")
        before = connection.execute(policies).fetchone()
        assert before is not None and before[0] > 50
        connection.execute("SET LOCAL ROLE zavuch_app")
        assert connection.execute("SELECT count(*) FROM dim_municipality").fetchone() == (1,)
        connection.execute("DROP OWNED BY zavuch_app")
        assert connection.execute("SELECT count(*) FROM dim_municipality").fetchone() == (0,)
        connection.execute("RESET ROLE")
        apply_policies(connection)
        assert connection.execute(policies).fetchone() == before
        connection.execute("SET LOCAL ROLE zavuch_app")
        assert connection.execute("SELECT count(*) FROM dim_municipality").fetchone() == (1,)


def test_settings_that_the_role_gives_itself_end_with_the_next_start(store: Store) -> None:
    kept = "SELECT count(*) FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole AND rolname = 'zavuch_app'"
    with owner_connection(store.url) as connection, connection.transaction(force_rollback=True):
        for where in ("", f" IN DATABASE {connection.info.dbname}"):
            connection.execute(f"ALTER ROLE zavuch_app{where} SET search_path = pg_temp".encode())
        assert connection.execute(kept).fetchone() == (2,)
        ensure_app_role(connection, "x" * 24)
        assert connection.execute(kept).fetchone() == (0,)


def test_a_pooled_connection_brings_nobody_along(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who borrows next is nobody, after an answer, an error, a rollback and a commit; statements that the driver has
    prepared answer each reader with her own rows.
    """
    monkeypatch.setattr(connection_of_app, "read_settings", lambda: Settings(home=warehouse.home,
                        app_database_url=warehouse.app_url))  # fmt: skip
    connection_of_app.app_engine.cache_clear()
    engine = connection_of_app.app_engine()
    lone = create_engine(engine.url, pool_size=1, max_overflow=0)
    identify = text("SELECT set_config('app.user_id', :user, true)")
    look = text("SELECT coalesce(current_setting('app.user_id', true), ''), (SELECT count(*) FROM dim_pupil_name)")
    with engine.connect() as first:
        stated = first.execute(
            text("SELECT current_setting('search_path'), current_setting('statement_timeout')")
        ).one()
    assert tuple(stated) == ("public", "5min")

    def nobody() -> bool:
        with lone.connect() as borrowed:
            return tuple(borrowed.execute(look).one()) == ("", 0)

    try:
        for end in ("read", "error", "rollback", "commit"):
            with contextlib.suppress(DBAPIError), lone.connect() as borrowed:
                borrowed.execute(identify, {"user": str(DEPUTY)})
                assert borrowed.execute(look).one()[1] > 0
                if end == "error":
                    borrowed.execute(text("SELECT 1 / 0"))
                getattr(borrowed, end if end in ("rollback", "commit") else "rollback")()
            assert nobody(), end
        counted = []
        for user in [DEPUTY, STRANGER, CLASS_TEACHER, SILENT_DEPUTY, INSPECTOR] * 4:
            with lone.begin() as borrowed:
                borrowed.execute(identify, {"user": str(user)})
                counted.append(borrowed.execute(text("SELECT count(*) FROM dim_pupil_name")).scalar_one())
        assert counted == counted[:5] * 4 and counted[1] == counted[4] == 0 and counted[0] > counted[2] > 0
        assert counted[3] > 0
    finally:
        lone.dispose()
        engine.dispose()
        connection_of_app.app_engine.cache_clear()
