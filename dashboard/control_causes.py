"""Causes that a control proposes: rules over its frozen findings, each a sentence that a person edits or strikes. Pure.

The acts ask the справка for causes (004 8.4) and name no method; these rules are ours (requirements B-33: «findings
text»). A rule speaks where at least MANY of the findings, and no fewer than FEW, are of its kind, with the count it
rests on; the count of people and the closing sentence are always there. No rule names a person.

| rule | speaks where |
|---|---|
| missing, late | the entry is not there at all; or it came after its limit |
| end | more than half of the days lie in the last LAST_DAYS days of the period |
| attendance, marks, content, changes, replaced, planning, records | findings are of these rules of the ledger |
| nobody | nobody answers for the journal |
| one_class | one class has them, of more than three |
| repeated | of what is new since the previous control, faults of then came back |
| only, few, all | three teachers at most have any; three of more have more than half; else it is everybody's |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from dashboard import wording
from dashboard.i18n import count, number, t
from etl.warehouse.ledger import Status

if TYPE_CHECKING:
    from dashboard.control import Outcome, Remark

MANY, FEW, LAST_DAYS, KINDS_NAMED, PEOPLE = 0.25, 3, 7, 4, 3
FAMILIES: dict[str, tuple[str, ...]] = {
    "attendance": ("attendance", "absence", "absence_reason", "absence_unexplained", "mark_while_absent",
                   "absence_deleted_after_makeup"),
    "marks": ("mark", "written_mark", "essay_mark", "monitoring_mark", "work_marked", "period_mark",
              "period_mark_unjustified"),
    "content": ("topic", "homework", "topic_language", "work_kind_missing", "no_entry"),
    "changes": ("mark_lock", "attendance_lock", "topic_lock", "period_mark_lock", "mark_correction",
                "edit_after_period_mark", "future_mark"),
    "replaced": ("substitution", "cancellation", "author_absent", "teacher_scope", "no_timetable_day", "timetable",
                 "topic_on_cancelled", "period_mark_author"),
    "planning": ("plan", "plan_hours", "scheduled_work_missing", "work_off_schedule"),
    "records": ("movement", "card_incomplete", "consent_missing", "promotion_missing", "year_setup",
                "mark_not_enrolled", "homeroom_missing", "account_after_exit"),
}  # fmt: skip
"""Cause → rules of the ledger whose findings speak for it."""


def causes(remarks: Sequence[Remark], ends_on: date | None, before: Outcome | None) -> str:
    """The lines proposed for «Причины»: the most frequent kinds, then one line a cause. `ends_on` = last day of the
    period that the data cover (None: not known)."""
    if not remarks:
        return t("control.causes_none")
    kinds = Counter(remark.rule for remark in remarks)
    ranked = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))[:KINDS_NAMED]
    named = "; ".join(f"{wording.rule_name(rule)} — {number(n)}" for rule, n in ranked)
    whole = len(remarks)
    lines = [t("control_cause.most", kinds=named, total=count(whole, "finding"))]
    lines += [
        t(f"control_cause.{name}", n=number(n), whole=number(of))
        for name, n, of in (*_by_kind(remarks, ends_on), *_again(before))
        if n >= FEW and n >= of * MANY
    ]
    return "\n".join([*lines, _whose(remarks)])


def _by_kind(remarks: Sequence[Remark], ends_on: date | None) -> list[tuple[str, int, int]]:
    """(cause, findings that speak for it, findings looked at)."""
    whole = len(remarks)
    found = [
        ("missing", sum(remark.status == Status.missing for remark in remarks), whole),
        ("late", sum(remark.status == Status.late for remark in remarks), whole),
        ("end", _at_the_end(remarks, ends_on), whole),
    ]
    names = Counter(wording.BY_NUMBER[remark.rule].name for remark in remarks)
    found += [(family, sum(names[name] for name in rules), whole) for family, rules in FAMILIES.items()]
    found.append(("nobody", sum(not remark.teacher for remark in remarks), whole))
    classes = Counter(remark.class_name for remark in remarks if remark.class_name)
    if len(classes) > PEOPLE:
        found.append(("one_class", max(classes.values()), whole))
    return found


def _at_the_end(remarks: Sequence[Remark], ends_on: date | None) -> int:
    days = [date.fromisoformat(remark.on) for remark in remarks if remark.on]
    if ends_on is None or not days:
        return 0
    last = sum(ends_on - timedelta(days=LAST_DAYS) < on <= ends_on for on in days)
    is_spread = min(days) <= ends_on - timedelta(days=2 * LAST_DAYS)  # of a shorter time every day is the end
    return last if is_spread and last * 2 > len(days) else 0


def _again(before: Outcome | None) -> list[tuple[str, int, int]]:
    return [] if before is None else [("repeated", before.repeated, before.repeated + before.new)]


def _whose(remarks: Sequence[Remark]) -> str:
    """Whether it is a few people's or everybody's."""
    teachers = sorted(Counter(remark.teacher for remark in remarks if remark.teacher).values(), reverse=True)
    if 0 < len(teachers) <= PEOPLE:
        return t("control_cause.only", n=count(len(teachers), "teacher"))
    return t("control_cause.few" if sum(teachers[:PEOPLE]) * 2 > len(remarks) else "control_cause.all")
