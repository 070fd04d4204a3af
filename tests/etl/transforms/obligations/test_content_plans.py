"""plan_hours: the thematic plans of a journal against the curriculum (004 5-УП-5, G23)."""

from __future__ import annotations

from tests.etl.conftest import Store
from tests.etl.exported import breached, responsible
from tests.etl.journal import moment
from tests.oracle.builder import BundleBuilder, tiny_school


def journal(regulation: str | None = "school53_krasnodar", grade: str = "7") -> BundleBuilder:
    bundle = tiny_school(moment(1), regulation).add_class(grade=grade)
    return bundle.add("teaching_load", staff_key="t2", group_key="g1", subject_key="math")


def test_g23_two_hours_less_than_the_curriculum_are_a_breach(store: Store) -> None:
    bundle = journal().add("curriculum", weekly_hours=2)
    bundle.add("plan", plan_key="a", total_hours=66, created_at="2024-08-30T10:00:00")
    bundle.add("curriculum", subject_key="eng", weekly_hours=2)
    bundle.add("plan", plan_key="b", subject_key="eng", total_hours=68)
    store.load(bundle)
    assert breached(store, "plan_hours") == {"g1|math"}
    assert breached(store, "plan_hours", "2024-08-30T09:59:59") == set()
    assert responsible(store, "plan_hours") == {"g1|math": "t2"}


def test_annual_hours_are_taken_before_weekly_ones_and_grade_1_has_33_weeks(store: Store) -> None:
    bundle = journal(grade="1").add("curriculum", weekly_hours=2)
    bundle.add("plan", plan_key="a", total_hours=66)
    bundle.add("curriculum", subject_key="eng", weekly_hours=2, annual_hours="70.5")
    bundle.add("plan", plan_key="b", subject_key="eng", total_hours="70.5")
    store.load(bundle)
    assert breached(store, "plan_hours") == set()


def test_the_plans_of_a_journal_add_up_as_they_are_made(store: Store) -> None:
    bundle = journal().add("curriculum", weekly_hours=2)
    bundle.add("plan", plan_key="a", total_hours=34, created_at="2024-08-20T10:00:00")
    bundle.add("plan", plan_key="b", created_at="2024-09-05T10:00:00")
    bundle.add("plan_item", plan_item_key="i1", plan_key="b", hours=20)
    bundle.add("plan_item", plan_item_key="i2", plan_key="b", seq=2, hours=14)
    store.load(bundle)
    assert breached(store, "plan_hours", "2024-09-05T09:59:59") == {"g1|math"}
    assert breached(store, "plan_hours") == set()


def test_what_cannot_be_compared_is_no_breach(store: Store) -> None:
    bundle = journal()
    bundle.add("plan", plan_key="no curriculum", total_hours=10)
    bundle.add("curriculum", subject_key="eng", weekly_hours=2)
    bundle.add("plan", plan_key="no hours", subject_key="eng")
    bundle.add("plan_item", plan_item_key="i1", plan_key="no hours", hours=5)
    bundle.add("plan_item", plan_item_key="i2", plan_key="no hours", seq=2)
    bundle.add("study_group", group_key="club", class_key="c1", kind="club")
    bundle.add("curriculum", group_key="club", weekly_hours=1)
    bundle.add("plan", plan_key="club", group_key="club", total_hours=5)
    store.load(bundle)
    assert breached(store, "plan_hours") == set()


def test_an_act_without_a_tolerance_compares_nothing(store: Store) -> None:
    bundle = journal("school7_oktyabrsky").add("curriculum", weekly_hours=2)
    store.load(bundle.add("plan", plan_key="a", total_hours=10))
    assert breached(store, "plan_hours") == set()
