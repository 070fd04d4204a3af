"""work_kind_missing, scheduled_work_missing, work_off_schedule (annex R20, G24)."""

from __future__ import annotations

import pytest

from tests.etl.conftest import Store
from tests.etl.exported import breached, responsible
from tests.etl.journal import moment
from tests.oracle.builder import BundleBuilder, tiny_school

DAY = {"15": "2024-10-15", "17": "2024-10-17", "22": "2024-10-22"}


def test_every_mark_names_its_work(store: Store) -> None:
    bundle = tiny_school(moment(1), "school16_korolev").add_class()
    bundle.add("lesson", lesson_key="l", held_on="2024-09-11").add("work", work_key="w", lesson_key="l")
    bundle.add("mark", mark_key="bare", lesson_key="l", recorded_at="2024-09-11T10:00:00")
    bundle.add("mark", mark_key="named", lesson_key="l", work_key="w", pupil_key="p2")
    bundle.add("mark", mark_key="debt", lesson_key="l", value=".")
    store.load(bundle)
    assert breached(store, "work_kind_missing") == {"bare"}
    assert breached(store, "work_kind_missing", "2024-09-11T09:59:59") == set()
    assert responsible(store, "work_kind_missing") == {"bare": "t1"}


@pytest.mark.parametrize(
    ("regulation", "capabilities", "has_works"),
    [
        ("school7_oktyabrsky", ["work_kinds"], True),
        ("school16_korolev", [], True),
        ("school16_korolev", ["work_kinds"], False),
    ],
    ids=["not regulated", "kinds not trusted", "no works"],
)
def test_no_kind_is_asked_for_where_none_can_be(
    store: Store, regulation: str, capabilities: list[str], has_works: bool
) -> None:
    bundle = tiny_school(moment(1), regulation, capabilities=capabilities).add_class()
    bundle.add("lesson", lesson_key="l", held_on="2024-09-11").add("mark", mark_key="m", lesson_key="l")
    if not has_works:
        del bundle.tables["work"]
    store.load(bundle)
    assert breached(store, "work_kind_missing") == set()


def scheduled(day: str = "23", regulation: str = "school53_krasnodar", **options: object) -> BundleBuilder:
    """G24: tests are scheduled for 15 and 22 October; one is held on the 15th, another one on the 17th."""
    bundle = tiny_school(f"2024-10-{day}T06:00:00+03:00", regulation, **options).add_class()
    for number, on in DAY.items():
        bundle.add("lesson", lesson_key=f"l{number}", held_on=on)
    bundle.add("assessment_schedule", assessment_key="a15", planned_on=DAY["15"])
    bundle.add("assessment_schedule", assessment_key="a22", planned_on=DAY["22"])
    bundle.add("work", work_key="w15", lesson_key="l15", kind="test")
    return bundle.add("work", work_key="w17", lesson_key="l17", kind="test")


def test_g24_scheduled_works_are_held_and_held_works_scheduled(store: Store) -> None:
    store.load(scheduled().add("teaching_load", staff_key="t2", group_key="g1", subject_key="math"))
    assert breached(store, "scheduled_work_missing") == {"a22"}
    assert breached(store, "scheduled_work_missing", "2024-10-22") == set()
    assert breached(store, "work_off_schedule") == {"w17"}
    assert breached(store, "work_off_schedule", "2024-10-16") == set()
    assert responsible(store, "scheduled_work_missing") == {"a22": "t2"}
    assert responsible(store, "work_off_schedule") == {"w17": "t1"}


def test_kind_day_and_journal_decide_whether_a_work_is_the_scheduled_one(store: Store) -> None:
    bundle = scheduled()
    bundle.row("work", "w15")["kind"] = "check"  # another kind than scheduled: both rules speak
    bundle.add("work", work_key="oral", lesson_key="l17", kind="oral")  # not of the scheduled kinds
    bundle.add("work", work_key="watched", lesson_key="l17", kind="written", is_monitoring=True)
    bundle.add("lesson", lesson_key="gone", held_on=DAY["22"], slot=2, status="cancelled")
    bundle.add("work", work_key="w22", lesson_key="gone", kind="test")  # a cancelled lesson holds no work
    bundle.add("assessment_schedule", assessment_key="words", planned_on=DAY["17"], work_kind="Контрольная")
    bundle.add("work", work_key="performed", lesson_key="l15", kind="test", performed_on=DAY["15"])
    bundle.add("assessment_schedule", assessment_key="english", planned_on=DAY["15"], subject_key="eng")
    store.load(bundle)
    assert breached(store, "scheduled_work_missing") == {"a22", "english"}
    # a word that is no kind of the bundle is met by any work of the day
    assert breached(store, "work_off_schedule") == {"w15"}


def test_untrusted_kinds_are_not_compared(store: Store) -> None:
    bundle = scheduled(capabilities=["topics"])
    bundle.row("work", "w15")["kind"] = "oral"
    store.load(bundle)
    assert breached(store, "scheduled_work_missing") == {"a22"}
    assert breached(store, "work_off_schedule") == set()


def test_without_works_or_without_a_schedule_nothing_can_be_told(store: Store) -> None:
    bundle = scheduled()
    del bundle.tables["work"]
    store.load(bundle)
    assert breached(store, "scheduled_work_missing") == set()
    other = scheduled("24")
    other.row("school", "s1")["school_key"] = "s2"
    for rows in other.tables.values():
        for row in rows:
            row["school_key"] = "s2"
    del other.tables["assessment_schedule"]
    store.load(other)
    assert breached(store, "work_off_schedule") == set()


def test_an_act_without_a_schedule_asks_for_none(store: Store) -> None:
    store.load(scheduled(regulation="school7_oktyabrsky"))
    assert breached(store, "scheduled_work_missing") == breached(store, "work_off_schedule") == set()
