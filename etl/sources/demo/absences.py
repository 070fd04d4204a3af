"""Who was away: illness in waves, parents' notes, truancy, late arrivals; what the journal knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from etl.sources.demo.calendar import SchoolYear
from etl.sources.demo.habits import Ints, later, optional
from etl.sources.demo.lessons import flu_intensity

_DAY: Final = 86400
_ILL, _VALID, _TRUANT = 1, 2, 3


@dataclass(frozen=True)
class Absences:
    """`pairs`: one row a lesson × pupil with `is_away`; `absences`: the rows of the journal; `documents`."""

    pairs: pl.DataFrame
    absences: pl.DataFrame
    documents: pl.DataFrame


def build_members(
    enrolments: pl.DataFrame, journals: pl.DataFrame, groups: pl.DataFrame, pupils: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(group members, journal members): who belongs to which group and journal from when to when.

    The pupil taught at home leaves the class journals of those subjects that his own group has.
    """
    is_boy = (pl.col("sex") == "m").cast(pl.Int64)
    by_sex = pl.col("name").str.contains("труд")
    part = pl.when(by_sex).then(is_boy + 1).otherwise(pl.col("pupil") % 2 + 1)
    members = (
        enrolments.select("pupil", "class", "from_on", "to_on")
        .join(pupils.select("pupil", "sex"), on="pupil")
        .join(groups.select("group", "class", "group_kind", "name", "part"), on="class")
        .with_columns(pl.col("pupil").rank("dense").over("group").alias("rank"))
        .filter(
            (pl.col("part") == 0)
            | (pl.col("part") == part) & pl.col("part").is_in([1, 2])
            | (pl.col("part") == 3) & (pl.col("pupil") * 7 % 5 < 2)
            | (pl.col("part") == 4) & (pl.col("rank") == 3)
        )
        .sort("group", "pupil", "from_on")
        .select("group", "pupil", "from_on", "to_on", "group_kind")
    )
    named = members.join(journals.select("journal", "group", "class", "subject"), on="group")
    at_home = named.filter(pl.col("group_kind") == "individual").select("pupil", "class", "subject")
    shared = named.filter(pl.col("group_kind") != "individual").join(
        at_home, on=["pupil", "class", "subject"], how="anti"
    )
    journal_members = pl.concat([shared, named.filter(pl.col("group_kind") == "individual")])
    return members, journal_members.select("journal", "group", "pupil", "from_on", "to_on").sort(
        "journal", "pupil", "from_on"
    )


def build_absences(
    rng: np.random.Generator,
    year: SchoolYear,
    lessons: pl.DataFrame,
    members: pl.DataFrame,
    pupils: pl.DataFrame,
    homeroom: pl.DataFrame,
    today: int,
    limit: int,
) -> Absences:
    """Every lesson that took place × its pupils, who was away, and what was written down by the extract.

    `homeroom`: class → staff, who ask for the reasons. A lesson without a roll call has no absence rows.
    """
    episodes = _episodes(rng, year, pupils, today)
    # the state of every pupil on every day: 0 = well, else the number of the episode
    first = year.start - 20
    state = np.zeros((len(pupils) + 1, today - first + 20), dtype=np.int32)
    start, length = episodes["from_on"].to_numpy() - first, episodes["length"].to_numpy()
    for offset in range(int(length.max(initial=0))):
        rows = np.flatnonzero((length > offset) & (start + offset < state.shape[1]))
        state[episodes["pupil"].to_numpy()[rows], start[rows] + offset] = rows + 1
    pairs = (
        lessons.lazy()
        .filter((pl.col("status") != "cancelled") & (pl.col("day") < today))
        .select("lesson", "journal", "day", "pos", "slot")
        .join(members.lazy().select("journal", "pupil", "from_on", "to_on"), on="journal")
        .filter((pl.col("from_on") <= pl.col("day")) & (pl.col("to_on").is_null() | (pl.col("day") < pl.col("to_on"))))
        .select("lesson", "pupil", "day", "slot")
        .sort("lesson", "pupil")
        .collect()
    )
    pupil = pairs["pupil"].to_numpy()
    episode = state[pupil, pairs["day"].to_numpy() - first].astype(np.int64)
    truancy = np.concatenate([[0.0], pupils["truancy"].to_numpy()])[pupil]
    slot = pairs["slot"].to_numpy()
    luck = rng.random(len(pairs))
    skips = (episode == 0) & (luck < 0.0042 * truancy * np.where(slot >= 6, 2.2, 1.0))
    comes_late = (episode == 0) & ~skips & (rng.random(len(pairs)) < np.where(slot == 1, 0.011, 0.0015))
    pairs = pairs.with_columns(pl.Series("is_away", (episode > 0) | skips))
    events = pairs.with_columns(pl.Series("episode", episode), pl.Series("is_late", comes_late)).filter(
        pl.col("is_away") | pl.col("is_late")
    )
    return Absences(pairs, _absences(rng, lessons, events, episodes, homeroom, limit), _documents(episodes, today))


def _episodes(rng: np.random.Generator, year: SchoolYear, pupils: pl.DataFrame, today: int) -> pl.DataFrame:
    """Whole days away: pupil, from_on, length (calendar days), cause, and when a document was presented."""
    days = np.arange(year.start, min(today, year.end + 1))
    wave = flu_intensity(days, year)
    frames = []
    for cause, yearly, longest in ((_ILL, 2.6, 10), (_VALID, 2.1, 3), (_TRUANT, 0.9, 2)):
        trait = {_ILL: "frailty", _TRUANT: "truancy"}.get(cause)
        weight = pupils[trait].to_numpy() if trait else np.ones(len(pupils))
        chance = wave / wave.mean() if cause == _ILL else np.ones(len(days))
        expected = yearly / 265 * np.outer(weight, chance)
        row, column = np.nonzero(rng.random(expected.shape) < expected)
        shortest = 3 if cause == _ILL else 1
        frames.append(
            pl.DataFrame(
                {
                    "pupil": row + 1,
                    "from_on": days[column],
                    "length": rng.integers(shortest, longest + 1, len(row)),
                    "cause": np.full(len(row), cause),
                }
            )
        )
    episodes = pl.concat(frames).sort("pupil", "from_on", "cause")
    free_from = (pl.col("from_on") + pl.col("length")).cum_max().shift(1).over("pupil").fill_null(0)
    episodes = episodes.filter(pl.col("from_on") > free_from)
    count = len(episodes)
    causes = episodes["cause"].to_numpy()
    luck = rng.random(count)
    has_document = np.select([causes == _ILL, causes == _VALID], [luck < 0.84, luck < 0.55], False)
    back = (episodes["from_on"] + episodes["length"]).to_numpy()
    presented = back + rng.choice(6, count, p=[0.5, 0.22, 0.12, 0.08, 0.05, 0.03])
    # without a document the class teacher asks the parents, or nobody asks
    asked = np.where(has_document, presented, back + rng.integers(0, 6, count))
    lag = rng.choice(9, count, p=[0.34, 0.24, 0.14, 0.1, 0.06, 0.04, 0.03, 0.03, 0.02])
    known = np.where(has_document, rng.random(count) < 0.94, rng.random(count) < 0.6)
    asked_at = asked * _DAY + rng.integers(9 * 3600, 18 * 3600, count)
    return episodes.with_columns(
        pl.Series("has_document", has_document),
        pl.Series("presented_on", presented),
        pl.Series("reason_at", np.where(known, later(rng, asked_at, lag, 2**60), -1)),
    )


def _absences(
    rng: np.random.Generator,
    lessons: pl.DataFrame,
    events: pl.DataFrame,
    episodes: pl.DataFrame,
    homeroom: pl.DataFrame,
    limit: int,
) -> pl.DataFrame:
    called = lessons.filter(pl.col("roll_at").is_not_null()).join(homeroom, on="class", maintain_order="left")
    rows = events.join(
        called.select("lesson", "roll_at", "start_s", "author", "homeroom"),
        on="lesson",
        maintain_order="left",
    )
    count = len(rows)
    numbers = np.maximum(rows["episode"].to_numpy() - 1, 0)
    whole_day = rows["episode"].to_numpy() > 0
    cause = np.where(whole_day, _take(episodes, "cause", numbers), 0)
    own_asking = (rows["day"].to_numpy() + rng.integers(1, 9, count)) * _DAY + rng.integers(9, 18, count) * 3600
    own_reason = np.where(rng.random(count) < 0.65, own_asking, -1)
    reason_at = np.where(whole_day, _take(episodes, "reason_at", numbers), own_reason)
    is_late = rows["is_late"].to_numpy()
    recorded = rows["roll_at"].to_numpy() + rng.integers(0, 40, count)
    correction = later(rng, recorded, rng.integers(0, 4, count), limit)
    recorded = np.where((rng.random(count) < 0.03) & (correction >= 0), correction, recorded)
    recorded = np.minimum(recorded, limit)
    final = np.select([cause == _ILL, cause == _VALID], ["Б", "УП"], "НП").astype(object)
    asked = (reason_at >= 0) & (reason_at <= limit) & ~is_late
    # an entry typed after the reason became known carries it at once
    at_once = asked & (reason_at <= recorded)
    luck = rng.random(count)
    code = np.where(asked, final, np.where(luck < 0.97, "н", "ОТ")).astype(object)
    code = np.where(is_late, np.where(luck < 0.9, "ОП", "О"), code)
    # moments of one batch of reasons differ by seconds
    reason_at = np.where(asked & ~at_once, np.minimum(reason_at + rng.integers(0, 90, count), limit), -1)
    reason_at = np.where(at_once & (luck < 0.7), recorded, reason_at)
    return (
        rows.select("lesson", "pupil", "day", "author", "homeroom")
        .with_columns(
            pl.Series("code", code.astype(str)),
            pl.Series("recorded_at", recorded),
            pl.col("author").alias("recorded_by"),
            optional(reason_at, "reason_recorded_at"),
            pl.Series("was_unknown", asked & ~at_once),
        )
        .with_row_index("absence", offset=1)
    )


def _take(episodes: pl.DataFrame, column: str, rows: Ints) -> Ints:
    values = episodes[column].to_numpy()
    return values[rows] if len(values) else np.zeros(len(rows), dtype=np.int64)


def _documents(episodes: pl.DataFrame, today: int) -> pl.DataFrame:
    shown = episodes.filter(pl.col("has_document") & (pl.col("presented_on") < today))
    return shown.select(
        pl.int_range(1, pl.len() + 1).alias("document"),
        "pupil",
        pl.when(pl.col("cause") == _ILL).then(pl.lit("illness")).otherwise(pl.lit("valid")).alias("kind"),
        "from_on",
        (pl.col("from_on") + pl.col("length")).alias("to_on"),
        "presented_on",
    )
