"""The metrics that a school's reader may put into a table of her own: those whose sums the database adds up by class,
journal, person or day in one statement (requirements B-47).

The others rest on one answer of a page of their own (programme, contingent, activity, registers, examinations) or on
closed periods (forecasts); `objectivity_balance` is a difference with a sign, no share.
"""

from __future__ import annotations

from etl.warehouse.metrics import METRICS, Metric, Source
from etl.warehouse.metrics_filling import FILLING
from etl.warehouse.metrics_learning import LEARNING_METRICS

COUNTED: tuple[Source, ...] = (
    "duty",
    "lag",
    "attendance",
    "learning",
    "spread",
    "fill",
    "period_mark",
    "period_success",
    "group",
)
"""Sources whose sums can be asked by any grouping that their metrics allow."""
CATALOGUE: dict[str, Metric] = {
    name: metric
    for name, metric in {**METRICS, **FILLING, **LEARNING_METRICS}.items()
    if metric.source in COUNTED and name != "objectivity_balance"
}
"""Metrics by name, in the order in which they are offered."""
GROUNDS: dict[str, Metric] = {
    "unfilled_count": METRICS["completeness"],
    "missing_count": METRICS["timeliness"],
    "late_count": METRICS["timeliness"],
}
"""Counts that cannot be told where the share that they rest on cannot: a silent source is no zero."""
