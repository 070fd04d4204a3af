"""The register of findings: the violations of a run merged into it, set by set (annex F1–F3).

Identity is (school, rule, object). A finding is opened once, keeps its number for ever, closes itself and comes back as
itself. Closed findings are not touched again while nothing of them changes, so a nightly run rewrites only what is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from checks.counting import moment_sql
from checks.datasets import school_filter
from etl.warehouse.ledger import EXISTS, RULES, STATUS, Excluded, Status, horizons

_LATE, _EARLY, _MISSING = int(Status.late), int(Status.early), int(Status.missing)
_PAIR = ("journal_id", "pupil_id", "period_id")


def _same(left: str, right: str) -> str:
    """SQL: both rows speak of the same (school, rule, object); every part is a plain equality, because only that is hashed.

    An object with an id of its own is known by it alone: a lesson that moves to another journal stays itself.
    """
    parts = [
        "{x}.school_id", "{x}.rule", "coalesce({x}.object_id, -1)", "coalesce({x}.object_key, '')",
        *(f"CASE WHEN {{x}}.object_id IS NULL THEN coalesce({{x}}.{name}, -1) ELSE -1 END" for name in _PAIR),
    ]  # fmt: skip
    return " AND ".join(f"{part.format(x=left)} = {part.format(x=right)}" for part in parts)


_CARRIED = (
    "due_at", "done_at", "class_id", "journal_id", "lesson_id", "pupil_id", "period_id", "staff_id", "anchor_on", "school_year", "status",
    "severity", "profile_version",
)  # fmt: skip
_STATE = f"CASE WHEN f.state IN ('disputed', 'accepted') THEN f.state WHEN v.status = {_LATE} THEN 'fixed' ELSE 'open' END"
_CAME_BACK = f"(f.state IN ('withdrawn', 'exempt') OR (f.state = 'fixed' AND v.status <> {_LATE}))::int"
_UPDATE = f"""
UPDATE finding f SET {", ".join(f"{name} = v.{name}" for name in _CARRIED)}, run_id = %(run)s, last_seen_at = v.seen_at, state = {_STATE},
       fixed_at = CASE WHEN v.status = {_LATE} THEN v.done_at END, reopened = f.reopened + {_CAME_BACK},
       reason = CASE WHEN f.state IN ('disputed', 'accepted') THEN f.reason END
FROM violation v
WHERE {_same("f", "v")} AND ((f.state <> 'fixed' AND f.last_seen_at <> v.seen_at)
   OR (f.state, {", ".join(f"f.{name}" for name in _CARRIED)}) IS DISTINCT FROM ({_STATE}, {", ".join(f"v.{name}" for name in _CARRIED)}))
"""
_INSERT = f"""
INSERT INTO finding ({", ".join(_CARRIED)}, first_seen_at, last_seen_at, fixed_at, school_id, finding_id, object_id, run_id, rule, reopened, state, object_key)
SELECT {", ".join(f"v.{name}" for name in _CARRIED)}, v.seen_at, v.seen_at, CASE WHEN v.status = {_LATE} THEN v.done_at END, v.school_id,
       coalesce(n.last_id, 0) + row_number() OVER (PARTITION BY v.school_id ORDER BY v.rule, v.object_id, v.journal_id, v.pupil_id, v.period_id, v.object_key),
       v.object_id, %(run)s, v.rule, 0, CASE WHEN v.status = {_LATE} THEN 'fixed' ELSE 'open' END, v.object_key
FROM violation v LEFT JOIN (SELECT school_id, max(finding_id) AS last_id FROM finding GROUP BY school_id) n USING (school_id)
WHERE NOT EXISTS (SELECT 1 FROM finding f WHERE {_same("f", "v")})
"""
_GONE = f"""
CREATE TEMP TABLE gone ON COMMIT DROP AS
SELECT f.school_id, f.finding_id, f.rule, f.status, f.object_id, f.object_key, f.journal_id, f.pupil_id, f.period_id, f.lesson_id
FROM finding f
WHERE {{schools}} AND f.rule = ANY ('{{{{{{rules}}}}}}'::int[])
  AND (f.state IN ('open', 'disputed', 'accepted') OR (f.state = 'fixed' AND f.status IN ({_LATE}, {_EARLY})))
  AND NOT EXISTS (SELECT 1 FROM violation v WHERE {_same("f", "v")})
"""
# Where a finding's row is now: third and last scan of the ledger, only when something is no longer violated.
_PRESENT = f"""
CREATE TEMP TABLE present ON COMMIT DROP AS
SELECT g.school_id, g.finding_id, r.excluded, ({STATUS})::smallint AS status, r.due_at, CASE WHEN r.done_latest <= h.t THEN r.done_latest END AS done_at
FROM gone g JOIN ledger_row r ON {_same("g", "r")} JOIN {{horizons}} h ON h.school_id = r.school_id AND h.rule = r.rule
WHERE r.judgement_id = 0 AND {{schools}} AND {EXISTS}
"""
_CONTENT = ", ".join(str(rule.number) for rule in RULES if rule.kind == "content" or rule.name == "no_entry")
_EXCLUDED = " ".join(f"WHEN {int(one)} THEN '{one.name}'" for one in Excluded)
_CLOSE = f"""
WITH closing AS (
    SELECT g.school_id, g.finding_id, coalesce(p.status, g.status) AS status, p.due_at, h.t,
           p.done_at, p.status IS NOT NULL AS is_there,
           CASE WHEN p.status = {int(Status.exempt)} THEN 'exempt'
                WHEN p.status IS NULL AND g.rule IN ({_CONTENT}) THEN 'fixed'
                WHEN p.done_at IS NOT NULL AND g.status = {_MISSING} AND p.status <> {int(Status.not_applicable)} THEN 'fixed'
                ELSE 'withdrawn' END AS state,
           CASE WHEN p.status IS NULL THEN 'gone'
                WHEN p.status = {int(Status.not_applicable)} THEN CASE p.excluded {_EXCLUDED} END
                WHEN p.status = {int(Status.pending)} THEN 'not_due'
                WHEN p.status = {int(Status.not_regulated)} THEN 'not_regulated'
                WHEN p.status = {int(Status.indeterminate)} THEN 'cannot_tell'
                WHEN p.status = {_MISSING} THEN 'no_entry'
                ELSE 'kept' END AS reason
    FROM gone g LEFT JOIN present p USING (school_id, finding_id) JOIN {{horizons}} h ON h.school_id = g.school_id AND h.rule = g.rule
), closed AS (
    UPDATE finding f SET state = c.state, status = c.status, run_id = %(run)s,
           due_at = CASE WHEN c.is_there THEN c.due_at ELSE f.due_at END, done_at = CASE WHEN c.is_there THEN c.done_at ELSE f.done_at END,
           fixed_at = CASE WHEN c.state = 'fixed' THEN coalesce(c.done_at, c.t) END,
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
    """New, of which those first seen late were fixed at once."""
    changed: int = 0
    """Known and seen again: another status, moment, person or deadline."""
    fixed: int = 0
    withdrawn: int = 0
    exempt: int = 0


def merge_findings(
    connection: psycopg.Connection[Any], run_id: int, rules: Sequence[int], school_ids: Sequence[int] | None, as_of: datetime | None
) -> Merged:
    """Merge the temporary table `violation` into the register; findings of other rules than `rules` are left as they are."""
    run = {"run": run_id}
    known = connection.execute(f"SELECT EXISTS (SELECT 1 FROM finding WHERE {school_filter(school_ids)})").fetchone()  # type: ignore[arg-type]  # noqa: S608 - numbers
    is_known = bool(known and known[0])
    changed, closed = 0, {}
    if is_known:
        changed = connection.execute(_UPDATE, run).rowcount
        closed = _close(connection, run_id, rules, school_ids, as_of)
    opened = connection.execute(_INSERT, run).rowcount
    if opened:
        connection.execute("ANALYZE finding")
    return Merged(opened, changed, closed.get("fixed", 0), closed.get("withdrawn", 0), closed.get("exempt", 0))


def _close(
    connection: psycopg.Connection[Any], run_id: int, rules: Sequence[int], school_ids: Sequence[int] | None, as_of: datetime | None
) -> dict[str, int]:
    """Close what is violated no longer; returns how many by their new state."""
    numbers = ",".join(str(rule) for rule in rules)
    gone = connection.execute(_GONE.format(schools=school_filter(school_ids, "f.school_id"), rules=numbers)).rowcount  # type: ignore[arg-type]
    if not gone:
        return {}
    connection.execute("ANALYZE gone")
    schools = [row[0] for row in connection.execute("SELECT DISTINCT school_id FROM gone").fetchall()]
    at = horizons(moment_sql(as_of))
    connection.execute(_PRESENT.format(horizons=at, schools=school_filter(schools, "r.school_id")))  # type: ignore[arg-type]
    return dict(connection.execute(_CLOSE.format(horizons=at), {"run": run_id}).fetchall())  # type: ignore[arg-type]

