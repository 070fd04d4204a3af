"""Classes and pupils: who is in which class from when to when, with the orders that say so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from etl.sources.demo.calendar import SchoolYear
from etl.sources.demo.names import full_names
from etl.sources.demo.plan import SchoolPlan

_LETTERS = "АБВГДЕЖ"
_SECOND_SHIFT = (6, 7)


@dataclass(frozen=True)
class Pupils:
    """`pupils`: a row a pupil with hidden traits; `enrolments`: a row a stay; `movements`: a row an order."""

    pupils: pl.DataFrame
    enrolments: pl.DataFrame
    movements: pl.DataFrame


def build_classes(plan: SchoolPlan) -> pl.DataFrame:
    """One row a class: class, grade, letter, title, shift, days (school days a week)."""
    rows: list[tuple[int, int, str, str, int, int]] = []
    for grade, parallels in enumerate(plan.classes, start=1):
        for letter in _LETTERS[:parallels]:
            shift = 2 if plan.two_shifts and grade in _SECOND_SHIFT else 1
            days = 5 if grade <= 4 else plan.week_days
            rows.append((len(rows) + 1, grade, letter, f"{grade}{letter}", shift, days))
    return pl.DataFrame(rows, schema=["class", "grade", "letter", "title", "shift", "days"], orient="row")


def build_pupils(
    rng: np.random.Generator,
    plan: SchoolPlan,
    year: SchoolYear,
    classes: pl.DataFrame,
    last_day: int,
    limit: int,
) -> Pupils:
    """Pupils with their stays; about 2 % come and 2 % go in the year, a few change the class.

    `last_day` is the last day with facts, `limit` the local second of the extract; no entry is younger.
    """
    sizes = np.clip(rng.normal(plan.class_size, 2.2, len(classes)), 8, 32).astype(np.int64)
    place = np.repeat(np.arange(len(classes)), sizes)
    count = len(place)
    female = rng.random(count) < 0.495
    grade = classes["grade"].to_numpy()[place]
    school_mood = rng.normal(0, 0.08)
    class_mood = rng.normal(0, 0.16, len(classes))
    pupils = pl.DataFrame(
        {
            "pupil": np.arange(1, count + 1),
            "full_name": full_names(rng, female),
            "sex": np.where(female, "f", "m"),
            "birth_year": int(year.name[:4]) - 6 - grade - (rng.random(count) < 0.3),
            "ability": rng.normal(0, 0.5, count) + class_mood[place] + school_mood + 0.12 * female,
            "frailty": rng.gamma(2.0, 0.5, count),
            "truancy": rng.gamma(0.35, 1.0, count) * np.clip((grade - 3) / 5, 0.05, 1.2),
        }
    )
    return _stays(rng, year, classes, pupils, place, last_day, limit)


def _stays(
    rng: np.random.Generator,
    year: SchoolYear,
    classes: pl.DataFrame,
    pupils: pl.DataFrame,
    place: npt.NDArray[np.int64],
    last_day: int,
    limit: int,
) -> Pupils:
    count = len(place)
    grade = classes["grade"].to_numpy()[place]
    passed = (last_day - year.start) / (year.end - year.start)
    fate = rng.random(count)
    event_day = rng.integers(year.start + 5, last_day, count)
    rate = 0.006 + 0.016 * passed
    comes = fate < rate
    goes = (fate >= rate) & (fate < 2 * rate)
    sibling = _parallel_class(classes)[place]
    shifts_class = (fate >= 2 * rate) & (fate < 2.3 * rate) & (sibling > 0)
    to_day = np.where(goes | shifts_class, event_day, -1)
    first = pl.DataFrame(
        {
            "pupil": pupils["pupil"],
            "class": place + 1,
            "from_on": np.where(comes, event_day, year.start),
            "to_on": to_day,
            "fate": np.select([comes, goes, shifts_class, grade == 1], ["come", "go", "shift", "new"], "stay"),
        }
    )
    second = (
        first.filter(pl.col("fate") == "shift")
        .with_columns(pl.col("to_on").alias("from_on"), pl.lit(-1, pl.Int64).alias("to_on"))
        .with_columns(pl.Series("class", sibling[shifts_class]))
    )
    stays = pl.concat([first, second]).sort("pupil", "from_on")
    ordered = np.where(stays["from_on"] == year.start, year.start - rng.integers(2, 9, len(stays)), stays["from_on"])
    stays = stays.with_columns(
        pl.format("{}-у", pl.int_range(1, pl.len() + 1)).alias("order_no"),
        pl.Series("order_on", ordered),
        pl.Series("recorded_at", _recorded(rng, ordered, limit)),
    )
    return Pupils(
        pupils,
        stays.with_columns(pl.when(pl.col("to_on") >= 0).then("to_on").alias("to_on")),
        _movements(rng, year, stays, second, limit),
    )


def _parallel_class(classes: pl.DataFrame) -> npt.NDArray[np.int64]:
    """For each class another one of its grade (0 = there is none)."""
    keys, grades = classes["class"].to_list(), classes["grade"].to_list()
    others = {grade: [key for key, own in zip(keys, grades, strict=True) if own == grade] for grade in grades}
    return np.array(
        [
            0 if len(same := others[grade]) == 1 else same[(same.index(key) + 1) % len(same)]
            for key, grade in zip(keys, grades, strict=True)
        ]
    )


def _recorded(rng: np.random.Generator, ordered: npt.NDArray[np.int64], limit: int) -> npt.NDArray[np.int64]:
    """When an order was typed in: mostly within three days, some weeks later, never after the extract."""
    lag = np.select(
        [rng.random(len(ordered)) < 0.8, rng.random(len(ordered)) < 0.75],
        [rng.integers(0, 4, len(ordered)), rng.integers(4, 11, len(ordered))],
        rng.integers(11, 26, len(ordered)),
    )
    moment = (ordered + lag) * 86400 + rng.integers(9 * 3600, 17 * 3600, len(ordered))
    return np.minimum(moment, limit - rng.integers(3600, 5 * 86400, len(ordered)))


def _movements(
    rng: np.random.Generator, year: SchoolYear, stays: pl.DataFrame, second: pl.DataFrame, limit: int
) -> pl.DataFrame:
    """Enrolments of grade 1 and of comers, promotions of the others, departures and changes of class."""
    starts = stays.filter(~((pl.col("fate") == "shift") & (pl.col("from_on") > year.start))).select(
        "pupil",
        kind=pl.when(pl.col("fate").is_in(["come", "new"])).then(pl.lit("enrol")).otherwise(pl.lit("promotion")),
        effective_on=pl.col("from_on"),
        from_class=pl.lit(None, pl.Int64),
        to_class=pl.col("class"),
    )
    gone = stays.filter(pl.col("fate") == "go").select(
        "pupil",
        kind=pl.when(pl.col("pupil") % 4 == 0).then(pl.lit("leave")).otherwise(pl.lit("school_transfer")),
        effective_on=pl.col("to_on"),
        from_class=pl.col("class"),
        to_class=pl.lit(None, pl.Int64),
    )
    changed = second.join(stays.filter(pl.col("to_on") >= 0).select("pupil", from_class="class"), on="pupil").select(
        "pupil",
        kind=pl.lit("class_transfer"),
        effective_on=pl.col("from_on"),
        from_class=pl.col("from_class"),
        to_class=pl.col("class"),
    )
    rows = pl.concat([starts, gone, changed]).sort("effective_on", "pupil", "kind")
    effective = rows["effective_on"].to_numpy()
    is_promotion = (rows["kind"] == "promotion").to_numpy()
    ordered = np.where(is_promotion, year.start - 84, effective - rng.integers(0, 4, len(rows)))
    return rows.with_columns(
        pl.int_range(1, pl.len() + 1).alias("movement"),
        pl.format("{}-д", pl.int_range(1, pl.len() + 1)).alias("order_no"),
        pl.Series("order_on", ordered),
        pl.Series("recorded_at", _recorded(rng, ordered, limit)),
        pl.lit(5, pl.Int64).alias("recorded_by"),
    ).rename({"from_class": "from_class_key", "to_class": "to_class_key"})
