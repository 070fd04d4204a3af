"""A document as data: what it says, before anybody decides whether it becomes a PDF, a DOCX or a workbook. Pure.

Every document bears a stamp (003 4.5: «наименование информационной системы, дату составления, сведения об исполнителе»;
besides them the moment the data end and the act with its version), and is refused without one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, TypeVar

from dashboard.i18n import NBSP, day_short, number, percent, t
from dashboard.table_export import Share, Value

Kind = Literal["plain", "item", "note", "lead", "centre"]
"""Plain text with a first-line indent; a numbered item; small grey words; a bold line; a centred one."""
_PARTS = ("source", "made", "executor", "as_of", "act", "version")


class StampError(ValueError):
    """A document may not leave the product: its stamp is not complete. The message is Russian and for the screen."""


@dataclass(frozen=True)
class Stamp:
    """Where a document comes from, in words: names of the source systems, who made it (name, role), the moment the
    data end, the act and its version. `made` is aware, on the school's own clock; nothing else tells the time."""

    source: str
    made: datetime | None
    executor: str
    as_of: str
    act: str
    version: str

    def missing(self) -> tuple[str, ...]:
        """The parts that are not there, by their Russian names, in the order of the stamp."""
        return tuple(t(f"documents.part_{name}") for name in _PARTS if not getattr(self, name))

    def complete(self) -> Stamp:
        """The stamp itself; StampError naming the missing parts and where to enter them, ValueError for a naive
        moment."""
        if names := self.missing():
            raise StampError(t("documents.refused", parts=", ".join(names)))
        if self.made is not None and self.made.tzinfo is None:
            raise ValueError(f"{self.made!r} has no time zone.")
        return self

    def at(self) -> datetime:
        """The moment of a complete stamp; StampError as `complete`."""
        if (made := self.complete().made) is None:
            raise StampError(t("documents.refused", parts=t("documents.part_made")))
        return made

    def lines(self) -> list[tuple[str, str]]:
        """(name, words) of the stamp."""
        made = self.at()
        words = {
            "source": self.source,
            "made": f"{day_short(made)}{NBSP}{made:%H:%M}",
            "executor": self.executor,
            "as_of": self.as_of,
            "act": t("documents.act", act=self.act, version=self.version),
        }
        return [(t(f"documents.stamp_{name}"), value) for name, value in words.items()]


@dataclass(frozen=True)
class Paragraph:
    """Words; `kind` says how they stand on the page. A list item bears its number or dash in the text."""

    text: str
    kind: Kind = "plain"


@dataclass(frozen=True)
class Column:
    """A column: heading, width as a share of the table (0 = by its content), whether its cells are numbers."""

    label: str
    width: float = 0.0
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of values by column. `title` names it (and its sheet in a workbook); `empty` is said where no row stands."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Value]]
    empty: str = ""

    def widths(self) -> list[float]:
        """Shares of the width by column, their sum 1: stated ones kept, the rest by the longest words of the cells."""
        wanted = [column.width or self._need(place) for place, column in enumerate(self.columns)]
        return [width / sum(wanted) for width in wanted]

    def _need(self, place: int) -> float:
        cells = [written(row[place]) for row in self.rows[:_LOOKED_AT]] + [self.columns[place].label]
        words = max(max((len(word) for word in cell.split(" ")), default=1) for cell in cells)
        mean = sum(len(cell) for cell in cells) / len(cells)
        return max(_NARROWEST, words + 1, min(_WIDEST, mean * 0.9)) / _SCALE


@dataclass(frozen=True)
class Section:
    """A part with a heading («» = none). `new_page` begins an annex."""

    title: str
    blocks: tuple[Paragraph | Table, ...]
    new_page: bool = False

    def heading_of(self, table: Table) -> str:
        """The title of a table, empty where the heading of the section says it already."""
        return "" if self.title.casefold().endswith(table.title.casefold()) else table.title


@dataclass(frozen=True)
class Signature:
    """A line to be signed: post and name; `signed` = the day it was signed in the app."""

    post: str
    name: str = ""
    signed: date | None = None


@dataclass(frozen=True)
class Document:
    """A document: sections, signatures, annexes. `code` names its template and its record in the access log; `above`
    stands at the top right (a visa), `subtitle` and `place` under the title, `narrowed` (name, words) in the stamp."""

    code: str
    title: str
    stamp: Stamp
    sections: tuple[Section, ...]
    subtitle: str = ""
    school: str = ""
    place: str = ""
    above: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()
    landscape: bool = False
    narrowed: tuple[tuple[str, str], ...] = field(default=())

    def body(self) -> tuple[Section, ...]:
        """The sections that stand before the signatures: all until the first annex."""
        first = next((place for place, part in enumerate(self.sections) if part.new_page), len(self.sections))
        return self.sections[:first]

    def annexes(self) -> tuple[Section, ...]:
        """The sections that stand after the signatures: from the first one on a new page."""
        return self.sections[len(self.body()) :]

    def tables(self) -> list[Table]:
        """Every table, in the order of reading."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Table)]


_LOOKED_AT = 400  # rows by which the width of a column is found
_NARROWEST, _WIDEST, _SCALE = 4, 34, 100.0


def written(value: Value) -> str:
    """A value as people read it on paper: `1 281`, `83,1 %`, `12.11.2026`, a dash for nothing."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        raise TypeError("A table for people has words and not truth values.")
    if isinstance(value, Share):
        return percent(float(value))
    if isinstance(value, int):
        return number(value)
    if isinstance(value, float):
        return number(value, 2)
    if isinstance(value, datetime):
        return f"{day_short(value)}{NBSP}{value:%H:%M}"
    return day_short(value) if isinstance(value, date) else value


_Part = TypeVar("_Part")
_NO_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def printable(part: _Part) -> _Part:
    """The document, or a part of it, without control characters, which no XML file may hold: «�» stands for each."""
    if isinstance(part, str):
        return _NO_XML.sub("\ufffd", part)  # type: ignore[return-value]
    if isinstance(part, tuple | list):
        return type(part)(printable(each) for each in part)
    if is_dataclass(part) and not isinstance(part, type):
        said: Any = {one.name: printable(getattr(part, one.name)) for one in fields(part) if one.init}
        return replace(part, **said)
    return part
