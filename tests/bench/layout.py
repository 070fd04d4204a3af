"""How the facts are best partitioned: planning and replacing one school's year at 60 and at 1,200
otherwise empty schools.

`python -m tests.bench.layout` prints the table that DECISIONS.md quotes. Three layouts of the same marks:
list by school year (chosen), hash of school into 32, one partition per school.
"""

from __future__ import annotations

import io
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from etl.warehouse import embedded
from etl.warehouse.engine import plain_url

ROWS = 166_600
COLUMNS = (
    "school_id int not null, school_year smallint not null, mark_id int not null, lesson_id int, pupil_id "
    "int, journal_id int, value text, recorded_at timestamptz"
)
QUERY = (
    "EXPLAIN (SUMMARY) SELECT journal_id, count(*) FROM {table} WHERE school_id = 17 AND school_year = 2025 GROUP BY 1"
)
EVERY = (
    "EXPLAIN (SUMMARY) SELECT school_id, count(*) FROM {table} WHERE school_id = ANY(ARRAY(SELECT school_id "
    "FROM school)) AND school_year = 2025 GROUP BY 1"
)


def make(cursor: psycopg.Cursor[Any], layout: str, schools: int) -> str:
    """A marks table of this layout; returns its name."""
    table = f"mark_{layout}_{schools}"
    by = {"year": "LIST (school_year)", "hash": "HASH (school_id)", "school": "LIST (school_id)"}[layout]
    cursor.execute(f"CREATE TABLE {table} ({COLUMNS}, PRIMARY KEY (school_id, school_year, mark_id)) PARTITION BY {by}")
    if layout == "year":
        parts = [f"FOR VALUES IN ({year})" for year in range(2016, 2026)]
    elif layout == "hash":
        parts = [f"FOR VALUES WITH (MODULUS 32, REMAINDER {number})" for number in range(32)]
    else:
        parts = [f"FOR VALUES IN ({number})" for number in range(1, schools + 1)]
    for number, values in enumerate(parts):
        cursor.execute(f"CREATE TABLE {table}_{number} PARTITION OF {table} {values}")
    return table


def plan_ms(cursor: psycopg.Cursor[Any], query: str) -> float:
    """Median planning time over twenty plans."""
    times = []
    for _ in range(20):
        lines = [row[0] for row in cursor.execute(query).fetchall()]
        times.append(float(next(line for line in lines if line.startswith("Planning Time")).split()[2]))
    return statistics.median(times)


def replace_seconds(cursor: psycopg.Cursor[Any], table: str, data: bytes) -> float:
    """Median of three: delete a school's year and copy it back."""
    times = []
    for _ in range(4):
        start = time.perf_counter()
        cursor.execute(f"DELETE FROM {table} WHERE school_id = 17 AND school_year = 2025")
        with cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy:
            copy.write(data)
        cursor.connection.commit()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main() -> None:
    """Measure and print."""
    home = Path(tempfile.mkdtemp(prefix="zavuch-bench-"))
    url = embedded.start(home).url
    buffer = io.StringIO()
    for number in range(ROWS):
        buffer.write(f"17,2025,{number},{number // 5},{number % 700},{number % 300},5,2025-09-10 10:00:00+00\n")
    data = buffer.getvalue().encode()
    try:
        with psycopg.connect(plain_url(url)) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE school (school_id int primary key)")
            sys.stdout.write("layout            schools  partitions  plan 1 school ms  plan all ms  replace s\n")
            for schools in (60, 1200):
                cursor.execute("TRUNCATE school")
                cursor.execute(f"INSERT INTO school SELECT generate_series(1, {schools})")
                for layout in ("year", "hash", "school"):
                    table = make(cursor, layout, schools)
                    connection.commit()
                    row = (
                        plan_ms(cursor, QUERY.format(table=table)),
                        plan_ms(cursor, EVERY.format(table=table)),
                        replace_seconds(cursor, table, data),
                    )
                    parts = {"year": 10, "hash": 32, "school": schools}[layout]
                    sys.stdout.write(
                        f"{layout:<16} {schools:>8} {parts:>11} {row[0]:>17.2f} {row[1]:>12.2f} {row[2]:>10.2f}\n"
                    )
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
