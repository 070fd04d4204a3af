"""Wishes of people, as the worker takes them: those of `judgement_request` one at a time, the oldest first; what is
half done or long finished, of every kind.

Every function gets a connection that commits each statement, so that pages see the progress at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from etl.warehouse.locks import WORK_LOCK

MOST_ATTEMPTS = 3
"""A request that ended its worker so often is given up."""
INTERRUPTED = "interrupted"
QUEUES = {"judgement_request": True, "derivation_request": False, "load_request": True}
"""What people ask the worker for, and whether a page shows how much of it is done."""


@dataclass(frozen=True)
class Request:
    """Judge a school by one version of an act."""

    school_id: int
    request_no: int
    regulation: str
    profile_version: int


def become_the_worker(connection: psycopg.Connection[Any]) -> bool:
    """Take the worker's place until the connection ends; False while another one has it."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [WORK_LOCK]).fetchone()
    return row is not None and bool(row[0])


def take_over(connection: psycopg.Connection[Any]) -> int:
    """What a worker before left half done waits again, or is given up; returns how many requests that were.

    Nothing of their work is there: a derivation and a load are one transaction each.
    """
    return sum(
        connection.execute(
            f"UPDATE {table} SET state = CASE WHEN attempt_count < %(most)s THEN 'waiting' ELSE 'failed' END,"
            " message = CASE WHEN attempt_count < %(most)s THEN NULL ELSE %(why)s END,"
            " finished_at = CASE WHEN attempt_count < %(most)s THEN NULL ELSE clock_timestamp() END"
            f"{', progress = 0' if shows_progress else ''} WHERE state = 'running'",
            {"most": MOST_ATTEMPTS, "why": INTERRUPTED},
        ).rowcount
        for table, shows_progress in QUEUES.items()
    )


def take_next(connection: psycopg.Connection[Any]) -> Request | None:
    """The oldest waiting request, now running; None where nobody waits."""
    row = connection.execute(
        "UPDATE judgement_request q SET state = 'running', progress = 0, attempt_count = attempt_count + 1"
        " FROM (SELECT school_id, request_no FROM judgement_request WHERE state = 'waiting'"
        " ORDER BY asked_at, school_id, request_no LIMIT 1 FOR UPDATE SKIP LOCKED) w"
        " WHERE q.school_id = w.school_id AND q.request_no = w.request_no"
        " RETURNING q.school_id, q.request_no, q.regulation, q.profile_version"
    ).fetchone()
    return Request(*row) if row else None


def tell_progress(connection: psycopg.Connection[Any], request: Request, share: float) -> None:
    """How much of a running request is done, 0 to 1."""
    connection.execute(
        "UPDATE judgement_request SET progress = %s WHERE school_id = %s AND request_no = %s AND state = 'running'",
        [share, request.school_id, request.request_no],
    )


def finish(connection: psycopg.Connection[Any], request: Request, failure: str | None = None) -> None:
    """The request is done, or failed for a reason given as a code."""
    connection.execute(
        "UPDATE judgement_request SET state = %s, message = %s, progress = CASE WHEN %s THEN progress ELSE 1 END,"
        " finished_at = clock_timestamp() WHERE school_id = %s AND request_no = %s",
        ["failed" if failure else "done", failure, failure is not None, request.school_id, request.request_no],
    )


def forget_finished(connection: psycopg.Connection[Any], keep_days: int) -> int:
    """Delete requests of every kind that were finished so many days ago; returns how many."""
    before = datetime.now(UTC) - timedelta(days=keep_days)
    return sum(connection.execute(f"DELETE FROM {table} WHERE finished_at < %s", [before]).rowcount for table in QUEUES)
