"""The record of a load: counts that must balance, rejected rows, remarks. Stored in the load's own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import polars as pl
import psycopg
from psycopg.types.json import Jsonb

from etl.contract.needs import Lack
from etl.load import Balance
from etl.sources.bundle import Bundle
from etl.warehouse.frames import copy_in

NO_SCHOOL = 0
"""school_id of what belongs to no school: rows astray, and the counter of schools themselves."""
ZERO = "\0"
"""The one character that PostgreSQL's text cannot hold."""
REJECTED = pl.Schema(
    {
        "school_id": pl.Int32,
        "school_key": pl.String,
        "file": pl.String,
        "row_number": pl.Int64,
        "column_name": pl.String,
        "value": pl.String,
        "reason": pl.String,
        "raw": pl.String,
    }
)


@dataclass
class LoadReport:
    """What a load did. `is_repeat`: the same bundle was loaded before and nothing changed."""

    load_id: int
    source: str
    mode: str
    extracted_at: datetime
    school_count: int = 0
    balances: dict[str, Balance] = field(default_factory=dict)
    rejects: list[pl.DataFrame] = field(default_factory=list)
    warnings: list[tuple[int | None, str]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    obligation_count: int = 0
    is_repeat: bool = False
    coverage: dict[str, tuple[Lack, ...]] = field(default_factory=dict)
    """school_key → rules that its source cannot be judged by, as far as the load knows (annex B16)"""

    beside: tuple[int, ...] = ()
    """loads of the same files before this one: each bundle that they make is a load"""

    astray: dict[str, Balance] = field(default_factory=dict)
    """by table, the rows that belong to no school that is known; they are counted in `balances` too"""

    def count_astray(self, table: str, balance: Balance) -> None:
        self.astray.setdefault(table, Balance()).add(balance)
        self.count(table, balance)

    def count(self, table: str, balance: Balance) -> None:
        self.balances.setdefault(table, Balance()).add(balance)

    def set_aside(self, rows: pl.DataFrame, file: str | None, school_id: int | None, school_key: str | None) -> None:
        """Keep rejected rows (columns of transforms.typed.REJECT) for the quarantine; no `file`: their column."""
        if rows.height:
            self.rejects.append(
                rows.with_columns(
                    pl.lit(school_id, pl.Int32).alias("school_id"),
                    pl.lit(school_key, pl.String).alias("school_key"),
                    *([pl.lit(file).alias("file")] if file is not None else []),
                )
                .select(list(REJECTED))
                .cast(REJECTED)
                .with_columns(pl.col(pl.String).str.replace_all(ZERO, "\\u0000", literal=True))
            )

    @property
    def rejected_count(self) -> int:
        return sum(balance.rejected for balance in self.balances.values())

    def unbalanced(self) -> list[str]:
        """Tables in which rows read ≠ loaded + unchanged + rejected: always empty, or the load is wrong."""
        return [name for name, it in self.balances.items() if it.read != it.loaded + it.unchanged + it.rejected]


def combined(reports: Sequence[LoadReport]) -> LoadReport:
    """Bundles of the same files as one report: sums of their counts, all that was set aside and remarked."""
    last = reports[-1]
    if len(reports) == 1:
        return last
    whole = replace(
        last,
        beside=tuple(report.load_id for report in reports[:-1]),
        balances={},
        astray={},
        rejects=[rows for report in reports for rows in report.rejects],
        warnings=list(dict.fromkeys(warning for report in reports for warning in report.warnings)),
        seconds={},
        is_repeat=all(report.is_repeat for report in reports),
    )
    for report in reports:
        for table, balance in report.balances.items():
            whole.count(table, balance)
        for stage, seconds in report.seconds.items():
            whole.seconds[stage] = round(whole.seconds.get(stage, 0.0) + seconds, 3)
    return whole


def write_run(
    cursor: psycopg.Cursor[Any],
    report: LoadReport,
    bundle: Bundle,
    *,
    started_at: datetime,
    finished_at: datetime,
    is_demo: bool,
) -> None:
    """Store the run, its quarantine and its remarks."""
    manifest = bundle.manifest
    cursor.execute(
        "INSERT INTO load_run (load_id, source, content_hash, source_system, mode, extracted_at,"
        " extracted_text, started_at, finished_at, is_demo, seconds)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            report.load_id,
            _storable(report.source),
            bundle.content_hash,
            manifest.source_system,
            manifest.mode,
            manifest.extracted_at,
            manifest.extracted_text,
            started_at,
            finished_at,
            is_demo,
            Jsonb(report.seconds),
        ],
    )
    if report.rejects:
        rows = pl.concat(report.rejects).with_row_index("reject_no", offset=1)
        copy_in(cursor, "load_reject", rows.with_columns(pl.lit(report.load_id, pl.Int32).alias("load_id")))
    cursor.executemany(
        "INSERT INTO load_warning (load_id, warning_no, school_id, message) VALUES (%s, %s, %s, %s)",
        [
            (report.load_id, number, school_id, _storable(message))
            for number, (school_id, message) in enumerate(report.warnings, 1)
        ],
    )
    cursor.executemany(
        "INSERT INTO load_table VALUES (%s, %s, %s, '{}', %s, 0, 0, %s, 0)",
        [(NO_SCHOOL, report.load_id, table, it.read, it.rejected) for table, it in report.astray.items() if it.read],
    )


def _storable(text: str) -> str:
    """Names of files may hold what is no text."""
    return text.replace(ZERO, "\\u0000").encode("utf-8", "replace").decode()
