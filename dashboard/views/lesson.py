"""The card of one lesson: what had to be entered, by when, when it was, and which clause says so."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import polars as pl
import streamlit as st

from dashboard import wording
from dashboard.components.badges import status_badge
from dashboard.derived import derived
from dashboard.filters import Filters, to_params, url_of
from dashboard.frame import plain
from dashboard.i18n import count, day_of_week, listed, number, t
from dashboard.journal_sheet import absence_name, journal_name, slot, work_name
from dashboard.queries.door import cached
from dashboard.queries.journals import Journal
from dashboard.queries.lesson import Lesson, read_lesson
from dashboard.views.source_link import source_link
from dashboard.wording import BY_NUMBER, LedgerRow
from etl.warehouse.ledger import FINDING_STATUSES, RULE, Status
from etl.warehouse.scope import Scope

_NAMED = 6  # pupils named before «и ещё»
# Streamlit makes headings inside a dialog smaller than the text under them
_STYLE = """<style>
[role=dialog] [data-testid=stHeading] h2 { font-size: 1.1rem; padding: 0.5rem 0 0; }
[role=dialog] [data-testid=stExpander] summary { padding: 0.25rem 0.5rem; }
</style>"""


def open_lesson(scope: Scope, page: Journal, filters: Filters) -> None:
    """Open the drawer for `filters.lesson`; closing it takes the lesson out of the address."""
    position = Filters(school=filters.school, lesson=filters.lesson, as_of=filters.as_of, at=filters.at)
    card = cached(scope, position, read_lesson, page.place, school=filters.school)
    title = t("lesson.title") if card is None else day_of_week(card.lesson["held_on"])
    drawer = st.dialog(
        title, width="medium", position="right", icon=":material/event:", on_dismiss=lambda: _close(filters)
    )
    drawer(_draw)(scope, page, card, filters)


def _close(filters: Filters) -> None:
    st.query_params.from_dict(to_params(filters.changed(lesson=None)))


def _draw(scope: Scope, page: Journal, card: Lesson | None, filters: Filters) -> None:
    if card is None:
        st.markdown(f"**{t('lesson.not_found_title')}**")
        st.markdown(t("lesson.not_found"))
        return
    st.html(_STYLE)
    _about(page, card)
    _records(page, card)
    _marks(card)
    _absences(card)
    st.header(t("lesson.link"), anchor=False)
    st.code(_address(filters), language=None, wrap_lines=True)
    source_link(scope, page.place.school, page.place.journal, filters.lesson)


def _about(page: Journal, card: Lesson) -> None:
    lesson = card.lesson
    times = (
        f"{lesson['starts_at']:%H:%M}–{lesson['ends_at']:%H:%M}" if lesson["starts_at"] and lesson["ends_at"] else ""
    )
    kind = t(f"lesson.kind_{lesson['kind']}") if lesson["kind"] else ""
    is_ahead = lesson["held_on"] > page.until
    status = t("lesson.after_data") if is_ahead else t(f"lesson.status_{lesson['status']}")
    name = journal_name(page.journal)
    about = [f"**{plain(name)}**", slot(lesson), times, kind, status]
    homework = t("lesson.homework_none") if not lesson["homework"] and lesson["homework_not_assigned"] else None
    told = page.school["capabilities"] or ()
    lines = [
        " · ".join(part for part in about if part),
        _who(lesson),
        f"**{t('lesson.topic')}:** {_text(lesson['topic'], 'lesson.topic_blank', is_told='topics' in told)}",
        f"**{t('lesson.homework')}:** "
        + (homework or _text(lesson["homework"], "lesson.blank", is_told="homework" in told)),
    ]
    st.markdown("  \n".join(lines))


def _text(text: str | None, blank: str, *, is_told: bool) -> str:
    if text and text.strip():
        return plain(text)
    return f"_{t(blank if is_told else 'lesson.not_told')}_"


def _who(lesson: dict[str, Any]) -> str:
    teacher = lesson["teacher"]
    if lesson["substitute"]:
        return (
            t("lesson.substitute", name=plain(lesson["substitute"]), other=plain(teacher))
            if teacher
            else t("lesson.substitute_alone", name=plain(lesson["substitute"]))
        )
    return t("lesson.teacher", name=plain(teacher)) if teacher else t("journal.teachers_none")


def _records(page: Journal, card: Lesson) -> None:
    st.header(t("lesson.records"), anchor=False)
    if card.rows.is_empty():
        is_ahead = card.lesson["held_on"] > page.until
        st.markdown(t("lesson.records_ahead" if is_ahead else "lesson.records_none"))
        return
    zone = page.school["timezone"]
    people = card.rows["responsible"].drop_nulls().unique().to_list()
    if len(people) == 1:
        st.caption(t("lesson.responsible", name=plain(people[0])))
    for words, first in derived(card, _records_told, zone, names_person=len(people) > 1):
        with st.container(border=True, gap="small"):
            st.markdown(words)
            _clause(first)


def _records_told(card: Lesson, zone: str, *, names_person: bool) -> list[tuple[str, dict[str, Any]]]:
    """Rule by rule: what is told of its rows, and the first of them."""
    return [
        (_record(int(rule), rows, zone, card.names, names_person=names_person), rows.row(0, named=True))
        for (rule,), rows in card.rows.group_by(["rule"], maintain_order=True)
    ]


def _record(rule: int, rows: pl.DataFrame, zone: str, names: dict[int, str], *, names_person: bool) -> str:
    first = rows.row(0, named=True)
    if BY_NUMBER[rule].object_type == "lesson":
        told = _sentence(wording.told(LedgerRow.of(first, zone)))
        lines = [f"**{wording.rule_name(rule)}** {_badge(rule, first)}", told]
    else:
        lines = [f"**{wording.rule_name(rule)}** · {number(rows.height)}"]
        for (status,), same in rows.group_by(["status"], maintain_order=True):
            lines.append(_several(rule, int(status), same, zone, names))
    if names_person and first["responsible"]:
        lines.append(t("lesson.responsible", name=plain(first["responsible"])))
    return "  \n".join(lines)


def _badge(rule: int, row: dict[str, Any]) -> str:
    status = Status(row["status"])
    badge = status_badge(status.name)
    # of a ban the same status is told in other words (annex L0a)
    return badge.replace(t(f"status.{status.name}"), wording.status_name(rule, status))


def _several(rule: int, status: int, rows: pl.DataFrame, zone: str, names: dict[int, str]) -> str:
    """Marks or absences of one status: how many, the one with the greatest lag, and whose where they open a finding."""
    worst = rows.sort("done_latest", "object_id", nulls_last=True).row(-1, named=True)
    words = f"{_badge(rule, worst)} {number(rows.height)} — {plain(wording.told(LedgerRow.of(worst, zone)))}"
    if status not in FINDING_STATUSES:
        return words
    whose = [
        names.get(pupil, t("journal.pupil_code", id=pupil))
        for pupil in rows["pupil_id"].drop_nulls().unique(maintain_order=True)
    ]
    return f"{words}  \n{t('lesson.events_pupils', names=plain(_people(whose)))}" if whose else words


def _people(names: list[str]) -> str:
    short = [" ".join(name.split()[:2]) for name in sorted(names, key=wording.alphabetical)]
    if len(short) <= _NAMED:
        return ", ".join(short)
    return t("lesson.and_more", names=", ".join(short[:_NAMED]), more=count(len(short) - _NAMED, "pupil"))


def _clause(row: dict[str, Any]) -> None:
    if not row["quotation"]:
        st.caption(plain(wording.clause(row)))
        return
    with st.expander(plain(wording.clause(row)), icon=":material/gavel:"):
        quoted = [f"> {plain(line)}" for line in f"«{row['quotation']}»".splitlines()]
        st.markdown("\n".join([*quoted, "", f":small[{plain(wording.act(row))}]"]))


def _marks(card: Lesson) -> None:
    st.header(t("lesson.marks"), anchor=False)
    for line in derived(card, _marks_told):
        st.markdown(line)


def _marks_told(card: Lesson) -> list[str]:
    """Work by work: how many marks, and which."""
    marks = card.entries.filter(pl.col("kind") == "mark")
    if marks.is_empty():
        return [t("lesson.marks_none")]
    lines = []
    for (work, title, monitoring), same in marks.group_by(["work", "title", "is_monitoring"], maintain_order=True):
        kind = work_name(str(work), is_monitoring=bool(monitoring)) if work else t("lesson.no_work")
        name = f"{kind} «{title}»" if title else kind
        counted = same.group_by("value").len().sort("value", descending=True)
        values = ", ".join(f"«{value}» — {n}" for value, n in counted.iter_rows())
        marks_told = count(same.height, "mark")
        lines.append(plain(t("lesson.mark_count", work=name[0].upper() + name[1:], marks=marks_told, values=values)))
    return lines


def _absences(card: Lesson) -> None:
    st.header(t("lesson.absences"), anchor=False)
    for line in derived(card, _absences_told):
        st.markdown(line)


def _absences_told(card: Lesson) -> list[str]:
    """Reason by reason: who was absent."""
    absences = card.entries.filter(pl.col("kind") == "absence")
    if absences.is_empty():
        attendance = card.rows.filter((pl.col("rule") == RULE["attendance"].number) & ~pl.col("can_tell"))
        return [t("lesson.absences_untold" if attendance.height else "lesson.absences_none")]
    lines = []
    for (code,), same in absences.group_by(["value"], maintain_order=True):
        full = [card.names.get(pupil, t("journal.pupil_code", id=pupil)) for pupil in same["pupil_id"]]
        short = [" ".join(name.split()[:2]) for name in sorted(full, key=wording.alphabetical)]
        lines.append(f"**{str(code).lower()}** — {absence_name(str(code))}: {plain(listed(short))}")
    return lines


def _sentence(words: str) -> str:
    return plain(words[0].upper() + words[1:] + ".")


def _address(filters: Filters) -> str:
    place = urlsplit(st.context.url or "")
    return (
        f"{place.scheme}://{place.netloc}{url_of('journal', filters)}" if place.netloc else url_of("journal", filters)
    )
