"""Additive sums over the marts of attendance and of marks, each named once: what `metrics_learning` divides."""

from __future__ import annotations

from etl.contract.learning import SOU_WEIGHTS, SPREAD_STEP, SYSTEMATIC_SHARE

ATTENDANCE = {
    name: f"sum({name})"
    for name in (
        "held_count",
        "slot_count",
        "missed_count",
        "missed_illness_count",
        "missed_valid_count",
        "missed_invalid_count",
        "missed_unknown_count",
        "late_count",
        "stray_count",
    )
} | {"attended_count": "sum(slot_count - missed_count)"}
"""Sums over rows of mart_attendance_day and mart_attendance_school."""
SPREAD = {
    "month_pupil_count": "sum(pupil_count)",
    "systematic_count": f"sum(pupil_count) FILTER (WHERE step >= {round(SYSTEMATIC_SHARE * SPREAD_STEP)})",
}
"""Sums over rows of mart_absence_spread: pupil × month."""
FILL = {
    name: f"sum({name})"
    for name in (
        "pupil_count",
        "apart_count",
        "pupil_mark_count",
        "unmarked_count",
        "early_count",
        "one_mark_count",
        "norm_count",
        "capped_count",
        "needed_count",
        "asked_count",
        "present_count",
        "agrees_count",
        "over_count",
        "under_count",
        "border_count",
        "too_few_count",
        "without_marks_count",
        "digit_count",
        "digit_sum",
        "weight_sum",
        "point_sum",
    )
} | {
    "norm_pupil_count": "sum(pupil_count - early_count)",
    "judged_count": "sum(agrees_count + over_count + under_count)",
    "mismatch_count": "sum(over_count + under_count)",
    "balance_count": "sum(over_count - under_count)",
    "own_norm_count": "count(*) FILTER (WHERE is_norm_stated)",
}
"""Sums over rows of mart_mark_fill: pupil × journal × period."""
GROUP = {
    name: f"sum({name})"
    for name in (
        "listed_count",
        "incomplete_count",
        "failing_count",
        "unattested_count",
        "excellent_count",
        "good_count",
        "one_four_count",
        "one_three_count",
    )
} | {"complete_count": "sum(listed_count - incomplete_count)"}
"""Sums over rows of mart_period_group: pupil × period."""
_WEIGHED = " ".join(f"WHEN {code} THEN {weight}" for code, weight in SOU_WEIGHTS.items())
SOU = {
    "sou_points": f"sum(row_count * CASE mark_code {_WEIGHED} ELSE 0 END)",
    "sou_whole": "sum(row_count * 100) FILTER (WHERE mark_code BETWEEN 1 AND 5 OR mark_code = 10)",
    "unattested_mark_count": "sum(row_count) FILTER (WHERE mark_code = 10)",
    "graded_count": "sum(row_count) FILTER (WHERE mark_code BETWEEN 1 AND 5 OR mark_code = 10)",
    **{f"mark_{n}_count": f"sum(row_count) FILTER (WHERE mark_code = {n})" for n in (1, 2, 3, 4, 5)},
}
"""More sums over rows of mart_period_mark."""
