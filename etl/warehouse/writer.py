"""Writes in the background, in order, through one connection: while PostgreSQL copies one school, the next
is computed.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import psycopg

Action = Callable[[psycopg.Cursor[Any]], object]
# enough to keep PostgreSQL busy through a school's small tables, few enough that no second school's frames pile up
DEPTH = 24


class Writer:
    """A queue of actions on one cursor, run by one thread in the order they came.

    An error ends the queue: it is raised at the next `later` or `now`, or at the end, and nothing after it is run.
    """

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor
        self._actions: queue.Queue[Action | None] = queue.Queue(maxsize=DEPTH)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def later(self, action: Action) -> None:
        """Run this after everything that came before; returns at once unless the queue is full."""
        self._raise()
        self._actions.put(action)

    def now(self) -> psycopg.Cursor[Any]:
        """Wait until everything is written and hand out the cursor for a read or a write of one's own."""
        self._actions.join()
        self._raise()
        return self._cursor

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the rest and end the thread; after an error elsewhere the rest is not run."""
        if error is not None and self._error is None:
            self._error = error
        self._actions.put(None)
        self._thread.join()
        if error is None:
            self._raise()

    def _run(self) -> None:
        while (action := self._actions.get()) is not None:
            try:
                if self._error is None:
                    action(self._cursor)
            except BaseException as error:
                self._error = error
            finally:
                self._actions.task_done()
        self._actions.task_done()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
