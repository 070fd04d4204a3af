"""Further content rules about classes, plans, cards, promotion and control (annex R20; G23, G26–G28)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from tests.oracle.bundle import Row
from tests.oracle.facts import MEMBER_KINDS, Facts, in_force
from tests.oracle.judgement import made_at, possibly_made
from tests.oracle.rules_content import Breach
from tests.oracle.rules_periods import journal_teacher
from tests.oracle.school_calendar import day_of_school_year

DAY = timedelta(days=1)
WEEKS, WEEKS_OF_GRADE_1 = 34, 33
# Grades at whose end one leaves or is enrolled anew: nobody is promoted from them.
LAST_GRADES = (9, 11)


def plan_hours(facts: Facts, at: datetime) -> Iterator[Breach]:
    """004 5-УП-5: the hours of the plan are those of the curriculum."""
    tolerance = facts.profile.ktp_hours_tolerance
    if tolerance is None:
        return
    for line in facts.rows("curriculum"):
        group_key, subject_key = line["group_key"], line["subject_key"]
        group, school_class = facts.live_row("study_group", group_key), facts.class_of_group(group_key)
        if group is None or school_class is None or group["kind"] not in MEMBER_KINDS:
            continue
        planned = planned_hours(facts, group_key, subject_key, at)
        weeks = WEEKS_OF_GRADE_1 if school_class["grade"] == 1 else WEEKS
        wanted = line["annual_hours"] if line["annual_hours"] is not None else line["weekly_hours"] * weeks
        if planned is not None and abs(planned - wanted) > tolerance:
            teacher = journal_teacher(facts, group_key, subject_key, None)
            yield Breach("plan_hours", "journal", f"{group_key}|{subject_key}", teacher)


def planned_hours(facts: Facts, group_key: str, subject_key: str, at: datetime) -> Decimal | None:
    """The sum over the journal's plans; None when one of them does not tell, or may not be there yet."""
    plans = [row for row in facts.rows("plan") if (row["group_key"], row["subject_key"]) == (group_key, subject_key)]
    made = [made_at(facts.moment(plan, "created_at"), at) for plan in plans]
    if "unsure" in made or "yes" not in made:
        return None
    total = Decimal(0)
    for plan, state in zip(plans, made, strict=True):
        if state == "no":
            continue
        hours = plan["total_hours"]
        if hours is None:
            items = [row["hours"] for row in facts.rows("plan_item") if row["plan_key"] == plan["plan_key"]]
            if not items or None in items:
                return None
            hours = sum(items, Decimal(0))
        total += hours
    return total


def homerooms_missing(facts: Facts, at: datetime) -> Iterator[Breach]:
    """000 П-4.3, 003 Т-3.3: every class has a class teacher."""
    if not facts.profile.homeroom_teacher_required:
        return
    files = [bundle.files["school_class"] for bundle in facts.state.bundles if "school_class" in bundle.files]
    if not any("homeroom_teacher_key" in file.columns for file in files):
        return
    for school_class in facts.rows("school_class"):
        if school_class["homeroom_teacher_key"] is None:
            yield Breach("homeroom_missing", "class", school_class["class_key"], "")


def days_without_timetable(facts: Facts, at: datetime) -> Iterator[Breach]:
    """000 П-5.3: an instructional day on which no group of the class has any lesson; a class that never has one
    comes from a source that tells no timetable."""
    if not facts.profile.timetable_required:
        return
    for school_class in facts.rows("school_class"):
        groups = {
            row["group_key"] for row in facts.rows("study_group") if row["class_key"] == school_class["class_key"]
        }
        taught = {lesson["held_on"] for lesson in facts.rows("lesson") if lesson["group_key"] in groups}
        for day in school_days(facts, school_class) if taught else ():
            if day <= facts.day_of(at) and day not in taught:
                yield Breach("no_timetable_day", "class_day", f"{school_class['class_key']}|{day}", "")


def is_of(facts: Facts, lesson: Row, school_class: Row) -> bool:
    own = facts.class_of_lesson(lesson)
    return own is not None and own["class_key"] == school_class["class_key"]


def school_days(facts: Facts, school_class: Row) -> Iterator[date]:
    """Instructional days from the first to the last day of the finest periods of the class."""
    periods = facts.calendar.periods_of(school_class["grade"], school_class["school_year"])
    if not periods:
        return
    day, last = min(period["starts_on"] for period in periods), max(period["ends_on"] for period in periods)
    while day <= last:
        if facts.calendar.is_instructional(day, school_class):
            yield day
        day += DAY


def cards_incomplete(facts: Facts, at: datetime) -> Iterator[Breach]:
    """003 5.5, 5.6: the share of filled flags of a card is below the required one."""
    share = facts.profile.card_required_share
    if share is None:
        return
    cards: dict[tuple[str, str], list[bool]] = {}
    for row in facts.rows("card_field"):
        cards.setdefault((row["owner_kind"], row["owner_key"]), []).append(row["filled"])
    for (kind, owner), flags in cards.items():
        if sum(flags) < share * len(flags) and not has_left(facts, kind, owner):
            yield Breach("card_incomplete", "card", f"{kind}|{owner}", "")


def has_left(facts: Facts, kind: str, owner: str) -> bool:
    """Where the data end (the flags have no moments): no longer employed, or enrolled before and nowhere now."""
    today = facts.day_of(facts.state.bundles[-1].extracted_at)
    if kind == "pupil":
        own = [row for row in facts.rows("enrolment") if row["pupil_key"] == owner]
        return bool(own) and not any(in_force(row, today) for row in own)
    if kind == "staff":
        staff = facts.live_row("staff", owner)
        return staff is not None and staff["employed_to"] is not None and staff["employed_to"] <= today
    return False


def promotions_missing(facts: Facts, at: datetime) -> Iterator[Breach]:
    """000 П-6: a pupil of a class that is not the last one has no order of promotion after the day for it."""
    if facts.profile.promotion_orders_due is None or not facts.state.carries("movement"):
        return
    missing = set()
    for school_class in facts.rows("school_class"):
        due = day_of_school_year(facts.profile.promotion_orders_due, school_class["school_year"])
        if school_class["grade"] in LAST_GRADES or facts.at(due) >= at:
            continue
        for row in facts.rows("enrolment"):
            enrolled = row["class_key"] == school_class["class_key"] and in_force(row, due)
            if enrolled and not was_moved_on(facts, row["pupil_key"], school_class, at):
                missing.add(row["pupil_key"])
    for pupil in sorted(missing):
        yield Breach("promotion_missing", "pupil", pupil, "")


def was_moved_on(facts: Facts, pupil: str, school_class: Row, at: datetime) -> bool:
    """Promoted from a class of the year, possibly by T, or a graduate of it, whenever that was typed in."""
    return any(
        row["pupil_key"] == pupil
        and year_of(facts, row) == school_class["school_year"]
        and (row["kind"] == "graduate" or (row["kind"] == "promotion" and possibly_made(facts.recorded(row), at)))
        for row in facts.rows("movement")
    )


def year_of(facts: Facts, movement: Row) -> str:
    """The year of the class that is left, else the one that ends in the calendar year of the order."""
    left = facts.any_row("school_class", movement["from_class_key"])
    if left is not None:
        year: str = left["school_year"]
        return year
    ends = (movement["order_on"] or movement["effective_on"]).year
    return f"{ends - 1}/{ends}"


def control_acts_missing(facts: Facts, at: datetime) -> Iterator[Breach]:
    """G28: a month from September to May is over without an act of a role; bundles carry no acts at all."""
    if facts.profile.control_frequency != "month":
        return
    months = set()
    for school_class in facts.rows("school_class"):
        first, second = (int(part) for part in school_class["school_year"].split("/"))
        months |= {date(first, month, 1) for month in range(9, 13)} | {date(second, month, 1) for month in range(1, 6)}
    for month in sorted(months):
        next_month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        if facts.day_of(at) < next_month:
            continue
        for role in facts.profile.control_roles:
            yield Breach("control_act_missing", "control_act", f"{month:%Y-%m}|{role}", "")
