"""The registers that people keep in the product: who writes which, which of them the ledger reads, which line counts.

The row policies (`warehouse.policies`) and the pages read this one table (requirements, section C; issue, «Registers»).
"""

from __future__ import annotations

from dataclasses import dataclass

HEADS = ("director", "deputy", "coordinator")


@dataclass(frozen=True)
class RegisterRow:
    """One register = one table of lines with versions.

    `writers` are roles that may add a line or a version of it; a class teacher among them for her own class only
    (`class_id`). `levels` of `access_row` read it all, level `class` those of the own class where `by_class`. `feeds`:
    the ledger reads it, so a saved line asks for a derivation (annex B21). `names`: pupils stand in it by name.
    """

    table: str
    writers: tuple[str, ...]
    levels: tuple[str, ...]
    feeds: bool = False
    by_class: bool = False
    names: bool = False


REGISTER_ROWS: tuple[RegisterRow, ...] = (
    RegisterRow("absence_document_entry", HEADS, ("school",), feeds=True, names=True),
    # the director decides, the deputy enters (004 7.2–7.4)
    RegisterRow("edit_permission_entry", ("director", "deputy"), ("school",), feeds=True, names=True),
    RegisterRow("incident", (*HEADS, "administrator"), ("school", "upkeep"), feeds=True),
    RegisterRow("outage", (*HEADS, "administrator"), ("school", "upkeep"), feeds=True),
    # class teacher: 000 П-5.4, 001 КР-8; administrator: 004 5-АД-4. A tick names no pupil
    RegisterRow(
        "review_tick", (*HEADS, "administrator", "class_teacher"), ("school", "upkeep", "class"), by_class=True
    ),
    # the class teacher enters the totals of her class (004 5-КР-1); a sum names no pupil
    RegisterRow("class_absence_summary", (*HEADS, "class_teacher"), ("school",), by_class=True),
    RegisterRow("print_line", (*HEADS, "administrator", "secretary"), ("school", "upkeep", "cards")),
    RegisterRow(
        "printout_request", (*HEADS, "secretary", "class_teacher"), ("school", "cards"), by_class=True, names=True
    ),
    RegisterRow("control_act", HEADS, ("school",), feeds=True),
    RegisterRow("municipal_report", HEADS, ("school", "upkeep")),
)
"""The order is that of the page."""
REGISTER: dict[str, RegisterRow] = {row.table: row for row in REGISTER_ROWS}
_LEVEL_OF = {"administrator": "upkeep", "secretary": "cards", "class_teacher": "class"}


def registers_of(role: str) -> tuple[RegisterRow, ...]:
    """The registers that a role reads, in order; empty for an unknown role and above a school."""
    level = _LEVEL_OF.get(role, "school" if role in HEADS else "")
    return tuple(row for row in REGISTER_ROWS if level in row.levels or (level == "class" and row.by_class))


def newest_lines(table: str) -> str:
    """SQL of a relation: the version of each line that counts, withdrawn lines left out."""
    return (
        f"(SELECT v.* FROM (SELECT DISTINCT ON (school_id, {table}_id) * FROM {table}"
        f" ORDER BY school_id, {table}_id, version_no DESC) v WHERE NOT v.is_withdrawn)"
    )
