"""A reader's own table as a choice: which metrics, by what in rows and in columns, what does not go together and why
(requirements B-47). Pure.

A metric says itself by what it may be divided (`Metric.groupings`); a filter is a division of which one part is looked
at, so it follows the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from dashboard.filters import Filters
from dashboard.queries import spans
from dashboard.queries.coarser import BY_MONTH, BY_OWN_PERIOD
from etl.warehouse.metrics import Metric, Source
from etl.warehouse.metrics_catalogue import CATALOGUE
from etl.warehouse.scope import Scope

MOST_METRICS = 6
"""More metrics beside each other nobody reads."""
NONE = "none"
"""The address of a table whose last metric was taken away: without it the first table would come back."""
Why = Literal["rows", "columns", "filter", "period", "journals"]


@dataclass(frozen=True)
class Dimension:
    """One way to divide: `needs` = the metric's grouping that allows it, `keys` = columns of the sums that tell its
    value, `within` = codes of coarser ones, in each of which every one of its values lies."""

    code: str
    needs: str
    keys: tuple[str, ...]
    within: tuple[str, ...] = ()


DIMENSIONS: tuple[Dimension, ...] = (
    Dimension("school", "school", ()),
    Dimension("grade", "class", ("class_id",)),
    Dimension("class", "class", ("class_id",), ("grade",)),
    Dimension("subject", "journal", ("journal_id",)),
    Dimension("journal", "journal", ("journal_id",), ("grade", "class", "subject")),
    Dimension("staff", "staff", ("staff_id",)),
    Dimension("period", "period", ("kind", "number")),
    Dimension("month", "month", ("month_on",)),
    Dimension("week", "week", ("week_on",), ("month",)),
    Dimension("rule", "rule", ("rule",)),
)
"""Every way to divide, coarse before fine."""
BY_CODE = {dimension.code: dimension for dimension in DIMENSIONS}
ACROSS = ("grade", "class", "subject", "period", "month", "rule")
"""What may stand in the columns: more values than fit beside each other stay rows."""
FILTERS = {"parallel": "class", "class_id": "class", "subject": "journal", "staff": "staff"}
"""Filter → the grouping that a metric needs to be narrowed by it."""
_FILTER_OF = {"grade": "parallel", "class": "class_id", "subject": "subject", "staff": "staff"}
_BY_CLASS: frozenset[Source] = frozenset({"spread", "period_success", "group"})
_STARTS = ("completeness",)


@dataclass(frozen=True)
class Problem:
    """Why a metric is not in the table; `what` = the code of the dimension or the name of the filter."""

    metric: str
    why: Why
    what: str = ""


@dataclass(frozen=True)
class Choice:
    """What the table shows: metrics in the reader's order, `rows`, `columns` (None = none), and what was asked for and
    does not exist (any more)."""

    metrics: tuple[Metric, ...]
    rows: Dimension
    columns: Dimension | None = None
    gone: tuple[str, ...] = ()


def read_choice(filters: Filters) -> Choice:
    """The choice of the position; a first table where it states nothing. Unknown names are told in `gone`."""
    names = list(dict.fromkeys(filters.metrics.split(".")))[:MOST_METRICS] if filters.metrics else list(_STARTS)
    gone = [name for name in names if name not in CATALOGUE and name != NONE]
    metrics = tuple(CATALOGUE[name] for name in names if name in CATALOGUE)
    rows = BY_CODE.get(filters.rows or "class")
    columns = BY_CODE.get(filters.columns or "")
    if filters.columns and columns is None:
        gone.append(filters.columns)
    if rows is None:
        gone.append(str(filters.rows))
    return Choice(metrics, rows or BY_CODE["school"], columns, tuple(gone))


def allows(metric: Metric, dimension: Dimension) -> bool:
    """Whether the metric may be divided so; one rule alone is not divided by rules."""
    if dimension.code == "rule":
        return "rule" in metric.groupings and len(metric.rules) > 1
    return dimension.needs in metric.groupings


def row_dimensions(metrics: Sequence[Metric]) -> list[Dimension]:
    """What may stand in the rows: what all the metrics allow."""
    return [one for one in DIMENSIONS if all(allows(metric, one) for metric in metrics)]


def column_dimensions(metrics: Sequence[Metric], rows: Dimension) -> list[Dimension]:
    """What may stand in the columns beside these rows: of one metric only, and no part or whole of the rows."""
    if len(metrics) != 1:
        return []
    return [BY_CODE[code] for code in ACROSS if allows(metrics[0], BY_CODE[code]) and apart(rows, BY_CODE[code])]


def apart(one: Dimension, other: Dimension) -> bool:
    """Neither is the other, nor a part of it."""
    return one != other and one.code not in other.within and other.code not in one.within


def problems(choice: Choice, filters: Filters, period_kind: str, scope: Scope) -> list[Problem]:
    """One per metric that cannot be shown, its first reason; metrics without one are shown. `period_kind` as of
    `periods.Period`."""
    found = (_problem(metric, choice, filters, period_kind, scope) for metric in choice.metrics)
    return [problem for problem in found if problem is not None]


def _problem(metric: Metric, choice: Choice, filters: Filters, period_kind: str, scope: Scope) -> Problem | None:
    if scope.level == "teacher" and metric.source in _BY_CLASS:
        return Problem(metric.name, "journals")  # what pupils have in all subjects is not a teacher's of one
    if not allows(metric, choice.rows):
        return Problem(metric.name, "rows", choice.rows.code)
    if choice.columns is not None and not allows(metric, choice.columns):
        return Problem(metric.name, "columns", choice.columns.code)
    for name, grouping in FILTERS.items():
        if getattr(filters, name) is not None and grouping not in metric.groupings:
            return Problem(metric.name, "filter", name)
    is_of_calendar = period_kind in (spans.MONTH, spans.WEEK, spans.DAYS)
    if metric.source in BY_OWN_PERIOD and is_of_calendar:
        return Problem(metric.name, "period", "own")
    if metric.source in BY_MONTH - {"learning"} and period_kind in (spans.WEEK, spans.DAYS):
        return Problem(metric.name, "period", "month")
    return None


def shown(choice: Choice, found: Iterable[Problem]) -> Choice:
    """The choice without the metrics that cannot be shown, and without columns that do not go with the rest."""
    out = {problem.metric for problem in found}
    metrics = tuple(metric for metric in choice.metrics if metric.name not in out)
    fits = choice.columns in column_dimensions(metrics, choice.rows)
    return Choice(metrics, choice.rows, choice.columns if fits else None, choice.gone)


def drilled(filters: Filters, dimension: Dimension, value: Any, class_of: Mapping[int, int]) -> Filters | None:
    """The position of a row with this value of the dimension: the page's own filters with it; None where no filter says
    it. `class_of` = class of each journal."""
    if value is None:
        return None
    if dimension.code == "journal":
        return filters.drilled(class_id=class_of[value], journal=value) if value in class_of else None
    if dimension.code in _FILTER_OF:
        return filters.drilled(**{_FILTER_OF[dimension.code]: int(value)})
    if dimension.code in ("month", "week") and isinstance(value, date):
        span = spans.month_of(value) if dimension.code == "month" else spans.week_of(value)
        return filters.drilled(period=span.code)
    return None
