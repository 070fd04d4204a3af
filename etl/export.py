"""The ledger and the findings as CSV, as the contract prescribes: one line a row, ordered by rule and object_key."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import BinaryIO

from psycopg import sql

from etl.contract.ledger import RULE, RULES, Rule, Status
from etl.errors import SettingsError
from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import EXISTS, STATUS, horizons

LEDGER_COLUMNS = (
    "school_key",
    "rule",
    "object_type",
    "object_key",
    "responsible_key",
    "not_before",
    "target_at",
    "due_at",
    "done_at",
    "status",
    "clause",
)
_DATE_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")
_KEY = (
    "(SELECT k.key FROM source_key k WHERE k.school_id = r.school_id AND k.table_name = '{table}' AND k.id = "
    "r.{column})"
)
_PAIR = (
    "JOIN dim_journal j ON j.school_id = r.school_id AND j.journal_id = r.journal_id"
    " JOIN source_key kg ON kg.school_id = r.school_id AND kg.table_name = 'study_group' AND kg.id = j.group_id"
    " JOIN source_key ks ON ks.school_id = r.school_id AND ks.table_name = 'subject' AND ks.id = j.subject_id"
)
_PUPIL = "JOIN source_key kp ON kp.school_id = r.school_id AND kp.table_name = 'pupil' AND kp.id = r.pupil_id"
_OF_PERIOD = (
    f"{_PAIR} {_PUPIL} JOIN source_key ke ON ke.school_id = r.school_id AND ke.table_name = 'period' AND ke.id = "
    f"r.period_id",
    "kp.key || '|' || kg.key || '|' || ks.key || '|' || ke.key",
)


def _fact(table: str, noun: str, *, by_year: bool = True, key: str = "") -> tuple[str, str]:
    year = " AND o.school_year = r.school_year" if by_year else ""
    return (
        f"JOIN {table} o ON o.school_id = r.school_id{year} AND o.{noun}_id = r.object_id",
        f"o.{key or noun}_key",
    )


_OBJECTS: dict[str, tuple[str, str]] = {
    "lesson": _fact("fact_lesson", "lesson"),
    "absence": _fact("fact_absence", "absence"),
    "mark": _fact("fact_mark", "mark"),
    "work": _fact("fact_work", "work"),
    "change": _fact("fact_change", "change", by_year=False),
    "period_mark": _OF_PERIOD,
    "timetable_version": _fact("fact_timetable_version", "version", by_year=False),
    "journal": (_PAIR, "kg.key || '|' || ks.key"),
    "setup_section": ("", "r.object_key"),
    "movement": _fact("fact_movement", "movement", by_year=False),
    "account": _fact("fact_account", "account", by_year=False),
    "assessment": _fact("fact_assessment", "assessment", by_year=False),
    "pupil": (_PUPIL, "kp.key"),
    "class": (
        "JOIN source_key kc ON kc.school_id = r.school_id AND kc.table_name = 'school_class' AND kc.id = r.class_id",
        "kc.key",
    ),
    "class_day": ("", "r.object_key"),
    "card": ("", "r.object_key"),
    "control_act": ("", "r.object_key"),
    "pupil_work": (_PUPIL, "r.object_key || '|' || kp.key"),
}
"""How the object of a row is named in the source (annex L13): a join to `r` and the key, by type of object."""
_OBJECTS_OF_RULE: dict[str, tuple[str, str]] = dict.fromkeys(
    ("period_mark_author", "period_mark_unjustified"), _fact("fact_period_mark", "period_mark")
)
"""Rules whose rows name their object otherwise than the rest of its type."""


def as_of_sql(text: str | None) -> str:
    """SQL for T of school `s` (annex L12): with an offset an instant, else local time; a bare date is its 23:59:59.

    None = where each school's data end. Raises SettingsError for anything else.
    """
    if text is None:
        return "NULL::timestamptz"
    try:
        moment = (
            datetime.combine(datetime.fromisoformat(text).date(), time(23, 59, 59))
            if _DATE_ONLY.fullmatch(text)
            else datetime.fromisoformat(text)
        )
    except ValueError as error:
        raise SettingsError(
            f"--as-of {text!r} is no moment.",
            advice="Write it as 2024-10-01, 2024-10-01T18:00 or 2024-10-01T18:00:00+03:00.",
        ) from error
    moment = moment.replace(microsecond=0)
    if moment.tzinfo is not None:
        return f"'{moment.isoformat()}'::timestamptz"
    return f"('{moment.isoformat()}'::timestamp AT TIME ZONE s.timezone)"


def export_ledger(url: str, out: BinaryIO, *, as_of: str | None = None) -> int:
    """Write the ledger at T; returns the number of rows. Moments carry the school's offset and whole seconds."""
    query = _ledger_query(as_of_sql(as_of))
    with owner_connection(url) as connection, connection.cursor() as cursor:
        with cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(sql.SQL(query))) as copy:
            for block in copy:
                out.write(block)
        return max(0, cursor.rowcount)


def _ledger_query(as_of: str) -> str:
    rest = [rule for rule in RULES if rule.name not in _OBJECTS_OF_RULE]
    branches = [
        _branch(kind, [rule for rule in rest if rule.object_type == kind], named, as_of)
        for kind, named in _OBJECTS.items()
    ]
    branches += [
        _branch(RULE[name].object_type, [RULE[name]], named, as_of) for name, named in _OBJECTS_OF_RULE.items()
    ]
    columns = ", ".join(LEDGER_COLUMNS)
    return (
        f'SELECT {columns} FROM ({" UNION ALL ".join(branches)}) x ORDER BY rule COLLATE "C", object_key '
        f'COLLATE "C", school_key COLLATE "C"'
    )


def _branch(object_type: str, rules: list[Rule], named: tuple[str, str], as_of: str) -> str:
    names = ", ".join(f"({rule.number}, '{rule.name}')" for rule in rules)
    join, key = named
    statuses = ", ".join(f"({int(status)}, '{status.name}')" for status in Status)
    judged = f"r.excluded IS NULL AND r.made_status <> {int(Status.breached)}"
    moments = ", ".join(
        f"{_moment(expression)} AS {name}"
        for name, expression in (
            ("not_before", f"CASE WHEN {judged} THEN r.not_before END"),
            ("target_at", f"CASE WHEN {judged} THEN r.target_at END"),
            ("due_at", f"CASE WHEN {judged} THEN r.due_at END"),
            ("done_at", f"CASE WHEN {judged} AND r.done_latest <= h.t THEN r.done_latest END"),
        )
    )
    return (
        f"SELECT s.school_key, n.rule, '{object_type}' AS object_type, {key} AS object_key, "
        f"{_KEY.format(table='staff', column='staff_id')} AS responsible_key,"
        f" {moments}, d.status, c.clause"
        f" FROM ledger_row r JOIN {horizons(as_of)} h USING (school_id, rule) JOIN dim_school s ON s.school_id = "
        f"r.school_id"
        f" JOIN (VALUES {names}) n (number, rule) ON n.number = r.rule"
        f" JOIN (VALUES {statuses}) d (number, status) ON d.number = {STATUS} {join}"
        " LEFT JOIN judgement_rule c ON c.school_id = r.school_id AND c.judgement_id = r.judgement_id AND "
        "c.profile_version = r.profile_version AND c.rule = r.rule"
        f" WHERE r.judgement_id = 0 AND {EXISTS}"
    )


def _moment(expression: str) -> str:
    """ISO 8601 with the school's offset."""
    value = f"({expression})"
    offset = f"(({value} AT TIME ZONE h.timezone) - ({value} AT TIME ZONE 'UTC'))"
    signed = (
        f"CASE WHEN {offset} < interval '0' THEN '-' || to_char(-{offset}, 'HH24:MI') ELSE '+' || "
        f"to_char({offset}, 'HH24:MI') END"
    )
    return f"to_char({value} AT TIME ZONE h.timezone, 'YYYY-MM-DD\"T\"HH24:MI:SS') || {signed}"


def export_rejected(url: str, out: BinaryIO, *, load_id: int | None = None) -> int:
    """Write the quarantine: every row that was set aside, with file, row number, column, value, reason and
    the raw row.
    """
    where = f"WHERE load_id = {int(load_id)}" if load_id is not None else ""
    return _copy(
        url,
        f"SELECT load_id, school_key, file, row_number, column_name, value, reason, raw FROM load_reject {where} "
        f"ORDER BY load_id, reject_no",
        out,
    )


def _copy(url: str, query: str, out: BinaryIO) -> int:
    with owner_connection(url) as connection, connection.cursor() as cursor:
        with cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(sql.SQL(query))) as copy:
            for block in copy:
                out.write(block)
        return max(0, cursor.rowcount)
