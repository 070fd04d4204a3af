"""Which parameters of a profile speak for which rule of the ledger: target, limit, ban; hence its clause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Column S of the requirements (annex F2): C, J, N, I."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class RuleParameters:
    """The parameters of one rule, each tuple in the order in which a null falls back to the next.

    `limit`, `target`: deadlines. `terms`: what regulates the rule otherwise (a ban, a window, a demand).
    `also`: further parameters whose clause the row cites when they are in force. `fixed`: the severity
    whatever the clause; a rule without parameters holds in every profile (annex R19) and has its own here.
    """

    limit: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    fixed: Severity | None = None

    @property
    def governing(self) -> tuple[str, ...]:
        """The parameters that regulate the rule; the first one stated gives its clause and severity."""
        return (*self.limit, *self.target, *self.terms)


def _terms(*names: str, fixed: Severity | None = None) -> RuleParameters:
    return RuleParameters(terms=names, fixed=fixed)


RULE_PARAMETERS: Mapping[str, RuleParameters] = {
    "topic": RuleParameters(("topic_limit",), ("topic_target",)),
    "homework": RuleParameters(("homework_limit",), ("homework_target",)),
    "attendance": RuleParameters(("absence_limit",), ("absence_target",)),
    "absence": RuleParameters(("absence_limit",), ("absence_target",)),
    "absence_reason": RuleParameters(("absence_reason_limit",)),
    "absence_unexplained": _terms("absence_weekly_review"),
    "mark": RuleParameters(("mark_limit",), ("mark_target",), also=("past_marks_forbidden",)),
    "written_mark": RuleParameters(("written_mark_limit", "mark_limit"), ("written_mark_target", "mark_target")),
    "essay_mark": RuleParameters(("essay_mark_limit", "mark_limit"), ("written_mark_target", "mark_target")),
    "monitoring_mark": RuleParameters(("vshk_mark_limit", "mark_limit"), ("written_mark_target", "mark_target")),
    "work_marked": RuleParameters(("written_mark_limit", "mark_limit"), ("written_mark_target", "mark_target")),
    "future_mark": _terms("future_marks_forbidden"),
    "mark_lock": _terms("mark_lock_days", "vshk_mark_lock_days", "essay_mark_lock_days"),
    "attendance_lock": _terms("attendance_lock_days"),
    "topic_lock": _terms("topic_lock_days", "work_type_lock_days"),
    "period_mark_lock": _terms("period_mark_edit_after_end", "period_mark_lock_days"),
    "mark_correction": _terms("mark_correction_window_days"),
    "edit_after_period_mark": _terms("edit_forbidden_after_period_mark"),
    "period_mark": _terms("period_mark_mode"),
    "substitution": RuleParameters(("substitution_limit",), ("substitution_target",)),
    "cancellation": RuleParameters(("cancellation_limit",)),
    "timetable": _terms("timetable_publish_lead_days"),
    "plan": _terms("ktp_due"),
    "year_setup": _terms("year_setup"),
    "movement": RuleParameters(("movement_order_limit", "roster_change_limit")),
    # requirements A8-3: a lesson with nothing at all is critical whatever its elements are
    "no_entry": RuleParameters(("topic_limit",), ("topic_target",), fixed=Severity.CRITICAL),
    "grade1_mark": _terms("first_grade_marks_forbidden"),
    "grade1_homework": _terms("first_grade_homework_value"),
    "grade1_period_value": _terms("first_grade_period_value", "first_grade_year_value"),
    "topic_language": _terms("topic_language"),
    "work_kind_missing": _terms("work_type_required"),
    "plan_hours": _terms("ktp_hours_tolerance"),
    "teacher_scope": _terms("teacher_scope"),
    "period_mark_author": _terms("period_mark_author_roles"),
    "period_mark_unjustified": _terms("period_mark_justification_check"),
    "card_incomplete": _terms("card_required_share"),
    "consent_missing": _terms("consent_required"),
    "account_after_exit": _terms("access_removed_on_exit"),
    "homeroom_missing": _terms("homeroom_teacher_required"),
    "no_timetable_day": _terms("timetable_required"),
    "absence_deleted_after_makeup": _terms("absence_kept_after_makeup"),
    "void_after_incident": _terms("void_ops_after_incident"),
    "scheduled_work_missing": _terms("assessment_schedule_check"),
    # scenario G24: a work off the schedule is minor, a scheduled one that is missing is not
    "work_off_schedule": _terms("assessment_schedule_check", fixed=Severity.MINOR),
    "promotion_missing": _terms("promotion_orders_due"),
    "control_act_missing": _terms("control_frequency"),
    # Rules that hold in every profile. Severities: requirements rows R16-ST2d, R7-E1.4, R53-1.4 (as
    # interpreted there), R16-ST2c, and the "consistency flags" of scenarios G19 and G20 (R7-E1.4).
    "mark_while_absent": _terms(fixed=Severity.MAJOR),
    "mark_not_enrolled": _terms(fixed=Severity.INFO),
    "lesson_on_day_off": _terms(fixed=Severity.MINOR),
    "two_marks_one_work": _terms(fixed=Severity.MINOR),
    "topic_on_cancelled": _terms(fixed=Severity.INFO),
    "author_absent": _terms(fixed=Severity.INFO),
}
