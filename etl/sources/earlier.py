"""What the warehouse already holds of a school, for files that number nothing: entries are found again by content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class StoredEntry:
    """A mark (`value`) or an absence (its code) by its key; `is_live` is False where it vanished since."""

    key: str
    value: str
    is_live: bool
    is_absence: bool = False


@dataclass(frozen=True)
class StoredLesson:
    """A lesson in its newest state; `is_live` is False where it vanished since."""

    key: str
    group_key: str
    subject_key: str
    staff_key: str
    held_on: date
    status: str
    topic: str | None
    homework: str | None
    plan_item_key: str | None
    is_live: bool


@dataclass(frozen=True)
class StoredEnrolment:
    """A pupil in the list of a class, in any school year; `to_on` is None as long as she is in it."""

    pupil_key: str
    class_key: str
    from_on: date
    to_on: date | None
    name: str


@dataclass(frozen=True)
class StoredLoad:
    """A snapshot that was loaded: its moment, and whether it brought marks and topics."""

    extracted_at: datetime
    has_marks: bool
    has_topics: bool


@dataclass(frozen=True)
class Earlier:
    """The newest state of a school in the asked school years; nothing for a school that is not there."""

    pupil_keys: frozenset[str] = frozenset()
    entries: tuple[StoredEntry, ...] = ()
    lessons: tuple[StoredLesson, ...] = ()
    loads: tuple[StoredLoad, ...] = ()
    enrolments: tuple[StoredEnrolment, ...] = ()


Recall = Callable[[str, frozenset[int]], Earlier]
"""(school key, first calendar years of school years) → what is known of them."""
NOTHING = Earlier()
