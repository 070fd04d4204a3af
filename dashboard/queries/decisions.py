"""One finding with its history, and the word of a person about it: the only writing of the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import polars as pl
from sqlalchemy.exc import IntegrityError, ProgrammingError

from dashboard.queries.door import append, read
from dashboard.queries.findings import ONE
from etl.warehouse.ledger import Status
from etl.warehouse.policies import DECIDERS
from etl.warehouse.scope import Scope

SHORTEST_REASON = 5
LONGEST_REASON = 1000

_HISTORY = """
SELECT f.school_id, f.decision_no, f.decided_at, f.decision, f.reason, f.decided_by, f.role
FROM finding_decision f JOIN dim_school d USING (school_id)
WHERE f.school_id = ANY(:schools) AND f.school_id = :school AND f.finding_id = :finding
  AND (CAST(:at AS timestamp) IS NULL OR f.decided_at <= CAST(:at AS timestamp) AT TIME ZONE d.timezone)
ORDER BY f.decision_no DESC
"""
# A word is possible about what is violated still, and only where it changes something.
_DECIDE = f"""
INSERT INTO finding_decision (school_id, finding_id, decision_no, decided_at, class_id, journal_id, user_id, reopened,
       decision, reason, decided_by, role)
SELECT f.school_id, f.finding_id, (SELECT coalesce(max(d.decision_no), 0) + 1 FROM finding_decision d
           WHERE d.school_id = f.school_id AND d.finding_id = f.finding_id),
       clock_timestamp(), f.class_id, f.journal_id, u.user_id, f.reopened, :decision, :reason, u.full_name, u.role
FROM finding_row f JOIN access_user u ON u.user_id = :user_id
WHERE f.school_id = ANY(:schools) AND f.school_id = :school AND f.finding_id = :finding AND f.state <> :decision
  AND CASE WHEN :decision = 'reopened' THEN f.state IN ('disputed', 'accepted')
           ELSE f.state IN ('open', 'disputed', 'accepted')
                OR (f.state = 'fixed' AND f.status IN ({int(Status.late)}, {int(Status.early)})) END
"""


class Decision(StrEnum):
    """What a person may say of a finding (annex F1)."""

    DISPUTED = "disputed"
    ACCEPTED = "accepted"
    REOPENED = "reopened"
    """The word before is taken back."""


class Refused(StrEnum):
    """Why a word was not taken down."""

    FORBIDDEN = "forbidden"
    REASON = "reason"
    GONE = "gone"
    """The finding is closed, unknown, or already in that state."""
    BUSY = "busy"
    """Somebody else decided at the same moment."""


@dataclass(frozen=True)
class Card:
    """One finding: `row` as in `Findings.rows`; `history` = decision_no, decided_at, decision, reason, decided_by,
    role, newest first.
    """

    row: dict[str, Any]
    history: pl.DataFrame


def read_card(scope: Scope, school: int, finding: int, at: datetime | None = None) -> Card | None:
    """The finding and what was said of it until `at` on the school's own clock (none: until now); None where the scope
    does not hold it, or it was not there yet. Two queries."""
    key = {"school": school, "finding": finding, "at": at}
    rows = read(scope, ONE, key)
    return Card(rows.row(0, named=True), read(scope, _HISTORY, key)) if rows.height else None


def may_decide(scope: Scope, school: int) -> bool:
    """Heads decide about their own school; the row policy of `finding_decision` says the same."""
    return scope.role in DECIDERS and scope.level == "school" and school in scope.school_ids


def decide(scope: Scope, school: int, finding: int, decision: Decision, reason: str) -> Refused | None:
    """Take down a person's word about a finding, at once and for good; None when it is done."""
    words = " ".join(reason.split())
    if not may_decide(scope, school):
        return Refused.FORBIDDEN
    if not SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        return Refused.REASON
    params = {"school": school, "finding": finding, "decision": decision.value, "reason": words}
    try:
        return None if append(scope, _DECIDE, params, noted="finding_decision", school=school) else Refused.GONE
    except IntegrityError:
        return Refused.BUSY
    except ProgrammingError:  # the row policy refused what the rights above allowed: they were taken meanwhile
        return Refused.FORBIDDEN
