"""Who may see what, as one hashable value: every query takes it, PostgreSQL row policies enforce it a
second time.

A scope says only what the user's own grants say at the moment of reading; it opens nothing by itself.
Default deny: `EMPTY` has no level, no school and no names, and a query under it returns zero rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from etl.warehouse.roles import sees_entries

Level = Literal["none", "municipality", "school", "class", "teacher"]


@dataclass(frozen=True)
class Scope:
    """The rows one user may see (requirements, section C). Frozen and hashable: it is part of every cache
    key.

    `level` is the widest grant; a region's is called "municipality" too, because both see sums only.
    `school_ids` are the schools of a municipality or school level; `class_ids`
    are pairs (school_id, class_id) of a class teacher; `staff_ids` are pairs (school_id, staff_id) whose
    own journals are visible. `sees_names` is false above school level: pupils have no rows there and
    teachers appear as codes.
    """

    user_id: int
    role: str
    level: Level
    school_ids: frozenset[int]
    class_ids: frozenset[tuple[int, int]]
    staff_ids: frozenset[tuple[int, int]]
    sees_names: bool

    @property
    def is_above(self) -> bool:
        """True above a school: sums of schools, small groups suppressed, no free text and no pupil."""
        return self.level == "municipality"

    @property
    def sees_entries(self) -> bool:
        """Whether lessons, marks and absences inside a school are open; an administrator's and a secretary's school
        level holds none.
        """
        return self.sees_names and sees_entries(self.role)

    @property
    def is_empty(self) -> bool:
        """True where the scope can show nothing at all, whatever its level is called."""
        return self.level == "none" or not (self.school_ids or self.class_ids or self.staff_ids)

    @property
    def all_school_ids(self) -> frozenset[int]:
        """Every school in which the scope has at least one row."""
        pairs = self.class_ids | self.staff_ids
        return self.school_ids | frozenset(school_id for school_id, _ in pairs)


EMPTY = Scope(
    user_id=0,
    role="",
    level="none",
    school_ids=frozenset(),
    class_ids=frozenset(),
    staff_ids=frozenset(),
    sees_names=False,
)
