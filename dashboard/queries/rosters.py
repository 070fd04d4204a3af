"""Who is in a journal on which day (annex B13): intervals of enrolment and of membership in a group, with names."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboard.queries import schools
from dashboard.queries.door import read
from etl.warehouse.scope import Scope

# Annex B13: the class group is the class's enrolments without members of an individual group of the same subject;
# any other group is its members, each while enrolled in some class of the school.
_ROSTER = """
WITH individual AS (
    SELECT m.school_id, m.pupil_id, m.from_on, m.to_on, 'individual' AS via
    FROM fact_group_member m
    JOIN dim_group g ON g.school_id = m.school_id AND g.group_id = m.group_id AND g.kind = 'individual'
    JOIN dim_journal j ON j.school_id = m.school_id AND j.group_id = m.group_id AND j.subject_id = :subject
    WHERE m.school_id = :school AND m.school_year = :year AND m.deleted_latest IS NULL AND CAST(:is_class AS boolean)
), member AS (
    SELECT m.school_id, m.pupil_id, m.from_on, m.to_on, 'member' AS via
    FROM fact_group_member m
    WHERE m.school_id = :school AND m.school_year = :year AND m.group_id = :group AND m.deleted_latest IS NULL
      AND NOT CAST(:is_class AS boolean)
), enrolled AS (
    SELECT e.school_id, e.pupil_id, e.from_on, e.to_on, 'enrolled' AS via
    FROM fact_enrolment e
    WHERE e.school_id = ANY(:schools) AND e.school_id = :school AND e.school_year = :year AND e.deleted_latest IS NULL
      AND CASE WHEN CAST(:is_class AS boolean) THEN e.class_id = :class_id
               ELSE e.pupil_id IN (SELECT m.pupil_id FROM member m) END
)
SELECT * FROM enrolled
UNION ALL SELECT * FROM member
UNION ALL SELECT i.* FROM individual i WHERE i.pupil_id IN (SELECT e.pupil_id FROM enrolled e)
ORDER BY 2, 3
"""
NAMES = """
SELECT n.school_id, n.pupil_id, n.full_name FROM dim_pupil_name n
WHERE n.school_id = ANY(:schools) AND n.school_id = :school AND n.pupil_id = ANY(CAST(:pupils AS int[]))
"""
"""Names of pupils as far as the scope shows them."""


def read_roster(
    scope: Scope,
    params: dict[str, Any],
    journal: dict[str, Any],
    entries: pl.DataFrame,
    first: date,
    last: date,
) -> pl.DataFrame:
    """Who is in the journal between two days: pupil_id, from_on, to_on (half-open), full_name, in order of names.

    Pupils who have an entry (`entries.pupil_id`) and no interval stand there with nulls; a name that the scope does
    not show is null. Two queries.
    """
    is_class = journal["group_kind"] == "class"
    asked = {
        "subject": journal["subject_id"],
        "group": journal["group_id"],
        "class_id": journal["class_id"],
        "is_class": is_class,
    }
    found = read(scope, _ROSTER, {**params, **asked})
    intervals = _members(found, is_class=is_class).filter(
        (pl.col("from_on") <= last) & (pl.col("to_on").is_null() | (pl.col("to_on") > first))
    )
    strays = sorted(set(entries["pupil_id"].to_list()) - set(intervals["pupil_id"].to_list()))
    nothing = [None] * len(strays)
    extra = pl.DataFrame({"pupil_id": strays, "from_on": nothing, "to_on": nothing}, schema=intervals.schema)
    everybody = pl.concat([intervals, extra])
    names = read(scope, NAMES, {"school": params["school"], "pupils": everybody["pupil_id"].unique().to_list()})
    named = everybody.join(names.select("pupil_id", "full_name"), on="pupil_id", how="left")
    return named.sort(schools.natural_order("full_name"), "pupil_id", "from_on", nulls_last=True)


def _members(found: pl.DataFrame, *, is_class: bool) -> pl.DataFrame:
    """Intervals in which a pupil is in the journal: pupil_id, from_on, to_on; half-open, null = open."""
    columns = ["pupil_id", "from_on", "to_on"]
    enrolled = found.filter(pl.col("via") == "enrolled").select(columns)
    if is_class:
        apart = found.filter(pl.col("via") == "individual").select(columns)
        return _without(enrolled, apart) if apart.height else enrolled
    members = found.filter(pl.col("via") == "member").select(columns)
    # an enrolment that the scope does not show cannot narrow the membership
    shown = members.filter(pl.col("pupil_id").is_in(enrolled["pupil_id"].to_list()))
    both = shown.join(enrolled, on="pupil_id", suffix="_enrolled").select(
        "pupil_id",
        pl.max_horizontal("from_on", "from_on_enrolled").alias("from_on"),
        pl.min_horizontal("to_on", "to_on_enrolled").alias("to_on"),
    )
    hidden = members.filter(~pl.col("pupil_id").is_in(enrolled["pupil_id"].to_list()))
    return pl.concat([both.filter(pl.col("to_on").is_null() | (pl.col("from_on") < pl.col("to_on"))), hidden])


def _without(intervals: pl.DataFrame, apart: pl.DataFrame) -> pl.DataFrame:
    """The intervals less those of the same pupil in `apart`."""
    rest: list[tuple[int, date, date | None]] = []
    for pupil, start, end in intervals.iter_rows():
        pieces = [(start, end or date.max)]
        for other, cut_from, cut_to in apart.iter_rows():
            if other == pupil:
                pieces = [
                    piece
                    for a, b in pieces
                    for piece in ((a, min(b, cut_from)), (max(a, cut_to or date.max), b))
                    if piece[0] < piece[1]
                ]
        rest += [(pupil, a, None if b == date.max else b) for a, b in pieces]
    return pl.DataFrame(rest, schema=intervals.schema, orient="row")


def is_member(intervals: list[tuple[date | None, date | None]], on: date) -> bool:
    """Whether one of the half-open intervals holds the day; a start of null holds nothing."""
    return any(start is not None and start <= on and (end is None or on < end) for start, end in intervals)


def joined_late(
    intervals: list[tuple[date | None, date | None]], first: date, last: date
) -> tuple[date | None, date | None]:
    """(first day, last day) in the journal, each null where it is not inside the period."""
    starts = [start for start, _ in intervals if start is not None]
    ends = [end for _, end in intervals]
    joined = min(starts) if starts and min(starts) > first else None
    left = None if not ends or None in ends else max(end for end in ends if end is not None) - timedelta(days=1)
    return joined, left if left is not None and left < last else None
