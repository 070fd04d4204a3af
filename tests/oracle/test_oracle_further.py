"""The oracle's further content rules against expectations computed by hand (annex R20)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle.builder import BundleBuilder
from tests.oracle.test_oracle import REGION, S7, S16, S53, rows_at, school, statuses


def breached(bundle: BundleBuilder, folder: Path, rule: str, as_of: str = "2025-07-01") -> set[str]:
    found = statuses(bundle, folder, rule, as_of)
    assert set(found.values()) <= {"breached"}
    return set(found)


def test_a_topic_without_a_cyrillic_letter_is_in_another_language(tmp_path: Path) -> None:
    bundle = school(S53)
    for number, topic in enumerate(("Present Simple", "Тема Present Simple", "2024", "§ 5")):
        bundle.add("lesson", lesson_key=f"L{number}", held_on=f"2024-09-1{number}", topic=topic)
    assert breached(bundle, tmp_path, "topic_language") == {"L0", "L2"}


def test_a_topic_of_a_cancelled_lesson_is_flagged_in_every_profile(tmp_path: Path) -> None:
    bundle = school(None)
    for key, status in (("L1", "cancelled"), ("L2", "held")):
        bundle.add("lesson", lesson_key=key, held_on="2024-09-10", status=status, topic="Дроби")
    assert breached(bundle, tmp_path, "topic_on_cancelled") == {"L1"}


def test_what_was_typed_in_advance_of_an_illness_accuses_nobody(tmp_path: Path) -> None:
    bundle = school(S7).add("staff_absence", from_on="2024-09-09", to_on="2024-09-14")
    for key, held_on, typed in (("ill", 11, 11), ("before", 6, 11), ("in advance", 11, 6), ("after", 11, 16)):
        bundle.add("lesson", lesson_key=key, held_on=f"2024-09-{held_on:02d}", topic="Дроби",
                   topic_recorded_by="t1", topic_recorded_at=f"2024-09-{typed:02d}T12:00:00")  # fmt: skip
    assert breached(bundle, tmp_path, "author_absent") == {"ill", "after"}


def test_a_grade_without_a_work_has_no_kind(tmp_path: Path) -> None:
    bundle = school(S16).add("lesson", lesson_key="L", held_on="2024-09-10")
    bundle.add("work", work_key="W", lesson_key="L")
    for key, cells in (
        ("with", {"work_key": "W"}),
        ("without", {}),
        ("no grade", {"value": "н/а"}),
        ("debt", {"value": "."}),
    ):
        bundle.add("mark", mark_key=key, lesson_key="L", **cells)
    assert breached(bundle, tmp_path, "work_kind_missing") == {"without", "no grade"}


@pytest.mark.parametrize(
    ("protocol_no", "changed_at", "action", "expected"),
    [
        ("3", "2024-09-12T12:05:00", "delete", {"C"}),
        ("3", "2024-09-12T11:59:59", "delete", {"C"}),
        ("3", "2024-09-12T12:05:00", "update", set()),
        ("", "2024-09-12T12:05:00", "delete", set()),
    ],
)
def test_an_absence_stays_when_its_mark_is_made_up(
    tmp_path: Path, protocol_no: str, changed_at: str, action: str, expected: set[str]
) -> None:
    bundle = school(S16).add("lesson", lesson_key="L", held_on="2024-09-05")
    bundle.add("mark", mark_key="M", lesson_key="L", recorded_at="2024-09-12T12:00:00", protocol_no=protocol_no)
    bundle.add("change", change_key="C", entity="absence", entity_key="gone", action=action, changed_at=changed_at,
               lesson_key="L", pupil_key="p1")  # fmt: skip
    assert breached(bundle, tmp_path, "absence_deleted_after_makeup") == expected


def test_a_work_is_held_on_its_scheduled_day_and_no_control_work_on_another(tmp_path: Path) -> None:
    bundle = school(S53)
    for day in (15, 17, 18, 22):
        bundle.add("lesson", lesson_key=f"L{day}", held_on=f"2024-10-{day}")
    for day, kind in ((15, "test"), (17, "test"), (18, "oral"), (22, "oral")):
        bundle.add("work", work_key=f"W{day}", lesson_key=f"L{day}", kind=kind)
    for day, kind in ((15, "контрольная"), (18, "oral"), (22, "Test")):
        bundle.add("assessment_schedule", assessment_key=f"A{day}", planned_on=f"2024-10-{day}", work_kind=kind)
    found = rows_at(bundle, tmp_path, "2024-10-23")
    assert {key for rule, key in found if rule == "scheduled_work_missing"} == {"A22"}
    assert {key for rule, key in found if rule == "work_off_schedule"} == {"W17"}
    assert {key for rule, key in rows_at(bundle, tmp_path, "2024-10-22") if rule == "scheduled_work_missing"} == set()


@pytest.mark.parametrize(
    ("total", "items", "expected"),
    [
        ("68", (), set()),
        ("66", (), {"g1|math"}),
        (None, (34, 34), set()),
        (None, (34, 33), {"g1|math"}),
        (None, (), set()),
    ],
)
def test_a_plan_has_the_hours_of_the_curriculum(
    tmp_path: Path, total: str | None, items: tuple[int, ...], expected: set[str]
) -> None:
    bundle = school(S53).add("curriculum", weekly_hours="2").add("plan", total_hours=total)
    bundle.add_empty("plan_item")
    for number, hours in enumerate(items):
        bundle.add("plan_item", plan_item_key=number, seq=number, hours=hours)
    assert breached(bundle, tmp_path, "plan_hours") == expected


def test_a_period_mark_stands_within_half_a_mark_of_the_weighted_mean(tmp_path: Path) -> None:
    bundle = school(S53)
    bundle.add("pupil", pupil_key="p3").add("enrolment", pupil_key="p3")
    bundle.add("lesson", lesson_key="L", held_on="2024-09-10").add("work", work_key="W", lesson_key="L", weight="3")
    for number, (pupil, value, work) in enumerate((("p1", 5, "W"), ("p1", 3, None), ("p2", 5, None), ("p2", 4, None))):
        bundle.add("mark", mark_key=number, lesson_key="L", pupil_key=pupil, value=value, work_key=work)
    for pupil, value in (("p1", 5), ("p2", 4), ("p3", 4)):
        bundle.add("period_mark", period_mark_key=pupil, pupil_key=pupil, value=value)
    assert breached(bundle, tmp_path, "period_mark_unjustified") == {"p3"}
    bundle.row("period_mark", "p1")["value"] = "4"  # the weighted mean is 4.5
    bundle.row("period_mark", "p2")["value"] = "3"
    assert breached(bundle, tmp_path, "period_mark_unjustified") == {"p2", "p3"}


def test_cards_classes_and_days_without_what_they_need(tmp_path: Path) -> None:
    bundle = school(REGION).add_class(class_key="c2", group_key="g2", pupils=(), homeroom_teacher_key=None)
    bundle.add("pupil", pupil_key="gone").add("enrolment", pupil_key="gone", to_on="2024-10-10")
    for owner, flags in (("p1", (True, False)), ("p2", (True, True)), ("gone", (False,))):
        for number, filled in enumerate(flags):
            bundle.add("card_field", owner_key=owner, field=str(number), filled=filled)
    assert breached(bundle, tmp_path, "card_incomplete") == {"pupil|p1"}
    assert breached(bundle, tmp_path, "homeroom_missing") == {"c2"}
    timetable = school(S7).add("lesson", lesson_key="L", held_on="2024-09-02", status="cancelled")
    assert breached(timetable, tmp_path / "7", "no_timetable_day", "2024-09-06") == {
        "c1|2024-09-03",
        "c1|2024-09-04",
        "c1|2024-09-05",
        "c1|2024-09-06",
    }


def test_everybody_who_does_not_leave_school_is_promoted_by_the_twentieth_of_june(tmp_path: Path) -> None:
    bundle = school(S7).add_class(class_key="c9", group_key="g9", pupils=("last",), grade=9)
    bundle.add("movement", movement_key="M", pupil_key="p1", kind="promotion", effective_on="2025-05-30")
    bundle.add("movement", movement_key="N", pupil_key="p2", kind="promotion", effective_on="2024-05-30")
    assert breached(bundle, tmp_path, "promotion_missing", "2025-06-20") == set()
    assert breached(bundle, tmp_path, "promotion_missing", "2025-06-21") == {"p2"}


def test_every_month_that_is_over_needs_an_act_of_each_role(tmp_path: Path) -> None:
    assert breached(school(S53), tmp_path, "control_act_missing", "2024-10-31") == {
        "2024-09|deputy",
        "2024-09|director",
    }
    assert len(breached(school(S53), tmp_path, "control_act_missing", "2025-06-01")) == 9 * 2
