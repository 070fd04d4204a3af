"""A list of findings as CSV for a table program: who made it, of what, as of when; then one line a finding. Pure.

Semicolons and a byte-order mark, because Russian table programs open such a file by a double click; a text that a table
program would take for a formula is written with an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from dashboard import wording
from dashboard.access import Identity
from dashboard.i18n import NBSP, count, day_short, listed, number, t
from dashboard.wording import LedgerRow

_NAMED = 5  # schools named one by one
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS = (
    "school", "severity", "finding", "told", "class", "subject", "on", "pupil", "entry", "responsible", "clause",
    "act", "state", "reason", "decided_by", "first_seen", "last_seen", "fixed", "reopened",
)  # fmt: skip


def findings_csv(rows: pl.DataFrame, about: Sequence[tuple[str, str]]) -> bytes:
    """`rows` as of `read_every`; `about` = pairs of words above the table."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([safe(name), safe(value)] for name, value in about)
    writer.writerow([])
    writer.writerow([t(f"finding_export.{name}") for name in COLUMNS])
    writer.writerows([safe(cell) for cell in _line(row)] for row in rows.iter_rows(named=True))
    return out.getvalue().encode("utf-8-sig")


def about(
    sources: pl.DataFrame,
    person: Identity,
    now: datetime,
    chosen: tuple[str, str, str],
    written: int,
    total: int,
) -> list[tuple[str, str]]:
    """What stands above the table: source systems, as of when, who, when, period, state and filters, how many."""
    rows = list(sources.iter_rows(named=True))
    zone = rows[0]["timezone"] if rows else "UTC"
    until = [wording.short_moment(row["extracted_at"], row["timezone"]) for row in rows]
    systems = sorted({row["source_system"] or t("loads.unknown_source") for row in rows})
    schools = listed(row["school"] for row in rows) if len(rows) <= _NAMED else count(len(rows), "school")
    period, state, narrowed = chosen
    lines = [
        ("title", t("page.findings")),
        ("schools", schools),
        ("source", listed(systems)),
        ("until", until[0] if len(set(until)) == 1 else f"{min(until)} – {max(until)}" if until else "—"),
        ("who", f"{person.name}, " + t(f"role.{person.role}")),
        ("made", wording.short_moment(now, zone)),
        ("period", period),
        ("shown", state),
        ("narrowed", narrowed),
        ("rows", number(written) if written == total else out_of_total(written, total)),
    ]
    return [(t(f"finding_export.about_{name}"), words) for name, words in lines]


def out_of_total(written: int, total: int) -> str:
    """A cut list says so, and what to do."""
    return t("finding_export.cut", written=number(written), total=number(total))


def safe(text: str) -> str:
    """The text as no table program calculates it; no-break spaces become plain ones, so that words are found."""
    plain = text.replace(NBSP, " ")
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def _line(row: dict[str, Any]) -> Iterable[str]:
    zone = row["timezone"]
    on = row["held_on"] or row["anchor_on"]
    reason = wording.why_withdrawn(row["reason"]) if row["reason"] else ""
    moments = (row["first_seen_at"], row["at"], row["fixed_at"])
    return (
        row["school"],
        wording.severity_name(row["severity"]),
        wording.rule_name(row["rule"]),
        wording.told(LedgerRow.of(row, zone)),
        row["class_name"] or "",
        row["subject"] or "",
        day_short(on) if on else "",
        row["pupil"] or "",
        row["mark"] or row["absence"] or "",
        row["responsible"] or "",
        wording.clause(row),
        wording.act(row),
        t(f"finding_state.{row['state']}"),
        reason,
        row["decided_by"] or "",
        *("" if moment is None else wording.short_moment(moment, zone) for moment in moments),
        str(row["reopened"]),
    )
