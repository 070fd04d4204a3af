"""Which role may hold which grants, and how much of a school each of them opens (requirements, section C).

A grant says where (region, municipality, school, class, own journals); the role says what of it. Both together become
the levels of `access_row`, which every row policy reads. What is not named here opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

GrantLevel = Literal["region", "municipality", "school", "class", "teacher", "staff_names"]
"""`staff_names` beside a municipality's grant: it lets the names of teachers be read there too."""
RowLevel = Literal["aggregate", "staff", "school", "upkeep", "cards", "class", "journal"]
Persons = Literal["names", "codes", "aggregates"]


@dataclass(frozen=True)
class RoleRow:
    """One role: `opens` = level of the grant → level of the rows; `persons` = how people appear by name at the most;
    `sees_entries` = lessons, marks and absences of pupils are open to it at all.
    """

    opens: dict[GrantLevel, RowLevel]
    persons: Persons
    sees_entries: bool


_HEAD = RoleRow({"school": "school"}, "names", sees_entries=True)
ROLE_ROWS: dict[str, RoleRow] = {
    "director": _HEAD,
    "deputy": _HEAD,
    "coordinator": _HEAD,
    # rights, lists, loads, activity: no mark and no absence of anybody (000 П-4, 001 СА, 004 5-АД)
    "administrator": RoleRow({"school": "upkeep"}, "names", sees_entries=False),
    "class_teacher": RoleRow({"class": "class", "teacher": "journal"}, "names", sees_entries=True),
    "teacher": RoleRow({"teacher": "journal"}, "names", sees_entries=True),
    # cards, movement, consents (001 СК, 003 Т-3.1.5, 004 5-СК)
    "secretary": RoleRow({"school": "cards"}, "names", sees_entries=False),
    # «ограниченные сведения»: sums; teachers as codes unless the municipality grants their names (001 СА-3.1, 004 7.5)
    "inspector": RoleRow({"municipality": "aggregate", "staff_names": "staff"}, "codes", sees_entries=False),
    "region": RoleRow({"region": "aggregate", "municipality": "aggregate"}, "aggregates", sees_entries=False),
}
"""The one table role × grant; the order is that in which people are shown the roles."""
ROLES = tuple(ROLE_ROWS)
ABOVE_SCHOOLS = tuple(role for role, row in ROLE_ROWS.items() if "municipality" in row.opens)
"""Roles of people whom no school employs."""


def opens(role: str, grant: str) -> RowLevel | None:
    """The level of rows that a grant opens to a role; None where the role may not hold such a grant."""
    row = ROLE_ROWS.get(role)
    return None if row is None else next((level for name, level in row.opens.items() if name == grant), None)


def grants_of(role: str) -> tuple[GrantLevel, ...]:
    """Levels of the grants that a role may hold; none for an unknown role."""
    row = ROLE_ROWS.get(role)
    return () if row is None else tuple(row.opens)


def sees_entries(role: str) -> bool:
    """Whether lessons, marks and absences are open to the role in any school; an unknown role sees none."""
    row = ROLE_ROWS.get(role)
    return row is not None and row.sees_entries
