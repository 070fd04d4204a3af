"""The pages of pupils, cards and activity, against loops over the stored rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from dashboard.filters import Filters
from dashboard.i18n import has, t
from dashboard.pages_table import ROLES, is_open
from dashboard.people_sums import activity_sums, balanced, contingent_sums, reached_sums
from dashboard.queries import door
from dashboard.queries.activity import Activity, read_activity
from dashboard.queries.contingent import Contingent, read_contingent
from dashboard.views.activity import title_of
from etl.warehouse.engine import owner_connection
from etl.warehouse.metrics import Metric
from etl.warehouse.metrics_filling import FILLING, MEDIAN, NINE_TENTHS
from etl.warehouse.metrics_people import ACTIVITY, CONTINGENT
from etl.warehouse.metrics_programme import PROGRAMME
from etl.warehouse.scope import Scope
from tests.conftest import DEPUTY, INSPECTOR, TEACHER, Warehouse
from tests.dashboard.queries.test_pages import NOW


def rows_of(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with owner_connection(warehouse.url) as connection:
        return connection.execute(query, {"school": warehouse.school_id}).fetchall()


@pytest.fixture(params=["q1", "q2", "year"])
def people(scope_of: Callable[[int], Scope], warehouse: Warehouse, request: pytest.FixtureRequest) -> Contingent:
    found = read_contingent(scope_of(DEPUTY), Filters(school=warehouse.school_id, period=request.param), NOW)
    assert found is not None
    return found


@pytest.fixture
def activity(scope_of: Callable[[int], Scope], warehouse: Warehouse) -> Activity:
    found = read_activity(scope_of(DEPUTY), Filters(school=warehouse.school_id), NOW)
    assert found is not None
    return found


def in_force(row: tuple[Any, ...], day: date) -> bool:
    return row[0] <= day and (row[1] is None or day < row[1])


def test_rolls_and_movements_of_every_class_agree_with_a_loop_and_with_each_other(
    people: Contingent, warehouse: Warehouse
) -> None:
    rolls = rows_of(
        warehouse, "SELECT from_on, to_on, class_id, pupil_id FROM fact_enrolment WHERE school_id = %(school)s"
    )
    moves = rows_of(
        warehouse,
        "SELECT effective_on, kind, from_class_id, to_class_id FROM fact_movement WHERE school_id = %(school)s",
    )
    seen = [move for move in moves if people.before < move[0] <= people.until]
    for line in balanced(people.classes).iter_rows(named=True):
        mine = [row for row in rolls if row[2] == line["class_id"]]
        assert line["opening"] == sum(in_force(row, people.before) for row in mine)
        assert line["closing"] == sum(in_force(row, people.until) for row in mine)
        came = sum(move[3] == line["class_id"] for move in seen)
        went = sum(move[2] == line["class_id"] and move[1] != "promotion" for move in seen)
        assert line["difference"] == line["closing"] - line["opening"] - came + went == 0
    assert people.moves["n"].sum() == len(seen)


def test_cards_and_consents_agree_with_a_loop(people: Contingent, warehouse: Warehouse) -> None:
    newest = rows_of(
        warehouse,
        "SELECT (extracted_at AT TIME ZONE timezone)::date FROM dim_school WHERE school_id = %(school)s",
    )[0][0]
    rolls = rows_of(
        warehouse,
        "SELECT e.from_on, e.to_on, p.pupil_key, p.pupil_id FROM fact_enrolment e JOIN dim_pupil p"
        " USING (school_id, pupil_id) WHERE school_id = %(school)s",
    )
    here = {row[2] for row in rolls if in_force(row, newest)}
    gone = {("pupil", row[2]) for row in rolls} - {("pupil", key) for key in here}
    gone |= {
        ("staff", row[0])
        for row in rows_of(warehouse, "SELECT staff_key, employed_to FROM dim_staff WHERE school_id = %(school)s")
        if row[1] is not None and row[1] <= newest
    }
    cards: dict[tuple[str, str], list[bool]] = {}
    for kind, owner, filled in rows_of(
        warehouse, "SELECT owner_kind, owner_key, filled FROM fact_card_field WHERE school_id = %(school)s"
    ):
        if (kind, owner) not in gone:
            cards.setdefault((kind, owner), []).append(filled)
    rows = contingent_sums(people)
    filled, complete = CONTINGENT["card_filled"].of(rows), CONTINGENT["card_complete"].of(rows)
    assert (filled.part, filled.whole) == (sum(map(sum, cards.values())), sum(map(len, cards.values())))
    assert (complete.part, complete.whole) == (sum(map(all, cards.values())), len(cards))
    ids = {row[3] for row in rolls if row[2] in here}
    said = [
        row
        for row in rows_of(warehouse, "SELECT pupil_id, parent_key FROM fact_consent WHERE school_id = %(school)s")
        if row[0] in ids
    ]
    assert CONTINGENT["consent_share"].of(rows).part == len({row[1] for row in said})
    assert rows["unconsented"][0] == len(ids - {row[0] for row in said})


def test_active_accounts_and_reached_pupils_agree_with_a_loop(activity: Activity, warehouse: Warehouse) -> None:
    accounts = rows_of(warehouse, "SELECT account_key, role FROM fact_account WHERE school_id = %(school)s AND active")
    logins = rows_of(
        warehouse, "SELECT account_key, role, person_key, date, logins FROM fact_activity WHERE school_id = %(school)s"
    )
    seen = [row for row in logins if activity.until - timedelta(days=30) < row[3] <= activity.until and row[4] > 0]
    for role in ("staff", "parent", "pupil"):
        mine = {key for key, of in accounts if of == role}
        found = ACTIVITY["active_accounts"].of(activity_sums(activity, role))
        assert (found.part, found.whole) == (len(mine & {row[0] for row in seen}), len(mine))
    parents = {row[2] for row in seen if row[1] == "parent"}
    reached = {
        pupil
        for pupil, parent in rows_of(
            warehouse, "SELECT pupil_id, parent_key FROM fact_consent WHERE school_id = %(school)s"
        )
        if parent in parents
    }
    rolls = rows_of(warehouse, "SELECT from_on, to_on, pupil_id FROM fact_enrolment WHERE school_id = %(school)s")
    here = {row[2] for row in rolls if in_force(row, activity.until)}
    found = ACTIVITY["reached_share"].of(reached_sums(activity))
    assert (found.part, found.whole) == (len(here & reached), len(here))
    pupils = {row[2] for row in seen if row[1] == "pupil"}
    keys = dict(rows_of(warehouse, "SELECT pupil_id, pupil_key FROM dim_pupil WHERE school_id = %(school)s"))
    assert ACTIVITY["active_pupil_share"].of(activity_sums(activity)).part == sum(keys[key] in pupils for key in here)


def test_before_the_school_year_nobody_can_tell_who_uses_the_journal(
    activity: Activity, scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    place = Filters(school=warehouse.school_id, as_of=date(2026, 8, 20))
    before = read_activity(scope_of(DEPUTY), place, NOW)
    assert before is not None and before.teachers.is_empty() and not before.roles["logins"].sum()
    assert title_of(before) == t("activity.title_cannot_tell") != title_of(activity)


def test_what_no_bundle_carries_cannot_be_told(activity: Activity, people: Contingent) -> None:
    silent = Activity(**{**vars(activity), "carried": frozenset({"account"})})
    assert ACTIVITY["active_accounts"].of(activity_sums(silent)).value is None
    assert ACTIVITY["reached_share"].of(reached_sums(silent)).value is None
    without = Contingent(**{**vars(people), "carried": frozenset()})
    assert CONTINGENT["consent_share"].of(contingent_sums(without)).value is None


def test_who_may_open_the_pages_and_what_the_policies_leave_to_others(
    scope_of: Callable[[int], Scope], warehouse: Warehouse
) -> None:
    heads = {"director", "deputy", "coordinator"}
    assert {role for role in ROLES if is_open("contingent", role)} == heads | {"secretary"}
    assert {role for role in ROLES if is_open("activity", role)} == heads | {"administrator"}
    for user_id in (TEACHER, INSPECTOR, DEPUTY):
        position = Filters(school=warehouse.school_id, period="year")
        with door.counted() as count:
            people = read_contingent(scope_of(user_id), position, NOW)
            activity = read_activity(scope_of(user_id), position, NOW)
        assert people is not None and activity is not None and count.queries == 10
        is_closed = user_id != DEPUTY
        assert people.cards.is_empty() == people.moves.is_empty() == activity.roles.is_empty() == is_closed


@pytest.mark.parametrize(
    "metric", [*FILLING.values(), *PROGRAMME.values(), *CONTINGENT.values(), *ACTIVITY.values()], ids=lambda m: m.name
)
def test_every_metric_of_these_pages_has_a_passport_and_words(metric: Metric) -> None:
    assert has(metric.passport_key)
    assert has(f"noun.{metric.noun}.many")
    assert all(has(f"left_out.{name}") for name in metric.exclusions)


def test_quantiles_have_a_passport() -> None:
    assert has(MEDIAN.passport_key) and has(NINE_TENTHS.passport_key)
