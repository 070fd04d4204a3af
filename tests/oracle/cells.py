"""Reads one cell of a bundle: text → value, or the reason why the row is rejected."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.schema import SETUP_SECTIONS

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_YEAR = re.compile(r"(\d{4})/(\d{4})")
# Annex B14.
_MARK_SPELLINGS = {
    "на": "н/а",
    "осв.": "осв",
    "зачёт": "зач",
    "зачет": "зач",
    "незачёт": "незач",
    "незачет": "незач",
}
_MARK_WORDS = {"н/а", "осв", "н/оц", "зач", "незач", "."}
ABSENCE_CODES = {"Н", "ОТ", "Б", "УП", "НП", "О", "ОП"}
KNOWN_REASONS = {"Б", "УП", "НП"}
PRESENT_CODES = {"О", "ОП"}


class BadCell(ValueError):
    """The cell rejects its row; the message is the reason."""


@dataclass(frozen=True)
class Stamp:
    """A cell of a timestamp column, before the zone is known: a bare date or a moment."""

    day: date
    moment: datetime | None

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """First and last second (UTC) that the cell can mean in a school of this zone."""
        if self.moment is None:
            return local(self.day, time(0, 0, 0), zone), local(self.day, time(23, 59, 59), zone)
        moment = self.moment if self.moment.tzinfo else self.moment.replace(tzinfo=zone)
        exact = moment.astimezone(UTC).replace(microsecond=0)
        return exact, exact


def local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A wall-clock time in UTC; a time that occurs twice means the first, a skipped one moves on (B5)."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def canonical_mark(text: str) -> str | None:
    """`4−` → `4-`, `НА` → `н/а`, `зачёт` → `зач`; None when the vocabulary does not have the value."""
    value = text.strip().lower().replace("−", "-")
    value = _MARK_SPELLINGS.get(value, value)
    return value if value in _MARK_WORDS or re.fullmatch(r"[1-5][+-]?", value) else None


def is_grade_given(value: str) -> bool:
    """Digits, зач and незач are grades given; н/а, осв, н/оц and `.` are not (B14)."""
    return value[0].isdigit() or value in {"зач", "незач"}


def parse_day(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise BadCell(f"not a date: {text!r}")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadCell(f"not a date: {text!r}") from error


def parse_stamp(text: str) -> Stamp:
    if _DATE.fullmatch(text):
        return Stamp(parse_day(text), None)
    if not _MOMENT.fullmatch(text):
        raise BadCell(f"not a timestamp: {text!r}")
    try:
        moment = datetime.fromisoformat(text.replace(",", "."))
    except ValueError as error:
        raise BadCell(f"not a timestamp: {text!r}") from error
    return Stamp(moment.date(), moment)


def _parse_number(text: str, kind: str) -> Any:
    if kind == "decimal":
        try:
            return Decimal(text)
        except InvalidOperation as error:
            raise BadCell(f"not a decimal: {text!r}") from error
    if not re.fullmatch(r"-?\d+", text):
        raise BadCell(f"not an integer: {text!r}")
    number = int(text)
    if kind == "grade" and not 1 <= number <= 11:
        raise BadCell(f"not a grade 1-11: {text!r}")
    return number


def _parse_word(text: str, kind: str) -> Any:
    if kind == "year":
        years = _YEAR.fullmatch(text)
        if not years or int(years[2]) != int(years[1]) + 1:
            raise BadCell(f"not a school year: {text!r}")
        return text
    if kind == "mark":
        mark = canonical_mark(text)
        if mark is None:
            raise BadCell(f"not a mark: {text!r}")
        return mark
    if kind == "absence":
        code = text.strip().upper()
        if code not in ABSENCE_CODES:
            raise BadCell(f"not an absence code: {text!r}")
        return code
    if text not in SETUP_SECTIONS and not re.fullmatch(r"class_list:.+", text):
        raise BadCell(f"not a section: {text!r}")
    return text


def parse_cell(text: str, kind: str) -> Any:
    """The value of a non-blank cell of a column of this kind. Raises BadCell."""
    if kind == "text":
        return text
    if kind == "date":
        return parse_day(text)
    if kind == "moment":
        return parse_stamp(text)
    if kind == "time":
        if not _TIME.fullmatch(text):
            raise BadCell(f"not a time of day: {text!r}")
        try:
            return time.fromisoformat(text)
        except ValueError as error:
            raise BadCell(f"not a time of day: {text!r}") from error
    if kind == "bool":
        if text not in {"true", "false"}:
            raise BadCell(f"not true or false: {text!r}")
        return text == "true"
    if kind == "zone":
        try:
            return ZoneInfo(text)
        except (KeyError, ValueError, OSError) as error:
            raise BadCell(f"not a time zone: {text!r}") from error
    if kind in {"int", "grade", "decimal"}:
        return _parse_number(text, kind)
    if kind in {"year", "mark", "absence", "section"}:
        return _parse_word(text, kind)
    if text not in kind.split("|"):
        raise BadCell(f"{text!r} is not one of {kind}")
    return text


SECOND = timedelta(seconds=1)
