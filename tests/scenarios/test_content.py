"""Acceptance scenarios of content: the first grade, completeness, authors, lessons without an entry."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dashboard.filters import Filters
from dashboard.queries.performance import read_performance
from etl.warehouse.metrics_learning import LEARNING_METRICS
from tests.etl.conftest import Store
from tests.scenarios.scene import LIND, S7, S16, S53, Scene, School, of_rule, reader, severities, statuses


def test_G07_the_first_grade_has_no_marks_and_words_of_its_own(store: Store) -> None:
    scene = Scene(store)
    school = scene.school(S53).add_class(grade=1, letter="А")
    school.add("period", period_key="year", kind="year", starts_on="2024-09-02", ends_on="2025-05-31")
    school.lesson("dot", "2024-09-10", homework="Нет.", homework_recorded_at="2024-09-10T12:00:00")
    school.lesson("page", "2024-09-11", homework="стр. 4", homework_recorded_at="2024-09-11T12:00:00")
    school.mark("five", "dot", "2024-09-10T12:00:00")
    for key, period, kind, value in (("quarter", "q1", "period", "н/оц"), ("year", "year", "year", "осв")):
        school.add("period_mark", period_mark_key=key, period_key=period, kind=kind, value=value,
                   recorded_at="2024-10-25T12:00:00")  # fmt: skip
    ledger, register = scene.load().ledger(), scene.check()
    assert severities(register, S53, "grade1_mark") == {"five": "critical"}
    assert severities(register, S53, "grade1_homework") == {"page": "minor"}
    # н/оц and осв are as the act has them; p2 has neither of the quarters' values
    assert severities(register, S53, "grade1_period_value") == {"p2|g1|math|q1": "major"}
    line = ledger[S53, "grade1_mark", "five"]
    assert (line.status, line.responsible, line.clause, line.due) == ("breached", "t1", "3.5", "")
    # outside the indicators of marks: no duty about marks and period marks counts the class
    assert statuses(ledger, S53, "mark") == {"five": "not_applicable"}
    assert statuses(ledger, S53, "period_mark") == {}


def test_G16_a_joiner_needs_a_period_mark_and_a_leaver_does_not(store: Store) -> None:
    full = [f"p{number:02d}" for number in range(1, 25)]
    scene = Scene(store, "2024-10-26T23:59:59+03:00")
    school = scene.school(S53).add_class(pupils=full, grade=8).lesson("L", "2024-09-10", subject_key="geography")
    school.add("subject", subject_key="geography")
    school.add_pupils(["joiner"], from_on="2024-10-21").add_pupils(["leaver"], to_on="2024-10-10")
    for pupil in [*full[:23], "joiner"]:
        value = "Н/А" if pupil == "joiner" else "4"
        school.add("period_mark", period_mark_key=pupil, pupil_key=pupil, subject_key="geography", value=value,
                   recorded_at="2024-10-24T12:00:00", recorded_by="t1")  # fmt: skip
    scene.load()
    noon, later, register = scene.ledger("2024-10-25T12:00:00"), scene.ledger("2024-10-26"), scene.check()
    due, blank = statuses(noon, S53, "period_mark"), "p24|g1|geography|q1"
    assert len(due) == 25 and "leaver|g1|geography|q1" not in due
    made = [key for key, line in of_rule(later, S53, "period_mark").items() if line.done]
    assert len(made) / len(due) == 0.96
    assert due[blank] == "pending"
    row = later[S53, "period_mark", blank]
    assert (row.status, row.due) == ("missing", "2024-10-25T23:59:59+03:00")
    assert severities(register, S53, "period_mark") == {blank: "critical"}


def test_G17_lessons_slots_and_marks_of_a_journal_are_counted(store: Store, tmp_path: Path) -> None:
    (tmp_path / "norm5.toml").write_text(
        f'id = "norm5"\ntitle = "Пять отметок"\nlevel = "school"\nparent = "{S16}"\n'
        'source_system = "АИС"\n[parameters.min_marks_per_period]\nvalue = { 1 = 5 }\n'
        'clause = "1"\nquotation = "Не менее пяти отметок."\nseverity = "major"\n',
        encoding="utf-8",
    )
    scene = Scene(store, "2024-10-26T06:00:00+03:00", acts=tmp_path)
    full = [f"p{number:02d}" for number in range(23)]
    school = scene.school("norm5").add_class(pupils=full, grade=8)
    school.add_pupils(["leaver"], to_on="2024-10-10").add_pupils(["joiner"], from_on="2024-10-21")
    days = [f"2024-{month:02d}-{day:02d}" for month, first, last in ((9, 2, 31), (10, 1, 26))
            for day in range(first, last)]  # fmt: skip
    working = [day for day in days if _is_weekday(day)]
    # 30 lessons on days before the 10th of October, 5 after it, 5 from the 21st on: forty in all
    early = [day for day in working if day < "2024-10-10"]
    middle = [day for day in working if "2024-10-10" <= day < "2024-10-21"][:5]
    late = [day for day in working if day >= "2024-10-21"][:5]
    slots = [(day, slot) for slot in (1, 2) for day in early][:30] + [(day, 1) for day in middle + late]
    lessons = [f"L{number}" for number in range(40)]
    for key, (day, slot) in zip(lessons, slots, strict=True):
        school.lesson(key, day, slot)
    for number in range(60):
        school.absence(f"a{number}", lessons[number % 40], None, pupil_key=full[number // 40])
    marked = [(pupil, lessons[0]) for pupil in full[2:5]]
    places = [(pupil, lesson) for lesson in lessons[5:] for pupil in full[5:]][:95]
    for number, (pupil, lesson) in enumerate([*marked, *places, *places[:2]]):
        school.mark(f"m{number}", lesson, None, pupil_key=pupil)
    scene.load()
    held, size, missed, marks = store.rows(
        "SELECT sum(held_count), sum(slot_count), sum(missed_count), sum(mark_count) FROM mart_learning"
    )[0]
    assert (held, missed, marks) == (40, 60, 100)
    assert size == 23 * 40 + 30 + 5, "the leaver has the 30 lessons before he left, the joiner the last five"
    with reader(store) as scope:
        page = read_performance(scope, Filters(school=1, period="q1"), datetime(2024, 10, 26, 3, tzinfo=UTC))
    assert page is not None
    told = {name: LEARNING_METRICS[name].of(page.fill) for name in
            ("marks_per_pupil", "norm_done", "asked_share", "unmarked_share", "one_mark_share")}  # fmt: skip
    parts = {name: (int(found.part), int(found.whole)) for name, found in told.items()}
    # pupils of the whole term alone: the leaver and the joiner (5 of 40 lessons) are listed apart
    assert parts == {
        "marks_per_pupil": (100, 23), "norm_done": (3 * 1 + 18 * 5, 115), "asked_share": (98, 860),
        "unmarked_share": (2, 23), "one_mark_share": (3, 23),
    }  # fmt: skip
    assert [round(float(told[name].value or 0), 3) for name in parts] == [4.348, 0.809, 0.114, 0.087, 0.13]
    assert page.fill["apart_count"].sum() == 2


def _is_weekday(day: str) -> bool:
    return date.fromisoformat(day).isoweekday() < 6


FULL: dict[str, Any] = {
    "topic": "Дроби",
    "topic_recorded_at": "2024-09-10T13:00:00",
    "attendance_confirmed_at": "2024-09-10T13:00:00",
    "homework": "§ 5",
    "homework_recorded_at": "2024-09-10T13:00:00",
}


def test_G18_a_lesson_with_nothing_at_all_is_one_finding_of_its_teacher(store: Store) -> None:
    scene = Scene(store, "2024-09-11T08:00:00+03:00")
    school = scene.school(S16).add_class()
    for slot in range(1, 7):
        school.lesson(f"L{slot}", "2024-09-10", slot, **(FULL if slot != 4 else {"staff_key": "t2"}))
    ledger, register = scene.load().ledger("2024-09-11T08:00:00"), scene.check()
    empty = ledger[S16, "no_entry", "L4"]
    assert (empty.status, empty.responsible) == ("missing", "t2")
    assert statuses(ledger, S16, "no_entry") == {"L4": "missing"}
    elements = [line for (_, rule, _), line in ledger.items() if rule in ("topic", "homework", "attendance")]
    assert len(elements) == 18 and sum(bool(line.done) for line in elements) == 15
    assert round(15 / len(elements), 3) == 0.833
    # one finding of L4; what it lacks stays in the ledger
    assert {key: (found.severity, found.state) for key, found in register.items() if key[2] == "L4"} == {
        (S16, "no_entry", "L4"): ("critical", "open")
    }
    assert {ledger[S16, rule, "L4"].status for rule in ("topic", "homework", "attendance")} == {"missing"}


def test_G19_a_cancelled_lesson_counts_nowhere_and_its_cancellation_has_a_day(store: Store) -> None:
    scene = Scene(store)
    for key, recorded in (("in time", "2024-09-10T20:00:00"), ("next day", "2024-09-11T08:00:00")):
        school = scene.school(S16, key).add_class()
        school.lesson("L5", "2024-09-10", 5, status="cancelled", status_recorded_at=recorded,
                      topic="Дроби" if key == "next day" else None)  # fmt: skip
    ledger, register = scene.load().ledger(), scene.check()
    duties = ("topic", "homework", "attendance")
    assert {ledger[key, rule, "L5"].status for key in ("in time", "next day") for rule in duties} == {"not_applicable"}
    assert ledger["in time", "cancellation", "L5"].status == "on_time"
    late = ledger["next day", "cancellation", "L5"]
    assert (late.status, late.due, late.clause) == ("late", "2024-09-10T23:59:59+03:00", "Р-2.5")
    assert severities(register, "next day", "cancellation") == {"L5": "major"}
    assert not of_rule(register, "in time", "cancellation")
    assert statuses(ledger, "next day", "topic_on_cancelled") == {"L5": "breached"}
    assert statuses(ledger, "in time", "topic_on_cancelled") == {}
    assert of_rule(register, "next day", "topic_on_cancelled")


def test_G20_a_substituted_lesson_is_the_substitutes_and_the_absent_teacher_enters_nothing(store: Store) -> None:
    scene, saved = Scene(store), "2024-09-11T12:00:00"
    cases: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("recorded", "t2", {"substitute_key": "t2", "substitution_recorded_at": saved}),
        ("not recorded", "t2", {}),
        ("by the absent", "t1", {}),
    )
    for key, by, cells in cases:
        school = scene.school(S7, key).add_class()
        school.add("staff_absence", from_on="2024-09-09", to_on="2024-09-14")
        school.lesson("wed", "2024-09-11", topic="Дроби", topic_recorded_at=saved, topic_recorded_by=by, **cells)
    ledger, register = scene.load().ledger(), scene.check()
    assert ledger["recorded", "substitution", "wed"].status == "on_time"
    topic = ledger["recorded", "topic", "wed"]
    assert (topic.status, topic.responsible) == ("on_time", "t2")
    missing = ledger["not recorded", "substitution", "wed"]
    assert (missing.status, missing.due) == ("missing", "2024-09-11T12:00:00+03:00")
    assert severities(register, "not recorded", "substitution") == {"wed": "major"}
    assert statuses(ledger, "by the absent", "author_absent") == {"wed": "breached"}
    assert statuses(ledger, "recorded", "author_absent") == statuses(ledger, "not recorded", "author_absent") == {}
    assert of_rule(register, "by the absent", "author_absent")


def _physics(school: School) -> School:
    """Physics of Belov, ill on 9–13 September; Orlova is the class teacher."""
    school.add("staff", staff_key="orlova").add("staff", staff_key="belov").add("subject", subject_key="physics")
    school.add_class(homeroom_teacher_key="orlova")
    school.add("staff_absence", staff_key="belov", from_on="2024-09-09", to_on="2024-09-14")
    for day in (11, 16):
        school.lesson(f"L{day}", f"2024-09-{day}", subject_key="physics", staff_key="belov")
        school.mark(f"M{day}", f"L{day}", f"2024-09-{day}T12:00:00", recorded_by="orlova")
    for pupil, author in (("p1", "orlova"), ("p2", "t2")):
        school.add("period_mark", period_mark_key=author, pupil_key=pupil, subject_key="physics",
                   recorded_at="2024-10-25T12:00:00", recorded_by=author)  # fmt: skip
    return school


def test_G21_the_class_teacher_writes_in_others_journals_only_where_the_act_lets_her(store: Store) -> None:
    scene = Scene(store)
    for act in (S16, LIND, S53):
        _physics(scene.school(act))
    ledger, register = scene.load().ledger(), scene.check()
    both = {"M11": "critical", "M16": "critical"}
    found = {act: severities(register, act, "teacher_scope") for act in (S16, LIND, S53)}
    assert found == {S16: both, LIND: both, S53: {"M16": "critical"}}
    assert severities(register, S53, "period_mark_author") == {"t2": "critical"}
    assert {act: ledger[act, "teacher_scope", "M16"].clause for act in (S16, LIND, S53)} == {
        S16: "Р-2.6",
        LIND: "3.3",
        S53: "3.9",
    }
