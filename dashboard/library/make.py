"""A report is made: one reading under a scope, then one document per class or one of the school. No bytes yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dashboard.filters import Filters
from dashboard.i18n import t
from dashboard.library.registry import Report
from dashboard.queries import periods
from dashboard.queries.class_reports import ClassFrames, read_class_frames
from dashboard.reports.document import Section
from etl.warehouse.scope import Scope


class OfPeriodError(ValueError):
    """The report exists for the school's own periods only, and other days were asked for."""


@dataclass(frozen=True)
class Made:
    """A report that was read: of which school (`row` as of `read_schools`) and period, and its `frames`.

    `classes` = (class_id, name, class teacher) of the documents it gives; (None, "", "") for the school's one.
    """

    report: Report
    row: dict[str, Any]
    choice: periods.Choice | None
    classes: tuple[tuple[int | None, str, str], ...]
    frames: Any

    @property
    def period(self) -> str:
        """The period in words."""
        return self.choice.period.label if self.choice is not None else ""


@dataclass(frozen=True)
class Body:
    """One document: of which class (None = the school), its title, the line under it, its parts."""

    class_id: int | None
    title: str
    place: str
    teacher: str
    parts: tuple[Section, ...]

    @property
    def rows(self) -> int:
        """Lines of all its tables."""
        return sum(len(table.rows) for part in self.parts for table in part.tables())


def read_report(scope: Scope, filters: Filters, report: Report, now: datetime) -> Made | None:
    """Everything the report needs, read once; None where the scope opens nothing of it, or its role may not make it.

    Raises OfPeriodError where the position is a month, week or days and the report knows the school's periods only.
    """
    if scope.role not in report.roles or filters.school is None:
        return None
    place = filters if report.periods != "year" else filters.changed(period=_year(filters.period))
    if report.read is not None:
        if filters.school not in scope.school_ids or scope.is_above:
            return None
        page = report.read(scope, Filters(school=place.school, period=place.period, as_of=place.as_of), now)
        choice = getattr(page, "choice", None)
        return None if page is None else Made(report, page.row, choice, ((None, "", ""),), page)
    if report.grain == "school" and filters.school not in scope.school_ids:
        return None
    narrowed = place if report.grain == "class" else place.changed(class_id=None)
    frames = read_class_frames(scope, narrowed, now, report.needs)
    if frames is None:
        return None
    if report.periods == "own" and frames.period.is_of_calendar:
        raise OfPeriodError(t("report.own_periods", title=t(report.title_key), period=frames.period.label))
    rows = frames.classes.select("class_id", "name", "teacher").iter_rows()
    classes = tuple((class_id, name, teacher or "") for class_id, name, teacher in rows)
    return Made(report, frames.row, frames.choice, classes if report.grain == "class" else ((None, "", ""),), frames)


def bodies(made: Made) -> Iterator[Body]:
    """The documents of a report one after another: nothing is asked any more."""
    title = t(made.report.title_key)
    for class_id, name, teacher in made.classes:
        yield body(made, class_id, name, teacher, title)


def body(made: Made, class_id: int | None, name: str, teacher: str, title: str = "") -> Body:
    """One document of a report that was read."""
    frames = made.frames
    if class_id is not None and isinstance(frames, ClassFrames):
        frames = frames.of(class_id)
    place = t("report.of_class", name=name, school=made.row["label"]) if name else str(made.row["label"])
    return Body(class_id, title or t(made.report.title_key), place, teacher, tuple(made.report.build(frames)))


def _year(period: str | None) -> str:
    """The school year of a period's code: `2025.q2` → `2025.year`, `q2` → `year`; of a month or day the newest one."""
    prefix, dot, _rest = (period or "").partition(".")
    return f"{prefix}.year" if dot and prefix.isdigit() else "year"


def as_of(made: Made, filters: Filters) -> date:
    """The last day that counts."""
    newest: date = made.row["until_on"]
    return newest if filters.as_of is None else min(newest, filters.as_of)
