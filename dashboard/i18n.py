"""The words people read on screens and the way numbers and dates are written: texts by key, Russian numbers, plurals
and dates.

Every text stands once: what reports and exports say too is in `checks/texts`, the rest in `texts/*.toml` here. Numbers
never break across lines: groups of digits, a number and its sign or noun are divided by a no-break space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from babel.dates import format_interval
from babel.lists import format_list

from checks.words import FOLDER, LOCALE, NBSP, MissingTextError, Texts, date_words, day, day_short, number, plural

__all__ = [
    "LOCALE",
    "NBSP",
    "TEXTS",
    "MissingTextError",
    "count",
    "day",
    "day_of_week",
    "day_short",
    "days_between",
    "form",
    "has",
    "listed",
    "moment",
    "month",
    "number",
    "out_of",
    "percent",
    "points",
    "small_first",
    "t",
    "texts",
    "unbroken",
]

TEXTS = Path(__file__).resolve().parent / "texts"
_BOUND = re.compile(r"(?<=№) (?=[\d{])|(?<=\bп\.) (?=[\w{])|(?<=[\d}]) (?=%)")

_NAMES = re.compile(r"(?<=\b[А-ЯЁ]\.) (?=[А-ЯЁ]\.)|(?<=\bгр\.) (?=\d)")


class _Screen(Texts):
    """The texts as the pages show them; those of the checks, which files repeat to the letter, as they are."""

    @cached_property
    def all(self) -> Mapping[str, str]:
        below = Texts(FOLDER).all
        return {key: text if key in below else _BOUND.sub(NBSP, text) for key, text in super().all.items()}


_ALL = _Screen(FOLDER, TEXTS)
t, has, count, form = _ALL.t, _ALL.has, _ALL.count, _ALL.form


def texts() -> Mapping[str, str]:
    """Every text by its dotted key, those of the checks included; `ValueError` where two files state the same key."""
    return _ALL.all


def unbroken(words: str) -> str:
    """The words with «№ 173», «п. 3.8», «90 %», «гр. 1», initials held together and no dash at the start of a line."""
    return _NAMES.sub(NBSP, _BOUND.sub(NBSP, words)).replace(" — ", f"{NBSP}— ")


def percent(share: float | None, digits: int = 1) -> str:
    """A share from 0 to 1 as `83,1 %`; «нельзя оценить» for None.

    A share that is not whole is never rounded to 0 or 100: 0.9999 reads «>99,9 %», 0.0001 reads «<0,1 %».
    """
    if share is None:
        return t("number.cannot_tell")
    step = 10 ** -(digits + 2)
    if 1 - step / 2 <= share < 1:
        return f">{number(100 - step * 100, digits)}{NBSP}%"
    if 0 < share < step / 2:
        return f"<{number(step * 100, digits)}{NBSP}%"
    return f"{number(share * 100, digits)}{NBSP}%"


def out_of(part: int, whole: int, noun: str) -> str:
    """The denominator of a share: `1 065 из 1 281 урока` (the noun in the genitive, as «из» wants)."""
    case = "other" if plural(whole) == "one" else "many"
    return f"{number(part)} из{NBSP}{number(whole)}{NBSP}{t(f'noun.{noun}.{case}')}"


def points(difference: float | None, digits: int = 1) -> str:
    """A difference of two shares in percentage points: `−2,1 п.п.`, `+0,9 п.п.`, `0 п.п.`; empty for None.

    The minus is the sign of print: no difference goes to `st.metric`, which would want a hyphen (files read both).
    """
    if difference is None:
        return ""
    value = round(difference * 100, digits) or 0.0  # no -0
    sign = "+" if value > 0 else ""
    return f"{sign}{number(value, digits if value else 0)}{NBSP}{t('number.points')}"


def day_of_week(value: date) -> str:
    """`12 ноября, четверг`."""
    return date_words(value, f"d{NBSP}MMMM, EEEE")


def moment(value: datetime) -> str:
    """`12 ноября 2026, 06:00` on the clock of the value's own zone; `ValueError` for a naive one."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone.")
    return f"{day(value)}, {value:%H:%M}"


def days_between(first: date, last: date) -> str:
    """`5–22 нояб. 2026 г.`"""
    return str(format_interval(first, last, "yMMMd", locale=LOCALE))


def month(value: date) -> str:
    """`ноябрь 2026`, in the nominative."""
    return date_words(value, f"LLLL{NBSP}y")


def small_first(words: str) -> str:
    """A heading as it stands inside a sentence: its first letter small."""
    return words[:1].lower() + words[1:]


def listed(items: Iterable[str]) -> str:
    """`тема, посещаемость и ДЗ`."""
    return format_list(list(items), locale=LOCALE)
