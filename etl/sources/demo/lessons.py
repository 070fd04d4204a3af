"""Lessons of the year: the timetable over the calendar, with illness, substitutes, cancellations, moves.

One row a lesson of a journal. Days are days since 1970-01-01, `start_s`/`end_s` local seconds of that epoch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from etl.sources.demo.calendar import SchoolYear, finest_period, weekday
from etl.sources.demo.habits import Ints, optional
from etl.sources.demo.plan import SchoolPlan
from etl.sources.demo.timetable import POSITIONS, bells

_DAY: Final = 86400
_HOUR: Final = 3600
REASONS: Final = (
    "больничный лист",
    "курсы повышения квалификации",
    "командировка",
    "по семейным обстоятельствам",
)


@dataclass(frozen=True)
class Lessons:
    """`hours`: every hour of the year (for plans); `lessons`: those up to the horizon; `staff_absences`."""

    hours: pl.DataFrame
    lessons: pl.DataFrame
    staff_absences: pl.DataFrame


def flu_intensity(days: Ints, year: SchoolYear) -> npt.NDArray[np.float64]:
    """How easily people fall ill on a day: 1 on a quiet day, about 3 at the height of the winter wave."""
    age = days - year.start
    waves = ((24, 9, 0.4), (73, 11, 2.3), (98, 12, 1.0), (158, 17, 2.2))
    heights = [height * np.exp(-(((age - top) / width) ** 2)) for top, width, height in waves]
    return np.asarray(0.8 + np.sum(heights, axis=0))


def build_lessons(
    rng: np.random.Generator,
    plan: SchoolPlan,
    year: SchoolYear,
    template: pl.DataFrame,
    journals: pl.DataFrame,
    classes: pl.DataFrame,
    area_of: list[str],
    today: int,
    horizon: int,
    limit: int,
) -> Lessons:
    """`today` is the first day without facts (that of the extract), `horizon` the last with a timetable,
    `limit` the local second of the extract."""
    days = pl.DataFrame({"day": year.days, "weekday": weekday(year.days)})
    starts, ends = bells(480 + 30 * (plan.number % 2), 45 if plan.number % 3 else 40)
    hours = (
        template.join(days, on="weekday")
        .join(journals, on="journal")
        .join(classes.select("class", "grade"), on="class")
        .sort("day", "pos", "journal")
        .with_columns(pl.int_range(1, pl.len() + 1).over("journal").alias("ordinal"))
    )
    grade = hours["grade"].to_numpy()
    day = hours["day"].to_numpy()
    pos = hours["pos"].to_numpy()
    hours = hours.with_columns(
        pl.Series("period", finest_period(year.periods, day, grade)),
        pl.Series("start_s", day * _DAY + np.array(starts)[pos] * 60),
        pl.Series("end_s", day * _DAY + np.array(ends)[pos] * 60),
        pl.Series("week", (day - year.start + 1) // 7),
    )
    lessons = hours.filter(pl.col("day") <= horizon).with_row_index("lesson", offset=1)
    lessons = lessons.with_columns(pl.col("lesson").cast(pl.Int64))
    absences = _staff_absences(rng, year, len(area_of), horizon)
    lessons = _substitute(rng, lessons, absences, area_of, today, limit)
    lessons = _move(rng, plan, year, lessons, today)
    return Lessons(hours, lessons, absences)


def _staff_absences(rng: np.random.Generator, year: SchoolYear, count: int, horizon: int) -> pl.DataFrame:
    """Illness follows the flu; courses and trips do not. One row an absence, `to_on` exclusive."""
    days = np.arange(year.start, min(horizon, year.end) + 1)
    chance = np.outer(np.full(count, 0.0055), flu_intensity(days, year))
    chance[:7] *= 0.3
    staff, index = np.nonzero(rng.random(chance.shape) < chance)
    frame = pl.DataFrame(
        {
            "staff": staff,
            "from_on": days[index],
            "length": rng.integers(2, 12, len(staff)),
            "reason": np.array(REASONS)[rng.choice(4, len(staff), p=[0.72, 0.14, 0.06, 0.08])],
        }
    ).filter(pl.col("staff") > 0)
    frame = frame.with_columns((pl.col("from_on") + pl.col("length")).alias("to_on")).sort("staff", "from_on")
    free_from = pl.col("to_on").cum_max().shift(1).over("staff").fill_null(0)
    return frame.filter(pl.col("from_on") > free_from)


def _substitute(
    rng: np.random.Generator,
    lessons: pl.DataFrame,
    absences: pl.DataFrame,
    area_of: list[str],
    today: int,
    limit: int,
) -> pl.DataFrame:
    """Lessons of absent teachers get a free colleague, else fall out; 8 % are simply left to nobody."""
    away = absences.with_columns(pl.int_ranges("from_on", "to_on").alias("day")).explode("day").select("staff", "day")
    day, pos = lessons["day"].to_numpy(), lessons["pos"].to_numpy()
    staff = lessons["staff"].to_numpy()
    away_keys = np.sort(away["staff"].to_numpy() * 100_000 + away["day"].to_numpy())
    is_away = np.isin(staff * 100_000 + day, away_keys) & (day < today)
    busy = np.sort((staff * 100_000 + day) * POSITIONS + pos)
    rows = np.flatnonzero(is_away & (rng.random(len(lessons)) < 0.92))
    chosen = np.zeros(len(lessons), dtype=np.int64)
    areas = np.array(area_of)
    teachers = np.flatnonzero(~np.isin(areas, ["", "office", "gone"]))
    for attempt in range(8):
        open_rows = rows[chosen[rows] == 0]
        candidates = _candidates(rng, areas, teachers, staff[open_rows], any_area=attempt >= 3)
        keys = candidates * 100_000 + day[open_rows]
        places = keys * POSITIONS + pos[open_rows]
        first = np.zeros(len(open_rows), dtype=bool)
        first[np.unique(places, return_index=True)[1]] = True
        good = first & ~np.isin(places, busy) & ~np.isin(keys, away_keys)
        chosen[open_rows[good]] = candidates[good]
        busy = np.sort(np.concatenate([busy, places[good]]))
    fell_out = np.zeros(len(lessons), dtype=bool)
    fell_out[rows[chosen[rows] == 0]] = True
    luck = rng.random(len(lessons))
    past = day < today
    cancelled = past & (fell_out | (luck < 0.004))
    status = np.select([~past, cancelled, luck > 0.996], ["planned", "cancelled", "replaced"], "held")
    chosen[cancelled] = 0
    sub_at = np.where(
        luck < 0.75,
        day * _DAY + 7 * _HOUR + rng.integers(0, 3500, len(luck)),
        np.where(
            luck < 0.9,
            (day - 1) * _DAY + rng.integers(15, 20, len(luck)) * _HOUR,
            (day + rng.integers(1, 5, len(luck))) * _DAY + rng.integers(9, 17, len(luck)) * _HOUR,
        ),
    )
    note_at = np.where(
        rng.random(len(luck)) < 0.8,
        day * _DAY + rng.integers(8 * _HOUR, 18 * _HOUR, len(luck)),
        (day + rng.integers(1, 6, len(luck))) * _DAY + rng.integers(8 * _HOUR, 18 * _HOUR, len(luck)),
    )
    # what would be typed after the extract was typed in the morning of the day instead
    morning = day * _DAY + 7 * _HOUR + 1800
    sub_at, note_at = np.where(sub_at > limit, morning, sub_at), np.where(note_at > limit, morning, note_at)
    return lessons.with_columns(
        pl.Series("is_away", is_away),
        optional(np.where(chosen > 0, chosen, -1), "substitute"),
        optional(np.where((chosen > 0) & (rng.random(len(luck)) < 0.95), sub_at, -1), "substitution_recorded_at"),
        pl.Series("status", status),
        optional(np.where(np.isin(status, ["cancelled", "replaced"]), note_at, -1), "status_recorded_at"),
    ).with_columns(pl.coalesce("substitute", "staff").alias("author"))


def _candidates(rng: np.random.Generator, areas: np.ndarray, teachers: Ints, staff: Ints, *, any_area: bool) -> Ints:
    """A random colleague for each absent teacher, of the same area where there is one."""
    chosen = teachers[rng.integers(0, len(teachers), len(staff))]
    if not any_area:
        for area in np.unique(areas[staff]):
            same = np.flatnonzero(areas == area)
            rows = np.flatnonzero(areas[staff] == area)
            chosen[rows] = same[rng.integers(0, len(same), len(rows))]
    return chosen


def _move(
    rng: np.random.Generator, plan: SchoolPlan, year: SchoolYear, lessons: pl.DataFrame, today: int
) -> pl.DataFrame:
    """0.4 % of the lessons are held on the afternoon of a later day, or on a free Saturday."""
    day, pos = lessons["day"].to_numpy().copy(), lessons["pos"].to_numpy().copy()
    can = (lessons["status"] == "held").to_numpy() & lessons["substitute"].is_null().to_numpy() & (day < today - 9)
    moves = can & ~lessons["is_away"].to_numpy() & (rng.random(len(day)) < 0.004)
    rows = np.flatnonzero(moves)
    old = day[rows]
    saturday = old + (5 - weekday(old))
    holidays = year.calendar["date"].to_numpy()
    to_saturday = (plan.week_days == 5) & (rng.random(len(rows)) < 0.5) & ~np.isin(saturday, holidays)
    later_day = year.days[
        np.clip(np.searchsorted(year.days, old + rng.integers(1, 5, len(rows))), 0, len(year.days) - 1)
    ]
    day[rows] = np.where(to_saturday, saturday, later_day)
    pos[rows] = np.where(to_saturday, rng.integers(1, 5, len(rows)), 13)
    keys = (lessons["staff"].to_numpy() * 100_000 + day) * POSITIONS + pos
    own_class = (lessons["group"].to_numpy() * 100_000 + day) * POSITIONS + pos
    clash = _repeated(keys) | _repeated(own_class) | (day >= today)
    day[rows] = np.where(clash[rows], old, day[rows])
    pos = np.where(moves & ~clash, pos, lessons["pos"].to_numpy())
    moved = moves & ~clash
    shift = (day - lessons["day"].to_numpy()) * _DAY
    starts, ends = bells(480 + 30 * (plan.number % 2), 45 if plan.number % 3 else 40)
    decided = (day - rng.integers(0, 3, len(day))) * _DAY + rng.integers(8 * _HOUR, 12 * _HOUR, len(day))
    return lessons.with_columns(
        pl.Series("day", day),
        pl.when(pl.Series(moved)).then(pl.Series(pos + 1)).otherwise("slot").alias("slot"),
        pl.when(pl.Series(moved))
        .then(pl.Series(day * _DAY + np.array(starts)[pos] * 60))
        .otherwise("start_s")
        .alias("start_s"),
        pl.when(pl.Series(moved))
        .then(pl.Series(day * _DAY + np.array(ends)[pos] * 60))
        .otherwise("end_s")
        .alias("end_s"),
        pl.when(pl.Series(moved)).then(pl.lit("moved")).otherwise("status").alias("status"),
        pl.when(pl.Series(moved)).then(pl.Series(decided)).otherwise("status_recorded_at").alias("status_recorded_at"),
        pl.Series("shifted", shift),
    )


def _repeated(keys: Ints) -> np.ndarray:
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return counts[inverse] > 1
