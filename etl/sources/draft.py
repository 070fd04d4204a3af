"""A journal bundle in the making: a source adds rows with the address they came from, and sets aside what is no row."""

from __future__ import annotations

import csv
import json
from array import array
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import polars as pl

from etl.contract.tables import BY_NAME
from etl.sources.bundle import PLACE, Bundle, open_bundle
from etl.transforms.typed import REJECT

Row = Mapping[str, str | None]
Origin = tuple[str, int, str] | None
"""File, row (from 1) and address of a cell; None: the row is from no cell."""
STRAY = pl.Schema([*REJECT.items(), ("file", pl.String())])


class BundleDraft:
    """Rows go to CSV files as they come, in memory stay their addresses only; a source that has a table whole gives it
    at once (`add_all`). Use it as a context manager.

    `scope` are the journals that are complete, None: all. `keeps` are tables whose absent rows prove nothing, `silent`
    those of which the source cannot speak.
    """

    def __init__(
        self,
        folder: Path,
        *,
        source_system: str,
        extracted_at: datetime,
        mode: Literal["snapshot", "delta"] = "snapshot",
        capabilities: Collection[str] = (),
        scope: Sequence[Row] | None = None,
        keeps: frozenset[str] = frozenset(),
        silent: frozenset[str] = frozenset(),
    ) -> None:
        self.folder, self.keeps, self.silent = folder, keeps, silent
        self.manifest: dict[str, Any] = {
            "format": "journal-bundle",
            "version": 1,
            "source_system": source_system,
            "extracted_at": extracted_at.isoformat(),
            "mode": mode,
            "capabilities": sorted(capabilities),
        } | ({"scope": [dict(line) for line in scope]} if scope is not None else {})
        self.warnings: list[str] = []
        self._open = ExitStack()
        self._writers: dict[str, Any] = {}
        self._files: list[str] = []
        self._places: dict[str, tuple[array[int], array[int], list[str]]] = {}
        self._whole: dict[str, pl.DataFrame] = {}
        self._strays: dict[str, list[tuple[Any, ...]]] = {}
        self._known: dict[str, set[tuple[str, ...]]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def table(self, name: str, columns: Collection[str] = ()) -> None:
        """The table is there, rows or none: then what is absent from it was deleted. `columns` that the source does
        not have leave the stored cells as they are (annex B6); all of them when none are named.
        """
        if name not in self._writers:
            stream = self._open.enter_context((self.folder / f"{name}.csv").open("w", encoding="utf-8", newline=""))
            held = columns or tuple(column.name for column in BY_NAME[name].columns)
            self._writers[name] = csv.DictWriter(stream, held, restval="", extrasaction="raise")
            self._writers[name].writeheader()
            self._places[name] = (array("q"), array("q"), [])

    def add(self, name: str, file: str, row: int, place: str = "", /, **cells: Any) -> None:
        """One row, from this row (from 1) and cell of this file; None is a blank."""
        self.table(name)
        self._writers[name].writerow({column: _text(value) for column, value in cells.items()})
        files, rows, places = self._places[name]
        if not self._files or self._files[-1] != file:
            self._files.append(file)
        files.append(len(self._files) - 1)
        rows.append(row)
        places.append(place)

    def add_once(self, name: str, file: str, row: int, place: str = "", /, **cells: Any) -> None:
        """The same, unless a row with this key was added before: files of one export repeat what they share."""
        key = tuple(_text(cells.get(column)) for column in ("school_key", *BY_NAME[name].key))
        known = self._known.setdefault(name, set())
        if key not in known:
            known.add(key)
            self.add(name, file, row, place, **cells)

    def add_all(self, name: str, rows: Sequence[Row], origins: Sequence[Origin] = ()) -> None:
        """A whole table of text, with the columns its rows have; `origins` are of each row. Not together with `add`."""
        names = dict.fromkeys(cell for row in rows for cell in row) or dict.fromkeys(BY_NAME[name].required_columns)
        frame = pl.DataFrame(list(rows), schema=dict.fromkeys(names, pl.String), orient="row")
        frame.write_parquet(self.folder / f"{name}.parquet")
        if any(origins):
            known = [(number, *(each or (None, None, None))) for number, each in enumerate(origins, 2)]
            schema = {"row_number": pl.Int64, "file": pl.String, "place_row": pl.Int64, "place": pl.String}
            self._whole[name] = pl.DataFrame(known, schema=schema, orient="row").select(list(PLACE))

    def set_aside(self, name: str, file: str, row: int | None, place: str, value: Any, reason: str, raw: Any) -> None:
        """What would have been a row of this table, and why it is none; `place` is the column or cell."""
        text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
        self._strays.setdefault(name, []).append((row, place, _text(value) or None, reason, text, file))

    def finish(self, origin: Path | str) -> Bundle:
        """Close the files and open the bundle, with the addresses and what was set aside."""
        self._open.close()
        text = json.dumps(self.manifest, ensure_ascii=False)
        (self.folder / "manifest.json").write_text(text, encoding="utf-8")
        bundle = open_bundle(self.folder)
        bundle.manifest = replace(bundle.manifest, keeps=self.keeps, silent=self.silent)
        bundle.origin = str(origin)
        bundle.places |= self._whole
        bundle.warnings += self.warnings
        names = pl.Series("file", self._files, dtype=pl.String)
        for name, (files, rows, places) in self._places.items():
            if places:
                bundle.places[name] = pl.DataFrame(
                    {
                        "row_number": pl.Series(range(2, len(places) + 2), dtype=pl.Int64),
                        "file": names.gather(pl.Series(files, dtype=pl.UInt32)),
                        "place_row": pl.Series(rows, dtype=pl.Int64),
                        "place": pl.Series(places, dtype=pl.String).replace("", None),
                    },
                    schema=PLACE,
                )
        for name, found in self._strays.items():
            bundle.strays[name] = pl.DataFrame(found, schema=STRAY, orient="row")
        return bundle


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
