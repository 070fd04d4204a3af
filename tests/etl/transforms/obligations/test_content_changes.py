"""absence_deleted_after_makeup: the absence stays when the lesson is made up (001 УП-2, G14)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.etl.conftest import Store
from tests.etl.exported import breached, responsible
from tests.etl.journal import moment, without
from tests.oracle.builder import BundleBuilder, tiny_school


def made_up(day: int = 1, regulation: str | None = "school16_korolev", **options: Any) -> BundleBuilder:
    """Pupil p1 missed lesson L and has a mark for it by protocol."""
    bundle = tiny_school(moment(day), regulation, **options).add_class()
    bundle.add("lesson", lesson_key="L", held_on="2024-09-05")
    bundle.add("absence", absence_key="A", lesson_key="L", code="Б")
    protocol = {"protocol_no": "3", "protocol_on": "2024-09-12"}
    return bundle.add("mark", mark_key="M", lesson_key="L", value="4", recorded_at="2024-09-12T10:00:00", **protocol)


def deleted(bundle: BundleBuilder, **cells: Any) -> BundleBuilder:
    """The log says that absence A of lesson L and pupil p1 was deleted on 13 September by t2."""
    bundle.tables["absence"] = []
    stated = {
        "change_key": "C", "entity": "absence", "entity_key": "A", "action": "delete", "lesson_key": "L",
        "pupil_key": "p1", "changed_at": "2024-09-13T10:00:00", "changed_by": "t2", **cells,
    }  # fmt: skip
    return bundle.add("change", **stated)


def test_g14_a_deleted_absence_is_a_breach_once_both_entries_are_made(store: Store) -> None:
    store.load(deleted(made_up()))
    assert breached(store, "absence_deleted_after_makeup") == {"C"}
    assert breached(store, "absence_deleted_after_makeup", "2024-09-13T09:59:59") == set()
    assert responsible(store, "absence_deleted_after_makeup") == {"C": "t2"}


def test_the_mark_may_come_after_the_deletion(store: Store) -> None:
    store.load(deleted(made_up(), changed_at="2024-09-10T10:00:00"))
    assert breached(store, "absence_deleted_after_makeup", "2024-09-12T09:59:59") == set()
    assert breached(store, "absence_deleted_after_makeup", "2024-09-12T10:00:00") == {"C"}


def test_the_load_sees_a_deletion_that_no_log_tells(store: Store) -> None:
    options: dict[str, Any] = {"capabilities": ["topics"]}
    store.load(made_up(1, **options))
    assert breached(store, "absence_deleted_after_makeup") == set()
    store.load(without(made_up(2, **options), "absence", absence_key="A"))
    assert breached(store, "absence_deleted_after_makeup") == {f"auto|absence|A||{moment(2)}"}


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ({"action": "update", "field": "code", "old_value": "Б", "new_value": "О"}, {}),
        ({"old_value": "ОП"}, {}),
        ({"pupil_key": "p2"}, {}),
        ({}, {"protocol_no": "", "protocol_on": ""}),
        ({}, {"value": "."}),
    ],
    ids=["an update", "was late", "another pupil", "no protocol", "a debt is no mark"],
)
def test_what_is_no_deleted_absence_of_a_lesson_made_up(
    store: Store, change: dict[str, str], mark: dict[str, str]
) -> None:
    bundle = deleted(made_up(), **change)
    bundle.row("mark", "M").update(mark)
    store.load(bundle)
    assert breached(store, "absence_deleted_after_makeup") == set()


def test_another_absence_of_the_lesson_keeps_the_fact(store: Store) -> None:
    store.load(deleted(made_up()).add("absence", absence_key="A2", lesson_key="L", code="УП"))
    assert breached(store, "absence_deleted_after_makeup") == set()


def test_a_comment_does_not_replace_the_absence(store: Store) -> None:
    bundle = deleted(made_up())
    bundle.row("mark", "M")["comment"] = "отсутствовал, сдал по протоколу"
    store.load(bundle)
    assert breached(store, "absence_deleted_after_makeup") == {"C"}


@pytest.mark.parametrize("regulation", ["school7_oktyabrsky", "school53_krasnodar", None])
def test_an_act_that_does_not_ask_for_it_lets_absences_go(store: Store, regulation: str | None) -> None:
    store.load(deleted(made_up(regulation=regulation)))
    assert breached(store, "absence_deleted_after_makeup") == set()
