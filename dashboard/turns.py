"""How many pages are drawn at once in one process.

Streamlit gives every session a thread. Python runs one of them at a time; dozens that want to run only wake each
other: with fifty readers a page cost 190 ms of processor instead of 105 (`tests.bench.sessions`). So a page waits for
its turn before it begins; while it waits it costs nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 2  # while one waits for the database the other draws
PATIENCE = 2.0  # seconds: two long documents must not keep everybody from reading
_turns = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def turn(patience: float = PATIENCE) -> Iterator[None]:
    """Wait for one of the turns and hold it; after `patience` seconds go on without one."""
    is_mine = _turns.acquire(timeout=patience)
    try:
        yield
    finally:
        if is_mine:
            _turns.release()
