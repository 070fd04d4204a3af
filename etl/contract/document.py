"""Writes BUNDLE.md, the public description of the input format, from the declared tables: `python -m
etl.contract.document`.
"""

from __future__ import annotations

from pathlib import Path

from etl.contract.columns import BundleTable, Column
from etl.contract.tables import CAPABILITIES, TABLES

PAGE = Path(__file__).parent / "BUNDLE.md"
_INTRODUCTION = """# Journal bundle, version 1

The input format of zavuch. A bundle is a folder, or a zip of it, with `manifest.json` and one file per table: `<table>.csv` or `<table>.parquet`.
Only `school` and, in a snapshot, `school_class` are required. This page is written by `python -m etl.contract.document`; do not edit it.

## Rules

- CSV is RFC 4180 in UTF-8 with a header row and commas; the order of columns is free; a blank cell is null. Parquet columns may have any type that casts without loss.
- Keys are text, unique within school and table, never used again; leading zeros and long numbers stay as they are. Every reference resolves within the school.
- Dates are `2024-09-30`, times `08:30` local, timestamps ISO 8601. A timestamp with an offset is an instant, without one the school's local time, a bare date means "some time that day".
- Intervals are half-open: `from_on` counts, `to_on` does not; a blank end is open. Booleans are `true` and `false`.
- A file without a required column is refused with both lists of columns; an unknown column is a remark. One bad row is set aside with file, row number, column, value, reason and the raw row, and all others load: rows read = loaded + unchanged + rejected.
- A table that is missing is a missing ability to tell: the rules that need it answer "cannot tell", never "no violations".
- A timestamp is the first moment of its entry. Where it is blank, the load derives it from two snapshots: after the one in which the entry was not there yet, by the one that shows it.
- Beyond version 1, a cell of a timestamp may state such an interval itself: `2024-09-30T06:00:01+03:00/2024-10-01T06:00:00+03:00`, the earliest and the latest moment. `../2024-10-01T06:00:00+03:00`: nobody saw when it began; a bare date before the `/`: known by its day. `zavuch export bundle` writes it, so that one bundle carries what many snapshots told.
- Loading the same bundle twice changes nothing; a bundle older than the newest one of the same school and scope is refused.

## manifest.json

| field | meaning |
|---|---|
| `format`, `version` | `"journal-bundle"`, `1` |
| `source_system` | name of the system |
| `extracted_at` | moment of the export, with an offset |
| `mode` | `snapshot`: everything of the schools and years it contains, what is absent was deleted; `delta`: insert or replace by key |
| `capabilities` | what the system can tell: {capabilities} |
| `scope` | optional; the journals a snapshot contains completely, as a list of school_key, school_year, class_key, group_key, subject_key with blanks meaning all |

## Tables (* = required column)
"""


def page() -> str:
    """The whole page as Markdown."""
    capabilities = ", ".join(f"`{name}`" for name in CAPABILITIES)
    return _INTRODUCTION.replace("{capabilities}", capabilities) + "\n".join(_section(table) for table in TABLES)


def _section(table: BundleTable) -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    rows = "\n".join(_row(column) for column in table.columns)
    return (
        f"\n### `{table.name}`\n\nGrain: {table.grain}. Key within the school: {key}.\n\n| column | kind | "
        f"meaning |\n|---|---|---|\n{rows}\n"
    )


def _row(column: Column) -> str:
    kind = {
        "ref": f"key of `{column.ref}`",
        "author": "key of `staff`, not checked",
        "moment": "timestamp",
        "school_year": "text",
    }.get(column.kind, column.kind.replace("_", " "))
    values = f": {', '.join(column.values)}" if column.values else ""
    return f"| `{column.name}`{'*' if column.required else ''} | {kind}{values} | {column.note} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
