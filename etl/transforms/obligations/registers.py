"""Registers that people keep in the product itself, as far as the ledger reads them (requirements D3).

A source never brings them: a school that keeps none has registered nothing, which is no missing capability.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from etl.transforms.moments import INSTANT

CONTROL_ACT: dict[str, pl.DataType | type[pl.DataType]] = {
    "month_on": pl.Date,
    "role": pl.String,
    "act_on": pl.Date,
}
INCIDENT: dict[str, pl.DataType | type[pl.DataType]] = {
    "staff_id": pl.Int32,
    "notified_at": INSTANT,
    "restored_at": INSTANT,
    "confirmed_at": INSTANT,
}
OUTAGE: dict[str, pl.DataType | type[pl.DataType]] = {"from_at": INSTANT, "to_at": INSTANT, "memo_no": pl.String}


@dataclass(frozen=True)
class Registers:
    """One school's registers in their newest state (annex L2): frames with the columns above, one row an entry."""

    control_act: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CONTROL_ACT))
    incident: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=INCIDENT))
    outage: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OUTAGE))
