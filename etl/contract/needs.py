"""What each rule needs of a source to be judged at all (annex B16, L9, L10): tables and a capability."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from etl.contract.ledger import RULE, RULES

TABLES: dict[str, tuple[str, ...]] = {
    "absence_unexplained": ("absence",),
    "absence_reason": ("absence",),
    "written_mark": ("mark", "work"),
    "essay_mark": ("mark", "work"),
    "monitoring_mark": ("mark", "work"),
    "work_marked": ("mark", "work"),
    "period_mark": ("period_mark", "period"),
    "mark_lock": ("mark",),
    "attendance_lock": ("absence",),
    "topic_lock": ("lesson",),
    "period_mark_lock": ("period_mark",),
    "mark_correction": ("mark",),
    "edit_after_period_mark": ("period_mark",),
    "mark_while_absent": ("mark", "absence"),
    "mark_not_enrolled": ("mark", "enrolment", "group_member"),
    "two_marks_one_work": ("mark", "work"),
    "teacher_scope": ("mark", "teaching_load"),
    "consent_missing": ("account", "consent"),
    "work_kind_missing": ("mark", "work"),
    "plan_hours": ("plan", "curriculum"),
    "period_mark_unjustified": ("period_mark", "mark"),
    "no_timetable_day": ("lesson", "period"),
    "absence_deleted_after_makeup": ("absence", "mark"),
    "scheduled_work_missing": ("assessment_schedule", "work"),
    "work_off_schedule": ("work", "assessment_schedule"),
    "promotion_missing": ("enrolment", "movement"),
}
"""Tables without which a rule has no rows or cannot know what is done, where it is not just the one its `done` comes
from. A register that no bundle carries means that nothing is registered, and lacks nobody (annex B16).
"""
CAPABILITY: dict[str, str] = {
    "topic": "topics",
    "homework": "homework",
    "attendance": "attendance_confirmation",
    "substitution": "substitutions",
    "no_entry": "topics",
    "grade1_homework": "homework",
    "written_mark": "work_kinds",
    "essay_mark": "work_kinds",
    "monitoring_mark": "work_kinds",
    "work_marked": "work_kinds",
    "work_kind_missing": "work_kinds",
    "work_off_schedule": "work_kinds",
    "topic_language": "topics",
    "topic_on_cancelled": "topics",
}
"""The capability without which the source is silent about what is not there."""


@dataclass(frozen=True)
class Lack:
    """What a source does not tell of one rule: tables that no bundle carried, and a capability; "" = none lacks."""

    rule: str
    tables: tuple[str, ...]
    capability: str

    def __str__(self) -> str:
        what = [f"no table {table}" for table in self.tables]
        return ", ".join([*what, f"cannot tell {self.capability}"] if self.capability else what)


def needed_tables(rule: str) -> tuple[str, ...]:
    """Tables of the bundle that the rule needs; none for what reads the registers of the product alone."""
    done = RULE[rule].done_table
    return TABLES.get(rule, (done,) if done else ())


def lack_of(rule: str, carried: Collection[str], capabilities: Collection[str]) -> Lack | None:
    """What a rule lacks; None where the source can tell. `carried` = tables that any bundle of the school had."""
    tables = tuple(table for table in needed_tables(rule) if table not in carried)
    capability = CAPABILITY.get(rule, "")
    lack = Lack(rule, tables, "" if capability in capabilities else capability)
    return lack if lack.tables or lack.capability else None


def lacks(carried: Collection[str], capabilities: Collection[str]) -> tuple[Lack, ...]:
    """The coverage table of a load (annex B16): rules that cannot be judged, or not where nothing was entered, in the
    order of the rules.
    """
    found = (lack_of(rule.name, carried, capabilities) for rule in RULES)
    return tuple(lack for lack in found if lack is not None)
