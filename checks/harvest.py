"""The violating rows of the ledger at T: one scan, by the very cells that the predicates pick."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from checks.counting import moment_sql
from checks.datasets import school_filter
from etl.errors import ZavuchError
from etl.warehouse.ledger import EXISTS, RULE, STATUS, Severity, Status, horizons

_CELL = "(r.rule * 16 + ({status}))"
# One array of numbers instead of a join over (rule, status): the filter stays inside the parallel scan.
_HARVEST = """
CREATE TEMP TABLE violation ON COMMIT DROP AS
SELECT r.due_at, h.t AS seen_at,
       CASE WHEN r.done_latest <= h.t AND r.made_status <> {breached} THEN r.done_latest END AS done_at,
       r.school_id, r.object_id, r.class_id, r.journal_id, r.lesson_id, r.pupil_id, r.period_id,
       r.staff_id, r.anchor_on, r.school_year, r.rule, ({status})::smallint AS status,
       coalesce(CASE ({status}) WHEN {missing} THEN a.missing_severity
                WHEN {early} THEN coalesce(r.severity, a.early_severity)
                ELSE coalesce(r.severity, a.severity) END, {info})::smallint AS severity,
       r.profile_version, r.object_key
FROM ledger_row r JOIN {horizons} h USING (school_id, rule)
LEFT JOIN judgement_rule a ON a.school_id = r.school_id AND a.judgement_id = 0
    AND a.profile_version = r.profile_version AND a.rule = r.rule
WHERE r.judgement_id = 0 AND {schools} AND {exists} AND {cell} = ANY ('{{{cells}}}'::int[])
"""
_DIFFERENCES = """
SELECT coalesce(h.check_id, e.check_id), coalesce(h.school_id, e.school_id), coalesce(h.harvested, 0),
       coalesce(e.violated_count, 0)
FROM (
    SELECT n.school_id, c.check_id, sum(n.row_count) AS harvested
    FROM (SELECT school_id, rule, status, count(*) AS row_count FROM violation GROUP BY 1, 2, 3) n
    JOIN (VALUES {pairs}) c (rule, status, check_id) ON c.rule = n.rule AND c.status = n.status GROUP BY 1, 2
) h
FULL JOIN (
    SELECT school_id, check_id, violated_count FROM check_result
    WHERE run_id = {run_id} AND violated_count > 0 AND check_id IN ({checks})
) e USING (school_id, check_id)
WHERE h.harvested IS DISTINCT FROM e.violated_count ORDER BY 1, 2 LIMIT 5
"""
_SUPPRESS = """
DELETE FROM violation v USING violation n
WHERE n.rule = %(no_entry)s AND v.rule = ANY(%(elements)s) AND v.status = %(missing)s
  AND n.school_id = v.school_id AND n.school_year = v.school_year AND n.lesson_id = v.lesson_id
"""
# Both rows stay in the ledger and the counts; the window's finding would say the lock's a second time (annex S, G11).
_UNDER_LOCK = """
DELETE FROM violation v USING violation n
WHERE n.rule = %(lock)s AND v.rule = %(window)s AND n.school_id = v.school_id AND n.object_id = v.object_id
"""
ELEMENTS = ("topic", "homework", "attendance")
"""What a lesson with nothing at all lacks: one finding stands for the three (ledger.md, no_entry)."""


class CheckError(ZavuchError):
    """The checks contradict themselves; nothing of the run was kept."""

    exit_code = 6


def harvest(
    connection: psycopg.Connection[Any],
    cells: Mapping[tuple[int, int], Sequence[str]],
    school_ids: Sequence[int] | None,
    as_of: datetime | None,
) -> int:
    """Fill the temporary table `violation`: one row per violating ledger row at T; returns their number.

    Raises CheckError when two expectations claim the same rows: a finding would stand twice.
    """
    twice = {cell: names for cell, names in cells.items() if len(names) > 1}
    if twice:
        (rule, status), names = next(iter(twice.items()))
        raise CheckError(
            f"Rows of rule {rule}, status {status} break {' and '.join(names)} at once.",
            advice="Narrow one of their predicates.",
        )
    query = _HARVEST.format(
        status=STATUS, missing=int(Status.missing), breached=int(Status.breached),
        early=int(Status.early), info=int(Severity.info),
        horizons=horizons(moment_sql(as_of)),
        schools=school_filter(school_ids, "r.school_id"), exists=EXISTS, cell=_CELL.format(status=STATUS),
        cells=",".join(str(rule * 16 + status) for rule, status in cells),
    )  # fmt: skip
    rows = connection.execute(query).rowcount
    connection.execute("ANALYZE violation")
    return int(rows)


def assert_counts(
    connection: psycopg.Connection[Any],
    cells: Mapping[tuple[int, int], Sequence[str]],
    checks: Sequence[str],
    run_id: int,
) -> None:
    """The harvested rows are as many as counted, per school and expectation (annex F3); else CheckError."""
    if not checks:
        return
    pairs = (
        ", ".join(f"({rule}, {status}, '{names[0]}')" for (rule, status), names in cells.items())
        or "(NULL::int, NULL::int, NULL::text)"
    )
    listed = ", ".join(f"'{check}'" for check in checks)
    different = connection.execute(_DIFFERENCES.format(pairs=pairs, run_id=int(run_id), checks=listed)).fetchall()
    if different:
        check, school, harvested, counted = different[0]
        raise CheckError(
            f"Expectation {check}, school {school}: {harvested} violating rows found, {counted} counted.",
            advice="This is a defect of the product: please report it.",
        )


def gravest(
    connection: psycopg.Connection[Any], cells: Mapping[tuple[int, int], Sequence[str]]
) -> dict[tuple[int, str], Severity]:
    """(school_id, expectation) → the gravest severity of its violating rows; none where nothing is violated."""
    found = connection.execute("SELECT school_id, rule, status, min(severity) FROM violation GROUP BY 1, 2, 3")
    graded: dict[tuple[int, str], Severity] = {}
    for school_id, rule, status, severity in found.fetchall():
        key = (school_id, cells[rule, status][0])
        graded[key] = min(Severity(severity), graded.get(key, Severity.info))
    return graded


def drop_cells(
    connection: psycopg.Connection[Any], cells: dict[tuple[int, int], list[str]], check_ids: Collection[str]
) -> int:
    """Forget the violations of expectations that could not be judged after all; returns how many rows."""
    lost = [cell for cell, names in cells.items() if names[0] in check_ids]
    if not lost:
        return 0
    for cell in lost:
        del cells[cell]
    numbers = [rule * 16 + status for rule, status in lost]
    return connection.execute("DELETE FROM violation WHERE rule * 16 + status = ANY(%s)", [numbers]).rowcount


def suppress_told(connection: psycopg.Connection[Any], cells: Mapping[tuple[int, int], Sequence[str]]) -> int:
    """Take what another finding tells already out of `violation`, after the counts (annex F3); how many.

    Elements of lessons with no entry (ledger.md, no_entry), and the correction of a mark whose lock is broken by the
    same change (annex S, G11).
    """
    rules = {rule for rule, _status in cells}
    no_entry, lock, window = (RULE[name].number for name in ("no_entry", "mark_lock", "mark_correction"))
    told = 0
    if no_entry in rules:
        numbers = {
            "no_entry": no_entry,
            "elements": [RULE[name].number for name in ELEMENTS],
            "missing": int(Status.missing),
        }
        told += connection.execute(_SUPPRESS, numbers).rowcount
    if lock in rules and window in rules:
        told += connection.execute(_UNDER_LOCK, {"lock": lock, "window": window}).rowcount
    return told
