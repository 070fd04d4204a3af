"""Sums of whole schools above a school: what the pages of one school say, what small groups hide, which period counts.

The sums themselves are counted a second time in tests/etl/transforms/test_above_marts.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from dashboard.comparison import CHOICES, lines_of
from dashboard.comparison_parts import parts_of, worst_fields
from dashboard.comparison_words import value_words
from dashboard.filters import Filters
from dashboard.i18n import has, t
from dashboard.monitoring_rows import KEEPING, UPKEEP, keeping_rows, upkeep_rows
from dashboard.programme_rows import programme_sums
from dashboard.queries.comparison import READABLE, read_compared
from dashboard.queries.contingent import read_contingent
from dashboard.queries.door import counted
from dashboard.queries.filling import read_filling
from dashboard.queries.monitoring import read_monitoring
from dashboard.queries.programme import read_programme
from dashboard.queries.whole_schools import WHOLE
from dashboard.small_groups import CARDS, withheld
from etl.warehouse.metrics_above import ABOVE
from etl.warehouse.metrics_filling import MEDIAN
from etl.warehouse.metrics_programme import PROGRAMME
from etl.warehouse.scope import Scope
from tests.conftest import DEPUTY, INSPECTOR, Warehouse
from tests.dashboard.queries.test_pages import NOW

ScopeOf = Callable[[int], Scope]


def of_school(scope: Scope, source: str, school: int, period: str = "q1") -> pl.DataFrame:
    page = read_compared(scope, Filters(period=period), source, NOW)  # type: ignore[arg-type]
    return page.values.filter(pl.col("school_id") == school)


@pytest.mark.parametrize("period", ["q1", "q2", "year"])
def test_the_programme_of_a_school_is_that_of_its_own_page(
    scope_of: ScopeOf, warehouse: Warehouse, period: str
) -> None:
    above = PROGRAMME["programme_done"].of(of_school(scope_of(INSPECTOR), "programme", warehouse.school_id, period))
    page = read_programme(scope_of(DEPUTY), Filters(school=warehouse.school_id, period=period), NOW)
    assert page is not None
    inside = PROGRAMME["programme_done"].of(programme_sums(page))
    assert above.whole > 50 and (above.part, above.whole) == (inside.part, inside.whole)


def test_cards_and_lags_are_those_of_the_pages_of_the_school(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    inspector, place = scope_of(INSPECTOR), Filters(school=warehouse.school_id, period="q1")
    people, filling = read_contingent(scope_of(DEPUTY), place, NOW), read_filling(scope_of(DEPUTY), place, NOW)
    assert people is not None and filling is not None
    cards = of_school(inspector, "card", warehouse.school_id)
    inside = people.cards.filter(pl.col("field").is_not_null())
    found = ABOVE["cards_filled"].of(cards)
    assert (found.part, found.whole) == (int(inside["filled"].sum()), int(inside["fields"].sum()))
    lags = of_school(inspector, "lag", warehouse.school_id)
    rules = ABOVE["lag_median"].rule_numbers
    assert (ABOVE["lag_median"].of(lags).low, ABOVE["lag_median"].of(lags).high) == MEDIAN.of(  # type: ignore[attr-defined]
        filling.lags.filter(pl.col("rule").is_in(rules))
    )


def test_what_a_source_or_a_school_does_not_tell_is_no_zero(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    for name in ("review_share", "critical_count"):  # nobody ticked a review here, and nobody checked
        metric = CHOICES[name]
        page = read_compared(scope_of(INSPECTOR), Filters(period="q1"), metric.source, NOW)
        lines = lines_of(page.schools, page.values, metric)
        assert {line.state for line in lines} == {"cannot"}
        assert {value_words(line) for line in lines} == {t("comparison.cannot_say")}
    page = read_compared(scope_of(INSPECTOR), Filters(period="q1"), "sign_in", NOW)
    gone = page.schools.with_columns(pl.lit(["mark"]).alias("carried"))
    assert {line.state for line in lines_of(gone, page.values, CHOICES["monthly_users"])} == {"cannot"}


def test_few_cards_of_persons_are_hidden_and_fields_are_named_from_the_limit_on() -> None:
    atoms = pl.DataFrame(
        {"school_id": [1, 1, 2], "owner_kind": ["pupil", "staff", "staff"], "complete": [97, 12, 3],
         "cards": [100, 20, 4]}
    )  # fmt: skip
    shown = withheld(atoms, CARDS, {})
    assert shown["complete"].to_list() == [None, 12] and shown["school_id"].to_list() == [1, 1]
    fields = pl.DataFrame(
        {"owner_kind": ["pupil"] * 4 + ["school"], "field": ["a", "b", "c", "d", "e"],
         "filled": [50, 60, 94, 97, 0], "fields": [100, 100, 100, 100, 1]}
    )  # fmt: skip
    # who knows the sum of all (99) would know the three of «d»: so «c» is not named either
    assert worst_fields(fields, 5)["field"].to_list() == ["a", "b"]
    assert worst_fields(fields.filter(pl.col("field") != "d"), 5)["field"].to_list() == ["a", "b", "c"]


def test_a_week_has_the_sign_ins_of_its_month_and_the_page_is_told_so(scope_of: ScopeOf) -> None:
    week = read_compared(scope_of(INSPECTOR), Filters(period="w2026-10-26"), "sign_in", NOW)
    month = read_compared(scope_of(INSPECTOR), Filters(period="m2026-10"), "sign_in", NOW)
    assert week.shown is not None and week.shown.code == "m2026-10" and month.shown is None
    assert week.values.equals(month.values) and week.values["month_on"].unique().to_list() == [date(2026, 10, 1)]


def test_a_month_has_the_norms_of_the_period_that_runs_on_its_last_day(scope_of: ScopeOf) -> None:
    for period, own in (("m2026-09", "q1"), ("w2026-11-09", "q2")):
        page = read_compared(scope_of(INSPECTOR), Filters(period=period), "fill", NOW)
        assert page.shown is not None and page.shown.code == own
        assert page.values.equals(read_compared(scope_of(INSPECTOR), Filters(period=own), "fill", NOW).values)


def test_every_choice_has_words_a_passport_and_a_source_that_can_be_read() -> None:
    assert {metric.source for metric in CHOICES.values()} == READABLE
    for metric in CHOICES.values():
        assert has(f"comparison_metric.{metric.name}") and has(metric.passport_key), metric.name
    assert {*KEEPING, *UPKEEP} <= set(CHOICES)


def test_the_table_of_schools_says_of_each_what_the_comparison_says(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    scope = scope_of(INSPECTOR)
    page = read_monitoring(scope, Filters(period="q2"), NOW)
    rows = keeping_rows(page, {})
    assert [row.cells[0].text for row in rows] == page.ground.schools["label"].to_list()
    assert page.previous is not None and page.previous.code == "q1" and set(page.before) == {
        "duty", "critical", "consistency"
    }  # fmt: skip
    for place, name in enumerate(KEEPING, start=2):
        compared = read_compared(scope, Filters(period="q2"), CHOICES[name].source, NOW)
        lines = lines_of(compared.schools, compared.values, CHOICES[name])
        assert [row.cells[place].text for row in rows] == [value_words(line) for line in lines]
    told = "\n".join(cell.text + cell.note for row in (*rows, *upkeep_rows(page)) for cell in row.cells)
    assert t("comparison.cannot_say") in told and "было" in told


def test_the_table_of_schools_costs_the_same_for_one_and_for_many(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    both, costs = scope_of(INSPECTOR), []
    for scope in (replace(both, school_ids=frozenset({warehouse.school_id})), both):
        with counted() as asked:
            read_monitoring(scope, Filters(period="q2"), NOW)
        costs.append(asked.queries)
    assert costs[0] == costs[1] <= 16


def test_a_schools_number_is_taken_apart_without_a_person(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    for name in ("cards_filled", "monthly_users", "over_week_share"):
        metric = CHOICES[name]
        page = read_compared(scope_of(INSPECTOR), Filters(period="q1"), metric.source, NOW)
        assert metric.source in WHOLE and not {"staff_id", "pupil_id", "full_name", "owner_key"} & set(
            page.values.columns
        )
        line = next(one for one in lines_of(page.schools, page.values, metric) if one.school == warehouse.school_id)
        made_of = parts_of(line, page.values)
        assert made_of is not None and made_of[1], name
        assert all(len(row.cells) == len(made_of[0]) for row in made_of[1])
