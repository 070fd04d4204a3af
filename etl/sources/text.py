"""A CSV file's bytes, watched while they are read: they must be UTF-8, and the quotation marks must pair."""

from __future__ import annotations

import struct
from typing import IO

import pyarrow as pa

from etl.errors import SourceError

GREATEST_HEADER = 65536
ADVICE = "Save it as CSV in UTF-8."


class CheckedText:
    """Readable by pyarrow. `header` is the first line, known before anything is read: pyarrow wants the columns' names.

    Reading raises SourceError that names the first line that is not UTF-8.
    """

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream, self._name = stream, name
        self._line, self._tail = 1, b""
        self.quote_count = 0
        self.closed = False
        start = b""
        while b"\n" not in start and len(start) < GREATEST_HEADER and (block := stream.read(4096)):
            start += block
        if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in start.split(b"\n", 1)[0]:
            raise SourceError(f"{name} is in UTF-16, or is no text at all.", advice=ADVICE)
        if start and b"\n" not in start and len(start) < GREATEST_HEADER:
            start += b"\n"  # a header alone, its line not ended
        self._start = start
        self._watch(start, at_end=False)
        self.header = start.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].split(b"\r", 1)[0]

    def read(self, size: int = -1) -> bytes:
        if self._start:
            start, self._start = self._start, b""
            more = self._stream.read(max(0, size - len(start)) if size >= 0 else -1)
            self._watch(more, at_end=False)
            return start + more
        block = self._stream.read(size)
        self._watch(block, at_end=not block and size != 0)
        return block

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def _watch(self, block: bytes, *, at_end: bool) -> None:
        """Whole lines are looked at; what follows the last line break waits for the next block."""
        self.quote_count += block.count(b'"')
        cut = len(block) if at_end else block.rfind(b"\n") + 1
        if not cut and not at_end:
            self._tail += block
            return
        lines, self._tail = self._tail + block[:cut], block[cut:]
        if not _is_utf8(lines):
            raise self._refusal(lines)
        self._line += lines.count(b"\n")

    def _refusal(self, lines: bytes) -> SourceError:
        for number, line in enumerate(lines.split(b"\n"), self._line):
            if not _is_utf8(line):
                return SourceError(f"{self._name} is not in UTF-8: line {number} is {_guess(line)}.", advice=ADVICE)
        return SourceError(f"{self._name} is not in UTF-8 after line {self._line}.", advice=ADVICE)


def _is_utf8(text: bytes) -> bool:
    ends = pa.py_buffer(struct.pack("=qq", 0, len(text)))  # pa.array would import pandas, half a second
    try:
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _guess(line: bytes) -> str:
    """The line as the encoding that Russian programs write when it is not UTF-8, else its bytes."""
    shown = line.rstrip(b"\r")[:80]
    try:
        text = shown.decode("cp1251")
    except UnicodeDecodeError:
        return repr(shown)
    letters = sum("а" <= letter.lower() <= "я" for letter in text)
    return f"{text!r} in Windows-1251" if letters * 3 > len(text) or letters > 3 else repr(shown)
