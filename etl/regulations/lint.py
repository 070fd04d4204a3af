"""Before trusting a regulation: what it leaves unsaid, where it is laxer than its parent, how two differ."""

from __future__ import annotations

from dataclasses import dataclass

from etl.regulations.deadlines import Deadline, DeadlineKind, MonthDay
from etl.regulations.parameters import PARAMETERS, Parameter, Value
from etl.regulations.profile import Mention, Profile, Stated
from etl.regulations.rules import RULE_PARAMETERS


@dataclass(frozen=True, slots=True)
class Unstated:
    """A parameter that no layer states. `default`: what null then means; `rules`: those it would regulate."""

    parameter: str
    default: Value | None
    rules: tuple[str, ...]
    mention: Mention | None


@dataclass(frozen=True, slots=True)
class Laxer:
    """A stated value that is laxer than the one above it. The lower one holds all the same (annex P)."""

    parameter: str
    own: Stated
    above: Stated


@dataclass(frozen=True, slots=True)
class Difference:
    """A parameter that two profiles answer differently; None = not stated."""

    parameter: str
    first: Stated | None
    second: Stated | None


def unstated(profile: Profile) -> list[Unstated]:
    """Every parameter that is not stated, in the order of the dictionary."""
    mentions = {mention.parameter: mention for mention in profile.mentions}
    return [
        Unstated(name, parameter.default, _rules_of(name), mentions.get(name))
        for name, parameter in PARAMETERS.items()
        if name not in profile.parameters
    ]


def unregulated_rules(profile: Profile) -> list[str]:
    """Rules of the ledger that judge nothing in this profile, in the order of the ledger."""
    return [rule for rule in RULE_PARAMETERS if not profile.is_regulated(rule)]


def laxer(profile: Profile) -> list[Laxer]:
    """Where a stated value asks less than the one it overrides from a layer above.

    Values that cannot be ranked (a day of checking against a number of days) are not reported.
    """
    pairs = [(name, profile.parameters[name], above) for name, above in profile.overridden.items()]
    return [
        Laxer(name, own, above) for name, own, above in pairs if _is_laxer(PARAMETERS[name], own.value, above.value)
    ]


def difference(first: Profile, second: Profile) -> list[Difference]:
    """Parameters whose stated values differ, in the order of the dictionary; clauses may differ freely."""
    pairs = [(name, first.stated(name), second.stated(name)) for name in PARAMETERS]
    return [Difference(name, a, b) for name, a, b in pairs if (a and a.value) != (b and b.value)]


def _rules_of(parameter: str) -> tuple[str, ...]:
    return tuple(rule for rule, names in RULE_PARAMETERS.items() if parameter in names.governing)


def _is_laxer(parameter: Parameter, own: Value, above: Value) -> bool:
    if parameter.laxer == "":
        return False
    if isinstance(own, frozenset) and isinstance(above, frozenset):
        return own > above if parameter.laxer == "more" else own < above
    mine, theirs = _rank(parameter, own), _rank(parameter, above)
    if mine is None or theirs is None:
        return False
    return mine > theirs if parameter.laxer == "more" else mine < theirs


def _rank(parameter: Parameter, value: Value) -> float | None:
    """A number that grows with the value; None where there is no order."""
    if isinstance(value, Deadline):
        return _days(value)
    if isinstance(value, MonthDay):
        # a school year runs from July to June (annex L6)
        return (value.month - 7) % 12 * 31 + value.day
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str) and value in parameter.allowed:
        return float(parameter.allowed.index(value))
    return None


def _days(deadline: Deadline) -> float | None:
    """About how many days a limit leaves: enough to rank two limits, never to judge an entry."""
    match deadline.kind:
        case DeadlineKind.CHECK_DAY:
            return None
        case DeadlineKind.AT_ENTRY:
            return 0.0
        case DeadlineKind.SAME_DAY:
            return 1.0
        case DeadlineKind.HOURS:
            return min(deadline.amount / 24, 1.0 if deadline.also_same_day else float("inf"))
        case DeadlineKind.DAYS:
            return 1.0 + deadline.amount
        case DeadlineKind.WORKING_DAYS | DeadlineKind.INSTRUCTIONAL_DAYS:
            # five such days take a week
            return 1.0 + deadline.amount * 7 / 5
