"""The settings of indicators for those who read the warehouse: what a school states, and what is in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from etl.contract.learning import SPREAD_STEP
from etl.contract.variants import BY_NAME, DEFAULTS, VARIANTS, Variants, from_text, with_values

__all__ = ["BY_DEFAULT", "DEFAULTS", "SPREAD_STEP", "VARIANTS", "InForce", "Variants", "in_force"]


@dataclass(frozen=True)
class InForce:
    """The values in force and, for each setting that the school states, where it took the value from."""

    values: Variants = DEFAULTS
    sources: Mapping[str, str] = field(default_factory=dict)


BY_DEFAULT = InForce()
"""Nothing is stated: every default."""


def in_force(rows: Iterable[tuple[str, str, str]]) -> InForce:
    """What is in force by rows of metric_setting: (setting, value, source); settings that no longer exist are left
    out."""
    known = [(name, from_text(name, value), source) for name, value, source in rows if name in BY_NAME]
    stated = {name: value for name, value, _ in known}
    return InForce(with_values(stated), {name: source for name, _, source in known})
