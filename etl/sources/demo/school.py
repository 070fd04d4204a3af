"""One school from its plan and its own random stream to the tables of its bundle."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from etl.sources.demo.absences import build_absences, build_members
from etl.sources.demo.calendar import SchoolYear, build_year
from etl.sources.demo.changes import build_changes, build_permissions, split_deleted_marks
from etl.sources.demo.classes import Pupils, build_classes, build_pupils
from etl.sources.demo.content import add_content, build_plans
from etl.sources.demo.directory import build_directory, build_homeroom
from etl.sources.demo.habits import build_habits
from etl.sources.demo.lessons import build_lessons
from etl.sources.demo.marks import add_work_kinds, build_marks, build_works, strange_author, written_moments
from etl.sources.demo.period_marks import build_period_marks
from etl.sources.demo.plan import PLANNED_DAYS, SchoolPlan, local_seconds
from etl.sources.demo.registers import (
    build_accounts,
    build_activity,
    build_cards,
    build_consents,
    build_schedule,
    build_setup,
    build_timetable_versions,
)
from etl.sources.demo.staffing import Staffing, build_staffing
from etl.sources.demo.timetable import Timetable
from etl.sources.demo.write import KeyStyle

_DAY: Final = 86400
_ENTITY_LETTERS: Final = {"mark": "m", "absence": "a", "lesson": "l", "work": "w", "period_mark": "e"}
Tables = dict[str, pl.DataFrame]


def build_school(
    plan: SchoolPlan, year_start: int, extracted_at: datetime, seed: list[int], *, family_days: int
) -> Tables:
    """Every table of one school as frames of numbers (see write.py). `seed` alone decides the chance."""
    rng = np.random.default_rng(seed)
    year = build_year(plan, year_start)
    limit = local_seconds(extracted_at, plan.timezone) - 60
    today = min(limit // _DAY, year.end + 1)
    classes = build_classes(plan)
    people = build_pupils(rng, plan, year, classes, today - 1, limit)
    sizes = people.enrolments.group_by("class", maintain_order=True).len().sort("class")["len"].to_list()
    staffing = build_staffing(rng, classes, sizes)
    classes = classes.with_columns(build_homeroom(plan, classes, staffing))
    tables = build_directory(plan, year, classes, people, staffing, limit)
    tables |= _journal(rng, plan, year, classes, people, staffing, today, limit)
    tables |= _registers(rng, plan, year, classes, people, tables, today, limit, family_days)
    return tables


def _journal(
    rng: np.random.Generator,
    plan: SchoolPlan,
    year: SchoolYear,
    classes: pl.DataFrame,
    people: Pupils,
    staffing: Staffing,
    today: int,
    limit: int,
) -> Tables:
    """Lessons and everything entered about them."""
    staff_count = len(staffing.staff)
    members, journal_members = build_members(people.enrolments, staffing.journals, staffing.groups, people.pupils)
    days, shifts = classes["days"].to_list(), classes["shift"].to_list()
    template = Timetable(rng, staffing.units, days, shifts).place().frame()
    horizon = today + PLANNED_DAYS
    built = build_lessons(
        rng, plan, year, template, staffing.journals, classes, staffing.area_of, today, horizon, limit
    )
    plans, items = build_plans(rng, year, built.hours, staffing.journals)
    habits = build_habits(rng, staff_count, plan.quality)
    lessons = add_work_kinds(built.lessons)
    lessons = add_content(rng, plan, year, lessons, items, habits, today, limit)
    lessons = lessons.with_columns(written_moments(rng, lessons, limit))
    homeroom = classes.select("class", "homeroom")
    away = build_absences(rng, year, lessons, journal_members, people.pupils, homeroom, today, limit)
    works = build_works(rng, lessons, today)
    marks = build_marks(rng, lessons, works, away.pairs, people.pupils, staff_count, limit)
    author = strange_author(rng, marks["recorded_by"].to_numpy(), staff_count, 0.0015)
    marks, deleted = split_deleted_marks(rng, marks.with_columns(pl.Series("recorded_by", author)))
    period_marks = build_period_marks(rng, plan, year, staffing.journals, journal_members, marks, lessons, limit)
    changes = build_changes(rng, marks, deleted, away.absences, lessons, works, period_marks, limit)
    permissions = build_permissions(rng, changes, lessons.filter(pl.col("day") < today))
    schedule = build_schedule(rng, year, works, staffing.journals, lessons, today)
    return {
        "group_member": members.filter(pl.col("group_kind") != "class").rename(
            {"group": "group_key", "pupil": "pupil_key"}
        ),
        "plan": plans.rename(
            {"plan": "plan_key", "group": "group_key", "subject": "subject_key", "staff": "staff_key"}
        ),
        "plan_item": items.rename({"plan_item": "plan_item_key", "plan": "plan_key", "day": "planned_on"}),
        "lesson": lessons.with_columns(
            (pl.col("start_s") % _DAY // 60).alias("starts_at"),
            (pl.col("end_s") % _DAY // 60).alias("ends_at"),
        ).rename(
            {
                "lesson": "lesson_key",
                "group": "group_key",
                "subject": "subject_key",
                "staff": "staff_key",
                "substitute": "substitute_key",
                "day": "held_on",
                "lesson_kind": "kind",
                "plan_item": "plan_item_key",
            }
        ),
        "work": works.rename({"work": "work_key", "lesson": "lesson_key"}),
        "mark": marks.rename({"mark": "mark_key", "lesson": "lesson_key", "work": "work_key", "pupil": "pupil_key"}),
        "absence": away.absences.rename({"absence": "absence_key", "lesson": "lesson_key", "pupil": "pupil_key"}),
        "period_mark": period_marks.rename(
            {
                "period_mark": "period_mark_key",
                "pupil": "pupil_key",
                "group": "group_key",
                "subject": "subject_key",
                "period": "period_key",
            }
        ),
        "change": _with_entity_key(plan, changes).rename(
            {"change": "change_key", "lesson": "lesson_key", "pupil": "pupil_key"}
        ),
        "edit_permission": _with_entity_key(plan, permissions),
        "assessment_schedule": schedule.rename(
            {
                "assessment": "assessment_key",
                "group": "group_key",
                "subject": "subject_key",
                "kind": "work_kind",
            }
        ),
        "staff_absence": built.staff_absences.filter(pl.col("from_on") < today).rename({"staff": "staff_key"}),
        "absence_document": away.documents.rename({"document": "document_key", "pupil": "pupil_key"}),
    }


def _with_entity_key(plan: SchoolPlan, rows: pl.DataFrame) -> pl.DataFrame:
    keys = KeyStyle(plan.key_style)
    key = pl.lit(None, pl.String)
    for entity, letter in _ENTITY_LETTERS.items():
        key = pl.when(pl.col("entity") == entity).then(keys.key(letter, pl.col("number"))).otherwise(key)
    return rows.with_columns(key.alias("entity_key"))


def _registers(
    rng: np.random.Generator,
    plan: SchoolPlan,
    year: SchoolYear,
    classes: pl.DataFrame,
    people: Pupils,
    tables: Tables,
    today: int,
    limit: int,
    family_days: int,
) -> Tables:
    """Accounts, logins, consents, cards, setup, timetable versions. A pupil has one parent of his number."""
    keys = KeyStyle(plan.key_style)
    pupils = people.pupils["pupil"].to_numpy()
    staff = tables["staff"]["staff_key"].to_numpy()
    roles = pl.DataFrame(
        {
            "role": ["staff"] * len(staff) + ["pupil"] * len(pupils) + ["parent"] * len(pupils),
            "number": np.concatenate([staff, pupils, pupils]),
        }
    )
    gone = people.movements.filter(pl.col("kind").is_in(["leave", "school_transfer"])).select(
        role=pl.lit("pupil"), number="pupil", day="effective_on"
    )
    left = (
        tables["staff"]
        .filter(pl.col("employed_to").is_not_null())
        .select(role=pl.lit("staff"), number="staff_key", day="employed_to")
    )
    person = (
        pl.when(pl.col("role") == "staff")
        .then(keys.key("t", pl.col("number")))
        .when(pl.col("role") == "pupil")
        .then(keys.key("p", pl.col("number")))
        .when(pl.col("role") == "parent")
        .then(pl.lit("r-") + keys.key("p", pl.col("number")))
        .otherwise(pl.lit(plan.key))
    )
    accounts = build_accounts(
        rng,
        year,
        roles,
        pl.concat([gone, left]).unique(["role", "number"], keep="last", maintain_order=True),
        limit,
    ).with_columns(person.alias("person_key"))
    klass = people.enrolments.unique("pupil", keep="last", maintain_order=True).select(
        number="pupil", class_key="class"
    )
    activity = build_activity(rng, year, accounts, today, family_days)
    activity = activity.with_columns(person.alias("person_key")).join(
        klass, on="number", how="left", maintain_order="left"
    )
    class_keys = classes.select(keys.key("k", pl.col("class"))).to_series().to_list()
    setup = build_setup(rng, year, class_keys, limit)
    return {
        "account": accounts.rename({"account": "account_key"}),
        "activity": activity.rename({"account": "account_key"}).with_columns(
            pl.when(pl.col("role") != "staff").then("class_key").alias("class_key")
        ),
        "card_field": build_cards(rng, roles).with_columns(person.alias("owner_key")).rename({"role": "owner_kind"}),
        "consent": build_consents(rng, year, pupils, today)
        .with_columns((pl.lit("r-") + keys.key("p", pl.col("pupil"))).alias("parent_key"))
        .rename({"pupil": "pupil_key"}),
        "timetable_version": build_timetable_versions(rng, year, classes, today).rename(
            {"version": "version_key", "class": "class_key"}
        ),
        "setup_section": setup.with_columns(pl.lit(year.name).alias("school_year")),
    }
