"""The bundle's tables as a Frictionless Data Package (datapackage.org): any tool that knows the standard reads the
open export without knowing us. Pure: descriptions come from the declared columns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from etl.contract.columns import BundleTable, Column
from etl.contract.tables import BY_NAME
from etl.transforms.values import ABSENCE_CODES

MOMENT_NOTE = (
    "first moment, ISO 8601: a timestamp; a bare date (some time that day); or earliest/latest, where .. is unknown"
)
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_TYPES: dict[str, dict[str, Any]] = {
    "int": {"type": "integer"},
    "decimal": {"type": "number"},
    "date": {"type": "date"},
    "time": {"type": "time", "format": "%H:%M"},
    "bool": {"type": "boolean", "trueValues": ["true"], "falseValues": ["false"]},
}


@dataclass(frozen=True)
class Resource:
    """One written file: its table, the columns it has, the number of rows, bytes and SHA-256."""

    table: str
    columns: tuple[str, ...]
    row_count: int
    size: int
    sha256: str


def datapackage(
    resources: Sequence[Resource], *, title: str, created: datetime, file_format: str = "csv"
) -> dict[str, Any]:
    """The content of `datapackage.json`; foreign keys are stated only into tables that the package holds."""
    held = {resource.table for resource in resources}
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "profile": "tabular-data-package",
        "name": "journal-bundle",
        "title": title,
        "version": "1",
        "created": created.isoformat(),
        "resources": [_resource(resource, held, file_format) for resource in resources],
    }


def _resource(resource: Resource, held: Collection[str], file_format: str) -> dict[str, Any]:
    table = BY_NAME[resource.table]
    return {
        "name": resource.table,
        "path": f"{resource.table}.{file_format}",
        "profile": "tabular-data-resource",
        "description": table.grain,
        "format": file_format,
        "mediatype": _MEDIA[file_format],
        "encoding": "utf-8",
        "bytes": resource.size,
        "hash": f"sha256:{resource.sha256}",
        "rowCount": resource.row_count,
        "schema": table_schema(table, resource.columns, held),
    }


def table_schema(table: BundleTable, columns: Collection[str], held: Collection[str]) -> Mapping[str, Any]:
    """Table Schema of one table: fields in the contract's order, key with the school first, references within it."""
    fields = [_field(column) for column in table.columns if column.name in columns]
    key = list(dict.fromkeys(["school_key", *table.key]))
    references = [
        {
            "fields": ["school_key", column.name],
            "reference": {"resource": column.ref, "fields": ["school_key", BY_NAME[column.ref].own_key]},
        }
        for column in table.columns
        if column.kind == "ref" and column.ref in held and column.name in columns
    ]
    if table.name != "school" and "school" in held:
        references.append({"fields": ["school_key"], "reference": {"resource": "school", "fields": ["school_key"]}})
    return {
        "fields": fields,
        "missingValues": [""],
        # a key with a part that may be blank is none in the standard's sense
        **({"primaryKey": key} if all(table.by_name[name].required for name in key) else {}),
        **({"foreignKeys": references} if references else {}),
    }


def _field(column: Column) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if column.required and not column.may_be_blank:
        constraints["required"] = True
    if column.kind == "enum" and not any(word.endswith(":") for word in column.values):
        constraints["enum"] = list(column.values)
    if column.kind == "int" and column.values:
        constraints["enum"] = [int(value) for value in column.values]
    if column.kind == "absence_code":
        constraints["enum"] = list(ABSENCE_CODES)
    if column.kind == "school_year":
        constraints["pattern"] = r"\d{4}/\d{4}"
    note = f"{column.note}; {MOMENT_NOTE}" if column.kind == "moment" else column.note
    return {
        "name": column.name,
        **_TYPES.get(column.kind, {"type": "string"}),
        "description": note,
        **({"constraints": constraints} if constraints else {}),
    }
