"""Where the marks go, beside the forecast of a period mark: boundaries, words, and what came of it before."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from dashboard.trend import direction_words, past_words, with_trend

ROW: dict[str, Any] = {
    "period_mark_code": None, "digit_count": 6, "weight": 600, "points": 2400, "early_weight": 300,
    "early_points": 1200, "late_weight": 300, "late_points": 1200,
}  # fmt: skip


def rows(*changes: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{**ROW, **change} for change in changes], schema=dict.fromkeys(ROW, pl.Int64))


@pytest.mark.parametrize(
    ("change", "direction", "words"),
    [
        ({"late_points": 1275}, "level", "без изменений"),
        ({"late_points": 1278}, "rises", "растёт: +0,26"),
        ({"late_points": 1122}, "falls", "снижается: −0,26"),
        ({"digit_count": 5}, None, "мало отметок"),
        ({"late_weight": 0, "late_points": 0}, None, "мало отметок"),
    ],
)
def test_a_quarter_of_a_mark_is_no_change_and_five_digits_are_too_few(
    change: dict[str, Any], direction: str | None, words: str
) -> None:
    found = with_trend(rows(change)).row(0, named=True)
    assert found["direction"] == direction and direction_words(direction, found["change"]) == words


@pytest.mark.parametrize(("points", "digits", "mark"), [(2099, 6, 3), (2100, 6, 4), (2400, 3, 4), (2400, 2, None)])
def test_the_forecast_is_the_weighted_mean_rounded_half_up_of_three_digits(
    points: int, digits: int, mark: int | None
) -> None:
    assert with_trend(rows({"points": points, "digit_count": digits}))["foretold"][0] == mark


def test_what_came_of_the_period_before_is_counted_and_nothing_claimed_of_a_handful() -> None:
    up = {"late_points": 1500, "early_points": 900}
    past = rows(
        *[{"period_mark_code": 4}] * 15,  # as foretold, level
        *[{**up, "period_mark_code": 4}] * 3,  # as foretold, though the marks rose
        *[{**up, "period_mark_code": 5}] * 4,  # to the side the marks went
        {**up, "period_mark_code": 3},  # to the other side
        {"period_mark_code": 10}, {"digit_count": 2, "period_mark_code": 4},  # н/а, and too few digits: not told
    )  # fmt: skip
    words = past_words(past).replace("\u00a0", " ")
    assert "78 % случаев (18 из 23 прогнозов)" in words
    assert "(8 случаев): итоговая совпала с прогнозом и без него — 3" in words
    assert "куда шли отметки, — 4, в другую — 1" in words
    assert "18" not in past_words(past.head(18)).replace("18)", "") and "мало" in past_words(past.head(18))
    assert "ни один" in past_words(pl.DataFrame(schema=past.schema))
