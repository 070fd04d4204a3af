"""«Пропуски по классам»: the totals that class teachers count beside those of the journal (B-25, 004 5-КР-1). Pure.

One row per class and period. A total falls due on the last day of its period (the clause names no day; requirements
R53-CT1 propose it), and is compared once the data cover the whole period.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

STATES = ("differs", "late", "unknown", "running", "due", "none", "agrees")
"""The order in which people need them: a difference, nothing entered and overdue, entered where the journal cannot
tell, entered before the end, not due yet, asked for by nobody, equal."""


@dataclass(frozen=True)
class Asked:
    """How often the act wants the totals (`month`, else the class's own finest periods; None = it asks for none) and
    where it says so."""

    every: str | None = None
    clause: str = ""
    act: str = ""


def with_state(spans: pl.DataFrame, lines: pl.DataFrame, until: date, *, is_asked: bool) -> pl.DataFrame:
    """Rows of `spans` (class_id, code, starts_on, ends_on, slot_count, missed_count, …) with the newest of `lines`
    (class_id, code, line, entered_count, entered_at, first_on, …) and what is made of both at the end of `until`.

    Adds `gap` (entered less computed; null where there is nothing to compare), `state` (of STATES), `is_late` (entered
    after the last day) and the sums of `metrics_totals`: due, entered, compared, agreed, each 0 or 1.
    """
    newest = lines.sort("entered_at", descending=True).unique(["class_id", "code"], keep="first", maintain_order=True)
    rows = spans.join(newest, on=["class_id", "code"], how="left", maintain_order="left")
    is_there, is_over = pl.col("line").is_not_null(), pl.col("ends_on") <= until
    is_late = is_asked & (pl.col("ends_on") < until)
    comparable = is_there & is_over & (pl.col("slot_count") > 0)
    rows = rows.with_columns(
        pl.when(comparable).then(pl.col("entered_count") - pl.col("missed_count")).alias("gap"),
        (is_there & pl.lit(is_asked) & (pl.col("first_on") > pl.col("ends_on"))).fill_null(False).alias("is_late"),
    )
    state = (
        pl.when(pl.col("gap") == 0).then(pl.lit("agrees"))
        .when(pl.col("gap").is_not_null()).then(pl.lit("differs"))
        .when(is_there & is_over).then(pl.lit("unknown"))
        .when(is_there).then(pl.lit("running"))
        .when(is_late).then(pl.lit("late"))
        .otherwise(pl.lit("due" if is_asked else "none"))
    )  # fmt: skip
    return rows.with_columns(state.alias("state")).with_columns(
        is_late.cast(pl.Int64).alias("due"),
        (is_late & is_there).cast(pl.Int64).alias("entered"),
        pl.col("gap").is_not_null().cast(pl.Int64).alias("compared"),
        (pl.col("gap") == 0).fill_null(False).cast(pl.Int64).alias("agreed"),
    )


def shown(rows: pl.DataFrame, first: date, last: date, *, one_class: bool) -> pl.DataFrame:
    """The rows of a page about the days `first` to `last`: totals of periods that end then, and those still missing or
    different from before; of a running period only what is entered, but for `one_class`. What needs attention first.
    """
    ends_then = pl.col("ends_on").is_between(first, last)
    left = (pl.col("ends_on") < first) & pl.col("state").is_in(["late", "differs"])
    running = (pl.col("state") == "due") & pl.lit(one_class) & (pl.col("starts_on") <= last)
    kept = (ends_then & ~pl.col("state").is_in(["due", "none"])) | left | running
    order = pl.col("state").replace_strict({state: place for place, state in enumerate(STATES)})
    return rows.filter(kept).sort(order, "ends_on", "grade", "letter", "class_id")
