"""The oracle's other rules against the acceptance scenarios G07, G09…G14, G18…G26, computed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oracle.builder import ALL_CAPABILITIES, BundleBuilder, tiny_school
from tests.oracle.ledger import ledger
from tests.oracle.test_oracle import LATER, S7, S16, S53, rows_at, school, statuses


def edited(changed_at: str, *, by: str = "t1", regulation: str = S53, **cells: object) -> BundleBuilder:
    """A mark of the lesson of Monday 9 September, set on the 10th, changed later."""
    bundle = school(regulation).add("lesson", lesson_key="L", held_on="2024-09-09")
    bundle.add("staff", staff_key="dep", role="deputy")
    bundle.add("mark", mark_key="M", lesson_key="L", recorded_at="2024-09-10T12:00:00", recorded_by="t1")
    cells = {"field": "value", "changed_at": changed_at, "changed_by": by, **cells}
    return bundle.add("change", change_key="C", entity_key="M", old_value="3", new_value="4", **cells)


@pytest.mark.parametrize(
    ("changed_at", "lock", "correction"),
    [
        ("2024-09-19T23:59:59", "on_time", "on_time"),
        ("2024-09-20T00:00:00", "late", "on_time"),
        ("2024-09-24T23:59:59", "late", "on_time"),
        ("2024-09-25T00:00:00", "late", "late"),
    ],
)
def test_g11_the_lock_is_ten_days_and_the_correction_window_fourteen(
    tmp_path: Path, changed_at: str, lock: str, correction: str
) -> None:
    bundle = edited(changed_at)
    assert statuses(bundle, tmp_path, "mark_lock") == {"C": lock}
    assert statuses(bundle, tmp_path, "mark_correction") == {"C": correction}


@pytest.mark.parametrize(
    ("by", "decided_on", "status"),
    [
        ("dep", "2024-09-19", "exempt"),
        ("dep", "2024-09-20", "exempt"),
        ("dep", "2024-09-21", "late"),
        ("t1", "2024-09-19", "late"),
        ("nobody", "2024-09-19", "indeterminate"),
        ("", "2024-09-19", "indeterminate"),
        ("", "2024-09-21", "late"),
    ],
)
def test_g11_a_permission_counts_when_it_came_first_and_the_editor_has_the_role(
    tmp_path: Path, by: str, decided_on: str, status: str
) -> None:
    bundle = edited("2024-09-20T10:00:00", by=by)
    bundle.add("edit_permission", permission_no="12", entity_key="M", decided_on=decided_on)
    assert statuses(bundle, tmp_path, "mark_lock") == {"C": status}


def test_an_edit_on_the_day_of_the_entry_by_its_author_is_a_typing_correction(tmp_path: Path) -> None:
    assert statuses(edited("2024-09-10T23:59:59"), tmp_path / "own", "mark_lock") == {}
    assert statuses(edited("2024-09-10T23:59:59", by="t2"), tmp_path / "other", "mark_lock") == {"C": "on_time"}
    assert statuses(edited("2024-09-20T12:00:00", field="comment"), tmp_path / "comment", "mark_lock") == {}


@pytest.mark.parametrize(("day", "status"), [(12, "on_time"), (13, "late")])
def test_g09_monitoring_works_are_locked_after_seven_days(tmp_path: Path, day: int, status: str) -> None:
    bundle = edited(f"2024-09-{day}T12:00:00")
    bundle.add("work", work_key="W", lesson_key="L", performed_on="2024-09-05", is_monitoring=True)
    bundle.row("mark", "M")["work_key"] = "W"
    assert statuses(bundle, tmp_path, "mark_lock") == {"C": status}


@pytest.mark.parametrize(
    ("regulation", "edits", "locks"), [(S16, {"C": "late"}, {}), (S53, {}, {"C": "on_time"}), (S7, {}, {})]
)
def test_g12_edits_after_the_last_period_mark(
    tmp_path: Path, regulation: str, edits: dict[str, str], locks: dict[str, str]
) -> None:
    bundle = edited("2024-10-25T12:00:00", regulation=regulation)
    bundle.row("lesson", "L")["held_on"] = "2024-10-21"
    for pupil in ("p1", "p2"):
        bundle.add("period_mark", period_mark_key=pupil, pupil_key=pupil, recorded_at="2024-10-24T10:00:00")
    assert statuses(bundle, tmp_path, "edit_after_period_mark") == edits
    assert statuses(bundle, tmp_path, "mark_lock") == locks


@pytest.mark.parametrize(("week", "day", "status"), [("5", 24, "on_time"), ("5", 25, "late"), ("6", 24, "late")])
def test_g13_the_reason_is_due_two_working_days_after_the_note(
    tmp_path: Path, week: str, day: int, status: str
) -> None:
    bundle = school(S53, week=week).add("lesson", lesson_key="L", held_on="2024-09-02")
    changed_at = f"2024-09-{day}T12:00:00"
    bundle.add(
        "absence",
        absence_key="A",
        lesson_key="L",
        code="Б",
        recorded_at="2024-09-02T12:00:00",
        reason_recorded_at=changed_at,
    )
    bundle.add(
        "absence_document",
        document_key="D",
        from_on="2024-09-02",
        to_on="2024-09-07",
        presented_on="2024-09-20",
    )
    bundle.add("change", change_key="C", entity="absence", entity_key="A", field="code", changed_at=changed_at)
    assert statuses(bundle, tmp_path / "note", "absence_reason") == {"A": status}
    assert statuses(bundle, tmp_path / "note", "attendance_lock") == {"C": "exempt"}
    bundle.tables["absence_document"] = []
    assert statuses(bundle, tmp_path / "none", "attendance_lock") == {"C": "late"}


def test_g13_unexplained_absences_are_due_by_the_end_of_the_next_week(tmp_path: Path) -> None:
    bundle = school(S7).add("lesson", lesson_key="L", held_on="2024-09-10", staff_key="t2")
    bundle.add("absence", absence_key="A", lesson_key="L", recorded_at="2024-09-10T12:00:00")
    bundle.add("absence", absence_key="Late", lesson_key="L", pupil_key="p2", code="ОП")
    found = rows_at(bundle, tmp_path, "2024-09-23")["absence_unexplained", "A"]
    assert (found.status, found.due_at, found.responsible_key) == (
        "missing",
        "2024-09-22T23:59:59+03:00",
        "t1",
    )
    assert statuses(bundle, tmp_path, "absence_unexplained", "2024-09-22") == {"A": "pending"}


def test_g14_a_protocol_is_the_anchor_of_the_mark_but_not_of_its_lock(tmp_path: Path) -> None:
    bundle = school(S53).add("lesson", lesson_key="L", held_on="2024-09-05")
    bundle.add("mark", mark_key="M", lesson_key="L", recorded_at="2024-09-13T09:00:00", protocol_on="2024-09-12")
    bundle.add("change", change_key="C", entity_key="M", field="value", changed_at="2024-09-20T12:00:00")
    found = rows_at(bundle, tmp_path)
    assert (found["mark", "M"].status, found["mark", "M"].due_at) == ("amber", "2024-09-16T23:59:59+03:00")
    assert found["mark_lock", "C"].due_at == "2024-09-15T23:59:59+03:00"


def test_g15_period_marks_are_locked_with_the_end_of_the_period(tmp_path: Path) -> None:
    bundle = school(S53).add("period_mark", period_mark_key="PM", recorded_at="2024-10-24T12:00:00")
    change = {"entity": "period_mark", "entity_key": "PM", "field": "value"}
    bundle.add("change", change_key="C1", changed_at="2024-10-25T23:59:59", **change)
    bundle.add("change", change_key="C2", changed_at="2024-10-26T00:00:00", **change)
    assert statuses(bundle, tmp_path, "period_mark_lock") == {"C1": "on_time", "C2": "late"}


def test_g18_a_lesson_without_any_entry_is_one_row(tmp_path: Path) -> None:
    bundle = school(S16, capabilities=set(ALL_CAPABILITIES) - {"attendance_confirmation"})
    for key in ("L3", "L4", "L5"):
        bundle.add("lesson", lesson_key=key, held_on="2024-09-10")
    bundle.row("lesson", "L3").update(topic="Дроби", topic_recorded_at="2024-09-10T12:00:00")
    bundle.add("mark", mark_key="M", lesson_key="L5", recorded_at="2024-09-10T12:00:00")
    assert statuses(bundle, tmp_path, "no_entry", "2024-09-11T08:00:00") == {"L4": "missing"}
    assert statuses(bundle, tmp_path, "no_entry", "2024-09-10T20:00:00") == {}


@pytest.mark.parametrize(("recorded", "status"), [("2024-09-10T23:59:59", "on_time"), ("2024-09-11", "late")])
def test_g19_a_cancellation_is_due_on_the_day_and_excludes_the_lesson(
    tmp_path: Path, recorded: str, status: str
) -> None:
    bundle = school(S16)
    bundle.add("lesson", lesson_key="L", held_on="2024-09-10", status="cancelled", status_recorded_at=recorded)
    found = rows_at(bundle, tmp_path)
    assert found["cancellation", "L"].status == status
    assert found["topic", "L"].status == "not_applicable"
    assert found["topic", "L"].due_at == ""


def test_g20_a_substitution_is_due_with_the_first_entry(tmp_path: Path) -> None:
    bundle = school(S7)
    entry = {"topic": "Дроби", "topic_recorded_at": "2024-09-11T12:00:00", "topic_recorded_by": "t2"}
    bundle.add("lesson", lesson_key="L1", held_on="2024-09-11", **entry)
    bundle.add("lesson", lesson_key="L2", held_on="2024-09-11", substitute_key="t2", **entry)
    bundle.row("lesson", "L2")["substitution_recorded_at"] = "2024-09-11T12:00:00"
    bundle.add("lesson", lesson_key="L3", held_on="2024-09-11")
    found = rows_at(bundle, tmp_path)
    assert (found["substitution", "L1"].status, found["substitution", "L1"].responsible_key) == (
        "missing",
        "t1",
    )
    assert (found["substitution", "L2"].status, found["substitution", "L2"].responsible_key) == (
        "on_time",
        "t2",
    )
    assert ("substitution", "L3") not in found


@pytest.mark.parametrize(("created", "status"), [("2024-08-31", "on_time"), ("2024-09-01T00:00:00", "late")])
def test_g23_plans_are_due_before_the_first_of_september(tmp_path: Path, created: str, status: str) -> None:
    bundle = school(S53).add("plan", plan_key="P", created_at=created)
    found = rows_at(bundle, tmp_path)["plan", "g1|math"]
    assert (found.status, found.object_type) == (status, "journal")


def test_g25_the_setup_of_the_year(tmp_path: Path) -> None:
    korolev = school(S16).add("setup_section", section="periods", recorded_at="2024-09-05T23:59:59")
    korolev.add("setup_section", section="rooms", items=0, attested_empty=True, recorded_at="2024-09-06")
    korolev.add("setup_section", section="monitoring_schedule", items=0, recorded_at="2024-09-01")
    found = statuses(korolev, tmp_path / "16", "year_setup")
    assert len(found) == 11
    expected = {"periods": "on_time", "rooms": "late", "monitoring_schedule": "missing"}
    assert {section: found[f"2024/2025|{section}"] for section in expected} == expected
    seven = school(S7).add("setup_section", section="new_year", recorded_at="2024-09-04T00:00:00")
    assert statuses(seven, tmp_path / "7", "year_setup") == {"2024/2025|new_year": "late"}
    lists = statuses(school(S53), tmp_path / "53", "year_setup")
    assert lists == {"2024/2025|class_list:c1": "indeterminate"}


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        ("2024-10-10", {S7: "on_time", S16: "on_time", S53: "on_time"}),
        ("2024-10-11", {S7: "on_time", S16: "late", S53: "on_time"}),
        ("2024-10-17", {S7: "on_time", S16: "late", S53: "on_time"}),
        ("2024-10-18", {S7: "late", S16: "late", S53: "late"}),
    ],
)
def test_g26_movements_are_due_after_the_order(tmp_path: Path, entered: str, expected: dict[str, str]) -> None:
    for regulation, status in expected.items():
        bundle = school(regulation)
        bundle.add(
            "movement",
            movement_key="V",
            order_on="2024-10-10",
            effective_on="2024-10-12",
            recorded_at=entered,
        )
        assert statuses(bundle, tmp_path / regulation, "movement") == {"V": status}


def test_g07_grade_one_has_no_marks_and_no_homework(tmp_path: Path) -> None:
    bundle = tiny_school(LATER, S53).add_class(grade=1)
    for key, text in (("L1", "Нет."), ("L2", "стр. 4"), ("L3", "")):
        bundle.add("lesson", lesson_key=key, held_on="2024-09-10", homework=text)
        bundle.row("lesson", key)["homework_recorded_at"] = "2024-09-10T12:00:00" if text else ""
    bundle.add("mark", mark_key="M", lesson_key="L1", recorded_at="2024-09-10T12:00:00")
    bundle.add("period_mark", period_mark_key="PM", value="Н/ОЦ", recorded_at="2024-10-25T12:00:00")
    assert statuses(bundle, tmp_path, "mark") == {"M": "not_applicable"}
    assert statuses(bundle, tmp_path, "grade1_mark") == {"M": "breached"}
    assert statuses(bundle, tmp_path, "grade1_homework") == {"L2": "breached"}
    assert statuses(bundle, tmp_path, "grade1_period_value", "2024-10-25") == {}
    assert statuses(bundle, tmp_path, "grade1_period_value", "2024-10-26") == {"p2|g1|math|q1": "breached"}
    assert statuses(bundle, tmp_path, "period_mark") == {}


@pytest.mark.parametrize(("day", "regulation", "scope"), [("11", S16, 1), ("11", S53, 0), ("16", S53, 1)])
def test_g21_the_homeroom_teacher_may_mark_during_illness_in_school_53(
    tmp_path: Path, day: str, regulation: str, scope: int
) -> None:
    bundle = school(regulation).add("lesson", lesson_key="L", staff_key="t2", held_on=f"2024-09-{day}")
    bundle.add("mark", mark_key="M", lesson_key="L", recorded_at=f"2024-09-{day}T12:00:00", recorded_by="t1")
    bundle.add("staff_absence", staff_key="t2", from_on="2024-09-09", to_on="2024-09-14")
    bundle.add("period_mark", period_mark_key="PM", recorded_at="2024-10-25", recorded_by="t1")
    assert len(statuses(bundle, tmp_path, "teacher_scope")) == scope
    assert len(statuses(bundle, tmp_path, "period_mark_author")) == (1 if regulation == S16 else 0)


def test_a_source_without_a_change_log_has_its_changes_written_by_the_load(tmp_path: Path) -> None:
    def state(day: str, *marks: tuple[str, str]) -> BundleBuilder:
        bundle = school(S53, f"2024-09-{day}T06:00:00+03:00", capabilities=set(ALL_CAPABILITIES) - {"change_log"})
        bundle.add("lesson", lesson_key="L", held_on="2024-09-09")
        for key, value in marks:
            bundle.add("mark", mark_key=key, lesson_key="L", value=value, recorded_by="t1")
        return bundle

    chain = [
        state("18", ("M1", "3"), ("M2", "4")).write(tmp_path / "1"),
        state("19", ("M1", "4"), ("M2", " 4 ")).write(tmp_path / "2"),
        state("21", ("M1", "4")).write(tmp_path / "3"),
    ]
    found = {row.object_key: row for row in ledger(chain, "2024-09-30") if row.rule == "mark_lock"}
    assert {key: (row.status, row.responsible_key) for key, row in found.items()} == {
        "auto|mark|M1|value|2024-09-19T06:00:00+03:00": ("on_time", "t1"),
        "auto|mark|M2||2024-09-21T06:00:00+03:00": ("indeterminate", ""),
    }
