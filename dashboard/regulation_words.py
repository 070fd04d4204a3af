"""Values of an act in Russian: limits, days, lists, yes and no. Pure; a value comes as JSON with its kind and unit."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from babel.dates import format_date

from dashboard.i18n import LOCALE, NBSP, count, day_short, has, number, percent, t

_NOUNS = {
    "d": "calendar_day",
    "wd": "working_day",
    "id": "school_day",
    "h": "hour",
    "calendar days": "calendar_day",
    "working days": "working_day",
    "days": "day",
    "hours": "hour",
    "years": "year",
    "copies": "copy",
    "persons": "person",
}
_COUNTED = re.compile(r"(\d+)(wd|id|d|h)(\+same_day)?")


def value_words(parameter: str, kind: str, unit: str, value: str | None) -> str:
    """One line: «не позже чем через 2 календарных дня», «10 календарных дней», «да»; «молчит» for null."""
    if value is None:
        return t("regulation.unsaid")
    plain = json.loads(value)
    if isinstance(plain, bool):
        return t("regulation.value.yes" if plain else "regulation.value.no")
    if kind == "deadline":
        return deadline_words(plain)
    if kind == "int":
        return count(plain, _NOUNS[unit])
    if kind == "ratio":
        return percent(plain, 0)
    if isinstance(plain, list):
        return ", ".join(sorted(_item(parameter, kind, item) for item in plain))
    if kind == "year_setup":
        return _by_day(parameter, plain)
    if isinstance(plain, Mapping):
        return ", ".join(_pair(parameter, unit, key, item) for key, item in plain.items())
    return _item(parameter, kind, plain)


def deadline_words(text: str | None) -> str:
    """A limit as an act's file writes it (`2d`, `same_day`) in words; empty for null."""
    if not text:
        return ""
    found = _COUNTED.fullmatch(text)
    if found is None:
        return t(f"regulation.deadline.{text}") if has(f"regulation.deadline.{text}") else text
    amount = count(int(found[1]), _NOUNS[found[2]])
    return t(f"regulation.deadline.{found[2]}{'_same_day' if found[3] else ''}", amount=amount)


def _item(parameter: str, kind: str, item: Any) -> str:
    if kind in ("monthday", "monthdays"):
        month, day = (int(part) for part in str(item).split("-"))
        return format_date(date(2001, month, day), "d MMMM", locale=LOCALE).replace(" ", NBSP)
    if kind in ("text", "time"):
        return str(item)
    return word(parameter, str(item))


def word(parameter: str, code: str) -> str:
    """A word of an enumeration; «каждую четверть» where the parameter says how often; the code itself is the last
    resort.
    """
    keys = [f"regulation.word.{parameter}.{code}", f"regulation.word.{code}"]
    if parameter.endswith("_frequency"):
        keys.insert(0, f"regulation.every.{code}")
    return next((t(key) for key in keys if has(key)), code)


def _by_day(parameter: str, sections: Mapping[str, str]) -> str:
    """«5 сентября: кабинеты, каникулы»: a day is named once."""
    days: dict[str, list[str]] = {}
    for section, day in sections.items():
        days.setdefault(day, []).append(word(parameter, section))
    return "; ".join(
        t("regulation.value.pair", name=_item(parameter, "monthday", day), value=", ".join(sorted(names)))
        for day, names in days.items()
    )


def _pair(parameter: str, unit: str, key: str, item: Any) -> str:
    if unit.startswith("share"):
        return t("regulation.value.pair", name=word(parameter, key), value=percent(float(item), 0))
    return t("regulation.value.per_hours", hours=key, value=number(float(item)))


def act_name(act: Mapping[str, Any]) -> str:
    """«№ 15 от 02.09.2024 · Положение …»: the number first, because titles begin alike; with the version where the act
    has several.
    """
    dated = act_number(act)
    name = t("regulation.act_option", number=dated, title=act["title"]) if dated else act["title"]
    several = act["profile_version"] > 1 or act["valid_until"] is not None
    return t("regulation.act_version", act=name, n=act["profile_version"]) if several else name


def act_number(act: Mapping[str, Any]) -> str:
    """«№ 15 от 02.09.2024»; empty where the act bears neither."""
    if act["act_date"] is None:
        return act["act_number"] or ""
    return t("clause.dated", number=act["act_number"] or "", date=day_short(act["act_date"])).strip()


def version_notice(act: Mapping[str, Any], version_count: int) -> str:
    """Which lessons a version judges; of the first one, that it also covers what is older (annex P)."""
    start, until = act["valid_from"], act["valid_until"]
    places = {"k": act["profile_version"], "n": version_count}
    places |= {name: day_short(on) for name, on in (("day", start), ("until", until)) if on is not None}
    if act["profile_version"] == 1:
        if until is None:
            key = "always" if start is None else "only"
        else:
            key = "first_undated" if start is None else "first"
    else:
        key = "last" if until is None else "middle"
    return t(f"regulation.{key}", **places)
