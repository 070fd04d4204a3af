"""What a system's files cannot say: the school, its act, its zone, its periods and days off. From a TOML or options."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from etl.errors import SettingsError
from etl.sources.earlier import Recall

FILE = "school.toml"
"""Name of the file of answers; it lies beside the files it speaks of, or in their folder."""
KINDS = ("quarter", "trimester", "half_year", "year")


@dataclass(frozen=True)
class PeriodAnswer:
    """One period of the school year, `ends_on` inclusive."""

    kind: str
    number: int
    starts_on: date
    ends_on: date
    grade_from: int = 1
    grade_to: int = 11


@dataclass(frozen=True)
class Answers:
    """Every answer may be missing; a source says which one it cannot do without (`need`)."""

    school_key: str = ""
    school_name: str = ""
    municipality: str = ""
    region: str = ""
    timezone: str = ""
    week_days: int | None = None
    regulation: str = ""
    school_year: str = ""
    extracted_at: datetime | None = None
    """moment of the export; local to `timezone` where it was stated without an offset"""
    periods: tuple[PeriodAnswer, ...] = ()
    days_off: tuple[tuple[date, date], ...] = ()
    """ranges of days without lessons on which the staff do not work either, both ends inclusive"""
    holidays: tuple[tuple[date, date], ...] = ()
    """school holidays: no lessons, the staff work; both ends inclusive"""
    beside: tuple[Path, ...] = ()
    """further files of the same moment"""
    recall: Recall | None = None
    """what the warehouse holds of a school, for a system whose files carry no ids"""
    secret: bytes = b""
    """of the installation, for keys of people whom a system only names (`etl.sources.keys`)"""
    options: Mapping[str, Any] = field(default_factory=dict)
    """what only one source understands, by its name: the TOML's table `[source.<name>]`"""

    def need(self, name: str, example: str) -> Any:
        """The answer, or SettingsError that says how to give it."""
        value = getattr(self, name)
        if value in (None, "", ()):
            raise SettingsError(
                f"The files do not say the {name.replace('_', ' ')}.",
                advice=f"Give --{name.replace('_', '-')} {example}, or write it into {FILE} beside the files.",
            )
        return value


def answers_of(path: Path, file: Path | None = None) -> Path | None:
    """The file of answers: the one that is named, else the one beside the files."""
    place = path if path.is_dir() else path.parent
    return file or next((each for each in (path.with_suffix(".toml"), place / FILE) if each.is_file()), None)


def read_answers(path: Path, given: Mapping[str, Any] | None = None, file: Path | None = None) -> Answers:
    """Answers for the files at `path`: those given (by options) win over the TOML's. Raises SettingsError."""
    found = answers_of(path, file)
    stated = _read(found) if found else {}
    merged = {**stated, **{name: value for name, value in (given or {}).items() if value not in (None, "")}}
    return _checked(merged, found)


def _read(file: Path) -> dict[str, Any]:
    try:
        stated = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read: {error}.", advice="It is TOML in UTF-8.") from error
    stated["options"] = stated.pop("source", {})
    known = {each.name for each in fields(Answers)} - {"beside", "secret", "recall"}
    if unknown := sorted(set(stated) - known):
        raise SettingsError(
            f"{file.name} has the unknown answer {unknown[0]!r}.", advice=f"Known: {', '.join(sorted(known))}."
        )
    return stated


def _checked(stated: dict[str, Any], file: Path | None) -> Answers:
    where = file.name if file else "the options"
    try:
        periods = tuple(PeriodAnswer(**each) for each in stated.pop("periods", ()))
        days_off, holidays = (tuple(map(_days, stated.pop(name, ()))) for name in ("days_off", "holidays"))
        moment = stated.pop("extracted_at", None)
        answers = Answers(**stated, periods=periods, days_off=days_off, holidays=holidays)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{where}: {error}.", advice="See the example in the users' guide.") from error
    if answers.timezone and answers.timezone not in available_timezones():
        raise SettingsError(f"{where}: {answers.timezone!r} is no time zone.", advice="Write it as Europe/Moscow.")
    for period in periods:
        if period.kind not in KINDS or period.starts_on > period.ends_on:
            raise SettingsError(f"{where}: {period} is no period.", advice=f"Its kind is one of {', '.join(KINDS)}.")
    return replace(answers, extracted_at=_moment(moment, answers.timezone, where))


def _days(stated: Any) -> tuple[date, date]:
    """One day, or the first and the last of several."""
    first, last = (stated, stated) if isinstance(stated, date) else stated
    if not isinstance(first, date) or not isinstance(last, date) or first > last:
        raise ValueError(f"{stated!r} is neither a day nor the first and the last of several")
    return first, last


def _moment(stated: Any, zone: str, where: str) -> datetime | None:
    if stated in (None, ""):
        return None
    try:
        moment = stated if isinstance(stated, datetime) else datetime.fromisoformat(str(stated))
    except ValueError as error:
        raise SettingsError(
            f"{where}: extracted_at is {stated!r}.", advice="Write it as 2024-10-01T06:00:00+03:00."
        ) from error
    if moment.tzinfo is not None:
        return moment
    if not zone:
        raise SettingsError(f"{where}: extracted_at {stated} has no offset.", advice="State the timezone too.")
    return moment.replace(tzinfo=ZoneInfo(zone))
