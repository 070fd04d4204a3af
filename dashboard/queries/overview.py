"""What the page of the municipality asks: eight queries, whatever the number of schools; sums of marts only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import duty, periods, schools
from dashboard.queries.attended import read_attended
from dashboard.queries.door import read
from dashboard.queries.same_point import moments_before
from etl.warehouse.ledger import MARK_RULES, RULE
from etl.warehouse.metrics import LESSON_RULES, sums
from etl.warehouse.scope import Scope

PAGE_RULES = (*LESSON_RULES, "absence", *MARK_RULES, "period_mark")
RULE_NUMBERS = tuple(RULE[name].number for name in PAGE_RULES)

_BY_RULE = f"""
SELECT d.school_id, d.rule, {sums("duty")}
FROM d JOIN span USING (school_id)
WHERE d.rule = ANY(:rules) AND {duty.IN_SPAN}
GROUP BY 1, 2 ORDER BY 1, 2
"""
NEWEST_BY_RULE = f"WITH {duty.SPAN}, d AS ({duty.BY_SCHOOL}) {_BY_RULE}"
DAY_BY_RULE = f"WITH {duty.SPAN}, {duty.MOMENT}, d AS ({duty.BY_DAY}) {_BY_RULE.replace(duty.IN_SPAN, duty.IN_DAYS)}"

# A class with half-years has no quarter of its own: its months count where their middle lies in the quarter
# looked at.
LEARNING_IN_SPAN = """(CAST(:is_year AS boolean) OR CASE
    WHEN p.starts_on >= span.starts_on AND p.ends_on <= span.ends_on THEN true
    WHEN p.starts_on > span.ends_on OR p.ends_on < span.starts_on THEN false
    ELSE l.month_on + 14 BETWEEN span.starts_on AND span.ends_on END)"""


@dataclass(frozen=True)
class Overview:
    """The page: `schools` of `read_schools`, the period, sums of duty rows by school × rule now and at the
    same point of the period it is compared with (None = there is none), sums of attendance by school and piece
    (`attended`: until a fixed day, without small groups)."""

    schools: pl.DataFrame
    choice: periods.Choice | None
    duties: pl.DataFrame
    before: pl.DataFrame | None
    attendance: pl.DataFrame


def read_overview(scope: Scope, filters: Filters, now: datetime) -> Overview:
    """Everything on the page at the position; `now` only tells how old the data are."""
    listed = schools.read_schools(scope, now)
    until = schools.until_of(listed, filters.as_of)
    terms = periods.read_periods(scope)
    choice = periods.choose(terms, filters, until)
    if choice is None:
        nothing = pl.DataFrame(schema={"school_id": pl.Int64, "rule": pl.Int64})
        return Overview(listed, None, nothing, None, nothing)
    chosen = choice.period
    duties = duties_by_rule(scope, chosen, until if is_past(listed, filters.as_of) else None)
    before = None
    if choice.previous is not None:
        moments = moments_before(scope, chosen, choice.previous, whole_days(listed, until), terms)
        before = duties_by_rule(scope, choice.previous, moments)
    attended = read_attended(scope, chosen, until, schools.until_of(listed), schools.read_limits(scope))
    return Overview(listed, choice, duties, before, attended)


def duties_by_rule(scope: Scope, period: periods.Period, days: dict[int, date] | None) -> pl.DataFrame:
    """Sums of duty rows by school_id × rule: where the data end, or at the end of the day `days` names for
    each school."""
    params = {**period.span.params, "rules": list(RULE_NUMBERS)}
    if days is None:
        return read(scope, NEWEST_BY_RULE, params)
    return read(scope, DAY_BY_RULE, {**params, "day_schools": list(days), "days": list(days.values())})


def is_past(listed: pl.DataFrame, as_of: date | None) -> bool:
    """The asked day is earlier than the day where the data of some school end."""
    return as_of is not None and any(as_of < newest for newest in listed["until_on"])


def whole_days(listed: pl.DataFrame, until: dict[int, date], asked: date | datetime | None = None) -> dict[int, date]:
    """The last day that each school's data, or the `asked` moment, cover to its end: a morning knows nothing of its
    own day."""
    found = {}
    for row in listed.iter_rows(named=True):
        day = until[row["school_id"]]
        is_morning = day == row["until_on"] and schools.local_moment(row).hour < 12
        is_morning = is_morning or (isinstance(asked, datetime) and asked.date() == day and asked.hour < 12)
        found[row["school_id"]] = day - timedelta(days=1) if is_morning else day
    return found
