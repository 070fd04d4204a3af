"""The log of access: who looked at pupils by name or was refused it (`refusals`), took data out, or changed a register;
and the director's page of it.

Rows are only ever appended (row policy of `access_event`): the person, her role and the moment are checked by the
database, so the app cannot write in somebody else's name (requirements C, «own audit log»; 003 А-1.2). Changes of
registers are noted by `door.append`, in the transaction of the change.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Literal

import polars as pl

from dashboard.filters import Filters
from dashboard.queries.door import NOTE, append, read
from etl.warehouse.scope import Scope

Kind = Literal["view", "refused", "export", "register"]
SHOWN = 500

_EVENTS = f"""
SELECT e.school_id, e.at, s.timezone, e.kind, e.subject, e.full_name, e.role, c.name AS class_name,
       p.full_name AS pupil, e.row_count, e.as_of
FROM access_event e
JOIN dim_school s USING (school_id)
LEFT JOIN dim_class c ON c.school_id = e.school_id AND c.class_id = e.class_id
LEFT JOIN dim_pupil_name p ON p.school_id = e.school_id AND p.pupil_id = e.pupil_id
WHERE e.school_id = ANY(:schools) AND (CAST(:kind AS text) IS NULL OR e.kind = :kind)
ORDER BY e.at DESC LIMIT {SHOWN}
"""
_SOURCES = """
SELECT s.school_id, r.source_system
FROM dim_school s
LEFT JOIN (SELECT school_id, max(load_id) AS load_id FROM load_table GROUP BY 1) t USING (school_id)
LEFT JOIN load_run r USING (load_id)
WHERE s.school_id = ANY(:schools) ORDER BY 1
"""


def note_view(scope: Scope, route: str, filters: Filters) -> int:
    """Pupils are about to be shown by name; one row per school looked at. SQLAlchemyError where it cannot be noted."""
    chosen = None if filters.school is None else [filters.school]
    return _append(scope, "view", route, chosen, filters.class_id, filters.pupil, None, filters.as_of)


def record_export(
    scope: Scope,
    subject: str,
    *,
    schools: Collection[int] | None = None,
    filters: Filters | None = None,
    rows: int | None = None,
) -> int:
    """Data are about to leave the product: every exporter calls this before it hands out a byte; returns the number of
    rows written, one per school.

    `subject` = route of the page, or code of the document; `schools` = whose data (None = all of the scope); `rows` =
    how many lines the file has. An export that cannot be noted must not be handed out: errors of the database rise.
    """
    place = filters or Filters()
    chosen = None if schools is None else sorted(schools)
    return _append(scope, "export", subject, chosen, place.class_id, place.pupil, rows, place.as_of)


def read_events(scope: Scope, kind: Kind | None = None) -> pl.DataFrame:
    """The newest SHOWN events of the schools whose log the reader may read: at, timezone, kind, subject, full_name,
    role, class_name, pupil, row_count, as_of; newest first. One query, never remembered.
    """
    return read(scope, _EVENTS, {"kind": kind})


def source_systems(scope: Scope, schools: Collection[int] | None = None) -> list[str | None]:
    """Source systems of the newest loads of these schools, sorted, each once; None where a school's is not known."""
    rows = read(scope, _SOURCES)
    chosen = rows if schools is None else rows.filter(pl.col("school_id").is_in(list(schools)))
    return sorted(set(chosen["source_system"].to_list()), key=lambda name: name or "")


def _append(
    scope: Scope,
    kind: Kind,
    subject: str,
    chosen: list[int] | None,
    class_id: int | None,
    pupil: int | None,
    n: int | None,
    as_of: date | None,
) -> int:
    params = {
        "kind": kind,
        "subject": subject,
        "chosen": chosen,
        "class_id": class_id,
        "pupil": pupil,
        "n": n,
        "as_of": as_of,
    }
    return append(scope, NOTE, params)
