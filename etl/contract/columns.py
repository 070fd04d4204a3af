"""What a column of a journal bundle can be. The warehouse stores each kind in a fixed way (see
`warehouse.tables`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "key",
    "ref",
    "author",
    "text",
    "int",
    "decimal",
    "date",
    "time",
    "moment",
    "bool",
    "enum",
    "mark",
    "absence_code",
    "school_year",
]


@dataclass(frozen=True)
class Column:
    """One column of a bundle table. `ref` names the table a key refers to (a text with a `ref` is checked and stays a
    key); `values` the allowed words of an enum, one that ends in a colon being a beginning.

    `required` columns must be in the file; their cells must be filled unless `may_be_blank` (annex B22).
    """

    name: str
    kind: Kind
    note: str
    required: bool = False
    ref: str = ""
    values: tuple[str, ...] = ()
    may_be_blank: bool = False


@dataclass(frozen=True)
class Entry:
    """An entry whose first moment is known or derived from the snapshots (annex B2).

    `present` is the test that the entry is there: `row` (the row exists) or the name of a test in
    `transforms.presence`; `content` are the columns whose absence from a file proves nothing (annex B3).
    """

    moment: str
    present: str
    content: tuple[str, ...]
    derived: bool = True


@dataclass(frozen=True)
class BundleTable:
    """One table of the bundle: grain, columns, natural key and where its class (and so its school year)
    comes from.

    `key` are the key columns besides school_key (annex B10). `year_from` is `class_key`, `group_key`,
    `lesson_key`, `plan_key` (follow that reference), `school_year` (own column) or "" (in scope of every
    snapshot of its school, annex B6). `texts` are columns kept in a side table, because row policies hide
    rows and not columns.
    """

    name: str
    noun: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    year_from: str = ""
    entries: tuple[Entry, ...] = ()
    texts: tuple[str, ...] = ()
    text_table: str = ""
    fact: bool = False
    required: bool = False
    log: bool = False
    by_name: dict[str, Column] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.by_name.update({column.name: column for column in self.columns})

    @property
    def own_key(self) -> str:
        """The table's single key column of its own (`lesson_key`), or "" when its key is made of references."""
        return self.key[0] if len(self.key) == 1 and self.by_name[self.key[0]].kind == "key" else ""

    @property
    def required_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)

    @property
    def warehouse_name(self) -> str:
        """Name of the analytical table: `dim_` for what describes, `fact_` for what happened."""
        return f"{'fact' if self.fact else 'dim'}_{self.noun}"


def stored_name(column: Column) -> str:
    """The analytical column that holds this source column; moments are stored as three columns (`moment_names`)."""
    if column.kind in {"key", "ref"}:
        return column.name.removesuffix("_key") + "_id" if column.name.endswith("_key") else column.name
    if column.kind == "author":
        return column.name + "_id"
    return column.name


def moment_names(name: str) -> tuple[str, str, str]:
    """Earliest and latest possible moment of an entry and the quality of that knowledge, for one source moment."""
    stem = name.removesuffix("_at")
    return f"{stem}_earliest", f"{stem}_latest", f"{stem}_quality"
