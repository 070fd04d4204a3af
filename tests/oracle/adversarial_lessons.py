"""Adversarial schools: lessons with works, marks, absences; period marks."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from tests.oracle.adversarial_world import (
    BELLS,
    CODES,
    DAYS,
    HOMEWORKS,
    MARKS,
    SCHOOL_DAYS,
    TOPICS,
    WORK_KINDS,
    Cells,
    World,
)


def add_lessons(world: World) -> None:
    rng = world.rng
    for group in list(world.tables["study_group"]):
        class_like = group["kind"] in ("class", "subgroup", "individual")
        for subject in rng.sample(("math", "eng", "01"), 2 if group["kind"] == "class" else 1):
            teacher = rng.choice(("t1", "t2", "t3"))
            if world.chance(0.6):
                span = rng.choice((("", ""), ("2024-09-01", "2024-10-20"), ("2024-10-21", "")))
                world.add(
                    "teaching_load",
                    staff_key=rng.choice((teacher, "t2")),
                    group_key=group["group_key"],
                    subject_key=subject,
                    from_on=span[0],
                    to_on=span[1],
                )
            if world.chance(0.4):
                world.add("curriculum", group_key=group["group_key"], subject_key=subject, weekly_hours="2.5")
            if world.chance(0.4):
                made = world.near(date(2024, 9, 1), (-3, -2, -1, 0, 1, 9))
                world.add(
                    "plan",
                    plan_key=world.new_key("pl"),
                    group_key=group["group_key"],
                    subject_key=subject,
                    created_at=world.stamp(made),
                    _made=made,
                )
            count = 5 if group["kind"] == "class" else 3
            for day in sorted({*rng.sample(SCHOOL_DAYS, count), *rng.sample(DAYS, 1)}):
                _lesson(world, group, subject, teacher, day, class_like)


def _lesson(world: World, group: Cells, subject: str, teacher: str, day: date, class_like: bool) -> None:
    rng = world.rng
    slot = rng.randrange(len(BELLS))
    start, end = BELLS[slot]
    kind = rng.choice(("", "lesson", "lesson", "lesson", "elective") if class_like else ("elective", "club", "lesson"))
    status = rng.choices(("held", "planned", "cancelled", "moved", "replaced"), (12, 3, 1, 1, 1))[0]
    lesson = world.add(
        "lesson",
        lesson_key=world.new_key("l"),
        group_key=group["group_key"],
        subject_key=subject,
        staff_key=teacher if world.chance(0.9) else "t2",
        held_on=day,
        slot=slot + 1 if world.chance(0.95) else "",
        starts_at=start,
        ends_at=end if world.chance(0.96) else "",
        kind=kind,
        status=status,
    )
    if status != "held" or world.chance(0.1):
        made = world.near(day, (-2, -1, 0, 0, 1))
        lesson.update(status_recorded_at=world.stamp(made))
        if status in ("cancelled", "replaced"):
            lesson["_status_made"] = made
    after_last = datetime.combine(day, time.fromisoformat(rng.choice(BELLS)[1])) + timedelta(
        hours=1, seconds=rng.choice((0, 0, 1))
    )
    if world.chance(0.75):
        made = world.near(day)
        by = rng.choice((teacher, "t2", "t4", "t5", "t6", "t7", "nobody", ""))
        lesson.update(topic=rng.choice(TOPICS), topic_recorded_at=world.stamp(made), topic_recorded_by=by)
        lesson["_made:topic"] = made
    if world.chance(0.7):
        made = rng.choice((world.near(day), after_last, after_last))
        by = rng.choice((teacher, teacher, "t2", "t5", ""))
        lesson.update(homework_recorded_at=world.stamp(made), homework_recorded_by=by)
        lesson["_made:homework"] = made
        lesson["homework"] = rng.choice((*HOMEWORKS, ""))
        lesson["homework_not_assigned"] = rng.choice(("", True)) if not lesson["homework"] else rng.choice(("", False))
        if lesson["homework"] == "" and lesson["homework_not_assigned"] == "":
            lesson.update(homework_recorded_at="", homework_recorded_by="")
    if world.chance(0.3):
        made = world.near(day, (0, 0, 1, 2, 3, 4, 5))
        lesson["attendance_confirmed_at"] = world.stamp(made)
        lesson["_made:attendance_confirmed_at"] = made
    if world.chance(0.15):
        made = world.near(day, (-1, 0, 0, 1))
        lesson.update(substitute_key=rng.choice(("t2", "t4")), substitution_recorded_at=world.stamp(made))
        lesson["_made:substitute_key"] = made
    _events(world, group, lesson, day)


def _events(world: World, group: Cells, lesson: Cells, day: date) -> None:
    rng = world.rng
    pupils = pupils_near(world, group)
    works = []
    if world.chance(0.5):
        performed = rng.choice(("", day, day + timedelta(days=1), day - timedelta(days=2)))
        works.append(
            world.add(
                "work",
                work_key=world.new_key("w"),
                lesson_key=lesson["lesson_key"],
                kind=rng.choice(WORK_KINDS),
                performed_on=performed,
                checked_on=rng.choice(("", day + timedelta(days=3), day + timedelta(days=9))),
                is_monitoring=rng.choice((True, False, "", "")),
            )
        )
    for pupil in pupils:
        if world.chance(0.5):
            _mark(world, lesson, pupil, day, works)
        if world.chance(0.25):
            _absence(world, lesson, pupil, day)


def pupils_near(world: World, group: Cells) -> list[str]:
    """Pupils that were ever in the group's class, sometimes a stranger."""
    enrolled = [row["pupil_key"] for row in world.tables.get("enrolment", []) if row["class_key"] == group["class_key"]]
    everyone = [row["pupil_key"] for row in world.tables["pupil"]]
    return sorted({*enrolled, *(world.rng.sample(everyone, 1) if world.chance(0.1) else [])})


def _works_of_journal(world: World, lesson: Cells) -> list[Cells]:
    lessons = {
        row["lesson_key"]
        for row in world.tables["lesson"]
        if (row["group_key"], row["subject_key"]) == (lesson["group_key"], lesson["subject_key"])
    }
    return [row for row in world.tables.get("work", []) if row["lesson_key"] in lessons]


def _mark(world: World, lesson: Cells, pupil: str, day: date, works: list[Cells]) -> None:
    rng = world.rng
    if world.chance(0.1):
        works = _works_of_journal(world, lesson)
    for _ in range(rng.choice((1, 1, 1, 2))):
        made = world.near(day)
        work_key = rng.choice(works)["work_key"] if works and world.chance(0.8) else ""
        protocol_on = day + timedelta(days=rng.choice((1, 7))) if world.chance(0.08) else ""
        world.add(
            "mark",
            mark_key=world.new_key("m"),
            lesson_key=lesson["lesson_key"],
            work_key=work_key,
            pupil_key=pupil,
            value=rng.choice(MARKS),
            recorded_at=world.stamp(made),
            recorded_by=rng.choice((lesson["staff_key"], "t1", "t4", "t5", "nobody", "")),
            protocol_no="3" if protocol_on else "",
            protocol_on=protocol_on,
            comment=rng.choice(("", "", "", "сдал позже")),
            _made=made,
        )


def _absence(world: World, lesson: Cells, pupil: str, day: date) -> None:
    rng = world.rng
    code = rng.choice(CODES)
    made = world.near(day, (-1, 0, 0, 1, 2, 3, 4, 5))
    later = made + timedelta(days=rng.choice((0, 1, 5, 9)))
    known = code.strip().upper() in ("Б", "УП", "НП")
    for _ in range(rng.choice((1, 1, 1, 1, 2))):
        world.add(
            "absence",
            absence_key=world.new_key("a"),
            lesson_key=lesson["lesson_key"],
            pupil_key=pupil,
            code=code,
            recorded_at=world.stamp(made),
            recorded_by=rng.choice((lesson["staff_key"], "t1", "")),
            reason_recorded_at=world.stamp(later) if known and world.chance(0.6) else "",
            _made=made,
        )


def add_period_marks(world: World) -> None:
    rng = world.rng
    journals = sorted({(row["group_key"], row["subject_key"]) for row in world.tables["lesson"]})
    for group_key, subject_key in journals:
        group = next(row for row in world.tables["study_group"] if row["group_key"] == group_key)
        for period in world.tables["period"]:
            for pupil in pupils_near(world, group):
                for _ in range(rng.choice((0, 0, 1, 1, 1, 2))):
                    made = world.near(date.fromisoformat(period["ends_on"]), (-7, -6, -6, -1, 0, 0, 1, 3, 4, 5))
                    kind = "year" if period["kind"] == "year" else "period"
                    world.add(
                        "period_mark",
                        period_mark_key=world.new_key("pm"),
                        pupil_key=pupil,
                        group_key=group_key,
                        subject_key=subject_key,
                        period_key=period["period_key"],
                        kind=kind if world.chance(0.9) else rng.choice(("exam", "final", "period")),
                        value=rng.choice(MARKS),
                        recorded_at=world.stamp(made),
                        recorded_by=rng.choice(("t1", "t2", "t4", "t5", "")),
                        _made=made,
                    )
