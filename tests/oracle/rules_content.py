"""Content rules: one row `breached` for each breach at T, none otherwise (annex L14, R19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time

from tests.oracle.bundle import Row
from tests.oracle.cells import PRESENT_CODES, Stamp, is_grade_given, local
from tests.oracle.facts import Facts, in_force
from tests.oracle.judgement import made_at, possibly_made
from tests.oracle.rules_periods import journal_periods, journal_teacher, period_marks_of

EXITS = ("leave", "school_transfer", "graduate")


@dataclass(frozen=True)
class Breach:
    """A row of a content rule: no moments."""

    rule: str
    object_type: str
    object_key: str
    responsible: str


def marks_made(facts: Facts, at: datetime) -> Iterator[tuple[Row, Row]]:
    """(mark, its lesson) for the marks made at T."""
    for mark in facts.real_marks():
        lesson = facts.any_row("lesson", mark["lesson_key"])
        if lesson is not None and made_at(facts.recorded(mark), at) == "yes":
            yield mark, lesson


def grade_of_group(facts: Facts, group_key: str) -> int | None:
    school_class = facts.class_of_group(group_key)
    return school_class["grade"] if school_class else None


def grade1_marks(facts: Facts, at: datetime) -> Iterator[Breach]:
    if not facts.profile.first_grade_marks_forbidden:
        return
    for mark, lesson in marks_made(facts, at):
        if mark["value"][0].isdigit() and grade_of_group(facts, lesson["group_key"]) == 1:
            yield Breach("grade1_mark", "mark", mark["mark_key"], facts.responsible(lesson))


def normal(text: str) -> str:
    """Case, spaces around and trailing dots do not matter."""
    return text.strip().rstrip(".").strip().lower()


def grade1_homeworks(facts: Facts, at: datetime) -> Iterator[Breach]:
    value = facts.profile.first_grade_homework_value
    if value is None:
        return
    for lesson in facts.rows("lesson"):
        homework = (lesson["homework"] or "").strip()
        if not homework or lesson["homework_not_assigned"] or normal(homework) == value:
            continue
        if grade_of_group(facts, lesson["group_key"]) == 1 and made_at(facts.homework_entry(lesson), at) == "yes":
            yield Breach("grade1_homework", "lesson", lesson["lesson_key"], facts.responsible(lesson))


def grade1_period_values(facts: Facts, at: datetime) -> Iterator[Breach]:
    stated = {"period": facts.profile.first_grade_period_value, "year": facts.profile.first_grade_year_value}
    if stated["period"] is None:
        return
    breaches: set[tuple[str, str, str, str]] = set()
    for mark in facts.rows("period_mark"):
        wrong = mark["value"] != "." and mark["kind"] in stated and mark["value"] != stated[mark["kind"]]
        if wrong and grade_of_group(facts, mark["group_key"]) == 1 and made_at(facts.recorded(mark), at) == "yes":
            breaches.add((mark["pupil_key"], mark["group_key"], mark["subject_key"], mark["period_key"]))
    if facts.state.carries("period_mark"):
        breaches |= set(grade1_without_value(facts, at))
    for pupil, group_key, subject_key, period_key in sorted(breaches):
        period = facts.any_row("period", period_key)
        day = period["ends_on"] if period else None
        responsible = journal_teacher(facts, group_key, subject_key, day)
        key = f"{pupil}|{group_key}|{subject_key}|{period_key}"
        yield Breach("grade1_period_value", "period_mark", key, responsible)


def grade1_without_value(facts: Facts, at: datetime) -> Iterator[tuple[str, str, str, str]]:
    """Pupils of a journal of grade 1 with no value after the end of a period other than the year."""
    for group_key, subject_key, school_class, period in journal_periods(facts):
        covered = period["kind"] in facts.profile.period_types_covered and period["kind"] != "year"
        if school_class["grade"] != 1 or not covered or facts.day_of(at) <= period["ends_on"]:
            continue
        for pupil in facts.pupils_of_journal(group_key, subject_key, period["ends_on"]):
            marks = period_marks_of(facts, pupil, group_key, subject_key, period)
            if not any(possibly_made(facts.recorded(mark), at) for mark in marks):
                yield pupil, group_key, subject_key, period["period_key"]


def marks_while_absent(facts: Facts, at: datetime) -> Iterator[Breach]:
    for mark, lesson in marks_made(facts, at):
        explained = mark["protocol_no"] or mark["protocol_on"] or (mark["comment"] or "").strip()
        absent = any(
            absence["pupil_key"] == mark["pupil_key"]
            and absence["code"] not in PRESENT_CODES
            and made_at(facts.recorded(absence), at) == "yes"
            for absence in facts.absences_of(lesson)
        )
        if is_grade_given(mark["value"]) and absent and not explained:
            yield Breach("mark_while_absent", "mark", mark["mark_key"], facts.responsible(lesson))


def marks_not_enrolled(facts: Facts, at: datetime) -> Iterator[Breach]:
    if not facts.knows_pupils():
        return
    for mark, lesson in marks_made(facts, at):
        if mark["pupil_key"] not in facts.pupils_of_group(lesson["group_key"], lesson["held_on"]):
            yield Breach("mark_not_enrolled", "mark", mark["mark_key"], facts.responsible(lesson))


def lessons_on_days_off(facts: Facts, at: datetime) -> Iterator[Breach]:
    for lesson in facts.rows("lesson"):
        if (
            facts.lesson_kind(lesson) == "lesson"
            and lesson["status"] in ("held", "planned", "replaced")
            and lesson["held_on"] <= facts.day_of(at)
            and not facts.is_instructional(lesson)
        ):
            yield Breach("lesson_on_day_off", "lesson", lesson["lesson_key"], facts.responsible(lesson))


def two_marks_one_work(facts: Facts, at: datetime) -> Iterator[Breach]:
    marks: dict[tuple[str, str], int] = {}
    for mark, _ in marks_made(facts, at):
        if mark["work_key"]:
            pair = (mark["work_key"], mark["pupil_key"])
            marks[pair] = marks.get(pair, 0) + 1
    for (work_key, pupil), count in marks.items():
        work = facts.any_row("work", work_key)
        lesson = facts.any_row("lesson", work["lesson_key"]) if work else None
        if count > 1 and lesson:
            yield Breach("two_marks_one_work", "pupil_work", f"{work_key}|{pupil}", facts.responsible(lesson))


def teacher_scopes(facts: Facts, at: datetime) -> Iterator[Breach]:
    if facts.profile.teacher_scope != "own":
        return
    for mark, lesson in marks_made(facts, at):
        if mark["recorded_by"] and not may_mark(facts, mark, lesson):
            yield Breach("teacher_scope", "mark", mark["mark_key"], facts.responsible(lesson))


def may_mark(facts: Facts, mark: Row, lesson: Row) -> bool:
    author, profile = mark["recorded_by"], facts.profile
    day = lesson["held_on"]
    own = (
        lesson["staff_key"],
        lesson["substitute_key"],
        *facts.loads(lesson["group_key"], lesson["subject_key"], day),
    )
    if author in own or facts.role_of(author) == "administrator":
        return True
    school_class = facts.class_of_lesson(lesson)
    if school_class and school_class["homeroom_teacher_key"] == author:
        ill = any(row["staff_key"] == lesson["staff_key"] and in_force(row, day) for row in facts.rows("staff_absence"))
        if profile.class_teacher_may_edit_subjects == "true":
            return True
        if profile.class_teacher_may_edit_subjects == "during_illness" and ill:
            return True
    allowed = facts.role_of(author) in (profile.post_lock_editor_roles or ())
    return allowed and (mark["protocol_on"] is not None or has_permission(facts, "mark", mark["mark_key"]))


def has_permission(facts: Facts, entity: str, entity_key: str) -> bool:
    return any((row["entity"], row["entity_key"]) == (entity, entity_key) for row in facts.rows("edit_permission"))


def period_mark_authors(facts: Facts, at: datetime) -> Iterator[Breach]:
    roles = facts.profile.period_mark_author_roles
    if roles is None:
        return
    for mark in facts.rows("period_mark"):
        author, period = mark["recorded_by"], facts.any_row("period", mark["period_key"])
        if not author or mark["value"] == "." or period is None or made_at(facts.recorded(mark), at) != "yes":
            continue
        if facts.role_of(author) == "administrator" or has_permission(facts, "period_mark", mark["period_mark_key"]):
            continue
        if author not in period_mark_writers(facts, mark, period, roles):
            teacher = journal_teacher(facts, mark["group_key"], mark["subject_key"], period["ends_on"])
            yield Breach("period_mark_author", "period_mark", mark["period_mark_key"], teacher)


def period_mark_writers(facts: Facts, mark: Row, period: Row, roles: tuple[str, ...]) -> set[str | None]:
    group_key, subject_key = mark["group_key"], mark["subject_key"]
    writers: set[str | None] = set()
    if "subject_teacher" in roles:
        writers |= set(facts.loads(group_key, subject_key, period["ends_on"]))
        for lesson in facts.lessons_of_journal(group_key, subject_key):
            if period["starts_on"] <= lesson["held_on"] <= period["ends_on"]:
                writers |= {lesson["staff_key"], lesson["substitute_key"]}
    school_class = facts.class_of_group(group_key)
    if "class_teacher" in roles and school_class:
        writers.add(school_class["homeroom_teacher_key"])
    return writers


def is_active(facts: Facts, account: Row, at: datetime) -> bool:
    """Active at T (R19): a bare date counts from its 00:00:00."""

    def start(cell: Stamp) -> datetime:
        return local(cell.day, time(0, 0, 0), facts.zone) if cell.moment is None else cell.span(facts.zone)[0]

    created, deactivated = account["created_at"], account["deactivated_at"]
    if created is not None and start(created) > at:
        return False
    if deactivated is None:
        return bool(account["active"])
    return start(deactivated) > at


def consents_missing(facts: Facts, at: datetime) -> Iterator[Breach]:
    if not facts.profile.consent_required or not facts.state.carries("consent"):
        return
    consented = {
        row["parent_key"]
        for row in facts.rows("consent")
        if row["registered_on"] is not None and row["registered_on"] <= facts.day_of(at)
    }
    for account in facts.rows("account"):
        if account["role"] == "parent" and account["person_key"] not in consented and is_active(facts, account, at):
            yield Breach("consent_missing", "account", account["account_key"], "")


def accounts_after_exit(facts: Facts, at: datetime) -> Iterator[Breach]:
    if not facts.profile.access_removed_on_exit:
        return
    for account in facts.rows("account"):
        if is_active(facts, account, at) and has_left(facts, account, at):
            yield Breach("account_after_exit", "account", account["account_key"], "")


def has_left(facts: Facts, account: Row, at: datetime) -> bool:
    today, person = facts.day_of(at), account["person_key"]
    if account["role"] == "staff":
        staff = facts.live_row("staff", person)
        return staff is not None and staff["employed_to"] is not None and staff["employed_to"] <= today
    if account["role"] != "pupil":
        return False
    gone = any(
        row["pupil_key"] == person
        and row["kind"] in EXITS
        and row["effective_on"] <= today
        and made_at(facts.recorded(row), at) == "yes"
        for row in facts.rows("movement")
    )
    enrolled = any(row["pupil_key"] == person and in_force(row, today) for row in facts.rows("enrolment"))
    return gone and not enrolled
