"""Rules whose object is an absence: absence, absence_reason, absence_unexplained."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.oracle.bundle import Row
from tests.oracle.cells import PRESENT_CODES
from tests.oracle.facts import Facts
from tests.oracle.judgement import Candidate, fixed
from tests.oracle.rules_lessons import day_window


def absences(facts: Facts, at: datetime) -> Iterator[Candidate]:
    for absence in facts.rows("absence"):
        lesson = facts.any_row("lesson", absence["lesson_key"])
        if lesson is not None:
            yield Candidate(
                "absence",
                "absence",
                absence["absence_key"],
                facts.responsible(lesson),
                required=False,
                done=facts.recorded(absence),
                target=day_window(facts, facts.profile.absence_target, lesson),
                due=day_window(facts, facts.profile.absence_limit, lesson),
            )


def homeroom(facts: Facts, lesson: Row) -> str:
    school_class = facts.class_of_lesson(lesson)
    return (school_class["homeroom_teacher_key"] if school_class else None) or ""


def absence_reasons(facts: Facts, at: datetime) -> Iterator[Candidate]:
    """Annex R4."""
    for absence in facts.rows("absence"):
        lesson = facts.any_row("lesson", absence["lesson_key"])
        if lesson is None or absence["code"] in PRESENT_CODES:
            continue
        documents = [
            document
            for document in facts.rows("absence_document")
            if document["pupil_key"] == absence["pupil_key"]
            and document["from_on"] <= lesson["held_on"] < document["to_on"]
        ]
        if not documents:
            continue
        presented_on = min(document["presented_on"] for document in documents)
        limit = facts.profile.absence_reason_limit
        due = None
        if limit:
            due = fixed(facts.at(facts.calendar.deadline(limit, presented_on, facts.class_of_lesson(lesson))))
        yield Candidate(
            "absence_reason",
            "absence",
            absence["absence_key"],
            homeroom(facts, lesson),
            required=True,
            done=facts.reason_entry(absence),
            due=due,
        )


def absences_unexplained(facts: Facts, at: datetime) -> Iterator[Candidate]:
    """Annex R5."""
    if not facts.profile.absence_weekly_review:
        return
    for absence in facts.rows("absence"):
        lesson = facts.any_row("lesson", absence["lesson_key"])
        if lesson is None or absence["code"] in PRESENT_CODES:
            continue
        held_on = lesson["held_on"]
        sunday_after = held_on + timedelta(days=7 - held_on.isoweekday() + 7)
        yield Candidate(
            "absence_unexplained",
            "absence",
            absence["absence_key"],
            homeroom(facts, lesson),
            required=True,
            done=facts.reason_entry(absence),
            due=fixed(facts.at(sunday_after)),
        )
