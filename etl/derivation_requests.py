"""Wishes of saved registers in `derivation_request`: derive a school again from what the warehouse holds.

Every saved line asks anew and in its own transaction, so nothing that was saved can be missed; the worker takes all
wishes of a school at once. Every function gets a connection that commits each statement.
"""

from __future__ import annotations

from typing import Any

import psycopg


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
