"""The school: which journals need attention, since when, whose records, and one click to the journal.

The same page serves a class teacher and a teacher, cut to their class and journals by the queries; a
municipal reader gets the sums of the school as a whole, and is told what is not shown.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import polars as pl
import streamlit as st

from dashboard import frame, measures, moment_words
from dashboard.components.kpi_cards import kpi_cards
from dashboard.derived import derived
from dashboard.filters import Filters, State, Status
from dashboard.i18n import count, moment, number, percent, t
from dashboard.pages_table import is_open
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from dashboard.queries.school import School, below_norm, past_moment, read_school
from dashboard.views.changes import draw_changes
from dashboard.views.school_ahead import draw_ahead
from dashboard.views.school_charts import draw_delays, draw_weeks
from dashboard.views.school_journals import draw_journals, draw_record_weeks
from dashboard.views.school_tables import draw_learning, draw_records, draw_teachers
from dashboard.views.sections import draw_sections
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics import LESSON_RULES, METRICS
from etl.warehouse.scope import Scope


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position; at most fourteen queries, one when the answer is remembered."""
    now = frame.this_hour()
    filters = asked.on_offer(scope, filters)
    listed_schools = cached(scope, "schools", _list_schools, now)
    school = filters.school or (
        int(listed_schools["school_id"][0]) if listed_schools.height and scope.level != "municipality" else None
    )
    if school is None:
        _choose(listed_schools, filters)
        return
    position = Filters(
        year=filters.year,
        period=filters.period,
        as_of=filters.as_of,
        at=filters.at,
        against=filters.against,
        school=school,
        parallel=filters.parallel,
        class_id=filters.class_id,
        staff=filters.staff,
        subject=filters.subject,
    )
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
    if any(not words for words, _ in _narrowed(page, filters)):
        frame.head(page.row["label"], filters, crumbs=_crumbs(scope, page, bare(filters), listed_schools))
        frame.empty(t("school.unknown_part_title"), t("school.unknown_part"))
        return
    _head(scope, page, filters, listed_schools)
    draw_sections("school", bare(filters), scope.role)
    _cards(page, filters)
    if page.is_inside:
        _findings(scope, page, filters)
        draw_journals(page, filters)
        draw_changes(page, filters)
        if scope.level == "school" and page.is_whole:
            draw_ahead(scope, page, filters)
    else:
        st.info(t("school.hidden"), icon=":material/lock:")
        if is_open("comparison", scope.role) and st.button(t("comparison.to_journals"), icon=":material/balance:"):
            frame.go("comparison", filters.common())
        draw_record_weeks(page)
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        draw_weeks(page)
    with right.container(border=True, height="stretch"):
        draw_delays(page)
    with st.container(border=True):
        draw_records(page)
    if page.is_inside and scope.level == "school" and filters.staff is None:
        with st.container(border=True):
            draw_teachers(page, filters)
    # classes: nothing narrower than a school is told above it, and nothing here is of one teacher
    if page.is_inside and filters.staff is None:
        with st.container(border=True):
            draw_learning(page)


def _list_schools(scope: Scope, _what: str, now: datetime) -> pl.DataFrame:
    return asked.read_schools(scope, now)


def _choose(schools: pl.DataFrame, filters: Filters) -> None:
    frame.head(t("school.choose_lead"), filters)
    names = dict(schools.select("school_id", "label").iter_rows())
    chosen = st.selectbox(
        t("school.choose"),
        list(names),
        index=None,
        format_func=lambda key: names[key],
        placeholder=t("school.choose_lead"),
        width=360,
    )
    if chosen is not None:
        frame.set_filters(filters.drilled(school=int(chosen)))


def _head(scope: Scope, page: School, filters: Filters, schools: pl.DataFrame) -> None:
    assert page.choice is not None  # noqa: S101 - the caller shows the empty page otherwise
    until = asked.local_moment(page.row)
    act = page.row["act_title"] or t("school.act_none")
    caption = t("school.caption", moment=moment(until), act=act)
    if past_moment(page.row, filters, is_inside=page.is_inside) is not None:
        caption = t("school.caption_as_of", stamp=_stamp(page, filters), moment=moment(until), act=act)
    is_stale = page.row["working_days_old"] > asked.STALE_AFTER
    frame.head(
        _title(scope, page, filters),
        filters,
        crumbs=_crumbs(scope, page, filters, schools),
        caption=caption,
        periods=[frame.Option(code, words) for code, words in page.choice.options],
        default_period=page.choice.default,
        as_of=frame.AsOf(
            date(page.choice.period.span.year, 9, 1), page.row["until_on"], page.is_inside, asked.minute_of(page.row)
        ),
        stamp=_stamp(page, filters),
        compares=True,
        warning=t("frame.stale_one", days=count(page.row["days_old"], "day")) if is_stale else "",
    )


def _title(scope: Scope, page: School, filters: Filters) -> str:
    place = _place(scope, page, filters)
    found = METRICS["completeness"].of(page.rules)
    if found.value is None:
        return t(
            "school.title_cannot_tell" if found.unknown or found.whole else "school.title_nothing",
            place=place,
        )
    if not page.is_inside:
        return t("school.title_whole", place=place, share=percent(found.value))
    below = derived(page, below_norm)
    if below.is_empty():
        return t("school.title_well", place=place)
    key = (
        "school.title_attention_one"
        if below.height % 10 == 1 and below.height % 100 != 11
        else "school.title_attention"
    )
    return t(key, place=place, journals=count(below.height, "journal"))


def _stamp(page: School, filters: Filters) -> str:
    return moment_words.stamp(page.row, filters, with_minute=page.is_inside)


def _place(scope: Scope, page: School, filters: Filters) -> str:
    names = [words for words, _ in _narrowed(page, filters)]
    owns = {"class": t("school.class_journals"), "teacher": t("school.own_journals")}
    own = owns.get(scope.level, page.row["label"])
    return ", ".join(names) if names else own


def _narrowed(page: School, filters: Filters) -> list[tuple[str, Filters]]:
    """What the page is narrowed to, coarse to fine, each with the position that keeps it and drops what is
    finer; no words for what the school does not have."""
    steps: list[tuple[str, Filters]] = []
    kept = bare(filters)
    words_of: dict[str, Callable[[int], str]] = {
        "parallel": lambda value: t("school.parallel", n=value),
        "class_id": lambda value: _name(page.dims, "class_id", value, "class_name"),
        "staff": lambda value: _name(page.names, "staff_id", value, "full_name"),
        "subject": lambda value: _name(page.dims, "subject_id", value, "subject"),
    }
    for name, words in words_of.items():
        value: int | None = getattr(filters, name)
        if value is not None:
            kept = kept.changed(**{name: value})
            steps.append((words(value), kept))
    return steps


def bare(filters: Filters) -> Filters:
    """The position of the whole school."""
    return filters.changed(parallel=None, class_id=None, staff=None, subject=None, journal=None, lesson=None)


def _name(rows: pl.DataFrame, key: str, value: int, column: str) -> str:
    found = rows.filter(pl.col(key) == value)[column] if rows.height else pl.Series([], dtype=pl.String)
    return str(found[0]) if found.len() else ""


def _crumbs(scope: Scope, page: School, filters: Filters, schools: pl.DataFrame) -> list[frame.Crumb]:
    steps: list[frame.Crumb] = []
    if is_open("overview", scope.role):
        steps.append(
            frame.Crumb(
                t("page.overview"),
                "overview",
                Filters(year=filters.year, period=filters.period, as_of=filters.as_of, against=filters.against),
            )
        )
    elif schools.height == 1 and not _narrowed(page, filters):
        return []
    steps.append(frame.Crumb(page.row["label"], "school", bare(filters)))
    steps += [frame.Crumb(words, "school", position) for words, position in _narrowed(page, filters)]
    return [*steps[:-1], frame.Crumb(steps[-1].label)]


def _cards(page: School, filters: Filters) -> None:
    assert page.choice is not None  # noqa: S101 - see _head
    note = moment_words.compared_with(page.choice, page.before_on)
    clauses = _passport(page)
    capabilities = page.row["capabilities"]
    missing = METRICS["missing_count"].of(page.rules).part
    late = METRICS["late_count"].of(page.rules).part
    common = {"before": page.before, "before_note": note, "capabilities": capabilities}
    opens = page.is_inside
    cards = [
        measures.card(
            METRICS["completeness"],
            t("overview.card_completeness"),
            page.rules,
            passport=clauses,
            opens=opens,
            **common,
        ),
        measures.card(
            METRICS["timeliness"],
            t("overview.card_timeliness"),
            page.rules,
            passport=clauses,
            opens=opens,
            **common,
        ),
        measures.card(
            METRICS["unfilled_count"],
            t("overview.card_unfilled"),
            page.rules,
            passport=clauses,
            opens=opens,
            rests_on=METRICS["completeness"],
            capabilities=capabilities,
            detail=" · ".join(
                [
                    t("school.card_missing_opens", n=number(missing)),
                    t("overview.unfilled_detail", late=number(late)),
                ]
            ),
        ),
    ]
    if filters.staff is None:  # lessons missed are a matter of classes, not of one teacher
        until = "" if page.is_inside else moment_words.attended_until(page.row["until_on"], filters)
        cards.append(measures.card(METRICS["attendance_share"], t("overview.card_attendance"), page.attendance,
                                   detail=until))  # fmt: skip
    clicked = kpi_cards("school_cards", cards, _stamp(page, filters))
    if clicked is None:
        return
    status = {"timeliness": Status.LATE}.get(clicked, Status.MISSING)
    frame.go("findings", filters.changed(status=status, state=None))


def _findings(scope: Scope, page: School, filters: Filters) -> None:
    """The way to the findings of what the page shows."""
    if page.findings is None or not is_open("findings", scope.role):
        return
    if not page.findings:
        st.caption(t("school.findings_none"))
        return
    words = t("school.findings", n=count(page.findings, "finding"))
    if st.button(words, key="school_findings", icon=":material/flag:"):
        frame.go("findings", filters.changed(status=None, state=State.OPEN))


def _passport(page: School) -> tuple[str, ...]:
    by_rule = {row["rule"]: row for row in page.clauses.iter_rows(named=True)}
    lines = [f"{t(f'record.{name}')}: {measures.terms(by_rule.get(RULE[name].number))}." for name in LESSON_RULES]
    norm = page.row["norm_share"]
    return (
        *lines,
        t("passport.outside"),
        *([t("passport.norm", share=percent(norm, 0))] if norm is not None else []),
    )
