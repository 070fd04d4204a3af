"""Tables that readers saved: their own and those open to their school; saved, opened to the school, deleted.

A version is never changed: whatever is done appends the next one (row policies), the greatest counts. A deleted report
is a version without a name.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from secrets import randbelow
from typing import Any

from sqlalchemy.exc import IntegrityError, ProgrammingError

from dashboard.filters import LARGEST_ID
from dashboard.queries.door import append, read
from dashboard.saved_report import Kept, Saved
from etl.warehouse.policies import DECIDERS
from etl.warehouse.scope import Scope

SUBJECT = "saved_report"
"""How the access log names what is done here."""
_NEWEST = """
SELECT DISTINCT ON (r.school_id, r.user_id, r.saved_report_id) r.* FROM saved_report r
WHERE r.school_id = ANY(:schools) AND r.school_id = :school
ORDER BY r.school_id, r.user_id, r.saved_report_id, r.version_no DESC
"""
_LIST = f"""
SELECT n.school_id, n.saved_report_id AS report, n.user_id AS owner, n.version_no AS version, n.title AS saved_title,
    n.author AS saved_by, n.saved_at, n.user_id = :reader AS is_own, n.is_shared, n.metrics, n.row_by, n.column_by,
    n.period, n.grade, n.class_id, n.subject_id, n.staff_id
FROM ({_NEWEST}) n WHERE NOT n.is_withdrawn ORDER BY is_own DESC, n.saved_at DESC, report
"""
_COLUMNS = """school_id, user_id, saved_report_id, version_no, saved_at, author, author_role, title, metrics, row_by,
    column_by, period, grade, class_id, subject_id, staff_id, is_shared, is_withdrawn"""
_SAVE = f"""
INSERT INTO saved_report ({_COLUMNS})
SELECT s.school_id, u.user_id, CAST(:report AS int),
    CAST(:version AS int) + 1, clock_timestamp(), u.full_name, u.role, coalesce(CAST(:title AS text), n.title, ''),
    CAST(:metrics AS text[]), :row_by, CAST(:column_by AS text), CAST(:period AS text), CAST(:grade AS smallint),
    CAST(:class_id AS int), CAST(:subject_id AS int), CAST(:staff_id AS int), CAST(:is_shared AS boolean), false
FROM dim_school s JOIN access_user u ON u.user_id = :user_id
LEFT JOIN ({_NEWEST}) n ON n.school_id = s.school_id AND n.user_id = u.user_id
    AND n.saved_report_id = CAST(:report AS int) AND NOT n.is_withdrawn
WHERE s.school_id = ANY(:schools) AND s.school_id = :school AND CAST(:version AS int) = coalesce(n.version_no, 0)
"""
_WITHDRAW = f"""
INSERT INTO saved_report ({_COLUMNS})
SELECT n.school_id, n.user_id, n.saved_report_id, n.version_no + 1, clock_timestamp(), u.full_name, u.role, '',
    n.metrics, n.row_by, n.column_by, n.period, n.grade, n.class_id, n.subject_id, n.staff_id, n.is_shared, true
FROM ({_NEWEST}) n JOIN access_user u ON u.user_id = :user_id
WHERE n.saved_report_id = CAST(:report AS int) AND n.user_id = CAST(:owner AS int)
    AND n.version_no = CAST(:version AS int) AND NOT n.is_withdrawn
"""


class Refused(StrEnum):
    """Why nothing was saved."""

    FORBIDDEN = "forbidden"
    GONE = "gone"
    """Somebody changed or deleted it meanwhile."""


def may_share(scope: Scope, school: int) -> bool:
    """Whether the reader may open a report to the whole school; the row policy says the same."""
    return scope.role in DECIDERS and school in scope.school_ids


def may_withdraw(scope: Scope, school: int, saved: Saved) -> bool:
    """Whether the reader may delete it: her own (an open one as long as she may open one), or as a head an open one."""
    return may_share(scope, school) if saved.is_shared else saved.is_own


def read_saved(scope: Scope, school: int) -> list[Saved]:
    """The reader's own reports, the newest first, then those that are open to the school. One query, not remembered."""
    rows = read(scope, _LIST, {"school": school, "reader": scope.user_id})
    return [_saved(row) for row in rows.iter_rows(named=True)]


def save(
    scope: Scope, school: int, kept: Kept, *, title: str | None, shared: bool = False, of: Saved | None = None
) -> int | Refused:
    """Save a new report, or the next version `of` one of the reader's own, without a title under its name; returns its
    number. An open report stays open: others rely on it."""
    is_shared = shared or (of is not None and of.is_shared)
    if (of is not None and not of.is_own) or (is_shared and not may_share(scope, school)):
        return Refused.FORBIDDEN
    # the number of a new one is by chance: who sees only some of a school's reports cannot count them
    number = of.report if of is not None else 1 + randbelow(LARGEST_ID)
    params = {
        **_columns(kept),
        "school": school,
        "report": number,
        "version": of.version if of is not None else 0,
        "title": title,
        "is_shared": is_shared,
    }
    return _refused(lambda: append(scope, _SAVE, params, noted=SUBJECT, school=school)) or number


def withdraw(scope: Scope, school: int, saved: Saved) -> Refused | None:
    """Delete a report; None when it is done."""
    if not may_withdraw(scope, school, saved):
        return Refused.FORBIDDEN
    params = {"school": school, "report": saved.report, "owner": saved.owner, "version": saved.version}
    return _refused(lambda: append(scope, _WITHDRAW, params, noted=SUBJECT, school=school))


def _refused(write: Callable[[], int]) -> Refused | None:
    try:
        return None if write() else Refused.GONE
    except IntegrityError:  # two at once
        return Refused.GONE
    except ProgrammingError:  # the row policy refused what the rights above allowed: they were taken meanwhile
        return Refused.FORBIDDEN


def _columns(kept: Kept) -> dict[str, Any]:
    return {
        "metrics": list(kept.metrics),
        "row_by": kept.row_by,
        "column_by": kept.column_by,
        "period": kept.period,
        "grade": kept.grade,
        "class_id": kept.class_id,
        "subject_id": kept.subject_id,
        "staff_id": kept.staff_id,
    }


def _saved(row: dict[str, Any]) -> Saved:
    names = ("row_by", "column_by", "period", "grade", "class_id", "subject_id", "staff_id")
    kept = Kept(metrics=tuple(row["metrics"]), **{name: row[name] for name in names})
    return Saved(
        report=row["report"],
        owner=row["owner"],
        version=row["version"],
        title=row["saved_title"],
        saved_by=row["saved_by"],
        at=row["saved_at"],
        is_own=row["is_own"],
        is_shared=row["is_shared"],
        kept=kept,
    )
