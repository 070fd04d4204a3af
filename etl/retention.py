"""What is kept longer than the school's act demands, by school year: a report, and a purge that deletes exactly it.

Years count from the end of the school year (31 August): journals 5 (001 Р-3.4, 004 8.6), summaries of marks, with the
classes, enrolments and movements that make them readable, 25 (001 Р-3.6, 004 8.6). Where the act is silent the same
years hold as our own measure, and the report says so. The legal archive is the source's; this is our copy of it. A day
is the school's own. Every table has one fate: it is named in a list below or in KEPT with the reason.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from etl.errors import BusyError
from etl.export_log import ROLE
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
    "print_line",
)
"""Tables by school year that are the summary; every other table by school year is the journal."""


def _year_of(day: str) -> str:
    """SQL: first calendar year of the school year in which a date lies (from 1 September)."""
    return f"CASE WHEN isfinite({day}) THEN extract(year FROM {day} - interval '8 months')::int END"


def _year_of_moment(moment: str) -> str:
    """The same for a moment, in the school's time (`keeping.timezone`)."""
    return _year_of(f"({moment} AT TIME ZONE k.timezone)")


def _line(table: str, day: str) -> str:
    """SQL: the latest school year of all versions of a register's line, so that a line goes as a whole."""
    return (
        f"(SELECT max({_year_of(day)}) FROM {table} v WHERE v.school_id = t.school_id AND v.{table}_id = t.{table}_id)"
    )


_OF_LOAD = f"(SELECT {_year_of_moment('r.extracted_at')} FROM load_run r WHERE r.load_id = t.load_id)"
_FINDING = "(SELECT f.school_year FROM finding f WHERE f.school_id = t.school_id AND f.finding_id = t.finding_id)"
_LAST_ENROLMENT = (
    "(SELECT max(e.school_year) FROM fact_enrolment e WHERE e.school_id = t.school_id AND e.pupil_id = t.pupil_id)"
)
# what hangs on other rows goes before them
_JOURNAL: tuple[tuple[str, str], ...] = (
    ("finding_decision", _FINDING),
    ("load_reject", _OF_LOAD),
    ("load_warning", _OF_LOAD),
    ("load_request", _year_of_moment("t.asked_at")),
    ("access_event", _year_of_moment("t.at")),
    ("fact_change", _year_of_moment("t.changed_latest")),
    ("fact_activity", _year_of("t.date")),
    ("fact_absence_document", _year_of("t.to_on")),
    ("fact_staff_absence", _year_of("coalesce(t.to_on, t.from_on)")),
    ("fact_edit_permission", _year_of("t.decided_on")),
    # states of the present: they go some years after the source ceased to report them
    *((name, _year_of_moment("t.deleted_latest")) for name in ("fact_account", "fact_card_field", "fact_consent")),
    # registers of people
    ("absence_document_entry", _line("absence_document_entry", "v.to_on")),
    ("edit_permission_entry", _line("edit_permission_entry", "v.decided_on")),
    ("printout_request", _line("printout_request", "coalesce(v.ended_on, v.last_issued_on, v.requested_on)")),
    ("incident", _line("incident", "v.known_at")),
    ("outage", _line("outage", "v.from_at")),
    ("review_tick", _line("review_tick", "v.month_on")),
    ("municipal_report", _line("municipal_report", "coalesce(v.done_on, v.due_on)")),
    # a reader's own tables go some years after they were last saved, also those of a closed account
    (
        "saved_report",
        f"(SELECT max({_year_of_moment('v.saved_at')}) FROM saved_report v WHERE v.school_id = t.school_id"
        " AND v.user_id = t.user_id AND v.saved_report_id = t.saved_report_id)",
    ),
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
_INSTALLATION = (
    ("access_attempt", _year_of("t.at")),
    ("access_session", _year_of("t.created_at")),
    ("digest_delivery", _year_of("t.at")),
)
"""Of no school: addresses of sign-ins and letters go with the journals of the school that keeps them longest."""
KEPT = {
    "accounts and what they may see": ("access_user", "access_grant", "access_row", "digest_setting"),
    "what a school and a person is; authors stay known (004 4.3), names of pupils go": (
        "dim_school", "dim_municipality", "dim_subject", "dim_calendar_day", "dim_staff", "dim_staff_name",
        "dim_pupil", "source_key", "id_counter", "metric_setting",
    ),
    "documents of the school's own control, without pupils (004 8.2)": (
        "control_act", "control_package", "control_version",
    ),
    "no person": (
        "regulation", "regulation_parameter", "judgement", "judgement_rule", "judgement_request", "ledger_horizon",
        "derivation_request", "load_run", "load_table", "load_scope", "check_run", "check_result", "check_cell",
    ),
}  # fmt: skip
"""Reason → tables that no purge touches."""


@dataclass(frozen=True)
class Overdue:
    """Rows of one school, school year and kind (`journals`, `summaries`, of the installation `sign-ins`) that are over
    since `over_on`."""

    school_key: str
    school_year: int
    what: str
    years: int
    basis: str
    over_on: date
    row_count: int


def fates() -> dict[str, list[str]]:
    """Table → the lists that name it; every table of the warehouse must be in exactly one (tested)."""
    found: dict[str, list[str]] = {}
    for fate, names in (
        ("journals", [name for name, _ in _JOURNAL]),
        ("summaries", [name for name, _ in _SUMMARY]),
        ("sign-ins", [name for name, _ in _INSTALLATION]),
        *KEPT.items(),
    ):
        for name in names:
            found.setdefault(name, []).append(fate)
    return found


def overdue(url: str, today: date | None = None) -> list[Overdue]:
    """What may go at `today` (by default each school's own day), by school and school year; deletes nothing."""
    with owner_connection(url) as connection:
        return _overdue(connection, today)


def all_over_before(url: str, today: date | None = None) -> datetime:
    """The moment before which no school's journals need be kept: for files that several schools share."""
    with owner_connection(url) as connection:
        _state_limits(connection, today)
        found = connection.execute("SELECT min(journal_year) FROM keeping").fetchone()
    return datetime((found[0] if found and found[0] else 1) + 1, 9, 1, tzinfo=UTC)


def purge_overdue(url: str, *, expected: int, today: date | None = None) -> int:
    """Delete what `overdue` reports, in one transaction, note which years are gone and, in the schools' logs of access,
    who did it; returns the rows deleted.

    Raises BusyError where that is not `expected`, because a load came between the report and the confirmation.
    """
    with owner_connection(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [WRITE_LOCK])
        found = _overdue(connection, today)
        deleted = 0
        for limit, tables in (("journal_year", _JOURNAL), ("summary_year", _SUMMARY)):
            for table, year in tables:
                deleted += connection.execute(
                    f"DELETE FROM {table} t USING keeping k WHERE k.school_id = t.school_id AND {year} <= k.{limit}"
                ).rowcount
        for table, year in _INSTALLATION:
            deleted += connection.execute(
                f"DELETE FROM {table} t WHERE {year} <= (SELECT min(journal_year) FROM keeping)"
            ).rowcount
        if deleted != expected:
            connection.rollback()
            raise BusyError(
                f"{deleted} rows would go now, {expected} were confirmed.", advice="Nothing was deleted. Look again."
            )
        for one in found:
            _note(connection, one)
    return deleted


def _note(connection: psycopg.Connection[Any], one: Overdue) -> None:
    connection.execute(
        "INSERT INTO access_event (at, school_id, user_id, row_count, as_of, kind, subject, full_name, role)"
        " SELECT clock_timestamp(), school_id, 0, %s, %s, 'register', %s, %s, %s FROM dim_school WHERE school_key = %s",
        [one.row_count, date(one.school_year + 1, 8, 31), f"purge_{one.what}", getpass.getuser(), ROLE, one.school_key],
    )
    if one.what == "journals":  # a later load takes nothing of it in, and nothing is judged there
        connection.execute(
            "UPDATE dim_school SET purged_until = greatest(coalesce(purged_until, 0), %s),"
            " data_version = data_version + 1 WHERE school_key = %s",
            [one.school_year, one.school_key],
        )


def _overdue(connection: psycopg.Connection[Any], today: date | None) -> list[Overdue]:
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
    found += _of_installation(connection)
    return sorted(found, key=lambda one: (one.school_key, one.school_year, one.what))


def _of_installation(connection: psycopg.Connection[Any]) -> list[Overdue]:
    counts = " UNION ALL ".join(
        f"SELECT {year} AS school_year FROM {table} t WHERE {year} <= (SELECT min(journal_year) FROM keeping)"
        for table, year in _INSTALLATION
    )
    rows = connection.execute(
        f"SELECT c.school_year, (SELECT max(journal_years) FROM keeping), count(*) FROM ({counts}) c GROUP BY 1"
    ).fetchall()
    basis = "as the journals kept longest"
    return [Overdue("", year, "sign-ins", years, basis, date(year + 1 + years, 9, 1), n) for year, years, n in rows]


def _state_limits(connection: psycopg.Connection[Any], today: date | None) -> None:
    """The temporary table `keeping`: school → years, their basis, its zone and the newest school year that is over.

    What an act says counts from its first day: a shorter time that begins next year deletes nothing today.
    """
    day = "(now() AT TIME ZONE s.timezone)::date" if today is None else f"date '{today.isoformat()}'"
    in_force = f"(r.valid_from IS NULL OR r.valid_from <= {day})"  # else the first version, which covers what is older
    stated = (
        "(SELECT {what} FROM regulation_parameter p JOIN regulation r USING (regulation, profile_version)"
        " WHERE p.regulation = s.regulation AND p.parameter = '{name}' AND p.value IS NOT NULL"
        f" ORDER BY {in_force} DESC, profile_version * CASE WHEN {in_force} THEN -1 ELSE 1 END LIMIT 1)"
    )
    columns = ", ".join(
        f"coalesce({stated.format(what='p.value::int', name=f'{kind}_retention_years')}, {years}) AS {kind}_years,"
        f" coalesce({stated.format(what='regulation || chr(32) || p.clause', name=f'{kind}_retention_years')},"
        f" 'no act: our own measure') AS {kind}_basis"
        for kind, years in (("journal", JOURNAL_YEARS), ("summary", SUMMARY_YEARS))
    )
    connection.execute("DROP TABLE IF EXISTS keeping")
    connection.execute(
        "CREATE TEMPORARY TABLE keeping ON COMMIT DROP AS"
        " SELECT k.*, this_year - 1 - journal_years AS journal_year, this_year - 1 - summary_years AS summary_year"
        f" FROM (SELECT s.school_id, s.timezone, extract(year FROM {day} - interval '8 months')::int AS this_year,"
        f" {columns} FROM dim_school s) k"
    )
