"""Registers that people keep in the product itself, as far as the ledger reads them (requirements D3).

Control acts, incidents and outages no source brings; documents of absences and permissions stand beside those of the
source (annex B21). A school that keeps none has registered nothing, which is no missing capability.
"""

from __future__ import annotations

from collections.abc import Mapping
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
ABSENCE_DOCUMENT: dict[str, pl.DataType | type[pl.DataType]] = {
    "document_key": pl.String,
    "pupil_id": pl.Int32,
    "from_on": pl.Date,
    "to_on": pl.Date,
    "presented_on": pl.Date,
}
EDIT_PERMISSION: dict[str, pl.DataType | type[pl.DataType]] = {
    "permission_no": pl.String,
    "entity": pl.String,
    "entity_key": pl.String,
    "decided_on": pl.Date,
}
REVIEW_TICK: dict[str, pl.DataType | type[pl.DataType]] = {
    "class_id": pl.Int32,
    "month_on": pl.Date,
    "subject": pl.String,
}
"""No rule reads it: the sums of reviews do (requirements B-43)."""
KEYS = {"absence_document": ("document_key",), "edit_permission": ("permission_no", "entity", "entity_key")}
"""Registers that bundles bring too: the keys by which a line of the app is one of the source (annex B10)."""
OUTAGE: dict[str, pl.DataType | type[pl.DataType]] = {"from_at": INSTANT, "to_at": INSTANT, "memo_no": pl.String}


@dataclass(frozen=True)
class Registers:
    """One school's registers in their newest state (annex L2): frames with the columns above, one row an entry."""

    control_act: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CONTROL_ACT))
    incident: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=INCIDENT))
    outage: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OUTAGE))
    review_tick: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REVIEW_TICK))
    absence_document: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ABSENCE_DOCUMENT))
    edit_permission: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EDIT_PERMISSION))


def with_registers(state: Mapping[str, pl.DataFrame], registers: Registers) -> dict[str, pl.DataFrame]:
    """The state with the union that rules read: of two lines with one key the app's counts (annex B21).

    The columns that the app's lines lack are null. What is stored of the source stays as it is.
    """
    found = dict(state)
    for table, keys in KEYS.items():
        lines: pl.DataFrame = getattr(registers, table)
        if lines.height:
            of_source = state[table].join(lines, on=list(keys), how="anti")
            of_app = lines.cast({name: state[table].schema[name] for name in lines.columns})
            found[table] = pl.concat([of_source, of_app], how="diagonal")
    return found
