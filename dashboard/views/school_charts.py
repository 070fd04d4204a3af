"""Two charts of a school: filled by week, and how many days after the lesson records are made."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import charts, frame, measures
from dashboard.components.figure import figure
from dashboard.derived import derived
from dashboard.i18n import t
from dashboard.queries.school import School
from etl.warehouse.metrics import METRICS, Measured

_BUCKETS = (
    ("0", "good"),
    ("1", "good"),
    ("2", "warn"),
    ("3", "warn"),
    ("4", "warn"),
    ("8", "warn"),
    ("never", "bad"),
    ("unknown", "neutral"),
)


def draw_weeks(page: School) -> None:
    """Control chart of the completeness by week of the school year."""
    st.header(t("school.weeks"), anchor=False)
    whole = METRICS["completeness"].of(page.rules)
    if whole.value is None:
        _cannot_tell(whole, page)
        return
    st.caption(t("school.weeks_note"))
    chart, table = derived(page, _weeks_of, dark=frame.is_dark())
    figure("school_weeks", chart, table)


def _weeks_of(page: School, *, dark: bool) -> tuple[charts.Chart, pl.DataFrame]:
    mine = page.weeks.filter(
        pl.col("rule").is_in(METRICS["completeness"].rule_numbers) & pl.col("week_on").is_not_null()
    )
    weeks = (
        mine.group_by(pl.col("week_on").alias("week"))
        .agg(pl.col("done").sum(), pl.col("base").sum().alias("due"))
        .sort("week")
    )
    table = weeks.select(
        pl.col("week").dt.strftime("%d.%m.%Y").alias(t("school.column_week")),
        pl.col("done").alias(t("overview.funnel_column_done")),
        pl.col("due").alias(t("overview.column_base")),
    )
    return charts.weekly_control(weeks, dark=dark), table


def draw_delays(page: School) -> None:
    """Days from the lesson to the record, never-made ones included."""
    st.header(t("school.delays"), anchor=False)
    found = derived(page, _delays_of, dark=frame.is_dark())
    if found is None:
        _cannot_tell(METRICS["timeliness"].of(page.rules), page)
        return
    st.caption(t("school.delays_note"))
    chart, table = found
    figure("school_delays", chart, table)


def _delays_of(page: School, *, dark: bool) -> tuple[charts.Chart, pl.DataFrame] | None:
    """The chart and its table; None where the source tells too few days."""
    known = dict(page.delays.iter_rows())
    total = sum(known.values())
    if not total or known.get("unknown", 0) > total / 2:
        return None
    rows = [
        (bucket, t(f"school.delay_{bucket}"), known.get(bucket, 0), kind)
        for bucket, kind in _BUCKETS
        if bucket != "unknown" or known.get(bucket)
    ]
    buckets = pl.DataFrame(
        rows, schema={"id": pl.String, "label": pl.String, "n": pl.Int64, "kind": pl.String}, orient="row"
    )
    table = buckets.select(pl.col("label").alias(t("school.column_delay")), pl.col("n").alias(t("school.column_n")))
    short = {"8": t("school.delay_short_8")}
    return charts.delay_bars(buckets, short=short, dark=dark), table


def _cannot_tell(measured: Measured, page: School) -> None:
    st.markdown(t("school.cannot_tell", reason=measures.reason(measured, page.rules, page.row["capabilities"])))
