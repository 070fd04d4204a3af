"""Scores of foreign scales as marks of the contract: only by a scale that somebody stated, never by a guess. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from etl.transforms.values import SPELLINGS

Scale = Sequence[Sequence[object]]
"""Pairs (least score, mark), as `scale = [[85, "5"], [70, "4"], [50, "3"], [0, "2"]]` in the file of answers."""

UNSTATED = (
    "not a mark 1–5; state the scale in school.toml beside the files, below [source.oneroster] or [source.edfi]: "
    'scale = [[85, "5"], [70, "4"], [50, "3"], [0, "2"]]'
)


def mark_of(text: str, scale: Scale | None = None) -> tuple[str, str]:
    """The mark and "", or "" and the reason why it is none. Without a scale only marks of the contract are marks."""
    word = text.strip()
    if word.lower() in SPELLINGS:
        return word, ""
    try:
        score = Decimal(word.replace(",", "."))
    except InvalidOperation:
        plain = word.replace("−", "-")
        if not scale and len(plain) == 2 and plain[0] in "12345" and plain[1] in "+-":
            return plain, ""
        return "", "neither a mark of the contract nor a number"
    if scale:
        for least, mark in sorted(((Decimal(str(pair[0])), str(pair[1])) for pair in scale), reverse=True):
            if score >= least:
                return mark, ""
        return "", "below the least score of the stated scale"
    if score in (1, 2, 3, 4, 5):
        return str(int(score)), ""
    return "", UNSTATED
