"""Journals of a school: classes × subjects, the emptiest ones, and kinds of records × weeks."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import charts, frame
from dashboard.components.heat_grid import Axis, Cell, heat_grid
from dashboard.derived import derived
from dashboard.filters import Filters, parse, to_params
from dashboard.group_words import short_group
from dashboard.i18n import count, t
from dashboard.queries import schools as asked
from dashboard.queries.school import School, below_norm
from etl.warehouse.metrics import LESSON_RULES, METRICS

MEASURE_KEY = "zavuch.measure"
NAMED = 3  # journals named over the grid


def draw_journals(page: School, filters: Filters) -> None:
    """The grid of classes × subjects; a cell opens its journal, a class or a subject narrows the page."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="top", key="school_journals_head"):
            with st.container(width="stretch", gap="small"):
                st.header(t("school.journals"), anchor=False)
                st.caption(t("school.journals_note"))
            metric_name = _measure(filters)
        _worst(page, filters)
        rows, columns, cells = derived(page, journal_cells, metric_name)
        if not cells:
            st.markdown(t("school.journals_empty"))
            return
        clicked = heat_grid(
            "school_journals",
            rows,
            columns,
            cells,
            caption=t("school.journals_caption"),
            corner=t("school.subject"),
            noun="entry",
        )
    if clicked is not None:
        _open_cell(page, filters, clicked)


def _subject(row: dict[str, Any]) -> str:
    """Two groups of a class have two journals of one subject: the group tells them apart."""
    return ", ".join(part for part in (str(row["subject"]), short_group(row)) if part)


def _worst(page: School, filters: Filters) -> None:
    """The journals with the most records unfilled, each a click away."""
    below = derived(page, below_norm).head(NAMED)
    if below.is_empty():
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="school_worst"):
        st.markdown(f"{t('school.worst')}:", width="content")
        for row in below.iter_rows(named=True):
            words = t(
                "school.worst_journal",
                klass=row["class_name"],
                subject=_subject(row),
                n=count(row["unfilled"], "entry"),
            )
            if st.button(
                frame.plain(words),
                key=f"worst_{row['journal_id']}",
                type="tertiary",
                icon=":material/chevron_right:",
                icon_position="right",
            ):
                frame.go(
                    "journal",
                    filters.drilled(class_id=row["class_id"], subject=row["subject_id"], journal=row["journal_id"]),
                )


def _measure(filters: Filters) -> str:
    names = {"all": t("school.measure_all"), **{rule: t(f"record.{rule}") for rule in LESSON_RULES}}
    current = filters.measure if filters.measure in names else "all"
    # the URL decides, also after Back: the widget's own memory never wins
    st.session_state[MEASURE_KEY] = current
    st.selectbox(
        t("school.measure"),
        list(names),
        key=MEASURE_KEY,
        format_func=lambda code: names[code],
        on_change=_choose_measure,
        width=200,
    )
    return "completeness" if current == "all" else f"completeness_{current}"


def _choose_measure() -> None:
    chosen = st.session_state[MEASURE_KEY]
    filters = parse(st.query_params.to_dict()).changed(measure=None if chosen == "all" else chosen)
    st.query_params.from_dict(to_params(filters))


def journal_cells(
    page: School, metric_name: str
) -> tuple[list[Axis], list[Axis], dict[tuple[str | int, str | int], Cell]]:
    """Subjects × classes with the completeness of their journals together; classes and subjects without
    records left out."""
    placed = page.journals.join(page.dims.select("journal_id", "subject_id"), on="journal_id")
    shares = METRICS[metric_name].by(placed, "subject_id", "class_id").filter(pl.col("whole") + pl.col("unknown") > 0)
    cells: dict[tuple[str | int, str | int], Cell] = {
        (row["subject_id"], row["class_id"]): Cell(row["value"], row["whole"] + row["unknown"])
        for row in shares.iter_rows(named=True)
    }
    subjects = (
        page.dims.select("subject_id", "subject")
        .unique(["subject_id"])
        .sort(asked.natural_order("subject"), "subject_id")
    )
    classes = (
        page.dims.select("class_id", "class_name", "grade", "letter")
        .unique(["class_id"])
        .sort("grade", "letter", "class_id")
    )
    used_rows, used_columns = {key[0] for key in cells}, {key[1] for key in cells}
    rows_axis = [
        Axis(row["subject_id"], row["subject"])
        for row in subjects.iter_rows(named=True)
        if row["subject_id"] in used_rows
    ]
    columns_axis = [
        Axis(row["class_id"], row["class_name"])
        for row in classes.iter_rows(named=True)
        if row["class_id"] in used_columns
    ]
    return rows_axis, columns_axis, cells


def _open_cell(page: School, filters: Filters, clicked: tuple[Any, Any]) -> None:
    subject, class_id = clicked
    if class_id is None:
        frame.set_filters(filters.drilled(subject=subject))
    if subject is None:
        frame.set_filters(filters.drilled(class_id=class_id))
    mine = page.dims.filter((pl.col("subject_id") == subject) & (pl.col("class_id") == class_id))[
        "journal_id"
    ].to_list()
    with_rows = [journal for journal in mine if journal in set(page.journals["journal_id"].to_list())] or mine
    frame.go(
        "journal",
        filters.drilled(class_id=class_id, subject=subject, journal=with_rows[0] if len(with_rows) == 1 else None),
    )


def draw_record_weeks(page: School) -> None:
    """For a reader of the whole school: kinds of records × weeks."""
    cells: dict[tuple[str | int, str | int], Cell] = {
        (rule, str(row["week_on"])): Cell(row["value"], row["whole"] + row["unknown"])
        for rule in LESSON_RULES
        for row in METRICS[f"completeness_{rule}"].by(page.weeks, "week_on").iter_rows(named=True)
        if row["week_on"] is not None and row["whole"] + row["unknown"]
    }
    weeks = sorted({key[1] for key in cells})
    labels = charts.week_labels([date.fromisoformat(str(week)) for week in weeks])
    with st.container(border=True):
        st.header(t("school.records_weeks"), anchor=False)
        st.caption(t("school.records_weeks_note"))
        if not cells:
            st.markdown(t("school.journals_empty"))
            return
        heat_grid(
            "school_weeks_grid",
            [Axis(rule, t(f"record.{rule}")) for rule in LESSON_RULES],
            [Axis(week, label) for week, label in zip(weeks, labels, strict=True)],
            cells,
            caption=t("school.records_weeks_caption"),
            corner=t("school.record"),
        )
