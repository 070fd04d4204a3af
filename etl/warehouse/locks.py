"""Advisory locks of the whole database: who writes the warehouse does so alone."""

WRITE_LOCK = 7_201_900_014
"""Held by every load and every run of the checks; a second one waits."""
