"""What a preview or a load of given files found, as JSON for the page: no value of a cell, only its address."""

from __future__ import annotations

from typing import Any

import polars as pl

from etl.load_files import Loaded

SHOWN_REJECTS = 200
"""Rows that were set aside are listed up to this number; all of them are counted."""


def found_as_json(loaded: Loaded) -> dict[str, Any]:
    """recognised, remarks, tables (table, read, loaded, unchanged, rejected, deleted), since, differences (entity,
    action, count, of_old), not_received, sheets (received, expected), rejects (file, row, place, reason),
    rejected_count, judged (answer by rule), is_repeat, load_ids.
    """
    report = loaded.report
    rejects = pl.concat(report.rejects).head(SHOWN_REJECTS) if report.rejects else pl.DataFrame()
    return {
        "recognised": {"source": loaded.recognition.source, "title": loaded.recognition.title},
        "extracted_at": report.extracted_at.isoformat(),
        "remarks": [message for _school, message in report.warnings],
        "tables": [
            [table, it.read, it.loaded, it.unchanged, it.rejected, it.deleted] for table, it in report.balances.items()
        ],
        "since": loaded.since.isoformat() if loaded.since else None,
        "differences": [[each.entity, each.action, each.count, each.of_old] for each in loaded.counts],
        "not_received": loaded.not_received,
        "sheets": list(loaded.sheets),
        "rejects": [
            [row["file"], row["row_number"], row["column_name"], row["reason"]] for row in rejects.iter_rows(named=True)
        ],
        "rejected_count": report.rejected_count,
        "judged": loaded.judged,
        "is_repeat": report.is_repeat,
        "load_ids": [each.load_id for each in loaded.reports],
    }
