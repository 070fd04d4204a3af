"""The ledger at T: every rule of every school, as the export shows it (annex L0, L12)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from tests.oracle.bundle import read_chain
from tests.oracle.cells import local
from tests.oracle.facts import Facts
from tests.oracle.judgement import Candidate, Judged, judge
from tests.oracle.rules_absences import absence_reasons, absences, absences_unexplained
from tests.oracle.rules_changes import edits_after_period_mark, locks, mark_corrections
from tests.oracle.rules_content import (
    Breach,
    accounts_after_exit,
    consents_missing,
    grade1_homeworks,
    grade1_marks,
    grade1_period_values,
    lessons_on_days_off,
    marks_not_enrolled,
    marks_while_absent,
    period_mark_authors,
    teacher_scopes,
    two_marks_one_work,
)
from tests.oracle.rules_further_lessons import (
    absences_deleted,
    authors_absent,
    period_marks_unjustified,
    scheduled_works_missing,
    topics_in_another_language,
    topics_on_cancelled,
    work_kinds_missing,
    works_off_schedule,
)
from tests.oracle.rules_further_school import (
    cards_incomplete,
    control_acts_missing,
    days_without_timetable,
    homerooms_missing,
    plan_hours,
    promotions_missing,
)
from tests.oracle.rules_lessons import (
    attendances,
    cancellations,
    homeworks,
    no_entries,
    substitutions,
    topics,
)
from tests.oracle.rules_marks import future_marks, mark_candidates, works_marked
from tests.oracle.rules_periods import period_marks
from tests.oracle.rules_year import movements, plans, timetables, year_setups


@dataclass(frozen=True)
class Row:
    """One line of the export, without the clause."""

    school_key: str
    rule: str
    object_type: str
    object_key: str
    responsible_key: str
    not_before: str
    target_at: str
    due_at: str
    done_at: str
    status: str


Builder = Callable[[Facts, datetime], Iterator[Candidate] | Iterator[Breach]]
LOCKS = ("mark_lock", "attendance_lock", "topic_lock", "period_mark_lock")

# (builder, the rules it makes, the table from which their done comes; None = any bundle) (L0).
FAMILIES: list[tuple[Builder, tuple[str, ...], str | None]] = [
    (topics, ("topic",), "lesson"),
    (homeworks, ("homework",), "lesson"),
    (attendances, ("attendance",), "lesson"),
    (substitutions, ("substitution",), "lesson"),
    (cancellations, ("cancellation",), "lesson"),
    (no_entries, ("no_entry",), "lesson"),
    (absences, ("absence",), "absence"),
    (absence_reasons, ("absence_reason",), "absence"),
    (absences_unexplained, ("absence_unexplained",), "absence"),
    (mark_candidates, ("mark", "written_mark", "essay_mark", "monitoring_mark"), "mark"),
    (future_marks, ("future_mark",), "mark"),
    (works_marked, ("work_marked",), "mark"),
    (period_marks, ("period_mark",), "period_mark"),
    (locks, LOCKS, None),
    (mark_corrections, ("mark_correction",), None),
    (edits_after_period_mark, ("edit_after_period_mark",), None),
    (plans, ("plan",), "plan"),
    (timetables, ("timetable",), "timetable_version"),
    (year_setups, ("year_setup",), "setup_section"),
    (movements, ("movement",), "movement"),
    (grade1_marks, ("grade1_mark",), "mark"),
    (grade1_homeworks, ("grade1_homework",), "lesson"),
    (grade1_period_values, ("grade1_period_value",), "period_mark"),
    (marks_while_absent, ("mark_while_absent",), "mark"),
    (marks_not_enrolled, ("mark_not_enrolled",), "mark"),
    (lessons_on_days_off, ("lesson_on_day_off",), "lesson"),
    (two_marks_one_work, ("two_marks_one_work",), "mark"),
    (teacher_scopes, ("teacher_scope",), "mark"),
    (period_mark_authors, ("period_mark_author",), "period_mark"),
    (consents_missing, ("consent_missing",), "account"),
    (accounts_after_exit, ("account_after_exit",), "account"),
    (topics_in_another_language, ("topic_language",), "lesson"),
    (work_kinds_missing, ("work_kind_missing",), "mark"),
    (plan_hours, ("plan_hours",), "plan"),
    (period_marks_unjustified, ("period_mark_unjustified",), "period_mark"),
    (cards_incomplete, ("card_incomplete",), "card_field"),
    (homerooms_missing, ("homeroom_missing",), "school_class"),
    (days_without_timetable, ("no_timetable_day",), "lesson"),
    (absences_deleted, ("absence_deleted_after_makeup",), None),
    (topics_on_cancelled, ("topic_on_cancelled",), "lesson"),
    (authors_absent, ("author_absent",), "lesson"),
    (scheduled_works_missing, ("scheduled_work_missing",), "assessment_schedule"),
    (works_off_schedule, ("work_off_schedule",), "work"),
    (promotions_missing, ("promotion_missing",), "pupil"),
    (control_acts_missing, ("control_act_missing",), None),
]

RULES_DONE: frozenset[str] = frozenset(rule for _, rules, _ in FAMILIES for rule in rules)


def parse_as_of(as_of: str, facts: Facts) -> datetime:
    """T in UTC: without an offset local time of the school, a bare date = its 23:59:59 (L12)."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", as_of):
        return local(date.fromisoformat(as_of), time(23, 59, 59), facts.zone)
    moment = datetime.fromisoformat(as_of)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=facts.zone)
    return moment.astimezone(UTC).replace(microsecond=0)


def data_end(facts: Facts, table: str | None) -> datetime:
    """When the newest bundle of the school that carries the table was extracted (L0)."""
    ends = [bundle.extracted_at for bundle in facts.state.bundles if table is None or table in bundle.files]
    return max(ends or [bundle.extracted_at for bundle in facts.state.bundles])


def ledger(bundles: list[Path], as_of: str) -> list[Row]:
    """The rows of a chain of bundle folders at T, in the order of the export."""
    database = read_chain(bundles)
    rows: list[Row] = []
    for state in database.schools.values():
        facts = Facts(state)
        asked = parse_as_of(as_of, facts)
        for build, _, table in FAMILIES:
            at = min(asked, data_end(facts, table))
            for candidate in build(facts, at):
                row = to_row(facts, candidate, at)
                if row:
                    rows.append(row)
    rows.sort(key=lambda row: (row.rule, row.object_key, row.school_key))
    identities = [(row.school_key, row.rule, row.object_key) for row in rows]
    assert len(identities) == len(set(identities)), "a row is there twice"
    return rows


def to_row(facts: Facts, candidate: Candidate | Breach, at: datetime) -> Row | None:
    judged = Judged("breached") if isinstance(candidate, Breach) else judge(candidate, at)
    if judged is None:
        return None
    return Row(
        facts.state.school_key,
        candidate.rule,
        candidate.object_type,
        candidate.object_key,
        candidate.responsible,
        facts.text(judged.not_before),
        facts.text(judged.target_at),
        facts.text(judged.due_at),
        facts.text(judged.done_at),
        judged.status,
    )


def as_lines(rows: list[Row]) -> list[tuple[str, ...]]:
    """The rows as plain tuples, for a comparison with the product's export."""
    return [astuple(row) for row in rows]
