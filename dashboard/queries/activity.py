"""What the page of activity asks of one school: three queries of its own. Signing in is known by day, not by action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import schools
from dashboard.queries.door import read
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import LESSON_RULES
from etl.warehouse.metrics_people import ACTIVE_DAYS
from etl.warehouse.scope import Scope

_LIVE = "x.school_id = ANY(:schools) AND x.school_id = :school AND x.deleted_latest IS NULL"
_LOGINS = f"""
logins AS MATERIALIZED (
    SELECT x.account_key, x.role, x.person_key, x.date, x.logins FROM fact_activity x
    WHERE {_LIVE} AND x.logins > 0 AND x.date BETWEEN CAST(:first AS date) AND CAST(:until AS date)
)
"""
_ROLES = f"""
WITH {_LOGINS}
SELECT x.role, count(*) AS accounts, count(l.account_key) AS active, coalesce(sum(l.logins), 0)::bigint AS logins,
    max(l.last_on) AS last_on,
    ARRAY(SELECT DISTINCT t.table_name FROM load_table t WHERE t.school_id = ANY(:schools) AND t.school_id = :school)
        AS carried
FROM fact_account x
LEFT JOIN (SELECT account_key, sum(logins) AS logins, max(date) AS last_on FROM logins GROUP BY 1) l USING (account_key)
WHERE {_LIVE} AND x.active GROUP BY 1 ORDER BY 1
"""
# lists and no joins: planned for one row under row policies, a join compares everybody with everybody
# whose parent somebody is stands in the consents alone; without them a pupil cannot be told to be reached
_CLASSES = f"""
WITH {_LOGINS}, here AS (
    SELECT DISTINCT x.class_id, x.pupil_id FROM fact_enrolment x
    WHERE {_LIVE} AND x.from_on <= CAST(:until AS date) AND (x.to_on IS NULL OR x.to_on > CAST(:until AS date))
), parents AS (
    SELECT x.pupil_id FROM fact_consent x
    WHERE {_LIVE} AND (x.parent_key IN (SELECT l.person_key FROM logins l WHERE l.role = 'parent')) IS TRUE
), pupils AS (
    SELECT p.pupil_id FROM dim_pupil p WHERE p.school_id = ANY(:schools) AND p.school_id = :school
      AND (p.pupil_key IN (SELECT l.person_key FROM logins l WHERE l.role = 'pupil')) IS TRUE
)
SELECT c.class_id, c.name AS class_name, c.grade, c.letter, count(*) AS enrolled,
    count(*) FILTER (WHERE h.pupil_id IN (SELECT u.pupil_id FROM pupils u)) AS active_pupils,
    count(*) FILTER (WHERE h.pupil_id IN (SELECT a.pupil_id FROM parents a)) AS reached
FROM here h
JOIN dim_class c ON c.school_id = ANY(:schools) AND c.school_id = :school AND c.class_id = h.class_id
GROUP BY 1, 2, 3, 4 ORDER BY c.grade, c.letter, c.class_id
"""
_RULES = ", ".join(str(RULE[name].number) for name in LESSON_RULES)
_TEACHERS = f"""
WITH {_LOGINS}, duties AS (
    SELECT x.staff_id, sum(x.row_count) FILTER (WHERE x.is_made) AS made, sum(x.row_count) AS due
    FROM mart_duty_week x
    WHERE x.school_id = ANY(:schools) AND x.school_id = :school AND x.rule IN ({_RULES}) AND x.is_required
      AND x.excluded IS NULL AND (x.is_made OR x.is_due) AND x.week_on + 6 >= CAST(:first AS date)
      AND x.week_on <= CAST(:until AS date)
      AND x.staff_id IS NOT NULL
    GROUP BY 1
)
SELECT d.staff_id, n.full_name, coalesce(d.made, 0)::bigint AS made, d.due::bigint AS due, max(l.date) AS last_on,
    count(DISTINCT a.account_id) AS accounts
FROM duties d
JOIN dim_staff x ON x.school_id = ANY(:schools) AND x.school_id = :school AND x.staff_id = d.staff_id
LEFT JOIN dim_staff_name n ON n.school_id = x.school_id AND n.staff_id = x.staff_id
LEFT JOIN fact_account a ON a.school_id = x.school_id AND a.role = 'staff' AND a.person_key = x.staff_key
    AND a.deleted_latest IS NULL
LEFT JOIN logins l ON l.role = 'staff' AND l.person_key = x.staff_key
GROUP BY 1, 2, 3, 4 ORDER BY max(l.date) NULLS FIRST, made, n.full_name, 1
"""


@dataclass(frozen=True)
class Activity:
    """The last `ACTIVE_DAYS` days until the day looked at (`first`…`until`); accounts and what teachers have entered of
    the lessons of these days are as known where the data end.

    `roles`: accounts in use, active ones, logins, last_on by role; `classes`: enrolled, active_pupils, reached;
    `teachers`: those with records due in these days, with made, due and last_on (their last login; null = none).
    """

    row: dict[str, Any]
    first: date
    until: date
    roles: pl.DataFrame
    classes: pl.DataFrame
    teachers: pl.DataFrame
    carried: frozenset[str]


def read_activity(scope: Scope, filters: Filters, now: datetime) -> Activity | None:
    """Everything on the page for `filters.school`; None where the scope has no such school."""
    school = filters.school
    listed = schools.read_schools(scope, now, school)
    if school is None or listed.is_empty():
        return None
    until = schools.until_of(listed, filters.as_of)[school]
    first = until - timedelta(days=ACTIVE_DAYS - 1)
    params = {"school": school, "first": first, "until": until}
    roles = read(scope, _ROLES, params)
    carried = {name for names in roles["carried"] for name in names}
    return Activity(
        row=listed.row(0, named=True),
        first=first,
        until=until,
        roles=roles.drop("carried"),
        classes=read(scope, _CLASSES, params),
        teachers=read(scope, _TEACHERS, params),
        carried=frozenset(carried),
    )
