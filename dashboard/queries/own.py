"""What a teacher's own view asks: her journals, what is overdue, due today and this week; a constant number of queries.

«Her» = the journals of her grants, and of the records in them those she answers for (annex R18: the substitute where
there is one). A lesson without any entry is told by its entries, not a second time as such. Time is counted
where the data end: an entry made since is not known yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods, schools
from dashboard.queries.door import read
from dashboard.queries.forecast import Forecasts, read_pupil_forecasts
from dashboard.queries.overview import RULE_NUMBERS
from dashboard.queries.school import JOURNALS
from etl.warehouse.ledger import EXISTS, IS_MADE, RULE, STATUS, Status, horizon_of_row
from etl.warehouse.metrics import sums
from etl.warehouse.scope import Scope

LISTED = 20
"""Duties named one by one; of the rest only their number is told."""
_OPEN = f"({int(Status.missing)}, {int(Status.pending)})"
_DUE = f"""
WITH d AS (
    SELECT r.rule, r.journal_id, r.class_id, r.lesson_id, r.period_id, r.anchor_on, r.due_at, r.profile_version,
        r.school_id, r.school_year, {STATUS} AS status, h.t AS at
    FROM ledger_row r JOIN {horizon_of_row()} h ON h.t IS NOT NULL
    WHERE r.school_id = ANY(:schools) AND r.school_id = :school AND r.school_year = :year AND r.judgement_id = 0
      AND r.journal_id = ANY(ARRAY(SELECT a.journal_id FROM access_row a
          WHERE a.school_id = :school AND a.level = 'journal'))
      AND r.staff_id = ANY(CAST(:staff AS int[])) AND r.is_required AND r.excluded IS NULL AND r.can_tell
      AND r.rule <> {RULE["no_entry"].number} AND r.due_at IS NOT NULL AND NOT coalesce({IS_MADE}, false) AND {EXISTS}
      AND r.due_at < ((CAST(:sunday AS date) + 1)::timestamp AT TIME ZONE h.timezone)
), g AS (
    SELECT d.school_id, d.school_year, d.rule, d.journal_id, d.class_id, d.lesson_id, d.period_id, d.anchor_on,
        d.due_at, d.profile_version, d.status, d.at, count(*) AS n,
        count(*) OVER (PARTITION BY d.status) AS listed_of, sum(count(*)) OVER (PARTITION BY d.status) AS entries_of
    FROM d WHERE d.status IN {_OPEN}
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
)
SELECT g.*, c.name AS class_name, u.name AS subject, p.kind AS period_kind, p.number AS period_number, k.clause,
    k.quotation, k.act_title, k.act_number
FROM (SELECT g.*, row_number() OVER (PARTITION BY g.status ORDER BY g.due_at, g.journal_id, g.rule, g.lesson_id)
        AS place FROM g) g
LEFT JOIN dim_class c ON c.school_id = g.school_id AND c.class_id = g.class_id
LEFT JOIN dim_journal j ON j.school_id = g.school_id AND j.journal_id = g.journal_id
LEFT JOIN dim_subject u ON u.school_id = j.school_id AND u.subject_id = j.subject_id
LEFT JOIN dim_period p ON p.school_id = g.school_id AND p.period_id = g.period_id
LEFT JOIN judgement_rule k ON k.school_id = g.school_id AND k.judgement_id = 0
  AND k.profile_version = g.profile_version AND k.rule = g.rule
WHERE g.place <= :listed
ORDER BY g.due_at, g.journal_id, g.rule, g.lesson_id, g.period_id
"""
_SUMS = f"""
WITH {duty.SPAN}, d AS ({duty.BY_JOURNAL} AND m.school_id = :school AND m.rule = ANY(:rules)
    AND m.staff_id = ANY(CAST(:staff AS int[])))
SELECT d.journal_id, d.rule, {sums("duty")} FROM d JOIN span USING (school_id) WHERE {duty.IN_SPAN}
GROUP BY 1, 2 ORDER BY 1, 2
"""
_JOURNAL_IDS = """
SELECT DISTINCT l.journal_id FROM fact_lesson l
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year AND l.deleted_latest IS NULL
  AND (l.staff_id = ANY(CAST(:staff AS int[])) OR l.substitute_id = ANY(CAST(:staff AS int[])))
"""


@dataclass(frozen=True)
class Own:
    """The view of a teacher in one period.

    `duties` sums by journal and rule of the period; `due` one row per object that is not entered and due by the end of
    the week in which the data end (`n` entries of it, `listed_of` and `entries_of` all such rows and entries);
    `forecasts` of her journals until the end of the running period.
    """

    row: dict[str, Any]
    choice: periods.Choice
    until: date
    sunday: date
    duties: pl.DataFrame
    due: pl.DataFrame
    dims: pl.DataFrame
    forecasts: Forecasts


def read_own(scope: Scope, filters: Filters, now: datetime) -> Own | None:
    """Everything on the page of `filters.school`; None where the reader teaches nothing there. Nine queries."""
    school = filters.school
    staff = sorted(staff_id for own_school, staff_id in scope.staff_ids if own_school == school)
    listed = schools.read_schools(scope, now, school)
    if school is None or not staff or listed.is_empty():
        return None
    until = schools.until_of(listed)
    choice = periods.choose(periods.read_periods(scope, school), filters, until)
    if choice is None:
        return None
    day = until[school]
    sunday = day + timedelta(days=6 - day.weekday())
    params = {
        **choice.period.span.params, "school": school, "staff": staff, "rules": list(RULE_NUMBERS), "sunday": sunday,
        "listed": LISTED,
    }  # fmt: skip
    return Own(
        row=listed.row(0, named=True),
        choice=choice,
        until=day,
        sunday=sunday,
        duties=read(scope, _SUMS, params),
        due=read(scope, _DUE, params),
        dims=read(scope, JOURNALS, params),
        forecasts=_taught(scope, school, params),
    )


def _taught(scope: Scope, school: int, params: dict[str, Any]) -> Forecasts:
    """Forecasts of the journals she teaches: a class teacher reads those of her whole class too."""
    found = read_pupil_forecasts(scope, school, None)
    mine = read(scope, _JOURNAL_IDS, params)["journal_id"].implode()
    of_hers = pl.col("journal_id").is_in(mine)
    return Forecasts(found.marks.filter(of_hers), found.journals, found.programme.filter(of_hers), found.hits)
