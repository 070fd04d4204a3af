"""Each expectation is tried alone before the run: one broken predicate never spoils the others.

Small datasets are really asked (a division by zero is no matter of syntax), whole fact tables only explained.

Inside Great Expectations a broken predicate would cost a hundred statements (three attempts, each unbundled).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from checks.catalogue import Expectation
from checks.datasets import DATASETS


@dataclass(frozen=True)
class LeftOut:
    """An expectation that takes no part in the run, and why."""

    check_id: str
    rule: str
    reason: str


def preflight(
    connection: psycopg.Connection[Any], expectations: Sequence[Expectation]
) -> tuple[tuple[Expectation, ...], tuple[LeftOut, ...]]:
    """Sort expectations into those the database understands and those left out; in the open transaction."""
    sound, broken = [], []
    for one in expectations:
        dataset = DATASETS[one.dataset]
        question = (
            f"{'EXPLAIN ' if dataset.is_deep else ''}"
            f"SELECT sum(row_count) FILTER (WHERE ({one.applies_when}) AND ({one.violated_when})),"
            f" sum(row_count) FILTER (WHERE ({one.unknown_when})) FROM ({dataset.query}) d"
        )
        try:
            with connection.transaction():
                connection.execute(question)
        except psycopg.Error as error:
            broken.append(LeftOut(one.check_id, one.rule, str(error).strip().splitlines()[0]))
        else:
            sound.append(one)
    return tuple(sound), tuple(broken)
