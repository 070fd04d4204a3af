"""A regulation in force: every stated parameter with its clause, its layers, and what it says for a rule."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from etl.regulations.deadlines import Deadline, MonthDay
from etl.regulations.parameters import PARAMETERS, Parameter, Value
from etl.regulations.rules import RULE_PARAMETERS, Severity
from etl.regulations.values import value_text

_T = TypeVar("_T")


class Level(StrEnum):
    """Who issued the act. A lower level's stated value wins over a higher one's."""

    REGION = "region"
    MUNICIPALITY = "municipality"
    SCHOOL = "school"


@dataclass(frozen=True, slots=True)
class Clause:
    """The sentence that a value rests on. `act_number` is "" and `act_date` None where the act bears none."""

    act_title: str
    act_number: str
    act_date: date | None
    number: str
    quotation: str
    layer: str


class Origin(StrEnum):
    """`act`: the act says so, in `clause`. `contract default`: annex P adds the value without a clause."""

    ACT = "act"
    CONTRACT_DEFAULT = "contract default"


@dataclass(frozen=True, slots=True)
class Stated:
    """One stated parameter. `layer` is the id of the profile that states it; no clause: contract default."""

    parameter: str
    value: Value
    severity: Severity
    layer: str
    clause: Clause | None = None
    origin: Origin = Origin.ACT
    note: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A clause that speaks of a parameter without a value that can be judged (no number, "recommended")."""

    parameter: str
    clause: Clause
    note: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One act of which a profile is made, lowest last."""

    id: str
    level: Level
    title: str
    act_number: str
    act_date: date | None
    valid_from: date | None


@dataclass(frozen=True)
class Profile:
    """One version of a regulation, its parents' values already beneath its own.

    `version` counts from 1 in order of `valid_from`; a new version of a parent makes one of the child too.
    `valid_from` is None for an act without a date; the first version covers everything earlier (annex P).
    `digest` names the content: it changes when any value, clause, severity or note changes, and only then.
    `overridden` holds, for each value that a lower layer states anew, the one of the nearest layer above.
    """

    id: str
    version: int
    title: str
    valid_from: date | None
    level: Level
    source_system: str
    layers: tuple[Layer, ...]
    parameters: Mapping[str, Stated]
    overridden: Mapping[str, Stated] = field(default_factory=dict)
    mentions: tuple[Mention, ...] = ()
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        object.__setattr__(self, "overridden", MappingProxyType(dict(self.overridden)))
        object.__setattr__(self, "digest", _digest(self.parameters))

    @property
    def parent(self) -> str | None:
        """Id of the profile above, None for the highest."""
        return self.layers[-2].id if len(self.layers) > 1 else None

    def stated(self, name: str) -> Stated | None:
        """What the act or a parent states; None when silent. Raises KeyError for an unknown parameter."""
        return self.parameters.get(_known(name).name)

    def value(self, name: str) -> Value | None:
        """The value in force: the stated one, else what null means where it means something, else None."""
        stated = self.stated(name)
        return _known(name).default if stated is None else stated.value

    def deadline(self, name: str) -> Deadline | None:
        """A time limit, None when not stated. The typed accessors raise TypeError for another type."""
        return self._typed(name, Deadline)

    def flag(self, name: str) -> bool:
        """A duty or ban; silence is False."""
        return self._typed(name, bool) or False

    def count(self, name: str) -> int | None:
        """A whole number in the parameter's unit."""
        return self._typed(name, int)

    def share(self, name: str) -> float | None:
        """A share between 0 and 1."""
        return self._typed(name, float)

    def word(self, name: str) -> str | None:
        """A word of an enumeration, or a text."""
        return self._typed(name, str)

    def words(self, name: str) -> frozenset[str]:
        """A set of words; silence is the empty set unless the parameter has a default."""
        return self._typed(name, frozenset) or frozenset()

    def month_day(self, name: str) -> MonthDay | None:
        """A date that comes back every school year."""
        return self._typed(name, MonthDay)

    def year_setup(self) -> Mapping[str, MonthDay]:
        """Section (or `class_list:*`) → last day, for the rule year_setup (annex R16); empty when silent."""
        sections = self._typed("year_setup", MappingProxyType)
        return sections if sections is not None else MappingProxyType({})

    def _typed(self, name: str, of: type[_T]) -> _T | None:
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, of) or (isinstance(value, bool) and of is not bool):
            raise TypeError(f"{name} is a {_known(name).kind}, not read as {of.__name__}.")
        return value

    def clause(self, name: str) -> Clause | None:
        """The clause behind a parameter; None when not stated or a contract default."""
        stated = self.stated(name)
        return None if stated is None else stated.clause

    def rule_limit(self, rule: str) -> Deadline | None:
        """The hard limit of a rule, fallbacks applied (null written_mark_limit: mark_limit)."""
        return self._first_deadline(RULE_PARAMETERS[rule].limit)

    def rule_target(self, rule: str) -> Deadline | None:
        """The soft limit of a rule, fallbacks applied; not yet cut to the hard one (annex L5)."""
        return self._first_deadline(RULE_PARAMETERS[rule].target)

    def _first_deadline(self, names: Sequence[str]) -> Deadline | None:
        return next((found for name in names if (found := self.deadline(name)) is not None), None)

    def governing(self, rule: str) -> Stated | None:
        """The first stated parameter that asks something for the rule: limit, then target, then terms."""
        for name in RULE_PARAMETERS[rule].governing:
            stated = self.stated(name)
            if stated is not None and stated.value not in _known(name).inert:
                return stated
        return None

    def is_regulated(self, rule: str) -> bool:
        """Whether the profile says what the rule judges (annex L4). Rules without parameters always hold."""
        return not RULE_PARAMETERS[rule].governing or self.governing(rule) is not None

    def rule_clause(self, rule: str) -> Clause | None:
        """The clause a row of the rule cites; None: not regulated, contract default, or no parameters."""
        governing = self.governing(rule)
        return None if governing is None else governing.clause

    def rule_clauses(self, rule: str) -> tuple[Clause, ...]:
        """`rule_clause` and the further clauses the row cites (ledger, rule mark: the ban on past marks)."""
        also = (self.clause(name) for name in RULE_PARAMETERS[rule].also if self.flag(name))
        return tuple(clause for clause in (self.rule_clause(rule), *also) if clause is not None)

    def rule_severity(self, rule: str) -> Severity:
        """Severity of a breach as far as the profile decides it (annex F2): fixed, else that of the clause.

        What depends on the row (early duties, homework left blank, locks with a softer rule still open, a
        wrong role) is for the findings. A rule that is not regulated has no breaches; it answers `info`.
        """
        fixed, governing = RULE_PARAMETERS[rule].fixed, self.governing(rule)
        if fixed is not None:
            return fixed
        return Severity.INFO if governing is None else governing.severity


def fingerprint(versions: Sequence[Profile]) -> str:
    """Names what a school is judged by: it changes with the content and first day of any version; "" = no act."""
    return "|".join(f"{version.valid_from or ''}:{version.digest}" for version in versions)


def _known(name: str) -> Parameter:
    if name not in PARAMETERS:
        raise KeyError(f"No parameter {name!r}; see etl.regulations.parameters.")
    return PARAMETERS[name]


def _digest(parameters: Mapping[str, Stated]) -> str:
    lines = [
        "|".join((name, value_text(stated.value), stated.severity, stated.layer, str(stated.clause), stated.note))
        for name, stated in sorted(parameters.items())
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
