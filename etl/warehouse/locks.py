"""Advisory locks of the whole database: who writes the warehouse does so alone."""

WRITE_LOCK = 7_201_900_014
"""Held by every load and every run of the checks; a second one waits."""
WORK_LOCK = 7_201_900_016
"""Held by the worker as long as it is connected: no request is ever taken by two."""
