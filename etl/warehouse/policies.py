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

from etl.warehouse.engine import APP_ROLE
from etl.warehouse.locks import WRITE_LOCK
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
_CLASS = f"{_SOME} AND ({_WHOLE} OR {_pairs('class', 'class_id')})"
_JOURNAL = f"{_SOME} AND ({_WHOLE} OR {_pairs('class', 'class_id')} OR {_pairs('journal', 'journal_id')})"

DETAIL_SCHOOL = ("mart_duty_school", "mart_duty_day", "mart_duty_judgement")
"""Marts that a municipal reader may read: nobody below a school can be recognised in them."""
SHARED = (
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
    "check_result",
    "mart_period_mark",
    "mart_period_success",
    "mart_learning",
    "mart_attendance_day",
    "mart_attendance_school",
    "mart_absence_spread",
    "mart_mark_fill",
    "mart_period_group",
    "mart_forecast_hit",
    *DETAIL_SCHOOL,
)
"""Readable at school grain by everybody with any grant in the school; they hold no person."""
BY_CLASS = ("fact_enrolment", "dim_pupil_name_of_class")
BY_JOURNAL = (
    "fact_lesson",
    "fact_lesson_text",
    "fact_mark",
    "fact_absence",
    "fact_work",
    "fact_period_mark",
    "fact_lesson_status",
    "obligation",
    "finding",
    "finding_decision",
    "mart_duty_week",
    "mart_duty_lag",
    "mart_pupil_journal",
    "mart_mark_forecast",
    "mart_programme_forecast",
)
NO_SCHOOL = ("dim_municipality", "load_run", "check_run", "regulation", "regulation_parameter")
OWN_TABLES = ("access_user", "access_session", "access_attempt")
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
    "fact_activity",
    "fact_account",
    "fact_card_field",
    "fact_consent",
    "fact_timetable_version",
    "fact_setup_section",
    "control_act",
    "incident",
    "review_tick",
    "outage",
    "load_scope",
    "load_warning",
    "load_reject",
)
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
REGISTERS = {"finding_decision": _DECIDES, "judgement_request": _ASKS}
"""Registers of people: the app may append the rows that fulfil the condition, and change or delete none."""
VIEWS = ("ledger_row", "finding_row")
"""They run under the rights of who asks, so under the policies of their tables."""
PEOPLE = ("dim_pupil", "dim_pupil_name", "fact_group_member", "dim_staff", "dim_staff_name")


def policies() -> dict[str, str]:
    """Table → the condition under which its rows are visible. A table that is not named here is closed to the app."""
    rules: dict[str, str] = {}
    rules |= dict.fromkeys(SHARED, _ANY)
    rules |= dict.fromkeys(SCHOOL_ONLY, _WHOLE)
    rules["fact_enrolment"] = (
        f"{_SOME} AND ({_WHOLE} OR {_pairs('class', 'class_id')} OR {_in_own_journals('class_id')})"
    )
    rules |= dict.fromkeys(BY_JOURNAL, _JOURNAL)
    rules["mart_pupil_month"] = _CLASS  # a pupil's absences of all subjects: not for a teacher of one
    rules["fact_lesson_status"] = _WHOLE
    rules["judgement_request"] = _schools("aggregate", "school")
    rules["fact_group_member"] = f"{_SOME}"
    rules |= dict.fromkeys(("dim_staff", "dim_staff_name", "dim_pupil"), _SOME)
    # a name is readable where an enrolment of the pupil is: the subquery runs under that table's own policy
    rules["dim_pupil_name"] = (
        f"{_SOME} AND ({_WHOLE} OR EXISTS (SELECT 1 FROM fact_enrolment e WHERE e.school_id = "
        f"dim_pupil_name.school_id AND e.pupil_id = dim_pupil_name.pupil_id))"
    )
    return rules


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
    if given == (note,) and may == (True,):
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
            found.append(f"GRANT SELECT, INSERT, UPDATE ON {table} TO {APP_ROLE}")
            continue
        found.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        found.append(f"DROP POLICY IF EXISTS app_rows ON {table}")
        condition = rules.get(table)
        if table in NO_SCHOOL:
            condition = "true"
        elif table in ("access_grant", "access_row"):
            condition = f"user_id = {USER}"
        if condition:
            found.append(f"GRANT SELECT ON {table} TO {APP_ROLE}")
            found.append(f"CREATE POLICY app_rows ON {table} FOR SELECT TO {APP_ROLE} USING ({condition})")
    for table, condition in REGISTERS.items():
        found.append(f"GRANT INSERT ON {table} TO {APP_ROLE}")
        found.append(f"DROP POLICY IF EXISTS app_appends ON {table}")
        found.append(f"CREATE POLICY app_appends ON {table} FOR INSERT TO {APP_ROLE} WITH CHECK ({condition})")
    found += [f"GRANT SELECT ON {view} TO {APP_ROLE}" for view in VIEWS]
    return found
