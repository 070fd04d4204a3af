"""Streams the rows of one bundle file as frames of text, numbered as in the file; never the whole file in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from etl.contract.columns import BundleTable
from etl.errors import SourceError

BLOCK = 16 * 2**20
ROW = "_row"
"""Column with the row's number in its file; the header is row 1."""


@dataclass
class FileReport:
    """What the file itself showed: its columns and the lines that have another number of cells than the header."""

    columns: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    ragged: list[tuple[int, str, int]] = field(default_factory=list)
    """row number, the raw line, its number of cells"""
    row_count: int = 0


def read_rows(stream: IO[bytes], table: BundleTable, name: str, report: FileReport) -> Iterator[pl.DataFrame]:
    """Frames of text with the columns of the contract that the file has and `_row`; blank cells are null.

    Raises SourceError for a file that cannot be read at all or lacks a required column.
    """
    batches = _parquet(stream, name) if name.endswith(".parquet") else _csv(stream, name, report)
    checked = False
    for batch in batches:
        if not checked:
            report.columns = _check_columns(batch.columns, table, name)
            report.unknown = tuple(column for column in batch.columns if column not in table.by_name)
            checked = True
        start = report.row_count
        report.row_count += batch.height
        yield _cleaned(batch.select(report.columns)).with_columns(pl.Series(ROW, _numbers(start, batch.height, report.ragged)))
    if not checked:
        raise SourceError(f"{name} is empty: it has not even a header row.", advice="Write the header, or leave the file out.")


def _numbers(start: int, count: int, ragged: list[tuple[int, str, int]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Number in the file of the valid rows start … start+count−1, given the numbers of the invalid ones."""
    nominal = np.arange(start + 2, start + count + 2, dtype=np.int64)
    shifted = np.array([number - index for index, (number, _, _) in enumerate(ragged)], dtype=np.int64)
    return nominal + np.searchsorted(shifted, nominal, side="right")


def _cleaned(batch: pl.DataFrame) -> pl.DataFrame:
    """A blank cell is null; surrounding spaces belong to a key, which is opaque."""
    return batch.with_columns(
        pl.when(pl.col(column).str.strip_chars() == "").then(None).otherwise(pl.col(column)).alias(column)
        for column in batch.columns
    )


def _check_columns(found: list[str], table: BundleTable, name: str) -> tuple[str, ...]:
    missing = [column for column in table.required_columns if column not in found]
    if missing:
        hint = " The cells seem to be separated by ';'." if len(found) == 1 and ";" in found[0] else ""
        raise SourceError(
            f"{name} lacks the required columns {', '.join(missing)}.{hint} Columns found: {', '.join(found)}; "
            f"required: {', '.join(table.required_columns)}.",
            advice="Name the columns as the bundle contract does, in UTF-8, separated by commas.",
        )
    return tuple(column for column in found if column in table.by_name)


def _csv(stream: IO[bytes], name: str, report: FileReport) -> Iterator[pl.DataFrame]:
    stream = _Peeked(stream)
    if stream.head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceError(f"{name} is in UTF-16.", advice="Save it in UTF-8.")
    if not stream.head:
        return

    def set_aside(row: Any) -> str:
        report.ragged.append((int(row.number), str(row.text), int(row.actual_columns)))
        return "skip"

    header = _header(stream.head, name)
    try:
        reader = pa_csv.open_csv(
            stream,
            read_options=pa_csv.ReadOptions(block_size=BLOCK, use_threads=False),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=set_aside),
            convert_options=pa_csv.ConvertOptions(
                column_types={column: pa.string() for column in header}, strings_can_be_null=False
            ),
        )
        yield pl.DataFrame(schema=dict.fromkeys(header, pl.String))  # a header alone is a table that is present and empty
        for batch in reader:
            yield pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
    except pa.ArrowInvalid as error:
        raise SourceError(f"{name} cannot be read near row {report.row_count + 2}: {_reason(error)}.", advice="Save it as CSV in UTF-8, RFC 4180.") from error


def _reason(error: Exception) -> str:
    text = str(error)
    if "UTF8" in text:
        return "it is not in UTF-8"
    return text.split("\n")[0].rstrip(".")


def _header(head: bytes, name: str) -> list[str]:
    try:
        reader = pa_csv.open_csv(pa.BufferReader(head + b"\n"))
        names = list(reader.schema.names)
    except pa.ArrowInvalid as error:
        raise SourceError(f"The header of {name} cannot be read: {_reason(error)}.", advice="Save it as CSV in UTF-8, RFC 4180.") from error
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise SourceError(f"{name} has the column {twice[0]!r} twice.", advice="Keep one of them.")
    return names


class _Peeked:
    """A stream whose first line has been looked at: pyarrow wants the names of the columns before it reads."""

    GREATEST_HEADER = 65536

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        start = b""
        while b"\n" not in start and len(start) < self.GREATEST_HEADER and (block := stream.read(4096)):
            start += block
        self._start = start
        self.head = start.split(b"\n", 1)[0].rstrip(b"\r")
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        if self._start:
            start, self._start = self._start, b""
            return start + self._stream.read(max(0, size - len(start)) if size >= 0 else -1)
        return self._stream.read(size)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def _parquet(stream: IO[bytes], name: str) -> Iterator[pl.DataFrame]:
    try:
        source = pa_parquet.ParquetFile(stream)
        if source.metadata.num_rows == 0:
            yield pl.DataFrame(schema=dict.fromkeys(source.schema_arrow.names, pl.String))
        for batch in source.iter_batches(batch_size=131072):
            yield pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch]))).select(_as_text())
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{name} is not a readable Parquet file: {_reason(error)}.", advice="Export it again.") from error


def _as_text() -> list[pl.Expr]:
    """Parquet columns may have any type that casts without loss (annex B22): here they become the text a CSV would hold."""
    aware = pl.col(pl.Datetime("us", "*"), pl.Datetime("ms", "*"), pl.Datetime("ns", "*"))
    naive = pl.col(pl.Datetime("us"), pl.Datetime("ms"), pl.Datetime("ns"))
    return [
        pl.col(pl.String),
        pl.col(pl.Categorical).cast(pl.String),
        aware.dt.to_string("%Y-%m-%dT%H:%M:%S%.6f%:z"),
        naive.dt.to_string("%Y-%m-%dT%H:%M:%S%.6f"),
        pl.col(pl.Date).dt.to_string("%Y-%m-%d"),
        pl.col(pl.Time).dt.to_string("%H:%M"),
        pl.col(pl.Boolean).replace_strict({True: "true", False: "false"}, return_dtype=pl.String),
        *(pl.col(kind).cast(pl.String) for kind in (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Decimal, pl.Null)),
        *(pl.col(kind).cast(pl.String).str.strip_suffix(".0") for kind in (pl.Float32, pl.Float64)),
    ]
