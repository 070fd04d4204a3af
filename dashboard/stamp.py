"""What a saved table says of itself: whose, who made it and when, scope, period, as-of, sources, act, what is left out.

Pure. The words of the page (its heading, path and selectors) are remembered by the frame as a `Head`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from checks.wording import act
from dashboard import wording
from dashboard.access import Identity
from dashboard.filters import Filters
from dashboard.i18n import count, day_short, listed, number, t
from etl.warehouse.scope import Scope

_NAMED = 5  # schools, acts and sources named one by one


@dataclass(frozen=True)
class Head:
    """The words of the page that a table stood on: heading, the line under it, the path from coarse to fine, the
    period, the day it is as of (None = where the data end), and the filters that its path does not show."""

    title: str = ""
    caption: str = ""
    path: tuple[str, ...] = ()
    period: str = ""
    as_of: date | datetime | None = None
    narrowed: tuple[str, ...] = ()
    school: int | None = None
    left_out: tuple[str, ...] = field(default=())
    position: Filters = field(default_factory=Filters)


def stamp(
    title: str, head: Head, origins: pl.DataFrame, person: Identity, scope: Scope, now: datetime, rows: str
) -> list[tuple[str, str]]:
    """(name, words) in order, without those that are empty. `origins` as of `read_origins`; `now` aware; `rows` = how
    many rows, in words."""
    lines = list(origins.iter_rows(named=True))
    zone = str(lines[0]["timezone"]) if lines else "UTC"
    known = [
        ("title", title),
        ("page", head.title),
        ("state", head.caption),
        ("schools", listed(row["school"] for row in lines) if len(lines) <= _NAMED else count(len(lines), "school")),
        ("narrowed", " → ".join((*head.path, *head.narrowed)) or t("finding_export.everything")),
        ("period", head.period),
        ("as_of", _moment(head.as_of)),
        ("until", _until(lines)),
        ("source", _some({row["source_system"] or t("loads.unknown_source") for row in lines})),
        ("act", _some({_act(row) for row in lines})),
        ("scope", t("export.scope", role=t(f"role.{person.role}"), level=t(f"export.level_{scope.level}"))),
        ("who", f"{person.name}, {t(f'role.{person.role}')}"),
        ("made", wording.short_moment(now, zone)),
        ("left_out", " ".join((*head.left_out, t("export.left_out")))),
        ("rows", rows),
    ]
    return [(t(f"finding_export.about_{name}"), words) for name, words in known if words]


def how_many(written: int, total: int) -> str:
    """The number of rows in words; a cut list says so, and what to do."""
    if written >= total:
        return number(written)
    return t("finding_export.cut", written=number(written), total=number(total))


def _moment(at: date | datetime | None) -> str:
    if at is None:
        return t("export.newest")
    return f"{day_short(at)} {at:%H:%M}" if isinstance(at, datetime) else day_short(at)


def _until(lines: list[dict[str, object]]) -> str:
    known = [(row["extracted_at"], str(row["timezone"])) for row in lines]
    moments = [(at, wording.short_moment(at, zone)) for at, zone in known if isinstance(at, datetime)]
    if not moments:
        return "—"
    first, last = min(moments)[1], max(moments)[1]
    return first if first == last else f"{first} – {last}"


def _act(row: dict[str, object]) -> str:
    if not row["act_title"]:
        return t("school.act_none")
    version = row["profile_version"]
    return act(row) if version is None else t("export.version", act=act(row), version=version)


def _some(words: set[str]) -> str:
    shown = sorted(words, key=wording.alphabetical)
    if len(shown) <= _NAMED:
        return "; ".join(shown)
    return "; ".join([*shown[:_NAMED], t("export.more", n=number(len(shown) - _NAMED))])
