"""What the one-page report of the head of a school rests on: the last control and the calendar of duties (B-51)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.duty_calendar import Duty, duties_of_month, month_end, months_of
from dashboard.filters import Filters
from dashboard.queries import periods
from dashboard.queries import schools as asked
from dashboard.queries.control import Package, read_package
from dashboard.queries.duties import read_duties
from etl.warehouse.scope import Scope


@dataclass(frozen=True)
class HeadReport:
    """The school's row and period, the newest control that ends in the period or before (None = none was opened), and
    the duties of the months of the period and of the one after it, by day."""

    row: dict[str, Any]
    choice: periods.Choice
    package: Package | None
    duties: tuple[Duty, ...]


def read_head_report(scope: Scope, filters: Filters, now: datetime) -> HeadReport | None:
    """Everything of the report for `filters.school` and period; at most sixteen queries. None where the school is not
    open or has no periods. A duty is late by the school's clock; of generated data by the day where they end."""
    listed = asked.read_schools(scope, now, filters.school)
    if filters.school is None or listed.is_empty() or filters.school not in scope.school_ids:
        return None
    days = asked.until_of(listed, filters.as_of)
    choice = periods.choose(periods.read_periods(scope, filters.school), filters, days, with_days=True)
    span = choice.period.span.days_of(filters.school) if choice is not None else None
    if choice is None or span is None:
        return None
    page = read_duties(scope, Filters(school=filters.school, year=choice.period.span.year), now)
    if page is None:
        return None
    row = listed.row(0, named=True)
    today = page.until_on if row["is_demo"] else now.astimezone(ZoneInfo(str(row["timezone"]))).date()
    until = min(span[1], month_end(today))
    following = until.replace(day=1) + timedelta(days=32)
    last = date(following.year, following.month, 1)
    months = [first for first in months_of(page.facts.year) if span[0].replace(day=1) <= first <= last]
    duties = [duty for first in months for duty in duties_of_month(page.terms, page.facts, first, today)]
    package = read_package(scope, filters.school, None, span[1] + timedelta(days=1))
    return HeadReport(row, choice, package, tuple(sorted(duties, key=lambda duty: duty.due_on)))
