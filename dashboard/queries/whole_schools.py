"""Sums of whole schools that have a mart of their own without persons: lags, programme, cards, sign-ins, reviews,
contradictions, critical findings. One query each, whatever the number of schools.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import polars as pl

from dashboard.queries import duty
from dashboard.queries.door import read
from dashboard.queries.periods import Period
from dashboard.small_groups import CARDS, SIGN_INS, withheld
from etl.warehouse import metrics_above  # noqa: F401 - it names the sums that are asked for below
from etl.warehouse.metrics import Source, sums
from etl.warehouse.scope import Scope

_HERE = f"d.school_id = ANY(:schools) AND d.school_year = :year AND {duty.IN_SPAN}"
_LAG = f"""
WITH {duty.SPAN}
SELECT d.school_id, d.rule, d.lag_low, d.lag_high, d.is_told, sum(d.row_count)::bigint AS row_count, {sums("lag")}
FROM mart_lag_school d JOIN span USING (school_id) WHERE {_HERE}
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
# hours held beyond the plan of a journal do not make up for another
_PROGRAMME = f"""
WITH {duty.SPAN}, journals AS (
    SELECT d.school_id, d.journal_id, sum(d.planned_count) AS planned, sum(d.held_count) AS held
    FROM mart_programme_journal d JOIN span USING (school_id) WHERE {_HERE} GROUP BY 1, 2
)
SELECT j.school_id, sum(least(j.planned, j.held))::float8 AS planned_held, sum(j.planned)::float8 AS planned
FROM journals j WHERE j.school_id = ANY(:schools) GROUP BY 1 ORDER BY 1
"""
_CARD = f"""
SELECT d.school_id, d.owner_kind, d.field, {sums("card")}
FROM mart_card_school d WHERE d.school_id = ANY(:schools) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_MONTHS = """d.school_id = ANY(:schools) AND d.school_year = :year
  AND (CAST(:is_year AS boolean) OR d.month_on + 14 BETWEEN span.starts_on AND span.ends_on)"""
_SIGN_IN = f"""
WITH {duty.SPAN}
SELECT d.school_id, d.month_on, d.role, max(d.day_count) AS day_count, {sums("sign_in")}
FROM mart_activity_month d JOIN span USING (school_id) WHERE {_MONTHS} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_REVIEW = f"""
WITH {duty.SPAN}
SELECT d.school_id, d.month_on, {sums("review")}
FROM mart_review_month d JOIN span USING (school_id) WHERE {_MONTHS} GROUP BY 1, 2 ORDER BY 1, 2
"""
_CONSISTENCY = f"""
WITH {duty.SPAN}
SELECT d.school_id, {sums("consistency")}
FROM mart_duty_school d JOIN span USING (school_id) WHERE {_HERE} GROUP BY 1 ORDER BY 1
"""
# a school that was never checked has no row, which is not zero findings
_CRITICAL = f"""
WITH {duty.SPAN}, {duty.MOMENT}
SELECT k.school_id, {sums("critical")}
FROM (SELECT DISTINCT school_id FROM check_result WHERE school_id = ANY(:schools)) k
JOIN span USING (school_id) JOIN moment USING (school_id)
LEFT JOIN finding_critical d ON d.school_id = k.school_id AND d.school_year = :year AND d.opened_on <= moment.day
    AND (d.closed_on IS NULL OR d.closed_on > moment.day)
    AND (CAST(:is_year AS boolean) OR d.anchor_on BETWEEN span.starts_on AND span.ends_on)
GROUP BY 1 ORDER BY 1
"""
_STATEMENTS: dict[Source, str] = {
    "lag": _LAG, "programme": _PROGRAMME, "card": _CARD, "sign_in": _SIGN_IN, "review": _REVIEW,
    "consistency": _CONSISTENCY, "critical": _CRITICAL,
}  # fmt: skip
WHOLE: frozenset[Source] = frozenset(_STATEMENTS)
"""Sources that are answered here."""
KNOWS_DAYS: frozenset[Source] = frozenset({"critical"})
"""Of them those that know the end of any past day; the others stand where the data end."""


def read_whole(
    scope: Scope, source: Source, period: Period, days: Mapping[int, date], limits: Mapping[int, int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sums of a source by school_id (lags by rule and days too, cards by owner and field, sign-ins by month and role):
    as they are, and as they may be shown; `days` = the day at whose end each school is looked at.

    Cards and sign-ins count persons; fields of cards are no persons, but of a school smaller than its limit nothing is
    told (`small_groups`). One query.
    """
    params: dict[str, Any] = {**period.span.params, "day_schools": list(days), "days": list(days.values())}
    rows = read(scope, _STATEMENTS[source], params)
    protect = _PROTECTED.get(source)
    return rows, protect(rows, limits) if protect is not None and scope.is_above else rows


def _cards(rows: pl.DataFrame, limits: Mapping[int, int]) -> pl.DataFrame:
    whole = withheld(rows.filter(pl.col("field").is_null() & (pl.col("owner_kind") != "school")), CARDS, limits)
    tells = whole.select("school_id", "owner_kind").unique()
    fields = rows.filter(pl.col("field").is_not_null())
    persons = fields.join(tells, on=["school_id", "owner_kind"], how="semi")
    return pl.concat([whole, persons, rows.filter(pl.col("owner_kind") == "school")]).sort(
        "school_id", "owner_kind", "field"
    )


def _sign_ins(rows: pl.DataFrame, limits: Mapping[int, int]) -> pl.DataFrame:
    return withheld(rows, SIGN_INS, limits)


_PROTECTED: dict[Source, Callable[[pl.DataFrame, Mapping[int, int]], pl.DataFrame]] = {
    "card": _cards, "sign_in": _sign_ins,
}  # fmt: skip
