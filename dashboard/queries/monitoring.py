"""What the table of all schools asks (requirements B-45): about twenty queries, whatever the number of schools; sums
without persons only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import periods
from dashboard.queries.comparison import Compared, Ground, compared, read_ground
from dashboard.queries.overview import duties_by_rule, whole_days
from dashboard.queries.same_point import moments_before
from dashboard.queries.whole_schools import read_whole
from etl.warehouse.metrics import Source
from etl.warehouse.scope import Scope

NOW: tuple[Source, ...] = ("duty", "consistency", "critical", "card", "review", "sign_in", "programme", "lag")
"""Sources of the table at the moment looked at."""


@dataclass(frozen=True)
class Monitoring:
    """The table: the `ground` of all schools, the sums of each source as `comparison.Compared`, and sums of the period
    it is compared with: duties and critical findings at its same school day, contradictions of the whole of it.
    """

    ground: Ground
    sources: dict[Source, Compared]
    before: dict[Source, pl.DataFrame]

    @property
    def previous(self) -> periods.Period | None:
        """The period it is compared with; None = there is none."""
        return self.ground.choice.previous if self.ground.choice is not None else None


def read_monitoring(scope: Scope, filters: Filters, now: datetime) -> Monitoring:
    """Everything on the page at the position; empty sources where no school has a period."""
    ground = read_ground(scope, filters, now)
    if ground.choice is None:
        return Monitoring(ground, {}, {})
    sources = {source: compared(scope, ground, source) for source in NOW}
    previous = ground.choice.previous
    before: dict[Source, pl.DataFrame] = {}
    if previous is not None:
        days = whole_days(ground.schools, ground.until)
        then = moments_before(scope, ground.choice.period, previous, days, ground.terms)
        before["duty"] = duties_by_rule(scope, previous, then)
        before["critical"] = read_whole(scope, "critical", previous, then, ground.limits)[1]
        before["consistency"] = read_whole(scope, "consistency", previous, then, ground.limits)[1]
    return Monitoring(ground, sources, before)
