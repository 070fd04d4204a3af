"""What a page makes of a remembered answer, kept as long as the answer itself: words of a table, cells, a chart.

A remembered answer (`queries.door.cached`) is one object for one scope and position until its data change. What is
made of it by a pure function is the same each time the page is drawn; made once, a page with many rows costs no more
than a page with few.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Concatenate, ParamSpec, TypeVar, cast

MOST = 16
"""Results kept of one answer, by function and arguments: the last ones used."""
A = TypeVar("A")
T = TypeVar("T")
P = ParamSpec("P")
_kept: dict[int, OrderedDict[Hashable, object]] = {}
_lock = threading.Lock()


def derived(answer: A, make: Callable[Concatenate[A, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`make(answer, *args)`, made once for this very answer.

    `make` is a pure function of a module, its arguments are hashable, and nobody changes what it returns. `answer` is
    an object that can be referred to weakly (a dataclass without slots, a frame); it is told from others by identity,
    so nothing is handed from one scope to another.
    """
    key = (make.__module__, make.__qualname__, args, tuple(sorted(kwargs.items())))
    with _lock:
        mine = _kept.get(id(answer))
        if mine is None:
            mine = _kept[id(answer)] = OrderedDict()
            weakref.finalize(answer, _kept.pop, id(answer), None)
        if key in mine:
            mine.move_to_end(key)
            return cast(T, mine[key])
    made = make(answer, *args, **kwargs)
    with _lock:
        mine[key] = made
        while len(mine) > MOST:
            mine.popitem(last=False)
    return made
