"""The oracle against expectations computed by hand from the acceptance scenarios G01…G30."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.builder import ALL_CAPABILITIES, BundleBuilder, tiny_school
from tests.oracle.bundle import RefusedBundle, read_chain
from tests.oracle.facts import Facts
from tests.oracle.ledger import Row, ledger

S7, S16, LIND, REGION, S53 = (
    "school7_oktyabrsky",
    "school16_korolev",
    "lindovskaya",
    "krasnodar_region",
    "school53_krasnodar",
)
LATER = "2025-06-30T06:00:00+03:00"
# School 16's bells of the fixture.
BELLS = {
    1: ("08:00", "08:40"),
    3: ("09:50", "10:30"),
    5: ("11:40", "12:20"),
    6: ("12:30", "13:10"),
    7: ("13:20", "14:00"),
}


def school(regulation: str | None, extracted_at: str = LATER, **options: Any) -> BundleBuilder:
    """Class 7Б (pupils p1, p2) of a school under the regulation; `week` = 6 makes it a 6-day class."""
    week = options.pop("week", None)
    return tiny_school(extracted_at, regulation, **options).add_class(week_days=week)


def rows_at(bundle: BundleBuilder, folder: Path, as_of: str = "2025-06-29") -> dict[tuple[str, str], Row]:
    return {(row.rule, row.object_key): row for row in ledger([bundle.write(folder)], as_of)}


def statuses(bundle: BundleBuilder, folder: Path, rule: str, as_of: str = "2025-06-29") -> dict[str, str]:
    found = rows_at(bundle, folder, as_of)
    return {key: row.status for (name, key), row in found.items() if name == rule}


@pytest.mark.parametrize(
    ("saved", "status"),
    [("2024-09-13T23:59:59", "amber"), ("2024-09-14T00:00:01", "late"), ("2024-09-06T23:59:59", "on_time")],
)
def test_g01_ordinary_mark_of_school_7_has_seven_days(tmp_path: Path, saved: str, status: str) -> None:
    bundle = school(S7, week="6").add("lesson", lesson_key="L", held_on="2024-09-06")
    bundle.add("mark", mark_key="M", lesson_key="L", recorded_at=saved)
    assert statuses(bundle, tmp_path, "mark") == {"M": status}


@pytest.mark.parametrize(
    ("saved", "status"),
    [("2024-09-07T20:00:00", "on_time"), ("2024-09-10T12:00:00", "amber"), ("2024-09-11T12:00:00", "late")],
)
def test_g01_absence_of_school_7_has_three_days(tmp_path: Path, saved: str, status: str) -> None:
    bundle = school(S7, week="6").add("lesson", lesson_key="L", held_on="2024-09-07")
    bundle.add("absence", absence_key="A", lesson_key="L", recorded_at=saved)
    assert statuses(bundle, tmp_path, "absence") == {"A": status}
    assert statuses(bundle, tmp_path, "attendance") == {"L": status}


@pytest.mark.parametrize(
    ("held_on", "week", "status"),
    [("2024-09-13", "5", "amber"), ("2024-09-12", "5", "amber"), ("2024-09-12", "6", "late")],
)
def test_g02_topic_limit_of_school_53_rolls_to_a_working_day(
    tmp_path: Path, held_on: str, week: str, status: str
) -> None:
    bundle = school(S53, week=week)
    bundle.add("lesson", lesson_key="L", held_on=held_on, topic="Дроби", topic_recorded_at="2024-09-16T17:00:00")
    assert statuses(bundle, tmp_path, "topic") == {"L": status}


def test_g02_without_roll_the_limit_stays_on_sunday(tmp_path: Path) -> None:
    facts = Facts(read_chain([school(S53).write(tmp_path)]).schools["s1"])
    school_class = facts.any_row("school_class", "c1")
    assert facts.calendar.deadline("2d", date(2024, 9, 13), school_class, "none") == date(2024, 9, 15)
    assert facts.calendar.deadline("2d", date(2024, 10, 25), school_class) == date(2024, 10, 28)
    assert facts.calendar.deadline("2d", date(2024, 10, 25), school_class, "next_instructional") == date(2024, 11, 5)


def test_g03_vacation_days_are_working_days_and_holidays_are_not(tmp_path: Path) -> None:
    bundle = school(S53).add("lesson", lesson_key="L", held_on="2024-10-25")
    bundle.add("absence", absence_key="A", lesson_key="L", recorded_at="2024-10-25T12:00:00")
    bundle.add(
        "absence_document",
        document_key="D",
        from_on="2024-10-25",
        to_on="2024-10-26",
        presented_on="2024-11-01",
    )
    found = rows_at(bundle, tmp_path, "2024-11-01")
    assert found["topic", "L"].due_at == "2024-10-28T23:59:59+03:00"
    assert found["topic", "L"].status == "missing"
    assert found["absence_reason", "A"].due_at == "2024-11-06T23:59:59+03:00"
    assert found["absence_reason", "A"].status == "pending"


def test_g03_period_mark_of_school_7_is_due_on_the_monday_after(tmp_path: Path) -> None:
    bundle = school(S7).add("lesson", lesson_key="L", held_on="2024-10-25")
    assert rows_at(bundle, tmp_path)["period_mark", "p1|g1|math|q1"].due_at == "2024-10-28T23:59:59+03:00"


@pytest.mark.parametrize(
    ("sixth_and_seventh", "saved", "status", "due"),
    [
        ("held", "14:10:00", "on_time", "14:10:00"),
        ("held", "14:10:01", "late", "14:10:00"),
        ("cancelled", "13:20:00", "on_time", "13:20:00"),
        ("cancelled", "13:20:01", "late", "13:20:00"),
    ],
)
def test_g04_homework_is_due_an_hour_after_the_last_held_lesson(
    tmp_path: Path, sixth_and_seventh: str, saved: str, status: str, due: str
) -> None:
    bundle = school(S16)
    saved_at = f"2024-09-10T{saved}"
    for slot in (1, 3, 5, 6):
        bundle.add(
            "lesson",
            lesson_key=f"L{slot}",
            held_on="2024-09-10",
            slot=slot,
            starts_at=BELLS[slot][0],
            ends_at=BELLS[slot][1],
            status=sixth_and_seventh if slot == 6 else "held",
            homework="§ 5",
            homework_recorded_at=saved_at,
        )
    found = rows_at(bundle, tmp_path)
    assert found["homework", "L1"].status == status
    assert found["homework", "L1"].due_at == f"2024-09-10T{due}+03:00"
    assert found["homework", "L6"].status == ("not_applicable" if sixth_and_seventh == "cancelled" else status)


def test_g04_second_shift_has_its_own_last_lesson(tmp_path: Path) -> None:
    bundle = school(S16).add("lesson", lesson_key="L1", held_on="2024-09-10")
    bundle.add_class(class_key="c2", group_key="g2", pupils=("p3",), grade=6, shift=2)
    bundle.add("lesson", lesson_key="L2", group_key="g2", held_on="2024-09-10", starts_at="18:30", ends_at="19:10")
    assert rows_at(bundle, tmp_path)["homework", "L2"].due_at == "2024-09-10T20:10:00+03:00"


def test_an_unknown_end_of_a_lesson_makes_the_homework_of_the_class_indeterminate(tmp_path: Path) -> None:
    bundle = school(S16).add("lesson", lesson_key="L1", held_on="2024-09-10")
    bundle.add("lesson", lesson_key="L2", held_on="2024-09-10", slot=2, starts_at=None, ends_at=None)
    found = rows_at(bundle, tmp_path)["homework", "L1"]
    assert (found.status, found.due_at) == ("indeterminate", "")


@pytest.mark.parametrize(("regulation", "status", "due"), [(S16, "on_time", "15:00:00"), (S7, "late", "14:10:00")])
def test_g05_subgroups_end_with_the_class_or_with_their_own_pupils(
    tmp_path: Path, regulation: str, status: str, due: str
) -> None:
    bundle = school(regulation)
    for group, pupil in (("e1", "p1"), ("e2", "p2")):
        bundle.add("study_group", group_key=group, kind="subgroup")
        bundle.add("group_member", group_key=group, pupil_key=pupil)
    for key, group, slot in (("L3", "e1", 3), ("L6", "g1", 6), ("L7", "e2", 7)):
        bundle.add(
            "lesson",
            lesson_key=key,
            group_key=group,
            subject_key="math" if group == "g1" else "eng",
            held_on="2024-09-10",
            slot=slot,
            starts_at=BELLS[slot][0],
            ends_at=BELLS[slot][1],
        )
    bundle.row("lesson", "L3").update(homework="§ 5", homework_recorded_at="2024-09-10T14:30:00")
    found = rows_at(bundle, tmp_path)
    assert found["homework", "L3"].status == status
    assert found["homework", "L3"].due_at == f"2024-09-10T{due}+03:00"
    assert found["homework", "L7"].status == "missing"


@pytest.mark.parametrize(
    ("zone", "status", "done"),
    [
        ("Europe/Moscow", "late", "2024-09-11T00:30:00+03:00"),
        ("Europe/Kaliningrad", "on_time", "2024-09-10T23:30:00+02:00"),
    ],
)
def test_g06_the_zone_of_the_school_decides_the_day(tmp_path: Path, zone: str, status: str, done: str) -> None:
    bundle = school(S16, school={"timezone": zone}).add("lesson", lesson_key="L", held_on="2024-09-10")
    bundle.add("mark", mark_key="M", lesson_key="L", recorded_at="2024-09-10T21:30:00Z")
    found = rows_at(bundle, tmp_path)["mark", "M"]
    assert (found.status, found.done_at) == (status, done)


@pytest.mark.parametrize(
    ("saved", "status"),
    [("2024-09-10T12:00:00", "on_time"), ("2024-09-11T12:00:00", "amber"), ("2024-09-13T00:00:00", "late")],
)
def test_g08_dictation_of_school_16_has_the_day_of_checking_and_seven_days(
    tmp_path: Path, saved: str, status: str
) -> None:
    bundle = school(S16).add("lesson", lesson_key="L", held_on="2024-09-05")
    bundle.add("work", work_key="W", lesson_key="L", kind="dictation", checked_on="2024-09-10")
    bundle.add("mark", mark_key="M", lesson_key="L", work_key="W", recorded_at=saved)
    assert statuses(bundle, tmp_path, "written_mark") == {"M": status}
    assert statuses(bundle, tmp_path, "mark") == {}


@pytest.mark.parametrize(("regulation", "status"), [(S16, "late"), (S7, "amber"), (S53, "amber")])
def test_g08_oral_mark_on_the_next_day(tmp_path: Path, regulation: str, status: str) -> None:
    bundle = school(regulation).add("lesson", lesson_key="L", held_on="2024-09-05")
    bundle.add("work", work_key="W", lesson_key="L", kind="oral")
    bundle.add("mark", mark_key="M", lesson_key="L", work_key="W", recorded_at="2024-09-06T12:00:00")
    assert statuses(bundle, tmp_path, "mark") == {"M": status}


@pytest.mark.parametrize(
    ("regulation", "grade", "saved", "rule", "status"),
    [
        (S16, 10, "2024-09-09T12:00:00", "monitoring_mark", "on_time"),
        (S16, 10, "2024-09-10T12:00:00", "monitoring_mark", "late"),
        (S53, 10, "2024-09-09T12:00:00", "monitoring_mark", "amber"),
    ],
)
def test_g09_monitoring_work_wins_over_essay(
    tmp_path: Path, regulation: str, grade: int, saved: str, rule: str, status: str
) -> None:
    bundle = tiny_school(LATER, regulation).add_class(grade=grade)
    bundle.add("lesson", lesson_key="L", held_on="2024-09-05")
    bundle.add("work", work_key="W", lesson_key="L", kind="essay", is_monitoring=True)
    bundle.add("mark", mark_key="M", lesson_key="L", work_key="W", recorded_at=saved)
    assert statuses(bundle, tmp_path, rule) == {"M": status}


@pytest.mark.parametrize(("grade", "rule"), [(9, "written_mark"), (10, "essay_mark")])
def test_essay_is_a_written_work_below_grade_10(tmp_path: Path, grade: int, rule: str) -> None:
    bundle = tiny_school(LATER, S7).add_class(grade=grade)
    bundle.add("lesson", lesson_key="L", held_on="2024-09-05")
    bundle.add("work", work_key="W", lesson_key="L", kind="essay")
    bundle.add("mark", mark_key="M", lesson_key="L", work_key="W", recorded_at="2024-09-05T12:00:00")
    assert statuses(bundle, tmp_path, rule) == {"M": "on_time"}


@pytest.mark.parametrize(
    ("regulation", "expected"),
    [
        (S16, {"M": "early"}),
        (S53, {"M": "early"}),
        (S7, {"M": "early"}),
        (LIND, {}),
        (REGION, {}),
        (None, {}),
    ],
)
def test_g10_a_mark_before_its_lesson_is_a_broken_ban_where_the_ban_is_stated(
    tmp_path: Path, regulation: str | None, expected: dict[str, str]
) -> None:
    bundle = school(regulation).add(
        "lesson",
        lesson_key="L",
        held_on="2024-09-12",
        homework="§ 5",
        homework_recorded_at="2024-09-10T12:00:00",
    )
    bundle.add("mark", mark_key="M", lesson_key="L", recorded_at="2024-09-10T12:00:00")
    assert statuses(bundle, tmp_path, "future_mark") == expected
    homework = statuses(bundle, tmp_path, "homework")
    assert homework == {"L": "on_time" if regulation in (S16, S53, S7, REGION) else "not_regulated"}


@pytest.mark.parametrize(
    ("saved", "expected"),
    [
        ("2024-10-18T12:00:00", {S7: "on_time", S16: "early", S53: "early"}),
        ("2024-10-19T00:00:00", {S7: "on_time", S16: "on_time", S53: "on_time"}),
        ("2024-10-25T23:59:59", {S7: "on_time", S16: "on_time", S53: "on_time"}),
        ("2024-10-26T00:00:00", {S7: "on_time", S16: "late", S53: "late"}),
        ("2024-10-28T23:59:59", {S7: "on_time", S16: "late", S53: "late"}),
        ("2024-10-29T00:00:00", {S7: "late", S16: "late", S53: "late"}),
    ],
)
def test_g15_period_marks_have_a_window_of_their_own_in_each_school(
    tmp_path: Path, saved: str, expected: dict[str, str]
) -> None:
    for regulation, status in expected.items():
        bundle = school(regulation).add("lesson", lesson_key="L", held_on="2024-10-21")
        bundle.add("period_mark", period_mark_key="PM", recorded_at=saved)
        assert statuses(bundle, tmp_path / regulation, "period_mark")["p1|g1|math|q1"] == status


def test_g16_joiners_need_a_period_mark_and_leavers_do_not(tmp_path: Path) -> None:
    bundle = school(S53).add("lesson", lesson_key="L", held_on="2024-10-21")
    bundle.add("pupil", pupil_key="joiner").add("enrolment", pupil_key="joiner", from_on="2024-10-21")
    bundle.add("pupil", pupil_key="leaver").add("enrolment", pupil_key="leaver", to_on="2024-10-10")
    bundle.add("period_mark", period_mark_key="PM1", value="Н/А", recorded_at="2024-10-24T12:00:00")
    bundle.add("period_mark", period_mark_key="PM2", pupil_key="p2", value=".", recorded_at="2024-10-24T12:00:00")
    keys = {pupil: f"{pupil}|g1|math|q1" for pupil in ("p1", "p2", "joiner")}
    assert statuses(bundle, tmp_path, "period_mark", "2024-10-25T12:00:00") == {
        keys["p1"]: "on_time",
        keys["p2"]: "pending",
        keys["joiner"]: "pending",
    }
    assert statuses(bundle, tmp_path, "period_mark", "2024-10-26")[keys["p2"]] == "missing"


def test_g30_a_bare_date_is_indeterminate_for_a_limit_in_hours(tmp_path: Path) -> None:
    bundle = school(S16).add(
        "lesson", lesson_key="L", held_on="2024-09-10", homework="§ 5", homework_recorded_at="2024-09-10"
    )
    assert statuses(bundle, tmp_path, "homework") == {"L": "indeterminate"}


def snapshot(day: int, *marks: str) -> BundleBuilder:
    bundle = school(S16, f"2024-09-{day}T20:00:00+03:00").add("lesson", lesson_key="L", held_on="2024-09-10")
    for mark in marks:
        bundle.add("mark", mark_key=mark, lesson_key="L")
    return bundle


def test_g30_snapshots_date_the_entries_of_a_source_without_timestamps(tmp_path: Path) -> None:
    chain = [
        snapshot(10, "M0").write(tmp_path / "1"),
        snapshot(11, "M0", "M1").write(tmp_path / "2"),
        snapshot(12, "M0", "M1", "M2").write(tmp_path / "3"),
    ]
    found = {row.object_key: row for row in ledger(chain, "2024-09-13") if row.rule == "mark"}
    assert {key: row.status for key, row in found.items()} == {
        "M0": "on_time",
        "M1": "indeterminate",
        "M2": "late",
    }
    assert found["M2"].done_at == "2024-09-12T20:00:00+03:00"
    inside = {row.object_key: row.status for row in ledger(chain, "2024-09-11T10:00:00") if row.rule == "mark"}
    assert inside == {"M0": "on_time", "M1": "indeterminate"}


def test_nothing_is_judged_after_the_data_end(tmp_path: Path) -> None:
    bundle = school(S16, "2024-09-10T18:00:00+03:00").add("lesson", lesson_key="L", held_on="2024-09-10")
    assert statuses(bundle, tmp_path, "topic", "2024-12-31") == {"L": "pending"}


def test_without_a_capability_only_what_was_not_entered_is_indeterminate(tmp_path: Path) -> None:
    capabilities = set(ALL_CAPABILITIES) - {"topics", "homework", "attendance_confirmation"}
    bundle = school(S53, capabilities=capabilities).add("lesson", lesson_key="L1", held_on="2024-09-10")
    bundle.add(
        "lesson",
        lesson_key="L2",
        held_on="2024-09-11",
        topic="Дроби",
        topic_recorded_at="2024-09-11T10:00:00",
    )
    assert statuses(bundle, tmp_path, "topic") == {"L1": "indeterminate", "L2": "on_time"}
    assert statuses(bundle, tmp_path, "attendance") == {"L1": "indeterminate", "L2": "indeterminate"}


def test_a_deleted_row_gives_no_row_and_comes_back_with_its_first_moment(tmp_path: Path) -> None:
    chain = [
        snapshot(10, "M0").write(tmp_path / "1"),
        snapshot(11).write(tmp_path / "2"),
        snapshot(12, "M0").write(tmp_path / "3"),
    ]
    assert [row for row in ledger(chain[:2], "2024-09-13") if row.rule == "mark"] == []
    assert [row.status for row in ledger(chain, "2024-09-13") if row.rule == "mark"] == ["on_time"]


def test_bad_rows_and_the_rows_that_refer_to_them_are_rejected(tmp_path: Path) -> None:
    bundle = school(S16).add("lesson", lesson_key="L", held_on="2024-09-10", status="done")
    bundle.add("mark", mark_key="M", lesson_key="L").add("mark", mark_key="N", lesson_key="L2")
    bundle.add("lesson", lesson_key="L2", held_on="2024-09-11", subject_key="none")
    bundle.add("lesson", lesson_key="L3", held_on="2024-09-11", topic="Один")
    bundle.add("lesson", lesson_key="L3", held_on="2024-09-12", topic="Два")
    database = read_chain([bundle.write(tmp_path)])
    assert [table for table, _, _ in database.bundles[0].rejected] == [
        "lesson",
        "lesson",
        "lesson",
        "mark",
        "mark",
    ]
    assert [row["topic"] for row in database.schools["s1"].live("lesson")] == ["Один"]


def test_a_bundle_older_than_the_newest_one_is_refused(tmp_path: Path) -> None:
    chain = [snapshot(11).write(tmp_path / "1"), snapshot(10).write(tmp_path / "2")]
    with pytest.raises(RefusedBundle, match=r"2024-09-10T20:00:00.* is older than 2024-09-11T20:00:00"):
        read_chain(chain)
