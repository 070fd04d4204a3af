"""What the page of loads asks: the history of loads, balances by table, what was set aside, what the source can tell.

A municipal reader gets balances and freshness; rows that were set aside hold people's data and stay inside the
school.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import schools
from dashboard.queries.door import read
from etl.warehouse.ledger import Status
from etl.warehouse.scope import Scope

SHOWN_LOADS = 30
SHOWN_REJECTS = 200

_OF_PUPILS = ["pupil", "enrolment", "group_member", "movement", "absence_document", "consent", "account"]
"""Tables whose rows are persons: above a school their balances are left out, of the sums too, because two loads that
differ by one row tell of one child (`small_groups`)."""

_LOADS = f"""
SELECT t.school_id, t.load_id, r.source, r.source_system, r.mode, r.extracted_at, r.started_at, r.finished_at,
       sum(t.rows_read)::bigint AS rows_read, sum(t.rows_loaded)::bigint AS rows_loaded,
       sum(t.rows_unchanged)::bigint AS rows_unchanged, sum(t.rows_rejected)::bigint AS rows_rejected,
       sum(t.rows_deleted)::bigint AS rows_deleted
FROM load_table t JOIN load_run r USING (load_id)
WHERE t.school_id = ANY(:schools) AND (CAST(:school AS bigint) IS NULL OR t.school_id = :school)
  AND t.table_name <> ALL(CAST(:closed AS text[]))
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY t.load_id DESC, t.school_id LIMIT {SHOWN_LOADS}
"""
_TABLES = """
SELECT t.school_id, t.load_id, t.table_name, t.rows_read, t.rows_loaded, t.rows_unchanged, t.rows_rejected,
       t.rows_deleted
FROM load_table t
WHERE t.school_id = ANY(:schools) AND t.school_id = :school AND t.load_id = coalesce(CAST(:load AS bigint), (
    SELECT max(o.load_id) FROM load_table o WHERE o.school_id = :school))
  AND t.table_name <> ALL(CAST(:closed AS text[]))
ORDER BY t.table_name
"""
_REJECTS = f"""
SELECT j.school_id, j.load_id, j.reject_no, j.file, j.row_number, j.column_name, j.value, j.reason, j.raw,
       count(*) OVER () AS total
FROM load_reject j
WHERE j.school_id = ANY(:schools) AND j.school_id = :school AND j.load_id = :load
ORDER BY j.file, j.row_number, j.reject_no LIMIT {SHOWN_REJECTS}
"""
_WARNINGS = """
SELECT w.school_id, w.load_id, w.message FROM load_warning w
WHERE w.school_id = ANY(:schools) AND w.school_id = :school AND w.load_id = :load ORDER BY w.warning_no
"""
# Every table that any bundle of the school has carried; the rule needs it to have rows or to know what is done.
_CARRIED = """
SELECT DISTINCT t.school_id, t.table_name FROM load_table t
WHERE t.school_id = ANY(:schools) AND t.school_id = :school
"""
_CARRIED_ALL = """
SELECT t.school_id, array_agg(DISTINCT t.table_name) AS tables FROM load_table t
WHERE t.school_id = ANY(:schools) GROUP BY 1
"""
_RULES = """
SELECT h.school_id, h.rule, h.data_until, bool_or(j.is_regulated) AS is_regulated
FROM ledger_horizon h
LEFT JOIN judgement_rule j ON j.school_id = h.school_id AND j.judgement_id = 0 AND j.rule = h.rule
WHERE h.school_id = ANY(:schools) AND h.school_id = :school GROUP BY 1, 2, 3 ORDER BY 2
"""
# Quality is a fact of the entry, not of a moment: the ledger's rows are counted where they stand, the newest
# year alone.
_QUALITY = f"""
SELECT r.school_id, r.rule, count(*) AS n,
       count(*) FILTER (WHERE r.done_earliest IS NULL AND NOT r.can_tell AND r.is_required) AS untold,
       count(*) FILTER (WHERE r.done_earliest IS NOT NULL AND r.done_quality = 1) AS exact,
       count(*) FILTER (WHERE r.done_earliest IS NOT NULL AND r.done_quality = 2) AS date_only,
       count(*) FILTER (WHERE r.done_earliest IS NOT NULL AND r.done_quality = 3) AS interval,
       count(*) FILTER (WHERE r.done_earliest IS NOT NULL AND r.done_quality = 4) AS unknown
FROM ledger_row r
WHERE r.school_id = ANY(:schools) AND r.school_id = :school AND r.judgement_id = 0 AND r.excluded IS NULL
  AND r.made_status <> {int(Status.breached)}
  AND r.school_year = (
        SELECT max(c.school_year) FROM dim_class c WHERE c.school_id = :school AND c.deleted_latest IS NULL)
GROUP BY 1, 2
"""


@dataclass(frozen=True)
class Loads:
    """The page of loads of one school.

    `school` = a row of `schools.read_schools`. `history` one row per load and school, newest first. `tables` the
    balance of the chosen load; `rejects` and `warnings` of it, empty where the reader may not see them (`is_inside`
    false). `carried` table_name; `rules` rule, data_until, is_regulated; `quality` one row per rule of the newest
    school year with counts of what is known of its entries, None for a reader
    to whom entries are closed, above a school and in it.
    """

    school: dict[str, object]
    is_inside: bool
    load: int | None
    history: pl.DataFrame
    tables: pl.DataFrame
    rejects: pl.DataFrame
    warnings: pl.DataFrame
    carried: frozenset[str]
    rules: pl.DataFrame
    quality: pl.DataFrame | None


def read_schools_and_loads(scope: Scope, _filters: Filters, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All schools of the scope with their freshness and the `tables` that their bundles carried, and the newest loads
    of all of them; three queries.
    """
    listed = schools.read_schools(scope, now).join(
        read(scope, _CARRIED_ALL), on="school_id", how="left", maintain_order="left"
    )
    return listed, read(scope, _LOADS, {"school": None, "closed": _closed(scope)})


def read_loads(scope: Scope, filters: Filters, load: int | None, now: datetime) -> Loads | None:
    """The page of `filters.school` with the balance of one load (None = its newest), eight queries; None for a school
    that is not in the scope.
    """
    listed = schools.read_schools(scope, now, filters.school)
    if filters.school is None or listed.is_empty():
        return None
    school = {"school": filters.school}
    is_inside = filters.school in scope.school_ids and scope.sees_names
    history = read(scope, _LOADS, {**school, "closed": _closed(scope)})
    tables = read(scope, _TABLES, {**school, "load": load, "closed": _closed(scope)})
    chosen = int(tables["load_id"][0]) if tables.height else None
    asked = {**school, "load": chosen}
    return Loads(
        listed.row(0, named=True),
        is_inside,
        chosen,
        history,
        tables,
        read(scope, _REJECTS, asked),
        read(scope, _WARNINGS, asked),
        frozenset(read(scope, _CARRIED, school)["table_name"].to_list()),
        read(scope, _RULES, school),
        read(scope, _QUALITY, school) if is_inside and scope.sees_entries else None,
    )


def _closed(scope: Scope) -> list[str]:
    return _OF_PUPILS if scope.is_above else []
