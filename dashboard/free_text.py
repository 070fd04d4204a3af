"""Names of people inside what somebody typed: homework cells of real journals hold «Иванов И. – доклад» and addresses
of teachers (sources page, 0). Pure.
"""

from __future__ import annotations

import re

HIDDEN = "…"
_WORD = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?"
_INITIALS = r"[А-ЯЁ]\.(?:\s?[А-ЯЁ]\.)?"
_PATRONYMIC = r"[А-ЯЁ][а-яё]+(?:вич(?:а|у|ем|е)?|(?:вн|ичн)(?:а|ы|е|у|ой)|кызы|оглы)"
_PEOPLE = re.compile(
    rf"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+?\d[\d\s()-]{{9,}}\d"
    rf"|\b{_WORD}\s+{_INITIALS}|\b{_INITIALS}\s?{_WORD}"
    rf"|\b(?:{_WORD}\s+)?{_WORD}\s+{_PATRONYMIC}\b(?:\s+{_WORD})?"
)


def without_people(text: str) -> str:
    """The text with «…» in place of names with initials or patronymics, of mail addresses and telephone numbers. It
    hides too much rather than too little: authors of textbooks go as well. A bare first name or surname is no pattern.
    """
    return _PEOPLE.sub(HIDDEN, text)
