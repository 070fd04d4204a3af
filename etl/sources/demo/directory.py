"""Who and what a school is made of: school, calendar, classes, people, groups, loads."""

from __future__ import annotations

from typing import Final

import polars as pl

from etl.sources.demo.calendar import SchoolYear
from etl.sources.demo.classes import Pupils
from etl.sources.demo.plan import REGION, SchoolPlan
from etl.sources.demo.staffing import Staffing
from etl.sources.demo.subjects import SUBJECTS

_DAY: Final = 86400
_WEEKS: Final = 34


def build_homeroom(plan: SchoolPlan, classes: pl.DataFrame, staffing: Staffing) -> pl.Series:
    """Its teacher with most hours who has no class yet; the last class of a careless school has none."""
    taken: set[int] = set()
    chosen: list[int | None] = []
    for number in classes["class"].to_list():
        own = staffing.journals.filter((pl.col("class") == number) & (pl.col("group_kind") == "class"))
        ranked = own.group_by("staff").agg(pl.col("hours").sum()).sort(["hours", "staff"], descending=[True, False])
        free = [staff for staff in ranked["staff"].to_list() if staff not in taken] or ranked["staff"].to_list()
        taken.add(free[0])
        chosen.append(free[0])
    if plan.quality < -0.5:
        chosen[-1] = None
    return pl.Series("homeroom", chosen, dtype=pl.Int64)


def build_directory(
    plan: SchoolPlan, year: SchoolYear, classes: pl.DataFrame, people: Pupils, staffing: Staffing, limit: int
) -> dict[str, pl.DataFrame]:
    """School, calendar, classes, people, groups and loads."""
    journals = staffing.journals.select(
        "journal",
        group_key="group",
        subject_key="subject",
        staff_key="staff",
        weekly_hours="hours",
        annual_hours=pl.col("hours") * _WEEKS,
        from_on=pl.lit(year.start),
        to_on=pl.lit(None, pl.Int64),
    )
    years = pl.col("years")
    last = pl.col("staff") == pl.col("staff").max()
    school = {
        "name": plan.name,
        "short_name": plan.short_name,
        "municipality": plan.municipality,
        "region": REGION,
        "settlement": plan.settlement,
        "timezone": plan.timezone,
        "week_days": plan.week_days,
        "regulation": plan.regulation,
    }
    return {
        "school": pl.DataFrame([school], schema_overrides={"regulation": pl.String}),
        "calendar_day": year.calendar,
        "period": year.periods.select(pl.all(), pl.lit(year.name).alias("school_year")).rename(
            {"period": "period_key"}
        ),
        "school_class": classes.select(
            pl.lit(year.name).alias("school_year"),
            "grade",
            "letter",
            "shift",
            class_key="class",
            week_days=pl.when(pl.col("days") != plan.week_days).then("days"),
            homeroom_teacher_key="homeroom",
        ),
        "subject": pl.DataFrame(
            {
                "subject_key": range(len(SUBJECTS)),
                "name": [spec.name for spec in SUBJECTS],
                "component": [spec.component for spec in SUBJECTS],
            }
        ).filter(pl.col("subject_key").is_in(staffing.journals["subject"].unique().to_list())),
        "staff": staffing.staff.with_columns(
            (year.start - years * 365 - 12).alias("employed_from"),
            pl.when(last).then(min(year.start + 30, limit // _DAY - 3)).cast(pl.Int64).alias("employed_to"),
        ).rename({"staff": "staff_key"}),
        "pupil": people.pupils.select("full_name", "sex", "birth_year", pupil_key="pupil"),
        "study_group": staffing.groups.select("name", group_key="group", class_key="class", kind="group_kind"),
        "enrolment": people.enrolments.rename({"pupil": "pupil_key", "class": "class_key"}),
        "movement": people.movements.rename({"pupil": "pupil_key", "movement": "movement_key"}),
        "teaching_load": journals,
        "curriculum": journals,
    }
