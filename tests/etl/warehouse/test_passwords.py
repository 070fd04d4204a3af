"""Which passwords are refused, and that the sentence never repeats them."""

from __future__ import annotations

import pytest

from etl.errors import SettingsError
from etl.warehouse.common_passwords import common_words
from etl.warehouse.passwords import NO_PASSWORD, is_right, password_hash, refuse_weak


@pytest.mark.parametrize(
    "password",
    [
        "короткий",
        "1234567890",
        "Password2026!!",
        "P@ssw0rd2026",
        "gfhjkm12345678",  # «пароль» with the other layout on
        "ЙЦУКЕН1234567",
        "abababababab",
        "Zavuch-2026",
        "учитель2026",
        "x" * 1025,
        "лошадь-orlova.m-7",
        "мой-Орлова-батарея",
    ],
)
def test_a_weak_password_is_refused_with_a_sentence_that_does_not_hold_it(password: str) -> None:
    with pytest.raises(SettingsError) as refused:
        refuse_weak(password, login="orlova.m", name="Орлова М. С.")
    assert password not in str(refused.value)
    assert refused.value.advice


@pytest.mark.parametrize("password", ["правильно-лошадь-батарея", "tr0ub4dor&3xyz", "vesna pod mostom 7"])
def test_another_one_is_taken(password: str) -> None:
    refuse_weak(password, login="orlova.m", name="Орлова М. С.")


def test_the_list_is_a_few_thousand_words() -> None:
    assert len(common_words()) > 3000


def test_nothing_fits_an_account_without_a_password() -> None:
    assert not is_right(NO_PASSWORD, NO_PASSWORD)
    assert not is_right(None, "")
    stored = password_hash("правильно-лошадь-батарея")
    assert stored.startswith("$argon2id$") and is_right(stored, "правильно-лошадь-батарея")
