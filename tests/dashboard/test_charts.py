"""Charts say what the data say, and carry the ids a click needs."""

from __future__ import annotations

import json
from datetime import date, timedelta

import polars as pl
import pytest

from dashboard import charts, limits
from dashboard.i18n import t

SCHOOLS = pl.DataFrame(
    {
        "id": range(1, 25),
        "label": [f"Школа № {n}" for n in range(1, 25)],
        "done": [500 if n == 12 else 850 + 3 * n for n in range(1, 25)],
        "due": [1000] * 24,
    }
)
WEEKS = pl.DataFrame(
    {
        "week": [date(2026, 8, 31) + timedelta(weeks=n) for n in range(12)],
        "done": [270, 272, 271, 269, 270, 273, 268, 270, 120, 271, 270, 269],
        "due": [300] * 12,
    }
)


def test_only_the_school_outside_the_limits_is_named():
    chart = charts.funnel(SCHOOLS)
    points = chart.figure.data[-1]
    assert [text for text in points.text if text] == ["Школа № 12"]
    assert "Школа № 12" in chart.alt
    assert "Школа № 3" not in chart.alt
    assert ["12"] in [list(value) for value in points.customdata]


def test_a_school_without_duties_is_not_a_point_and_does_not_shift_the_mean():
    empty = pl.DataFrame({"id": [99], "label": ["Пустая"], "done": [0], "due": [0]})
    chart = charts.funnel(pl.concat([SCHOOLS, empty.cast(SCHOOLS.schema)]))
    assert chart.alt == charts.funnel(SCHOOLS).alt


def test_the_order_of_rows_changes_nothing():
    assert charts.funnel(SCHOOLS.reverse()).figure.to_json() == charts.funnel(SCHOOLS).figure.to_json()


def test_a_school_in_another_colour_bears_its_name_also_between_the_limits():
    spread = pl.DataFrame({"id": [1, 2, 3, 4, 5], "label": list("АБВГД"), "done": [830, 873, 758, 873, 918],
                           "due": [1000] * 5})  # fmt: skip
    points = charts.funnel(spread).figure.data[-1]
    usual = max(set(points.marker.color), key=list(points.marker.color).count)
    named = [bool(text) for text in points.text]
    assert any(named) and named == [colour != usual for colour in points.marker.color]


def test_over_dispersed_schools_are_not_all_outside():
    spread = SCHOOLS.with_columns(pl.Series("done", [600 + 15 * n for n in range(24)]))
    phi = limits.dispersion(spread["done"], spread["due"])
    assert phi > 5
    plain = limits.z_scores(spread["done"], spread["due"], 1.0)
    widened = limits.z_scores(spread["done"], spread["due"], phi)
    assert (plain.abs() > limits.OUTER).sum() > 10
    assert (widened.abs() > limits.OUTER).sum() == 0


def test_alike_schools_have_the_binomial_dispersion():
    same = pl.Series([900] * 10)
    assert limits.dispersion(same, pl.Series([1000] * 10)) == 1.0
    assert limits.dispersion(pl.Series([10, 10]), pl.Series([10, 10])) == 1.0
    assert limits.margin(0.5, 100, 1.0, 1.96) == pytest.approx(0.098)


def test_only_the_bad_week_is_marked_on_the_control_chart():
    chart = charts.weekly_control(WEEKS)
    line = chart.figure.data[-1]
    assert [symbol == "diamond" for symbol in line.marker.symbol].index(True) == 8
    assert list(line.marker.symbol).count("diamond") == 1
    assert "26.10" in chart.alt


def test_entries_never_made_keep_the_curve_below_all():
    delays = pl.DataFrame({"series": ["Школа"] * 3, "day": [0, 1, 4], "n": [50, 20, 10], "due": [100] * 3})
    chart = charts.delay_curve(delays, limit_days=1)
    assert list(chart.figure.data[0].y) == [0.5, 0.7, 0.7, 0.7, 0.8]
    assert "50,0" in chart.alt


def test_bars_carry_ids_and_shares_of_the_whole():
    buckets = pl.DataFrame(
        {
            "id": ["d0", "never"],
            "label": ["в день урока", "не внесено"],
            "n": [75, 25],
            "kind": ["good", "bad"],
        }
    )
    bars = charts.delay_bars(buckets).figure.data[0]
    assert [list(value) for value in bars.customdata] == [["d0"], ["never"]]
    assert [text.replace("\u00a0", " ") for text in bars.text] == ["75 %", "25 %"]


def test_the_words_under_a_bar_stay_narrow():
    rows = pl.DataFrame({"id": ["8"], "label": ["больше 7 дней"], "n": [3], "kind": ["warn"]})
    assert list(charts.delay_bars(rows, short={"8": t("school.delay_short_8")}).figure.data[0].x) == ["&gt;7<br>дней"]


def test_stacked_statuses_add_up_to_the_whole_in_every_bar():
    rows = pl.DataFrame(
        {
            "id": ["topic", "topic", "mark"],
            "label": ["Тема", "Тема", "Отметки"],
            "status": ["on_time", "missing", "on_time"],
            "n": [3, 1, 10],
        }
    )
    figure = charts.status_bars(rows).figure
    assert [sum(bar.x[i] for bar in figure.data) for i in (0, 1)] == [1.0, 1.0]
    assert list(figure.data[1].customdata[0]) == ["topic", "missing"]


@pytest.mark.parametrize("dark", [False, True])
def test_an_empty_frame_gives_a_sentence_instead_of_a_chart(dark):
    for chart in (
        charts.funnel(SCHOOLS.head(0), dark=dark),
        charts.weekly_control(WEEKS.head(0), dark=dark),
        charts.delay_curve(pl.DataFrame(schema={"series": pl.String, "day": pl.Int64, "n": pl.Int64, "due": pl.Int64})),
        charts.status_bars(
            pl.DataFrame(schema={"id": pl.String, "label": pl.String, "status": pl.String, "n": pl.Int64})
        ),
    ):
        assert chart.alt == "Нет данных для графика."
        assert not chart.figure.data


def test_names_are_text_and_never_markup():
    hostile = SCHOOLS.with_columns(pl.lit("<a href='javascript:x'>").alias("label"))
    assert "<a href" not in charts.funnel(hostile).figure.to_json()


def test_a_chart_of_sixty_schools_is_a_small_message():
    many = pl.DataFrame(
        {"id": range(60), "label": ["Школа"] * 60, "done": [900] * 60, "due": [1000 + n for n in range(60)]}
    )
    payload = charts.funnel(many).figure.to_json()
    assert json.loads(payload)["layout"]["separators"][0] == ","
    assert len(payload) < 25_000
