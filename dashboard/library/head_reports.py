"""Reports that the head of a school owes or asks for: to the authority (requirements B-51; 003 Т-4.6, 000 П-3.1), and
which printouts for parents are overdue (B-49; 001 Р-1.6, 002 1.7, 004 3.13). Pure.

The figures of the first are those of the last control, frozen with it, so both papers say the same.
"""

from __future__ import annotations

import polars as pl

from dashboard.control import Outcome
from dashboard.duty_calendar import Duty, counts
from dashboard.duty_words import progress_words, what_words, who_words
from dashboard.i18n import count, percent, t
from dashboard.library.parts import Field, facts, table
from dashboard.queries.control import Package
from dashboard.queries.head_report import HeadReport
from dashboard.queries.overdue_printouts import OverduePrintouts
from dashboard.reports.document import Paragraph, Section


def head_report(page: HeadReport) -> list[Section]:
    """«Отчёт руководителя»: what the last control found and decided, and what is due, done and late."""
    found = [Section(t("head_report.control"), (Paragraph(t("head_report.no_control"), "note"),))]
    if page.package is not None:
        found = _control(page.package)
    return [*found, _duties(page.duties)]


def _control(package: Package) -> list[Section]:
    shot, words = package.snapshot, package.texts
    state = t(f"control.state_{package.state.value}")
    note = t("head_report.of_control", label=shot.label, state=state, no=words.act_no or "—")
    figures: list[tuple[str, str | int]] = [(t(f"control.indicator_{row.name}"), row.shown) for row in shot.indicators]
    lines = [*figures, (t("control.remarks"), len(shot.remarks)), (t("head_report.clean"), len(shot.clean))]
    parts = [facts(t("head_report.control"), lines, notes=(note,))]
    after = words.result or shot.before
    if after is not None:
        parts.append(_fixed(after, t("head_report.rechecked" if words.result else "head_report.before")))
    said = [line for line in words.conclusions.splitlines() if line.strip()]
    return [*parts, Section(t("control.conclusions"), tuple(Paragraph(line) for line in said))] if said else parts


def _fixed(found: Outcome, title: str) -> Section:
    names = ("fixed", "late", "still")
    rows: list[tuple[str, str | int]] = [(t(f"control.{name}"), getattr(found, name)) for name in names]
    return facts(title, [*rows, (t("control.share"), percent(found.share))])


def _duties(duties: tuple[Duty, ...]) -> Section:
    rows = pl.DataFrame(
        {
            "due_on": [duty.due_on for duty in duties],
            "what": [" · ".join(filter(None, (what_words(duty), progress_words(duty)))) for duty in duties],
            "who": [who_words(duty) for duty in duties],
            "state": [t(f"duty_state.{duty.state}") for duty in duties],
            "done_on": [duty.done_on for duty in duties],
        },
        schema={"due_on": pl.Date, "what": pl.String, "who": pl.String, "state": pl.String, "done_on": pl.Date},
    )
    columns = [
        Field("due_on", t("duties.column_due"), "day"),
        Field("what", t("duties.column_what"), "text"),
        Field("who", t("duties.column_who"), "text"),
        Field("state", t("duties.column_state"), "text"),
        Field("done_on", t("head_report.done_on"), "day"),
    ]
    late = counts(duties)["late"]
    note = t("head_report.late", n=count(late, "duty")) if late else t("head_report.none_late")
    return table(t("head_report.duties"), rows, columns, notes=(note,) if duties else (), nothing=t("duties.none"))


def overdue_printouts(page: OverduePrintouts) -> list[Section]:
    """«Просроченные выписки»: applications whose next printout is overdue, the longest first."""
    title = t("overdue_printouts.title")
    if page.limit is None:
        return [Section(title, (Paragraph(t("overdue_printouts.no_limit"), "note"),))]
    columns = [
        Field("full_name", t("report.column_pupil"), "text"),
        Field("class_name", t("filling.by_class_one"), "text"),
        Field("requested_on", t("register_field.requested_on"), "day"),
        Field("last_issued_on", t("register_field.last_issued_on"), "day"),
        Field("due_on", t("overdue_printouts.due_on"), "day"),
        Field("days", t("overdue_printouts.days")),
    ]
    note = t("overdue_printouts.note", days=count(page.limit, "day"), n=count(page.rows.height, "request"))
    return [table(title, page.rows, columns, notes=(note,), nothing=t("overdue_printouts.none"))]
