"""Tables of a school: kinds of records with their clauses, people, attendance and marks by class."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import frame, measures
from dashboard.components.frame_table import frame_table
from dashboard.derived import derived
from dashboard.exports import offer_frame
from dashboard.filters import Filters
from dashboard.i18n import count, listed, number, out_of, percent, t
from dashboard.queries import schools as asked
from dashboard.queries.school import School
from dashboard.views.records import draw_record_table, record_rows
from etl.warehouse.ledger import MARK_RULES, RULE
from etl.warehouse.metrics import LESSON_RULES, METRICS


def draw_records(page: School) -> None:
    """Completeness and timeliness by kind of record, each with its deadline and clause."""
    st.header(t("school.records"), anchor=False)
    st.caption(frame.plain(t("school.records_note", act=page.row["act_title"] or t("school.act_none"))))
    by_rule = {row["rule"]: row for row in page.clauses.iter_rows(named=True)}
    rows = derived(page.rules, record_rows)
    terms = [measures.terms(by_rule.get(RULE[name].number)) for name in rows["rule"]]
    draw_record_table("school_records", t("school.records"), rows, terms)


def teacher_rows(page: School) -> pl.DataFrame:
    """One row per person who answers for a record of a lesson: staff_id, name, base, unfilled, late,
    filled, and `is_sure`: the source tells whether all of it is there and on time."""
    filled = METRICS["completeness"].by(page.teachers, "staff_id")
    timely = METRICS["timeliness"].by(page.teachers, "staff_id").select("staff_id", pl.col("unknown").alias("unsure"))
    records = [RULE[name].number for name in (*LESSON_RULES, *MARK_RULES)]
    late = page.teachers.filter(pl.col("rule").is_in(records)).group_by("staff_id").agg(pl.col("late").sum())
    known = filled.filter(pl.col("whole") + pl.col("unknown") > 0)
    for part in (timely, late):
        known = known.join(part, on="staff_id", how="left", nulls_equal=True, maintain_order="left")
    return known.join(page.names, on="staff_id", how="left", maintain_order="left").select(
        "staff_id",
        pl.col("full_name").fill_null(t("school.teacher_unknown")),
        pl.col("whole").alias("base"),
        (pl.col("whole") - pl.col("part")).alias("unfilled"),
        pl.col("late").fill_null(0),
        (pl.col("value").is_not_null() & (pl.col("unsure").fill_null(0) == 0)).alias("is_sure"),
        measures.shown_column("value").alias("filled"),
    )


def draw_teachers(page: School, filters: Filters) -> None:
    """People who answer for records: first those without remarks, then the others; a click narrows the
    page."""
    st.header(t("school.teachers"), anchor=False)
    st.caption(t("school.teachers_note"))
    clean, unknown, rest, table = derived(page, _teachers_told)
    if not (clean or unknown or rest.height):
        st.markdown(t("school.teachers_none"))
        return
    if clean:
        with st.expander(t("school.teachers_clean", teachers=count(len(clean), "teacher")), icon=":material/check:"):
            st.markdown(frame.plain(listed(clean)))
    if unknown:
        st.markdown(t("school.teachers_unknown", teachers=count(unknown, "teacher")))
    elif not clean:
        st.markdown(t("school.teachers_clean_none"))
    if rest.is_empty():
        return
    shares = [t("school.column_filled")]
    people = list(rest.select("staff_id", "full_name").iter_rows())
    clicked = frame_table(
        "school_teachers", table, caption=t("school.teachers_alt"), shares=shares, empty=t("number.cannot_tell"),
        opens=["" if staff is None else t("learning.open", name=name) for staff, name in people],
    )  # fmt: skip
    offer_frame("school_teachers", t("school.teachers"), table, shares=shares)
    if clicked is not None:
        frame.set_filters(filters.drilled(staff=people[clicked][0]))


def _teachers_told(page: School) -> tuple[list[str], int, pl.DataFrame, pl.DataFrame]:
    """Names of those without remarks, how many cannot be judged, the rows of the others, and these as a table."""
    rows = teacher_rows(page)
    is_clean = (pl.col("unfilled") == 0) & (pl.col("late") == 0) & pl.col("is_sure")
    is_unknown = (pl.col("unfilled") == 0) & (pl.col("late") == 0) & ~pl.col("is_sure")
    clean = rows.filter(is_clean).sort(asked.natural_order("full_name"), "staff_id")
    rest = rows.filter(~is_clean & ~is_unknown).sort(
        ["unfilled", "late", "full_name", "staff_id"], descending=[True, True, False, False]
    )
    names = {"full_name": "teacher"} | {name: name for name in ("unfilled", "late", "base", "filled")}
    table = rest.select(pl.col(name).alias(t(f"school.column_{column}")) for name, column in names.items())
    return [frame.short_name(name) for name in clean["full_name"]], rows.filter(is_unknown).height, rest, table


def learning_rows(page: School) -> pl.DataFrame:
    """One row per class with lessons: class, held, attendance, missed, unknown, marked, per_lesson, mean."""
    classes = page.dims.select("class_id", "class_name", "grade", "letter").unique(["class_id"])
    known = classes.join(page.attendance.filter(pl.col("held_count") > 0), on="class_id")
    columns = {
        "attendance": "attendance_share",
        "marked": "marked_lesson_share",
        "per_lesson": "marks_per_lesson",
        "mean": "mean_mark",
    }
    for column, name in columns.items():
        sums = page.attendance if column == "attendance" else page.learning
        value = METRICS[name].by(sums, "class_id").select("class_id", pl.col("value").alias(column))
        known = known.join(value, on="class_id", how="left")
    has_marks = pl.col("grade") > 1  # a class where nobody was asked has 0 %, the first grade has no marks at all
    return known.sort("grade", "letter", "class_id").select(
        pl.col("class_name").alias("class"),
        pl.col("held_count").alias("held"),
        measures.shown_column("attendance"),
        pl.col("missed_count").alias("missed"),
        pl.col("missed_unknown_count").alias("unknown"),
        pl.when(has_marks).then(measures.shown_column("marked")).alias("marked"),
        pl.when(has_marks).then(pl.col("per_lesson")).alias("per_lesson"),
        "mean",
    )


def draw_learning(page: School) -> None:
    """Attendance and accumulation of marks by class, quality of period marks."""
    st.header(t("school.learning"), anchor=False)
    st.caption(t("school.learning_note"))
    table = derived(page, _learning_table)
    if table.is_empty():
        st.markdown(t("school.learning_empty"))
        return
    shares = [t(f"school.column_{name}") for name in ("attendance", "marked")]
    frame_table("school_learning", table, caption=t("school.learning_alt"), shares=shares)
    offer_frame("school_learning", t("school.learning"), table, shares=shares)
    st.markdown(_quality(page))


def _learning_table(page: School) -> pl.DataFrame:
    rows = learning_rows(page)
    return rows.rename({name: t(f"school.column_{name}") for name in rows.columns})


def _quality(page: School) -> str:
    if page.choice is not None and page.choice.period.is_of_calendar:
        return t("school.quality_calendar", period=page.choice.period.label)
    good, mean = (
        METRICS["period_mark_quality"].of(page.period_marks),
        METRICS["mean_period_mark"].of(page.period_marks),
    )
    if good.value is None:
        is_year = page.choice is not None and page.choice.period.span.is_year
        return t("school.quality_none_year" if is_year else "school.quality_none")
    detail = out_of(good.part, good.whole, good.metric.noun)
    return t("school.quality", share=percent(good.value), detail=detail, mean=number(mean.value, 2))
