"""Every parameter a regulation can state, by name. The one place where they are defined.

The list is table A7 of the requirements, what annex P adds (written_mark_target, year_setup, the two halves
of A7's substitution_deadline), and two that rules of the ledger need to hang on (homeroom_teacher_required,
timetable_required). A parameter that no act states is null; the few that then still mean something carry
`default` (annex P, last paragraph). Nothing else is ever assumed.
"""

from __future__ import annotations

from collections.abc import Mapping

from etl.regulations.journal_parameters import JOURNAL_PARAMETERS
from etl.regulations.parameter import Kind, Parameter, Value
from etl.regulations.upkeep_parameters import UPKEEP_PARAMETERS

__all__ = ["PARAMETERS", "SECTION_OF", "Kind", "Parameter", "Value"]

_SECTIONS = {**JOURNAL_PARAMETERS, **UPKEEP_PARAMETERS}
PARAMETERS: Mapping[str, Parameter] = {
    parameter.name: parameter for section in _SECTIONS.values() for parameter in section
}
SECTION_OF: Mapping[str, str] = {parameter.name: name for name, section in _SECTIONS.items() for parameter in section}
"""The part of an act a parameter belongs to."""
