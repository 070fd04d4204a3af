"""Russian texts by key, numbers, plurals and dates, below every screen: reports and exports speak with the same words.

A text stands once, in a `texts/*.toml` of the room that first needs it, under a dotted key. Numbers never break across
lines: groups of digits, a number and its sign or noun are divided by a no-break space (the font has no narrow one).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

FOLDER = Path(__file__).resolve().parent / "texts"
LOCALE = Locale("ru")
NBSP = "\u00a0"
MINUS = "\u2212"


class MissingTextError(KeyError):
    """A key has no text: a mistake of ours, found by the tests."""


class Texts:
    """The texts of some folders; read once, when the first is asked for."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    @cached_property
    def all(self) -> Mapping[str, str]:
        """Every text by its dotted key; `ValueError` where two files state the same key."""
        found: dict[str, str] = {}
        for path in (path for folder in self._folders for path in sorted(folder.glob("*.toml"))):
            for key, text in flat(tomllib.loads(path.read_text(encoding="utf-8"))):
                if key in found:
                    raise ValueError(f"The text {key!r} stands twice, the second time in {path.name}.")
                found[key] = text
        return found

    def t(self, key: str, **values: Any) -> str:
        """The text of a key with `{name}` places filled; `MissingTextError` where nobody wrote it."""
        try:
            text = self.all[key]
        except KeyError as error:
            raise MissingTextError(key) from error
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Whether a text of that key exists (for codes that come from data, such as a rule's)."""
        return key in self.all

    def form(self, value: int, noun: str) -> str:
        """The form of a noun that goes with the number (one, few, many), without the number."""
        return self.t(f"noun.{noun}.{plural(value)}")

    def count(self, value: int, noun: str) -> str:
        """A counted noun in the right form, `22 урока`; nouns are the tables `noun.*` of the texts."""
        return f"{number(value)}{NBSP}{self.form(value, noun)}"


def number(value: float | None, digits: int = 0) -> str:
    """`1 281` or `−3,86`, the minus as it is printed; a dash for None. Files and headings read either minus back."""
    # a page writes hundreds of numbers, most of them small and often the same; -0.0 is the same key as 0
    return "—" if value is None else _number(value or 0, digits)


@lru_cache(maxsize=20_000)
def _number(value: float, digits: int) -> str:
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=LOCALE).replace("-", MINUS)


@lru_cache(maxsize=4_000)
def plural(value: int) -> str:
    """The plural category of a whole number in Russian: one, few or many."""
    return LOCALE.plural_form(value)


def date_words(value: date, pattern: str) -> str:
    """A date by a CLDR pattern; of a datetime its own date, so convert to the school's zone before."""
    # aware moments of two zones may be one key and two dates
    return _date_words(value.date() if isinstance(value, datetime) else value, pattern)


@lru_cache(maxsize=4_000)
def _date_words(value: date, pattern: str) -> str:
    return format_date(value, pattern, locale=LOCALE)


def day(value: date) -> str:
    """`12 ноября 2026`; of a datetime its own date, so convert to the school's zone before."""
    return date_words(value, "d MMMM y").replace(" ", NBSP)


def day_short(value: date) -> str:
    """`12.11.2026`."""
    return f"{value.day:02}.{value.month:02}.{value.year:04}"


def flat(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    """(dotted key, text) of nested tables."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
