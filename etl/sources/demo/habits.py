"""How teachers keep their journals: on time, days late, in bulk before the period ends, or never.

Moments are local seconds since 1970-01-01 00:00; −1 means "never", or "not yet" at the moment of the extract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
ON_TIME, LATE, BULK, NEVER = range(4)
_DAY: Final = 86400
_HOUR: Final = 3600
# share of entries on time, late, in bulk, never — for five kinds of teachers, with the share of such teachers
_KINDS: Final = np.array(
    [
        [0.935, 0.050, 0.005, 0.010],
        [0.780, 0.160, 0.025, 0.035],
        [0.470, 0.410, 0.050, 0.070],
        [0.360, 0.160, 0.410, 0.070],
        [0.400, 0.190, 0.150, 0.260],
    ]
)
_KIND_SHARES: Final = np.array([0.26, 0.50, 0.13, 0.07, 0.04])


@dataclass(frozen=True)
class Habits:
    """Habits by staff number (row 0 is unused)."""

    limits: npt.NDArray[np.float64]  # (staff, 3) cumulative shares of on time, late, bulk
    in_lesson: npt.NDArray[np.float64]  # share of punctual entries typed before the bell
    bulk_lead: Ints  # days before the end of a period
    week_effect: npt.NDArray[np.float64]  # (staff, 60): some weeks are harder than others


def build_habits(rng: np.random.Generator, count: int, quality: float) -> Habits:
    """Habits of `count` members of staff; `quality` −1…1 makes the whole school worse or better."""
    kind = rng.choice(5, count + 1, p=_KIND_SHARES)
    shares = rng.gamma(_KINDS[kind] * 70.0) / 70.0
    shares[:, LATE:] *= np.exp(-0.7 * quality)
    shares /= shares.sum(axis=1, keepdims=True)
    school_weeks = rng.normal(0, 0.18, 60)
    return Habits(
        limits=np.cumsum(shares, axis=1)[:, :3],
        in_lesson=np.clip(rng.normal(0.68 + 0.1 * quality, 0.12, count + 1), 0.2, 0.95),
        bulk_lead=rng.integers(0, 5, count + 1),
        week_effect=np.exp(rng.normal(0, 0.3, (count + 1, 60)) + school_weeks),
    )


def draw_modes(rng: np.random.Generator, habits: Habits, staff: Ints, week: Ints) -> Ints:
    """ON_TIME, LATE, BULK or NEVER for each entry of a teacher in a week of the year."""
    luck = rng.random(len(staff)) ** (1.0 / habits.week_effect[staff, week])
    modes: Ints = (luck[:, None] > habits.limits[staff]).sum(axis=1).astype(np.int64)
    return modes


def vary(rng: np.random.Generator, habits: Habits, modes: Ints, staff: Ints, week: Ints, share: float) -> Ints:
    """The same modes, but `share` of them drawn anew: one lesson's entries are usually made together."""
    return np.where(rng.random(len(modes)) < share, draw_modes(rng, habits, staff, week), modes)


def entry_moments(
    rng: np.random.Generator,
    modes: Ints,
    starts: Ints,
    ends: Ints,
    in_lesson: npt.NDArray[np.float64],
    bulk_day: Ints,
    limit: int,
) -> Ints:
    """When the entry about a lesson was made; never before the lesson begins nor after `limit` (then −1)."""
    count = len(modes)
    day = starts // _DAY
    minute = starts + 120 + (rng.random(count) * (ends - starts - 180)).astype(np.int64)
    after = ends + np.minimum(rng.exponential(2400, count), 3 * _HOUR).astype(np.int64) + 20
    evening = np.maximum(day * _DAY + rng.integers(17 * _HOUR, 22 * _HOUR + 1800, count), ends + 1200)
    evening = np.minimum(evening, (day + 1) * _DAY - 1)
    luck = rng.random(count)
    punctual = np.where(luck < in_lesson, minute, np.where(luck < 0.55 + 0.45 * in_lesson, after, evening))
    lag = rng.choice(5, count, p=[0.42, 0.24, 0.15, 0.11, 0.08]) + 1
    late = (day + lag) * _DAY + _office_seconds(rng, count)
    bulk = np.where(bulk_day > day, bulk_day * _DAY + rng.integers(14 * _HOUR, 23 * _HOUR, count), late)
    moment = np.select([modes == ON_TIME, modes == LATE, modes == BULK], [punctual, late, bulk], -1)
    return np.where(moment > limit, -1, moment)


def later(rng: np.random.Generator, moments: Ints, days: Ints, limit: int) -> Ints:
    """The moments moved by `days` to a working hour (day 0: within three hours); −1 stays −1."""
    count = len(moments)
    soon = moments + rng.integers(60, 3 * _HOUR, count)
    moved = np.where(days == 0, soon, (moments // _DAY + days) * _DAY + _office_seconds(rng, count))
    return np.where((moments < 0) | (moved > limit), -1, moved)


def optional(values: Ints, name: str = "") -> pl.Series:
    """−1 becomes null."""
    column = pl.Series(name, values)
    return column.set(column < 0, None)


def _office_seconds(rng: np.random.Generator, count: int) -> Ints:
    hour = np.clip(rng.normal(15.0, 3.2, count), 7.6, 22.9)
    return (hour * _HOUR).astype(np.int64) + rng.integers(0, 60, count)
