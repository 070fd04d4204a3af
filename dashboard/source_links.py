"""The way from a lesson, a journal or a class to its place in the source system, by the school's own address template.

Templates stand in `source_links.toml` under ZAVUCH_HOME, a table per school key, `default` for all others:

    ["school-7"]
    lesson = "https://journal.example.ru/lesson/{lesson_key}?class={class_key}&on={date}"
    journal = "https://journal.example.ru/journal/{group_key}/{subject_key}"

The keys are those of the bundle, so they are the keys of the source system. An address begins with https:// and its
host holds no placeholder, so that a key from a file can never lead to another site.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter
from urllib.parse import quote, urlsplit

from etl.errors import SettingsError
from etl.settings import read_settings

FILE = "source_links.toml"
DEFAULT = "default"
_OF_CLASS = frozenset({"school_key", "class_key"})
_OF_JOURNAL = _OF_CLASS | {"group_key", "subject_key"}
PLACEHOLDERS: dict[str, frozenset[str]] = {
    "class": _OF_CLASS,
    "journal": _OF_JOURNAL,
    "lesson": _OF_JOURNAL | {"lesson_key", "date"},
}
"""Kinds of places and what their addresses may name."""
Templates = Mapping[str, Mapping[str, str]]
"""School key → kind of place → address."""


def read_templates(path: Path) -> Templates:
    """The templates of a file; none where there is no file. SettingsError names the school, the kind and the value."""
    if not path.exists():
        return {}
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read as TOML: {error}.", advice="Correct the file or delete it."
        ) from error
    for school, kinds in stated.items():
        if not isinstance(kinds, dict):
            raise SettingsError(
                f"{path}: {school!r} is no table.", advice='Write a table per school key, e.g. ["school-7"].'
            )
        for kind, address in kinds.items():
            _check(f"{path}, {school!r}, {kind!r}", kind, address)
    return stated


def _check(where: str, kind: str, address: object) -> None:
    if kind not in PLACEHOLDERS:
        raise SettingsError(f"{where}: unknown kind of place.", advice=f"Known: {', '.join(PLACEHOLDERS)}.")
    try:
        # what is asked of a key beyond its name («{date:%Y}», «{lesson_key!r}») makes the name an unknown one
        named = [
            name + (f":{form}" if form else "") + (f"!{turned}" if turned else "")
            for _, name, form, turned in Formatter().parse(str(address))
            if name is not None
        ]
        parts = urlsplit(str(address))
        host, user = parts.hostname, parts.username
    except ValueError as error:
        raise SettingsError(f"{where}: {address!r} is no address: {error}.", advice="Correct it.") from error
    if parts.scheme != "https" or not host or user or "{" in parts.netloc or any(c.isspace() for c in str(address)):
        raise SettingsError(
            f"{where}: {address!r} is not an https:// address with a plain host.",
            advice="Begin with https:// and the host's name; placeholders stand after it.",
        )
    unknown = sorted(set(named) - PLACEHOLDERS[kind])
    if unknown:
        raise SettingsError(
            f"{where}: unknown placeholder {', '.join(f'{{{name}}}' for name in unknown)} in {address!r}.",
            advice=f"Known: {', '.join(f'{{{name}}}' for name in sorted(PLACEHOLDERS[kind]))}.",
        )


def address_of(templates: Templates, kind: str, keys: Mapping[str, object]) -> str | None:
    """The address of a place; `keys` by the names of the placeholders. None where the school has no template for the
    kind, or where a key that it names is not known."""
    of_school = templates.get(str(keys.get("school_key")), {})
    template = of_school.get(kind) or templates.get(DEFAULT, {}).get(kind)
    if template is None:
        return None
    named = {name for _, name, *_ in Formatter().parse(template) if name}
    if any(keys.get(name) in (None, "") for name in named):
        return None
    return template.format_map({name: quote(str(keys[name]), safe="") for name in named})


@lru_cache(maxsize=1)
def own_templates() -> Templates:
    """Those of this installation, read once; same errors as `read_templates`."""
    return read_templates(read_settings().home / FILE)
