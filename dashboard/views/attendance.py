"""Attendance: who misses lessons, why, and where nobody has asked for the reason yet (requirements B-12, B-23…B-26)."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import charts, frame, measures, moment_words
from dashboard.components.figure import figure
from dashboard.components.heat_grid import Axis, heat_grid
from dashboard.components.heat_grid import Cell as Share
from dashboard.components.kpi_cards import kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.derived import derived
from dashboard.filters import Filters
from dashboard.group_words import short_group
from dashboard.i18n import count, day_short, number, percent, t
from dashboard.learning_charts import REASONS, reasons_by_week
from dashboard.queries import schools as asked
from dashboard.queries.attendance import Attendance, read_attendance, unexplained_by_age
from dashboard.queries.attended import fixed_day
from dashboard.queries.door import cached
from dashboard.setting_words import setting_line, setting_lines
from dashboard.views import learning_parts as parts
from dashboard.views.class_totals import draw_class_totals
from dashboard.views.learning_parts import Place
from etl.warehouse.metrics import METRICS, Metric
from etl.warehouse.metrics_learning import LEARNING_METRICS
from etl.warehouse.scope import Scope

_SHARE = METRICS["attendance_share"]
_UNKNOWN = LEARNING_METRICS["absence_unknown_share"]
_SYSTEMATIC = LEARNING_METRICS["systematic_share"]
_AGES = (("week", "neutral"), ("two", "warn"), ("month", "warn"), ("older", "bad"))
NAMED = 3  # classes named over the grid


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position; at most nine queries, one when the answer is remembered."""
    now = frame.this_hour()
    filters = filters.changed(school=filters.school or parts.only_school(scope), lesson=None, journal=None, staff=None)
    filters = parts.own_class(scope, filters)
    position = Filters(
        year=filters.year, period=filters.period, as_of=filters.as_of, against=filters.against,
        school=filters.school,
        parallel=filters.parallel, class_id=filters.class_id, subject=filters.subject, pupil=filters.pupil,
    )  # fmt: skip
    page = cached(scope, position, read_attendance, now)
    if page is None:
        frame.head(t("page.attendance"), Filters())
        frame.empty(t("school.unknown_title"), t("school.unknown"))
        return
    if page.choice is None or page.until is None:
        frame.head(t("page.attendance"), filters)
        frame.empty(t("school.no_periods_title"), t("school.no_periods"))
        return
    if scope.is_above and filters.as_of is not None and filters.as_of < max(page.schools["until_on"]):
        filters = filters.changed(as_of=fixed_day(filters.as_of, None))  # what is told is what was counted
    place = Place("attendance", scope, filters, page.schools, page.row, page.choice, page.dims)
    if not parts.head(place, t("attendance.title", place=place.words), t("attendance.note"), with_as_of=True):
        return
    if not page.weeks.height or not int(page.weeks["held_count"].sum()):
        frame.empty(t("attendance.empty_title"), t("attendance.empty"))
        return
    _cards(place, page)
    if page.row is None:
        _schools(place, page)
    elif not page.is_inside:
        st.info(t("school.hidden"), icon=":material/lock:")
    elif filters.class_id is None:
        _classes(place, page)
    else:
        _class(place, page)
    draw_class_totals(place, page.until)
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        _reasons(page)
    with right.container(border=True, height="stretch"):
        _ages(page, page.until)


def _cards(place: Place, page: Attendance) -> None:
    is_one_day = page.before_on is not None or not place.scope.is_above
    note = (moment_words.compared_with(place.choice, page.before_on) if is_one_day
            else moment_words.compared_at_week_end(place.choice))  # fmt: skip
    spread_is_whole = place.filters.subject is None and place.scope.level != "teacher"
    cards = [
        measures.card(_SHARE, t("attendance.card_share"), page.weeks, before=page.before, before_note=note),
        *(
            # not compared: a reason told later than the other day is not undone, so the earlier share would be too good
            measures.card(LEARNING_METRICS[f"absence_{reason}_share"], t(f"attendance.card_{reason}"), page.weeks,
                          passport=(t("attendance.passport_reason"), t("attendance.passport_reason_later")))
            for reason in ("unknown", "invalid")
        ),
    ]  # fmt: skip
    if spread_is_whole:
        passport = setting_lines(("systematic_share",), page.settings)
        cards.append(
            measures.card(_SYSTEMATIC, t("attendance.card_systematic"), _spread(place, page), passport=passport)
        )
    kpi_cards("attendance_cards", cards, place.stamp)


def _spread(place: Place, page: Attendance) -> pl.DataFrame:
    if place.scope.level == "class":
        own = [class_id for _school, class_id in place.scope.class_ids]
        return page.spread.filter(pl.col("class_id").is_in(own))
    if place.filters.parallel is not None and page.dims.height:
        mine = page.dims.filter(pl.col("grade") == place.filters.parallel)["class_id"].unique()
        return page.spread.filter(pl.col("class_id").is_in(mine.implode()))
    return page.spread


def _schools(place: Place, page: Attendance) -> None:
    """Schools side by side, alphabetical."""
    st.header(t("attendance.schools"), anchor=False)
    st.caption(t("attendance.schools_note"))
    tables = {metric.name: _by_school(metric, page.weeks) for metric in (_SHARE, _UNKNOWN)}
    then = _by_school(_SHARE, page.before) if page.before is not None else {}
    systematic = _by_school(_SYSTEMATIC, page.spread)

    def share(name: str, school: int) -> Cell:
        value, whole = tables[name].get(school, (None, 0))
        if not whole:
            return Cell(t("number.cannot_tell"))
        note = parts.change(value, then.get(school, (None, 0))[0]) if name == _SHARE.name else ""
        return Cell(percent(value), note or count(whole, "slot" if name == _SHARE.name else "missed_slot"))

    def months(school: int) -> Cell:
        value, whole = systematic.get(school, (None, 0))
        return Cell(percent(value), count(whole, "pupil_month")) if whole else Cell(t("number.cannot_tell"))

    columns = [
        (t("attendance.card_share"), lambda school: share(_SHARE.name, school)),
        (t("attendance.card_unknown"), lambda school: share(_UNKNOWN.name, school)),
        (t("attendance.card_systematic"), months),
    ]
    parts.school_table(place, columns, key="attendance_schools", caption=t("attendance.schools"))
    names = dict(place.schools.select("school_id", "label").iter_rows())
    rows = page.weeks.group_by("school_id", maintain_order=True).agg(pl.col(name).sum() for name in _COUNTS)
    labels = pl.Series(t("school.choose"), [names[school] for school in rows["school_id"]], dtype=pl.String)
    ends = dict(place.schools.select("school_id", "until_on").iter_rows())
    fresh = pl.Series(t("comparison.column_fresh"), [ends[school] for school in rows["school_id"]], dtype=pl.Date)
    parts.download(
        "attendance", _exported(rows, labels).with_columns(fresh), t("attendance.schools"), [t("attendance.card_share")]
    )


_COUNTS = ("slot_count", "attended_count", "missed_count", *(f"missed_{reason}_count" for reason in REASONS))


def _head_of(name: str) -> str:
    """The head of a count over many pupils: lessons of one are visits of all."""
    return t("attendance.column_slots" if name == "slot_count" else f"attendance.column_{name}")


def _by_school(metric: Metric, rows: pl.DataFrame) -> dict[int, tuple[float | None, int]]:
    found = metric.by(rows, "school_id")
    return {row["school_id"]: (row["value"], row["whole"]) for row in found.iter_rows(named=True)}


def _exported(rows: pl.DataFrame, labels: pl.Series) -> pl.DataFrame:
    shares = rows.select(pl.when(pl.col("slot_count") > 0).then(pl.col("attended_count") / pl.col("slot_count")))
    named = {_head_of(name): rows[name] for name in _COUNTS if name != "attended_count"}
    return pl.DataFrame([labels, shares.to_series().alias(t("attendance.card_share")),
                         *(series.alias(name) for name, series in named.items())])  # fmt: skip


def _by_class(page: Attendance) -> pl.DataFrame:
    """The counts of each class that has any."""
    rows = page.weeks.group_by("class_id").agg(pl.col(name).sum() for name in _COUNTS)
    return (
        page.dims.select("class_id", "class_name", "grade", "letter")
        .unique(["class_id"])
        .join(rows, on="class_id")
        .sort("grade", "letter", "class_id")
    )


def _classes(place: Place, page: Attendance) -> None:
    """Classes × weeks; a class is a click away, those with the most unexplained absences are named."""
    classes = derived(page, _by_class)
    with st.container(border=True):
        st.header(t("attendance.classes"), anchor=False)
        st.caption(t("attendance.classes_note"))
        _worst(place, classes)
        axes = [Axis(row["class_id"], row["class_name"]) for row in classes.iter_rows(named=True)]
        counts = _exported(classes, classes["class_name"].alias(t("school.column_class")))
        clicked = _week_grid("attendance_classes", axes, page.weeks, "class_id", t("school.column_class"), counts)
    if clicked is not None:
        frame.set_filters(place.filters.drilled(class_id=clicked))


def _worst(place: Place, classes: pl.DataFrame) -> None:
    worst = classes.filter(pl.col("missed_unknown_count") > 0).sort(
        ["missed_unknown_count", "grade", "letter", "class_id"], descending=[True, False, False, False]
    )
    if worst.is_empty():
        st.markdown(t("attendance.all_explained"))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="attendance_worst"):
        st.markdown(f"{t('attendance.worst')}:", width="content")
        for row in worst.head(NAMED).iter_rows(named=True):
            words = f"{row['class_name']} — {count(row['missed_unknown_count'], 'missed_slot')}"
            if st.button(
                frame.plain(words),
                key=f"worst_{row['class_id']}",
                type="tertiary",
                icon=":material/chevron_right:",
                icon_position="right",
            ):
                frame.set_filters(place.filters.drilled(class_id=row["class_id"]))  # fmt: skip


def _week_grid(
    key: str, axes: list[Axis], weeks: pl.DataFrame, by: str, corner: str, counts: pl.DataFrame | None = None
) -> int | None:
    """Attendance by `by` × week; returns the row that was clicked. `counts` is a second file beside the grid's."""

    def beside() -> None:
        if counts is not None:
            parts.download("attendance", counts, t("attendance.classes"), [t("attendance.card_share")],
                           label=t("export.counts"))  # fmt: skip

    columns, cells = derived(weeks, _week_cells, by)
    found = heat_grid(
        key,
        axes,
        columns,
        cells,
        caption=t("attendance.grid_caption"),
        corner=corner,
        noun="slot",
        beside=beside,
        of="held",
    )
    return int(found[0]) if found is not None and found[0] is not None else None


def _week_cells(weeks: pl.DataFrame, by: str) -> tuple[list[Axis], dict[tuple[str | int, str | int], Share]]:
    """The weeks with lessons as columns, and the attendance of each `by` in them."""
    shares = _SHARE.by(weeks, by, "week_on").filter(pl.col("whole") > 0)
    cells: dict[tuple[str | int, str | int], Share] = {
        (row[by], row["week_on"].isoformat()): Share(row["value"], row["whole"]) for row in shares.iter_rows(named=True)
    }
    mondays: list[date] = sorted(shares["week_on"].unique().to_list())
    labels = charts.week_labels(mondays)
    return [Axis(monday.isoformat(), label) for monday, label in zip(mondays, labels, strict=True)], cells


def _class(place: Place, page: Attendance) -> None:
    """One class: a pupil's missed lessons, its pupils, its subjects."""
    if place.filters.pupil is not None and page.pupils.height:
        _missed(place, page)
    if page.pupils.height:
        with st.container(border=True):
            _pupils(place, page)
    subjects = (
        page.dims.filter(pl.col("class_id") == place.filters.class_id)
        .join(page.weeks.select("journal_id").unique(), on="journal_id", how="semi")
        .sort(asked.natural_order("subject"), "journal_id")
    )
    with st.container(border=True):
        st.header(t("attendance.subjects"), anchor=False)
        st.caption(t("attendance.subjects_note"))
        axes = [Axis(row["journal_id"], _journal_name(row)) for row in subjects.iter_rows(named=True)]
        clicked = _week_grid("attendance_subjects", axes, page.weeks, "journal_id", t("school.subject"))
    if clicked is not None:
        frame.go("journal", place.filters.changed(pupil=None, journal=clicked))


def _journal_name(row: dict[str, Any]) -> str:
    """A class may have two journals of a subject: the group tells them apart."""
    return ", ".join(part for part in (row["subject"], short_group(row)) if part)


def _pupils(place: Place, page: Attendance) -> None:
    st.header(t("attendance.pupils"), anchor=False)
    st.caption(
        t("attendance.pupils_note", share=percent(page.settings.values.systematic_share, 0))
        + " "
        + setting_line("absent_day", page.settings)
    )
    rows = page.pupils.with_columns((pl.col("missed_count") / pl.col("slot_count")).alias("share")).sort(
        ["systematic_months", "missed_unknown_count", "share", "full_name", "pupil_id"],
        descending=[True, True, True, False, False],
        nulls_last=True,
    )
    columns = [Column(t("attendance.column_pupil"), wide=True)] + [
        Column(t(f"attendance.column_{name}"), is_number=True)
        for name in ("missed_count", *(f"missed_{reason}_count" for reason in REASONS), "missed_day_count", "share")
    ]
    table = []
    for row in rows.iter_rows(named=True):
        name = row["full_name"] or t("attendance.nameless")
        months = row["systematic_months"]
        note = t("attendance.systematic_months", n=count(months, "month")) if months else ""
        table.append(
            Row(
                (
                    Cell(name, note, "bad" if months else ""),
                    Cell(number(row["missed_count"])),
                    *(_number(row[f"missed_{reason}_count"], alert=reason == "unknown") for reason in REASONS),
                    Cell(number(row["missed_day_count"])),
                    Cell(percent(row["share"])),
                ),
                row["pupil_id"],
                t("attendance.open_pupil", name=name),
            )
        )
    clicked = row_table("attendance_pupils", columns, table, caption=t("attendance.pupils"), height=420, as_file=False)
    exported = rows.select(
        pl.col("full_name").alias(t("attendance.column_pupil")),
        *(pl.col(name).alias(t(f"attendance.column_{name}")) for name in (
            "slot_count", "missed_count", *(f"missed_{reason}_count" for reason in REASONS), "late_count",
            "missed_day_count", "share")),
    )  # fmt: skip
    parts.download("attendance-class", exported, t("attendance.report"), [t("attendance.column_share")])
    if clicked is not None:
        frame.set_filters(place.filters.changed(pupil=clicked))


def _number(value: int, *, alert: bool) -> Cell:
    return Cell(number(value), tone="warn" if alert and value else "", badge=alert and bool(value))


def _missed(place: Place, page: Attendance) -> None:
    """The lessons that one pupil missed, with their topics (001 ЗД-12)."""
    found = page.pupils.filter(pl.col("pupil_id") == place.filters.pupil)
    if found.is_empty():
        return
    with st.container(border=True, key="attendance_missed"):
        with st.container(horizontal=True, vertical_alignment="center"):
            name = found["full_name"][0] or t("attendance.nameless")
            st.header(frame.plain(t("attendance.missed", name=name)), anchor=False)
            if st.button(t("learning.close"), type="tertiary", icon=":material/close:", key="attendance_close"):
                frame.set_filters(place.filters.changed(pupil=None))
        if page.missed.is_empty():
            st.markdown(t("attendance.missed_none"))
            return
        names = ("date", "subject", "topic", "reason", "made_up")
        columns = [Column(t(f"attendance.column_{name}"), wide=name == "topic") for name in names]
        lessons = list(page.missed.iter_rows(named=True))
        table = [
            Row(
                (
                    Cell(day_short(row["held_on"])),
                    Cell(row["subject"]),
                    Cell(row["topic"] or t("attendance.no_topic")),
                    Cell(t(f"absence_code.{row['code']}")),
                    Cell(t("attendance.made_up") if row["is_made_up"] else "—"),
                ),
                place_of,
                t("attendance.open_lesson", on=day_short(row["held_on"]), subject=row["subject"]),
            )
            for place_of, row in enumerate(lessons)
        ]
        clicked = row_table("attendance_lessons", columns, table, caption=t("attendance.missed", name=name), height=320)
    if clicked is not None:
        row = lessons[clicked]
        frame.go("journal", place.filters.changed(pupil=None, journal=row["journal_id"], lesson=row["lesson_id"]))


def _reasons(page: Attendance) -> None:
    st.header(t("attendance.reasons"), anchor=False)
    st.caption(t("attendance.reasons_note"))
    chart, table = derived(page, _reasons_of, dark=frame.is_dark())
    figure("attendance_reasons", chart, table)


def _reasons_of(page: Attendance, *, dark: bool) -> tuple[charts.Chart, pl.DataFrame]:
    weeks = page.weeks.group_by("week_on").agg(pl.col(name).sum() for name in _COUNTS).sort("week_on")
    table = weeks.select(
        pl.col("week_on").dt.strftime("%d.%m.%Y").alias(t("school.column_week")),
        *(pl.col(name).alias(_head_of(name)) for name in _COUNTS if name != "attended_count"),
    )
    return reasons_by_week(weeks, dark=dark), table


def _ages(page: Attendance, until: date) -> None:
    st.header(t("attendance.ages"), anchor=False)
    st.caption(t("attendance.ages_note"))
    found = derived(page, _ages_of, until, dark=frame.is_dark())
    if found is None:
        st.markdown(t("attendance.all_explained"))
        return
    chart, table = found
    figure("attendance_ages", chart, table)


def _ages_of(page: Attendance, until: date, *, dark: bool) -> tuple[charts.Chart, pl.DataFrame] | None:
    """The chart and its table; None where every absence has its reason."""
    ages = dict(unexplained_by_age(page.weeks, until).iter_rows())
    if not sum(ages.values()):
        return None
    buckets = pl.DataFrame(
        [(age, t(f"attendance.age_{age}"), ages[age], kind) for age, kind in _AGES],
        schema={"id": pl.String, "label": pl.String, "n": pl.Int64, "kind": pl.String},
        orient="row",
    )
    table = buckets.select(pl.col("label").alias(t("attendance.column_age")), pl.col("n").alias(t("school.column_n")))
    short = {"older": t("attendance.age_short_older")}
    return charts.delay_bars(buckets, short=short, dark=dark), table
