"""Changes after the lock and the permissions that cover them (B-40, 004 7.1–7.5): both whole for one school year.

The ledger says what became of a change (rules of the locks, `contract.ledger`); the permissions are the union of the
source's and the app's (annex B21). How both fit is said in `dashboard.correction_rows`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.i18n import day_short, t
from dashboard.queries import duty, periods, schools
from dashboard.queries.door import read
from etl.warehouse.ledger import EXISTS, RULES, STATUS, Status
from etl.warehouse.register_rights import newest_lines
from etl.warehouse.scope import Scope

LOCK_RULES = tuple(rule.number for rule in RULES if rule.kind == "ban" and rule.object_type == "change")
"""The four locks, the window of corrections and the ban after the period mark."""
_RULES = ", ".join(map(str, LOCK_RULES))
PERMISSIONS = f"""(
    SELECT n.school_id, n.permission_no, n.entity, n.entity_key, n.decided_on, n.requested_on, n.ground, n.protocol_no,
           n.requested_by_id, n.entered_at, false AS is_of_source
    FROM {newest_lines("edit_permission_entry")} n
    UNION ALL
    SELECT d.school_id, d.permission_no, d.entity, d.entity_key, d.decided_on, NULL, d.ground, d.protocol_no,
           d.requested_by_id, d.first_seen_at, true
    FROM fact_edit_permission d
    WHERE d.deleted_latest IS NULL AND NOT EXISTS (SELECT 1 FROM {newest_lines("edit_permission_entry")} n
        WHERE n.school_id = d.school_id AND n.permission_no = d.permission_no AND n.entity = d.entity
          AND n.entity_key = d.entity_key)
)"""
"""Relation: the permissions that count, one row per number and object."""
# a permission that the ledger has not heard of yet is no reason for what the ledger says
_JUDGED = f"""
judged AS (
    SELECT r.school_id, r.school_year, r.object_id AS change_id, min(r.class_id) AS class_id,
           min(r.journal_id) AS journal_id, min(r.lesson_id) AS lesson_id, min(r.pupil_id) AS pupil_id,
           min(r.period_id) AS period_id, min(r.staff_id) AS staff_id, min(r.anchor_on) AS anchor_on,
           min(r.due_at) AS due_at, min(h.timezone) AS timezone, bool_or({STATUS} = {int(Status.late)}) AS is_late,
           bool_or({STATUS} = {int(Status.exempt)}) AS is_exempt,
           bool_or({STATUS} = {int(Status.indeterminate)}) AS is_unknown
    FROM ledger_row r JOIN {duty.LEDGER_HORIZON} h ON h.t IS NOT NULL
    WHERE r.school_id = ANY(:schools) AND r.school_id = :school AND r.school_year = :year AND r.judgement_id = 0
      AND r.rule IN ({_RULES}) AND {EXISTS}
    GROUP BY 1, 2, 3
)"""
_CHANGES = f"""
WITH {_JUDGED}, permission AS MATERIALIZED (SELECT x.* FROM {PERMISSIONS} x WHERE x.school_id = :school)
SELECT j.school_id, j.change_id, j.class_id, j.journal_id, j.lesson_id, j.anchor_on, j.due_at, j.timezone, j.is_late,
       j.is_exempt, j.is_unknown, c.entity, c.entity_key, c.field, c.action, c.old_value, c.new_value,
       c.changed_earliest, c.changed_latest, CAST(c.changed_quality AS int) AS changed_quality,
       (c.changed_earliest AT TIME ZONE j.timezone)::date AS first_on,
       (c.changed_latest AT TIME ZONE j.timezone)::date AS last_on,
       k.name AS class_name, u.name AS subject, l.held_on, p.full_name AS pupil, t.full_name AS staff, e.role,
       q.kind AS period_kind, q.number AS period_number, x.permission_no, x.decided_on, x.requested_on, x.ground,
       x.protocol_no
FROM judged j
JOIN fact_change c ON c.school_id = j.school_id AND c.change_id = j.change_id
LEFT JOIN LATERAL (SELECT y.* FROM permission y WHERE y.entity = c.entity AND y.entity_key = c.entity_key
        AND (y.is_of_source OR y.entered_at <= (SELECT o.derived_at FROM judgement o
            WHERE o.school_id = :school AND o.judgement_id = 0))
    ORDER BY y.decided_on, y.permission_no LIMIT 1) x ON true
LEFT JOIN dim_class k ON k.school_id = j.school_id AND k.class_id = j.class_id
LEFT JOIN dim_journal g ON g.school_id = j.school_id AND g.journal_id = j.journal_id
LEFT JOIN dim_subject u ON u.school_id = j.school_id AND u.subject_id = g.subject_id
LEFT JOIN fact_lesson l ON l.school_id = j.school_id AND l.school_year = j.school_year AND l.lesson_id = j.lesson_id
LEFT JOIN fact_period_mark f ON c.entity = 'period_mark' AND f.school_id = j.school_id
    AND f.school_year = j.school_year AND f.journal_id = j.journal_id AND f.period_mark_key = c.entity_key
LEFT JOIN dim_period q ON q.school_id = f.school_id AND q.period_id = f.period_id
LEFT JOIN dim_pupil_name p ON p.school_id = j.school_id AND p.pupil_id = j.pupil_id
LEFT JOIN dim_staff_name t ON t.school_id = j.school_id AND t.staff_id = j.staff_id
LEFT JOIN dim_staff e ON e.school_id = j.school_id AND e.staff_id = j.staff_id
WHERE j.is_late OR j.is_exempt OR j.is_unknown
ORDER BY c.changed_latest DESC, j.change_id
"""
_KEPT = f"""
WITH {_JUDGED}
SELECT j.school_id, j.anchor_on, j.class_id, count(*) AS n FROM judged j
WHERE NOT (j.is_late OR j.is_exempt OR j.is_unknown) GROUP BY 1, 2, 3
"""
# where the entry of a permission stands: the journal of the mark, the absence, the work, the lesson, the period mark
PLACED = """
LEFT JOIN fact_mark m ON x.entity = 'mark' AND m.school_id = x.school_id AND m.mark_key = x.entity_key
LEFT JOIN fact_absence a ON x.entity = 'absence' AND a.school_id = x.school_id AND a.absence_key = x.entity_key
LEFT JOIN fact_work w ON x.entity = 'work' AND w.school_id = x.school_id AND w.work_key = x.entity_key
LEFT JOIN fact_period_mark f ON x.entity = 'period_mark' AND f.school_id = x.school_id
    AND f.period_mark_key = x.entity_key
LEFT JOIN fact_lesson l ON l.school_id = x.school_id AND (l.lesson_id = coalesce(m.lesson_id, a.lesson_id, w.lesson_id)
    OR x.entity = 'lesson' AND l.lesson_key = x.entity_key)
LEFT JOIN dim_journal g ON g.school_id = x.school_id AND g.journal_id = coalesce(l.journal_id, f.journal_id)
LEFT JOIN dim_subject u ON u.school_id = x.school_id AND u.subject_id = g.subject_id
LEFT JOIN dim_class k ON k.school_id = x.school_id AND k.class_id = g.class_id
LEFT JOIN dim_period q ON q.school_id = x.school_id AND q.period_id = f.period_id
LEFT JOIN dim_pupil_name p ON p.school_id = x.school_id AND p.pupil_id = coalesce(m.pupil_id, a.pupil_id, f.pupil_id)
"""
PLACE = """g.class_id, g.journal_id, l.lesson_id, l.held_on, k.name AS class_name, u.name AS subject,
       p.full_name AS pupil, q.kind AS period_kind, q.number AS period_number"""
_PERMISSIONS = f"""
SELECT x.school_id, x.permission_no, x.entity, x.entity_key, x.decided_on, x.requested_on, x.ground, x.protocol_no,
       x.is_of_source, t.full_name AS staff, {PLACE}
FROM {PERMISSIONS} x {PLACED}
LEFT JOIN dim_staff_name t ON t.school_id = x.school_id AND t.staff_id = x.requested_by_id
WHERE x.school_id = ANY(:schools) AND x.school_id = :school
  AND x.decided_on >= make_date(:year, 9, 1) AND x.decided_on < make_date(:year + 1, 9, 1)
ORDER BY x.decided_on DESC, x.permission_no, x.entity_key
"""
_PLACES = f"""
SELECT x.school_id, x.entity, x.entity_key, {PLACE}
FROM (SELECT DISTINCT y.school_id, y.entity, y.entity_key FROM {PERMISSIONS} y WHERE y.school_id = :school) x {PLACED}
WHERE x.school_id = ANY(:schools)
"""
_THING = """
SELECT c.school_id, c.entity, c.entity_key, c.old_value, c.new_value FROM fact_change c
WHERE c.school_id = ANY(:schools) AND c.school_id = :school AND c.change_id = :change
"""


@dataclass(frozen=True)
class Corrections:
    """One school year. `changes` = those after the lock, newest first (columns of `_CHANGES`; permission columns null
    where none is registered); `kept` = n of changes inside the locks by anchor_on and class_id; `permissions` = those
    decided in the year, with the place of their entry. `starts_on`, `ends_on` = days of the chosen period.
    """

    row: dict[str, Any]
    choice: periods.Choice
    starts_on: date
    ends_on: date
    changes: pl.DataFrame
    kept: pl.DataFrame
    permissions: pl.DataFrame


def read_corrections(scope: Scope, filters: Filters, now: datetime) -> Corrections | None:
    """Everything on the page of `filters.school`, five queries; None for a school that is not in the scope or has no
    periods."""
    listed = schools.read_schools(scope, now, filters.school)
    if filters.school is None or listed.is_empty():
        return None
    row = listed.row(0, named=True)
    choice = periods.choose(periods.read_periods(scope, filters.school), filters, schools.until_of(listed))
    if choice is None:
        return None
    span = choice.period.span
    starts_on, ends_on = next(
        (days for school, *days in zip(*_days(span.params), strict=True) if school == filters.school),
        (date(span.year, 9, 1), date(span.year + 1, 8, 31)),
    )
    params = {"school": filters.school, "year": span.year, "day": schools.past_moment(row, filters)}
    asked = {"school": filters.school, "year": span.year}
    return Corrections(
        row, choice, starts_on, ends_on, read(scope, _CHANGES, params), read(scope, _KEPT, params),
        read(scope, _PERMISSIONS, asked),
    )  # fmt: skip


def _days(params: dict[str, Any]) -> tuple[list[int], list[date], list[date]]:
    return params["span_schools"], params["span_starts"], params["span_ends"]


def read_places(scope: Scope, school: int) -> pl.DataFrame:
    """Where the entries of all permissions of a school stand, one row per entity and key; one query."""
    return read(scope, _PLACES, {"school": school})


def place_words(row: dict[str, Any]) -> str:
    """«8А, алгебра, 12.09.2026, Иванов И.»; empty where the entry is not loaded."""
    from dashboard.register_rows import period_words  # the rows of registers ask the words of places back

    parts = [row["class_name"], row["subject"], row["held_on"] and day_short(row["held_on"]),
             period_words(row["period_kind"], row["period_number"]), row["pupil"]]  # fmt: skip
    return ", ".join(str(part) for part in parts if part)


def read_change_thing(scope: Scope, school: int, change: int) -> tuple[str, str, str] | None:
    """entity, entity_key and words of what a change was about; None for a change that is not there. One query."""
    rows = read(scope, _THING, {"school": school, "change": change})
    if rows.is_empty():
        return None
    row = rows.row(0, named=True)
    words = t("registers.from_change", what=t(f"entity.{row['entity']}"))
    said = " → ".join(f"«{value}»" for value in (row["old_value"], row["new_value"]) if value)
    return row["entity"], row["entity_key"], f"{words} {said}".strip()
