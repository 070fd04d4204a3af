"""A report as PDF, by typst: A4, page x of y, tables with a head on every page, tagged; the same report is the
same file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dashboard.i18n import t
from dashboard.library.make import Body
from dashboard.library.parts import Part, in_words
from dashboard.reports.pdf import typeset
from dashboard.table_export import About

_TEMPLATE = Path(__file__).resolve().parent.parent / "templates" / "report.typ"
_WIDE = 8  # more columns lie across the page
_LONG = 7  # characters of a head that stands upright over narrow cells
_SHORT = 6  # characters of a narrow cell


def pdf_file(body: Body, about: About, period: str) -> bytes:
    """The document as PDF; `about` = what is said about it, in order."""
    return typeset(_TEMPLATE, payload(body, about, period))[0]


def payload(body: Body, about: About, period: str) -> dict[str, Any]:
    """What the template draws."""
    parts = [_part(part) for part in body.parts]
    first = next((place for place, part in enumerate(body.parts) if part.breaks), None)
    if first == 0:
        parts[0]["breaks"] = False  # the title is its page
    names = (("report.signature_teacher", body.teacher), ("report.signature_deputy", ""))
    return {
        "title": body.title,
        "place": body.place,
        "period": period,
        "wide": any(len(part["columns"]) > _WIDE for part in parts),
        "parts": parts,
        "signatures": [
            t("report.signature_line", who=t(key), name=name or "____________________") for key, name in names
        ],
        "about": [list(pair) for pair in about],
        "footer": f"{body.title} · {body.place}",
        "page": t("report.page"),
    }


def _part(part: Part) -> dict[str, Any]:
    columns = part.sheet.columns if part.sheet is not None else ()
    rows = part.sheet.rows if part.sheet is not None else ()
    shown = [[in_words(value) for value in row] for row in rows]
    longest = [max((len(row[place]) for row in shown), default=0) for place in range(len(columns))]
    numbers = [_are_numbers([row[place] for row in rows]) for place in range(len(columns))]
    narrow = [size <= _SHORT and len(columns) > _WIDE for size in longest]
    is_turned = any(narrow[place] and len(label) > _LONG for place, label in enumerate(columns))
    return {
        "title": part.title,
        "notes": list(part.notes),
        "columns": list(columns) if rows else [],
        "rows": shown,
        "numbers": numbers,
        "turned": [is_turned and one for one in narrow],
        "widths": [_width(size, is_narrow=narrow[place], is_auto=numbers[place] or len(columns) == 2)
                   for place, size in enumerate(longest)],
        "breaks": part.breaks,
        "signed": part.signed,
    }  # fmt: skip


def _width(longest: int, *, is_narrow: bool, is_auto: bool) -> int:
    """Share of the width by the longest text; 0 = as wide as what stands in it. Narrow cells share it evenly."""
    if is_narrow:
        return 2
    return 0 if is_auto or longest <= _LONG else min(12, 5 + longest // 6)


def _are_numbers(values: list[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) for value in known)
