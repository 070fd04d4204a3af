"""What a workbook or an inner zip becomes when it is unpacked, looked at before it is read: a bomb is refused.

A small file can state one cell in the last corner of a sheet and so ask for 17 thousand million cells, pack zeros a
thousand times smaller, or lie about its sizes. People give such files in the browser, so this is looked at first, by an
XML parser and not by patterns: whatever name a sheet has in the zip, however its addresses are written.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import IO
from xml.parsers import expat

from etl.errors import SourceError
from etl.sources.bundle import DAMAGE

GREATEST_BYTES = 1024 * 2**20
GREATEST_MEMBER = 256 * 2**20
"""Of one file in a zip that is read into memory whole: a workbook, a saved page, an inner zip."""
GREATEST_CELLS = 20_000_000
"""Of all sheets of a workbook, each from its corner to its last cell; a class journal of a year has 40 × 300."""
_CHUNK = 2**20
_ADDRESS = re.compile(r"([A-Za-z]{0,7})([0-9]{0,10})")
_FOREIGN = ("content.xml", "xl/workbook.bin")
"""OpenDocument and binary workbooks: the reader would take them too, their sizes are stated otherwise."""
_ADVICE = "That is no export of a journal system; if it is, save it again by a table program."


def refuse_bomb(name: str, content: bytes) -> None:
    """Pass what is no zip (old XLS, HTML). Raises SourceError for a bomb, for a sheet too large, for lying sizes, and
    for a member that brings a document type, is in UTF-16 or stands there twice.
    """
    if not content.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            total = sum(info.file_size for info in infos)
            if total > GREATEST_BYTES:
                raise SourceError(f"{name} would unpack to {total:,} bytes.", advice=_ADVICE)
            names = [info.filename.lower().replace("\\", "/").lstrip("/") for info in infos]
            if len(set(names)) < len(names):
                raise SourceError(f"{name} holds a file twice.", advice=_ADVICE)
            if foreign := sorted(set(_FOREIGN).intersection(names)):
                raise SourceError(f"{name} is no XLSX: it holds {foreign[0]}.", advice="Save it as XLSX.")
            cells = 0
            for info in infos:
                cells += _cells(name, archive, info)
                if cells > GREATEST_CELLS:
                    raise SourceError(f"{name} has sheets of {cells:,} cells.", advice=_ADVICE)
    except (*DAMAGE, expat.ExpatError) as error:
        raise SourceError(f"{name} is damaged: {error}.", advice="Save it again.") from error


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    """One file of a zip, whole. Raises SourceError above GREATEST_MEMBER; its stated size binds the unpacking."""
    if info.file_size > GREATEST_MEMBER:
        raise SourceError(f"{name} would unpack to {info.file_size:,} bytes.", advice=_ADVICE)
    return archive.read(info)


def _cells(name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    """Cells of a sheet, known by its content, 0 for another member; read to its end: so its stated size is proven."""
    is_xml = info.filename.lower().endswith((".xml", ".rels"))
    is_sheet = False
    tail = b""
    with archive.open(info) as member:
        while block := member.read(_CHUNK):
            text = tail + block
            if is_xml and not tail and b"\0" in text[:64]:
                raise SourceError(f"{name} holds {info.filename} in UTF-16.", advice=_ADVICE)
            is_sheet = is_sheet or b"sheetData" in text
            if (is_xml or is_sheet) and b"<!DOCTYPE" in text:
                raise SourceError(
                    f"{name} brings a document type of its own, in {info.filename}.",
                    advice="Workbooks have none: do not trust this one.",
                )
            tail = text[-16:]
    if not is_sheet:
        return 0
    with archive.open(info) as member:
        return _Extent(name).read(member)


class _Extent:
    """The last row and column that a sheet names, and the cells that stand where the one before them ends."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.row = self.column = self.rows = self.columns = 0

    def read(self, member: IO[bytes]) -> int:
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        while block := member.read(_CHUNK):
            parser.Parse(block, False)
            if self.rows * self.columns > GREATEST_CELLS:
                break
        else:
            parser.Parse(b"", True)
        if self.rows * self.columns > GREATEST_CELLS:
            raise SourceError(
                f"{self.name} has a sheet of {self.rows:,} rows × {self.columns:,} columns.", advice=_ADVICE
            )
        return self.rows * self.columns

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = tag.rpartition(":")[2]
        if kind == "row":
            self.row, self.column = self.row + 1, 0
        elif kind == "c":
            self.column += 1
        else:
            return
        if (stated := attributes.get("r")) is not None:
            found = _ADDRESS.fullmatch(stated)
            if found is None:
                raise SourceError(f"{self.name} has a cell at {stated[:40]!r}.", advice=_ADVICE)
            letters, digits = found.groups()
            self.row = int(digits) if digits else self.row
            self.column = _place(letters) if letters else self.column
        self.rows, self.columns = max(self.rows, self.row), max(self.columns, self.column)


def _place(letters: str) -> int:
    place = 0
    for letter in letters.upper():
        place = place * 26 + ord(letter) - 64
    return place
