"""Rules of the school year: plan, timetable, year_setup, movement (annex R14, R16, R17)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.oracle.facts import MEMBER_KINDS, Facts, Values, earliest_of
from tests.oracle.judgement import Candidate, fixed
from tests.oracle.rules_periods import journal_teacher
from tests.oracle.school_calendar import day_of_school_year


def plans(facts: Facts, at: datetime) -> Iterator[Candidate]:
    for group_key, subject_key in sorted(facts.journals()):
        group, school_class = facts.live_row("study_group", group_key), facts.class_of_group(group_key)
        if group is None or school_class is None or group["kind"] not in MEMBER_KINDS:
            continue
        due = None
        if facts.profile.ktp_due:
            due = fixed(facts.at(day_of_school_year(facts.profile.ktp_due, school_class["school_year"])))
        own = [
            plan for plan in facts.rows("plan") if (plan["group_key"], plan["subject_key"]) == (group_key, subject_key)
        ]
        yield Candidate(
            "plan",
            "journal",
            f"{group_key}|{subject_key}",
            journal_teacher(facts, group_key, subject_key, None),
            required=True,
            done=earliest_of(facts.moment(plan, "created_at") for plan in own),
            due=due,
            source_lacks=not facts.state.carries("plan"),
        )


def timetables(facts: Facts, at: datetime) -> Iterator[Candidate]:
    lead = facts.profile.timetable_publish_lead_days
    for version in facts.rows("timetable_version"):
        due = None
        if lead is not None:
            due = fixed(facts.at(version["effective_from"] - timedelta(days=lead)))
        yield Candidate(
            "timetable",
            "timetable_version",
            version["version_key"],
            "",
            required=True,
            done=facts.moment(version, "published_at"),
            due=due,
        )


def year_setups(facts: Facts, at: datetime) -> Iterator[Candidate]:
    profile = facts.profile
    if profile.setup_due is None:
        return
    for year in sorted({row["school_year"] for row in facts.rows("school_class")}):
        sections = list(profile.setup_sections)
        if profile.class_lists:
            classes = [row["class_key"] for row in facts.rows("school_class") if row["school_year"] == year]
            sections += [f"class_list:{class_key}" for class_key in classes]
        for section in sections:
            row = facts.state.tables["setup_section"].get((year, section))
            done = None
            if row and not row.deleted:
                done = facts.moment(row, "recorded_at", is_set_up, set_up_by)
            yield Candidate(
                "year_setup",
                "setup_section",
                f"{year}|{section}",
                "",
                required=True,
                done=done,
                due=fixed(facts.at(day_of_school_year(profile.setup_due, year))),
                source_lacks=not facts.state.carries("setup_section"),
            )


def is_set_up(values: Values) -> bool:
    return values["items"] > 0 or values.get("attested_empty") is True


def set_up_by(values: Values) -> str:
    return "items" if values["items"] > 0 else "attested_empty"


def movements(facts: Facts, at: datetime) -> Iterator[Candidate]:
    """One row; due = the earlier of the stated limits, with the week of the school."""
    limits = [limit for limit in (facts.profile.movement_order_limit, facts.profile.roster_change_limit) if limit]
    for movement in facts.rows("movement"):
        anchor = movement["order_on"] or movement["effective_on"]
        days = [facts.calendar.deadline(limit, anchor, None) for limit in limits]
        yield Candidate(
            "movement",
            "movement",
            movement["movement_key"],
            "",
            required=False,
            done=facts.recorded(movement),
            due=fixed(facts.at(min(days))) if days else None,
        )
