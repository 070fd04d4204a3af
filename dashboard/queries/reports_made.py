"""When the reports of a school were made last, as far as the reader may read the log of access: one query."""

from __future__ import annotations

import polars as pl

from dashboard.queries.door import read
from etl.warehouse.scope import Scope

_MADE = """
SELECT m.school_id, m.subject, max(m.at) AS at FROM access_event m
WHERE m.kind = 'export' AND m.subject LIKE 'report\\_%'
  AND m.school_id = ANY(:schools) AND m.school_id = :school
GROUP BY 1, 2 ORDER BY 1, 2
"""


def read_reports_made(scope: Scope, school: int) -> pl.DataFrame:
    """One row per report that was handed out: subject (as in the access log), at (UTC). A director sees what anybody
    made, everybody else what she made herself."""
    return read(scope, _MADE, {"school": school})
