"""A table as Parquet (requirements B-48): typed columns, and what it shows, of when and for whom in the metadata. Pure.

For programs that analyse, so nothing is written as a table program wants it: shares are numbers from 0 to 1, days are
days, moments know their zone, and a text stands without an apostrophe: no program calculates a cell of Parquet.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from dashboard.i18n import NBSP, t
from dashboard.table_export import About, Share, Sheet, Value, distinct


def parquet_file(sheet: Sheet, about: About) -> bytes:
    """The sheet as one Parquet file; its key-value metadata are the words about the table.

    A column in which words stand among numbers or days («нельзя оценить») becomes two: the values, and beside them the
    words, so that no figure turns into a text. Raises TypeError for a truth value, as CSV does.
    """
    series = [
        found
        for place, name in enumerate(sheet.columns)
        for found in _columns(name, [row[place] for row in sheet.rows])
    ]
    names = distinct(found.name for found in series)
    frame = pl.DataFrame([found.alias(name) for found, name in zip(series, names, strict=True)])
    out = io.BytesIO()
    frame.write_parquet(out, metadata=dict(about) | {t("export.parquet_unit"): t("export.parquet_shares")})
    return out.getvalue()


def _columns(name: str, values: Sequence[Value]) -> list[pl.Series]:
    """The column typed, and a column of its words where it holds others too."""
    words = [value.replace(NBSP, " ") if isinstance(value, str) else None for value in values]
    others = [None if isinstance(value, str) else value for value in values]
    typed = _typed(name, others)
    if typed is None:
        return [pl.Series(name, words, pl.String)]
    if all(word is None for word in words):
        return [typed]
    return [typed, pl.Series(t("export.note", column=name), words, pl.String)]


def _typed(name: str, values: Sequence[Value]) -> pl.Series | None:
    """The values that are no texts, by the one type that holds them all; None where there are none."""
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return None
    if kinds == {int}:
        return pl.Series(name, values, pl.Int64)
    if kinds <= {int, float, Share}:
        return pl.Series(name, [None if value is None else float(value) for value in values], pl.Float64)  # type: ignore[arg-type]
    if kinds == {date}:
        return pl.Series(name, values, pl.Date)
    if kinds == {datetime}:
        zones = {str(value.tzinfo) for value in values if isinstance(value, datetime)}
        zone = zones.pop() if len(zones) == 1 else "UTC"  # schools of several zones stand in one column
        return pl.Series(name, values, pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    raise TypeError(f"Column {name!r} mixes {sorted(kind.__name__ for kind in kinds)}: a file needs one type.")
