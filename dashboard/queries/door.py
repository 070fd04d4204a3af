"""The one door to the data: a scope goes in, a Polars frame comes out.

Two walls stand around every row. PostgreSQL's row policies read the user id that each transaction sets; the
door itself refuses a statement that does not limit its rows to `:schools`, the schools of the scope. The
door opens nothing that the policies close. Nothing here is asked for twice: `cached` keeps answers until
the data version of a school changes.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar, cast

import polars as pl
from sqlalchemy import CursorResult, Executable, text
from sqlalchemy.sql import ClauseElement

from dashboard import privacy
from dashboard.access import cookie_secret
from dashboard.connection import app_engine
from dashboard.free_text import surnames_of
from etl.settings import read_settings
from etl.warehouse.scope import Scope

T = TypeVar("T")
MAX_ENTRIES = 512  # answers kept; a page's answer is some ten kilobytes of sums

_IDENTIFY = text("SELECT set_config('app.user_id', :user_id, true), set_config('TimeZone', 'UTC', true)")
_NUMERIC = 1700
_INSTANT = pl.Datetime("us", "UTC")
# PostgreSQL's type numbers; whatever is not named here arrives as text
_DTYPES: dict[int, Any] = {
    16: pl.Boolean,
    20: pl.Int64,
    21: pl.Int64,
    23: pl.Int64,
    700: pl.Float64,
    701: pl.Float64,
    _NUMERIC: pl.Float64,
    1082: pl.Date,
    1083: pl.Time,
    1114: pl.Datetime("us"),
    1184: _INSTANT,
    1009: pl.List(pl.String),
    1007: pl.List(pl.Int64),
    3802: pl.Object,
}
# words of people about findings change pages too; they are only ever appended, so their number is their version
_VERSIONS = """
SELECT s.school_id, s.data_version + (SELECT count(*) FROM finding_decision d WHERE d.school_id = s.school_id)
       AS data_version
FROM dim_school s WHERE s.school_id = ANY(:schools) ORDER BY s.school_id
"""


# one row of the access log per school; who and when are checked by the row policy
NOTE = """
INSERT INTO access_event (at, school_id, user_id, class_id, pupil_id, row_count, as_of, kind, subject, full_name, role)
SELECT clock_timestamp(), s.school_id, u.user_id, CAST(:class_id AS int), CAST(:pupil AS int), CAST(:n AS int),
       CAST(:as_of AS date), :kind, :subject, u.full_name, u.role
FROM dim_school s JOIN access_user u ON u.user_id = :user_id
WHERE s.school_id = ANY(:schools) AND (CAST(:chosen AS int[]) IS NULL OR s.school_id = ANY(CAST(:chosen AS int[])))
"""
_PEOPLE = """
SELECT full_name FROM dim_pupil_name WHERE school_id = ANY(:schools)
UNION SELECT full_name FROM dim_staff_name WHERE school_id = ANY(:schools)
"""
_PLAIN = {"class_id": None, "pupil": None, "n": None, "as_of": None}


class OpenStatementError(ValueError):
    """A statement does not name `:schools`: a mistake of ours, found by the tests."""


@dataclass
class Count:
    """How many queries ran while `counted` was open, and how many rows they gave."""

    queries: int = 0
    rows: int = 0


_versions_of_run: ContextVar[dict[Scope, tuple[tuple[int, int], ...]] | None] = ContextVar(
    "zavuch_versions", default=None
)
_counts: list[Count] = []
_counts_lock = threading.Lock()
_stores: ContextVar[bool] = ContextVar("zavuch_stores", default=False)
_kept: OrderedDict[Hashable, Any] = OrderedDict()
_kept_lock = threading.Lock()


def read(scope: Scope, statement: str | Executable, params: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Rows of a statement under the scope, as a frame typed by the database even where it is empty.

    `statement` is SQL with bound parameters that limits its rows with `school_id = ANY(:schools)`;
    `:schools` is filled by the door. Raises OpenStatementError where it does not. An empty scope gives zero
    rows of the same shape, also for a statement that counts. Moments are aware, in UTC; a moment before
    year 1 or after 9999 must not be selected.
    """
    bound = _closed_text(statement) if isinstance(statement, str) else _closed(statement)
    schools = sorted(scope.all_school_ids)
    with app_engine().connect() as connection:
        connection.execute(_IDENTIFY, {"user_id": str(scope.user_id)})
        rows = _frame(connection.execute(bound, {**(params or {}), "schools": schools}))
        connection.rollback()  # nothing was written; the setting ends with the transaction
    with _counts_lock:
        for count in _counts:
            count.queries += 1
            count.rows += rows.height
    if scope.is_empty:
        return rows.clear()
    shown = _as_shown(scope, rows)
    return shown.filter(pl.col("school_id").is_in(schools)) if "school_id" in shown.columns else shown


@lru_cache(maxsize=1024)
def _closed_text(statement: str) -> Executable:
    """Found in its text once: the parameters of a long statement are searched for longer than a short answer takes."""
    return _closed(text(statement))


def _closed(statement: Executable) -> Executable:
    if "schools" not in cast(ClauseElement, statement).compile().params:
        raise OpenStatementError(f"The statement is not limited to the schools of the scope: {str(statement)[:200]!r}.")
    return statement


def _as_shown(scope: Scope, rows: pl.DataFrame) -> pl.DataFrame:
    if scope.is_above:
        rows = privacy.without_free_text(rows)
    settings = read_settings()
    hides = shows_pseudonyms()
    if hides or not scope.sees_names:
        rows = privacy.scanned(rows, _surnames(scope) if privacy.typed_columns(rows) and rows.height else None)
    return privacy.pseudonymised(rows, cookie_secret(settings.home)) if hides else rows


def shows_pseudonyms() -> bool:
    """Whether names are to be replaced in what is read now."""
    return read_settings().pseudonyms and not _stores.get()


@contextmanager
def for_storing() -> Iterator[None]:
    """While it is open what is read bears the names also where pseudonyms are shown: for what is written back and
    never shown, so that no pseudonym is stored as a name. Rows are those of the scope as ever; nothing is remembered.
    """
    token = _stores.set(True)
    try:
        yield
    finally:
        _stores.reset(token)


def _surnames(scope: Scope) -> re.Pattern[str] | None:
    """Surnames of the pupils and staff that the scope may read, all forms; read once an hour for a scope."""
    return _surnames_at(str(app_engine().url), scope, int(time.monotonic() // 3600))


@lru_cache(maxsize=64)
def _surnames_at(_database: str, scope: Scope, _hour: int) -> re.Pattern[str] | None:
    with app_engine().connect() as connection:
        connection.execute(_IDENTIFY, {"user_id": str(scope.user_id)})
        names = connection.execute(text(_PEOPLE), {"schools": sorted(scope.all_school_ids)}).scalars().all()
        connection.rollback()
    return surnames_of(names)


def append(scope: Scope, statement: str, params: Mapping[str, Any], *, noted: str = "", school: int = 0) -> int:
    """Append rows to a register of people (`policies.REGISTERS`) and commit; returns how many. With `noted`, a code of
    the register, the change of `school` goes into the access log in the same transaction.

    The statement is limited to `:schools` like a reading one, and `:user_id` is filled by the door too. What the row
    policies refuse raises SQLAlchemy's ProgrammingError, a number given twice its IntegrityError.
    """
    if ":schools" not in statement:
        raise OpenStatementError(f"The statement is not limited to the schools of the scope: {statement[:200]!r}.")
    with app_engine().begin() as connection:
        connection.execute(_IDENTIFY, {"user_id": str(scope.user_id)})
        own = {"schools": sorted(scope.all_school_ids), "user_id": scope.user_id}
        count = connection.execute(text(statement), {**params, **own}).rowcount
        if noted and count:
            connection.execute(text(NOTE), {**_PLAIN, **own, "kind": "register", "subject": noted, "chosen": [school]})
    known = _versions_of_run.get()
    if known is not None:
        known.clear()
    return count


def _frame(result: CursorResult[Any]) -> pl.DataFrame:
    columns: list[tuple[str, Any]] = [(column[0], column[1]) for column in result.cursor.description]
    schema = {name: _DTYPES.get(kind, pl.String) for name, kind in columns}
    rows: list[Any] = [tuple(row) for row in result.all()]
    if any(kind == _NUMERIC for _, kind in columns):
        rows = [tuple(float(value) if isinstance(value, Decimal) else value for value in row) for row in rows]
    return pl.DataFrame(rows, schema=schema, orient="row")


@contextmanager
def counted() -> Iterator[Count]:
    """Counts the queries of every thread while it is open: for the benches and for the tests of constancy."""
    count = Count()
    with _counts_lock:
        _counts.append(count)
    try:
        yield count
    finally:
        with _counts_lock:
            _counts.remove(count)


@contextmanager
def one_run() -> Iterator[None]:
    """While a page is drawn the data versions are asked once: its tables are of one picture, and it is drawn sooner.

    What the page itself appends is seen at once.
    """
    token = _versions_of_run.set({})
    try:
        yield
    finally:
        _versions_of_run.reset(token)


def data_versions(scope: Scope, school: int | None = None) -> tuple[tuple[int, int], ...]:
    """(school_id, data_version) of the schools in scope, or of one of them, ordered by school; one query in a run."""
    known = _versions_of_run.get()
    rows = known.get(scope) if known is not None else None
    if rows is None:
        rows = tuple(read(scope, _VERSIONS).select("school_id", "data_version").iter_rows())
        if known is not None:
            known[scope] = rows
    return rows if school is None else tuple(row for row in rows if row[0] == school)


def cached(scope: Scope, filters: Hashable, fn: Callable[..., T], *args: Hashable, school: int | None = None) -> T:
    """`fn(scope, filters, *args)`, remembered until a load, check or register changes a school that it may
    have read.

    The key holds the scope, the filters, the arguments and the data versions (of `school` alone where it is
    given), so an answer is never handed to another person. `fn` is a function of a module and its answer is
    not changed by anybody.
    """
    if _stores.get():
        raise RuntimeError("What is read for storing is not remembered: it bears names that pages may not show.")
    key = (fn.__module__, fn.__qualname__, scope, filters, args, data_versions(scope, school))
    with _kept_lock:
        if key in _kept:
            _kept.move_to_end(key)
            return cast(T, _kept[key])
    answer = fn(scope, filters, *args)
    with _kept_lock:
        _kept[key] = answer
        while len(_kept) > MAX_ENTRIES:
            _kept.popitem(last=False)
    return answer


def forget() -> None:
    """Drop every remembered answer: for the tests and the benches."""
    with _kept_lock:
        _kept.clear()
