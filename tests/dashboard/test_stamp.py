"""What a file says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl

from dashboard.access import Identity
from dashboard.stamp import Head, how_many, stamp
from etl.warehouse.scope import EMPTY

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
PERSON = Identity(1, "deputy", "Орлова Мария Петровна", "deputy")
ORIGIN = {
    "school": "СОШ № 5", "timezone": "Europe/Moscow", "extracted_at": NOW, "source_system": "Портал",
    "act_title": "Положение", "act_number": "№ 7", "act_date": date(2025, 9, 1), "profile_version": 2,
}  # fmt: skip
SCOPE = replace(EMPTY, level="school")


def said(head: Head, *origins: dict[str, object]) -> dict[str, str]:
    return dict(stamp("Учителя", head, pl.DataFrame(list(origins)), PERSON, SCOPE, NOW, "12"))


def test_a_file_says_who_when_scope_period_as_of_source_act_filters_and_what_is_left_out() -> None:
    head = Head("Заполнение", "", ("СОШ № 5", "7А"), "II четверть", date(2026, 11, 10), ("открыто",))
    words = said(head, ORIGIN)
    assert words["Отчёт"] == "Учителя" and words["Страница"] == "Заполнение"
    assert words["Отбор"] == "СОШ № 5 → 7А → открыто"
    assert (words["Период"], words["На дату"], words["Данные на"]) == (
        "II четверть", "10.11.2026", "12.11.2026\u00a008:00"
    )  # fmt: skip
    assert words["Источник"] == "Портал" and words["Регламент"].startswith("Положение") and "2" in words["Регламент"]
    assert words["Доступ"] == "заместитель директора: вся школа"
    assert words["Кто сформировал"] == "Орлова Мария Петровна, заместитель директора"
    assert words["Когда"] == "12.11.2026\u00a008:00" and words["Строк"] == "12"
    assert "нельзя оценить" in words["Что не учтено"]


def test_many_schools_are_counted_and_the_span_of_their_data_is_told() -> None:
    origins = [ORIGIN | {"school": f"СОШ № {n}", "extracted_at": NOW.replace(day=n)} for n in range(1, 8)]
    words = said(Head(), *origins)
    assert words["Школы"] == "7 школ" or "7" in words["Школы"]
    assert words["Данные на"] == "01.11.2026\u00a008:00 – 07.11.2026\u00a008:00"
    assert words["Отбор"] == "без дополнительного отбора" and words["На дату"] == "на конец данных"


def test_a_school_without_an_act_or_a_named_source_is_told_so() -> None:
    words = said(Head(), ORIGIN | {"act_title": None, "profile_version": None, "source_system": None})
    assert words["Регламент"] and words["Источник"]


def test_a_list_that_was_cut_says_so() -> None:
    assert "сузьте отбор" in how_many(100_000, 250_000) and how_many(5, 5) == "5"
