"""Settings of the indicators that a school may state otherwise: one registry with every default and its reason.

No act of the federation fixes these numbers; peers compute each of them in several ways (peers §2). A school says its
own in a file (`etl.metric_files`); what it does not say has the default here. `is_stored` settings enter the marts, so
their change derives that one school anew; the others are applied when a page asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from etl.contract.learning import (
    BORDERLINE,
    CONTROL_WORKS_MARKS,
    EARLY_LESSONS,
    MARK_NORMS,
    MARKS_TO_JUDGE,
    OBJECTIVE_WITHIN,
    SOU_WEIGHTS,
    SPREAD_STEP,
    SYSTEMATIC_SHARE,
)

Form = Literal["mean", "share", "capped"]
DayRule = Literal["every_lesson", "half_of_lessons", "any_lesson"]
Works = Literal["monitoring", "control"]
FORMS: tuple[Form, ...] = ("mean", "share", "capped")
DAY_RULES: tuple[DayRule, ...] = ("every_lesson", "half_of_lessons", "any_lesson")
WORKS: tuple[Works, ...] = ("monitoring", "control")
_MARKS = {"5": 5, "4": 4, "3": 3, "2": 2, "1": 1, "not_attested": 10}


@dataclass(frozen=True)
class Variants:
    """The values in force for one school; the defaults are those of the registry.

    Shares are from 0 to 1, `objectivity*` hundredths of a mark, `sou_weights` hundredths by mark code (10 = н/а),
    `mark_norms` marks a period by weekly hours, `objectivity_by_subject` by the name of the subject in lower case.
    """

    mark_norms: tuple[tuple[float, int], ...] = tuple(MARK_NORMS.items())
    accumulation: Form = "capped"
    early_lessons: int = EARLY_LESSONS
    objectivity_within: int = OBJECTIVE_WITHIN
    objectivity_by_subject: tuple[tuple[str, int], ...] = ()
    objectivity_border: int = BORDERLINE
    objectivity_marks: int = MARKS_TO_JUDGE
    sou_weights: tuple[tuple[int, int], ...] = tuple(SOU_WEIGHTS.items())
    absent_day: DayRule = "every_lesson"
    systematic_share: float = SYSTEMATIC_SHARE
    control_works: Works = "monitoring"
    control_works_marks: int = CONTROL_WORKS_MARKS


@dataclass(frozen=True)
class Variant:
    """One setting: its name, what a file may say (`expects`), why the default is what it is, and how it is read.

    `read` turns a TOML value into the value of `Variants`; it raises ValueError for everything `expects` does not say.
    """

    name: str
    expects: str
    reason: str
    read: Callable[[Any], Any]
    is_stored: bool


class VariantError(ValueError):
    """A value that a setting cannot have; the message names the setting, the value and what is expected."""


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return read


def _hundredths(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 2:
        raise ValueError
    return round(value * 100)


def _border(value: Any) -> int:
    return 0 if value == 0 and not isinstance(value, bool) else _hundredths(value)


def _step(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError
    steps = round(value * SPREAD_STEP)
    if not steps or abs(steps / SPREAD_STEP - value) > 1e-9:
        raise ValueError
    return steps / SPREAD_STEP


def _one_of(known: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in known:
            raise ValueError
        return str(value)

    return read


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError
    return value


def _norms(value: Any) -> tuple[tuple[float, int], ...]:
    found = sorted((float(hours), _whole(1, 100)(norm)) for hours, norm in _table(value).items())
    if any(not 0 < hours <= 40 for hours, _ in found) or [norm for _, norm in found] != sorted(n for _, n in found):
        raise ValueError  # more hours never ask fewer marks
    return tuple(found)


def _subjects(value: Any) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name.strip().lower(), _hundredths(within)) for name, within in _table(value).items()))


def _weights(value: Any) -> tuple[tuple[int, int], ...]:
    stated = {_MARKS[mark]: _whole(0, 100)(weight) for mark, weight in _table(value).items() if mark in _MARKS}
    if len(stated) != len(value):
        raise ValueError
    return tuple({**SOU_WEIGHTS, **stated}.items())


VARIANTS: tuple[Variant, ...] = (
    Variant("mark_norms", 'least marks a period by weekly hours, such as { "1" = 3, "2" = 5, "3" = 7 }',
            "no federal norm exists; 3/5/7 is what school checkers in use take (peers §2, M6); a norm of the school's "
            "act comes first", _norms, True),
    Variant("accumulation", f"one of {', '.join(FORMS)}",
            "the capped share of the norm cannot be raised by marks of a few pupils (peers §2, M6)", _one_of(FORMS),
            False),
    Variant("early_lessons", "a whole number of lessons from 0 to 34",
            "a class of 25 is asked by fives: before five lessons nobody can owe a mark (issue: no accusing in the "
            "first days)", _whole(0, 34), True),
    Variant("objectivity_within", "a difference of marks from 0.01 to 2.00",
            "requirements B-36: half a mark, the rounding of the weighted mean", _hundredths, True),
    Variant("objectivity_by_subject", 'such as { "физкультура" = 0.8 }, differences of marks by name of the subject',
            "none: one limit for all subjects, until the school states another", _subjects, True),
    Variant("objectivity_border", "a difference of marks from 0 to 2.00",
            "peers §2, M10: within five hundredths of the limit either mark is accepted", _border, True),
    Variant("objectivity_marks", "a whole number of marks from 1 to 20",
            "peers §2, M10: fewer than three marks say nothing of a period mark", _whole(1, 20), True),
    Variant("sou_weights", 'hundredths from 0 to 100 by mark, such as { "5" = 100, "4" = 64, "not_attested" = 7 }',
            "peers §2, M3: the weights of Simonov's formula", _weights, False),
    Variant("absent_day", f"one of {', '.join(DAY_RULES)}",
            "004 5-КР-8 speaks of days and lessons apart: a day is missed when every lesson of it is",
            _one_of(DAY_RULES), True),
    Variant("systematic_share", "a share from 0.05 to 1 in steps of 0.05",
            "peers §2, M9; requirements B-18: three lessons in ten of a month", _step, False),
    Variant("control_works", f"one of {', '.join(WORKS)}",
            "requirements B-36 names ВШК: a work of the school's own monitoring is not set by the teacher alone; "
            "«control» adds every control and test work", _one_of(WORKS), False),
    Variant("control_works_marks", "a whole number of marks from 1 to 100",
            "the least group that says anything anywhere else (fewer than five is not compared)", _whole(1, 100),
            False),
)  # fmt: skip
"""Every setting, in the order people see them."""
BY_NAME: dict[str, Variant] = {variant.name: variant for variant in VARIANTS}
DEFAULTS = Variants()


def read_variant(name: str, value: Any) -> Any:
    """A value as `Variants` holds it; VariantError names what is wrong with it."""
    variant = BY_NAME.get(name)
    if variant is None:
        raise VariantError(f"{name!r} is no setting of an indicator; known: {', '.join(BY_NAME)}.")
    try:
        return variant.read(value)
    except (ValueError, TypeError, AttributeError):
        raise VariantError(f"{name} = {value!r}: expected {variant.expects}.") from None


def with_values(stated: Mapping[str, Any]) -> Variants:
    """The defaults with the values a school states (as `read_variant` gives them)."""
    return replace(DEFAULTS, **stated)


def to_text(value: Any) -> str:
    """A value of `Variants` as JSON, as it is kept in the database."""
    return json.dumps(value, ensure_ascii=False)


def from_text(name: str, text: str) -> Any:
    """The value that `to_text` wrote: tables are tuples of pairs again."""
    value = json.loads(text)
    if name in {field.name for field in fields(Variants)} and isinstance(value, list):
        return tuple((key, number) for key, number in value)
    return value
