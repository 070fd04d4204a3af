"""Source keys become our ids; a reference that does not resolve rejects its row (annex B9). No database here."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from etl.contract.columns import BundleTable, Column, stored_name
from etl.transforms.typed import REJECT, ROW

PAIR = pl.Schema({"key": pl.String, "id": pl.Int32})
JOURNAL = pl.Schema(
    {
        "journal_id": pl.Int32,
        "class_id": pl.Int32,
        "group_id": pl.Int32,
        "subject_id": pl.Int32,
        "school_year": pl.Int16,
    }
)
PLACE = pl.Schema({"class_id": pl.Int32, "school_year": pl.Int16})
NO_CLASS = 0
"""Class and year of a row whose class no bundle has ever carried: it is kept and belongs to nobody."""


@dataclass
class Keys:
    """What is known of one school's keys: ids once given, and which of them have a row.

    `ids[table]` and `rows[table]` have the columns key, id; `carried` are the tables that any bundle of the
    database has carried, this one included; `places[table]` gives class_id and school_year (and journal_id)
    by the table's id.
    """

    ids: dict[str, pl.DataFrame] = field(default_factory=dict)
    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    last_id: dict[str, int] = field(default_factory=dict)
    carried: frozenset[str] = frozenset()
    journals: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=JOURNAL))
    places: dict[str, pl.DataFrame] = field(default_factory=dict)
    new_keys: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    new_journals: list[pl.DataFrame] = field(default_factory=list)

    def ids_of(self, table: str) -> pl.DataFrame:
        return self.ids.get(table, pl.DataFrame(schema=PAIR))

    def rows_of(self, table: str) -> pl.DataFrame:
        return self.rows.get(table, pl.DataFrame(schema=PAIR))

    def give_ids(self, table: str, keys: pl.Series) -> pl.DataFrame:
        """Ids of these keys (key, id), giving new ones in order of appearance; ids never return."""
        wanted = keys.drop_nulls().unique(maintain_order=True).to_frame("key").cast({"key": pl.String})
        known = wanted.join(self.ids_of(table), on="key", how="left", maintain_order="left")
        new = known.filter(pl.col("id").is_null()).select("key")
        if new.height:
            start = self.last_id.get(table, 0)
            given = new.with_columns(
                (pl.int_range(1, new.height + 1, dtype=pl.Int32) + start).cast(pl.Int32).alias("id")
            )
            self.last_id[table] = start + new.height
            self.ids[table] = pl.concat([self.ids_of(table), given])
            self.new_keys.setdefault(table, []).append(given)
            known = pl.concat([known.filter(pl.col("id").is_not_null()), given])
        return known

    def add_rows(self, table: str, accepted: pl.DataFrame) -> None:
        """From now on references to these keys (key, id) resolve."""
        self.rows[table] = pl.concat([self.rows_of(table), accepted]).unique("id", keep="first", maintain_order=True)


def resolve(rows: pl.DataFrame, table: BundleTable, keys: Keys) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Replace keys by ids and add class, journal and school year.

    Returns the accepted rows, named as the analytical table, and the rejected ones without their raw text (columns
    row_number, column_name, value, reason).
    """
    rejects = []
    for column in table.columns:
        if column.kind == "ref" and column.name in rows.columns:
            rows, rejected = _resolve_reference(rows, column, keys)
            rejects += rejected
        elif column.kind == "text" and column.ref in keys.carried and column.name in rows.columns:
            known = rows.join(keys.rows_of(column.ref), left_on=column.name, right_on="key", how="semi")
            lost = rows.filter(pl.col(column.name).is_not_null() & ~pl.col(ROW).is_in(known[ROW].implode()))
            rows = rows.filter(~pl.col(ROW).is_in(lost[ROW].implode()))
            rejects += [_unresolved(lost, column)] if lost.height else []
    for column in table.columns:
        if column.kind == "author" and column.name in rows.columns:
            rows = _attach(rows, column.name, keys.give_ids("staff", rows[column.name]), stored_name(column))
    if table.own_key:
        ids = keys.give_ids(table.name, rows[table.own_key])
        rows = _attach(rows, table.own_key, ids, stored_name(table.by_name[table.own_key]), keep=True)
        keys.add_rows(table.name, ids)
    rows = _place(rows, table, keys)
    return rows, rejects


def _attach(rows: pl.DataFrame, column: str, ids: pl.DataFrame, name: str, *, keep: bool = False) -> pl.DataFrame:
    joined = rows.join(ids.rename({"key": column, "id": name}), on=column, how="left", maintain_order="left")
    return joined if keep else joined.drop(column)


def _resolve_reference(rows: pl.DataFrame, column: Column, keys: Keys) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    checked = column.ref in keys.carried
    ids = keys.rows_of(column.ref) if checked else keys.give_ids(column.ref, rows[column.name])
    name = stored_name(column)
    joined = _attach(rows, column.name, ids, name, keep=True)
    lost = joined.filter(pl.col(column.name).is_not_null() & pl.col(name).is_null())
    if not lost.height:
        return joined.drop(column.name), []
    kept = joined.join(lost.select(ROW), on=ROW, how="anti", maintain_order="left").drop(column.name)
    return kept, [_unresolved(lost, column)]


def _unresolved(lost: pl.DataFrame, column: Column) -> pl.DataFrame:
    return lost.select(
        pl.col(ROW).alias("row_number"),
        pl.lit(column.name).alias("column_name"),
        pl.col(column.name).alias("value"),
        pl.lit(f"refers to a {column.ref} that is in no accepted row").alias("reason"),
        pl.lit(None, pl.String).alias("raw"),
    ).cast(REJECT)


def _place(rows: pl.DataFrame, table: BundleTable, keys: Keys) -> pl.DataFrame:
    """Add class_id, school_year and journal_id where the analytical table has them, and remember them for
    those that follow.
    """
    if table.name == "school_class":
        rows = rows.with_columns(
            (pl.col("grade").cast(pl.String) + pl.col("letter").str.strip_chars().str.to_uppercase()).alias("name")
        )
        _remember(keys, "school_class", rows.select(pl.col("class_id"), "school_year"), "class_id")
        return rows
    if table.year_from == "class_key":
        rows = _follow(rows, keys, "school_class", "class_id", ["school_year"])
    elif table.year_from == "group_key":
        rows = _follow(rows, keys, "study_group", "group_id", ["class_id", "school_year"])
    elif table.year_from == "lesson_key":
        rows = _follow(rows, keys, "lesson", "lesson_id", ["class_id", "school_year", "journal_id"])
    elif table.year_from == "plan_key":
        rows = _follow(rows, keys, "plan", "plan_id", ["class_id", "school_year"])
    if table.name in {"lesson", "teaching_load", "curriculum", "plan", "period_mark"}:
        journals = _give_journals(rows, keys)
        if table.name in {"lesson", "period_mark"}:
            rows = rows.join(journals, on=["group_id", "subject_id"], how="left", maintain_order="left")
    if table.name == "study_group":
        _remember(keys, "study_group", rows.select("group_id", "class_id", "school_year"), "group_id")
    elif table.name == "lesson":
        _remember(keys, "lesson", rows.select("lesson_id", "class_id", "school_year", "journal_id"), "lesson_id")
    elif table.name == "plan":
        _remember(keys, "plan", rows.select("plan_id", "class_id", "school_year"), "plan_id")
    return rows


def _remember(keys: Keys, table: str, places: pl.DataFrame, by: str) -> None:
    known = keys.places.get(table)
    joined = places if known is None else pl.concat([places, known.select(places.columns)])
    keys.places[table] = joined.unique(by, keep="first", maintain_order=True)


def _follow(rows: pl.DataFrame, keys: Keys, table: str, by: str, wanted: list[str]) -> pl.DataFrame:
    types = {"class_id": pl.Int32, "school_year": pl.Int16, "journal_id": pl.Int32, by: pl.Int32}
    if by not in rows.columns:  # an optional reference that the file lacks
        rows = rows.with_columns(pl.lit(None, pl.Int32).alias(by))
    places = keys.places.get(table, pl.DataFrame(schema={name: types[name] for name in (by, *wanted)}))
    joined = rows.join(places.select(by, *wanted), on=by, how="left", maintain_order="left")
    return joined.with_columns(
        pl.col(name).fill_null(NO_CLASS) for name in wanted if by != "class_id" or name != "class_id"
    )


def _give_journals(rows: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """A journal is a pair of group and subject (bundle.md); its id is given like any other (annex B13)."""
    pairs = rows.select("group_id", "subject_id", "class_id", "school_year").unique(
        ["group_id", "subject_id"], maintain_order=True
    )
    new = pairs.join(keys.journals, on=["group_id", "subject_id"], how="anti", maintain_order="left")
    if new.height:
        start = keys.last_id.get("journal", 0)
        given = new.with_columns(
            (pl.int_range(1, new.height + 1, dtype=pl.Int32) + start).cast(pl.Int32).alias("journal_id")
        )
        keys.last_id["journal"] = start + new.height
        given = given.select(list(JOURNAL)).cast(JOURNAL)
        keys.journals = pl.concat([keys.journals, given])
        keys.new_journals.append(given)
    return keys.journals.select("journal_id", "group_id", "subject_id")
