"""Which version of its act a school lives by: one definition for checks and pages."""

from __future__ import annotations

ACT_IN_FORCE = """
SELECT o.school_id, v.regulation, coalesce(
           max(v.profile_version) FILTER (WHERE v.valid_from <= (o.extracted_at AT TIME ZONE o.timezone)::date),
           min(v.profile_version)) AS profile_version
FROM dim_school o
JOIN judgement k ON k.school_id = o.school_id AND k.judgement_id = 0
JOIN regulation v ON v.regulation = k.regulation GROUP BY o.school_id, v.regulation
"""
"""school_id, regulation, profile_version of the school's own act on the local day where its data end; the first
version also covers what is older (annex P). No row where the school states no act or the act's file has gone.
"""


def in_force_first(version: str, of_act: str) -> str:
    """SQL to order versions by: that in force (`of_act`, a column of ACT_IN_FORCE) before all, else the newest."""
    return f"({version} = {of_act}) DESC NULLS LAST, {version} DESC"
