"""School years whose journals were purged (`etl.retention`): what a file still holds of them is not taken in again."""

from __future__ import annotations

from datetime import date

import polars as pl

from etl.warehouse.writer import Writer

_SUMMARY = frozenset({"enrolment", "group_member", "period_mark", "movement", "school_class", "study_group", "period"})
"""Tables of a bundle that stay for 25 years, by school year or day."""
_DAYS = {
    "change": "changed_latest",
    "activity": "date",
    "absence_document": "to_on",
    "staff_absence": "to_on",
    "edit_permission": "decided_on",
}


def purged_until(writer: Writer, school_id: int, *, is_new: bool) -> int:
    """The last school year of the school whose journals are no longer kept; 0 = none."""
    if is_new:
        return 0
    found = writer.now().execute("SELECT purged_until FROM dim_school WHERE school_id = %s", [school_id]).fetchone()
    return int(found[0] or 0) if found else 0


def without_purged(rows: pl.DataFrame, table: str, until: int) -> pl.DataFrame:
    """The rows of a bundle's table that are younger than the school year `until`, or of no year; all of them for 0."""
    if not until or table in _SUMMARY:
        return rows
    day = _DAYS.get(table, "")
    if day in rows.columns:
        is_younger = pl.col(day).cast(pl.Date) >= pl.lit(date(until + 1, 9, 1))
    elif "school_year" in rows.columns:
        is_younger = pl.col("school_year") > until
    else:
        return rows
    return rows.filter(is_younger.fill_null(value=True))
