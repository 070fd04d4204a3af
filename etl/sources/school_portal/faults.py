"""What could not be understood, with its address: it goes to the quarantine, where people look it up."""

from __future__ import annotations

from dataclasses import dataclass

from etl.sources.school_portal.cells import Sheet


@dataclass(frozen=True)
class Fault:
    """One cell, or a sheet as a whole (then `place` is its name and `row` 0), that is set aside."""

    table: str
    file: str
    row: int
    place: str
    value: str
    reason: str


def fault(table: str, sheet: Sheet, row: int, column: int, reason: str) -> Fault:
    """The fault of one cell; row and column counted from 0."""
    return Fault(table, sheet.file, row + 1, sheet.address(row, column), sheet.at(row, column), reason)
