"""The worker: one process beside the app that does what people asked for on a page, and cleans up what is over.

It connects as the owner, because it writes the ledger and makes partitions; nobody speaks to it but through rows whose
every column the row policies check. Its log names schools by their ids and acts by theirs, and never quotes a value of
an error: a message of the database may hold a row.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

import psycopg

from etl.derivation_requests import (
    finish_derivation,
    take_derivation,
)
from etl.errors import BusyError, DatabaseError, ZavuchError
from etl.job import Progress
from etl.load_requests import clean_inbox, do_waiting_loads
from etl.other_act import OtherActError, derive_by, remove_expired
from etl.rejudge import derive_again
from etl.requests import (
    Request,
    become_the_worker,
    finish,
    forget_finished,
    take_next,
    take_over,
    tell_progress,
)
from etl.settings import Settings, read_settings
from etl.warehouse.engine import owner_session, owner_url

PARENT_VARIABLE = "ZAVUCH_WORKER_PARENT"
POLL_SECONDS = 1.0
RETRY_SECONDS = 3.0
CLEAN_SECONDS = 3600.0
TOLD_SECONDS = 0.25
"""Progress is written no oftener than this."""
_STAGES = {"reading the school": (0.0, 0.4), "deriving": (0.4, 0.8), "writing": (0.8, 1.0)}
"""Which part of the whole a stage is, as measured on a school of the demo."""
_log = logging.getLogger("zavuch.worker")


def work(settings: Settings, url: str, *, once: bool = False) -> int:
    """Do what is asked for until the process is stopped; a database that goes away is waited for.

    `once` does what waits now and returns how many requests that were; it raises BusyError where another worker is at
    work, and the database's errors.
    """
    told_away = False
    while True:
        try:
            with owner_session(url) as connection:
                if told_away:
                    _log.info("the database answers again")
                    told_away = False
                if not become_the_worker(connection):
                    if once:
                        raise BusyError("Another worker is at work.", advice="It does what is asked for; wait for it.")
                    _wait(RETRY_SECONDS)
                    continue
                if orphans := take_over(connection):
                    _log.info("%d requests were left half done and are taken up again", orphans)
                _clean(connection, settings, url)
                if once:
                    return _do_waiting(connection, settings, url)
                _do_forever(connection, settings, url)
        except (DatabaseError, psycopg.OperationalError) as error:
            if once:
                raise
            if not told_away:
                _log.warning("the database does not answer (%s); waiting for it", type(error).__name__)
                told_away = True
            _wait(RETRY_SECONDS)


def _do_forever(connection: psycopg.Connection[Any], settings: Settings, url: str) -> NoReturn:
    cleaned = time.monotonic()
    while True:
        _do_waiting(connection, settings, url)
        if time.monotonic() - cleaned > CLEAN_SECONDS:
            _clean(connection, settings, url)
            cleaned = time.monotonic()
        _wait(POLL_SECONDS)


def _do_waiting(connection: psycopg.Connection[Any], settings: Settings, url: str) -> int:
    count = 0
    while (school_id := take_derivation(connection)) is not None:
        finish_derivation(connection, school_id, _derive_again(school_id, settings, url))
        count += 1
    while (request := take_next(connection)) is not None:
        failure = _fulfil(connection, request, settings, url)
        finish(connection, request, failure)
        count += 1
    return count + do_waiting_loads(connection, settings, url)


def _fulfil(connection: psycopg.Connection[Any], request: Request, settings: Settings, url: str) -> str | None:
    """Do one request; the code of why it failed, None when it is done. Errors of the database end the connection."""
    start, name = time.monotonic(), f"school {request.school_id} by {request.regulation}:{request.profile_version}"
    try:
        found = derive_by(
            url,
            request.school_id,
            request.regulation,
            request.profile_version,
            keep_days=settings.judgement_days,
            regulations=settings.regulations,
            progress=Progress(_teller(connection, request), lambda: _log.info("waiting for a load or a check to end")),
        )
    except (DatabaseError, psycopg.OperationalError):
        raise
    except OtherActError as error:
        _log.warning("%s: %s", name, error)
        return error.code
    except ZavuchError as error:
        _log.warning("%s: %s", name, error)
        return "act_broken"
    except Exception as error:
        _log.error("%s: %s at %s", name, type(error).__name__, _place(error))
        return "unexpected"
    _log.info("%s: %d ledger rows in %.1f s", name, found.obligation_count, time.monotonic() - start)
    return None


def _derive_again(school_id: int, settings: Settings, url: str) -> str | None:
    """Derive a school whose registers changed; the code of why it failed, None when it is done."""
    start = time.monotonic()
    waits = Progress(waiting=lambda: _log.info("waiting for a load or a check to end"))
    try:
        count = derive_again(url, school_id, regulations=settings.regulations, told=waits)
    except (DatabaseError, psycopg.OperationalError):
        raise
    except ZavuchError as error:
        _log.warning("school %d: %s", school_id, error)
        return "act_broken"
    except Exception as error:
        _log.error("school %d: %s at %s", school_id, type(error).__name__, _place(error))
        return "unexpected"
    _log.info("school %d: %d ledger rows in %.1f s, its registers changed", school_id, count, time.monotonic() - start)
    return None


def _teller(connection: psycopg.Connection[Any], request: Request) -> Callable[[str, int, int], None]:
    last = 0.0

    def told(stage: str, done: int, total: int) -> None:
        nonlocal last
        begin, end = _STAGES[stage]
        now = time.monotonic()
        if done == 0 or now - last >= TOLD_SECONDS:
            last = now
            tell_progress(connection, request, begin + (end - begin) * (done / total if total else 0))

    return told


def _clean(connection: psycopg.Connection[Any], settings: Settings, url: str) -> None:
    removed = remove_expired(url)
    forget_finished(connection, settings.judgement_days)
    clean_inbox(settings)
    if removed:
        _log.info("%d judgements by other acts were removed: their days were over or their act changed", removed)


def _place(error: BaseException) -> str:
    """Where an error came from, without its words."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "unknown place"


def _wait(seconds: float) -> None:
    """Sleep; a worker whose `zavuch serve` was killed ends here."""
    parent = int(os.environ.get(PARENT_VARIABLE, "0"))
    if parent and os.getppid() != parent:
        raise KeyboardInterrupt
    time.sleep(seconds)


def start_log() -> None:
    """Log to standard error, one line an event."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s worker: %(message)s", datefmt="%Y-%m-%d %H:%M:%S"
    )


def stop_on_sigterm() -> None:
    """SIGTERM ends the work like Ctrl-C: what is half done is rolled back and waits for the next worker."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def main() -> None:
    """Run as a child of `zavuch serve`: `python -m etl.worker`."""
    start_log()
    stop_on_sigterm()
    settings = read_settings()
    try:
        work(settings, owner_url(settings))
    except KeyboardInterrupt:
        return
    except ZavuchError as error:
        _log.error("%s", error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
