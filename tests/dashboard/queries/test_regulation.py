"""The page of the regulation reads the school's judgement and every known act; strangers read nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl

from dashboard.filters import Filters
from dashboard.queries.regulation import read_acts, read_judged, read_parameters
from etl.warehouse.ledger import RULES
from etl.warehouse.scope import Scope
from tests.conftest import DEPUTY, INSPECTOR, SILENT_DEPUTY, STRANGER, TEACHER, Warehouse

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
ScopeOf = Callable[[int], Scope]


def test_a_school_is_shown_the_act_it_was_judged_by(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    for user in (DEPUTY, TEACHER, INSPECTOR):
        scope = scope_of(user)
        page = read_judged(scope, Filters(school=warehouse.school_id), NOW)
        assert page is not None and page.regulation is not None
        own = read_acts(scope).filter(pl.col("regulation") == page.regulation)
        assert own["fingerprint"].to_list() == [page.fingerprint]
        assert page.rules.height == len(RULES)
        stated = page.rules.filter("is_regulated")
        assert stated.height > 10 and stated["clause"].drop_nulls().len() > 5
        named = set(stated["parameter"].drop_nulls())
        known = read_parameters(scope, [f"{page.regulation}:1"])
        assert named <= set(known.filter(pl.col("value").is_not_null())["parameter"])


def test_a_school_without_an_act_has_the_common_rules_alone(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    page = read_judged(scope_of(SILENT_DEPUTY), Filters(school=warehouse.silent_id), NOW)
    assert page is not None and page.regulation is None and page.fingerprint == ""


def test_another_school_and_a_stranger_are_closed(scope_of: ScopeOf, warehouse: Warehouse) -> None:
    assert read_judged(scope_of(DEPUTY), Filters(school=warehouse.silent_id), NOW) is None
    stranger = scope_of(STRANGER)
    assert read_judged(stranger, Filters(school=warehouse.school_id), NOW) is None
    assert read_acts(stranger).is_empty() and read_parameters(stranger, ["lindovskaya:1"]).is_empty()


def test_only_the_acts_that_were_asked_for_are_read(scope_of: ScopeOf) -> None:
    scope = scope_of(DEPUTY)
    found = read_parameters(scope, ["lindovskaya:1", "school16_korolev:1", "lindovskaya:9"])
    assert found.group_by("regulation").len().sort("regulation").rows() == [
        ("lindovskaya", 117),
        ("school16_korolev", 117),
    ]
