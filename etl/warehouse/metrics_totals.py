"""Totals of missed lessons that class teachers count, held against the journal (requirements B-25; 004 5-КР-1)."""

from __future__ import annotations

from etl.warehouse.metrics import SOURCES, Metric

SOURCES["class_total"] = {name: f"sum({name})" for name in ("due", "entered", "compared", "agreed")}
_BY = ("school", "class", "period")
CLASS_TOTALS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("class_total_entered", "entered", "due", source="class_total", noun="class_total",
               grain="class × period that is over", groupings=_BY),
        Metric("class_total_agreed", "agreed", "compared", source="class_total", noun="class_total",
               grain="class × period that is over and has a total", groupings=_BY),
    )
}  # fmt: skip
"""Every metric of this file by its name; the sums are made by `dashboard.class_totals`."""
