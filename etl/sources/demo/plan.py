"""What each tier holds: schools, their size, week, regulation, and the moment of the extract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from etl.errors import SourceError

Tier = Literal["tiny", "demo", "city"]
KeyStyle = Literal["letters", "zeros", "big"]
PeriodKind = Literal["quarter", "trimester"]

REGION: Final = "Заречная область"
SOURCE_SYSTEM: Final = "Демонстрационный журнал zavuch"
SOURCE_SYSTEM_PLAIN: Final = "Демонстрационные отчёты zavuch (без времени записей)"
CAPABILITIES: Final = (
    "topics",
    "homework",
    "exact_timestamps",
    "attendance_confirmation",
    "homework_not_assigned",
    "work_kinds",
    "substitutions",
    "change_log",
)
PLANNED_DAYS: Final = 15  # how far the timetable reaches beyond the extract of an unfinished year
_EPOCH: Final = date(1970, 1, 1)
_REGULATIONS: Final = (
    "school7_oktyabrsky",
    "school16_korolev",
    "lindovskaya",
    "krasnodar_region",
    "school53_krasnodar",
    None,
)


@dataclass(frozen=True)
class SchoolPlan:
    """One school to be generated. `classes` holds the number of parallel classes of grades 1 to 11."""

    number: int
    key: str
    name: str
    short_name: str
    municipality: str
    classes: tuple[int, ...]
    regulation: str | None
    quality: float = 0.0  # −1 careless … 1 exemplary: shifts the habits of all its teachers
    class_size: int = 25
    settlement: str = "urban"
    timezone: str = "Europe/Moscow"
    week_days: int = 5
    two_shifts: bool = False
    period_kind: PeriodKind = "quarter"
    has_offset: bool = True  # False: timestamps are written as local time without an offset
    bare_dates: frozenset[str] = frozenset()  # `table.column` written as a date only
    key_style: KeyStyle = "letters"
    is_plain: bool = False  # the source knows neither topics, homework, authors nor moments
    closed_days: tuple[date, ...] = ()  # school closed by the flu


@dataclass(frozen=True)
class BundlePlan:
    """One bundle: its schools share a source system, its capabilities and the moment of the extract."""

    folder: str  # relative to the folder of the caller; "" = the folder itself
    source_system: str
    capabilities: tuple[str, ...]
    schools: tuple[SchoolPlan, ...]


@dataclass(frozen=True)
class TierPlan:
    """A tier: its bundles, the calendar year of 1 September, and the extract (aware, Moscow time)."""

    tier: Tier
    year_start: int
    extracted_at: datetime
    bundles: tuple[BundlePlan, ...]


def plan_tier(tier: Tier, as_of: date, seed: int) -> TierPlan:
    """The plan of a tier. `city` takes the last complete school year before `as_of`.

    Raises SourceError when `as_of` leaves no lessons to generate (1 August to 7 September).
    """
    if tier == "city":
        last = as_of.year if as_of >= date(as_of.year, 6, 1) else as_of.year - 1
        return TierPlan(tier, last - 1, _morning(date(last, 6, 1)), (_full_bundle("", _city_schools(seed, last)),))
    year_start = as_of.year if as_of.month >= 8 else as_of.year - 1
    if as_of < date(year_start, 9, 8):
        raise SourceError(
            f"The date of the extract {as_of} lies before the lessons of the school year {year_start}.",
            advice=f"Choose a date from {year_start}-09-08 on.",
        )
    bundles = _demo_bundles() if tier == "demo" else (_full_bundle("", (_tiny_school(),)),)
    return TierPlan(tier, year_start, _morning(as_of), bundles)


def local_seconds(moment: datetime, timezone: str) -> int:
    """An aware moment as local wall time, in seconds since 1970-01-01 00:00 local."""
    local = moment.astimezone(ZoneInfo(timezone))
    return (local.date() - _EPOCH).days * 86400 + local.hour * 3600 + local.minute * 60 + local.second


def day_number(day: date) -> int:
    """A date as days since 1970-01-01."""
    return (day - _EPOCH).days


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(6), ZoneInfo("Europe/Moscow"))


def _full_bundle(folder: str, schools: tuple[SchoolPlan, ...]) -> BundlePlan:
    return BundlePlan(folder, SOURCE_SYSTEM, CAPABILITIES, schools)


def _school_name(number: int, title: str = "") -> tuple[str, str]:
    name = f"МБОУ «Средняя общеобразовательная школа № {number}{title}»"
    return name, f"СОШ № {number}"


def _tiny_school() -> SchoolPlan:
    name, short = _school_name(101)
    classes = (1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0)
    return SchoolPlan(0, "tiny-1", name, short, "Заречный округ", classes, "school53_krasnodar", class_size=24)


def _demo_bundles() -> tuple[BundlePlan, ...]:
    place = "Заречный округ"
    names = [_school_name(number) for number in (2, 5, 8, 11, 14)]
    schools = (
        SchoolPlan(
            0,
            "demo-school-1",
            *names[0],
            place,
            (2, 2, 1, 1, 2, 1, 2, 1, 1, 1, 1),
            _REGULATIONS[0],
            quality=0.4,
        ),
        SchoolPlan(
            1,
            "demo-school-2",
            *names[1],
            place,
            (2, 2, 2, 3, 2, 3, 2, 2, 2, 2, 2),
            _REGULATIONS[1],
            quality=0.8,
            class_size=27,
            two_shifts=True,
        ),
        SchoolPlan(
            2,
            "demo-school-3",
            "МБОУ «Ольховская средняя школа»",
            "Ольховская школа",
            place,
            (1,) * 11,
            _REGULATIONS[2],
            quality=-0.2,
            class_size=13,
            settlement="rural",
            timezone="Asia/Yekaterinburg",
            key_style="zeros",
        ),
        SchoolPlan(
            3,
            "demo-school-4",
            *names[2],
            place,
            (2, 2, 2, 1, 2, 2, 2, 1, 2, 1, 1),
            _REGULATIONS[3],
            quality=-0.8,
            week_days=6,
            has_offset=False,
            bare_dates=frozenset({"period_mark.recorded_at"}),
            key_style="big",
        ),
        SchoolPlan(
            4,
            "demo-school-5",
            *names[3],
            place,
            (2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2),
            _REGULATIONS[4],
            quality=0.1,
            week_days=6,
        ),
    )
    plain = SchoolPlan(
        5,
        "demo-school-6",
        *names[4],
        place,
        (1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1),
        None,
        class_size=22,
        is_plain=True,
    )
    return (
        _full_bundle("demo-1", schools),
        BundlePlan("demo-2", SOURCE_SYSTEM_PLAIN, (), (plain,)),
    )


def _city_schools(seed: int, year: int) -> tuple[SchoolPlan, ...]:
    rng = np.random.default_rng([seed, 3])
    places = ("Заречный округ", "Луговой район", "Светлоборский городской округ")
    schools = []
    for number in range(60):
        rural = number % 10 == 9
        parallels = 1 if rural else int(rng.integers(2, 5))
        extra = 0.25 if rural else 0.45
        classes = tuple(max(1, parallels + int(rng.random() < extra) - int(grade >= 9)) for grade in range(11))
        closed = tuple(date(year, 2, day) for day in (4, 5, 6)) if number % 17 == 5 else ()
        schools.append(
            SchoolPlan(
                number,
                f"city-{number + 1:03d}",
                *_school_name(number + 201),
                places[number * 3 // 60],
                classes,
                _REGULATIONS[number % 6],
                quality=float(np.clip(rng.normal(0, 0.6), -1.2, 1.2)),
                class_size=14 if rural else 25,
                settlement="rural" if rural else "urban",
                week_days=6 if number % 3 == 1 else 5,
                two_shifts=number % 7 == 3,
                period_kind="trimester" if number % 12 == 7 else "quarter",
                closed_days=closed,
            )
        )
    return tuple(schools)
