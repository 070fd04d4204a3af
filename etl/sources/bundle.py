"""Opens a journal bundle, a folder or a zip, and refuses what cannot be one. Raw means raw: nothing is renamed here."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, cast

import polars as pl

from etl.contract.tables import BY_NAME, CAPABILITIES
from etl.errors import SourceError

# A journal compresses 10–40 times; what unpacks to more than this is not a journal but an attack on the disk.
GREATEST_RATIO = 250
GREATEST_BYTES = 64 * 2**30
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What the zip module raises for members that are cut, changed, encrypted or packed in a way it does not know."""
FIRST_YEAR, LAST_YEAR = 1970, 2900
PLACE = pl.Schema({"row_number": pl.Int64, "file": pl.String, "place_row": pl.Int64, "place": pl.String})
"""Where a row of a table came from: its number in the table (the header is 1), the file, the row and the cell there."""
SCOPE_FIELDS = ("school_key", "school_year", "class_key", "group_key", "subject_key")


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself. `extracted_at` is aware and cut to whole seconds; `extracted_text` is verbatim."""

    source_system: str
    extracted_at: datetime
    extracted_text: str
    mode: Literal["snapshot", "delta"]
    capabilities: frozenset[str]
    scope: tuple[dict[str, str | None], ...] | None = None
    keeps: frozenset[str] = frozenset()
    """tables in which a row that is absent proves nothing; said by a source, not by the file"""
    silent: frozenset[str] = frozenset()
    """tables that the source cannot speak of: what its rows refer to there is not checked; said by a source too"""


@dataclass(frozen=True)
class TableFile:
    """One table of a bundle: where it lies and in which of the two formats."""

    table: str
    name: str
    file_format: Literal["csv", "parquet"]
    size: int


@dataclass
class Bundle:
    """An opened bundle; `files` by table name. `warnings` are remarks for the load report."""

    path: Path
    manifest: Manifest
    files: dict[str, TableFile]
    content_hash: str
    warnings: list[str] = field(default_factory=list)
    origin: str = ""
    """what was given, where a source made the bundle from it; "" = the bundle itself"""
    places: dict[str, pl.DataFrame] = field(default_factory=dict)
    """by table, where each row came from, where a source made it: columns of PLACE"""
    strays: dict[str, pl.DataFrame] = field(default_factory=dict)
    """by table, what a source could not make a row of: columns of transforms.typed.REJECT and `file`"""
    further: list[Bundle] = field(default_factory=list)
    """bundles of the same moment whose scopes do not overlap (annex B6): journals that carry other columns or tables"""

    def placed(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Rejected rows with the file they came from: a source's own file, its row and its cell before the value."""
        if table not in self.places:
            return rows.with_columns(pl.lit(self.files[table].name).alias("file"))
        found = rows.join(
            self.places[table].rename({"row_number": "_row"}),
            left_on="row_number",
            right_on="_row",
            how="left",
            maintain_order="left",
        )
        return found.with_columns(
            pl.col("place_row").alias("row_number"),
            pl.coalesce("place", "column_name").alias("column_name"),
        ).drop("place", "place_row")

    @contextmanager
    def open_file(self, table: str) -> Iterator[IO[bytes]]:
        """The bytes of one table's file, as a stream."""
        with _open_member(self.path, self.files[table].name) as stream:
            yield stream


def open_bundle(path: Path) -> Bundle:
    """Open and check a bundle's frame: manifest, file names, sizes. Raises SourceError; reads no table."""
    if not path.exists():
        raise SourceError(f"There is no {path}.", advice="Give the folder or the .zip of a journal bundle.")
    members = _folder_members(path) if path.is_dir() else zip_members(path)
    prefix = _prefix(members, path)
    manifest_name = prefix + "manifest.json"
    manifest_bytes = _read_member(path, manifest_name)
    manifest = read_manifest(manifest_bytes)
    files, warnings = _table_files(members, prefix)
    missing = [name for name in _required_tables(manifest) if name not in files]
    if missing:
        raise SourceError(
            f"The bundle {path.name} lacks the required tables {', '.join(missing)};"
            f" it has {', '.join(sorted(files)) or 'none'}.",
            advice="Export them too: school always, school_class in every snapshot.",
        )
    return Bundle(
        path, manifest, files, _content_hash(path, [manifest_name, *(file.name for file in files.values())]), warnings
    )


def _required_tables(manifest: Manifest) -> tuple[str, ...]:
    return ("school", "school_class") if manifest.mode == "snapshot" else ("school",)


def _folder_members(path: Path) -> dict[str, int]:
    members = {}
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}.", advice="Give this user the right to read it."
        ) from error
    for entry in entries:
        if entry.is_symlink() and not Path(os.path.realpath(entry)).is_relative_to(path.resolve()):
            raise SourceError(
                f"{entry.name} in {path} is a link that leads out of the folder.", advice="Put the file itself there."
            )
        if entry.is_file():
            members[entry.name] = entry.stat().st_size
    return members


def zip_members(path: Path) -> dict[str, int]:
    """Sizes of a zip's files by name. Raises SourceError for no zip, or a hostile one."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except DAMAGE as error:
        raise SourceError(
            f"{path.name} is neither a folder nor a readable zip file ({error}).",
            advice="Export or copy the bundle again.",
        ) from error
    names: set[str] = set()
    for info in infos:
        if info.filename in names:
            raise SourceError(f"The zip {path.name} holds {info.filename!r} twice.", advice="Keep one of them.")
        names.add(info.filename)
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if info.filename.startswith(("/", "\\")) or ".." in parts or (parts and ":" in parts[0]):
            raise SourceError(
                f"The zip holds a path that leaves it: {info.filename!r}.",
                advice="Do not trust this file; export the bundle again.",
            )
        if info.flag_bits & 1:
            raise SourceError(f"{info.filename} in {path.name} is encrypted.", advice="Unpack it and load the folder.")
    total = sum(info.file_size for info in infos)
    packed = max(1, sum(info.compress_size for info in infos))
    if total > GREATEST_BYTES or (total > 50 * 2**20 and total / packed > GREATEST_RATIO):
        raise SourceError(
            f"{path.name} would unpack from {packed:,} to {total:,} bytes, {total // packed} times its size.",
            advice="That is no journal bundle; if it is, unpack it yourself and load the folder.",
        )
    return {info.filename: info.file_size for info in infos}


def _prefix(members: dict[str, int], path: Path) -> str:
    """A zip often holds one folder with everything in it; that is as good as the files themselves."""
    found = sorted((name for name in members if PurePosixPath(name).name == "manifest.json"), key=len)
    if not found:
        raise SourceError(
            f"{path.name} holds no manifest.json, so it is not a journal bundle.",
            advice="See the bundle contract in the users' guide.",
        )
    return found[0].removesuffix("manifest.json")


def _read_member(path: Path, name: str) -> bytes:
    try:
        with _open_member(path, name) as stream:
            return stream.read()
    except DAMAGE as error:
        raise SourceError(
            f"{name} in {path.name} is damaged: {error}.", advice="Export or copy the bundle again."
        ) from error


def read_manifest(content: bytes) -> Manifest:
    """Check `manifest.json`; raises SourceError naming the field, its value and what is allowed."""
    try:
        stated = json.loads(content.decode("utf-8-sig"))
        whole = json.dumps(stated, ensure_ascii=False)
        whole.encode()  # an escape may spell half a character, which no database stores
    except (ValueError, RecursionError) as error:
        raise SourceError(f"manifest.json is not JSON in UTF-8: {error}.", advice="Write it again.") from error
    if "\\u0000" in whole:
        raise SourceError("manifest.json holds a zero character.", advice="Write it again.")
    if not isinstance(stated, dict) or stated.get("format") != "journal-bundle" or stated.get("version") != 1:
        shown = {key: stated.get(key) for key in ("format", "version")} if isinstance(stated, dict) else stated
        raise SourceError(
            f"manifest.json says {shown}.", advice='This product reads {"format": "journal-bundle", "version": 1}.'
        )
    mode = stated.get("mode", "snapshot")
    if mode not in ("snapshot", "delta"):
        raise SourceError(f"manifest.mode is {mode!r}.", advice="It is snapshot or delta.")
    capabilities = stated.get("capabilities", [])
    if not isinstance(capabilities, list) or (unknown := [name for name in capabilities if name not in CAPABILITIES]):
        raise SourceError(
            f"manifest.capabilities has {unknown if isinstance(capabilities, list) else capabilities!r}.",
            advice=f"Known: {', '.join(CAPABILITIES)}.",
        )
    text = stated.get("extracted_at")
    return Manifest(
        source_system=str(stated.get("source_system") or ""),
        extracted_at=_extracted_at(text),
        extracted_text=str(text),
        mode=mode,
        capabilities=frozenset(capabilities),
        scope=_scope(stated.get("scope")),
    )


def _extracted_at(text: object) -> datetime:
    advice = "Write it as 2024-10-01T06:00:00+03:00."
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise SourceError(f"manifest.extracted_at is {text!r}.", advice=advice) from error
    if moment.tzinfo is None:
        raise SourceError(f"manifest.extracted_at {text!r} has no offset.", advice=advice)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise SourceError(f"manifest.extracted_at is {text!r}: that is no time of an export.", advice=advice)
    return moment.astimezone(UTC).replace(microsecond=0)


def _scope(stated: Any) -> tuple[dict[str, str | None], ...] | None:
    if stated is None:
        return None
    if not isinstance(stated, list) or not all(isinstance(line, dict) for line in stated):
        raise SourceError(
            "manifest.scope is not a list of objects.", advice=f"Each line may state {', '.join(SCOPE_FIELDS)}."
        )
    lines = []
    for line in stated:
        unknown = sorted(set(line) - set(SCOPE_FIELDS))
        if unknown:
            raise SourceError(
                f"manifest.scope has the unknown field {unknown[0]!r}.", advice=f"Known: {', '.join(SCOPE_FIELDS)}."
            )
        if not re.fullmatch(r"(\d{4}/\d{4})?", str(line.get("school_year") or "")):
            raise SourceError(
                f"manifest.scope has the school_year {line['school_year']!r}.", advice="Write it as 2024/2025."
            )
        lines.append({name: (str(line[name]) if line.get(name) not in (None, "") else None) for name in SCOPE_FIELDS})
    return tuple(lines)


def _table_files(members: dict[str, int], prefix: str) -> tuple[dict[str, TableFile], list[str]]:
    files: dict[str, TableFile] = {}
    warnings = []
    for name, size in members.items():
        if not name.startswith(prefix) or name in (prefix + "manifest.json", prefix + "datapackage.json"):
            continue
        table, _, ending = name[len(prefix) :].partition(".")
        if ending not in {"csv", "parquet"} or table not in BY_NAME:
            warnings.append(f"{name[len(prefix) :]} is not a table of the bundle and was not read")
            continue
        if table in files:
            raise SourceError(
                f"The bundle has the table {table} twice: {files[table].name} and {name}.", advice="Keep one of them."
            )
        files[table] = TableFile(table, name, cast("Literal['csv', 'parquet']", ending), size)
    return files, warnings


def _content_hash(path: Path, names: list[str]) -> str:
    """SHA-256 over names and contents, so that a folder and a zip of the same files are the same bundle."""
    total = hashlib.sha256()
    for name in sorted(names):
        total.update(PurePosixPath(name).name.encode())
        digest = hashlib.sha256()
        try:
            with _open_member(path, name) as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        except DAMAGE as error:
            raise SourceError(
                f"{name} in {path.name} is damaged: {error}.", advice="Export or copy the bundle again."
            ) from error
        total.update(digest.digest())
    return total.hexdigest()


@contextmanager
def _open_member(path: Path, name: str) -> Iterator[IO[bytes]]:
    if path.is_dir():
        with (path / name).open("rb") as stream:
            yield stream
    else:
        with zipfile.ZipFile(path) as archive, archive.open(name) as member:
            yield member
