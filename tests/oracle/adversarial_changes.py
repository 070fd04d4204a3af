"""Adversarial schools: the change log, and what changes between the bundles of a chain."""

from __future__ import annotations

from datetime import date, timedelta

from tests.oracle.adversarial_world import (
    CODES,
    DAYS,
    MARKS,
    TOPICS,
    WORK_KINDS,
    Cells,
    Mutation,
    World,
)
from tests.oracle.schema import KEYS


def add_changes(world: World) -> None:
    """A change log: edits and deletes on both sides of every lock, with and without permission."""
    rng = world.rng
    columns = {"mark": "value", "absence": "code", "lesson": "topic", "work": "kind", "period_mark": "value"}
    keys = {name: f"{name}_key" for name in columns}
    for number in range(30):
        entity = rng.choice(tuple(columns))
        rows = world.tables.get(entity, [])
        if not rows:
            continue
        row = rng.choice(rows)
        made = world.near(_date_of(world, entity, row), (0, 1, 5, 6, 7, 8, 10, 10, 11, 14, 15))
        location = rng.choice(("", row.get("lesson_key", "")))
        world.add(
            "change",
            change_key=f"ch{number:03d}",
            entity=entity,
            entity_key=row[keys[entity]] if world.chance(0.93) else f"gone{number}",
            field=rng.choice((columns[entity], columns[entity], "", "homework", "comment")),
            action=rng.choice(("update", "update", "update", "delete", "create")),
            changed_at=world.stamp(made) or made.isoformat(),
            changed_by=rng.choice(("t1", "t2", "t4", "t7", "nobody", "")),
            lesson_key=location if entity != "period_mark" else "",
            pupil_key=row.get("pupil_key", "") if location else "",
            _made=made,
        )
        if world.chance(0.4):
            world.add(
                "edit_permission",
                permission_no=f"{number}",
                ground="other",
                entity=entity,
                entity_key=row[keys[entity]],
                decided_on=made.date() + timedelta(days=rng.choice((-3, 0, 0, 1))),
            )


def _date_of(world: World, entity: str, row: Cells) -> date:
    if entity == "period_mark":
        period = next(item for item in world.tables["period"] if item["period_key"] == row["period_key"])
        return date.fromisoformat(period["ends_on"])
    lesson = next(item for item in world.tables["lesson"] if item["lesson_key"] == row["lesson_key"])
    day: date = lesson["held_on"]
    return day


def add_mutations(world: World) -> None:
    """What changes between the bundles: values, deletions, returns, cleared and refilled cells."""
    count = len(world.ends)
    if count == 1:
        return
    rng = world.rng
    edits: dict[str, tuple[str, tuple[str, ...]]] = {
        "mark": ("value", MARKS),
        "absence": ("code", CODES),
        "lesson": ("topic", (*TOPICS, "")),
        "work": ("kind", WORK_KINDS),
        "period_mark": ("value", MARKS),
    }
    for table, (column, values) in edits.items():
        for row in rng.sample(world.tables.get(table, []), min(12, len(world.tables.get(table, [])))):
            key = tuple(str(row[name]) for name in KEYS[table])
            first = rng.randrange(1, count)
            last = rng.choice((first + 1, count))
            if table != "work" and rng.random() < (0.15 if table == "lesson" else 0.4):
                _vanish(world, table, row, key, first, last)
            else:
                world.mutations.append(Mutation(table, key, first, last, {column: rng.choice(values)}))
    for lesson in rng.sample(world.tables["lesson"], min(6, len(world.tables["lesson"]))):
        cells: Cells = rng.choice(
            (
                {"status": "cancelled"},
                {"homework": "", "homework_not_assigned": ""},
                {"held_on": rng.choice(DAYS)},
                {"ends_at": ""},
                {"substitute_key": "t2"},
            )
        )
        world.mutations.append(Mutation("lesson", (lesson["lesson_key"],), rng.randrange(1, count), count, cells))
    if world.contested:
        for mark in rng.sample(world.tables.get("mark", []), min(8, len(world.tables.get("mark", [])))):
            moved = {"recorded_at": world.stamp(world.near(rng.choice(DAYS)))}
            first = rng.randrange(1, count)
            world.mutations.append(Mutation("mark", (mark["mark_key"],), first, count, moved))
    for table in ("enrolment", "group_member", "calendar_day", "absence_document", "edit_permission", "plan"):
        for row in world.tables.get(table, []):
            if world.chance(0.08):
                key = tuple(str(row[name]) for name in KEYS[table])
                world.mutations.append(Mutation(table, key, rng.randrange(1, count), count, None))


def _vanish(world: World, table: str, row: Cells, key: tuple[str, ...], first: int, last: int) -> None:
    """A vanished lesson takes its works and absences with it; its marks stay half of the time (B6)."""
    world.mutations.append(Mutation(table, key, first, last, None))
    if table != "lesson":
        return
    absences_go = not world.contested or world.chance(0.5)
    dependants = [*(["absence"] if absences_go else []), *(["mark"] if world.chance(0.5) else [])]
    works = {item["work_key"] for item in world.tables.get("work", []) if item["lesson_key"] == key[0]}
    if not world.contested:
        for mark in world.tables.get("mark", []):
            if mark["work_key"] in works:
                world.mutations.append(Mutation("mark", (mark["mark_key"],), first, last, None))
    for name in ("work", *dependants):
        for item in world.tables.get(name, []):
            if item["lesson_key"] == key[0]:
                own = tuple(str(item[part]) for part in KEYS[name])
                world.mutations.append(Mutation(name, own, first, last, None))
