"""Views of a foreign database that follow the bundle's tables; the database here is SQLite."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from etl.errors import SourceError
from etl.job import load_bundle
from etl.run_log import LoadReport
from etl.sources import sql_view
from etl.sources.answers import read_answers
from etl.sources.registry import recognise
from etl.sources.sql_view import shown
from etl.warehouse.engine import owner_connection
from tests.etl.conftest import Store


def database(folder: Path, *more: str) -> Path:
    """A journal of one class in columns of their own types, and the TOML that names it."""
    with closing(sqlite3.connect(folder / "journal.db")) as connection:
        connection.executescript(
            "CREATE TABLE raw_mark (id INTEGER, pupil INTEGER, lesson INTEGER, grade TEXT, at TIMESTAMP);"
            "INSERT INTO raw_mark VALUES (1, 7, 1, '5', '2024-09-12 10:00:00'), (2, 7, 1, '9', NULL);"
            "CREATE VIEW j_school AS SELECT 's1' school_key, 'Школа' name, 'Город' municipality,"
            " 'Europe/Moscow' timezone;"
            "CREATE VIEW j_school_class AS SELECT 's1' school_key, 'c1' class_key, '2024/2025' school_year, 7 grade,"
            " 'Б' letter, 'x' colour;"
            "CREATE VIEW j_study_group AS SELECT 's1' school_key, 'g1' group_key, 'c1' class_key, 'class' kind;"
            "CREATE VIEW j_pupil AS SELECT DISTINCT 's1' school_key, pupil pupil_key, 'Петров П.' full_name"
            " FROM raw_mark;"
            "CREATE VIEW j_staff AS SELECT 's1' school_key, 't1' staff_key, 'Иванова И.' full_name;"
            "CREATE VIEW j_subject AS SELECT 's1' school_key, 'math' subject_key, 'Математика' name;"
            "CREATE VIEW j_lesson AS SELECT 's1' school_key, 1 lesson_key, 'g1' group_key, 'math' subject_key,"
            " 't1' staff_key, '2024-09-11' held_on, NULL slot, 'held' status;"
            "CREATE VIEW j_mark AS SELECT 's1' school_key, id mark_key, lesson lesson_key, pupil pupil_key,"
            " grade value, at recorded_at FROM raw_mark;" + "".join(more)
        )
    file = folder / "journal.toml"
    file.write_text(
        'extracted_at = "2024-10-01T06:00:00+03:00"\n[source.sql_view]\nprefix = "j_"\ncapabilities = ["topics"]\n'
        f'url = "sqlite:///{folder / "journal.db"}"\n',
        encoding="utf-8",
    )
    return file


def load(store: Store, path: Path) -> LoadReport:
    source, recognition = recognise(path)
    assert source.name == "sql_view"
    bundle = source.open(recognition, read_answers(path), store.folder / "scratch", lambda *_: None)
    return load_bundle(path, store.url, store.home, bundle=bundle)


def test_views_are_loaded_and_a_bad_cell_is_set_aside_with_its_view(store: Store, tmp_path: Path) -> None:
    report = load(store, database(tmp_path))
    assert report.unbalanced() == []
    assert store.rows("SELECT mark_key, value, recorded_quality FROM fact_mark") == [("1", "5", 1)]
    assert [row[:4] for row in store.rejected()] == [("j_mark", 2, "value", "9")]
    assert any("unknown columns were not read: colour" in message for _, message in report.warnings)
    assert store.rows("SELECT capabilities FROM dim_school") == [(["topics"],)]


def test_a_view_without_a_required_column_is_named_with_both_lists(store: Store, tmp_path: Path) -> None:
    file = database(tmp_path, "CREATE VIEW j_plan AS SELECT 's1' school_key, 'p1' plan_key;")
    with pytest.raises(SourceError, match=r"j_plan lacks the required columns group_key, subject_key.*plan_key"):
        load(store, file)


def test_secrets_of_the_url_are_in_no_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "journal.toml"
    file.write_text('[source.sql_view]\nurl_env = "JOURNAL_URL"\n', encoding="utf-8")
    with pytest.raises(SourceError, match="JOURNAL_URL is not set"):
        recognise(file)
    monkeypatch.setenv("JOURNAL_URL", "postgresql+psycopg://me:s3cret@127.0.0.1:1/x?options=hidden&connect_timeout=2")
    source, recognition = recognise(file)
    with pytest.raises(SourceError) as failed:
        source.open(recognition, read_answers(file), tmp_path / "scratch", lambda *_: None)
    said = " ".join((*recognition.found, str(failed.value), repr(failed.value.__cause__)))
    assert "s3cret" not in said and "hidden" not in said and "127.0.0.1" in said
    monkeypatch.setenv("JOURNAL_URL", "s3cret")
    with pytest.raises(SourceError) as wrong:
        recognise(file)
    assert "s3cret" not in str(wrong.value)


def test_a_url_is_shown_without_its_password() -> None:

    assert shown(make_url("postgresql://me:s3cret@host/x?sslpassword=y")) == "postgresql://me:***@host/x"


def test_views_of_a_postgresql_are_read_in_chunks_from_a_cursor_of_the_server(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_view, "CHUNK", 1000)
    with owner_connection(store.url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS journal CASCADE")
        connection.execute("CREATE SCHEMA journal")
        for name, columns in {
            "school": "'s1' school_key, 'Школа' AS name, 'Город' municipality, 'Europe/Moscow' timezone",
            "school_class": "'s1' school_key, 'c1' class_key, '2024/2025' school_year, 7::smallint grade, 'Б' letter",
            "study_group": "'s1' school_key, 'g1' group_key, 'c1' class_key, 'class' kind",
            "subject": "'s1' school_key, 'math' subject_key, 'Математика' AS name",
            "staff": "'s1' school_key, 't1' staff_key, 'Иванова И.' full_name",
            "pupil": "'s1' school_key, n::bigint + 9007199254740993 pupil_key, 'П' full_name"
            " FROM generate_series(0, 9) n",
            "lesson": "'s1' school_key, 1::numeric lesson_key, 'g1' group_key, 'math' subject_key, 't1' staff_key,"
            " date '2024-09-11' held_on, NULL::int slot, time '08:30' starts_at, 'held' status,"
            " true homework_not_assigned",
            "mark": "'s1' school_key, n mark_key, 1::numeric lesson_key, n % 10 + 9007199254740993 pupil_key,"
            " (n % 4 + 2)::text AS value, timestamptz '2024-09-12 10:00:00+03' recorded_at"
            " FROM generate_series(1::bigint, 3500) n",
        }.items():
            connection.execute(f"CREATE VIEW journal.{name} AS SELECT {columns}")
    file = tmp_path / "journal.toml"
    file.write_text(
        'extracted_at = "2024-10-01T06:00:00+03:00"\n[source.sql_view]\nschema = "journal"\nurl_env = "JOURNAL_URL"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("JOURNAL_URL", store.url.replace("postgresql://", "postgresql+psycopg://", 1))
    source, recognition = recognise(file)
    steps: list[tuple[str, int]] = []
    cursors: list[int] = []

    def told(stage: str, done: int, _total: int) -> None:
        steps.append((stage, done))
        with owner_connection(store.url) as other:
            row = other.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'FETCH FORWARD%'").fetchone()
        cursors.append(row[0] if row else 0)

    bundle = source.open(recognition, read_answers(file), store.folder / "scratch", told)
    report = load_bundle(file, store.url, store.home, bundle=bundle)
    assert [done for stage, done in steps if stage == "reading mark"] == [1000, 2000, 3000]
    assert all(cursors)
    assert report.rejected_count == 0
    assert store.value("SELECT count(*) FROM fact_mark WHERE recorded_quality = 1") == 3500
    assert store.value("SELECT max(pupil_key) FROM dim_pupil") == "9007199254741002"  # beyond 2^53
    assert store.rows("SELECT starts_at::text, homework_not_assigned FROM fact_lesson") == [("08:30:00", True)]
    with owner_connection(store.url) as connection:
        connection.execute("DROP SCHEMA journal CASCADE")
