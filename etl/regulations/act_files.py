"""One TOML file → what one act states. A mistake names file, key, the offending value and what is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from etl.errors import ZavuchError
from etl.regulations.parameters import PARAMETERS, Parameter, Value
from etl.regulations.profile import Clause, Layer, Level, Mention, Origin, Stated
from etl.regulations.rules import Severity
from etl.regulations.values import allowed_text, parse_value

_E = TypeVar("_E", bound=StrEnum)

_ACT_KEYS = {
    "id", "title", "act_number", "act_date", "level", "parent", "valid_from", "source_system", "note",
    "parameters", "mentioned",
}  # fmt: skip
_STATED_KEYS = {"value", "clause", "quotation", "severity", "note", "origin"}
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")
_MENTION_KEYS = {"clause", "quotation", "note"}


class RegulationError(ZavuchError):
    """A regulation file cannot be used; nothing was read."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Act:
    """One file: what one act itself states, nothing inherited yet."""

    path: Path
    layer: Layer
    parent: str | None
    source_system: str
    parameters: Mapping[str, Stated]
    mentions: tuple[Mention, ...]


def read_acts(folders: Iterable[Path]) -> list[Act]:
    """Every `*.toml` of the folders, by name. Raises RegulationError at the first that cannot be used."""
    return [read_act(path) for folder in folders for path in sorted(folder.glob("*.toml"))]


def read_act(path: Path) -> Act:
    """One file, checked key by key. Raises RegulationError with file, key, value and what is allowed."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RegulationError(f"{path}: cannot be read as TOML: {error}.", advice="Mend the file.") from error
    return _ActReader(path, raw).act()


class _ActReader:
    """One file being read; holds what every message needs."""

    def __init__(self, path: Path, raw: Mapping[str, object]) -> None:
        self.path = path
        self.raw = raw

    def act(self) -> Act:
        self._refuse_unknown("", self.raw, _ACT_KEYS)
        layer = Layer(
            id=self._id(),
            level=self._level(),
            title=self._text("title"),
            act_number=self._text("act_number", required=False),
            act_date=self._date("act_date"),
            valid_from=self._date("valid_from"),
        )
        parameters = {name: self._stated(name, table, layer) for name, table in self._tables("parameters")}
        mentions = tuple(self._mention(name, table, layer) for name, table in self._tables("mentioned"))
        both = sorted(parameters.keys() & {mention.parameter for mention in mentions})
        if both:
            raise self._error(f"mentioned.{both[0]}", "is also a stated parameter.", "Keep one of the two tables.")
        parent = self._text("parent", required=False) or None
        return Act(self.path, layer, parent, self._text("source_system", required=False), parameters, mentions)

    def _error(self, key: str, what: str, advice: str) -> RegulationError:
        return RegulationError(f"{self.path}: {key} {what}", advice=advice)

    def _refuse_unknown(self, at: str, table: Mapping[str, object], allowed: Iterable[str]) -> None:
        for key in table:
            if key not in allowed:
                raise self._error(f"{at}{key}", "is an unknown key.", f"Allowed: {', '.join(sorted(allowed))}.")

    def _text(self, key: str, *, required: bool = True) -> str:
        value = self.raw.get(key, "")
        if not isinstance(value, str):
            raise self._error(key, f"= {value!r} is not a text.", "Put it in quotation marks.")
        if required and not value.strip():
            raise self._error(key, "is missing.", f'Add {key} = "…" at the top of the file.')
        return value.strip()

    def _id(self) -> str:
        """The id stands in addresses of pages and in commands (`id@2`)."""
        text = self._text("id")
        if not _ID.fullmatch(text):
            raise self._error("id", f"= {text!r} is no id.", "Allowed: up to 50 of a–z, 0–9, _ and -.")
        return text

    def _date(self, key: str) -> date | None:
        value = self.raw.get(key)
        if value is None or type(value) is date:
            return value
        raise self._error(key, f"= {value!r} is not a date.", "Write it without quotation marks: 2024-09-02.")

    def _level(self) -> Level:
        return self._one_of("level", self._text("level"), Level)

    def _one_of(self, key: str, value: object, words: type[_E]) -> _E:
        if value not in set(words):
            what = "is missing." if value is None else f"= {value!r} is not known."
            raise self._error(key, what, f"Allowed: {', '.join(words)}.")
        return words(str(value))

    def _tables(self, section: str) -> Iterable[tuple[str, Mapping[str, object]]]:
        tables = self.raw.get(section, {})
        if not isinstance(tables, dict):
            raise self._error(section, "is not a table.", f"Write [{section}.topic_limit] and its keys below it.")
        self._refuse_unknown(f"{section}.", tables, PARAMETERS)
        for name, table in tables.items():
            if not isinstance(table, dict):
                raise self._error(f"{section}.{name}", "is not a table.", f"Write [{section}.{name}].")
            allowed = _STATED_KEYS if section == "parameters" else _MENTION_KEYS
            self._refuse_unknown(f"{section}.{name}.", table, allowed)
            yield name, table

    def _stated(self, name: str, table: Mapping[str, object], layer: Layer) -> Stated:
        at = f"parameters.{name}"
        parameter = PARAMETERS[name]
        origin = self._one_of(f"{at}.origin", table.get("origin", Origin.ACT.value), Origin)
        clause = self._clause(at, table, layer) if origin is Origin.ACT else None
        if clause is None and ("clause" in table or "quotation" in table):
            raise self._error(at, "has a clause and origin = 'contract default'.", "Keep one of the two.")
        severity = self._one_of(f"{at}.severity", table.get("severity"), Severity)
        note = self._cell(at, table, "note", required=False)
        return Stated(name, self._value(at, parameter, table), severity, layer.id, clause, origin, note)

    def _value(self, at: str, parameter: Parameter, table: Mapping[str, object]) -> Value:
        if "value" not in table:
            raise self._error(f"{at}.value", "is missing.", f"Allowed: {allowed_text(parameter)}.")
        try:
            return parse_value(parameter, table["value"])
        except ValueError as error:
            shown = f"= {table['value']!r} {error}."
            raise self._error(f"{at}.value", shown, f"Allowed: {allowed_text(parameter)}.") from error

    def _mention(self, name: str, table: Mapping[str, object], layer: Layer) -> Mention:
        at = f"mentioned.{name}"
        return Mention(name, self._clause(at, table, layer), self._cell(at, table, "note", required=False))

    def _clause(self, at: str, table: Mapping[str, object], layer: Layer) -> Clause:
        number, quotation = self._cell(at, table, "clause"), self._cell(at, table, "quotation")
        return Clause(layer.title, layer.act_number, layer.act_date, number, quotation, layer.id)

    def _cell(self, at: str, table: Mapping[str, object], key: str, *, required: bool = True) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            raise self._error(f"{at}.{key}", f"= {value!r} is not a text.", "Put it in quotation marks.")
        if required and not value.strip():
            raise self._error(f"{at}.{key}", "is missing.", "Cite the clause and quote it word for word.")
        return value.strip()
