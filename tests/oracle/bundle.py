"""Reads bundles (folders of CSV files) and merges a chain of them into the state of each school (annex B)."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.oracle.cells import BadCell, parse_cell
from tests.oracle.schema import KEYS, REFERENCES, TABLES

Key = tuple[Any, ...]
# Annex B7: entity → (table column that is watched, column of the author).
WATCHED = {
    "mark": ("value", "recorded_by"),
    "absence": ("code", "recorded_by"),
    "lesson": ("topic", "topic_recorded_by"),
    "work": ("kind", None),
    "period_mark": ("value", "recorded_by"),
}
# Entities whose disappearance is a change.
DELETABLE = ("mark", "absence", "period_mark")


class RefusedBundle(ValueError):
    """The whole bundle cannot be loaded."""


@dataclass
class TableFile:
    """One file: its known columns, the rows that passed (key → cells), the keys of all its rows."""

    columns: set[str]
    rows: dict[tuple[str, Key], dict[str, Any]] = field(default_factory=dict)
    seen_keys: set[tuple[str, Key]] = field(default_factory=set)


@dataclass
class Bundle:
    """One export moment: manifest and files."""

    folder: Path
    extracted_text: str
    extracted_at: datetime
    mode: str
    capabilities: frozenset[str]
    scope: list[dict[str, str]] | None
    files: dict[str, TableFile] = field(default_factory=dict)
    rejected: list[tuple[str, int, str]] = field(default_factory=list)

    def schools(self) -> set[str]:
        return {school for school, _ in self.files["school"].rows}


@dataclass
class Version:
    """A row as it stood after one bundle that carried it."""

    bundle: Bundle
    values: dict[str, Any]
    columns: set[str]


@dataclass
class Row:
    """One stored row: its newest values, whether it is deleted, and every version that was loaded."""

    table: str
    key: Key
    versions: list[Version] = field(default_factory=list)
    deleted: bool = False

    @property
    def values(self) -> dict[str, Any]:
        return self.versions[-1].values

    def __getitem__(self, column: str) -> Any:
        return self.values.get(column)


@dataclass(frozen=True)
class AutoChange:
    """A change that the load wrote itself (B7): its moment is (after, until]."""

    change_key: str
    entity: str
    entity_key: str
    field: str | None
    action: str
    after: datetime
    until: datetime
    changed_by: str | None


@dataclass
class SchoolState:
    """Everything that is stored of one school."""

    school_key: str
    tables: dict[str, dict[Key, Row]] = field(default_factory=lambda: {table: {} for table in TABLES})
    bundles: list[Bundle] = field(default_factory=list)
    auto_changes: list[AutoChange] = field(default_factory=list)

    def row(self, table: str, key: Any) -> Row | None:
        """A stored row by its key, deleted ones too."""
        return self.tables[table].get((key,)) if key is not None else None

    def live(self, table: str) -> list[Row]:
        return [row for row in self.tables[table].values() if not row.deleted]

    def carries(self, table: str) -> bool:
        return any(table in bundle.files for bundle in self.bundles)


@dataclass
class Database:
    """The merged state after a chain of bundles."""

    schools: dict[str, SchoolState] = field(default_factory=dict)
    carried_tables: set[str] = field(default_factory=set)
    bundles: list[Bundle] = field(default_factory=list)


def read_chain(folders: list[Path]) -> Database:
    """Loads the folders one after the other, as given. Raises RefusedBundle."""
    database = Database()
    for folder in folders:
        bundle = _read_manifest(folder)
        database.carried_tables |= {table for table in TABLES if (folder / f"{table}.csv").exists()}
        for table in TABLES:
            if (folder / f"{table}.csv").exists():
                bundle.files[table] = _read_table(database, bundle, table)
        if "school" not in bundle.files or (bundle.mode == "snapshot" and "school_class" not in bundle.files):
            raise RefusedBundle(f"{folder}: a required table is missing")
        _refuse_older(database, bundle)
        _merge(database, bundle)
        database.bundles.append(bundle)
    return database


def _refuse_older(database: Database, bundle: Bundle) -> None:
    """A bundle may not be older than the newest one of a school that it contains (B20)."""
    for school_key in bundle.schools():
        state = database.schools.get(school_key)
        if state and state.bundles[-1].extracted_at > bundle.extracted_at:
            newest = state.bundles[-1].extracted_text
            raise RefusedBundle(f"{bundle.folder}: {bundle.extracted_text} is older than {newest}")


def _read_manifest(folder: Path) -> Bundle:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    extracted_at = datetime.fromisoformat(manifest["extracted_at"])
    if extracted_at.tzinfo is None:
        raise RefusedBundle(f"{folder}: extracted_at has no offset")
    return Bundle(
        folder=folder,
        extracted_text=manifest["extracted_at"],
        extracted_at=extracted_at.astimezone(UTC).replace(microsecond=0),
        mode=manifest["mode"],
        capabilities=frozenset(manifest.get("capabilities", [])),
        scope=manifest.get("scope"),
    )


def _read_table(database: Database, bundle: Bundle, table: str) -> TableFile:
    """Column checks, then duplicates, then references: the first that fails rejects the row (B9, B10)."""
    path = bundle.folder / f"{table}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file))
    columns = {name for name in header if name in TABLES[table]}
    missing = {name for name, column in TABLES[table].items() if column.required} - columns
    if missing:
        raise RefusedBundle(f"{path}: required columns are missing: {sorted(missing)}")
    result = TableFile(columns)
    checked: dict[tuple[str, Key], dict[str, Any]] = {}
    for number, line in enumerate(lines, start=2):
        identity = _identity(table, line)
        if identity is not None:
            result.seen_keys.add(identity)
        try:
            cells = {name: _cell(table, name, line[name]) for name in columns}
            _check_interval(cells)
        except BadCell as error:
            bundle.rejected.append((table, number, str(error)))
            continue
        assert identity is not None
        if identity in checked:
            if cells != checked[identity]:
                bundle.rejected.append((table, number, "another row with the same key"))
            continue
        checked[identity] = cells
        reason = _dangling(database, bundle, table, cells)
        if reason:
            bundle.rejected.append((table, number, reason))
            continue
        result.rows[identity] = cells
    return result


def _cell(table: str, name: str, text: str | None) -> Any:
    column = TABLES[table][name]
    text = text if text and text.strip() else None
    if text is None:
        if column.required and (table, name) != ("lesson", "slot"):  # B22
            raise BadCell(f"{name} is blank")
        return None
    return parse_cell(text, column.kind)


def _check_interval(cells: dict[str, Any]) -> None:
    from_on, to_on = cells.get("from_on"), cells.get("to_on")
    if from_on and to_on and from_on >= to_on:
        raise BadCell("from_on is not before to_on")
    starts_on, ends_on = cells.get("starts_on"), cells.get("ends_on")
    if starts_on and ends_on and starts_on > ends_on:
        raise BadCell("starts_on is after ends_on")


def _identity(table: str, line: dict[str, str]) -> tuple[str, Key] | None:
    """(school, key) of a raw line, None when the key cannot be read."""
    try:
        key = tuple(_cell(table, name, line.get(name)) for name in KEYS[table])
    except BadCell:
        return None
    return (line["school_key"], key) if line.get("school_key") else None


def _dangling(database: Database, bundle: Bundle, table: str, cells: dict[str, Any]) -> str | None:
    school_key = cells["school_key"]
    if table == "school":
        return None
    if (school_key, (school_key,)) not in bundle.files["school"].rows and school_key not in database.schools:
        return f"no school {school_key!r}"
    state = database.schools.get(school_key)
    for name, target in REFERENCES.get(table, {}).items():
        value = cells.get(name)
        if value is None or target not in database.carried_tables:
            continue
        here = target in bundle.files and (school_key, (value,)) in bundle.files[target].rows
        before = state is not None and (value,) in state.tables[target]
        if not here and not before:
            return f"{name} {value!r} is not in {target}"
    return None


def _merge(database: Database, bundle: Bundle) -> None:
    for school_key in bundle.schools():
        state = database.schools.setdefault(school_key, SchoolState(school_key))
        state.bundles.append(bundle)
    for table, file in bundle.files.items():
        for (school_key, key), cells in file.rows.items():
            _merge_row(database.schools[school_key], bundle, table, key, cells, file.columns)
    if bundle.mode == "snapshot":
        for school_key in bundle.schools():
            _delete_absent(database.schools[school_key], bundle)


def _merge_row(
    state: SchoolState, bundle: Bundle, table: str, key: Key, cells: dict[str, Any], columns: set[str]
) -> None:
    row = state.tables[table].setdefault(key, Row(table, key))
    old = dict(row.values) if row.versions else {}
    before = row.versions[-1].bundle if row.versions else None
    row.versions.append(Version(bundle, {**old, **cells}, columns))
    row.deleted = False
    if before is None or table not in WATCHED or "change_log" in bundle.capabilities:
        return
    column, author = WATCHED[table]
    if old.get(column) is not None and row[column] != old[column]:
        by = row[author] if author else None
        state.auto_changes.append(_auto_change(table, key[0], column, "update", before, bundle, by))


def _auto_change(
    entity: str, key: str, column: str | None, action: str, before: Bundle, bundle: Bundle, by: str | None
) -> AutoChange:
    change_key = f"auto|{entity}|{key}|{column or ''}|{bundle.extracted_text}"
    return AutoChange(change_key, entity, key, column, action, before.extracted_at, bundle.extracted_at, by)


def _delete_absent(state: SchoolState, bundle: Bundle) -> None:
    in_scope = scope_test(state, bundle)
    absent = [
        row
        for table, file in bundle.files.items()
        if table not in ("change", "school")
        for key, row in state.tables[table].items()
        if not row.deleted and (state.school_key, key) not in file.seen_keys and in_scope(row)
    ]
    for row in absent:
        row.deleted = True
        if row.table in DELETABLE and "change_log" not in bundle.capabilities:
            before = row.versions[-1].bundle
            state.auto_changes.append(_auto_change(row.table, row.key[0], None, "delete", before, bundle, None))


def scope_test(state: SchoolState, bundle: Bundle) -> Callable[[Row], bool]:
    """Whether a snapshot says everything about a row, so that its absence there is a proof (B6)."""
    entries = bundle.scope
    if entries is None:
        classes = bundle.files["school_class"].rows if "school_class" in bundle.files else {}
        entries = [
            {"school_key": school, "school_year": cells["school_year"]} for (school, _), cells in classes.items()
        ]
    entries = [entry for entry in entries if (entry.get("school_key") or state.school_key) == state.school_key]

    def in_scope(row: Row) -> bool:
        place = _place(state, row)
        if place is None:
            return True
        names = ["school_year"] if row.table in ("period", "setup_section") else list(_PLACE)
        return any(all(not entry.get(name) or entry[name] == place.get(name) for name in names) for entry in entries)

    return in_scope


_PLACE = ("school_year", "class_key", "group_key", "subject_key")


def _place(state: SchoolState, row: Row) -> dict[str, str | None] | None:
    """School year, class, group, subject of a row; None for the tables that hang on no class."""
    if row.table in ("period", "setup_section"):
        return {"school_year": row["school_year"]}
    if row.table == "school_class":
        return {"school_year": row["school_year"], "class_key": row["class_key"]}
    if row.table in ("enrolment", "study_group", "timetable_version"):
        if row["class_key"] is None:
            return None
        school_class = state.row("school_class", row["class_key"])
        year = school_class["school_year"] if school_class else None
        group = row["group_key"] if row.table == "study_group" else None
        return {"school_year": year, "class_key": row["class_key"], "group_key": group}
    parents = {"work": "lesson", "mark": "lesson", "absence": "lesson", "plan_item": "plan"}
    if row.table in parents:
        parent = state.row(parents[row.table], row[f"{parents[row.table]}_key"])
        return _place(state, parent) if parent else {}
    if "group_key" in TABLES[row.table]:
        group_row = state.row("study_group", row["group_key"])
        place = _place(state, group_row) if group_row else {}
        return {**(place or {}), "group_key": row["group_key"], "subject_key": row["subject_key"]}
    return None
