"""A control where names are shown as pseudonyms: what is stored bears the names, what is shown does not. Pure.

A signed act must name people for ever, whoever looks at it in a demonstration; so names become pseudonyms on the way
out, and what comes back from a form becomes what was stored.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from dashboard.control import Snapshot, Texts
from dashboard.privacy import pseudonym

_WORDS = tuple(item.name for item in fields(Texts) if item.type == "str")


def names_of(snapshot: Snapshot, secret: bytes) -> dict[str, str]:
    """Name → pseudonym of everybody in a stored snapshot."""
    names = {*snapshot.clean, *(row.teacher for row in snapshot.remarks if row.teacher)}
    return {name: pseudonym(name, secret) for name in sorted(names)}


def hidden(snapshot: Snapshot, known: dict[str, str]) -> Snapshot:
    """The stored snapshot as it is shown."""
    return replace(
        snapshot,
        remarks=tuple(replace(row, teacher=known.get(row.teacher, "")) for row in snapshot.remarks),
        clean=tuple(known[name] for name in snapshot.clean),
    )


def hidden_texts(texts: Texts, known: dict[str, str]) -> Texts:
    """The stored words as they are shown; names that somebody typed and the snapshot does not know stay."""
    return _each(texts, known)


def restored(typed: Texts, stored: Texts, known: dict[str, str]) -> Texts:
    """The words to be stored: of `typed`, which was begun from `stored` as shown, with pseudonyms made names again."""
    shown, back = hidden_texts(stored, known), {false: name for name, false in known.items()}
    words: dict[str, Any] = {name: _said(getattr(typed, name), back) for name in _WORDS}
    words |= {name: getattr(stored, name) for name in _WORDS if getattr(typed, name) == getattr(shown, name)}
    return replace(typed, **words)


def _each(texts: Texts, names: dict[str, str]) -> Texts:
    words: dict[str, Any] = {name: _said(getattr(texts, name), names) for name in _WORDS}
    return replace(texts, **words)


def _said(text: str, names: dict[str, str]) -> str:
    """The text with every name exchanged, the longest first, none of them twice."""
    if not text or not names:
        return text
    pattern = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
    return pattern.sub(lambda found: names[found[0]], text)
