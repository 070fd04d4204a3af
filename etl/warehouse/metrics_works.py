"""Period marks beside the marks of control works of the same pupils (requirements B-36: «period distribution vs
ОГЭ/ЕГЭ/ВШК mean difference»; 004 2.2, 6.1, 8.3).

One row is a mark of such a work, a digit, of a pupil whose period mark in the same journal and period is a digit too:
so both means are taken of the same pupils, and their difference is one quotient of sums. Which works count and how many
marks are needed are settings (`contract.variants`: control_works, control_works_marks).
"""

from __future__ import annotations

from etl.warehouse.metrics import SOURCES, Metric

CONTROL_KINDS = ("test", "check")
"""Kinds of works that an act calls control works (bundle, `work.kind`); the works of ВШК bear a mark of their own."""
SOURCES["control_work"] = {
    "pair_count": "count(*)",
    "period_sum": "sum(m.period_mark_code)",
    "work_sum": "sum(m.mark_code)",
    "gap_sum": "sum(m.period_mark_code - m.mark_code)",
}
_BY = ("school", "class", "journal", "period")
_GRAIN = "mark of a control work × period mark of the pupil"


def _mean(name: str, part: str) -> Metric:
    return Metric(name, part, "pair_count", source="control_work", noun="pair", unit="mean", grain=_GRAIN,
                  groupings=_BY, direction="none")  # fmt: skip


CONTROL_WORKS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _mean("control_work_gap", "gap_sum"),
        _mean("control_work_mean", "work_sum"),
        _mean("control_work_period_mean", "period_sum"),
    )
}
"""Metrics of this file by name; the first is the difference of the other two: above zero, period marks are higher."""
