"""Rules whose object is a lesson: topic, homework, attendance, substitution, cancellation, no_entry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.oracle.bundle import Row
from tests.oracle.facts import Facts, earliest_of
from tests.oracle.judgement import Candidate, Window, fixed, judge, made_at, possibly_made


def lessons_by(facts: Facts, at: datetime) -> list[Row]:
    """Lessons whose date is not after T's local date (L3)."""
    return [lesson for lesson in facts.rows("lesson") if lesson["held_on"] <= facts.day_of(at)]


def is_grade_1(facts: Facts, lesson: Row) -> bool:
    school_class = facts.class_of_lesson(lesson)
    return school_class is not None and school_class["grade"] == 1


def excluded(facts: Facts, lesson: Row, rule: str) -> str | None:
    """Annex L8, in its order, for topic, homework, attendance, work_marked, substitution."""
    if lesson["status"] == "cancelled":
        return "cancelled"
    if not facts.counts_as_held(lesson):
        return "not_instructional"
    kinds = ("lesson",) if rule == "homework" else facts.profile.activity_kinds_in_scope
    if facts.lesson_kind(lesson) not in kinds:
        return "out_of_scope"
    if facts.knows_pupils() and not facts.pupils_of_journal(
        lesson["group_key"], lesson["subject_key"], lesson["held_on"]
    ):
        return "no_pupils"
    if is_grade_1(facts, lesson):
        if rule == "homework" and facts.profile.first_grade_homework_value is None:
            return "grade_1"
        if rule == "work_marked" and facts.profile.first_grade_marks_forbidden:
            return "grade_1"
    return None


def day_window(facts: Facts, text: str | None, lesson: Row) -> Window | None:
    """A deadline in days from the date of the lesson."""
    if text is None:
        return None
    school_class = facts.class_of_lesson(lesson)
    return fixed(facts.at(facts.calendar.deadline(text, lesson["held_on"], school_class)))


def topics(facts: Facts, at: datetime) -> Iterator[Candidate]:
    for lesson in lessons_by(facts, at):
        yield topic_of(facts, lesson)


def topic_of(facts: Facts, lesson: Row) -> Candidate:
    return Candidate(
        "topic",
        "lesson",
        lesson["lesson_key"],
        facts.responsible(lesson),
        required=True,
        done=facts.topic_entry(lesson),
        target=day_window(facts, facts.profile.topic_target, lesson),
        due=day_window(facts, facts.profile.topic_limit, lesson),
        excluded=excluded(facts, lesson, "topic"),
        source_lacks="topics" not in facts.capabilities,
    )


def homeworks(facts: Facts, at: datetime) -> Iterator[Candidate]:
    for lesson in lessons_by(facts, at):
        yield homework_of(facts, lesson)


def homework_of(facts: Facts, lesson: Row) -> Candidate:
    profile = facts.profile
    due, incomputable = None, False
    if profile.homework_limit and profile.homework_anchor == "class_last_lesson_end":
        end = last_lesson_end(facts, lesson)
        incomputable = end is None
        if end is not None:
            due = fixed(hour_limit(facts, profile.homework_limit, end, lesson))
    elif profile.homework_limit:
        due = day_window(facts, profile.homework_limit, lesson)
    return Candidate(
        "homework",
        "lesson",
        lesson["lesson_key"],
        facts.responsible(lesson),
        required=True,
        done=facts.homework_entry(lesson),
        target=day_window(facts, profile.homework_target, lesson),
        due=due,
        incomputable=incomputable,
        excluded=excluded(facts, lesson, "homework"),
        source_lacks="homework" not in facts.capabilities,
    )


def hour_limit(facts: Facts, text: str, end: datetime, lesson: Row) -> datetime:
    """`1h`, or `1h+same_day` = the earlier of the two (R2)."""
    hours, _, same_day = text.partition("+")
    limit = end + timedelta(hours=int(hours.removesuffix("h")))
    return min(limit, facts.at(lesson["held_on"])) if same_day else limit


def last_lesson_end(facts: Facts, lesson: Row) -> datetime | None:
    """The end of the last held lesson of the class or of the group's pupils that day; None = unknown (R2)."""
    day = lesson["held_on"]
    own_group = facts.any_row("study_group", lesson["group_key"])
    own_pupils = facts.pupils_of_group(lesson["group_key"], day)
    ends = []
    for other in facts.rows("lesson"):
        if other["held_on"] != day or facts.lesson_kind(other) != "lesson" or not facts.counts_as_held(other):
            continue
        if facts.profile.homework_end_scope == "class":
            group = facts.any_row("study_group", other["group_key"])
            together = group is not None and own_group is not None and group["class_key"] == own_group["class_key"]
        else:
            together = other["group_key"] == lesson["group_key"] or bool(
                own_pupils & facts.pupils_of_group(other["group_key"], day)
            )
        if together:
            ends.append(other["ends_at"])
    if not ends or None in ends:
        return None
    return facts.at(day, max(ends))


def attendances(facts: Facts, at: datetime) -> Iterator[Candidate]:
    for lesson in lessons_by(facts, at):
        yield attendance_of(facts, lesson)


def attendance_of(facts: Facts, lesson: Row) -> Candidate:
    return Candidate(
        "attendance",
        "lesson",
        lesson["lesson_key"],
        facts.responsible(lesson),
        required=True,
        done=facts.attendance_entry(lesson),
        target=day_window(facts, facts.profile.absence_target, lesson),
        due=day_window(facts, facts.profile.absence_limit, lesson),
        excluded=excluded(facts, lesson, "attendance"),
        source_lacks="attendance_confirmation" not in facts.capabilities,
    )


def substitutions(facts: Facts, at: datetime) -> Iterator[Candidate]:
    """Annex R13."""
    for lesson in lessons_by(facts, at):
        if not needs_substitution(facts, lesson):
            continue
        entry = first_entry(facts, lesson)
        windows = {"at_entry": entry, "same_day": day_window(facts, "same_day", lesson), None: None}
        yield Candidate(
            "substitution",
            "lesson",
            lesson["lesson_key"],
            facts.responsible(lesson),
            required=True,
            done=facts.moment(
                lesson,
                "substitution_recorded_at",
                lambda values: bool(values.get("substitute_key") or values.get("substitution_recorded_at")),
                lambda values: "substitute_key",
            ),
            target=windows[facts.profile.substitution_target],
            due=windows[facts.profile.substitution_limit],
            excluded=excluded(facts, lesson, "substitution"),
            source_lacks="substitutions" not in facts.capabilities,
        )


def needs_substitution(facts: Facts, lesson: Row) -> bool:
    if lesson["substitute_key"]:
        return True
    own = {lesson["staff_key"], *facts.loads(lesson["group_key"], lesson["subject_key"], lesson["held_on"])}
    for author in (lesson["topic_recorded_by"], lesson["homework_recorded_by"]):
        is_member = author is not None and facts.live_row("staff", author) is not None
        if is_member and facts.role_of(author) not in ("administrator", "secretary") and author not in own:
            return True
    return False


def first_entry(facts: Facts, lesson: Row) -> Window:
    """The earliest topic, homework, attendance and mark entry of the lesson; none: the end of its day."""
    first = earliest_of(
        [
            facts.topic_entry(lesson),
            facts.homework_entry(lesson),
            facts.attendance_entry(lesson),
            *(facts.recorded(mark) for mark in facts.marks_of(lesson)),
        ]
    )
    return Window(first.earliest, first.latest) if first else fixed(facts.at(lesson["held_on"]))


def cancellations(facts: Facts, at: datetime) -> Iterator[Candidate]:
    """Annex R14: an event, whatever the lesson's date."""
    for lesson in facts.rows("lesson"):
        status = lesson["status"]
        if status not in ("cancelled", "moved", "replaced"):
            continue

        def is_there(values: dict[str, object], status: str = status) -> bool:
            return values["status"] == status

        yield Candidate(
            "cancellation",
            "lesson",
            lesson["lesson_key"],
            facts.responsible(lesson),
            required=False,
            done=facts.moment(lesson, "status_recorded_at", is_there),
            due=day_window(facts, facts.profile.cancellation_limit, lesson),
        )


def no_entries(facts: Facts, at: datetime) -> Iterator[Candidate]:
    """Annex R15: only where nothing at all was entered and the longest limit is over."""
    if not facts.profile.topic_target and not facts.profile.topic_limit:
        return
    for lesson in lessons_by(facts, at):
        topic, homework, attendance = (
            judge(candidate, at)
            for candidate in (
                topic_of(facts, lesson),
                homework_of(facts, lesson),
                attendance_of(facts, lesson),
            )
        )
        assert topic and homework and attendance
        unrecorded = "attendance_confirmation" not in facts.capabilities and not possibly_made(
            facts.attendance_entry(lesson), at
        )
        if topic.status != "missing" or homework.status not in ("missing", "not_applicable"):
            continue
        if attendance.status != "missing" and not (attendance.status == "indeterminate" and unrecorded):
            continue
        if any(made_at(facts.recorded(mark), at) != "no" for mark in facts.marks_of(lesson)):
            continue
        last = max(judged.due_at for judged in (topic, homework, attendance) if judged.due_at)
        if last < at:
            yield Candidate(
                "no_entry",
                "lesson",
                lesson["lesson_key"],
                facts.responsible(lesson),
                required=True,
                done=None,
                due=fixed(last),
            )
