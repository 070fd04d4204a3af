"""Works and marks: abilities of pupils, demands of subjects, and the moments when teachers typed them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from etl.sources.demo.habits import Ints, optional
from etl.sources.demo.subjects import SUBJECTS

_DAY: Final = 86400
_WEIGHTS: Final = {"test": 3.0, "essay": 2.0, "dictation": 2.0, "written": 2.0, "check": 1.5, "lab": 1.5}
_MONITORED: Final = frozenset({"Русский язык", "Математика", "Алгебра", "Иностранный язык (английский)", "Физика"})
_CUTS: Final = np.array([2.55, 3.45, 4.4])  # latent value → 2, 3, 4, 5


@dataclass(frozen=True)
class Marks:
    """`works` and `marks` as in the bundle, plus columns that later steps need (journal, weight, day)."""

    works: pl.DataFrame
    marks: pl.DataFrame


def add_work_kinds(lessons: pl.DataFrame) -> pl.DataFrame:
    """Which lessons hold a written work (`kind_is_work`, `work_kind`), by subject; grade 1: none."""
    subject, ordinal = lessons["subject"].to_numpy(), lessons["ordinal"].to_numpy()
    every = np.array([max(spec.work_every, 1) for spec in SUBJECTS])[subject]
    has_works = np.array([spec.work_every > 0 for spec in SUBJECTS])[subject]
    is_work = has_works & (ordinal % every == 0) & (lessons["grade"] > 1).to_numpy()
    is_work &= (lessons["lesson_kind"] == "lesson").to_numpy()
    longest = max(len(spec.kinds) for spec in SUBJECTS)
    table = np.array(
        [[(spec.kinds or ("written",))[n % len(spec.kinds or ("",))] for n in range(longest)] for spec in SUBJECTS]
    )
    lengths = np.array([max(len(spec.kinds), 1) for spec in SUBJECTS])[subject]
    kinds = table[subject, (ordinal // every - 1) % lengths]
    return lessons.with_columns(
        pl.Series("kind_is_work", is_work),
        pl.when(pl.Series(is_work)).then(pl.Series(kinds)).alias("work_kind"),
    )


def build_works(rng: np.random.Generator, lessons: pl.DataFrame, today: int) -> pl.DataFrame:
    """One row a work: written works of `work_kind`, oral or home works of the other lessons with marks, but for a few
    whose teacher named none.
    """
    rows = lessons.filter(
        (pl.col("status") != "cancelled")
        & (pl.col("day") < today)
        & (pl.col("lesson_kind") == "lesson")
        & (pl.col("grade") > 1)
        & (pl.col("kind_is_work") | (pl.col("marks_at").is_not_null() & (pl.col("lesson") * 7919 % 100 < 98)))
    )
    count = len(rows)
    luck = rng.random(count)
    other = np.select([luck < 0.8, luck < 0.95, luck < 0.975], ["oral", "homework", "written"], "practical")
    monitored = np.array([spec.name in _MONITORED for spec in SUBJECTS])[rows["subject"].to_numpy()]
    is_test = (rows["work_kind"].fill_null("") == "test").to_numpy()
    typed = rows["marks_at"].fill_null(-1).to_numpy()
    checked = np.where(typed >= 0, typed // _DAY, -1)
    works = rows.select("lesson", "journal", "day", "subject", "grade", "kind_is_work").with_columns(
        pl.Series("kind", np.where(rows["kind_is_work"], rows["work_kind"].fill_null(""), other)),
        pl.Series("is_monitoring", is_test & monitored & (rng.random(count) < 0.4)),
        optional(np.where(rows["kind_is_work"], checked, -1), "checked_on"),
    )
    weights = pl.col("kind").replace_strict(_WEIGHTS, default=1.0, return_dtype=pl.Float64)
    numbers = (pl.int_range(1, pl.len() + 1) % 9).cast(pl.String)
    return works.with_columns(
        weights.alias("weight"),
        pl.col("kind")
        .replace_strict(
            {
                "test": "Контрольная работа",
                "dictation": "Диктант",
                "essay": "Сочинение",
                "written": "Письменная работа",
                "check": "Проверочная работа",
                "lab": "Лабораторная работа",
                "practical": "Практическая работа",
                "project": "Проект",
                "oral": "Ответ на уроке",
                "homework": "Домашняя работа",
            }
        )
        .add(pl.lit(" № ") + numbers)
        .alias("title"),
        pl.int_range(1, pl.len() + 1).alias("work"),
    )


def written_moments(rng: np.random.Generator, lessons: pl.DataFrame, limit: int) -> pl.Series:
    """`marks_at` of lessons with a written work: checked within nine days, 5 % never."""
    count = len(lessons)
    typed = lessons["marks_at"].fill_null(-1).to_numpy()
    ends = lessons["end_s"].to_numpy()
    is_work = lessons["kind_is_work"].to_numpy() & lessons["roll_at"].is_not_null().to_numpy()
    check = rng.choice(10, count, p=[0.14, 0.22, 0.2, 0.14, 0.1, 0.07, 0.05, 0.05, 0.02, 0.01])
    ready = np.where(check == 0, ends + 2 * 3600, (ends // _DAY + check) * _DAY + rng.integers(14, 22, count) * 3600)
    moment = np.maximum(ready + rng.integers(0, 3600, count), typed)
    moment = np.where((rng.random(count) < 0.95) & (moment <= limit), moment, -1)
    return optional(np.where(is_work, moment, np.where(lessons["kind_is_work"], -1, typed)), "marks_at")


def build_marks(
    rng: np.random.Generator,
    lessons: pl.DataFrame,
    works: pl.DataFrame,
    pairs: pl.DataFrame,
    pupils: pl.DataFrame,
    staff_count: int,
    limit: int,
) -> pl.DataFrame:
    """One row a mark. Present pupils only, but for a few makeups and slips; grade 1 has almost none."""
    marked = lessons.filter(
        pl.col("marks_at").is_not_null()
        & (pl.col("lesson_kind") == "lesson")
        & ((pl.col("grade") > 1) | (pl.col("lesson") % 4001 == 7))
    ).select("lesson", "journal", "subject", "grade", "author", "marks_at", "start_s")
    marked = marked.join(
        works.select("lesson", "work", "kind_is_work", "weight"),
        on="lesson",
        how="left",
        maintain_order="left",
    )
    asked = np.array([spec.oral for spec in SUBJECTS])[marked["subject"].to_numpy()]
    # a third of the ordinary lessons passes without marks; the others ask more
    asked = np.where(rng.random(len(marked)) < 0.22, 0.0, asked * rng.gamma(4.0, 0.28, len(marked)))
    asked = np.where(marked["kind_is_work"].fill_null(False), 0.965, asked)
    marked = marked.with_columns(
        pl.Series(
            "share",
            np.where(np.array([spec.oral for spec in SUBJECTS])[marked["subject"].to_numpy()] == 0, 0.0, asked),
        )
    )
    rows = pairs.join(marked, on="lesson", maintain_order="left")
    luck = rng.random(len(rows))
    away = rows["is_away"].to_numpy()
    is_work = rows["kind_is_work"].fill_null(False).to_numpy()
    share = rows["share"].to_numpy()
    chosen = np.where(away, np.where(is_work, luck < 0.05, luck < 0.0012), luck < share)
    rows = rows.filter(pl.Series(chosen))
    rows = _with_values(rng, rows, pupils, staff_count)
    return _with_moments(rng, rows, limit)


def _with_values(rng: np.random.Generator, rows: pl.DataFrame, pupils: pl.DataFrame, staff_count: int) -> pl.DataFrame:
    count = len(rows)
    pupil, subject = rows["pupil"].to_numpy(), rows["subject"].to_numpy()
    ability = np.concatenate([[0.0], pupils["ability"].to_numpy()])[pupil]
    talent = rng.normal(0, 0.32, (len(pupils) + 1, len(SUBJECTS)))[pupil, subject]
    strictness = rng.normal(0, 0.16, staff_count + 1)[rows["author"].to_numpy()]
    ease = np.array([spec.ease for spec in SUBJECTS])[subject]
    is_work = rows["kind_is_work"].fill_null(False).to_numpy()
    latent = ease + ability + talent - strictness + rng.normal(0.12, 0.55, count) - 0.22 * is_work
    digits = 2 + (latent[:, None] > _CUTS).sum(axis=1)
    return rows.with_columns(pl.Series("digit", digits), pl.Series("latent", latent))


def _with_moments(rng: np.random.Generator, rows: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Moments of one batch differ by seconds; a few marks stand before their lesson or come by protocol."""
    count = len(rows)
    luck = rng.random(count)
    batch = pl.int_range(pl.len()).over("lesson")
    rows = rows.with_columns((batch * 7).alias("second"))
    typed = np.minimum(rows["marks_at"].to_numpy() + rows["second"].to_numpy(), limit)
    ahead = (luck < 0.0004) & (rows["grade"] > 1).to_numpy()
    day = rows["day"].to_numpy()
    typed = np.where(ahead, (day - 1) * _DAY + rng.integers(14, 20, count) * 3600, typed)
    away = rows["is_away"].to_numpy()
    made_up = away & (luck > 0.15) & (luck < 0.85)
    protocol_day = day + rng.integers(5, 16, count)
    by_protocol = made_up & (luck < 0.55) & ((protocol_day + 3) * _DAY < limit)
    moment = (protocol_day + rng.integers(0, 3, count)) * _DAY + rng.integers(14, 19, count) * 3600
    typed = np.where(by_protocol, moment, typed)
    sign = np.select([luck > 0.994, luck > 0.988], ["+", "-"], "")
    digit = rows["digit"].cast(pl.String)
    value = pl.when(pl.Series((luck > 0.9862) & (luck < 0.988))).then(pl.lit(".")).otherwise(digit + pl.Series(sign))
    return rows.select(
        "lesson",
        "journal",
        "pupil",
        "day",
        "digit",
        "grade",
        "subject",
        "author",
        "start_s",
        value.alias("value"),
        pl.col("weight").fill_null(1.0),
        pl.when(pl.Series((rng.random(count) < 0.995) | rows["kind_is_work"].fill_null(False).to_numpy()))
        .then("work")
        .alias("work"),
        pl.Series("recorded_at", typed),
        pl.col("author").alias("recorded_by"),
        pl.when(pl.Series(by_protocol)).then(pl.format("{}", pl.col("lesson") % 40 + 1)).alias("protocol_no"),
        optional(np.where(by_protocol, protocol_day, -1), "protocol_on"),
        pl.when(pl.Series(made_up & ~by_protocol)).then(pl.lit("отработано после пропуска")).alias("comment"),
    ).with_row_index("mark", offset=1)


def strange_author(rng: np.random.Generator, authors: Ints, staff_count: int, share: float) -> Ints:
    """The same authors, but `share` of the entries made under another account of the school."""
    other = rng.integers(2, staff_count + 1, len(authors))
    return np.where(rng.random(len(authors)) < share, other, authors)
