"""From a tier to bundle folders: every school has its own random stream; one is in memory at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from etl.errors import SourceError
from etl.sources.demo.plan import Tier, plan_tier
from etl.sources.demo.school import build_school
from etl.sources.demo.write import BundleWriter, FileFormat

_TIER_NUMBERS: Final[dict[Tier, int]] = {"tiny": 1, "demo": 2, "city": 3}
_FAMILY_DAYS: Final[dict[Tier, int]] = {"tiny": 400, "demo": 400, "city": 14}
# what a source of plain reports cannot tell: no moments, authors, texts, works, registers
_OMITTED_PLAIN: Final = frozenset(
    {
        "plan",
        "plan_item",
        "work",
        "change",
        "assessment_schedule",
        "staff_absence",
        "absence_document",
        "edit_permission",
        "activity",
        "account",
        "card_field",
        "consent",
        "timetable_version",
        "setup_section",
        "movement",
        "curriculum",
        "enrolment.recorded_at",
        "enrolment.order_no",
        "enrolment.order_on",
        "lesson.substitute_key",
        "lesson.substitution_recorded_at",
        "lesson.starts_at",
        "lesson.ends_at",
        "lesson.status_recorded_at",
        "lesson.topic",
        "lesson.topic_recorded_at",
        "lesson.topic_recorded_by",
        "lesson.plan_item_key",
        "lesson.homework",
        "lesson.homework_recorded_at",
        "lesson.homework_recorded_by",
        "lesson.homework_not_assigned",
        "lesson.attendance_confirmed_at",
        "mark.work_key",
        "mark.recorded_at",
        "mark.recorded_by",
        "mark.protocol_no",
        "mark.protocol_on",
        "mark.comment",
        "absence.recorded_at",
        "absence.recorded_by",
        "absence.reason_recorded_at",
        "period_mark.recorded_at",
        "period_mark.recorded_by",
    }
)


@dataclass(frozen=True)
class GeneratedBundle:
    """One written bundle folder: its path, its schools' keys, and rows by table."""

    path: Path
    school_keys: tuple[str, ...]
    counts: dict[str, int]


def generate(
    folder: Path,
    *,
    tier: Tier = "demo",
    seed: int = 1,
    as_of: date = date(2026, 11, 12),
    file_format: FileFormat = "csv",
    progress: Callable[[str, int, int], None] | None = None,
) -> list[GeneratedBundle]:
    """Write the bundles of a tier and return them.

    `tiny` (1 school, 6 classes) and `city` (60 schools, the last complete school year before `as_of`) write
    into `folder` itself; `demo` (6 schools) writes `demo-1` (sources that tell everything) and `demo-2` (one
    school whose source knows neither moments nor topics nor homework).
    `tiny` and `demo` end at 06:00 Moscow time of
    `as_of`, with the timetable of the following two weeks. `progress` gets (school name, schools done, all).
    Raises SourceError for an unknown tier or format, or a date that leaves no lessons.
    """
    if tier not in _TIER_NUMBERS:
        raise SourceError(f"Unknown tier {tier!r}.", advice=f"Choose one of: {', '.join(_TIER_NUMBERS)}.")
    if file_format not in ("csv", "parquet"):
        raise SourceError(f"Unknown file format {file_format!r}.", advice="Choose csv or parquet.")
    plan = plan_tier(tier, as_of, seed)
    total = sum(len(bundle.schools) for bundle in plan.bundles)
    done = 0
    written: list[GeneratedBundle] = []
    for bundle in plan.bundles:
        path = Path(folder) / bundle.folder
        omitted = _OMITTED_PLAIN if all(school.is_plain for school in bundle.schools) else frozenset[str]()
        with BundleWriter(path, file_format, omitted) as writer:
            for school in bundle.schools:
                tables = build_school(
                    school,
                    plan.year_start,
                    plan.extracted_at,
                    [seed, _TIER_NUMBERS[tier], school.number],
                    family_days=_FAMILY_DAYS[tier],
                )
                source = pl.lit(bundle.source_system).alias("source_system")
                tables["school"] = tables["school"].with_columns(source)
                for table, frame in tables.items():
                    writer.append(table, frame, school)
                done += 1
                if progress is not None:
                    progress(school.name, done, total)
            writer.write_manifest(bundle, plan.extracted_at)
        written.append(GeneratedBundle(path, tuple(school.key for school in bundle.schools), dict(writer.counts)))
    return written
