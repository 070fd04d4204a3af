"""One candidate row of the ledger and its status at T (annex L1, L5, L7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tests.oracle.facts import Moment


@dataclass(frozen=True)
class Window:
    """A deadline: [earliest, latest] in UTC, equal unless it is itself an entry (L7); earliest None = −∞."""

    earliest: datetime | None
    latest: datetime


def fixed(moment: datetime) -> Window:
    return Window(moment, moment)


@dataclass
class Candidate:
    """What a rule says about one object before it is compared with T."""

    rule: str
    object_type: str
    object_key: str
    responsible: str
    required: bool
    done: Moment | None
    not_before: datetime | None = None
    target: Window | None = None
    due: Window | None = None
    # The regulation states a deadline whose moment is unknown (L1.3).
    incomputable: bool = False
    excluded: str | None = None
    # The source lacks the capability or the table to tell (L1.5).
    source_lacks: bool = False
    # Without work_kinds: the longest limit the mark may have had (L10).
    longest_due: datetime | None = None
    # Change rules: "valid", "unsure" or None (R9).
    permission: str | None = None


@dataclass(frozen=True)
class Judged:
    """Status and the moments that the export shows."""

    status: str
    not_before: datetime | None = None
    target_at: datetime | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None


def made_at(done: Moment | None, at: datetime) -> str:
    """ "yes", "no" or "unsure" (L1.4)."""
    if done is None or done.never:
        return "no"
    if done.latest <= at:
        return "yes"
    if done.earliest is not None and done.earliest > at:
        return "no"
    return "unsure"


def possibly_made(done: Moment | None, at: datetime) -> bool:
    return made_at(done, at) != "no"


def judge(candidate: Candidate, at: datetime) -> Judged | None:
    """The row at T, None when there is none."""
    made = made_at(candidate.done, at)
    if not candidate.required and made == "no":
        return None
    if candidate.excluded:
        return Judged("not_applicable")
    target = cut_to(candidate.target, candidate.due)
    due = candidate.due
    done_at = candidate.done.latest if candidate.done and made == "yes" else None
    regulated = candidate.not_before or target or due or candidate.incomputable
    status = _status(candidate, target, made, at) if regulated else "not_regulated"
    return Judged(
        status,
        candidate.not_before,
        target.latest if target else None,
        due.latest if due else None,
        done_at,
    )


def cut_to(target: Window | None, due: Window | None) -> Window | None:
    """A target is never later than the limit (L5)."""
    if target is None or due is None:
        return target
    earliest = None
    if target.earliest is not None and due.earliest is not None:
        earliest = min(target.earliest, due.earliest)
    return Window(earliest, min(target.latest, due.latest))


def _status(candidate: Candidate, target: Window | None, made: str, at: datetime) -> str:
    if candidate.incomputable:
        return "indeterminate"
    if made == "unsure":
        status = "indeterminate"
    elif made == "no":
        return _status_not_made(candidate, at)
    else:
        status = _status_made(candidate, target)
    if status in ("late", "early", "indeterminate"):
        if candidate.permission == "valid":
            return "exempt"
        if candidate.permission == "unsure":
            return "indeterminate"
    return status


def _status_not_made(candidate: Candidate, at: datetime) -> str:
    if candidate.source_lacks:
        return "indeterminate"
    return "missing" if candidate.due and candidate.due.latest < at else "pending"


def _status_made(candidate: Candidate, target: Window | None) -> str:
    assert candidate.done is not None
    best = _compare(candidate, candidate.done.earliest, target, "latest")
    worst = _compare(candidate, candidate.done.latest, target, "earliest")
    if best == worst:
        return best
    return "amber" if {best, worst} == {"on_time", "amber"} else "indeterminate"


def _compare(candidate: Candidate, moment: datetime | None, target: Window | None, side: str) -> str:
    """The status of one moment (None = −∞) against one side of the deadlines."""
    if candidate.not_before and (moment is None or moment < candidate.not_before):
        return "early"
    due = candidate.due
    if target and _by(moment, getattr(target, side)):
        return "on_time"
    if due is None:
        return "amber" if target else "on_time"
    if _by(moment, getattr(due, side)):
        return "amber" if target else "on_time"
    if candidate.longest_due and _by(moment, candidate.longest_due):
        return "indeterminate"
    return "late"


def _by(moment: datetime | None, limit: datetime | None) -> bool:
    """moment ≤ limit; a moment of −∞ keeps every limit, a limit of −∞ is kept by no other moment."""
    if moment is None:
        return True
    return limit is not None and moment <= limit
