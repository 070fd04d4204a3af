"""Which source a path is from. A source turns a system's files into a journal bundle; from there all loads are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Literal, Protocol, cast

from etl.errors import SourceError
from etl.sources.answers import Answers
from etl.sources.bundle import Bundle, zip_members

Precision = Literal["exact", "day", "interval"]
"""How well a source knows the moment of an entry: to the second, to the day, only between two of our snapshots."""
Told = Callable[[str, int, int], None]
"""Progress of reading: what is being read, how much is done, how much there is (0 = unknown)."""


@dataclass(frozen=True)
class Recognition:
    """What a path was recognised as, before anything of it is loaded.

    `found` are sentences for the person who loads; `moments` by table of the bundle, `interval` where it names none.
    """

    source: str
    title: str
    path: Path
    found: tuple[str, ...] = ()
    moments: Mapping[str, Precision] = field(default_factory=dict)
    untold: frozenset[str] = frozenset()
    """rules whose tables are there while the source says nothing that could break them: who typed, since when"""


class Source(Protocol):
    """A system whose files can be loaded. Modules listed in `SOURCES` have one as `SOURCE`."""

    name: str
    title: str

    def recognise(self, path: Path) -> Recognition | None:
        """None when the content is not this source's; cheap, never raises for a foreign file."""
        ...

    def open(self, recognition: Recognition, answers: Answers, scratch: Path, told: Told) -> Bundle:
        """A bundle of the files, its tables written under `scratch`; the caller removes that folder afterwards.

        Raises SourceError when the files cannot be read, or name what an answer is lacking for.
        """
        ...


SOURCES: tuple[str, ...] = (
    "etl.sources.bundle_source",
    "etl.sources.school_portal.source",
    "etl.sources.oneroster",
    "etl.sources.edfi",
    "etl.sources.sql_view",
    "etl.sources.netschool",
)
"""Modules with a `SOURCE`, asked in this order; imported only when something is to be recognised."""


def sources() -> tuple[Source, ...]:
    """Every known source, in the order in which they are asked."""
    return tuple(cast("Source", import_module(module).SOURCE) for module in SOURCES)


def recognise(path: Path) -> tuple[Source, Recognition]:
    """The source of a file or folder, by its content. Raises SourceError naming what is known."""
    if not path.exists():
        raise SourceError(f"There is no {path}.", advice="Give the files that your journal system saved, or a bundle.")
    for source in sources():
        recognition = source.recognise(path)
        if recognition is not None:
            return source, recognition
    if path.suffix.lower() == ".zip":
        zip_members(path)  # a damaged or hostile zip is told as such
    raise SourceError(
        f"{path.name} is not recognised: its content is none of {', '.join(source.title for source in sources())}.",
        advice="Give the files as the system saved them: renamed is fine, saved anew from a spreadsheet is not.",
    )
