"""Examinations of the school year: whose results are entered, and how they agree with the marks of the year (B-38)."""

from __future__ import annotations

from datetime import date

import polars as pl
import streamlit as st

from dashboard import measures
from dashboard.components.frame_table import frame_table
from dashboard.components.kpi_cards import kpi_cards
from dashboard.exports import offer_frame
from dashboard.filters import Filters
from dashboard.i18n import count, t
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from dashboard.queries.exams import Exams, read_exams
from dashboard.views.learning_parts import Place
from etl.warehouse.metrics_exams import EXAMS


def draw_exams(place: Place, until: date) -> None:
    """The section of a whole school year, for a school or a class; nothing where no result is there, above a school,
    and for readers of single journals, who do not see all results of a pupil."""
    span, filters = place.choice.period.span, place.filters
    if place.row is None or not span.is_year or place.scope.level not in ("school", "class"):
        return
    if filters.subject is not None or filters.parallel is not None:
        return
    days = span.days_of(int(place.row["school_id"]))
    last = min(days[1], until) if days is not None else until
    page = cached(place.scope, Filters(school=filters.school, class_id=filters.class_id), read_exams, last, span.year,
                  school=filters.school)  # fmt: skip
    if page.subjects.is_empty():
        return
    with st.container(border=True, key="exams_box"):
        st.header(t("exams.title"), anchor=False)
        st.caption(t("exams.note"))
        cards = [measures.card(EXAMS["exam_entered"], t("exams.card_entered"), page.graduates),
                 measures.card(EXAMS["exam_mean"], t("exams.card_mean"), page.subjects,
                               detail=count(EXAMS["exam_mean"].of(page.subjects).whole, "exam"))]  # fmt: skip
        kpi_cards("exams_cards", cards, place.stamp)
        table = exam_table(page)
        frame_table("exams", table, caption=t("exams.title"))
        offer_frame("exams", t("exams.title"), table)


def exam_table(page: Exams) -> pl.DataFrame:
    """By grade and subject: results, their mean, the mean of the year of the same pupils, and the difference."""
    pair = pl.when(pl.col("pairs") > 0)
    rows = page.subjects.sort("grade", asked.natural_order("subject")).select(
        "subject", "grade", "exams", (pl.col("exam_sum") / pl.col("exams")).alias("mean"), "pairs",
        pair.then(pl.col("year_sum") / pl.col("pairs")).alias("year"),
        pair.then((pl.col("pair_exam_sum") - pl.col("year_sum")) / pl.col("pairs")).alias("gap"),
    )  # fmt: skip
    return rows.rename({name: t(f"exams.column_{name}") for name in rows.columns})
