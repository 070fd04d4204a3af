"""A table of a page as CSV for a table program: what it is, of whom, as of when, who made it; then its rows. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from dashboard.finding_export import safe
from dashboard.i18n import day_short, number


def table_csv(rows: pl.DataFrame, about: Sequence[tuple[str, str]]) -> bytes:
    """Columns already named in Russian; numbers with a decimal comma, nothing as an empty cell.

    Semicolons and a byte-order mark, as the list of findings has them; a text is never read as a formula.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([safe(name), safe(value)] for name, value in about)
    writer.writerow([])
    writer.writerow([safe(name) for name in rows.columns])
    writer.writerows([_cell(value) for value in row] for row in rows.iter_rows())
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        raise TypeError("A table for people has words and not truth values.")
    if isinstance(value, float):
        return number(value, 4).rstrip("0").rstrip(",").replace("\N{NO-BREAK SPACE}", "")
    if isinstance(value, int):
        return str(value)
    return day_short(value) if isinstance(value, date) else safe(str(value))
