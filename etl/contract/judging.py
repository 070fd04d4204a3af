"""The ledger at a moment T, in the one dialect that both PostgreSQL and Polars read: the only definition
of a status.

`r` is a row of the ledger, `h` its horizon: `h.t` is T, already cut to where the data of the school and rule
end (annex L0), `h.on_day` the school's local date of it. A status is never stored: it compares T with the
moments of the row (annex L1). What does not depend on T, the comparison of the entry with its window, was
computed once at load as `made_status`.
"""

from __future__ import annotations

from etl.contract.ledger import RULE, Status

EXISTS = (
    "((r.visible_on IS NULL OR r.visible_on <= h.on_day) AND (r.is_required OR r.done_earliest <= h.t)"
    f" AND (r.made_status <> {int(Status.breached)} OR r.due_earliest IS NULL OR r.due_earliest > h.t)"
    f" AND (r.rule <> {RULE['no_entry'].number} OR (r.due_at < h.t AND NOT coalesce(r.done_earliest <= h.t, false))))"
)
"""Which rows there are at T.

Annex L3: duties of lessons exist from the lesson's day on, events and bans once the event may have been made.
Annex L14: a breach exists from done_earliest until due_earliest. Annex R15: no_entry exists once all its
limits are over and as long as surely no entry of the lesson is made.
"""

STATUS = (
    f"CASE WHEN r.excluded IS NOT NULL THEN {int(Status.not_applicable)}"
    f" WHEN r.made_status = {int(Status.not_regulated)} THEN {int(Status.not_regulated)}"
    " WHEN r.done_earliest IS NULL OR r.done_earliest > h.t THEN"
    f" CASE WHEN NOT r.can_tell THEN {int(Status.indeterminate)} WHEN r.due_at < h.t THEN {int(Status.missing)} "
    f"ELSE {int(Status.pending)} END"
    f" WHEN r.done_latest <= h.t OR r.made_status = {int(Status.exempt)} THEN r.made_status"
    f" WHEN NOT r.can_tell AND NOT r.is_required AND r.made_status <> {int(Status.indeterminate)} THEN "
    f"{int(Status.exempt)}"
    f" ELSE {int(Status.indeterminate)} END"
)
"""Annex L1; a change with a valid permission is exempt while T lies inside its interval (can_tell = false
of a ban).
"""

IS_MADE = "coalesce(r.done_latest <= h.t, false)"
IS_DUE = (
    "coalesce(CASE WHEN r.due_at IS NOT NULL THEN r.due_at < h.t WHEN r.target_at IS NOT NULL THEN r.target_at < h.t"
    " ELSE h.on_day > r.anchor_on END, false)"
)
"""The row counts for completeness though it is not made: its limit, else its target, else its day is over
(L5, L11).
"""
FUTURE_STATUS = (
    f"CASE WHEN r.done_latest < r.future_from THEN {int(Status.early)} WHEN r.done_earliest >= r.future_from THEN "
    f"{int(Status.on_time)}"
    f" ELSE {int(Status.indeterminate)} END"
)
"""made_status of the ban on marks in advance, which shares the stored row of its mark."""


def unprefixed(text: str) -> str:
    """The same text over one frame that holds the columns of both r and h."""
    return text.replace("r.", "").replace("h.", "")
