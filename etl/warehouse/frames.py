"""Polars frames in the shape of the analytical tables, to and from PostgreSQL by COPY.

CSV COPY from 250,000-row chunks, encoded in a second thread, runs at the speed of `psql \\copy` and stays inside the
load's own transaction (DECISIONS 3).
"""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Iterator
from typing import Any

import polars as pl
import psycopg
from psycopg import sql
from sqlalchemy import Boolean, Date, DateTime, Float, Integer, Numeric, SmallInteger, Table, Time

from etl.contract.columns import BundleTable
from etl.warehouse.tables import BUNDLE, TEXTS

CHUNK = 250_000
_INSTANT = pl.Datetime("us", "UTC")
_DTYPES: tuple[tuple[type, Any], ...] = (
    (SmallInteger, pl.Int16),
    (Integer, pl.Int32),
    (DateTime, _INSTANT),
    (Date, pl.Date),
    (Time, pl.Time),
    (Boolean, pl.Boolean),
    (Numeric, pl.Float64),
    (Float, pl.Float64),
)


def schema_of(table: Table) -> dict[str, Any]:
    """Polars types of a table's columns, in the table's order; text is String."""
    return {
        column.name: next((dtype for kind, dtype in _DTYPES if isinstance(column.type, kind)), pl.String)
        for column in table.columns
    }


def bundle_schema(table: BundleTable) -> dict[str, Any]:
    """Types of a bundle table's rows as the load handles them: the analytical columns and the texts kept
    beside them.
    """
    schema = schema_of(BUNDLE[table.name])
    schema.pop("school_id", None)
    return {**schema, **dict.fromkeys(table.texts, pl.String)}


def copy_in(cursor: psycopg.Cursor[Any], table: str, rows: pl.DataFrame) -> None:
    """Append rows to a table by COPY; the frame's columns name the table's."""
    if not rows.height:
        return
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    )
    with cursor.copy(command) as copy:
        for chunk in _encoded(rows):
            copy.write(chunk)


def _encoded(rows: pl.DataFrame) -> Iterator[bytes]:
    """CSV chunks; the next one is encoded while PostgreSQL swallows the present one."""
    if rows.height <= CHUNK:
        yield _csv(rows)
        return
    ready: queue.Queue[bytes | BaseException | None] = queue.Queue(maxsize=2)

    def encode() -> None:
        try:
            for start in range(0, rows.height, CHUNK):
                ready.put(_csv(rows.slice(start, CHUNK)))
            ready.put(None)
        except BaseException as error:
            ready.put(error)

    threading.Thread(target=encode, daemon=True).start()
    while (chunk := ready.get()) is not None:
        if isinstance(chunk, BaseException):
            raise chunk
        yield chunk


def _csv(rows: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    rows.write_csv(buffer, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%:z", time_format="%H:%M:%S")
    return buffer.getvalue()


def copy_out(cursor: psycopg.Cursor[Any], query: sql.Composable, schema: dict[str, Any]) -> pl.DataFrame:
    """Rows of a query as a frame with this schema; the session's time zone is UTC."""
    buffer = io.BytesIO()
    with cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query)) as copy:
        for block in copy:
            buffer.write(block)
    if not buffer.tell():
        return pl.DataFrame(schema=schema)
    buffer.seek(0)
    text = pl.read_csv(buffer, has_header=False, new_columns=list(schema), schema=dict.fromkeys(schema, pl.String))
    return text.select(_from_text(name, dtype) for name, dtype in schema.items())


def _from_text(name: str, dtype: Any) -> pl.Expr:
    column = pl.col(name)
    if dtype == _INSTANT:
        return (
            column.str.strip_suffix("+00")
            .str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")
            .dt.replace_time_zone("UTC")
            .alias(name)
        )
    if dtype == pl.Date:
        return column.str.to_date("%Y-%m-%d")
    if dtype == pl.Time:
        return column.str.to_time("%H:%M:%S")
    if dtype == pl.Boolean:
        return column.replace_strict({"t": True, "f": False}, return_dtype=pl.Boolean)
    return column.cast(dtype)


def read_stored(cursor: psycopg.Cursor[Any], table: BundleTable, school_id: int) -> pl.DataFrame:
    """All rows of a school in one bundle table, deleted ones included, with their texts; schema `bundle_schema`."""
    schema = bundle_schema(table)
    stored = BUNDLE[table.name]
    texts = TEXTS.get(table.name)
    columns = [sql.SQL("t.{}").format(sql.Identifier(name)) for name in schema if name not in table.texts]
    source = sql.SQL("{} t").format(sql.Identifier(stored.name))
    if texts is not None:
        columns += [sql.SQL("x.{}").format(sql.Identifier(name)) for name in table.texts]
        on = list(texts.primary_key.columns.keys())
        using = sql.SQL(" AND ").join(sql.SQL("t.{0} = x.{0}").format(sql.Identifier(name)) for name in on)
        source = sql.SQL("{} LEFT JOIN {} x ON {}").format(source, sql.Identifier(texts.name), using)
    query = sql.SQL("SELECT {} FROM {} WHERE t.school_id = {}").format(
        sql.SQL(", ").join(columns), source, sql.Literal(school_id)
    )
    return copy_out(cursor, query, schema)


def write_rows(
    cursor: psycopg.Cursor[Any], table: BundleTable, school_id: int, written: pl.DataFrame, *, is_new: bool
) -> None:
    """Store these rows in place of any with the same key; `is_new` spares the look for old ones."""
    if not written.height:
        return
    stored = BUNDLE[table.name]
    parts = [(stored.name, list(schema_of(stored)), _key_columns(stored))]
    texts = TEXTS.get(table.name)
    if texts is not None:
        parts.append((texts.name, list(schema_of(texts)), list(texts.primary_key.columns.keys())))
    rows = written.with_columns(pl.lit(school_id, pl.Int32).alias("school_id"))
    for name, columns, key in parts:
        part = rows.select(columns)
        if is_new:
            copy_in(cursor, name, part)
            continue
        _replace(cursor, name, columns, key, part)


def _key_columns(stored: Table) -> list[str]:
    if len(stored.primary_key.columns):
        return list(stored.primary_key.columns.keys())
    unique = next(index for index in stored.indexes if index.unique)
    return [column.name for column in unique.columns]


def _replace(cursor: psycopg.Cursor[Any], name: str, columns: list[str], key: list[str], rows: pl.DataFrame) -> None:
    """Delete by key and insert, through a staging table. School year may change with a lesson's group, so
    it is no match key.
    """
    staging = sql.Identifier("staging")
    cursor.execute(sql.SQL("CREATE TEMP TABLE {} (LIKE {}) ON COMMIT DROP").format(staging, sql.Identifier(name)))
    copy_in(cursor, "staging", rows)
    cursor.execute(sql.SQL("ANALYZE {}").format(staging))
    match = sql.SQL(" AND ").join(
        sql.SQL("t.{0} IS NOT DISTINCT FROM s.{0}" if column == "from_on" else "t.{0} = s.{0}").format(
            sql.Identifier(column)
        )
        for column in key
        if column != "school_year" or name == BUNDLE["setup_section"].name
    )
    cursor.execute(sql.SQL("DELETE FROM {} t USING {} s WHERE {}").format(sql.Identifier(name), staging, match))
    named = sql.SQL(", ").join(map(sql.Identifier, columns))
    cursor.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(sql.Identifier(name), named, named, staging))
    cursor.execute(sql.SQL("DROP TABLE {}").format(staging))
