"""A list of findings as a file: safe to open, and it says where it comes from."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import polars as pl
import pytest

from dashboard.access import Identity
from dashboard.finding_export import COLUMNS, about, findings_csv, safe
from etl.warehouse.ledger import RULE, Status

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
PERSON = Identity(1, "deputy", "Орлова Мария Петровна", "deputy")
SOURCES = pl.DataFrame(
    [{"school": "СОШ № 5", "timezone": "Europe/Moscow", "extracted_at": NOW, "source_system": "Портал"}]
)


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


def read(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_the_file_says_source_moment_person_scope_and_then_the_findings():
    above = about(SOURCES, PERSON, NOW, ("II четверть", "открыто", "7А"), 1, 1)
    lines = read(findings_csv(pl.DataFrame([finding()]), above))
    head = dict(line for line in lines[: len(above)])
    assert head["Источник"] == "Портал" and head["Данные на"] == "12.11.2026 08:00"
    assert head["Кто сформировал"] == "Орлова Мария Петровна, заместитель директора"
    assert (head["Период"], head["Отбор"], head["Строк"]) == ("II четверть", "7А", "1")
    row = dict(zip(lines[len(above) + 1], lines[-1], strict=False))
    assert len(lines[-1]) == len(COLUMNS)
    assert row["Замечание"] == "Тема урока" and row["Тяжесть"] == "грубое"
    assert row["Как есть"] == "не внесено, срок 11.11 23:59, просрочено на 8 ч"


@pytest.mark.parametrize("text", ["=1+1", "+7", "-2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://a")'])
def test_no_text_becomes_a_formula(text):
    assert safe(text) == f"'{text}"
    lines = read(findings_csv(pl.DataFrame([finding(reason=text, state="disputed", pupil=text)]), []))
    assert not [cell for line in lines for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_list_that_was_cut_says_so():
    above = dict(about(SOURCES, PERSON, NOW, ("год", "все", "всё"), 100_000, 250_000))
    assert "сузьте отбор" in above["Строк"]
