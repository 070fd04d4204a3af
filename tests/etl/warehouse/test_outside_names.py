"""Names at a provider: what is one person and what only looks like her."""

from __future__ import annotations

from etl.warehouse.outside_names import outside_name


def test_an_address_is_compared_without_letter_case_and_any_other_name_as_it_stands() -> None:
    assert outside_name(" Orlova@School.RU ") == "orlova@school.ru"
    assert outside_name("Орлова@Школа.РФ") == "орлова@школа.рф"
    assert outside_name("aBc") != outside_name("abc")


def test_a_sign_that_only_looks_like_a_letter_makes_nobody_a_colleague() -> None:
    assert "\N{KELVIN SIGN}".lower() == "k"
    assert outside_name("\N{KELVIN SIGN}irova@school.ru") != outside_name("kirova@school.ru")
