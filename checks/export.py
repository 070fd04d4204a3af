"""The register of findings as CSV: `zavuch export findings` (ledger page, «Export»)."""

from __future__ import annotations

import csv
import io
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from psycopg.rows import dict_row

from checks.wording import BY_NUMBER, LedgerRow, told
from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import Severity, Status

COLUMNS = (
    "school_key", "rule", "object_type", "object", "responsible_key", "status", "severity", "state", "first_seen_at",
    "last_seen_at", "fixed_at", "due_at", "done_at", "reopened", "message",
)  # fmt: skip
_BATCH = 5_000
# The moments of the sentence stand in the ledger; the join is of equalities alone, so that it is hashed once.
_FINDINGS = """
SELECT s.school_key, s.timezone, f.rule, f.status, f.severity, f.state, f.first_seen_at, f.last_seen_at, f.fixed_at,
       f.done_at, f.reopened, coalesce(f.object_key, l.lesson_key, f.object_id::text) AS object,
       k.key AS responsible_key, f.last_seen_at AS at, coalesce(r.due_at, f.due_at) AS due_at, r.due_earliest,
       r.target_at, r.not_before, r.done_earliest, coalesce(r.done_latest, f.done_at) AS done_latest, r.done_quality
FROM finding_row f JOIN dim_school s USING (school_id)
LEFT JOIN fact_lesson l ON l.school_id = f.school_id AND l.school_year = f.school_year AND l.lesson_id = f.lesson_id
LEFT JOIN source_key k ON k.school_id = f.school_id AND k.table_name = 'staff' AND k.id = f.staff_id
LEFT JOIN ledger_row r ON r.school_id = f.school_id AND r.school_year = f.school_year AND r.judgement_id = 0
  AND r.rule = f.rule AND coalesce(r.journal_id, -1) = coalesce(f.journal_id, -1)
  AND coalesce(r.object_id, -1) = coalesce(f.object_id, -1) AND coalesce(r.pupil_id, -1) = coalesce(f.pupil_id, -1)
  AND coalesce(r.period_id, -1) = coalesce(f.period_id, -1) AND coalesce(r.object_key, '') = coalesce(f.object_key, '')
ORDER BY f.rule, coalesce(f.object_key, l.lesson_key, f.object_id::text) COLLATE "C", s.school_key COLLATE "C",
         f.finding_id
"""


def export_findings(url: str, out: BinaryIO) -> int:
    """Write every finding with severity, state, life and the operands in words; returns how many rows.

    Moments are ISO 8601 with the school's offset and whole seconds, null = blank; `message` is Russian.
    """
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    with owner_connection(url) as connection:
        # nobody knows how many rows share five keys: a plan that guesses «one» compares every pair
        connection.execute("SET LOCAL enable_nestloop = off")
        connection.execute("SET LOCAL enable_mergejoin = off")
        with connection.cursor("findings", row_factory=dict_row) as cursor:
            cursor.itersize = _BATCH
            for row in cursor.execute(_FINDINGS):
                writer.writerow(_line(row))
                count += 1
    text.detach()
    return count


def _line(row: dict[str, Any]) -> list[Any]:
    rule, zone = BY_NUMBER[row["rule"]], ZoneInfo(row["timezone"])
    values = {
        **row,
        "rule": rule.name,
        "object_type": rule.object_type,
        "status": Status(row["status"]).name,
        "severity": Severity(row["severity"]).name,
        "message": told(LedgerRow.of(row, row["timezone"])),
    }
    moments = ("first_seen_at", "last_seen_at", "fixed_at", "due_at", "done_at")
    written = {
        name: values[name].astimezone(zone).isoformat(timespec="seconds")
        for name in moments
        if values[name] is not None
    }
    return ["" if value is None else value for value in ({**values, **written}[name] for name in COLUMNS)]
