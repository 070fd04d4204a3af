"""The ledger at a moment T: which rows exist and what their status is. The one definition; exports, marts, checks, pages use it.

A status is never stored: it compares T with the moments of the row (annex L1). What does not depend on T, the comparison of
the entry with its window, was computed once at load as `made_status`.
"""

from __future__ import annotations

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

__all__ = [
    "EXISTS", "FINDING_STATUSES", "IS_DUE", "IS_MADE", "JUDGED", "KEPT", "LEDGER_VIEW", "MARK_RULES", "RULE", "RULES", "STATUS", "Excluded", "Quality", "Rule",
    "Severity", "Status", "horizons",
]

LEDGER_VIEW = f"""
CREATE VIEW ledger_row WITH (security_invoker = true) AS
SELECT school_id, school_year, judgement_id, rule, object_id, object_key, class_id, journal_id, lesson_id, pupil_id, period_id,
       staff_id, anchor_on, visible_on, excluded, made_status, done_quality, profile_version, is_required, can_tell,
       not_before, target_at, due_at, due_earliest, done_earliest, done_latest
FROM obligation
UNION ALL
SELECT school_id, school_year, judgement_id, {RULE["future_mark"].number}::smallint, object_id, object_key, class_id, journal_id, lesson_id,
       pupil_id, period_id, staff_id, anchor_on, visible_on, NULL::smallint,
       CASE WHEN done_latest < future_from THEN {int(Status.early)} WHEN done_earliest >= future_from THEN {int(Status.on_time)}
            ELSE {int(Status.indeterminate)} END::smallint,
       done_quality, profile_version, false, true, future_from, NULL, NULL, NULL, done_earliest, done_latest
FROM obligation WHERE future_from IS NOT NULL
"""
"""Every row of the ledger: the stored ones and the ban on marks in advance, which shares the row of its mark (DECISIONS 5)."""

EXISTS = "((r.visible_on IS NULL OR r.visible_on <= (h.t AT TIME ZONE h.timezone)::date) AND (r.is_required OR r.done_earliest <= h.t))"
"""Annex L3: duties of lessons exist from the lesson's day on, events and bans once the event may have been made."""

STATUS = f"""CASE
    WHEN r.excluded IS NOT NULL THEN {int(Status.not_applicable)}
    WHEN r.made_status = {int(Status.not_regulated)} THEN {int(Status.not_regulated)}
    WHEN r.done_earliest IS NULL OR r.done_earliest > h.t THEN
        CASE WHEN NOT r.can_tell THEN {int(Status.indeterminate)} WHEN r.due_at < h.t THEN {int(Status.missing)} ELSE {int(Status.pending)} END
    WHEN r.done_latest <= h.t THEN r.made_status
    ELSE {int(Status.indeterminate)} END"""
"""Annex L1; `h.t` is T of the school and rule, already cut to where the data end (annex L0)."""

IS_MADE = "(r.done_latest <= h.t)"
IS_DUE = (
    "coalesce(CASE WHEN r.due_at IS NOT NULL THEN r.due_at < h.t WHEN r.target_at IS NOT NULL THEN r.target_at < h.t"
    " ELSE (h.t AT TIME ZONE h.timezone)::date > r.anchor_on END, false)"
)
"""The row counts for completeness though it is not made: its limit, else its target, else its day is over (L5, L11)."""


def horizons(as_of: str = "NULL::timestamptz") -> str:
    """A relation `h` of (school_id, rule, t, timezone); `as_of` is SQL for T, in which `s` is the school. NULL = where the data end."""
    return (
        f"(SELECT z.school_id, z.rule, least(z.data_until, {as_of}) AS t, s.timezone FROM ledger_horizon z JOIN dim_school s USING (school_id))"
    )
