"""Ed-Fi XML interchanges as flat records, one pass each; entities and the network stay off, what was read is freed."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from lxml import etree

from etl.errors import SourceError
from etl.sources.bundle import DAMAGE, zip_members

BEGINNING = 4096
"""Bytes in which the root element stands."""


@dataclass(frozen=True)
class Record:
    """One element below the root: its file and line, and the texts of its leaves by their names, in document order."""

    kind: str
    file: str
    line: int
    texts: dict[str, list[str]]

    def __getitem__(self, name: str) -> str:
        """The first text of this name; identities stand before what only accompanies them."""
        found = self.texts.get(name)
        return found[0] if found else ""

    def word(self, name: str) -> str:
        """A descriptor without its namespace: `uri://ed-fi.org/TermDescriptor#Fall Semester` is `Fall Semester`."""
        return self[name].rpartition("#")[2]

    def words(self, name: str) -> list[str]:
        return [text.rpartition("#")[2] for text in self.texts.get(name, [])]


def interchanges(path: Path) -> list[str]:
    """Files of a folder or zip (or the one file) that are Ed-Fi interchanges, by their root element."""
    try:
        return [name for name in _names(path) if _is_interchange(path, name)]
    except (SourceError, *DAMAGE):
        return []


def _names(path: Path) -> list[str]:
    if path.is_dir():
        names = [entry.name for entry in path.iterdir() if entry.is_file()]
    elif zipfile.is_zipfile(path):
        names = list(zip_members(path))
    else:
        names = [path.name]
    return sorted(name for name in names if PurePosixPath(name).suffix.lower() == ".xml")


def _is_interchange(path: Path, name: str) -> bool:
    with _opened(path, name) as stream:
        start = stream.read(BEGINNING)
    return b"<Interchange" in start and b"ed-fi.org" in start


@contextmanager
def _opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    if path.is_dir():
        with (path / name).open("rb") as stream:
            yield stream
    elif path.suffix.lower() == ".xml":
        with path.open("rb") as stream:
            yield stream
    else:
        with zipfile.ZipFile(path) as archive, archive.open(name) as member:
            yield member


def read_records(path: Path, name: str, kinds: Collection[str]) -> Iterator[Record]:
    """Records of these kinds. Raises SourceError for a file that is no XML, or that brings a DTD of its own."""
    try:
        with _opened(path, name) as stream:
            yield from _records(stream, name, kinds)
    except (etree.XMLSyntaxError, *DAMAGE) as error:
        raise SourceError(
            f"{name} in {path.name} cannot be read: {error}.", advice="Export the interchange again."
        ) from error


def _records(stream: IO[bytes], name: str, kinds: Collection[str]) -> Iterator[Record]:
    parser = etree.iterparse(
        stream, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    depth = 0
    for event, element in parser:
        if event == "start":
            if depth == 0 and element.getroottree().docinfo.internalDTD is not None:
                raise SourceError(
                    f"{name} brings a document type of its own.", advice="Ed-Fi files have none: do not trust this one."
                )
            depth += 1
            continue
        depth -= 1
        if depth != 1:
            continue
        kind = etree.QName(element).localname
        if kind in kinds:
            yield Record(kind, name, element.sourceline or 0, _texts(element))
        element.clear()
        root = element.getparent()
        while root is not None and element.getprevious() is not None:
            del root[0]


def _texts(element: etree._Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in element.iter(etree.Element):
        text = (part.text or "").strip()
        if text and not len(part):
            found.setdefault(etree.QName(part).localname, []).append(text)
    return found
