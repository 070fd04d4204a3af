"""A school's number in words: the value, its interval, how many rows it stands on. Pure."""

from __future__ import annotations

from dashboard import limits, measures
from dashboard.comparison import Line
from dashboard.i18n import number, percent, small_first, t
from etl.warehouse.metrics import Measured

_HUNDREDTHS = ("sou", "weighted_mean")


def value_words(line: Line) -> str:
    """The number of a line, or why there is none."""
    if line.state == "told":
        return measures.in_words(line.measured)
    return nothing_words(line.measured) if line.state == "nothing" else t(f"comparison.{line.state}_say")


def nothing_words(measured: Measured) -> str:
    """Why nothing counts: an act may set no limit, or none may be over yet; other numbers simply have no rows."""
    return t("comparison.nothing_due" if measured.metric.is_interval else "comparison.nothing_say")


def counted(measured: Measured) -> int:
    """How many rows the number stands on (weights are stored in hundredths)."""
    return measured.whole // 100 if measured.metric.name in _HUNDREDTHS else measured.whole


def interval_words(line: Line) -> str:
    """`95 %: 81,2–84,0 %`; empty where there is none."""
    return t("comparison.interval", span=measures.span(line.interval)) if line.interval else ""


def side_words(line: Line) -> str:
    """On which side of which limit a school lies."""
    side = "below" if (line.distance or 0) < 0 else "above"
    return t(f"comparison.side_{side}_{'outer' if line.worse > limits.OUTER else 'inner'}")


def inside(name: str) -> str:
    """The name of a metric within a sentence: small, but for abbreviations («СОУ»)."""
    return name if name[:2].isupper() else small_first(name)


def in_heading(name: str) -> str:
    """The name of a metric in a heading that has a colon or a dash of its own: «Заполнено (темы)»."""
    of, colon, part = name.partition(": ")
    return f"{of} ({part})" if colon else name


def alike_words(line: Line) -> str:
    """The common number of the schools like it; empty where there is none."""
    if line.alike is None:
        return ""
    unit = line.measured.metric.unit
    if unit == "days":
        return measures.days_words(line.alike, line.alike)
    return number(line.alike, 2) if unit == "mean" else percent(line.alike)
