"""One load = one bundle = one transaction with its run record; interrupted anywhere it leaves the previous state."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from etl.act_store import store_acts
from etl.contract.needs import lacks
from etl.contract.tables import BY_NAME
from etl.derive import derive_school, read_sight
from etl.errors import SourceError
from etl.load import Balance, School, SchoolLoad, load_school
from etl.order import newest_moment, refuse_out_of_order
from etl.regulations.read import read_profiles
from etl.run_log import NO_SCHOOL, LoadReport, write_run
from etl.sources.bundle import Bundle, open_bundle
from etl.sources.spool import Spool, split_by_school
from etl.transforms.typed import REJECT, reject_rows, type_rows
from etl.warehouse.access_rows import close_demo_accounts, refresh_access
from etl.warehouse.engine import owner_connection
from etl.warehouse.locks import WRITE_LOCK
from etl.warehouse.writer import Writer

DEFAULT_WEEK = 5


Permit = Callable[[psycopg.Cursor[Any], frozenset[str]], None]
"""Raises where the person may not load one of these schools (keys)."""
Look = Callable[[psycopg.Connection[Any], list[LoadReport]], None]


@dataclass(frozen=True)
class Progress:
    """Called with what is being done, how much of it is done and how much there is (0 = unknown)."""

    step: Callable[[str, int, int], None] = lambda _what, _done, _all: None
    waiting: Callable[[], None] = lambda: None


def load_bundle(
    path: Path,
    url: str,
    home: Path,
    *,
    is_demo: bool = False,
    regulations: Path | None = None,
    progress: Progress | None = None,
    bundle: Bundle | None = None,
) -> LoadReport:
    """Load a journal bundle into the database at `url` (owner role); `bundle` is the one a source made from `path`.

    Raises SourceError when the bundle as a whole cannot be taken; single bad rows are set aside and counted.
    """
    (report,) = load_bundles(
        [bundle or open_bundle(path)], url, home, is_demo=is_demo, regulations=regulations, progress=progress
    )
    return report


def load_bundles(
    bundles: Sequence[Bundle],
    url: str,
    home: Path,
    *,
    is_demo: bool = False,
    regulations: Path | None = None,
    progress: Progress | None = None,
    look: Look | None = None,
    rehearse: bool = False,
    permit: Permit | None = None,
) -> list[LoadReport]:
    """Load bundles of one moment in one transaction, in this order; a report for each.

    `look` sees the database as the load leaves it, before the transaction ends; `permit` may refuse. `rehearse` does
    all of it and takes it back: what is told is what a load would tell. Raises as `load_bundle`.
    """
    told = progress or Progress()
    with ExitStack() as stack:
        read = [_read(bundle, home, told, stack) for bundle in bundles]
        connection = stack.enter_context(owner_connection(url))
        with connection.cursor() as cursor:
            take_lock(cursor, told)
            if permit is not None:
                permit(cursor, frozenset(key for each in read for key in each.spool.school_keys()))
            reports = [_load_one(cursor, each, told, is_demo=is_demo, regulations=regulations) for each in read]
            if look is not None:
                look(connection, reports)
            if rehearse:
                connection.rollback()
            # what was written is counted for `_analyze` now, not some seconds later
            cursor.execute("SELECT pg_stat_force_next_flush()")
    if not rehearse and not all(report.is_repeat for report in reports):
        _analyze(url)
    return reports


@dataclass(frozen=True)
class _Read:
    """A bundle split by school, before any lock is held."""

    bundle: Bundle
    spool: Spool
    started_at: datetime
    seconds: float


def _read(bundle: Bundle, home: Path, told: Progress, stack: ExitStack) -> _Read:
    started_at, clock = datetime.now(UTC), time.perf_counter()
    spool = split_by_school(bundle, home / "spool", lambda table, rows: told.step(f"reading {table}", rows, 0))
    stack.callback(spool.close)
    return _Read(bundle, spool, started_at, round(time.perf_counter() - clock, 3))


def _load_one(
    cursor: psycopg.Cursor[Any], read: _Read, told: Progress, *, is_demo: bool, regulations: Path | None
) -> LoadReport:
    report = _load(cursor, read.bundle, read.spool, told, is_demo=is_demo, regulations=regulations)
    report.seconds = {"read": read.seconds, **report.seconds}
    if not report.is_repeat:
        write_run(
            cursor, report, read.bundle, started_at=read.started_at, finished_at=datetime.now(UTC), is_demo=is_demo
        )
    return report


def take_lock(cursor: psycopg.Cursor[Any], told: Progress) -> None:
    """Write the warehouse alone until the transaction ends; says so when it has to wait for another."""
    free = cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [WRITE_LOCK]).fetchone()
    if free and not free[0]:
        told.waiting()
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITE_LOCK])


def _load(
    cursor: psycopg.Cursor[Any],
    bundle: Bundle,
    spool: Spool,
    told: Progress,
    *,
    is_demo: bool,
    regulations: Path | None,
) -> LoadReport:
    manifest = bundle.manifest
    newest = cursor.execute("SELECT coalesce(max(load_id), 0) + 1 FROM load_run").fetchone()
    report = LoadReport(
        int(newest[0]) if newest else 1, bundle.origin or str(bundle.path), manifest.mode, manifest.extracted_at
    )
    report.warnings += [(None, message) for message in bundle.warnings]
    profiles = read_profiles(regulations)
    refuse_out_of_order(cursor, bundle, spool)
    if _is_repeat(cursor, bundle, report):
        return report
    carried = (
        frozenset(name for (name,) in cursor.execute("SELECT DISTINCT table_name FROM load_table").fetchall())
        | spool.columns.keys()
    ) - manifest.silent
    store_acts(cursor, profiles)
    schools = _merge_schools(cursor, bundle, spool, report, frozenset(profiles), is_demo=is_demo)
    _set_aside_ragged(spool, bundle, report)
    _set_aside_strangers(spool, bundle, {school.school_key for school in schools}, report)
    schools = _set_aside_strays(spool, bundle, schools, report)
    with Writer(cursor) as writer:
        for number, school in enumerate(schools, 1):
            told.step("loading schools", number - 1, len(schools))
            with _timed(report, "load"):
                outcome = load_school(writer, school, spool, manifest, report.load_id, carried)
                _tell(outcome, bundle, report)
                state, journals = outcome.state, outcome.keys.journals
                del outcome  # its keys weigh as much as the rows, and nothing after the load asks for them
            with _timed(report, "obligations"):
                sight = read_sight(
                    writer,
                    school,
                    school.capabilities,
                    spool.columns,
                    manifest.extracted_at,
                    by_journal=manifest.scope is not None,
                )
                report.coverage[school.school_key] = lacks(sight.tables_until, school.capabilities)
                report.obligation_count += derive_school(writer, school, state, journals, profiles, sight)
            del state, journals  # a school's rows are not kept while the next one's are read
    told.step("loading schools", len(schools), len(schools))
    if not is_demo:
        close_demo_accounts(cursor, datetime.now(UTC))
    refresh_access(cursor)
    report.school_count = len(schools)
    wrong = report.unbalanced()
    if wrong:
        raise SourceError(
            f"Rows of {', '.join(wrong)} do not balance; nothing was loaded.",
            advice="This is a defect of the product: please report it.",
        )
    return report


@contextmanager
def _timed(report: LoadReport, stage: str) -> Any:
    start = time.perf_counter()
    yield
    report.seconds[stage] = round(report.seconds.get(stage, 0.0) + time.perf_counter() - start, 3)


def _is_repeat(cursor: psycopg.Cursor[Any], bundle: Bundle, report: LoadReport) -> bool:
    """The very same files were loaded: all is unchanged, nothing is written. Newer bundles were looked for before."""
    known = cursor.execute(
        "SELECT load_id FROM load_run WHERE content_hash = %s AND extracted_at = %s",
        [bundle.content_hash, bundle.manifest.extracted_at],
    ).fetchone()
    if not known:
        return False
    _tell_again(cursor, report, known[0])
    return True


def reports_of(url: str, load_ids: Sequence[int], school_key: str, permit: Permit | None = None) -> list[LoadReport]:
    """Reports of loads that are stored, as of ones that brought nothing new; `permit` may refuse the school."""
    with owner_connection(url) as connection, connection.cursor() as cursor:
        if permit is not None:
            permit(cursor, frozenset({school_key}))
        runs = cursor.execute(
            "SELECT load_id, source, mode, extracted_at FROM load_run WHERE load_id = ANY(%s) ORDER BY 4, 1",
            [list(load_ids)],
        ).fetchall()
        reports = [LoadReport(*run) for run in runs]
        for report in reports:
            _tell_again(cursor, report, report.load_id)
    return reports


def _tell_again(cursor: psycopg.Cursor[Any], report: LoadReport, load_id: int) -> None:
    """The counts of a stored load, all of its rows unchanged."""
    report.load_id, report.is_repeat = load_id, True
    rows = cursor.execute(
        "SELECT table_name, sum(rows_read), sum(rows_rejected), count(DISTINCT school_id) FILTER (WHERE"
        " school_id <> %s) FROM load_table"
        " WHERE load_id = %s GROUP BY table_name",
        [NO_SCHOOL, load_id],
    ).fetchall()
    for table, read, rejected, _schools in rows:
        report.count(table, Balance(read=int(read), unchanged=int(read) - int(rejected), rejected=int(rejected)))
    report.school_count = max((int(row[3]) for row in rows), default=0)


def _merge_schools(
    cursor: psycopg.Cursor[Any],
    bundle: Bundle,
    spool: Spool,
    report: LoadReport,
    profiles: frozenset[str],
    *,
    is_demo: bool,
) -> list[School]:
    """Take in the school table; the other tables are then read school by school."""
    table = BY_NAME["school"]
    known: dict[str, int] = dict(cursor.execute("SELECT school_key, school_id FROM dim_school").fetchall())
    before = frozenset(known)
    given = cursor.execute(
        "SELECT last_id FROM id_counter WHERE school_id = %s AND table_name = 'school'", [NO_SCHOOL]
    ).fetchone()
    next_id = (given[0] if given else 0) + 1
    schools = []
    for key in spool.schools:
        text = spool.read("school", key)
        if text is None:
            continue
        typed = type_rows(text, table, "UTC", bundle.manifest.extracted_at)
        balance = Balance(
            read=text.height, unchanged=typed.repeated_count, rejected=sum(frame.height for frame in typed.rejects)
        )
        for frame in typed.rejects:
            report.set_aside(frame, bundle.files["school"].name, known.get(key), key)
        if not typed.rows.height:
            report.count_astray("school", balance)
        else:
            row = typed.rows.row(0, named=True)
            regulation = row.get("regulation")
            if "regulation" in row:
                row["regulation_named"] = regulation
            if regulation and regulation not in profiles:
                report.warnings.append(
                    (
                        None,
                        f"school {key}: the regulation {regulation!r} is not installed and was taken as none"
                        f" stated; installed: {', '.join(sorted(profiles))}",
                    )
                )
                row["regulation"] = None
            if key not in known:
                known[key] = next_id
                next_id += 1
            is_new = key not in before
            changed = _write_school(cursor, known[key], key, row, bundle, is_new=is_new, is_demo=is_demo)
            balance.add(Balance(loaded=changed, unchanged=1 - changed))
            schools.append(_read_school(cursor, known[key], is_new=is_new, balance=balance))
        cursor.execute(
            "INSERT INTO id_counter VALUES (%s, 'school', %s) ON CONFLICT (school_id, table_name) DO UPDATE"
            " SET last_id = EXCLUDED.last_id",
            [NO_SCHOOL, next_id - 1],
        )
    # rows of a school that was loaded before resolve, whatever became of its own row now (annex B9)
    for key in sorted(spool.school_keys() & before - {school.school_key for school in schools}):
        cursor.execute("UPDATE dim_school SET data_version = data_version + 1 WHERE school_id = %s", [known[key]])
        schools.append(_read_school(cursor, known[key], is_new=False, balance=None))
    return schools


def _read_school(cursor: psycopg.Cursor[Any], school_id: int, *, is_new: bool, balance: Balance | None) -> School:
    """The school as it stands now: a column that the file lacks has left the stored cell (annex B6)."""
    row = cursor.execute(
        "SELECT school_key, timezone, coalesce(week_days, %s), regulation, capabilities FROM dim_school"
        " WHERE school_id = %s",
        [DEFAULT_WEEK, school_id],
    ).fetchone()
    if row is None:
        raise RuntimeError(f"school {school_id} was not stored")
    return School(school_id, row[0], row[1], row[2], row[3], is_new, frozenset(row[4]), balance)


def _write_school(
    cursor: psycopg.Cursor[Any],
    school_id: int,
    key: str,
    row: dict[str, Any],
    bundle: Bundle,
    *,
    is_new: bool,
    is_demo: bool,
) -> int:
    """Insert or update the school's row; returns 1 when something of what the bundle states of it changed."""
    newest = newest_moment(cursor, school_id)
    if (
        newest and newest > bundle.manifest.extracted_at
    ):  # a bundle of another scope that comes late: the newer row stays
        cursor.execute("UPDATE dim_school SET data_version = data_version + 1 WHERE school_id = %s", [school_id])
        return 0
    cursor.execute(
        "INSERT INTO dim_municipality SELECT coalesce(max(municipality_id), 0) + 1, %s, %s FROM dim_municipality"
        " HAVING NOT EXISTS (SELECT 1 FROM dim_municipality WHERE name = %s)",
        [row["municipality"], row.get("region"), row["municipality"]],
    )
    place = cursor.execute(
        "SELECT municipality_id FROM dim_municipality WHERE name = %s", [row["municipality"]]
    ).fetchone()
    stated: dict[str, Any] = {
        name: row[name]
        for name in (
            "name",
            "short_name",
            "region",
            "settlement",
            "timezone",
            "week_days",
            "source_system",
            "regulation",
            "regulation_named",
        )
        if name in row
    }
    stated["municipality_id"] = place[0] if place else None
    before = cursor.execute(f"SELECT {', '.join(stated)} FROM dim_school WHERE school_id = %s", [school_id]).fetchone()
    stated |= {
        "capabilities": sorted(bundle.manifest.capabilities),
        "extracted_at": bundle.manifest.extracted_at,
        "is_demo": is_demo,
    }
    if is_new:
        stated |= {"school_id": school_id, "school_key": key, "data_version": 1}
        cursor.execute(
            f"INSERT INTO dim_school ({', '.join(stated)}) VALUES ({', '.join(['%s'] * len(stated))})",
            list(stated.values()),
        )
        return 1
    settings = ", ".join(f"{name} = %s" for name in stated)
    cursor.execute(
        f"UPDATE dim_school SET {settings}, data_version = data_version + 1 WHERE school_id = %s",
        [*stated.values(), school_id],
    )
    return int(before != tuple(stated[name] for name in list(stated)[: len(before or ())]))


def _set_aside_ragged(spool: Spool, bundle: Bundle, report: LoadReport) -> None:
    """Lines with another number of cells than the header belong to no school: their columns cannot be told apart."""
    for table, file in spool.reports.items():
        rows = pl.DataFrame(
            [
                (number, None, None, f"the row has {cells} cells, the header another number", raw)
                for number, raw, cells in file.ragged
            ],
            schema=REJECT,
            orient="row",
        )
        report.set_aside(rows, bundle.files[table].name, None, None)
        report.count_astray(table, Balance(read=rows.height, rejected=rows.height))


def _set_aside_strangers(spool: Spool, bundle: Bundle, known: set[str], report: LoadReport) -> None:
    """Rows without a school, or of a school that has no accepted row in the school table."""
    for table, rows in spool.without_school.items():
        report.set_aside(
            reject_rows(rows, "school_key", "required cell is blank"), bundle.files[table].name, None, None
        )
        report.count_astray(table, Balance(read=rows.height, rejected=rows.height))
    for table, parts in spool.parts.items():
        for key in parts if table != "school" else ():
            if key not in known:
                text = spool.read(table, key)
                if text is not None:
                    report.set_aside(
                        reject_rows(text, "school_key", "refers to a school that is in no accepted row"),
                        bundle.files[table].name,
                        None,
                        key,
                    )
                    report.count_astray(table, Balance(read=text.height, rejected=text.height))


def _set_aside_strays(spool: Spool, bundle: Bundle, schools: list[School], report: LoadReport) -> list[School]:
    """What a source could make no row of: in files of one school it is that school's, and counts in its tables."""
    own = schools[0] if len(schools) == 1 else None
    counts: dict[str, int] = {}
    for table, rows in bundle.strays.items():
        if own is None:
            report.set_aside(rows, None, None, None)
        else:
            report.set_aside(rows, None, own.school_id, own.school_key)
        if own is not None and own.school_key in spool.parts.get(table, {}):
            counts[table] = rows.height
        else:
            report.count_astray(table, Balance(read=rows.height, rejected=rows.height))
    return [replace(school, strays=counts) for school in schools]


def _tell(outcome: SchoolLoad, bundle: Bundle, report: LoadReport) -> None:
    for table, balance in outcome.balances.items():
        if table in bundle.files:
            report.count(table, balance)
    for table, rows in outcome.rejects:
        report.set_aside(bundle.placed(table, rows), None, outcome.school.school_id, outcome.school.school_key)
    report.warnings += [(outcome.school.school_id, message) for message in outcome.warnings]


def _analyze(url: str) -> None:
    """Fresh statistics for the planner; outside the load's transaction, because it is no part of the data.

    Only of what changed by more than a tenth, which is where PostgreSQL's own daemon would do it a minute later; one
    table a transaction, so that it holds no lock another start of the product may wait for while it waits for one.
    """
    with owner_connection(url) as connection:
        connection.autocommit = True
        stale = connection.execute(
            "SELECT format('%I', s.relname) FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid"
            " WHERE c.relkind = 'r' AND s.schemaname = 'public' AND n_mod_since_analyze > 50 + n_live_tup / 10"
        ).fetchall()
        for (name,) in stale:
            connection.execute(f"ANALYZE {name}")
