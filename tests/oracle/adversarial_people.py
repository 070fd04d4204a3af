"""Adversarial schools: people, calendar, classes, groups, registers, accounts."""

from __future__ import annotations

from datetime import date, timedelta

from tests.oracle.adversarial_world import (
    DAYS,
    YEAR,
    World,
)


def add_people(world: World) -> None:
    roles = ("teacher", "teacher", "teacher", "deputy", "administrator", "secretary", "", "director")
    for number, role in enumerate(roles, start=1):
        employed_to = "2024-09-10" if number == 3 and world.chance(0.3) else ""
        world.add("staff", staff_key=f"t{number}", full_name=f"Учитель {number}", role=role, employed_to=employed_to)
    for key in ("math", "eng", "01"):
        world.add("subject", subject_key=key, name=key)


def add_calendar(world: World) -> None:
    world.add("calendar_day", date="2024-11-04", is_instructional=False, is_staff_working=False)
    for day in world.rng.sample(DAYS, 4):
        if day != date(2024, 11, 4):
            world.add(
                "calendar_day",
                date=day,
                is_instructional=world.chance(0.5),
                is_staff_working=world.chance(0.5),
            )
    shape = world.rng.choice(("usual", "short", "trimester", "year", "high_only"))
    quarters = {
        "usual": [("2024-09-02", "2024-10-25"), ("2024-11-05", "2024-12-28")],
        "short": [("2024-09-02", "2024-09-13"), ("2024-09-16", "2024-10-27"), ("2024-10-28", "2024-11-03")],
        "trimester": [("2024-09-02", "2024-10-18"), ("2024-10-21", "2024-11-05")],
    }.get(shape, [])
    kind = "trimester" if shape == "trimester" else "quarter"
    for number, (start, end) in enumerate(quarters, start=1):
        _period(world, f"{kind[0]}{number}", kind, number, start, end, 1, 9)
    if shape != "year":
        _period(world, "h1", "half_year", 1, "2024-09-02", world.rng.choice(("2024-10-25", "2024-12-28")), 10, 11)
    year_end = world.rng.choice(("2024-11-01", "2025-05-31"))
    _period(world, "y", "year", 1, "2024-09-02", year_end, 10 if shape == "high_only" else 1, 11)


def _period(world: World, key: str, kind: str, number: int, start: str, end: str, low: int, high: int) -> None:
    world.add(
        "period",
        period_key=key,
        school_year=YEAR,
        kind=kind,
        number=number,
        starts_on=start,
        ends_on=end,
        grade_from=low,
        grade_to=high,
    )


def add_classes(world: World) -> None:
    rng = world.rng
    for number in range(1, rng.choice((1, 2, 2, 3)) + 1):
        class_key = f"c{number}"
        world.add(
            "school_class",
            class_key=class_key,
            school_year=YEAR,
            grade=rng.choice((1, 5, 7, 8, 9, 10, 11)),
            letter="А",
            week_days=rng.choice(("", "", "5", "6")),
            homeroom_teacher_key=rng.choice(("t1", "t2", "")),
        )
        pupils = [f"p{number}{index}" for index in range(1, rng.choice((1, 3, 4, 5)) + 1)]
        for index, pupil in enumerate(pupils):
            world.add("pupil", pupil_key=pupil, full_name=f"Ученик {pupil}")
            _enrolment(
                world,
                pupil,
                class_key,
                rng.choice(("full", "full", "full", "joiner", "leaver", "gap", "mover")),
            )
            if index == 0 and world.chance(0.2):
                world.tables["enrolment"] = [row for row in world.tables["enrolment"] if row["pupil_key"] != pupil]
        _groups(world, number, class_key, pupils)


def _enrolment(world: World, pupil: str, class_key: str, fate: str) -> None:
    day = world.rng.choice(("2024-09-05", "2024-09-10", "2024-10-21", "2024-10-25", "2024-10-26", "2024-11-05"))
    other = "c1" if class_key != "c1" else "c2"
    has_other = other == "c1"
    spans = {
        "full": [("2024-09-01", "")],
        "joiner": [(day, "")],
        "leaver": [("2024-09-01", day)],
        "gap": [("2024-09-01", "2024-09-05"), ("2024-10-21", "")],
        "mover": [("2024-09-01", day)],
    }[fate]
    for start, end in spans:
        world.add("enrolment", pupil_key=pupil, class_key=class_key, from_on=start, to_on=end)
    if fate == "mover" and has_other:
        world.add("enrolment", pupil_key=pupil, class_key=other, from_on=day, to_on="")


def _groups(world: World, number: int, class_key: str, pupils: list[str]) -> None:
    rng = world.rng
    world.add("study_group", group_key=f"g{number}", class_key=class_key, kind="class")
    for kind in ("subgroup", "subgroup", "individual", "elective", "club", "after_school"):
        if not world.chance(0.6):
            continue
        group = world.new_key("sg")
        world.add("study_group", group_key=group, class_key=class_key, kind=kind)
        members = [pupil for pupil in pupils if world.chance(0.8)]
        for pupil in members[: 1 if kind == "individual" else 9]:
            start = rng.choice(("2024-09-01", "2024-09-01", "2024-09-10", "2024-10-21"))
            end = rng.choice(("", "", "2024-10-25", "2024-11-05"))
            world.add("group_member", group_key=group, pupil_key=pupil, from_on=start, to_on=end)


def add_registers(world: World) -> None:
    rng = world.rng
    pupils = [row["pupil_key"] for row in world.tables["pupil"]]
    for _ in range(3):
        start = rng.choice(DAYS)
        end = start + timedelta(days=rng.choice((1, 5, 12)))
        world.add(
            "absence_document",
            document_key=world.new_key("d"),
            pupil_key=rng.choice(pupils),
            kind="illness",
            from_on=start,
            to_on=end,
            presented_on=end + timedelta(days=rng.choice((-1, 0, 3))),
        )
    for number in range(6):
        day = rng.choice(DAYS)
        made = world.near(day, (-1, 0, 1, 5, 7, 8, 9))
        world.add(
            "movement",
            movement_key=f"mv{number}",
            pupil_key=rng.choice(pupils),
            kind=rng.choice(("enrol", "leave", "class_transfer", "school_transfer", "promotion", "graduate")),
            order_on=rng.choice((day, "")),
            effective_on=day,
            recorded_at=world.stamp(made),
            _made=made,
        )
        made = world.near(day, (-3, -2, -1, 0, 1))
        world.add(
            "timetable_version",
            version_key=f"v{number}",
            class_key=rng.choice(("c1", "")),
            effective_from=day,
            published_at=world.stamp(made),
            _made=made,
        )
    world.add("staff_absence", staff_key=rng.choice(("t1", "t2")), from_on="2024-09-09", to_on="2024-09-14")
    _setup(world)
    _accounts(world, pupils)


def _setup(world: World) -> None:
    rng = world.rng
    sections = [
        "periods",
        "vacations",
        "subjects_federal",
        "rooms",
        "staff",
        "monitoring_schedule",
        "new_year",
    ]
    for section in [*rng.sample(sections, 5), "class_list:c1", "class_list:c2"]:
        made = world.near(date(2024, 9, 4), (-3, -1, -1, 0, 1, 2))
        world.add(
            "setup_section",
            school_year=YEAR,
            section=section,
            items=rng.choice((0, 1, 5)),
            attested_empty=rng.choice((True, False, "")),
            recorded_at=world.stamp(made),
            _made=made,
        )


def _accounts(world: World, pupils: list[str]) -> None:
    rng = world.rng
    for number in range(1, 9):
        role = rng.choice(("parent", "pupil", "staff"))
        persons = {"parent": "par", "pupil": rng.choice(pupils), "staff": rng.choice(("t3", "t1"))}
        world.add(
            "account",
            account_key=f"ac{number}",
            role=role,
            person_key=f"par{number}" if role == "parent" else persons[role],
            active=rng.choice((True, True, False)),
            created_at=rng.choice(("", "2024-09-01", "2024-09-10T12:00:00")),
            deactivated_at=rng.choice(("", "", "2024-09-12", "2024-10-26T00:00:00")),
        )
        if world.chance(0.5):
            world.add(
                "consent",
                parent_key=f"par{number}",
                pupil_key=rng.choice(pupils),
                status=rng.choice(("given", "refused")),
                registered_on=rng.choice(("2024-09-05", "2024-10-26", "")),
            )
