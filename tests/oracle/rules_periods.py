"""Period marks: pupil × journal × period (annex R12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from tests.oracle.bundle import Row
from tests.oracle.facts import MEMBER_KINDS, Facts, earliest_of
from tests.oracle.judgement import Candidate, fixed


def journal_periods(facts: Facts) -> Iterator[tuple[str, str, Row, Row]]:
    """(group, subject, class, period): a journal with a lesson inside a period of its grade and year."""
    for group_key, subject_key in sorted(facts.journals()):
        group, school_class = facts.live_row("study_group", group_key), facts.class_of_group(group_key)
        if group is None or school_class is None or group["kind"] not in MEMBER_KINDS:
            continue
        for period in facts.rows("period"):
            if (
                period["school_year"] == school_class["school_year"]
                and period["grade_from"] <= school_class["grade"] <= period["grade_to"]
                and has_lesson(facts, group_key, subject_key, period)
            ):
                yield group_key, subject_key, school_class, period


def has_lesson(facts: Facts, group_key: str, subject_key: str, period: Row) -> bool:
    return any(
        facts.lesson_kind(lesson) == "lesson"
        and lesson["status"] != "cancelled"
        and period["starts_on"] <= lesson["held_on"] <= period["ends_on"]
        for lesson in facts.lessons_of_journal(group_key, subject_key)
    )


def period_marks_of(facts: Facts, pupil: str, group_key: str, subject_key: str, period: Row) -> list[Row]:
    kind = "year" if period["kind"] == "year" else "period"
    wanted = (pupil, group_key, subject_key, period["period_key"], kind)
    names = ("pupil_key", "group_key", "subject_key", "period_key", "kind")
    return [
        row for row in facts.rows("period_mark") if tuple(row[name] for name in names) == wanted and row["value"] != "."
    ]


def journal_teacher(facts: Facts, group_key: str, subject_key: str, day: date | None) -> str:
    """Teaching load in force (least key), else the assigned teacher of the journal's last lesson (R18)."""
    loads = facts.loads(group_key, subject_key, day)
    if loads:
        return loads[0]
    lessons = facts.lessons_of_journal(group_key, subject_key)
    if not lessons:
        return ""
    last = max(lessons, key=lambda row: (row["held_on"], row["slot"] or 0, row["lesson_key"]))
    teacher: str = last["staff_key"] or ""
    return teacher


def period_marks(facts: Facts, at: datetime) -> Iterator[Candidate]:
    profile = facts.profile
    for group_key, subject_key, school_class, period in journal_periods(facts):
        if school_class["grade"] == 1 or period["kind"] not in profile.period_types_covered:
            continue
        ends_on = period["ends_on"]
        not_before, due = None, None
        if profile.period_mark_mode == "days_after_end":
            due = fixed(facts.at(facts.calendar.deadline(f"{profile.period_mark_value}d", ends_on, school_class)))
        elif profile.period_mark_mode in ("last_week", "on_end_day"):
            not_before = facts.at(ends_on - timedelta(days=6), time(0, 0, 0))
            due = fixed(facts.at(ends_on))
        for pupil in sorted(facts.pupils_of_journal(group_key, subject_key, ends_on)):
            marks = period_marks_of(facts, pupil, group_key, subject_key, period)
            yield Candidate(
                "period_mark",
                "period_mark",
                f"{pupil}|{group_key}|{subject_key}|{period['period_key']}",
                journal_teacher(facts, group_key, subject_key, ends_on),
                required=True,
                done=earliest_of(facts.recorded(mark) for mark in marks),
                not_before=not_before,
                due=due,
                source_lacks=not facts.state.carries("period_mark"),
            )
