"""A table as Parquet: what was typed stays typed, what is said of the table is in the metadata."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from dashboard.parquet_export import parquet_file
from dashboard.table_export import Share, Sheet, Value

MOSCOW, SAMARA = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Samara")
MOMENT = datetime(2026, 11, 12, 3, 0, tzinfo=UTC)
ABOUT = [("Отчёт", "Заполнение"), ("Кто сформировал", "Орлова М. П.")]


def _read(columns: tuple[str, ...], rows: list[tuple[Value, ...]]) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(parquet_file(Sheet("Лист", columns, rows), ABOUT)))


def test_columns_keep_their_types_and_texts_have_no_apostrophe() -> None:
    frame = _read(
        ("Учитель", "Не заполнено", "Доля", "Балл", "Срок", "Внесено", "Пусто"),
        [
            ("=1+1", 3, Share(0.853), 4, date(2026, 11, 12), MOMENT.astimezone(MOSCOW), None),
            ("Орлов\u00a0А.", None, None, 4.25, None, None, None),
        ],
    )
    assert dict(frame.schema) == {
        "Учитель": pl.String, "Не заполнено": pl.Int64, "Доля": pl.Float64, "Балл": pl.Float64, "Срок": pl.Date,
        "Внесено": pl.Datetime("us", "Europe/Moscow"), "Пусто": pl.String,
    }  # fmt: skip
    assert frame.rows() == [
        ("=1+1", 3, 0.853, 4.0, date(2026, 11, 12), MOMENT, None),
        ("Орлов А.", None, None, 4.25, None, None, None),
    ]


def test_words_among_numbers_stand_beside_them() -> None:
    frame = _read(("Класс", "Доля"), [("7А", Share(0.5)), ("7Б", "нельзя оценить"), ("7В", None)])
    assert frame.to_dict(as_series=False) == {
        "Класс": ["7А", "7Б", "7В"], "Доля": [0.5, None, None], "Доля: пояснение": [None, "нельзя оценить", None],
    }  # fmt: skip


def test_moments_of_several_zones_are_of_one_clock() -> None:
    frame = _read(("Внесено",), [(MOMENT.astimezone(MOSCOW),), (MOMENT.astimezone(SAMARA),)])
    assert frame.schema["Внесено"] == pl.Datetime("us", "UTC") and frame["Внесено"].to_list() == [MOMENT, MOMENT]


def test_what_is_said_of_the_table_is_in_the_metadata() -> None:
    metadata = pl.read_parquet_metadata(io.BytesIO(parquet_file(Sheet("Лист", ("А",), []), ABOUT)))
    assert {name: metadata[name] for name, _ in ABOUT} == dict(ABOUT) and "0 до 1" in metadata["Единицы"]


def test_a_truth_value_is_refused() -> None:
    with pytest.raises(TypeError, match="bool"):
        _read(("А",), [(True,)])
