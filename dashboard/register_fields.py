"""The registers that people keep: what a line of each holds, and what is wrong with one that somebody typed. Pure.

A line is a mapping of the columns of its table (`etl.warehouse.register_rights`, `etl.warehouse.tables`). Moments are
aware; "today" and "now" are those of the school's clock. Words stand in `texts/registers.toml`: of a field under
`register_field.<column>`, of a choice under `register_choice.<column>.<value>`, of a fault under `register_fault`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

FieldKind = Literal["day", "last_day", "moment", "month", "year", "text", "long", "choice", "staff", "pupil", "class",
                    "period", "object", "span", "count"]  # fmt: skip
LONGEST = {"text": 200, "long": 2000}
MOST = 1_000_000
"""No class misses so many lessons: a greater number is a slip of the hand."""
GROUNDS = ("pupil_absence", "resit", "assessment_makeup", "teacher_absence", "other")
"""Grounds of a permission (004 7.1, contract vocabulary)."""
SUBJECTS = ("personal_data", "marks", "activity_report", "backup")
"""What a review attests: cards (000 П-5.4, 001 КР-8, 004 5-АД-4), marks of the class (000 П-5.4), report of activity
(001 СА-3.5), a copy of the source's data (001 СА-3.1)."""
DOCUMENTS = ("journal", "summary", "change_table", "other")
LONG_KEPT = "summary"
CONTROLLERS = ("director", "deputy", "coordinator", "class_teacher", "administrator")


@dataclass(frozen=True)
class Field:
    """One column of a line: how it is entered and whether it must be. A `last_day` is shown inclusive and stored as the
    first day that no longer counts; an `object` is the pair entity, entity_key; a `span` is the code of a
    period or month as it stands in the URL, a `count` a whole number."""

    name: str
    kind: FieldKind
    required: bool = False
    choices: tuple[str, ...] = ()


FIELDS: dict[str, tuple[Field, ...]] = {
    "absence_document_entry": (
        Field("pupil_id", "pupil", required=True),
        Field("kind", "choice", required=True, choices=("illness", "valid")),
        Field("from_on", "day", required=True),
        Field("to_on", "last_day", required=True),
        Field("presented_on", "day", required=True),
        Field("document_no", "text"),
    ),
    "edit_permission_entry": (
        Field("entity_key", "object", required=True),
        Field("permission_no", "text", required=True),
        Field("ground", "choice", required=True, choices=GROUNDS),
        Field("requested_by_id", "staff"),
        Field("requested_on", "day"),
        Field("decided_on", "day", required=True),
        Field("protocol_no", "text"),
    ),
    "incident": (
        Field("staff_id", "staff", required=True),
        Field("known_at", "moment", required=True),
        Field("notified_at", "moment"),
        Field("restored_at", "moment"),
        Field("confirmed_at", "moment"),
        Field("account_key", "text"),
        Field("note", "long"),
    ),
    "outage": (
        Field("from_at", "moment", required=True),
        Field("to_at", "moment"),
        Field("memo_no", "text"),
        Field("reason", "long"),
    ),
    "review_tick": (
        Field("subject", "choice", required=True, choices=SUBJECTS),
        Field("class_id", "class"),
        Field("month_on", "month", required=True),
        Field("ticked_on", "day", required=True),
    ),
    "class_absence_summary": (
        Field("class_id", "class", required=True),
        Field("period", "span", required=True),
        Field("missed_count", "count", required=True),
        Field("illness_count", "count"),
        Field("invalid_count", "count"),
    ),
    "print_line": (
        Field("document", "choice", required=True, choices=DOCUMENTS),
        Field("school_year", "year", required=True),
        Field("class_id", "class"),
        Field("period_id", "period"),
        Field("printed_on", "day", required=True),
        Field("signed_on", "day"),
        Field("archived_on", "day"),
        Field("place", "text"),
        Field("sha256", "text"),
    ),
    "printout_request": (
        Field("pupil_id", "pupil", required=True),
        Field("requested_on", "day", required=True),
        Field("last_issued_on", "day"),
        Field("ended_on", "day"),
    ),
    "control_act": (
        Field("role", "choice", required=True, choices=CONTROLLERS),
        Field("month_on", "month", required=True),
        Field("period_id", "period"),
        Field("act_on", "day", required=True),
        Field("act_no", "text"),
        Field("council_on", "day"),
        Field("findings", "long"),
    ),
    "municipal_report": (
        Field("title", "text", required=True),
        Field("addressee", "text"),
        Field("due_on", "day", required=True),
        Field("done_on", "day"),
    ),
}
"""Register → fields of its form, in order."""
FIRST_DAY = {
    "absence_document_entry": "from_on", "edit_permission_entry": "decided_on", "incident": "known_at",
    "outage": "from_at", "review_tick": "ticked_on",
    "class_absence_summary": "entered_at", "print_line": "printed_on", "printout_request": "requested_on",
    "control_act": "act_on", "municipal_report": "due_on",
}  # fmt: skip
"""Register → the column by which its lines stand, newest first."""
# pairs that must not stand the other way round; equal is allowed
_ORDER: dict[str, tuple[tuple[str, str], ...]] = {
    "absence_document_entry": (("from_on", "to_on"),),
    "edit_permission_entry": (("requested_on", "decided_on"),),
    "incident": (("known_at", "notified_at"), ("known_at", "restored_at"), ("restored_at", "confirmed_at")),
    "outage": (("from_at", "to_at"),),
    "review_tick": (("month_on", "ticked_on"),),
    "print_line": (("printed_on", "signed_on"), ("signed_on", "archived_on")),
    "printout_request": (("requested_on", "last_issued_on"), ("requested_on", "ended_on")),
    "control_act": (("month_on", "act_on"), ("act_on", "council_on")),
}
_AHEAD = {"to_on", "due_on", "council_on", "ended_on", "month_on"}
"""Days that may lie ahead."""


@dataclass(frozen=True)
class Fault:
    """What is wrong: a code of `register_fault` with the column, and the other column where two contradict."""

    code: str
    name: str
    other: str = ""


def cleaned(register: str, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The line as it is stored: texts without needless spaces, blank ones as None; only columns of the register."""
    line: dict[str, Any] = {}
    for name in columns_of(register):
        value = typed.get(name)
        if isinstance(value, str):
            value = " ".join(value.split()) or None
        line[name] = value
    return line


def columns_of(register: str) -> tuple[str, ...]:
    """Columns that a form fills, those behind an object and those that the product computes included."""
    found = [field.name for field in FIELDS[register]]
    beside = {"edit_permission_entry": ["entity"], "absence_document_entry": ["document_key"],
              "printout_request": ["class_id"], "print_line": ["destroy_after"], "review_tick": ["staff_id"],
              "class_absence_summary": ["school_year"],
              "control_act": ["staff_id"]}  # fmt: skip
    return (*found, *beside.get(register, []))


def faults(register: str, line: Mapping[str, Any], today: date, now: datetime) -> list[Fault]:
    """What is wrong with a cleaned line, in the order of the form; empty where it may be saved."""
    found = []
    for field in FIELDS[register]:
        value = line.get(field.name)
        if value is None:
            found += [Fault("required", field.name)] * field.required
        elif isinstance(value, str) and field.kind in LONGEST and len(value) > LONGEST[field.kind]:
            found.append(Fault("long", field.name))
        elif field.kind == "count" and not 0 <= int(value) <= MOST:
            found.append(Fault("count", field.name))
        elif field.choices and value not in field.choices:
            found.append(Fault("choice", field.name))
        elif field.name not in _AHEAD and _is_ahead(value, today, now):
            found.append(Fault("ahead", field.name))
    for earlier, later in _ORDER.get(register, ()):
        if _is_after(line.get(earlier), line.get(later), exclusive=later == "to_on"):
            found.append(Fault("order", earlier, later))
    if register == "class_absence_summary" and _parts(line) > int(line.get("missed_count") or 0):
        found += [Fault("parts", "missed_count")] * (line.get("missed_count") is not None)
    if register == "print_line" and line.get("sha256") and not _is_sum(str(line["sha256"])):
        found.append(Fault("checksum", "sha256"))
    return found


def _is_ahead(value: Any, today: date, now: datetime) -> bool:
    if isinstance(value, datetime):
        return value > now
    return isinstance(value, date) and value > today


def _is_after(earlier: Any, later: Any, *, exclusive: bool) -> bool:
    if earlier is None or later is None:
        return False
    return bool(earlier >= later if exclusive else earlier > later)


def _parts(line: Mapping[str, Any]) -> int:
    """Missed lessons of the reasons that were told apart: together no more than the total."""
    return int(line.get("illness_count") or 0) + int(line.get("invalid_count") or 0)


def _is_sum(value: str) -> bool:
    return len(value) == 64 and all(char in "0123456789abcdef" for char in value)


def destroy_after(document: str, school_year: int, years: Mapping[str, int]) -> date:
    """Last day on which a printed document must still be kept: the retention begins when the school year is over
    (requirements R16-E3.4). `years` = years by `journal` and `summary`, of the school's act."""
    kept = years["summary" if document == LONG_KEPT else "journal"]
    return date(school_year + 1 + kept, 8, 31)
