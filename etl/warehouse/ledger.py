"""The ledger in SQL: the view of all its rows and the horizons that cut T; the status itself is
`contract.judging`.
"""

from __future__ import annotations

from etl.contract.judging import EXISTS, FUTURE_STATUS, IS_DUE, IS_MADE, STATUS
from etl.contract.ledger import (
    FINDING_STATUSES,
    JUDGED,
    KEPT,
    MARK_RULES,
    RULE,
    RULES,
    Excluded,
    Quality,
    Rule,
    Severity,
    Status,
)
from etl.contract.needs import Lack, lack_of, lacks, needed_tables

__all__ = [
    "EXISTS",
    "FINDING_STATUSES",
    "IS_DUE",
    "IS_MADE",
    "JUDGED",
    "KEPT",
    "LEDGER_VIEW",
    "MARK_RULES",
    "RULE",
    "RULES",
    "STATUS",
    "Excluded",
    "Lack",
    "Quality",
    "Rule",
    "Severity",
    "Status",
    "horizon_of_row",
    "horizons",
    "lack_of",
    "lacks",
    "ledger_view",
    "needed_tables",
]


def ledger_view(*further: str) -> str:
    """SQL that makes or remakes the view `ledger_row`: the stored rows and the ban on marks in advance, which shares
    the row of its mark (DECISIONS 5).

    `further` names columns of `obligation` that came after the first schema, in their order; null in rows of the ban.
    """
    stored = "".join(f", {name}" for name in further)
    shared = ", NULL" * len(further)
    return f"""
CREATE OR REPLACE VIEW ledger_row WITH (security_invoker = true) AS
SELECT school_id, school_year, judgement_id, rule, object_id, object_key, class_id, journal_id, lesson_id,
       pupil_id, period_id, staff_id, anchor_on, visible_on, excluded, made_status, done_quality,
       profile_version, is_required, can_tell, not_before, target_at, due_at, due_earliest, done_earliest,
       done_latest{stored}
FROM obligation
UNION ALL
SELECT school_id, school_year, judgement_id, {RULE["future_mark"].number}::smallint,
       object_id, object_key, class_id,
       journal_id, lesson_id, pupil_id, period_id, staff_id, anchor_on, visible_on, NULL::smallint,
       ({FUTURE_STATUS})::smallint,
       done_quality, profile_version, false, true, future_from, NULL, NULL, NULL, done_earliest, done_latest{shared}
FROM obligation r WHERE future_from IS NOT NULL
"""


LEDGER_VIEW = ledger_view()
"""The view as the first migration makes it; a later one remakes it with the columns that came since."""


def horizons(as_of: str = "NULL::timestamptz") -> str:
    """A relation `h` of (school_id, rule, t, on_day, timezone) for the texts of `contract.judging`.

    `as_of` is SQL for T, in which `s` is the school; NULL = where the data end.
    """
    t = f"least(z.data_until, {as_of})"
    return (
        f"(SELECT z.school_id, z.rule, {t} AS t, ({t} AT TIME ZONE s.timezone)::date AS on_day, s.timezone"
        " FROM ledger_horizon z JOIN dim_school s USING (school_id))"
    )


def horizon_of_row(as_of: str = "NULL::timestamptz") -> str:
    """A lateral relation `h` of (t, on_day, timezone) for one row `r` of the ledger: to be joined `ON h.t IS NOT NULL`.

    The moments of a school are one array, by rule: row policies hide from PostgreSQL how many rows there will be, and
    what it takes for a handful it joins to the horizons by trying each with each. For the pages; `as_of` as above.
    """
    last = max(rule.number for rule in RULES)
    return (
        "LATERAL (SELECT y.t[r.rule] AS t, y.on_day[r.rule] AS on_day, y.timezone FROM (SELECT w.school_id,"
        " w.timezone, array_agg(x.t ORDER BY n.rule) AS t, array_agg(x.on_day ORDER BY n.rule) AS on_day"
        f" FROM dim_school w CROSS JOIN generate_series(1, {last}) n (rule)"
        f" LEFT JOIN {horizons(as_of)} x ON x.school_id = w.school_id AND x.rule = n.rule"
        " GROUP BY w.school_id, w.timezone) y WHERE y.school_id = r.school_id)"
    )
