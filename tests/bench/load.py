"""Load and obligations against what PostgreSQL itself needs to write the same rows."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from etl.contract.tables import TABLES
from etl.job import load_bundle
from etl.run_log import LoadReport
from etl.warehouse.engine import owner_connection, plain_url
from etl.warehouse.ledger import EXISTS, IS_DUE, IS_MADE, RULES, STATUS, horizons
from etl.warehouse.server_process import find_bin
from etl.warehouse.tables import BUNDLE, TEXTS
from tests.bench import BenchRow

MARTS = (
    "mart_duty_week",
    "mart_duty_journal",
    "mart_duty_school",
    "mart_duty_day",
    "mart_learning",
    "mart_period_mark",
    "mart_period_success",
)
_WEEK_KEY = "school_year, class_id, journal_id, staff_id, week_on, month_on, period_id, rule"
_ROWS = f"ledger_row r JOIN {horizons()} h USING (school_id, rule)"
_TIMELESS = ", ".join(str(rule.number) for rule in RULES if rule.kind == "content" or rule.name == "no_entry")


def _first(count: int) -> str:
    return ", ".join(str(number + 1) for number in range(count))


HAND_WRITTEN = {
    "mart_duty_week": f"""
SELECT school_id, {_WEEK_KEY}, status, excluded, is_required, is_made, is_due, count(*)
FROM (SELECT school_id, school_year, class_id, journal_id, staff_id, date_trunc('week', anchor_on)::date AS week_on,
             date_trunc('month', anchor_on)::date AS month_on, period_id, rule, {STATUS} AS status, excluded,
             is_required, {IS_MADE} AS is_made, {IS_DUE} AS is_due
      FROM {_ROWS} WHERE {EXISTS}) AS judged
GROUP BY {_first(14)}""",
    "mart_duty_journal": f"""
SELECT school_id, school_year, class_id, journal_id, week_on, month_on, rule, status, excluded, is_required, is_made,
       is_due, sum(row_count)
FROM floor.mart_duty_week WHERE journal_id IS NOT NULL GROUP BY {_first(12)}""",
    "mart_duty_school": f"""
SELECT school_id, school_year, week_on, month_on, rule, status, excluded, is_required, is_made, is_due, sum(row_count)
FROM floor.mart_duty_week GROUP BY {_first(10)}""",
    "mart_duty_day": f"""
SELECT school_id, school_year, anchor_on, visible_on,
       CASE WHEN target_at < t THEN ((target_at + interval '1 second') AT TIME ZONE timezone)::date END,
       CASE WHEN due_at < t THEN ((due_at + interval '1 second') AT TIME ZONE timezone)::date END,
       CASE WHEN done_earliest <= t THEN (done_earliest AT TIME ZONE timezone)::date END,
       CASE WHEN done_latest <= t THEN (done_latest AT TIME ZONE timezone)::date END,
       rule, made_status, excluded, is_required, can_tell, count(*)
FROM {_ROWS} WHERE rule NOT IN ({_TIMELESS}) GROUP BY {_first(13)}""",
}


def bench_load(bundles: list[Path], url: str, home: Path) -> list[BenchRow]:
    """Load the bundles into an empty warehouse and measure both floors on the result."""
    start = time.perf_counter()
    reports = [load_bundle(path, url, home) for path in bundles]
    wall = time.perf_counter() - start
    derive = _stage(reports, "obligations")
    return [
        BenchRow(
            "load without obligations and marts",
            wall - derive,
            _copy_floor(url, home),
            "psql \\copy of the same rows as ready CSV, same keys and indexes",
        ),
        BenchRow(
            "obligations and marts",
            derive,
            _insert_floor(url),
            "obligations: INSERT … SELECT of the same rows, nothing computed; duty marts: GROUP BY in SQL",
        ),
    ]


def _stage(reports: list[LoadReport], name: str) -> float:
    return sum(report.seconds.get(name, 0.0) for report in reports)


def _tables() -> list[str]:
    return [BUNDLE[table.name].name for table in TABLES] + [table.name for table in TEXTS.values()]


def _like(url: str, tables: list[str]) -> None:
    """Empty twins of the tables in the schema `floor`, with the same keys and indexes, unpartitioned years
    being one partition.
    """
    with owner_connection(url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS floor CASCADE")
        connection.execute("CREATE SCHEMA floor")
        for table in tables:
            connection.execute(f"CREATE TABLE floor.{table} (LIKE public.{table} INCLUDING ALL)")


def _copy_floor(url: str, home: Path) -> float:
    tables = _tables()
    folder = home / "floor"
    folder.mkdir(exist_ok=True)
    psql = [str(Path(find_bin()) / "psql"), plain_url(url), "-qX", "-v", "ON_ERROR_STOP=1"]
    for table in tables:
        # a query, because COPY … TO cannot read a partitioned table itself
        subprocess.run(
            [*psql, "-c", f"\\copy (SELECT * FROM public.{table}) TO '{folder / table}.csv' CSV"], check=True
        )
    _like(url, tables)
    start = time.perf_counter()
    for table in tables:
        subprocess.run([*psql, "-c", f"\\copy floor.{table} FROM '{folder / table}.csv' CSV"], check=True)
    seconds = time.perf_counter() - start
    for table in tables:
        (folder / f"{table}.csv").unlink()
    return seconds


def _insert_floor(url: str) -> float:
    """Obligations cost no more than the copy of themselves here, so the floor is lower than any SQL that finds them;
    the duty marts are computed by SQL, the others copied.
    """
    _like(url, ["obligation", *MARTS])
    copied = [name for name in ("obligation", *MARTS) if name not in HAND_WRITTEN]
    statements = [f"INSERT INTO floor.{name} SELECT * FROM public.{name}" for name in copied]
    statements += [f"INSERT INTO floor.{name} {query}" for name, query in HAND_WRITTEN.items()]
    start = time.perf_counter()
    for statement in statements:
        with owner_connection(url) as connection:
            connection.execute(statement)
    seconds = time.perf_counter() - start
    with owner_connection(url) as connection:
        for name in HAND_WRITTEN:
            differing = connection.execute(
                f"SELECT count(*) FROM (TABLE floor.{name} EXCEPT ALL TABLE public.{name}) AS d"
            ).fetchone()
            if differing != (0,):
                raise SystemExit(f"{name}: the SQL of the floor and the load differ in {differing} rows")
        connection.execute("DROP SCHEMA floor CASCADE")
    return seconds
