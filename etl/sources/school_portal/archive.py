"""The workbooks inside what a person gives: a file, a zip (names in cp866), zips in a zip or a folder of all these."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath

from etl.errors import SourceError
from etl.sources.bundle import DAMAGE, zip_members
from etl.sources.unpacked import read_member, refuse_bomb

ENDINGS = (".xlsx", ".xls")
UTF8 = 0x800
"""Bit of a zip member's flags: its name is UTF-8. Without it Russian systems write cp866."""
_DATED = re.compile(r"(?<!\d)(\d{2})[.\-_](\d{2})[.\-_](\d{4})(?!\d)")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")


@dataclass(frozen=True)
class Workbook:
    """`file` is its name with that of the zip before it; `named` the day in the zip's or file's name, `under` the one
    in its folder's, `saved` the local time that the zip states for it.
    """

    file: str
    content: bytes
    named: date | None = None
    saved: datetime | None = None
    under: date | None = None


def read_workbooks(paths: tuple[Path, ...], under: date | None = None) -> Iterator[Workbook]:
    """Every workbook in the paths, in the order of their names; `under` is the day that the folder above states.

    Raises SourceError for a damaged or hostile zip.
    """
    for path in paths:
        if path.is_dir():
            inner = tuple(
                each
                for each in sorted(path.iterdir())
                if not each.name.startswith(("~", ".", "__"))
                and (each.is_dir() or each.suffix.lower() in (*ENDINGS, ".zip"))
            )
            yield from read_workbooks(inner, day_in(path.name) or under)
        elif path.suffix.lower() in ENDINGS:
            yield Workbook(path.name, path.read_bytes(), day_in(path.name), under=under)
        else:
            zip_members(path)
            try:
                yield from _in_zip(path.name, path.read_bytes(), day_in(path.name), under, depth=2)
            except DAMAGE as error:
                raise SourceError(f"{path.name} is damaged: {error}.", advice="Save it again.") from error


def _in_zip(name: str, content: bytes, named: date | None, under: date | None, depth: int) -> Iterator[Workbook]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(member_name(info), info) for info in archive.infolist() if not info.is_dir()]
        for inner, info in sorted(members, key=lambda member: member[0]):
            place, ending = PurePosixPath(inner), PurePosixPath(inner).suffix.lower()
            if place.name.startswith(("~", ".")) or "__MACOSX" in place.parts:
                continue
            folder = next((day for part in reversed(place.parts[:-1]) if (day := day_in(part))), None)
            if ending in ENDINGS:
                yield Workbook(
                    f"{name}/{inner}",
                    read_member(archive, info, f"{name}/{inner}"),
                    named or day_in(place.name),
                    _time(info),
                    folder or under,
                )
            elif ending == ".zip" and depth:
                packed = read_member(archive, info, f"{name}/{inner}")
                refuse_bomb(f"{name}/{inner}", packed)
                yield from _in_zip(f"{name}/{inner}", packed, day_in(place.name) or named, folder or under, depth - 1)


def member_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: UTF-8 where the flag or the bytes say so, else cp866."""
    if info.flag_bits & UTF8:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename  # the extra field with the name in Unicode was read already
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp866")


def day_in(name: str) -> date | None:
    """The day that a name states, as `journals-12.11.2018.zip` does."""
    try:
        if found := _DATED.search(name):
            return date(int(found[3]), int(found[2]), int(found[1]))
        if found := _ISO.search(name):
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    return None


def _time(info: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time)  # noqa: DTZ001 - local time of who saved it; its zone is an answer
    except ValueError:
        return None
