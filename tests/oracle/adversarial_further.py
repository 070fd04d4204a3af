"""Adversarial schools: what the further content rules look at (annex R20): schedules, plans, cards, promotion,
make-up marks whose absence goes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from tests.oracle.adversarial_world import CLOCKS, DAYS, MARKS, WORK_KINDS, Cells, World


def add_further(world: World) -> None:
    _plans(world)
    _weights(world)
    _latin_topics(world)
    _schedule(world)
    _cards(world)
    _promotions(world)
    _made_up(world)


def _plans(world: World) -> None:
    """Hours on both sides of the curriculum's: stated, summed over the items, or not told."""
    rng = world.rng
    told = {(row["group_key"], row["subject_key"]) for row in world.tables.get("curriculum", [])}
    for plan in world.tables.get("plan", []):
        journal = {name: plan[name] for name in ("group_key", "subject_key")}
        if tuple(journal.values()) not in told:
            world.add("curriculum", **journal, weekly_hours=rng.choice(("2.5", "2")))
    for line in world.tables.get("curriculum", []):
        line["annual_hours"] = rng.choice(("", "", "68"))
    for plan in world.tables.get("plan", []):
        plan["total_hours"] = rng.choice(("85", "85.0", "82.5", "68", "66", "", ""))
        for number in range(rng.choice((0, 2))):
            world.add(
                "plan_item",
                plan_item_key=world.new_key("pi"),
                plan_key=plan["plan_key"],
                seq=number + 1,
                hours=rng.choice(("42.5", "34", "34", "")) if world.chance(0.3) else "42.5",
                topic="Тема",
            )
    if world.tables.get("plan") and world.chance(0.5):
        twin = dict(rng.choice(world.tables["plan"]))
        world.add("plan", **twin | {"plan_key": world.new_key("pl"), "total_hours": rng.choice(("0.5", "17"))})


def _weights(world: World) -> None:
    for work in world.tables.get("work", []):
        work["weight"] = world.rng.choice(("", "", "1", "2", "0.5"))


def _latin_topics(world: World) -> None:
    for lesson in world.tables["lesson"]:
        if lesson.get("topic") and world.chance(0.15):
            lesson["topic"] = world.rng.choice(("Present Simple", "Тема Present Simple", "Ёж 1", "2024"))


def _schedule(world: World) -> None:
    """Days of works of the journal, and days on which there is none."""
    rng = world.rng
    works = {work["lesson_key"]: work for work in world.tables.get("work", [])}
    for number, lesson in enumerate(rng.sample(world.tables["lesson"], min(8, len(world.tables["lesson"])))):
        work = works.get(lesson["lesson_key"], {})
        day = work.get("performed_on") or lesson["held_on"]
        world.add(
            "assessment_schedule",
            assessment_key=f"as{number}",
            group_key=lesson["group_key"],
            subject_key=lesson["subject_key"],
            work_kind=work.get("kind") if work and world.chance(0.6) else rng.choice((*WORK_KINDS, "контрольная")),
            planned_on=day if world.chance(0.8) else day + timedelta(days=rng.choice((-1, 1, 60))),
            is_monitoring=rng.choice((True, False, "")),
        )


def _cards(world: World) -> None:
    rng = world.rng
    owners = [("pupil", row["pupil_key"]) for row in world.tables["pupil"]]
    owners += [("staff", "t1"), ("staff", "t3"), ("parent", "par1"), ("school", world.key), ("pupil", "nobody")]
    for kind, owner in owners:
        is_full = world.chance(0.5)
        for field in ("СНИЛС", "телефон", "адрес")[: rng.choice((0, 1, 3))]:
            world.add("card_field", owner_kind=kind, owner_key=owner, field=field, filled=is_full or world.chance(0.5))


def _promotions(world: World) -> None:
    rng = world.rng
    for number, pupil in enumerate(world.tables["pupil"]):
        if not world.chance(0.6):
            continue
        day = rng.choice(("2024-05-30", "2025-05-30", "2025-06-20"))
        made = world.near(rng.choice(DAYS).replace(year=2025, month=6, day=20), (-2, -1, 0, 1, 2))
        world.add(
            "movement",
            movement_key=f"pr{number}",
            pupil_key=pupil["pupil_key"],
            kind=rng.choice(("promotion", "promotion", "graduate", "class_transfer")),
            order_on=rng.choice((day, "")),
            effective_on=day,
            recorded_at=world.stamp(made),
            _made=made,
        )


def _made_up(world: World) -> None:
    """Marks by protocol, and the absence of the lesson deleted before or after, found or only located."""
    rng = world.rng
    for number, absence in enumerate(world.tables.get("absence", [])):
        if not world.chance(0.5):
            continue
        lesson = next(row for row in world.tables["lesson"] if row["lesson_key"] == absence["lesson_key"])
        made = world.near(lesson["held_on"], (1, 3, 7))
        world.add(
            "mark",
            mark_key=world.new_key("m"),
            lesson_key=absence["lesson_key"],
            work_key="",
            pupil_key=absence["pupil_key"],
            value=rng.choice(MARKS),
            recorded_at=world.stamp(made),
            recorded_by=lesson["staff_key"],
            protocol_no=rng.choice(("3", "")),
            protocol_on=rng.choice((made.date(), "")),
            _made=made,
        )
        _deletion(world, number, absence, made.date())


def _deletion(world: World, number: int, absence: Cells, day: date) -> None:
    rng = world.rng
    made = datetime.combine(day, time.fromisoformat(rng.choice(CLOCKS)))
    is_there = world.chance(0.4)
    world.add(
        "change",
        change_key=f"del{number:03d}",
        entity="absence",
        entity_key=absence["absence_key"] if is_there else f"was{number}",
        field=rng.choice(("", "code", "comment")),
        action=rng.choice(("delete", "delete", "update")),
        changed_at=rng.choice((made.isoformat(), day.isoformat())),
        changed_by=rng.choice(("t1", "t4", "")),
        lesson_key=absence["lesson_key"] if world.chance(0.9) else "",
        pupil_key=absence["pupil_key"] if world.chance(0.9) else "",
        _made=made,
    )
    if not is_there and world.chance(0.8):
        world.tables["absence"] = [row for row in world.tables["absence"] if row is not absence]
