"""Who fills what and how late: people, classes, subjects and journals, the most missing first.

Narrowed to a person or a class it is that person's or class's profile; a teacher sees only her own records.
"""

from __future__ import annotations

import re

import polars as pl
import streamlit as st

from dashboard import charts, frame, measures, moment_words
from dashboard import filling_rows as table
from dashboard.components.figure import figure
from dashboard.components.kpi_cards import kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.derived import derived
from dashboard.filters import Filters
from dashboard.i18n import count, day_short, listed, number, t
from dashboard.pages_table import is_open
from dashboard.queries.door import cached
from dashboard.queries.filling import LISTED, Filling, read_filling
from dashboard.views.sections import chosen_school, section_head, share_cell, unknown_school
from etl.warehouse.ledger import RULE, RULES
from etl.warehouse.metrics import LESSON_RULES, METRICS
from etl.warehouse.metrics_filling import BUCKETS, FILLING, MEDIAN
from etl.warehouse.scope import Scope

SHOWN = 100  # lines drawn; the export holds all
HEIGHT = 640  # pixels: the way below stays short
_NAMES = {rule.number: rule.name for rule in RULES}
_CODES = {"staff": "staff", "class_id": "class", "subject_id": "subject", "journal_id": "journal"}


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page; eleven queries, two when the answers are remembered."""
    school, now = chosen_school(scope, filters, t("page.filling"))
    if school is None:
        return
    filters = own_records(scope, filters.changed(school=school))
    page = cached(scope, _position(filters), read_filling, now, school=school)
    if page is None:
        unknown_school(t("page.filling"), filters)
        return
    narrowed = _narrowed(page, filters if scope.level != "teacher" else filters.changed(staff=None))
    if any(not words for words, _ in narrowed):
        frame.head(t("page.filling"), filters)
        frame.empty(t("school.unknown_part_title"), t("school.unknown_part"))
        return
    section_head(
        _title(page, narrowed, scope), "filling", page.row, page.choice, filters, scope.role, narrowed, with_minute=True
    )
    if scope.level == "teacher":
        st.caption(t("filling.own_note"))
    _cards(page, filters)
    _table(scope, page, filters)
    if filters.staff or filters.class_id:
        _unfilled(page, filters)
    _lags(page, filters)
    _way_to_findings(scope, filters)


def own_records(scope: Scope, filters: Filters) -> Filters:
    """A teacher looks at her own records, never at a colleague's (requirements, section C), whatever the URL says."""
    mine = sorted(staff for school, staff in scope.staff_ids if school == filters.school)
    return filters.changed(staff=mine[0]) if scope.level == "teacher" and mine else filters


def _position(filters: Filters) -> Filters:
    kept = ("year", "period", "as_of", "at", "school", "parallel", "class_id", "staff", "subject")
    return Filters(**{name: getattr(filters, name) for name in kept})


def _narrowed(page: Filling, filters: Filters) -> list[tuple[str, Filters]]:
    """Parallel, class, subject and person, each with the position that keeps it and what is coarser."""
    kept = filters.changed(parallel=None, class_id=None, staff=None, subject=None, journal=None, lesson=None)
    steps: list[tuple[str, Filters]] = []
    for name, rows, key, column in (
        ("class_id", page.dims, "class_id", "class_name"),
        ("subject", page.dims, "subject_id", "subject"),
        ("staff", page.names, "staff_id", "full_name"),
    ):
        value = getattr(filters, name)
        if value is not None:
            kept = kept.changed(**{name: value})
            found = rows.filter(pl.col(key) == value)[column]
            steps.append((str(found[0]) if found.len() else "", kept))
    if filters.parallel is not None:
        steps.insert(0, (t("school.parallel", n=filters.parallel), kept.changed(parallel=filters.parallel)))
    return steps


def _title(page: Filling, narrowed: list[tuple[str, Filters]], scope: Scope) -> str:
    place = ", ".join(words for words, _ in narrowed)
    if not place:
        place = t({"teacher": "filling.own", "class": "filling.own_class"}.get(scope.level, "page.filling"))
    found = METRICS["completeness"].of(page.sums)
    if found.value is None:
        return t("filling.title_cannot_tell" if found.unknown or found.whole else "filling.title_nothing", place=place)
    missing = found.whole - found.part
    return (
        t("filling.title", place=place, missing=count(missing, "entry"))
        if missing
        else t("filling.title_well", place=place)
    )


def _cards(page: Filling, filters: Filters) -> None:
    clauses = {row["rule"]: row for row in page.clauses.iter_rows(named=True)}
    terms = [f"{t(f'record.{name}')}: {measures.terms(clauses.get(RULE[name].number))}." for name in LESSON_RULES]
    passport = (*terms, t("passport.outside"))
    capabilities = page.row["capabilities"]
    shared = {"passport": passport, "capabilities": capabilities}
    kpi_cards(
        "filling_cards",
        [
            measures.card(METRICS["completeness"], t("overview.card_completeness"), page.sums, **shared),
            measures.card(METRICS["timeliness"], t("overview.card_timeliness"), page.sums, **shared),
            measures.card(METRICS["timeliness_marks"], t("filling.card_marks"), page.sums, capabilities=capabilities),
            measures.card(
                FILLING["rush_share"],
                t("filling.card_rush"),
                table.lag_sums(page.lags),
                capabilities=capabilities,
                detail=t("filling.rush_detail"),
            ),
        ],
        moment_words.stamp(page.row, filters),
    )


def _group(filters: Filters) -> str:
    by_code = {code: group for group, code in _CODES.items()}
    narrow = "journal_id" if filters.staff or (filters.class_id and filters.subject) else "staff"
    return by_code.get(filters.group or "", narrow)


def _table(scope: Scope, page: Filling, filters: Filters) -> None:
    group = _group(filters)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom", key="filling_head"):
            st.header(t("filling.table"), anchor=False)
            options = [name for name in table.GROUPS if not (name == "staff" and filters.staff)]
            st.session_state["zavuch.group"] = group  # the URL decides, also after Back
            chosen = st.segmented_control(
                t("filling.by"), options, key="zavuch.group", format_func=lambda name: t(f"filling.by_{_CODES[name]}"),
                label_visibility="collapsed",
            )  # fmt: skip
            if chosen is not None and chosen != group:
                frame.set_filters(filters.changed(group=_CODES[chosen]))
        st.caption(t("filling.table_note"))
        found = derived(page, table.lines, group)
        if found.is_empty():
            st.markdown(t("school.journals_empty"))
            return
        is_clean = (pl.col("missing") == 0) & (pl.col("timeliness.value").fill_null(0) == 1)
        clean = found.filter(is_clean)
        if clean.height and not filters.staff:
            st.markdown(frame.plain(t("filling.clean", names=listed(clean["label"]))))
        rest = found.filter(~is_clean)
        every = (*table.SHARES, *table.TIMES, "rush_share")
        names = [name for name in every if found[f"{name}.all"].sum()]  # what was not due for anybody is no column
        columns = [
            Column(t(f"filling.by_{_CODES[group]}_one"), wide=True),
            Column(t("school.column_unfilled"), is_number=True),
            *(Column(t(f"filling.column_{name}"), is_number=True) for name in names),
        ]
        clicked = row_table(
            "filling_table", columns, _drawn(rest.head(SHOWN), names), caption=t("filling.table_caption"),
            height=HEIGHT, every=(found.height, lambda: _drawn(found, names)), of=rest.height,
        )  # fmt: skip
        if rest.height > SHOWN:
            st.caption(t("filling.shown", shown=number(SHOWN), total=number(rest.height)))
    if clicked is not None:
        _open(scope, page, filters, group, clicked)


def _drawn(found: pl.DataFrame, names: list[str]) -> list[Row]:
    rows = []
    for line in found.iter_rows(named=True):
        missing = (
            Cell(t("number.cannot_tell"))
            if line["missing"] is None
            else Cell(number(line["missing"]), t("filling.of", n=number(line["base"])), "quiet")
        )
        cells = [
            share_cell(line[f"{name}.value"], line[f"{name}.part"], line[f"{name}.whole"], line[f"{name}.all"])
            for name in names
        ]
        rows.append(Row((Cell(line["label"]), missing, *cells), line["key"], t("filling.open", name=line["label"])))
    return rows


def _open(scope: Scope, page: Filling, filters: Filters, group: str, key: int) -> None:
    if group != "journal_id":
        name = {"staff": "staff", "class_id": "class_id", "subject_id": "subject"}[group]
        frame.set_filters(filters.drilled(**{name: key}).changed(group=None))
    found = page.dims.filter(pl.col("journal_id") == key)
    if found.height and is_open("journal", scope.role):
        row = found.row(0, named=True)
        frame.go("journal", filters.drilled(class_id=row["class_id"], subject=row["subject_id"], journal=key))


def _unfilled(page: Filling, filters: Filters) -> None:
    """The newest lessons with a record that is not there; a click opens the lesson in its journal."""
    with st.container(border=True):
        st.header(t("filling.unfilled"), anchor=False)
        if page.unfilled.is_empty():
            st.markdown(t("filling.unfilled_none"))
            return
        st.caption(t("filling.unfilled_note", n=LISTED))
        names = dict(page.names.select("staff_id", "full_name").iter_rows())
        journals = {row["journal_id"]: row for row in page.dims.iter_rows(named=True)}
        found = list(page.unfilled.iter_rows(named=True))
        rows = []
        for lesson in found:
            journal = journals.get(lesson["journal_id"])
            place = f"{journal['class_name']}, {journal['subject']}" if journal else "—"
            lacking = listed(t(f"record.{_NAMES[rule]}").lower() for rule in lesson["rules"])
            who = frame.short_name(names.get(lesson["staff_id"]) or t("filling.nobody"))
            when = f"{day_short(lesson['held_on'])}"
            cells = (Cell(when, t("filling.slot", n=lesson["slot"])), Cell(place), Cell(lacking), Cell(who))
            rows.append(Row(cells, lesson["lesson_id"], t("grid.open_lesson", lesson=f"{when}, {place}")))
        columns = [
            Column(t(f"filling.lesson_{name}"), wide=name == "lacking") for name in ("on", "place", "lacking", "who")
        ]
        clicked = row_table("filling_unfilled", columns, rows, caption=t("filling.unfilled"), height=420,
                            of=len(rows) + (len(rows) == LISTED))  # fmt: skip
    if clicked is not None:
        lesson = next(row for row in found if row["lesson_id"] == clicked)
        journal = journals.get(lesson["journal_id"])
        subject = journal["subject_id"] if journal else None
        position = filters.drilled(class_id=lesson["class_id"], subject=subject, journal=lesson["journal_id"])
        frame.go("journal", position.changed(lesson=clicked))


def _lags(page: Filling, filters: Filters) -> None:
    lines = derived(page, table.lag_lines)
    with st.container(border=True):
        st.header(t("filling.lags"), anchor=False)
        if not lines:
            st.markdown(t("school.journals_empty"))
            return
        st.caption(t("filling.lags_note"))
        clauses = {row["rule"]: row for row in page.clauses.iter_rows(named=True)}
        steps = [code for code, _, _ in BUCKETS]
        columns = [
            Column(t("school.record")),
            *(Column(t(f"school.delay_{code}"), is_number=True) for code in (*steps, "never")),
            Column(t("filling.median"), is_number=True),
            Column(t("filling.tenth"), is_number=True),
        ]
        rows = []
        for rule, words in lines:
            clause = clauses.get(RULE[rule].number)
            limit = _limit_days(clause["limit_text"] if clause else None)
            cells = [Cell(t(f"record.{rule}"), measures.terms(clause), "quiet")]
            cells += [_lag_cell(words[code], first, last, limit) for code, first, last in BUCKETS]
            cells += [Cell(words["never"] or "—"), Cell(words["median"]), Cell(words["tenth"])]
            rows.append(Row(tuple(cells)))
        chosen = _rule_of(filters, [rule for rule, _ in lines])
        _bars(page, chosen, clauses, filters, [rule for rule, _ in lines])
        row_table("filling_lags", columns, rows, caption=t("filling.lags"), height=470)
        with st.expander(t("kpi.passport"), icon=":material/info:"):
            st.markdown("\n\n".join((t(MEDIAN.passport_key), t(FILLING["rush_share"].passport_key))))
            st.caption(t("filling.cannot_edge"))


def _lag_cell(words: str, first: int, last: int, limit: int | None) -> Cell:
    if not words:
        return Cell("—")
    is_edge = limit is not None and first <= limit <= last
    return Cell(words, t("filling.limit_here") if is_edge else "", "info" if is_edge else "")


def _limit_days(text: str | None) -> int | None:
    """Calendar days of a hard limit; None for limits in working days, hours or other words: only told, not drawn."""
    if text in ("same_day", "check_day"):
        return 0 if text == "same_day" else None
    found = re.fullmatch(r"(\d+)d(?:\+same_day)?", text or "")
    return int(found[1]) if found else None


def _rule_of(filters: Filters, rules: list[str]) -> str:
    return filters.measure if filters.measure in rules else rules[0]


def _bars(
    page: Filling, chosen: str, clauses: dict[int, dict[str, object]], filters: Filters, rules: list[str]
) -> None:
    st.session_state["zavuch.lag"] = chosen
    picked = st.pills(
        t("school.measure"), rules, key="zavuch.lag", format_func=lambda rule: t(f"record.{rule}"),
        label_visibility="collapsed",
    )  # fmt: skip
    if picked is not None and picked != chosen:
        frame.set_filters(filters.changed(measure=picked))
    clause = clauses.get(RULE[chosen].number)
    text = clause["limit_text"] if clause else None
    limit = _limit_days(text if isinstance(text, str) else None)
    chart = derived(page, _bars_of, chosen, limit, dark=frame.is_dark())
    if chart is None:
        st.markdown(t("school.cannot_tell", reason=t("why.no_times")))
        return
    figure("filling_bars", chart)


def _bars_of(page: Filling, chosen: str, limit: int | None, *, dark: bool) -> charts.Chart | None:
    """Records of a kind by the day they were made; None where the source tells too few days."""
    known = table.bucket_counts(page, chosen)
    total = sum(known.values())
    if not total or known["unknown"] > total / 2:
        return None
    kinds = {code: "neutral" if limit is None else "good" if last <= limit else "warn" for code, _, last in BUCKETS}
    kinds |= {"never": "bad", "unknown": "neutral"}
    drawn = [(code, t(f"school.delay_{code}"), n, kinds[code]) for code, n in known.items() if code != "unknown" or n]
    buckets = pl.DataFrame(
        drawn, schema={"id": pl.String, "label": pl.String, "n": pl.Int64, "kind": pl.String}, orient="row"
    )
    return charts.delay_bars(buckets, short={"8": t("school.delay_short_8")}, dark=dark)


def _way_to_findings(scope: Scope, filters: Filters) -> None:
    if is_open("findings", scope.role) and st.button(t("filling.findings"), icon=":material/flag:"):
        frame.go("findings", filters.changed(group=None, measure=None))
