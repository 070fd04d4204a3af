"""One class: whom to ask, period marks that want a look, the summary sheet, one pupil's unsatisfactory marks."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.components.heat_grid import Axis
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.components.word_grid import Word, WordGrid, word_grid
from dashboard.derived import derived
from dashboard.i18n import day_short, number, out_of, percent, t
from dashboard.queries import schools as asked
from dashboard.queries.performance import Performance
from dashboard.views import learning_parts as parts
from dashboard.views.learning_parts import Place
from etl.warehouse.metrics_learning import OVER, UNDER, WITHOUT_MARKS

_VERDICTS = {OVER: "over", UNDER: "under", WITHOUT_MARKS: "without_marks"}
_WORDS = {10: "н/а", 11: "осв", 12: "н/оц", 13: "зач", 14: "незач"}
_POOR = (1, 2, 10, 14)  # what must be made good before the year is over
SHOWN = 30


def draw_class(place: Place, page: Performance) -> None:
    """The lists of one class, what needs attention first; every row opens its journal."""
    if page.pupils.is_empty():
        st.info(t("performance.no_rosters"), icon=":material/help:")
        return
    pupils = derived(page, _pupils)
    if place.filters.pupil is not None:
        _low(place, page, pupils)
    with st.container(border=True):
        _ask(place, pupils)
    with st.container(border=True):
        _objective(place, pupils)
    with st.container(border=True):
        _matrix(place, pupils)


def _pupils(page: Performance) -> pl.DataFrame:
    """The pupils of the class by journal with its subject; who may not be named has a word instead."""
    subjects = page.dims.select("journal_id", "subject")
    return page.pupils.join(subjects, on="journal_id", how="left").with_columns(
        pl.col("full_name").fill_null(t("attendance.nameless"))
    )


def _ask(place: Place, pupils: pl.DataFrame) -> None:
    st.header(t("performance.ask"), anchor=False)
    st.caption(t("performance.ask_note"))
    short = derived(pupils, _short)
    if short.is_empty():
        st.markdown(t("performance.ask_none"))
        return
    columns = [
        Column(t("performance.column_pupil"), wide=True),
        Column(t("performance.column_subject")),
        Column(t("performance.column_marks"), is_number=True),
        Column(t("performance.column_needed"), is_number=True),
    ]
    table = derived(short, _ask_rows)
    clicked = row_table("performance_ask", columns, table, caption=t("performance.ask"), height=360, as_file=False,
                        of=short.height)  # fmt: skip
    if short.height > SHOWN:
        st.caption(t("performance.ask_more", shown=number(SHOWN), total=number(short.height)))
    parts.download("marks-needed", derived(short, _ask_file), t("performance.ask"))
    _open(place, short, clicked)


def _short(pupils: pl.DataFrame) -> pl.DataFrame:
    """Pairs of pupil and subject with fewer marks than the norm asks, those without any first."""
    return pupils.filter(
        ~pl.col("is_short")
        & ~pl.col("is_left")
        & pl.col("period_mark_code").ne_missing(11)
        & (pl.col("mark_count") < pl.col("needed_count"))
    ).sort(pl.col("mark_count") > 0, pl.col("mark_count") - pl.col("needed_count"), "subject", "full_name", "pupil_id")


def _ask_rows(short: pl.DataFrame) -> list[Row]:
    return [
        Row(
            (
                Cell(row["full_name"]),
                Cell(row["subject"]),
                Cell(number(row["mark_count"]), tone="" if row["mark_count"] else "bad", badge=not row["mark_count"]),
                Cell(number(row["needed_count"])),
            ),
            index,
            t("performance.open_row", subject=row["subject"], name=row["full_name"]),
        )
        for index, row in enumerate(short.head(SHOWN).iter_rows(named=True))
    ]


def _ask_file(short: pl.DataFrame) -> pl.DataFrame:
    names = (("full_name", "pupil"), ("subject", "subject"), ("mark_count", "marks"), ("needed_count", "needed"))
    return short.select(pl.col(name).alias(t(f"performance.column_{label}")) for name, label in names)


def _objective(place: Place, pupils: pl.DataFrame) -> None:
    st.header(t("performance.objective"), anchor=False)
    st.caption(t("performance.objective_note"))
    found = derived(pupils, _doubtful)
    if found.is_empty():
        st.markdown(t("performance.objective_none"))
        return
    columns = [
        Column(t("performance.column_pupil"), wide=True),
        Column(t("performance.column_subject")),
        Column(t("performance.column_mean_weighted"), is_number=True),
        Column(t("performance.column_given"), is_number=True),
        Column(t("performance.column_verdict")),
    ]
    table = derived(found, _doubtful_rows)
    clicked = row_table("performance_objective", columns, table, caption=t("performance.objective"), height=320)
    _open(place, found, clicked)


def _doubtful(pupils: pl.DataFrame) -> pl.DataFrame:
    """Pairs of pupil and subject whose period mark wants a look."""
    return pupils.filter(pl.col("verdict").is_in(list(_VERDICTS))).sort(
        ["verdict", "subject", "full_name", "pupil_id"], descending=[True, False, False, False]
    )


def _doubtful_rows(found: pl.DataFrame) -> list[Row]:
    return [
        Row(
            (
                Cell(row["full_name"]),
                Cell(row["subject"]),
                Cell(number(row["points"] / row["weight"], 2) if row["weight"] else "—"),
                Cell(str(row["period_mark_code"])),
                Cell(t(f"verdict.{_VERDICTS[row['verdict']]}"), tone="warn", badge=True),
            ),
            index,
            t("performance.open_row", subject=row["subject"], name=row["full_name"]),
        )
        for index, row in enumerate(found.iter_rows(named=True))
    ]


def _sheet(pupils: pl.DataFrame) -> tuple[pl.DataFrame, list[str], pl.DataFrame]:
    """Who is in the class with the words of each mark, the subjects in order, and one row per pupil."""
    code = pl.col("period_mark_code")
    words = pl.when(code <= 5).then(code.cast(pl.String)).otherwise(
        code.replace_strict(_WORDS, default=None, return_dtype=pl.String)
    )  # fmt: skip
    named = pupils.filter(~pl.col("is_left")).with_columns(words.alias("mark"))
    order = named.select("subject").unique().sort(asked.natural_order("subject"))["subject"].to_list()
    sheet = (
        named.group_by("pupil_id", "full_name", "subject")
        .agg(pl.col("mark").drop_nulls().sort().str.join("/"))
        .with_columns(pl.when(pl.col("mark") != "").then("mark").alias("mark"))
        .pivot("subject", index=["pupil_id", "full_name"], values="mark")
        .sort(asked.natural_order("full_name"), "pupil_id")
    )
    return named, order, sheet


def _grid(pupils: pl.DataFrame, owed: frozenset[str]) -> tuple[dict[tuple[int, str], int], WordGrid]:
    """Journal by pupil and subject, and the grid of pupils and subjects; empty cells of `owed` are marked."""
    named, order, sheet = derived(pupils, _sheet)
    firsts = named.unique(["pupil_id", "subject"], keep="first").select("pupil_id", "subject", "journal_id")
    journals = {(row[0], row[1]): row[2] for row in firsts.iter_rows()}
    poor = set(named.filter(pl.col("period_mark_code").is_in(_POOR)).select("pupil_id", "subject").iter_rows())
    rows = [Axis(row[0], row[1], t("performance.open_low", name=row[1])) for row in
            sheet.select("pupil_id", "full_name").iter_rows()]  # fmt: skip
    cells = {
        (row["pupil_id"], subject): Word(
            row[subject] or "",
            "poor" if (row["pupil_id"], subject) in poor else "" if row[subject] or subject not in owed else "empty",
        )
        for row in sheet.iter_rows(named=True)
        for subject in order
        if (row["pupil_id"], subject) in journals
    }
    columns = [Axis(subject, subject) for subject in order]
    return journals, WordGrid(rows, columns, cells, t("performance.matrix"), t("performance.column_pupil"))


def _matrix(place: Place, pupils: pl.DataFrame) -> None:
    """Pupil × subject: the period marks of the class (requirements B-30)."""
    st.header(t("performance.matrix"), anchor=False)
    st.caption(t("performance.matrix_note"))
    named = derived(pupils, _sheet)[0]
    marked = derived(named, _marked)
    if not marked:
        st.markdown(t("performance.split_none"))
        return
    owed = marked if _is_over(place) else frozenset[str]()  # a pupil without one lacks it (B-30)
    journals, grid = derived(pupils, _grid, owed)
    whole = [word for (_, subject), word in grid.cells.items() if subject in owed]
    if whole:
        part = sum(bool(word.text) for word in whole)
        st.markdown(t("performance.matrix_filled", share=percent(part / len(whole)),
                      detail=out_of(part, len(whole), "period_mark")))  # fmt: skip
    clicked = word_grid("performance_matrix", grid)
    parts.download("summary-sheet", derived(pupils, _sheet_file), t("performance.report"))
    if clicked is None or clicked[0] is None:
        return
    pupil, subject = int(clicked[0]), clicked[1]
    if subject is not None:
        frame.go("journal", place.filters.changed(pupil=None, journal=journals[pupil, str(subject)]))
    if place.filters.pupil != pupil:
        frame.set_filters(place.filters.changed(pupil=pupil))


def _sheet_file(pupils: pl.DataFrame) -> pl.DataFrame:
    _, order, sheet = derived(pupils, _sheet)
    return sheet.select(pl.col("full_name").alias(t("performance.column_pupil")), *order)


def _marked(named: pl.DataFrame) -> frozenset[str]:
    """Subjects in which the class has period marks."""
    return frozenset(named.filter(pl.col("mark").is_not_null())["subject"])


def _is_over(place: Place) -> bool:
    """Whether the period is over for the school."""
    span = place.choice.period.span
    days = span.days_of(place.row["school_id"]) if place.row is not None else None
    until = place.filters.as_of or (place.row["until_on"] if place.row is not None else span.first)
    return days is not None and days[1] <= until


def _low(place: Place, page: Performance, pupils: pl.DataFrame) -> None:
    """Unsatisfactory marks of one pupil with their topics (001 ЗД-12, requirements B-13)."""
    found = pupils.filter(pl.col("pupil_id") == place.filters.pupil)["full_name"]
    if not found.len():
        return
    name = found[0]
    with st.container(border=True, key="performance_low"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(frame.plain(t("performance.low", name=name)), anchor=False)
            if st.button(t("learning.close"), type="tertiary", icon=":material/close:", key="performance_close"):
                frame.set_filters(place.filters.changed(pupil=None))
        if page.low.is_empty():
            st.markdown(t("performance.low_none"))
            return
        table = [
            Row(
                (
                    Cell(day_short(row["held_on"])),
                    Cell(row["subject"]),
                    Cell(row["topic"] or t("attendance.no_topic")),
                    Cell(row["value"]),
                    Cell(t("performance.bettered") if row["is_bettered"] else "—"),
                ),
                index,
                t("performance.open_row", subject=row["subject"], name=name),
            )
            for index, row in enumerate(page.low.iter_rows(named=True))
        ]
        columns = [
            Column(t("attendance.column_date")),
            Column(t("performance.column_subject")),
            Column(t("attendance.column_topic"), wide=True),
            Column(t("performance.column_value"), is_number=True),
            Column(t("performance.column_bettered")),
        ]
        clicked = row_table("performance_low_rows", columns, table, caption=t("performance.low", name=name))
    _open(place, page.low, clicked)


def _open(place: Place, rows: pl.DataFrame, clicked: int | None) -> None:
    if clicked is not None:
        row = rows.row(clicked, named=True)
        position = place.filters.changed(pupil=None, journal=row["journal_id"], lesson=row.get("lesson_id"))
        frame.go("journal", position)
