"""What a workbook or an inner zip becomes when it is unpacked, looked at before it is read: a bomb is refused.

A small file can state one cell in the last corner of a sheet and so ask for 17 thousand million cells, pack zeros a
thousand times smaller, or lie about its sizes. People give such files in the browser, so this is looked at first.
"""

from __future__ import annotations

import io
import re
import zipfile

from etl.errors import SourceError
from etl.sources.bundle import DAMAGE

GREATEST_BYTES = 1024 * 2**20
GREATEST_CELLS = 20_000_000
"""Of one sheet, from its first corner to its last cell; a class journal of a year has 40 × 300."""
_CHUNK = 2**20
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_ADVICE = "That is no export of a journal system; if it is, save it again by a table program."


def refuse_bomb(name: str, content: bytes) -> None:
    """Pass what is no zip (old XLS, HTML). Raises SourceError for a bomb, for a sheet too large, for lying sizes."""
    if not content.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            total = sum(info.file_size for info in infos)
            if total > GREATEST_BYTES:
                raise SourceError(f"{name} would unpack to {total:,} bytes.", advice=_ADVICE)
            for info in infos:
                rows, columns = _corner(archive, info)
                if rows * columns > GREATEST_CELLS:
                    raise SourceError(f"{name} has a sheet of {rows:,} rows × {columns:,} columns.", advice=_ADVICE)
    except DAMAGE as error:
        raise SourceError(f"{name} is damaged: {error}.", advice="Save it again.") from error


def _corner(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[int, int]:
    """The last row and column that a sheet names, (0, 0) for another member; reads it to its end, so that its stated
    size is proven."""
    rows = columns = 0
    is_sheet = "worksheets/" in info.filename
    tail = b""
    with archive.open(info) as member:
        while block := member.read(_CHUNK):
            if not is_sheet:
                continue
            text = tail + block
            for letters, number in _REFERENCE.findall(text):
                rows, columns = max(rows, int(number)), max(columns, _place(letters))
            tail = text[-32:]
    return rows, columns


def _place(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place
