"""The findings: what is wrong, how bad, whose, since when, what the act says, and the one click to the lesson."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, moment_words, wording
from dashboard.components.row_table import Column, row_table
from dashboard.exports import offer
from dashboard.filters import Filters, Severity, State
from dashboard.finding_export import findings_sheet
from dashboard.finding_rows import finding_row
from dashboard.i18n import count, form, listed, moment, number, t
from dashboard.pages_table import is_open, may_act
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from dashboard.queries.findings import (
    AGES,
    ALL,
    MOST_EXPORTED,
    PAGE,
    Findings,
    asked_state,
    moment_of,
    read_every,
    read_findings,
)
from dashboard.table_export import Sheet
from dashboard.views.finding_card import journal_position, open_finding
from dashboard.views.finding_groups import GROUPS, group_table, ledger_name
from dashboard.views.sections import draw_control_sections
from etl.warehouse import ledger
from etl.warehouse.scope import Scope

_CHOICES = (
    "class_id",
    "staff",
    "rule",
    "severity",
    "state",
    "status",
    "subject",
    "journal",
    "parallel",
    "measure",
    "age",
    "page",
)
ANY = ""  # a selector's «все»


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position; five queries, one when the answer is remembered."""
    now = frame.this_hour()
    only = next(iter(scope.all_school_ids)) if len(scope.all_school_ids) == 1 else None
    filters = filters.changed(school=filters.school or only, lesson=None)
    position = filters.changed(week=None, sort=None, group=None, finding=None)
    page = cached(scope, position, read_findings, now)
    if page is None:
        frame.head(t("page.findings"), Filters())
        frame.empty(t("findings.unknown_title"), t("findings.unknown"))
        return
    if page.choice is None:
        frame.head(t("page.findings"), filters)
        frame.empty(t("findings.no_periods_title"), t("findings.no_periods"))
        return
    _head(page, filters)
    draw_control_sections("findings", filters.common(), scope.role)
    _ways(scope, filters)
    _filters(page, filters, several=only is None)
    if not page.total:
        _nothing(page, filters)
        return
    group = _tools(scope, page, filters, several=only is None)
    if group is not None:
        group_table(page, filters, group)
    else:
        _list(page, filters)
    if filters.finding is not None and filters.school is not None:
        open_finding(scope, filters.school, filters, moment_of(filters, page.schools))


def _ways(scope: Scope, filters: Filters) -> None:
    """The checks behind the findings and the control of this period, side by side."""
    routes = {"checks": (t("page.checks"), ":material/fact_check:")} if is_open("checks", scope.role) else {}
    if may_act("control", scope.role) and filters.school is not None:
        routes["control"] = (t("control.from_findings"), ":material/assignment_turned_in:")
    if not routes:
        return
    with st.container(horizontal=True, gap="medium", key="findings_ways"):
        for route, (words, icon) in routes.items():
            if st.button(words, key=f"findings_{route}", type="tertiary", icon=icon):
                frame.go(route, filters.common())


def _head(page: Findings, filters: Filters) -> None:
    assert page.choice is not None  # noqa: S101 - the caller shows the empty page otherwise
    one = page.schools.row(0, named=True) if page.schools.height == 1 else None
    checked = page.checked["checked_at"].max()
    zone = one["timezone"] if one else page.schools["timezone"][0]
    words = wording.full_moment(checked, zone) if isinstance(checked, datetime) else t("findings.never_checked")
    if one:
        caption = t("findings.caption", moment=moment(asked.local_moment(one)), checked=words)
        if asked.past_moment(one, filters) is not None:
            caption = f"{t('findings.caption_then', stamp=moment_words.stamp(one, filters))} · {caption}"
    else:
        caption = t("findings.caption_many", schools=count(page.schools.height, "school"), checked=words)
    crumbs = [frame.Crumb(one["label"], "school", filters.common()), frame.Crumb(t("page.findings"))] if one else []
    is_stale = one is not None and one["working_days_old"] > asked.STALE_AFTER
    frame.head(
        _title(page, filters),
        filters,
        crumbs=crumbs,
        caption=caption,
        periods=[frame.Option(code, label) for code, label in page.choice.options],
        default_period=page.choice.default,
        as_of=frame.AsOf(
            date(page.choice.period.span.year, 9, 1),
            max(page.schools["until_on"]),
            one is not None,
            asked.minute_of(one) if one else None,
        ),
        stamp=moment_words.stamp(one, filters) if one else moment_words.stamp_of_schools(page.schools, filters),
        warning=t("frame.stale_one", days=count(one["days_old"], "day")) if one and is_stale else "",
    )


def _title(page: Findings, filters: Filters) -> str:
    state = asked_state(filters)
    n = number(page.total)
    if state is None:
        return t("findings.title_all", n=n)
    if state is not State.OPEN:
        return t("findings.title_state", state=t(f"state_many.{state.value}"), n=n)
    if not page.total:
        return t("findings.title_none")
    return (
        t("findings.title_open_critical", n=n, critical=number(page.critical))
        if page.critical
        else t("findings.title_open", n=n)
    )


def _filters(page: Findings, filters: Filters, *, several: bool) -> None:
    _pills(page, filters)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="findings_filters"):
        if several:
            names = dict(page.schools.select("school_id", "label").iter_rows())
            _select(
                "school",
                {
                    key: (names.get(key, t("findings.chosen_school")), n)
                    for key, n in _part(page, "school").select("in_school", "n").iter_rows()
                },
                filters,
            )
        if filters.school is not None:
            _select("class", _class_options(page), filters, field="class_id")
            _select("staff", _staff_options(page), filters, width=260)
        rules = _part(page, "rule").sort("n", "rule", descending=[True, False])
        options = {ledger_name(rule): (wording.rule_name(rule), n) for rule, n in rules.select("rule", "n").iter_rows()}
        _select("rule", options, filters, width=300)
        ages = dict(_part(page, "age").select("age", "n").iter_rows())
        _select("age", {age: (t(f"age.{age}"), ages[age]) for age in AGES if age in ages}, filters)
    chosen = _narrowed(page, filters)
    if chosen:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="findings_narrowed"):
            st.caption(frame.plain(t("findings.narrowed", parts=listed(chosen))), width="content")
            if st.button(t("findings.reset"), type="tertiary", icon=":material/close:"):
                frame.set_filters(filters.changed(**dict.fromkeys(_CHOICES)))


def _part(page: Findings, part: str) -> pl.DataFrame:
    return page.counts.filter((pl.col("part") == part) & (pl.col("n") > 0))


def _class_options(page: Findings) -> dict[Any, tuple[str, int]]:
    rows = _part(page, "class").filter(pl.col("class_name").is_not_null()).sort("grade", "letter", "class_id")
    return {key: (name, n) for key, name, n in rows.select("class_id", "class_name", "n").iter_rows()}


def _staff_options(page: Findings) -> dict[Any, tuple[str, int]]:
    rows = (
        _part(page, "staff")
        .filter(pl.col("full_name").is_not_null())
        .sort(asked.natural_order("full_name"), "staff_id")
    )
    return {key: (frame.short_name(name), n) for key, name, n in rows.select("staff_id", "full_name", "n").iter_rows()}


def _select(
    name: str, options: dict[Any, tuple[str, int]], filters: Filters, *, field: str = "", width: int = 190
) -> None:
    """One choice; the URL decides what is chosen, also after Back."""
    field = field or name
    current = getattr(filters, field)
    known = [ANY, *options] if current is None or current in options else [ANY, *options, current]
    key = f"findings.{name}"
    st.session_state[key] = ANY if current is None else current
    chosen = st.selectbox(
        t(f"findings.{name}"),
        known,
        key=key,
        width=width,
        format_func=lambda value: t(f"findings.any_{name}") if value == ANY else _option(name, options, value),
    )
    wanted = None if chosen == ANY else chosen
    if wanted != current:
        frame.set_filters(filters.drilled(**{field: wanted}))


def _name_without(name: str, value: Any) -> str:
    """What a choice is called of which no finding is left, so that nothing but its code is known here."""
    if name == "rule" and value in ledger.RULE:
        return wording.rule_name(ledger.RULE[value].number)
    if name == "age" and value in AGES:
        return t(f"age.{value}")
    return t(f"findings.chosen_{name}")


def _option(name: str, options: dict[Any, tuple[str, int]], value: Any) -> str:
    if value not in options:
        return t("findings.option_none", name=_name_without(name, value))
    return t("findings.option", name=options[value][0], n=number(options[value][1]))


def _pills(page: Findings, filters: Filters) -> None:
    severities = dict(_part(page, "severity").select("severity", "n").iter_rows())
    states = dict(_part(page, "state").select("state", "n").iter_rows())
    with st.container(horizontal=True, gap="medium", key="findings_pills"):
        codes = [severity.value for severity in Severity if ledger.Severity[severity.value] in severities]
        names = {
            code: t("findings.pill", name=t(f"severity.{code}"), n=number(severities[ledger.Severity[code]]))
            for code in codes
        }
        current = filters.severity.value if filters.severity else None
        chosen = _choose("severity", names, current) if names or current else None
        if chosen != current:
            frame.set_filters(filters.changed(severity=Severity(chosen) if chosen else None, page=None))
        labels = {
            s.value: t("findings.pill", name=t(f"state_many.{s.value}"), n=number(states[s.value]))
            for s in State
            if s.value in states
        }
        labels[ALL] = t("findings.pill", name=t("findings.all_states"), n=number(sum(states.values())))
        state = asked_state(filters)
        now = state.value if state else ALL
        picked = _choose("state", labels, now) or now
        if picked != now:
            is_all = picked == ALL
            frame.set_filters(
                filters.changed(state=None if is_all else State(picked), measure=ALL if is_all else None, page=None)
            )


def _choose(name: str, labels: dict[str, str], current: str | None) -> str | None:
    key = f"findings.{name}"
    shown = (
        labels
        if current is None or current in labels
        else {**labels, current: t(f"state_many.{current}") if name == "state" else t(f"severity.{current}")}
    )
    st.session_state[key] = current
    return st.pills(t(f"findings.{name}"), list(shown), format_func=lambda code: shown[code], key=key)


def _narrowed(page: Findings, filters: Filters) -> list[str]:
    """The filters that no selector on the page shows, in words, and any other that is set."""
    words = []
    if filters.status is not None:
        words.append(t("findings.status", status=t(f"status.{filters.status.value}")))
    if filters.parallel is not None:
        words.append(t("school.parallel", n=filters.parallel))
    if filters.subject is not None or filters.journal is not None:
        subject = page.rows["subject"][0] if page.rows.height else None
        words.append(str(subject or t("findings.chosen_subject")))
    for field, part, name in (("class_id", "class", "class_name"), ("staff", "staff", "full_name")):
        value = getattr(filters, field)
        if value is not None:
            found = page.counts.filter(
                (pl.col("part") == part) & (pl.col({"class_id": "class_id", "staff": "staff_id"}[field]) == value)
            )
            words.append(str(found[name][0]) if found.height and found[name][0] else t(f"findings.chosen_{part}"))
    if filters.age in AGES:
        words.append(t(f"age.{filters.age}"))
    if filters.rule in ledger.RULE:
        words.append(wording.rule_name(ledger.RULE[filters.rule or ""].number))
    return [*words, t(f"severity.{filters.severity.value}")] if filters.severity else words


def _nothing(page: Findings, filters: Filters) -> None:
    if page.checked.filter(pl.col("school_id").is_in(page.schools["school_id"].to_list())).is_empty():
        frame.empty(t("findings.not_checked_title"), t("findings.not_checked"))
    elif _narrowed(page, filters):
        frame.empty(t("findings.none_title"), t("findings.none"))
    else:
        is_open_asked = asked_state(filters) == State.OPEN
        frame.empty(t("findings.none_title"), t("findings.none_open" if is_open_asked else "findings.none_such"))


def _list(page: Findings, filters: Filters) -> None:
    with st.container(border=True):
        st.header(t("findings.list"), anchor=False)
        is_mixed = (pl.col("rule") == ledger.RULE["no_entry"].number).any()
        notes = [t("findings.list_note")] + (
            [t("findings.no_entry_note")] if _part(page, "rule").select(is_mixed).item() else []
        )
        st.caption(" ".join(notes))
        columns = [
            Column(t("findings.column_finding"), wide=True),
            Column(t("findings.column_severity")),
            Column(t("findings.column_where")),
            Column(t("findings.column_who")),
            Column(t("findings.column_clause")),
            Column(t("findings.column_state")),
        ]
        several = page.schools.height > 1
        rows = [finding_row(row, index, several=several) for index, row in enumerate(page.rows.iter_rows(named=True))]
        clicked = row_table(
            "findings_list",
            columns,
            rows,
            caption=t("findings.list_caption", page=page.page, pages=page.pages),
            on_action=lambda place: _open_card(page, filters, place),
            as_file=False,  # the file of all pages is above
            of=page.total,
        )
        _pager(page, filters)
    if clicked is not None:
        frame.go("journal", journal_position(page.rows.row(clicked, named=True), filters))


def _open_card(page: Findings, filters: Filters, place: int) -> None:
    row = page.rows.row(place, named=True)
    frame.set_filters(filters.changed(school=row["school_id"], finding=row["finding_id"]))


def _tools(scope: Scope, page: Findings, filters: Filters, *, several: bool) -> str | None:
    """How the findings are shown and the file of all of them; returns the chosen grouping."""
    codes = [code for code in GROUPS if code != "school" or several]
    if filters.school is None:
        codes = [code for code in codes if code in ("rule", "school")]
    current = filters.group if filters.group in codes else None
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", gap="small"):
        st.session_state["findings.group"] = current or ALL
        chosen = st.segmented_control(
            t("findings.group"),
            [ALL, *codes],
            format_func=lambda code: t(f"group.{code}"),
            key="findings.group",
            required=True,
        )
        _download(scope, page, filters)
    wanted = None if chosen in (ALL, None) else chosen
    if wanted != current:
        frame.set_filters(filters.changed(group=wanted, page=None))
    return current


def _download(scope: Scope, page: Findings, filters: Filters) -> None:
    now = datetime.now(UTC)
    position = filters.changed(week=None, sort=None, group=None, finding=None, page=None)
    state = asked_state(filters)
    shown = t(f"state_many.{state.value}") if state else t("findings.all_states")
    head = replace(frame.drawn_head(), narrowed=(shown, *_narrowed(page, filters)))

    def make() -> Sheet:
        return findings_sheet(read_every(scope, position, now))

    offer("findings", t("page.findings"), make, min(page.total, MOST_EXPORTED), total=page.total, head=head)


def _pager(page: Findings, filters: Filters) -> None:
    first = (page.page - 1) * PAGE + 1
    last = min(page.page * PAGE, page.total)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="findings_pager"):
        words = t("findings.range", first=number(first), last=number(last), total=number(page.total))
        st.caption(f"{words} {form(page.total, 'finding')}", width="content")
        if page.pages > 1:
            if st.button(t("findings.previous"), icon=":material/chevron_left:", disabled=page.page == 1):
                frame.set_filters(filters.changed(page=page.page - 1 if page.page > 2 else None))
            if st.button(
                t("findings.next"),
                icon=":material/chevron_right:",
                icon_position="right",
                disabled=page.page == page.pages,
            ):
                frame.set_filters(filters.changed(page=page.page + 1))
