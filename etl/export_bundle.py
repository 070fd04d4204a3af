"""The open export: the warehouse written back as journal bundles, as CSV or Parquet with a `datapackage.json`.

What is loaded from it gives the same ledger: derived moments are written as intervals (`earliest/latest`), so no
snapshot has to be replayed. Rows that vanished from the source stay out; their changes are in `change`. Schools whose
data end at different moments, or tables of a school that its newest bundle did not carry, need bundles of their own
(annex L0): they are numbered in the order in which they must be loaded.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
from psycopg import sql

from etl.contract.columns import BundleTable, Column, moment_names, stored_name
from etl.contract.ledger import Quality
from etl.contract.tables import BY_NAME, TABLES
from etl.datapackage import Resource, datapackage
from etl.errors import SettingsError
from etl.transforms.moments import BEGINNING, NEVER
from etl.warehouse.engine import owner_connection
from etl.warehouse.tables import TEXTS

FileFormat = Literal["csv", "parquet"]
FRAME = frozenset(table.name for table in TABLES if not table.fact)
"""Tables without moments that others refer to: an older bundle of the same school needs them too."""
BLOCK = 4 * 2**20
_ARROW = {"int": pa.int64(), "decimal": pa.float64(), "date": pa.date32(), "bool": pa.bool_()}


@dataclass(frozen=True)
class Part:
    """One bundle to write: schools whose tables end at the same moment and whose source can tell the same."""

    school_ids: tuple[int, ...]
    tables: tuple[str, ...]
    extracted_at: datetime
    mode: Literal["snapshot", "delta"]
    capabilities: tuple[str, ...]
    source_system: str


@dataclass(frozen=True)
class Written:
    """A bundle that was written: where, and how many rows of each table."""

    path: Path
    part: Part
    counts: dict[str, int]


def export_bundle(
    url: str,
    target: Path,
    *,
    school_keys: Collection[str] = (),
    file_format: FileFormat = "csv",
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Written]:
    """Write the schools' data to the folder or .zip `target`, which must not exist; several bundles are numbered
    beside each other. Raises SettingsError for a school nobody knows or a target that is there.
    """
    if target.exists():
        raise SettingsError(f"{target} is there already.", advice="Name a new folder or .zip for --out.")
    with owner_connection(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        parts = read_parts(cursor, school_keys)
        written = []
        for number, part in enumerate(parts, 1):
            path = target if len(parts) == 1 else _numbered(target, number)
            if progress:
                progress("writing bundles", number - 1, len(parts))
            written.append(_write_part(cursor, part, path, file_format))
    return written


def _numbered(target: Path, number: int) -> Path:
    return target.with_name(f"{target.stem}-{number}{target.suffix}")


def read_parts(cursor: psycopg.Cursor[Any], school_keys: Collection[str] = ()) -> list[Part]:
    """The bundles that are needed, in the order of loading: by moment, one for all schools that fit together."""
    found = cursor.execute(
        "SELECT s.school_id, s.school_key, s.capabilities, s.source_system, t.table_name, max(r.extracted_at)"
        " FROM dim_school s JOIN load_table t USING (school_id) JOIN load_run r USING (load_id)"
        " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1"
    ).fetchall()
    known = {row[1] for row in found}
    if not known:
        raise SettingsError("The database holds no school yet.", advice="Load a bundle first: `zavuch load PATH`.")
    unknown = sorted(set(school_keys) - known)
    if unknown:
        raise SettingsError(
            f"There is no school {unknown[0]!r}.", advice="`zavuch status` lists the schools with their keys."
        )
    changed = {row[0] for row in cursor.execute("SELECT DISTINCT school_id FROM fact_change").fetchall()}
    schools: dict[tuple[int, tuple[str, ...], str], dict[str, datetime]] = {}
    for school_id, key, capabilities, system, table, moment in found:
        if not school_keys or key in school_keys:
            schools.setdefault((school_id, tuple(capabilities), system or ""), {})[table] = moment
    grouped: dict[tuple[datetime, str, tuple[str, ...], str, tuple[str, ...]], list[int]] = {}
    for (school_id, capabilities, system), tables in schools.items():
        newest = max(tables.values())
        if school_id in changed:  # those that the load saw by itself stand in no bundle
            tables["change"] = newest
        for moment in sorted(set(tables.values())):
            if moment != newest and not any(at == moment for name, at in tables.items() if name not in FRAME):
                continue
            held = tuple(t.name for t in TABLES if _is_held(t, tables, moment))
            mode = "snapshot" if moment == newest else "delta"
            grouped.setdefault((moment, mode, capabilities, system, held), []).append(school_id)
    return [
        Part(tuple(ids), held, moment, "snapshot" if mode == "snapshot" else "delta", capabilities, system)
        for (moment, mode, capabilities, system, held), ids in sorted(grouped.items())
    ]


def _is_held(table: BundleTable, tables: dict[str, datetime], moment: datetime) -> bool:
    """Every snapshot must hold the two tables of the frame that the contract requires."""
    at = tables.get(table.name)
    if table.required:
        return True
    return at == moment or (at is not None and at > moment and table.name in FRAME)


def _write_part(cursor: psycopg.Cursor[Any], part: Part, path: Path, file_format: FileFormat) -> Written:
    """The bundle appears under its name only when it is whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.", advice="Choose another --out.") from error
    try:
        resources = [_write_table(cursor, part, BY_NAME[name], folder, file_format) for name in part.tables]
        manifest = {
            "format": "journal-bundle",
            "version": 1,
            "source_system": part.source_system,
            "extracted_at": part.extracted_at.isoformat(),
            "mode": part.mode,
            "capabilities": list(part.capabilities),
        }
        package = datapackage(
            resources, title=part.source_system or "Journal bundle", created=part.extracted_at, file_format=file_format
        )
        for name, content in (("manifest.json", manifest), ("datapackage.json", package)):
            text = json.dumps(content, ensure_ascii=False, indent=1)
            (folder / name).write_text(text, encoding="utf-8")
        if path.suffix == ".zip":
            _pack(folder, path)
        else:
            folder.chmod(0o755)
            folder.rename(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Written(path, part, {resource.table: resource.row_count for resource in resources})


def _pack(folder: Path, path: Path) -> None:
    unfinished = folder / "bundle.part"
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            if file != unfinished:
                archive.write(file, file.name)
                file.unlink()
    unfinished.rename(path)


def _write_table(
    cursor: psycopg.Cursor[Any], part: Part, table: BundleTable, folder: Path, file_format: FileFormat
) -> Resource:
    """COPY goes to the disk block by block; Parquet is made from it batch by batch."""
    text = folder / f"{table.name}.csv"
    command = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(sql.SQL(_query(table, part)))
    with text.open("wb") as out:
        with cursor.copy(command) as copy:
            for block in copy:
                out.write(block)
        count = max(0, cursor.rowcount)
    file = text
    if file_format == "parquet":
        file = folder / f"{table.name}.parquet"
        _to_parquet(text, file, table)
        text.unlink()
    digest = hashlib.sha256()
    for block in _blocks(file):
        digest.update(block)
    columns = tuple(column.name for column in table.columns)
    return Resource(table.name, columns, count, file.stat().st_size, digest.hexdigest())


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            yield block


def _to_parquet(text: Path, file: Path, table: BundleTable) -> None:
    kinds = {column.name: _ARROW.get(column.kind, pa.string()) for column in table.columns}
    reader = pa_csv.open_csv(
        text,
        read_options=pa_csv.ReadOptions(block_size=BLOCK, use_threads=False),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=kinds, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )
    with pa_parquet.ParquetWriter(file, pa.schema(list(kinds.items())), compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


def _query(table: BundleTable, part: Part) -> str:
    """One table's rows of the part's schools in the words of the contract, ordered by key; `s` is the school."""
    ids = ", ".join(str(number) for number in part.school_ids)
    if table.name == "school":
        stated = ", ".join(_school_cell(column) for column in table.columns)
        return (
            f"SELECT {stated} FROM dim_school s JOIN dim_municipality m USING (municipality_id)"
            f' WHERE s.school_id IN ({ids}) ORDER BY s.school_key COLLATE "C"'
        )
    joins = ["JOIN dim_school s ON s.school_id = t.school_id"]
    if table.name in TEXTS:
        beside = TEXTS[table.name]
        on = " AND ".join(f"t.{name} = x.{name}" for name in list(beside.primary_key.columns.keys()))
        joins.append(f"LEFT JOIN {beside.name} x ON {on}")
    cells = []
    for number, column in enumerate(table.columns):
        cell, join = _cell(column, table, part, number)
        cells.append(f'{cell} AS "{column.name}"')
        joins += join
    if table.name == "change":
        joins += _PLACE_OF_DELETED
    keys = ", ".join(
        f'"{name}" COLLATE "C" NULLS FIRST' if _is_text(table, name) else f'"{name}"' for name in table.key
    )
    return (
        f"SELECT * FROM (SELECT {', '.join(cells)} FROM {table.warehouse_name} t {' '.join(joins)}"
        f' WHERE t.school_id IN ({ids}) AND t.deleted_latest IS NULL) o ORDER BY "school_key" COLLATE "C", {keys}'
    )


def _is_text(table: BundleTable, name: str) -> bool:
    return table.by_name[name].kind not in {"date", "int"}


def _school_cell(column: Column) -> str:
    name = {"municipality": "m.name", "region": "coalesce(s.region, m.region)", "regulation": "s.regulation_named"}
    return f'{name.get(column.name, f"s.{column.name}")} AS "{column.name}"'


_PLACE_OF_DELETED = [
    f"LEFT JOIN fact_{entity} d{entity} ON t.entity = '{entity}' AND d{entity}.school_id = t.school_id"
    f" AND d{entity}.{entity}_key = t.entity_key AND d{entity}.deleted_latest IS NOT NULL"
    f" LEFT JOIN fact_lesson l{entity} ON l{entity}.school_id = t.school_id"
    f" AND l{entity}.lesson_id = d{entity}.lesson_id AND l{entity}.deleted_latest IS NULL"
    f" LEFT JOIN source_key p{entity} ON p{entity}.school_id = t.school_id AND p{entity}.table_name = 'pupil'"
    f" AND p{entity}.id = d{entity}.pupil_id"
    for entity in ("mark", "absence")
]
"""A change of a mark or absence that vanished names its lesson and pupil itself (annex B8)."""


def _cell(column: Column, table: BundleTable, part: Part, number: int) -> tuple[str, list[str]]:
    if column.name == "school_key":
        return "s.school_key", []
    if table.name == "change" and column.name in {"lesson_key", "pupil_key"}:
        letter, name = ("l", "lesson_key") if column.name == "lesson_key" else ("p", "key")
        stated = f"t.{column.name}"
        if letter == "l":  # a lesson that vanished itself is in no row of the export
            stated = (
                "CASE WHEN NOT EXISTS (SELECT FROM fact_lesson v WHERE v.school_id = t.school_id AND"
                f" v.lesson_key = {stated} AND v.deleted_latest IS NOT NULL) THEN {stated} END"
            )
        return f"coalesce({stated}, {letter}mark.{name}, {letter}absence.{name})", []
    stored = f"t.{column.name if column.kind == 'key' else stored_name(column)}"
    if column.kind in {"ref", "author"}:
        return _key_cell(column, stored, f"k{number}")
    if column.kind == "moment":
        cell = _moment_cell(column, part.extracted_at)
        return (_reason_cell(column, cell) if column.name == "reason_recorded_at" else cell), []
    if column.name in table.texts:
        return f"x.{column.name}", []
    if column.kind == "bool":
        return f"CASE {stored} WHEN true THEN 'true' WHEN false THEN 'false' END", []
    if column.kind == "time":
        return f"to_char({stored}, 'HH24:MI')", []
    if column.kind == "school_year":
        return "t.school_year || '/' || (t.school_year + 1)", []
    return stored, []


def _key_cell(column: Column, stored: str, alias: str) -> tuple[str, list[str]]:
    """Keys of dimensions lie in source_key; facts carry theirs, but for those that never came themselves."""
    target = BY_NAME[column.ref]
    joins = [
        f"LEFT JOIN source_key {alias} ON {alias}.school_id = t.school_id AND {alias}.table_name = '{column.ref}'"
        f" AND {alias}.id = {stored}"
    ]
    if not target.fact:
        return f"{alias}.key", joins
    key = target.own_key
    joins.append(
        f"LEFT JOIN {target.warehouse_name} f{alias} ON f{alias}.school_id = t.school_id AND"
        f" f{alias}.{stored_name(target.by_name[key])} = {stored}"
    )
    return f"coalesce(f{alias}.{key}, {alias}.key)", joins


def _moment_cell(column: Column, extracted_at: datetime) -> str:
    """The shortest cell that gives these three columns back when it is read from a bundle of this moment."""
    earliest, latest, quality = (f"t.{name}" for name in moment_names(column.name))
    now = f"'{extracted_at.isoformat()}'::timestamptz"
    local = f"({earliest} AT TIME ZONE s.timezone)::date"
    end = f"(({local} + time '23:59:59') AT TIME ZONE s.timezone)"
    start, last = _iso(earliest), _iso(latest)
    never = f"{earliest} = '{NEVER.isoformat()}'"
    return (
        f"CASE WHEN {quality} IS NULL THEN NULL"
        f" WHEN {never} AND {quality} = {int(Quality.exact)} AND {latest} > {now} THEN {last}"
        f" WHEN {never} THEN '{NEVER.isoformat()}/' || {last}"
        f" WHEN {quality} = {int(Quality.exact)} THEN {start}"
        f" WHEN {quality} = {int(Quality.date_only)} AND {latest} = least({end}, {now}) THEN {local}::text"
        f" WHEN {quality} = {int(Quality.date_only)} THEN {local}::text || '/' || {last}"
        f" WHEN {quality} = {int(Quality.unknown)} AND {latest} = {now} THEN NULL"
        f" WHEN {earliest} = '{BEGINNING.isoformat()}' THEN '../' || {last}"
        f" ELSE {start} || '/' || {last} END"
    )


def _reason_cell(column: Column, cell: str) -> str:
    """A reason that was there when the absence was first seen counts from the absence itself (annex R4): a blank says
    so, and one that was seen to come later may not be blank.
    """
    _, latest, quality = (f"t.{name}" for name in moment_names(column.name))
    derived = f"{quality} IN ({int(Quality.interval)}, {int(Quality.unknown)})"
    return (
        f"CASE WHEN {derived} AND t.reason_known_first THEN NULL"
        f" WHEN {quality} = {int(Quality.unknown)} THEN '../' || {_iso(latest)} ELSE {cell} END"
    )


def _iso(moment: str) -> str:
    """A moment with the school's offset; one that Russia's zones wrote in seconds (before 1930) never occurs here."""
    offset = f"(({moment} AT TIME ZONE s.timezone) - ({moment} AT TIME ZONE 'UTC'))"
    signed = (
        f"CASE WHEN {offset} < interval '0' THEN '-' || to_char(-{offset}, 'HH24:MI')"
        f" ELSE '+' || to_char({offset}, 'HH24:MI') END"
    )
    return f"(to_char({moment} AT TIME ZONE s.timezone, 'YYYY-MM-DD\"T\"HH24:MI:SS') || {signed})"
