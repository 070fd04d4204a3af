"""What the page of the regulation asks: how a school is judged, which acts are known, what each of them says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from dashboard.filters import Filters
from dashboard.queries import schools
from dashboard.queries.door import read
from etl.warehouse.scope import Scope

_RULES = """
SELECT j.school_id, j.profile_version, j.rule, j.is_regulated, j.severity, j.norm_share, j.target_text, j.limit_text,
       j.act_title, j.act_number, j.act_date, j.clause, j.quotation, j.origin, j.parameter
FROM judgement_rule j
WHERE j.school_id = ANY(:schools) AND j.school_id = :school AND j.judgement_id = 0 ORDER BY j.profile_version, j.rule
"""
_JUDGEMENT = """
SELECT j.school_id, j.regulation, j.fingerprint, j.derived_at
FROM judgement j WHERE j.school_id = ANY(:schools) AND j.school_id = :school AND j.judgement_id = 0
"""
# Acts belong to no school and hold no person: whoever has any school may read them.
_ACTS = """
SELECT r.regulation, r.profile_version, r.title, r.level, r.act_number, r.act_date, r.valid_from, r.valid_until,
       r.layers, r.source_system, r.fingerprint
FROM regulation r WHERE cardinality(CAST(:schools AS int[])) > 0 ORDER BY r.regulation, r.profile_version
"""
_PARAMETERS = """
SELECT p.regulation, p.profile_version, p.parameter_no, p.parameter, p.section, p.label, p.kind, p.unit, p.value,
       p.default_value, p.severity, p.clause, p.quotation, p.layer, p.act_number, p.act_date, p.valid_from, p.origin,
       p.above_value, p.above_layer, p.is_laxer, CAST(p.rules AS int[]) AS rules
FROM regulation_parameter p
WHERE cardinality(CAST(:schools AS int[])) > 0
  AND p.regulation || ':' || p.profile_version = ANY(CAST(:acts AS text[]))
ORDER BY p.regulation, p.profile_version, p.parameter_no
"""


@dataclass(frozen=True)
class Judged:
    """How a school is judged: `school` = a row of `schools.read_schools`; `rules` one row per version and rule;
    `regulation` and `fingerprint` of the act it was derived by, None = none stated.
    """

    school: dict[str, object]
    rules: pl.DataFrame
    regulation: str | None
    fingerprint: str


def read_judged(scope: Scope, filters: Filters, now: datetime) -> Judged | None:
    """The judgement of `filters.school`, three queries; None for a school that is not in the scope."""
    listed = schools.read_schools(scope, now, filters.school)
    if filters.school is None or listed.is_empty():
        return None
    asked = {"school": filters.school}
    judgement = read(scope, _JUDGEMENT, asked)
    rules = read(scope, _RULES, asked)
    regulation, fingerprint = judgement.select("regulation", "fingerprint").row(0) if judgement.height else (None, "")
    return Judged(listed.row(0, named=True), rules, regulation, fingerprint)


def read_acts(scope: Scope) -> pl.DataFrame:
    """Every known act and version, one query; never remembered, because no school's data version tells of a new act."""
    return read(scope, _ACTS)


def read_parameters(scope: Scope, acts: Sequence[str]) -> pl.DataFrame:
    """What acts say of each parameter, one query; an act is named `id:version`."""
    return read(scope, _PARAMETERS, {"acts": list(acts)})
