"""The source's change history: corrected marks, learned reasons, topics, works, deletions; permissions."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from etl.sources.demo.habits import Ints, later
from etl.sources.demo.staffing import DEPUTY

_DAY: Final = 86400
_GROUNDS: Final = ("pupil_absence", "resit", "assessment_makeup", "teacher_absence", "other")
_COLUMNS: Final = (
    "entity",
    "number",
    "field",
    "action",
    "old_value",
    "new_value",
    "changed_at",
    "changed_by",
    "lesson",
    "pupil",
)


def split_deleted_marks(rng: np.random.Generator, marks: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(marks that stay, marks that somebody deleted): one in a thousand."""
    gone = pl.Series(rng.random(len(marks)) < 0.001)
    return marks.filter(~gone), marks.filter(gone)


def build_changes(
    rng: np.random.Generator,
    marks: pl.DataFrame,
    deleted: pl.DataFrame,
    absences: pl.DataFrame,
    lessons: pl.DataFrame,
    works: pl.DataFrame,
    period_marks: pl.DataFrame,
    limit: int,
) -> pl.DataFrame:
    """One row a change, ordered by its moment. The stored value is always the new one."""
    corrected = marks.filter(pl.Series(rng.random(len(marks)) < 0.012) & (pl.col("value") != "."))
    frames = [
        _updates(rng, corrected, "mark", "mark", "value", _other_digit(rng, corrected), limit),
        _deletions(rng, deleted, limit),
        _reasons(absences),
    ]
    topics = lessons.filter(
        pl.col("topic").is_not_null() & (pl.col("status") != "planned") & pl.Series(rng.random(len(lessons)) < 0.006)
    ).select("lesson", "topic", recorded_at="topic_recorded_at", recorded_by="topic_recorded_by")
    frames.append(_updates(rng, topics, "lesson", "lesson", "topic", pl.lit("Тема уточняется"), limit))
    retyped = works.filter(pl.col("checked_on").is_not_null() & pl.Series(rng.random(len(works)) < 0.02)).join(
        lessons.select("lesson", "author"), on="lesson", maintain_order="left"
    )
    retyped = retyped.with_columns(
        (pl.col("checked_on") * _DAY + 9 * 3600).alias("recorded_at"), pl.col("author").alias("recorded_by")
    )
    frames.append(_updates(rng, retyped, "work", "work", "kind", pl.lit("oral"), limit))
    periods = period_marks.filter(
        pl.col("value").is_in(["2", "3", "4", "5"]) & pl.Series(rng.random(len(period_marks)) < 0.008)
    ).with_columns(pl.col("value").cast(pl.Int64).alias("digit"))
    frames.append(_updates(rng, periods, "period_mark", "period_mark", "value", _other_digit(rng, periods), limit))
    changes = pl.concat(frames, how="diagonal").sort("changed_at", "entity", "number")
    return changes.select(pl.int_range(1, pl.len() + 1).alias("change"), *_COLUMNS)


def build_permissions(rng: np.random.Generator, changes: pl.DataFrame, lessons: pl.DataFrame) -> pl.DataFrame:
    """Permissions for edits of marks over nine days after the lesson: 40 % have one, some of them late."""
    held = changes.join(lessons.select("lesson", "day"), on="lesson", maintain_order="left")
    late = held.filter(
        pl.col("entity").is_in(["mark", "period_mark"])
        & (pl.col("changed_at") // _DAY - pl.col("day").fill_null(0) > 9)
        & pl.col("action").is_in(["update", "delete"])
    )
    late = late.filter(pl.Series(rng.random(len(late)) < 0.4)).unique("number", maintain_order=True)
    lag = rng.choice(5, len(late), p=[0.3, 0.3, 0.2, 0.1, 0.1]) - 1
    today = int(lessons["day"].max() or 0)  # type: ignore[arg-type]
    return late.select(
        pl.format("Р-{}", pl.int_range(1, pl.len() + 1)).alias("permission_no"),
        pl.col("changed_by").alias("requested_by"),
        pl.Series("ground", np.array(_GROUNDS)[rng.integers(0, len(_GROUNDS), len(late))]),
        (pl.col("changed_at") // _DAY - pl.Series(lag)).clip(upper_bound=today).alias("decided_on"),
        "entity",
        "number",
        pl.format("{}", pl.int_range(1, pl.len() + 1) % 30 + 1).alias("protocol_no"),
    )


def _lags(rng: np.random.Generator, count: int) -> Ints:
    """Days from the entry to its change: mostly the same day, some within the lock, some after it."""
    luck = rng.random(count)
    return np.where(luck < 0.55, 0, np.where(luck < 0.82, rng.integers(1, 10, count), rng.integers(10, 45, count)))


def _other_digit(rng: np.random.Generator, rows: pl.DataFrame) -> pl.Expr:
    digit = rows["digit"].to_numpy()
    other = np.where(digit == 5, 4, np.where(digit == 2, 3, digit + rng.choice([-1, 1], len(rows), p=[0.7, 0.3])))
    return pl.lit(pl.Series(other.astype(str), dtype=pl.String))


def _updates(
    rng: np.random.Generator, rows: pl.DataFrame, entity: str, key: str, field: str, old: pl.Expr, limit: int
) -> pl.DataFrame:
    count = len(rows)
    moment = later(rng, rows["recorded_at"].to_numpy().astype(np.int64), _lags(rng, count), limit)
    by_deputy = pl.Series(rng.random(count) < 0.12)
    places = [
        pl.col(name) if name in rows.columns else pl.lit(None, pl.Int64).alias(name) for name in ("lesson", "pupil")
    ]
    return rows.select(
        pl.lit(entity).alias("entity"),
        pl.col(key).cast(pl.Int64).alias("number"),
        pl.lit(field).alias("field"),
        pl.lit("update").alias("action"),
        old.alias("old_value"),
        pl.col(field).alias("new_value"),
        pl.Series("changed_at", moment),
        pl.when(by_deputy).then(pl.lit(DEPUTY, pl.Int64)).otherwise("recorded_by").alias("changed_by"),
        *places,
    ).filter(pl.col("changed_at") >= 0)


def _deletions(rng: np.random.Generator, deleted: pl.DataFrame, limit: int) -> pl.DataFrame:
    moment = later(rng, deleted["recorded_at"].to_numpy(), _lags(rng, len(deleted)), limit)
    return deleted.select(
        pl.lit("mark").alias("entity"),
        pl.col("mark").cast(pl.Int64).alias("number"),
        pl.lit(None, pl.String).alias("field"),
        pl.lit("delete").alias("action"),
        pl.col("value").alias("old_value"),
        pl.lit(None, pl.String).alias("new_value"),
        pl.Series("changed_at", moment),
        pl.col("recorded_by").alias("changed_by"),
        "lesson",
        "pupil",
    ).filter(pl.col("changed_at") >= 0)


def _reasons(absences: pl.DataFrame) -> pl.DataFrame:
    """«н» became Б, УП or НП when the class teacher learned the reason."""
    return absences.filter(pl.col("was_unknown")).select(
        pl.lit("absence").alias("entity"),
        pl.col("absence").cast(pl.Int64).alias("number"),
        pl.lit("code").alias("field"),
        pl.lit("update").alias("action"),
        pl.lit("н").alias("old_value"),
        pl.col("code").alias("new_value"),
        pl.col("reason_recorded_at").alias("changed_at"),
        pl.col("homeroom").fill_null(pl.col("author")).alias("changed_by"),
        "lesson",
        "pupil",
    )
