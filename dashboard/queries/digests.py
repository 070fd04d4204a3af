"""A person's own choices about digests, and what was sent to her: rows of her own account alone (row policies)."""

from __future__ import annotations

import polars as pl

from dashboard.queries.door import append, read
from etl.warehouse.scope import Scope

ADDRESS = "address"
_CHOICES = """
SELECT DISTINCT ON (d.name) d.name, d.value FROM digest_setting d
WHERE d.user_id = :user_id AND EXISTS (SELECT 1 FROM dim_school s WHERE s.school_id = ANY(:schools))
ORDER BY d.name, d.set_at DESC
"""
_SENT = """
SELECT d.at, d.kind, d.state, d.address FROM digest_delivery d
WHERE d.user_id = :user_id AND EXISTS (SELECT 1 FROM dim_school s WHERE s.school_id = ANY(:schools))
ORDER BY d.at DESC, d.kind LIMIT 20
"""
_CHOOSE = """
INSERT INTO digest_setting (set_at, user_id, name, value)
SELECT clock_timestamp(), :user_id, CAST(:name AS text), CAST(:value AS text)
WHERE EXISTS (SELECT 1 FROM dim_school s WHERE s.school_id = ANY(:schools))
"""


def read_choices(scope: Scope) -> dict[str, str]:
    """The newest choice by name: `address`, and the codes of digests with on or off. One query."""
    return dict(read(scope, _CHOICES, {"user_id": scope.user_id}).iter_rows())


def read_deliveries(scope: Scope) -> pl.DataFrame:
    """Her last twenty deliveries, the newest first: at, kind, state, address. One query."""
    return read(scope, _SENT, {"user_id": scope.user_id})


def choose(scope: Scope, name: str, value: str) -> int:
    """Append a choice; returns 1, or 0 for a person without any school."""
    return append(scope, _CHOOSE, {"name": name, "value": value})
