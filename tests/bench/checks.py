"""A run of the checks against hand-written SQL that writes the same findings and school × rule counts."""

from __future__ import annotations

import time

from checks.runner import run_checks
from etl.warehouse.engine import owner_connection
from etl.warehouse.ledger import EXISTS, FINDING_STATUSES, JUDGED, RULE, STATUS, Status, horizons
from tests.bench import BenchRow

_LATE, _EARLY, _MISSING = int(Status.late), int(Status.early), int(Status.missing)
_ELEMENTS = ", ".join(str(RULE[name].number) for name in ("topic", "homework", "attendance"))
_AT_T = f"FROM ledger_row r JOIN {horizons()} h USING (school_id, rule) WHERE r.judgement_id = 0 AND {EXISTS}"


def _numbers(statuses: tuple[Status, ...]) -> str:
    return ", ".join(str(int(status)) for status in statuses)


_COUNTS = f"""
INSERT INTO floor_checks.result
SELECT school_id, rule, count(*) FILTER (WHERE status IN ({_numbers(JUDGED)})),
       count(*) FILTER (WHERE status IN ({_numbers(FINDING_STATUSES)})),
       count(*) FILTER (WHERE status = {int(Status.indeterminate)})
FROM (SELECT r.school_id, r.rule, {STATUS} AS status {_AT_T}) d GROUP BY 1, 2
"""
_FINDINGS = f"""
WITH violating AS MATERIALIZED (
    SELECT d.* FROM (
        SELECT r.*, {STATUS} AS status, h.t,
               CASE WHEN r.done_latest <= h.t AND r.made_status <> {int(Status.breached)}
                    THEN r.done_latest END AS done_at
        {_AT_T}
    ) d WHERE d.status IN ({_numbers(FINDING_STATUSES)})
)
INSERT INTO floor_checks.finding (school_id, finding_id, rule, status, severity, object_id, object_key,
    class_id, journal_id, lesson_id, pupil_id, period_id, staff_id, anchor_on, school_year, profile_version, due_at,
    done_at, first_seen_at, last_seen_at, fixed_at, run_id, reopened, state)
SELECT d.school_id, row_number() OVER (PARTITION BY d.school_id
           ORDER BY d.rule, d.object_id, d.journal_id, d.pupil_id, d.period_id, d.object_key),
       d.rule, d.status,
       CASE d.status WHEN {_MISSING} THEN a.missing_severity WHEN {_EARLY} THEN coalesce(d.severity, a.early_severity)
                     ELSE coalesce(d.severity, a.severity) END,
       d.object_id, d.object_key, d.class_id, d.journal_id, d.lesson_id, d.pupil_id, d.period_id, d.staff_id,
       d.anchor_on, d.school_year, d.profile_version, d.due_at, d.done_at, d.t, d.t,
       CASE WHEN d.status = {_LATE} THEN d.done_at END, 1, 0,
       CASE WHEN d.status = {_LATE} THEN 'fixed' ELSE 'open' END
FROM violating d
JOIN judgement_rule a ON a.school_id = d.school_id AND a.judgement_id = 0 AND a.rule = d.rule
    AND a.profile_version = d.profile_version
WHERE NOT (d.rule IN ({_ELEMENTS}) AND d.status = {_MISSING} AND EXISTS (
    SELECT 1 FROM violating n WHERE n.rule = {RULE["no_entry"].number} AND n.school_id = d.school_id
        AND n.school_year = d.school_year AND n.lesson_id = d.lesson_id))
  AND NOT (d.rule = {RULE["mark_correction"].number} AND EXISTS (
    SELECT 1 FROM violating n WHERE n.rule = {RULE["mark_lock"].number} AND n.school_id = d.school_id
        AND n.object_id = d.object_id))
"""
_SAME_COLUMNS = "school_id, finding_id, rule, status, severity, object_id, journal_id, due_at, done_at, fixed_at, state"


def bench_checks(url: str) -> list[BenchRow]:
    """A first run over all schools with an empty register, its floor, and a second run that changes nothing.

    `url` is the owner's; the register and the history of the checks in it are emptied. The first figure holds
    the import of Great Expectations, as in a process of its own.
    """
    with owner_connection(url) as connection:
        connection.execute("TRUNCATE finding, check_run, check_result")
    start = time.perf_counter()
    report = run_checks(url)
    first = time.perf_counter() - start
    floor = _floor(url)
    start = time.perf_counter()
    run_checks(url)
    again = time.perf_counter() - start
    note = f"hand-written SQL: {report.row_count:,} rows counted, {report.merged.opened:,} findings written"
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in report.seconds.items())
    return [
        BenchRow("checks, first run", first, floor, f"{note} ({stages})"),
        BenchRow("checks, nothing new", again, floor, "the same SQL from scratch"),
    ]


def _floor(url: str) -> float:
    """Seconds of the two statements; they must write what the run wrote, else the ratio says nothing."""
    with owner_connection(url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS floor_checks CASCADE")
        connection.execute("CREATE SCHEMA floor_checks")
        connection.execute("CREATE TABLE floor_checks.finding (LIKE finding INCLUDING ALL)")
        connection.execute(
            "CREATE TABLE floor_checks.result (school_id int, rule smallint, applicable int, violated int, unknown int,"
            " PRIMARY KEY (school_id, rule))"
        )
        start = time.perf_counter()
        connection.execute(_COUNTS)
        connection.execute(_FINDINGS)
        connection.commit()
        seconds = time.perf_counter() - start
        both = f"(SELECT {_SAME_COLUMNS} FROM {{}} EXCEPT SELECT {_SAME_COLUMNS} FROM {{}})"
        pair = ("finding", "floor_checks.finding")
        different = f"SELECT count(*) FROM ({both.format(*pair)} UNION ALL {both.format(*reversed(pair))}) d"
        found = connection.execute(different).fetchone()
        if found is None or found[0]:
            raise AssertionError(f"{found and found[0]} findings of the run differ from those of the hand-written SQL")
        connection.execute("DROP SCHEMA floor_checks CASCADE")
    return seconds
