"""A list of findings as a table for a file."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from dashboard.finding_export import COLUMNS, findings_sheet
from etl.warehouse.ledger import RULE, Status

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)


def finding(**more) -> dict[str, object]:
    blank = dict.fromkeys(
        ("reason", "decided_by", "held_on", "subject", "pupil", "mark", "absence", "responsible", "clause", "origin",
         "act_title", "act_number", "act_date", "fixed_at", "class_name", "due_earliest", "target_at", "not_before",
         "done_earliest", "done_latest", "done_quality")
    )  # fmt: skip
    known = {
        "school": "СОШ № 5", "timezone": "Europe/Moscow", "rule": RULE["topic"].number, "status": int(Status.missing),
        "severity": 1, "state": "open", "reopened": 0, "anchor_on": NOW.date(), "first_seen_at": NOW, "at": NOW,
        "due_at": datetime(2026, 11, 11, 20, 59, 59, tzinfo=UTC),
    }  # fmt: skip
    return blank | known | more


def test_a_finding_is_one_line_of_words_days_and_moments_on_its_schools_clock() -> None:
    sheet = findings_sheet(pl.DataFrame([finding()]))
    row = dict(zip(sheet.columns, sheet.rows[0], strict=True))
    assert len(sheet.columns) == len(COLUMNS)
    assert row["Замечание"] == "Тема урока" and row["Тяжесть"] == "грубое" and row["Дата"] == NOW.date()
    assert str(row["Как есть"]).replace("\u00a0", " ") == "не внесено, срок 11.11 23:59, просрочено на 8 ч"
    first = row["Впервые замечено"]
    assert isinstance(first, datetime) and f"{first:%d.%m.%Y %H:%M}" == "12.11.2026 08:00"
    assert row["Исправлено"] is None and row["Возвращалось"] == 0
