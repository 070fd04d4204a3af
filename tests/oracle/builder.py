"""A readable builder of tiny bundles: name only the cells that matter, the required ones have defaults."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from tests.oracle.schema import KEYS, TABLES

ALL_CAPABILITIES = (
    "topics",
    "homework",
    "exact_timestamps",
    "attendance_confirmation",
    "homework_not_assigned",
    "work_kinds",
    "substitutions",
    "change_log",
)

# Defaults of required columns that are no keys; a key column left out gets the object of DEFAULT_KEYS.
DEFAULTS: dict[str, dict[str, str]] = {
    "school": {"name": "Школа", "municipality": "Город", "timezone": "Europe/Moscow"},
    "calendar_day": {"is_instructional": "false", "is_staff_working": "false"},
    "period": {
        "school_year": "2024/2025",
        "kind": "quarter",
        "number": "1",
        "starts_on": "2024-09-02",
        "ends_on": "2024-10-25",
        "grade_from": "1",
        "grade_to": "11",
    },
    "school_class": {"school_year": "2024/2025", "grade": "7", "letter": "Б", "homeroom_teacher_key": "t1"},
    "subject": {"name": "Предмет"},
    "staff": {"full_name": "Иванова И. И.", "role": "teacher"},
    "pupil": {"full_name": "Петров П. П."},
    "study_group": {"kind": "class"},
    "enrolment": {"from_on": "2024-09-01"},
    "group_member": {"from_on": "2024-09-01"},
    "curriculum": {"weekly_hours": "2"},
    "plan_item": {"seq": "1", "topic": "Тема"},
    "lesson": {"slot": "1", "starts_at": "08:00", "ends_at": "08:40", "status": "held"},
    "work": {"kind": "oral"},
    "mark": {"value": "5"},
    "absence": {"code": "н"},
    "period_mark": {"kind": "period", "value": "5"},
    "change": {"entity": "mark", "action": "update"},
    "movement": {"kind": "leave"},
    "assessment_schedule": {"work_kind": "test"},
    "absence_document": {"kind": "illness"},
    "edit_permission": {"ground": "other", "entity": "mark"},
    "activity": {"role": "pupil", "logins": "1"},
    "account": {"role": "parent", "active": "true"},
    "card_field": {"owner_kind": "pupil", "field": "phone", "filled": "true"},
    "consent": {"status": "given"},
    "setup_section": {"school_year": "2024/2025", "items": "1"},
}
DEFAULT_KEYS = {
    "school_key": "s1",
    "class_key": "c1",
    "group_key": "g1",
    "subject_key": "math",
    "staff_key": "t1",
    "pupil_key": "p1",
    "period_key": "q1",
    "plan_key": "plan1",
}


class BundleBuilder:
    """Collects rows of one bundle and writes them as a folder of CSV files with a manifest.

    Cells are written with str(); True/False as true/false; None as blank. Every file has all columns of its
    table unless `only_columns` narrows it. Bad values and duplicates are written as they are given.
    """

    def __init__(
        self,
        extracted_at: str,
        *,
        mode: str = "snapshot",
        capabilities: Iterable[str] = ALL_CAPABILITIES,
        scope: list[dict[str, str]] | None = None,
    ) -> None:
        self.manifest: dict[str, Any] = {
            "format": "journal-bundle",
            "version": 1,
            "source_system": "test",
            "extracted_at": extracted_at,
            "mode": mode,
            "capabilities": sorted(capabilities),
        }
        if scope is not None:
            self.manifest["scope"] = scope
        self.tables: dict[str, list[dict[str, str]]] = {}
        self.columns: dict[str, list[str]] = {}

    def add(self, table: str, **cells: Any) -> Self:
        """One row; required columns that are not named get their defaults, optional ones stay blank."""
        row = {**DEFAULTS.get(table, {}), **{name: as_text(value) for name, value in cells.items()}}
        for name, column in TABLES[table].items():
            if column.required and name not in row and name in DEFAULT_KEYS:
                row[name] = DEFAULT_KEYS[name]
            if column.required and name not in row:
                raise ValueError(f"{table}.{name} is required and has no default: name it")
        unknown = set(row) - set(TABLES[table])
        if unknown:
            raise ValueError(f"{table} has no columns {sorted(unknown)}")
        self.tables.setdefault(table, []).append(row)
        return self

    def add_empty(self, *tables: str) -> Self:
        """Tables that are present with a header and perhaps no rows."""
        for table in tables:
            self.tables.setdefault(table, [])
        return self

    def only_columns(self, table: str, *columns: str) -> Self:
        """Writes just these optional columns of a table, besides the required ones."""
        self.columns[table] = [name for name, column in TABLES[table].items() if column.required or name in columns]
        return self

    def add_class(
        self,
        *,
        class_key: str = "c1",
        group_key: str = "g1",
        pupils: Iterable[str] = ("p1", "p2"),
        **cells: Any,
    ) -> Self:
        """A class with its group of kind class and its pupils, enrolled from 1 September."""
        self.add("school_class", class_key=class_key, **cells)
        self.add("study_group", group_key=group_key, class_key=class_key)
        for pupil in pupils:
            self.add("pupil", pupil_key=pupil)
            self.add("enrolment", pupil_key=pupil, class_key=class_key)
        return self

    def row(self, table: str, *key: str) -> dict[str, str]:
        """The first row with this key, to change its cells in place."""
        for row in self.tables[table]:
            if tuple(row[name] for name in KEYS[table]) == key:
                return row
        raise KeyError(f"{table} has no row {key}")

    def write(self, folder: Path) -> Path:
        """Writes the bundle; the folder is made when it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text(json.dumps(self.manifest, ensure_ascii=False), encoding="utf-8")
        for table, rows in self.tables.items():
            columns = self.columns.get(table, list(TABLES[table]))
            with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)
        return folder


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def tiny_school(extracted_at: str, regulation: str | None, **options: Any) -> BundleBuilder:
    """One school of the acceptance fixture without classes: teachers t1, t2, two subjects, two quarters."""
    school_cells = options.pop("school", {})
    bundle = BundleBuilder(extracted_at, **options)
    bundle.add("school", school_key="s1", regulation=regulation, **school_cells)
    bundle.add("calendar_day", date="2024-11-04", note="праздник")
    bundle.add("staff", staff_key="t1").add("staff", staff_key="t2")
    bundle.add("subject", subject_key="math").add("subject", subject_key="eng")
    bundle.add("period", period_key="q1")
    bundle.add("period", period_key="q2", number=2, starts_on="2024-11-05", ends_on="2024-12-28")
    bundle.add_empty("study_group", "enrolment", "group_member", "lesson", "work", "mark", "absence", "period_mark")
    return bundle
