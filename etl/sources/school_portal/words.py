"""Words of the portal in one spelling: look-alike letters, spaces, names of classes, months, periods and people."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_LATIN = str.maketrans("ABCEHKMOPTXYaceopxy", "АВСЕНКМОРТХУасеорху")
"""Latin letters that look like Cyrillic ones; in a Russian word they are slips of the keyboard."""
_NOTHING = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u00ad"))
_DASHES = str.maketrans("‐‑‒–—−", "------")
MONTHS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_PERIOD = re.compile(r"^(?:(\d|i{1,3}|iv)[-\s.]*(?:й|я|ый|ой|ая|ое|е)?\s*)(тр|сем|чет|чт|ч\b|полуг|п/г|пг\b|пол)")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_KINDS = {
    "тр": "trimester",
    "сем": "half_year",
    "чет": "quarter",
    "чт": "quarter",
    "ч": "quarter",
    "полуг": "half_year",
    "п/г": "half_year",
    "пг": "half_year",
    "пол": "half_year",
}
_CLASS = re.compile(r"^\s*(\d{1,2})(?!\d)(?:\s*-?й\b)?\s*(.*?)\s*$", re.DOTALL)
_WEEKDAY = r"(?:пн|вт|ср|чт|пт|сб|вс)"
_COMPUTED = ("ср.", "ср ", "средн", "срвзв", "пропу", "всего", "кол-во")


def cleaned(text: str) -> str:
    """Without invisible characters, with single plain spaces."""
    return " ".join(text.translate(_NOTHING).split())


@lru_cache(maxsize=65536)
def folded(text: str) -> str:
    """For comparing: lower case, ё as е, look-alike Latin letters as Cyrillic where the word has no other Latin one."""
    words = []
    for word in cleaned(text).translate(_DASHES).split(" "):
        plain = word.translate(_LATIN)
        words.append(word if re.search("[A-Za-z]", plain) else plain)
    return " ".join(words).lower().replace("ё", "е")


def compact(text: str) -> str:
    """Letters and digits alone: «11 а» and «11-а» are one class."""
    return re.sub(r"[\W_]+", "", folded(text))


def month_number(text: str) -> int | None:
    """1–12 of a month's name, whole or cut short."""
    word = re.sub(r"[\s.]*(?:\d{4}\s*г?\.?)?$", "", folded(text))
    if not re.fullmatch(r"[а-я]{2,9}", word):
        return None
    if word in {"май", "мая"}:
        return 5
    return next((n for n, stem in enumerate(MONTHS, 1) if n != 5 and word.startswith(stem)), None)


def day_number(text: str) -> int | None:
    """1–31 of a cell with the day of the month, be the day of the week beside it."""
    found = re.fullmatch(rf"(?:{_WEEKDAY}[\s.,]*)?(\d{{1,2}})(?:\.0+|\.)?(?:[\s,(]*{_WEEKDAY}[.)]*)?", folded(text))
    return int(found[1]) if found and 1 <= int(found[1]) <= 31 else None


def date_in_year(first_year: int, month: int, day: int) -> date | None:
    """The day in the school year that begins in `first_year`: from September on its first calendar year."""
    try:
        return date(first_year if month >= 9 else first_year + 1, month, day)
    except ValueError:
        return None


def period_column(text: str) -> tuple[str, str, int] | None:
    """(kind of mark, kind of period, number) of a column head: «1 тр», «2 сем», «Год», «Экзамен», «Итог»."""
    word = folded(text)
    whole = {"год": "year", "экз": "exam", "итог": "final"}
    for start, kind in whole.items():
        if word.startswith(start):
            return kind, "year", 1
    found = _PERIOD.match(word)
    if not found:
        return None
    return "period", _KINDS[found[2]], _ROMAN.get(found[1]) or int(found[1])


def is_computed(text: str) -> bool:
    """The head of a column that a system computes: an average or a count is no entry of anybody."""
    return folded(text).startswith(_COMPUTED)


def school_year(text: str) -> int | None:
    """First calendar year of «2018/2019», «2018-2019», «2018_2019» or «2018/19»."""
    found = re.search(r"(?<!\d)(\d{4})\s*[/_\-–—\\]\s*(\d{4}|\d{2})(?!\d)", text)
    if not found or (int(found[1]) + 1) % 100 != int(found[2]) % 100:
        return None
    return int(found[1])


def class_and_group(text: str) -> tuple[int, str, str] | None:
    """(grade, letter, group) of «7а (Англ.яз 2)»; the group is blank where it is the class itself."""
    bare = re.sub(r"\d{4}\s*[/\-–—]\s*\d{2,4}.*$", "", cleaned(text)).strip()
    named, group = _last_brackets(bare)
    found = _CLASS.match(named)
    if not found or not 1 <= int(found[1]) <= 11:
        return None
    letter = re.sub(r"\bкласс\b|^[-–—\s]+|[«»\"']", "", folded(found[2])).strip(" -.,")
    own = {"", compact(found[1] + letter), compact(f"{found[1]}й{letter}")}
    return int(found[1]), letter, "" if compact(re.sub(r"\bкласс\b", "", folded(group))) in own else group


def _last_brackets(text: str) -> tuple[str, str]:
    """What stands before the last pair of brackets, and what inside them: a class may have brackets of its own. One
    that is not closed (a name cut short) ends with the text.
    """
    depth, end = 0, len(text)
    for place in range(len(text) - 1, -1, -1):
        if text[place] == ")":
            end = place if depth == 0 else end
            depth += 1
        elif text[place] == "(":
            depth -= 1
            if depth <= 0:
                return text[:place].strip(), cleaned(text[place + 1 : end])
    return text, ""


def name_tokens(name: str) -> tuple[str, ...]:
    """Parts of a person's name, whatever their order and dots: «Иванова М.П.» has three."""
    return tuple(part for part in re.split(r"[\s.]+", folded(name)) if part)


def surname_first(name: str) -> str:
    """«Мария Петровна Иванова», as the КТП writes it, in the order of the journals."""
    parts = cleaned(name).split(" ")
    return " ".join([parts[-1], *parts[:-1]]) if len(parts) == 3 and "." not in name else cleaned(name)


def people(text: str) -> tuple[str, ...]:
    """Names in one cell, in their order; a comma, a semicolon or a line break stands between two."""
    return tuple(dict.fromkeys(name for each in re.split(r"[,;\n]", text) if (name := cleaned(each))))
