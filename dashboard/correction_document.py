"""«Таблица учёта изменений в электронном журнале» (004 7.5): an annex to the printed summary of a period. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.correction_rows import Verdict
from dashboard.correction_words import permission_words, place_words, what_words, when_words
from dashboard.i18n import t
from dashboard.reports.document import Column, Document, Paragraph, Section, Signature, Stamp, Table

_COLUMNS = ("when", "where", "pupil", "what", "who", "permission", "ground", "verdict")


def correction_document(rows: Sequence[dict[str, Any]], stamp: Stamp, school: str, period: str) -> Document:
    """The table of changes after the lock; `rows` = changes with their verdict (`correction_rows`), `period` in words.

    The deputy who answers for the control of the journal signs it, the director puts a visa (004 1.8, 7.5).
    """
    columns = tuple(Column(t(f"corrections.paper_{name}")) for name in _COLUMNS)
    table = Table(t("corrections.table"), columns, [_cells(row) for row in rows], empty=t("corrections.none"))
    return Document(
        "correction_table",
        t("corrections.table"),
        stamp,
        (Section("", (Paragraph(t("corrections.paper_note"), "note"), table)),),
        subtitle=period,
        school=school,
        above=(t("corrections.paper_visa"),),
        signatures=(Signature(t("corrections.paper_deputy")),),
        landscape=True,
    )


def _cells(row: dict[str, Any]) -> list[str]:
    permission, ground = permission_words(row)
    who = row["staff"] or t("corrections.nobody")
    return [
        when_words(row), place_words({**row, "pupil": None}), row["pupil"] or "", what_words(row), who, permission,
        ground, t(f"correction_verdict.{Verdict(row['verdict'])}"),
    ]  # fmt: skip
