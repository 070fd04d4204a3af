"""The school: which journals need attention, since when, whose records, and one click to the journal.

The same page serves a class teacher and a teacher, cut to their class and journals by the queries; a municipal reader gets the
sums of the school as a whole, and is told what is not shown.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboard import charts, frame, measures
from dashboard.components.figure import figure
from dashboard.components.heat_grid import Axis, Cell, heat_grid
from dashboard.components.kpi_cards import kpi_cards
from dashboard.filters import Filters, Status
from dashboard.i18n import count, day, listed, moment, number, out_of, percent, t
from dashboard.pages_table import is_open
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from dashboard.queries.school import School, read_school
from dashboard.views.overview import record_rows
from etl.warehouse.ledger import MARK_RULES, RULE
from etl.warehouse.metrics import LESSON_RULES, METRICS, Measured
from etl.warehouse.scope import Scope

NAMED = 3  # journals named in the heading
FEW = 5  # below this a share is not compared (design, «Numbers»)
_BUCKETS = (
    ("0", "good"), ("1", "good"), ("2", "warn"), ("3", "warn"), ("4", "warn"), ("8", "warn"), ("never", "bad"), ("unknown", "neutral"),
)  # fmt: skip


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position; at most eleven queries, one when the answer is remembered."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)  # the age of data changes by the day
    listed_schools = cached(scope, "schools", _list_schools, now)
    school = filters.school or (int(listed_schools["school_id"][0]) if listed_schools.height and scope.level != "municipality" else None)
    if school is None:
        _choose(listed_schools, filters)
        return
    position = Filters(
        year=filters.year, period=filters.period, as_of=filters.as_of, school=school, parallel=filters.parallel,
        class_id=filters.class_id, staff=filters.staff, subject=filters.subject,
    )  # fmt: skip
    page = cached(scope, position, read_school, now, school=school)
    if page is None:
        frame.head(t("page.school"), filters)
        frame.empty(t("school.unknown_title"), t("school.unknown"))
        return
    filters = filters.changed(school=school)
    if page.choice is None:
        frame.head(page.row["label"], filters, crumbs=_crumbs(scope, page, filters, listed_schools))
        frame.empty(t("school.no_periods_title"), t("school.no_periods"))
        return
    _head(scope, page, filters, listed_schools)
    _cards(page, filters)
    if page.is_inside:
        _journals(page, filters)
    else:
        st.info(t("school.hidden"), icon=":material/lock:")
        _record_weeks(page)
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        _weeks(page)
    with right.container(border=True, height="stretch"):
        _delays(page)
    with st.container(border=True):
        _records(page)
    if page.is_inside and scope.level == "school":
        with st.container(border=True):
            _teachers(page, filters)
    with st.container(border=True):
        _learning(page)


def _list_schools(scope: Scope, _what: str, now: datetime) -> pl.DataFrame:
    return asked.read_schools(scope, now)


def _choose(schools: pl.DataFrame, filters: Filters) -> None:
    frame.head(t("school.choose_lead"), filters)
    names = dict(schools.select("school_id", "label").iter_rows())
    chosen = st.selectbox(t("school.choose"), list(names), index=None, format_func=lambda key: names[key], placeholder=t("school.choose_lead"), width=360)
    if chosen is not None:
        frame.set_filters(filters.drilled(school=int(chosen)))


def _head(scope: Scope, page: School, filters: Filters, schools: pl.DataFrame) -> None:
    assert page.choice is not None  # noqa: S101 - the caller shows the empty page otherwise
    until = asked.local_moment(page.row)
    act = page.row["act_title"] or t("school.act_none")
    caption = t("school.caption", moment=moment(until), act=act)
    if filters.as_of is not None and filters.as_of < page.row["until_on"]:
        caption = t("school.caption_as_of", day=day(filters.as_of), moment=moment(until), act=act)
    is_stale = page.row["working_days_old"] > asked.STALE_AFTER
    frame.head(
        _title(scope, page, filters),
        filters,
        crumbs=_crumbs(scope, page, filters, schools),
        caption=caption,
        periods=[frame.Option(code, words) for code, words in page.choice.options],
        default_period=page.choice.default,
        as_of=frame.AsOf(date(page.choice.period.span.year, 9, 1), page.row["until_on"]),
        warning=t("frame.stale_one", days=count(page.row["days_old"], "day")) if is_stale else "",
    )


def _title(scope: Scope, page: School, filters: Filters) -> str:
    place = _place(scope, page, filters)
    found = METRICS["completeness"].of(page.rules)
    if found.value is None:
        return t("school.title_cannot_tell" if found.unknown or found.whole else "school.title_nothing", place=place)
    if not page.is_inside:
        return t("school.title_whole", place=place, share=percent(found.value))
    below = below_norm(page)
    if below.is_empty():
        return t("school.title_well", place=place)
    key = "school.title_attention_one" if below.height % 10 == 1 and below.height % 100 != 11 else "school.title_attention"
    return t(key, place=place, journals=count(below.height, "journal"))


def _place(scope: Scope, page: School, filters: Filters) -> str:
    names = [words for words, _ in _narrowed(page, filters)]
    own = t("school.own_journals") if scope.level in ("class", "teacher") else page.row["label"]
    return ", ".join(names) if names else own


def _narrowed(page: School, filters: Filters) -> list[tuple[str, Filters]]:
    """What the page is narrowed to, coarse to fine, each with the position that keeps it and drops what is finer."""
    steps: list[tuple[str, Filters]] = []
    bare = filters.changed(parallel=None, class_id=None, staff=None, subject=None, journal=None)
    for name, words in (
        ("parallel", lambda value: t("school.parallel", n=value)),
        ("class_id", lambda value: _name(page.dims, "class_id", value, "class_name")),
        ("staff", lambda value: _name(page.names, "staff_id", value, "full_name")),
        ("subject", lambda value: _name(page.dims, "subject_id", value, "subject")),
    ):
        value = getattr(filters, name)
        if value is not None:
            bare = bare.changed(**{name: value})
            steps.append((words(value), bare))
    return steps


def _name(rows: pl.DataFrame, key: str, value: int, column: str) -> str:
    found = rows.filter(pl.col(key) == value)[column] if rows.height else pl.Series([], dtype=pl.String)
    return str(found[0]) if found.len() else "—"


def _crumbs(scope: Scope, page: School, filters: Filters, schools: pl.DataFrame) -> list[frame.Crumb]:
    steps: list[frame.Crumb] = []
    bare = filters.changed(parallel=None, class_id=None, staff=None, subject=None, journal=None, lesson=None)
    if is_open("overview", scope.role):
        steps.append(frame.Crumb(t("page.overview"), "overview", Filters(year=filters.year, period=filters.period, as_of=filters.as_of)))
    elif schools.height == 1 and not _narrowed(page, filters):
        return []
    steps.append(frame.Crumb(page.row["label"], "school", bare))
    steps += [frame.Crumb(words, "school", position) for words, position in _narrowed(page, filters)]
    return [*steps[:-1], frame.Crumb(steps[-1].label)]


def _cards(page: School, filters: Filters) -> None:
    assert page.choice is not None  # noqa: S101 - see _head
    note = t("overview.delta_note", period=page.choice.previous.label) if page.choice.previous else ""
    clauses = _passport(page)
    capabilities = page.row["capabilities"]
    missing = METRICS["missing_count"].of(page.rules).part
    late = METRICS["late_count"].of(page.rules).part
    common = {"before": page.before, "before_note": note, "capabilities": capabilities}
    opens = page.is_inside
    cards = [
        measures.card(METRICS["completeness"], t("overview.card_completeness"), page.rules, passport=clauses, opens=opens, **common),
        measures.card(METRICS["timeliness"], t("overview.card_timeliness"), page.rules, passport=clauses, opens=opens, **common),
        measures.card(
            METRICS["unfilled_count"], t("overview.card_unfilled"), page.rules, passport=clauses, opens=opens,
            detail=" · ".join([t("school.card_missing_opens", n=number(missing)), t("overview.unfilled_detail", late=number(late))]),
        ),
        measures.card(
            METRICS["attendance_share"], t("overview.card_attendance"), page.learning, passport=(t("passport.months"),),
            detail=t("school.attendance_newest") if filters.as_of is not None and filters.as_of < page.row["until_on"] else "",
        ),
    ]  # fmt: skip
    clicked = kpi_cards("school_cards", cards)
    if clicked is None:
        return
    status = {"timeliness": Status.LATE}.get(clicked, Status.MISSING)
    frame.go("findings", filters.changed(status=status, state=None))


def _passport(page: School) -> tuple[str, ...]:
    by_rule = {row["rule"]: row for row in page.clauses.iter_rows(named=True)}
    lines = [f"{t(f'record.{name}')}: {measures.terms(by_rule.get(RULE[name].number))}." for name in LESSON_RULES]
    norm = page.row["norm_share"]
    return (*lines, t("passport.outside"), *([t("passport.norm", share=percent(norm, 0))] if norm is not None else []))


def below_norm(page: School) -> pl.DataFrame:
    """Journals filled below the norm of the act, fullest denominators first: class_name, subject, journal_id, share, unfilled.

    Journals with fewer than five records due are not compared.
    """
    metric, norm = METRICS["completeness"], page.row["norm_share"] or 1.0
    found = []
    for (journal_id,), rows in page.journals.group_by(["journal_id"], maintain_order=True):
        value = metric.of(rows)
        if value.value is not None and value.whole >= FEW and value.value < norm:
            found.append({"journal_id": journal_id, "share": value.value, "unfilled": value.whole - value.part})
    schema = {"journal_id": pl.Int64, "share": pl.Float64, "unfilled": pl.Int64}
    named = pl.DataFrame(found, schema=schema).join(page.dims, on="journal_id", how="inner")
    return named.sort(["unfilled", "class_name", "subject", "journal_id"], descending=[True, False, False, False])


def _journals(page: School, filters: Filters) -> None:
    with st.container(border=True):
        st.header(t("school.journals"), anchor=False)
        with st.container(horizontal=True, vertical_alignment="bottom", key="school_journals_head"):
            st.caption(t("school.journals_note"), width="stretch")
            metric_name = _measure(filters)
        _worst(page, filters)
        rows, columns, cells = journal_cells(page, metric_name)
        if not cells:
            st.markdown(t("school.journals_empty"))
            return
        clicked = heat_grid("school_journals", rows, columns, cells, caption=t("school.journals_caption"), corner=t("school.subject"), noun="entry")
    if clicked is not None:
        _open_cell(page, filters, clicked)


def _worst(page: School, filters: Filters) -> None:
    """The journals with the most records unfilled, each a click away."""
    below = below_norm(page).head(NAMED)
    if below.is_empty():
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="school_worst"):
        st.markdown(f"{t('school.worst')}:", width="content")
        for row in below.iter_rows(named=True):
            words = t("school.worst_journal", klass=row["class_name"], subject=row["subject"], n=count(row["unfilled"], "entry"))
            if st.button(words, key=f"worst_{row['journal_id']}", type="tertiary", icon=":material/chevron_right:", icon_position="right"):
                frame.go("journal", filters.drilled(class_id=row["class_id"], subject=row["subject_id"], journal=row["journal_id"]))


def _measure(filters: Filters) -> str:
    names = {"all": t("school.measure_all"), **{rule: t(f"record.{rule}") for rule in LESSON_RULES}}
    current = filters.measure if filters.measure in names else "all"
    st.session_state["school.measure"] = current
    chosen = st.selectbox(t("school.measure"), list(names), key="school.measure", format_func=lambda code: names[code], width=200)
    if chosen != current:
        frame.set_filters(filters.changed(measure=None if chosen == "all" else chosen))
    return "completeness" if current == "all" else f"completeness_{current}"


def journal_cells(page: School, metric_name: str) -> tuple[list[Axis], list[Axis], dict[tuple[str | int, str | int], Cell]]:
    """Subjects × classes with the completeness of their journals together; classes and subjects without records left out."""
    metric = METRICS[metric_name]
    placed = page.journals.join(page.dims.select("journal_id", "subject_id", "subject", "class_name"), on="journal_id", how="inner")
    cells: dict[tuple[str | int, str | int], Cell] = {}
    for (subject_id, class_id), rows in placed.group_by(["subject_id", "class_id"], maintain_order=True):
        value = metric.of(rows)
        if value.whole or value.unknown:
            cells[(int(subject_id), int(class_id))] = Cell(value.value, value.whole + value.unknown)  # type: ignore[call-overload]
    subjects = page.dims.select("subject_id", "subject").unique(["subject_id"]).sort(asked.natural_order("subject"), "subject_id")
    classes = page.dims.select("class_id", "class_name", "grade", "letter").unique(["class_id"]).sort("grade", "letter", "class_id")
    used_rows, used_columns = {key[0] for key in cells}, {key[1] for key in cells}
    rows_axis = [Axis(row["subject_id"], row["subject"]) for row in subjects.iter_rows(named=True) if row["subject_id"] in used_rows]
    columns_axis = [Axis(row["class_id"], row["class_name"]) for row in classes.iter_rows(named=True) if row["class_id"] in used_columns]
    return rows_axis, columns_axis, cells


def _open_cell(page: School, filters: Filters, clicked: tuple[Any, Any]) -> None:
    subject, class_id = clicked
    if class_id is None:
        frame.set_filters(filters.drilled(subject=subject))
    if subject is None:
        frame.set_filters(filters.drilled(class_id=class_id))
    mine = page.dims.filter((pl.col("subject_id") == subject) & (pl.col("class_id") == class_id))["journal_id"].to_list()
    with_rows = [journal for journal in mine if journal in set(page.journals["journal_id"].to_list())] or mine
    frame.go("journal", filters.drilled(class_id=class_id, subject=subject, journal=with_rows[0] if len(with_rows) == 1 else None))


def _record_weeks(page: School) -> None:
    """For a reader of the whole school: kinds of records × weeks."""
    cells: dict[tuple[str | int, str | int], Cell] = {}
    for rule in LESSON_RULES:
        mine = page.weeks.filter((pl.col("rule") == RULE[rule].number) & pl.col("week_on").is_not_null())
        for (week,), rows in mine.group_by(["week_on"], maintain_order=True):
            value = METRICS[f"completeness_{rule}"].of(rows)
            if value.whole or value.unknown:
                cells[(rule, str(week))] = Cell(value.value, value.whole + value.unknown)
    weeks = sorted({key[1] for key in cells})
    labels = charts.week_labels([date.fromisoformat(str(week)) for week in weeks])
    with st.container(border=True):
        st.header(t("school.records_weeks"), anchor=False)
        st.caption(t("school.records_weeks_note"))
        if not cells:
            st.markdown(t("school.journals_empty"))
            return
        heat_grid(
            "school_weeks_grid", [Axis(rule, t(f"record.{rule}")) for rule in LESSON_RULES],
            [Axis(week, label) for week, label in zip(weeks, labels, strict=True)], cells,
            caption=t("school.records_weeks_caption"), corner=t("school.record"),
        )  # fmt: skip


def _weeks(page: School) -> None:
    st.header(t("school.weeks"), anchor=False)
    whole = METRICS["completeness"].of(page.rules)
    if whole.value is None:
        _cannot_tell(whole, page)
        return
    st.caption(t("school.weeks_note"))
    mine = page.weeks.filter(pl.col("rule").is_in(METRICS["completeness"].rule_numbers) & pl.col("week_on").is_not_null())
    weeks = mine.group_by(pl.col("week_on").alias("week")).agg(pl.col("done").sum(), pl.col("base").sum().alias("due")).sort("week")
    table = weeks.select(
        pl.col("week").dt.strftime("%d.%m.%Y").alias(t("school.column_week")), pl.col("done").alias(t("overview.funnel_column_done")),
        pl.col("due").alias(t("overview.column_base")),
    )  # fmt: skip
    figure("school_weeks", charts.weekly_control(weeks, dark=frame.is_dark()), table)


def _delays(page: School) -> None:
    st.header(t("school.delays"), anchor=False)
    known = dict(page.delays.iter_rows())
    total = sum(known.values())
    if not total or known.get("unknown", 0) > total / 2:
        _cannot_tell(METRICS["timeliness"].of(page.rules), page)
        return
    st.caption(t("school.delays_note"))
    rows = [(bucket, t(f"school.delay_{bucket}"), known.get(bucket, 0), kind) for bucket, kind in _BUCKETS if bucket != "unknown" or known.get(bucket)]
    buckets = pl.DataFrame(rows, schema={"id": pl.String, "label": pl.String, "n": pl.Int64, "kind": pl.String}, orient="row")
    table = buckets.select(pl.col("label").alias(t("school.column_delay")), pl.col("n").alias(t("school.column_n")))
    figure("school_delays", charts.delay_bars(buckets, dark=frame.is_dark()), table)


def _cannot_tell(measured: Measured, page: School) -> None:
    st.markdown(t("school.cannot_tell", reason=measures.reason(measured, page.rules, page.row["capabilities"])))


def _records(page: School) -> None:
    st.header(t("school.records"), anchor=False)
    st.caption(t("school.records_note", act=page.row["act_title"] or t("school.act_none")))
    by_rule = {row["rule"]: row for row in page.clauses.iter_rows(named=True)}
    rows = record_rows(page.rules)
    terms = [measures.terms(by_rule.get(RULE[name].number)) for name in rows["rule"]]
    columns = ("record", "filled", "unfilled", "timely", "late", "terms")
    st.dataframe(
        rows.with_columns(pl.Series("terms", terms, dtype=pl.String)).select(columns), hide_index=True, placeholder="—",
        alt=t("overview.records_alt"), height="content", column_config={name: t(f"overview.column_{name}") for name in columns},
    )  # fmt: skip


def teacher_rows(page: School) -> pl.DataFrame:
    """One row per person who answers for a record of a lesson: staff_id, name, base, unfilled, late, filled."""
    metric = METRICS["completeness"]
    found = []
    for (staff_id,), rows in page.teachers.group_by(["staff_id"], maintain_order=True):
        value = metric.of(rows)
        mine = rows.filter(pl.col("rule").is_in([RULE[name].number for name in (*LESSON_RULES, *MARK_RULES)]))
        if value.whole:
            found.append({
                "staff_id": staff_id, "base": value.whole, "unfilled": value.whole - value.part, "late": int(mine["late"].sum()),
                "filled": measures.shown(value.value),
            })  # fmt: skip
    schema = {"staff_id": pl.Int64, "base": pl.Int64, "unfilled": pl.Int64, "late": pl.Int64, "filled": pl.Float64}
    named = pl.DataFrame(found, schema=schema).join(page.names, on="staff_id", how="left")
    return named.with_columns(pl.col("full_name").fill_null(t("school.teacher_unknown")))


def _teachers(page: School, filters: Filters) -> None:
    st.header(t("school.teachers"), anchor=False)
    st.caption(t("school.teachers_note"))
    rows = teacher_rows(page)
    if rows.is_empty():
        st.markdown(t("school.teachers_none"))
        return
    is_clean = (pl.col("unfilled") == 0) & (pl.col("late") == 0)
    clean = rows.filter(is_clean).sort(asked.natural_order("full_name"), "staff_id")
    if clean.height:
        with st.expander(t("school.teachers_clean", teachers=count(clean.height, "teacher")), icon=":material/check:"):
            st.markdown(listed(frame.short_name(name) for name in clean["full_name"]))
    else:
        st.markdown(t("school.teachers_clean_none"))
    rest = rows.filter(~is_clean).sort(["unfilled", "late", "full_name", "staff_id"], descending=[True, True, False, False])
    if rest.is_empty():
        st.markdown(t("school.teachers_all_clean"))
        return
    columns = ("full_name", "unfilled", "late", "base", "filled")
    event = st.dataframe(
        rest.select(columns), key="school_teachers", hide_index=True, on_select="rerun", selection_mode="single-cell",
        placeholder=t("number.cannot_tell"), alt=t("school.teachers_alt"),
        column_config={
            "full_name": st.column_config.TextColumn(t("school.column_teacher"), width=300),
            "unfilled": st.column_config.NumberColumn(t("school.column_unfilled"), format="localized"),
            "late": st.column_config.NumberColumn(t("school.column_late"), format="localized"),
            "base": st.column_config.NumberColumn(t("school.column_base"), format="localized"),
            "filled": st.column_config.NumberColumn(t("school.column_filled"), format="percent", step=0.001),
        },
    )  # fmt: skip
    cells = event["selection"]["cells"]
    if cells and 0 <= cells[0][0] < rest.height and rest["staff_id"][cells[0][0]] is not None:
        frame.set_filters(filters.drilled(staff=int(rest["staff_id"][cells[0][0]])))


def _learning(page: School) -> None:
    st.header(t("school.learning"), anchor=False)
    st.caption(t("school.learning_note"))
    classes = page.dims.select("class_id", "class_name", "grade", "letter").unique(["class_id"]).sort("grade", "letter", "class_id")
    known = classes.join(page.learning, on="class_id", how="inner", maintain_order="left").filter(pl.col("held_count") > 0)
    if known.is_empty():
        st.markdown(t("school.learning_empty"))
        return
    st.dataframe(
        pl.DataFrame([_class_row(row, known.filter(pl.col("class_id") == row["class_id"])) for row in known.iter_rows(named=True)]),
        hide_index=True, placeholder="—", alt=t("school.learning_alt"), height="content" if known.height <= 12 else 440, column_config=_learning_columns(),
    )  # fmt: skip
    st.markdown(_quality(page))


def _class_row(klass: dict[str, Any], rows: pl.DataFrame) -> dict[str, Any]:
    def of(metric: str, shown: Callable[[float | None], float | None] = lambda value: value) -> float | None:
        return shown(METRICS[metric].of(rows).value)

    name, has_marks = klass["class_name"], klass["mark_count"] > 0  # the first grade has none
    return {
        "class": name if len(name) > 2 else f"\u2007{name}",  # a figure space: 5А sorts before 10А
        "held": int(rows["held_count"].sum()),
        "attendance": of("attendance_share", measures.shown),
        "missed": int(rows["missed_count"].sum()),
        "unknown": int(rows["missed_unknown_count"].sum()),
        "marked": of("marked_lesson_share", measures.shown) if has_marks else None,
        "per_lesson": of("marks_per_lesson") if has_marks else None,
        "mean": of("mean_mark"),
    }


def _learning_columns() -> dict[str, Any]:
    whole = {name: st.column_config.NumberColumn(t(f"school.column_{name}"), format="localized") for name in ("held", "missed", "unknown")}
    shares = {
        name: st.column_config.NumberColumn(t(f"school.column_{name}"), format="percent", step=0.001) for name in ("attendance", "marked")
    }
    means = {name: st.column_config.NumberColumn(t(f"school.column_{name}"), format="localized", step=0.01) for name in ("per_lesson", "mean")}
    return {"class": t("school.column_class"), **whole, **shares, **means}


def _quality(page: School) -> str:
    good, mean = METRICS["period_mark_quality"].of(page.period_marks), METRICS["mean_period_mark"].of(page.period_marks)
    if good.value is None:
        return t("school.quality_none")
    detail = out_of(good.part, good.whole, good.metric.noun)
    return t("school.quality", share=percent(good.value), detail=detail, mean=number(mean.value, 2))
