"""The worker as a real process: it takes what was asked for, alone, tells how far it is, and outlives its database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from etl import requests, worker
from etl.errors import BusyError
from etl.settings import PROJECT, Settings
from etl.warehouse import embedded
from etl.warehouse.engine import owner_session
from tests.etl.conftest import Store
from tests.etl.journal import journal
from tests.homes import open_new

ASK = (
    "INSERT INTO judgement_request (school_id, request_no, regulation, profile_version, user_id, asked_at, state,"
    " progress, attempt_count) VALUES (%s, %s, %s, 1, 7, clock_timestamp(), 'waiting', 0, 0) RETURNING 1"
)
STATES = "SELECT request_no, state, progress, message FROM judgement_request ORDER BY 1"


def command(store: Store, *more: str) -> list[str]:
    return [sys.executable, "-m", "etl.cli", "work", *more]


def environment(home: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "ZAVUCH_HOME": str(home), "ZAVUCH_DATABASE_URL": "", **more}


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


@pytest.fixture
def background(store: Store) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the worker as `zavuch serve` does; whatever is left is ended."""
    started: list[subprocess.Popen[str]] = []

    def start(home: Path, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "etl.worker"],
            cwd=PROJECT,
            env=environment(home, **more),
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_once_does_what_waits_and_names_nobody(store: Store) -> None:
    store.load(journal())
    store.rows(ASK, 1, 1, "lindovskaya")
    store.rows(ASK, 1, 2, "no_such_act")
    done = subprocess.run(
        command(store, "--once"), cwd=PROJECT, env=environment(store.home), capture_output=True, text=True, check=True
    )
    assert "Requests done: 2." in done.stdout
    assert "school 1 by lindovskaya:1" in done.stderr and "ledger rows in" in done.stderr
    assert "There is no version 1 of the regulation 'no_such_act'" in done.stderr
    people = {word for (name,) in store.rows("SELECT full_name FROM dim_pupil_name") for word in name.split()}
    assert people and not any(word in done.stderr for word in people)
    assert store.rows(STATES) == [(1, "done", 1.0, None), (2, "failed", 0.0, "act_gone")]
    assert store.value("SELECT count(*) FROM judgement_request WHERE finished_at >= asked_at") == 2
    assert store.value("SELECT count(*) FROM obligation WHERE judgement_id = 1") > 0


def test_a_second_worker_takes_nothing(store: Store) -> None:
    store.load(journal())
    store.rows(ASK, 1, 1, "lindovskaya")
    with owner_session(store.url) as connection:
        assert requests.become_the_worker(connection)
        with pytest.raises(BusyError, match="Another worker is at work"):
            worker.work(Settings(home=store.home), store.url, once=True)
        assert store.rows(STATES) == [(1, "waiting", 0.0, None)]
    assert worker.work(Settings(home=store.home), store.url, once=True) == 1


def test_what_a_dead_worker_left_is_done_again_and_given_up_in_the_end(store: Store) -> None:
    store.load(journal())
    for number, act, attempts in ((1, "lindovskaya", 1), (2, "school16_korolev", requests.MOST_ATTEMPTS)):
        store.rows(ASK, 1, number, act)
        store.rows(
            "UPDATE judgement_request SET state = 'running', progress = 0.5, attempt_count = %s WHERE request_no = %s"
            " RETURNING 1",
            attempts,
            number,
        )
    assert worker.work(Settings(home=store.home), store.url, once=True) == 1
    assert store.rows(STATES) == [(1, "done", 1.0, None), (2, "failed", 0.0, "interrupted")]
    assert store.rows("SELECT regulation FROM judgement WHERE judgement_id = 1") == [("lindovskaya",)]


def test_an_unexpected_error_fails_the_request_and_its_words_stay_out_of_the_log(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.load(journal())
    store.rows(ASK, 1, 1, "lindovskaya")
    with owner_session(store.url) as connection:
        connection.execute("ALTER TABLE mart_duty_judgement ADD CONSTRAINT none CHECK (row_count < 0)")
        try:
            worker.work(Settings(home=store.home), store.url, once=True)
        finally:
            connection.execute("ALTER TABLE mart_duty_judgement DROP CONSTRAINT none")
    assert store.rows("SELECT state, message FROM judgement_request") == [("failed", "unexpected")]
    assert "CheckViolation at" in caplog.text and "Failing row" not in caplog.text
    assert store.value("SELECT count(*) FROM obligation WHERE judgement_id = 1") == 0


def test_progress_grows_and_is_seen_while_the_work_is_not_committed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.load(journal())
    store.rows(ASK, 1, 1, "lindovskaya")
    monkeypatch.setattr(worker, "TOLD_SECONDS", 0.0)
    seen: list[float] = []
    told = requests.tell_progress

    def watched(connection: Any, request: Any, share: float) -> None:
        told(connection, request, share)
        seen.append(store.value("SELECT progress FROM judgement_request WHERE state = 'running'"))

    monkeypatch.setattr(worker, "tell_progress", watched)
    worker.work(Settings(home=store.home), store.url, once=True)
    assert seen == sorted(seen) and len(set(seen)) > 10 and 0.8 in seen


def test_the_worker_outlives_a_restart_of_the_database_and_ends_on_sigterm(
    store: Store, background: Callable[..., subprocess.Popen[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("worker")
    url = open_new(Settings(home=home))
    own = Store(url, home, store.folder / "own")
    try:
        own.load(journal())
        process = background(home)
        own.rows(ASK, 1, 1, "lindovskaya")
        until(lambda: own.rows("SELECT 1 FROM judgement_request WHERE state = 'done'"))
        embedded.stop(home)
        time.sleep(2)
        assert process.poll() is None
        assert embedded.start(home).url == url
        own.rows(ASK, 1, 2, "school16_korolev")
        until(lambda: own.rows("SELECT 1 FROM judgement_request WHERE request_no = 2 AND state = 'done'"))
        process.send_signal(signal.SIGTERM)
        _out, log = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "the database does not answer" in log and "the database answers again" in log
        assert "Traceback" not in log and "password" not in log
    finally:
        embedded.stop(home)


def test_the_worker_ends_when_the_one_who_started_it_is_gone(
    store: Store, background: Callable[..., subprocess.Popen[str]]
) -> None:
    process = background(store.home, ZAVUCH_WORKER_PARENT="1")
    assert process.wait(timeout=30) == 0
