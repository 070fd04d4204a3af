"""One table of one school: the state before, a bundle's rows, the state after. Pure; every moment is UTC.

The rules are annex B2–B7: the first moment of an entry never gets younger, absence is proved by snapshots only, what
vanished is kept with the interval in which it vanished.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from etl.contract.columns import BundleTable, Entry, moment_names, stored_name
from etl.contract.ledger import Quality
from etl.transforms.moments import BEGINNING, INSTANT, NEVER
from etl.transforms.presence import PRESENT
from etl.transforms.values import has_text

SECOND = timedelta(seconds=1)
SCOPE = {"school_year": pl.Int16, "class_id": pl.Int32, "group_id": pl.Int32, "subject_id": pl.Int32}
ORIGIN = ("deleted_earliest", "deleted_latest", "first_seen_at", "last_seen_at", "load_id")
OLD = "_old"
SHOWN_BY_FIRST = {"homework": has_text(pl.col("homework")), "section": (pl.col("items") > 0).fill_null(value=False)}
"""Entries that two columns can show: is it the first of them that does."""
STATUS_KEPT = ("cancelled", "moved", "replaced")
"""Lesson statuses whose first moment a rule asks for (cancellation); planned and held come and go."""


@dataclass(frozen=True)
class Snapshot:
    """What an earlier bundle of mode snapshot proves: its moment, its tables with their columns, its scope lines."""

    extracted_at: datetime
    columns: dict[str, frozenset[str]]
    scope: pl.DataFrame


@dataclass(frozen=True)
class Arrival:
    """The bundle being loaded, for one school. `snapshots` are the earlier ones, newest first."""

    load_id: int
    extracted_at: datetime
    is_snapshot: bool
    columns: dict[str, frozenset[str]]
    scope: pl.DataFrame
    snapshots: tuple[Snapshot, ...] = ()
    statuses: pl.DataFrame | None = None
    """fact_lesson_status: earlier statuses of lessons with their first moments"""
    newest: datetime | None = None
    """moment of the newest bundle loaded of the school; a bundle of another scope may be no newer (annex B6, B20)"""
    keeps: frozenset[str] = frozenset()
    """tables of this bundle in which a row that is absent was not deleted: its sheet was not received"""

    @property
    def is_late(self) -> bool:
        """Something newer is there: of rows that belong to no class the newer state stays."""
        return self.newest is not None and self.newest > self.extracted_at

    @property
    def may_delete_anywhere(self) -> bool:
        """Rows without a class are in the scope of every snapshot, so only the newest one may delete them."""
        return self.newest is None or self.newest < self.extracted_at


@dataclass
class Merged:
    """`state` is every row after the load, `written` those that must be stored anew, `known_count` of them
    replaced ones.
    """

    state: pl.DataFrame
    written: pl.DataFrame
    loaded_count: int = 0
    unchanged_count: int = 0
    deleted_count: int = 0
    before: pl.DataFrame = field(default_factory=pl.DataFrame)
    """rows that were known and changed: the new row with the old values as `<column>_old`, and `carried_at`"""
    vanished: pl.DataFrame = field(default_factory=pl.DataFrame)
    left_statuses: pl.DataFrame = field(default_factory=pl.DataFrame)


def merge(
    incoming: pl.DataFrame,
    stored: pl.DataFrame,
    table: BundleTable,
    arrival: Arrival,
    journals: pl.DataFrame,
    set_aside: pl.DataFrame | None = None,
) -> Merged:
    """`incoming` has analytical names; `stored` the full analytical row, texts included. Grain of both:
    the table's key.

    `set_aside` are keys of rows that are in the file but were rejected: they are not deleted, their old state
    stays.
    """
    key = [stored_name(table.by_name[name]) for name in table.key]
    file_columns = arrival.columns[table.name]
    arrived_count = incoming.height
    # a key column may be optional (teaching_load.from_on): a file without it has rows whose cell there is blank
    incoming = incoming.with_columns(
        pl.lit(None, stored.schema[name]).alias(name) for name in key if name not in incoming.columns
    )
    if arrival.is_late and not table.year_from:
        incoming = incoming.join(stored, on=key, how="anti", nulls_equal=True, maintain_order="left")
    rows = incoming.join(
        stored.rename({name: name + OLD for name in stored.columns if name not in key}),
        on=key,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    rows = rows.with_columns(pl.col("load_id" + OLD).is_not_null().alias("is_known"))
    rows = rows.with_columns(_carried(incoming, stored, table, file_columns, key))
    left_statuses = _left_statuses(rows) if table.name == "lesson" else pl.DataFrame()
    rows = _with_entries(rows, table, arrival, journals, file_columns)
    rows = rows.with_columns(_changed(stored, table, key).alias("is_changed"))
    rows = rows.with_columns(
        pl.lit(None, INSTANT).alias("deleted_earliest"),
        pl.lit(None, INSTANT).alias("deleted_latest"),
        pl.coalesce("first_seen_at" + OLD, pl.lit(arrival.extracted_at, INSTANT)).alias("first_seen_at"),
        pl.lit(arrival.extracted_at, INSTANT).alias("last_seen_at"),
        pl.lit(arrival.load_id, pl.Int32).alias("load_id"),
    )
    touched = rows.filter(pl.col("is_changed") | pl.lit(not arrival.is_snapshot))
    gone = _vanished(stored, incoming, table, arrival, journals, key, set_aside)
    written = pl.concat([touched.select(stored.columns), gone.select(stored.columns)])
    state = (
        pl.concat([stored.join(written.select(key), on=key, how="anti", nulls_equal=True), written])
        if stored.height
        else written
    )
    loaded = int(rows["is_changed"].sum())
    before = rows.filter(pl.col("is_known") & pl.col("is_changed"))
    return Merged(
        state=state,
        written=written,
        loaded_count=loaded,
        unchanged_count=arrived_count - loaded,
        deleted_count=gone.height,
        before=before.with_columns(_last_carried(before, table, arrival, journals, OLD)) if before.height else before,
        vanished=gone,
        left_statuses=left_statuses,
    )


def _carried(
    incoming: pl.DataFrame, stored: pl.DataFrame, table: BundleTable, file_columns: frozenset[str], key: list[str]
) -> list[pl.Expr]:
    """Columns the file has take its cells, blanks included; columns it lacks leave the stored cells (annex B6)."""
    moments = {name for column in table.columns if column.kind == "moment" for name in moment_names(column.name)}
    lacking = {
        stored_name(column) for column in table.columns if column.name not in file_columns and column.kind != "moment"
    }
    carried = []
    for name, dtype in stored.schema.items():
        if name in key or name in ORIGIN or name in moments:
            continue
        if name in incoming.columns and name not in lacking:
            carried.append(pl.col(name).cast(dtype))
        elif name in incoming.columns and table.log:  # changes we wrote ourselves have what the file's have not
            carried.append(pl.coalesce(pl.col(name).cast(dtype), pl.col(name + OLD).cast(dtype)).alias(name))
        else:
            carried.append(pl.col(name + OLD).cast(dtype).alias(name))
    return carried


def _with_entries(
    rows: pl.DataFrame, table: BundleTable, arrival: Arrival, journals: pl.DataFrame, file_columns: frozenset[str]
) -> pl.DataFrame:
    by_moment = {entry.moment: entry for entry in table.entries}
    if table.name == "absence":
        known_first = (
            pl.when(pl.col("is_known"))
            .then(pl.col("reason_known_first" + OLD))
            .otherwise(PRESENT["reason"]([]) & ~_states_interval(rows, "reason_recorded_quality"))
        )
        rows = rows.with_columns(known_first.alias("reason_known_first"))
    for column in table.columns:
        if column.kind != "moment":
            continue
        names = moment_names(column.name)
        cells = [pl.col(name) if column.name in file_columns else pl.lit(None) for name in names]
        dtypes: tuple[Any, ...] = (INSTANT, INSTANT, pl.Int16)
        rows = rows.with_columns(
            cell.cast(dtype).alias(f"_cell{place}")
            for place, (cell, dtype) in enumerate(zip(cells, dtypes, strict=True))
        )
        entry = by_moment.get(column.name)
        rows = (
            _first_moments(rows, table, entry, names, arrival, journals)
            if entry
            else _earliest_moments(rows, names)
            if table.log
            else _newest_moments(rows, names, in_file=column.name in file_columns)
        )
    return rows


def _states_interval(rows: pl.DataFrame, quality: str) -> pl.Expr:
    """The cell itself is an interval, as the open export writes it: the entry was then seen to come later."""
    if quality not in rows.columns:
        return pl.lit(value=False)
    return pl.col(quality).is_in([int(Quality.interval), int(Quality.unknown)]).fill_null(value=False)


def _newest_moments(rows: pl.DataFrame, names: tuple[str, str, str], *, in_file: bool) -> pl.DataFrame:
    return rows.with_columns(
        (pl.col(f"_cell{place}") if in_file else pl.col(name + OLD)).alias(name) for place, name in enumerate(names)
    )


def _earliest_moments(rows: pl.DataFrame, names: tuple[str, str, str]) -> pl.DataFrame:
    """A line of a log that comes again keeps its moment as the first bundle with it showed it (annex B2, B4)."""
    earliest, latest = (pl.col(names[place] + OLD) for place in (0, 1))
    mine, theirs = _stated(pl.col("_cell0"), pl.col("_cell1")), _stated(earliest, latest)
    take = theirs.is_null() | (mine < theirs) | ((mine == theirs) & (pl.col("_cell1") < latest))
    rows = rows.with_columns(take.fill_null(value=False).alias("_take"))
    return rows.with_columns(
        pl.when("_take").then(f"_cell{place}").otherwise(name + OLD).alias(name) for place, name in enumerate(names)
    )


def _first_moments(
    rows: pl.DataFrame,
    table: BundleTable,
    entry: Entry,
    names: tuple[str, str, str],
    arrival: Arrival,
    journals: pl.DataFrame,
) -> pl.DataFrame:
    """Annex B2: the earliest non-blank cell counts; only when all are blank the first bundle with the
    entry decides.
    """
    if entry.present == "status":
        rows = _recalled_status(rows, names, arrival)
    old = [pl.col(name + OLD) for name in names]
    now = pl.lit(arrival.extracted_at, INSTANT)
    present = PRESENT[entry.present](rows.columns)
    cell_there = pl.col("_cell0").is_not_null() & present
    was_derived = old[2].is_in([int(Quality.interval), int(Quality.unknown)])
    rows = rows.with_columns(
        present.alias("_there"),
        cell_there.alias("_cell_there"),
        was_derived.fill_null(value=True).alias("_replaceable"),
    )
    mine, theirs = _stated(pl.col("_cell0"), pl.col("_cell1")), _stated(old[0], old[1])
    earlier = (mine < theirs) | ((mine == theirs) & (pl.col("_cell1") < old[1]))
    take_cell = pl.col("_cell_there") & (pl.col("_replaceable") | earlier)
    derive = pl.col("_there") & ~pl.col("_cell_there") & old[2].is_null() & pl.lit(entry.derived)
    rows = rows.with_columns(
        take_cell.fill_null(value=False).alias("_take"), derive.fill_null(value=False).alias("_derive")
    )
    rows = rows.with_columns(_absence_proved(rows, table, entry, arrival, journals).alias("_proof"))
    proved = pl.col("_proof").is_not_null()
    derived = (
        pl.when(proved).then(pl.col("_proof") + SECOND).otherwise(pl.lit(BEGINNING, INSTANT)),
        now,
        pl.when(proved).then(pl.lit(int(Quality.interval))).otherwise(pl.lit(int(Quality.unknown))).cast(pl.Int16),
    )
    return rows.with_columns(
        pl.when(pl.col("_take"))
        .then(pl.col(f"_cell{place}"))
        .when(pl.col("_derive"))
        .then(derived[place])
        .otherwise(old[place])
        .alias(name)
        for place, name in enumerate(names)
    )


def _stated(earliest: pl.Expr, latest: pl.Expr) -> pl.Expr:
    """What the cell says: of a skewed clock the moment is kept as `latest`, beside the earliest NEVER (annex B5)."""
    return pl.when(earliest == NEVER).then(latest).otherwise(earliest)


def _absence_proved(
    rows: pl.DataFrame, table: BundleTable, entry: Entry, arrival: Arrival, journals: pl.DataFrame
) -> pl.Series:
    """Moment of the snapshot that proves the entry was not there yet, by the column that shows it now (annex B3)."""
    if not rows["_derive"].any():
        return pl.Series("_proof", [None] * rows.height, dtype=INSTANT)
    proof = _proof(rows, table, None if entry.present == "row" else entry.content[0], arrival, journals)
    if len(entry.content) == 1:
        return proof
    by_first = rows.select(SHOWN_BY_FIRST[entry.present]).to_series()
    return proof.zip_with(by_first, _proof(rows, table, entry.content[1], arrival, journals))


def _recalled_status(rows: pl.DataFrame, names: tuple[str, str, str], arrival: Arrival) -> pl.DataFrame:
    """The moment belongs to the present status: a status that changed has none yet, unless it was there before."""
    if not rows["is_known"].any():
        return rows
    rows = rows.with_columns(
        pl.when(pl.col("status").eq_missing(pl.col("status" + OLD))).then(pl.col(name + OLD)).alias(name + OLD)
        for name in names
    )
    if arrival.statuses is None or not arrival.statuses.height:
        return rows
    earlier = arrival.statuses.select(
        "lesson_id",
        "status",
        *(
            pl.col(name).alias(f"_earlier{place}")
            for place, name in enumerate(("recorded_earliest", "recorded_latest", "recorded_quality"))
        ),
    )
    rows = rows.join(earlier, on=["lesson_id", "status"], how="left", maintain_order="left")
    return rows.with_columns(
        pl.coalesce(name + OLD, f"_earlier{place}").alias(name + OLD) for place, name in enumerate(names)
    ).drop("_earlier0", "_earlier1", "_earlier2")


def _left_statuses(rows: pl.DataFrame) -> pl.DataFrame:
    """First moments of statuses that lessons have just left, to be recalled if they return (fact_lesson_status)."""
    left = rows.filter(
        pl.col("is_known") & (pl.col("status") != pl.col("status" + OLD)) & pl.col("status" + OLD).is_in(STATUS_KEPT)
    )
    return left.select(
        "school_year",
        "lesson_id",
        pl.col("status" + OLD).alias("status"),
        *(
            pl.col(f"status_recorded_{part}{OLD}").alias(f"recorded_{part}")
            for part in ("earliest", "latest", "quality")
        ),
    )


def _changed(stored: pl.DataFrame, table: BundleTable, key: list[str]) -> pl.Expr:
    content = [name for name in stored.columns if name not in key and name not in ORIGIN]
    differs = (
        pl.any_horizontal([pl.col(name).ne_missing(pl.col(name + OLD)) for name in content])
        if content
        else pl.lit(value=False)
    )
    return ~pl.col("is_known") | pl.col("deleted_latest" + OLD).is_not_null() | differs


def in_scope(
    rows: pl.DataFrame, scope: pl.DataFrame, table: BundleTable, journals: pl.DataFrame, suffix: str = ""
) -> pl.Series:
    """Which rows a snapshot with these scope lines contains completely (annex B6). Rows without a class
    always are.
    """
    if not table.year_from or table.log:
        return pl.Series([True]).new_from_index(0, rows.height) if rows.height else pl.Series([], dtype=pl.Boolean)
    places = pl.DataFrame([_attribute(rows, name, journals, suffix) for name in SCOPE])
    found = pl.Series("found", [False] * rows.height, dtype=pl.Boolean)
    for stated, lines in _by_stated(scope).items():
        if not stated:
            return pl.Series([True]).new_from_index(0, rows.height) if rows.height else found
        names = list(stated)
        hits = places.select(names).join(
            lines.select(names).unique().with_columns(pl.lit(value=True).alias("_hit")),
            on=names,
            how="left",
            maintain_order="left",
        )
        found = found | hits["_hit"].fill_null(value=False)
    # a timetable of the whole school has no class, and such rows are in scope of every snapshot
    return found | places["class_id"].is_null() if table.year_from == "class_key" else found


def _by_stated(scope: pl.DataFrame) -> dict[tuple[str, ...], pl.DataFrame]:
    """Lines of a scope by what they state: an export of a school has a line for each of its journals."""
    by: dict[tuple[str, ...], list[dict[str, int | None]]] = {}
    for line in scope.iter_rows(named=True):
        by.setdefault(tuple(name for name, value in line.items() if value is not None), []).append(line)
    return {stated: pl.DataFrame(lines, schema=SCOPE) for stated, lines in by.items()}


def _attribute(rows: pl.DataFrame, name: str, journals: pl.DataFrame, suffix: str) -> pl.Series:
    if name + suffix in rows.columns:
        return rows[name + suffix].alias(name)
    if name in rows.columns:
        return rows[name]
    by = "journal_id" + suffix if "journal_id" + suffix in rows.columns else "journal_id"
    if name in {"group_id", "subject_id"} and by in rows.columns:
        return rows.select(pl.col(by).alias("journal_id")).join(
            journals.select("journal_id", name), on="journal_id", how="left", maintain_order="left"
        )[name]
    return pl.Series(name, [None] * rows.height, dtype=SCOPE[name])


def _proof(
    rows: pl.DataFrame,
    table: BundleTable,
    column: str | None,
    arrival: Arrival,
    journals: pl.DataFrame,
    suffix: str = "",
) -> pl.Series:
    """Moment of the newest earlier snapshot that contains the row's place, the table and the column; null
    = none (B3).
    """
    proof = pl.Series("proof", [None] * rows.height, dtype=INSTANT)
    for snapshot in arrival.snapshots:
        columns = snapshot.columns.get(table.name)
        if columns is None or (column and column not in columns):
            continue
        proves = in_scope(rows, snapshot.scope, table, journals, suffix) & proof.is_null()
        if proves.any():
            proof = proof.zip_with(
                ~proves, pl.Series([snapshot.extracted_at], dtype=INSTANT).new_from_index(0, rows.height)
            )
        if proof.null_count() == 0:
            break
    return proof


def _last_carried(
    rows: pl.DataFrame, table: BundleTable, arrival: Arrival, journals: pl.DataFrame, suffix: str
) -> pl.Expr:
    """extracted_at of the last bundle that carried the row: the newest snapshot of its place, or a later delta."""
    snapshot = _proof(rows, table, None, arrival, journals, suffix)
    gone_after = pl.col("deleted_earliest" + suffix) - SECOND
    return pl.coalesce(gone_after, pl.max_horizontal(pl.lit(snapshot), pl.col("last_seen_at" + suffix))).alias(
        "carried_at"
    )


def _vanished(
    stored: pl.DataFrame,
    incoming: pl.DataFrame,
    table: BundleTable,
    arrival: Arrival,
    journals: pl.DataFrame,
    key: list[str],
    set_aside: pl.DataFrame | None,
) -> pl.DataFrame:
    """Rows known before and absent now, with the interval in which they vanished (annex B6)."""
    is_proof = arrival.is_snapshot and (bool(table.year_from) or arrival.may_delete_anywhere)
    if not is_proof or table.log or table.name in arrival.keeps or not stored.height:
        return stored.clear().with_columns(pl.lit(None, INSTANT).alias("carried_at"))
    gone = stored.filter(pl.col("deleted_latest").is_null()).join(
        incoming.select(key), on=key, how="anti", nulls_equal=True, maintain_order="left"
    )
    if set_aside is not None:
        gone = gone.join(set_aside, on=key, how="anti", nulls_equal=True, maintain_order="left")
    gone = gone.filter(in_scope(gone, arrival.scope, table, journals))
    gone = gone.with_columns(_last_carried(gone, table, arrival, journals, ""))
    return gone.with_columns(
        (pl.col("carried_at") + SECOND).alias("deleted_earliest"),
        pl.lit(arrival.extracted_at, INSTANT).alias("deleted_latest"),
        pl.lit(arrival.load_id, pl.Int32).alias("load_id"),
    )
