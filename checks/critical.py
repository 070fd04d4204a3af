"""Critical findings by day and school, without persons: what readers above a school are told of the register.

A violation is there from the moment when its deadline is over (or, of a breach, when the entry was made), though the
first check may have come later, until the entry that repaired it; what the runs took back or found allowed never was.
Words of people (dispute, accept) are not subtracted: they belong to the school.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from checks.datasets import school_filter
from etl.warehouse.ledger import Severity
from etl.warehouse.register import CLOSED_AT, OPENED_AT

_ROWS = f"""
INSERT INTO finding_critical (school_id, school_year, anchor_on, opened_on, closed_on, row_count)
SELECT f.school_id, f.school_year, f.anchor_on, ({OPENED_AT} AT TIME ZONE s.timezone)::date,
       ({CLOSED_AT} AT TIME ZONE s.timezone)::date, count(*)
FROM finding f JOIN dim_school s USING (school_id)
WHERE f.severity = {int(Severity.critical)} AND f.state IN ('open', 'fixed') AND {{schools}}
GROUP BY 1, 2, 3, 4, 5
"""


def sum_critical(connection: psycopg.Connection[Any], school_ids: Sequence[int] | None) -> int:
    """Write the sums of the schools of a run anew; returns the number of rows."""
    connection.execute(f"DELETE FROM finding_critical WHERE {school_filter(school_ids)}")
    return connection.execute(_ROWS.format(schools=school_filter(school_ids, "f.school_id"))).rowcount
