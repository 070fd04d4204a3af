"""Row policies and rights of the app's own role: the second of the two walls around every row (DECISIONS
7).

The list of schools is an InitPlan over access_row (backend measurements: formulation P5 keeps indexes and
parallel plans), the user id comes from the transaction's own setting; without it the policies show nothing.
The text stands here alone, so that a distributed database can be given another formulation in one place.
"""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg

from etl.warehouse import public_rights
from etl.warehouse.engine import APP_ROLE
from etl.warehouse.locks import WRITE_LOCK
from etl.warehouse.register_rights import REGISTER_ROWS, RegisterRow
from etl.warehouse.tables import metadata

USER = "(SELECT nullif(current_setting('app.user_id', true), '')::int)"


def _schools(*levels: str) -> str:
    named = ", ".join(f"'{level}'" for level in levels)
    return (
        f"school_id = ANY (ARRAY(SELECT a.school_id FROM access_row a WHERE a.user_id = {USER} AND a.level IN "
        f"({named})))"
    )


def _pairs(level: str, column: str) -> str:
    """Ids of classes and journals are unique within a school only: a pair is one number of 8 bytes."""
    listed = (
        f"ARRAY(SELECT (a.school_id::bigint << 32) | a.{column} FROM access_row a WHERE a.user_id = {USER} "
        f"AND a.level = '{level}')"
    )
    return f"((school_id::bigint << 32) | {column}) = ANY ({listed})"


_SOME = _schools("school", "class", "journal")
_WHOLE = _schools("school")
_ANY = _schools("aggregate", "school", "class", "journal")
_EVERYBODY = _schools("aggregate", "school", "class", "journal", "upkeep", "cards")
_SUMS = _schools("aggregate", "school", "class", "journal", "upkeep")
_UPKEEP = _schools("school", "upkeep")
_CARDS = _schools("school", "cards")
_LISTS = _schools("school", "upkeep", "cards")
# asked once a statement: for a person without a class or a journal of her own the schools of _SOME are whole ones, and
# no row need be looked up in an array a second time (it also tells PostgreSQL better how many rows there will be)
_ONLY_WHOLE = (
    f"(SELECT NOT EXISTS (SELECT 1 FROM access_row a WHERE a.user_id = {USER} AND a.level IN ('class', 'journal')))"
)
_ALL_OF = f"{_ONLY_WHOLE} OR {_WHOLE}"
_CLASS = f"{_SOME} AND ({_ALL_OF} OR {_pairs('class', 'class_id')})"
_JOURNAL = f"{_SOME} AND ({_ALL_OF} OR {_pairs('class', 'class_id')} OR {_pairs('journal', 'journal_id')})"

DIRECTORY = (
    "dim_school",
    "dim_subject",
    "dim_period",
    "dim_calendar_day",
    "dim_journal",
    "dim_class",
    "dim_group",
    "judgement",
    "judgement_rule",
    "ledger_horizon",
    "load_table",
    "metric_setting",
)
"""Readable by everybody with any grant in the school: they hold no person, no mark and no sum of marks."""
FILLING_SUMS = (
    "check_result",
    "mart_duty_school",
    "mart_duty_day",
    "mart_duty_judgement",
    "mart_lag_school",
    "finding_critical",
)
"""How journals are kept, by school: nobody below a school can be recognised in them. Not for who keeps cards only."""
LEARNING_SUMS = (
    "mart_period_mark",
    "mart_period_success",
    "mart_learning",
    "mart_attendance_day",
    "mart_attendance_school",
    "mart_absence_spread",
    "mart_mark_fill",
    "mart_period_group",
    "mart_forecast_hit",
)
"""Sums of marks and absences without persons: for readers of entries and above a school, not for upkeep and cards."""
BY_JOURNAL = (
    "fact_lesson",
    "fact_lesson_text",
    "fact_mark",
    "fact_absence",
    "fact_work",
    "fact_period_mark",
    "obligation",
    "finding",
    "finding_decision",
    "mart_duty_lag",
    "mart_pupil_journal",
    "mart_mark_forecast",
    "mart_programme_forecast",
)
NO_SCHOOL = ("dim_municipality", "load_run", "check_run", "regulation", "regulation_parameter")
OWN_TABLES = {
    "access_user": "SELECT",
    "access_session": "SELECT, INSERT, UPDATE (ended_at, seen_at)",
    "access_attempt": "SELECT, INSERT",
}
"""Tables of the sign-in, which happens before anybody is known: rights, no rows. Only the owner writes who may what."""
_OPEN_USER = (
    f"(SELECT u.user_id FROM access_user u WHERE u.user_id = {USER}"
    " AND u.disabled_at IS NULL AND (u.valid_until IS NULL OR u.valid_until > now()))"
)
"""A closed account has no rows left to resolve to, so every other policy closes with it."""
OWN_ROWS = ("access_grant", "access_row", "digest_setting", "digest_delivery")
CLOSED = ("source_key", "id_counter", "check_cell")
"""The app has no business with them: no right, no row."""
SCHOOL_ONLY = (
    "fact_teaching_load",
    "fact_curriculum",
    "fact_plan",
    "fact_plan_item",
    "fact_change",
    "fact_movement",
    "fact_assessment",
    "fact_staff_absence",
    "fact_absence_document",
    "fact_edit_permission",
    "fact_lesson_status",
    "control_package",
    "control_version",
)
FOR_UPKEEP = (
    "fact_activity",
    "fact_account",
    "fact_timetable_version",
    "fact_setup_section",
    "load_scope",
    "load_warning",
    "load_request",
)
"""What an administrator works with, beside the heads."""
ENTRY_FILES = "mark|absence|period_mark|work|lesson|change"
"""Tables of a bundle whose rejected rows quote marks, absences or texts: not for upkeep."""
DECIDERS = ("director", "deputy")
"""Roles that may dispute or accept a finding of their school."""
_ROLES = ", ".join(f"'{role}'" for role in DECIDERS)
_DECIDES = (
    f"{_WHOLE} AND user_id = {USER} AND EXISTS (SELECT 1 FROM access_user u WHERE u.user_id = {USER}"
    f" AND u.disabled_at IS NULL AND u.role IN ({_ROLES}))"
)
ABOVE = ("inspector",)
"""Roles above a school that may ask how it would be judged by another act."""
_ABOVE = ", ".join(f"'{role}'" for role in ABOVE)
_ASKS = (
    f"user_id = {USER} AND EXISTS (SELECT 1 FROM access_user u WHERE u.user_id = {USER} AND u.disabled_at IS NULL"
    f" AND (u.role IN ({_ROLES}) AND {_schools('school')} OR u.role IN ({_ABOVE}) AND {_schools('aggregate')}))"
    " AND state = 'waiting' AND progress = 0 AND attempt_count = 0 AND message IS NULL AND finished_at IS NULL"
    " AND EXISTS (SELECT 1 FROM regulation g WHERE g.regulation = judgement_request.regulation"
    " AND g.profile_version = judgement_request.profile_version)"
)
LOADERS = ("director", "deputy", "administrator")
"""Roles that may give files of their school in the browser."""
_LOAD_ROLES = ", ".join(f"'{role}'" for role in LOADERS)
_GIVES_FILES = (
    f"{_UPKEEP} AND user_id = {USER} AND EXISTS (SELECT 1 FROM access_user u WHERE u.user_id = {USER}"
    f" AND u.disabled_at IS NULL AND u.role IN ({_LOAD_ROLES})) AND kind IN ('preview', 'load')"
    " AND folder ~ '^[0-9a-f]{32}$' AND state = 'waiting' AND progress = 0 AND attempt_count = 0 AND stage IS NULL"
    " AND message IS NULL AND found IS NULL AND finished_at IS NULL"
)
LOG_READERS = ("director",)
_LOG_ROLES = ", ".join(f"'{role}'" for role in LOG_READERS)
_READS_LOG = (
    f"(user_id = {USER} OR {_WHOLE} AND EXISTS (SELECT 1 FROM access_user u WHERE u.user_id = {USER}"
    f" AND u.disabled_at IS NULL AND u.role IN ({_LOG_ROLES})))"
)
"""The director reads the log of her school; everybody reads what she did herself."""
# who, in which role and when are not the app's to invent; a refused look is noted in the school that was asked for
_LOGS = (
    f"({_EVERYBODY} AND kind IN ('view', 'export', 'register') OR kind = 'refused') AND user_id = {USER}"
    f" AND EXISTS (SELECT 1 FROM access_user u WHERE u.user_id = {USER}"
    " AND u.role = access_event.role AND u.full_name = access_event.full_name)"
    " AND at BETWEEN transaction_timestamp() AND clock_timestamp()"
)
# a control is opened, signed and re-checked by heads, in their own name and role (004 8.2)
_OF_CONTROL = (
    f"{_WHOLE} AND {{own}} = {USER} AND EXISTS (SELECT 1 FROM access_user u WHERE u.user_id = {USER}"
    f" AND u.disabled_at IS NULL AND u.role IN ({_ROLES}) AND u.role = {{table}}.role)"
)
_ASKS_AGAIN = (
    f"{_UPKEEP} AND user_id = {USER} AND asked_at BETWEEN transaction_timestamp() AND clock_timestamp()"
    " AND state = 'waiting' AND attempt_count = 0 AND message IS NULL AND finished_at IS NULL"
)

_OWN_CHOICE = f"user_id = {USER} AND set_at BETWEEN transaction_timestamp() AND clock_timestamp()"
# a report belongs to its author; a head opens one to the school, and withdraws any that is open to it
_SAVES_REPORT = (
    f"{_SOME} AND saved_at BETWEEN transaction_timestamp() AND clock_timestamp()"
    f" AND EXISTS (SELECT 1 FROM access_user u WHERE u.user_id = {USER} AND u.disabled_at IS NULL"
    " AND u.role = saved_report.author_role AND u.full_name = saved_report.author"
    f" AND (saved_report.user_id = u.user_id AND NOT is_shared OR is_shared AND u.role IN ({_ROLES}) AND {_WHOLE}"
    " AND (saved_report.user_id = u.user_id OR is_withdrawn)))"
)


def _writes(row: RegisterRow) -> str:
    """A line bears who saved it, in which role and when: none of it is the app's to invent."""
    schoolwide = ", ".join(f"'{role}'" for role in row.writers if role != "class_teacher")
    place = f"(u.role IN ({schoolwide}) AND {_schools('school', 'upkeep', 'cards')}"
    if "class_teacher" in row.writers:
        place += f" OR u.role = 'class_teacher' AND {_schools('class')} AND {_pairs('class', 'class_id')}"
    role, author = f"{row.table}.author_role", f"{row.table}.author"
    if row.table == "control_act":  # the line of a signed control bears its author beside (entered_by)
        role, author = f"coalesce({role}, u.role)", f"coalesce({author}, u.full_name)"
    return (
        f"entered_by = {USER} AND entered_at BETWEEN transaction_timestamp() AND clock_timestamp()"
        f" AND EXISTS (SELECT 1 FROM access_user u WHERE u.user_id = {USER} AND u.disabled_at IS NULL"
        f" AND u.role = {role} AND u.full_name = {author} AND {place}))"
    )


def _reads(row: RegisterRow) -> str:
    everywhere = _schools(*row.levels)
    if not row.by_class or "class" in row.levels:
        return everywhere
    return f"({everywhere} OR {_schools('class')} AND {_pairs('class', 'class_id')})"


REGISTERS = {
    "finding_decision": _DECIDES,
    "judgement_request": _ASKS,
    "access_event": _LOGS,
    "load_request": _GIVES_FILES,
    "control_package": _OF_CONTROL.format(table="control_package", own="user_id"),
    "control_version": _OF_CONTROL.format(table="control_version", own="user_id"),
    "derivation_request": _ASKS_AGAIN,
    **{row.table: _writes(row) for row in REGISTER_ROWS},
    "digest_setting": _OWN_CHOICE,
    "saved_report": _SAVES_REPORT,
}
"""Registers of people: the app may append the rows that fulfil the condition, and change or delete none."""
VIEWS = ("ledger_row", "finding_row")
"""They run under the rights of who asks, so under the policies of their tables."""


def policies() -> dict[str, str]:
    """Table → the condition under which its rows are visible. A table that is not named here is closed to the app."""
    rules: dict[str, str] = {}
    rules |= dict.fromkeys(DIRECTORY, _EVERYBODY)
    rules |= dict.fromkeys(FILLING_SUMS, _SUMS)
    rules |= dict.fromkeys(LEARNING_SUMS, _ANY)
    rules |= dict.fromkeys(SCHOOL_ONLY, _WHOLE)
    rules |= dict.fromkeys(FOR_UPKEEP, _UPKEEP)
    rules |= dict.fromkeys(("fact_movement", "fact_card_field"), _CARDS)
    rules["fact_consent"] = _LISTS
    rules |= {row.table: _reads(row) for row in REGISTER_ROWS} | {"derivation_request": _UPKEEP}
    rules["load_reject"] = f"{_UPKEEP} AND ({_WHOLE} OR file !~ '(^|/)({ENTRY_FILES})[.]')"
    rolls = f"({_LISTS} OR {_SOME} AND ({_pairs('class', 'class_id')} OR {_in_own_journals('class_id')}))"
    rules["fact_enrolment"] = rules["fact_group_member"] = rolls
    rules |= dict.fromkeys(BY_JOURNAL, _JOURNAL)
    # how journals are kept, by person: an administrator compares it with the sign-ins (B-19)
    rules["mart_duty_week"] = f"({_JOURNAL} OR {_schools('upkeep')})"
    # journals without persons: whole schools only, never a class teacher's or a teacher's part of one
    rules |= dict.fromkeys(("mart_duty_journal", "mart_programme_journal"), _schools("aggregate", "school"))
    rules["mart_card_school"] = _schools("aggregate", "school", "cards")
    of_months = ("mart_activity_month", "mart_activity_day", "mart_review_month")
    rules |= dict.fromkeys(of_months, _schools("aggregate", "school", "upkeep"))
    rules["mart_pupil_month"] = _CLASS  # a pupil's absences of all subjects: not for a teacher of one
    rules["judgement_request"] = _schools("aggregate", "school")
    rules["access_event"] = _READS_LOG
    rules["saved_report"] = f"{_SOME} AND (user_id = {USER} OR is_shared)"
    rules |= dict.fromkeys(
        ("dim_staff", "dim_staff_name"), _schools("school", "class", "journal", "upkeep", "cards", "staff")
    )
    # a pupil is there where an enrolment is readable, the name where it is also somebody's business
    rules["dim_pupil"] = f"({_LISTS} OR {_SOME} AND {_enrolled('dim_pupil')})"
    rules["dim_pupil_name"] = f"({_CARDS} OR {_SOME} AND {_enrolled('dim_pupil_name')})"
    return rules


def _enrolled(table: str) -> str:
    """The subquery runs under the policy of the enrolments."""
    return (
        f"EXISTS (SELECT 1 FROM fact_enrolment e WHERE e.school_id = {table}.school_id"
        f" AND e.pupil_id = {table}.pupil_id)"
    )


def _in_own_journals(column: str) -> str:
    listed = (
        f"ARRAY(SELECT (a.school_id::bigint << 32) | a.class_id FROM access_row a WHERE a.user_id = {USER} "
        f"AND a.level = 'journal')"
    )
    return f"((school_id::bigint << 32) | {column}) = ANY ({listed})"


def apply_policies(connection: psycopg.Connection[Any]) -> None:
    """Give the app's role its rights and every table its policy, where they are not these already.

    What was given is noted as a comment on the schema. A start that changes nothing locks nothing, so it never waits
    for a load; one that has to change something waits until the load is over.
    """
    statements = _statements()
    note = f"zavuch rights {hashlib.sha256(chr(10).join(statements).encode()).hexdigest()[:16]}"
    given = connection.execute("SELECT obj_description('public'::regnamespace, 'pg_namespace')").fetchone()
    may = connection.execute("SELECT has_table_privilege(%s, 'dim_school', 'SELECT')", [APP_ROLE]).fetchone()
    taken = connection.execute(public_rights.ARE_TAKEN).fetchone()
    # the role may drop the policies that name it; then it sees nothing, until they are given anew
    there = connection.execute("SELECT count(*) FROM pg_policies WHERE roles = ARRAY[%s::name]", [APP_ROLE]).fetchone()
    made = sum(statement.startswith("CREATE POLICY") for statement in statements)
    if given == (note,) and may == taken == (True,) and there == (made,):
        return
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [WRITE_LOCK])
    for statement in statements:
        connection.execute(statement)
    connection.execute(f"COMMENT ON SCHEMA public IS '{note}'")


def _statements() -> list[str]:
    found = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {APP_ROLE}",
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}",
    ]
    rules = policies()
    for table in metadata.tables:
        if table in OWN_TABLES:
            found.append(f"GRANT {OWN_TABLES[table]} ON {table} TO {APP_ROLE}")
            continue
        found.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        found.append(f"DROP POLICY IF EXISTS app_rows ON {table}")
        condition = rules.get(table)
        if table in NO_SCHOOL:
            condition = "true"
        elif table in OWN_ROWS:
            condition = f"user_id = {_OPEN_USER if table == 'access_row' else USER}"
        if condition:
            found.append(f"GRANT SELECT ON {table} TO {APP_ROLE}")
            found.append(f"CREATE POLICY app_rows ON {table} FOR SELECT TO {APP_ROLE} USING ({condition})")
    for table, condition in REGISTERS.items():
        found.append(f"GRANT INSERT ON {table} TO {APP_ROLE}")
        found.append(f"DROP POLICY IF EXISTS app_appends ON {table}")
        found.append(f"CREATE POLICY app_appends ON {table} FOR INSERT TO {APP_ROLE} WITH CHECK ({condition})")
    found += [f"GRANT SELECT ON {view} TO {APP_ROLE}" for view in VIEWS]
    return [*found, *public_rights.STATEMENTS]
