"""What people are shown of an act behind a rule: severity, norm, deadlines and the clause with its quotation."""

from __future__ import annotations

from typing import Any

from etl.contract.ledger import Rule, Severity
from etl.regulations.profile import Profile
from etl.regulations.rules import RULE_PARAMETERS

RULE_COLUMNS = (
    "profile_version",
    "rule",
    "is_regulated",
    "severity",
    "missing_severity",
    "early_severity",
    "norm_share",
    "target_text",
    "limit_text",
    "act_title",
    "act_number",
    "act_date",
    "clause",
    "quotation",
    "origin",
    "parameter",
)
DUTY_NORM = 0.95
"""Share of duties and events that must be kept for the verdict «met» (fill_thresholds of requirements A7, green)."""


def describe_rule(rule: Rule, profile: Profile | None, capabilities: frozenset[str]) -> dict[str, Any]:
    """One row of judgement_rule; `profile` is None where the school states no act."""
    row: dict[str, Any] = dict.fromkeys(RULE_COLUMNS)
    row |= {
        "profile_version": 0,
        "rule": rule.number,
        "is_regulated": False,
        "norm_share": DUTY_NORM if rule.kind in {"duty", "event"} else 1.0,
        "origin": "none",
    }
    info = int(Severity.info)
    if profile is None or rule.name not in RULE_PARAMETERS:
        return row | dict.fromkeys(("severity", "missing_severity", "early_severity"), info)
    severity = int(Severity[profile.rule_severity(rule.name).value])
    stated = profile.governing(rule.name)
    clause = profile.rule_clause(rule.name)
    target, limit = profile.rule_target(rule.name), profile.rule_limit(rule.name)
    return row | {
        "profile_version": profile.version,
        "is_regulated": profile.is_regulated(rule.name),
        "severity": severity,
        "missing_severity": _missing_severity(rule, profile, capabilities, severity),
        "early_severity": _early_severity(rule, profile, severity),
        "target_text": str(target) if target else None,
        "limit_text": str(limit) if limit else None,
        "act_title": clause.act_title if clause else profile.title,
        "act_number": clause.act_number if clause else None,
        "act_date": clause.act_date if clause else None,
        "clause": clause.number if clause else None,
        "quotation": clause.quotation if clause else None,
        "origin": stated.origin.value if stated else "none",
        "parameter": stated.parameter if stated else None,
    }


def _missing_severity(rule: Rule, profile: Profile, capabilities: frozenset[str], severity: int) -> int:
    """Homework left blank where it is due only if assigned, and the source cannot say so, is minor (annex F2)."""
    unsure = profile.word("homework_required") != "always" and "homework_not_assigned" not in capabilities
    return int(Severity.minor) if rule.name == "homework" and unsure else severity


def _early_severity(rule: Rule, profile: Profile, severity: int) -> int:
    """Duties done too early are minor; a mark in advance is minor in an act that states no ban (annex F2)."""
    if rule.kind == "duty":
        return int(Severity.minor)
    if rule.name == "future_mark" and profile.clause("future_marks_forbidden") is None:
        return int(Severity.minor)
    return severity
