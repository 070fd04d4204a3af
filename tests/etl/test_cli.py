"""The command line as a person meets it: a real process, a real database, sentences and exit codes."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from etl.sources.demo import generate
from etl.warehouse import embedded
from etl.warehouse.engine import owner_connection
from tests.oracle.builder import tiny_school


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("дом завуча")
    yield folder
    embedded.stop(folder)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("bundle"), tier="tiny", seed=3)[0].path


def zavuch(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ZAVUCH_HOME": str(home), "COLUMNS": "180", **more}
    return subprocess.run(
        [sys.executable, "-m", "etl.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_bundle_is_loaded_checked_and_exported(home: Path, bundle: Path, tmp_path: Path) -> None:
    loaded = zavuch(home, "load", str(bundle))
    assert loaded.returncode == 0, loaded.stderr
    assert "Load 1: snapshot" in loaded.stdout and "Check run 1" in loaded.stdout
    again = zavuch(home, "load", str(bundle))
    assert again.returncode == 0 and "nothing changed" in again.stdout
    to_file = zavuch(
        home,
        "export",
        "ledger",
        "--as-of",
        "2026-10-01",
        "--format",
        "csv",
        "--out",
        str(tmp_path / "ledger.csv"),
    )
    to_output = zavuch(home, "export", "ledger", "--as-of", "2026-10-01")
    assert to_file.returncode == to_output.returncode == 0
    written = (tmp_path / "ledger.csv").read_text(encoding="utf-8")
    assert written == to_output.stdout
    rows = list(csv.DictReader(io.StringIO(written)))
    assert rows and rows == sorted(rows, key=lambda row: (row["rule"], row["object_key"], row["school_key"]))
    assert list(rows[0]) == [
        "school_key",
        "rule",
        "object_type",
        "object_key",
        "responsible_key",
        "not_before",
        "target_at",
        "due_at",
        "done_at",
        "status",
        "clause",
    ]
    assert "1" in zavuch(home, "status").stdout


def test_a_school_named_is_derived_and_checked_and_nothing_is_done_where_no_act_changed(home: Path) -> None:
    key = next(iter(csv.DictReader(io.StringIO(zavuch(home, "export", "ledger").stdout))))["school_key"]
    idle = zavuch(home, "derive")
    assert idle.returncode == 0 and "Check run" not in idle.stdout
    assert "1 schools are judged by their regulation as it stands" in idle.stdout
    anew = zavuch(home, "derive", "--school", key)
    assert anew.returncode == 0 and f"({key}): judged anew by" in anew.stdout and "Check run 2" in anew.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("load", "/there/is/nothing"), "There is no /there/is/nothing."),
        (("export", "ledger", "--as-of", "yesterday"), "'yesterday' is no moment"),
        (("export", "everything"), "There is no export 'everything'"),
        (("export", "ledger", "--format", "xlsx"), "'xlsx' is not known"),
        (("generate", "out", "--tier", "village"), "village"),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(
    home: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    failed = zavuch(home, *(str(tmp_path / word) if word == "out" else word for word in arguments))
    assert failed.returncode not in (0, 70)
    assert sentence in failed.stderr.replace("\n", " ")
    assert "Traceback" not in failed.stderr


def test_debug_shows_the_traceback(home: Path) -> None:
    failed = zavuch(home, "load", "/there/is/nothing", "--debug")
    assert failed.returncode != 0 and "Traceback" in failed.stderr


def test_a_bad_setting_is_named(home: Path) -> None:
    failed = zavuch(home, "status", ZAVUCH_PORT="eighty")
    assert failed.returncode == 2 and "'eighty'" in failed.stderr


def test_an_unreachable_database_is_named_without_its_password(home: Path) -> None:
    failed = zavuch(home, "status", ZAVUCH_DATABASE_URL="postgresql://someone:secret@127.0.0.1:1/nothing")
    assert failed.returncode == 4 and "does not answer" in failed.stderr and "secret" not in failed.stderr


def test_another_postgresql_serves_as_well(home: Path, bundle: Path, tmp_path: Path) -> None:
    other = embedded.start(tmp_path / "other")
    try:
        loaded = zavuch(tmp_path / "home", "load", str(bundle), ZAVUCH_DATABASE_URL=other.url)
        assert loaded.returncode == 0, loaded.stderr
        assert not embedded.status(tmp_path / "home").running
        assert "An own database" in zavuch(tmp_path / "home", "db", "start", ZAVUCH_DATABASE_URL=other.url).stdout
    finally:
        embedded.stop(tmp_path / "other")


def test_the_demo_comes_and_goes_and_its_accounts_end_with_the_first_real_school(tmp_path: Path) -> None:
    home = tmp_path / "home"
    real = tiny_school("2026-11-12T06:00:00+03:00", None).add_class().write(tmp_path / "real")
    try:
        made = zavuch(home, "demo", "--tier", "tiny")
        assert made.returncode == 0, made.stderr
        assert _open_accounts(home) == 5
        assert zavuch(home, "demo", "--tier", "tiny").returncode == 2, "a second demo would mix with the first"
        assert zavuch(home, "load", str(real), "--no-check").returncode == 0
        assert _open_accounts(home) == 0
        assert "Removed 1 demo schools" in zavuch(home, "demo", "--remove").stdout
        with owner_connection(embedded.start(home).url) as connection:
            left = connection.execute("SELECT count(*) FILTER (WHERE is_demo), count(*) FROM dim_school").fetchone()
        assert left == (0, 1)
    finally:
        embedded.stop(home)


def _open_accounts(home: Path) -> int:
    with owner_connection(embedded.start(home).url) as connection:
        found = connection.execute("SELECT count(*) FROM access_user WHERE is_demo AND disabled_at IS NULL").fetchone()
    assert found is not None
    return int(found[0])


def test_the_checks_write_pages_and_fail_only_when_asked_to(home: Path, bundle: Path, tmp_path: Path) -> None:
    zavuch(home, "load", str(bundle), "--no-check")
    plain = zavuch(home, "check", "--data-docs", str(tmp_path / "site"))
    assert plain.returncode == 0, plain.stderr
    assert "not met" in plain.stdout and (tmp_path / "site" / "index.html").exists()
    failed = zavuch(home, "check", "--fail-on", "critical")
    assert failed.returncode == 1
    assert "--fail-on critical" in failed.stderr and "are not met" in failed.stderr and "Traceback" not in failed.stderr
    assert zavuch(home, "check", "--fail-on", "fatal").returncode == 2
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.txt").touch()
    refused = zavuch(home, "check", "--data-docs", str(tmp_path / "own"))
    assert refused.returncode == 2 and "did not write" in refused.stderr


def test_findings_are_exported_with_their_sentence(home: Path, bundle: Path) -> None:
    zavuch(home, "load", str(bundle))
    written = zavuch(home, "export", "findings")
    with owner_connection(embedded.start(home).url) as connection:
        noted = connection.execute(
            "SELECT DISTINCT subject, role, user_id FROM access_event WHERE subject = 'export_findings'"
        ).fetchall()
    assert noted == [("export_findings", "server", 0)], "the access log has what left by the command line"
    assert written.returncode == 0, written.stderr
    rows = list(csv.DictReader(io.StringIO(written.stdout)))
    late = next(row for row in rows if row["rule"] == "topic" and row["status"] == "late")
    assert late["message"].startswith("внесено ") and "позже" in late["message"] and late["state"] == "fixed"
