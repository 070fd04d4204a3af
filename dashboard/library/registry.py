"""Every report that the acts name: code, who needs it, by which clause, how often, and the pure function that makes it
(requirements B; issue «report library»). The page, the files, the command line and the tests read this one table.

A report of a class is made for one class or for all of them from one reading. `periods`: `own` = the school's own
periods only, because marks have no others; `any` = also months, weeks and days; `year` = always the school year.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from dashboard.library import attendance_reports, class_teacher_reports, head_reports, marks_reports, school_reports
from dashboard.library.state_forms import state_forms
from dashboard.queries.activity import read_activity
from dashboard.queries.class_reports import ClassFrames
from dashboard.queries.contingent import read_contingent
from dashboard.queries.filling import read_filling
from dashboard.queries.head_report import read_head_report
from dashboard.queries.overdue_printouts import read_overdue_printouts
from dashboard.queries.programme import read_programme
from dashboard.queries.state_forms import read_state_forms
from dashboard.reports.document import Section

Often = Literal["week", "month", "period", "year", "demand"]
Periods = Literal["own", "any", "year"]

S7, S16, SL, RK, S53 = "school7_oktyabrsky", "school16_korolev", "lindovskaya", "krasnodar_region", "school53_krasnodar"
_HEADS = frozenset({"director", "deputy", "coordinator"})
_CLASS = _HEADS | {"class_teacher"}


@dataclass(frozen=True)
class Report:
    """One report. `for_whom` = roles that the acts name; `roles` = who may make it here (the scope of the queries says
    of which schools and classes); `sources` = (act, clause). Reports of a class are built from `needs` of
    `read_class_frames`; those of a school from `read`, or without it from the frames of all classes. `is_signed`: class
    teacher and deputy sign it; `is_handed_out`: its sheets go to different people.
    """

    code: str
    grain: Literal["class", "school"]
    build: Callable[[Any], list[Section]]
    sources: tuple[tuple[str, str], ...]
    often: Often
    for_whom: tuple[str, ...]
    roles: frozenset[str] = _CLASS
    periods: Periods = "any"
    needs: tuple[str, ...] = ()
    read: Callable[..., Any] | None = None
    is_signed: bool = False
    is_handed_out: bool = False

    @property
    def title_key(self) -> str:
        """Key of its name, as the act calls it."""
        return f"report_title.{self.code}"

    @property
    def subject(self) -> str:
        """Its code in the access log."""
        return f"report_{self.code}"


_PAIR = ("class_teacher", "deputy")


def _of_class(
    code: str, build: Callable[[ClassFrames], list[Section]], needs: tuple[str, ...],
    sources: tuple[tuple[str, str], ...], often: Often, periods: Periods = "any", for_whom: tuple[str, ...] = _PAIR,
    *, is_signed: bool = False, is_handed_out: bool = False,
) -> Report:  # fmt: skip
    return Report(
        code, "class", build, sources, often, for_whom, periods=periods, needs=needs, is_signed=is_signed,
        is_handed_out=is_handed_out,
    )  # fmt: skip


def _of_school(
    code: str, build: Callable[[Any], list[Section]], read: Callable[..., Any] | None,
    sources: tuple[tuple[str, str], ...], often: Often, for_whom: tuple[str, ...], also: tuple[str, ...] = (),
    periods: Periods = "any", needs: tuple[str, ...] = (),
) -> Report:  # fmt: skip
    return Report(code, "school", build, sources, often, for_whom, _HEADS | set(also), periods, needs, read)


_RISK = ("journals", "low", "months")
_BOTH = ((S53, "5-КР-8"), (S53, "5-ЗД-5"))
REPORTS: tuple[Report, ...] = (
    _of_class("attendance_months", attendance_reports.by_month, ("months",), _BOTH, "month"),
    _of_class("attendance_summary", attendance_reports.summary, ("months", "journals"), _BOTH, "period", "own",
              is_signed=True),
    _of_class("preliminary", class_teacher_reports.preliminary, _RISK, _BOTH, "period", "own"),
    _of_class("class_period", class_teacher_reports.period_report, ("sums", "months", "rolls"), _BOTH, "period", "own",
              is_signed=True),
    _of_class("results", marks_reports.results, ("sums",), _BOTH, "period", "own"),
    _of_class("marks_summary", marks_reports.summary_sheet, ("journals",),
              (*_BOTH, (S16, "Р-2.12"), (SL, "4.1")), "period", "own", is_signed=True),
    _of_class("marks_year", marks_reports.year_sheet, ("journals",),
              ((S7, "Р-3.2"), (S16, "Р-3.2"), (S16, "Р-3.7"), (SL, "4.3")), "year", "year", is_signed=True),
    _of_class("class_movement", class_teacher_reports.movement, ("rolls",), ((S53, "5-КР-8"),), "period"),
    _of_class("missed_topics", attendance_reports.missed_topics, ("missed",), ((S16, "ЗД-12"),), "demand"),
    _of_class("low_topics", marks_reports.low_topics, ("low",), ((S16, "ЗД-12"),), "demand"),
    _of_class("without_reason", attendance_reports.without_reason, ("missed",),
              ((S7, "П-5.4"), (RK, "Т-3.1.4")), "week", for_whom=("class_teacher",)),
    _of_class("class_analysis", class_teacher_reports.analysis, ("sums", *_RISK, "missed"),
              ((S16, "КР-6"), (S16, "КР-8")), "period", "own", for_whom=("class_teacher",)),
    _of_class("parent_sheets", class_teacher_reports.sheets, ("journals", "months", "missed", "low"),
              ((S16, "КР-3"), (S16, "Р-1.6"), (SL, "1.7"), (S53, "3.13")), "week", "own", for_whom=("class_teacher",),
              is_handed_out=True),
    _of_school("movement", school_reports.movement, read_contingent,
               ((S53, "5-ЗД-5"), (RK, "А-2.2"), (S7, "П-2.1")), "period", ("deputy",), ("secretary",)),
    _of_school("class_sizes", school_reports.class_sizes, read_contingent, ((S53, "5-ЗД-5"),), "period", ("deputy",),
               ("secretary",)),
    _of_school("school_results", school_reports.results, None, ((S53, "5-ЗД-5"),), "period", ("director", "deputy"),
               periods="own", needs=("sums",)),
    _of_school("completeness", school_reports.completeness, read_filling,
               ((S16, "ЗД-12"), (S16, "ЗД-9"), (S53, "5-ЗД-6")), "month", ("director", "deputy")),
    _of_school("curriculum", school_reports.curriculum, read_programme, ((S16, "ЗД-12"), (S53, "8.3")), "period",
               ("deputy",)),
    _of_school("control_works", school_reports.control_works, read_programme,
               ((S16, "ЗД-10"), (S16, "ЗД-12"), (S53, "8.3")), "period", ("deputy",)),
    _of_school("activity", school_reports.activity, read_activity,
               ((S16, "СА-3.5"), (S7, "П-5.6"), (S53, "5-ЗД-6")), "month", ("administrator", "deputy"),
               ("administrator",)),
    _of_school("head_report", head_reports.head_report, read_head_report,
               ((RK, "Т-4.6"), (RK, "Т-4.2"), (S7, "П-3.1"), (S7, "П-5.6")), "demand", ("director",)),
    _of_school("overdue_printouts", head_reports.overdue_printouts, read_overdue_printouts,
               ((S16, "Р-1.6"), (SL, "1.7"), (S53, "3.13")), "week", ("deputy",), ("secretary",)),
    _of_school("cards", school_reports.cards, read_contingent, ((RK, "5.5"), (RK, "Т-3.1.1")), "month",
               ("coordinator",), ("secretary",)),
    _of_school("state_forms", state_forms, read_state_forms,
               ((RK, "2.2.1"), (RK, "А-2.3"), (RK, "Т-2.1.5"), (RK, "Т-3.1.1")), "year", ("coordinator",),
               ("secretary",)),
)  # fmt: skip
BY_CODE: dict[str, Report] = {report.code: report for report in REPORTS}


def reports_of(role: str) -> tuple[Report, ...]:
    """Reports that the role may make, in the order of the table."""
    return tuple(report for report in REPORTS if role in report.roles)
