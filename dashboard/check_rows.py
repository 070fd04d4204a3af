"""The verdicts of a run as rows of sentences: what was judged, how many keep it, how it went before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from checks.catalogue import Expectation
from dashboard import wording
from dashboard.components.row_table import Cell, Row, Tone
from dashboard.i18n import NBSP, number, percent, points, t
from dashboard.queries.checks import VERDICTS
from etl.warehouse.ledger import Severity

TONES: dict[str, Tone] = {"met": "good", "not_met": "bad", "cannot_tell": "unknown", "not_regulated": "quiet"}
_SIGNS = {"met": "✓", "not_met": "!", "cannot_tell": "?", "not_regulated": "–"}


def ordered(results: pl.DataFrame, run: int, catalogue: Mapping[str, Expectation]) -> list[dict[str, Any]]:
    """The results of a run: not met first, gravest first, then by title; what the act does not regulate is left out."""
    rows = [row for row in results.iter_rows(named=True) if row["run_id"] == run and row["verdict"] != "not_regulated"]
    return sorted(rows, key=lambda row: (VERDICTS.index(row["verdict"]), *_place(row, catalogue)))


def _place(row: dict[str, Any], catalogue: Mapping[str, Expectation]) -> tuple[int, str]:
    one = catalogue.get(row["check_id"])
    return (int(one.severity) if one else 9, one.title if one else row["check_id"])


def share_of(row: Mapping[str, Any], one: Expectation | None) -> float | None:
    """Share kept, 0–1; None where nothing was judged or only breaches have rows."""
    if not row["applicable_count"] or (one is not None and one.only_breaches):
        return None
    return 1 - float(row["violated_count"]) / float(row["applicable_count"])


def verdict_row(
    row: dict[str, Any], before: Sequence[dict[str, Any]], one: Expectation | None, index: int | None
) -> Row:
    """One expectation; `before` = its results of earlier runs, newest first; `index` None = no findings to open."""
    share = share_of(row, one)
    title = one.title if one else row["check_id"]
    severity = wording.severity_name(int(one.severity)) if one else ""
    cells = (
        Cell(title, one.what if one else ""),
        Cell(t(f"verdict.{row['verdict']}"), tone=TONES[row["verdict"]], badge=True),
        Cell(severity, tone=_severity_tone(one), badge=bool(severity)),
        Cell(percent(share) if share is not None else "—", _norm(row, share)),
        Cell(number(row["applicable_count"]) if share is not None else "—"),
        Cell(number(row["violated_count"]) if row["violated_count"] is not None else t("privacy.hidden")),
        Cell(number(row["unknown_count"]) if row["unknown_count"] else "—"),
        Cell(*_trend(row, before, one)),
    )
    return Row(cells, index, t("checks.open", name=title) if index is not None else "")


def _severity_tone(one: Expectation | None) -> Tone:
    if one is None:
        return ""
    tones: dict[Severity, Tone] = {Severity.critical: "bad", Severity.major: "warn", Severity.minor: "quiet"}
    return tones.get(one.severity, "info")


def _norm(row: dict[str, Any], share: float | None) -> str:
    return t("checks.norm", share=percent(row["norm_share"], 0)) if share is not None else ""


def _trend(row: dict[str, Any], before: Sequence[dict[str, Any]], one: Expectation | None) -> tuple[str, str]:
    """Signs of the verdicts, oldest first, and the change of the share since the run before."""
    if not before:
        return t("checks.first_run"), ""
    signs = NBSP.join(_SIGNS[said["verdict"]] for said in [*reversed(before), row])
    now, then = share_of(row, one), share_of(before[0], one)
    if now is None or then is None:
        return signs, ""
    return signs, t("kpi.unchanged") if now == then else points(now - then)
