"""How a group of a class is named beside its class and subject: only what tells it from the other group. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl


def short_group(row: Mapping[str, Any]) -> str:
    """`гр. 1` of «7А английский, гр. 1»: class and subject stand beside it already. Empty for a whole class and where
    nothing but class or subject would remain; a name without a comma stays whole.

    `row` has group_kind and group_name; class_name and subject where known.
    """
    tail = str(row["group_name"] or "").rpartition(", ")[2]
    is_said = row["group_kind"] == "class" or tail in ("", row.get("class_name"), row.get("subject"))
    return "" if is_said else tail


def group_part() -> pl.Expr:
    """The same of a frame with group_kind, group_name, class_name and subject; null where a row has an empty word."""
    tail = pl.col("group_name").str.split(", ").list.last()
    is_said = (tail == "") | tail.eq_missing(pl.col("class_name")) | tail.eq_missing(pl.col("subject"))
    return pl.when((pl.col("group_kind") != "class") & ~is_said).then(tail)
