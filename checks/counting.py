"""How many ledger rows of each status schools and rules have at T, and what that makes of expectations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from checks.catalogue import Expectation
from checks.datasets import LEDGER, Dataset, dataset_of, school_filter
from etl.warehouse.acts import ACT_IN_FORCE, in_force_first
from etl.warehouse.ledger import EXISTS, STATUS, horizons

_CELLS = """
CREATE TEMP TABLE counted_cell AS
SELECT r.school_id, r.rule, ({status})::smallint AS status, count(*)::int AS row_count
FROM ledger_row r JOIN {horizons} h USING (school_id, rule)
WHERE r.judgement_id = 0 AND {schools} AND {exists}
GROUP BY 1, 2, 3
"""
_RESULTS = """
SELECT s.school_id, e.check_id, e.rule, coalesce(n.applicable, 0) AS applicable_count,
       coalesce(n.violated, 0) AS violated_count, coalesce(n.unknown, 0) AS unknown_count,
       coalesce(a.norm_share, e.norm) AS norm_share,
       CASE WHEN e.rule IS NOT NULL AND a.is_regulated IS NOT TRUE THEN 'not_regulated'
            WHEN coalesce(n.applicable + n.unknown, 0) = 0 THEN
                CASE WHEN k.known @> e.needs THEN e.when_nothing ELSE 'cannot_tell' END
            WHEN n.applicable - n.violated + n.unknown
                 < coalesce(a.norm_share, e.norm) * (n.applicable + n.unknown) - 1e-9 THEN 'not_met'
            WHEN n.applicable - n.violated
                 >= coalesce(a.norm_share, e.norm) * (n.applicable + n.unknown) - 1e-9 THEN 'met'
            ELSE 'cannot_tell' END AS verdict,
       1 AS row_count
FROM dim_school s
CROSS JOIN (VALUES {expectations}) e (check_id, rule, norm, when_nothing, needs)
LEFT JOIN (
    SELECT d.school_id, x.check_id, coalesce(sum(d.row_count) FILTER (WHERE x.applies), 0) AS applicable,
           coalesce(sum(d.row_count) FILTER (WHERE x.applies AND x.violated), 0) AS violated,
           coalesce(sum(d.row_count) FILTER (WHERE x.unknown), 0) AS unknown
    FROM ({dataset}) d
    CROSS JOIN LATERAL (VALUES {predicates}) x (check_id, applies, violated, unknown)
    GROUP BY d.school_id, x.check_id
) n USING (school_id, check_id)
LEFT JOIN (
    SELECT DISTINCT ON (j.school_id, j.rule) j.school_id, j.rule, j.norm_share,
           bool_or(j.is_regulated) OVER (PARTITION BY j.school_id, j.rule) AS is_regulated
    FROM judgement_rule j LEFT JOIN ({in_force}) f USING (school_id)
    WHERE j.judgement_id = 0 ORDER BY j.school_id, j.rule, {in_force_first}
) a ON a.school_id = s.school_id AND a.rule = e.rule
LEFT JOIN (
    SELECT school_id, array_agg(thing) AS known FROM (
        SELECT school_id, unnest(capabilities) AS thing FROM dim_school
        UNION SELECT school_id, table_name FROM load_table
        UNION SELECT school_id, table_name || '.' || unnest(columns)
        FROM (SELECT DISTINCT school_id, table_name, columns FROM load_table) t
    ) u GROUP BY school_id
) k ON k.school_id = s.school_id
WHERE {schools}
"""
# What cannot be told makes an interval: «met» holds even if all of it was broken, «not_met» if it was kept.


def moment_sql(as_of: datetime | None) -> str:
    """T as SQL, written out: CREATE TABLE AS takes no parameters. None = where each school's data end."""
    return "NULL::timestamptz" if as_of is None else f"'{as_of.isoformat()}'::timestamptz"


def count_cells(connection: psycopg.Connection[Any], school_ids: Sequence[int] | None, as_of: datetime | None) -> int:
    """Rewrite `check_cell` for these schools at T; returns the number of ledger rows counted.

    Counted into a temporary table first: PostgreSQL plans CREATE TABLE AS in parallel, INSERT … SELECT never.
    """
    connection.execute("DROP TABLE IF EXISTS counted_cell")
    connection.execute(
        _CELLS.format(
            status=STATUS,
            horizons=horizons(moment_sql(as_of)),
            schools=school_filter(school_ids, "r.school_id"),
            exists=EXISTS,
        )
    )
    connection.execute("TRUNCATE check_cell")
    connection.execute(
        "INSERT INTO check_cell (school_id, rule, status, row_count)"
        " SELECT school_id, rule, status, row_count FROM counted_cell"
    )
    connection.execute("DROP TABLE counted_cell")
    counted = connection.execute("SELECT coalesce(sum(row_count), 0) FROM check_cell").fetchone()
    return int(counted[0]) if counted else 0


def results_query(dataset: Dataset, expectations: Sequence[Expectation], school_ids: Sequence[int] | None) -> str:
    """SQL of one row per school and expectation of the dataset: counts, norm of the school's act in force, verdict."""
    listed = ", ".join(
        f"('{one.check_id}', {one.rule_number or 'NULL'}::smallint, {one.norm}::float8, '{one.when_nothing}',"
        f" '{{{','.join(one.proof)}}}'::text[])"
        for one in expectations
    )
    predicates = ", ".join(
        f"('{one.check_id}', {one.applies_when}, {one.violated_when}, {one.unknown_when})" for one in expectations
    )
    return _RESULTS.format(
        expectations=listed,
        predicates=predicates,
        dataset=dataset_of(dataset, school_ids),
        in_force=ACT_IN_FORCE,
        in_force_first=in_force_first("j.profile_version", "f.profile_version"),
        schools=school_filter(school_ids, "s.school_id"),
    )


def violating_cells(
    connection: psycopg.Connection[Any], expectations: Sequence[Expectation]
) -> dict[tuple[int, int], list[str]]:
    """(rule, status) of the ledger → the expectations that it breaks, by their own predicates."""
    if not expectations:
        return {}
    predicates = ", ".join(
        f"('{one.check_id}', ({one.applies_when}) AND ({one.violated_when}))" for one in expectations
    )
    found = connection.execute(
        f"SELECT DISTINCT d.rule_number, d.status_number, x.check_id FROM ({LEDGER.query}) d"
        f" CROSS JOIN LATERAL (VALUES {predicates}) x (check_id, is_violated) WHERE x.is_violated"
    ).fetchall()
    cells: dict[tuple[int, int], list[str]] = {}
    for rule, status, check_id in found:
        cells.setdefault((rule, status), []).append(check_id)
    return cells
