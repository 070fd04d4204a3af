"""How often Python looks for objects that hold each other, in the processes that draw pages."""

from __future__ import annotations

import gc

AFTER = (20_000, 20, 20)  # objects, then rounds: a page makes some ten thousand, nearly all without cycles


def settle() -> None:
    """Call when everything is loaded: what is there stays to the end, and the collector need not look through it after
    every few hundred new objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*AFTER)
