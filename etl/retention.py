"""What is kept longer than the school's act demands, by school year: a report, and a purge that deletes exactly it.

Years count from the end of the school year (31 August): journals 5 (001 Р-3.4, 004 8.6), summaries of marks, with the
classes, enrolments and movements that make them readable, 25 (001 Р-3.6, 004 8.6). Where the act is silent the same
years hold as our own measure, and the report says so. The legal archive is the source's; this is our copy of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from etl.errors import BusyError
from etl.warehouse.engine import owner_connection
from etl.warehouse.locks import WRITE_LOCK
from etl.warehouse.tables import metadata

JOURNAL_YEARS, SUMMARY_YEARS = 5, 25
SUMMARY = (
    "fact_period_mark",
    "mart_period_mark",
    "mart_period_success",
    "mart_period_group",
    "fact_enrolment",
    "fact_group_member",
    "dim_class",
    "dim_group",
    "dim_journal",
    "dim_period",
)
"""Tables by school year that are the summary; every other table by school year is the journal."""


def _year_of(day: str) -> str:
    """SQL: first calendar year of the school year in which a date lies (from 1 September)."""
    return f"CASE WHEN isfinite({day}) THEN extract(year FROM {day} - interval '8 months')::int END"


_FINDING = "(SELECT f.school_year FROM finding f WHERE f.school_id = t.school_id AND f.finding_id = t.finding_id)"
_LAST_ENROLMENT = (
    "(SELECT max(e.school_year) FROM fact_enrolment e WHERE e.school_id = t.school_id AND e.pupil_id = t.pupil_id)"
)
# what hangs on other rows goes before them
_JOURNAL: tuple[tuple[str, str], ...] = (
    ("finding_decision", _FINDING),
    ("load_reject", f"(SELECT {_year_of('r.extracted_at')} FROM load_run r WHERE r.load_id = t.load_id)"),
    ("fact_change", _year_of("t.changed_latest")),
    ("fact_activity", _year_of("t.date")),
    ("fact_absence_document", _year_of("t.to_on")),
    *(
        (table.name, "t.school_year")
        for table in metadata.sorted_tables
        if "school_year" in table.columns and table.name not in SUMMARY and table.name != "load_scope"
    ),
)
_SUMMARY: tuple[tuple[str, str], ...] = (
    ("dim_pupil_name", _LAST_ENROLMENT),
    ("fact_movement", _year_of("t.effective_on")),
    *((name, "t.school_year") for name in SUMMARY),
)


@dataclass(frozen=True)
class Overdue:
    """Rows of one school, school year and kind (`journals`, `summaries`) that are over since `over_on`."""

    school_key: str
    school_year: int
    what: str
    years: int
    basis: str
    over_on: date
    row_count: int


def overdue(url: str, today: date | None = None) -> list[Overdue]:
    """What may go at `today` (UTC by default), by school and school year; deletes nothing."""
    with owner_connection(url) as connection:
        return _overdue(connection, today or datetime.now(UTC).date())


def purge_overdue(url: str, *, expected: int, today: date | None = None) -> int:
    """Delete what `overdue` reports, in one transaction, and note which years are gone; returns the rows deleted.

    Raises BusyError where that is not `expected`, because a load came between the report and the confirmation.
    """
    with owner_connection(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [WRITE_LOCK])
        found = _overdue(connection, today or datetime.now(UTC).date())
        deleted = 0
        for limit, tables in (("journal_year", _JOURNAL), ("summary_year", _SUMMARY)):
            for table, year in tables:
                deleted += connection.execute(
                    f"DELETE FROM {table} t USING keeping k WHERE k.school_id = t.school_id AND {year} <= k.{limit}"
                ).rowcount
        if deleted != expected:
            connection.rollback()
            raise BusyError(
                f"{deleted} rows would go now, {expected} were confirmed.", advice="Nothing was deleted. Look again."
            )
        for one in found:
            if one.what == "journals":  # a later load or derivation judges nothing there
                connection.execute(
                    "UPDATE dim_school SET purged_until = greatest(coalesce(purged_until, 0), %s),"
                    " data_version = data_version + 1 WHERE school_key = %s",
                    [one.school_year, one.school_key],
                )
    return deleted


def _overdue(connection: psycopg.Connection[Any], today: date) -> list[Overdue]:
    _state_limits(connection, today)
    found: list[Overdue] = []
    for what, tables in (("journal", _JOURNAL), ("summary", _SUMMARY)):
        counts = " UNION ALL ".join(
            f"SELECT t.school_id, {year} AS school_year, count(*) AS row_count FROM {table} t"
            f" JOIN keeping k ON k.school_id = t.school_id WHERE {year} <= k.{what}_year GROUP BY 1, 2"
            for table, year in tables
        )
        rows = connection.execute(
            f"SELECT s.school_key, c.school_year, k.{what}_years, k.{what}_basis, sum(c.row_count)::bigint"
            f" FROM ({counts}) c JOIN keeping k USING (school_id) JOIN dim_school s USING (school_id)"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2"
        ).fetchall()
        name = "journals" if what == "journal" else "summaries"
        found += [
            Overdue(key, year, name, years, basis, date(year + 1 + years, 9, 1), count)
            for key, year, years, basis, count in rows
        ]
    return sorted(found, key=lambda one: (one.school_key, one.school_year, one.what))


def _state_limits(connection: psycopg.Connection[Any], today: date) -> None:
    """The temporary table `keeping`: school → years, their basis and the newest school year that is over."""
    this_year = today.year if today.month >= 9 else today.year - 1
    stated = (
        "(SELECT {what} FROM regulation_parameter p WHERE p.regulation = s.regulation AND p.parameter = '{name}'"
        " AND p.value IS NOT NULL ORDER BY p.profile_version DESC LIMIT 1)"
    )
    columns = ", ".join(
        f"coalesce({stated.format(what='p.value::int', name=f'{kind}_retention_years')}, {years}) AS {kind}_years,"
        f" coalesce({stated.format(what='p.regulation || chr(32) || p.clause', name=f'{kind}_retention_years')},"
        f" 'no act: our own measure') AS {kind}_basis"
        for kind, years in (("journal", JOURNAL_YEARS), ("summary", SUMMARY_YEARS))
    )
    connection.execute("DROP TABLE IF EXISTS keeping")
    connection.execute(
        "CREATE TEMPORARY TABLE keeping ON COMMIT DROP AS SELECT k.*, %s - 1 - journal_years AS journal_year,"
        f" %s - 1 - summary_years AS summary_year FROM (SELECT s.school_id, {columns} FROM dim_school s) k".replace(
            "%s", str(this_year)
        )
    )
