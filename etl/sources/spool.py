"""Splits a bundle by school into small files beside the database, so that memory depends on a school and not on the city."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from etl.contract.tables import BY_NAME
from etl.sources.bundle import Bundle
from etl.sources.rows import ROW, FileReport, read_rows


@dataclass
class Spool:
    """A bundle split by school. `schools` in the order of the school table; `parts[table][school_key]` are IPC files."""

    folder: tempfile.TemporaryDirectory[str]
    schools: list[str] = field(default_factory=list)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parts: dict[str, dict[str, list[Path]]] = field(default_factory=dict)
    reports: dict[str, FileReport] = field(default_factory=dict)
    without_school: dict[str, pl.DataFrame] = field(default_factory=dict)
    """rows with a blank school_key, by table"""

    def read(self, table: str, school_key: str) -> pl.DataFrame | None:
        """Rows of one school as text with `_row`; None when the bundle lacks the table, no rows when it has none of it."""
        if table not in self.columns:
            return None
        paths = self.parts[table].get(school_key, [])
        if not paths:
            return pl.DataFrame(schema={**dict.fromkeys(self.columns[table], pl.String), ROW: pl.Int64})
        return pl.concat([pl.read_ipc(path) for path in paths])

    def school_keys(self) -> set[str]:
        """Every school key that any table names."""
        return {key for parts in self.parts.values() for key in parts}

    def close(self) -> None:
        self.folder.cleanup()


def split_by_school(bundle: Bundle, near: Path, progress: Callable[[str, int], None] | None = None) -> Spool:
    """Read every file once and write its rows by school under `near`. Raises SourceError as `read_rows` does."""
    near.mkdir(parents=True, exist_ok=True)
    spool = Spool(tempfile.TemporaryDirectory(prefix="load-", dir=near))
    try:
        for table in sorted(bundle.files, key=list(BY_NAME).index):
            _split_table(bundle, table, spool, progress)
    except BaseException:
        spool.close()
        raise
    spool.schools = list(spool.parts["school"])
    return spool


def _split_table(bundle: Bundle, table: str, spool: Spool, progress: Callable[[str, int], None] | None) -> None:
    report = spool.reports[table] = FileReport()
    parts = spool.parts[table] = {}
    blank = []
    folder = Path(spool.folder.name)
    with bundle.open_file(table) as stream:
        for number, batch in enumerate(read_rows(stream, BY_NAME[table], bundle.files[table].name, report)):
            for (school_key,), rows in batch.partition_by("school_key", as_dict=True, maintain_order=True).items():
                if school_key is None:
                    blank.append(rows)
                    continue
                known = parts.setdefault(str(school_key), [])
                path = folder / f"{table}-{len(parts)}-{number}-{len(known)}.arrow"
                rows.write_ipc(path, compression="uncompressed")
                known.append(path)
            if progress:
                progress(table, report.row_count)
    spool.columns[table] = report.columns
    if blank:
        spool.without_school[table] = pl.concat(blank)
    if report.unknown:
        bundle.warnings.append(f"{table}: unknown columns were not read: {', '.join(report.unknown)}")
