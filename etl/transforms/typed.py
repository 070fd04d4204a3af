"""Rows of text become typed rows; a row with one bad cell is set aside with the column, the value and the reason."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache

import polars as pl

from etl.contract.columns import BundleTable, Column, moment_names
from etl.transforms.moments import parse_moments
from etl.transforms.values import canonical_absence, canonical_mark, mark_code

ROW = "_row"
REJECT = pl.Schema(
    {"row_number": pl.Int64, "column_name": pl.String, "value": pl.String, "reason": pl.String, "raw": pl.String}
)
_ZERO = "\0"
"""The one character that PostgreSQL's text cannot hold."""
LONGEST_KEY, LONGEST_TEXT = 400, 100_000
"""Characters of a cell: an index of the database holds no longer key, and no teacher writes a longer homework."""
_SMALLEST, _GREATEST = -(2**31), 2**31 - 1
_FIRST_DAY, _LAST_DAY = date(1950, 1, 1), date(2100, 12, 31)
"""A day outside is a slip of the hand; the calendars that deadlines are counted on would grow by centuries."""
_ENDS = ("to_on", "employed_to")
"""Columns in which sources write 9999-12-31 for an interval that has no end."""


@dataclass
class Typed:
    """Accepted rows (typed, with `_row`, moments as three columns), rejected rows, identical repetitions
    and remarks.
    """

    rows: pl.DataFrame
    rejects: list[pl.DataFrame] = field(default_factory=list)
    repeated_count: int = 0
    warnings: list[str] = field(default_factory=list)


def type_rows(text: pl.DataFrame, table: BundleTable, zone: str, extracted_at: datetime) -> Typed:
    """Type every cell, refuse bad rows, drop identical repetitions of a key. Grain of the result: one row per key."""
    present = [column for column in table.columns if column.name in text.columns]
    typed: dict[str, pl.Series] = {ROW: text[ROW]}
    faults: list[tuple[Column, pl.Series, str]] = []
    warnings = []
    zeros, longest = _columns_with_zero(text), _longest_cells(text)
    for column in present:
        raw = text[column.name]
        if column.name in zeros:
            faults.append(
                (column, raw.str.contains(_ZERO, literal=True).fill_null(value=False), "holds a zero character")
            )
        limit = _limit(column, table)
        if longest[column.name] > limit:
            faults.append(
                (column, (raw.str.len_chars() > limit).fill_null(value=False), f"longer than {limit} characters")
            )
        if column.required and not column.may_be_blank:
            faults.append((column, raw.is_null(), "required cell is blank"))
        if column.kind == "moment":
            moments = parse_moments(raw, zone, extracted_at)
            typed.update(
                zip(
                    moment_names(column.name), (moments["earliest"], moments["latest"], moments["quality"]), strict=True
                )
            )
            faults.append((column, moments["is_bad"], "not a timestamp in ISO 8601"))
            if skewed := int(moments["is_skewed"].sum()):
                warnings.append(
                    f"{table.name}.{column.name}: {skewed} moments are later than the export itself and count as "
                    f"not made"
                )
            continue
        value, reason = _cell(raw, column)
        typed[column.name] = value
        faults.append((column, (raw.is_not_null() & value.is_null()), reason))
    rows = pl.DataFrame(typed)
    faults += _interval_faults(rows, table)
    accepted, rejects = _set_aside(text, rows, faults)
    if "value" in accepted.columns and table.by_name["value"].kind == "mark":
        accepted = accepted.with_columns(mark_code(pl.col("value")).alias("mark_code"))
    result = _without_repetitions(text, accepted, table)
    result.rejects = [*rejects, *result.rejects]
    result.warnings = warnings
    return result


def _columns_with_zero(text: pl.DataFrame) -> frozenset[str]:
    found = text.select(pl.col(pl.String).str.contains(_ZERO, literal=True).any())
    return frozenset(name for name, is_there in found.row(0, named=True).items() if is_there)


def _longest_cells(text: pl.DataFrame) -> dict[str, int]:
    """Bytes of the longest cell by column: no cell of so many characters has fewer."""
    found = text.select(pl.col(pl.String).str.len_bytes().max()).row(0, named=True)
    return {name: length or 0 for name, length in found.items()}


def _limit(column: Column, table: BundleTable) -> int:
    is_indexed = column.kind in {"key", "ref", "author"} or column.name in (*table.key, "municipality")
    return LONGEST_KEY if is_indexed else LONGEST_TEXT


def _cell(raw: pl.Series, column: Column) -> tuple[pl.Series, str]:
    """The typed cells, null where the text does not fit, and the reason to give then."""
    if column.name == "timezone":
        known = [name for name in raw.drop_nulls().unique() if _is_zone(name)]
        return raw.to_frame("x").select(pl.when(pl.col("x").is_in(known)).then("x"))["x"], (
            "not a known IANA time zone"
        )
    if column.kind in {"key", "ref", "author", "text"}:
        return raw, ""
    cell = pl.col("x").str.strip_chars()
    expression, reason = _EXPRESSIONS[column.kind](cell, column)
    return raw.to_frame("x").select(expression.alias("x"))["x"], reason


_zones = cache(zoneinfo.available_timezones)  # reading the list takes as long as loading a small table


@cache
def _is_zone(name: str) -> bool:
    """Known to Python, which prints moments, and to Polars, which counts with them: their lists differ in age."""
    if name not in _zones():
        return False
    try:
        pl.Series([datetime(2024, 9, 1)]).dt.replace_time_zone(name)  # noqa: DTZ001 - it is being given its zone
    except pl.exceptions.PolarsError:
        return False
    return True


def _int(cell: pl.Expr, column: Column) -> tuple[pl.Expr, str]:
    number = pl.when(cell.str.contains(r"^[+-]?\d{1,10}$")).then(cell.cast(pl.Int64, strict=False))
    fits = number.is_between(_SMALLEST, _GREATEST)
    reason = "not a whole number"
    if column.values:
        fits = fits & number.is_in([int(value) for value in column.values])
        reason = f"not one of {', '.join(column.values)}"
    return pl.when(fits).then(number).cast(pl.Int32), reason


def _decimal(cell: pl.Expr, _column: Column) -> tuple[pl.Expr, str]:
    shaped = cell.str.contains(r"^[+-]?\d{1,15}(\.\d{1,15})?$")
    return pl.when(shaped).then(cell.cast(pl.Float64, strict=False)), "not a number with a decimal point"


def _date(cell: pl.Expr, column: Column) -> tuple[pl.Expr, str]:
    day = pl.when(cell.str.contains(r"^\d{4}-\d{2}-\d{2}$")).then(cell.str.to_date("%Y-%m-%d", strict=False))
    fits = day.is_between(_FIRST_DAY, _LAST_DAY) | ((day == date.max) if column.name in _ENDS else pl.lit(value=False))
    return pl.when(fits).then(day), f"not a date as 2024-09-30, from {_FIRST_DAY.year} to {_LAST_DAY.year}"


def _time(cell: pl.Expr, _column: Column) -> tuple[pl.Expr, str]:
    shaped = pl.when(cell.str.contains(r"^\d{2}:\d{2}(:\d{2})?$")).then(cell.str.slice(0, 5))
    return shaped.str.to_time("%H:%M", strict=False), "not a time of day as 08:30"


def _bool(cell: pl.Expr, _column: Column) -> tuple[pl.Expr, str]:
    return cell.replace_strict(
        {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
    ), "neither true nor false"


def _enum(cell: pl.Expr, column: Column) -> tuple[pl.Expr, str]:
    words = tuple(word for word in column.values if not word.endswith(":"))
    fits = cell.is_in(words)
    for prefix in set(column.values) - set(words):
        fits = fits | (cell.str.starts_with(prefix) & (cell.str.len_chars() > len(prefix)))
    return pl.when(fits).then(cell), f"not one of {', '.join(column.values)}"


def _mark(cell: pl.Expr, _column: Column) -> tuple[pl.Expr, str]:
    return canonical_mark(cell), "not a mark of the contract (5 4 3 2 1, н/а, осв, н/оц, зач, незач, .)"


def _absence_code(cell: pl.Expr, _column: Column) -> tuple[pl.Expr, str]:
    return canonical_absence(cell), "not an absence code of the contract (н, ОТ, Б, УП, НП, О, ОП)"


def _school_year(cell: pl.Expr, _column: Column) -> tuple[pl.Expr, str]:
    first = cell.str.slice(0, 4).cast(pl.Int32, strict=False)
    second = cell.str.slice(5, 4).cast(pl.Int32, strict=False)
    shaped = (
        cell.str.contains(r"^\d{4}/\d{4}$") & (second == first + 1) & first.is_between(_FIRST_DAY.year, _LAST_DAY.year)
    )
    return pl.when(shaped).then(first).cast(pl.Int16), "not a school year as 2024/2025"


_EXPRESSIONS = {
    "int": _int,
    "decimal": _decimal,
    "date": _date,
    "time": _time,
    "bool": _bool,
    "enum": _enum,
    "mark": _mark,
    "absence_code": _absence_code,
    "school_year": _school_year,
}
_INTERVALS = (
    ("from_on", "to_on", "from_on is not before to_on"),
    ("starts_on", "ends_on", "starts_on is after ends_on"),
)


def _interval_faults(rows: pl.DataFrame, table: BundleTable) -> list[tuple[Column, pl.Series, str]]:
    """Annex B9: a row with from_on ≥ to_on or starts_on > ends_on is rejected."""
    faults = []
    for start, end, reason in _INTERVALS:
        if start in rows.columns and end in rows.columns:
            wrong = rows[start] >= rows[end] if start == "from_on" else rows[start] > rows[end]
            faults.append((table.by_name[end], wrong.fill_null(value=False), reason))
    return faults


def _set_aside(
    text: pl.DataFrame, rows: pl.DataFrame, faults: list[tuple[Column, pl.Series, str]]
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """The first fault of a row, in the order of the contract's columns, is the one that is told."""
    bad = pl.Series([False]).new_from_index(0, rows.height) if rows.height else pl.Series([], dtype=pl.Boolean)
    rejects = []
    for column, wrong, reason in faults:
        new = wrong & ~bad
        if new.any():
            rejects.append(reject_rows(text.filter(new), column.name, reason))
            bad = bad | new
    return (rows.filter(~bad) if rejects else rows), rejects


def reject_rows(text: pl.DataFrame, column: str | None, reason: str) -> pl.DataFrame:
    """Rows set aside, with the raw row as JSON; schema REJECT."""
    cells = [name for name in text.columns if name != ROW]
    value = pl.col(column) if column and column in text.columns else pl.lit(None, pl.String)
    return text.select(
        pl.col(ROW).alias("row_number"),
        pl.lit(column, pl.String).alias("column_name"),
        value.alias("value"),
        pl.lit(reason).alias("reason"),
        pl.struct(cells).struct.json_encode().alias("raw"),
    ).cast(REJECT)


def _without_repetitions(text: pl.DataFrame, rows: pl.DataFrame, table: BundleTable) -> Typed:
    """Annex B10: a key that comes again is counted unchanged when identical and rejected when different."""
    keys = [name for name in table.key if name in rows.columns]
    first = rows.select(pl.struct(keys).is_first_distinct()).to_series()
    if first.all():
        return Typed(rows)
    kept = rows.filter(first)
    again = rows.filter(~first)
    content = [name for name in rows.columns if name != ROW]
    identical = again.join(kept.select(content), on=content, how="semi", nulls_equal=True)
    different = again.join(identical.select(ROW), on=ROW, how="anti")
    rejected = text.join(different.select(ROW), on=ROW, how="semi", maintain_order="left")
    rejects = (
        [
            reject_rows(
                rejected, table.key[0], "the key came before in this file with other content; the first row stays"
            )
        ]
        if different.height
        else []
    )
    return Typed(kept, rejects, identical.height)
