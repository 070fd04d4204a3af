"""The municipality: which schools have unfilled journals, how bad it is, and one click to the school."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboard import charts, frame, measures, moment_words
from dashboard.components.figure import figure
from dashboard.components.kpi_cards import kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.derived import derived
from dashboard.filters import Filters
from dashboard.i18n import count, day, day_short, listed, number, percent, t
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from dashboard.queries.overview import Overview, is_past, read_overview
from dashboard.views.records import draw_record_table, judged, record_rows
from etl.warehouse.metrics import METRICS, Measured
from etl.warehouse.scope import Scope

NAMED = 2  # schools named inside a card
SHOWN = 6  # schools named in the card and in sentences; the rest stand in the table
MANY = 12  # more schools than this scroll inside their table
FEWEST = 3  # schools below which a funnel says nothing


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position; six queries when the answer is not remembered, one when it is."""
    position = Filters(year=filters.year, period=filters.period, as_of=filters.as_of, against=filters.against)
    now = frame.this_hour()
    page = cached(scope, position, read_overview, now)
    if page.choice is None:
        frame.head(t("page.overview"), filters)
        frame.empty(t("overview.no_data_title"), t("overview.no_data"))
        return
    table = derived(page, school_rows)
    _head(page, table, filters)
    _cards(page, filters)
    left, right = st.columns([5, 3], gap="medium")
    with left.container(border=True, height="stretch"):
        _funnel(page, table, filters)
    with right.container(border=True, height="stretch"):
        _attention(table, filters)
    with st.container(border=True):
        _schools(table, filters)
    with st.container(border=True):
        _records(page)


def school_rows(page: Overview) -> pl.DataFrame:
    """One row per school in the page's order: its metrics as numbers and words, its freshness and its act."""
    filled = METRICS["completeness"].by(page.duties, "school_id")
    attended = METRICS["attendance_share"].by(page.attendance, "school_id")
    known = page.schools.join(filled, on="school_id", how="left", maintain_order="left").join(
        attended.select("school_id", pl.col("value").alias("attended")),
        on="school_id",
        how="left",
        maintain_order="left",
    )
    timely = _timely_words(page)
    rows = known.with_columns(
        pl.col("part").fill_null(0).alias("done"),
        pl.col("whole").fill_null(0).alias("base"),
        pl.when(pl.col("value").is_not_null()).then(pl.col("whole") - pl.col("part")).alias("unfilled"),
        pl.Series("timely", [timely.get(school, "—") for school in known["school_id"]], dtype=pl.String),
        pl.Series("fresh", [_fresh(row) for row in known.iter_rows(named=True)], dtype=pl.String),
        pl.col("act_title").fill_null(t("overview.act_none")).alias("act"),
        measures.shown_column("value").alias("shown"),
        measures.shown_column("attended").alias("attendance"),
        (pl.col("value") < pl.col("norm_share")).fill_null(value=False).alias("is_below"),
    )
    return rows.select(
        "school_id",
        "label",
        pl.col("value").alias("filled"),
        "shown",
        "done",
        "base",
        "unfilled",
        "timely",
        "attendance",
        "fresh",
        "act",
        pl.col("norm_share").alias("norm"),
        "is_below",
    )


def _timely_words(page: Overview) -> dict[int, str]:
    metric = METRICS["timeliness"]
    found = {}
    for row in metric.by(page.duties, "school_id").iter_rows(named=True):
        school = row["school_id"]
        measured = Measured(metric, row["part"], row["whole"], row["unknown"])
        # the rows are looked at only where there is nothing to judge: they say why
        is_silent = not (measured.whole or measured.unknown)
        found[school] = measures.in_words(
            measured, page.duties.filter(pl.col("school_id") == school) if is_silent else None
        )
    return found


def _fresh(row: dict[str, Any]) -> str:
    words = day_short(row["until_on"])
    is_stale = row["working_days_old"] > asked.STALE_AFTER
    return t("overview.fresh_stale", day=words, days=count(row["days_old"], "day")) if is_stale else words


def _head(page: Overview, table: pl.DataFrame, filters: Filters) -> None:
    assert page.choice is not None  # noqa: S101 - the caller shows the empty page otherwise
    places = page.schools["municipality"].unique().sort().to_list()
    place = places[0] if len(places) == 1 else t("overview.several_places", n=len(places))
    below = table.filter("is_below")
    if table["filled"].is_null().all():
        title = t("overview.title_cannot_tell", place=place)
    elif below.height:
        title = t("overview.title_below", place=place, schools=count(below.height, "school"), all=table.height)
    else:
        title = t("overview.title_all_well", place=place)
    stale = asked.stale(page.schools)
    names = listed([*stale["label"].head(SHOWN), *(["…"] if stale.height > SHOWN else [])])
    year = page.choice.period.span.year
    newest = page.schools["until_on"].max()
    frame.head(
        title,
        filters,
        caption=_caption(page, filters),
        periods=[frame.Option(code, words) for code, words in page.choice.options],
        default_period=page.choice.default,
        as_of=frame.AsOf(datetime(year, 9, 1, tzinfo=UTC).date(), newest),  # type: ignore[arg-type]
        stamp=moment_words.stamp_of_schools(page.schools, filters),
        compares=True,
        warning=t("overview.stale", schools=count(stale.height, "school"), names=names) if stale.height else "",
    )


def _caption(page: Overview, filters: Filters) -> str:
    number = count(page.schools.height, "school")
    first, last = page.schools["until_on"].min(), page.schools["until_on"].max()
    if filters.as_of is not None and is_past(page.schools, filters.as_of):
        return t("overview.caption_as_of", day=day(filters.as_of), schools=number)
    if first == last:
        return t("overview.caption_one", day=day(last), schools=number)  # type: ignore[arg-type]
    return t("overview.caption_many", first=day(first), last=day(last), schools=number)  # type: ignore[arg-type]


def _cards(page: Overview, filters: Filters) -> None:
    assert page.choice is not None  # noqa: S101 - see _head
    note = moment_words.compared_with(page.choice)
    filled, unjudged = judged(METRICS["completeness"], page.duties)
    timely, untimed = judged(METRICS["timeliness"], page.duties)
    own_terms = (t("passport.every_school"), t("passport.outside"))
    late = METRICS["late_count"].of(page.duties).part
    cards = [
        measures.card(
            METRICS["completeness"],
            t("overview.card_completeness"),
            filled,
            before=_same_schools(page.before, filled),
            before_note=note,
            passport=own_terms,
            detail=_without(page, unjudged),
        ),
        measures.card(
            METRICS["timeliness"],
            t("overview.card_timeliness"),
            timely,
            before=_same_schools(page.before, timely),
            before_note=note,
            passport=own_terms,
            detail=_without(page, untimed),
        ),
        measures.card(
            METRICS["unfilled_count"],
            t("overview.card_unfilled"),
            filled,
            passport=own_terms,
            rests_on=METRICS["completeness"],
            detail=t("overview.unfilled_detail", late=count(late, "entry")),
        ),
        measures.card(
            METRICS["attendance_share"],
            t("overview.card_attendance"),
            page.attendance,
            detail=moment_words.attended_until(max(page.schools["until_on"]), filters),
        ),
    ]
    kpi_cards("overview_cards", cards, moment_words.stamp_of_schools(page.schools, filters))


def _same_schools(before: pl.DataFrame | None, rows: pl.DataFrame) -> pl.DataFrame | None:
    return None if before is None else before.filter(pl.col("school_id").is_in(rows["school_id"].unique().to_list()))


def _without(page: Overview, schools: list[int]) -> str:
    names = page.schools.filter(pl.col("school_id").is_in(schools))["label"].to_list()
    if not names:
        return ""
    words = listed(names) if len(names) <= NAMED else count(len(names), "school")
    return t("overview.without", names=words)


def _funnel(page: Overview, table: pl.DataFrame, filters: Filters) -> None:
    st.header(t("overview.funnel"), anchor=False)
    points = derived(table, _points)
    st.caption(t("overview.funnel_note") if points.height >= FEWEST else t("overview.funnel_few"))
    chart = derived(points, charts.funnel, dark=frame.is_dark())
    shown = points.select(
        pl.col("label").alias(t("overview.column_school")),
        pl.col("done").alias(t("overview.funnel_column_done")),
        pl.col("due").alias(t("overview.column_base")),
    )
    clicked = figure("overview_funnel", chart, shown)
    if clicked is not None and clicked.isdigit():
        frame.go("school", filters.drilled(school=int(clicked)))


def _points(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("filled").is_not_null()).select(
        pl.col("school_id").alias("id"), "label", "done", pl.col("base").alias("due")
    )


def _attention(table: pl.DataFrame, filters: Filters) -> None:
    st.header(t("overview.attention"), anchor=False)
    below = table.filter("is_below")
    norm = below["norm"].min() if below.height else None
    if not below.height:
        st.markdown(t("overview.attention_none"))
    elif isinstance(norm, float):
        st.caption(t("overview.attention_note", norm=percent(norm, 0)))
    for row in below.head(SHOWN).iter_rows(named=True):
        with st.container(gap=None, key=f"attention_{row['school_id']}"):
            name = f"**{frame.plain(row['label'])}**"
            if st.button(
                name,
                key=f"open_{row['school_id']}",
                type="tertiary",
                icon=":material/chevron_right:",
                icon_position="right",
            ):
                frame.go("school", filters.drilled(school=row["school_id"]))
            unfilled = t("overview.unfilled_records", records=count(row["unfilled"], "entry"))
            st.markdown(t("overview.attention_line", unfilled=unfilled, share=percent(row["filled"])))
    if below.height > SHOWN:
        st.caption(t("overview.attention_more", schools=count(below.height - SHOWN, "school")))
    unknown = table.filter(pl.col("filled").is_null())["label"].to_list()
    if unknown:
        st.caption(frame.plain(t("overview.attention_unknown", names=listed(unknown))))


def _schools(table: pl.DataFrame, filters: Filters) -> None:
    st.header(t("overview.schools"), anchor=False)
    position = Filters(year=filters.year, period=filters.period, as_of=filters.as_of)
    with st.container(horizontal=True, gap="small", key="overview_ways"):
        if st.button(t("comparison.to_comparison"), key="to_comparison", icon=":material/balance:"):
            frame.go("comparison", position)
        if st.button(t("monitoring.open"), key="to_monitoring", icon=":material/table_chart:"):
            frame.go("monitoring", position)
    st.caption(t("overview.schools_note"))
    names = ("filled", "base", "unfilled", "timely", "attendance", "fresh")
    columns = [
        Column(t("overview.column_school"), wide=True),
        *(Column(t(f"overview.column_{name}"), is_number=name != "fresh") for name in names),
    ]
    rows = [
        Row(
            (
                Cell(row["label"], row["act"], "quiet"),
                Cell(_share(row["shown"])),
                Cell(number(row["base"])),
                Cell(t("number.cannot_tell") if row["unfilled"] is None else number(row["unfilled"])),
                Cell(row["timely"]),
                Cell(_share(row["attendance"])),
                Cell(row["fresh"]),
            ),
            row["school_id"],
            t("overview.open", school=row["label"]),
        )
        for row in table.iter_rows(named=True)
    ]
    clicked = row_table(
        "overview_schools", columns, rows, caption=t("overview.table_alt"), height=640 if table.height > MANY else None
    )
    if clicked is not None:
        frame.go("school", filters.drilled(school=clicked))


def _share(value: float | None) -> str:
    return t("number.cannot_tell") if value is None else percent(value)


def _records(page: Overview) -> None:
    st.header(t("overview.records"), anchor=False)
    st.caption(t("overview.records_note"))
    rows = derived(page.duties, record_rows)
    draw_record_table("overview_records", t("overview.records"), rows)
