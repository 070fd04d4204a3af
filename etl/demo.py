"""The demo municipality: generated schools and the accounts to look at them with; gone without a trace when asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from etl.job import Progress, load_bundle
from etl.run_log import LoadReport
from etl.sources.demo import Tier, generate
from etl.warehouse.access_rows import close_demo_accounts, refresh_access
from etl.warehouse.engine import owner_connection
from etl.warehouse.operations import remove_schools
from etl.warehouse.passwords import password_hash

PASSWORD = "demo-zavuch"  # noqa: S105 - printed at every start; demo accounts see generated schools only
# login, role, how the account is named; the grants are found in the data
ACCOUNTS = (
    ("inspector", "inspector", "Инспектор (демо)"),
    ("director", "director", "Директор (демо)"),
    ("deputy", "deputy", "Завуч (демо)"),
    ("class", "class_teacher", "Классный руководитель (демо)"),
    ("teacher", "teacher", "Учитель (демо)"),
)


@dataclass(frozen=True)
class DemoState:
    """Whether the database is empty, holds demo schools only, or real ones."""

    demo_schools: int
    real_schools: int


def demo_state(url: str) -> DemoState:
    """Count demo and real schools."""
    with owner_connection(url) as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE is_demo), count(*) FILTER (WHERE NOT is_demo) FROM dim_school"
        ).fetchone()
    return DemoState(*(row or (0, 0)))


def make_demo(
    url: str,
    home: Path,
    *,
    tier: Tier = "demo",
    seed: int = 1,
    regulations: Path | None = None,
    generated: Callable[[str, int, int], None] | None = None,
    progress: Progress | None = None,
) -> list[LoadReport]:
    """Generate a municipality, load it and open the demo accounts. The generated files are removed again."""
    folder = home / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        bundles = generate(folder, tier=tier, seed=seed, progress=generated)
        reports = [
            load_bundle(bundle.path, url, home, is_demo=True, regulations=regulations, progress=progress)
            for bundle in bundles
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    with owner_connection(url) as connection, connection.cursor() as cursor:
        open_accounts(cursor)
    return reports


def open_accounts(cursor: psycopg.Cursor[Any]) -> None:
    """The five demo accounts: the municipality for the inspector, one school, one class and one teacher
    for the others.

    The school is the one with the strictest demands on time that the demo has (school16_korolev), else the
    first.
    """
    cursor.execute("DELETE FROM access_grant g USING access_user u WHERE g.user_id = u.user_id AND u.is_demo")
    school = cursor.execute(
        "SELECT school_id, municipality_id FROM dim_school WHERE is_demo ORDER BY (regulation = "
        "'school16_korolev') IS TRUE DESC, school_id LIMIT 1"
    ).fetchone()
    if school is None:
        return
    school_id, municipality_id = school
    class_id = cursor.execute(
        "SELECT class_id FROM dim_class WHERE school_id = %s ORDER BY grade = 7 DESC, grade DESC, letter LIMIT 1",
        [school_id],
    ).fetchone()
    staff_id = (
        cursor.execute(
            "SELECT staff_id FROM mart_duty_week WHERE school_id = %s AND staff_id IS NOT NULL AND status = 5 "
            "GROUP BY staff_id ORDER BY sum(row_count) DESC, staff_id LIMIT 1",
            [school_id],
        ).fetchone()
        or cursor.execute(
            "SELECT staff_id FROM fact_lesson WHERE school_id = %s ORDER BY lesson_id LIMIT 1", [school_id]
        ).fetchone()
    )
    grants = {
        "inspector": ("municipality", municipality_id, None, None, None),
        "director": ("school", None, school_id, None, None),
        "deputy": ("school", None, school_id, None, None),
        "class": ("class", None, school_id, class_id[0] if class_id else None, None),
        "teacher": ("teacher", None, school_id, None, staff_id[0] if staff_id else None),
    }
    for login, role, name in ACCOUNTS:
        cursor.execute(
            "INSERT INTO access_user (user_id, login, password_hash, full_name, role, is_demo) SELECT "
            "coalesce(max(user_id), 0) + 1, %s, %s, %s, %s, true FROM access_user"
            " ON CONFLICT (login) DO NOTHING",
            [login, password_hash(PASSWORD), name, role],
        )
        cursor.execute("UPDATE access_user SET disabled_at = NULL WHERE login = %s AND is_demo", [login])
        cursor.execute(
            "INSERT INTO access_grant (user_id, grant_no, level, municipality_id, school_id, class_id, staff_id)"
            " SELECT user_id, 1, %s, %s, %s, %s, %s FROM access_user WHERE login = %s AND is_demo",
            [*grants[login], login],
        )
    refresh_access(cursor)


def remove_demo(url: str) -> int:
    """Delete demo schools and accounts; returns the number of schools."""
    with owner_connection(url) as connection, connection.cursor() as cursor:
        ids = [row[0] for row in cursor.execute("SELECT school_id FROM dim_school WHERE is_demo").fetchall()]
        remove_schools(cursor, ids)
        close_demo_accounts(cursor, datetime.now(UTC))
        for table in ("access_session", "access_grant"):
            cursor.execute(f"DELETE FROM {table} t USING access_user u WHERE t.user_id = u.user_id AND u.is_demo")
        cursor.execute("DELETE FROM access_user WHERE is_demo")
        refresh_access(cursor)
    return len(ids)
