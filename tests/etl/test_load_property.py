"""Whatever a bundle holds: tables balance, refusals are clear, and the slow reading agrees on each row."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.contract.tables import BY_NAME, TABLES
from etl.errors import SourceError
from etl.job import load_bundle
from tests.etl.conftest import Store, empty
from tests.etl.journal import journal, moment
from tests.oracle.adversarial import write_chain
from tests.oracle.bundle import read_chain
from tests.oracle.schema import KEYS

LIVE = {
    "lesson": "SELECT school_key, lesson_key, status FROM fact_lesson JOIN dim_school USING (school_id)"
    " WHERE deleted_latest IS NULL",
    "mark": "SELECT school_key, mark_key, value FROM fact_mark JOIN dim_school USING (school_id) WHERE"
    " deleted_latest IS NULL",
    "absence": "SELECT school_key, absence_key, code FROM fact_absence JOIN dim_school USING (school_id)"
    " WHERE deleted_latest IS NULL",
    "pupil": "SELECT school_key, pupil_key, sex FROM dim_pupil JOIN dim_school USING (school_id) WHERE"
    " deleted_latest IS NULL",
    "school_class": "SELECT school_key, class_key, letter FROM dim_class JOIN dim_school USING"
    " (school_id) WHERE deleted_latest IS NULL",
}
CONTENT = {"lesson": "status", "mark": "value", "absence": "code", "pupil": "sex", "school_class": "letter"}


@pytest.mark.parametrize("seed", [0, 1, 22])
def test_the_slow_reading_rejects_the_same_rows_keeps_the_same_and_sees_the_same_changes(
    store: Store, tmp_path: Path, seed: int
) -> None:
    is_contested = seed % 2 == 1
    chain = write_chain(tmp_path, seed, snapshots=seed % 3 + 2, timestamps=not is_contested, contested=is_contested)
    for path in chain:
        report = store.load(path)
        assert report.unbalanced() == []
    slow = read_chain(chain)
    ours = store.rows(
        "SELECT source, substr(file, 1, length(file) - 4), row_number FROM load_reject JOIN load_run USING (load_id)"
    )
    theirs = [
        (str(bundle.folder), table, number) for bundle in slow.bundles for table, number, _reason in bundle.rejected
    ]
    assert sorted(ours) == sorted(theirs)
    for table, query in LIVE.items():
        expected = {
            (key, row.key[0], row[CONTENT[table]]) for key, state in slow.schools.items() for row in state.live(table)
        }
        assert set(store.rows(query)) == expected, table
    changes: Iterable[tuple[Any, ...]] = {
        (key, it.change_key, it.after, it.until) for key, state in slow.schools.items() for it in state.auto_changes
    }
    found: Iterable[tuple[Any, ...]] = store.rows(
        "SELECT school_key, change_key, changed_earliest - interval '1 second', changed_latest"
        " FROM fact_change JOIN dim_school USING (school_id) WHERE change_key LIKE 'auto|%'"
    )
    if is_contested:
        # which bundle last carried a row that a later one has among its rejected rows? both answers are possible
        changes, found = {(*it[:2], None, it[3]) for it in changes}, [(*it[:2], None, it[3]) for it in found]
    assert set(found) == set(changes)


def base_rows() -> dict[str, list[list[str]]]:
    """Header and rows of the journal's files."""
    folder = Path(tempfile.mkdtemp())
    try:
        files = {}
        for path in (
            journal()
            .add("work", work_key="w1", lesson_key="l1")
            .add("absence", absence_key="a1", lesson_key="l1")
            .write(folder)
            .glob("*.csv")
        ):
            with path.open(encoding="utf-8", newline="") as file:
                files[path.stem] = list(csv.reader(file))
        return files
    finally:
        shutil.rmtree(folder)


FILES = base_rows()
WORDS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "l1",
            "p1",
            "s1",
            "s2",
            "5",
            "н/а",
            "2024-09-10",
            "2024-09-10T10:00:00Z",
            "9999-12-31",
            "-1",
            "1e9",
            "true",
            '"',
            "\r\n",
            "\0",
            "\\.",
            "Europe/Moscow",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
SPOILT = st.tuples(st.sampled_from(sorted(FILES)), st.integers(0, 9), st.integers(0, 30), WORDS)
TAIL = st.one_of(
    st.just(b""), st.binary(max_size=30), st.sampled_from([b"s1,x\n", b'"', b"\xef\xbb\xbf", b"\n\n", b"\xff\xfe"])
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.lists(SPOILT, max_size=6),
    twice=st.lists(st.sampled_from(sorted(FILES)), max_size=3),
    dropped=st.sets(st.sampled_from(sorted(set(FILES) - {"school", "school_class"})), max_size=3),
    tail=st.tuples(st.sampled_from(sorted(FILES)), TAIL),
    mode=st.sampled_from(["snapshot", "delta"]),
)
def test_any_small_bundle_balances_or_is_refused_with_advice(
    store: Store,
    cells: list[tuple[str, int, int, str]],
    twice: list[str],
    dropped: set[str],
    tail: tuple[str, bytes],
    mode: str,
) -> None:
    files = {name: [list(row) for row in rows] for name, rows in FILES.items() if name not in dropped}
    for table in twice:
        if table in files and len(files[table]) > 1:
            files[table].append(list(files[table][-1]))
    for table, row, column, word in cells:
        if table in files:
            rows = files[table]
            rows[row % len(rows)][column % len(rows[0])] = word
    # half of the databases hold the sound journal already
    if not store.rows("SELECT 1 FROM load_run LIMIT 1"):
        store.load(journal(1))
    folder = Path(tempfile.mkdtemp(dir=store.folder))
    bundle = journal(1, capabilities=())
    bundle.manifest |= {"mode": mode, "extracted_at": moment(2)}
    bundle.tables = {}
    bundle.write(folder)
    for table, rows in files.items():
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    if tail[0] in files:
        with (folder / f"{tail[0]}.csv").open("ab") as file:
            file.write(tail[1])
    before = store.everything()
    try:
        report = load_bundle(folder, store.url, store.home)
    except SourceError as error:
        assert error.message
        assert error.advice
        assert store.everything() == before
    else:
        assert report.unbalanced() == []
        assert sum(it.rejected for it in report.balances.values()) == store.value(
            "SELECT count(*) FROM load_reject WHERE load_id = %s", report.load_id
        )
        empty(store.url)


def test_the_two_declarations_of_the_contract_have_the_same_keys() -> None:
    assert {table.name: table.key for table in TABLES if table.name != "school"} == {
        name: tuple(column for column in key) for name, key in KEYS.items() if name != "school"
    }
    assert BY_NAME.keys() == KEYS.keys()
