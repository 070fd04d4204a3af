"""Accumulation of current marks over any days of one school, at the end of any of them: a month, a week, free days, or
a period of the school's own until a past day (requirements B-01…B-04; 004 5-ЗД-6 asks for them every month).

The mart of marks knows whole periods where the data end; here the same sums are counted from lessons, marks and
rosters. Over the days of a closed period both say the same (tested). What needs a norm stays with the periods: an act
states the norm for a period, and nobody owes it in a week.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.queries.door import read
from dashboard.queries.programme import LESSONS
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics_learning import SHORT_STAY
from etl.warehouse.scope import Scope

_HERE = "x.school_id = ANY(:schools) AND x.school_id = :school AND x.school_year = :year"
# marks that count: digits, зачёт, незачёт. At the end of a past day: without what was surely entered later, with what
# was surely still there; a mark whose moment nobody knows stands by the day of its lesson (architecture, «As-of»)
_GIVEN = """x.mark_code IN (1, 2, 3, 4, 5, 13, 14)
  AND (x.deleted_latest IS NULL OR (CAST(:at AS timestamptz) IS NOT NULL AND x.deleted_earliest > :at))
  AND (CAST(:at AS timestamptz) IS NULL OR x.recorded_earliest IS NULL OR x.recorded_earliest <= :at)"""
# marks annulled by an incident count nowhere until they are confirmed (001 4.4, 002 6.4)
_VOID = f"""SELECT x.object_id FROM obligation x WHERE {_HERE} AND x.judgement_id = 0
    AND x.rule = {RULE["void_after_incident"].number}
    AND (x.due_earliest IS NULL OR x.due_earliest > CAST(:newest AS timestamptz))"""
# sets and no joins: under row policies a join with `held` is planned for one row and reads every mark of the year once
# for each lesson. A mark bears the journal of its lesson (load); «IS TRUE» keeps the set a set
_OF_HELD = """x.journal_id = ANY(ARRAY(SELECT DISTINCT h.journal_id FROM held h))
  AND (x.lesson_id IN (SELECT h.lesson_id FROM held h)) IS TRUE"""
_EVENTS = f"""
WITH {LESSONS}, held AS MATERIALIZED (
    SELECT l.lesson_id, l.journal_id, l.held_on FROM lessons l
    JOIN dim_class c ON c.school_id = :school AND c.class_id = l.class_id
    WHERE l.is_held AND l.held_on >= CAST(:first AS date) AND c.grade > 1
      AND (CAST(:class_id AS int) IS NULL OR l.class_id = :class_id)
      AND (CAST(:parallel AS int) IS NULL OR c.grade = :parallel)
      AND (CAST(:subject AS int) IS NULL OR l.journal_id IN (
          SELECT d.journal_id FROM dim_journal d WHERE d.school_id = :school AND d.subject_id = :subject))
), void AS MATERIALIZED ({_VOID})
SELECT 'held' AS what, h.journal_id, NULL::int AS pupil_id, h.held_on, count(*) AS n, 0 AS lessons, 0 AS digits,
    0 AS digit_sum
FROM held h GROUP BY 2, 4
UNION ALL
SELECT 'mark', x.journal_id, x.pupil_id, NULL, count(*), count(DISTINCT x.lesson_id),
    count(*) FILTER (WHERE x.mark_code <= 5), coalesce(sum(x.mark_code) FILTER (WHERE x.mark_code <= 5), 0)
FROM fact_mark x
WHERE {_HERE} AND {_OF_HELD} AND {_GIVEN} AND x.mark_id NOT IN (SELECT v.object_id FROM void v) GROUP BY 2, 3
UNION ALL
SELECT 'missed', x.journal_id, x.pupil_id, o.held_on, count(DISTINCT x.lesson_id), 0, 0, 0
FROM fact_absence x
JOIN fact_lesson o ON o.school_id = x.school_id AND o.school_year = x.school_year AND o.lesson_id = x.lesson_id
WHERE {_HERE} AND {_OF_HELD} AND x.deleted_latest IS NULL AND x.code IN ('Н', 'ОТ', 'Б', 'УП', 'НП') GROUP BY 2, 3, 4
"""
_ROLLS = f"""
SELECT x.class_id, NULL::int AS group_id, x.pupil_id, x.from_on, x.to_on FROM fact_enrolment x
WHERE {_HERE} AND x.deleted_latest IS NULL
UNION ALL SELECT NULL, x.group_id, x.pupil_id, x.from_on, x.to_on FROM fact_group_member x
WHERE {_HERE} AND x.deleted_latest IS NULL
"""
# journals whose period marks are never digits have no accumulation; who is exempt from a subject is not counted in it
_WITHOUT = f"""
SELECT x.journal_id, bool_or(x.mark_code BETWEEN 1 AND 5 OR x.mark_code = 10) AS has_digits,
    array_agg(x.pupil_id) FILTER (WHERE x.mark_code = 11 AND x.kind = 'period'
        AND p.starts_on <= CAST(:last AS date) AND p.ends_on >= CAST(:first AS date)) AS exempt
FROM fact_period_mark x JOIN dim_period p ON p.school_id = x.school_id AND p.period_id = x.period_id
WHERE {_HERE} AND x.deleted_latest IS NULL AND x.mark_code <> 0 GROUP BY 1
"""
_NAMES = """
SELECT n.pupil_id, n.full_name FROM dim_pupil_name n WHERE n.school_id = ANY(:schools) AND n.school_id = :school
  AND n.pupil_id = ANY(CAST(:pupils AS int[]))
"""
FEW_MARKS = 1
"""Pupils with so many marks or fewer are listed (requirements B-03, B-04)."""


@dataclass(frozen=True)
class MarksOfDays:
    """`fill` = sums of `metrics_learning` by class_id and journal_id (pupil_count, apart_count, pupil_mark_count,
    unmarked_count, one_mark_count, norm_pupil_count, early_count, asked_count, present_count, digit_count, digit_sum);
    `few` = one row per counted pupil and journal with at most one mark: class_id, journal_id, pupil_id, full_name,
    lesson_count, mark_count; names only where a class is chosen."""

    fill: pl.DataFrame
    few: pl.DataFrame


def read_marks_of_days(
    scope: Scope,
    params: dict[str, Any],
    journals: pl.DataFrame,
    moments: tuple[datetime | None, datetime],
    *,
    with_names: bool = True,
) -> MarksOfDays:
    """The sums over the days `first` … `last` of `params` (`performance.params_of`); three queries, four where
    pupils of a class are named.

    `journals` as of `school.JOURNALS`; `moments` = the aware end of the day that is looked at (None where the data
    end) and the aware moment where the data end. A school without rosters has no rows.
    """
    asked = {**params, "until": params["last"], "at": moments[0], "newest": moments[1]}
    fill, few = sums_of_days(
        read(scope, _EVENTS, asked), read(scope, _ROLLS, asked), read(scope, _WITHOUT, asked), journals, params["last"]
    )
    if params["class_id"] is None or not with_names:
        return MarksOfDays(fill, few.with_columns(pl.lit(None, pl.String).alias("full_name")))
    names = read(scope, _NAMES, {"school": params["school"], "pupils": few["pupil_id"].unique().to_list()})
    return MarksOfDays(fill, few.join(names.select("pupil_id", "full_name"), on="pupil_id", how="left"))


def sums_of_days(
    events: pl.DataFrame, rolls: pl.DataFrame, without: pl.DataFrame, journals: pl.DataFrame, last: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(`fill`, `few` without names) of `MarksOfDays` from the rows of the three statements. Pure.

    Who stays fewer than a quarter of the lessons, or is not in the journal on `last`, is counted apart (G17).
    """
    ungraded = without.filter(~pl.col("has_digits"))["journal_id"]
    held = events.filter((pl.col("what") == "held") & ~pl.col("journal_id").is_in(ungraded.implode())).select(
        "journal_id", "held_on", "n"
    )
    places = journals.select("journal_id", "class_id", "group_id", "group_kind", "subject_id")
    slots = _roster(held.select("journal_id", "held_on"), rolls, places).join(held, on=["journal_id", "held_on"])
    ends = held.select("journal_id").unique().with_columns(pl.lit(last, pl.Date).alias("held_on"))
    there = _roster(ends, rolls, places).select("journal_id", "pupil_id", pl.lit(value=True).alias("is_there"))
    missed = events.filter(pl.col("what") == "missed").select("journal_id", "pupil_id", "held_on", missed="n")
    key = ["journal_id", "pupil_id"]
    pupils = (
        slots.join(missed, on=[*key, "held_on"], how="left")
        .group_by(key)
        .agg(pl.col("n").sum().alias("lesson_count"), pl.col("missed").sum())
        .join(held.group_by("journal_id").agg(pl.col("n").sum().alias("held_count")), on="journal_id")
        .join(events.filter(pl.col("what") == "mark").select(*key, marks="n", asked="lessons", digits="digits",
                                                             digit_sum="digit_sum"), on=key, how="left")
        .join(there, on=key, how="left")
        .join(without.select("journal_id", pupil_id="exempt").drop_nulls().explode("pupil_id"), on=key, how="anti")
        .join(places.select("journal_id", "class_id"), on="journal_id")
        .with_columns(pl.col("marks", "asked", "digits", "digit_sum").fill_null(0))
        .with_columns(
            ((pl.col("lesson_count") / pl.col("held_count") >= SHORT_STAY) & pl.col("is_there").is_not_null())
            .alias("is_counted")
        )
    )  # fmt: skip
    counted = pl.col("is_counted")
    fill = pupils.group_by("class_id", "journal_id").agg(
        counted.sum().alias("pupil_count"),
        (~counted).sum().alias("apart_count"),
        pl.col("marks").filter(counted).sum().alias("pupil_mark_count"),
        (counted & (pl.col("marks") == 0)).sum().alias("unmarked_count"),
        (counted & (pl.col("marks") == 1)).sum().alias("one_mark_count"),
        counted.sum().alias("norm_pupil_count"),
        pl.lit(0).alias("early_count"),
        pl.col("asked").filter(counted).sum().alias("asked_count"),
        (pl.col("lesson_count") - pl.col("missed")).filter(counted).sum().alias("present_count"),
        pl.col("digits").sum().alias("digit_count"),
        pl.col("digit_sum").sum(),
    )
    few = pupils.filter(counted & (pl.col("marks") <= FEW_MARKS)).select(
        "class_id", *key, "lesson_count", mark_count="marks"
    )
    numbers = [name for name in fill.columns if name not in ("class_id", "journal_id")]
    return (
        fill.with_columns(pl.col(numbers).cast(pl.Int64)).sort("class_id", "journal_id"),
        few.sort("class_id", "mark_count", "journal_id", "pupil_id"),
    )


def _roster(days: pl.DataFrame, rolls: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Who is in a journal on a day (annex B13): journal_id, held_on, pupil_id for every journal and day of `days`.

    A class journal has the class without members of an individual group of its subject; any other its group's members
    who are enrolled in some class that day, as far as the scope shows their enrolments.
    """
    enrolled = rolls.filter(pl.col("class_id").is_not_null()).drop("group_id")
    members = rolls.filter(pl.col("group_id").is_not_null()).drop("class_id")
    inside = (pl.col("from_on") <= pl.col("held_on")) & (
        pl.col("to_on").is_null() | (pl.col("to_on") > pl.col("held_on"))
    )
    placed, slot = days.join(places, on="journal_id"), ["journal_id", "held_on", "pupil_id"]
    whole = placed.filter(pl.col("group_kind") == "class").join(enrolled, on="class_id").filter(inside)
    apart = (
        places.filter(pl.col("group_kind") == "individual")
        .select("group_id", "subject_id")
        .join(members, on="group_id")
        .drop("group_id")
    )
    taught_alone = (
        whole.select(*slot, "subject_id").join(apart, on=["subject_id", "pupil_id"]).filter(inside).select(slot)
    )
    group = placed.filter(pl.col("group_kind") != "class").join(members, on="group_id").filter(inside).select(slot)
    here = (
        group.select("held_on", "pupil_id")
        .unique()
        .join(enrolled.drop("class_id"), on="pupil_id")
        .filter(inside)
        .select("held_on", "pupil_id")
    )
    unseen = ~pl.col("pupil_id").is_in(enrolled["pupil_id"].unique().implode())
    known = pl.concat([group.join(here, on=["held_on", "pupil_id"], how="semi"), group.filter(unseen)])
    return pl.concat([whole.select(slot).join(taught_alone, on=slot, how="anti"), known]).unique(maintain_order=True)
