"""The test that an entry is there (annex B2), by the name a contract's Entry gives it. Frames carry
analytical names.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from etl.transforms.values import REASON_CODES, has_text, has_topic


def _row(_columns: list[str]) -> pl.Expr:
    return pl.lit(value=True)


def _topic(columns: list[str]) -> pl.Expr:
    return has_topic(pl.col("topic")) if "topic" in columns else pl.lit(value=False)


def homework_is_there(columns: list[str]) -> pl.Expr:
    """Homework is non-blank, or it is stated that none was set."""
    text = has_text(pl.col("homework")) if "homework" in columns else pl.lit(value=False)
    none_set = (
        pl.col("homework_not_assigned").fill_null(value=False)
        if "homework_not_assigned" in columns
        else pl.lit(value=False)
    )
    return text | none_set


def _substitute(columns: list[str]) -> pl.Expr:
    """A substitute is named or, where the source names none, the moment is stated (annex R13; `_cell0` is
    the bundle's cell).
    """
    named = [pl.col(name).is_not_null() for name in ("substitute_id", "_cell0") if name in columns]
    return pl.any_horizontal(named) if named else pl.lit(value=False)


def _reason(_columns: list[str]) -> pl.Expr:
    return pl.col("code").is_in(REASON_CODES)


def _attendance(_columns: list[str]) -> pl.Expr:
    return pl.lit(value=True)  # the cell itself is the entry: a blank one gives no moment


def _section(columns: list[str]) -> pl.Expr:
    attested = pl.col("attested_empty").fill_null(value=False) if "attested_empty" in columns else pl.lit(value=False)
    return (pl.col("items") > 0) | attested


PRESENT: dict[str, Callable[[list[str]], pl.Expr]] = {
    "row": _row,
    "topic": _topic,
    "homework": homework_is_there,
    "substitute": _substitute,
    "status": _row,
    "reason": _reason,
    "attendance_confirmed": _attendance,
    "section": _section,
}
