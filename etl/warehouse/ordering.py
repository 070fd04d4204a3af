"""Russian order in SQL, the same with and without ICU: Ё after Е, 5А before 10А.

The embedded database has no ICU and orders by code point, where Ё stands before А.
"""

from __future__ import annotations


def russian_order(expression: str) -> str:
    """ORDER BY terms for names, as ICU's `ru` does: without case, Ё among Е and after it where all else is equal."""
    return (
        f"translate(lower({expression}), 'ё', 'е') COLLATE \"C\", lower({expression}) COLLATE \"C\", "
        f'{expression} COLLATE "C"'
    )


def class_order(grade: str, letter: str) -> str:
    """ORDER BY terms for classes: by year of study, then by letter."""
    return f"{grade}, {russian_order(letter)}"
