"""homeroom_missing, card_incomplete, no_timetable_day (ledger page; requirements R7-4.2, RK-5.5, R7-5.3)."""

from __future__ import annotations

import pytest

from tests.etl.conftest import Store
from tests.etl.exported import breached
from tests.etl.journal import moment
from tests.oracle.builder import BundleBuilder, tiny_school


def test_every_class_has_a_class_teacher_from_1_september_on(store: Store) -> None:
    bundle = tiny_school(moment(1), "school7_oktyabrsky").add_class()
    bundle.add_class(class_key="c2", group_key="g2", pupils=(), letter="А", homeroom_teacher_key="")
    store.load(bundle)
    assert breached(store, "homeroom_missing") == {"c2"}
    assert breached(store, "homeroom_missing", "2024-08-31") == set()
    assert breached(store, "homeroom_missing", "2024-09-01T00:00:00") == {"c2"}


@pytest.mark.parametrize("regulation", ["school16_korolev", None])
def test_an_act_may_ask_for_no_class_teacher(store: Store, regulation: str | None) -> None:
    store.load(tiny_school(moment(1), regulation).add_class(homeroom_teacher_key=""))
    assert breached(store, "homeroom_missing") == set()


def test_a_file_without_the_column_says_nothing_of_class_teachers(store: Store) -> None:
    store.load(tiny_school(moment(1), "school7_oktyabrsky").add_class().only_columns("school_class", "week_days"))
    assert breached(store, "homeroom_missing") == set()


def cards(regulation: str | None, **filled: tuple[int, int]) -> BundleBuilder:
    """Cards by `kind__owner`: how many fields are filled, of how many."""
    bundle = tiny_school(moment(1), regulation).add_class()
    for owner, (full, every) in filled.items():
        kind, key = owner.split("__")
        for number in range(every):
            bundle.add("card_field", owner_kind=kind, owner_key=key, field=f"f{number}", filled=number < full)
    return bundle


def test_g27_a_card_lacks_fields_until_all_of_them_are_filled_or_attested(store: Store) -> None:
    bundle = cards(
        "krasnodar_region", pupil__p1=(25, 29), pupil__p2=(29, 29), parent__r1=(17, 18), school__s1=(27, 27),
        staff__t1=(0, 1),
    )  # fmt: skip
    store.load(bundle)
    assert breached(store, "card_incomplete") == {"pupil|p1", "parent|r1", "staff|t1"}


def test_who_has_left_has_no_card_to_keep(store: Store) -> None:
    bundle = cards("school53_krasnodar", pupil__p1=(1, 2), pupil__gone=(1, 2), pupil__listed=(1, 2), staff__t2=(1, 2))
    bundle.add("pupil", pupil_key="gone").add("pupil", pupil_key="listed")
    bundle.add("enrolment", pupil_key="gone", class_key="c1", to_on="2024-10-01")
    bundle.row("staff", "t2")["employed_to"] = "2024-10-01"
    store.load(bundle)
    assert breached(store, "card_incomplete") == {"pupil|p1", "pupil|listed"}


def test_an_act_without_a_share_asks_for_none(store: Store) -> None:
    store.load(cards("school7_oktyabrsky", pupil__p1=(0, 5)))
    assert breached(store, "card_incomplete") == set()


def week(regulation: str = "school7_oktyabrsky", **lessons: str) -> BundleBuilder:
    """A quarter of one week, Monday 2 to Friday 6 September; lessons of class c1 by weekday, with their status."""
    days = {"mon": "02", "tue": "03", "wed": "04", "thu": "05", "fri": "06"}
    bundle = tiny_school(moment(1), regulation)
    bundle.tables["period"] = []
    bundle.add("period", period_key="q", starts_on="2024-09-02", ends_on="2024-09-06").add_class()
    for day, status in lessons.items():
        bundle.add("lesson", lesson_key=day, held_on=f"2024-09-{days[day]}", status=status)
    return bundle


def test_a_day_without_any_lesson_of_the_class_has_no_timetable(store: Store) -> None:
    bundle = week(mon="held", wed="cancelled", fri="planned")
    bundle.add("study_group", group_key="g2", class_key="c1", kind="club")
    bundle.add("lesson", lesson_key="club", group_key="g2", held_on="2024-09-05", kind="club")
    store.load(bundle)
    assert breached(store, "no_timetable_day") == {"c1|2024-09-03"}
    assert breached(store, "no_timetable_day", "2024-09-02") == set()
    assert breached(store, "no_timetable_day", "2024-09-03T00:00:00") == {"c1|2024-09-03"}


def test_the_calendar_decides_which_days_need_one(store: Store) -> None:
    bundle = week(mon="held", tue="held", wed="held", fri="held")
    bundle.add("calendar_day", date="2024-09-05", is_staff_working=True)
    bundle.add("calendar_day", date="2024-09-07", is_instructional=True)  # after the last period
    bundle.add("timetable_version", version_key="v", class_key="c1", effective_from="2024-09-02")
    store.load(bundle)
    assert breached(store, "no_timetable_day") == set()


def test_a_class_without_lessons_or_periods_is_not_told(store: Store) -> None:
    bundle = week(mon="held", tue="held", wed="held", thu="held", fri="held")
    bundle.add_class(class_key="c2", group_key="g2", pupils=(), grade="11", letter="А")
    bundle.add_class(class_key="c3", group_key="g3", pupils=(), letter="В")
    bundle.tables["period"][0]["grade_to"] = "9"
    bundle.add("lesson", lesson_key="c2", group_key="g2", held_on="2024-09-02")
    store.load(bundle)
    assert breached(store, "no_timetable_day") == set()


@pytest.mark.parametrize("regulation", ["school53_krasnodar", "lindovskaya"])
def test_an_act_that_asks_for_no_timetable_finds_no_empty_day(store: Store, regulation: str) -> None:
    store.load(week(regulation, mon="held"))
    assert breached(store, "no_timetable_day") == set()
