"""The words people read and the way numbers and dates are written: texts by key, Russian numbers, plurals
and dates.

Every text stands once, in `texts/*.toml`, under a dotted key. Numbers never break across lines: groups of
digits, a number and its sign or noun are divided by a no-break space (the font has no narrow one).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_interval
from babel.lists import format_list
from babel.numbers import format_decimal

TEXTS = Path(__file__).resolve().parent / "texts"
LOCALE = Locale("ru")
NBSP = "\u00a0"


class MissingTextError(KeyError):
    """A key has no text: a mistake of ours, found by the tests."""


@lru_cache(maxsize=1)
def texts() -> Mapping[str, str]:
    """Every text by its dotted key, from all files of `texts/`; `ValueError` where two files state the same
    key.
    """
    found: dict[str, str] = {}
    for path in sorted(TEXTS.glob("*.toml")):
        for key, text in _flat(tomllib.loads(path.read_text(encoding="utf-8"))):
            if key in found:
                raise ValueError(f"The text {key!r} stands twice, the second time in {path.name}.")
            found[key] = text
    return found


def t(key: str, **values: Any) -> str:
    """The text of a key with `{name}` places filled; `MissingTextError` where nobody wrote it."""
    try:
        text = texts()[key]
    except KeyError as error:
        raise MissingTextError(key) from error
    return text.format(**values) if values else text


def has(key: str) -> bool:
    """Whether a text of that key exists (for codes that come from data, such as a rule's)."""
    return key in texts()


def number(value: float | None, digits: int = 0) -> str:
    """`1 281` or `3,86`; a dash for None. A minus is ASCII, as everywhere in the app."""
    if value is None:
        return "—"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=LOCALE)


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


def count(value: int, noun: str) -> str:
    """A counted noun in the right form, `22 урока`; nouns are the tables `noun.*` of the texts."""
    return f"{number(value)}{NBSP}{form(value, noun)}"


def form(value: int, noun: str) -> str:
    """The form of a noun that goes with the number (one, few, many), without the number."""
    return t(f"noun.{noun}.{LOCALE.plural_form(value)}")


def out_of(part: int, whole: int, noun: str) -> str:
    """The denominator of a share: `1 065 из 1 281 урока` (the noun in the genitive, as «из» wants)."""
    case = "few" if LOCALE.plural_form(whole) == "one" else "many"
    return f"{number(part)} из{NBSP}{number(whole)}{NBSP}{t(f'noun.{noun}.{case}')}"


def points(difference: float | None, digits: int = 1) -> str:
    """A difference of two shares in percentage points: `-2,1 п.п.`, `+0,9 п.п.`, `0 п.п.`; empty for None.

    The minus is ASCII because `st.metric` reads the direction from it.
    """
    if difference is None:
        return ""
    value = round(difference * 100, digits) or 0.0  # no -0
    sign = "+" if value > 0 else ""
    return f"{sign}{number(value, digits if value else 0)}{NBSP}{t('number.points')}"


def day(value: date) -> str:
    """`12 ноября 2026`; of a datetime its own date, so convert to the school's zone before."""
    return format_date(value, "d MMMM y", locale=LOCALE).replace(" ", NBSP)


def day_short(value: date) -> str:
    """`12.11.2026`."""
    return format_date(value, "dd.MM.yyyy", locale=LOCALE)


def day_of_week(value: date) -> str:
    """`12 ноября, четверг`."""
    return format_date(value, f"d{NBSP}MMMM, EEEE", locale=LOCALE)


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
    return format_date(value, f"LLLL{NBSP}y", locale=LOCALE)


def listed(items: Iterable[str]) -> str:
    """`тема, посещаемость и ДЗ`."""
    return format_list(list(items), locale=LOCALE)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
