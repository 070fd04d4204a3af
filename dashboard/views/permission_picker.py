"""Choosing what a permission is about: class, subject, lesson, entry; or the change that somebody came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard.filters import Filters
from dashboard.i18n import day_short, t
from dashboard.queries.register_choices import (
    Choices,
    read_class_journals,
    read_lesson_days,
    read_lesson_objects,
    read_period_objects,
)
from dashboard.register_rows import period_words
from etl.warehouse.scope import Scope

PERIODS = -1
"""Stands in the list of lessons for the period marks of the journal."""


@dataclass(frozen=True)
class Thing:
    """An entry that may be changed: `entity` and `key` of the contract, and how people call it."""

    entity: str
    key: str
    words: str


def pick_thing(scope: Scope, school: int, choices: Choices, filters: Filters) -> Thing | None:
    """Four lists, each the narrower; what the position names is chosen beforehand. None until all four are chosen."""
    classes = dict(choices.classes.select("class_id", "class_name").iter_rows())
    class_id = _choose("class", t("registers.find_class"), classes, filters.class_id)
    if class_id is None:
        return None
    journals = {row["journal_id"]: row for row in read_class_journals(scope, school, class_id).iter_rows(named=True)}
    journal = _choose("journal", t("registers.find_journal"), {key: _journal(row) for key, row in journals.items()},
                      filters.journal)  # fmt: skip
    if journal is None:
        return None
    year = journals[journal]["school_year"]
    lessons = {PERIODS: t("registers.find_periods")} | {
        row[0]: day_short(row[1]) + (f" · {row[2]}" if row[2] else "")
        for row in read_lesson_days(scope, school, journal, year).select("lesson_id", "held_on", "slot").iter_rows()
    }
    lesson = _choose("lesson", t("registers.find_lesson"), lessons, filters.lesson)
    if lesson is None:
        return None
    rows = (read_period_objects(scope, school, journal, year) if lesson == PERIODS
            else read_lesson_objects(scope, school, journal, year, lesson))  # fmt: skip
    place = f"{classes[class_id]}, {_journal(journals[journal])}" + (
        f", {lessons[lesson]}" if lesson != PERIODS else ""
    )
    things = {index: _thing(row, place) for index, row in enumerate(rows.iter_rows(named=True))}
    if not things:
        st.info(t("registers.find_none"))
        return None
    index = _choose("entry", t("registers.find_entry"), {key: thing.words for key, thing in things.items()}, None)
    return None if index is None else things[index]


def _choose(name: str, label: str, options: dict[int, str], first: int | None) -> int | None:
    chosen: int | None = st.selectbox(
        label, list(options), index=list(options).index(first) if first in options else None,
        key=f"zavuch.permission.{name}", format_func=lambda key: options[key], placeholder=t("registers.not_chosen"),
        width=520,
    )  # fmt: skip
    return chosen


def _journal(row: dict[str, Any]) -> str:
    named = row["group_name"] if row["group_kind"] != "class" else None
    return f"{row['subject']} ({named})" if named else str(row["subject"])


def _thing(row: dict[str, Any], place: str) -> Thing:
    words = t(f"entity.{row['entity']}")
    if row.get("period_kind"):
        words = f"{words}, {period_words(row['period_kind'], row['period_number'])}"
    said = " ".join(str(part) for part in (row["pupil"], row["value"] and f"«{row['value']}»") if part)
    return Thing(row["entity"], row["entity_key"], f"{place}: {words}" + (f", {said}" if said else ""))
