"""Rules, statuses and exclusions of the obligation ledger: one list each, with the numbers they are stored under.

A number, once given, never changes its meaning: it is in people's databases.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

RuleKind = Literal["duty", "event", "ban", "content"]
ObjectType = Literal[
    "lesson",
    "absence",
    "mark",
    "work",
    "change",
    "period_mark",
    "timetable_version",
    "journal",
    "setup_section",
    "movement",
    "account",
    "pupil_work",
    "assessment",
    "pupil",
    "class",
    "class_day",
    "card",
    "control_act",
]


class Status(IntEnum):
    """The ten statuses of the ledger and `breached` (annex L14)."""

    on_time = 1
    amber = 2
    late = 3
    early = 4
    missing = 5
    pending = 6
    indeterminate = 7
    exempt = 8
    not_regulated = 9
    not_applicable = 10
    breached = 11


class Excluded(IntEnum):
    """Why a row that a reader would expect does not count (annex L8, in this order)."""

    cancelled = 1
    not_instructional = 2
    out_of_scope = 3
    no_pupils = 4
    grade_1 = 5


class Quality(IntEnum):
    """How well the moment of an entry is known (annex B2)."""

    exact = 1
    date_only = 2
    interval = 3
    unknown = 4


class Severity(IntEnum):
    """How grave a finding is (annex F2)."""

    critical = 1
    major = 2
    minor = 3
    info = 4


@dataclass(frozen=True)
class Rule:
    """One rule: its stored number, kind (annex L0a), object (annex L13) and the table its `done` comes
    from (annex L0).
    """

    number: int
    name: str
    kind: RuleKind
    object_type: ObjectType
    done_table: str
    """`""` = any bundle of the school proves that the data reach that far (rules about changes)."""


RULES: tuple[Rule, ...] = (
    Rule(1, "topic", "duty", "lesson", "lesson"),
    Rule(2, "homework", "duty", "lesson", "lesson"),
    Rule(3, "attendance", "duty", "lesson", "lesson"),
    Rule(4, "absence", "event", "absence", "absence"),
    Rule(5, "absence_reason", "duty", "absence", "absence"),
    Rule(6, "absence_unexplained", "duty", "absence", "absence"),
    Rule(7, "mark", "event", "mark", "mark"),
    Rule(8, "written_mark", "event", "mark", "mark"),
    Rule(9, "essay_mark", "event", "mark", "mark"),
    Rule(10, "monitoring_mark", "event", "mark", "mark"),
    Rule(11, "work_marked", "duty", "work", "mark"),
    Rule(12, "future_mark", "ban", "mark", "mark"),
    Rule(13, "mark_lock", "ban", "change", ""),
    Rule(14, "attendance_lock", "ban", "change", ""),
    Rule(15, "topic_lock", "ban", "change", ""),
    Rule(16, "period_mark_lock", "ban", "change", ""),
    Rule(17, "mark_correction", "ban", "change", ""),
    Rule(18, "edit_after_period_mark", "ban", "change", ""),
    Rule(19, "period_mark", "duty", "period_mark", "period_mark"),
    Rule(20, "substitution", "duty", "lesson", "lesson"),
    Rule(21, "cancellation", "event", "lesson", "lesson"),
    Rule(22, "timetable", "duty", "timetable_version", "timetable_version"),
    Rule(23, "plan", "duty", "journal", "plan"),
    Rule(24, "year_setup", "duty", "setup_section", "setup_section"),
    Rule(25, "movement", "event", "movement", "movement"),
    Rule(26, "no_entry", "duty", "lesson", "lesson"),
    Rule(40, "grade1_mark", "content", "mark", "mark"),
    Rule(41, "grade1_homework", "content", "lesson", "lesson"),
    Rule(42, "grade1_period_value", "content", "period_mark", "period_mark"),
    Rule(43, "mark_while_absent", "content", "mark", "mark"),
    Rule(44, "mark_not_enrolled", "content", "mark", "mark"),
    Rule(45, "lesson_on_day_off", "content", "lesson", "lesson"),
    Rule(46, "two_marks_one_work", "content", "pupil_work", "mark"),
    Rule(47, "teacher_scope", "content", "mark", "mark"),
    Rule(48, "period_mark_author", "content", "period_mark", "period_mark"),
    Rule(49, "consent_missing", "content", "account", "account"),
    Rule(50, "account_after_exit", "content", "account", "account"),
    Rule(51, "topic_language", "content", "lesson", "lesson"),
    Rule(52, "work_kind_missing", "content", "mark", "mark"),
    Rule(53, "plan_hours", "content", "journal", "plan"),
    Rule(54, "period_mark_unjustified", "content", "period_mark", "period_mark"),
    Rule(55, "card_incomplete", "content", "card", "card_field"),
    Rule(56, "homeroom_missing", "content", "class", "school_class"),
    Rule(57, "no_timetable_day", "content", "class_day", "lesson"),
    Rule(58, "absence_deleted_after_makeup", "content", "change", ""),
    Rule(59, "topic_on_cancelled", "content", "lesson", "lesson"),
    Rule(60, "author_absent", "content", "lesson", "lesson"),
    Rule(61, "void_after_incident", "content", "mark", "mark"),
    Rule(62, "scheduled_work_missing", "content", "assessment", "assessment_schedule"),
    Rule(63, "work_off_schedule", "content", "work", "work"),
    Rule(64, "promotion_missing", "content", "pupil", "pupil"),
    Rule(65, "control_act_missing", "content", "control_act", ""),
)
RULE: dict[str, Rule] = {rule.name: rule for rule in RULES}
MARK_RULES = ("mark", "written_mark", "essay_mark", "monitoring_mark")
KEPT = (Status.on_time, Status.amber, Status.early)
JUDGED = (*KEPT, Status.late, Status.missing)
FINDING_STATUSES = (Status.missing, Status.late, Status.early, Status.breached)
