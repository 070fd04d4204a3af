"""Writes one bundle of an adversarial chain: what is visible by then, scoped, thinned and spoiled."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from tests.oracle.adversarial_world import (
    YEAR,
    Cells,
    World,
)
from tests.oracle.schema import KEYS, TABLES


@dataclass
class BundlePlan:
    """One bundle of the chain and how it is written."""

    number: int
    end: datetime
    worlds: list[World]
    missing: set[str]
    dropped: set[tuple[str, str]]
    capabilities: list[str]
    contested: bool
    mode: str = "snapshot"
    scoped: bool = False

    def write(self, folder: Path, rng: Random) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        zone = rng.choice((UTC, ZoneInfo("Europe/Moscow")))
        manifest: Cells = {
            "format": "journal-bundle",
            "version": 1,
            "source_system": "adversarial",
            "extracted_at": self.end.astimezone(zone).isoformat(),
            "mode": self.mode,
            "capabilities": self.capabilities,
        }
        tables: dict[str, list[Cells]] = {}
        for world in self.worlds:
            for table, rows in world.tables.items():
                visible = [self.render(world, table, row, rng) for row in rows]
                tables.setdefault(table, []).extend(row for row in visible if row is not None)
        if self.scoped:
            manifest["scope"] = self.narrow(tables, rng)
        if self.mode == "delta":
            self.thin(tables, rng)
        for table, rows in tables.items():
            if table not in self.missing:
                self.spoil(table, rows, rng)
                self.write_table(folder, table, rows, rng)
        (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
        return folder

    def render(self, world: World, table: str, row: Cells, rng: Random) -> Cells | None:
        """The row as this bundle shows it: what was made later is not there yet, mutations are in force."""
        shown = dict(row)
        key = tuple(str(row[name]) for name in KEYS[table])
        for mutation in world.mutations:
            in_force = mutation.first <= self.number < mutation.last
            if in_force and (mutation.table, mutation.key) == (table, key):
                if mutation.cells is None:
                    return None
                shown.update(mutation.cells)
        if "_made" in row and not self.is_made(world, row["_made"], rng):
            return None
        if "_status_made" in row and not self.is_made(world, row["_status_made"], rng):
            shown.update(status="planned", status_recorded_at="")
        for column, companions in COMPANIONS.items():
            made = row.get(f"_made:{column}")
            if made is not None and not self.is_made(world, made, rng):
                shown.update(dict.fromkeys((column, *companions), ""))
            if not any(shown.get(name) for name in (column, *CONTENT.get(column, ()))):
                shown.update(dict.fromkeys(companions, ""))
        return {name: value for name, value in shown.items() if not name.startswith("_")}

    def is_made(self, world: World, made: datetime, rng: Random) -> bool:
        moment = made.replace(tzinfo=world.zone).astimezone(UTC)
        skew = timedelta(hours=5) if rng.random() < 0.03 else timedelta(0)
        return moment <= self.end + skew

    def narrow(self, tables: dict[str, list[Cells]], rng: Random) -> list[Cells]:
        """A scoped snapshot: some journals completely, and only the tables that hang on lessons."""
        journals = sorted({(row["school_key"], row["group_key"], row["subject_key"]) for row in tables["lesson"]})
        chosen = set(rng.sample(journals, max(1, len(journals) // 2))) if journals else set()
        lessons = {
            (row["school_key"], row["lesson_key"])
            for row in tables["lesson"]
            if (row["school_key"], row["group_key"], row["subject_key"]) in chosen
        }
        for table in list(tables):
            rows = tables[table]
            if table in ("lesson", "period_mark"):
                tables[table] = [
                    row for row in rows if (row["school_key"], row["group_key"], row["subject_key"]) in chosen
                ]
            elif table in ("work", "mark", "absence"):
                tables[table] = [row for row in rows if (row["school_key"], row["lesson_key"]) in lessons]
            elif table not in ("school", "school_class"):
                del tables[table]
        return [
            {"school_key": school, "school_year": YEAR, "group_key": group, "subject_key": subject}
            for school, group, subject in sorted(chosen)
        ]

    def thin(self, tables: dict[str, list[Cells]], rng: Random) -> None:
        """A delta carries some rows of some tables."""
        for table in list(tables):
            if table == "school":
                continue
            if rng.random() < 0.4:
                del tables[table]
            else:
                tables[table] = [row for row in tables[table] if rng.random() < 0.6]

    def spoil(self, table: str, rows: list[Cells], rng: Random) -> None:
        """Duplicates, bad values, blank required cells, dangling references; some hit referred rows."""
        if not rows or table == "school":
            return
        for _ in range(2):
            if rng.random() < 0.3:
                rows.insert(rng.randrange(len(rows) + 1), dict(rng.choice(rows)))
        bad = BAD_CELLS.get(table)
        if bad and rng.random() < 0.5:
            name, value = rng.choice(bad)
            twin = dict(rng.choice(rows))
            if rng.random() < 0.5:
                twin[name] = value
                # Later on a good row must not lose its place to a bad twin: that is contested (READINGS.md).
                free = self.number == 0 or self.contested
                rows.insert(rng.randrange(len(rows) + 1) if free else len(rows), twin)
            elif self.number == 0 or self.contested:
                rng.choice(rows)[name] = value
        if table in DIFFERENT and rng.random() < 0.4:
            twin = dict(rng.choice(rows))
            name, value = DIFFERENT[table]
            twin[name] = value
            rows.append(twin)

    def write_table(self, folder: Path, table: str, rows: list[Cells], rng: Random) -> None:
        columns = [name for name in TABLES[table] if (table, name) not in self.dropped]
        rng.shuffle(columns)
        encoding = rng.choice(("utf-8", "utf-8-sig"))
        with (folder / f"{table}.csv").open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
            writer.writeheader()
            for row in rows:
                writer.writerow(
                    {name: str(value).lower() if isinstance(value, bool) else value for name, value in row.items()}
                )


# Cells that come and go with their content.
COMPANIONS = {
    "topic": ("topic_recorded_at", "topic_recorded_by"),
    "homework": ("homework_not_assigned", "homework_recorded_at", "homework_recorded_by"),
    "attendance_confirmed_at": (),
    "substitute_key": ("substitution_recorded_at",),
}
CONTENT = {"homework": ("homework_not_assigned",)}
BAD_CELLS: dict[str, tuple[tuple[str, str], ...]] = {
    "lesson": (("status", "done"), ("held_on", "10.09.2024"), ("staff_key", ""), ("subject_key", "none")),
    "work": (("kind", "unknown"), ("is_monitoring", "yes"), ("lesson_key", "none")),
    "mark": (
        ("value", "6"),
        ("value", "x"),
        ("pupil_key", "none"),
        ("recorded_at", "вчера"),
        ("work_key", "none"),
    ),
    "absence": (("code", "Я"), ("lesson_key", ""), ("lesson_key", "none")),
    "period_mark": (("kind", "quarter"), ("value", "5 5"), ("group_key", "none")),
    "enrolment": (("to_on", "2024-08-01"), ("class_key", "none")),
    "group_member": (("to_on", "2024-08-01"), ("pupil_key", "none")),
    "change": (("entity", "homework"), ("changed_at", "")),
    "calendar_day": (("is_instructional", "1"),),
    "movement": (("kind", "vacation"),),
}
DIFFERENT = {
    "mark": ("comment", "двойник"),
    "absence": ("code", "Б"),
    "lesson": ("topic", "Двойник"),
    "period_mark": ("value", "2"),
    "work": ("title", "двойник"),
}
