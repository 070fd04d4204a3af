"""Which settings of indicators are in force for a school: one query."""

from __future__ import annotations

from dashboard.queries.door import read
from etl.warehouse.metric_settings import BY_DEFAULT, InForce, in_force
from etl.warehouse.scope import Scope

_SETTINGS = """
SELECT m.school_id, m.setting, m.value, m.source FROM metric_setting m
WHERE m.school_id = ANY(:schools) AND m.school_id = :school ORDER BY m.setting
"""


def read_in_force(scope: Scope, school: int | None) -> InForce:
    """The settings of one school; for several schools the defaults: one yardstick for all of them, and no query."""
    if school is None:
        return BY_DEFAULT
    return in_force(read(scope, _SETTINGS, {"school": school}).select("setting", "value", "source").iter_rows())
