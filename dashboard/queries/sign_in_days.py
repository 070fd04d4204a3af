"""Sign-ins by school, role and day of one month: sums without persons, small groups withheld above a school (B-21)."""

from __future__ import annotations

from datetime import date

import polars as pl

from dashboard.filters import Filters
from dashboard.queries.door import read
from dashboard.queries.schools import read_limits
from dashboard.small_groups import SIGN_IN_DAYS, withheld
from etl.warehouse.scope import Scope

_DAYS = """
SELECT m.school_id, m.role, m.month_on + n AS day_on, coalesce(d.user_count, 0) AS users,
    coalesce(d.login_count, 0) AS logins, m.account_count AS accounts, m.user_count AS month_users
FROM mart_activity_month m
CROSS JOIN LATERAL generate_series(0, m.day_count - 1) AS n
LEFT JOIN mart_activity_day d ON d.school_id = m.school_id AND d.school_year = m.school_year AND d.role = m.role
    AND d.day_on = m.month_on + n
WHERE m.school_id = ANY(:schools) AND (CAST(:school AS int) IS NULL OR m.school_id = :school)
  AND m.month_on = CAST(:month AS date)
ORDER BY 1, 2, 3
"""


def read_sign_in_days(scope: Scope, filters: Filters, month: date) -> pl.DataFrame:
    """One row per school (or `filters.school`), role and day of the month until the data end: school_id, role, day_on,
    users (accounts that signed in), logins, accounts in use in the month, month_users.

    Null users and logins are withheld because they tell of few; a role of few accounts has no rows. Two queries.
    """
    rows = read(scope, _DAYS, {"school": filters.school, "month": month})
    return withheld(rows, SIGN_IN_DAYS, read_limits(scope)) if scope.is_above else rows
