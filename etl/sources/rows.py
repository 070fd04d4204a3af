"""Streams the rows of one bundle file as frames of text, numbered as in the file; never the whole file in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from typing import IO, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from etl.contract.columns import BundleTable, Column
from etl.errors import SourceError
from etl.sources.text import CheckedText

BLOCK = 4 * 2**20
"""Bytes of a file that are read at once: as frames of text they take thirty times as much."""
GREATEST_WHOLE = 2**53
"""Whole numbers below it are exact as floating-point numbers."""
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
    batches = _parquet(stream, table, name, report) if name.endswith(".parquet") else _csv(stream, table, name, report)
    for batch in batches:
        start = report.row_count
        report.row_count += batch.height
        rows = _cleaned(batch).with_columns(pl.Series(ROW, _numbers(start, batch.height, report.ragged)))
        # an empty line is no row, but it is counted; every row of the contract names its school
        yield rows.filter(pl.any_horizontal(pl.exclude(ROW).is_not_null())) if rows["school_key"].null_count() else rows


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


def _check_columns(found: list[str], table: BundleTable, name: str, report: FileReport) -> list[str]:
    """The columns of the contract that the file has, in its order; the others are named in the report."""
    missing = [column for column in table.required_columns if column not in found]
    if missing:
        separator = next((mark for mark in (";", "\t") if len(found) == 1 and mark in found[0]), "")
        hint = f" The cells seem to be separated by {separator!r}." if separator else ""
        raise SourceError(
            f"{name} lacks the required columns {', '.join(missing)}.{hint} Columns found: {', '.join(found)}; "
            f"required: {', '.join(table.required_columns)}.",
            advice="Name the columns as the bundle contract does, in UTF-8, separated by commas.",
        )
    known = [column for column in found if column in table.by_name]
    twice = next((column for column in known if known.count(column) > 1), None)
    if twice:
        raise SourceError(f"{name} has the column {twice!r} twice.", advice="Keep one of them.")
    report.columns = tuple(known)
    report.unknown = tuple(column or "(without a name)" for column in found if column not in table.by_name)
    return known


def _csv(stream: IO[bytes], table: BundleTable, name: str, report: FileReport) -> Iterator[pl.DataFrame]:
    text = CheckedText(stream, name)
    if not text.header.strip():
        raise SourceError(
            f"{name} is empty: it has not even a header row.", advice="Write the header, or leave the file out."
        )

    def set_aside(row: Any) -> str:
        report.ragged.append((int(row.number), str(row.text), int(row.actual_columns)))
        return "skip"

    columns = _check_columns(_header(text.header, name), table, name, report)
    yield pl.DataFrame(schema=dict.fromkeys(columns, pl.String))  # a header alone is a table that is present and empty
    last = ""
    try:
        reader = pa_csv.open_csv(
            text,
            read_options=pa_csv.ReadOptions(block_size=BLOCK, use_threads=False),
            parse_options=pa_csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), include_columns=columns, strings_can_be_null=False
            ),
        )
        for batch in reader:
            frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
            last = "".join(frame.row(-1)) if frame.height else last
            yield frame
    except pa.ArrowInvalid as error:
        raise SourceError(
            f"{name} cannot be read near row {report.row_count + 2}: {_reason(error)}.",
            advice="Save it as CSV in UTF-8, RFC 4180.",
        ) from error
    if text.quote_count % 2 and "\n" in last + "".join(raw for _, raw, _ in report.ragged[-1:]):
        raise SourceError(
            f"{name} ends inside a cell whose quotation mark is never closed.",
            advice="Save it as CSV, RFC 4180: a quotation mark in a cell is written twice.",
        )


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0].rstrip(".")


def _header(line: bytes, name: str) -> list[str]:
    try:
        return list(pa_csv.open_csv(pa.BufferReader(line + b"\n")).schema.names)
    except pa.ArrowInvalid as error:
        raise SourceError(
            f"The header of {name} cannot be read: {_reason(error)}.", advice="Save it as CSV in UTF-8, RFC 4180."
        ) from error


def _parquet(stream: IO[bytes], table: BundleTable, name: str, report: FileReport) -> Iterator[pl.DataFrame]:
    try:
        source = pa_parquet.ParquetFile(stream)
        columns = _check_columns(list(source.schema_arrow.names), table, name, report)
        yield pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        for batch in source.iter_batches(batch_size=131072, columns=columns):
            frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch])))
            yield frame.select(_as_text(frame[column], table.by_name[column], name) for column in columns)
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(
            f"{name} is not a readable Parquet file: {_reason(error)}.", advice="Export it again."
        ) from error


def _as_text(cells: pl.Series, column: Column, name: str) -> pl.Series:
    """Parquet columns may have any type that casts without loss (annex B22): here they become the text of a CSV."""
    kind = cells.dtype
    if isinstance(kind, pl.Datetime):
        if column.kind == "date" and cells.drop_nulls().dt.time().eq(time()).all():
            return cells.dt.date().dt.to_string("%Y-%m-%d")
        return cells.dt.to_string("%Y-%m-%dT%H:%M:%S%.6f" + ("%:z" if kind.time_zone else ""))
    if kind == pl.Date:
        return cells.dt.to_string("%Y-%m-%d")
    if kind == pl.Time:
        return cells.dt.to_string("%H:%M")
    if kind == pl.Boolean:
        return cells.replace_strict({True: "true", False: "false"}, return_dtype=pl.String)
    if kind.is_float():
        return _float_text(cells)
    if kind.is_decimal():
        return cells.cast(pl.String).str.replace(r"\.0+$", "")
    if kind.is_nested() or kind == pl.Duration or kind == pl.Object:
        raise SourceError(
            f"{name} has in the column {column.name} cells of the type {kind}.",
            advice="Export the column as text, numbers, dates or times.",
        )
    return cells.cast(pl.String)


def _float_text(cells: pl.Series) -> pl.Series:
    """Tools that know no empty whole numbers write keys as 17.0: such are whole numbers, and NaN is a blank."""
    number = pl.col("cells")
    whole = number.is_finite() & (number == number.round()) & (number.abs() < GREATEST_WHOLE)
    return (
        cells.to_frame("cells")
        .select(
            pl.when(whole)
            .then(number.cast(pl.Int64, strict=False).cast(pl.String))
            .when(~number.is_nan())
            .then(number.cast(pl.String))
            .alias("cells")
        )["cells"]
        .alias(cells.name)
    )
