"""A table as a file: what stands above it, and nothing that a table program would calculate."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from dashboard.access import Identity
from dashboard.table_export import about_table, table_csv


def test_a_table_bears_its_stamp_and_keeps_dangerous_cells_as_text() -> None:
    moment = datetime(2026, 11, 12, 3, 0, tzinfo=UTC)
    person = Identity(1, "deputy", "Орлова М. П.", "deputy")
    about = about_table("Заполнение", "СОШ № 5", "Europe/Moscow", moment, person, moment, "II четверть")
    body = table_csv(["Учитель", "Не заполнено"], [["=1+1", "3"], ["Орлов; А.", "—"]], about).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(body), delimiter=";"))
    assert [row[1] for row in rows[:2]] == ["Заполнение", "СОШ № 5"]
    assert any("06:00" in row[1] for row in rows[:6]) and any("Орлова М. П." in row[1] for row in rows[:6])
    assert rows[6:] == [[], ["Учитель", "Не заполнено"], ["'=1+1", "3"], ["Орлов; А.", "—"]]
