"""The loads: how fresh the data are, whether the counts balance, what was set aside and what the source cannot tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, wording
from dashboard.components.row_table import Cell, Column, Row, Tone, row_table
from dashboard.coverage import Counts, coverage
from dashboard.filters import Filters
from dashboard.i18n import count, listed, moment, number, t
from dashboard.load_words import reject_reason, remark
from dashboard.pages_table import is_open
from dashboard.queries import schools as asked
from dashboard.queries.door import cached
from dashboard.queries.load_requests import may_load, read_sheets
from dashboard.queries.loads import SHOWN_LOADS, Loads, read_loads, read_schools_and_loads
from dashboard.tables_words import table_name
from dashboard.views.loads_sheets import received
from dashboard.views.loads_upload import upload
from etl.warehouse.ledger import RULE, lacks
from etl.warehouse.scope import Scope

_NUMBERS = ("read", "loaded", "unchanged", "rejected")
_TELLS: dict[str, Tone] = {
    "exact": "good",
    "date_only": "good",
    "interval": "warn",
    "content": "good",
    "partly": "warn",
    "nothing": "quiet",
    "cannot": "unknown",
}


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page; three queries for the list of schools, eight for one school, one when remembered; and the newest
    wish to load, what was received and what the form is filled with, each asked anew.
    """
    now = frame.this_hour()
    only = next(iter(scope.all_school_ids)) if len(scope.all_school_ids) == 1 else None
    school = filters.school or only
    if school is None:
        _schools(*cached(scope, Filters(), read_schools_and_loads, now), filters)
        return
    # a load is shown by its place in the history of the school: 1 = the newest
    page = cached(scope, Filters(school=school), read_loads, None, now, school=school)
    if page is None:
        frame.head(t("page.loads"), Filters())
        frame.empty(t("loads.unknown_title"), t("loads.unknown"))
        return
    place = min(filters.page or 1, max(1, page.history.height))
    if place > 1:
        page = (
            cached(
                scope, Filters(school=school), read_loads, int(page.history["load_id"][place - 1]), now, school=school
            )
            or page
        )
    _school(scope, page, filters.changed(school=school), several=only is None)


def _schools(schools: pl.DataFrame, loads: pl.DataFrame, filters: Filters) -> None:
    stale = asked.stale(schools).height
    shown = count(schools.height, "school")
    frame.head(
        t("loads.title_many_stale", schools=shown, stale=stale) if stale else t("loads.title_many", schools=shown),
        filters,
        caption=_span(schools),
    )
    columns = [
        Column(t("loads.column_school"), wide=True),
        Column(t("loads.column_until")),
        Column(t("loads.column_loaded_at")),
        *(Column(t(f"loads.column_{name}"), is_number=True) for name in _NUMBERS),
        Column(t("loads.column_balance")),
        Column(t("loads.column_coverage"), is_number=True),
    ]
    newest = loads.sort("load_id", descending=True).unique(["school_id"], keep="first", maintain_order=True)
    by_school = {row["school_id"]: row for row in newest.iter_rows(named=True)}
    rows = [_school_row(row, by_school.get(row["school_id"])) for row in schools.iter_rows(named=True)]
    with st.container(border=True):
        st.header(t("loads.schools"), anchor=False)
        st.caption(t("loads.schools_note"))
        clicked = row_table("loads_schools", columns, rows, caption=t("loads.schools_caption"))
    if clicked is not None:
        frame.set_filters(filters.drilled(school=clicked))


def _span(schools: pl.DataFrame) -> str:
    moments = [asked.local_moment(row) for row in schools.iter_rows(named=True)]
    if not moments:
        return ""
    first, last = min(moments), max(moments)
    return (
        t("frame.data_as_of", moment=moment(first))
        if first == last
        else t("frame.data_between", first=moment(first), last=moment(last))
    )


def _school_row(school: dict[str, Any], load: dict[str, Any] | None) -> Row:
    is_stale = school["working_days_old"] > asked.STALE_AFTER
    note, tone = t("loads.fresh"), "good"
    if school["is_demo"]:  # made once, so neither fresh nor stale
        note, tone = t("loads.demo"), "quiet"
    elif is_stale:
        note, tone = t("loads.stale", days=count(school["days_old"], "day")), "warn"
    until = Cell(wording.short_moment(school["extracted_at"], school["timezone"]), note, tone)  # type: ignore[arg-type]
    opens = t("loads.open_school", name=school["label"])
    if load is None:
        return Row((Cell(school["label"]), until, *([Cell("—")] * 5), Cell(), Cell()), school["school_id"], opens)
    loaded_at = Cell(wording.short_moment(load["finished_at"], school["timezone"]))
    numbers = [Cell(number(load[f"rows_{name}"])) for name in _NUMBERS]
    lacking = len(lacks(frozenset(school["tables"] or ()), school["capabilities"] or ()))
    judged = Cell(t("loads.judged", n=number(len(RULE) - lacking), all=number(len(RULE))))
    return Row((Cell(school["label"]), until, loaded_at, *numbers, _balance(load), judged), school["school_id"], opens)


def _balance(row: dict[str, Any]) -> Cell:
    """Read = loaded + unchanged + rejected, always; a difference is a fault of the loader and is shown."""
    rest = row["rows_read"] - row["rows_loaded"] - row["rows_unchanged"] - row["rows_rejected"]
    return (
        Cell(t("loads.balance_bad", n=number(rest)), tone="bad", badge=True)
        if rest
        else Cell(t("loads.balance_ok"), tone="good", badge=True)
    )


def _school(scope: Scope, page: Loads, filters: Filters, *, several: bool) -> None:
    school: dict[str, Any] = page.school
    is_stale = school["working_days_old"] > asked.STALE_AFTER
    until = moment(asked.local_moment(school))
    rejected = int(page.tables["rows_rejected"].sum()) if page.tables.height else 0
    source = page.history["source_system"][0] if page.history.height else None
    crumbs = [frame.Crumb(t("page.loads"), "loads", Filters())] if several else []
    if not several and is_open("school", scope.role):
        crumbs = [frame.Crumb(school["label"], "school", filters.common())]
    frame.head(
        t("loads.title_rejected", moment=until, rows=count(rejected, "row"))
        if rejected
        else t("loads.title", moment=until),
        filters,
        crumbs=[*crumbs, frame.Crumb(school["label"] if several else t("page.loads"))],
        caption=t("loads.caption", school=school["label"], source=source or t("loads.unknown_source")),
        warning=t("frame.stale_one", days=count(school["days_old"], "day")) if is_stale else "",
    )
    if may_load(scope, int(school["school_id"])):
        upload(scope, school)
    if page.history.is_empty():
        frame.empty(t("loads.none_title"), t("loads.none"))
        return
    _history(page, filters)
    if page.is_inside:
        received(read_sheets(scope, int(school["school_id"])), school["timezone"])
    _tables(scope, page)
    _rejects(page, rejected)
    _coverage(page)


def _history(page: Loads, filters: Filters) -> None:
    school: dict[str, Any] = page.school
    columns = [
        Column(t("loads.column_load"), wide=True),
        Column(t("loads.column_until")),
        Column(t("loads.column_mode")),
        *(Column(t(f"loads.column_{name}"), is_number=True) for name in _NUMBERS),
        Column(t("loads.column_balance")),
    ]
    rows = []
    for place, load in enumerate(page.history.iter_rows(named=True), start=1):
        finished = wording.short_moment(load["finished_at"], school["timezone"])
        name = f"{t('loads.load_number', n=load['load_id'])} · {finished}"
        seconds = max(1, round((load["finished_at"] - load["started_at"]).total_seconds()))
        note = [t("loads.took", n=number(seconds))]
        if page.is_inside:
            note.insert(0, PurePath(load["source"].replace("\\", "/")).name)
        if load["load_id"] == page.load:
            note.append(t("loads.chosen"))
        numbers = [Cell(number(load[f"rows_{column}"])) for column in _NUMBERS]
        cells = (
            Cell(name, " · ".join(note)),
            Cell(wording.short_moment(load["extracted_at"], school["timezone"])),
            Cell(t(f"loads.mode_{load['mode']}")),
            *numbers,
            _balance(load),
        )
        rows.append(Row(cells, place, t("loads.open_load", n=load["load_id"])))
    with st.container(border=True):
        st.header(t("loads.history"), anchor=False)
        st.caption(t("loads.history_note"))
        clicked = row_table("loads_history", columns, rows, caption=t("loads.history_caption"),
                            of=len(rows) + (len(rows) == SHOWN_LOADS))  # fmt: skip
    if clicked is not None:
        frame.set_filters(filters.changed(page=None if clicked == 1 else clicked))


def _tables(scope: Scope, page: Loads) -> None:
    columns = [
        Column(t("loads.column_table"), wide=True),
        *(Column(t(f"loads.column_{name}"), is_number=True) for name in (*_NUMBERS, "deleted")),
        Column(t("loads.column_balance")),
    ]
    named = sorted(page.tables.iter_rows(named=True), key=lambda row: table_name(row["table_name"]))
    rows = [_table_row(table_name(row["table_name"]), row) for row in named]
    totals = {name: int(page.tables[name].sum()) for name in page.tables.columns if name.startswith("rows_")}
    with st.container(border=True):
        st.header(t("loads.tables", n=page.load), anchor=False)
        st.caption(t("loads.tables_note"))
        if scope.is_above:
            st.caption(t("loads.persons_note"))
        row_table(
            "loads_tables",
            columns,
            [replace(_table_row(t("loads.total"), totals), is_sum=True), *rows],
            caption=t("loads.tables_caption"),
        )


def _table_row(name: str, row: dict[str, Any]) -> Row:
    return Row((Cell(name), *(Cell(number(row[f"rows_{column}"])) for column in (*_NUMBERS, "deleted")), _balance(row)))


def _rejects(page: Loads, rejected: int) -> None:
    with st.container(border=True):
        st.header(t("loads.rejects"), anchor=False)
        if not rejected:
            st.markdown(t("loads.rejects_none"))
        elif not page.is_inside:
            st.info(t("loads.rejects_hidden"), icon=":material/lock:")
        else:
            _reject_table(page)
        if not page.is_inside:
            return
        st.header(t("loads.warnings"), anchor=False)
        remarks = [remark(message) for message in page.warnings["message"]]
        st.markdown("\n".join(f"- {frame.plain(words)}" for words in remarks) or t("loads.warnings_none"))


def _reject_table(page: Loads) -> None:
    st.caption(t("loads.rejects_note"))
    columns = [
        Column(t("loads.column_table")),
        Column(t("loads.column_row"), is_number=True),
        Column(t("loads.column_column")),
        Column(t("loads.column_value")),
        Column(t("loads.column_reason"), wide=True),
    ]
    rows = [
        Row(
            (
                Cell(table_name(row["file"].rpartition(".")[0]), row["file"]),
                Cell(number(row["row_number"]) if row["row_number"] is not None else "—"),
                Cell(row["column_name"] or "—"),
                Cell(row["value"] or "—"),
                Cell(reject_reason(row["reason"])),
            )
        )
        for row in page.rejects.iter_rows(named=True)
    ]
    total = int(page.rejects["total"][0]) if page.rejects.height else 0
    row_table("loads_rejects", columns, rows, caption=t("loads.rejects_caption"), of=total,
              height=420 if len(rows) > 8 else None)  # fmt: skip
    if total > page.rejects.height:
        st.caption(t("loads.rejects_more", shown=number(page.rejects.height), total=number(total)))
    with st.expander(t("loads.raw"), icon=":material/data_object:"):
        raw = [
            f"{t('loads.row_at', file=row['file'], row=row['row_number'])}\n{row['raw']}"
            for row in page.rejects.head(50).iter_rows(named=True)
        ]
        st.code("\n\n".join(raw), language=None, wrap_lines=True)


def _coverage(page: Loads) -> None:
    columns = [
        Column(t("loads.column_rule")),
        Column(t("loads.column_tells")),
        Column(t("loads.column_details"), wide=True),
        Column(t("loads.column_data_until")),
    ]
    with st.container(border=True):
        st.header(t("loads.coverage"), anchor=False)
        st.caption(t("loads.coverage_note"))
        st.markdown(coverage_sentence(page))
        row_table("loads_coverage", columns, coverage_rows(page), caption=t("loads.coverage_caption"))


def coverage_sentence(page: Loads) -> str:
    """How many rules the source leaves without an answer and which, as the load printed it (annex B16)."""
    school: dict[str, Any] = page.school
    found = lacks(page.carried, school["capabilities"] or ())
    if not found:
        return t("loads.coverage_whole", all=number(len(RULE)))
    names = listed(f"«{wording.rule_name(RULE[lack.rule].number)}»" for lack in found)
    return t("loads.coverage_lacks", n=number(len(found)), all=number(len(RULE)), names=names)


def coverage_rows(page: Loads) -> list[Row]:
    """One row per rule: whether the act judges it, how well the source tells it, where its data end."""
    school: dict[str, Any] = page.school
    counted = {row["rule"]: row for row in page.quality.iter_rows(named=True)} if page.quality is not None else {}
    # a ban on marks in advance has no row for a mark of unknown time (annex L4a): the marks themselves say why
    future, mark = RULE["future_mark"].number, RULE["mark"].number
    if future not in counted and mark in counted:
        counted[future] = {**counted[mark], "exact": 0, "date_only": 0, "interval": 0}
    rows = []
    for row in page.rules.iter_rows(named=True):
        rule = row["rule"]
        counts = None if page.quality is None else _counts(counted.get(rule))
        found = coverage(rule, page.carried, school["capabilities"] or (), counts)
        until = wording.short_moment(row["data_until"], school["timezone"])
        cells = (
            Cell(wording.rule_name(rule), "" if row["is_regulated"] else t("loads.not_regulated")),
            Cell(t(f"tells.{found.tells}"), tone=_TELLS[found.tells], badge=True),
            Cell(found.details),
            Cell(until),
        )
        rows.append(Row(cells))
    return rows


def _counts(row: dict[str, Any] | None) -> Counts:
    return Counts() if row is None else Counts(**{name: row[name] for name in Counts.__dataclass_fields__})
