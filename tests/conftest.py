"""One loaded warehouse for every test that only reads: a real embedded PostgreSQL with the tiny tier, made
once a session.

The workers of pytest-xdist share it: the first one that needs it makes it under a lock, the last one to
leave stops it.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hypothesis as hypothesis  # at the very end, where its plugin would import it, Python 3.11 may fail to parse it
import polars as pl
import psycopg
import pytest

from etl.job import load_bundle
from etl.settings import Settings
from etl.sources.demo import generate
from etl.warehouse import embedded
from etl.warehouse.access_rows import refresh_access
from etl.warehouse.engine import app_url, owner_connection, plain_url
from etl.warehouse.passwords import password_hash
from tests.copies import checked, database, loaded, sql
from tests.homes import begin_run, end_run, locked, open_new
from tests.scenarios.table import pytest_terminal_summary

__all__ = ["checked", "database", "loaded", "pytest_terminal_summary", "sql"]


def pytest_configure(config: pytest.Config) -> None:
    """The process that leads the run makes its folder; the workers inherit it."""
    if not hasattr(config, "workerinput"):
        begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        end_run()


SEED = 7
SILENT_KEY = "silent-school"
PASSWORD = "правильно-лошадь-батарея"
DEPUTY, CLASS_TEACHER, TEACHER, INSPECTOR, STRANGER, SILENT_DEPUTY = 1, 2, 3, 4, 5, 6
DIRECTOR, COORDINATOR, ADMINISTRATOR, SECRETARY, REGION, NAMED_INSPECTOR = 7, 8, 9, 10, 11, 12


@dataclass(frozen=True)
class Warehouse:
    """A loaded database: `url` of the owner, `app_url` of the app's role, `home` of the installation.

    Two schools of one municipality: `school_id` tells everything; `silent_id` has the same journals from a source
    that tells neither topics nor times, and no act. The people: a deputy of each school, the class teacher of
    `class_id`, the teacher `staff_id`, an inspector of the municipality and a stranger without grants; director,
    coordinator, administrator and secretary of the first school, a reader of the region, and an inspector to whom the
    municipality grants the names of teachers; their user ids are the constants of this file.
    It is shared: do not write to it.
    """

    url: str
    app_url: str
    home: Path
    school_id: int
    class_id: int
    staff_id: int
    silent_id: int


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The shared warehouse; made by the first worker, stopped by the last."""
    with _shared(tmp_path_factory) as root:
        home = root / "home"
        settings = Settings(home=home)
        url = embedded.start(home).url
        with owner_connection(url) as connection:
            found = connection.execute(
                "SELECT c.school_id, c.class_id,"
                " (SELECT staff_id FROM access_grant WHERE user_id = %s AND level = 'teacher'),"
                " (SELECT school_id FROM dim_school WHERE school_key = %s)"
                " FROM access_grant c WHERE c.user_id = %s AND c.level = 'class'",
                [TEACHER, SILENT_KEY, CLASS_TEACHER],
            ).fetchone()
        assert found is not None
        yield Warehouse(plain_url(url), app_url(settings, url), home, *found)


@contextmanager
def _shared(factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that all workers of the run share; the database in it is stopped when nobody uses it any
    more."""
    base = factory.getbasetemp()
    run = base.parent if base.name.startswith("popen-") else base
    record = run / "warehouse-folder"
    with locked(run / "warehouse-lock"):
        if not record.exists():
            # other users must be able to reach a database that does not run as root; pytest's own folders
            # are closed
            folder = Path(tempfile.mkdtemp(prefix="zavuch-tests-"))
            folder.chmod(0o755)
            record.write_text(str(folder), encoding="utf-8")
            (folder / "users").write_text("0", encoding="ascii")
        root = Path(record.read_text(encoding="utf-8"))
        try:
            if not (root / "ready").exists():
                _fill(Settings(home=root / "home"), root)
                (root / "ready").touch()
        except BaseException:
            _remove(root, record)  # a fill that failed leaves no server behind
            raise
        _count(root, 1)
    try:
        yield root
    finally:
        with locked(run / "warehouse-lock"):
            if _count(root, -1) == 0:
                _remove(root, record)


def _remove(root: Path, record: Path) -> None:
    embedded.stop(root / "home")
    shutil.rmtree(root, ignore_errors=True)
    record.unlink()


def _count(root: Path, change: int) -> int:
    path = root / "users"
    users = int(path.read_text(encoding="ascii")) + change
    path.write_text(str(users), encoding="ascii")
    return users


def _fill(settings: Settings, root: Path) -> None:
    url = open_new(settings)
    for bundle in generate(root / "bundles", tier="tiny", seed=SEED):
        load_bundle(bundle.path, url, settings.home)
        load_bundle(_silenced(bundle.path, root / "silent"), url, settings.home)
    with owner_connection(url) as connection, connection.cursor() as cursor:
        _people(cursor)


def _silenced(source: Path, target: Path) -> Path:
    """The same school once more, from a source that tells neither topics nor homework nor times, without an act."""
    target.mkdir()
    told = ("plan_item_key", "topic", "homework", "attendance_confirmed_at", "recorded_at", "recorded_by")
    for path in sorted(source.glob("*.csv")):
        rows = pl.read_csv(path, infer_schema=False)
        silent = [name for name in rows.columns if name.startswith(told) or name.endswith(told[3:])]
        renamed = rows.drop(silent).with_columns(pl.lit(SILENT_KEY).alias("school_key"))
        if path.name == "school.csv":
            renamed = renamed.with_columns(pl.lit("Тихая школа").alias("short_name"), pl.lit("").alias("regulation"))
        if path.stem not in ("change", "setup_section", "timetable_version", "plan", "plan_item"):
            renamed.write_csv(target / path.name)
    manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    (target / "manifest.json").write_text(json.dumps({**manifest, "capabilities": []}), encoding="utf-8")
    return target


def _people(cursor: psycopg.Cursor[tuple[object, ...]]) -> None:
    secret = password_hash(PASSWORD)
    roles = {
        DEPUTY: ("deputy", "deputy"),
        CLASS_TEACHER: ("class", "class_teacher"),
        TEACHER: ("teacher", "teacher"),
        INSPECTOR: ("inspector", "inspector"),
        STRANGER: ("stranger", "teacher"),
        SILENT_DEPUTY: ("silent", "deputy"),
        DIRECTOR: ("director", "director"),
        COORDINATOR: ("coordinator", "coordinator"),
        ADMINISTRATOR: ("administrator", "administrator"),
        SECRETARY: ("secretary", "secretary"),
        REGION: ("region", "region"),
        NAMED_INSPECTOR: ("named", "inspector"),
    }
    for user_id, (login, role) in roles.items():
        cursor.execute(
            "INSERT INTO access_user VALUES (%s, %s, %s, %s, %s, true, NULL)",
            [user_id, login, secret, "Иванова Анна Петровна", role],
        )
    grants = (
        "SELECT %s, 1, 'school', NULL::int, min(school_id), NULL::int, NULL::int FROM dim_school",
        "SELECT %s, 1, 'class', NULL::int, school_id, class_id, NULL::int FROM dim_class"
        " ORDER BY school_id, grade DESC, class_id LIMIT 1",
        "SELECT %s, 1, 'teacher', NULL::int, school_id, NULL::int, staff_id FROM fact_lesson"
        " GROUP BY school_id, staff_id ORDER BY school_id, count(*) DESC, staff_id LIMIT 1",
        "SELECT %s, 1, 'municipality', min(municipality_id), NULL::int, NULL::int, NULL::int FROM dim_school",
        "SELECT %s, 1, 'school', NULL::int, max(school_id), NULL::int, NULL::int FROM dim_school",
    )
    for user_id, grant in zip((DEPUTY, CLASS_TEACHER, TEACHER, INSPECTOR, SILENT_DEPUTY), grants, strict=True):
        cursor.execute(
            "INSERT INTO access_grant"
            f" (user_id, grant_no, level, municipality_id, school_id, class_id, staff_id) {grant}",
            [user_id],
        )
    of_school = "SELECT %s, 1, 'school', NULL::int, min(school_id), NULL::int, NULL::int FROM dim_school"
    of_municipality = "SELECT %s, 1, '{}', min(municipality_id), NULL::int, NULL::int, NULL::int FROM dim_school"
    further = [(user, of_school) for user in (DIRECTOR, COORDINATOR, ADMINISTRATOR, SECRETARY)]
    further += [(REGION, "SELECT %s, 1, 'region', NULL::int, NULL::int, NULL::int, NULL::int")]
    further += [(NAMED_INSPECTOR, of_municipality.format("municipality"))]
    further += [(NAMED_INSPECTOR, of_municipality.format("staff_names").replace("1,", "2,", 1))]
    for user_id, grant in further:
        cursor.execute(
            "INSERT INTO access_grant"
            f" (user_id, grant_no, level, municipality_id, school_id, class_id, staff_id) {grant}",
            [user_id],
        )
    refresh_access(cursor)
