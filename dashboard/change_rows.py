"""What changed in a school since the same point of another period: journals, people and kinds of records. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from dashboard.components.palette import FEW
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import LESSON_RULES, METRICS, Metric

Kind = Literal["rule", "staff", "journal"]
NOTICED = 0.01
"""A change smaller than a percentage point is not shown: one record of a hundred is no news."""
SHOWN = 3
"""Rows of each kind in each direction."""


@dataclass(frozen=True)
class Change:
    """One row: the share then (`was_part` of `was_whole`) and now, of what is filled."""

    kind: Kind
    id: int
    name: str
    was_part: int
    was_whole: int
    now_part: int
    now_whole: int

    @property
    def was(self) -> float:
        """The earlier share."""
        return self.was_part / self.was_whole

    @property
    def now(self) -> float:
        """The share now."""
        return self.now_part / self.now_whole

    @property
    def difference(self) -> float:
        """Now less then: 0.02 = two percentage points better."""
        return self.now - self.was


def changes(kind: Kind, then: pl.DataFrame, now: pl.DataFrame, names: Mapping[int, str]) -> list[Change]:
    """Changes of completeness by the id of a kind (`rule`, `staff_id`, `journal_id`), the greatest first.

    `then` and `now` hold the sums of `metrics.DUTY` by rule and id. Only what can be told both times, rests on at least
    `FEW` records both times and changed by `NOTICED` or more; what is nobody's (no id) has no row.
    """
    column = {"rule": "rule", "staff": "staff_id", "journal": "journal_id"}[kind]
    if then.is_empty() or now.is_empty():
        return []
    metric: Metric = METRICS["completeness"]
    sides = [
        metric.by(rows, column).filter((pl.col("whole") >= FEW) & pl.col("value").is_not_null()) for rows in (then, now)
    ]
    joined = sides[0].join(sides[1], on=column, suffix="_now")
    found = [
        Change(kind, row[column], names.get(row[column], ""), row["part"], row["whole"], row["part_now"],
               row["whole_now"])
        for row in joined.iter_rows(named=True)
    ]  # fmt: skip
    noticed = [change for change in found if abs(change.difference) >= NOTICED]
    return sorted(noticed, key=lambda change: (-abs(change.difference), change.id))


def split(rows: list[Change]) -> tuple[list[Change], list[Change]]:
    """(worse, better), at most `SHOWN` each, in the order given."""
    worse = [change for change in rows if change.difference < 0][:SHOWN]
    return worse, [change for change in rows if change.difference > 0][:SHOWN]


RULES_SHOWN = tuple(RULE[name].number for name in LESSON_RULES)
"""Kinds of records that are compared: those of every lesson, by completeness."""
