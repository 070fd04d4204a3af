"""Is the programme being fulfilled: lessons against plans, plans against curricula, works against the schedule."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import frame, measures, moment_words
from dashboard import programme_rows as table
from dashboard.components.kpi_cards import Kpi, kpi_cards
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.derived import derived
from dashboard.filters import Filters
from dashboard.i18n import count, day_short, number, percent, t
from dashboard.pages_table import is_open
from dashboard.queries.door import cached
from dashboard.queries.programme import Programme, read_programme
from dashboard.views.sections import chosen_school, section_head, share_cell, unknown_school
from etl.warehouse.metrics import METRICS
from etl.warehouse.metrics_programme import PROGRAMME
from etl.warehouse.scope import Scope

SHOWN = 100
HEIGHT = 560


def render(scope: Scope, filters: Filters) -> None:
    """Draw the page; ten queries, two when the answers are remembered."""
    school, now = chosen_school(scope, filters, t("page.programme"))
    if school is None:
        return
    filters = filters.changed(school=school)
    position = Filters(year=filters.year, period=filters.period, as_of=filters.as_of, at=filters.at, school=school)
    page = cached(scope, position, read_programme, now, school=school)
    if page is None:
        unknown_school(t("page.programme"), filters)
        return
    lines = derived(page, table.journal_lines)
    behind = lines.filter(pl.col("lag") >= 1)
    title = t("programme.title", n=count(behind.height, "journal")) if behind.height else t("programme.title_well")
    if not lines["planned"].count():
        title = t("programme.title_cannot_tell")
    section_head(title, "programme", page.row, page.choice, filters, scope.role, with_minute=True)
    _cards(page, filters)
    _journals(scope, page, filters, lines)
    _works(scope, page, filters)


def _cards(page: Programme, filters: Filters) -> None:
    rows = table.programme_sums(page)
    off = PROGRAMME["off_schedule_count"].of(rows).part
    cards = [_card(name, page, rows) for name in ("programme_done", "plan_of_curriculum", "scheduled_held")]
    cards[2] = _card("scheduled_held", page, rows, t("programme.off", n=number(off)))
    homework = measures.card(
        METRICS["completeness_homework"],
        t("programme.card_homework"),
        page.homework,
        capabilities=page.row["capabilities"],
        detail=t(
            "programme.homework_timely", share=measures.in_words(METRICS["timeliness_homework"].of(page.homework))
        ),
    )
    kpi_cards("programme_cards", [*cards, homework], moment_words.stamp(page.row, filters))


def _card(name: str, page: Programme, rows: pl.DataFrame, detail: str = "") -> Kpi:
    metric = PROGRAMME[name]
    found = metric.of(rows)
    return Kpi(
        id=name,
        label=t(f"programme.card_{name}"),
        share=found.value,
        part=found.part,
        whole=found.whole,
        noun=metric.noun,
        detail=detail if found.value is not None else "",
        reason=t(f"programme.why_{name}") if found.value is None else "",
        passport=(t(metric.passport_key),),
        opens=False,
    )


def _journals(scope: Scope, page: Programme, filters: Filters, lines: pl.DataFrame) -> None:
    with st.container(border=True):
        st.header(t("programme.journals"), anchor=False)
        st.caption(t("programme.journals_note"))
        if lines.is_empty():
            st.markdown(t("programme.journals_none"))
            return
        numbers = ("held", "lag", "linked", "plan", "difference", "homework", "changes", "forecast")
        columns = [
            Column(t("filling.by_journal_one"), wide=True),
            *(Column(t(f"programme.column_{name}"), is_number=True) for name in numbers),
        ]
        clicked = row_table(
            "programme_journals", columns, derived(page, _lines, SHOWN), caption=t("programme.journals"), height=HEIGHT,
            every=(lines.height, lambda: _lines(page)),
        )  # fmt: skip
        if lines.height > SHOWN:
            st.caption(t("filling.shown", shown=number(SHOWN), total=number(lines.height)))
        rate = derived(page, table.hit_rate)
        words = t("programme.hit_none")
        if rate.made:
            words = t(
                "programme.hit", share=percent(rate.right / rate.made), right=number(rate.right), made=number(rate.made)
            )
        st.caption(f"{t('programme.forecast_note')} {words}")
    if clicked is not None:
        _open(scope, page, filters, clicked)


def _lines(page: Programme, most: int | None = None) -> list[Row]:
    """The first `most` journals, or all of them."""
    lines, sums = derived(page, table.journal_lines), METRICS["completeness_homework"].by(page.homework, "journal_id")
    homework = {row["journal_id"]: row for row in sums.iter_rows(named=True)}
    return [_line(line, homework.get(line["journal_id"])) for line in lines.head(most or lines.height).to_dicts()]


def _open(scope: Scope, page: Programme, filters: Filters, journal: int) -> None:
    found = page.dims.filter(pl.col("journal_id") == journal)
    if found.height and is_open("journal", scope.role):
        row = found.row(0, named=True)
        frame.go("journal", filters.drilled(class_id=row["class_id"], subject=row["subject_id"], journal=journal))


def _hours(value: float | None) -> str:
    return "—" if value is None else number(value, 0 if float(value).is_integer() else 1)


def _line(line: dict[str, Any], homework: dict[str, Any] | None) -> Row:
    lag = line["lag"]
    tone: Any = "bad" if lag is not None and lag >= 3 else "warn" if lag is not None and lag >= 1 else ""
    lag_words = t("number.cannot_tell") if lag is None else _hours(max(lag, 0.0))
    note = "" if lag is None else t("programme.ahead", n=_hours(-lag)) if lag < 0 else ""
    difference = line["difference"]
    cells = (
        Cell(line["label"] or "—"),
        Cell(
            number(line["held"]), "" if line["planned"] is None else t("filling.of", n=_hours(line["planned"])), "quiet"
        ),
        Cell(lag_words, note or (t("programme.behind") if tone else ""), tone or "quiet"),
        share_cell(line["linked"] / line["held"] if line["held"] else None, line["linked"], line["held"]),
        Cell(_hours(line["plan_hours"]), t("filling.of", n=_hours(line["curriculum_hours"])), "quiet"),
        Cell(_hours(difference), t("programme.differs") if difference else "", "warn"),
        Cell("—")
        if homework is None
        else share_cell(
            homework["value"], homework["part"], homework["whole"], homework["whole"] + homework["unknown"]
        ),
        Cell(
            _hours(line["cancelled"]),
            t("programme.swapped", n=number(line["substituted"] + line["moved"])),
            "quiet",
        ),
        Cell(_hours(line["forecast"]), t("programme.is_forecast") if line["forecast"] else "", "quiet"),
    )
    return Row(cells, line["journal_id"], t("filling.open", name=line["label"] or ""))


def _works(scope: Scope, page: Programme, filters: Filters) -> None:
    """Works of the schedule that were not held, and control works outside it; a click opens the journal."""
    with st.container(border=True):
        st.header(t("programme.works"), anchor=False)
        if not {"work", "assessment_schedule"} <= page.carried:
            st.markdown(t("school.cannot_tell", reason=t("programme.why_scheduled_held")))
            return
        st.caption(t("programme.works_note"))
        found = derived(page, _remarks)
        if found.is_empty():
            st.markdown(t("programme.works_none"))
            return
        columns = [
            Column(t(f"programme.work_column_{name}"), is_number=name == "marked")
            for name in ("on", "place", "kind", "what", "marked")
        ]
        clicked = row_table(
            "programme_works", columns, derived(page, _work_rows, SHOWN), caption=t("programme.works"), height=420,
            every=(found.height, lambda: _work_rows(page)),
        )  # fmt: skip
    if clicked is not None:
        _open(scope, page, filters, clicked)


def _work_rows(page: Programme, most: int | None = None) -> list[Row]:
    """The first `most` works, or all of them."""
    journals = {row["journal_id"]: row for row in page.dims.iter_rows(named=True)}
    found, rows = derived(page, _remarks), []
    for work in found.head(most or found.height).iter_rows(named=True):
        journal = journals.get(work["journal_id"])
        place = f"{journal['class_name']}, {journal['subject']}" if journal else "—"
        what, tone = ("off", "warn") if work["is_off"] else ("missing", "bad")
        marked = number(work["marked"]) if work["marked"] is not None else "—"
        cells = (
            Cell(day_short(work["planned_on"] or work["held_on"])),
            Cell(place),
            Cell(
                t(f"work.{work['kind']}") if work["kind"] else "—",
                t("programme.monitoring") if work["is_monitoring"] else "",
            ),
            Cell(t(f"programme.work_{what}"), tone=tone, badge=True),  # type: ignore[arg-type]
            Cell(marked),
        )
        rows.append(Row(cells, work["journal_id"], t("filling.open", name=place)))
    return rows


def _remarks(page: Programme) -> pl.DataFrame:
    missing = ~pl.col("is_off") & pl.col("work_id").is_null() & (pl.col("planned_on") < page.until)
    return page.works.filter(missing | pl.col("is_off")).sort(
        pl.coalesce("planned_on", "held_on"), "journal_id", "work_id", descending=[True, False, False]
    )
