"""Rules whose object is a change: the four locks, mark_correction, edit_after_period_mark (annex R8–R11)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.oracle.bundle import Row
from tests.oracle.facts import Change, Facts, Moment, latest_of
from tests.oracle.judgement import Candidate, Window, fixed
from tests.oracle.rules_marks import grade_of

# Entity → the field whose change counts; whether a blank field (the entry's value) counts too.
FIELDS = {
    "mark": ("value", True),
    "absence": ("code", True),
    "lesson": ("topic", False),
    "work": ("kind", False),
    "period_mark": ("value", True),
}
LOCK_RULES = {
    "mark": "mark_lock",
    "absence": "attendance_lock",
    "lesson": "topic_lock",
    "work": "topic_lock",
    "period_mark": "period_mark_lock",
}


@dataclass(frozen=True)
class Place:
    """Where a change happened: the entity when it was ever loaded, its lesson (B8)."""

    entity: Row | None
    lesson: Row | None


def place_of(facts: Facts, change: Change) -> Place | None:
    """None when the entity is neither loaded nor located by its lesson."""
    entity = facts.any_row(change.entity, change.entity_key)
    if change.entity == "lesson":
        lesson = entity or facts.any_row("lesson", change.lesson_key)
        return Place(lesson, lesson) if lesson else None
    if change.entity == "period_mark":
        return Place(entity, None) if entity else None
    lesson = facts.any_row("lesson", entity["lesson_key"] if entity else change.lesson_key)
    return Place(entity, lesson) if lesson else None


def is_about_the_entry(change: Change, extra: tuple[str, ...] = ()) -> bool:
    """The fields that count: R8, second half."""
    column, blank_counts = FIELDS[change.entity]
    if change.field is None:
        return blank_counts
    return change.field in (column, *extra)


def is_typing_correction(facts: Facts, change: Change, entity: Row | None) -> bool:
    """An update on the local date of the entry's recorded_at by its recorder (R8)."""
    if change.action != "update" or change.entity not in ("mark", "absence", "period_mark") or entity is None:
        return False
    if not change.changed_by or change.changed_by != entity["recorded_by"]:
        return False
    recorded = facts.recorded(entity)
    if recorded is None or recorded.quality not in ("exact", "date_only") or recorded.earliest is None:
        return False
    first, last = change.changed.earliest, change.changed.latest
    if first is None:
        return False
    return facts.day_of(first) == facts.day_of(last) == facts.day_of(recorded.earliest)


def editing(facts: Facts) -> Iterator[tuple[Change, Place]]:
    """Changes that are located and are no typing corrections."""
    for change in facts.changes():
        place = place_of(facts, change)
        if place and not is_typing_correction(facts, change, place.entity):
            yield change, place


def locks(facts: Facts, at: datetime) -> Iterator[Candidate]:
    for change, place in editing(facts):
        if change.action == "create" or not is_about_the_entry(change):
            continue
        due = lock_due(facts, change, place)
        if due:
            permission = permission_of(facts, change)
            if change.entity == "absence":
                permission = better(permission, document_for(facts, change, place))
            yield change_row(LOCK_RULES[change.entity], change, due, permission)


def change_row(rule: str, change: Change, due: Window | None, permission: str | None) -> Candidate:
    return Candidate(
        rule,
        "change",
        change.change_key,
        change.changed_by or "",
        required=False,
        done=change.changed,
        due=due,
        incomputable=due is None,
        permission=permission,
    )


def lock_due(facts: Facts, change: Change, place: Place) -> Window | None:
    """Never rolls. None = the regulation states no such lock."""
    profile = facts.profile
    if change.entity == "period_mark":
        assert place.entity
        period = facts.any_row("period", place.entity["period_key"])
        if period is None:
            return None
        if profile.period_mark_edit_after_end == "forbidden":
            return fixed(facts.at(period["ends_on"]))
        return days_after(facts, period["ends_on"], profile.period_mark_lock_days)
    assert place.lesson
    held_on: date = place.lesson["held_on"]
    if change.entity == "mark":
        return mark_lock_due(facts, place, held_on)
    days = {
        "absence": profile.attendance_lock_days,
        "lesson": profile.topic_lock_days,
        "work": profile.work_type_lock_days,
    }[change.entity]
    return days_after(facts, held_on, days)


def mark_lock_due(facts: Facts, place: Place, held_on: date) -> Window | None:
    profile = facts.profile
    work = facts.any_row("work", place.entity["work_key"]) if place.entity else None
    if work is None or place.lesson is None or "work_kinds" not in facts.capabilities:
        return days_after(facts, held_on, profile.mark_lock_days)
    day = facts.work_date(work) or held_on
    if work["is_monitoring"]:
        return days_after(facts, day, or_else(profile.vshk_mark_lock_days, profile.mark_lock_days))
    if work["kind"] == "essay" and grade_of(facts, place.lesson) >= 10:
        return days_after(facts, day, or_else(profile.essay_mark_lock_days, profile.mark_lock_days))
    return days_after(facts, held_on, profile.mark_lock_days)


def or_else(days: int | None, otherwise: int | None) -> int | None:
    return otherwise if days is None else days


def days_after(facts: Facts, day: date, days: int | None) -> Window | None:
    return None if days is None else fixed(facts.at(day + timedelta(days=days)))


def mark_corrections(facts: Facts, at: datetime) -> Iterator[Candidate]:
    """Annex R10."""
    days = facts.profile.mark_correction_window_days
    if days is None:
        return
    for change, place in editing(facts):
        if change.entity != "mark" or change.action != "update" or not is_about_the_entry(change):
            continue
        recorded = facts.recorded(place.entity) if place.entity else None
        yield change_row("mark_correction", change, correction_due(facts, recorded, days), permission_of(facts, change))


def correction_due(facts: Facts, recorded: Moment | None, days: int) -> Window | None:
    """n days after the local date of the first recorded_at; unknown when that is."""
    if recorded is None or recorded.never:
        return None

    def end(moment: datetime) -> datetime:
        return facts.at(facts.day_of(moment) + timedelta(days=days))

    return Window(end(recorded.earliest) if recorded.earliest else None, end(recorded.latest))


def edits_after_period_mark(facts: Facts, at: datetime) -> Iterator[Candidate]:
    """Annex R11."""
    if not facts.profile.edit_forbidden_after_period_mark:
        return
    for change, place in editing(facts):
        extra = ("homework",) if change.entity == "lesson" else ()
        if not is_about_the_entry(change, extra):
            continue
        if change.entity == "period_mark" and change.action == "create":
            continue
        due = last_period_mark(facts, change, place)
        if due:
            yield change_row("edit_after_period_mark", change, due, permission_of(facts, change))


def last_period_mark(facts: Facts, change: Change, place: Place) -> Window | None:
    """When the journal's last mark of kind `period` for the period was first set."""
    located = place.entity if change.entity == "period_mark" else place.lesson
    assert located
    group_key, subject_key = located["group_key"], located["subject_key"]
    school_class = facts.class_of_group(group_key)
    if school_class is None:
        return None
    periods = [
        period
        for period in facts.calendar.periods_of(school_class["grade"], school_class["school_year"])
        if period["kind"] != "year"
        and (
            period["period_key"] == located["period_key"]
            if change.entity == "period_mark"
            else period["starts_on"] <= located["held_on"] <= period["ends_on"]
        )
    ]
    if not periods:
        return None
    moments = [
        facts.recorded(mark)
        for mark in facts.rows("period_mark")
        if (mark["group_key"], mark["subject_key"]) == (group_key, subject_key)
        and mark["period_key"] in {period["period_key"] for period in periods}
        and mark["kind"] == "period"
        and mark["value"] != "."
    ]
    last = latest_of(moment for moment in moments if moment and not moment.never)
    return Window(last.earliest, last.latest) if last else None


def permission_of(facts: Facts, change: Change) -> str | None:
    """ "valid", "unsure" or None: the best of the permissions for the object (R9)."""
    roles = facts.profile.post_lock_editor_roles
    best: str | None = None
    for permission in facts.rows("edit_permission"):
        if (permission["entity"], permission["entity_key"]) != (change.entity, change.entity_key):
            continue
        dated = in_time(facts, permission["decided_on"], change)
        if roles is None:
            entitled: str | None = "valid"
        else:
            role = facts.role_of(change.changed_by)
            entitled = "unsure" if role is None else ("valid" if role in roles else None)
        best = better(best, worse(dated, entitled))
    return best


def in_time(facts: Facts, day: date, change: Change) -> str | None:
    """Not later than the change: surely, perhaps, or not."""
    assert change.changed.earliest
    if day <= facts.day_of(change.changed.earliest):
        return "valid"
    return "unsure" if day <= facts.day_of(change.changed.latest) else None


def better(one: str | None, other: str | None) -> str | None:
    return "valid" if "valid" in (one, other) else one or other


def worse(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return None
    return "unsure" if "unsure" in (one, other) else "valid"


def document_for(facts: Facts, change: Change, place: Place) -> str | None:
    """A changed code inside an absence document of the pupil, whoever made the change (R9)."""
    if change.field not in (None, "code") or change.action != "update" or place.lesson is None:
        return None
    pupil = place.entity["pupil_key"] if place.entity else change.pupil_key
    held_on = place.lesson["held_on"]
    best: str | None = None
    for document in facts.rows("absence_document"):
        if document["pupil_key"] == pupil and document["from_on"] <= held_on < document["to_on"]:
            best = better(best, in_time(facts, document["presented_on"], change))
    return best
