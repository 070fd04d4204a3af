"""The calendar of duties: what the school's act wants done by which day of a month, and what of it is done. Pure.

Days come from the parameters of the act (requirements A7) and from the registers; what the act leaves unsaid is no
duty. Readings taken where a clause names no day: a monthly duty ends with its month; the control at a period's end,
with the month in which the period ends; the print of a quarter, with the next month (requirements R16-O6), and the
yearly print without a day, with June.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from dashboard.queries.terms import Term, Terms

State = Literal["done", "late_done", "late", "due", "ahead", "unknown"]
CONTROL_MONTHS = (9, 10, 11, 12, 1, 2, 3, 4, 5)
"""Journals are controlled, cards reviewed and activity reported from September to May (requirements R53-8.2)."""
STATES: tuple[State, ...] = ("late", "due", "ahead", "unknown", "late_done", "done")
"""The order in which people need them."""


@dataclass(frozen=True)
class Duty:
    """One thing to be done by the end of `due_on`. `kind` is a code of `duty.*`; `what` and `who` fill its words,
    `done_on` = when it was, `part` of `whole` where it is done piece by piece; `route` and `measure` = where it is.
    """

    kind: str
    due_on: date
    state: State
    term: Term | None = None
    who: str = ""
    what: str = ""
    period: tuple[str, int] | None = None
    done_on: date | None = None
    part: int | None = None
    whole: int | None = None
    route: str = ""
    measure: str = ""


@dataclass(frozen=True)
class Facts:
    """What is there, of one school year.

    Lines of the registers: `acts` (month_on, role, period_id, act_on), `ticks` (subject, month_on, class_id,
    ticked_on), `prints` (document, class_id, period_id, printed_on), `reports` (title, addressee, due_on, done_on);
    `periods` (period_id, kind, number, starts_on, ends_on); of the ledger `setup` (section, due_on, done, whole,
    unknown, last_on), the totals of absences that classes owe (`totals`: code, ends_on, line, first_on; empty where the
    act asks for none or the reader may not read them) and the number of pupils without a promotion order (None = cannot
    tell).
    """

    year: int
    acts: list[dict[str, Any]] = field(default_factory=list)
    ticks: list[dict[str, Any]] = field(default_factory=list)
    prints: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    periods: list[dict[str, Any]] = field(default_factory=list)
    setup: list[dict[str, Any]] = field(default_factory=list)
    totals: list[dict[str, Any]] = field(default_factory=list)
    class_count: int = 0
    unpromoted: int | None = None


def duties_of_month(terms: Terms, facts: Facts, month_on: date, today: date) -> list[Duty]:
    """The duties whose last day lies in the month, by state and day."""
    every = [
        *_controls(terms, facts, today),
        *_reviews(terms, facts, today),
        *_period_controls(terms, facts, today),
        *_prints(terms, facts, today),
        *_totals(terms, facts, today),
        *_year_setup(terms, facts, today),
        *_reports(terms, facts, today),
    ]
    found = [duty for duty in every if duty.due_on.replace(day=1) == month_on]
    return sorted(found, key=lambda duty: (STATES.index(duty.state), duty.due_on, duty.kind, duty.who, duty.what))


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def months_of(year: int) -> list[date]:
    """The first days of the twelve months of a school year, from August before it to the July that ends it."""
    return [date(year + (number > 12), (number - 1) % 12 + 1, 1) for number in range(8, 20)]


def _day(year: int, month_day: str) -> date:
    """`MM-DD` of a school year (annex L6): July–December in its first calendar year."""
    month, day = (int(part) for part in month_day.split("-"))
    return date(year + (month < 7), month, day)


def _state(due_on: date, done_on: date | None, today: date) -> State:
    if done_on is not None:
        return "late_done" if done_on > due_on else "done"
    if today > due_on:
        return "late"
    return "due" if today >= due_on.replace(day=1) else "ahead"


def _earliest(days: Iterable[date]) -> date | None:
    return min(days, default=None)


def _control_months(year: int) -> list[date]:
    return [date(year + (number < 9), number, 1) for number in CONTROL_MONTHS]


def _controls(terms: Terms, facts: Facts, today: date) -> list[Duty]:
    """Each of the roles that control monthly has an act of each month (004 8.2, annex control_act_missing)."""
    if terms.value("control_frequency") != "month":
        return []
    found = []
    for month_on in _control_months(facts.year):
        for role in terms.value("control_roles", []):
            done = _earliest(act["act_on"] for act in facts.acts if act["month_on"] == month_on and act["role"] == role)
            due = month_end(month_on)
            found.append(Duty("control", due, _state(due, done, today), terms.terms["control_frequency"], who=role,
                              done_on=done, route="registers", measure="control_act"))  # fmt: skip
    return found


def _reviews(terms: Terms, facts: Facts, today: date) -> list[Duty]:
    """Monthly attestations: personal data, marks of the class, the report on activity, the copy of the source."""
    wanted = (
        ("personal_data_check_frequency", "personal_data", terms.value("personal_data_check_role", "class_teacher")),
        ("class_teacher_control_frequency", "marks", "class_teacher"),
        ("activity_report_frequency", "activity_report", "administrator"),
        ("backup_frequency", "backup", "administrator"),
    )
    found = []
    for parameter, subject, role in wanted:
        if terms.value(parameter) != "month":
            continue
        for month_on in _control_months(facts.year):
            ticks = [tick for tick in facts.ticks if tick["subject"] == subject and tick["month_on"] == month_on]
            found.append(_review(terms.terms[parameter], subject, role, month_on, ticks, facts.class_count, today))
    return found


def _review(
    term: Term, subject: str, role: str, month_on: date, ticks: list[dict[str, Any]], class_count: int, today: date
) -> Duty:
    due = month_end(month_on)
    schoolwide = _earliest(tick["ticked_on"] for tick in ticks if tick["class_id"] is None)
    if role != "class_teacher":
        done = _earliest(tick["ticked_on"] for tick in ticks)
        return Duty(f"review_{subject}", due, _state(due, done, today), term, who=role, done_on=done, route="registers",
                    measure="review_tick")  # fmt: skip
    first: dict[int, date] = {}
    for tick in ticks:
        if tick["class_id"] is not None:
            first[tick["class_id"]] = min(tick["ticked_on"], first.get(tick["class_id"], tick["ticked_on"]))
    part = class_count if schoolwide is not None else min(len(first), class_count)
    is_whole = class_count > 0 and part >= class_count
    done = (schoolwide or max(first.values())) if is_whole else None
    return Duty(f"review_{subject}", due, _state(due, done, today), term, who=role, done_on=done, part=part,
                whole=class_count, route="registers", measure="review_tick")  # fmt: skip


def _period_controls(terms: Terms, facts: Facts, today: date) -> list[Duty]:
    """At the end of each period the journal is checked with special care (004 8.3)."""
    if not terms.value("period_end_control"):
        return []
    found = []
    for period in facts.periods:
        due = month_end(period["ends_on"])
        done = _earliest(act["act_on"] for act in facts.acts if act["period_id"] == period["period_id"])
        found.append(Duty("period_control", due, _state(due, done, today), terms.terms["period_end_control"],
                          period=(period["kind"], period["number"]), done_on=done, route="registers",
                          measure="control_act"))  # fmt: skip
    return found


def _prints(terms: Terms, facts: Facts, today: date) -> list[Duty]:
    """Journals after each quarter and journals and summaries after the year (001 Пр-6, Р-3.5, Р-3.7; 004 8.5)."""
    found: list[Duty] = []
    for kind in terms.value("print_schedule", []):
        if kind == "year":
            due = _day(facts.year, terms.value("print_due", "06-30"))
            term = terms.terms.get("print_due", terms.terms["print_schedule"])
            since = max((p["ends_on"] for p in facts.periods), default=date(facts.year + 1, 5, 1)) - timedelta(days=31)
            for document in ("journal", "summary"):
                lines = [line for line in facts.prints if line["document"] == document and line["printed_on"] >= since]
                found.append(_print(f"print_{document}", due, term, lines, facts.class_count, today, None))
            continue
        for period in (period for period in facts.periods if period["kind"] == kind):
            due = month_end(month_end(period["ends_on"]) + timedelta(days=1))
            lines = [line for line in facts.prints if line["document"] in ("journal", "summary") and (
                line["period_id"] == period["period_id"])]  # fmt: skip
            found.append(_print("print_period", due, terms.terms["print_schedule"], lines, facts.class_count, today,
                                (period["kind"], period["number"])))  # fmt: skip
    return found


def _print(
    kind: str, due: date, term: Term, lines: list[dict[str, Any]], class_count: int, today: date,
    period: tuple[str, int] | None,
) -> Duty:  # fmt: skip
    schoolwide = _earliest(line["printed_on"] for line in lines if line["class_id"] is None)
    first = {line["class_id"]: line["printed_on"] for line in lines if line["class_id"] is not None}
    part = class_count if schoolwide is not None else min(len(first), class_count)
    is_whole = class_count > 0 and part >= class_count
    done = (schoolwide or max(first.values())) if is_whole else None
    return Duty(kind, due, _state(due, done, today), term, period=period, done_on=done, part=part, whole=class_count,
                route="registers", measure="print_line")  # fmt: skip


def _totals(terms: Terms, facts: Facts, today: date) -> list[Duty]:
    """Each class has its total of missed lessons by the end of each of its periods (004 5-КР-1; requirements B-25)."""
    by_code: dict[str, list[dict[str, Any]]] = {}
    for row in facts.totals:
        by_code.setdefault(row["code"], []).append(row)
    found = []
    for code, rows in by_code.items():
        entered = [row["first_on"] for row in rows if row["line"] is not None]
        due = max(row["ends_on"] for row in rows)
        done = max(entered) if len(entered) == len(rows) else None
        found.append(Duty("absence_totals", due, _state(due, done, today),
                          terms.terms.get("class_absence_summary_frequency"), who="class_teacher", what=code,
                          done_on=done, part=len(entered), whole=len(rows), route="registers",
                          measure="class_absence_summary"))  # fmt: skip
    return found


def _year_setup(terms: Terms, facts: Facts, today: date) -> list[Duty]:
    """The beginning of the year, as the ledger knows it: sections, class lists, plans; and orders of promotion."""
    found = []
    for line in facts.setup:
        is_whole = line["whole"] > 0 and line["done"] == line["whole"]
        done = line["last_on"] if is_whole else None
        state = _state(line["due_on"], done, today)
        state = "done" if is_whole and done is None else state
        parameter = {"plan": "ktp_due"}.get(line["section"], "year_setup")
        found.append(Duty(f"setup_{line['section']}", line["due_on"], "unknown" if line["unknown"] else state,
                          terms.terms.get(parameter), done_on=done, part=line["done"], whole=line["whole"],
                          route="findings"))  # fmt: skip
    due_text = terms.value("promotion_orders_due")
    if due_text is not None:
        due = _day(facts.year, due_text)
        state = _state(due, None, today)
        if state == "late" and facts.unpromoted is not None:
            state = "done" if facts.unpromoted == 0 else "late"
        found.append(Duty("promotion", due, state, terms.terms["promotion_orders_due"], route="contingent"))
    return found


def _reports(terms: Terms, facts: Facts, today: date) -> list[Duty]:
    """Reports that an authority asked for: of the act where it names days, and those of the register (003 Т-4.6)."""
    stated = terms.value("municipal_report_due", [])
    days = stated if isinstance(stated, list) else []
    found = [
        Duty("report", line["due_on"], _state(line["due_on"], line["done_on"], today), None,
             who=line["addressee"] or "", what=line["title"], done_on=line["done_on"], route="registers",
             measure="municipal_report")
        for line in facts.reports
    ]  # fmt: skip
    known = {line["due_on"] for line in facts.reports}
    for text in days:
        due = _day(facts.year, str(text))
        if due not in known:
            found.append(Duty("report_of_act", due, _state(due, None, today), terms.terms["municipal_report_due"],
                              route="registers", measure="municipal_report"))  # fmt: skip
    return found


def counts(duties: Iterable[Duty]) -> Mapping[State, int]:
    """Duties by state, every state there."""
    listed = [duty.state for duty in duties]
    return {state: listed.count(state) for state in STATES}
