"""How a school would be judged by another act: the wish, how far it is, and both judgements rule by rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import polars as pl
from sqlalchemy.exc import IntegrityError, ProgrammingError

from dashboard.queries.door import append, read
from dashboard.small_groups import OF_PERSONS
from etl.warehouse.metrics import sums
from etl.warehouse.policies import ABOVE, DECIDERS
from etl.warehouse.scope import Scope

COUNTED = ("kept", "judged", "unsure", "cannot_tell", "late", "missing", "early", "amber", "breached", "pending")
"""Sums of both judgements (`metrics.DUTY`)."""

STANDINGS = """
SELECT s.school_id, q.state, q.progress, q.message, q.asked_at, clock_timestamp() AS now,
       CAST(j.judgement_id AS int) AS judgement_id, j.derived_at, j.kept_until
FROM dim_school s
LEFT JOIN LATERAL (
    SELECT r.state, r.progress, r.message, r.asked_at FROM judgement_request r
    WHERE r.school_id = s.school_id AND r.regulation = :act AND r.profile_version = :version
    ORDER BY r.request_no DESC LIMIT 1
) q ON true
LEFT JOIN judgement j ON j.school_id = s.school_id AND j.judgement_id <> 0 AND j.regulation = :act
    AND j.profile_version = :version AND j.kept_until > clock_timestamp()
    AND EXISTS (SELECT 1 FROM regulation a WHERE a.regulation = j.regulation AND a.fingerprint = j.fingerprint)
WHERE s.school_id = ANY(:schools)
"""
"""One row per school of the scope: the newest request for the act, and the judgement by it that is still good."""
_STANDING = f"{STANDINGS} AND s.school_id = :school"
# One row at a time is asked for and worked off; the number is unique, so two at once cannot take the same.
_ASK = """
INSERT INTO judgement_request (school_id, request_no, regulation, profile_version, user_id, asked_at, state, progress,
       attempt_count)
SELECT s.school_id, (SELECT coalesce(max(q.request_no), 0) + 1 FROM judgement_request q
           WHERE q.school_id = s.school_id), :act, :version, :user_id, clock_timestamp(), 'waiting', 0, 0
FROM dim_school s WHERE s.school_id = ANY(:schools) AND s.school_id = :school
"""
# Of all the schools at once; who has no right, has the act already in the queue or the answer at hand is left out.
_ASK_ALL = """
INSERT INTO judgement_request (school_id, request_no, regulation, profile_version, user_id, asked_at, state, progress,
       attempt_count)
SELECT s.school_id, (SELECT coalesce(max(q.request_no), 0) + 1 FROM judgement_request q
           WHERE q.school_id = s.school_id), :act, :version, :user_id, clock_timestamp(), 'waiting', 0, 0
FROM dim_school s WHERE s.school_id = ANY(:schools) AND s.school_id = ANY(:asked) AND NOT EXISTS (
    SELECT 1 FROM judgement_request o WHERE o.school_id = s.school_id AND o.regulation = :act
        AND o.profile_version = :version AND o.state IN ('waiting', 'running'))
"""
_BOTH = f"""
WITH shown AS (
    SELECT coalesce(CAST(:year AS int), max(school_year)) AS year FROM mart_duty_school
    WHERE school_id = ANY(:schools) AND school_id = :school
), duty AS (
    SELECT m.school_year, 0 AS judgement_id, m.rule, m.status, m.excluded, m.is_required, m.is_made, m.is_due,
           m.row_count
    FROM mart_duty_school m WHERE m.school_id = ANY(:schools) AND m.school_id = :school
    UNION ALL
    SELECT m.school_year, m.judgement_id, m.rule, m.status, m.excluded, m.is_required, m.is_made, m.is_due, m.row_count
    FROM mart_duty_judgement m
    WHERE m.school_id = ANY(:schools) AND m.school_id = :school AND m.judgement_id = :judgement
), summed AS (
    SELECT judgement_id, rule, {sums("duty", COUNTED)}
    FROM duty JOIN shown ON duty.school_year = shown.year GROUP BY 1, 2
), said AS (
    SELECT j.school_id, j.judgement_id, j.rule, bool_or(j.is_regulated) AS is_regulated,
           bool_or(j.target_text IS NOT NULL) AND NOT bool_or(j.limit_text IS NOT NULL) AS is_target_only
    FROM judgement_rule j
    WHERE j.school_id = ANY(:schools) AND j.school_id = :school AND j.judgement_id IN (0, :judgement) GROUP BY 1, 2, 3
)
SELECT said.school_id, CAST((SELECT year FROM shown) AS int) AS school_year, said.judgement_id = 0 AS is_own, said.rule,
       said.is_regulated, said.is_target_only, {", ".join(f"coalesce(summed.{name}, 0) AS {name}" for name in COUNTED)}
FROM said LEFT JOIN summed USING (judgement_id, rule) ORDER BY said.rule, said.judgement_id
"""


class Refused(StrEnum):
    """Why a wish was not taken down."""

    FORBIDDEN = "forbidden"
    BUSY = "busy"
    """Somebody asked for the same a moment before."""


@dataclass(frozen=True)
class Standing:
    """Where a wish stands: `state` of the newest request (None = never asked) with its `progress` (0 to 1), the
    `message` of a failure as a code, when it was asked for and the database's `now`; and the judgement, if it is there
    and its act is still as it was.
    """

    state: str | None
    progress: float
    message: str | None
    asked_at: datetime | None
    now: datetime
    judgement_id: int | None
    derived_at: datetime | None
    kept_until: datetime | None

    @property
    def is_open(self) -> bool:
        """The worker has it before it, or at work."""
        return self.state in ("waiting", "running")


def may_ask(scope: Scope, school: int) -> bool:
    """Heads ask for their own school, inspectors for theirs; the row policy of `judgement_request` says the same."""
    is_head = scope.role in DECIDERS and scope.level == "school"
    is_above = scope.role in ABOVE and scope.level == "municipality"
    return (is_head or is_above) and school in scope.school_ids


def read_standing(scope: Scope, school: int, act: str, version: int) -> Standing | None:
    """One query, never remembered; None for a school that is not in the scope."""
    rows = read(scope, _STANDING, {"school": school, "act": act, "version": version})
    if rows.is_empty():
        return None
    row = rows.drop("school_id").row(0, named=True)
    return Standing(**{**row, "progress": row["progress"] or 0.0})


def read_both(scope: Scope, year: int | None, school: int, judgement: int) -> pl.DataFrame:
    """Both judgements, one row per rule and side: school_year, is_own, rule, is_regulated, is_target_only (a soft
    deadline without a hard one: nothing can break it), and the sums COUNTED.

    The own one comes from the marts of the pages, the other from its own sums; both where the data end, over the school
    year `year` (None = the newest). One query. Above a school without the rules that judge persons.
    """
    both = read(scope, _BOTH, {"school": school, "judgement": judgement, "year": year})
    return both.filter(~pl.col("rule").is_in(OF_PERSONS)) if scope.is_above else both


def ask(scope: Scope, school: int, act: str, version: int) -> Refused | None:
    """Take down the wish; None when it is done."""
    if not may_ask(scope, school):
        return Refused.FORBIDDEN
    try:
        done = append(
            scope, _ASK, {"school": school, "act": act, "version": version}, noted="judgement_request", school=school
        )
    except IntegrityError:
        return Refused.BUSY
    except ProgrammingError:  # the row policy: rights were taken meanwhile, or there is no such act any more
        return Refused.FORBIDDEN
    return None if done else Refused.FORBIDDEN


def ask_all(scope: Scope, school_ids: Sequence[int], act: str, version: int) -> Refused | None:
    """Take down the same wish for several schools in one statement; None when it is done (also where all of them wait
    already)."""
    if not school_ids or not all(may_ask(scope, school) for school in school_ids):
        return Refused.FORBIDDEN
    try:
        append(scope, _ASK_ALL, {"asked": list(school_ids), "act": act, "version": version})
    except IntegrityError:
        return Refused.BUSY
    except ProgrammingError:  # see `ask`
        return Refused.FORBIDDEN
    return None
