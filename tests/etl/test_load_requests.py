"""Files of the inbox: previewed, loaded by the worker with the code of the command, refused for another school."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from etl import load_requests, worker
from etl.raw_store import kept_loads
from etl.settings import Settings
from etl.warehouse.inbox import drop_old, paths_of, put, safe_name
from tests.etl.conftest import Store
from tests.etl.journal import journal
from tests.etl.sources.school_portal_writer import Grid, journal_bytes, zip_cp866

ASK = (
    "INSERT INTO load_request (school_id, request_no, kind, folder, file_names, answers, user_id, asked_at, state,"
    " progress, attempt_count) VALUES (1, %s, %s, %s, '{}', %s, 1, clock_timestamp(), 'waiting', 0, 0) RETURNING 1"
)
NEWEST = "SELECT state, message, found FROM load_request ORDER BY request_no DESC LIMIT 1"


@pytest.fixture(autouse=True)
def _without_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks run in a process of their own and have tests of their own."""
    monkeypatch.setattr(load_requests, "_check", lambda *_: None)


def _work(store: Store) -> tuple[Any, ...]:
    assert worker.work(Settings(home=store.home), store.url, once=True) == 1
    return store.rows(NEWEST)[0]


def _files(store: Store, tmp_path: Path, cell: str = "5") -> str:
    grid = Grid(
        "Алг 7а", "7а (7а)", "Алгебра", "Иванова Мария Петровна", [date(2018, 9, 3)], ["Белов А."], {(0, 0): cell}
    )
    path = zip_cp866(
        tmp_path / "journals-12.11.2018.zip", {"7а.xlsx": journal_bytes([grid])}, (2018, 11, 12, 18, 30, 0)
    )
    return put(store.home, [(path.name, path.read_bytes())])


def test_a_preview_keeps_nothing_and_its_files_are_then_loaded_for_the_school_of_the_page(
    store: Store, tmp_path: Path
) -> None:
    store.load(journal())
    before = store.everything()
    folder = _files(store, tmp_path, "ы!")
    answers = json.dumps({"school_key": "another", "periods": []})
    kept_before = kept_loads(Settings(home=store.home))
    store.rows(ASK, 1, "preview", folder, answers)
    state, message, found = _work(store)
    assert (state, message) == ("done", None)
    assert found["rejects"] == [["journals-12.11.2018.zip/7а.xlsx", 10, "Алг 7а!C10", found["rejects"][0][3]]]
    assert "ы!" not in json.dumps(found, ensure_ascii=False)
    assert {row[0]: row[2] for row in found["tables"]}["lesson"] == 1
    after = store.everything()
    assert {**after, "load_request": ""} == {**before, "load_request": ""}
    assert kept_loads(Settings(home=store.home)) == kept_before
    store.rows(ASK, 2, "load", folder, answers)
    assert _work(store)[0] == "done"
    assert store.value("SELECT count(*) FROM dim_school") == 1
    assert store.value("SELECT count(*) FROM dim_class WHERE name = '7А'") == 1
    assert not (store.home / "inbox" / folder).exists()
    kept = [load.source for load in kept_loads(Settings(home=store.home)) if load not in kept_before]
    assert kept == ["school_portal"]


def test_a_bundle_of_another_school_is_refused(store: Store, tmp_path: Path) -> None:
    store.load(journal())
    other = journal(2)
    other.row("school", "s1")["school_key"] = "other"
    path = store.write(other)
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in path.iterdir():
            archive.write(file, file.name)
    folder = put(store.home, [("bundle.zip", packed.getvalue())])
    store.rows(ASK, 1, "preview", folder, "{}")
    state, message, found = _work(store)
    assert (state, found) == ("failed", None)
    assert message.startswith("The files are of another school: other.")


def test_what_cannot_be_read_fails_with_its_sentence_and_a_dead_worker_is_taken_over(
    store: Store, tmp_path: Path
) -> None:
    store.load(journal())
    store.rows(ASK, 1, "preview", put(store.home, [("note.xlsx", b"no workbook")]), "{}")
    assert _work(store)[1].startswith("note.xlsx is not recognised")
    store.rows(ASK, 2, "preview", "0" * 32, "{}")
    assert _work(store)[1].startswith("The files are no longer in the inbox")
    store.rows(ASK, 3, "load", _files(store, tmp_path), "{}")
    store.rows("UPDATE load_request SET state = 'running', attempt_count = 1 WHERE request_no = 3 RETURNING 1")
    assert _work(store)[0] == "done"


def test_names_of_files_lead_nowhere_else_and_forgotten_folders_go(tmp_path: Path) -> None:
    assert [safe_name(name) for name in ("../../etc/passwd", "C:\\x\\a.zip", ".zip", "")] == [
        "passwd",
        "a.zip",
        "zip",
        "file",
    ]
    folder = put(tmp_path, [("../a.zip", b"x"), ("b/a.zip", b"y")])
    assert [(path.name, path.read_bytes()) for path in paths_of(tmp_path, folder)] == [
        ("2_a.zip", b"y"),
        ("a.zip", b"x"),
    ]
    # what is cut off a long name must not bring another ending to light: a TOML would name a database to read
    assert safe_name("a" * 115 + ".toml.zip").endswith(".zip") and len(safe_name("я" * 500 + ".zip")) < 125
    for name in ("school.toml", "a.zip/../x.toml", "a.toml.", "a.py", "a", ".toml"):
        with pytest.raises(ValueError, match="is no file that a source reads"):
            put(tmp_path, [(name, b"[source.sql_view]")])
    with pytest.raises(ValueError, match="no folder"):
        paths_of(tmp_path, "../" + "0" * 29)
    assert (drop_old(tmp_path, 1), drop_old(tmp_path, 0)) == (0, 1)
