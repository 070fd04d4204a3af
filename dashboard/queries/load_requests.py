"""Files that people give in the browser: the newest wish of a school, what is known for the form, and asking."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import polars as pl
from sqlalchemy.exc import IntegrityError, ProgrammingError

from dashboard.queries.door import append, read
from etl.warehouse.policies import LOADERS
from etl.warehouse.received import RECEIVED
from etl.warehouse.scope import Scope

_NEWEST = """
SELECT r.school_id, r.request_no, r.kind, r.folder, r.file_names, r.answers, r.asked_at, r.state, r.progress, r.stage,
       r.message, CAST(r.found AS text) AS found, clock_timestamp() AS now
FROM load_request r WHERE r.school_id = ANY(:schools) AND r.school_id = :school ORDER BY r.request_no DESC LIMIT 1
"""
_ASK = """
INSERT INTO load_request (school_id, request_no, kind, folder, file_names, answers, user_id, asked_at, state, progress,
       attempt_count)
SELECT s.school_id, (SELECT coalesce(max(q.request_no), 0) + 1 FROM load_request q WHERE q.school_id = s.school_id),
       :kind, :folder, CAST(:names AS text[]), :answers, :user_id, clock_timestamp(), 'waiting', 0, 0
FROM dim_school s WHERE s.school_id = ANY(:schools) AND s.school_id = :school
"""
_PERIODS = """
SELECT p.school_id, p.school_year, p.kind, p.number, p.starts_on, p.ends_on, p.grade_from, p.grade_to
FROM dim_period p WHERE p.school_id = ANY(:schools) AND p.school_id = :school AND p.deleted_latest IS NULL
  AND p.school_year = (SELECT max(c.school_year) FROM dim_class c WHERE c.school_id = :school)
ORDER BY p.kind, p.number, p.grade_from
"""
_YEAR = """
SELECT c.school_id, max(c.school_year) AS school_year FROM dim_class c
WHERE c.school_id = ANY(:schools) AND c.school_id = :school GROUP BY 1
"""
# Of each aspect the newest moment at which any sheet of the school year brought it; what came earlier only is missing.
_SHEETS = f"""
WITH sheet AS ({RECEIVED}), known AS (
    SELECT school_id, school_year, group_id, subject_id, aspect, max(extracted_at) AS received_at
    FROM sheet WHERE school_id = ANY(:schools) AND school_id = :school GROUP BY 1, 2, 3, 4, 5
), newest AS (
    SELECT school_year, aspect, max(received_at) AS newest_at FROM known GROUP BY 1, 2
)
SELECT k.school_id, c.name AS class_name, CASE WHEN g.kind <> 'class' THEN g.name END AS group_name,
       j.name AS subject_name,
       max(k.received_at) FILTER (WHERE k.aspect = 'marks') AS marks_at,
       max(k.received_at) FILTER (WHERE k.aspect = 'topics') AS topics_at,
       max(n.newest_at) FILTER (WHERE n.aspect = 'marks') AS newest_marks_at,
       max(n.newest_at) FILTER (WHERE n.aspect = 'topics') AS newest_topics_at
FROM known k JOIN newest n USING (school_year, aspect)
JOIN dim_group g ON g.school_id = k.school_id AND g.group_id = k.group_id
JOIN dim_class c ON c.school_id = k.school_id AND c.class_id = g.class_id
JOIN dim_subject j ON j.school_id = k.school_id AND j.subject_id = k.subject_id
WHERE k.school_year = (SELECT max(school_year) FROM known)
GROUP BY k.school_id, c.grade, c.letter, c.name, g.kind, g.name, j.name ORDER BY c.grade, c.letter, j.name, g.name
"""


@dataclass(frozen=True)
class Given:
    """The newest wish of a school: `state` waiting, running, done or failed; `found` what the worker found
    (etl.load_found), `message` the sentence of a failure.
    """

    request_no: int
    kind: str
    folder: str
    file_names: list[str]
    answers: str
    asked_at: datetime
    state: str
    progress: float
    stage: str | None
    message: str | None
    found: dict[str, Any] | None
    now: datetime

    @property
    def is_open(self) -> bool:
        """The worker has it before it, or at work."""
        return self.state in ("waiting", "running")


def may_load(scope: Scope, school: int) -> bool:
    """Heads and the administrator give files of their own school; the row policy of `load_request` says the same."""
    return scope.role in LOADERS and not scope.is_above and school in scope.all_school_ids


def read_given(scope: Scope, school: int) -> Given | None:
    """One query, never remembered; None where nothing was given yet."""
    rows = read(scope, _NEWEST, {"school": school})
    if rows.is_empty():
        return None
    row = rows.drop("school_id").row(0, named=True)
    return Given(**{**row, "found": json.loads(row["found"]) if row["found"] else None})


def read_periods(scope: Scope, school: int) -> pl.DataFrame:
    """Periods of the school's newest year: kind, number, starts_on, ends_on, grade_from, grade_to."""
    return read(scope, _PERIODS, {"school": school})


def read_year(scope: Scope, school: int) -> int | None:
    """First calendar year of the newest school year that is loaded."""
    rows = read(scope, _YEAR, {"school": school})
    return int(rows["school_year"][0]) if rows.height else None


def read_sheets(scope: Scope, school: int) -> pl.DataFrame:
    """One row per class × subject sheet that any snapshot of the newest school year held: class_name, group_name,
    subject_name; when its marks and its topics were received last (null = never), and the newest moment at which
    any sheet brought marks or topics. Empty for sources whose snapshots hold whole schools. One query.
    """
    return read(scope, _SHEETS, {"school": school})


def ask(
    scope: Scope, school: int, kind: Literal["preview", "load"], folder: str, names: list[str], answers: str
) -> bool:
    """Take down the wish; False where the rights are lacking or another one of the school is open."""
    if not may_load(scope, school):
        return False
    wish = {"school": school, "kind": kind, "folder": folder, "names": names, "answers": answers}
    try:
        return bool(append(scope, _ASK, wish, noted="load_request", school=school))
    except (IntegrityError, ProgrammingError):  # another one is open, or the rights were taken meanwhile
        return False
