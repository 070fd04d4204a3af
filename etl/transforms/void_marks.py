"""Marks annulled by an incident count in no indicator until they are confirmed (001 4.4, 002 6.4, G22). Pure.

The ledger says which marks are void (void_after_incident); it keeps their rows, because the duty of the teacher and the
finding are about the entry as it was made. What is counted of learning (grades given, means, norms, forecasts) is
counted without them.
"""

from __future__ import annotations

import polars as pl

from etl.contract.ledger import RULE
from etl.transforms.obligations.context import Context


def without_void_marks(context: Context, obligations: pl.DataFrame) -> Context:
    """The context without the marks that are void where the data end; itself where there is none.

    `obligations` of the shape OBLIGATION hold the breaches of void_after_incident; their due_earliest is the moment of
    confirmation, from which the mark counts again.
    """
    void = obligations.filter(
        (pl.col("rule") == RULE["void_after_incident"].number)
        & (pl.col("due_earliest").is_null() | (pl.col("due_earliest") > context.sight.newest))
    )["object_id"]
    if void.is_empty():
        return context
    marks = context.state["mark"].filter(~pl.col("mark_id").is_in(void.implode()))
    return Context(
        {**context.state, "mark": marks}, context.journals, context.versions, context.zone, context.school_week,
        context.sight, context.registers,
    )  # fmt: skip
