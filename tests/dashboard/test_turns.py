"""Turns: as many at once as there are, in between one waits, and none waits for ever."""

from __future__ import annotations

import threading
import time

import pytest

from dashboard.turns import AT_ONCE, turn


def test_no_more_than_the_turns_are_held_at_once_and_all_come_through() -> None:
    held, most, lock = 0, 0, threading.Lock()

    def draw() -> None:
        nonlocal held, most
        with turn(patience=30):
            with lock:
                held += 1
                most = max(most, held)
            time.sleep(0.01)
            with lock:
                held -= 1

    threads = [threading.Thread(target=draw) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == AT_ONCE and held == 0


def test_who_waited_long_enough_goes_on_without_a_turn_and_gives_none_back() -> None:
    is_over, begun = threading.Event(), threading.Barrier(AT_ONCE + 1)

    def hold() -> None:
        with turn(patience=30):
            begun.wait()
            is_over.wait()

    threads = [threading.Thread(target=hold) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    begun.wait()
    with turn(patience=0.01):
        pass
    is_over.set()
    for thread in threads:
        thread.join()
    for _ in range(AT_ONCE):  # a turn given back twice would raise
        with turn(patience=5):
            pass


def test_a_page_that_fails_gives_its_turn_back() -> None:
    for _ in range(AT_ONCE * 3):
        with pytest.raises(ZeroDivisionError), turn(patience=1):
            raise ZeroDivisionError
    start = time.monotonic()
    with turn(patience=30):
        assert time.monotonic() - start < 5
