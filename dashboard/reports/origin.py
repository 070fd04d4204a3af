"""The stamp of a document that is made now: of the row that says where the school's data come from (003 4.5). Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from checks.wording import act
from dashboard.reports.document import Stamp
from dashboard.wording import short_moment


def stamp_of(origins: pl.DataFrame, executor: str, now: datetime) -> Stamp:
    """`origins` as of `read_origins` for one school, `executor` = name and role, `now` aware, to the second.

    What is not known (no load, no act) is blank: the document is refused then.
    """
    row = origins.row(0, named=True) if origins.height else {}
    zone = str(row.get("timezone") or "UTC")
    until = row.get("extracted_at")
    return Stamp(
        str(row.get("source_system") or ""),
        now.astimezone(ZoneInfo(zone)).replace(microsecond=0),
        executor,
        short_moment(until, zone) if isinstance(until, datetime) else "",
        act(row) if row.get("act_title") else "",
        str(row.get("profile_version") or ""),
    )
