"""A value of a regulation in plain English, for the command line; the app words the same values in Russian."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from etl.regulations.deadlines import Deadline, DeadlineKind, MonthDay
from etl.regulations.parameters import PARAMETERS, Kind, Parameter, Value
from etl.regulations.profile import Clause, Profile, Stated

_FIXED = {
    DeadlineKind.SAME_DAY: "by the end of the same day",
    DeadlineKind.AT_ENTRY: "with the first entry of the lesson",
    DeadlineKind.CHECK_DAY: "on the day the work is checked",
}
_UNITS = {
    DeadlineKind.DAYS: "calendar day",
    DeadlineKind.WORKING_DAYS: "staff working day",
    DeadlineKind.INSTRUCTIONAL_DAYS: "instructional day",
    DeadlineKind.HOURS: "hour",
}


def value_words(parameter: Parameter, value: Value | None) -> str:
    """One line a person can read; "not stated" for None."""
    if value is None:
        return "not stated"
    if isinstance(value, Deadline):
        return _deadline(value)
    if isinstance(value, MonthDay):
        return _month_day(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(_item(item) for item in value))
    if isinstance(value, Mapping):
        return ", ".join(f"{_item(key)}: {_item(item)}" for key, item in sorted(value.items()))
    if parameter.kind is Kind.RATIO:
        return f"{value:.0%}"
    if parameter.kind is Kind.INT:
        return f"{value} {parameter.unit.removesuffix('s') if value == 1 else parameter.unit}"
    return _item(value) if parameter.kind is Kind.ENUM else str(value)


def _deadline(value: Deadline) -> str:
    if value.kind in _FIXED:
        return _FIXED[value.kind]
    unit = _UNITS[value.kind]
    words = f"within {value.amount} {unit if value.amount == 1 else f'{unit}s'}"
    return f"{words}, and by the end of the same day" if value.also_same_day else words


def _month_day(value: MonthDay) -> str:
    return f"{date(2001, value.month, value.day):%-d %B}"


def _item(value: object) -> str:
    return _month_day(value) if isinstance(value, MonthDay) else str(value).replace("_", " ")


def stated_words(name: str, stated: Stated | None) -> str:
    """The value of a parameter as it is stated, in words."""
    return value_words(PARAMETERS[name], None if stated is None else stated.value)


def clause_words(stated: Stated | None) -> str:
    """«3.8, № 15 of 2024-09-02», "contract default" for a value without a clause, "" for one that is not stated."""
    if stated is None:
        return ""
    return str(stated.origin) if stated.clause is None else cited(stated.clause)


def cited(clause: Clause) -> str:
    """Number of the clause with number and date of its act, as far as the act bears them."""
    when = f"of {clause.act_date}" if clause.act_date else ""
    return ", ".join(part for part in (clause.number, f"{clause.act_number} {when}".strip()) if part)


def span_words(versions: list[Profile], profile: Profile) -> str:
    """Which days a version judges; the first one also covers everything earlier (annex P), and it is said so."""
    later = next((one.valid_from for one in versions if one.version == profile.version + 1), None)
    until = f" It is followed by version {profile.version + 1} from {later}." if later else ""
    if profile.version > 1:
        return f"In force from {profile.valid_from}; older lessons stay judged by the version before.{until}"
    if profile.valid_from is None:
        return f"The act bears no date: every lesson is judged by it.{until}"
    return (
        f"In force from {profile.valid_from}; as the oldest version known it also judges every earlier lesson.{until}"
    )
