"""Vocabularies of marks and absences, and the tests that a text is there (annex B14, bundle contract)."""

from __future__ import annotations

import polars as pl
import pytest

from etl.transforms.values import ABSENCE_CODES, canonical_absence, canonical_mark, has_text, has_topic, mark_code


def apply(expression: pl.Expr, text: str | None) -> object:
    return pl.DataFrame({"x": [text]}, schema={"x": pl.String}).select(expression).item()


@pytest.mark.parametrize(
    ("raw", "canonical", "code"),
    [
        ("5", "5", 5),
        (" 4+ ", "4+", 4),
        ("3-", "3-", 3),
        ("3−", "3-", 3),
        ("1", "1", 1),
        ("н/а", "н/а", 10),
        ("НА", "н/а", 10),
        ("Н/А", "н/а", 10),
        ("осв", "осв", 11),
        ("Осв.", "осв", 11),
        ("н/оц", "н/оц", 12),
        ("зач", "зач", 13),
        ("Зачёт", "зач", 13),
        ("зачет", "зач", 13),
        ("незач", "незач", 14),
        ("незачёт", "незач", 14),
        ("НЕЗАЧЕТ", "незач", 14),
        (".", ".", 0),
    ],
)
def test_a_mark_has_one_spelling_and_one_number(raw: str, canonical: str, code: int) -> None:
    assert apply(canonical_mark(pl.col("x")), raw) == canonical
    assert apply(mark_code(canonical_mark(pl.col("x"))), raw) == code


@pytest.mark.parametrize("raw", ["", "0", "6", "10", "5++", "+5", "5 5", "4,5", "н", "н/н", "зачтено", "..", "5*", "٥"])
def test_any_other_mark_is_none(raw: str) -> None:
    assert apply(canonical_mark(pl.col("x")), raw) is None


@pytest.mark.parametrize("raw", ["н", "Н", " от ", "б", "уп", "Нп", "о", "ОП"])
def test_case_and_spaces_of_absence_codes_do_not_matter(raw: str) -> None:
    assert apply(canonical_absence(pl.col("x")), raw) == raw.strip().upper()
    assert raw.strip().upper() in ABSENCE_CODES


@pytest.mark.parametrize("raw", ["", "x", "нн", "б.", "B", "H"])
def test_any_other_absence_code_is_none(raw: str) -> None:
    assert apply(canonical_absence(pl.col("x")), raw) is None


@pytest.mark.parametrize(
    ("topic", "is_there"),
    [("Дроби", True), ("a1б", True), ("§ 12", False), ("аб", False), ("...", False), (None, False), ("1,2;3", True)],
)
def test_a_topic_needs_three_letters_or_digits(topic: str | None, *, is_there: bool) -> None:
    assert apply(has_topic(pl.col("x")), topic) is is_there


@pytest.mark.parametrize(
    ("text", "is_there"), [("-", True), (" ", False), ("", False), (None, False), ("\u00a0", False)]
)
def test_homework_is_there_when_it_is_not_blank(text: str | None, *, is_there: bool) -> None:
    assert apply(has_text(pl.col("x")), text) is is_there
