"""Writing a bundle: one file a table, appended school by school, so that memory stays bounded.

Frames carry numbers: keys as counters, dates as days since 1970-01-01, moments as local seconds of that
epoch. Here they become the text of the bundle contract.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import IO, Final, Literal, Self
from zoneinfo import ZoneInfo

import polars as pl

from etl.sources.demo.plan import BundlePlan, SchoolPlan

FileFormat = Literal["csv", "parquet"]

# table → columns, each "column:kind"; school_key, which all have, comes first and is left out
TABLES: Final[dict[str, list[str]]] = {
    table: columns.split()
    for table, columns in tomllib.loads(
        files("etl.sources.demo").joinpath("tables.toml").read_text(encoding="utf-8")
    ).items()
}
_MINUTES: Final = pl.Series([f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60)])
_DTYPES: Final[dict[str, pl.DataType]] = {
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
    "text": pl.String(),
}


@dataclass(frozen=True)
class KeyStyle:
    """How a school writes its keys: l0000042 · 000000042 (leading zeros) · 9007199254000042 (above 2^53)."""

    style: str

    def key(self, letter: str, column: pl.Expr) -> pl.Expr:
        """Counter → key; null stays null."""
        text = column.cast(pl.Int64).cast(pl.String)
        if self.style == "zeros":
            return text.str.zfill(9)
        if self.style == "big":
            return pl.lit("90071993") + text.str.zfill(10)
        return pl.lit(letter) + text.str.zfill(7)


def to_contract(table: str, frame: pl.DataFrame, plan: SchoolPlan) -> pl.DataFrame:
    """The frame with exactly the contract's columns, as they are written; missing columns become null."""
    keys = KeyStyle(plan.key_style)
    offset = _offset(plan)
    columns = [pl.lit(plan.key).alias("school_key")]
    for entry in TABLES[table]:
        name, kind = entry.split(":")
        source = pl.col(name) if name in frame.columns else pl.lit(None)
        if kind.startswith("key."):
            column = keys.key(kind[4:], source)
        elif kind == "date":
            column = source.cast(pl.Int32).cast(pl.Date)
        elif kind == "time":
            column = pl.lit(_MINUTES).gather(source.cast(pl.Int64))
        elif kind == "moment":
            column = _moment(source, f"{table}.{name}" in plan.bare_dates, offset)
        else:
            column = source.cast(_DTYPES[kind])
        columns.append(column.alias(name))
    return frame.select(columns)


def _moment(source: pl.Expr, is_bare_date: bool, offset: str) -> pl.Expr:
    moment = pl.from_epoch(source.cast(pl.Int64), time_unit="s")
    return moment.dt.strftime("%Y-%m-%d" if is_bare_date else "%Y-%m-%dT%H:%M:%S" + offset)


def _offset(plan: SchoolPlan) -> str:
    """Russian zones have had no summer time since 2014, so one offset serves the whole year."""
    if not plan.has_offset:
        return ""
    stated = datetime(2026, 1, 1, tzinfo=ZoneInfo(plan.timezone)).strftime("%z")
    return f"{stated[:3]}:{stated[3:]}"


@dataclass
class BundleWriter:
    """Appends frames to the files of one bundle folder; use as a context manager."""

    folder: Path
    file_format: FileFormat
    omitted: frozenset[str] = frozenset()  # `table` or `table.column` that the source does not have
    counts: dict[str, int] = field(default_factory=dict)
    _files: dict[str, IO[bytes]] = field(default_factory=dict)
    _parts: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            for suffix in ("csv", "parquet"):
                (self.folder / f"{table}.{suffix}").unlink(missing_ok=True)
        if self.file_format == "parquet":
            self._parts = TemporaryDirectory(dir=self.folder)
        return self

    def append(self, table: str, frame: pl.DataFrame, plan: SchoolPlan) -> None:
        """Write one school's rows of a table behind those already there."""
        if table in self.omitted:
            return
        rows = to_contract(table, frame, plan)
        rows = rows.drop([name for name in rows.columns if f"{table}.{name}" in self.omitted])
        if self._parts is not None:
            part = Path(self._parts.name) / table
            part.mkdir(exist_ok=True)
            rows.write_parquet(part / f"{plan.number:05d}.parquet")
        else:
            is_new = table not in self._files
            if is_new:
                self._files[table] = (self.folder / f"{table}.csv").open("wb")
            rows.write_csv(self._files[table], include_header=is_new)
        self.counts[table] = self.counts.get(table, 0) + len(rows)

    def write_manifest(self, bundle: BundlePlan, extracted_at: datetime) -> None:
        """manifest.json of a snapshot."""
        manifest = {
            "format": "journal-bundle",
            "version": 1,
            "source_system": bundle.source_system,
            "extracted_at": extracted_at.isoformat(),
            "mode": "snapshot",
            "capabilities": list(bundle.capabilities),
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        (self.folder / "manifest.json").write_text(text, encoding="utf-8")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()
        if self._parts is not None:
            if kind is None:
                for part in sorted(Path(self._parts.name).iterdir()):
                    pl.scan_parquet(part / "*.parquet").sink_parquet(self.folder / f"{part.name}.parquet")
            self._parts.cleanup()
