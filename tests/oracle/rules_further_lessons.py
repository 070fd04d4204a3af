"""Further content rules about lessons, marks and works (annex R20; requirements G14, G19, G20, G24 and their rows)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from tests.oracle.bundle import Row
from tests.oracle.cells import PRESENT_CODES, is_grade_given
from tests.oracle.facts import Change, Facts, Moment, in_force
from tests.oracle.judgement import made_at
from tests.oracle.rules_changes import is_about_the_entry, place_of
from tests.oracle.rules_content import Breach, marks_made
from tests.oracle.rules_periods import journal_teacher

# "контрольных и текущих проверочных работ в соответствии с графиком" (004 8.3).
SCHEDULED_KINDS = ("test", "check")


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
        if any(made_at(entry, at) == "yes" and typed_in_absence(facts, lesson, by, entry) for by, entry in entries):
            yield Breach("author_absent", "lesson", lesson["lesson_key"], facts.responsible(lesson))


def typed_in_absence(facts: Facts, lesson: Row, author: str | None, entry: Moment | None) -> bool:
    """Absent on the lesson's day and on the whole of the days on which the entry may have been made."""
    if not author or entry is None or entry.earliest is None:
        return False
    days = (lesson["held_on"], facts.day_of(entry.earliest), facts.day_of(entry.latest))
    return any(
        row["staff_key"] == author and all(in_force(row, day) for day in days) for row in facts.rows("staff_absence")
    )


def work_kinds_missing(facts: Facts, at: datetime) -> Iterator[Breach]:
    """001 Р-2.9, 004 5-УП-8: a grade given without a work has no work type."""
    if not facts.profile.work_type_required or not facts.state.carries("work"):
        return
    if "work_kinds" not in facts.capabilities:
        return
    for mark, lesson in marks_made(facts, at):
        if is_grade_given(mark["value"]) and not mark["work_key"]:
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
    """The pupil has a mark by protocol at the lesson, not surely later than the deletion, and no absence is left."""
    place = place_of(facts, change)
    if place is None or place.lesson is None:
        return False
    pupil = place.entity["pupil_key"] if place.entity else change.pupil_key
    if place.entity and place.entity["code"] in PRESENT_CODES:
        return False
    if pupil in facts.missed(place.lesson):
        return False
    return any(
        mark["pupil_key"] == pupil
        and (mark["protocol_no"] or mark["protocol_on"])
        and made_at(facts.recorded(mark), at) == "yes"
        and not is_later(facts.recorded(mark), change.changed)
        for mark in facts.marks_of(place.lesson)
    )


def is_later(one: Moment | None, other: Moment) -> bool:
    """Surely later."""
    return one is not None and one.earliest is not None and one.earliest > other.latest


def works_held(facts: Facts) -> list[tuple[Row, Row]]:
    """(work, its lesson) of lessons that were not cancelled."""
    found = []
    for work in facts.rows("work"):
        lesson = facts.any_row("lesson", work["lesson_key"])
        if lesson is not None and lesson["status"] != "cancelled":
            found.append((work, lesson))
    return found


def is_scheduled_kind(work: Row) -> bool:
    return work["kind"] in SCHEDULED_KINDS or work["is_monitoring"] is True


def scheduled_works_missing(facts: Facts, at: datetime) -> Iterator[Breach]:
    """G24: the day of a scheduled work is over and the journal has no such work on it."""
    if not facts.profile.assessment_schedule_check or not facts.state.carries("work"):
        return
    if "work_kinds" not in facts.capabilities:
        return
    for planned in facts.rows("assessment_schedule"):
        group_key, subject_key, day = planned["group_key"], planned["subject_key"], planned["planned_on"]
        held = any(
            (lesson["group_key"], lesson["subject_key"]) == (group_key, subject_key)
            and facts.work_date(work) == day
            and (is_scheduled_kind(work) or work["kind"] == planned["work_kind"])
            for work, lesson in works_held(facts)
        )
        if day < facts.day_of(at) and not held:
            teacher = journal_teacher(facts, group_key, subject_key, day)
            yield Breach("scheduled_work_missing", "assessment", planned["assessment_key"], teacher)


def works_off_schedule(facts: Facts, at: datetime) -> Iterator[Breach]:
    """G24: a control work on a day for which the journal's schedule has none."""
    if not facts.profile.assessment_schedule_check or not facts.state.carries("assessment_schedule"):
        return
    if "work_kinds" not in facts.capabilities:
        return
    planned = {(row["group_key"], row["subject_key"], row["planned_on"]) for row in facts.rows("assessment_schedule")}
    for work, lesson in works_held(facts):
        day = facts.work_date(work)
        if not is_scheduled_kind(work) or day is None or day > facts.day_of(at):
            continue
        if (lesson["group_key"], lesson["subject_key"], day) not in planned:
            yield Breach("work_off_schedule", "work", work["work_key"], facts.responsible(lesson))


def period_marks_unjustified(facts: Facts, at: datetime) -> Iterator[Breach]:
    """004 6.1: a digit for a period without any current digit, or more than 0.5 from their weighted mean."""
    if not facts.profile.period_mark_justification_check or not facts.state.carries("mark"):
        return
    breaches: set[tuple[str, str, str, str]] = set()
    for mark in facts.rows("period_mark"):
        group_key, subject_key, pupil = mark["group_key"], mark["subject_key"], mark["pupil_key"]
        school_class, period = facts.class_of_group(group_key), facts.any_row("period", mark["period_key"])
        if mark["kind"] != "period" or not mark["value"][0].isdigit() or period is None:
            continue
        if school_class is None or school_class["grade"] == 1 or made_at(facts.recorded(mark), at) != "yes":
            continue
        if is_unjustified(facts, mark, period, at):
            breaches.add((pupil, group_key, subject_key, mark["period_key"]))
    for pupil, group_key, subject_key, period_key in sorted(breaches):
        period = facts.any_row("period", period_key)
        teacher = journal_teacher(facts, group_key, subject_key, period["ends_on"] if period else None)
        key = f"{pupil}|{group_key}|{subject_key}|{period_key}"
        yield Breach("period_mark_unjustified", "period_mark", key, teacher)


def is_unjustified(facts: Facts, period_mark: Row, period: Row, at: datetime) -> bool:
    total, weights = Decimal(0), Decimal(0)
    for lesson in facts.lessons_of_journal(period_mark["group_key"], period_mark["subject_key"]):
        if not period["starts_on"] <= lesson["held_on"] <= period["ends_on"]:
            continue
        for mark in facts.marks_of(lesson):
            if mark["pupil_key"] != period_mark["pupil_key"] or not mark["value"][0].isdigit():
                continue
            made = made_at(facts.recorded(mark), at)
            if made == "unsure":
                return False  # cannot tell
            if made == "yes":
                weight = weight_of(facts, mark)
                total, weights = total + weight * int(mark["value"][0]), weights + weight
    if not weights:
        return True
    return abs(int(period_mark["value"][0]) - total / weights) > Decimal("0.5")


def weight_of(facts: Facts, mark: Row) -> Decimal:
    work = facts.any_row("work", mark["work_key"])
    weight = work["weight"] if work else None
    return Decimal(1) if weight is None else Decimal(weight)
