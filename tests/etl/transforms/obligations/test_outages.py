"""tech_outage_excuse: a reported outage excuses what could not be typed in (001 УП-12, R16-ST12)."""

from __future__ import annotations

from tests.etl.conftest import Store
from tests.etl.exported import rows
from tests.etl.transforms.obligations.test_content_registers import enter
from tests.oracle.builder import BundleBuilder, tiny_school

LESSONS = {
    "in_time": "2024-09-10T20:00:00",
    "excused": "2024-09-12T23:59:59",
    "too_late": "2024-09-13T00:00:00",
    "unsure": "2024-09-12",
    "never": "",
}


def topics(day: str, regulation: str = "school16_korolev") -> BundleBuilder:
    """Lessons of 10 September with topics of these moments; the limit of school 16 is the same day."""
    bundle = tiny_school(f"2024-09-{day}:00:00+03:00", regulation).add_class()
    for number, (key, at) in enumerate(LESSONS.items(), 1):
        topic = {"topic": "Дроби", "topic_recorded_at": at} if at else {}
        bundle.add("lesson", lesson_key=key, held_on="2024-09-10", slot=number, **topic)
    bundle.add(
        "lesson", lesson_key="next_day", held_on="2024-09-12", topic="Дроби", topic_recorded_at="2024-09-13T10:00"
    )
    return bundle


def statuses(store: Store, rule: str = "topic", as_of: str | None = None) -> dict[str, str]:
    return {row["object_key"]: row["status"] for row in rows(store, rule, as_of)}


def outage(store: Store, **cells: object) -> None:
    """From the evening of 10 September until noon of the 11th: entries have until the end of the 12th."""
    stated = {"from_at": "2024-09-10 22:00+03", "to_at": "2024-09-11 12:00+03", "memo_no": "7", **cells}
    enter(store, "outage", **stated)


def test_a_limit_inside_an_outage_moves_to_the_end_of_the_day_after_it(store: Store) -> None:
    store.load(topics("14T06"))
    assert statuses(store)["excused"] == "late"
    outage(store)
    store.load(topics("15T06"))
    told = statuses(store)
    assert told == {
        "in_time": "on_time", "excused": "exempt", "too_late": "late", "unsure": "exempt", "never": "missing",
        "next_day": "late",
    }  # fmt: skip
    assert statuses(store, as_of="2024-09-11")["never"] == statuses(store, as_of="2024-09-12")["never"] == "pending"
    assert {row["due_at"] for row in rows(store, "topic") if row["object_key"] == "never"} == {
        "2024-09-12T23:59:59+03:00"
    }


def test_a_lesson_is_empty_only_after_the_later_limit(store: Store) -> None:
    store.load(topics("14T06"))
    outage(store)
    store.load(topics("15T06"))
    assert "never" not in statuses(store, "no_entry", "2024-09-12")
    assert statuses(store, "no_entry")["never"] == "missing"


def test_an_outage_that_lasts_excuses_until_the_data_end(store: Store) -> None:
    store.load(topics("11T06"))
    outage(store, to_at=None)
    store.load(topics("11T07"))
    assert statuses(store)["never"] == "pending"


def test_no_memo_and_no_such_clause_mean_no_excuse(store: Store) -> None:
    store.load(topics("14T06"))
    outage(store, memo_no=" ")
    outage(store, from_at="2024-09-11 00:00+03")  # after the limit of the 10th
    store.load(topics("15T06"))
    assert statuses(store)["excused"] == "late"
    outage(store)
    store.load(topics("16T06", "school7_oktyabrsky"))
    assert statuses(store)["excused"] == "late"


def test_what_is_not_typed_into_the_journal_is_not_excused(store: Store) -> None:
    def cancelled(day: str) -> BundleBuilder:
        bundle = topics(day)
        return bundle.add(
            "lesson", lesson_key="C", held_on="2024-09-10", slot=9, status="cancelled", status_recorded_at="2024-09-11"
        )

    store.load(cancelled("14T06"))
    outage(store)
    store.load(cancelled("15T06"))
    assert statuses(store, "cancellation") == {"C": "late"}
