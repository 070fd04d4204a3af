"""A table as CSV for a table program, with what it shows, of when and for whom above it. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard import wording
from dashboard.access import Identity
from dashboard.finding_export import safe
from dashboard.i18n import day_short, listed, number, t


def table_csv(columns: Sequence[str], rows: Sequence[Sequence[str]], about: Sequence[tuple[str, str]]) -> bytes:
    """Semicolons and a byte-order mark, as the export of findings; nothing a table program would calculate."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([safe(name), safe(value)] for name, value in about)
    writer.writerow([])
    writer.writerow([safe(name) for name in columns])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def frame_csv(rows: pl.DataFrame, about: Sequence[tuple[str, str]]) -> bytes:
    """The same of a frame whose columns are named in Russian: decimal commas, nothing as an empty cell."""
    return table_csv(rows.columns, [[_cell(value) for value in row] for row in rows.iter_rows()], about)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        raise TypeError("A table for people has words and not truth values.")
    if isinstance(value, float):
        return number(value, 4).rstrip("0").rstrip(",").replace("\N{NO-BREAK SPACE}", "")
    if isinstance(value, int):
        return str(value)
    return day_short(value) if isinstance(value, date) else str(value)


def about_table(
    title: str,
    school: str,
    zone: str,
    until: datetime,
    person: Identity,
    now: datetime,
    period: str,
    systems: Sequence[str | None] = (),
) -> list[tuple[str, str]]:
    """The lines above: title, school, source systems, data until, who, when, period."""
    lines = (
        ("title", title),
        ("schools", school),
        ("source", listed(name or t("loads.unknown_source") for name in systems) or "—"),
        ("until", wording.short_moment(until, zone)),
        ("who", f"{person.name}, " + t(f"role.{person.role}")),
        ("made", wording.short_moment(now, zone)),
        ("period", period),
    )
    return [(t(f"finding_export.about_{name}"), words) for name, words in lines]
