"""What the page of pupils and cards asks of one school: four queries of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import periods, schools
from dashboard.queries.door import read
from etl.warehouse.scope import Scope

_LIVE = "x.school_id = ANY(:schools) AND x.school_id = :school AND x.deleted_latest IS NULL"
# an enrolment holds from its first day until the day before its end (annex B13)
ON_ROLL = "x.from_on <= CAST({day} AS date) AND (x.to_on IS NULL OR x.to_on > CAST({day} AS date))"
_CLASSES = f"""
WITH moves AS (
    SELECT x.movement_id, x.kind, x.from_class_id, x.to_class_id FROM fact_movement x
    WHERE {_LIVE} AND x.effective_on BETWEEN CAST(:starts_on AS date) AND CAST(:until AS date)
), rolls AS (
    SELECT x.class_id, count(DISTINCT x.pupil_id) FILTER (WHERE {ON_ROLL.format(day=":before")}) AS opening,
        count(DISTINCT x.pupil_id) FILTER (WHERE {ON_ROLL.format(day=":until")}) AS closing
    FROM fact_enrolment x WHERE {_LIVE} AND x.school_year = :year GROUP BY 1
)
SELECT c.class_id, c.name AS class_name, c.grade, c.letter, coalesce(r.opening, 0) AS opening,
    (SELECT count(*) FROM moves m WHERE m.to_class_id = c.class_id AND m.kind IN ('enrol', 'promotion')) AS arrived,
    (SELECT count(*) FROM moves m WHERE m.to_class_id = c.class_id AND m.kind IN ('class_transfer', 'school_transfer'))
        AS moved_in,
    (SELECT count(*) FROM moves m WHERE m.from_class_id = c.class_id AND m.kind IN ('class_transfer')) AS moved_out,
    (SELECT count(*) FROM moves m WHERE m.from_class_id = c.class_id
        AND m.kind IN ('leave', 'school_transfer', 'graduate')) AS left_school,
    coalesce(r.closing, 0) AS closing
FROM dim_class c LEFT JOIN rolls r USING (class_id)
WHERE c.school_id = ANY(:schools) AND c.school_id = :school AND c.school_year = :year AND c.deleted_latest IS NULL
ORDER BY c.grade, c.letter, c.class_id
"""
_MOVES = f"""
SELECT date_trunc('month', x.effective_on)::date AS month_on, x.kind, count(*) AS n,
    count(*) FILTER (WHERE x.order_no IS NULL OR x.order_no = '') AS without_order
FROM fact_movement x
WHERE {_LIVE} AND x.effective_on BETWEEN CAST(:starts_on AS date) AND CAST(:until AS date)
GROUP BY 1, 2 ORDER BY 1, 2
"""
# cards of those who have left are not counted, as in the rule card_incomplete (DECISIONS 11)
_CARDS = f"""
WITH gone AS (
    SELECT 'staff' AS owner_kind, x.staff_key AS owner_key FROM dim_staff x
    WHERE {_LIVE} AND x.employed_to <= CAST(:newest AS date)
    UNION ALL
    SELECT 'pupil', p.pupil_key FROM dim_pupil p JOIN fact_enrolment x USING (school_id, pupil_id)
    WHERE {_LIVE} GROUP BY p.pupil_key HAVING NOT bool_or({ON_ROLL.format(day=":newest")})
), cards AS (
    SELECT x.owner_kind, x.owner_key, x.field, x.filled FROM fact_card_field x
    WHERE {_LIVE} AND NOT EXISTS (SELECT 1 FROM gone g WHERE g.owner_kind = x.owner_kind AND g.owner_key = x.owner_key)
)
SELECT owner_kind, field, count(*) FILTER (WHERE filled) AS filled, count(*) AS fields, 0::bigint AS complete,
    0::bigint AS cards
FROM cards GROUP BY 1, 2
UNION ALL
SELECT owner_kind, NULL, sum(filled)::bigint, sum(fields)::bigint, count(*) FILTER (WHERE filled = fields), count(*)
FROM (SELECT owner_kind, owner_key, count(*) FILTER (WHERE filled) AS filled, count(*) AS fields
    FROM cards GROUP BY 1, 2) c GROUP BY 1
ORDER BY 1, 2
"""
_CONSENTS = f"""
WITH here AS (
    SELECT DISTINCT x.pupil_id FROM fact_enrolment x WHERE {_LIVE} AND {ON_ROLL.format(day=":newest")}
), said AS (
    SELECT x.parent_key, x.pupil_id, x.status FROM fact_consent x
    WHERE {_LIVE} AND x.pupil_id IN (SELECT pupil_id FROM here)
), parents AS (
    SELECT parent_key FROM said
    UNION SELECT x.owner_key FROM fact_card_field x WHERE {_LIVE} AND x.owner_kind = 'parent'
        AND NOT EXISTS (SELECT 1 FROM fact_consent c WHERE c.school_id = x.school_id AND c.parent_key = x.owner_key
            AND c.pupil_id NOT IN (SELECT pupil_id FROM here))
)
SELECT (SELECT count(*) FROM parents) AS parents,
    (SELECT count(DISTINCT parent_key) FROM said WHERE status IN ('given', 'refused')) AS consented,
    (SELECT count(DISTINCT parent_key) FROM said WHERE status = 'refused') AS refused,
    (SELECT count(*) FROM here) AS pupils,
    (SELECT count(*) FROM here h WHERE NOT EXISTS (SELECT 1 FROM said s WHERE s.pupil_id = h.pupil_id)) AS unconsented,
    ARRAY(SELECT DISTINCT t.table_name FROM load_table t WHERE t.school_id = ANY(:schools) AND t.school_id = :school)
        AS carried
"""


@dataclass(frozen=True)
class Contingent:
    """The page of pupils and cards.

    `classes`: one row per class with opening (the day before the period), arrived, moved_in, moved_out, left_school,
    closing (`until`); `moves` by month and kind; `cards` by owner_kind and field, with field null = whole cards;
    `consents`: one row of sums; `carried`: tables that the school's bundles had.
    """

    row: dict[str, Any]
    choice: periods.Choice
    before: date
    until: date
    classes: pl.DataFrame
    moves: pl.DataFrame
    cards: pl.DataFrame
    consents: pl.DataFrame
    carried: frozenset[str]


@dataclass(frozen=True)
class RollDays:
    """On which days rolls are counted: the school's row, the period, its `first` day, `until` = its last day that the
    data reach (the day before `first` where they reach none), `newest` = the day where the data end."""

    row: dict[str, Any]
    choice: periods.Choice
    first: date
    until: date
    newest: date


def read_roll_days(scope: Scope, filters: Filters, now: datetime) -> RollDays | None:
    """The days for `filters.school`, local to it; two queries. None where it is not open or has no periods."""
    school = filters.school
    listed = schools.read_schools(scope, now, school)
    if school is None or listed.is_empty():
        return None
    ends = schools.until_of(listed, filters.as_of)
    choice = periods.choose(periods.read_periods(scope, school), filters, ends, with_days=scope.sees_names)
    if choice is None:
        return None
    span, newest = choice.period.span, ends[school]
    first, last = span.days_of(school) or (span.first, span.first)
    until = max(min(last, newest), date.fromordinal(first.toordinal() - 1))
    return RollDays(listed.row(0, named=True), choice, first, until, newest)


def read_contingent(scope: Scope, filters: Filters, now: datetime) -> Contingent | None:
    """Everything on the page for `filters.school`; None where the school is not open or has no periods."""
    days = read_roll_days(scope, filters, now)
    if days is None:
        return None
    before = date.fromordinal(days.first.toordinal() - 1)
    params = {
        "school": filters.school, "year": days.choice.period.span.year, "starts_on": days.first, "before": before,
        "until": days.until, "newest": days.newest,
    }  # fmt: skip
    consents = read(scope, _CONSENTS, params)
    return Contingent(
        row=days.row,
        choice=days.choice,
        before=before,
        until=days.until,
        classes=read(scope, _CLASSES, params),
        moves=read(scope, _MOVES, params),
        cards=read(scope, _CARDS, params),
        consents=consents.drop("carried"),
        carried=frozenset(consents["carried"][0]),
    )
