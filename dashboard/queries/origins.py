"""Where the schools of a table come from: what a file says of its sources."""

from __future__ import annotations

import polars as pl

from dashboard.queries.door import read
from etl.warehouse.acts import ACT_IN_FORCE
from etl.warehouse.scope import Scope

_ORIGINS = f"""
SELECT s.school_id, coalesce(s.short_name, s.name) AS school, s.timezone, s.extracted_at,
       r.source_system,
       coalesce(g.title, k.regulation) AS act_title, nullif(g.act_number, '') AS act_number, g.act_date,
       f.profile_version
FROM dim_school s
LEFT JOIN (SELECT school_id, max(load_id) AS load_id FROM load_table GROUP BY 1) l ON l.school_id = s.school_id
LEFT JOIN load_run r USING (load_id)
LEFT JOIN judgement k ON k.school_id = s.school_id AND k.judgement_id = 0
LEFT JOIN ({ACT_IN_FORCE}) f ON f.school_id = s.school_id
LEFT JOIN regulation g ON g.regulation = f.regulation AND g.profile_version = f.profile_version
WHERE s.school_id = ANY(:schools) AND (CAST(:school AS int) IS NULL OR s.school_id = :school)
ORDER BY school, school_id
"""


def read_origins(scope: Scope, school: int | None) -> pl.DataFrame:
    """One row per school: school, timezone, extracted_at, source_system (as the manifest says, or null), and of its
    own act in force where the data end: act_title, act_number, act_date, profile_version."""
    return read(scope, _ORIGINS, {"school": school})
