"""Benches: ratios to a floor measured in the same run. Never part of the test suite."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BenchRow:
    """One line of the table: what was measured, its floor in the same run, what the floor is."""

    name: str
    seconds: float
    floor_seconds: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return self.seconds / self.floor_seconds if self.floor_seconds else float("inf")
