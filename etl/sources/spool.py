"""Splits a bundle by school into small files, so that memory depends on a school and not on the city."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import polars as pl

from etl.contract.tables import BY_NAME
from etl.sources.bundle import Bundle
from etl.sources.rows import ROW, FileReport, read_rows

HELD = "held"
"""File in a spool's folder that its process keeps locked: a folder whose file is free belongs to a load that died."""


@dataclass
class Spool:
    """A bundle split by school: `schools` in the order of their table, `parts[table][school_key]` are IPC files."""

    folder: Path
    held: IO[bytes]
    schools: list[str] = field(default_factory=list)
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    parts: dict[str, dict[str, list[Path]]] = field(default_factory=dict)
    reports: dict[str, FileReport] = field(default_factory=dict)
    without_school: dict[str, pl.DataFrame] = field(default_factory=dict)
    """rows with a blank school_key, by table"""

    def read(self, table: str, school_key: str) -> pl.DataFrame | None:
        """Rows of one school as text with `_row`; None when the bundle lacks the table, no rows when it has none."""
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
        shutil.rmtree(self.folder, ignore_errors=True)
        self.held.close()


@contextmanager
def _turn(near: Path) -> Iterator[None]:
    """One process at a time makes or removes folders here; the lock is held for an instant."""
    near.mkdir(parents=True, exist_ok=True)
    with (near / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _new_spool(near: Path) -> Spool:
    """An empty spool; what loads that were killed left here is removed first."""
    with _turn(near):
        for folder in near.glob("load-*"):
            _remove_dead(folder)
        folder = Path(tempfile.mkdtemp(prefix="load-", dir=near))
        held = (folder / HELD).open("ab")
        fcntl.flock(held, fcntl.LOCK_EX)
    return Spool(folder, held)


def _remove_dead(folder: Path) -> None:
    try:
        with (folder / HELD).open("ab") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # its load is at work
    except OSError:
        pass  # killed before the file was made, or while it was being removed
    shutil.rmtree(folder, ignore_errors=True)


def split_by_school(bundle: Bundle, near: Path, progress: Callable[[str, int], None] | None = None) -> Spool:
    """Read every file once and write its rows by school under `near`. Raises SourceError as `read_rows` does."""
    spool = _new_spool(near)
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
    part_count = 0
    with bundle.open_file(table) as stream:
        for batch in read_rows(stream, BY_NAME[table], bundle.files[table].name, report):
            for (school_key,), rows in batch.partition_by("school_key", as_dict=True, maintain_order=True).items():
                if school_key is None:
                    blank.append(rows)
                    continue
                part_count += 1
                path = spool.folder / f"{table}-{part_count}.arrow"
                rows.write_ipc(path, compression="uncompressed")
                parts.setdefault(str(school_key), []).append(path)
            if progress:
                progress(table, report.row_count)
    spool.columns[table] = report.columns
    if blank:
        spool.without_school[table] = pl.concat(blank)
    if report.unknown:
        bundle.warnings.append(f"{table}: unknown columns were not read: {', '.join(report.unknown)}")
