"""Lines of the registers in words: cells of a table, and what the act makes of a line (a limit, a next day). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard import wording
from dashboard.components.row_table import Cell, Column, Row, Tone
from dashboard.i18n import count, day_short, has, month, number, t
from dashboard.queries.periods import LETTERS, ROMAN
from dashboard.queries.spans import read_code
from dashboard.queries.terms import Terms
from dashboard.register_fields import FIELDS, Field

END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True)
class Verdict:
    """What a rule of the act says of a line: a code of `register_verdict`, its tone and the day or moment it names."""

    code: str
    tone: Tone
    words: str


def columns_shown(register: str) -> list[Column]:
    """The columns of the table of a register: its fields, the verdict where there is one, and who entered it."""
    wide = {"pupil", "object", "long"}
    found = [
        Column(t(f"register_field.{field.name}"), is_number=field.kind == "count", wide=field.kind in wide)
        for field in FIELDS[register]
        if field.name not in _FOLDED.get(register, {})
    ]
    if register in _VERDICTS:
        found.append(Column(t(f"register_verdict.column_{register}")))
    return [*found, Column(t("registers.column_entered"))]


# fields that stand as the small second line of another one
_FOLDED: dict[str, dict[str, str]] = {
    "absence_document_entry": {"document_no": "kind"},
    "edit_permission_entry": {"protocol_no": "ground", "requested_on": "requested_by_id"},
    "incident": {"account_key": "staff_id", "note": "known_at"},
    "outage": {"reason": "memo_no"},
    "class_absence_summary": {"illness_count": "missed_count"},
    "print_line": {"period_id": "school_year", "sha256": "place"},
    "control_act": {"period_id": "month_on", "findings": "act_no"},
    "municipal_report": {"addressee": "title"},
}


def line_row(register: str, line: Mapping[str, Any], zone: str, terms: Terms, now: datetime, index: int) -> Row:
    """One line of the table; a click gives its place. `now` is the moment by which a limit is over."""
    folded = _FOLDED.get(register, {})
    notes = {into: name for name, into in folded.items()}
    cells = []
    for field in FIELDS[register]:
        if field.name in folded:
            continue
        note = ""
        if field.name in notes and (below := field_words(_field(register, notes[field.name]), line, zone)):
            note = f"{t(f'register_field.{notes[field.name]}')}: {below}"
        cells.append(Cell(field_words(field, line, zone) or "—", note or _beside(field, line), "quiet"))
    if register in _VERDICTS:
        found = None if line["is_withdrawn"] else verdict(register, line, zone, terms, now)
        cells.append(Cell("—") if found is None else Cell(found.words, "", found.tone, badge=True))
    return Row((*cells, _entered(line, zone)), index, t("registers.open"))


def _field(register: str, name: str) -> Field:
    return next(field for field in FIELDS[register] if field.name == name)


def _beside(field: Field, line: Mapping[str, Any]) -> str:
    if field.kind == "object":
        return t(f"entity.{line['entity']}")
    return str(line.get("class_name") or "") if field.kind == "pupil" else ""


def _entered(line: Mapping[str, Any], zone: str) -> Cell:
    if line["is_of_source"]:
        since = t("registers.since", moment=wording.short_moment(line["entered_at"], zone))
        return Cell(t("registers.of_source"), since, "quiet")
    moment = wording.short_moment(line["entered_at"], zone)
    if line["is_withdrawn"]:
        return Cell(t("registers.withdrawn"), f"{line['decided_by']}, {moment}", "bad")
    note = t("registers.version", n=line["version_no"], moment=moment) if line["version_no"] > 1 else moment
    return Cell(line["decided_by"] or "—", note, "quiet")


def field_words(field: Field, line: Mapping[str, Any], zone: str) -> str:
    """A value as people read it; empty for none."""
    value = line.get(field.name)
    if field.kind == "class":
        return str(line.get("class_name") or t("registers.whole_school"))
    if value is None:
        return ""
    match field.kind:
        case "day":
            return day_short(value)
        case "last_day":
            return day_short(value - timedelta(days=1))
        case "moment":
            return wording.short_moment(value, zone)
        case "month":
            return month(value)
        case "year":
            return f"{value}/{(value + 1) % 100:02d}"
        case "choice":
            return t(f"register_choice.{field.name}.{value}")
        case "staff":
            return str(line.get("staff") or "")
        case "pupil":
            return str(line.get("pupil") or "")
        case "period":
            return period_words(line.get("period_kind"), line.get("period_number"))
        case "object":
            return str(line.get("place") or value)
        case "span":
            return span_words(str(value))
        case "count":
            return number(value)
        case _:
            return str(value)


def span_words(code: str) -> str:
    """`II четверть` of `q2`, `октябрь 2026` of `m2026-10`; a code that is neither stays as it is."""
    if code.startswith("m"):
        found = read_code(code)
        return code if found is None else month(found.first)
    kind = next((kind for kind, letter in LETTERS.items() if letter == code[:1] and code[1:].isdigit()), None)
    return code if kind is None else period_words(kind, int(code[1:]))


def period_words(kind: str | None, place: int | None) -> str:
    """`II четверть`; «год» for the year; empty for none."""
    if not kind:
        return ""
    key = f"period.{kind}"
    roman = ROMAN[place] if place is not None and 0 < place < len(ROMAN) else str(place)
    return t("registers.year_period") if kind == "year" or not has(key) else t(key, number=roman)


def verdict(register: str, line: Mapping[str, Any], zone: str, terms: Terms, now: datetime) -> Verdict | None:
    """What the act makes of a line; None where it states nothing."""
    made = _VERDICTS[register]
    return made(line, zone, terms, now)


def notice_limit(known_at: datetime, zone: str, terms: Terms) -> datetime | None:
    """Until when a compromised account must be reported: the end of the n-th staff working day after the day on which
    it became known (001 Р-4.3, 002 6.3; day of knowledge = day 0). None where the act states no limit.
    """
    days = terms.value("incident_notify_working_days")
    if days is None:
        return None
    day = terms.working_day_after(known_at.astimezone(ZoneInfo(zone)).date(), int(days))
    return datetime.combine(day, END_OF_DAY, ZoneInfo(zone))


def _incident(line: Mapping[str, Any], zone: str, terms: Terms, now: datetime) -> Verdict | None:
    limit = notice_limit(line["known_at"], zone, terms)
    if limit is None:
        return None
    until = day_short(limit.date())
    told = line["notified_at"]
    if told is not None:
        code: tuple[str, Tone] = ("told_late", "bad") if _whole(told) > limit else ("told", "good")
    else:
        code = ("not_told", "bad") if now > limit else ("to_tell", "warn")
    return Verdict(code[0], code[1], t(f"register_verdict.{code[0]}", day=until))


def _whole(moment: datetime) -> datetime:
    """Moments compare at whole seconds (ledger page, Time 1)."""
    return moment.replace(microsecond=0)


def printout_due(line: Mapping[str, Any], terms: Terms) -> date | None:
    """The day by which the next printout is due: n days after the application or the last one; None where the act is
    silent, or the application is over by then."""
    days = terms.value("parent_printout_days")
    if days is None:
        return None
    due: date = (line["last_issued_on"] or line["requested_on"]) + timedelta(days=int(days))
    return None if line["ended_on"] is not None and line["ended_on"] < due else due


def _printout(line: Mapping[str, Any], zone: str, terms: Terms, now: datetime) -> Verdict | None:
    if terms.value("parent_printout_days") is None:
        return None
    due = printout_due(line, terms)
    if due is None:
        return Verdict("request_over", "quiet", t("register_verdict.request_over"))
    late = (now.astimezone(ZoneInfo(zone)).date() - due).days
    if late > 0:
        return Verdict("printout_late", "bad", t("register_verdict.printout_late", days=count(late, "day")))
    return Verdict("printout_due", "info", t("register_verdict.printout_due", day=day_short(due)))


def _kept(line: Mapping[str, Any], zone: str, terms: Terms, now: datetime) -> Verdict | None:
    until: date = line["destroy_after"]
    if now.astimezone(ZoneInfo(zone)).date() > until:
        return Verdict("may_destroy", "quiet", t("register_verdict.may_destroy", day=day_short(until)))
    return Verdict("keep", "info", t("register_verdict.keep", day=day_short(until)))


def _report(line: Mapping[str, Any], zone: str, terms: Terms, now: datetime) -> Verdict | None:
    due, done = line["due_on"], line["done_on"]
    if done is not None:
        return Verdict("done_late", "bad", t("register_verdict.done_late")) if done > due else Verdict(
            "done", "good", t("register_verdict.done"))  # fmt: skip
    if now.astimezone(ZoneInfo(zone)).date() > due:
        return Verdict("report_late", "bad", t("register_verdict.report_late"))
    return Verdict("report_due", "info", t("register_verdict.report_due", day=day_short(due)))


_VERDICTS = {"incident": _incident, "printout_request": _printout, "print_line": _kept, "municipal_report": _report}
