"""What a parameter of a regulation is: its type, its allowed values, which direction is laxer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Literal, TypeAlias

from etl.regulations.deadlines import Deadline, MonthDay

Value: TypeAlias = (
    Deadline
    | MonthDay
    | time
    | bool
    | int
    | float
    | str
    | frozenset[str]
    | frozenset[MonthDay]
    | Mapping[str, MonthDay]
    | Mapping[str, float]
)


class Kind(StrEnum):
    """The type of a value; how each is written in TOML is said at `etl.regulations.values.parse_value`."""

    DEADLINE = "deadline"
    BOOL = "bool"
    INT = "int"
    RATIO = "ratio"
    ENUM = "enum"
    SET = "set"
    TEXT = "text"
    TIME = "time"
    MONTHDAY = "monthday"
    MONTHDAYS = "monthdays"
    NUMBERS = "numbers"
    YEAR_SETUP = "year_setup"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `allowed`: words of an enum or set, keys of a map, or grammar forms of a deadline.

    `laxer` says which direction is the laxer one, for the linter: `more` (later, longer, larger set, a later
    word of `allowed`), `less` (smaller set, false), or "" where neither is. `inert` are values that ask
    nothing of anybody.
    """

    name: str
    kind: Kind
    label: str
    meaning: str
    unit: str = ""
    allowed: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    default: Value | None = None
    laxer: Literal["", "more", "less"] = ""
    inert: tuple[Value, ...] = ()


LESSON_KINDS = ("lesson", "elective", "club", "after_school")
PERIOD_KINDS = ("quarter", "trimester", "half_year", "year")
STAFF_ROLES = ("director", "deputy", "coordinator", "administrator", "teacher", "secretary")
AUTHOR_ROLES = ("subject_teacher", "class_teacher")
WORK_KINDS = (
    "oral",
    "written",
    "dictation",
    "essay",
    "test",
    "practical",
    "lab",
    "check",
    "project",
    "homework",
    "makeup",
)
EVERY = ("day", "week", "month", "quarter", "period", "year")
SETUP_SECTIONS = (
    "periods",
    "vacations",
    "subjects_federal",
    "subjects_school",
    "rooms",
    "staff",
    "classes",
    "groups",
    "individual_plans",
    "timetable",
    "monitoring_schedule",
    "new_year",
)
EVERY_CLASS_LIST = "class_list:*"
GROUNDS = ("pupil_absence", "resit", "assessment_makeup", "teacher_absence", "other")

DAY_FORMS = ("same_day", "d", "wd", "id")
HOUR_FORMS = (*DAY_FORMS, "h", "h+same_day")


def deadline(name: str, label: str, meaning: str, forms: tuple[str, ...] = DAY_FORMS) -> Parameter:
    return Parameter(name, Kind.DEADLINE, label, meaning, allowed=forms, laxer="more")


def yes_no(name: str, label: str, meaning: str) -> Parameter:
    """A duty or a ban: true is the stricter answer, false asks nothing."""
    return Parameter(name, Kind.BOOL, label, meaning, laxer="less", inert=(False,))


def count(name: str, label: str, meaning: str, unit: str, high: int, laxer: Literal["", "more", "less"]) -> Parameter:
    return Parameter(name, Kind.INT, label, meaning, unit=unit, high=high, laxer=laxer)


def word(
    name: str,
    label: str,
    meaning: str,
    allowed: tuple[str, ...],
    laxer: Literal["", "more", "less"] = "",
    default: str | None = None,
    inert: tuple[str, ...] = (),
) -> Parameter:
    return Parameter(name, Kind.ENUM, label, meaning, allowed=allowed, laxer=laxer, default=default, inert=inert)


def words(
    name: str,
    label: str,
    meaning: str,
    allowed: tuple[str, ...],
    laxer: Literal["", "more", "less"] = "",
    default: frozenset[str] | None = None,
) -> Parameter:
    return Parameter(name, Kind.SET, label, meaning, allowed=allowed, laxer=laxer, default=default)


def month_day(name: str, label: str, meaning: str) -> Parameter:
    return Parameter(name, Kind.MONTHDAY, label, meaning, unit="MM-DD", laxer="more")
