"""Moments and names as the tables of the screens write them."""

from __future__ import annotations

from dashboard import wording


def test_names_are_sorted_with_yo_after_ye():
    names = ["Жукова", "Ёлкина", "Еремеев", "Агеев"]
    assert sorted(names, key=wording.alphabetical) == ["Агеев", "Еремеев", "Ёлкина", "Жукова"]
