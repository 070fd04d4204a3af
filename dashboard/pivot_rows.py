"""A reader's own table in rows and words: what each value of a dimension is called, in which order, and the values
in their places. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboard import wording
from dashboard.group_words import short_group
from dashboard.i18n import days_between, month, t
from dashboard.pivot import Dimension
from dashboard.queries.periods import period_label
from dashboard.queries.pivot import Pivot
from etl.warehouse.ledger import RULES
from etl.warehouse.metrics import Measured, Metric
from etl.warehouse.metrics_catalogue import GROUNDS

_KINDS = ("quarter", "trimester", "half_year", "year")
_RULES = {rule.number: rule.name for rule in RULES}


@dataclass(frozen=True)
class Value:
    """One number of the table: a metric's value, and the share a count rests on, where it rests on one."""

    measured: Measured
    ground: Measured | None = None

    @property
    def is_told(self) -> bool:
        """A number can be named: neither nothing to judge nor «нельзя оценить»."""
        if self.ground is not None and self.ground.value is None:
            return False
        return self.measured.value is not None

    @property
    def is_unknown(self) -> bool:
        """There is something to judge, and it cannot be told."""
        judged = self.ground if self.ground is not None else self.measured
        return judged.value is None and bool(judged.whole or judged.unknown)


@dataclass(frozen=True)
class Line:
    """One row: `key` of its dimension, its words, the values of every metric, or of one metric in every column, and the
    whole of that metric where there are columns."""

    key: Any
    label: str
    values: tuple[Value | None, ...]
    whole: Value | None = None


@dataclass(frozen=True)
class Table:
    """The table: words of its columns of numbers, its rows in their order, and the row of the whole."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    total: Line


def table_of(page: Pivot) -> Table:
    """The table of a choice with at least one metric that can be shown; values without rows are null."""
    choice, rows = page.choice, page.choice.rows
    if choice.columns is None:
        each = [_each(page, metric, (rows,)) for metric in choice.metrics]
        labels, order = _labels(page, rows)
        keys = sorted({key for found in each for (key,) in found}, key=order)
        lines = [Line(key, labels(key), tuple(found.get((key,)) for found in each)) for key in keys]
        total = Line(None, t("pivot.total"), tuple(_whole(page, metric) for metric in choice.metrics))
        return Table(tuple(t(f"metric_name.{metric.name}") for metric in choice.metrics), tuple(lines), total)
    return _crossed(page, choice.metrics[0], rows, choice.columns)


def _crossed(page: Pivot, metric: Metric, rows: Dimension, columns: Dimension) -> Table:
    both = _each(page, metric, (rows, columns))
    of_rows, of_columns = _each(page, metric, (rows,)), _each(page, metric, (columns,))
    row_words, row_order = _labels(page, rows)
    column_words, column_order = _labels(page, columns)
    across = sorted({column for _, column in both}, key=column_order)
    lines = [
        Line(key, row_words(key), tuple(both.get((key, column)) for column in across), of_rows.get((key,)))
        for key in sorted({row for row, _ in both}, key=row_order)
    ]
    total = Line(None, t("pivot.total"), tuple(of_columns.get((one,)) for one in across), _whole(page, metric))
    return Table(tuple(column_words(one) for one in across), tuple(lines), total)


def _each(page: Pivot, metric: Metric, dimensions: Sequence[Dimension]) -> dict[tuple[Any, ...], Value]:
    sums = page.sums[metric.source]
    names = [f"by_{place}" for place in range(len(dimensions))]
    placed = sums.with_columns(_key(one, page.dims).alias(name) for one, name in zip(dimensions, names, strict=True))
    ground = GROUNDS.get(metric.name)
    under = ground.each_of(placed, *names) if ground is not None else {}
    return {key: Value(found, under.get(key)) for key, found in metric.each_of(placed, *names).items()}


def _whole(page: Pivot, metric: Metric) -> Value:
    ground = GROUNDS.get(metric.name)
    sums = page.sums[metric.source]
    return Value(metric.of(sums), ground.of(sums) if ground is not None else None)


def _key(dimension: Dimension, dims: pl.DataFrame) -> pl.Expr:
    """The value of the dimension in a row of sums."""
    if dimension.code == "school":
        return pl.lit(0)
    if dimension.code in ("grade", "subject"):
        source, target = ("class_id", "grade") if dimension.code == "grade" else ("journal_id", "subject_id")
        known = dict(dims.select(source, target).iter_rows())
        return pl.col(source).replace_strict(known, default=None, return_dtype=pl.Int64)
    if dimension.code == "period":
        return pl.concat_str("kind", pl.col("number").cast(pl.String), separator=":")
    return pl.col(dimension.keys[0])


def _labels(page: Pivot, dimension: Dimension) -> tuple[Callable[[Any], str], Callable[[Any], Any]]:
    """The words of a value, and its place in the order of people; a value without a name comes last."""
    if dimension.code == "school":
        return (lambda _key: t("pivot.whole" if page.is_whole else "pivot.whole_own")), (lambda key: key)
    if dimension.code in ("month", "week", "period", "rule", "grade"):
        year = page.period.period.span.year
        return (lambda key: _words(dimension, key, year)), (lambda key: _place(dimension, key))
    names = names_of(page, dimension)
    ranks = {key: place for place, key in enumerate(names)}
    return (lambda key: names.get(key, t(f"pivot.none_{dimension.code}"))), (lambda key: ranks.get(key, len(ranks)))


def names_of(page: Pivot, dimension: Dimension) -> dict[int, str]:
    """Id → name of classes, subjects, journals or people that are the reader's, in the order of people."""
    dims = page.dims
    if dimension.code == "staff":
        return dict(page.names.select("staff_id", "full_name").iter_rows())
    if dimension.code == "class":
        return dict(dims.select("class_id", "class_name").iter_rows())
    if dimension.code == "journal":
        return {row["journal_id"]: _journal(row) for row in dims.iter_rows(named=True)}
    named = dims.select("subject_id", "subject").unique().rows()
    return dict(sorted(named, key=lambda row: (wording.alphabetical(str(row[1])), row[0])))


def _journal(row: dict[str, Any]) -> str:
    return ", ".join(part for part in (row["class_name"], row["subject"], short_group(row)) if part)


def _words(dimension: Dimension, key: Any, year: int) -> str:
    if key is None:
        return t(f"pivot.none_{dimension.code}")
    if dimension.code == "grade":
        return t("school.parallel", n=key)
    if dimension.code == "rule":
        return t(f"record.{_RULES[key]}")
    if dimension.code == "period":
        kind, _, n = str(key).partition(":")
        return period_label(kind, int(n), year)
    if dimension.code == "month":
        words = month(key)
        return words[:1].upper() + words[1:]
    return days_between(key, key + timedelta(days=6))


def _place(dimension: Dimension, key: Any) -> tuple[bool, Any]:
    if key is None:
        return True, date.max if dimension.code in ("month", "week") else ""
    if dimension.code == "period":
        kind, _, n = str(key).partition(":")
        return False, (_KINDS.index(kind), int(n))
    return False, key
