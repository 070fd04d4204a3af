"""A control of journals: what is frozen when it is opened, what is proposed, what became of it. Pure.

Rules of the proposals (requirements B-33, 004 8.2–8.4), all of them editable before signing:
causes by the rules of `dashboard.control_causes`; the deadline of repair is five working days (Monday to Friday) after
the day of the act, the re-check the next working day.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from dashboard import wording
from dashboard.control_causes import causes
from dashboard.i18n import count, day, listed, t

REPAIR_DAYS = 5
_WEEKEND = 5
CHECKLIST: dict[str, tuple[str, ...]] = {
    "programme": ("topic", "no_timetable_day", "cancellation"),
    "plan_hours": ("plan", "plan_hours"),
    "period_marks": ("period_mark", "period_mark_author", "edit_after_period_mark", "period_mark_lock"),
    "objectivity": ("period_mark_unjustified",),
    "works": ("scheduled_work_missing", "work_off_schedule", "work_marked", "monitoring_mark"),
    "corrections": ("mark_lock", "mark_correction", "attendance_lock", "topic_lock"),
}
"""What 004 8.3 asks to be looked at at the end of a period, and the rules of the ledger that answer it."""


class State(StrEnum):
    """State of a control's document; it only goes on."""

    DRAFT = "draft"
    SIGNED = "signed"
    RECHECKED = "rechecked"


NEXT: Mapping[State, tuple[State, ...]] = {
    State.DRAFT: (State.DRAFT, State.SIGNED),
    State.SIGNED: (State.RECHECKED,),
    State.RECHECKED: (),
}
"""Which state may follow which."""


@dataclass(frozen=True)
class Remark:
    """One finding as it stood then, in words; pupils are not named. `rule` is the number of the ledger's rule, `told`
    the operands, `on` the event day (ISO), `status` the ledger's then (0 in controls that did not keep it)."""

    finding: int
    rule: int
    severity: int
    journal: int | None
    staff: int | None
    what: str
    told: str
    class_name: str
    subject: str
    teacher: str
    on: str
    clause: str
    status: int = 0

    @property
    def key(self) -> tuple[int, int | None, int | None]:
        """What makes two findings the same fault: rule, journal, who answers."""
        return self.rule, self.journal, self.staff


@dataclass(frozen=True)
class Indicator:
    """A metric by its name: value as on the screen, parts of the share (None where it cannot be told)."""

    name: str
    shown: str
    part: int | None
    whole: int | None


@dataclass(frozen=True)
class Outcome:
    """What became of findings: fixed until the deadline, later, still open, no longer due; `repeated` = the fault came
    back in the period after."""

    fixed: int = 0
    late: int = 0
    still: int = 0
    gone: int = 0
    new: int = 0
    repeated: int = 0

    @property
    def share(self) -> float | None:
        """Share fixed in time of those that were to be fixed; None without any."""
        asked = self.fixed + self.late + self.still
        return self.fixed / asked if asked else None


@dataclass(frozen=True)
class Snapshot:
    """What a control froze. `clean` = teachers with journals and without open findings; `journals` = class, subject,
    share as shown, entries missing, below the norm of the act; `checks` = item of 004 8.3 → findings (None = the act
    asks nothing of it), empty for a month; `before` = what became of the previous control's findings; `last` = the last
    day of the period that the data cover (ISO)."""

    label: str
    school: str
    zone: str
    source: str
    until: str
    act: str
    version: str
    indicators: tuple[Indicator, ...] = ()
    remarks: tuple[Remark, ...] = ()
    clean: tuple[str, ...] = ()
    journals: tuple[tuple[str, str, str, int], ...] = ()
    checks: tuple[tuple[str, int | None], ...] = ()
    before: Outcome | None = None
    before_label: str = ""
    last: str = ""

    def to_json(self) -> str:
        """The same text for the same snapshot."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def of_json(cls, text: str) -> Self:
        """The snapshot of a text; fields that a later version of the product adds have their defaults."""
        read = json.loads(text)
        known = {item.name: read[item.name] for item in fields(cls) if item.name in read}
        known["indicators"] = tuple(Indicator(**row) for row in known.get("indicators", ()))
        known["remarks"] = tuple(Remark(**row) for row in known.get("remarks", ()))
        known["before"] = Outcome(**known["before"]) if known.get("before") else None
        for name in ("clean", "journals", "checks"):
            known[name] = tuple(tuple(row) if isinstance(row, list) else row for row in known.get(name, ()))
        return cls(**known)

    def by_teacher(self) -> list[tuple[str, tuple[Remark, ...]]]:
        """Teachers in alphabetical order with their remarks; those that nobody answers for come last."""
        found: dict[str, list[Remark]] = {}
        for remark in self.remarks:
            found.setdefault(remark.teacher, []).append(remark)
        order = sorted(found, key=lambda name: (not name, wording.alphabetical(name)))
        return [(name, tuple(found[name])) for name in order]


@dataclass(frozen=True)
class Texts:
    """What a person may edit, and what the re-check found. Days are ISO texts, so that the whole is JSON."""

    causes: str = ""
    conclusions: str = ""
    decisions: str = ""
    addressees: str = ""
    act_no: str = ""
    act_on: str = ""
    council_on: str = ""
    repair_on: str = ""
    recheck_on: str = ""
    result: Outcome | None = field(default=None)

    def to_json(self) -> str:
        """The same text for the same words."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def of_json(cls, text: str) -> Self:
        """The words of a stored text."""
        read = json.loads(text)
        known = {item.name: read[item.name] for item in fields(cls) if item.name in read}
        known["result"] = Outcome(**known["result"]) if known.get("result") else None
        return cls(**known)

    def faults(self) -> list[str]:
        """Why it cannot be signed, in Russian; empty where it can."""
        found = [
            t(f"control.lacks_{name}") for name in ("conclusions", "act_on", "repair_on") if not getattr(self, name)
        ]
        if self.act_on and self.repair_on and self.repair_on < self.act_on:
            found.append(t("control.repair_before_act"))
        if self.repair_on and self.recheck_on and self.recheck_on < self.repair_on:
            found.append(t("control.recheck_before_repair"))
        return found


def working_day_after(first: date, days: int) -> date:
    """The `days`-th Monday–Friday after a day."""
    found = first
    while days:
        found += timedelta(days=1)
        days -= found.weekday() < _WEEKEND
    return found


def proposed(snapshot: Snapshot, act_on: date) -> Texts:
    """The words proposed for a control of the day `act_on`."""
    repair = working_day_after(act_on, REPAIR_DAYS)
    teachers = [name for name, _ in snapshot.by_teacher() if name]
    return Texts(
        causes=causes(snapshot.remarks, day_of(snapshot.last), snapshot.before),
        conclusions=_conclusions(snapshot),
        decisions=t("control.decisions", day=day(repair)) if snapshot.remarks else t("control.decisions_none"),
        addressees=listed(teachers) if 0 < len(teachers) <= REPAIR_DAYS else t("control.addressees"),
        act_on=act_on.isoformat(),
        repair_on=repair.isoformat(),
        recheck_on=working_day_after(repair, 1).isoformat(),
    )


def _conclusions(snapshot: Snapshot) -> str:
    shown = {row.name: row.shown for row in snapshot.indicators}
    full, timely = (shown.get(name, t("number.cannot_tell")) for name in ("completeness", "timeliness"))
    lines = [t("control.concluded", label=snapshot.label, completeness=full, timeliness=timely)]
    lines.append(t("control.concluded_found", n=count(len(snapshot.remarks), "finding")) if snapshot.remarks
                 else t("control.concluded_none"))  # fmt: skip
    if snapshot.clean:
        lines.append(t("control.concluded_clean", n=count(len(snapshot.clean), "teacher")))
    if snapshot.before and snapshot.before.share is not None:
        lines.append(t("control.concluded_before", fixed=snapshot.before.fixed, late=snapshot.before.late,
                       still=snapshot.before.still))  # fmt: skip
    return " ".join(lines)


def outcome(
    remarks: Sequence[Remark], now: Mapping[int, tuple[str, datetime | None]], deadline: date | None, zone: str
) -> Outcome:
    """What became of remarks: `now` = finding → (state, moment it was fixed); the deadline ends with its day on the
    school's clock, without one whatever is fixed is in time. A finding that is not in the register any more, was
    withdrawn, exempted or accepted is no longer due."""
    ends = None if deadline is None else datetime.combine(deadline, time.max, ZoneInfo(zone))
    found: Counter[str] = Counter()
    for remark in remarks:
        state, fixed_at = now.get(remark.finding, ("withdrawn", None))
        if state == "fixed":
            found["fixed" if ends is None or fixed_at is None or fixed_at <= ends else "late"] += 1
        else:
            found["still" if state in ("open", "disputed") else "gone"] += 1
    return Outcome(found["fixed"], found["late"], found["still"], found["gone"])


def compared(before: Outcome, old: Sequence[Remark], new: Sequence[Remark]) -> Outcome:
    """The outcome with what is new since, and of that what repeats a fault of the previous control."""
    known, faults = {remark.finding for remark in old}, {remark.key for remark in old}
    fresh = [remark for remark in new if remark.finding not in known]
    repeated = sum(remark.key in faults for remark in fresh)
    return replace(before, new=len(fresh) - repeated, repeated=repeated)


def checklist(remarks: Sequence[Remark], regulated: set[str]) -> tuple[tuple[str, int | None], ...]:
    """Items of 004 8.3 with the number of findings; None where the act says nothing of any of their rules."""
    counts = Counter(wording.BY_NUMBER[remark.rule].name for remark in remarks)
    return tuple(
        (item, sum(counts[name] for name in rules) if regulated & set(rules) or any(counts[n] for n in rules) else None)
        for item, rules in CHECKLIST.items()
    )


def day_of(text: str) -> date | None:
    """The day of an ISO text; None for a blank."""
    return date.fromisoformat(text) if text else None


def as_values(remark: Remark) -> dict[str, Any]:
    """A remark by column, for tables."""
    return asdict(remark)
