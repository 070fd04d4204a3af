"""Period marks beside the marks of control works of the same pupils: by class and subject, inside a school (B-36)."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import frame, measures
from dashboard.components.frame_table import frame_table
from dashboard.components.kpi_cards import Kpi, kpi_cards
from dashboard.derived import derived
from dashboard.exports import offer_frame
from dashboard.filters import Filters
from dashboard.i18n import count, t
from dashboard.queries.control_works import read_control_works
from dashboard.queries.door import cached
from dashboard.setting_words import setting_lines
from dashboard.views.learning_parts import Place
from etl.warehouse.metric_settings import InForce
from etl.warehouse.metrics_works import CONTROL_KINDS, CONTROL_WORKS

_GAP, _WORK, _PERIOD = (CONTROL_WORKS[f"control_work_{name}"] for name in ("gap", "mean", "period_mean"))
_SETTINGS = ("control_works", "control_works_marks")


def draw_control_works(place: Place, settings: InForce) -> None:
    """The section of a period with marks, for a school, a class or the reader's own journals; one query."""
    row, filters, values = place.row, place.filters, settings.values
    if row is None:
        return
    position = Filters(school=filters.school, class_id=filters.class_id, subject=filters.subject,
                       parallel=filters.parallel)  # fmt: skip
    rows = cached(place.scope, position, read_control_works, place.choice.period, row["until_on"], row["extracted_at"],
                  CONTROL_KINDS if values.control_works == "control" else (), school=filters.school)  # fmt: skip
    works = t(f"control_works.works_{values.control_works}")
    with st.container(border=True, key="control_works_box"):
        st.header(t("control_works.title"), anchor=False)
        if rows.is_empty():
            st.markdown(t("control_works.none", works=works))
            return
        st.caption(t("control_works.note", works=works))
        kpi_cards("control_works_cards", [gap_card(rows, settings)], place.stamp)
        rows = derived(rows, widest_first, values.control_works_marks)
        table, opens = derived(rows, gap_table, values.control_works_marks), derived(rows, _opens)
        clicked = frame_table("control_works", table, caption=t("control_works.title"), opens=opens,
                              empty=t("control_works.too_few"))  # fmt: skip
        offer_frame("control_works", t("control_works.title"), table)
    if clicked is not None:
        found = rows.row(clicked, named=True)
        frame.go("journal", filters.changed(class_id=found["class_id"], journal=found["journal_id"]))


def _opens(rows: pl.DataFrame) -> tuple[str, ...]:
    return tuple(t("control_works.open", klass=one["class_name"], subject=one["subject"]) for one in rows.to_dicts())


def gap_card(rows: pl.DataFrame, settings: InForce) -> Kpi:
    """The difference over all rows; with too few marks the card says so and holds no number."""
    gap = _GAP.of(rows)
    passport = setting_lines(_SETTINGS, settings)
    if gap.whole < settings.values.control_works_marks:
        few = count(gap.whole, _GAP.noun)
        return Kpi(id=_GAP.name, label=t("control_works.card_gap"), passport=(t(_GAP.passport_key), *passport),
                   reason=f"{t('control_works.too_few')}: {few}", opens=False)  # fmt: skip
    detail = t("control_works.card_detail", period=measures.in_words(_PERIOD.of(rows)),
               work=measures.in_words(_WORK.of(rows)), n=count(gap.whole, _GAP.noun))  # fmt: skip
    return measures.card(_GAP, t("control_works.card_gap"), rows, detail=detail, passport=passport)


def widest_first(rows: pl.DataFrame, least: int) -> pl.DataFrame:
    """The rows by the size of the difference; those with too few marks last, each in the order they had."""
    gap = pl.when(pl.col("pair_count") >= least).then((pl.col("gap_sum") / pl.col("pair_count")).abs())
    return rows.sort(gap, descending=True, nulls_last=True, maintain_order=True)


def gap_table(rows: pl.DataFrame, least: int) -> pl.DataFrame:
    """By subject and class: works, marks, both means of the same pupils and their difference; null with fewer marks
    than `least`."""
    enough = pl.when(pl.col("pair_count") >= least)
    table = rows.select(
        "subject", pl.col("class_name").alias("class"), pl.col("work_count").alias("works"),
        pl.col("pair_count").alias("pairs"),
        *(enough.then(pl.col(metric.numerator) / pl.col("pair_count")).alias(name)
          for metric, name in ((_WORK, "work"), (_PERIOD, "period"), (_GAP, "gap"))),
    )  # fmt: skip
    return table.rename({name: t(f"control_works.column_{name}") for name in table.columns})
