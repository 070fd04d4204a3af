"""Accounts as their keeper changes them, on a real database with a loaded school."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError
from typer.testing import CliRunner

from dashboard.accounts import FREE_FAILURES, PostgresAccounts
from etl.accounts import Account, Target, accounts, add_account, disable, enable, grant, revoke, set_password, tie
from etl.cli import app
from etl.errors import SettingsError
from etl.job import load_bundle
from etl.settings import Settings, read_settings
from etl.warehouse import embedded
from etl.warehouse.access_rows import refresh_access
from etl.warehouse.engine import app_url, owner_connection, sqlalchemy_url
from etl.warehouse.roles import ROLE_ROWS
from tests.homes import open_new
from tests.oracle.builder import tiny_school

PASSWORD = "правильно-лошадь-батарея"
EMPLOYED_TO = date(2026, 12, 1)  # the first day that no longer counts
END = datetime(2026, 11, 30, 21, 0, tzinfo=UTC)  # midnight in Moscow


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = Settings(home=tmp_path_factory.mktemp("accounts"))
    try:
        url = open_new(settings)
        load_bundle(school(settings.home / "first", "2026-11-12T06:00:00+03:00", EMPLOYED_TO), url, settings.home)
        yield settings
    finally:
        embedded.stop(settings.home)


def school(folder: Path, extracted_at: str, employed_to: date | None) -> Path:
    bundle = tiny_school(extracted_at, None).add_class()
    bundle.add("staff", staff_key="leaver", full_name="Уходящая О. П.", employed_to=employed_to)
    bundle.add("lesson", lesson_key="l1", held_on="2024-09-11")
    return bundle.write(folder)


@pytest.fixture(scope="module")
def url(settings: Settings) -> str:
    return embedded.start(settings.home).url


@pytest.fixture(scope="module")
def engine(settings: Settings, url: str) -> Iterator[Engine]:
    engine = create_engine(sqlalchemy_url(app_url(settings, url)))
    yield engine
    engine.dispose()


@pytest.fixture
def clean(url: str) -> str:
    with owner_connection(url) as connection:
        for table in ("access_user", "access_grant", "access_session", "access_attempt", "access_row"):
            connection.execute(f"DELETE FROM {table}")
    return url


def school_key(url: str) -> str:
    with owner_connection(url) as connection:
        found = connection.execute("SELECT school_key FROM dim_school").fetchone()
    assert found is not None
    return str(found[0])


def test_a_new_account_sees_nothing_until_it_is_granted_and_nothing_after_the_grant_is_taken(
    clean: str, engine: Engine
) -> None:
    store, target = PostgresAccounts(engine), Target(school=school_key(clean))
    add_account(clean, "Orlova", role="deputy", name="Орлова М. С.", password=PASSWORD)
    identity = store.verify("orlova", PASSWORD)
    assert identity is not None and store.scope_of(identity).is_empty
    grant(clean, "orlova", target)
    grant(clean, "orlova", target)
    assert len(store.scope_of(identity).school_ids) == 1
    assert accounts(clean) == [Account("orlova", "Орлова М. С.", "deputy", "open", (f"school {target.school}",), "")]
    assert revoke(clean, "orlova", target) == 1
    assert store.scope_of(identity).is_empty


def test_disabling_ends_every_session_and_enabling_lifts_a_lock(clean: str, engine: Engine) -> None:
    store = PostgresAccounts(engine)
    add_account(clean, "orlova", role="deputy", name="Орлова М. С.", password=PASSWORD)
    token = store.open_session(1)
    disable(clean, "orlova")
    assert store.identity_of(token) is None
    assert store.verify("orlova", PASSWORD) is None
    for _ in range(FREE_FAILURES):
        store.verify("orlova", PASSWORD)
    enable(clean, "orlova")
    assert store.identity_of(token) is None, "a session that ended does not come back"
    assert store.verify("orlova", PASSWORD) is not None


def test_another_password_ends_the_sessions_of_the_old_one(clean: str, engine: Engine) -> None:
    store = PostgresAccounts(engine)
    add_account(clean, "orlova", role="deputy", name="Орлова М. С.", password=PASSWORD)
    token = store.open_session(1)
    set_password(clean, "orlova", "совсем другая батарея")
    assert store.identity_of(token) is None
    assert store.verify("orlova", PASSWORD) is None
    assert store.verify("orlova", "совсем другая батарея") is not None


def test_an_account_of_staff_closes_after_the_last_day_of_employment_and_opens_with_a_new_contract(
    clean: str, settings: Settings, engine: Engine
) -> None:
    moment = END - timedelta(seconds=1)
    store = PostgresAccounts(engine, lambda: moment)
    person = Target(school=school_key(clean), staff_key="leaver")
    add_account(clean, "leaver", role="teacher", name="Уходящая О. П.", password=PASSWORD, staff=person)
    token = store.open_session(1)
    assert store.identity_of(token) is not None, "the last day is a working day"
    moment = END
    assert store.identity_of(token) is None
    assert store.verify("leaver", PASSWORD) is None
    load_bundle(school(settings.home / "second", "2026-11-13T06:00:00+03:00", None), clean, settings.home)
    moment = END + timedelta(minutes=1)
    assert store.verify("leaver", PASSWORD) is not None


def test_an_account_that_reads_somebodys_own_journals_ends_with_her_and_can_be_tied_to_a_new_contract(
    clean: str, settings: Settings, engine: Engine
) -> None:
    key = school_key(clean)
    load_bundle(school(settings.home / "third", "2026-11-14T06:00:00+03:00", EMPLOYED_TO), clean, settings.home)
    add_account(clean, "leaver", role="teacher", name="Уходящая О. П.", password=PASSWORD)
    grant(clean, "leaver", Target(school=key, staff_key="leaver"))
    assert PostgresAccounts(engine, lambda: END).verify("leaver", PASSWORD) is None, "nobody named --staff at first"
    tie(clean, "leaver", Target(school=key, staff_key="t1"))
    assert PostgresAccounts(engine, lambda: END).verify("leaver", PASSWORD) is not None
    with pytest.raises(SettingsError, match="no member of staff 'nobody'"):
        tie(clean, "leaver", Target(school=key, staff_key="nobody"))


def test_journals_of_somebody_who_left_are_open_to_no_account_of_hers(clean: str) -> None:
    """She works on elsewhere, and her account is tied to that employment."""
    key, rows = school_key(clean), "SELECT count(*) FROM access_row WHERE level = 'journal'"
    add_account(
        clean, "petrova", role="teacher", name="П.", password=PASSWORD, staff=Target(school=key, staff_key="t1")
    )
    grant(clean, "petrova", Target(school=key, staff_key="t1"))
    with owner_connection(clean) as connection:
        found = connection.execute(rows).fetchone()
        assert found is not None and found[0] > 0
        connection.execute("UPDATE dim_staff SET employed_to = current_date - 1 WHERE staff_key = 't1'")
        refresh_access(connection.cursor())
        assert connection.execute(rows).fetchone() == (0,)
        connection.rollback()


@pytest.mark.parametrize("closed", ["disabled_at = now()", "valid_until = now() - interval '1 second'"])
def test_a_closed_account_has_no_rows_in_the_database_either(clean: str, engine: Engine, closed: str) -> None:
    add_account(clean, "orlova", role="deputy", name="О.", password=PASSWORD)
    grant(clean, "orlova", Target(school=school_key(clean)))

    def rows() -> int:
        with engine.begin() as connection:
            connection.execute(text("SELECT set_config('app.user_id', '1', true)"))
            return int(connection.execute(text("SELECT count(*) FROM dim_pupil")).scalar_one())

    assert rows() > 0
    with owner_connection(clean) as connection:
        connection.execute(f"UPDATE access_user SET {closed}")
    assert rows() == 0


@pytest.mark.parametrize(
    ("login", "role", "password", "outside", "said"),
    [
        ("orlova", "deputy", PASSWORD, "", "is taken"),
        ("ORLOVA", "deputy", PASSWORD, "", "is taken"),
        ("new", "king", PASSWORD, "", "no role 'king'"),
        ("new", "deputy", "короткий", "", "8 characters"),
        ("two words", "deputy", PASSWORD, "", "is no login"),
        ("new", "deputy", None, "", "a way to sign in"),
        ("new", "deputy", PASSWORD, "Orlova@School.ru", "another account's"),
    ],
)
def test_what_cannot_be_an_account_is_refused(
    clean: str, login: str, role: str, password: str | None, outside: str, said: str
) -> None:
    add_account(clean, "orlova", role="deputy", name="О.", password=PASSWORD, external_id="orlova@school.ru")
    with pytest.raises(SettingsError, match=said):
        add_account(clean, login, role=role, name="Н.", password=password, external_id=outside)
    assert len(accounts(clean)) == 1


def test_a_role_gets_only_grants_of_its_own_kind(clean: str) -> None:
    add_account(clean, "inspector", role="inspector", name="И.", password=PASSWORD)
    with pytest.raises(SettingsError, match="cannot be granted a school"):
        grant(clean, "inspector", Target(school=school_key(clean)))
    with pytest.raises(SettingsError, match="no municipality 'Нигде'"):
        grant(clean, "inspector", Target(municipality="Нигде"))
    with pytest.raises(SettingsError, match="not one thing"):
        grant(clean, "inspector", Target(municipality="Нигде", school="x"))
    with pytest.raises(SettingsError, match="holds no such grant"):
        revoke(clean, "inspector", None)


def test_a_keeper_can_grant_exactly_what_the_table_of_roles_names(clean: str, url: str) -> None:
    with owner_connection(url) as connection:
        town = connection.execute("SELECT name FROM dim_municipality").fetchone()
        class_key = connection.execute("SELECT class_key FROM dim_class").fetchone()
    assert town is not None and class_key is not None
    key = school_key(clean)
    targets = (
        Target(region=True), Target(municipality=town[0]), Target(municipality=town[0], staff_names=True),
        Target(school=key), Target(school=key, class_key=class_key[0]), Target(school=key, staff_key="leaver"),
    )  # fmt: skip
    assert {target.level for target in targets} == {level for row in ROLE_ROWS.values() for level in row.opens}
    for role, row in ROLE_ROWS.items():
        add_account(clean, role, role=role, name=role, password=PASSWORD)
        for target in targets:
            if target.level in row.opens:
                grant(clean, role, target)
                continue
            with pytest.raises(SettingsError, match="cannot be granted"):
                grant(clean, role, target)
    held = {one.role: len(one.grants) for one in accounts(clean)}
    assert held == {role: len(row.opens) for role, row in ROLE_ROWS.items()}


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE access_user SET role = 'director'",
        "UPDATE access_user SET password_hash = 'x'",
        "INSERT INTO access_user (user_id, login, password_hash, full_name, role, is_demo)"
        " VALUES (9, 'x', 'x', 'x', 'director', false)",
        "DELETE FROM access_attempt",
        "UPDATE access_session SET user_id = 1",
        "UPDATE access_session SET expires_at = 'infinity'",
        "INSERT INTO access_grant (user_id, grant_no, level) VALUES (1, 1, 'municipality')",
        "INSERT INTO access_row (user_id, school_id, level) VALUES (1, 1, 'school')",
    ],
)
def test_the_apps_role_cannot_make_anybody_more_than_she_is(clean: str, engine: Engine, attack: str) -> None:
    add_account(clean, "orlova", role="deputy", name="О.", password=PASSWORD)
    with pytest.raises(ProgrammingError, match="permission denied"), engine.begin() as connection:
        connection.execute(text(attack))


def test_the_commands_say_what_they_did_and_never_show_a_password(
    clean: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAVUCH_HOME", str(settings.home))
    read_settings.cache_clear()
    key, said = school_key(clean), ""
    typed = f"{PASSWORD}\n"
    for words, given in (
        (["add", "orlova", "--role", "deputy", "--name", "Орлова М. С.", "--password-stdin"], typed),
        (["grant", "orlova", "--school", key], ""),
        (["passwd", "orlova", "--password-stdin"], f"{PASSWORD}-2\n"),
        (["disable", "orlova"], ""),
        (["list"], ""),
        (["enable", "orlova"], ""),
        (["revoke", "orlova", "--all"], ""),
    ):
        done = CliRunner().invoke(app, ["user", *words], input=given, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        said += done.output
    read_settings.cache_clear()
    assert "never closes by itself" in said, "nobody named whose account it is"
    assert "disabled" in said and f"school {key}" in said
    assert PASSWORD not in said
