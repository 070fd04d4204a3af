"""Sign-ins by day: whole inside a school, without small groups above it, and nothing that a month gives away."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries.sign_in_days import read_sign_in_days
from dashboard.small_groups import SIGN_IN_DAYS, withheld
from dashboard.views.sign_in_days import ROLES, day_cell, exported
from tests.conftest import DEPUTY, INSPECTOR, SILENT_DEPUTY, TEACHER, Warehouse

MONTH = date(2026, 11, 1)


def test_a_day_is_withheld_with_its_sign_ins_where_few_came_few_did_not_or_the_month_tells() -> None:
    of = {"school_id": pl.Int64, "users": pl.Int64, "logins": pl.Int64, "accounts": pl.Int64, "month_users": pl.Int64}
    days = [(20, 25, 40, 30), (4, 9, 40, 30), (37, 50, 40, 40), (28, 50, 40, 30), (0, 0, 40, 30), (2, 3, 4, 4)]
    shown = withheld(pl.DataFrame([(1, *day) for day in days], schema=of, orient="row"), SIGN_IN_DAYS, {1: 5})
    assert shown["users"].to_list() == [20, None, None, None, 0]
    assert shown["logins"].to_list() == [25, None, None, None, 0]


def test_above_a_school_the_same_days_are_told_without_small_groups(scope_of: Any, warehouse: Warehouse) -> None:
    place = Filters(school=warehouse.school_id)
    whole = read_sign_in_days(scope_of(DEPUTY), place, MONTH)
    above = read_sign_in_days(scope_of(INSPECTOR), place, MONTH)
    assert set(whole["role"]) == set(ROLES) and whole["day_on"].n_unique() == 12
    assert whole["users"].sum() > 0 and (whole["users"] <= whole["month_users"]).all()
    keys = ["school_id", "role", "day_on"]
    both = above.join(whole, on=keys, suffix="_whole")
    told = both.drop_nulls("users")
    assert both.height == above.height and told.height > 0
    assert (told["users"] == told["users_whole"]).all() and (told["logins"] == told["logins_whole"]).all()
    rest = told["accounts"] - told["users"]
    assert not ((told["users"] > 0) & (told["users"] < 5)).any() and not ((rest > 0) & (rest < 5)).any()
    for user in (SILENT_DEPUTY, TEACHER):
        assert read_sign_in_days(scope_of(user), place, MONTH).is_empty()


def test_a_withheld_day_says_so_and_is_empty_in_the_file() -> None:
    row: dict[str, Any] = {"school_id": 1, "role": "staff", "day_on": MONTH, "users": 20, "logins": 25, "accounts": 40}
    hidden = {**row, "users": None, "logins": None}
    assert day_cell(hidden).text.startswith("скрыто") and day_cell(None) == day_cell(hidden)
    assert day_cell(row).text.startswith("50,0") and day_cell(row).note.endswith("входов 25")
    assert day_cell({**row, "users": 0, "logins": 0}).text == "—"
    rows = exported(pl.DataFrame([row, hidden]), {1: "СОШ № 1"}).rows()
    assert rows[0][:4] == ("СОШ № 1", "Сотрудники", MONTH, 0.5) and rows[1][3:5] == (None, None)
