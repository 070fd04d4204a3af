"""The form of one line of a register: entering, correcting, withdrawing, and the history below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboard import frame
from dashboard.components.row_table import Cell, Column, Row, row_table
from dashboard.filters import Filters
from dashboard.i18n import day_short, month, t
from dashboard.queries.class_totals import REGISTER as TOTALS
from dashboard.queries.class_totals import read_class_totals
from dashboard.queries.periods import LETTERS
from dashboard.queries.register_choices import Choices
from dashboard.queries.registers import LONGEST_CORRECTION, may_write, save
from dashboard.queries.spans import month_of
from dashboard.queries.terms import Terms
from dashboard.register_fields import FIELDS, MOST, Fault, Field, cleaned, destroy_after, faults
from dashboard.register_rows import field_words, period_words
from dashboard.views.permission_picker import Thing
from dashboard.wording import short_moment
from etl.warehouse.scope import Scope

MONTHS_BACK = 14
FLASH_KEY = "zavuch.register_saved"


@dataclass(frozen=True)
class Desk:
    """What a form needs: the reader, her school with its clock, the register, the lists and the act."""

    scope: Scope
    school: int
    zone: str
    register: str
    choices: Choices
    terms: Terms

    @property
    def now(self) -> datetime:
        """The present moment on the school's clock."""
        return datetime.now(UTC).astimezone(ZoneInfo(self.zone))


def draw_form(desk: Desk, filters: Filters, line: Mapping[str, Any] | None, thing: Thing | None) -> None:
    """A new line (`line` None), the next version of one, or a line of one's own in place of the source's.

    `thing` = the entry that a permission is about, where it was chosen before.
    """
    values = dict(line) if line is not None else _first_values(desk, thing, filters)
    is_new = line is None or bool(line["is_of_source"])
    mark = "new" if line is None else line["line"] or "source"
    title = "new" if line is None else "replace" if line["is_of_source"] else "edit"
    with st.container(border=True, key="register_form"):
        st.header(t(f"registers.{title}"), anchor=False)
        if title == "replace":
            st.caption(t("registers.replace_note"))
        with st.form(f"register_{desk.register}_{mark}", border=False, enter_to_submit=False):
            typed = {field.name: _widget(desk, field, values, f"{mark}") for field in FIELDS[desk.register]}
            why = "" if is_new else _why()
            with st.container(horizontal=True, gap="small"):
                saved = st.form_submit_button(
                    t("registers.save" if is_new else "registers.save_version"), type="primary"
                )
                withdrawn = not is_new and st.form_submit_button(t("registers.withdraw"))
                left = st.form_submit_button(t("registers.cancel"), type="tertiary")
        if left:
            frame.set_filters(filters.changed(group=None))
        if saved or withdrawn:
            _submit(desk, filters, {**_kept(line, thing), **typed}, line, why, bool(withdrawn))


def _why() -> str:
    return st.text_area(
        t("registers.correction"), max_chars=LONGEST_CORRECTION, height=70, help=t("registers.correction_help")
    ) or ""  # fmt: skip


def _first_values(desk: Desk, thing: Thing | None, filters: Filters) -> dict[str, Any]:
    """What a new line is offered with: today's day where a day of today is the rule, the chosen entry, and for totals
    the class and the period that were looked at."""
    today = desk.now.date()
    offered: dict[str, Any] = {
        "presented_on": today, "requested_on": today, "ticked_on": today, "printed_on": today,
        "month_on": today.replace(day=1), "school_year": today.year - (today.month < 9),
    }  # fmt: skip
    if desk.register == TOTALS:
        own = list(_classes(desk))
        offered |= {"class_id": filters.class_id or (own[0] if len(own) == 1 else None), "period": filters.period}
    if thing is not None:
        offered |= {"entity": thing.entity, "entity_key": thing.key, "place": thing.words}
    return offered


def _kept(line: Mapping[str, Any] | None, thing: Thing | None) -> dict[str, Any]:
    """Columns that no widget shows, of the version before."""
    if line is None:
        return {"entity": thing.entity if thing else None, "document_key": f"app-{uuid4().hex[:12]}"}
    return {name: line.get(name) for name in ("entity", "document_key", "staff_id")}


def _widget(desk: Desk, field: Field, values: Mapping[str, Any], mark: str) -> Any:
    label = t(f"register_field.{field.name}")
    key = f"zavuch.register.{desk.register}.{mark}.{field.name}"
    value = values.get(field.name)
    match field.kind:
        case "day" | "last_day":
            shown = value - timedelta(days=1) if value is not None and field.kind == "last_day" else value
            chosen = st.date_input(label, value=shown, key=key, format="DD.MM.YYYY", width=220)
            return chosen + timedelta(days=1) if chosen is not None and field.kind == "last_day" else chosen
        case "moment":
            return _moment(desk, label, key, value)
        case "count":
            return st.number_input(label, value=value, min_value=0, max_value=MOST, step=1, key=key, width=220)
        case "long":
            return st.text_area(label, value=value or "", key=key, height=80)
        case "text":
            return st.text_input(label, value=value or "", key=key, width=420)
        case "object":
            st.text_input(label, value=values.get("place") or value or "", key=f"{key}.{value}", disabled=True)
            return value
        case _:
            options = _options(desk, field)
            if value is not None and value not in options and "version_no" in values:
                options = {**options, value: field_words(field, values, desk.zone)}
            place = list(options).index(value) if value in options else None
            return st.selectbox(
                label, list(options), index=place, key=key, format_func=lambda code: options[code],
                placeholder=t("registers.not_chosen"), width=420,
            )  # fmt: skip


def _options(desk: Desk, field: Field) -> dict[Any, str]:
    lists = desk.choices
    match field.kind:
        case "choice":
            return {code: t(f"register_choice.{field.name}.{code}") for code in field.choices}
        case "pupil":
            return {row[0]: f"{row[1]}, {row[2]}" for row in
                    lists.pupils.select("pupil_id", "pupil", "class_name").iter_rows()}  # fmt: skip
        case "staff":
            return dict(lists.staff.select("staff_id", "staff").iter_rows())
        case "class":
            return _classes(desk)
        case "span":
            return _spans(desk)
        case "period":
            return {row[0]: period_words(row[1], row[2]) for row in
                    lists.periods.select("period_id", "kind", "number").iter_rows()}  # fmt: skip
        case "month":
            return {day: month(day) for day in _months(desk.now.date())}
        case _:
            year = desk.now.date().year
            return {first: f"{first}/{(first + 1) % 100:02d}" for first in range(year, year - 8, -1)}


def _classes(desk: Desk) -> dict[Any, str]:
    """The classes that a line may be about: a class teacher writes of her own ones alone."""
    found = dict(desk.choices.classes.select("class_id", "class_name").iter_rows())
    if desk.scope.role != "class_teacher":
        return found
    return {class_id: name for class_id, name in found.items() if (desk.school, class_id) in desk.scope.class_ids}


def _spans(desk: Desk) -> dict[Any, str]:
    """The periods of the school by their codes; months where the act asks for totals by month."""
    if desk.terms.value("class_absence_summary_frequency") == "month":
        return {span.code: month(span.first) for span in map(month_of, _months(desk.now.date()))}
    periods = desk.choices.periods.filter(pl.col("kind") != "year").select("kind", "number").iter_rows()
    return {f"{LETTERS[kind]}{number}": period_words(kind, number) for kind, number in periods}


def _months(today: date) -> list[date]:
    """The months until now, the running one first."""
    found, day = [], today.replace(day=1)
    for _ in range(MONTHS_BACK):
        found.append(day)
        day = (day - timedelta(days=1)).replace(day=1)
    return found


def _moment(desk: Desk, label: str, key: str, value: datetime | None) -> datetime | None:
    local = value.astimezone(ZoneInfo(desk.zone)) if value is not None else None
    with st.container(horizontal=True, gap="small"):
        on = st.date_input(
            label, value=local.date() if local else None, key=f"{key}.on", format="DD.MM.YYYY", width=220
        )
        at = st.time_input(
            t("registers.time_of", label=label), value=local.time() if local else None, key=f"{key}.at", width=260,
            step=timedelta(minutes=5),
        )  # fmt: skip
    return datetime.combine(on, at, ZoneInfo(desk.zone)) if on is not None and at is not None else None


def _submit(
    desk: Desk,
    filters: Filters,
    typed: dict[str, Any],
    line: Mapping[str, Any] | None,
    why: str,
    withdrawn: bool,
) -> None:
    stored = cleaned(desk.register, _computed(desk, typed))
    wrong = [] if withdrawn else faults(desk.register, stored, desk.now.date(), desk.now)
    if desk.scope.role == "class_teacher" and desk.register == "review_tick" and stored["class_id"] is None:
        wrong.append(Fault("own_class", "class_id"))
    if desk.register == TOTALS and not wrong and not withdrawn:
        wrong += _total_faults(desk, stored, line)
    if wrong:
        st.error("  \n".join(frame.plain(fault_words(fault)) for fault in wrong), icon=":material/error:")
        return
    is_own = line is not None and not line["is_of_source"]
    refused = save(
        desk.scope, desk.school, desk.register, stored, of=line["line"] if line and is_own else None,
        version=line["version_no"] if line and is_own else 0, correction=why, withdrawn=withdrawn,
    )  # fmt: skip
    if refused is not None:
        st.error(t(f"register_refused.{refused}"), icon=":material/error:")
        return
    st.session_state[FLASH_KEY] = desk.register
    frame.set_filters(filters.changed(group=None, lesson=None, journal=None))


def _total_faults(desk: Desk, stored: Mapping[str, Any], line: Mapping[str, Any] | None) -> list[Fault]:
    """A total is about a period that its class has and that has begun, and a class has one of each."""
    place = Filters(school=desk.school, class_id=stored["class_id"])
    known = read_class_totals(desk.scope, place, desk.now.date(), stored["school_year"]).rows
    found = known.filter(pl.col("code") == stored["period"])
    if found.is_empty():
        return [Fault("of_class", "period")]
    taken = found["line"].drop_nulls().to_list()
    return [Fault("twice", "period")] * bool(taken and taken != [line["line"] if line else None])


def _computed(desk: Desk, typed: dict[str, Any]) -> dict[str, Any]:
    """The columns that follow from others: class of a pupil, end of keeping, who ticks."""
    found = dict(typed)
    if desk.register == "printout_request":
        of_pupil = desk.choices.pupils.filter(pl.col("pupil_id") == (typed["pupil_id"] or 0))
        found["class_id"] = of_pupil["class_id"][0] if of_pupil.height else None
    if desk.register == "print_line" and typed["document"] and typed["school_year"]:
        found["destroy_after"] = destroy_after(typed["document"], typed["school_year"], kept_years(desk.terms))
    if desk.register == TOTALS:
        found["school_year"] = desk.choices.classes["school_year"].max()
    if desk.register in ("review_tick", "control_act") and found.get("staff_id") is None:
        found["staff_id"] = next(
            (staff for school, staff in sorted(desk.scope.staff_ids) if school == desk.school), None
        )
    return found


def kept_years(terms: Terms) -> dict[str, int]:
    """Years of keeping by the act, else those that all the acts we know name (001 Р-3.4, 3.6; 004 8.6)."""
    return {
        "journal": int(terms.value("journal_retention_years", 5)),
        "summary": int(terms.value("summary_retention_years", 25)),
    }


def fault_words(fault: Fault) -> str:
    """What is wrong and what to do, one sentence."""
    other = t(f"register_field.{fault.other}") if fault.other else ""
    return t(f"register_fault.{fault.code}", name=t(f"register_field.{fault.name}"), other=other)


def draw_history(desk: Desk, versions: pl.DataFrame) -> None:
    """Every version of a line with its author, newest first."""
    with st.container(border=True):
        st.header(t("registers.history"), anchor=False)
        columns = [Column(t(f"registers.history_{name}"), wide=name == "values")
                   for name in ("when", "who", "what", "values")]  # fmt: skip
        rows = [
            Row(
                (
                    Cell(short_moment(version["entered_at"], desk.zone)),
                    Cell(version["decided_by"] or "—",
                         t(f"role.{version['author_role']}") if version["author_role"] else "", "quiet"),
                    Cell(_done(version)),
                    Cell(_values(desk, version)),
                )
            )
            for version in versions.iter_rows(named=True)
        ]  # fmt: skip
        row_table("register_history", columns, rows, caption=t("registers.history"))


def _done(version: Mapping[str, Any]) -> str:
    if version["is_withdrawn"]:
        return t("registers.history_withdrawn", why=version["correction"] or "")
    if version["version_no"] == 1:
        return t("registers.history_first")
    return t("registers.history_next", why=version["correction"] or "")


def _values(desk: Desk, version: Mapping[str, Any]) -> str:
    said = [(t(f"register_field.{field.name}"), field_words(field, version, desk.zone))
            for field in FIELDS[desk.register]]  # fmt: skip
    return "; ".join(f"{label}: {words}" for label, words in said if words)


def draw_reading(desk: Desk, line: Mapping[str, Any]) -> None:
    """The line for a role that may not write there."""
    with st.container(border=True, key="register_form"):
        st.header(t(f"register.{desk.register}"), anchor=False)
        st.caption(t("registers.read_only"))
        for field in FIELDS[desk.register]:
            if words := field_words(field, line, desk.zone):
                st.markdown(f"**{t(f'register_field.{field.name}')}:** {frame.plain(words)}")


def writes(desk: Desk) -> bool:
    """Whether the reader may save a line of the desk's register."""
    return may_write(desk.scope, desk.school, desk.register)


def retention_words(desk: Desk, line: Mapping[str, Any]) -> str:
    """How long a printed document is kept."""
    years = kept_years(desk.terms)["summary" if line["document"] == "summary" else "journal"]
    return t("registers.retention", years=years, day=day_short(line["destroy_after"]))
