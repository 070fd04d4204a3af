"""Marks that an incident annulled and that nobody confirmed yet, as a part of statements over the facts of marks.

The marts leave them out when they are computed (`transforms.void_marks`); what is read from the facts leaves them out
by the same rows of the ledger.
"""

from __future__ import annotations

from etl.warehouse.ledger import RULE


def void_marks(journals: str) -> str:
    """SQL of a CTE `void` (object_id = mark_id) for the journals of a subquery; needs :school, :year and :newest, the
    moment where the school's data end."""
    return f"""void AS MATERIALIZED (
    SELECT o.object_id FROM obligation o
    WHERE o.school_id = :school AND o.school_year = :year AND o.judgement_id = 0
      AND o.rule = {RULE["void_after_incident"].number} AND o.journal_id IN ({journals})
      AND (o.due_earliest IS NULL OR o.due_earliest > CAST(:newest AS timestamptz))
)"""
