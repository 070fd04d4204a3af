"""The programme: lessons held against the plan, plan against curriculum, works against the schedule, homework
(requirements B-05, B-06, B-10, B-14, B-15, B-35).
"""

from __future__ import annotations

from etl.warehouse.metrics import SOURCES, Metric

_NAMES = (
    "held", "linked", "planned", "plan_hours", "curriculum_hours", "compared_plan_hours", "due_work", "held_work",
    "planned_held", "off_schedule", "any_work",
)  # fmt: skip
SOURCES["programme"] = {name: f"sum({name})" for name in _NAMES}
_BY = ("school", "class", "subject", "journal", "period")


def _share(name: str, part: str, whole: str, noun: str, grain: str) -> Metric:
    return Metric(name, part, whole, source="programme", noun=noun, grain=grain, groupings=_BY)


PROGRAMME: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _share("programme_done", "planned_held", "planned", "hour", "hour of a dated plan, to date"),
        _share("programme_linked", "linked", "held", "lesson", "held lesson"),
        _share("plan_of_curriculum", "compared_plan_hours", "curriculum_hours", "hour", "hour of the curriculum"),
        _share("scheduled_held", "held_work", "due_work", "work", "scheduled work whose day has come"),
        Metric(
            "off_schedule_count", "off_schedule", unit="count", source="programme", noun="work",
            grain="control or test work outside the schedule", groupings=_BY, direction="down",
        ),
    )
}  # fmt: skip
"""Metrics of the page of the programme, by name."""
FORECAST_BACK = 28
"""Days: the forecast made so long ago is compared with what has come of it."""
FORECAST_MARGIN = 1.0
"""Hours by which a forecast may miss and still counts as right."""
