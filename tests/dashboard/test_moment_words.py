"""As of when, compared with what, and by which setting: the words beside every figure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import polars as pl
import pytest

from dashboard import measures
from dashboard.filters import Filters
from dashboard.i18n import NBSP, has, t
from dashboard.moment_words import attended_until, stamp, stamp_of_schools
from dashboard.period_picker import AsOf
from dashboard.queries.performance import weighed
from dashboard.setting_words import setting_line, setting_lines
from etl.warehouse.metric_settings import BY_DEFAULT, DEFAULTS, VARIANTS, in_force
from etl.warehouse.metrics import DUTY, METRICS

ROW = {
    "extracted_at": datetime(2026, 11, 12, 3, 0, tzinfo=UTC),
    "timezone": "Europe/Moscow",
    "until_on": date(2026, 11, 12),
}


@pytest.mark.parametrize(
    ("asked", "with_minute", "words"),
    [
        (Filters(), True, "на 12.11.2026 06:00"),
        (Filters(as_of=date(2025, 9, 16)), True, "на 16.09.2025 23:59"),
        (Filters(as_of=date(2025, 9, 16), at=time(14, 30)), True, "на 16.09.2025 14:30"),
        (Filters(as_of=date(2025, 9, 16), at=time(14, 30)), False, "на 16.09.2025 23:59"),
        (Filters(as_of=date(2026, 11, 12), at=time(5, 0)), True, "на 12.11.2026 05:00"),
        (Filters(as_of=date(2026, 11, 12), at=time(7, 0)), True, "на 12.11.2026 06:00"),
        (Filters(as_of=date(2027, 1, 1)), True, "на 12.11.2026 06:00"),
    ],
)
def test_a_figure_bears_the_moment_it_is_of(asked: Filters, with_minute: bool, words: str) -> None:
    assert stamp(ROW, asked, with_minute=with_minute) == words


def test_several_schools_bear_the_asked_day_or_each_its_own_end() -> None:
    schools = pl.DataFrame([ROW, {**ROW, "until_on": date(2026, 11, 10)}])
    assert stamp_of_schools(schools, Filters(as_of=date(2026, 9, 16))) == "на 16.09.2026 23:59"
    assert stamp_of_schools(schools, Filters()) == t("compare.stamp_ends")


@pytest.mark.parametrize(
    ("as_of", "words"),
    [(None, ""), (date(2026, 11, 12), ""), (date(2026, 10, 14), "уроки по 11.10.2026, до конца недели"),
     (date(2026, 10, 18), "уроки по 18.10.2026, до конца недели")],
)  # fmt: skip
def test_attendance_above_a_school_says_with_which_week_it_ends(as_of: date | None, words: str) -> None:
    assert attended_until(date(2026, 11, 12), Filters(as_of=as_of)) == words


def test_a_card_tells_the_earlier_value_with_its_denominator() -> None:
    def rows(done: int, base: int) -> pl.DataFrame:
        return pl.DataFrame([{"rule": 1, **dict.fromkeys(DUTY, 0), "done": done, "base": base}])

    metric = METRICS["completeness"]
    card = measures.card(metric, "Заполнено", rows(88, 100), before=rows(912, 1000), before_note="I четверть")
    assert card.delta_note == (f"I четверть: было 91,2{NBSP}% (912 из{NBSP}1{NBSP}000{NBSP}записей)")
    assert card.delta == pytest.approx(-0.032)
    for before in (None, rows(0, 0)):
        silent = measures.card(metric, "Заполнено", rows(88, 100), before=before, before_note="I четверть")
        assert (silent.delta, silent.delta_note) == (None, "нет данных за прошлый период")


def test_every_setting_has_its_words_and_says_where_its_value_comes_from() -> None:
    own = in_force([("systematic_share", "0.25", "Приказ № 12"), ("gone", "1", "Приказ № 1")])
    assert own.values.systematic_share == 0.25 and own.values.mark_norms == DEFAULTS.mark_norms
    line = setting_line("systematic_share", own)
    assert f"25{NBSP}%" in line and line.endswith("Установила школа: Приказ № 12.")
    assert set(own.sources) == {"systematic_share"}
    for variant in VARIANTS:
        assert has(f"setting.{variant.name}")
        assert setting_line(variant.name, BY_DEFAULT).endswith(t("setting.default"))
    assert len(setting_lines(tuple(variant.name for variant in VARIANTS), BY_DEFAULT)) == len(VARIANTS) - 1


def test_sou_is_weighed_by_the_school() -> None:
    counts = {f"mark_{code}_count": [code] for code in range(1, 6)} | {"unattested_mark_count": [2], "sou_points": [0]}
    marks = pl.DataFrame(counts)
    assert weighed(marks, DEFAULTS)["sou_points"].to_list() == [2 * 16 + 3 * 36 + 4 * 64 + 5 * 100 + 2 * 7]
    own = in_force([("sou_weights", "[[5, 10], [4, 0], [3, 0], [2, 0], [1, 1], [10, 0]]", "Приказ")])
    assert weighed(marks, own.values)["sou_points"].to_list() == [51]


def test_the_newest_day_shows_the_minute_where_its_data_end_and_other_days_their_last() -> None:
    days = AsOf(date(2026, 9, 1), date(2026, 11, 12), with_minute=True, ends_at=time(6))
    assert days.minute_of(date(2026, 11, 12)) == time(6) and days.minute_of(date(2026, 11, 11)) == time(23, 59)
    assert AsOf(date(2026, 9, 1), date(2026, 11, 12)).minute_of(date(2026, 11, 12)) == time(23, 59)
