"""Keys of classes, groups and journals: of their words, which stay the same from export to export."""

from __future__ import annotations

from etl.sources.keys import hidden
from etl.sources.school_portal.journals import Place
from etl.sources.school_portal.words import compact, folded


def class_key(place: Place) -> str:
    """A class of one school year."""
    return f"{place.school_year}/{place.school_year + 1}|{place.class_name}"


def group_key(place: Place, secret: bytes) -> str:
    """The class's own group has its key; a label may hold a teacher's name and is hidden."""
    key = class_key(place)
    return f"{key}|{hidden(secret, 'group', compact(place.group))[:12]}" if place.group else key


def stem(place: Place, secret: bytes) -> str:
    """Beginning of all keys of a journal."""
    return f"{group_key(place, secret)}|{folded(place.subject)}"
