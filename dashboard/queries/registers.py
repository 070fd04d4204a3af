"""The registers that people keep: their lines with authors and history, and the saving of a line.

A line is never changed: saving appends its next version (row policies, `etl.warehouse.register_rights`). Documents of
absences and permissions stand beside those of the source; of two with one key the app's counts (annex B21). Where the
ledger reads the register, the saving asks for a derivation in its own transaction; pages derive nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import polars as pl
from sqlalchemy.exc import IntegrityError, ProgrammingError

from dashboard.filters import Filters
from dashboard.queries.door import append, read
from dashboard.register_fields import FIELDS, FIRST_DAY, FieldKind, columns_of
from etl.warehouse.register_rights import REGISTER, REGISTER_ROWS, newest_lines, registers_of
from etl.warehouse.scope import Scope

LONGEST_CORRECTION = 500
SHORTEST_CORRECTION = 5
_KEYS = {
    "absence_document_entry": ("document_key",),
    "edit_permission_entry": ("permission_no", "entity", "entity_key"),
}
_TYPES: dict[FieldKind, str] = {
    "day": "date", "last_day": "date", "month": "date", "moment": "timestamptz", "year": "smallint", "text": "text",
    "long": "text", "choice": "text", "object": "text", "staff": "int", "pupil": "int", "class": "int", "period": "int",
    "span": "text", "count": "int",
}  # fmt: skip
_TYPE_BESIDE = {"entity": "text", "document_key": "text", "class_id": "int", "staff_id": "int", "destroy_after": "date",
                "school_year": "smallint"}  # fmt: skip
_HOMES = {
    "pupil": ("dim_pupil", "pupil_id"), "staff": ("dim_staff", "staff_id"), "class": ("dim_class", "class_id"),
    "period": ("dim_period", "period_id"),
}  # fmt: skip
_LINE = """v.school_id, v.{table}_id AS line, CAST(v.version_no AS int) AS version_no, v.entered_at,
       v.author AS decided_by, v.author_role, v.is_withdrawn, v.correction, false AS is_of_source"""


def _type_of(register: str, column: str) -> str:
    kind = next((field.kind for field in FIELDS[register] if field.name == column), None)
    return _TYPES[kind] if kind is not None else _TYPE_BESIDE[column]


def _joins(columns: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """What is selected beside the columns, and the joins it needs: names instead of ids."""
    chosen, joins = [], []
    if "pupil_id" in columns:
        chosen.append("p.full_name AS pupil")
        joins.append("LEFT JOIN dim_pupil_name p ON p.school_id = v.school_id AND p.pupil_id = v.pupil_id")
    if staff := next((name for name in columns if name in ("staff_id", "requested_by_id")), None):
        chosen.append("t.full_name AS staff")
        joins.append(f"LEFT JOIN dim_staff_name t ON t.school_id = v.school_id AND t.staff_id = v.{staff}")
    if "class_id" in columns:
        chosen.append("c.name AS class_name")
        joins.append("LEFT JOIN dim_class c ON c.school_id = v.school_id AND c.class_id = v.class_id")
    if "period_id" in columns:
        chosen.append("q.kind AS period_kind, q.number AS period_number")
        joins.append("LEFT JOIN dim_period q ON q.school_id = v.school_id AND q.period_id = v.period_id")
    return chosen, joins


def _select(table: str, source: str, where: str) -> str:
    columns = columns_of(table)
    chosen, joins = _joins(columns)
    parts = [_LINE.format(table=table), *(f"v.{name}" for name in columns), *chosen]
    return f"SELECT {', '.join(parts)} FROM {source} v {' '.join(joins)} WHERE {where}"


def _newest(table: str) -> str:
    return (
        f"(SELECT DISTINCT ON (school_id, {table}_id) * FROM {table} ORDER BY school_id, {table}_id, version_no DESC)"
    )


_HERE = "v.school_id = ANY(:schools) AND v.school_id = :school"
# lines of the source with the columns of the app's, those left out that a line of the app replaces
_OF_SOURCE = {
    "absence_document_entry": """
SELECT d.school_id, NULL::int, NULL::int, d.first_seen_at, NULL, NULL, false, NULL, true, d.pupil_id, d.kind, d.from_on,
       d.to_on, d.presented_on, NULL, d.document_key, p.full_name
FROM fact_absence_document d LEFT JOIN dim_pupil_name p USING (school_id, pupil_id)
WHERE d.school_id = ANY(:schools) AND d.school_id = :school AND d.deleted_latest IS NULL""",
    "edit_permission_entry": """
SELECT d.school_id, NULL::int, NULL::int, d.first_seen_at, NULL, NULL, false, NULL, true, d.entity_key, d.permission_no,
       d.ground, d.requested_by_id, NULL::date, d.decided_on, d.protocol_no, d.entity, t.full_name
FROM fact_edit_permission d
LEFT JOIN dim_staff_name t ON t.school_id = d.school_id AND t.staff_id = d.requested_by_id
WHERE d.school_id = ANY(:schools) AND d.school_id = :school AND d.deleted_latest IS NULL""",
}


def _listed(table: str) -> str:
    own = _select(table, _newest(table), _HERE)
    if table in _OF_SOURCE:
        same = " AND ".join(f"n.{key} = d.{key}" for key in _KEYS[table])
        own += (
            f" UNION ALL {_OF_SOURCE[table]} AND NOT EXISTS (SELECT 1 FROM {_newest(table)} n"
            f" WHERE n.school_id = d.school_id AND NOT n.is_withdrawn AND {same})"
        )
    return f"{own} ORDER BY {FIRST_DAY[table]} DESC, line DESC NULLS LAST"


LISTS = {row.table: _listed(row.table) for row in REGISTER_ROWS}
"""Register → its lines in their newest versions, withdrawn ones too, and those of the source; newest first."""
HISTORIES = {
    row.table: _select(row.table, row.table, f"{_HERE} AND v.{row.table}_id = :line") + " ORDER BY v.version_no DESC"
    for row in REGISTER_ROWS
}
"""Register → every version of one line, newest first."""
STANDING = """
SELECT s.school_id, q.state, q.asked_at, q.message, clock_timestamp() AS now, j.derived_at
FROM dim_school s
LEFT JOIN LATERAL (
    SELECT r.state, r.asked_at, r.message FROM derivation_request r WHERE r.school_id = s.school_id
    ORDER BY r.state IN ('waiting', 'running') DESC, r.request_no DESC LIMIT 1
) q ON true
LEFT JOIN judgement j ON j.school_id = s.school_id AND j.judgement_id = 0
WHERE s.school_id = ANY(:schools) AND s.school_id = :school
"""
"""One row: the wish of registers that is open, else the newest one."""


def _refers(table: str) -> str:
    """What a line names is there, as far as the reader sees it; of a request also that the pupil is of the class, of a
    total of absences that the class has no other one for the period."""
    found = ""
    for field in FIELDS[table]:
        if field.kind in _HOMES:
            home, key = _HOMES[field.kind]
            found += (
                f" AND (CAST(:{field.name} AS int) IS NULL OR EXISTS (SELECT 1 FROM {home} h"
                f" WHERE h.school_id = s.school_id AND h.{key} = :{field.name}))"
            )
    if table == "printout_request":
        found += (
            " AND EXISTS (SELECT 1 FROM fact_enrolment e WHERE e.school_id = s.school_id AND e.pupil_id = :pupil_id"
            " AND e.class_id = :class_id)"
        )
    if table == "class_absence_summary":  # one total of a class and a period
        found += (
            f" AND (CAST(:is_withdrawn AS boolean) OR NOT EXISTS (SELECT 1 FROM {newest_lines(table)} o"
            " WHERE o.school_id = s.school_id AND o.class_id = :class_id AND o.school_year = :school_year"
            " AND o.period = :period AND o.class_absence_summary_id <> coalesce(CAST(:line AS int), 0)))"
        )
    return found


def _saving(table: str) -> str:
    """The next version of line :line, or the first of a new one (:line null). The number of a new line is by chance:
    who reads only some of the lines cannot count them."""
    columns = columns_of(table)
    values = ", ".join(f"CAST(:{name} AS {_type_of(table, name)})" for name in columns)
    line = f"""
INSERT INTO {table} (school_id, {table}_id, version_no, entered_at, entered_by, author, author_role, is_withdrawn,
       correction, {", ".join(columns)})
SELECT s.school_id, coalesce(CAST(:line AS int), 1 + floor(random() * 2147483645)::int), CAST(:version AS int) + 1,
       clock_timestamp(), u.user_id, u.full_name, u.role, CAST(:is_withdrawn AS boolean), CAST(:correction AS text),
       {values}
FROM dim_school s JOIN access_user u ON u.user_id = :user_id
WHERE s.school_id = ANY(:schools) AND s.school_id = :school{_refers(table)}
  AND CAST(:version AS int) = coalesce((SELECT max(o.version_no) FROM {table} o WHERE o.school_id = s.school_id
      AND o.{table}_id = CAST(:line AS int)), 0)"""
    if not REGISTER[table].feeds:
        return line
    return f"""
WITH saved AS ({line} RETURNING school_id)
INSERT INTO derivation_request (school_id, request_no, user_id, asked_at, attempt_count, register, state)
SELECT w.school_id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, CAST(:user_id AS int),
       clock_timestamp(), 0, '{table}', 'waiting' FROM saved w
"""


SAVE = {row.table: _saving(row.table) for row in REGISTER_ROWS}


class Refused(StrEnum):
    """Why a line was not saved."""

    FORBIDDEN = "forbidden"
    REASON = "reason"
    """A correction or a withdrawal without a reason, or with one that is too long."""
    GONE = "gone"
    """Somebody saved a newer version meanwhile, or what the line names is not there."""


@dataclass(frozen=True)
class Standing:
    """Whether the ledger knows what the registers hold: `state` of the wish that is open, else of the newest (None =
    never asked), when it was asked for, the code of a failure, the database's `now` and the newest derivation.
    """

    state: str | None
    asked_at: datetime | None
    message: str | None
    now: datetime
    derived_at: datetime | None

    @property
    def is_open(self) -> bool:
        """The worker has it before it, or at work."""
        return self.state in ("waiting", "running")


def chosen_register(scope: Scope, filters: Filters) -> str | None:
    """The register that the position names, else the first that the reader has; None where she has none."""
    known = [row.table for row in registers_of(scope.role)]
    return filters.measure if filters.measure in known else next(iter(known), None)


def may_write(scope: Scope, school: int, register: str) -> bool:
    """Whether the reader may add lines there; the row policy of the table says the same."""
    return scope.role in REGISTER[register].writers and school in scope.all_school_ids


def read_register(scope: Scope, filters: Filters) -> pl.DataFrame:
    """The lines of the register that `filters.measure` names, newest first: school_id, line (None = of the source),
    version_no, entered_at, decided_by, author_role, is_withdrawn, correction, is_of_source, the columns of the register
    and pupil, staff, class_name, period_kind, period_number where it names such. One query; an empty frame for a role
    without registers.
    """
    register = chosen_register(scope, filters)
    return pl.DataFrame() if register is None else read(scope, LISTS[register], {"school": filters.school})


def read_history(scope: Scope, school: int, register: str, line: int) -> pl.DataFrame:
    """Every version of a line, newest first; one query."""
    return read(scope, HISTORIES[register], {"school": school, "line": line})


def read_register_standing(scope: Scope, school: int) -> Standing | None:
    """One query, never remembered; None for a school that is not in the scope."""
    rows = read(scope, STANDING, {"school": school})
    return Standing(**rows.drop("school_id").row(0, named=True)) if rows.height else None


def save(
    scope: Scope,
    school: int,
    register: str,
    line: Mapping[str, Any],
    *,
    of: int | None = None,
    version: int = 0,
    correction: str = "",
    withdrawn: bool = False,
) -> Refused | None:
    """Append a version; None when it is done. `of` = the line that is corrected and `version` its newest one, as the
    reader saw it; a line that changed meanwhile is refused. The values were looked at by `register_fields.faults`.
    """
    words = " ".join(correction.split())
    if not may_write(scope, school, register):
        return Refused.FORBIDDEN
    if of is not None and not SHORTEST_CORRECTION <= len(words) <= LONGEST_CORRECTION:
        return Refused.REASON
    params = {
        **{name: line.get(name) for name in columns_of(register)},
        "line": of,
        "version": version,
        "correction": words or None,
        "is_withdrawn": withdrawn,
        "school": school,
    }
    try:
        return None if append(scope, SAVE[register], params, noted=register, school=school) else Refused.GONE
    except IntegrityError:  # two at once
        return Refused.GONE
    except ProgrammingError:  # the row policy refused what the rights above allowed: they were taken meanwhile
        return Refused.FORBIDDEN
