"""What teachers write about a lesson: topic, homework, roll call — and when. Plans of the journals."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from etl.sources.demo.calendar import SchoolYear
from etl.sources.demo.habits import NEVER, Habits, Ints, draw_modes, entry_moments, optional, vary
from etl.sources.demo.plan import SchoolPlan
from etl.sources.demo.subjects import SUBJECTS
from etl.sources.demo.topics import (
    EMPTY_TOPIC,
    FORMS_PER_THEME,
    HOMEWORK,
    HOMEWORK_PER_STYLE,
    NO_HOMEWORK,
    STYLE_OFFSET,
    THEME_COUNT,
    TOPIC_OFFSET,
    TOPICS,
)

_DAY: Final = 86400
_WEEKS: Final = 34


def topic_index(subject: Ints, grade: Ints, ordinal: Ints, is_work: np.ndarray) -> Ints:
    """Position in TOPICS: four lessons on a theme, then the next; a written work names its theme."""
    themes = np.array(THEME_COUNT)[subject]
    theme = (grade * 5 + (ordinal - 1) // 4) % themes
    form = np.where(is_work, FORMS_PER_THEME - 1, (ordinal - 1) % (FORMS_PER_THEME - 1))
    index: Ints = np.array(TOPIC_OFFSET)[subject] + theme * FORMS_PER_THEME + form
    return index


def build_plans(
    rng: np.random.Generator, year: SchoolYear, hours: pl.DataFrame, journals: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(plans, items): a plan of 34 weeks for each journal of lessons (3 % have none), with planned dates."""
    count = len(journals)
    has_plan = (rng.random(count) < 0.97) & (journals["lesson_kind"] == "lesson").to_numpy()
    annual = journals["hours"].to_numpy() * _WEEKS
    short = rng.choice([0, 1, 2, -1], count, p=[0.93, 0.03, 0.02, 0.02])
    created = np.where(
        rng.random(count) < 0.86,
        year.start - rng.integers(2, 15, count),
        np.where(rng.random(count) < 0.7, year.start + rng.integers(0, 7, count), year.start - 1),
    )
    plans = journals.with_columns(
        pl.col("journal").alias("plan"),
        pl.Series("items", annual - short),
        pl.Series("total_hours", annual),
        pl.Series("created_at", created * _DAY + rng.integers(8 * 3600, 22 * 3600, count)),
    ).filter(pl.Series(has_plan))
    items = (
        plans.select("plan", "subject", "class", "items")
        .with_columns(pl.int_ranges(1, pl.col("items") + 1).alias("seq"))
        .explode("seq")
        .with_row_index("plan_item", offset=1)
        .join(
            hours.select("journal", "ordinal", "day", "grade"),
            left_on=["plan", "seq"],
            right_on=["journal", "ordinal"],
            how="left",
            maintain_order="left",
        )
    )
    grade = items["grade"].fill_null(strategy="forward").to_numpy()
    subject = items["subject"].to_numpy()
    every = np.array([spec.work_every for spec in SUBJECTS])[subject]
    is_work = (every > 0) & (items["seq"].to_numpy() % np.maximum(every, 1) == 0) & (grade > 1)
    topics = topic_index(subject, grade, items["seq"].to_numpy(), is_work)
    items = items.with_columns(
        TOPICS.gather(topics).alias("topic"),
        pl.when(pl.Series(is_work)).then(pl.lit("test")).alias("work_kind"),
        pl.lit(1.0).alias("hours"),
    )
    return plans, items


def add_content(
    rng: np.random.Generator,
    plan: SchoolPlan,
    year: SchoolYear,
    lessons: pl.DataFrame,
    items: pl.DataFrame,
    habits: Habits,
    today: int,
    limit: int,
) -> pl.DataFrame:
    """Lessons with topic, homework and roll call and their moments; `marks_at`: when marks were entered."""
    count = len(lessons)
    staff, week = lessons["author"].to_numpy(), np.clip(lessons["week"].to_numpy(), 0, 59)
    starts, ends = lessons["start_s"].to_numpy(), lessons["end_s"].to_numpy()
    day = lessons["day"].to_numpy()
    taught = (lessons["status"] != "cancelled").to_numpy() & (day < today)
    ends_on = year.periods.select("period", "ends_on").to_dict(as_series=False)
    period_end = np.array([0, *ends_on["ends_on"]])[lessons["period"].to_numpy()]
    bulk_day = period_end - habits.bulk_lead[staff]
    modes = draw_modes(rng, habits, staff, week)
    # a lesson that nobody was sent to is written up late or not at all
    modes = np.where(lessons["is_away"].to_numpy() & lessons["substitute"].is_null().to_numpy(), NEVER, modes)

    def moments(share: float) -> Ints:
        own = vary(rng, habits, modes, staff, week, share)
        made = entry_moments(rng, own, starts, ends, habits.in_lesson[staff], bulk_day, limit)
        return np.where(taught, made, -1)

    topic_at, homework_at, roll_at, marks_at = moments(0.06), moments(0.12), moments(0.1), moments(0.1)
    ahead = (rng.random(count) < 0.05) & (topic_at >= 0)
    topic_at = np.where(ahead, (day - 1) * _DAY + rng.integers(15, 22, count) * 3600, topic_at)
    lessons = lessons.with_columns(
        optional(marks_at, "marks_at"),
        optional(roll_at, "roll_at"),
    )
    lessons = _with_topic(rng, lessons, items, topic_at, today)
    lessons = _with_homework(rng, plan, lessons, homework_at)
    empty = pl.all_horizontal(pl.col("topic_recorded_at", "homework_recorded_at", "roll_at", "marks_at").is_null())
    confirmed = np.where(rng.random(count) < 0.9, roll_at, -1)
    return lessons.with_columns(
        optional(confirmed, "attendance_confirmed_at"),
        pl.when((pl.col("status") == "held") & empty).then(pl.lit("planned")).otherwise("status").alias("status"),
    )


def _with_topic(
    rng: np.random.Generator, lessons: pl.DataFrame, items: pl.DataFrame, topic_at: Ints, today: int
) -> pl.DataFrame:
    """The topic follows the plan in nine lessons of ten; 0.4 % are a dash; so have some cancelled."""
    count = len(lessons)
    joined = lessons.join(
        items.select("plan", "seq", plan_item="plan_item", planned_topic="topic"),
        left_on=["journal", "ordinal"],
        right_on=["plan", "seq"],
        how="left",
        maintain_order="left",
    )
    own = topic_index(
        lessons["subject"].to_numpy(),
        lessons["grade"].to_numpy(),
        lessons["ordinal"].to_numpy() + 2,
        lessons["kind_is_work"].to_numpy(),
    )
    luck = rng.random(count)
    prepared = (lessons["day"].to_numpy() >= today) & (luck < 0.12)
    cancelled = (lessons["status"] == "cancelled").to_numpy() & (luck < 0.05)
    topic_at = np.where(cancelled, lessons["start_s"].to_numpy() - 16 * 3600, topic_at)
    topic_at = np.where(prepared, today * _DAY - rng.integers(11 * 3600, 60 * 3600, count), topic_at)
    follows = pl.Series((luck < 0.9) & ~lessons["kind_is_work"].to_numpy())
    made = pl.Series(topic_at >= 0)
    return joined.with_columns(
        pl.when(made & pl.Series((luck > 0.5) & (luck < 0.504)))
        .then(pl.lit(EMPTY_TOPIC))
        .when(made & follows & pl.col("planned_topic").is_not_null())
        .then("planned_topic")
        .when(made)
        .then(TOPICS.gather(own))
        .alias("topic"),
        optional(topic_at, "topic_recorded_at"),
        pl.when(made).then("author").alias("topic_recorded_by"),
        pl.when(follows).then("plan_item").alias("plan_item"),
    )


def _with_homework(
    rng: np.random.Generator, plan: SchoolPlan, lessons: pl.DataFrame, homework_at: Ints
) -> pl.DataFrame:
    """Homework by subject; none in grade 1 («нет» where the school's act wants that word), none for clubs."""
    count = len(lessons)
    subject = lessons["subject"].to_numpy()
    index = np.array(STYLE_OFFSET)[subject] + rng.integers(0, HOMEWORK_PER_STYLE, count)
    assigned = rng.random(count) < np.array([spec.homework for spec in SUBJECTS])[subject]
    first = (lessons["grade"] == 1).to_numpy()
    luck = rng.random(count)
    is_lesson = (lessons["lesson_kind"] == "lesson").to_numpy()
    says_none = first & (plan.regulation == "school53_krasnodar") & (luck < 0.93)
    slip = first & ~says_none & (luck > 0.985)
    made = (homework_at >= 0) & (is_lesson | (luck < 0.2))
    text = made & (says_none | slip | (~first & assigned))
    # an unticked "no homework" box is as usual as a ticked one, so some blanks stay unexplained
    ticked = made & ~text & (luck < 0.85)
    return lessons.with_columns(
        pl.when(pl.Series(text & says_none))
        .then(pl.lit(NO_HOMEWORK))
        .when(pl.Series(text))
        .then(HOMEWORK.gather(index))
        .alias("homework"),
        optional(np.where(text | ticked, homework_at, -1), "homework_recorded_at"),
        pl.when(pl.Series(text | ticked)).then("author").alias("homework_recorded_by"),
        pl.Series("homework_not_assigned", ticked),
    )
