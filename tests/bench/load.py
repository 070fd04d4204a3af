"""Load and obligations against what PostgreSQL itself needs to write the same rows."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from etl.contract.tables import TABLES
from etl.job import load_bundle
from etl.run_log import LoadReport
from etl.warehouse.engine import owner_connection, plain_url
from etl.warehouse.server_process import find_bin
from etl.warehouse.tables import BUNDLE, TEXTS
from tests.bench import BenchRow

MARTS = (
    "mart_duty_week",
    "mart_duty_school",
    "mart_duty_day",
    "mart_learning",
    "mart_period_mark",
    "mart_period_success",
)


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
            "INSERT … SELECT of the same rows, nothing computed",
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
    _like(url, ["obligation", *MARTS])
    start = time.perf_counter()
    for table in ("obligation", *MARTS):
        with owner_connection(url) as connection:
            connection.execute(f"INSERT INTO floor.{table} SELECT * FROM public.{table}")
    seconds = time.perf_counter() - start
    with owner_connection(url) as connection:
        connection.execute("DROP SCHEMA floor CASCADE")
    return seconds
