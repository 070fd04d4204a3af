"""A backup that comes back, and the years after which rows go: one real database, written and replaced."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import create_engine, make_url, text
from typer.testing import CliRunner

from dashboard.accounts import PostgresAccounts
from etl.accounts import Target, add_account, disable, enable, grant, set_password
from etl.backup import backup, beside, note_of, restore, table_sums
from etl.cli import app
from etl.errors import BusyError, SettingsError, SourceError
from etl.job import load_bundle
from etl.rejudge import derive_schools
from etl.retention import Overdue, all_over_before, fates, overdue, purge_overdue
from etl.settings import Settings, read_settings
from etl.warehouse import embedded
from etl.warehouse.engine import APP_ROLE, app_url, owner_connection, owner_session, sqlalchemy_url
from etl.warehouse.schema import open_warehouse
from etl.warehouse.tables import metadata
from tests.homes import open_new
from tests.oracle.builder import BundleBuilder, tiny_school

PASSWORD = "правильно-лошадь-батарея"


LAST = date(2050, 9, 1)


def year_2024(extracted_at: str) -> BundleBuilder:
    bundle = tiny_school(extracted_at, "school16_korolev").add_class()
    bundle.add("lesson", lesson_key="l1", held_on="2024-09-11", topic="Дроби")
    bundle.add("mark", mark_key="m1", lesson_key="l1", value="5", recorded_by="t1")
    return bundle.add("period_mark", period_mark_key="pm1")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    settings = Settings(home=tmp_path_factory.mktemp("backup"))
    try:
        url = open_new(settings)
        load_bundle(year_2024("2024-11-12T06:00:00+03:00").write(settings.home / "bundle"), url, settings.home)
        add_account(url, "orlova", role="deputy", name="Орлова М. С.", password=PASSWORD)
        grant(url, "orlova", Target(school="s1"))
        yield settings
    finally:
        embedded.stop(settings.home)


@pytest.fixture(scope="module")
def url(settings: Settings) -> str:
    return embedded.start(settings.home).url


@pytest.fixture(scope="module")
def saved(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "zavuch.dump"
    with owner_connection(url) as connection:
        connection.execute("SELECT lo_from_bytea(0, 'of nobody')")
    made = backup(url, path)
    assert made.rows["fact_mark"] == 1 and made.rows["access_user"] == 1
    return path


def databases(url: str) -> set[str]:
    with owner_connection(url) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE NOT datistemplate").fetchall()
    return {name for (name,) in rows}


def test_a_backup_is_private_proven_and_leaves_no_scratch_database(url: str, saved: Path) -> None:
    for path in (saved, note_of(saved)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert databases(url) == {"postgres", "zavuch"}
    with owner_connection(url) as connection:
        sums = table_sums(connection)
    stated = json.loads(note_of(saved).read_text(encoding="utf-8"))["tables"]
    assert {name: tuple(pair) for name, pair in stated.items()} == sums
    with pytest.raises(SettingsError, match="exists already"):
        backup(url, saved)


def test_the_checksum_sees_one_changed_letter(url: str) -> None:
    with owner_connection(url) as connection:
        before = table_sums(connection)
        connection.execute("UPDATE fact_lesson_text SET topic = 'Дробь'")
        after = table_sums(connection)
        connection.rollback()
    assert [name for name in before if before[name] != after[name]] == ["fact_lesson_text"]


def test_a_restore_refuses_to_overwrite_without_being_told(url: str, saved: Path) -> None:
    with pytest.raises(SettingsError, match="1 schools and 1 accounts"):
        restore(url, saved)


def test_a_damaged_file_or_a_lost_note_is_refused(url: str, saved: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.dump"
    copy.write_bytes(saved.read_bytes()[:-1] + b"x")
    with pytest.raises(SourceError, match=r"copy\.dump\.json"):
        restore(url, copy, replace=True)
    note_of(copy).write_text(note_of(saved).read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(SourceError, match="damaged"):
        restore(url, copy, replace=True)
    assert databases(url) == {"postgres", "zavuch"}


def test_a_restore_over_a_database_in_use_changes_nothing(url: str, saved: Path) -> None:
    with owner_connection(url) as connection:
        connection.execute("SELECT 1")
        with pytest.raises(BusyError, match="connected"):
            restore(url, saved, replace=True)
        assert connection.execute("SELECT count(*) FROM fact_mark").fetchone() == (1,)
    assert databases(url) == {"postgres", "zavuch"}


def test_what_was_lost_comes_back_with_rights_and_policies_and_everybody_signs_in_anew(
    settings: Settings, url: str, saved: Path
) -> None:
    engine = create_engine(sqlalchemy_url(app_url(settings, url)))
    token = PostgresAccounts(engine).open_session(1)
    engine.dispose()
    with owner_connection(url) as connection:
        connection.execute("DELETE FROM fact_mark")
        connection.execute("UPDATE access_user SET role = 'nobody'")
    restore(url, saved, replace=True)
    open_warehouse(settings)
    with owner_connection(url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_largeobject_metadata").fetchone() == (0,)
    engine = create_engine(sqlalchemy_url(app_url(settings, url)))
    try:
        store = PostgresAccounts(engine)
        assert store.identity_of(token) is None
        identity = store.verify("orlova", PASSWORD)
        assert identity is not None and identity.role == "deputy"
        with engine.begin() as connection:
            assert connection.execute(text("SELECT count(*) FROM fact_mark")).scalar_one() == 0, "no user, no rows"
            connection.execute(text("SELECT set_config('app.user_id', '1', true)"))
            assert connection.execute(text("SELECT count(*) FROM fact_mark")).scalar_one() == 1
    finally:
        engine.dispose()


def test_who_was_shut_out_after_the_backup_stays_out_and_a_grant_that_comes_back_is_told(
    settings: Settings, url: str, saved: Path
) -> None:
    with owner_connection(url) as connection:
        connection.execute("DELETE FROM access_grant")
    set_password(url, "orlova", f"{PASSWORD}-2")
    disable(url, "orlova")
    found = restore(url, saved, replace=True)
    assert (found.kept_closed, found.widened) == (("orlova",), ("orlova",))
    open_warehouse(settings)
    engine = create_engine(sqlalchemy_url(app_url(settings, url)))
    try:
        store = PostgresAccounts(engine)
        assert store.verify("orlova", PASSWORD) is None and store.verify("orlova", f"{PASSWORD}-2") is None
        enable(url, "orlova")
        assert store.verify("orlova", PASSWORD) is None, "the old password may be why it was changed"
        assert store.verify("orlova", f"{PASSWORD}-2") is not None
        set_password(url, "orlova", PASSWORD)
    finally:
        engine.dispose()


def test_what_a_backup_leaves_out_is_named(tmp_path: Path) -> None:
    assert beside(tmp_path) == ()
    for name in ("source.key", "cookie_secret", "zavuch.toml"):
        (tmp_path / name).touch()
    (tmp_path / "raw").mkdir()
    assert beside(tmp_path) == ("raw", "source.key", "zavuch.toml")


def test_another_installation_on_a_database_of_its_own_server_takes_the_backup_by_the_command(
    url: str, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with an external PostgreSQL: the address is stated, the home is another and holds no database."""
    outside = make_url(url).set(database="outside").render_as_string(hide_password=False)
    with owner_session(url) as connection:
        connection.execute("CREATE DATABASE outside")
        role = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [APP_ROLE]).fetchone()
    try:
        monkeypatch.setenv("ZAVUCH_HOME", str(tmp_path / "other"))
        monkeypatch.setenv("ZAVUCH_DATABASE_URL", outside)
        read_settings.cache_clear()
        done = CliRunner().invoke(app, ["restore", str(saved)], catch_exceptions=False)
        assert "Restored" in done.stdout and not (tmp_path / "other" / "postgres").exists()
        engine = create_engine(sqlalchemy_url(app_url(read_settings(), outside)))
        assert PostgresAccounts(engine).verify("orlova", PASSWORD) is not None
        engine.dispose()
    finally:
        read_settings.cache_clear()
        with owner_session(url) as connection:
            connection.execute("DROP DATABASE IF EXISTS outside WITH (FORCE)")
            # both installations share the server's role; the other one gave it its own password
            connection.execute(
                SQL("ALTER ROLE {} PASSWORD {}").format(Identifier(APP_ROLE), Literal(role[0] if role else ""))
            )


def test_years_are_counted_from_the_end_of_the_school_year_and_named_with_their_clause(url: str) -> None:
    assert overdue(url, date(2030, 8, 31)) == []
    (journals,) = overdue(url, date(2030, 9, 1))
    assert journals == Overdue(
        "s1", 2024, "journals", 5, "school16_korolev Р-3.4", date(2030, 9, 1), journals.row_count
    )
    assert journals.row_count > 3
    kinds = {(one.what, one.school_year): one.over_on for one in overdue(url, date(2050, 9, 1)) if one.school_key}
    assert kinds == {("journals", 2024): date(2030, 9, 1), ("summaries", 2024): date(2050, 9, 1)}


def test_every_table_has_one_fate() -> None:
    """A new table is purged with the journals or the summaries, or is named with the reason why it stays."""
    assert {name: found for name, found in fates().items() if len(found) > 1} == {}
    assert fates().keys() == set(metadata.tables)


REGISTERED = """
INSERT INTO absence_document_entry (school_id, absence_document_entry_id, version_no, pupil_id, document_key, kind,
    from_on, to_on, presented_on, entered_at, entered_by, author, author_role, is_withdrawn)
VALUES (1, 7, 1, 1, 'd1', 'illness', '2025-09-02', '2025-09-03', '2025-09-03', '2025-09-03', 1, 'О.', 'deputy', false),
       (1, 7, 2, 1, 'd1', 'illness', '2024-09-10', '2024-09-12', '2024-09-12', '2025-09-03', 1, 'О.', 'deputy', false),
       (1, 8, 1, 1, 'd2', 'illness', '2024-09-10', '2024-09-12', '2024-09-12', '2024-09-12', 1, 'О.', 'deputy', false)
"""


def test_a_purge_deletes_what_the_report_says_keeps_the_summary_and_is_noted(settings: Settings, url: str) -> None:
    day = date(2030, 9, 1)
    with owner_connection(url) as connection:
        connection.execute(REGISTERED)
        connection.execute("INSERT INTO access_attempt VALUES ('orlova', '2025-03-01', true, '192.0.2.7')")
    attempts, journals = overdue(url, day)
    assert (attempts.school_key, attempts.what, attempts.row_count) == ("", "sign-ins", 1)
    assert all_over_before(url, day) == datetime(2025, 9, 1, tzinfo=UTC)
    total = attempts.row_count + journals.row_count
    with pytest.raises(BusyError, match="Nothing was deleted"):
        purge_overdue(url, expected=total + 1, today=day)
    assert overdue(url, day) == [attempts, journals]
    assert purge_overdue(url, expected=total, today=day) == total
    assert overdue(url, day) == []
    with owner_connection(url) as connection:
        noted = connection.execute(
            "SELECT subject, row_count, as_of FROM access_event WHERE role = 'server'"
        ).fetchall()
        lines = connection.execute(
            "SELECT absence_document_entry_id, version_no FROM absence_document_entry"
        ).fetchall()
    assert noted == [("purge_journals", journals.row_count, date(2025, 8, 31))]
    assert lines == [(7, 1), (7, 2)], "a line goes as a whole, or an older word would count again"
    assert counts(url) == {
        "fact_lesson": 0,
        "fact_mark": 0,
        "obligation": 0,
        "fact_period_mark": 1,
        "dim_pupil_name": 2,
    }
    # what is left has a period mark and no current one: derived again it must raise nothing, and its sums must stay
    assert findings(url) == [(1, 1, 1)]
    derive_schools(url, every=True)
    assert findings(url) == [(1, 1, 1)] and counts(url)["obligation"] == 0
    # the source still holds the old year: what was purged does not come back
    report = load_bundle(year_2024("2025-11-12T06:00:00+03:00").write(settings.home / "again"), url, settings.home)
    assert counts(url)["fact_lesson"] == counts(url)["fact_mark"] == 0 and counts(url)["fact_period_mark"] == 1
    assert [words for _, words in report.warnings if "purged" in words] == [
        "1 rows of lesson lie in school years that were purged and stay out",
        "1 rows of mark lie in school years that were purged and stay out",
    ]
    purge_overdue(url, expected=sum(one.row_count for one in overdue(url, LAST)), today=LAST)
    assert counts(url)["fact_period_mark"] == counts(url)["dim_pupil_name"] == 0


def findings(url: str) -> list[tuple[int, ...]]:
    """Rows of the sums of period marks: by value, by class, and the marks themselves."""
    with owner_connection(url) as connection:
        return connection.execute(
            "SELECT (SELECT count(*) FROM mart_period_mark), (SELECT count(*) FROM mart_period_success),"
            " (SELECT count(*) FROM fact_period_mark)"
        ).fetchall()


def test_the_command_deletes_nothing_without_the_number_and_what_it_says_with_it(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = {"school_key": "old"}
    bundle = BundleBuilder("2018-11-12T06:00:00+03:00").add("school", **school).add("staff", **school)
    bundle.add("subject", **school).add("pupil", **school).add("school_class", school_year="2018/2019", **school)
    bundle.add("period", school_year="2018/2019", starts_on="2018-09-01", ends_on="2018-10-27", **school)
    bundle.add("study_group", group_key="g1", **school).add("enrolment", from_on="2018-09-01", **school)
    bundle.add("lesson", lesson_key="l1", held_on="2018-09-11", **school)
    load_bundle(bundle.write(settings.home / "old"), url, settings.home)
    monkeypatch.setenv("ZAVUCH_HOME", str(settings.home))
    read_settings.cache_clear()
    run = CliRunner().invoke
    try:
        total = sum(one.row_count for one in overdue(url))
        report = run(app, ["retention"], catch_exceptions=False)
        assert total and f"Over: {total} rows. Nothing was deleted." in report.output
        for wrong in (["--purge"], ["--purge", "--confirm", str(total + 1)]):
            refused = run(app, ["retention", *wrong])
            assert refused.exit_code and sum(one.row_count for one in overdue(url)) == total
        done = run(app, ["retention", "--purge", "--confirm", str(total)], catch_exceptions=False)
        assert f"Deleted {total} rows" in done.output and overdue(url) == []
    finally:
        read_settings.cache_clear()


def counts(url: str) -> dict[str, int]:
    with owner_connection(url) as connection:
        found = {}
        for table in ("fact_lesson", "fact_mark", "obligation", "fact_period_mark", "dim_pupil_name"):
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            found[table] = int(row[0]) if row else -1
    return found
