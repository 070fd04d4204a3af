"""Acceptance scenarios of marks: works, entries in advance, edits after a lock, make-up marks, period marks."""

from __future__ import annotations

from tests.etl.conftest import Store
from tests.scenarios.scene import LIND, REGION, S7, S16, S53, Scene, School, of_rule, severities, statuses

ALL_ACTS = (S7, S16, LIND, REGION, S53)


def test_G09_a_monitoring_work_has_three_days_and_a_lock_of_seven(store: Store) -> None:
    scene = Scene(store)
    for act in (S16, S53):
        school = scene.school(act).add_class().lesson("thu", "2024-09-05")
        school.add("work", work_key="vshk", lesson_key="thu", kind="test", is_monitoring=True)
        school.mark("monday", "thu", "2024-09-09T23:59:59", work_key="vshk")
        school.mark("tuesday", "thu", "2024-09-10T00:00:00", work_key="vshk", pupil_key="p2")
        school.edit("day 7", "mark", "monday", "2024-09-12T23:59:59")
        school.edit("day 8", "mark", "tuesday", "2024-09-13T12:00:00")
    ledger, register = scene.load().ledger(), scene.check()
    assert ledger[S16, "monitoring_mark", "monday"].due == "2024-09-09T23:59:59+03:00"
    assert statuses(ledger, S16, "monitoring_mark") == {"monday": "on_time", "tuesday": "late"}
    assert severities(register, S16, "monitoring_mark") == {"tuesday": "major"}
    assert statuses(ledger, S16, "mark_lock") == {}
    assert statuses(ledger, S53, "mark_lock") == {"day 7": "on_time", "day 8": "late"}
    assert ledger[S53, "mark_lock", "day 8"].due == "2024-09-12T23:59:59+03:00"
    assert severities(register, S53, "mark_lock") == {"day 8": "critical"}


def test_G10_a_mark_in_advance_breaks_a_ban_and_homework_in_advance_does_not(store: Store) -> None:
    scene, saved = Scene(store), "2024-09-10T12:00:00"
    for act in ALL_ACTS:
        school = scene.school(act).add_class()
        school.lesson("thu", "2024-09-12", homework="§ 5", homework_recorded_at=saved).mark("M", "thu", saved)
    school.lesson("autumn", "2024-11-06")  # of the last of them, the school of act 004
    school.add("period_mark", period_mark_key="PM", period_key="q2", recorded_at="2024-10-20T12:00:00")
    ledger, register = scene.load().ledger(), scene.check()
    assert {act: statuses(ledger, act, "future_mark") for act in ALL_ACTS} == {
        S7: {"M": "early"},
        S16: {"M": "early"},
        LIND: {},
        REGION: {},
        S53: {"M": "early"},
    }
    found = {act: severities(register, act, "future_mark").get("M") for act in ALL_ACTS}
    assert found == {S7: "minor", S16: "critical", LIND: None, REGION: None, S53: "critical"}
    assert not [key for key in register if key[1] == "homework"]
    key = (S53, "period_mark", "p1|g1|math|q2")
    assert ledger[key].status == "early"
    # before its period began: the ban of clause 6.3, not an early duty (annex S, G10)
    assert register[key].severity == "critical"


def _edited(school: School, at: str, by: str = "t1") -> School:
    """A mark of Monday 9 September, set on the 10th, changed from 3 to 4."""
    school.add_class().add("staff", staff_key="head", role="deputy").lesson("mon", "2024-09-09")
    school.mark("M", "mon", "2024-09-10T12:00:00", value="4", recorded_by="t1")
    return school.edit("edit", "mark", "M", at, by, old_value="3", new_value="4")


def test_G11_an_edit_after_the_lock_needs_a_permission_and_the_deputy(store: Store) -> None:
    scene = Scene(store)
    _edited(scene.school(S53, "day 10"), "2024-09-19T23:59:00")
    _edited(scene.school(S53, "day 11"), "2024-09-20T00:00:00")
    _edited(scene.school(S53, "day 16"), "2024-09-25T12:00:00")
    for key, by, decided_on in (
        ("permitted", "head", "2024-09-19"),
        ("by the teacher", "t1", "2024-09-19"),
        ("permitted later", "head", "2024-09-21"),
    ):
        school = _edited(scene.school(S53, key), "2024-09-20T12:00:00", by)
        school.add("edit_permission", permission_no="12", decided_on=decided_on, entity_key="M")
    ledger, register = scene.load().ledger(), scene.check()
    schools = ("day 10", "day 11", "day 16", "permitted", "by the teacher", "permitted later")
    found = {key: ledger[key, "mark_lock", "edit"].status for key in schools}
    assert found == {
        "day 10": "on_time",
        "day 11": "late",
        "day 16": "late",
        "permitted": "exempt",
        "by the teacher": "late",
        "permitted later": "late",
    }
    assert ledger["day 11", "mark_lock", "edit"].due == "2024-09-19T23:59:59+03:00"
    assert ledger["day 11", "mark_lock", "edit"].responsible == "t1"
    kept = {key: ledger[key, "mark_correction", "edit"].status for key in ("day 11", "day 16")}
    assert kept == {"day 11": "on_time", "day 16": "late"}
    assert ledger["day 16", "mark_correction", "edit"].due == "2024-09-24T23:59:59+03:00"
    assert severities(register, "day 16", "mark_lock") == {"edit": "critical"}
    shown = {key: severities(register, key, "mark_lock").get("edit") for key in schools}
    expected = {
        "day 10": None,
        "day 11": "major",
        "day 16": "critical",
        "permitted": None,
        "by the teacher": "major",
        "permitted later": "major",
    }
    # both rows of day 16 stay in the ledger, one finding is shown
    shown_twice = bool(of_rule(register, "day 16", "mark_correction"))
    assert (shown, shown_twice) == (expected, False)


def test_G12_nothing_is_edited_after_the_last_period_mark_of_the_journal(store: Store) -> None:
    scene = Scene(store)
    for act in ALL_ACTS:
        school = scene.school(act).add_class(grade=8, letter="А").lesson("mon", "2024-10-21")
        school.mark("M", "mon", "2024-10-21T12:00:00", recorded_by="t1")
        for pupil in ("p1", "p2"):
            school.add("period_mark", period_mark_key=pupil, pupil_key=pupil, recorded_at="2024-10-24T12:00:00")
        school.edit("edit", "mark", "M", "2024-10-25T12:00:00")
    ledger, register = scene.load().ledger(), scene.check()
    late = ledger[S16, "edit_after_period_mark", "edit"]
    assert (late.status, late.due, late.clause) == ("late", "2024-10-24T12:00:00+03:00", "УП-1")
    assert severities(register, S16, "edit_after_period_mark") == {"edit": "critical"}
    of_edit = {act: {key[1] for key in ledger if key[0] == act and key[2] == "edit"} for act in ALL_ACTS}
    assert of_edit == {
        S7: set(),
        S16: {"edit_after_period_mark"},
        LIND: set(),
        REGION: set(),
        S53: {"mark_lock", "mark_correction"},
    }
    assert {ledger[S53, rule, "edit"].status for rule in of_edit[S53]} == {"on_time"}


def _absent(school: School, changed: str, *, note: bool = True) -> School:
    """Absent on 2–6 September without a reason; the note is brought on Friday the 20th; then the reason is typed."""
    for number in range(2, 7):
        key = f"a{number}"
        school.lesson(f"L{number}", f"2024-09-{number:02d}")
        school.absence(key, f"L{number}", f"2024-09-{number:02d}T12:00:00", code="Б", reason_recorded_at=changed)
        school.edit(f"edit {key}", "absence", key, changed, old_value="н", new_value="Б")
    if note:
        school.add("absence_document", document_key="note", from_on="2024-09-02", to_on="2024-09-07",
                   presented_on="2024-09-20")  # fmt: skip
    return school


def test_G13_a_sick_note_opens_the_lock_for_two_working_days(store: Store) -> None:
    scene, tuesday = Scene(store), "2024-09-24T23:59:59"
    _absent(scene.school(S53, "tuesday").add_class(), tuesday)
    _absent(scene.school(S53, "wednesday").add_class(), "2024-09-25T00:00:00")
    _absent(scene.school(S53, "six days").add_class(week_days=6), tuesday)
    _absent(scene.school(S53, "no note").add_class(), tuesday, note=False)
    weekly = scene.school(S7).add_class()
    for day in (9, 11, 13):
        weekly.lesson(f"L{day}", f"2024-09-{day:02d}").absence(f"a{day}", f"L{day}", f"2024-09-{day:02d}T12:00:00")
    ledger = scene.load().ledger()
    for key, status, due in (
        ("tuesday", "on_time", "2024-09-24"),
        ("wednesday", "late", "2024-09-24"),
        ("six days", "late", "2024-09-23"),
    ):
        rows = of_rule(ledger, key, "absence_reason").values()
        assert {(row.status, row.due, row.responsible) for row in rows} == {(status, f"{due}T23:59:59+03:00", "t1")}
        assert set(statuses(ledger, key, "attendance_lock").values()) == {"exempt"}
    assert of_rule(ledger, "no note", "absence_reason") == {}
    # day 10 after the lesson of the 2nd is the 12th; nothing permits the 24th
    assert set(statuses(ledger, "no note", "attendance_lock").values()) == {"late"}
    review = of_rule(scene.ledger("2024-09-23T00:00:00"), S7, "absence_unexplained")
    assert {(row.status, row.due, row.responsible) for row in review.values()} == {
        ("missing", "2024-09-22T23:59:59+03:00", "t1")
    }
    assert len(review) == 3
    register = scene.check()
    assert set(severities(register, "no note", "attendance_lock").values()) == {"critical"}
    assert set(severities(register, S7, "absence_unexplained").values()) == {"major"}
    assert not of_rule(register, "tuesday", "attendance_lock")


def _made_up(school: School, *, absence: bool = True) -> School:
    """Ill on Thursday 5 September; a 4 is put on that lesson on the 12th by protocol №3 of the 12th."""
    school.add_class().lesson("thu", "2024-09-05").add("work", work_key="W", lesson_key="thu", kind="makeup")
    school.mark("M", "thu", "2024-09-12T12:00:00", value="4", work_key="W", protocol_no="3", protocol_on="2024-09-12",
                recorded_by="t1", comment="Н")  # fmt: skip
    if absence:
        return school.absence("A", "thu", "2024-09-05T12:00:00", code="Б")
    return school.edit("deleted", "absence", "A", "2024-09-12T12:05:00", action="delete", lesson_key="thu",
                       pupil_key="p1", old_value="Б")  # fmt: skip


def test_G14_a_make_up_mark_counts_from_its_protocol_and_keeps_the_absence(store: Store) -> None:
    scene = Scene(store)
    _made_up(scene.school(S16, "kept"))
    _made_up(scene.school(S16, "deleted"), absence=False)
    for key, at, by in (
        ("day 7", "2024-09-12T12:30:00", "t2"),
        ("teacher", "2024-09-20T12:00:00", "t1"),
        ("deputy", "2024-09-20T12:00:00", "head"),
    ):
        school = _made_up(scene.school(S53, key)).add("staff", staff_key="head", role="deputy")
        school.edit("edit", "mark", "M", at, by)
        school.add("edit_permission", permission_no="3", decided_on="2024-09-20", entity_key="M")
    ledger, register = scene.load().ledger(), scene.check()
    assert ledger["kept", "mark", "M"].status == "on_time"
    assert not [key for key in register if key[0] == "kept" and key[2] in ("M", "A")]
    assert (ledger["day 7", "mark", "M"].status, ledger["day 7", "mark", "M"].due) == (
        "on_time",
        "2024-09-16T23:59:59+03:00",
    )
    assert [key for key in ledger if key[1] == "mark_lock" and key[2] != "edit"] == []
    locks = {key: ledger[key, "mark_lock", "edit"].status for key in ("day 7", "teacher", "deputy")}
    assert locks == {"day 7": "on_time", "teacher": "late", "deputy": "exempt"}
    assert ledger["teacher", "mark_lock", "edit"].due == "2024-09-15T23:59:59+03:00"
    assert of_rule(ledger, "kept", "absence_deleted_after_makeup") == {}
    breach = ledger["deleted", "absence_deleted_after_makeup", "deleted"]
    assert (breach.status, breach.clause) == ("breached", "УП-2")
    assert severities(register, "deleted", "absence_deleted_after_makeup") == {"deleted": "major"}


def test_G15_period_marks_have_a_window_of_their_own_in_each_school(store: Store) -> None:
    days = ("10-18", "10-25", "10-26", "10-28", "10-29")
    scene = Scene(store)
    for act in (S7, S16, S53):
        school = scene.school(act).add_class(pupils=days).lesson("mon", "2024-10-21")
        for day in days:
            school.add("period_mark", period_mark_key=day, pupil_key=day, recorded_at=f"2024-{day}T12:00:00",
                       recorded_by="t1")  # fmt: skip
    for key, at in (("day 4", "2024-10-29T12:00:00"), ("day 6", "2024-10-31T12:00:00")):
        school.edit(key, "period_mark", "10-25", at)
    ledger, register = scene.load().ledger(), scene.check()

    def of_days(act: str) -> list[tuple[str, str | None]]:
        keys = [(act, "period_mark", f"{day}|g1|math|q1") for day in days]
        return [(ledger[key].status, register[key].severity if key in register else None) for key in keys]

    kept, early, late = ("on_time", None), ("early", "minor"), ("late", "critical")
    assert of_days(S7) == [kept, kept, kept, kept, late]
    assert of_days(S16) == [early, kept, late, late, late]
    assert of_days(S53) == [early, kept, late, late, late]
    assert ledger[S16, "period_mark", "10-25|g1|math|q1"].not_before == "2024-10-19T00:00:00+03:00"
    assert statuses(ledger, S53, "period_mark_lock") == {"day 4": "late", "day 6": "late"}
    assert severities(register, S53, "period_mark_lock") == {"day 4": "major", "day 6": "critical"}
