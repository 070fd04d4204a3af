"""Every known act as rows for those who read acts from the database: versions, and parameters stated or not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from etl.contract.ledger import RULE, Severity
from etl.regulations.lint import laxer
from etl.regulations.parameters import PARAMETERS, SECTION_OF
from etl.regulations.profile import Clause, Profile, fingerprint
from etl.regulations.rules import RULE_PARAMETERS
from etl.regulations.values import json_text


def act_rows(profiles: Mapping[str, Sequence[Profile]]) -> list[dict[str, Any]]:
    """One row of the table `regulation` per act and version, by id and version."""
    return [
        {
            "regulation": profile_id,
            "profile_version": profile.version,
            "title": profile.title,
            "level": str(profile.level),
            "act_number": profile.layers[-1].act_number,
            "act_date": profile.layers[-1].act_date,
            "valid_from": profile.valid_from,
            "valid_until": following.valid_from if following is not None else None,
            "layers": [layer.id for layer in profile.layers],
            "source_system": profile.source_system,
            "fingerprint": fingerprint(versions),
        }
        for profile_id, versions in sorted(profiles.items())
        for profile, following in zip(versions, [*versions[1:], None], strict=True)
    ]


def parameter_rows(profiles: Mapping[str, Sequence[Profile]]) -> list[dict[str, Any]]:
    """One row of the table `regulation_parameter` per act, version and parameter of the dictionary."""
    return [row for _, versions in sorted(profiles.items()) for profile in versions for row in _rows_of(profile)]


def _rows_of(profile: Profile) -> list[dict[str, Any]]:
    weaker = {one.parameter for one in laxer(profile)}
    mentions = {mention.parameter: mention.clause for mention in profile.mentions}
    starts = {layer.id: layer.valid_from for layer in profile.layers}
    rows = []
    for number, (name, parameter) in enumerate(PARAMETERS.items(), start=1):
        stated, above = profile.stated(name), profile.overridden.get(name)
        clause = mentions.get(name) if stated is None else stated.clause
        layer = clause.layer if clause is not None else stated.layer if stated is not None else None
        rows.append(
            {
                "regulation": profile.id,
                "profile_version": profile.version,
                "parameter_no": number,
                "parameter": name,
                "section": SECTION_OF[name],
                "label": parameter.label,
                "kind": str(parameter.kind),
                "unit": parameter.unit,
                "value": json_text(stated.value) if stated is not None else None,
                "default_value": json_text(parameter.default),
                "severity": int(Severity[stated.severity.value]) if stated is not None else None,
                **_cited(clause),
                "layer": layer,
                "valid_from": starts.get(layer) if layer is not None else None,
                "origin": _origin(name, profile, clause),
                "above_value": json_text(above.value) if above is not None else None,
                "above_layer": above.layer if above is not None else None,
                "is_laxer": name in weaker,
                "rules": [
                    RULE[rule].number
                    for rule, names in RULE_PARAMETERS.items()
                    if name in names.governing and rule in RULE
                ],
            }
        )
    return rows


def _cited(clause: Clause | None) -> dict[str, Any]:
    return {
        "clause": clause.number if clause is not None else None,
        "quotation": clause.quotation if clause is not None else None,
        "act_number": clause.act_number if clause is not None else None,
        "act_date": clause.act_date if clause is not None else None,
    }


def _origin(name: str, profile: Profile, clause: Clause | None) -> str:
    stated = profile.stated(name)
    if stated is not None:
        return stated.origin.value
    return "mentioned" if clause is not None else "unsaid"
