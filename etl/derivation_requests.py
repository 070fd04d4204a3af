"""Wishes of saved registers in `derivation_request`: derive a school again from what the warehouse holds.

Every saved line asks anew and in its own transaction, so nothing that was saved can be missed; the worker takes all
wishes of a school at once. Every function gets a connection that commits each statement.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from etl.requests import INTERRUPTED, MOST_ATTEMPTS


def take_over_derivations(connection: psycopg.Connection[Any]) -> int:
    """What a worker before left half done waits again, or is given up; returns how many wishes that were."""
    return connection.execute(
        "UPDATE derivation_request SET state = CASE WHEN attempt_count < %(most)s THEN 'waiting' ELSE 'failed' END,"
        " message = CASE WHEN attempt_count < %(most)s THEN NULL ELSE %(why)s END,"
        " finished_at = CASE WHEN attempt_count < %(most)s THEN NULL ELSE clock_timestamp() END"
        " WHERE state = 'running'",
        {"most": MOST_ATTEMPTS, "why": INTERRUPTED},
    ).rowcount


def take_derivation(connection: psycopg.Connection[Any]) -> int | None:
    """The school whose wish is the oldest, all its waiting wishes now running; None where nobody waits."""
    rows = connection.execute(
        "UPDATE derivation_request SET state = 'running', attempt_count = attempt_count + 1 WHERE state = 'waiting'"
        " AND school_id = (SELECT school_id FROM derivation_request WHERE state = 'waiting'"
        " ORDER BY asked_at, school_id LIMIT 1) RETURNING school_id"
    ).fetchall()
    return int(rows[0][0]) if rows else None


def finish_derivation(connection: psycopg.Connection[Any], school_id: int, failure: str | None = None) -> None:
    """The running wishes of a school are done, or failed for a reason given as a code."""
    connection.execute(
        "UPDATE derivation_request SET state = %s, message = %s, finished_at = clock_timestamp()"
        " WHERE school_id = %s AND state = 'running'",
        ["failed" if failure else "done", failure, school_id],
    )


def forget_derivations(connection: psycopg.Connection[Any], keep_days: int) -> int:
    """Delete wishes that were finished so many days ago; returns how many."""
    return connection.execute(
        "DELETE FROM derivation_request WHERE finished_at < %s", [datetime.now(UTC) - timedelta(days=keep_days)]
    ).rowcount
