"""Metrics in words: a number, an interval, or an honest reason."""

from __future__ import annotations

import re

import polars as pl
import pytest

from dashboard import measures
from dashboard.i18n import NBSP, has, t
from etl.warehouse.metrics import DUTY, METRICS, Metric
from etl.warehouse.metrics_above import ABOVE
from etl.warehouse.metrics_exams import EXAMS
from etl.warehouse.metrics_filling import FILLING
from etl.warehouse.metrics_forecast import FORECASTS
from etl.warehouse.metrics_learning import LEARNING_METRICS
from etl.warehouse.metrics_people import ACTIVITY, CONTINGENT
from etl.warehouse.metrics_programme import PROGRAMME
from etl.warehouse.metrics_totals import CLASS_TOTALS

NOTHING = dict.fromkeys(DUTY, 0)


def rows(**counts: int) -> pl.DataFrame:
    return pl.DataFrame([{"rule": 1, **NOTHING, **counts}])


@pytest.mark.parametrize("metric", METRICS.values(), ids=str)
def test_every_metric_has_a_passport_and_words_for_what_it_leaves_out(metric: Metric) -> None:
    assert has(metric.passport_key)
    assert all(has(f"left_out.{name}") for name in metric.exclusions)
    assert has(f"noun.{metric.noun}.many")


EVERY = METRICS | ABOVE | EXAMS | FILLING | FORECASTS | LEARNING_METRICS | CONTINGENT | ACTIVITY | PROGRAMME
"""Every number that people are shown."""


@pytest.mark.parametrize("metric", (EVERY | CLASS_TOTALS).values(), ids=str)
def test_every_passport_says_where_the_number_comes_from(metric: Metric) -> None:
    assert metric.rules or re.search(r"Источник: (п\.\s|определение\s)", t(metric.passport_key))


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"kept": 9, "judged": 10}, f"90,0{NBSP}%"),
        ({"kept": 80, "judged": 100, "unsure": 5}, f"76,2–81,0{NBSP}%"),
        ({"kept": 8, "judged": 10, "unsure": 5}, "нельзя оценить"),
        ({"pending": 7}, "срок не наступил"),
        ({"not_regulated": 7, "pending": 1}, "срок не установлен"),
        ({"cannot_tell": 7}, "нельзя оценить"),
        ({}, "—"),
    ],
)
def test_timeliness_reads(counts: dict[str, int], words: str) -> None:
    found = rows(**counts)
    assert measures.in_words(METRICS["timeliness"].of(found), found) == words


def test_a_source_without_times_is_named_as_the_reason() -> None:
    found = rows(kept=1, judged=1, unsure=50)
    card = measures.card(METRICS["timeliness"], "В срок", found, capabilities=["topics"])
    assert card.share is None and card.reason == t("why.no_times")


def test_a_source_without_topics_is_named_as_the_reason() -> None:
    found = rows(done=1, base=1, unseen=50)
    card = measures.card(METRICS["completeness"], "Заполнено", found, capabilities=["homework"])
    assert card.share is None and card.reason == "источник не передаёт: темы и отметку о проверке посещаемости"


def test_what_is_not_filled_cannot_be_told_where_filling_cannot() -> None:
    found = rows(done=1, base=1, unseen=50)
    count = METRICS["unfilled_count"]
    assert measures.card(count, "Не заполнено", found).value == "0"
    card = measures.card(count, "Не заполнено", found, rests_on=METRICS["completeness"], capabilities=[])
    assert not card.value and card.share is None and not card.opens


def test_a_share_that_is_not_whole_is_never_shown_as_whole() -> None:
    shares = [0.0, 0.0001, 0.5, 0.9999, 1.0, None]
    assert [measures.shown(share) for share in shares] == [0.0, 0.001, 0.5, 0.999, 1.0, None]
    column = pl.DataFrame({"share": shares}).select(measures.shown_column("share"))["share"].to_list()
    assert column == [measures.shown(share) for share in shares]


def test_deadlines_read_as_people_say_them() -> None:
    read = [measures.deadline(code) for code in ("same_day", "2d", "1h+same_day", "5wd", None, "12-31")]
    assert read == [
        "в день урока",
        f"2{NBSP}дня",
        f"через 1{NBSP}час после урока",
        f"5{NBSP}рабочих дней",
        "",
        "12-31",
    ]
