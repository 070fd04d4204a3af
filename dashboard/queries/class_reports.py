"""What the reports of classes ask: each kind of rows once for all classes; split in memory, never asked by class.

Only inside a school, for whoever is granted the whole school or this very class, as on «Мой класс»; the row policies
say the same a second time. The statements are those of the pages, with the class left open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import periods, schools
from dashboard.queries.attendance import MONTHS_IN_SPAN
from dashboard.queries.class_records import LOW, MISSED
from dashboard.queries.door import read
from dashboard.queries.forecast import read_pupil_forecasts
from dashboard.queries.metric_settings import read_in_force
from dashboard.queries.performance import PUPILS, params_of, read_class_sums
from dashboard.queries.school import JOURNALS
from etl.warehouse.metric_settings import BY_DEFAULT, InForce
from etl.warehouse.scope import Scope

_CLASSES = """
SELECT c.school_id, c.class_id, c.name, c.grade, c.letter, n.full_name AS teacher
FROM dim_class c
LEFT JOIN dim_staff_name n ON n.school_id = c.school_id AND n.staff_id = c.homeroom_teacher_id
WHERE c.school_id = ANY(:schools) AND c.school_id = :school AND c.school_year = :year AND c.deleted_latest IS NULL
  AND (c.school_id = ANY(CAST(:entire AS int[])) OR c.class_id = ANY(CAST(:own AS int[])))
ORDER BY c.grade, c.letter, c.class_id
"""
_OF_CLASSES = "class_id = ANY(CAST(:classes AS int[]))"
_MONTHS = f"""
SELECT l.class_id, l.pupil_id, n.full_name, l.month_on, l.slot_count, l.missed_count, l.missed_illness_count,
    l.missed_valid_count, l.missed_invalid_count, l.missed_unknown_count, l.late_count, l.missed_day_count,
    (l.missed_count >= :systematic * l.slot_count AND l.slot_count > 0) AS is_systematic
FROM mart_pupil_month l
LEFT JOIN dim_pupil_name n ON n.school_id = l.school_id AND n.pupil_id = l.pupil_id
WHERE l.school_id = ANY(:schools) AND l.school_id = :school AND l.school_year = :year AND l.{_OF_CLASSES}
  AND {MONTHS_IN_SPAN}
"""
# an enrolment holds from its first day until the day before its end (annex B13); orders are open to whole schools alone
_ROLLS = f"""
SELECT x.class_id, x.pupil_id, n.full_name, x.from_on, x.to_on, i.kind AS in_kind, i.order_no AS in_order,
    o.kind AS out_kind, o.order_no AS out_order
FROM fact_enrolment x
LEFT JOIN dim_pupil_name n ON n.school_id = x.school_id AND n.pupil_id = x.pupil_id
LEFT JOIN LATERAL (SELECT m.kind, m.order_no FROM fact_movement m WHERE m.school_id = x.school_id
    AND m.pupil_id = x.pupil_id AND m.to_class_id = x.class_id AND m.effective_on = x.from_on
    AND m.deleted_latest IS NULL ORDER BY m.movement_id LIMIT 1) i ON true
LEFT JOIN LATERAL (SELECT m.kind, m.order_no FROM fact_movement m WHERE m.school_id = x.school_id
    AND m.pupil_id = x.pupil_id AND m.from_class_id = x.class_id AND m.effective_on = x.to_on
    AND m.deleted_latest IS NULL ORDER BY m.movement_id LIMIT 1) o ON true
WHERE x.school_id = ANY(:schools) AND x.school_id = :school AND x.school_year = :year AND x.deleted_latest IS NULL
  AND x.{_OF_CLASSES} AND x.from_on <= CAST(:until_on AS date)
"""
_PUPILS = PUPILS.replace("l.class_id = :class_id", f"l.{_OF_CLASSES}").replace(
    "l.period_id, ", "l.period_id, p.kind AS period_kind, p.ends_on AS period_on, "
)
_MISSED, _LOW = (words.replace("x.class_id = :class_id", f"x.{_OF_CLASSES}") for words in (MISSED, LOW))
_SPLIT = ("months", "journals", "missed", "low", "fill", "marks", "success", "groups", "rolls", "forecasts", "dims")
NEEDS = ("months", "journals", "missed", "low", "sums", "rolls", "forecasts")
"""Kinds of rows that a report may ask for; `sums` are fill, marks, success and groups."""


@dataclass(frozen=True)
class ClassFrames:
    """Rows of the classes that are open to the reader, each with class_id; what a report did not ask for is empty.

    `row` as of `read_schools`, `classes` = class_id, name, grade, letter, teacher in the order of grades; `first` and
    `last` = days that count. `months` pupil × month (mart_pupil_month), `journals` pupil × journal × period
    (mart_pupil_journal), `missed`, `low` as of `class_records`, `fill`, `marks`, `success`, `groups` sums as on the
    page of performance, `rolls` enrolments until `last` with the order of arrival and of leaving where the reader may
    read it, `forecasts` marks to come in the running period.
    """

    row: dict[str, Any]
    choice: periods.Choice
    first: date
    last: date
    classes: pl.DataFrame
    dims: pl.DataFrame
    settings: InForce = BY_DEFAULT
    months: pl.DataFrame = field(default_factory=pl.DataFrame)
    journals: pl.DataFrame = field(default_factory=pl.DataFrame)
    missed: pl.DataFrame = field(default_factory=pl.DataFrame)
    low: pl.DataFrame = field(default_factory=pl.DataFrame)
    fill: pl.DataFrame = field(default_factory=pl.DataFrame)
    marks: pl.DataFrame = field(default_factory=pl.DataFrame)
    success: pl.DataFrame = field(default_factory=pl.DataFrame)
    groups: pl.DataFrame = field(default_factory=pl.DataFrame)
    rolls: pl.DataFrame = field(default_factory=pl.DataFrame)
    forecasts: pl.DataFrame = field(default_factory=pl.DataFrame)

    def of(self, class_id: int) -> ClassFrames:
        """The rows of one class."""
        mine = pl.col("class_id") == class_id
        parts = {name: getattr(self, name) for name in _SPLIT}
        kept = {name: rows.filter(mine) if rows.width else rows for name, rows in parts.items()}
        return replace(self, classes=self.classes.filter(mine), **kept)

    @property
    def period(self) -> periods.Period:
        """The period that is reported on."""
        return self.choice.period


def read_class_frames(scope: Scope, filters: Filters, now: datetime, needs: Collection[str]) -> ClassFrames | None:
    """Rows of `filters.school` in `filters.period`, of every class that is open to the reader or of `filters.class_id`;
    None where none is, or the school has no periods. Five queries and one to four per need, whatever the school."""
    school = filters.school
    listed = schools.read_schools(scope, now, school)
    if school is None or listed.is_empty() or not scope.sees_entries:
        return None
    days = schools.until_of(listed, filters.as_of)
    choice = periods.choose(periods.read_periods(scope, school), filters, days, with_days=True)
    if choice is None:
        return None
    span = choice.period.span
    own = [class_id for own_school, class_id in scope.class_ids if own_school == school]
    asked = {"school": school, "year": span.year, "entire": sorted(scope.school_ids), "own": own}
    classes = read(scope, _CLASSES, asked)
    if filters.class_id is not None:
        classes = classes.filter(pl.col("class_id") == filters.class_id)
    if classes.is_empty():
        return None
    params = _params(scope, filters, choice.period, days, classes["class_id"].to_list())
    settings = read_in_force(scope, school)
    frames = ClassFrames(
        row=listed.row(0, named=True), choice=choice, first=params["first"], last=params["last"], classes=classes,
        dims=read(scope, JOURNALS, params), settings=settings,
    )  # fmt: skip
    params["systematic"] = settings.values.systematic_share
    found: dict[str, Any] = {}
    for need in needs:
        found |= _READERS[need](scope, params, frames)
    return replace(frames, **found)


def _params(
    scope: Scope, filters: Filters, period: periods.Period, days: dict[int, date], classes: list[int]
) -> dict[str, Any]:
    params = params_of(scope, filters.changed(subject=None, parallel=None, class_id=None), period, days)
    ends = period.span.days_of(filters.school) if filters.school is not None else None
    until = params["last"] if ends is None or period.span.is_year else ends[1]
    rolled = min(ends[1], params["last"]) if ends else params["last"]
    return {**params, "classes": classes, "until": until, "pupil": None, "until_on": rolled}


def _named(rows: pl.DataFrame, dims: pl.DataFrame) -> pl.DataFrame:
    """The rows with the class of their journal."""
    return rows.join(dims.select("journal_id", "class_id"), on="journal_id", how="left")


def _journals(scope: Scope, params: dict[str, Any], frames: ClassFrames) -> dict[str, pl.DataFrame]:
    rows = read(scope, _PUPILS, params)
    return {"journals": rows.join(frames.dims.select("journal_id", "subject"), on="journal_id", how="left")}


def _sums(scope: Scope, params: dict[str, Any], frames: ClassFrames) -> dict[str, pl.DataFrame]:
    open_ones = pl.col("class_id").is_in(params["classes"])
    found = read_class_sums(scope, params, frames.settings.values)
    return {name: rows.filter(open_ones) for name, rows in found.items()}


def _forecasts(scope: Scope, params: dict[str, Any], _frames: ClassFrames) -> dict[str, pl.DataFrame]:
    return {"forecasts": read_pupil_forecasts(scope, params["school"], None).marks}


_READERS: dict[str, Callable[[Scope, dict[str, Any], ClassFrames], dict[str, pl.DataFrame]]] = {
    "months": lambda scope, params, _: {"months": read(scope, _MONTHS, params)},
    "journals": _journals,
    "missed": lambda scope, params, frames: {"missed": _named(read(scope, _MISSED, params), frames.dims)},
    "low": lambda scope, params, frames: {"low": _named(read(scope, _LOW, params), frames.dims)},
    "sums": _sums,
    "rolls": lambda scope, params, _: {"rolls": read(scope, _ROLLS, params)},
    "forecasts": _forecasts,
}
