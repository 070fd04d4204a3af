"""A seeded generator of small, nasty chains of bundles: every branch of the annex, moments on every boundary.

`contested=True` adds the situations on which the texts allow two readings (READINGS.md, marked "contested").
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tests.oracle.adversarial_bundle import BundlePlan
from tests.oracle.adversarial_changes import add_changes, add_mutations
from tests.oracle.adversarial_further import add_further
from tests.oracle.adversarial_lessons import add_lessons, add_period_marks
from tests.oracle.adversarial_people import add_calendar, add_classes, add_people, add_registers
from tests.oracle.adversarial_world import (
    CLOCKS,
    DAYS,
    OPTIONAL_TABLES,
    REGULATIONS,
    ZONES,
    World,
)
from tests.oracle.builder import ALL_CAPABILITIES
from tests.oracle.schema import TABLES

# Columns that are part of a key or whose absence only makes a table useless.
KEPT_COLUMNS = {("teaching_load", "from_on"), ("enrolment", "to_on"), ("group_member", "to_on")}
# Tables that others refer to: they are in every bundle or in none.
REFERRED = {"period", "work", "plan", "plan_item", "mark", "enrolment", "group_member"}


def some_capabilities(rng: Random) -> list[str]:
    """A subset; without `change_log` the load writes the changes itself, hence the lower share."""
    return [name for name in ALL_CAPABILITIES if rng.random() < (0.45 if name == "change_log" else 0.75)]


def extraction_moments(seed: int, count: int) -> list[datetime]:
    """Ascending moments (UTC) of the bundles; the last lies after every deadline of the first quarter."""
    rng = Random(f"ends{seed}")  # noqa: S311
    pool = [
        datetime(2024, 9, 6, 20, 59, 59, tzinfo=UTC),
        datetime(2024, 9, 9, 3, 0, 0, tzinfo=UTC),
        datetime(2024, 9, 12, 21, 0, 0, tzinfo=UTC),
        datetime(2024, 9, 20, 10, 0, 0, tzinfo=UTC),
        datetime(2024, 10, 21, 3, 0, 0, tzinfo=UTC),
        datetime(2024, 10, 25, 20, 59, 59, tzinfo=UTC),
        datetime(2024, 10, 28, 3, 0, 0, tzinfo=UTC),
        datetime(2024, 11, 1, 3, 0, 0, tzinfo=UTC),
        datetime(2024, 11, 7, 21, 0, 0, tzinfo=UTC),
    ]
    last = rng.choice([datetime(2024, 11, 12, 3, tzinfo=UTC), datetime(2025, 6, 25, 3, tzinfo=UTC)])
    return [*sorted(rng.sample(pool, min(count - 1, len(pool)))), last]


def as_of_moments(seed: int) -> list[str]:
    """Moments T worth asking about: bare dates, local times, times with an offset, on boundaries and off."""
    rng = Random(f"asof{seed}")  # noqa: S311
    fixed = [
        "2024-09-06",
        "2024-09-09T00:00:00",
        "2024-09-13T23:59:59",
        "2024-09-12T21:00:00+00:00",
        "2024-10-25T12:00:00",
        "2024-10-26T00:00:00+03:00",
        "2024-10-28",
        "2024-11-06T23:59:58",
        "2025-07-01",
    ]
    day = rng.choice(DAYS)
    return [*rng.sample(fixed[:-1], 3), f"{day}T{rng.choice(CLOCKS)}", fixed[-1]]


def write_chain(
    folder: Path, seed: int, *, snapshots: int = 1, timestamps: bool = True, contested: bool = False
) -> list[Path]:
    """Writes `snapshots` bundles, oldest first: a snapshot, then also deltas and scoped snapshots."""
    rng = Random(f"chain{seed}")  # noqa: S311
    ends = extraction_moments(seed, snapshots)
    worlds = [
        build_world(Random(f"world{seed}/{n}"), n, timestamps, contested, ends)  # noqa: S311
        for n in range(1, rng.choice((1, 1, 2, 3)) + 1)
    ]
    missing = {table for table in OPTIONAL_TABLES if rng.random() < 0.06}
    dropped = {
        (table, name)
        for table, columns in TABLES.items()
        for name, column in columns.items()
        if not column.required and (table, name) not in KEPT_COLUMNS and rng.random() < 0.04
    }
    capabilities = some_capabilities(rng)
    paths = []
    for number, end in enumerate(ends):
        plan = BundlePlan(number, end, worlds, missing, dropped, capabilities, contested)
        if number and rng.random() < 0.3:
            plan.worlds = [rng.choice(worlds)]
        if number and rng.random() < 0.3:
            plan.capabilities = some_capabilities(rng)
        if number:
            plan.mode = rng.choice(("snapshot", "snapshot", "snapshot", "delta"))
            plan.scoped = plan.mode == "snapshot" and rng.random() < 0.2
            late = [table for table in OPTIONAL_TABLES if table not in REFERRED and rng.random() < 0.05]
            plan.missing = (missing - set(late[:1])) | set(late[1:])
            plan.dropped = {item for item in sorted(dropped) if rng.random() < 0.7}
        paths.append(plan.write(folder / f"{number + 1:02d}", Random(f"bundle{seed}/{number}")))  # noqa: S311
    return paths


def build_world(rng: Random, number: int, timestamps: bool, contested: bool, ends: list[datetime]) -> World:
    world = World(rng, number, timestamps, contested, ends)
    world.add(
        "school",
        name=f"Школа {number}",
        municipality="Город",
        timezone=rng.choice(ZONES),
        week_days=rng.choice(("5", "6", "")),
        regulation=rng.choices(REGULATIONS, (4, 4, 2, 2, 4, 1, 1))[0],
    )
    add_people(world)
    add_calendar(world)
    add_classes(world)
    add_lessons(world)
    add_period_marks(world)
    add_registers(world)
    add_further(world)
    add_changes(world)
    add_mutations(world)
    return world
