"""The table of all schools in words: one line per school, alphabetical, no rank and no common score. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from dashboard import measures
from dashboard.comparison import CHOICES, Line, lines_of
from dashboard.comparison_causes import Pair
from dashboard.comparison_words import value_words
from dashboard.components.row_table import Cell, Row
from dashboard.derived import derived
from dashboard.i18n import count, day_short, number, points, t
from dashboard.queries.monitoring import Monitoring
from dashboard.queries.schools import STALE_AFTER
from etl.warehouse.metrics import Measured, Metric

KEEPING = ("completeness", "timeliness", "contradictions", "critical_count")
"""Metrics of the first table, each beside its value in the period before."""
UPKEEP = ("programme_done", "over_week_share", "cards_filled", "review_share", "monthly_users")
"""Metrics of the second table."""


def keeping_rows(page: Monitoring, yardstick: Mapping[str, Mapping[int, Pair]]) -> list[Row]:
    """Freshness, completeness, timeliness, consistency, open critical findings with what they were before, and both
    shares by the common act; `yardstick` = metric → school → (own act, one act for all)."""
    columns, then = derived(page, _columns, KEEPING), derived(page, _columns_before, KEEPING)
    rows = []
    for row in page.ground.schools.iter_rows(named=True):
        school = int(row["school_id"])
        cells = [Cell(row["label"], row["act_title"] or t("overview.act_none"), "quiet"), _fresh(row)]
        cells += [_cell(columns[name][school], then[name].get(school)) for name in KEEPING]
        cells.append(_common(yardstick, school))
        rows.append(Row(tuple(cells), school, t("comparison.open", school=row["label"])))
    return rows


def upkeep_rows(page: Monitoring) -> list[Row]:
    """Programme, lag, cards, reviews and sign-ins of every school, with what each stands on."""
    columns = _columns(page, UPKEEP)
    return [
        Row((Cell(row["label"]), *(_cell(columns[name][int(row["school_id"])], None) for name in UPKEEP)),
            int(row["school_id"]), t("comparison.open", school=row["label"]))
        for row in page.ground.schools.iter_rows(named=True)
    ]  # fmt: skip


def _columns(page: Monitoring, names: tuple[str, ...]) -> dict[str, dict[int, Line]]:
    return {name: _by_school(page, CHOICES[name]) for name in names}


def _columns_before(page: Monitoring, names: tuple[str, ...]) -> dict[str, dict[int, Measured]]:
    return {name: _before(page, CHOICES[name]) for name in names}


def _by_school(page: Monitoring, metric: Metric) -> dict[int, Line]:
    found = page.sources[metric.source]
    return {line.school: line for line in lines_of(found.schools, found.values, metric)}


def _before(page: Monitoring, metric: Metric) -> dict[int, Measured]:
    rows = page.before.get(metric.source, pl.DataFrame())
    return metric.each(rows, "school_id") if rows.width else {}


def _fresh(row: Mapping[str, object]) -> Cell:
    days, working = row["days_old"], row["working_days_old"]
    is_old = isinstance(working, int) and working > STALE_AFTER
    note = t("comparison.fresh_old" if is_old else "comparison.fresh_ok", days=count(int(str(days)), "day"))
    return Cell(day_short(row["until_on"]), note, "warn" if is_old else "quiet")  # type: ignore[arg-type]


def _cell(line: Line, then: Measured | None) -> Cell:
    words = value_words(line)
    if line.state != "told":
        return Cell(words)
    if then is None:
        is_share = line.measured.metric.unit == "share"
        return Cell(words, count(line.measured.whole, line.measured.metric.noun) if is_share else "", "quiet")
    return Cell(words, _change(line.measured, then), "quiet")


def _change(now: Measured, then: Measured) -> str:
    """What it was, and by how much it changed; the colour says nothing: a change by chance is no merit."""
    if now.metric.unit == "count":
        return t("monitoring.was_count", was=number(then.part))
    if now.value is None or then.value is None:
        return t("compare.none")
    was = measures.in_words(Measured(then.metric, then.part, then.whole))
    if now.metric.unit == "mean":
        return t("monitoring.was_count", was=was)
    return t("monitoring.was", was=was, change=points(now.value - then.value))


def _common(yardstick: Mapping[str, Mapping[int, Pair]], school: int) -> Cell:
    """Completeness and timeliness by the common act over the year."""
    parts = []
    for name, pairs in yardstick.items():
        other = pairs[school][1] if school in pairs else None
        if other is None:
            return Cell(t("comparison_yardstick.never"))
        words = measures.in_words(other) if other.value is not None else t("comparison.cannot_say")
        parts.append(t(f"monitoring.common_{name}", value=words))
    return Cell(parts[0], " · ".join(parts[1:]), "quiet") if parts else Cell("—")
