"""Critical findings by day, against a loop over the register."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from checks.runner import run_checks
from etl.warehouse.ledger import RULES

_AT_ENTRY = {rule.number for rule in RULES if rule.kind in ("ban", "content")}


def open_at_the_end(register: list[tuple[Any, ...]], on: date) -> int:
    """Critical findings whose deadline is over (or whose entry is made) by the end of the day, and that nobody has
    repaired by then."""
    found = 0
    for rule, status, state, severity, due, done, first, fixed in register:
        if severity != 1 or state not in ("open", "fixed"):
            continue
        since = done if rule in _AT_ENTRY or status == 4 else due
        since = min(first, since) if since is not None else first
        # the last second of a deadline still belongs to it
        if since.date() + timedelta(days=(since is due and since.hour == 23 and since.minute == 59)) > on:
            continue
        found += state == "open" or fixed.date() > on
    return found


def test_the_sums_of_any_day_are_the_findings_that_were_open_then(database, sql):
    sql.execute("SET timezone = 'Europe/Moscow'")
    run_checks(database)
    zone = sql.execute("SELECT timezone FROM dim_school").fetchone()[0]
    register = sql.execute(
        "SELECT rule, status, state, severity, due_at AT TIME ZONE %(z)s, done_at AT TIME ZONE %(z)s,"
        " first_seen_at AT TIME ZONE %(z)s, coalesce(fixed_at, last_seen_at) AT TIME ZONE %(z)s FROM finding",
        {"z": zone},
    ).fetchall()
    counts = []
    for day in (date(2026, 9, 20), date(2026, 10, 5), date(2026, 10, 30), date(2026, 11, 12)):
        found = sql.execute(
            "SELECT coalesce(sum(row_count), 0) FROM finding_critical"
            " WHERE opened_on <= %(day)s AND (closed_on IS NULL OR closed_on > %(day)s)",
            {"day": day},
        ).fetchone()
        assert found == (open_at_the_end(register, day),)
        counts.append(int(found[0]))
    now = sql.execute("SELECT count(*) FROM finding WHERE severity = 1 AND state = 'open'").fetchone()
    assert counts[-1] == now[0] > 0 and len(set(counts)) > 1


def test_a_second_run_writes_the_same_sums_again(database, sql):
    run_checks(database)
    rows = sql.execute("SELECT t::text FROM finding_critical t ORDER BY 1").fetchall()
    run_checks(database)
    assert rows and sql.execute("SELECT t::text FROM finding_critical t ORDER BY 1").fetchall() == rows
