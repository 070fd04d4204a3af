"""Rows of text become typed rows; one bad cell sets its row aside and no other (annex B9–B11)."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl
import pytest

from etl.contract.tables import BY_NAME, TABLES
from etl.transforms.typed import ROW, Typed, type_rows
from tests.oracle.builder import DEFAULT_KEYS, DEFAULTS
from tests.oracle.schema import TABLES as ORACLE

EXPORT = datetime(2024, 10, 1, 3, tzinfo=UTC)
SOUND = {
    "calendar_day": {"date": "2024-11-04"},
    "lesson": {"lesson_key": "l1", "held_on": "2024-09-10"},
    "work": {"work_key": "w1", "lesson_key": "l1"},
    "mark": {"mark_key": "m1", "lesson_key": "l1"},
    "absence": {"absence_key": "a1", "lesson_key": "l1"},
    "period_mark": {"period_mark_key": "x"},
    "setup_section": {"section": "rooms"},
    "change": {"change_key": "c1", "entity_key": "m1", "changed_at": "2024-09-10"},
}


def typed(table: str, *rows: Mapping[str, str | None]) -> Typed:
    """Rows with these cells, the others as the builder's defaults."""
    names = list(ORACLE[table])
    full = [{**DEFAULT_KEYS, **DEFAULTS.get(table, {}), **SOUND.get(table, {}), **row} for row in rows]
    cells = {name: [row.get(name) or None for row in full] for name in names}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String)).with_columns(
        pl.Series(ROW, range(2, len(rows) + 2))
    )
    return type_rows(frame, BY_NAME[table], "Europe/Moscow", EXPORT)


def fault(table: str, **cells: str | None) -> tuple[Any, ...] | None:
    """Column, value and reason of a single row, None when it is accepted."""
    found = typed(table, cells)
    assert found.rows.height + sum(frame.height for frame in found.rejects) == 1
    return found.rejects[0].row(0)[1:4] if found.rejects else None


def test_cells_take_their_types() -> None:
    row = typed(
        "lesson", {"slot": "3", "ends_at": "08:40:59", "homework_not_assigned": "false", "substitute_key": " 007 "}
    ).rows.row(0, named=True)
    assert (row["held_on"], row["slot"], row["starts_at"], row["ends_at"]) == (
        date(2024, 9, 10),
        3,
        time(8, 0),
        time(8, 40),
    )
    assert (row["homework_not_assigned"], row["kind"], row["substitute_key"]) == (False, None, " 007 ")
    assert typed("school_class", {"class_key": "c1"}).rows["school_year"].to_list() == [2024]
    assert typed("work", {"weight": "1.5"}).rows["weight"].to_list() == [1.5]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("lesson", "held_on", "2024-02-30"),
        ("lesson", "held_on", "2024-9-1"),
        ("lesson", "held_on", "1949-12-31"),
        ("lesson", "held_on", "2101-01-01"),
        ("lesson", "slot", "1.0"),
        ("lesson", "slot", "2147483648"),
        ("lesson", "starts_at", "8:00"),
        ("lesson", "starts_at", "24:00"),
        ("lesson", "kind", "Lesson"),
        ("lesson", "status", "отменён"),
        ("lesson", "homework_not_assigned", "True"),
        ("lesson", "homework_not_assigned", "1"),
        ("school_class", "grade", "0"),
        ("school_class", "grade", "12"),
        ("school_class", "school_year", "2024-2025"),
        ("school_class", "school_year", "0001/0002"),
        ("school_class", "week_days", "7"),
        ("work", "weight", "1,5"),
        ("work", "weight", "NaN"),
        ("work", "weight", "1e400"),
        ("work", "weight", "9" * 400),
        ("mark", "value", "6"),
        ("absence", "code", "Я"),
        ("mark", "recorded_at", "вчера"),
        ("setup_section", "section", "cloakroom"),
        ("setup_section", "section", "class_list:"),
        ("mark", "comment", "a\0b"),
        ("mark", "comment", "я" * 100_001),
        ("pupil", "pupil_key", "я" * 401),
        ("mark", "recorded_by", "x" * 401),
        ("school", "municipality", "x" * 401),
        ("school", "timezone", "Moscow"),
        ("school", "timezone", "Factory"),
    ],
)
def test_a_bad_cell_is_named_with_its_value_and_a_reason(table: str, column: str, value: str) -> None:
    found = fault(table, **{column: value, **({"class_key": "c1"} if table == "school_class" else {})})
    assert found is not None
    assert found[:2] == (column, value)
    assert found[2]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("staff", "employed_to", "9999-12-31"),
        ("setup_section", "section", "class_list:c 1"),
        ("lesson", "slot", "-1"),
        ("lesson", "slot", None),
        ("lesson", "starts_at", None),
        ("work", "weight", "+2"),
        ("mark", "value", " НА "),
        ("mark", "recorded_at", None),
        ("school_class", "grade", " 7 "),
        ("school", "timezone", "Asia/Kamchatka"),
        ("lesson", "topic", "\u0007"),
    ],
)
def test_these_cells_are_sound(table: str, column: str, value: str | None) -> None:
    assert fault(table, **{column: value}) is None


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_every_blank_required_cell_rejects_its_row_but_the_slot(table: str) -> None:
    for column in BY_NAME[table].columns:
        if column.required and column.name != "slot":
            assert fault(table, **{column.name: None, **_others(table, column.name)}) == (
                column.name,
                None,
                "required cell is blank",
            )


def _others(table: str, column: str) -> dict[str, str]:
    """Cells before the column, so that it is the first fault of its row."""
    words = {
        "date": "2024-09-10",
        "int": "1",
        "bool": "true",
        "decimal": "1",
        "moment": "2024-09-10",
        "school_year": "2024/2025",
    }
    given = {**DEFAULT_KEYS, **DEFAULTS.get(table, {}), **SOUND.get(table, {})}
    return {
        it.name: it.values[0] if it.values else words.get(it.kind, "x")
        for it in BY_NAME[table].columns
        if it.required and it.name not in given and it.name != column
    }


def test_the_first_fault_in_the_order_of_the_columns_is_told_once() -> None:
    found = typed("mark", {"value": "6", "recorded_at": "x", "protocol_on": "y"})
    assert [(frame["column_name"].to_list(), frame.height) for frame in found.rejects] == [(["value"], 1)]


@pytest.mark.parametrize(
    ("from_on", "to_on", "is_sound"),
    [
        ("2024-09-01", "2024-09-02", True),
        ("2024-09-01", "2024-09-01", False),
        ("2024-09-02", "2024-09-01", False),
        ("2024-09-01", None, True),
    ],
)
def test_an_interval_ends_after_it_begins(from_on: str, to_on: str | None, *, is_sound: bool) -> None:
    assert (fault("enrolment", from_on=from_on, to_on=to_on) is None) is is_sound


def test_a_period_may_be_one_day_and_not_end_before_it_starts() -> None:
    assert fault("period", starts_on="2024-09-02", ends_on="2024-09-02") is None
    found = fault("period", starts_on="2024-09-03", ends_on="2024-09-02")
    assert found is not None
    assert found[0] == "ends_on"


def test_the_raw_row_is_kept_as_it_was_read() -> None:
    raw = json.loads(typed("mark", {"value": "6", "comment": 'a"b\n'}).rejects[0]["raw"][0])
    assert raw["comment"] == 'a"b\n'
    assert raw["recorded_at"] is None
    assert ROW not in raw


def test_repetitions_are_compared_by_their_typed_cells() -> None:
    found = typed("mark", {"value": "x"}, {"value": "НА"}, {"value": "н/а"}, {"value": "5"}, {"mark_key": "m2"})
    assert found.rows.select(ROW, "value").rows() == [(3, "н/а"), (6, "5")]
    assert found.repeated_count == 1
    assert sorted((frame["row_number"][0], frame["column_name"][0]) for frame in found.rejects) == [
        (2, "value"),
        (5, "mark_key"),
    ]


def test_a_key_of_several_columns_may_have_blank_ones() -> None:
    found = typed("teaching_load", {}, {}, {"weekly_hours": "3"}, {"from_on": "2024-09-01"})
    assert (found.rows.height, found.repeated_count, sum(frame.height for frame in found.rejects)) == (2, 1, 1)


def test_zones_that_python_and_polars_both_know_are_sound() -> None:
    zones = sorted(zoneinfo.available_timezones())
    found = typed("school", *({"school_key": zone, "timezone": zone} for zone in zones))
    assert set(zones) - set(found.rows["timezone"]) <= {"Factory", "localtime"}


def test_moments_that_are_later_than_the_export_are_a_remark() -> None:
    assert typed("mark", {"recorded_at": "2024-10-01T03:00:01Z"}).warnings == [
        "mark.recorded_at: 1 moments are later than the export itself and count as not made"
    ]
