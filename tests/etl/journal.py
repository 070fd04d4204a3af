"""One small class with lessons and marks: the bundle most tests of loads begin with."""

from __future__ import annotations

from typing import Any

from tests.oracle.builder import BundleBuilder, tiny_school

CAPABILITIES = ("topics", "homework", "work_kinds")
"""Without `change_log`: the load writes changes itself."""


def moment(day: int) -> str:
    """06:00 in Moscow on a day of October 2024."""
    return f"2024-10-{day:02d}T06:00:00+03:00"


def journal(day: int = 1, regulation: str | None = "school7_oktyabrsky", **options: Any) -> BundleBuilder:
    """School s1, class c1 with pupils p1 and p2, lessons l1 and l2 of mathematics, marks m1 (5) and m2 (4)."""
    bundle = tiny_school(moment(day), regulation, **{"capabilities": CAPABILITIES, **options})
    bundle.add_class()
    for number in (1, 2):
        bundle.add("lesson", lesson_key=f"l{number}", held_on=f"2024-09-1{number}", topic="Дроби")
    bundle.add("mark", mark_key="m1", lesson_key="l1", value="5", recorded_by="t1")
    bundle.add("mark", mark_key="m2", lesson_key="l2", value="4", pupil_key="p2")
    return bundle


def delta(day: int, **options: Any) -> BundleBuilder:
    """A delta that names school s1 and nothing else yet."""
    bundle = BundleBuilder(moment(day), mode="delta", **{"capabilities": CAPABILITIES, **options})
    return bundle.add("school", school_key="s1", regulation="school7_oktyabrsky")


def without(bundle: BundleBuilder, table: str, **cells: str) -> BundleBuilder:
    """The bundle without the rows that have these cells."""
    rows = bundle.tables[table]
    bundle.tables[table] = [row for row in rows if any(row.get(name) != value for name, value in cells.items())]
    return bundle
