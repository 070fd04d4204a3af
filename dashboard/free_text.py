"""Names of people inside what somebody typed: homework cells of real journals hold «Иванов И. – доклад» and addresses
of teachers (sources page, 0). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "…"
_WORD = r"[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?"
_INITIALS = r"[А-ЯЁ]\.(?:\s?[А-ЯЁ]\.)?"
_PATRONYMIC = r"[А-ЯЁ][а-яё]+(?:вич(?:а|у|ем|е)?|(?:вн|ичн)(?:а|ы|е|у|ой)|кызы|оглы)"
_PEOPLE = re.compile(
    rf"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\+?\d[\d\s()-]{{9,}}\d"
    rf"|\b{_WORD}\s+{_INITIALS}|\b{_INITIALS}\s?{_WORD}"
    rf"|\b(?:{_WORD}\s+)?{_WORD}\s+{_PATRONYMIC}\b(?:\s+{_WORD})?"
)


_ADJECTIVE = re.compile(r"(?:ий|ый|ой|ая|яя|ое)$")
_ENDINGS = {
    "adjective": "(?:ий|ый|ой|ого|его|ому|ему|им|ым|ом|ем|ая|яя|ую|юю|ей|ие|ые|их|ых|ими|ыми)",
    "possessive": "(?:а|у|ым|е|ой|ою|ы|ых|ыми)?",
    "noun": "(?:о|а|я|у|ю|ом|ем|ём|ой|ей|е|и|ы|ов|ев|ь|й|ами|ями|ам|ям|ах|ях)?",
}


def without_people(text: str, surnames: re.Pattern[str] | None = None) -> str:
    """The text with «…» in place of names with initials or patronymics, of mail addresses and telephone numbers, and of
    the bare `surnames` (`surnames_of`). It hides too much rather than too little: authors of textbooks go as well.
    """
    shown = _PEOPLE.sub(HIDDEN, text)
    return surnames.sub(HIDDEN, shown) if surnames else shown


def surnames_of(full_names: Iterable[str]) -> re.Pattern[str] | None:
    """Every case and both genders of the first words of these names, with a capital letter: a surname that is a common
    word («Мороз») is hidden wherever it begins with one. None without names.
    """
    words = {part for name in full_names for part in (name.split() or [""])[0].split("-")}
    forms = sorted({_forms(word) for word in words if len(word) > 1 and word[0].isupper()}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(forms)})\b") if forms else None


def _forms(surname: str) -> str:
    """A pattern of all forms; ё may be typed as е."""
    if len(surname) < 4:  # «Ли» with endings would be half the dictionary
        return re.escape(surname)
    if _ADJECTIVE.search(surname) and len(surname) > 4:
        stem, kind = surname[:-2], "adjective"
    elif found := re.fullmatch(r"(.+(?:ов|ев|ёв|ин|ын))а?", surname):
        stem, kind = found[1], "possessive"
    else:
        stem, kind = re.sub(r"[аяоеиуюьй]$", "", surname), "noun"
    stem = re.escape(stem).replace("ё", "[её]")
    if kind == "noun" and stem.endswith(("яц", "аец")):
        stem = f"(?:{stem}|{stem.removesuffix('яц').removesuffix('ец')}йц)"
    elif kind == "noun" and stem.endswith(("ец", "ок", "ек")):  # Перец and Волчок lose their vowel, Заяц changes it
        stem = f"(?:{stem}|{stem[:-2]}{stem[-1]})"
    return stem + _ENDINGS[kind]
