"""Printouts for parents that are overdue: applications of the register against the days of the act (B-49)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import schools as asked
from dashboard.queries.registers import read_register
from dashboard.queries.terms import read_terms
from dashboard.register_rows import printout_due
from etl.warehouse.register_rights import registers_of
from etl.warehouse.scope import Scope

_REGISTER = "printout_request"
_SHAPE = {"full_name": pl.String, "class_name": pl.String, "requested_on": pl.Date, "last_issued_on": pl.Date,
          "due_on": pl.Date, "days": pl.Int64}  # fmt: skip


@dataclass(frozen=True)
class OverduePrintouts:
    """The school's row, the act's days from one printout to the next (None = it states none), and one row per overdue
    application: full_name, class_name, requested_on, last_issued_on, due_on, days (past the due day), longest first."""

    row: dict[str, Any]
    limit: int | None
    rows: pl.DataFrame


def read_overdue_printouts(scope: Scope, filters: Filters, now: datetime) -> OverduePrintouts | None:
    """Everything of the list for `filters.school`; five queries. None where the school or the register is not open.
    Days are those of the school's clock at `now`; of generated data those where they end."""
    listed = asked.read_schools(scope, now, filters.school)
    may_read = _REGISTER in {row.table for row in registers_of(scope.role)}
    if filters.school is None or listed.is_empty() or not may_read:
        return None
    row = listed.row(0, named=True)
    terms = read_terms(scope, filters.school)
    limit = terms.value("parent_printout_days")
    today = row["until_on"] if row["is_demo"] else now.astimezone(ZoneInfo(str(row["timezone"]))).date()
    found = []
    if limit is not None:
        lines = read_register(scope, Filters(school=filters.school, measure=_REGISTER))
        for line in lines.filter(~pl.col("is_withdrawn")).iter_rows(named=True):
            due: date | None = printout_due(line, terms)
            if due is not None and due < today:
                found.append((line["pupil"], line["class_name"], line["requested_on"], line["last_issued_on"], due,
                              (today - due).days))  # fmt: skip
    rows = pl.DataFrame(found, schema=_SHAPE, orient="row").sort("days", "full_name", descending=[True, False])
    return OverduePrintouts(row, None if limit is None else int(limit), rows)
