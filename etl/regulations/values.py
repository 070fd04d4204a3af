"""From what TOML holds to typed values, and back to text."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Callable, Mapping
from datetime import time
from types import MappingProxyType

from etl.regulations.deadlines import DEADLINE_FORMS, MonthDay, parse_deadline, parse_month_day
from etl.regulations.parameters import Kind, Parameter, Value


def parse_value(parameter: Parameter, raw: object) -> Value:
    """The typed value of a parameter. Raises ValueError with the reason, ready to follow "`value` ".

    deadline, enum, text, monthday ("09-05"), time ("23:59"): strings. bool: true, false. int, ratio: number.
    set, monthdays: arrays of strings. year_setup: table section → "MM-DD". numbers: table key → number.
    """
    return _PARSERS[parameter.kind](parameter, raw)


def allowed_text(parameter: Parameter) -> str:
    """What a value may be, in words for an error message."""
    words = ", ".join(DEADLINE_FORMS.get(word, word) for word in parameter.allowed)
    return {
        Kind.DEADLINE: words,
        Kind.BOOL: "true, false",
        Kind.INT: f"a whole number from {parameter.low} to {parameter.high}",
        Kind.RATIO: "a number from 0 to 1",
        Kind.ENUM: words,
        Kind.SET: f"an array of {words}",
        Kind.TEXT: "a text that is not blank",
        Kind.TIME: '"HH:MM" or "HH:MM:SS"',
        Kind.MONTHDAY: '"MM-DD"',
        Kind.MONTHDAYS: 'an array of "MM-DD"',
        Kind.NUMBERS: f"a table of numbers{f' with the keys {words}' if words else ''}",
        Kind.YEAR_SETUP: f'a table of section = "MM-DD" with sections {words}',
    }[parameter.kind]


def value_text(value: Value | None) -> str:
    """One line of text, the same for equal values; "" for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, frozenset):
        return ", ".join(sorted(str(item) for item in value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in sorted(value.items()))
    return str(value)


def json_text(value: Value | None) -> str | None:
    """The value as JSON, for what reads acts from the database: lists sorted, limits and days as an act's file has
    them; None for null.
    """
    if value is None:
        return None
    if isinstance(value, frozenset):
        plain: object = sorted(str(item) for item in value)
    elif isinstance(value, Mapping):
        plain = {key: item if isinstance(item, float) else str(item) for key, item in value.items()}
    else:
        plain = value if isinstance(value, bool | int | float) else str(value)
    return json.dumps(plain, ensure_ascii=False)


def _deadline(parameter: Parameter, raw: object) -> Value:
    deadline = parse_deadline(_string(raw))
    if deadline.form not in parameter.allowed:
        raise ValueError(f"is a deadline of the form {deadline.form}, which this parameter does not take")
    return deadline


def _bool(_: Parameter, raw: object) -> Value:
    if not isinstance(raw, bool):
        raise ValueError("is not true or false")
    return raw


def _int(parameter: Parameter, raw: object) -> Value:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise ValueError("is not a whole number")
    if not parameter.low <= raw <= parameter.high:
        raise ValueError("is out of range")
    return raw


def _ratio(_: Parameter, raw: object) -> Value:
    number = _number(raw)
    if not 0 <= number <= 1:
        raise ValueError("is out of range")
    return number


def _enum(parameter: Parameter, raw: object) -> Value:
    # class_teacher_may_edit_subjects has the words true and false: a bare true is the natural way to write it
    word = ("true" if raw else "false") if isinstance(raw, bool) else _string(raw)
    if word not in parameter.allowed:
        raise ValueError("is not one of the allowed words")
    return word


def _set(parameter: Parameter, raw: object) -> Value:
    words = _strings(raw)
    unknown = [word for word in words if word not in parameter.allowed]
    if unknown:
        raise ValueError(f"contains {', '.join(map(repr, unknown))}")
    return frozenset(words)


def _text(parameter: Parameter, raw: object) -> Value:
    text = _string(raw).strip()
    if not text:
        raise ValueError("is blank")
    if parameter.name == "timezone" and text not in zoneinfo.available_timezones():
        raise ValueError("is not an IANA time zone such as Europe/Moscow")
    return text


def _time(_: Parameter, raw: object) -> Value:
    try:
        return time.fromisoformat(_string(raw))
    except ValueError:
        raise ValueError("is not a time of day") from None


def _month_day(_: Parameter, raw: object) -> Value:
    return parse_month_day(_string(raw))


def _month_days(_: Parameter, raw: object) -> Value:
    return frozenset(parse_month_day(text) for text in _strings(raw))


def _numbers(parameter: Parameter, raw: object) -> Value:
    return MappingProxyType({key: _number(item) for key, item in _table(parameter, raw).items()})


def _year_setup(parameter: Parameter, raw: object) -> Value:
    sections: dict[str, MonthDay] = {}
    for section, text in _table(parameter, raw).items():
        sections[section] = parse_month_day(_string(text))
    return MappingProxyType(sections)


def _table(parameter: Parameter, raw: object) -> Mapping[str, object]:
    if not isinstance(raw, dict) or not raw:
        raise ValueError("is not a table with at least one key")
    unknown = [key for key in raw if parameter.allowed and key not in parameter.allowed]
    if unknown:
        raise ValueError(f"has the unknown key {', '.join(map(repr, unknown))}")
    return raw


def _string(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError("is not a text in quotation marks")
    return raw


def _strings(raw: object) -> list[str]:
    if not isinstance(raw, list) or not raw:
        raise ValueError("is not an array with at least one item")
    return [_string(item) for item in raw]


def _number(raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise ValueError("is not a number")
    return float(raw)


_PARSERS: Mapping[Kind, Callable[[Parameter, object], Value]] = {
    Kind.DEADLINE: _deadline,
    Kind.BOOL: _bool,
    Kind.INT: _int,
    Kind.RATIO: _ratio,
    Kind.ENUM: _enum,
    Kind.SET: _set,
    Kind.TEXT: _text,
    Kind.TIME: _time,
    Kind.MONTHDAY: _month_day,
    Kind.MONTHDAYS: _month_days,
    Kind.NUMBERS: _numbers,
    Kind.YEAR_SETUP: _year_setup,
}
