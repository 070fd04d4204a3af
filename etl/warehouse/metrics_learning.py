"""Numbers of attendance, of the accumulation of marks, of results and of objectivity (requirements B-01…B-04, B-16,
B-23…B-26, B-29, B-30, B-36; peers §2, M3–M11). Their settings stand in `contract.learning`.

Three means are three metrics and are never mixed: `mean_mark` (current), `weighted_mean` (current, by weight) and
`mean_period_mark` (metrics.METRICS).
"""

from __future__ import annotations

from etl.contract.learning import MARK_NORMS as MARK_NORMS
from etl.contract.learning import OVER as OVER
from etl.contract.learning import SHORT_STAY as SHORT_STAY
from etl.contract.learning import SYSTEMATIC_SHARE as SYSTEMATIC_SHARE
from etl.contract.learning import UNDER as UNDER
from etl.contract.learning import WITHOUT_MARKS as WITHOUT_MARKS
from etl.warehouse.metrics import Direction, Metric, Source, Unit

_BY_DAY = ("school", "class", "journal", "day", "week", "month", "period")
_BY_JOURNAL = ("school", "class", "journal", "period")
_BY_CLASS = ("school", "class", "period")
REASONS = ("illness", "valid", "invalid", "unknown")


def _metric(
    name: str,
    parts: str,
    source: Source,
    noun: str,
    grain: str,
    groupings: tuple[str, ...],
    direction: Direction = "none",
    unit: Unit = "share",
    exclusions: tuple[str, ...] = (),
) -> Metric:
    numerator, _, denominator = parts.partition(" / ")
    return Metric(
        name,
        numerator,
        denominator,
        unit=unit,
        source=source,
        noun=noun,
        grain=grain,
        groupings=groupings,
        direction=direction,
        exclusions=exclusions,
    )


def _fill(
    name: str,
    parts: str,
    direction: Direction = "none",
    unit: Unit = "share",
    noun: str = "place",
    exclusions: tuple[str, ...] = ("apart_count", "early_count"),
) -> Metric:
    grain = "pupil × journal × period"
    return _metric(name, parts, "fill", noun, grain, _BY_JOURNAL, direction, unit, exclusions)


_ALL = (
    *(
        _metric(f"absence_{reason}_share", f"missed_{reason}_count / missed_count", "attendance", "missed_slot",
                "missed pupil × held lesson", _BY_DAY, "down" if reason in ("invalid", "unknown") else "none")
        for reason in REASONS
    ),
    _metric("unexplained_count", "missed_unknown_count", "attendance", "missed_slot", "missed pupil × held lesson",
            _BY_DAY, "down", "count"),
    _metric("systematic_share", "systematic_count / month_pupil_count", "spread", "pupil_month", "pupil × month",
            ("school", "class", "month"), "down"),
    _fill("marks_per_pupil", "pupil_mark_count / pupil_count", unit="mean", exclusions=("apart_count",)),
    _fill("norm_share", "norm_count / norm_pupil_count", "up"),
    _fill("norm_done", "capped_count / needed_count", "up", noun="mark"),
    _fill("asked_share", "asked_count / present_count", noun="slot", exclusions=("apart_count",)),
    _fill("unmarked_share", "unmarked_count / norm_pupil_count", "down"),
    _fill("one_mark_share", "one_mark_count / norm_pupil_count", "down"),
    _metric("weighted_mean", "point_sum / weight_sum", "fill", "mark", "mark that is a digit", _BY_JOURNAL,
            unit="mean"),
    _metric("objectivity_mismatch", "mismatch_count / judged_count", "fill", "period_mark", "period mark", _BY_JOURNAL,
            "down", exclusions=("border_count", "too_few_count", "without_marks_count")),
    _metric("objectivity_balance", "balance_count / judged_count", "fill", "period_mark", "period mark", _BY_JOURNAL,
            exclusions=("border_count", "too_few_count", "without_marks_count")),
    _metric("without_marks_count", "without_marks_count", "fill", "period_mark", "period mark", _BY_JOURNAL, "down",
            "count"),
    _metric("sou", "sou_points / sou_whole", "period_mark", "period_mark", "period mark", _BY_JOURNAL),
    _metric("unattested_share", "unattested_mark_count / graded_count", "period_mark", "period_mark", "period mark",
            _BY_JOURNAL, "down"),
    *(
        _metric(f"{name}_pupils", f"{name}_count / complete_count", "group", "pupil", "pupil × period", _BY_CLASS,
                exclusions=("incomplete_count",))
        for name in ("excellent", "good", "one_four", "one_three")
    ),
    _metric("failing_pupils", "failing_count / listed_count", "group", "pupil", "pupil × period", _BY_CLASS, "down"),
)  # fmt: skip
LEARNING_METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
"""Every metric of this file by its name."""
