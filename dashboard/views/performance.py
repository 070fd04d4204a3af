"""Results and marks: are there enough marks, are period marks justified, what was learnt (requirements B-01…B-04, B-13,
B-16, B-29, B-30, B-36, B-39)."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import frame, measures, moment_words
from dashboard.charts import Chart
from dashboard.components.figure import figure
from dashboard.components.frame_table import frame_table
from dashboard.components.heat_grid import Axis, heat_grid
from dashboard.components.heat_grid import Cell as Share
from dashboard.components.kpi_cards import Kpi, kpi_cards
from dashboard.components.palette import FEW
from dashboard.components.row_table import Cell
from dashboard.derived import derived
from dashboard.exports import offer_frame
from dashboard.filters import Filters, parse, to_params
from dashboard.i18n import count, day, month, number, percent, t
from dashboard.learning_charts import marks_split
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from dashboard.queries.performance import Performance, read_performance
from dashboard.setting_words import setting_lines
from dashboard.views import learning_parts as parts
from dashboard.views.control_works import draw_control_works
from dashboard.views.exams import draw_exams
from dashboard.views.learning_parts import Place
from dashboard.views.marks_of_days import draw_marks_of_days
from dashboard.views.performance_class import draw_class
from etl.warehouse.metrics import METRICS, Measured, Metric
from etl.warehouse.metrics_learning import LEARNING_METRICS
from etl.warehouse.scope import Scope

_QUALITY, _SUCCESS = METRICS["quality"], METRICS["success"]
_NORM, _UNMARKED = LEARNING_METRICS["norm_done"], LEARNING_METRICS["unmarked_share"]
_MISMATCH = LEARNING_METRICS["objectivity_mismatch"]
# the form of accumulation that the school chose → metric and words
_FORMS = {
    "mean": (LEARNING_METRICS["marks_per_pupil"], "performance.card_per_pupil"),
    "share": (LEARNING_METRICS["norm_share"], "performance.card_norm"),
    "capped": (_NORM, "performance.card_norm_done"),
}
_OBJECTIVE = ("objectivity_within", "objectivity_by_subject", "objectivity_border", "objectivity_marks")
# code of the URL → metric, and whether the grid shows its complement: a full cell is always the good one
_MEASURES: dict[str, tuple[Metric, bool]] = {
    "norm": (_NORM, False),
    "marked": (_UNMARKED, True),
    "objective": (_MISMATCH, True),
    "quality": (METRICS["period_mark_quality"], False),
}
_MEASURE_KEY = "zavuch.performance_measure"
NAMED = 3
_OF_PERIOD_MARKS = ("pupil", "period_mark")
"""What the metrics of period marks count: nothing there means that none is given yet."""


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position; at most fourteen queries, one when the answer is remembered."""
    now = frame.this_hour()
    filters = filters.changed(school=filters.school or parts.only_school(scope), lesson=None, journal=None, staff=None)
    filters = parts.own_class(scope, filters)
    position = Filters(
        year=filters.year, period=filters.period, against=filters.against, school=filters.school,
        parallel=filters.parallel, class_id=filters.class_id, subject=filters.subject, pupil=filters.pupil,
        as_of=None if scope.is_above else filters.as_of,
    )  # fmt: skip
    page = cached(scope, position, read_performance, now)
    if page is None:
        frame.head(t("page.performance"), Filters())
        frame.empty(t("school.unknown_title"), t("school.unknown"))
        return
    if page.choice is None:
        frame.head(t("page.performance"), filters)
        frame.empty(t("school.no_periods_title"), t("school.no_periods"))
        return
    filters = filters.changed(as_of=position.as_of if page.is_inside else None)
    place = Place("performance", scope, filters, page.schools, page.row, page.choice, page.dims)
    note = t("marks_of_days.short" if page.is_past else "performance.note")
    freshness = t("marks_of_days.as_of", day=day(page.until)) if page.is_past and page.until is not None else ""
    if not parts.head(place, t("performance.title", place=place.words), note, with_as_of=page.is_inside,
                      freshness=freshness):  # fmt: skip
        return
    if page.days is not None:
        draw_marks_of_days(place, page)
        if not page.is_past:  # these sums know the lesson's day and not that of the entry
            _current(place, page)
            _trend(page)
        return
    if page.choice.period.is_of_calendar:
        frame.empty(t("performance.calendar_title"), moment_words.by_own_periods(page.choice))
        _trend(page)
        return
    if page.fill.is_empty() and page.marks.is_empty():
        frame.empty(t("performance.empty_title"), t("performance.empty"))
        return
    _cards(place, page)
    if page.row is None:
        _schools(place, page)
    elif not page.is_inside:
        st.info(t("school.hidden"), icon=":material/lock:")
    elif filters.class_id is None:
        _journals(place, page)
    else:
        draw_class(place, page)
    if page.is_inside and page.row is not None:
        if _is_over(page):
            draw_control_works(place, page.settings)
        draw_exams(place, page.row["until_on"])
    _groups(page)
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        _split(place, page)
    with right.container(border=True, height="stretch"):
        _trend(page)


def _cards(place: Place, page: Performance) -> None:
    is_own = place.scope.level == "teacher"  # a class's results are not those of one subject
    note = moment_words.compared_whole(place.choice)
    is_over, results, marks, lines = derived(
        page, _figures, note, of_pupils=not is_own and place.filters.subject is None
    )
    if is_over:
        kpi_cards("performance_cards", results, place.stamp)
    kpi_cards("performance_marks", marks, place.stamp)
    if not is_over:
        st.caption(t("performance.results_none"))
    if is_own:
        st.caption(t("performance.success_own"))
    for line in lines:
        st.markdown(line)


def _figures(page: Performance, note: str, *, of_pupils: bool) -> tuple[bool, list[Kpi], list[Kpi], list[str]]:
    """Whether period marks are given, the cards of results and of marks, and the lines under them; `of_pupils` = with
    shares of pupils, who have more than one subject."""
    fill, marks, success = page.before if page.before is not None else (None, None, None)
    is_stated = bool(page.fill.height) and int(page.fill["own_norm_count"].sum()) > 0
    norms = (t("performance.norm_own"),) if is_stated else setting_lines(("mark_norms",), page.settings)
    norms += setting_lines(("accumulation", "early_lessons"), page.settings)
    objective = setting_lines(_OBJECTIVE, page.settings)
    over, under = (int(page.fill[name].sum()) if page.fill.height else 0 for name in ("over_count", "under_count"))
    cards: list[Kpi] = []
    if of_pupils:
        lacking = incomplete_words(page.groups)
        cards += [
            measures.card(
                metric,
                t(label),
                page.success,
                before=success,
                before_note=note,
                detail=lacking,
                passport=(t("performance.incomplete_note"),),
            )
            for metric, label in ((_SUCCESS, "performance.card_success"), (_QUALITY, "performance.card_quality"))
        ]
    cards += [
        measures.card(_MISMATCH, t("performance.card_objective"), page.fill, before=fill, before_note=note,
                      detail=t("performance.balance", over=number(over), under=number(under)), passport=objective),
        _sou(page.marks, marks, note, setting_lines(("sou_weights",), page.settings)),
    ]  # fmt: skip
    results = cards
    is_over = _is_over(page)
    # what marks add up to while a period runs is not compared with a whole period: the running one always has fewer
    whole, whole_note = (fill, note) if is_over else (None, "")
    form, label = _FORMS[page.settings.values.accumulation]
    early = int(page.fill["early_count"].sum()) if page.fill.height else 0
    cards = [
        measures.card(form, t(label), page.fill, before=whole, before_note=whole_note,
                      detail=t("performance.early", n=count(early, "place")) if early else "",
                      passport=(*norms, t("performance.halves"))),
        measures.card(LEARNING_METRICS["asked_share"], t("performance.card_asked"), page.fill, before=fill,
                      before_note=note, detail=_also("norm_share", "performance.card_at_norm", page.fill)),
        measures.card(_UNMARKED, t("performance.card_unmarked"), page.fill, before=whole, before_note=whole_note,
                      detail=_also("one_mark_share", "performance.card_one", page.fill)),
    ]  # fmt: skip
    means = t(
        "performance.means",
        period=_mean_words(METRICS["mean_period_mark"].of(page.marks)),
        plain=_mean_words(METRICS["mean_mark"].of(page.fill)),
        weighted=_mean_words(LEARNING_METRICS["weighted_mean"].of(page.fill)),
    )
    without = LEARNING_METRICS["without_marks_count"].of(page.fill).part
    return is_over, results, cards, [means, *([t("performance.without_marks", n=number(without))] if without else [])]


def _is_over(page: Performance) -> bool:
    """Whether period marks are given yet."""
    return not page.marks.is_empty() and int(page.marks["sou_whole"].sum()) > 0


def incomplete_words(groups: pl.DataFrame) -> str:
    """How many pupils lack a period mark: without it an unfilled journal makes success look better (peers §2, M1);
    empty where nobody does. `groups` = sums of mart_period_group, null where withheld."""
    told = groups.drop_nulls(["incomplete_count", "listed_count"]) if groups.height else groups
    part, whole = (int(told[name].sum()) if told.height else 0 for name in ("incomplete_count", "listed_count"))
    if not part:
        return ""
    return t("performance.incomplete", share=percent(part / whole), part=number(part), whole=number(whole))


def _current(place: Place, page: Performance) -> None:
    """Current marks of a month, a week or free days, by the day of the lesson."""
    if page.current.is_empty():
        return
    names = ("marked_lesson_share", "marks_per_lesson")
    cards = [measures.card(METRICS[name], t(f"comparison_metric.{name}"), page.current) for name in names]
    kpi_cards("performance_current", cards, place.stamp)
    st.caption(t("performance.current_note", period=place.choice.period.label))


def _also(name: str, label: str, rows: pl.DataFrame) -> str:
    found = LEARNING_METRICS[name].of(rows)
    return f"{t(label).lower()} — {percent(found.value)}" if found.whole else ""


def _sou(rows: pl.DataFrame, before: pl.DataFrame | None, note: str, passport: tuple[str, ...]) -> Kpi:
    """СОУ is no part of a whole: the card says how many marks it is taken over."""
    metric = LEARNING_METRICS["sou"]
    found = metric.of(rows)
    then = metric.of(before).value if before is not None and before.height else None
    return Kpi(
        id="sou",
        label=t("performance.card_sou"),
        share=found.value,
        whole=found.whole // 100,
        detail=count(found.whole // 100, "period_mark"),
        delta=found.value - then if found.value is not None and then is not None else None,
        delta_note=_sou_then(then, found.value, metric.of(before).whole // 100 if before is not None else 0, note),
        better="none",
        passport=(t(metric.passport_key), *passport),
        reason=t("why.nothing"),
        opens=False,
    )


def _sou_then(then: float | None, now: float | None, marks: int, what: str) -> str:
    """Both values and over how many marks the earlier one is taken."""
    if then is None or now is None:
        return t("compare.none") if now is not None else ""
    n = count(marks, "period_mark")
    return t("compare.was_mean", was=percent(then), n=n, now=percent(now), what=what)


def _schools(place: Place, page: Performance) -> None:
    st.header(t("performance.schools"), anchor=False)
    st.caption(t("performance.schools_note"))
    shown = (
        (_SUCCESS, page.success, "card_success"),
        (_QUALITY, page.success, "card_quality"),
        (_NORM, page.fill, "card_norm_done"),
        (_UNMARKED, page.fill, "card_unmarked"),
        (_MISMATCH, page.fill, "card_objective"),
    )
    tables = {
        label: {row["school_id"]: row for row in metric.by(rows, "school_id").iter_rows(named=True)}
        for metric, rows, label in shown
    }

    def cell(label: str, noun: str, school: int) -> Cell:
        row = tables[label].get(school)
        if row is None or not row["whole"]:
            return Cell(t("performance.none_yet" if noun in _OF_PERIOD_MARKS else "number.cannot_tell"))
        return Cell(percent(row["value"]), t("number.few") if row["whole"] < FEW else count(row["whole"], noun))

    columns = [
        (t(f"performance.{label}"), lambda school, label=label, noun=metric.noun: cell(label, noun, school))
        for metric, _rows, label in shown
    ]
    parts.school_table(place, columns, key="performance_schools", caption=t("performance.schools"))
    exported = place.schools.select(
        "school_id", pl.col("label").alias(t("school.choose")), pl.col("until_on").alias(t("comparison.column_fresh"))
    )
    for metric, rows, label in shown:
        values = metric.by(rows, "school_id").select("school_id", pl.col("value").alias(t(f"performance.{label}")))
        exported = exported.join(values, on="school_id", how="left")
    labels = [t(f"performance.{label}") for _metric, _rows, label in shown]
    parts.download("performance", exported.drop("school_id"), t("performance.schools"), labels)


def _journals(place: Place, page: Performance) -> None:
    """Subjects × classes by the chosen measure; journals with the fewest marks are named."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="top", key="performance_head"):
            with st.container(width="stretch", gap="small"):
                heading, note = st.empty(), st.empty()
            code = _measure(place.filters)
        heading.header(t("performance.grid_caption", measure=t(f"performance.measure_{code}")), anchor=False)
        note.caption(" ".join(part for part in (_form_words(code, page), t("performance.journals_note")) if part))
        _worst(place, page)
        metric, is_complement = _drawn_measure(code, page)
        placed = (page.marks if metric.source == "period_mark" else page.fill).join(
            page.dims.select("journal_id", "subject_id"), on="journal_id"
        )
        shares = metric.by(placed, "subject_id", "class_id").filter(pl.col("whole") > 0)
        cells: dict[tuple[str | int, str | int], Share] = {
            (row["subject_id"], row["class_id"]): Share(
                1 - row["value"] if is_complement and row["value"] is not None else row["value"], row["whole"]
            )
            for row in shares.iter_rows(named=True)
        }
        if not cells:
            st.markdown(t("performance.split_none"))
            return
        rows, columns = _axes(page, cells)
        caption = t("performance.grid_caption", measure=_measure_words(code, page))
        labels = [t(f"performance.{label}") for _metric, label in _LISTED]
        clicked = heat_grid(
            "performance_journals", rows, columns, cells, caption=caption, corner=t("school.subject"),
            noun=metric.noun, of="norm", beside=lambda: parts.download(
                "performance", _exported(page), t("performance.journals"), labels, label=t("export.journals")
            ),
        )  # fmt: skip
    if clicked is not None:
        subject, class_id = clicked
        changes = {name: value for name, value in (("class_id", class_id), ("subject", subject)) if value is not None}
        frame.set_filters(place.filters.drilled(**changes))


def _drawn_measure(code: str, page: Performance) -> tuple[Metric, bool]:
    """The metric of the grid; of the norm the form that the school chose, where that form is a share."""
    if code == "norm" and page.settings.values.accumulation == "share":
        return LEARNING_METRICS["norm_share"], False
    return _MEASURES[code]


def _mean_words(found: Measured) -> str:
    """A mean, or that there is nothing to take it of yet."""
    return t("performance.no_mean") if not found.whole and not found.unknown else measures.in_words(found)


def _measure_words(code: str, page: Performance) -> str:
    """What the grid shows; of the norm also in which of its forms."""
    words, form = t(f"performance.measure_{code}"), _form_words(code, page)
    return f"{words}. {form}" if form else words


def _form_words(code: str, page: Performance) -> str:
    """In which of its forms the norm is shown; empty for other measures."""
    if code != "norm":
        return ""
    form = "share" if page.settings.values.accumulation == "share" else "capped"
    return t("performance.norm_form", form=t(f"setting.accumulation_{form}"))


def _axes(page: Performance, cells: dict[tuple[str | int, str | int], Share]) -> tuple[list[Axis], list[Axis]]:
    used_rows, used_columns = {key[0] for key in cells}, {key[1] for key in cells}
    subjects = page.dims.select("subject_id", "subject").unique(["subject_id"])
    classes = page.dims.select("class_id", "class_name", "grade", "letter").unique(["class_id"])
    return (
        [
            Axis(row["subject_id"], row["subject"])
            for row in subjects.sort(asked.natural_order("subject"), "subject_id").iter_rows(named=True)
            if row["subject_id"] in used_rows
        ],
        [
            Axis(row["class_id"], row["class_name"])
            for row in classes.sort("grade", "letter", "class_id").iter_rows(named=True)
            if row["class_id"] in used_columns
        ],
    )


_LISTED = ((_NORM, "card_norm_done"), (_UNMARKED, "card_unmarked"), (_MISMATCH, "card_objective"))


def _exported(page: Performance) -> pl.DataFrame:
    """One line per journal: what the grid can show, with its denominators."""
    rows = page.fill.join(page.dims, on="journal_id").sort("grade", "letter", "subject", "journal_id")
    named: list[pl.Series] = [
        rows["class_name"].alias(t("performance.column_class")),
        rows["subject"].alias(t("performance.column_subject")),
    ]
    for metric, label in _LISTED:
        values = rows.select("journal_id").join(metric.by(rows, "journal_id"), on="journal_id", how="left",
                                                maintain_order="left")  # fmt: skip
        named.append(values["value"].alias(t(f"performance.{label}")))
    return pl.DataFrame([*named, rows["pupil_count"].alias(t("attendance.column_pupil"))])


def _measure(filters: Filters) -> str:
    current = filters.measure if filters.measure in _MEASURES else "norm"
    # the URL decides, also after Back: the widget's own memory never wins
    st.session_state[_MEASURE_KEY] = current
    st.selectbox(
        t("performance.measure"),
        list(_MEASURES),
        key=_MEASURE_KEY,
        format_func=lambda code: t(f"performance.measure_{code}"),
        on_change=_choose_measure,
        width=220,
    )
    return current


def _choose_measure() -> None:
    chosen = st.session_state[_MEASURE_KEY]
    filters = parse(st.query_params.to_dict()).changed(measure=None if chosen == "norm" else chosen)
    st.query_params.from_dict(to_params(filters))


def _worst(place: Place, page: Performance) -> None:
    shares = _NORM.by(page.fill, "journal_id").filter((pl.col("whole") >= FEW) & (pl.col("value") < 1))
    worst = shares.join(page.dims, on="journal_id").sort(["value", "grade", "letter", "journal_id"]).head(NAMED)
    if worst.is_empty():
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="performance_worst"):
        st.markdown(f"{t('performance.worst')}:", width="content")
        for row in worst.iter_rows(named=True):
            words = t("performance.worst_journal", klass=row["class_name"], subject=row["subject"],
                      share=percent(row["value"], 0))  # fmt: skip
            if st.button(
                frame.plain(words),
                key=f"worst_{row['journal_id']}",
                type="tertiary",
                icon=":material/chevron_right:",
                icon_position="right",
            ):
                frame.set_filters(place.filters.drilled(class_id=row["class_id"], subject=row["subject_id"]))


def _groups(page: Performance) -> None:
    if page.groups.is_empty():
        return
    total = {name: number(int(page.groups[f"{name}_count"].sum())) for name in (
        "excellent", "good", "one_four", "one_three", "failing", "unattested", "incomplete", "listed")}  # fmt: skip
    with st.container(border=True):
        st.header(t("performance.groups"), anchor=False)
        st.markdown(t("performance.groups_line", **total))
        if not page.is_inside:
            st.caption(t("privacy.withheld_note"))


def _split(place: Place, page: Performance) -> None:
    by_subject = place.filters.class_id is not None
    is_above = page.row is None or not page.is_inside
    name_of = "split_schools" if is_above else "split_subjects" if by_subject else "split"
    st.header(t(f"performance.{name_of}"), anchor=False)
    st.caption(t("performance.split_note"))
    found = derived(page, _split_of, is_above=is_above, by_subject=by_subject, dark=frame.is_dark())
    if found is None:
        st.markdown(t("performance.split_none"))
        return
    chart, table = found
    figure("performance_split", chart, table)


def _split_of(page: Performance, *, is_above: bool, by_subject: bool, dark: bool) -> tuple[Chart, pl.DataFrame] | None:
    """The chart of period marks and its table; None without a mark."""
    counts = [pl.col(f"mark_{n}_count").sum() for n in (2, 3, 4, 5)]
    if is_above:
        labels = page.schools.select("school_id", "label")
        whole = page.marks.drop_nulls([f"mark_{n}_count" for n in (2, 3, 4, 5)])  # withheld ones stand in no sum
        rows = whole.group_by("school_id").agg(counts).join(labels, on="school_id").rename({"school_id": "id"})
        rows = rows.sort(asked.natural_order("label"), "id")
    else:
        key, name = ("subject_id", "subject") if by_subject else ("class_id", "class_name")
        order = [asked.natural_order("subject")] if by_subject else [pl.col("grade"), pl.col("letter")]
        dims = page.dims.select("journal_id", key, name, "grade", "letter")
        placed = page.marks.select("journal_id", *(f"mark_{n}_count" for n in (2, 3, 4, 5))).join(dims, on="journal_id")
        first = [pl.col("grade").first(), pl.col("letter").first()]
        rows = placed.group_by(key, name).agg(counts + first).sort(*order, key)
        rows = rows.rename({key: "id", name: "label"})
    if rows.is_empty() or not sum(int(rows[f"mark_{n}_count"].sum()) for n in (2, 3, 4, 5)):
        return None
    first_column = "performance.column_subject" if by_subject else "performance.column_class"
    table = rows.select(
        pl.col("label").alias(t("school.choose" if is_above else first_column)),
        *(pl.col(f"mark_{n}_count").alias(t("performance.mark_name", mark=n)) for n in (5, 4, 3, 2)),
    )
    return marks_split(rows, dark=dark), table


def _trend(page: Performance) -> None:
    st.header(t("performance.trend"), anchor=False)
    st.caption(t("performance.trend_note"))
    table = derived(page, _trend_table)
    shares = [t("performance.column_marked")]
    frame_table("performance_trend", table, caption=t("performance.trend"), shares=shares)
    offer_frame("performance_trend", t("performance.trend"), table, shares=shares)


def _trend_table(page: Performance) -> pl.DataFrame:
    """Months in rows: lessons with marks, marks a lesson, the mean."""
    told = page.trend.filter(pl.col("held_count") > 0).drop_nulls()  # withheld rows stand in no sum
    rows = told.group_by("month_on", maintain_order=True).agg(pl.exclude("school_id").sum())
    columns = {
        "marked": METRICS["marked_lesson_share"], "per_lesson": METRICS["marks_per_lesson"],
        "mean": METRICS["mean_mark"],
    }  # fmt: skip
    table = pl.DataFrame({t("performance.column_month"): [month(value) for value in rows["month_on"]]})
    for name, metric in columns.items():
        values = rows.select("month_on").join(metric.by(rows, "month_on"), on="month_on", how="left",
                                              maintain_order="left")  # fmt: skip
        shown = measures.shown_column("value") if metric.unit == "share" else pl.col("value").round(2)
        table = table.with_columns(values.select(shown.alias(t(f"performance.column_{name}"))).to_series())
    return table
