"""The register of findings: the violations of a run merged into it, set by set (annex F1–F3).

What people say of a finding is kept apart and is never written here (`etl.warehouse.register`).

Identity is (school, rule, object). A finding is opened once, keeps its number for ever, closes itself and
comes back as itself. A closed finding is not touched again while nothing of it changes, so a nightly run
rewrites only what is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from checks.counting import moment_sql
from checks.datasets import school_filter
from etl.warehouse.ledger import EXISTS, RULE, RULES, STATUS, Excluded, Status, horizons

_LATE, _EARLY, _MISSING = int(Status.late), int(Status.early), int(Status.missing)
_PAIR = ("journal_id", "pupil_id", "period_id")
_CARRIED = (
    "due_at", "done_at", "class_id", "journal_id", "lesson_id", "pupil_id", "period_id", "staff_id",
    "anchor_on", "school_year", "status", "severity", "profile_version",
)  # fmt: skip
_OBJECT = ("rule", "object_id", "object_key")


def _same(left: str, right: str) -> str:
    """SQL: both rows speak of the same (school, rule, object).

    Every part is a plain equality, because only that can be hashed or merged. An object with an id of its own
    is known by it alone: a lesson that moves to another journal stays itself.
    """
    parts = [
        "{x}.school_id",
        "{x}.rule",
        "coalesce({x}.object_id, -1)",
        "coalesce({x}.object_key, '')",
        *(f"CASE WHEN {{x}}.object_id IS NULL THEN coalesce({{x}}.{name}, -1) ELSE -1 END" for name in _PAIR),
    ]
    return " AND ".join(f"{part.format(x=left)} = {part.format(x=right)}" for part in parts)


def _listed(alias: str, names: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)


# An entry that is made, though late, has repaired it. The word of a person stands beside, in `finding_decision`.
_STATE = f"CASE WHEN v.status = {_LATE} THEN 'fixed' ELSE 'open' END"
_CAME_BACK = f"(f.state IN ('withdrawn', 'exempt') OR (f.state = 'fixed' AND v.status <> {_LATE}))::int"

_EITHER = ", ".join(f"CASE WHEN v.school_id IS NULL THEN f.{name} ELSE v.{name} END AS {name}" for name in _CARRIED)
# One join answers all three questions: what is new, what changed, what is violated no longer.
_CHANGES = f"""
CREATE TEMP TABLE register_change ON COMMIT DROP AS
SELECT f.finding_id, v.school_id IS NULL AS is_gone, coalesce(v.school_id, f.school_id) AS school_id,
       {", ".join(f"coalesce(v.{name}, f.{name}) AS {name}" for name in _OBJECT)},
       {_EITHER},
       v.seen_at, CASE WHEN f.finding_id IS NOT NULL THEN {_STATE} END AS state, {_CAME_BACK} AS came_back
FROM violation v FULL JOIN (SELECT * FROM finding WHERE {{schools}}) f ON {_same("v", "f")}
WHERE f.finding_id IS NULL
   OR (v.school_id IS NULL AND f.rule = ANY ('{{{{{{rules}}}}}}'::int[]) AND (
          f.state = 'open'
          OR (f.state = 'fixed' AND f.status IN ({_LATE}, {_EARLY}))))
   OR (v.school_id IS NOT NULL AND (
          (f.state <> 'fixed' AND f.last_seen_at <> v.seen_at)
          OR (f.state, {_listed("f", _CARRIED)}) IS DISTINCT FROM ({_STATE}, {_listed("v", _CARRIED)})))
"""
_UPDATE = f"""
UPDATE finding f SET {", ".join(f"{name} = v.{name}" for name in _CARRIED)}, run_id = %(run)s,
       last_seen_at = v.seen_at, state = v.state, fixed_at = CASE WHEN v.status = {_LATE} THEN v.done_at END,
       reopened = f.reopened + v.came_back, reason = NULL
FROM register_change v
WHERE NOT v.is_gone AND v.school_id = f.school_id AND v.finding_id = f.finding_id
"""
_INSERT = f"""
INSERT INTO finding ({", ".join(_CARRIED)}, {", ".join(_OBJECT)}, first_seen_at, last_seen_at, fixed_at,
       school_id, finding_id, run_id, reopened, state)
SELECT {_listed("v", _CARRIED)}, {_listed("v", _OBJECT)}, v.seen_at, v.seen_at,
       CASE WHEN v.status = {_LATE} THEN v.done_at END, v.school_id,
       coalesce(n.last_id, 0) + row_number() OVER (PARTITION BY v.school_id
           ORDER BY v.rule, v.object_id, v.journal_id, v.pupil_id, v.period_id, v.object_key),
       %(run)s, 0, CASE WHEN v.status = {_LATE} THEN 'fixed' ELSE 'open' END
FROM {{source}} v
LEFT JOIN (SELECT school_id, max(finding_id) AS last_id FROM finding GROUP BY school_id) n USING (school_id)
WHERE {{is_new}}
"""
# Where a finding's row is now: one more scan of the ledger, only when something is violated no longer.
_PRESENT = f"""
CREATE TEMP TABLE present ON COMMIT DROP AS
SELECT g.school_id, g.finding_id, r.excluded, ({STATUS})::smallint AS status, r.due_at,
       CASE WHEN r.done_latest <= h.t THEN r.done_latest END AS done_at
FROM register_change g JOIN ledger_row r ON {_same("g", "r")}
JOIN {{horizons}} h ON h.school_id = r.school_id AND h.rule = r.rule
WHERE g.is_gone AND r.judgement_id = 0 AND {{schools}} AND {EXISTS}
"""
_CONTENT = ", ".join(str(rule.number) for rule in RULES if rule.kind == "content")
_NO_ENTRY, _WINDOW = RULE["no_entry"].number, RULE["mark_correction"].number
# a breach that is no more is repaired; a lesson without a row of no_entry has entries now or does not count
_LESSON_COUNTS = f"""EXISTS (SELECT 1 FROM obligation o WHERE o.school_id = g.school_id
    AND o.school_year = g.school_year AND o.journal_id = g.journal_id AND o.rule = {RULE["topic"].number}
    AND o.object_id = g.object_id AND o.judgement_id = 0 AND o.excluded IS NULL)"""
_EXCLUDED = " ".join(f"WHEN {int(one)} THEN '{one.name}'" for one in Excluded)
_CLOSE = f"""
WITH closing AS (
    SELECT g.school_id, g.finding_id, coalesce(p.status, g.status) AS status, h.t,
           CASE WHEN p.status IS NULL THEN g.due_at ELSE p.due_at END AS due_at,
           CASE WHEN p.status IS NULL THEN g.done_at ELSE p.done_at END AS done_at,
           CASE WHEN p.status = {int(Status.exempt)} THEN 'exempt'
                WHEN p.status IS NULL AND (g.rule IN ({_CONTENT})
                     OR (g.rule = {_NO_ENTRY} AND {_LESSON_COUNTS})) THEN 'fixed'
                WHEN g.status = {_MISSING} AND p.done_at IS NOT NULL
                     AND p.status <> {int(Status.not_applicable)} THEN 'fixed'
                ELSE 'withdrawn' END AS state,
           CASE WHEN p.status IS NULL THEN 'gone'
                WHEN p.status = {int(Status.not_applicable)} THEN CASE p.excluded {_EXCLUDED} END
                WHEN p.status = {int(Status.pending)} THEN 'not_due'
                WHEN p.status = {int(Status.not_regulated)} THEN 'not_regulated'
                WHEN p.status = {int(Status.indeterminate)} THEN 'cannot_tell'
                WHEN p.status = {_MISSING} THEN 'no_entry'
                WHEN p.status = {_LATE} AND g.rule = {_WINDOW} THEN 'lock'
                ELSE 'kept' END AS reason
    FROM register_change g LEFT JOIN present p USING (school_id, finding_id)
    JOIN {{horizons}} h ON h.school_id = g.school_id AND h.rule = g.rule
    WHERE g.is_gone
), closed AS (
    UPDATE finding f SET state = c.state, status = c.status, run_id = %(run)s, due_at = c.due_at,
           done_at = c.done_at, fixed_at = CASE WHEN c.state = 'fixed' THEN coalesce(c.done_at, c.t) END,
           reason = CASE WHEN c.state = 'withdrawn' THEN c.reason END
    FROM closing c WHERE f.school_id = c.school_id AND f.finding_id = c.finding_id
    RETURNING f.state
)
SELECT state, count(*) FROM closed GROUP BY state
"""


@dataclass(frozen=True)
class Merged:
    """What a run did to the register, in findings."""

    opened: int = 0
    """New; those first seen late are fixed at once."""
    changed: int = 0
    """Known and seen again: another status, moment, person or deadline, or still open at a later T."""
    fixed: int = 0
    withdrawn: int = 0
    exempt: int = 0


def merge_findings(
    connection: psycopg.Connection[Any],
    run_id: int,
    rules: Sequence[int],
    school_ids: Sequence[int] | None,
    as_of: datetime | None,
) -> Merged:
    """Merge the temporary table `violation` into the register.

    Only findings of `rules` are closed: those of a rule that could not be judged are left as they are.
    """
    run = {"run": run_id}
    of_schools = school_filter(school_ids)
    known = connection.execute(f"SELECT 1 FROM finding WHERE {of_schools} LIMIT 1").fetchone()
    if known is None:
        opened = connection.execute(_INSERT.format(source="violation", is_new="true"), run).rowcount
        connection.execute("ANALYZE finding")
        return Merged(opened)
    numbers = ",".join(str(rule) for rule in rules)
    if not connection.execute(_CHANGES.format(schools=of_schools, rules=numbers)).rowcount:
        return Merged()
    connection.execute("ANALYZE register_change")
    changed = connection.execute(_UPDATE, run).rowcount
    closed = _close(connection, run_id, as_of)
    new = _INSERT.format(source="register_change", is_new="v.finding_id IS NULL")
    opened = connection.execute(new, run).rowcount
    return Merged(opened, changed, closed.get("fixed", 0), closed.get("withdrawn", 0), closed.get("exempt", 0))


def _close(connection: psycopg.Connection[Any], run_id: int, as_of: datetime | None) -> dict[str, int]:
    """Close what is violated no longer; returns how many by their new state."""
    gone = connection.execute("SELECT DISTINCT school_id FROM register_change WHERE is_gone").fetchall()
    if not gone:
        return {}
    schools = school_filter([row[0] for row in gone], "r.school_id")
    at = horizons(moment_sql(as_of))
    connection.execute(_PRESENT.format(horizons=at, schools=schools))
    return dict(connection.execute(_CLOSE.format(horizons=at), {"run": run_id}).fetchall())
