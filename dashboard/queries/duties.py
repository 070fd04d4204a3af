"""What the calendar of duties asks: registers, periods, and the ledger's rows of the beginning of the year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.duty_calendar import Facts
from dashboard.filters import Filters
from dashboard.queries import periods, schools
from dashboard.queries.class_totals import REGISTER as TOTALS
from dashboard.queries.class_totals import read_class_totals
from dashboard.queries.door import cached, read
from dashboard.queries.terms import Terms, read_terms
from etl.warehouse.ledger import EXISTS, IS_MADE, RULE, horizon_of_row
from etl.warehouse.register_rights import newest_lines, registers_of
from etl.warehouse.scope import Scope

_SETUP, _PLAN = RULE["year_setup"].number, RULE["plan"].number
# what the reader's role may not read gives no rows
_ACTS = f"""
SELECT a.school_id, a.month_on, a.role, a.period_id, a.act_on FROM {newest_lines("control_act")} a
WHERE a.school_id = ANY(:schools) AND a.school_id = :school
"""
_TICKS = f"""
SELECT k.school_id, k.subject, k.month_on, k.class_id, k.ticked_on FROM {newest_lines("review_tick")} k
WHERE k.school_id = ANY(:schools) AND k.school_id = :school
"""
_PRINTS = f"""
SELECT p.school_id, p.document, p.class_id, p.period_id, p.printed_on FROM {newest_lines("print_line")} p
WHERE p.school_id = ANY(:schools) AND p.school_id = :school AND p.school_year = :year
"""
_REPORTS = f"""
SELECT r.school_id, r.title, r.addressee, r.due_on, r.done_on FROM {newest_lines("municipal_report")} r
WHERE r.school_id = ANY(:schools) AND r.school_id = :school
"""
_PERIODS = """
SELECT DISTINCT ON (p.kind, p.number) p.school_id, p.period_id, p.kind, p.number, p.starts_on, p.ends_on,
       (SELECT count(*) FROM dim_class c WHERE c.school_id = p.school_id AND c.school_year = p.school_year
           AND c.deleted_latest IS NULL) AS class_count
FROM dim_period p
WHERE p.school_id = ANY(:schools) AND p.school_id = :school AND p.school_year = :year AND p.deleted_latest IS NULL
ORDER BY p.kind, p.number, p.ends_on DESC
"""
# class lists of all classes are one duty, and so are the plans of all journals
_SETUPS = f"""
SELECT r.school_id, CASE WHEN r.rule = {_PLAN} THEN 'plan' WHEN split_part(r.object_key, '|', 2) LIKE 'class_list:%'
           THEN 'class_list' ELSE 'section' END AS section,
       (r.due_at AT TIME ZONE h.timezone)::date AS due_on, count(*) AS whole,
       count(*) FILTER (WHERE coalesce({IS_MADE}, false)) AS done,
       bool_or(NOT r.can_tell AND NOT coalesce({IS_MADE}, false)) AS unknown,
       max((r.done_latest AT TIME ZONE h.timezone)::date) AS last_on
FROM ledger_row r JOIN {horizon_of_row()} h ON h.t IS NOT NULL
WHERE r.school_id = ANY(:schools) AND r.school_id = :school AND r.school_year = :year AND r.judgement_id = 0
  AND r.rule IN ({_SETUP}, {_PLAN}) AND r.due_at IS NOT NULL AND r.excluded IS NULL AND {EXISTS}
GROUP BY 1, 2, 3
"""
_UNPROMOTED = f"""
SELECT z.school_id, count(r.rule) AS n FROM ledger_horizon z
LEFT JOIN ledger_row r ON r.school_id = z.school_id AND r.rule = z.rule AND r.school_year = :year
  AND r.judgement_id = 0
WHERE z.school_id = ANY(:schools) AND z.school_id = :school AND z.rule = {RULE["promotion_missing"].number} GROUP BY 1
"""


@dataclass(frozen=True)
class Duties:
    """What is needed for every month of one school year: the school's row, the act, the facts, the day where the data
    end (`until_on`), and which years there are."""

    row: dict[str, Any]
    terms: Terms
    facts: Facts
    until_on: date
    years: tuple[int, ...]


def read_duties(scope: Scope, filters: Filters, now: datetime) -> Duties | None:
    """Everything on the page of `filters.school` and `filters.year` (None = the newest); fifteen queries. None for a
    school that is not in the scope."""
    school = filters.school
    listed = schools.read_schools(scope, now, school)
    if school is None or listed.is_empty():
        return None
    row = listed.row(0, named=True)
    known = periods.read_periods(scope, school)["school_year"].unique().sort(descending=True).to_list()
    newest = row["until_on"].year - (row["until_on"].month < 8)
    begun = next((int(first) for first in known if first <= newest), newest)
    year = filters.year if filters.year is not None and filters.year in known else begun
    asked = {"school": school, "year": year}
    spans, setup, unpromoted = cached(scope, Filters(school=school), _loaded, year, school=school)
    facts = Facts(
        year,
        acts=_rows(read(scope, _ACTS, asked)),
        ticks=_rows(read(scope, _TICKS, asked)),
        prints=_rows(read(scope, _PRINTS, asked)),
        reports=_rows(read(scope, _REPORTS, asked)),
        periods=_rows(spans),
        setup=_rows(setup),
        totals=_totals(scope, school, year),
        class_count=int(spans["class_count"][0]) if spans.height else 0,
        unpromoted=int(unpromoted["n"][0]) if unpromoted.height else None,
    )
    return Duties(row, read_terms(scope, school), facts, row["until_on"], tuple(known))


def _totals(scope: Scope, school: int, year: int) -> list[dict[str, Any]]:
    # every period of the year, also those ahead; who may not read the register is told of no duty
    if TOTALS not in {row.table for row in registers_of(scope.role)}:
        return []
    page = read_class_totals(scope, Filters(school=school), date(year + 1, 7, 31), year)
    return page.rows.select("code", "ends_on", "line", "first_on").to_dicts() if page.asked.every is not None else []


def _loaded(scope: Scope, filters: Filters, year: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    # what only a load changes: most of the time of the page, and the same for a whole day
    asked = {"school": filters.school, "year": year}
    return read(scope, _PERIODS, asked), read(scope, _SETUPS, asked), read(scope, _UNPROMOTED, asked)


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.drop("school_id").to_dicts()
