"""A list of findings as a table for a file: one line a finding, in words. Pure."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from dashboard import wording
from dashboard.i18n import t
from dashboard.table_export import Sheet, Value
from dashboard.wording import LedgerRow

COLUMNS = (
    "school", "severity", "finding", "told", "class", "subject", "on", "pupil", "entry", "responsible", "clause",
    "act", "state", "reason", "decided_by", "first_seen", "last_seen", "fixed", "reopened",
)  # fmt: skip


def findings_sheet(rows: pl.DataFrame) -> Sheet:
    """`rows` as of `read_every`; moments on the clock of the finding's school."""
    columns = tuple(t(f"finding_export.{name}") for name in COLUMNS)
    return Sheet(t("page.findings"), columns, [_line(row) for row in rows.iter_rows(named=True)])


def _line(row: dict[str, Any]) -> tuple[Value, ...]:
    zone = row["timezone"]
    moments = (row["first_seen_at"], row["at"], row["fixed_at"])
    return (
        row["school"],
        wording.severity_name(row["severity"]),
        wording.rule_name(row["rule"]),
        wording.told(LedgerRow.of(row, zone)),
        row["class_name"],
        row["subject"],
        row["held_on"] or row["anchor_on"],
        row["pupil"],
        row["mark"] or row["absence"],
        row["responsible"],
        wording.clause(row),
        wording.act(row),
        t(f"finding_state.{row['state']}"),
        wording.why_withdrawn(row["reason"]) if row["reason"] else None,
        row["decided_by"],
        *(None if moment is None else moment.astimezone(ZoneInfo(zone)) for moment in moments),
        row["reopened"],
    )
