"""One school of one bundle: typed, resolved, merged with what is known, stored. Runs inside the load's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from etl.contract.columns import BundleTable, stored_name
from etl.contract.tables import BY_NAME, TABLES
from etl.order import newest_moment, school_years
from etl.purged import purged_until, without_purged
from etl.sources.bundle import Manifest
from etl.sources.spool import Spool
from etl.transforms.changes import WATCHED, automatic_changes, pointless_changes
from etl.transforms.merge import SCOPE, Arrival, Merged, Snapshot, merge
from etl.transforms.resolve import JOURNAL, PAIR, Keys, resolve
from etl.transforms.typed import REJECT, ROW, type_rows
from etl.warehouse.frames import bundle_schema, copy_in, copy_out, read_stored, write_rows
from etl.warehouse.partitions import ensure_years
from etl.warehouse.tables import is_partitioned
from etl.warehouse.writer import Writer

STATUS_MOMENTS = {"school_year": pl.Int16, "lesson_id": pl.Int32, "status": pl.String}


@dataclass
class Balance:
    """Rows of one school in one table: read = loaded + unchanged + rejected; deleted ones stand beside it."""

    read: int = 0
    loaded: int = 0
    unchanged: int = 0
    rejected: int = 0
    deleted: int = 0

    def add(self, other: Balance) -> None:
        self.read += other.read
        self.loaded += other.loaded
        self.unchanged += other.unchanged
        self.rejected += other.rejected
        self.deleted += other.deleted


@dataclass(frozen=True)
class School:
    """The school a part of the bundle belongs to, as it stands after its own row was merged."""

    school_id: int
    school_key: str
    zone: str
    week_days: int
    regulation: str | None
    is_new: bool
    capabilities: frozenset[str] = frozenset()
    """what the newest bundle of the school says its source can tell (annex B15)"""
    balance: Balance | None = None
    """what became of its rows in the bundle's school table; None when none was accepted: then no absence is proved"""
    strays: Mapping[str, int] = field(default_factory=dict)
    """by table, what the source could make no row of and set aside itself: read and rejected"""

    @property
    def is_listed(self) -> bool:
        return self.balance is not None


@dataclass
class SchoolLoad:
    """What became of one school: its state after the load by table, balances, rejects, remarks."""

    school: School
    state: dict[str, pl.DataFrame]
    keys: Keys
    balances: dict[str, Balance] = field(default_factory=dict)
    rejects: list[tuple[str, pl.DataFrame]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    written_count: int = 0


def load_school(
    writer: Writer, school: School, spool: Spool, manifest: Manifest, load_id: int, carried: frozenset[str]
) -> SchoolLoad:
    """Merge a school's rows of every table into the warehouse. `carried`: tables that any bundle has carried.

    A new school reads nothing, so its rows are written while the next school is computed.
    """
    keys = _read_keys(writer, school, carried)
    outcome = SchoolLoad(school, {}, keys, {"school": school.balance} if school.balance else {})
    arrival = _with_scope(_arrival(writer, school, spool, manifest, load_id), manifest, school, keys, spool)
    pending: list[pl.DataFrame] = []
    purged = purged_until(writer, school.school_id, is_new=school.is_new)
    for table in TABLES:
        if table.name == "school":
            continue
        stored = _read_state(writer, table, school)
        if table.own_key and stored.height:
            _know_rows(keys, table, stored)
        text = spool.read(table.name, school.school_key)
        incoming = _take_in(text, table, school, manifest, keys, outcome) if text is not None else None
        if incoming is not None:
            incoming = _kept(incoming, table, purged, outcome)
        if table.name == "study_group" and manifest.scope is not None:
            arrival = _with_scope(arrival, manifest, school, keys, spool)  # now the keys that are new have ids too
        if incoming is not None and table.name == "change":
            outcome.warnings += filter(None, [pointless_changes(incoming, outcome.state)])
        if incoming is None and not (table.name == "change" and pending):
            outcome.state[table.name] = stored
            continue
        if incoming is None:
            incoming = pl.DataFrame(
                schema={name: dtype for name, dtype in bundle_schema(table).items() if name not in {"change_id"}}
            ).clear()
            arrival = _with_table(arrival, table)
        merged, changes = _merge_table(
            writer, table, incoming, stored, arrival, manifest, outcome, pending if table.name == "change" else []
        )
        pending += changes
        outcome.state[table.name] = merged.state
    writer.later(partial(_write_keys, school=school, keys=keys))
    writer.later(partial(_write_scope, school=school, load_id=load_id, arrival=arrival))
    writer.later(partial(_write_load_tables, school=school, load_id=load_id, spool=spool, balances=outcome.balances))
    return outcome


def _take_in(
    text: pl.DataFrame, table: BundleTable, school: School, manifest: Manifest, keys: Keys, outcome: SchoolLoad
) -> pl.DataFrame:
    """Type and resolve; what is set aside goes to the outcome with its raw row."""
    typed = type_rows(text, table, school.zone, manifest.extracted_at)
    rows, lost = resolve(typed.rows, table, keys)
    rejects = list(typed.rejects)
    for frame in lost:
        raw = text.select(
            ROW, pl.struct([name for name in text.columns if name != ROW]).struct.json_encode().alias("raw")
        )
        rejects.append(
            frame.drop("raw")
            .join(raw, left_on="row_number", right_on=ROW, how="left", maintain_order="left")
            .select(list(REJECT))
        )
    outcome.rejects += [(table.name, frame) for frame in rejects]
    outcome.warnings += typed.warnings
    strays = school.strays.get(table.name, 0)
    outcome.balances[table.name] = Balance(
        read=text.height + strays,
        unchanged=typed.repeated_count,
        rejected=sum(frame.height for frame in rejects) + strays,
    )
    return rows


def _kept(incoming: pl.DataFrame, table: BundleTable, purged: int, outcome: SchoolLoad) -> pl.DataFrame:
    """Without what was purged: it does not come back with a file that still holds it, and the load says so."""
    kept = without_purged(incoming, table.name, purged)
    if gone := incoming.height - kept.height:
        outcome.balances[table.name].unchanged += gone
        outcome.warnings.append(f"{gone} rows of {table.name} lie in school years that were purged and stay out")
    return kept


def _merge_table(
    writer: Writer,
    table: BundleTable,
    incoming: pl.DataFrame,
    stored: pl.DataFrame,
    arrival: Arrival,
    manifest: Manifest,
    outcome: SchoolLoad,
    automatic: list[pl.DataFrame],
) -> tuple[Merged, list[pl.DataFrame]]:
    arrived_count = incoming.height
    if automatic:
        incoming = _with_automatic(incoming, automatic, table, outcome.keys)
    set_aside = _set_aside_keys(table, outcome)
    merged = merge(incoming, stored, table, arrival, outcome.keys.journals, set_aside)
    balance = outcome.balances.setdefault(table.name, Balance())
    balance.loaded += merged.loaded_count - (incoming.height - arrived_count)
    balance.unchanged += merged.unchanged_count
    balance.deleted += merged.deleted_count
    if merged.written.height:
        if is_partitioned(table):
            writer.later(partial(ensure_years, years=merged.written["school_year"].unique().to_list()))
        writer.later(
            partial(
                write_rows,
                table=table,
                school_id=outcome.school.school_id,
                written=merged.written,
                is_new=not stored.height,
            )
        )
        outcome.written_count += merged.written.height
    if table.name == "lesson" and merged.left_statuses.height:
        writer.later(partial(_write_statuses, school=outcome.school, statuses=merged.left_statuses))
    changes = []
    if table.name in WATCHED and "change_log" not in manifest.capabilities:
        found = automatic_changes(table.name, merged, manifest.extracted_at, manifest.extracted_text)
        changes = [found] if found.height else []
    return merged, changes


def _set_aside_keys(table: BundleTable, outcome: SchoolLoad) -> pl.DataFrame | None:
    """Keys, in our ids, of rows that are in the file but were rejected: they did not vanish, their old state stays."""
    frames = [frame for name, frame in outcome.rejects if name == table.name and frame.height]
    if not frames:
        return None
    raw = pl.concat(frames).select(pl.col("raw").str.json_path_match(f"$.{name}").alias(name) for name in table.key)
    for name in table.key:
        column = table.by_name[name]
        if column.kind in {"key", "ref"}:
            ids = outcome.keys.rows_of(table.name if column.kind == "key" else column.ref)
            raw = (
                raw.join(ids.rename({"key": name, "id": "_id"}), on=name, how="left")
                .drop(name)
                .rename({"_id": stored_name(column)})
            )
        elif column.kind == "date":
            raw = raw.with_columns(pl.col(name).str.to_date("%Y-%m-%d", strict=False))
        elif column.kind == "school_year":
            raw = raw.with_columns(pl.col(name).str.extract(r"^(\d{4})/").cast(pl.Int16, strict=False))
    return raw.unique()


def _with_automatic(
    incoming: pl.DataFrame, automatic: list[pl.DataFrame], table: BundleTable, keys: Keys
) -> pl.DataFrame:
    # sorted: the same bundle gives the same ids, whatever order its differences were found in
    rows = pl.concat(automatic).join(incoming.select("change_key"), on="change_key", how="anti").sort("change_key")
    ids = keys.give_ids("change", rows["change_key"]).rename({"key": "change_key", "id": "change_id"})
    rows = rows.join(ids, on="change_key", how="left", maintain_order="left")
    return pl.concat(
        [incoming.select([name for name in rows.columns if name in incoming.columns]), rows], how="diagonal_relaxed"
    )


def _read_state(writer: Writer, table: BundleTable, school: School) -> pl.DataFrame:
    if school.is_new:
        return pl.DataFrame(schema=bundle_schema(table))
    return read_stored(writer.now(), table, school.school_id)


def _know_rows(keys: Keys, table: BundleTable, stored: pl.DataFrame) -> None:
    name = stored_name(table.by_name[table.own_key])
    pairs = stored.select(pl.col(table.own_key).alias("key"), pl.col(name).alias("id"))
    keys.ids[table.name] = pl.concat([pairs, keys.ids_of(table.name)]).unique("key", keep="first", maintain_order=True)
    keys.add_rows(table.name, pairs)
    by, wanted = {
        "school_class": ("class_id", ["school_year"]),
        "study_group": ("group_id", ["class_id", "school_year"]),
        "lesson": ("lesson_id", ["class_id", "school_year", "journal_id"]),
        "plan": ("plan_id", ["class_id", "school_year"]),
    }.get(table.name, ("", []))
    if by:
        keys.places[table.name] = stored.select(by, *wanted)


def _read_keys(writer: Writer, school: School, carried: frozenset[str]) -> Keys:
    keys = Keys(carried=carried)
    if school.is_new:
        return keys
    cursor = writer.now()
    ours = sql.Literal(school.school_id)
    counters = cursor.execute(
        "SELECT table_name, last_id FROM id_counter WHERE school_id = %s", [school.school_id]
    ).fetchall()
    keys.last_id = dict(counters)
    known = copy_out(
        cursor,
        sql.SQL("SELECT table_name, key, id FROM source_key WHERE school_id = {}").format(ours),
        {"table_name": pl.String, **PAIR},
    )
    for (name,), pairs in known.partition_by("table_name", as_dict=True).items():
        keys.ids[str(name)] = pairs.select("key", "id")
    keys.journals = copy_out(
        cursor,
        sql.SQL(
            "SELECT journal_id, class_id, group_id, subject_id, school_year FROM dim_journal WHERE school_id = {}"
        ).format(ours),
        JOURNAL,
    )
    return keys


def _write_keys(cursor: psycopg.Cursor[Any], school: School, keys: Keys) -> None:
    """Keys of dimensions, and keys given before their own row came; the other facts carry their key themselves."""
    for name, frames in keys.new_keys.items():
        given = pl.concat(frames)
        if BY_NAME[name].fact:
            given = given.join(keys.rows_of(name).select("key"), on="key", how="anti")
        copy_in(
            cursor,
            "source_key",
            given.select(
                pl.lit(school.school_id, pl.Int32).alias("school_id"), pl.lit(name).alias("table_name"), "key", "id"
            ),
        )
    if keys.new_journals:
        copy_in(
            cursor,
            "dim_journal",
            pl.concat(keys.new_journals).with_columns(pl.lit(school.school_id, pl.Int32).alias("school_id")),
        )
    cursor.executemany(
        "INSERT INTO id_counter VALUES (%s, %s, %s) ON CONFLICT (school_id, table_name) DO UPDATE SET"
        " last_id = EXCLUDED.last_id",
        [(school.school_id, name, last) for name, last in keys.last_id.items()],
    )


def _arrival(writer: Writer, school: School, spool: Spool, manifest: Manifest, load_id: int) -> Arrival:
    columns = {table: frozenset(names) for table, names in spool.columns.items()}
    snapshots: tuple[Snapshot, ...] = ()
    statuses, newest = None, None
    if not school.is_new:
        cursor = writer.now()
        newest = newest_moment(cursor, school.school_id)
        snapshots = _read_snapshots(cursor, school.school_id, manifest.extracted_at)
        query = sql.SQL(
            "SELECT school_year, lesson_id, status, recorded_earliest, recorded_latest, recorded_quality"
            " FROM fact_lesson_status WHERE school_id = {}"
        )
        instant = pl.Datetime("us", "UTC")
        statuses = copy_out(
            cursor,
            query.format(sql.Literal(school.school_id)),
            {**STATUS_MOMENTS, "recorded_earliest": instant, "recorded_latest": instant, "recorded_quality": pl.Int16},
        )
    is_snapshot = manifest.mode == "snapshot" and school.is_listed
    return Arrival(
        load_id,
        manifest.extracted_at,
        is_snapshot,
        columns,
        pl.DataFrame(schema=SCOPE),
        snapshots,
        statuses,
        newest,
        manifest.keeps,
    )


def _with_table(arrival: Arrival, table: BundleTable) -> Arrival:
    every = frozenset(column.name for column in table.columns)
    return replace(arrival, columns={**arrival.columns, table.name: every})


def _read_snapshots(cursor: psycopg.Cursor[Any], school_id: int, before: datetime) -> tuple[Snapshot, ...]:
    """Snapshots of the school from before this moment, newest first, with their tables, columns and scope lines."""
    tables = cursor.execute(
        "SELECT r.load_id, r.extracted_at, t.table_name, t.columns FROM load_run r JOIN load_table t USING (load_id)"
        " WHERE t.school_id = %s AND r.mode = 'snapshot' AND r.extracted_at < %s",
        [school_id, before],
    ).fetchall()
    scopes = cursor.execute(
        "SELECT load_id, school_year, class_id, group_id, subject_id FROM load_scope WHERE school_id = %s"
        " ORDER BY load_id, scope_no",
        [school_id],
    ).fetchall()
    found: dict[int, tuple[datetime, dict[str, frozenset[str]]]] = {}
    for load_id, moment, name, columns in tables:
        found.setdefault(load_id, (moment, {}))[1][name] = frozenset(columns)
    return tuple(
        Snapshot(
            moment,
            columns,
            pl.DataFrame([line[1:] for line in scopes if line[0] == load_id], schema=SCOPE, orient="row"),
        )
        for load_id, (moment, columns) in sorted(found.items(), key=lambda item: item[1][0], reverse=True)
        if "school" in columns
    )


def _with_scope(arrival: Arrival, manifest: Manifest, school: School, keys: Keys, spool: Spool) -> Arrival:
    """The scope in our ids: as stated, or every school year of this bundle's school_class rows (annex B6)."""
    if not arrival.is_snapshot:
        return arrival
    if manifest.scope is None:
        lines: list[tuple[int | None, ...]] = [
            (year, None, None, None) for year in school_years(spool, school.school_key, manifest)
        ]
    else:
        lines = [_scope_line(line, keys) for line in manifest.scope if line["school_key"] in (None, school.school_key)]
    return replace(arrival, scope=pl.DataFrame(lines, schema=SCOPE, orient="row"))


def _scope_line(line: dict[str, str | None], keys: Keys) -> tuple[int | None, ...]:
    def number(table: str, key: str | None) -> int | None:
        if key is None:
            return None
        found = keys.ids_of(table).filter(pl.col("key") == key)["id"]
        return int(found[0]) if found.len() else -1  # a key that nobody knows matches no row

    year = line["school_year"]
    return (
        int(year[:4]) if year else None,
        number("school_class", line["class_key"]),
        number("study_group", line["group_key"]),
        number("subject", line["subject_key"]),
    )


def _write_scope(cursor: psycopg.Cursor[Any], school: School, load_id: int, arrival: Arrival) -> None:
    lines = arrival.scope.with_row_index("scope_no").select(
        pl.lit(school.school_id, pl.Int32).alias("school_id"),
        pl.lit(load_id, pl.Int32).alias("load_id"),
        pl.col("scope_no").cast(pl.Int32),
        *SCOPE,
    )
    copy_in(cursor, "load_scope", lines)


def _write_load_tables(
    cursor: psycopg.Cursor[Any], school: School, load_id: int, spool: Spool, balances: dict[str, Balance]
) -> None:
    cursor.executemany(
        "INSERT INTO load_table VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            (
                school.school_id,
                load_id,
                table,
                list(columns),
                balance.read,
                balance.loaded,
                balance.unchanged,
                balance.rejected,
                balance.deleted,
            )
            for table, columns in spool.columns.items()
            if school.is_listed or table != "school"
            for balance in [balances.get(table, Balance())]
        ],
    )


def _write_statuses(cursor: psycopg.Cursor[Any], school: School, statuses: pl.DataFrame) -> None:
    cursor.executemany(
        "INSERT INTO fact_lesson_status (school_id, school_year, lesson_id, status, recorded_earliest,"
        " recorded_latest, recorded_quality)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (school_id, lesson_id, status) DO NOTHING",
        [(school.school_id, *row) for row in statuses.rows()],
    )
