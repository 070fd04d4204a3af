"""period_mark_unjustified: period marks against the current marks (004 6.1, B-36)."""

from __future__ import annotations

import pytest

from tests.etl.conftest import Store
from tests.etl.exported import breached, responsible
from tests.oracle.builder import BundleBuilder, tiny_school

GIVEN = "2024-10-25T12:00:00"


def quarter(
    value: str, *marks: str, weights: tuple[str | None, ...] = (), regulation: str = "school53_krasnodar"
) -> BundleBuilder:
    """Pupil p1 has these current marks in the first quarter, each on a day of its own, and `value` for it."""
    bundle = tiny_school("2024-11-01T06:00:00+03:00", regulation).add_class()
    for number, mark in enumerate(marks):
        on = f"2024-09-{10 + number}"
        bundle.add("lesson", lesson_key=f"l{number}", held_on=on)
        key = f"w{number}" if number < len(weights) else None
        if key:
            bundle.add("work", work_key=key, lesson_key=f"l{number}", weight=weights[number])
        bundle.add("mark", mark_key=f"m{number}", lesson_key=f"l{number}", value=mark, work_key=key, recorded_at=on)
    return bundle.add("period_mark", period_mark_key="pm", value=value, recorded_at=GIVEN)


@pytest.mark.parametrize(
    ("bundle", "is_breach"),
    [
        (quarter("4", "4", "5", "3"), False),
        (quarter("4", "3", "4"), False),  # 3.5: either way of rounding is free
        (quarter("3", "3", "4"), False),
        (quarter("5", "4", "4", "5"), True),  # 4.33
        (quarter("5", "4-", "5", weights=("1", "3")), False),  # 4.75; the modifier does not count
        (quarter("5", "4", "5", weights=(None, "1")), False),  # no weight = 1
        (quarter("4", "4", "5", weights=("1", "9")), True),  # 4.9
        (quarter("4"), True),
        (quarter("4", ".", "н/а"), True),  # neither is a grade given
        (quarter("4", "зач"), False),  # there is a grade, but no digit to compare with
        (quarter("зач"), True),
        (quarter("зач", "2"), False),
        (quarter("н/а"), False),
        (quarter("осв"), False),
        (quarter("5", "2", regulation="school7_oktyabrsky"), False),
    ],
)
def test_a_period_mark_follows_from_the_current_ones(store: Store, bundle: BundleBuilder, is_breach: bool) -> None:
    store.load(bundle)
    assert breached(store, "period_mark_unjustified") == ({"pm"} if is_breach else set())


def test_only_the_pupils_own_marks_of_the_journal_and_the_period_count(store: Store) -> None:
    bundle = quarter("5", "5")
    bundle.add("lesson", lesson_key="later", held_on="2024-11-05").add(
        "lesson", lesson_key="english", held_on="2024-09-20", subject_key="eng"
    )
    bundle.add("mark", mark_key="later", lesson_key="later", value="2", recorded_at="2024-10-30")
    bundle.add("mark", mark_key="english", lesson_key="english", value="2")
    bundle.add("mark", mark_key="other", lesson_key="l0", value="2", pupil_key="p2")
    bundle.add("period_mark", period_mark_key="exam", kind="exam", value="2")
    store.load(bundle)
    assert breached(store, "period_mark_unjustified") == set()


def test_the_marks_made_at_t_count(store: Store) -> None:
    bundle = quarter("5", "3").add("lesson", lesson_key="new", held_on="2024-10-24")
    for number in range(4):
        bundle.add(
            "mark", mark_key=f"new{number}", lesson_key="new", value="5", recorded_at=f"2024-10-28T10:00:0{number}"
        )
    bundle.add("lesson", lesson_key="load", held_on="2024-09-20", staff_key="t2", slot=5)
    store.load(bundle)
    assert breached(store, "period_mark_unjustified", "2024-10-25T11:59:59") == set()
    assert breached(store, "period_mark_unjustified", GIVEN) == {"pm"}
    assert breached(store, "period_mark_unjustified", "2024-10-28T10:00:01") == {"pm"}  # 4.33
    assert breached(store, "period_mark_unjustified", "2024-10-28T10:00:02") == set()  # 4.5
    assert responsible(store, "period_mark_unjustified") == {}


def test_the_year_is_compared_with_the_marks_of_the_year(store: Store) -> None:
    bundle = quarter("5", "5").add("teaching_load", staff_key="t2", group_key="g1", subject_key="math")
    bundle.add("period", period_key="y", kind="year", starts_on="2024-09-02", ends_on="2024-10-30")
    bundle.add("period_mark", period_mark_key="year", kind="year", period_key="y", value="3", recorded_at="2024-10-30")
    store.load(bundle)
    assert breached(store, "period_mark_unjustified") == {"year"}
    assert responsible(store, "period_mark_unjustified") == {"year": "t2"}


def test_without_the_table_of_marks_nothing_can_be_told(store: Store) -> None:
    bundle = quarter("5")
    del bundle.tables["mark"]
    store.load(bundle)
    assert breached(store, "period_mark_unjustified") == set()
