"""The register of findings as people read it: what the runs found, and over it the word of a person (annex F1).

`finding` is written by the runs alone, `finding_decision` by people alone and only appended to; the state that is shown
is computed from both, so neither can lose what the other wrote.
"""

from __future__ import annotations

from etl.contract.ledger import RULES, Status

WORDS = ("disputed", "accepted")
"""Decisions that stand over the state of the runs; `reopened` takes the word back."""

# A word stands while the same violation lasts: not after it was closed, and not when it comes back later.
_STANDS = f"""d.decision IN ('disputed', 'accepted') AND d.reopened = f.reopened
        AND (f.state = 'open' OR (f.state = 'fixed' AND f.status IN ({int(Status.late)}, {int(Status.early)})))"""

FINDING_VIEW = f"""
CREATE VIEW finding_row WITH (security_invoker = true) AS
SELECT f.school_id, f.finding_id, f.rule, f.object_id, f.object_key, f.class_id, f.journal_id, f.lesson_id, f.pupil_id,
       f.period_id, f.staff_id, f.anchor_on, f.school_year, f.status, f.severity, f.profile_version, f.run_id,
       f.due_at, f.done_at, f.first_seen_at, f.last_seen_at, f.fixed_at, f.reopened, f.state AS run_state,
       CASE WHEN {_STANDS} THEN d.decision ELSE f.state END AS state,
       CASE WHEN {_STANDS} THEN d.reason ELSE f.reason END AS reason,
       CASE WHEN {_STANDS} THEN d.decided_at END AS decided_at,
       CASE WHEN {_STANDS} THEN d.decided_by END AS decided_by
FROM finding f LEFT JOIN (
    SELECT DISTINCT ON (school_id, finding_id) school_id, finding_id, decision, reason, decided_at, decided_by, reopened
    FROM finding_decision ORDER BY school_id, finding_id, decision_no DESC
) d USING (school_id, finding_id)
"""
"""One row per finding with the state that people see; `run_state` is what the runs say."""

# what breaks a ban or the content is there with its entry; what is owed is missing once its deadline is over
_AT_ENTRY = ", ".join(str(rule.number) for rule in RULES if rule.kind in ("ban", "content"))
OPENED_AT = f"""least(f.first_seen_at, CASE WHEN f.rule IN ({_AT_ENTRY}) OR f.status = {int(Status.early)}
    THEN f.done_at ELSE f.due_at + interval '1 second' END)"""
"""SQL over `finding` or `finding_row` f: since when the violation was there. The first check may have come later; where
neither deadline nor entry is known, it is since somebody saw it."""
CLOSED_AT = "CASE WHEN f.state = 'fixed' THEN coalesce(f.fixed_at, f.last_seen_at) END"
"""The entry that repaired it; null = open. What was withdrawn or found allowed never was a violation."""
