"""Writes the rows that a source made as a journal bundle in a folder, and remembers the cell each row came from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import polars as pl

from etl.contract.tables import BY_NAME
from etl.sources.bundle import PLACE, Bundle, open_bundle

Row = Mapping[str, str | None]
Origin = tuple[str, int, str] | None


def write_made(
    folder: Path,
    rows: Mapping[str, Sequence[Row]],
    *,
    origin: str,
    source_system: str,
    extracted_at: datetime,
    mode: Literal["snapshot", "delta"],
    capabilities: Sequence[str],
    scope: Sequence[Mapping[str, str | None]] | None = None,
    origins: Mapping[str, Sequence[Origin]] | None = None,
    keeps: frozenset[str] = frozenset(),
    silent: frozenset[str] = frozenset(),
) -> Bundle:
    """A bundle of rows of text by table; every table that is named is written, with the columns its rows have.

    `origins` by table: file, row and cell of each row, or None. `keeps` are tables whose absent rows prove nothing,
    `silent` those of which the source cannot speak.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "format": "journal-bundle",
        "version": 1,
        "source_system": source_system,
        "extracted_at": extracted_at.isoformat(),
        "mode": mode,
        "capabilities": list(capabilities),
    } | ({"scope": [dict(line) for line in scope]} if scope is not None else {})
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
    places = {}
    for table, lines in rows.items():
        names = dict.fromkeys(name for line in lines for name in line) or dict.fromkeys(BY_NAME[table].required_columns)
        frame = pl.DataFrame(list(lines), schema=dict.fromkeys(names, pl.String), orient="row")
        frame.write_parquet(folder / f"{table}.parquet")
        if origins and any(origins.get(table, ())):
            places[table] = _places(origins[table])
    bundle = open_bundle(folder)
    bundle.manifest = replace(bundle.manifest, keeps=keeps, silent=silent)
    bundle.origin, bundle.places = origin, places
    return bundle


def _places(origins: Sequence[Origin]) -> pl.DataFrame:
    known = [each or (None, None, None) for each in origins]
    return pl.DataFrame(
        [(number, *each) for number, each in enumerate(known, 2)],
        schema={"row_number": pl.Int64, "file": pl.String, "place_row": pl.Int64, "place": pl.String},
        orient="row",
    ).select(list(PLACE))
