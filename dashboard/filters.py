"""The position of the reader as one frozen value, read from the URL and written back to it.

Everything that decides what a page shows stands in the URL, as ASCII codes: a link opens the same view for
whoever may see it. Values that do not parse fall back to "not stated", never to an error: a link is foreign
input. Nothing personal is ever a parameter (names are not searched through the URL), only our own ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlencode

LARGEST_ID = 2**31 - 1  # the database's ids are 4 bytes: a greater one is nobody's
LAST_MINUTE = time(23, 59)
CODE = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")
NAMES = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){0,7}")


class State(StrEnum):
    """State of a finding (annex F1)."""

    OPEN = "open"
    FIXED = "fixed"
    WITHDRAWN = "withdrawn"
    EXEMPT = "exempt"
    DISPUTED = "disputed"
    ACCEPTED = "accepted"


class Severity(StrEnum):
    """Severity of a finding (contract, ledger), gravest first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    INFO = "info"


class Status(StrEnum):
    """Status of an obligation at an as-of moment: the ten of the ledger and `breached` (annex L14)."""

    ON_TIME = "on_time"
    AMBER = "amber"
    EARLY = "early"
    LATE = "late"
    MISSING = "missing"
    PENDING = "pending"
    INDETERMINATE = "indeterminate"
    NOT_REGULATED = "not_regulated"
    EXEMPT = "exempt"
    NOT_APPLICABLE = "not_applicable"
    BREACHED = "breached"


@dataclass(frozen=True)
class Filters:
    """What the reader looks at. `None` = not stated (everything her scope allows; for `as_of`: the newest
    data).

    Ids are ours (`_id`), `year` is the calendar year in which the school year starts (2026 = 2026/27),
    `period` an ASCII code such as `q2` or `year`, `as_of` a day in each school's own time zone, `parallel`
    the year of study 1–11. `version` is a version of the school's act; `act` and `versus` name two acts side by
    side as `id:version`, `what_if` the one by which the school is judged in thought. `at` is the minute of the day
    `as_of`, inside one school; `against` says what the period is compared with (`year` = a year ago).
    `finding` is a number within its school. `metrics` (names divided by a full stop), `rows`, `columns` are the
    reader's own table, `report` the one she saved.
    """

    year: int | None = None
    period: str | None = None
    as_of: date | None = None
    school: int | None = None
    parallel: int | None = None
    class_id: int | None = None
    staff: int | None = None
    subject: int | None = None
    journal: int | None = None
    lesson: int | None = None
    pupil: int | None = None
    rule: str | None = None
    status: Status | None = None
    state: State | None = None
    severity: Severity | None = None
    measure: str | None = None
    week: date | None = None
    sort: str | None = None
    age: str | None = None
    group: str | None = None
    finding: int | None = None
    page: int | None = None
    version: int | None = None
    act: str | None = None
    versus: str | None = None
    what_if: str | None = None
    at: time | None = None
    against: str | None = None
    metrics: str | None = None
    rows: str | None = None
    columns: str | None = None
    report: int | None = None

    @property
    def moment(self) -> date | datetime | None:
        """The asked moment on the school's own clock: a bare day means its end; a minute means its last second, so that
        23:59 is the end of the day too (annex L12)."""
        if self.as_of is None or self.at is None or self.at == LAST_MINUTE:
            return self.as_of
        return datetime.combine(self.as_of, self.at.replace(second=59))

    def changed(self, **changes: Any) -> Self:
        """The same position with other values; `ValueError` where a value could not stand in a URL."""
        for name, value in changes.items():
            parameter, read = _FIELDS[name]
            if value is not None and read(_written(value)) != value:
                raise ValueError(f"{parameter}={value!r} cannot stand in a URL.")
        return replace(self, **changes)

    def drilled(self, **changes: Any) -> Self:
        """Step along the drill path: what is finer than the changed place is forgotten (another school has
        other classes).

        Period, as-of and the choices of a list (rule, status, severity, …) stay,
        except the open lesson or finding and the page of a long list.
        """
        forgotten: dict[str, Any] = {"lesson": None, "pupil": None, "finding": None, "page": None}
        for name in changes:
            forgotten.update(dict.fromkeys(_FINER.get(name, ()), None))
        return self.changed(**{**forgotten, **changes})

    def common(self) -> Self:
        """Only what is carried between unrelated pages by the menu: year, period, moment, comparison and school."""
        return type(self)(
            year=self.year,
            period=self.period,
            as_of=self.as_of,
            school=self.school,
            at=self.at,
            against=self.against,
        )


def _id(text: str) -> int | None:
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return value if 0 < value <= LARGEST_ID else None


def _year(text: str) -> int | None:
    value = _id(text)
    return value if value is not None and 2000 <= value <= 2100 else None


def _grade(text: str) -> int | None:
    value = _id(text)
    return value if value is not None and value <= 11 else None


def _code(text: str) -> str | None:
    return text if CODE.fullmatch(text) else None


def _names(text: str) -> str | None:
    return text if NAMES.fullmatch(text) else None


def _date(text: str) -> date | None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    return time(int(found[1]), int(found[2])) if found else None


def _member(kind: type[StrEnum]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        return kind(text) if text in kind.__members__.values() else None

    return read


# field → (URL parameter, reader); the order here is the order in every link
_FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "year": ("year", _year),
    "period": ("period", _code),
    "as_of": ("asof", _date),
    "school": ("school", _id),
    "parallel": ("parallel", _grade),
    "class_id": ("class", _id),
    "staff": ("staff", _id),
    "subject": ("subject", _id),
    "journal": ("journal", _id),
    "lesson": ("lesson", _id),
    "pupil": ("pupil", _id),
    "rule": ("rule", _code),
    "status": ("status", _member(Status)),
    "state": ("state", _member(State)),
    "severity": ("severity", _member(Severity)),
    "measure": ("measure", _code),
    "week": ("week", _date),
    "sort": ("sort", _code),
    "age": ("age", _code),
    "group": ("group", _code),
    "finding": ("finding", _id),
    "page": ("page", _id),
    "version": ("version", _id),
    "act": ("act", _code),
    "versus": ("with", _code),
    "what_if": ("whatif", _code),
    "at": ("at", _time),
    "against": ("against", _code),
    "metrics": ("metrics", _names),
    "rows": ("rows", _code),
    "columns": ("columns", _code),
    "report": ("report", _id),
}
# a change of the key forgets these: municipality → school → parallel → class or teacher → journal → lesson
_FINER: dict[str, tuple[str, ...]] = {
    "year": ("period", "as_of", "at", "parallel", "class_id", "staff", "subject", "journal", "week"),
    "period": ("week",),
    "school": ("parallel", "class_id", "staff", "subject", "journal", "version"),
    "parallel": ("class_id", "journal"),
    "class_id": ("journal",),
    "staff": ("journal",),
    "subject": ("journal",),
}


def parse(params: Mapping[str, str]) -> Filters:
    """Filters from URL parameters; unknown parameters and values that do not parse are ignored."""
    values = {name: read(params[parameter]) for name, (parameter, read) in _FIELDS.items() if parameter in params}
    return Filters(**values)


def to_params(filters: Filters) -> dict[str, str]:
    """URL parameters of the stated values, always in the same order: the full set for `st.switch_page`."""
    return {
        _FIELDS[field.name][0]: _written(value)
        for field in fields(filters)
        if (value := getattr(filters, field.name)) is not None
    }


def url_of(page: str, filters: Filters) -> str:
    """Address of a page inside the app, such as `/school?period=q2&school=3`; `page` is a route of
    `pages_table`.
    """
    params = to_params(filters)
    return f"/{page}?{urlencode(params)}" if params else f"/{page}"


def _written(value: Any) -> str:
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else str(value)
