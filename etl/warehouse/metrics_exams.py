"""Results of the state examinations that stand in the journal (requirements B-38; 004 1.3)."""

from __future__ import annotations

from etl.warehouse.metrics import SOURCES, Metric

SOURCES["exam"] = {name: f"sum({name})" for name in ("graduates", "examined", "exams", "exam_sum")}
EXAM_GRADES = (9, 11)
"""Years of study that end with examinations: ОГЭ and ГВЭ after the ninth, ЕГЭ and ГВЭ after the eleventh."""
EXAMS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("exam_entered", "examined", "graduates", source="exam", noun="pupil", grain="pupil of grade 9 or 11",
               groupings=("school", "class")),
        Metric("exam_mean", "exam_sum", "exams", source="exam", noun="exam", unit="mean",
               grain="examination mark that is a digit", groupings=("school", "class", "subject"), direction="none"),
    )
}  # fmt: skip
"""Every metric of this file by its name."""
