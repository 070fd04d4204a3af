"""Settings of the indicators of learning, each with its default and its reason: read by the load and by the pages."""

from __future__ import annotations

from datetime import date, timedelta

MARK_NORMS: dict[float, int] = {1.0: 3, 2.0: 5, 3.0: 7}
"""Least marks of a pupil in a period by weekly hours, where the school's act states none (min_marks_per_period).

No federal norm exists; 3/5/7 is what school checkers in use take (peers §2, M6). It is shown as a yardstick, not as the
school's own norm."""
EARLY_LESSONS = 5
"""Lessons of a journal held in a period that still runs, before which nobody can owe marks: «рано судить».

A scaled norm is rounded up: after the first lesson it would ask a mark of every pupil of a class asked by fives."""
SHORT_STAY = 0.25
"""Pupils with a smaller share of the period's lessons are listed apart (A7 min_lessons_share_for_fill, G17)."""
OBJECTIVE_WITHIN = 50
"""A period mark agrees with the weighted mean within this many hundredths of a mark (requirements B-36: 0.5)."""
BORDERLINE = 5
"""Hundredths of a mark around that limit in which either mark is accepted (peers §2, M10)."""
MARKS_TO_JUDGE = 3
"""With fewer current marks there is no verdict on a period mark (peers §2, M10)."""
CONTROL_WORKS_MARKS = 5
"""With fewer marks of control works the difference from the period marks says nothing: «мало отметок» (B-36)."""
SPREAD_STEP = 20
"""Shares of missed lessons are kept in steps of one twentieth, so every threshold of 5 % steps can be asked for."""
SYSTEMATIC_SHARE = 0.30
"""Systematic absence: at least this share of a month's lessons missed (peers §2, M9; requirements B-18)."""
SOU_WEIGHTS: dict[int, int] = {5: 100, 4: 64, 3: 36, 2: 16, 1: 0, 10: 7}
"""Weights of СОУ in hundredths by mark code, 10 = н/а (peers §2, M3)."""

AGREES, OVER, UNDER, ON_BORDER, TOO_FEW, WITHOUT_MARKS = 1, 2, 3, 4, 5, 6
"""Verdicts on a period mark against the current ones; null = there is no digit to judge."""

FORECAST_MIN_LESSONS = 4
"""With fewer lessons a pace foretells nothing: one mark more or less would turn it round."""
FORECAST_MIN_HOURS = 4
"""Fewer planned hours foretell nothing about the programme."""
FORECAST_LAG_MARGIN = 1.0
"""Hours by which a forecast of the programme may miss and still counts as right; a smaller lag is no warning."""
FORECAST_MIN_CHECKED = 20
"""With fewer past forecasts no hit rate is shown, only their number."""
FORECAST_ENOUGH, FORECAST_SHORT, FORECAST_CANNOT_TELL = 1, 2, 3
"""Forecasts of a pupil's marks against the norm of the period."""

TREND_MIN_MARKS = 6
"""Digits of a pupil in a journal and period below which no trend is told: three in each half, as for a verdict."""
TREND_LEVEL = 25
"""Hundredths of a mark between the two halves that are still called «без изменений»: a quarter of a mark."""

RISK_MEAN = 250
"""Hundredths of a mark: a weighted mean below it in a subject puts a pupil into the risk group (requirements B-18)."""
RISK_IN_A_ROW = 2
"""So many unsatisfactory marks in a row in one subject do too (B-18)."""
RISK_UNMARKED_SUBJECTS = 2
"""So many subjects without a mark do too (B-18)."""
RISK_MISSED_SHARE = SYSTEMATIC_SHARE
"""So does this share of a month's lessons missed (B-18)."""


def cut_day(starts_on: date, ends_on: date, running: tuple[date, date, date]) -> date:
    """The day as far into a closed period as `running` = (first day, last day, today) is into the running one.

    Whole days, rounded down, the first day at least: so a past forecast never knows more than the present one.
    """
    first, last, today = running
    over = (today - first).days + 1
    days = ((ends_on - starts_on).days + 1) * over // ((last - first).days + 1)
    return starts_on + timedelta(days=max(days, 1) - 1)
