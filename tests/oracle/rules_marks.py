"""Rules whose object is a mark or a work: the four mark rules, future_mark, work_marked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time

from tests.oracle.bundle import Row
from tests.oracle.facts import Facts, Moment, earliest_of, latest_of
from tests.oracle.judgement import Candidate, Window, fixed
from tests.oracle.rules_lessons import excluded, is_grade_1

WRITTEN_KINDS = ("written", "dictation", "test", "check")
MARKED_KINDS = (*WRITTEN_KINDS, "essay", "practical", "lab")


def mark_rule(work: Row | None, grade: int) -> str:
    """Exactly one of the four rules (R6); monitoring wins over essay, essay over written."""
    if work is None:
        return "mark"
    if work["is_monitoring"]:
        return "monitoring_mark"
    if work["kind"] == "essay" and grade >= 10:
        return "essay_mark"
    return "written_mark" if work["kind"] in (*WRITTEN_KINDS, "essay") else "mark"


def limit_of(facts: Facts, rule: str) -> str | None:
    """A null limit of the three special rules falls back to mark_limit."""
    profile = facts.profile
    special = {
        "mark": profile.mark_limit,
        "written_mark": profile.written_mark_limit,
        "essay_mark": profile.essay_mark_limit,
        "monitoring_mark": profile.vshk_mark_limit,
    }
    return special[rule] or profile.mark_limit


def day_end(facts: Facts, text: str | None, anchor: date, lesson: Row) -> Window | None:
    if text is None:
        return None
    return fixed(facts.at(facts.calendar.deadline(text, anchor, facts.class_of_lesson(lesson))))


def target_of(facts: Facts, rule: str, work: Row | None, anchor: date, lesson: Row, protocol: bool) -> Window | None:
    """written_mark_target for the special rules: the day of checking, or null = mark_target (R6)."""
    if rule == "mark" or facts.profile.written_mark_target is None:
        return day_end(facts, facts.profile.mark_target, anchor, lesson)
    if protocol or work is None or work["checked_on"] is None:
        return None
    return fixed(facts.at(work["checked_on"]))


def grade_of(facts: Facts, lesson: Row) -> int:
    school_class = facts.class_of_lesson(lesson)
    grade: int = school_class["grade"] if school_class else 0
    return grade


def mark_candidates(facts: Facts, at: datetime) -> Iterator[Candidate]:
    for mark in facts.real_marks():
        lesson = facts.any_row("lesson", mark["lesson_key"])
        if lesson is not None:
            yield mark_candidate(facts, mark, lesson)


def mark_candidate(facts: Facts, mark: Row, lesson: Row) -> Candidate:
    work = facts.any_row("work", mark["work_key"])
    kinds_known = "work_kinds" in facts.capabilities
    rule = mark_rule(work, grade_of(facts, lesson)) if kinds_known else "mark"
    lesson_on: date = lesson["held_on"]
    work_on: date = (facts.work_date(work) if work else None) or lesson_on
    protocol_on: date | None = mark["protocol_on"]
    ordinary_on = work_on if facts.profile.mark_anchor == "work_date" else lesson_on
    anchor = protocol_on or (ordinary_on if rule == "mark" else work_on)
    due = day_end(facts, limit_of(facts, rule), anchor, lesson)
    longest = None
    if not kinds_known and due:
        special = ("written_mark", "essay_mark", "monitoring_mark")
        others = [day_end(facts, limit_of(facts, name), protocol_on or work_on, lesson) for name in special]
        longest = max(window.latest for window in [due, *others] if window)
    return Candidate(
        rule,
        "mark",
        mark["mark_key"],
        facts.responsible(lesson),
        required=False,
        done=facts.recorded(mark),
        target=target_of(facts, rule, work, anchor, lesson, protocol_on is not None),
        due=due,
        longest_due=longest,
        excluded="grade_1" if is_grade_1(facts, lesson) and facts.profile.first_grade_marks_forbidden else None,
    )


def future_marks(facts: Facts, at: datetime) -> Iterator[Candidate]:
    if not facts.profile.future_marks_forbidden:
        return
    for mark in facts.real_marks():
        lesson = facts.any_row("lesson", mark["lesson_key"])
        done = facts.recorded(mark)
        if lesson is None or done is None or done.quality == "unknown":  # L4a
            continue
        yield Candidate(
            "future_mark",
            "mark",
            mark["mark_key"],
            facts.responsible(lesson),
            required=False,
            done=done,
            not_before=facts.at(lesson["held_on"], time(0, 0, 0)),
        )


def works_marked(facts: Facts, at: datetime) -> Iterator[Candidate]:
    """Annex R7."""
    if "work_kinds" not in facts.capabilities:
        return
    for work in facts.rows("work"):
        lesson = facts.any_row("lesson", work["lesson_key"])
        day = facts.work_date(work)
        if work["kind"] not in MARKED_KINDS and not work["is_monitoring"]:
            continue
        if lesson is None or day is None or day > facts.day_of(at):
            continue
        rule = mark_rule(work, grade_of(facts, lesson))
        pupils = facts.pupils_of_journal(lesson["group_key"], lesson["subject_key"], lesson["held_on"])
        present = pupils - facts.missed(lesson)
        nobody = "no_pupils" if facts.knows_pupils() and not present else None
        yield Candidate(
            "work_marked",
            "work",
            work["work_key"],
            facts.responsible(lesson),
            required=True,
            done=last_marked(facts, work, present),
            target=target_of(facts, rule, work, day, lesson, protocol=False),
            due=day_end(facts, limit_of(facts, rule), day, lesson),
            excluded=work_excluded(facts, lesson, nobody),
            source_lacks=not facts.state.carries("mark") or not facts.knows_pupils(),
        )


def work_excluded(facts: Facts, lesson: Row, nobody: str | None) -> str | None:
    reason = excluded(facts, lesson, "work_marked")
    return nobody if reason in (None, "grade_1") and nobody else reason


def last_marked(facts: Facts, work: Row, pupils: frozenset[str]) -> Moment | None:
    """Latest over the pupils of their earliest mark of the work."""
    marks = [mark for mark in facts.real_marks() if mark["work_key"] == work["work_key"]]
    return latest_of(
        earliest_of(facts.recorded(mark) for mark in marks if mark["pupil_key"] == pupil) for pupil in sorted(pupils)
    )
