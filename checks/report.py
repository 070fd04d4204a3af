"""What a run of the checks tells its caller: counts, timings and the table of schools and expectations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from checks.catalogue import Expectation
from checks.findings import Merged
from checks.judge import Answer
from checks.preflight import LeftOut
from etl.warehouse.ledger import Severity


@dataclass(frozen=True)
class ResultRow:
    """One school × expectation."""

    school_id: int
    school: str
    check_id: str
    rule: str
    """Name of the ledger's rule; "" = no rule of an act."""
    title: str
    severity: Severity
    """The gravest of its violations by the school's act; where there is none, the expectation's own."""
    applicable: int
    violated: int
    unknown: int
    norm: float
    verdict: str
    """met, not_met, cannot_tell or not_regulated."""
    only_breaches: bool

    @property
    def share(self) -> float | None:
        """Share kept, 0–1; None = nothing was judged, or only breaches have rows."""
        if not self.applicable or self.only_breaches:
            return None
        return 1 - self.violated / self.applicable


@dataclass(frozen=True)
class CheckReport:
    """One run, as committed."""

    run_id: int
    as_of: datetime | None
    """None = where each school's data end."""
    started_at: datetime
    finished_at: datetime
    row_count: int
    """Ledger rows counted."""
    harvested: int
    """Violating rows before suppression; equal to what Great Expectations counted."""
    suppressed: int
    merged: Merged
    answers: Mapping[str, Answer]
    left_out: tuple[LeftOut, ...]
    """Expectations that could not be asked; the others stand."""
    seconds: Mapping[str, float]
    rows: tuple[ResultRow, ...]
    """Ordered by school name (Ё after Е) and the catalogue's order."""

    @property
    def school_count(self) -> int:
        return len({row.school_id for row in self.rows})

    def broken(self, severity: Severity) -> list[ResultRow]:
        """Rows not met of this severity or a graver one (for `--fail-on`)."""
        return [row for row in self.rows if row.verdict == "not_met" and row.severity <= severity]


def read_rows(
    connection: psycopg.Connection[Any],
    run_id: int,
    expectations: Mapping[str, Expectation],
    graded: Mapping[tuple[int, str], Severity],
) -> tuple[ResultRow, ...]:
    """The results of the run as rows for people; `graded` as `harvest.gravest` gives it."""
    found = connection.execute(
        "SELECT r.school_id, coalesce(s.short_name, s.name), r.check_id, r.applicable_count,"
        " r.violated_count, r.unknown_count, r.norm_share, r.verdict"
        " FROM check_result r JOIN dim_school s USING (school_id) WHERE r.run_id = %s"
        " ORDER BY translate(lower(coalesce(s.short_name, s.name)), 'ё', 'е'), r.school_id",
        [run_id],
    ).fetchall()
    rows = [
        ResultRow(
            school_id,
            school,
            check_id,
            one.rule,
            one.title,
            graded.get((school_id, check_id), one.severity),
            applicable,
            violated,
            unknown,
            norm,
            verdict,
            one.only_breaches,
        )
        for school_id, school, check_id, applicable, violated, unknown, norm, verdict in found
        for one in (expectations[check_id],)
    ]
    place = {check_id: number for number, check_id in enumerate(expectations)}
    order: dict[int, int] = {}
    for row in rows:
        order.setdefault(row.school_id, len(order))
    return tuple(sorted(rows, key=lambda row: (order[row.school_id], place[row.check_id])))
