"""People named in free text are hidden from readers without names; words of lessons stay."""

from __future__ import annotations

import polars as pl
import pytest

from dashboard.free_text import surnames_of, without_people
from dashboard.privacy import scanned


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Иванов И. – доклад", "… – доклад"),
        ("Иванов И.И., Петрова-Водкина А. Б.: стр. 5", "…, …: стр. 5"),
        ("сдать М. П. Ивановой", "сдать …"),
        ("Спросить у Марии Петровны Ивановой", "Спросить у …"),
        ("работы на maria.ivanova@school.ru", "работы на …"),
        ("позвонить +7 (916) 123-45-67", "позвонить …"),
        ("§ 12, упр. 34, читать стр. 56–58", "§ 12, упр. 34, читать стр. 56–58"),
        ("Сложение и вычитание дробей. Решение задач", "Сложение и вычитание дробей. Решение задач"),
        ("Отечественная война 1812 года. Часть 2", "Отечественная война 1812 года. Часть 2"),
    ],
)
def test_names_with_initials_or_patronymics_and_addresses_are_hidden(text: str, shown: str) -> None:
    assert without_people(text).strip() == shown


def test_only_typed_words_of_a_frame_are_scanned() -> None:
    rows = pl.DataFrame({"homework": ["Иванов И. – доклад", None], "full_name": ["Иванов И.", "Яшин Л."]})
    assert scanned(rows).rows() == [("… – доклад", "Иванов И."), (None, "Яшин Л.")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("доклад Иванова, Ивановой и Ивановых", "доклад …, … и …"),
        ("Достоевская и Достоевскому – § 3", "… и … – § 3"),
        ("спросить Мороза; Мороз принесёт; мороз крепчает", "спросить …; … принесёт; мороз крепчает"),
        ("Королев и Королёву", "… и …"),
        ("Яшин – стр. 5, с Яшиным", "… – стр. 5, с …"),
        ("Петренко, Зайца, Зайцем", "…, …, …"),
        ("Водкин отвечает", "… отвечает"),
        ("Ли. Липа и Лиза", "…. Липа и Лиза"),
        ("Слова с удвоенной согласной. Половина", "Слова с удвоенной согласной. Половина"),
    ],
)
def test_bare_surnames_of_the_school_are_hidden_in_every_case(text: str, shown: str) -> None:
    names = ("Иванов Пётр", "Достоевский Ф.", "Мороз А.", "Королёв И.", "Яшина Анна", "Петренко О.", "Заяц Б.", "Ли В.")
    assert without_people(text, surnames_of((*names, "Петрова-Водкина Е."))) == shown


def test_without_names_nothing_more_is_hidden() -> None:
    assert surnames_of([]) is None
    assert without_people("Мороз", surnames_of(["", "и т.д."])) == "Мороз"
