"""Lags and rushes of the mart, against a loop over random entries."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from etl.contract.ledger import RULE
from etl.transforms.lag_mart import LAG, RushDays, lag_rows
from etl.transforms.moments import INSTANT
from etl.warehouse.metrics_filling import MEDIAN, NINE_TENTHS, RUSH_RULES

FIRST = date(2026, 9, 1)
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "school_year": pl.Int16, "class_id": pl.Int32, "journal_id": pl.Int32, "staff_id": pl.Int32, "week_on": pl.Date,
    "month_on": pl.Date, "period_id": pl.Int32, "rule": pl.Int16, "status": pl.Int16, "excluded": pl.Int16,
    "is_required": pl.Boolean, "is_made": pl.Boolean, "is_due": pl.Boolean, "can_tell": pl.Boolean,
    "anchor_on": pl.Date, "done_earliest": INSTANT, "done_latest": INSTANT,
}  # fmt: skip
RULES = [RULE[name].number for name in (*RUSH_RULES, "period_mark", "plan", "no_entry")]


def entry(dice: random.Random) -> dict[str, Any]:
    anchor = FIRST + timedelta(days=dice.randrange(60))
    is_made = dice.random() < 0.7
    first = datetime(anchor.year, anchor.month, anchor.day, 9, tzinfo=UTC) + timedelta(hours=dice.randrange(-30, 1000))
    last = first + timedelta(hours=dice.choice([0, 0, 0, 5, 60]))
    return {
        "school_year": 2026, "class_id": 1, "journal_id": dice.randrange(3), "staff_id": dice.choice([None, 1, 2]),
        "week_on": anchor, "month_on": anchor.replace(day=1), "period_id": dice.choice([None, 1, 2]),
        "rule": dice.choice(RULES), "status": dice.choice([1, 3, 5, 7]), "excluded": dice.choice([None, None, 1]),
        "is_required": dice.random() < 0.8, "is_made": is_made, "is_due": dice.random() < 0.8,
        "can_tell": dice.random() < 0.8, "anchor_on": anchor, "done_earliest": first if is_made else None,
        "done_latest": last if is_made else None,
    }  # fmt: skip


def slow(row: dict[str, Any], ends: dict[int, date], controls: tuple[date, ...]) -> tuple[Any, ...] | None:
    if row["rule"] not in RULES[:-2] or row["excluded"] is not None:
        return None
    if not row["is_made"] and not (row["is_required"] and row["is_due"]):
        return None
    low = high = rush = None
    anchor = row["anchor_on"]
    if row["is_made"]:
        moscow = timedelta(hours=3)
        on = [(row[f"done_{end}"] + moscow).date() for end in ("earliest", "latest")]
        low, high = (min(max((day - anchor).days, 0), 31) for day in on)
        windows = [(ends[row["period_id"]] - timedelta(days=2), ends[row["period_id"]], 1)] if row["period_id"] else []
        windows += [(day - timedelta(days=2), day - timedelta(days=1), 2) for day in controls]
        mine = [window for window in windows if anchor < window[0]]
        if mine and row["rule"] != RULE["period_mark"].number:
            sure = [code for first, last, code in mine if on[0] >= first and on[1] <= last]
            maybe = [code for first, last, code in mine if on[1] >= first and on[0] <= last]
            rush = sure[0] if sure else 3 if maybe else 0
    told = row["is_made"] or (row["can_tell"] and row["status"] != 7)
    return (*(row[name] for name in LAG[:7]), low, high, told, rush)


def test_the_mart_counts_what_a_loop_over_entries_counts() -> None:
    dice = random.Random(5)  # noqa: S311 - a test's dice
    rows = [entry(dice) for _ in range(3000)]
    ends = {1: date(2026, 9, 30), 2: date(2026, 10, 25)}
    controls = (date(2026, 10, 6), date(2026, 11, 2))
    days = RushDays(
        pl.DataFrame(
            {"period_id": list(ends), "ends_on": list(ends.values())}, schema_overrides={"period_id": pl.Int32}
        ),
        controls,
    )
    found = lag_rows(pl.DataFrame(rows, schema=SCHEMA), "Europe/Moscow", days)
    expected = Counter(key for row in rows if (key := slow(row, ends, controls)) is not None)
    assert {tuple(row[:-1]): row[-1] for row in found.select(*LAG, "row_count").iter_rows()} == expected
    assert {key[-1] for key in expected} == {None, 0, 1, 2, 3}


@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 31)), st.integers(1, 4)), min_size=1, max_size=12))
def test_a_quantile_is_the_entry_in_its_place_and_what_was_never_made_stands_last(
    steps: list[tuple[int | None, int]],
) -> None:
    rows = pl.DataFrame(
        [(lag, lag, True, n) for lag, n in steps],
        schema={"lag_low": pl.Int16, "lag_high": pl.Int16, "is_told": pl.Boolean, "row_count": pl.Int64},
        orient="row",
    )
    every = sorted(float("inf") if lag is None else float(lag) for lag, n in steps for _ in range(n))
    half, tenth = every[-(-len(every) // 2) - 1], every[-(-len(every) * 9 // 10) - 1]
    assert MEDIAN.of(rows) == (half, half)
    assert NINE_TENTHS.of(rows) == (tenth, tenth)


def test_where_more_than_one_in_ten_is_not_told_there_is_no_median() -> None:
    rows = pl.DataFrame(
        {"lag_low": [0, None], "lag_high": [1, None], "is_told": [True, False], "row_count": [9, 1]},
    )
    assert MEDIAN.of(rows) == (0, 1)
    assert MEDIAN.of(rows.with_columns(pl.Series("row_count", [8, 1]))) is None
