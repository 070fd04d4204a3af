"""Which differences of two states are changes, and how they are keyed (annex B7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from etl.contract.ledger import Quality
from etl.transforms.changes import COLUMNS, DELETIONS, WATCHED, automatic_changes
from etl.transforms.merge import Merged
from etl.transforms.moments import INSTANT

EXPORT = datetime(2024, 10, 2, 3, tzinfo=UTC)
TEXT = "2024-10-02T06:00:00+03:00"
CARRIED = EXPORT - timedelta(days=1)


def merged(before: list[tuple[str, str | None, str | None, int | None]], vanished: list[tuple[str, str]]) -> Merged:
    """Changed marks (key, old value, new value, author) and vanished ones (key, value)."""
    changed = pl.DataFrame(
        before,
        schema={"mark_key": pl.String, "value_old": pl.String, "value": pl.String, "recorded_by_id": pl.Int32},
        orient="row",
    ).with_columns(pl.lit(CARRIED, INSTANT).alias("carried_at"))
    gone = pl.DataFrame(vanished, schema={"mark_key": pl.String, "value": pl.String}, orient="row").with_columns(
        pl.lit(CARRIED, INSTANT).alias("carried_at")
    )
    return Merged(pl.DataFrame(), pl.DataFrame(), before=changed, vanished=gone)


def test_an_update_is_a_non_blank_value_that_differs() -> None:
    found = automatic_changes(
        "mark",
        merged([("m1", "5", "4", 7), ("m2", None, "4", 7), ("m3", "5", "5", 7), ("m4", "5", None, None)], []),
        EXPORT,
        TEXT,
    )
    assert found.select("change_key", "action", "old_value", "new_value", "changed_by_id").rows() == [
        (f"auto|mark|m1|value|{TEXT}", "update", "5", "4", 7),
        (f"auto|mark|m4|value|{TEXT}", "update", "5", None, None),
    ]
    assert found.select("changed_earliest", "changed_latest", "changed_quality").unique().rows() == [
        (CARRIED + timedelta(seconds=1), EXPORT, Quality.interval)
    ]


def test_a_deletion_has_neither_field_nor_author() -> None:
    found = automatic_changes("mark", merged([], [("m1", "5")]), EXPORT, TEXT).row(0, named=True)
    assert (found["change_key"], found["action"], found["field"], found["old_value"], found["changed_by_id"]) == (
        f"auto|mark|m1||{TEXT}",
        "delete",
        None,
        "5",
        None,
    )


def test_no_difference_is_no_change_and_has_the_columns() -> None:
    assert automatic_changes("mark", merged([], []), EXPORT, TEXT).schema == pl.Schema(COLUMNS)


def test_the_watched_fields_are_those_of_the_annex() -> None:
    assert {table: field for table, (field, _key, _author) in WATCHED.items()} == {
        "mark": "value",
        "absence": "code",
        "lesson": "topic",
        "work": "kind",
        "period_mark": "value",
    }
    assert set(DELETIONS) == {"mark", "absence", "period_mark"}
