"""Source systems → journal bundle → warehouse → obligation ledger."""

import os

# Polars' allocator keeps what was freed and never gives "muzzy" pages back: four large schools one after the
# other then took 1.3 GB instead of 0.85 (measured). Read once, when Polars is imported; a value of one's own wins.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:100,muzzy_decay_ms:0")
