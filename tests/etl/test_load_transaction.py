"""One load = one transaction: killed, interrupted, repeated and simultaneous loads."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from etl.errors import DatabaseError, SourceError
from etl.job import Progress, load_bundle
from etl.run_log import LoadReport
from etl.warehouse import embedded
from etl.warehouse.engine import owner_connection
from tests.etl.conftest import Store, empty
from tests.etl.journal import journal
from tests.etl.test_load_formats import without_clock
from tests.oracle.builder import BundleBuilder

# Sends itself a signal at the n-th call of a function of `etl`; n = 0: prints how many calls a whole load has.
VICTIM = """
import os, sys
from pathlib import Path
from etl.job import load_bundle

bundle, url, home = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
number, signal = int(sys.argv[4]), int(sys.argv[5])
calls = 0

def count(frame, event, argument):
    global calls
    if event == "call" and "/etl/" in frame.f_code.co_filename:
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal)

sys.setprofile(count)
load_bundle(bundle, url, home)
sys.setprofile(None)
print(calls)
"""
FIRST_START = """
import sys
from pathlib import Path
from etl.job import load_bundle
from etl.settings import Settings
from etl.warehouse.schema import open_warehouse

home = Path(sys.argv[1])
print(load_bundle(Path(sys.argv[2]), open_warehouse(Settings(home=home)), home).is_repeat)
"""
PROJECT = Path(__file__).parents[2]


def run_victim(store: Store, path: Path, number: int, sent: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", VICTIM, str(path), store.url, str(store.home), str(number), str(sent)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False)


def second(day: int = 2) -> BundleBuilder:
    """After the journal: something new, something changed, something gone, a new school year, bad rows."""
    bundle = journal(day)
    bundle.add("school_class", class_key="c9", school_year="2031/2032").add(
        "study_group", group_key="g9", class_key="c9"
    )
    bundle.add("lesson", lesson_key="l9", group_key="g9", held_on="2031-09-12").add(
        "mark", mark_key="m9", lesson_key="l9", value="9"
    )
    bundle.row("mark", "m1")["value"] = "2"
    bundle.tables["mark"] = [row for row in bundle.tables["mark"] if row["mark_key"] != "m2"]
    return bundle


@pytest.mark.slow
def test_a_load_killed_at_any_moment_leaves_the_previous_state_and_the_next_one_works(store: Store) -> None:
    store.load(journal(1))
    path = store.write(second())
    calls = int(run_victim(store, path, 0, 0).stdout)
    expected = without_clock(store.everything())
    empty(store.url)
    store.load(journal(1))
    before = store.everything()
    for share in (0.3, 0.6, 0.9, 0.99):
        killed = run_victim(store, path, int(calls * share), signal.SIGKILL)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert store.everything() == before, f"killed at {share:.0%} of the load"
    interrupted = run_victim(store, path, int(calls * 0.7), signal.SIGINT)
    assert "KeyboardInterrupt" in interrupted.stderr
    assert store.everything() == before
    # what Ctrl-C ended has cleaned up after itself, and before that after those that were killed
    assert list((store.home / "spool").glob("load-*")) == []
    assert store.load(path).balances["mark"].loaded == 1
    assert without_clock(store.everything()) == expected


def test_a_load_that_fails_at_its_last_step_leaves_the_previous_state(store: Store) -> None:
    store.load(journal(1))
    before = store.everything()
    with owner_connection(store.url) as connection:
        connection.execute("ALTER TABLE load_run ADD CONSTRAINT full_disk CHECK (load_id < 2)")
    try:
        with pytest.raises(psycopg.errors.CheckViolation):
            store.load(second())
    finally:
        with owner_connection(store.url) as connection:
            connection.execute("ALTER TABLE load_run DROP CONSTRAINT full_disk")
    assert store.everything() == before


def test_a_refused_bundle_leaves_no_files_behind(store: Store) -> None:
    bundle = journal(1)
    path = store.write(bundle)
    (path / "subject.csv").write_bytes(b"")
    with pytest.raises(SourceError, match="is empty"):
        store.load(path)
    assert list((store.home / "spool").glob("load-*")) == []


def test_a_database_that_does_not_answer_is_told(store: Store) -> None:
    path = store.write(journal(1))
    with pytest.raises(DatabaseError, match="does not answer"):
        load_bundle(path, "postgresql://zavuch:x@127.0.0.1:9/zavuch", store.home)


class Waiting:
    """The first load stops inside its transaction until the second has said that it waits."""

    def __init__(self) -> None:
        self.inside, self.told = threading.Event(), threading.Event()
        self.reports: dict[int, LoadReport] = {}
        self.failures: list[BaseException] = []

    def hold(self, what: str, _done: int, _all: int) -> None:
        if what == "loading schools":
            self.inside.set()
            self.told.wait(60)

    def load(self, number: int, path: Path, store: Store, progress: Progress) -> None:
        try:
            self.reports[number] = load_bundle(path, store.url, store.home, progress=progress)
        except BaseException as error:
            self.failures.append(error)


@pytest.mark.parametrize("is_same", [False, True])
def test_of_two_loads_at_once_the_second_says_that_it_waits_and_both_end_right(store: Store, *, is_same: bool) -> None:
    first = store.write(journal(1))
    other = first if is_same else store.write(second(2))
    waiting = Waiting()
    one = threading.Thread(target=waiting.load, args=(1, first, store, Progress(step=waiting.hold)))
    two = threading.Thread(target=waiting.load, args=(2, other, store, Progress(waiting=waiting.told.set)))
    one.start()
    assert waiting.inside.wait(60)
    two.start()
    one.join(60)
    two.join(60)
    assert waiting.failures == []
    assert waiting.told.is_set()
    assert waiting.reports[2].is_repeat == is_same
    assert waiting.reports[2].load_id == (1 if is_same else 2)
    assert store.marks() == ({"m1": "5", "m2": "4"} if is_same else {"m1": "2"})


@pytest.mark.slow
def test_four_simultaneous_first_starts_agree_on_one_database_and_one_load(tmp_path: Path) -> None:
    home, path = tmp_path / "home", journal(1).write(tmp_path / "bundle")
    command = [sys.executable, "-c", FIRST_START, str(home), str(path)]
    runs = [
        subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    try:
        ended = [run.communicate(timeout=120) for run in runs]
        assert sorted(out.strip() for out, _errors in ended) == ["False", "True", "True", "True"], ended
        with owner_connection(embedded.start(home).url) as connection:
            assert connection.execute("SELECT count(*) FROM fact_mark").fetchone() == (2,)
    finally:
        embedded.stop(home)
