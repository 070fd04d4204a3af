"""A reader's own table: what goes together, what does not and why, what a saved one holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from dashboard.filters import Filters, parse, to_params
from dashboard.i18n import has
from dashboard.pivot import (
    ACROSS,
    BY_CODE,
    DIMENSIONS,
    MOST_METRICS,
    NONE,
    Choice,
    Problem,
    column_dimensions,
    drilled,
    problems,
    read_choice,
    row_dimensions,
    shown,
)
from dashboard.pivot_chart import MOST_BARS, bars_of, pivot_bars, rest_words
from dashboard.pivot_rows import Line, Value
from dashboard.saved_report import LONGEST_TITLE, Saved, clean_title, is_changed, kept_of, position_of, savable
from dashboard.views.pivot_parts import cell_of
from etl.warehouse.metrics import METRICS, Measured
from etl.warehouse.metrics_catalogue import CATALOGUE, COUNTED
from etl.warehouse.scope import EMPTY

SCHOOL = replace(EMPTY, level="school", school_ids=frozenset({1}))
TEACHER = replace(EMPTY, level="teacher", staff_ids=frozenset({(1, 5)}))
ONE = CATALOGUE["completeness"]
SAVED = Saved(
    7, 1, 1, "Полнота", "Орлова М. П.", datetime(2026, 11, 1, tzinfo=UTC), True, False,
    kept_of(Filters(metrics="success.quality", rows="grade", period="q1", class_id=4)),
)  # fmt: skip


def codes(dimensions):
    return [one.code for one in dimensions]


def test_every_metric_of_the_catalogue_has_a_name_of_its_own_and_a_row_to_stand_in():
    assert {metric.source for metric in CATALOGUE.values()} == set(COUNTED)
    assert all(has(f"metric_name.{name}") for name in CATALOGUE)
    assert all(row_dimensions([metric])[0].code == "school" for metric in CATALOGUE.values())
    assert all(has(f"{part}.{one.code}") for one in DIMENSIONS for part in ("pivot_by", "pivot_head"))
    assert set(ACROSS) <= set(BY_CODE) and all(set(one.within) <= set(BY_CODE) for one in DIMENSIONS)


def test_rows_are_what_all_the_metrics_allow():
    assert codes(row_dimensions([ONE])) == [
        "school", "grade", "class", "subject", "journal", "staff", "month", "week", "rule",
    ]  # fmt: skip
    assert codes(row_dimensions([CATALOGUE["success"]])) == ["school", "grade", "class", "period"]
    assert codes(row_dimensions([ONE, CATALOGUE["success"]])) == ["school", "grade", "class"]
    assert "rule" not in codes(row_dimensions([CATALOGUE["completeness_topic"]]))  # one rule is not divided by rules


def test_columns_are_of_one_metric_and_no_part_or_whole_of_the_rows():
    assert codes(column_dimensions([ONE], BY_CODE["staff"])) == ["grade", "class", "subject", "month", "rule"]
    assert codes(column_dimensions([ONE], BY_CODE["class"])) == ["subject", "month", "rule"]
    assert codes(column_dimensions([ONE], BY_CODE["journal"])) == ["month", "rule"]
    assert codes(column_dimensions([ONE], BY_CODE["week"])) == ["grade", "class", "subject", "rule"]
    assert column_dimensions([ONE, CATALOGUE["success"]], BY_CODE["class"]) == []


@pytest.mark.parametrize(
    ("position", "kind", "scope", "found"),
    [
        (Filters(metrics="completeness.success", rows="staff"), "quarter", SCHOOL, Problem("success", "rows", "staff")),
        (Filters(metrics="success", rows="class", columns="month"), "quarter", SCHOOL,
         Problem("success", "columns", "month")),
        (Filters(metrics="success", subject=3), "quarter", SCHOOL, Problem("success", "filter", "subject")),
        (Filters(metrics="mean_mark", staff=3), "quarter", SCHOOL, Problem("mean_mark", "filter", "staff")),
        (Filters(metrics="norm_share"), "month", SCHOOL, Problem("norm_share", "period", "own")),
        (Filters(metrics="systematic_share"), "week", SCHOOL, Problem("systematic_share", "period", "month")),
        (Filters(metrics="quality"), "quarter", TEACHER, Problem("quality", "journals")),
        (Filters(metrics="systematic_share", class_id=1), "month", SCHOOL, None),
        (Filters(metrics="attendance_share", subject=1, parallel=5), "days", TEACHER, None),
        (Filters(metrics="timeliness", staff=3, subject=1), "week", SCHOOL, None),
    ],
)  # fmt: skip
def test_what_does_not_go_together_says_why(position, kind, scope, found):
    choice = read_choice(position)
    said = problems(choice, position, kind, scope)
    assert said == ([found] if found else [])
    assert {metric.name for metric in shown(choice, said).metrics} == {m.name for m in choice.metrics} - {
        problem.metric for problem in said
    }
    for problem in said:
        key = problem.why if problem.why in ("rows", "columns", "journals") else f"{problem.why}_{problem.what}"
        assert has(f"pivot_why.{key}")


def test_a_choice_of_the_address_reads_and_what_is_gone_is_told():
    assert read_choice(Filters()) == Choice((ONE,), BY_CODE["class"])
    asked = read_choice(Filters(metrics="success.vanished", rows="century", columns="colour"))
    assert codes([asked.rows]) == ["school"] and asked.columns is None
    assert [metric.name for metric in asked.metrics] == ["success"]
    assert asked.gone == ("vanished", "colour", "century")
    assert read_choice(Filters(metrics=NONE)) == Choice((), BY_CODE["class"])
    many = ".".join(list(CATALOGUE)[: MOST_METRICS + 2])
    assert parse({"metrics": many}).metrics == many and len(read_choice(Filters(metrics=many)).metrics) == MOST_METRICS
    assert parse({"metrics": "a..b", "rows": "ряд", "report": "0"}) == Filters()


def test_columns_go_when_a_second_metric_stays_and_stay_when_the_other_goes():
    both = read_choice(Filters(metrics="completeness.timeliness", rows="class", columns="month"))
    assert shown(both, []).columns is None
    kept = shown(both, [Problem("timeliness", "rows", "class")])
    assert kept.columns == BY_CODE["month"] and len(kept.metrics) == 1


def test_a_row_opens_the_page_at_its_value():
    here = Filters(school=1, period="q1", class_id=9)
    assert drilled(here, BY_CODE["class"], 3, {}) == here.changed(class_id=3)
    assert drilled(here, BY_CODE["journal"], 8, {8: 3}) == here.changed(class_id=3, journal=8)
    assert drilled(here, BY_CODE["grade"], 5, {}) == here.changed(class_id=None, parallel=5)
    month = drilled(here, BY_CODE["month"], date(2026, 9, 1), {})
    assert month is not None and month.period == "m2026-09"
    assert drilled(here, BY_CODE["class"], None, {}) is None and drilled(here, BY_CODE["rule"], 1, {}) is None


def test_a_saved_report_opens_the_position_that_was_saved():
    reader = Filters(school=1, year=2026, as_of=date(2026, 10, 1), staff=5, columns="month")
    opened = position_of(SAVED, reader)
    assert opened == Filters(school=1, year=2026, as_of=date(2026, 10, 1), report=7, metrics="success.quality",
                             rows="grade", period="q1", class_id=4)  # fmt: skip
    assert parse(to_params(opened)) == opened
    assert not is_changed(SAVED, opened)
    assert all(is_changed(SAVED, opened.changed(**change)) for change in (
        {"rows": "class"}, {"metrics": "success"}, {"period": None}, {"class_id": 5}, {"subject": 1},
    ))  # fmt: skip
    assert not is_changed(SAVED, opened.changed(as_of=None, at=None))  # the moment is the reader's


def test_a_report_of_nothing_stated_is_the_first_table():
    assert kept_of(Filters()).metrics == ("completeness",) and kept_of(Filters()).row_by == "class"


def test_the_name_of_a_report_is_one_line():
    assert clean_title("  Полнота \n по   классам ") == "Полнота по классам"
    assert clean_title("") is None and clean_title(" \t") is None and clean_title("а" * (LONGEST_TITLE + 1)) is None
    assert clean_title("а\x00б") is None and clean_title("а\u202eб") is None


def value(part: int, whole: int, unknown: int = 0, metric=ONE) -> Value:
    return Value(Measured(metric, part, whole, unknown))


def test_what_cannot_be_told_is_no_zero():
    unknown, zero, nothing = value(1, 2, 50), value(0, 40), value(0, 0)
    assert cell_of(unknown).text == "нельзя оценить"
    assert cell_of(zero).text.startswith("0") and cell_of(nothing).text == "—" == cell_of(None).text
    count = CATALOGUE["unfilled_count"]
    silent = Value(Measured(count, 0, 0), Measured(METRICS["completeness"], 0, 0, 9))
    assert cell_of(silent).text == "нельзя оценить" and not silent.is_told
    assert cell_of(Value(Measured(count, 0, 0), Measured(METRICS["completeness"], 9, 9))).text == "0"
    lines = [(Line(place, f"{place}А", (one,)), one) for place, one in enumerate((unknown, zero, nothing))]
    bars, out = bars_of(lines, ONE)
    assert [line.key for line, _ in bars] == [1] and [line.key for line in out] == [0]
    assert rest_words(lines, len(bars), out, ONE) == ["Нельзя оценить: 0А."]


def test_a_chart_of_many_rows_keeps_those_that_need_attention_and_says_so():
    lines = [(Line(n, f"Класс {n}", (value(n, 100),)), value(n, 100)) for n in range(60)]
    bars, unknown = bars_of(lines, ONE)
    assert [line.key for line, _ in bars] == list(range(MOST_BARS)) and unknown == []
    assert rest_words(lines, len(bars), unknown, ONE) == [
        f"На диаграмме — {MOST_BARS} с наименьшими значениями из 60."
    ]  # fmt: skip
    late = CATALOGUE["late_count"]
    counts = [(Line(n, str(n), (value(n, 0, 0, late),)), value(n, 0, 0, late)) for n in range(60)]
    assert [line.key for line, _ in bars_of(counts, late)[0]] == list(range(60 - MOST_BARS, 60))
    chart = pivot_bars(bars, "Заполнено")
    assert "Класс 0" in chart.alt and len(chart.figure.data[0].x) == MOST_BARS


def test_what_is_saved_states_its_choice_and_leaves_out_what_is_gone():
    whole = savable(Filters(metrics="success.vanished", rows="century", columns="colour", class_id=4))
    assert whole == Filters(metrics="success", rows="school", class_id=4)
    assert savable(Filters()) == Filters(metrics="completeness", rows="class")
    assert kept_of(savable(Filters(metrics=NONE))).metrics == (NONE,)
