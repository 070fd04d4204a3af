"""What a journal's cell says: marks and absences, several in one («4/5», «н5»). Unknown ones are not guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from etl.sources.school_portal.words import folded

MARKS: dict[str, str] = {
    **dict.fromkeys(("н/а", "н.а.", "н.а", "на", "н/а.", "н/ат", "н/атт", "н/аттест", "не аттестован"), "н/а"),
    **dict.fromkeys(("н/оц", "н/оц.", "н.оц.", "н.оц", "ноц", "не оценен"), "н/оц"),
    **dict.fromkeys(("осв", "осв.", "освоб", "освоб.", "освобожден", "освобождена"), "осв"),
    **dict.fromkeys(("зач", "зач.", "зачет", "зчт", "зач т"), "зач"),
    **dict.fromkeys(("незач", "незач.", "незачет", "нз", "н/з", "н/зач", "н/зач.", "не зачет", "не зач"), "незач"),
    **dict.fromkeys((".", "·", "•", "точка"), "."),
}
ABSENCES: dict[str, str] = {
    **dict.fromkeys(("н", "н."), "н"),
    **dict.fromkeys(("б", "б."), "Б"),
    **dict.fromkeys(("уп", "уп.", "у/п", "у.п.", "у", "п", "п."), "УП"),
    **dict.fromkeys(("нп", "нп.", "н/п", "н.п."), "НП"),
    **dict.fromkeys(("от", "от.", "отс", "отс."), "ОТ"),
    **dict.fromkeys(("оп", "оп.", "опоз", "опоз.", "опоздал", "опоздала"), "ОП"),
    **dict.fromkeys(("о", "о."), "О"),
}
_DIGIT = re.compile(r"[1-5](?:\.0+)?(?:\s?[+-])?")
_WORDS = tuple(sorted({**MARKS, **ABSENCES}, key=len, reverse=True))
_BETWEEN = re.compile(r"[\s/\\,;|()]*")


@dataclass(frozen=True)
class Entries:
    """Marks in the spelling of the contract and absence codes, in the order of the cell."""

    marks: tuple[str, ...] = ()
    absences: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def read_cell(text: str) -> Entries | None:
    """Entries of one non-blank cell; None when any part of it is unknown."""
    whole = folded(text)
    if whole in MARKS:
        return Entries(marks=(MARKS[whole],))
    if whole in ABSENCES:
        return Entries(absences=(ABSENCES[whole],))
    parts = _parts(whole, 0, "")
    if not parts:
        return None
    marks = tuple(each for each in map(_mark, parts) if each)
    absences = tuple(dict.fromkeys(ABSENCES[part] for part in parts if part in ABSENCES))
    return Entries(marks, absences)


def _mark(part: str) -> str:
    if part[0] in "12345":
        return part[0] + (part[-1] if part[-1] in "+-" else "")
    return MARKS.get(part, "")


def _parts(text: str, at: int, before: str) -> list[str] | None:
    """The words of the cell from `at` on, longest first; two marks need something between them («45» is no pair)."""
    if at == len(text):
        return []
    glue = _BETWEEN.match(text, at)
    start = glue.end() if glue else at
    if start == len(text):
        return [] if before else None
    for word in _candidates(text, start):
        is_digit = word[0] in "12345"
        same_kind = is_digit == (before[:1] in tuple("12345"))
        if start == at and before and same_kind and not (word == before and word in ABSENCES):
            continue
        rest = _parts(text, start + len(word), word)
        if rest is not None:
            return [word.strip(), *rest]
    return None


def _candidates(text: str, at: int) -> list[str]:
    digit = _DIGIT.match(text, at)
    return [digit[0]] if digit else [word for word in _WORDS if text.startswith(word, at)]
