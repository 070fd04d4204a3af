"""Looks at pupils that were refused: what a reader asked for outside her scope, and the line of the access log that
says so (requirements C, «own audit log of views of pupil-level data»; G29, «drill to pupil denied and audited»).

The pages show such a reader nothing by themselves, because their queries take the scope; here it is told and noted.
"""

from __future__ import annotations

from dashboard.filters import Filters
from dashboard.pages_table import PageRow, is_open
from dashboard.queries.door import append, read
from etl.warehouse.scope import Scope

NOTED_AN_HOUR = 100
"""Refusals of one person that are written down within an hour; further ones are refused just the same."""

# what is not there at all counts as not open: the answer must not tell which of the two it is
_OPEN = """
SELECT (CAST(:class_id AS int) IS NULL OR EXISTS (SELECT 1 FROM access_row a
            WHERE a.school_id = ANY(:asked) AND a.class_id = :class_id AND a.school_id = ANY(:schools)))
   AND (CAST(:journal AS int) IS NULL OR EXISTS (SELECT 1 FROM dim_journal j JOIN access_row a
            ON a.school_id = j.school_id
            AND (a.level = 'class' AND a.class_id = j.class_id OR a.level = 'journal' AND a.journal_id = j.journal_id)
            WHERE j.school_id = ANY(:asked) AND j.journal_id = :journal))
   AND (CAST(:lesson AS int) IS NULL OR EXISTS (SELECT 1 FROM fact_lesson l
            WHERE l.school_id = ANY(:asked) AND l.lesson_id = :lesson))
   AND (CAST(:finding AS int) IS NULL OR EXISTS (SELECT 1 FROM finding f
            WHERE f.school_id = ANY(:asked) AND f.finding_id = :finding))
   AND (CAST(:pupil AS int) IS NULL OR EXISTS (SELECT 1 FROM dim_pupil_name n
            WHERE n.school_id = ANY(:asked) AND n.pupil_id = :pupil)) AS is_open
"""
# her own schools hear of it, and the school that was asked for; the ids are those of one school alone
_NOTE = f"""
INSERT INTO access_event (at, school_id, user_id, class_id, pupil_id, kind, subject, full_name, role)
SELECT transaction_timestamp(), p.school_id, u.user_id,
       CASE WHEN p.school_id = CAST(:named AS int) THEN CAST(:class_id AS int) END,
       CASE WHEN p.school_id = CAST(:named AS int) THEN CAST(:pupil AS int) END,
       'refused', :subject, u.full_name, u.role
FROM (SELECT s.school_id FROM dim_school s
      WHERE s.school_id = ANY(:schools) AND s.school_id = ANY(CAST(:told AS int[]))
      UNION SELECT CAST(:named AS int) WHERE CAST(:named AS int) IS NOT NULL) p
JOIN access_user u ON u.user_id = :user_id
WHERE (SELECT count(DISTINCT e.at) FROM access_event e WHERE e.user_id = :user_id AND e.kind = 'refused'
       AND e.at > transaction_timestamp() - interval '1 hour') < {NOTED_AN_HOUR}
"""


def is_refused(row: PageRow, scope: Scope, filters: Filters) -> bool:
    """Whether the position asks for pupils, or a page about pupils, that the reader may not see; at most one query.

    A page that is closed to the role is refused where pupils stand on it by name. A whole school holds whatever its
    reader asks for, also what does not exist: she is told so by the page. A pupil stated where none can be shown is
    refused above a school, and to whoever has classes or journals where pupil, class, journal, lesson or finding is
    not among hers.
    """
    names_one = filters.pupil is not None or filters.lesson is not None
    if not is_open(row.route, scope.role) or scope.is_empty:
        return names_one or row.names == "always" or (row.names == "class" and filters.class_id is not None)
    if not (names_one or row.shows_pupils(filters, scope)):
        return False
    if scope.is_above or (filters.school is not None and filters.school not in scope.all_school_ids):
        return True
    return scope.level in ("class", "teacher") and not _holds(scope, filters)


def note_refusal(scope: Scope, route: str, filters: Filters) -> int:
    """One row per school that hears of it; returns how many, 0 above NOTED_AN_HOUR. SQLAlchemyError where it cannot be
    noted.
    """
    own = scope.all_school_ids
    named = filters.school or (next(iter(own)) if len(own) == 1 else None)
    # above a school the schools that were not asked for need not know; inside one her own director always does
    told = own if named is None or (named not in own and not scope.is_above) else own & {named}
    params = {
        "told": sorted(told), "named": named, "class_id": filters.class_id, "pupil": filters.pupil, "subject": route,
    }  # fmt: skip
    return append(scope, _NOTE, params)


def _holds(scope: Scope, filters: Filters) -> bool:
    stated = {name: getattr(filters, name) for name in ("class_id", "journal", "lesson", "finding", "pupil")}
    if not any(stated.values()):
        return True
    asked = scope.all_school_ids if filters.school is None else {filters.school}
    return bool(read(scope, _OPEN, {**stated, "asked": sorted(asked)})["is_open"][0])
