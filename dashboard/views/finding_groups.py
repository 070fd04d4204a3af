"""Findings added up by kind, class, person, journal or school: how many, how grave, how old; a click opens the list."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, wording
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.group_words import short_group
from dashboard.i18n import count, number, t
from dashboard.queries.findings import Findings

GROUPS = ("rule", "class", "staff", "journal", "school")
_FIELDS = {"rule": "rule", "class": "class_id", "staff": "staff", "journal": "journal", "school": "school"}
_KEYS = {"rule": "rule", "class": "class_id", "staff": "staff_id", "journal": "journal_id", "school": "in_school"}


def ledger_name(rule: int) -> str:
    """The code of a rule in the address."""
    return wording.BY_NUMBER[rule].name


def group_table(page: Findings, filters: Filters, group: str) -> None:
    """Draw the table of one grouping: kinds and journals by number, people and schools by name (it is no rating)."""
    groups = _groups(page, group)
    columns = [
        Column(t(f"finding_group.name_{group}"), wide=True),
        *(Column(t(f"finding_group.{name}"), is_number=True) for name in ("n", "critical", "major", "oldest")),
    ]
    rows = [_row(row, index) for index, row in enumerate(groups)]
    title = t("finding_group.title", by=t(f"group.{group}"))
    with st.container(border=True):
        st.header(frame.plain(title), anchor=False)
        st.caption(t("finding_group.note"))
        clicked = row_table(f"findings_by_{group}", columns, rows, caption=title)
    if clicked is not None:
        value = groups[clicked]["value"]
        choice: Any = ledger_name(value) if group == "rule" else value
        frame.set_filters(filters.drilled(**{_FIELDS[group]: choice}).changed(group=None))


def _groups(page: Findings, group: str) -> list[dict[str, Any]]:
    found = page.counts.filter((pl.col("part") == group) & (pl.col("n") > 0))
    schools = dict(page.schools.select("school_id", "label").iter_rows())
    rows = [
        {**row, "value": row[_KEYS[group]], "name": _name(row, group, schools)} for row in found.iter_rows(named=True)
    ]
    if group in ("staff", "school"):
        return sorted(
            rows, key=lambda row: (row["value"] is None, wording.alphabetical(row["name"]), row["value"] or 0)
        )
    if group == "class":
        return sorted(rows, key=lambda row: (row["value"] is None, row["grade"] or 0, row["letter"] or "", row["name"]))
    return sorted(rows, key=lambda row: (-row["n"], row["name"], row["value"] or 0))


def _name(row: dict[str, Any], group: str, schools: dict[int, str]) -> str:
    if group == "rule":
        return wording.rule_name(row["rule"])
    if group == "school":
        return schools.get(row["in_school"], "—")
    if group == "staff":
        return frame.short_name(row["full_name"]) if row["full_name"] else t("findings.nobody")
    if group == "class":
        return row["class_name"] or t("finding_group.no_class")
    if row["subject"] is None:
        return t("finding_group.no_journal")
    name = t("journal.name", klass=row["class_name"] or "—", subject=row["subject"])
    return ", ".join(part for part in (name, short_group(row)) if part)


def _row(row: dict[str, Any], index: int) -> Row:
    oldest = row["oldest"]
    days = "—" if oldest is None else count(oldest, "day") if oldest > 0 else t("finding_group.today")
    cells = (
        Cell(row["name"]),
        Cell(number(row["n"])),
        *(Cell(number(row[name]) if row[name] else "—") for name in ("critical", "major")),
        Cell(days),
    )
    is_open = row["value"] is not None
    return Row(cells, index if is_open else None, t("finding_group.open", name=row["name"]) if is_open else "")
