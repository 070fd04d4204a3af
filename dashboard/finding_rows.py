"""One finding as a row of sentences: operands, place, responsible person, clause, state. Pure."""

from __future__ import annotations

from datetime import date
from typing import Any

from dashboard import wording
from dashboard.components.row_table import Cell, Row, Tone
from dashboard.frame import short_name
from dashboard.group_words import short_group
from dashboard.i18n import NBSP, t
from dashboard.journal_sheet import slot
from dashboard.wording import LedgerRow
from etl.warehouse.ledger import Status

_LONGEST_NOTE = 60  # characters of a person's reason in the list; the card has all of it
SEVERITY_TONES: dict[int, Tone] = {1: "bad", 2: "warn", 3: "quiet", 4: "info"}
STATE_TONES: dict[str, Tone] = {
    "open": "bad",
    "fixed": "good",
    "withdrawn": "quiet",
    "exempt": "info",
    "disputed": "warn",
    "accepted": "quiet",
}


def finding_row(row: dict[str, Any], index: int, *, several: bool) -> Row:
    """One finding in words: operands, place, responsible person, clause, state."""
    told = LedgerRow.of(row, row["timezone"])
    name = wording.rule_name(row["rule"])
    where = place_of(row, several=several)
    tone: Tone = "bad" if row["status"] in (Status.missing, Status.breached) else "warn"
    state_note = [t("findings.reopened", n=row["reopened"])] if row["reopened"] else []
    if row["reason"]:
        state_note.append(_short(wording.why_withdrawn(row["reason"])))
    cells = (
        Cell(name, wording.told(told), tone),
        Cell(wording.severity_name(row["severity"]), tone=SEVERITY_TONES[row["severity"]], badge=True),
        Cell(where, which(row)),
        Cell(short_name(row["responsible"]).replace(" ", NBSP) if row["responsible"] else t("findings.nobody")),
        Cell(wording.clause(row)),
        Cell(
            t(f"finding_state.{row['state']}"),
            ", ".join(state_note),
            STATE_TONES[row["state"]],
            badge=True,
            action=t("findings.details"),
        ),
    )
    opens = t("findings.open", finding=name, where=where) if row["journal_id"] is not None else ""
    return Row(cells, index if row["journal_id"] is not None else None, opens)


def place_of(row: dict[str, Any], *, several: bool) -> str:
    """«7А · Алгебра», with the school where there are several."""
    place = (
        t("journal.name", klass=row["class_name"], subject=row["subject"])
        if row["subject"]
        else row["class_name"] or ""
    )
    return ", ".join(part for part in (row["school"] if several else "", place) if part) or "—"


def which(row: dict[str, Any]) -> str:
    """The lesson, the pupil and the entry."""
    on: date | None = row["held_on"] or row["anchor_on"]
    words = [wording.school_day(on, row["at"].year) if on else ""]
    words.append(slot(row) if row["held_on"] else "")
    words.append(short_group(row))
    words.append(" ".join(row["pupil"].split()[:2]) if row["pupil"] else "")
    words.append(
        t("findings.mark", value=row["mark"])
        if row["mark"]
        else t("findings.absence", value=row["absence"].lower())
        if row["absence"]
        else ""
    )
    return ", ".join(word for word in words if word)


def _short(reason: str) -> str:
    return reason if len(reason) <= _LONGEST_NOTE else reason[:_LONGEST_NOTE].rstrip() + "…"
