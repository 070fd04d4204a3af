"""«Что внести»: what a teacher has to enter today and this week, what is overdue and by which clause, and whom to ask
before the period ends. The landing page of a teacher (004 3.8, 5-УП; requirements C)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboard import frame, measures, wording
from dashboard.components.kpi_cards import Kpi, kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters, State, Status
from dashboard.i18n import count, day_short, number, percent, t
from dashboard.queries.door import cached
from dashboard.queries.own import Own, read_own
from dashboard.queries.periods import period_end_words
from dashboard.views import class_parts, forecast_parts
from dashboard.views.sections import chosen_school, section_head
from etl.warehouse.ledger import Status as Ledger
from etl.warehouse.metrics import LESSON_RULES, METRICS
from etl.warehouse.scope import Scope


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page for the position; at most eleven queries, two when the answer is remembered."""
    school, now = chosen_school(scope, filters, t("page.own"))
    if school is None:
        return
    position = Filters(year=filters.year, period=filters.period, school=school)
    page = cached(scope, position, read_own, now, school=school)
    if page is None:
        frame.head(t("page.own"), Filters(school=school))
        frame.empty(t("own.nothing_title"), t("own.nothing"))
        return
    overdue = page.due.filter(pl.col("status") == int(Ledger.missing))
    ahead = page.due.filter(pl.col("status") == int(Ledger.pending))
    title = t("own.title_overdue", n=count(_total(overdue), "entry")) if overdue.height else t("own.title_clear")
    section_head(title, "own", page.row, page.choice, position, scope.role, with_as_of=False)
    kpi_cards("own_cards", _cards(page, overdue, ahead))
    with st.container(border=True):
        _due("own_today", t("own.ahead"), t("own.ahead_note"), t("own.ahead_none"), page, ahead, position)
    with st.container(border=True):
        _due("own_overdue", t("own.overdue"), t("own.overdue_note"), t("own.overdue_none"), page, overdue, position)
        if overdue.height and st.button(t("own.to_findings"), type="tertiary", icon=":material/flag:"):
            frame.go("findings", position.changed(status=Status.MISSING, state=State.OPEN))
    with st.container(border=True):
        _journals(page, position)
    with st.container(border=True):
        forecast_parts.draw_marks("own_forecast", page.forecasts, position, with_class=True)
    with st.container(border=True):
        forecast_parts.draw_programme("own_programme", page.forecasts, position, with_class=True)


def _total(due: pl.DataFrame) -> int:
    """Entries of a status, those that are not listed too."""
    return int(due["entries_of"][0]) if due.height else 0


def _cards(page: Own, overdue: pl.DataFrame, ahead: pl.DataFrame) -> list[Kpi]:
    end = _end_of_day(page)
    today = int(ahead.filter(pl.col("due_at") <= end)["n"].sum())
    norm = {"capabilities": page.row["capabilities"]}
    return [
        Kpi(id="today", label=t("own.card_today"), value=number(today), opens=False, better="down",
            detail=t("own.card_week", n=count(_total(ahead), "entry")), passport=(t("own.passport_due"),)),
        Kpi(id="overdue", label=t("own.card_overdue"), value=number(_total(overdue)), opens=False, better="down",
            detail=t("own.card_all_year"), passport=(t("own.passport_due"),)),
        measures.card(METRICS["completeness"], t("overview.card_completeness"), page.duties, **norm),
        measures.card(METRICS["timeliness"], t("overview.card_timeliness"), page.duties, **norm),
    ]  # fmt: skip


def _end_of_day(page: Own) -> datetime:
    zone = ZoneInfo(str(page.row["timezone"]))
    return datetime.combine(page.until + timedelta(days=1), datetime.min.time(), tzinfo=zone).astimezone(UTC)


def _due(key: str, title: str, note: str, nothing: str, page: Own, rows: pl.DataFrame, position: Filters) -> None:
    st.header(frame.plain(title), anchor=False)
    if rows.is_empty():
        st.markdown(nothing)
        return
    st.caption(note)
    listed = list(rows.iter_rows(named=True))
    zone = str(page.row["timezone"])
    table = [_due_row(place, row, zone) for place, row in enumerate(listed)]
    columns = [
        Column(t("own.column_what")),
        Column(t("own.column_journal"), wide=True),
        Column(t("own.column_due")),
        Column(t("own.column_clause")),
    ]
    total = int(rows["listed_of"].max())  # type: ignore[arg-type]
    clicked = row_table(key, columns, table, caption=title, height=400 if len(table) > class_parts.SHOWN else None,
                        of=total)  # fmt: skip
    if total > len(listed):
        st.caption(t("own.more", shown=number(len(listed)), total=number(total)))
    if clicked is not None:
        row = listed[clicked]
        place = position.changed(class_id=row["class_id"], journal=row["journal_id"], lesson=row["lesson_id"])
        frame.go("journal", place)


def _due_row(place: int, row: dict[str, Any], zone: str) -> Row:
    what = wording.rule_name(row["rule"])
    object_of = day_short(row["anchor_on"]) if row["anchor_on"] else ""
    if row["lesson_id"] is None and row["period_kind"]:
        object_of = t("own.of_period", period=period_end_words(row["period_kind"], row["period_number"]))
    if row["n"] > 1:
        object_of = f"{object_of} · {count(row['n'], 'entry')}"
    left = row["due_at"] - row["at"]
    is_over = left <= timedelta(0)
    return Row(
        (
            Cell(what, object_of, "quiet"),
            Cell(str(row["subject"] or "—"), str(row["class_name"] or ""), "quiet"),
            Cell(wording.short_moment(row["due_at"], zone), _time(left), "bad" if is_over else "warn"),
            Cell(t("own.clause", clause=row["clause"]) if row["clause"] else "—", row["act_number"] or ""),
        ),
        place if row["journal_id"] is not None else None,
        t("own.open", what=what, journal=f"{row['subject'] or ''} {row['class_name'] or ''}"),
    )


def _time(left: timedelta) -> str:
    """«осталось 5 часов», «просрочено на 3 дня»: whole days, hours below one day."""
    size = abs(left)
    words = count(size.days, "day") if size.days else count(max(size.seconds // 3600, 1), "hour")
    return t("own.left" if left > timedelta(0) else "own.over", time=words)


def _journals(page: Own, position: Filters) -> None:
    """Her journals: how full each is, and what is missing in it; a row opens it."""
    st.header(t("own.journals"), anchor=False)
    shares = METRICS["completeness"].by(page.duties, "journal_id")
    sums = page.duties.group_by("journal_id").agg(pl.col("unfilled").sum())
    rows = shares.join(sums, on="journal_id").join(page.dims, on="journal_id").sort(
        ["unfilled", "grade", "letter", "subject", "journal_id"], descending=[True, False, False, False, False]
    )  # fmt: skip
    if rows.is_empty():
        st.markdown(t("school.journals_empty"))
        return
    by_rule = {rule: _shares(page, rule) for rule in LESSON_RULES}
    table = [
        Row(
            (
                Cell(forecast_parts.journal_name(row), row["class_name"], "quiet"),
                *(Cell(by_rule[rule].get(row["journal_id"], "—")) for rule in LESSON_RULES),
                Cell(number(row["unfilled"]), tone="warn" if row["unfilled"] else "", badge=bool(row["unfilled"])),
            ),
            row["journal_id"],
            t("forecast.open_journal", subject=f"{row['subject']}, {row['class_name']}"),
        )
        for row in rows.iter_rows(named=True)
    ]
    columns = [
        Column(t("own.column_journal"), wide=True),
        *(Column(t(f"record.{rule}"), is_number=True) for rule in LESSON_RULES),
        Column(t("my_class.column_unfilled"), is_number=True),
    ]
    clicked = row_table("own_journals", columns, table, caption=t("own.journals"))
    if clicked is not None:
        frame.go("journal", position.changed(journal=clicked))


def _shares(page: Own, rule: str) -> dict[int, str]:
    found = METRICS[f"completeness_{rule}"].by(page.duties, "journal_id").filter(pl.col("whole") > 0)
    return {row["journal_id"]: percent(row["value"]) for row in found.iter_rows(named=True)}
