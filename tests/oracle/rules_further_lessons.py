"""Further content rules about lessons, marks and works (annex R20; requirements G14, G19, G20, G24 and their rows)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal

from tests.oracle.bundle import Row
from tests.oracle.cells import PRESENT_CODES, is_grade_given
from tests.oracle.facts import Change, Facts, Moment, in_force
from tests.oracle.judgement import made_at
from tests.oracle.rules_changes import is_about_the_entry, place_of
from tests.oracle.rules_content import Breach, marks_made
from tests.oracle.rules_periods import journal_teacher
from tests.oracle.schema import TABLES

# "контрольных и текущих проверочных работ в соответствии с графиком" (004 8.3).
SCHEDULED_KINDS = ("test", "check")
WORK_KINDS = TABLES["work"]["kind"].kind.split("|")


def topics_in_another_language(facts: Facts, at: datetime) -> Iterator[Breach]:
    """004 5-УП-6: no Cyrillic letter at all; a foreign title inside Russian text is fine."""
    if facts.profile.topic_language != "ru":
        return
    for lesson in facts.rows("lesson"):
        made = made_at(facts.topic_entry(lesson), at) == "yes"
        if made and not any("\u0400" <= character <= "\u04ff" for character in lesson["topic"]):
            yield Breach("topic_language", "lesson", lesson["lesson_key"], facts.responsible(lesson))


def topics_on_cancelled(facts: Facts, at: datetime) -> Iterator[Breach]:
    for lesson in facts.rows("lesson"):
        if lesson["status"] == "cancelled" and made_at(facts.topic_entry(lesson), at) == "yes":
            yield Breach("topic_on_cancelled", "lesson", lesson["lesson_key"], facts.responsible(lesson))


def authors_absent(facts: Facts, at: datetime) -> Iterator[Breach]:
    """G20: the topic or the homework was typed by somebody who was registered as absent on the lesson's day."""
    for lesson in facts.rows("lesson"):
        entries = (
            (lesson["topic_recorded_by"], facts.topic_entry(lesson)),
            (lesson["homework_recorded_by"], facts.homework_entry(lesson)),
        )
        if any(made_at(entry, at) == "yes" and is_of_absent(facts, lesson, by, entry) for by, entry in entries):
            yield Breach("author_absent", "lesson", lesson["lesson_key"], facts.responsible(lesson))


def is_of_absent(facts: Facts, lesson: Row, author: str | None, entry: Moment | None) -> bool:
    """Absent on the lesson's day, and surely not typed in advance of it."""
    day = lesson["held_on"]
    if not author or entry is None or entry.earliest is None or entry.earliest < facts.at(day, time(0, 0, 0)):
        return False
    return any(row["staff_key"] == author and in_force(row, day) for row in facts.rows("staff_absence"))


def work_kinds_missing(facts: Facts, at: datetime) -> Iterator[Breach]:
    """001 Р-2.9, 004 5-УП-8: a mark without a work has no work type."""
    if not facts.profile.work_type_required or not facts.state.carries("work"):
        return
    if "work_kinds" not in facts.capabilities:
        return
    for mark, lesson in marks_made(facts, at):
        if not mark["work_key"]:
            yield Breach("work_kind_missing", "mark", mark["mark_key"], facts.responsible(lesson))


def absences_deleted(facts: Facts, at: datetime) -> Iterator[Breach]:
    """G14: the absence must stay when a mark is made up by protocol (001 УП-2)."""
    if not facts.profile.absence_kept_after_makeup:
        return
    for change in facts.changes():
        if change.entity != "absence" or change.action != "delete" or not is_about_the_entry(change):
            continue
        if made_at(change.changed, at) == "yes" and was_made_up(facts, change, at):
            yield Breach("absence_deleted_after_makeup", "change", change.change_key, change.changed_by or "")


def was_made_up(facts: Facts, change: Change, at: datetime) -> bool:
    """The pupil has a mark by protocol at the lesson and no missed-lesson absence is left, whatever came first."""
    place = place_of(facts, change)
    if place is None or place.lesson is None:
        return False
    pupil = place.entity["pupil_key"] if place.entity else change.pupil_key
    if last_code(facts, change) in PRESENT_CODES or pupil in facts.missed(place.lesson):
        return False
    return any(
        mark["pupil_key"] == pupil
        and (mark["protocol_no"] or mark["protocol_on"])
        and made_at(facts.recorded(mark), at) == "yes"
        for mark in facts.marks_of(place.lesson)
    )


def last_code(facts: Facts, change: Change) -> str | None:
    """The code that was deleted: of the absence where it was ever loaded, else as the change tells it."""
    absence = facts.any_row("absence", change.entity_key)
    if absence is not None:
        code: str = absence["code"]
        return code
    logged = facts.any_row("change", change.change_key)
    return (logged["old_value"] or "").strip().upper() if logged else None


def works_held(facts: Facts) -> list[tuple[Row, Row]]:
    """(work, its lesson) of lessons that were not cancelled."""
    found = []
    for work in facts.rows("work"):
        lesson = facts.any_row("lesson", work["lesson_key"])
        if lesson is not None and lesson["status"] != "cancelled":
            found.append((work, lesson))
    return found


def is_planned(facts: Facts, line: Row, work: Row, lesson: Row) -> bool:
    """The line of the schedule is about this work: journal, day, and the kind where the line names one."""
    if (lesson["group_key"], lesson["subject_key"]) != (line["group_key"], line["subject_key"]):
        return False
    if facts.work_date(work) != line["planned_on"]:
        return False
    kind = line["work_kind"].strip().lower()
    return "work_kinds" not in facts.capabilities or kind not in WORK_KINDS or kind == work["kind"]


def scheduled_works_missing(facts: Facts, at: datetime) -> Iterator[Breach]:
    """G24: the day of a scheduled work is over and the journal has no such work on it."""
    if not facts.profile.assessment_schedule_check or not facts.state.carries("work"):
        return
    held = works_held(facts)
    for line in facts.rows("assessment_schedule"):
        day: date = line["planned_on"]
        if day < facts.day_of(at) and not any(is_planned(facts, line, work, lesson) for work, lesson in held):
            teacher = journal_teacher(facts, line["group_key"], line["subject_key"], day)
            yield Breach("scheduled_work_missing", "assessment", line["assessment_key"], teacher)


def works_off_schedule(facts: Facts, at: datetime) -> Iterator[Breach]:
    """G24: a control work for which the schedule has no line."""
    if not facts.profile.assessment_schedule_check or not facts.state.carries("assessment_schedule"):
        return
    if "work_kinds" not in facts.capabilities:
        return
    lines = facts.rows("assessment_schedule")
    for work, lesson in works_held(facts):
        day = facts.work_date(work)
        if work["kind"] not in SCHEDULED_KINDS and not work["is_monitoring"]:
            continue
        if day is None or day > facts.day_of(at) or any(is_planned(facts, line, work, lesson) for line in lines):
            continue
        yield Breach("work_off_schedule", "work", work["work_key"], facts.responsible(lesson))


def period_marks_unjustified(facts: Facts, at: datetime) -> Iterator[Breach]:
    """004 6.1: a grade for a period or a year without any current grade, or a digit more than 0.5 from their mean."""
    if not facts.profile.period_mark_justification_check or not facts.state.carries("mark"):
        return
    for mark in facts.rows("period_mark"):
        period = facts.any_row("period", mark["period_key"])
        if mark["kind"] not in ("period", "year") or not is_grade_given(mark["value"]) or period is None:
            continue
        if made_at(facts.recorded(mark), at) == "yes" and is_unjustified(facts, mark, period, at):
            teacher = journal_teacher(facts, mark["group_key"], mark["subject_key"], period["ends_on"])
            yield Breach("period_mark_unjustified", "period_mark", mark["period_mark_key"], teacher)


def is_unjustified(facts: Facts, period_mark: Row, period: Row, at: datetime) -> bool:
    """False also while a current grade may or may not be there: cannot tell."""
    grades = []
    for mark in facts.real_marks():
        lesson = facts.any_row("lesson", mark["lesson_key"])  # B6: also of a lesson that vanished
        if lesson is None or mark["pupil_key"] != period_mark["pupil_key"] or not is_grade_given(mark["value"]):
            continue
        own = all(lesson[name] == period_mark[name] for name in ("group_key", "subject_key"))
        if own and period["starts_on"] <= lesson["held_on"] <= period["ends_on"]:
            grades.append(mark)
    states = [made_at(facts.recorded(mark), at) for mark in grades]
    if "unsure" in states:
        return False
    made = [mark for mark, state in zip(grades, states, strict=True) if state == "yes"]
    digits = [mark for mark in made if mark["value"][0].isdigit()]
    if not digits or not period_mark["value"][0].isdigit():
        return not made
    weights = sum((weight_of(facts, mark) for mark in digits), Decimal(0))
    total = sum((weight_of(facts, mark) * int(mark["value"][0]) for mark in digits), Decimal(0))
    return abs(int(period_mark["value"][0]) - total / weights) > Decimal("0.5")


def weight_of(facts: Facts, mark: Row) -> Decimal:
    work = facts.any_row("work", mark["work_key"])
    weight = work["weight"] if work else None
    return Decimal(1) if weight is None else Decimal(weight)
