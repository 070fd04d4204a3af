"""topic_language, topic_on_cancelled, author_absent (annex R20)."""

from __future__ import annotations

import pytest

from tests.etl.conftest import Store
from tests.etl.exported import breached, responsible
from tests.etl.journal import moment
from tests.oracle.builder import BundleBuilder, tiny_school


def school(regulation: str | None, **options: object) -> BundleBuilder:
    return tiny_school(moment(1), regulation, **options).add_class()


def test_a_topic_without_a_cyrillic_letter_is_foreign(store: Store) -> None:
    bundle = school("school53_krasnodar")
    topics = {"latin": "Present Simple", "digits": "12345", "mixed": "Тема: Present Simple", "short": "Hi", "blank": ""}
    for number, (key, topic) in enumerate(topics.items(), 1):
        bundle.add("lesson", lesson_key=key, held_on="2024-09-11", slot=number, topic=topic, substitute_key="t2")
    bundle.add(
        "lesson", lesson_key="later", held_on="2024-09-12", topic="Unit 2", topic_recorded_at="2024-09-20T10:00:00"
    )
    store.load(bundle)
    assert breached(store, "topic_language") == {"latin", "digits", "later"}
    assert breached(store, "topic_language", "2024-09-20T09:59:59") == set()
    assert breached(store, "topic_language", "2024-09-20T10:00:00") == {"later"}
    assert responsible(store, "topic_language") == {"latin": "t2", "digits": "t2", "later": "t1"}


@pytest.mark.parametrize("regulation", ["school7_oktyabrsky", "krasnodar_region", None])
def test_an_act_that_names_no_language_asks_for_none(store: Store, regulation: str | None) -> None:
    store.load(school(regulation).add("lesson", lesson_key="l", held_on="2024-09-11", topic="Present Simple"))
    assert breached(store, "topic_language") == set()


def test_a_cancelled_lesson_with_a_topic_is_flagged_under_any_act(store: Store) -> None:
    bundle = school(None)
    bundle.add("lesson", lesson_key="topic", held_on="2024-09-11", status="cancelled", topic="Дроби")
    bundle.add("lesson", lesson_key="none", held_on="2024-09-11", slot=2, status="cancelled", topic="—")
    bundle.add("lesson", lesson_key="moved", held_on="2024-09-11", slot=3, status="moved", topic="Дроби")
    bundle.add("lesson", lesson_key="ahead", held_on="2024-12-11", status="cancelled", topic="Дроби")
    store.load(bundle)
    assert breached(store, "topic_on_cancelled") == {"topic", "ahead"}


def test_g20_an_entry_in_the_name_of_an_absent_teacher_is_flagged(store: Store) -> None:
    bundle = school("school7_oktyabrsky").add("staff_absence", staff_key="t1", from_on="2024-09-09", to_on="2024-09-14")
    told = {"topic": "Дроби", "topic_recorded_by": "t1", "topic_recorded_at": "2024-09-11T12:00:00"}
    home = {"homework": "№ 5", "homework_recorded_by": "t1", "homework_recorded_at": "2024-09-11T13:00:00"}
    bundle.add("lesson", lesson_key="own", held_on="2024-09-11", **told)
    bundle.add("lesson", lesson_key="substituted", held_on="2024-09-11", slot=2, substitute_key="t2", **told)
    bundle.add("lesson", lesson_key="homework", held_on="2024-09-11", slot=3, **home)
    bundle.add("lesson", lesson_key="other", held_on="2024-09-11", slot=4, **{**told, "topic_recorded_by": "t2"})
    bundle.add("lesson", lesson_key="unknown", held_on="2024-09-11", slot=5, **{**told, "topic_recorded_by": ""})
    bundle.add("lesson", lesson_key="blank", held_on="2024-09-11", slot=6, topic="", topic_recorded_by="t1")
    bundle.add("lesson", lesson_key="back", held_on="2024-09-14", **told)
    bundle.add("lesson", lesson_key="first_day", held_on="2024-09-09", **told)
    bundle.add("lesson", lesson_key="both", held_on="2024-09-11", slot=7, **told, **home)
    store.load(bundle)
    assert breached(store, "author_absent") == {"own", "substituted", "homework", "first_day", "both"}
    assert breached(store, "author_absent", "2024-09-11T12:30:00") == {"own", "substituted", "first_day", "both"}
    assert responsible(store, "author_absent")["substituted"] == "t2"


def test_without_a_register_of_absences_nobody_was_absent(store: Store) -> None:
    bundle = school("school7_oktyabrsky")
    store.load(bundle.add("lesson", lesson_key="l", held_on="2024-09-11", topic="Дроби", topic_recorded_by="t1"))
    assert breached(store, "author_absent") == set()
