"""Accumulation of marks over a month, a week, free days, or a period until a past day (requirements B-01…B-04): what
004 5-ЗД-6 asks of a deputy every month. Pupils are named once a class is chosen.
"""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import frame, measures, moment_words
from dashboard.components.heat_grid import Axis, heat_grid
from dashboard.components.heat_grid import Cell as Share
from dashboard.components.kpi_cards import kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import parse, to_params
from dashboard.group_words import short_group
from dashboard.i18n import number, percent, t
from dashboard.queries import schools as asked
from dashboard.queries.performance import Performance
from dashboard.views import learning_parts as parts
from dashboard.views.learning_parts import Place
from etl.warehouse.metrics import METRICS, Metric
from etl.warehouse.metrics_learning import LEARNING_METRICS

_MEAN, _ASKED = LEARNING_METRICS["marks_per_pupil"], LEARNING_METRICS["asked_share"]
_UNMARKED, _ONE = LEARNING_METRICS["unmarked_share"], LEARNING_METRICS["one_mark_share"]
# code of the URL → metric, and whether the grid shows its complement: a full cell is always the good one
_MEASURES: dict[str, tuple[Metric, bool]] = {"marked": (_UNMARKED, True), "asked": (_ASKED, False)}
_MEASURE_KEY = "zavuch.marks_of_days"
SHOWN = 60


def draw_marks_of_days(place: Place, page: Performance) -> None:
    """Cards, subjects × classes or the pupils of the class; nothing where the days have no lesson with a roster."""
    if page.days is None or page.days.fill.is_empty():
        frame.empty(t("performance.empty_title"), t("marks_of_days.empty"))
        return
    _cards(place, page, page.days.fill)
    with st.container(border=True):
        if place.filters.class_id is None:
            _grid(place, page, page.days.fill)
        else:
            _pupils(place, page, page.days.few)


def _cards(place: Place, page: Performance, fill: pl.DataFrame) -> None:
    before = page.days_before
    note = moment_words.compared_with(place.choice, page.before_on)
    one = _ONE.of(fill)
    cards = [
        measures.card(_MEAN, t("performance.card_per_pupil"), fill, before=before, before_note=note),
        measures.card(_ASKED, t("performance.card_asked"), fill, before=before, before_note=note,
                      passport=(t("marks_of_days.absences"),)),
        measures.card(_UNMARKED, t("performance.card_unmarked"), fill, before=before, before_note=note,
                      detail=f"{t('performance.card_one').lower()} — {percent(one.value)}"),
        measures.card(METRICS["mean_mark"], t("comparison_metric.mean_mark"), fill, before=before, before_note=note),
    ]  # fmt: skip
    kpi_cards("performance_days", cards, place.stamp)
    st.caption(t("marks_of_days.note"))


def _grid(place: Place, page: Performance, fill: pl.DataFrame) -> None:
    with st.container(horizontal=True, vertical_alignment="top"):
        with st.container(width="stretch", gap="small"):
            heading, note = st.empty(), st.empty()
        code = _measure(place.filters.measure)
    caption = t("performance.grid_caption", measure=t(f"marks_of_days.measure_{code}"))
    heading.header(caption, anchor=False)
    note.caption(t("marks_of_days.grid_note"))
    metric, is_complement = _MEASURES[code]
    named = page.dims.drop("class_id")
    placed = fill.join(named, on="journal_id")
    cells: dict[tuple[str | int, str | int], Share] = {
        (row["subject_id"], row["class_id"]): Share(
            1 - row["value"] if is_complement and row["value"] is not None else row["value"], row["whole"]
        )
        for row in metric.by(placed, "subject_id", "class_id").filter(pl.col("whole") > 0).iter_rows(named=True)
    }
    subjects = placed.select("subject_id", "subject").unique(["subject_id"])
    classes = placed.select("class_id", "class_name", "grade", "letter").unique(["class_id"])
    clicked = heat_grid(
        "performance_days_grid",
        [Axis(row["subject_id"], row["subject"])
         for row in subjects.sort(asked.natural_order("subject"), "subject_id").iter_rows(named=True)],
        [Axis(row["class_id"], row["class_name"])
         for row in classes.sort("grade", "letter", "class_id").iter_rows(named=True)],
        cells, caption=caption, corner=t("school.subject"), noun=metric.noun, of="norm",
        beside=lambda: parts.download("marks-of-days", _exported(placed), t("performance.journals"),
                                      [t(f"performance.{label}") for _metric, label in _SHARES],
                                      label=t("export.journals")),
    )  # fmt: skip
    if clicked is not None:
        subject, class_id = clicked
        changes = {name: value for name, value in (("class_id", class_id), ("subject", subject)) if value is not None}
        frame.set_filters(place.filters.drilled(**changes))


_SHARES = ((_ASKED, "card_asked"), (_UNMARKED, "card_unmarked"), (_ONE, "card_one"))


def _exported(placed: pl.DataFrame) -> pl.DataFrame:
    """One line per journal: all four numbers with the pupils they are taken over."""
    rows = placed.sort("grade", "letter", "class_id", "subject", "journal_id")
    pupils = rows["pupil_count"]
    shares = [
        rows.select("journal_id").join(metric.by(rows, "journal_id"), on="journal_id", how="left",
                                       maintain_order="left")["value"].alias(t(f"performance.{label}"))
        for metric, label in _SHARES
    ]  # fmt: skip
    return pl.DataFrame([
        rows["class_name"].alias(t("performance.column_class")),
        rows["subject"].alias(t("performance.column_subject")),
        pl.Series(t("marks_of_days.column_group"), [short_group(row) for row in rows.iter_rows(named=True)]),
        rows.select(pl.when(pl.col("pupil_count") > 0).then(pl.col("pupil_mark_count") / pl.col("pupil_count")).round(2)
                    .alias(t("performance.card_per_pupil"))).to_series(),
        *shares,
        pupils.alias(t("marks_of_days.column_pupils")),
        rows["apart_count"].alias(t("marks_of_days.column_apart")),
    ])  # fmt: skip


def _pupils(place: Place, page: Performance, few: pl.DataFrame) -> None:
    """Pupils of the class without a mark or with one, by subject; a row opens the journal."""
    st.header(t("marks_of_days.few"), anchor=False)
    st.caption(t("marks_of_days.few_note"))
    if few.is_empty():
        st.markdown(t("marks_of_days.few_none"))
        return
    rows = (
        few.join(page.dims.select("journal_id", "subject"), on="journal_id")
        .with_columns(pl.col("full_name").fill_null(t("attendance.nameless")))
        .sort("mark_count", "subject", "full_name", "pupil_id")
    )
    shown = list(rows.head(SHOWN).iter_rows(named=True))
    table = [
        Row(
            (
                Cell(row["full_name"]),
                Cell(row["subject"]),
                Cell(number(row["mark_count"]), tone="" if row["mark_count"] else "bad", badge=not row["mark_count"]),
                Cell(number(row["lesson_count"])),
            ),
            index,
            t("performance.open_row", subject=row["subject"], name=row["full_name"]),
        )
        for index, row in enumerate(shown)
    ]
    columns = [
        Column(t("performance.column_pupil"), wide=True),
        Column(t("performance.column_subject")),
        Column(t("performance.column_marks"), is_number=True),
        Column(t("attendance.column_slot_count"), is_number=True),
    ]
    clicked = row_table("performance_days_few", columns, table, caption=t("marks_of_days.few"), height=420,
                        as_file=False)  # fmt: skip
    if rows.height > SHOWN:
        st.caption(t("performance.ask_more", shown=number(SHOWN), total=number(rows.height)))
    exported = rows.select(
        pl.col("full_name").alias(t("performance.column_pupil")),
        pl.col("subject").alias(t("performance.column_subject")),
        pl.col("mark_count").alias(t("performance.column_marks")),
        pl.col("lesson_count").alias(t("attendance.column_slot_count")),
    )
    parts.download("marks-few", exported, t("marks_of_days.few"))
    if clicked is not None:
        frame.go("journal", place.filters.changed(pupil=None, journal=shown[clicked]["journal_id"]))


def _measure(asked_code: str | None) -> str:
    current = asked_code if asked_code in _MEASURES else next(iter(_MEASURES))
    st.session_state[_MEASURE_KEY] = current  # the URL decides, also after Back
    st.selectbox(
        t("performance.measure"),
        list(_MEASURES),
        key=_MEASURE_KEY,
        format_func=lambda code: t(f"marks_of_days.measure_{code}"),
        on_change=_choose_measure,
        width=220,
    )
    return current


def _choose_measure() -> None:
    filters = parse(st.query_params.to_dict()).changed(measure=st.session_state[_MEASURE_KEY])
    st.query_params.from_dict(to_params(filters))
