"""Wishes of people in `load_request`, and how the worker fulfils them: with the code of the command `zavuch load`.

A preview is a load in a transaction that is taken back. Functions with a connection get one that commits each
statement, so that pages see the progress at once.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from etl.errors import DatabaseError, SettingsError, SourceError, ZavuchError
from etl.job import Progress
from etl.load_files import Loaded, load_files
from etl.load_found import found_as_json
from etl.raw_store import forget_old
from etl.settings import Settings
from etl.warehouse.inbox import drop, drop_old, paths_of

KEPT_HOURS = 24.0
"""Files that were previewed and not loaded are removed after so long."""
TOLD_SECONDS = 0.25
_log = logging.getLogger("zavuch.worker")


@dataclass(frozen=True)
class LoadRequest:
    """Preview or load the files of a folder of the inbox for one school."""

    school_id: int
    request_no: int
    kind: str
    folder: str
    answers: str

    @property
    def is_preview(self) -> bool:
        return self.kind == "preview"


def do_waiting_loads(connection: psycopg.Connection[Any], settings: Settings, url: str) -> int:
    """Fulfil every waiting request, the oldest first; returns how many. Errors of the database end the connection."""
    count = 0
    while (request := _take_next(connection)) is not None:
        failure, found = _fulfil(connection, request, settings, url)
        _finish(connection, request, failure, found)
        count += 1
        if not request.is_preview and failure is None:
            drop(settings.home, request.folder)
            _check(settings, url)
    return count


def clean_inbox(settings: Settings) -> None:
    """Remove files that nobody loaded and raw files whose days are over."""
    drop_old(settings.home, KEPT_HOURS)
    forget_old(settings)


def _take_next(connection: psycopg.Connection[Any]) -> LoadRequest | None:
    row = connection.execute(
        "UPDATE load_request q SET state = 'running', progress = 0, attempt_count = attempt_count + 1"
        " FROM (SELECT school_id, request_no FROM load_request WHERE state = 'waiting'"
        " ORDER BY asked_at, school_id, request_no LIMIT 1 FOR UPDATE SKIP LOCKED) w"
        " WHERE q.school_id = w.school_id AND q.request_no = w.request_no"
        " RETURNING q.school_id, q.request_no, q.kind, q.folder, q.answers"
    ).fetchone()
    return LoadRequest(*row) if row else None


def _finish(
    connection: psycopg.Connection[Any], request: LoadRequest, failure: str | None, found: dict[str, Any] | None
) -> None:
    connection.execute(
        "UPDATE load_request SET state = %s, message = %s, found = %s, progress = 1, stage = NULL,"
        " finished_at = clock_timestamp() WHERE school_id = %s AND request_no = %s",
        [
            "failed" if failure else "done",
            failure,
            Jsonb(found) if found else None,
            request.school_id,
            request.request_no,
        ],
    )


def _fulfil(
    connection: psycopg.Connection[Any], request: LoadRequest, settings: Settings, url: str
) -> tuple[str | None, dict[str, Any] | None]:
    """The sentence of why it failed, or what was found."""
    name = f"files for school {request.school_id}, {request.kind}"
    start = time.monotonic()
    try:
        loaded = _load(connection, request, settings, url)
    except (DatabaseError, psycopg.OperationalError):
        raise
    except ZavuchError as error:
        _log.warning("%s: %s", name, type(error).__name__)
        return str(error), None
    except FileNotFoundError:
        return "The files are no longer in the inbox. Give them again.", None
    except Exception as error:
        _log.error("%s: %s", name, type(error).__name__)
        return f"unexpected: {type(error).__name__}", None
    _log.info("%s: %d rows set aside, %.1f s", name, loaded.report.rejected_count, time.monotonic() - start)
    return None, found_as_json(loaded)


def _load(connection: psycopg.Connection[Any], request: LoadRequest, settings: Settings, url: str) -> Loaded:
    row = connection.execute(
        "SELECT s.school_key, s.name, m.name, s.timezone, s.regulation_named, s.region, s.week_days FROM dim_school s"
        " JOIN dim_municipality m USING (municipality_id) WHERE s.school_id = %s",
        [request.school_id],
    ).fetchone()
    if row is None:
        raise SourceError("The school is not there any more.", advice="Ask the administrator.")
    # the school is that of the request, whatever the person answered
    names = ("school_key", "school_name", "municipality", "timezone", "regulation", "region", "week_days")
    known = {name: value for name, value in zip(names, row, strict=True) if value}
    return load_files(
        paths_of(settings.home, request.folder),
        url,
        settings,
        given={**stated_answers(request.answers), **known},
        progress=Progress(_teller(connection, request), lambda: _log.info("waiting for a load or a check to end")),
        rehearse=request.is_preview,
        permit=_only(str(row[0])),
    )


def stated_answers(text: str) -> dict[str, Any]:
    """Answers as the page writes them: JSON with days as text. Raises SettingsError for what is none."""
    try:
        stated = json.loads(text)
        for each in stated.get("periods", ()):
            each |= {name: date.fromisoformat(each[name]) for name in ("starts_on", "ends_on")}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingsError(f"The answers cannot be read: {error}.", advice="State each period whole.") from error
    return {name: stated[name] for name in ("school_year", "extracted_at", "periods") if stated.get(name)}


def _only(school_key: str) -> Callable[[psycopg.Cursor[Any], frozenset[str]], None]:
    def permit(_cursor: psycopg.Cursor[Any], named: frozenset[str]) -> None:
        if others := sorted(named - {school_key}):
            raise SourceError(
                f"The files are of another school: {others[0]}.",
                advice=f"Here files of {school_key} are loaded; the administrator loads others with `zavuch load`.",
            )

    return permit


def _teller(connection: psycopg.Connection[Any], request: LoadRequest) -> Callable[[str, int, int], None]:
    last = 0.0

    def told(stage: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TOLD_SECONDS:
            last = time.monotonic()
            connection.execute(
                "UPDATE load_request SET stage = %s, progress = %s WHERE school_id = %s AND request_no = %s",
                [stage, done / total if total else 0.0, request.school_id, request.request_no],
            )

    return told


def _check(settings: Settings, url: str) -> None:
    """Renew verdicts and findings in a process of its own: the checks' library stays out of the worker."""
    place = {"ZAVUCH_HOME": str(settings.home), "ZAVUCH_DATABASE_URL": url}
    ended = subprocess.run(
        [sys.executable, "-m", "etl.cli", "check"], capture_output=True, check=False, env={**os.environ, **place}
    )
    if ended.returncode:
        _log.error("the checks after a load ended with %d; `zavuch check` tells why", ended.returncode)
