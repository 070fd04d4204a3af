"""Forms of registers, limits that the act sets for their lines, verdicts on corrections, the calendar of duties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from dashboard.correction_document import correction_document
from dashboard.correction_rows import Use, Verdict, counts, in_period, with_use, with_verdict
from dashboard.duty_calendar import Facts, duties_of_month, month_end, months_of
from dashboard.i18n import has
from dashboard.queries.terms import Term, Terms
from dashboard.register_fields import FIELDS, FIRST_DAY, cleaned, columns_of, destroy_after, faults
from dashboard.register_rows import columns_shown, line_row, notice_limit, printout_due, verdict
from dashboard.reports.document import Stamp, StampError
from dashboard.reports.files import rendered
from etl.warehouse.register_rights import REGISTER_ROWS, registers_of
from etl.warehouse.roles import ROLES
from etl.warehouse.tables import metadata

MOSCOW = "Europe/Moscow"
TODAY = date(2024, 10, 10)
NOW = datetime(2024, 10, 10, 12, 0, tzinfo=ZoneInfo(MOSCOW))


def terms(exceptions: dict[date, bool] | None = None, **values: Any) -> Terms:
    said = {name: Term(value, name, "1.1", "цитата", "№ 1") for name, value in values.items()}
    return Terms(said, exceptions or {}, 5)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(MOSCOW))


def test_every_register_has_a_form_over_columns_of_its_table_and_words_for_all_of_them() -> None:
    assert list(FIELDS) == [row.table for row in REGISTER_ROWS] == list(FIRST_DAY)
    for register, fields in FIELDS.items():
        stored = {column.name for column in metadata.tables[register].columns}
        assert set(columns_of(register)) <= stored, register
        needed = {c.name for c in metadata.tables[register].columns if not c.nullable and c.server_default is None}
        assert needed <= {*columns_of(register), "school_id", f"{register}_id", "entered_at"}, register
        words = [f"register.{register}", f"register_about.{register}", f"access_subject.{register}"]
        words += [f"register_field.{field.name}" for field in fields]
        words += [f"register_choice.{field.name}.{code}" for field in fields for code in field.choices]
        assert [key for key in words if not has(key)] == []


def test_roles_read_the_registers_that_section_c_gives_them() -> None:
    tables = {role: {row.table for row in registers_of(role)} for role in ROLES}
    every = {row.table for row in REGISTER_ROWS}
    assert tables["director"] == tables["deputy"] == tables["coordinator"] == every
    assert tables["administrator"] == {"incident", "outage", "review_tick", "print_line", "municipal_report"}
    assert tables["secretary"] == {"print_line", "printout_request"}
    assert tables["class_teacher"] == {"review_tick", "class_absence_summary", "printout_request"}
    assert tables["teacher"] == tables["inspector"] == tables["region"] == set()
    assert all(row.writers == tuple(role for role in row.writers if row.table in tables[role]) for row in REGISTER_ROWS)


@pytest.mark.parametrize(
    ("register", "typed", "wrong"),
    [
        ("outage", {"from_at": at("2024-10-01T10:00")}, []),
        ("outage", {"from_at": at("2024-10-01T10:00"), "to_at": at("2024-10-01T09:00")}, [("order", "from_at")]),
        ("outage", {"from_at": at("2024-10-11T10:00")}, [("ahead", "from_at")]),
        ("outage", {}, [("required", "from_at")]),
        ("municipal_report", {"title": "  ", "due_on": date(2024, 12, 1)}, [("required", "title")]),
        ("municipal_report", {"title": "а" * 201, "due_on": date(2024, 12, 1)}, [("long", "title")]),
        ("review_tick", {"subject": "weather", "month_on": date(2024, 9, 1), "ticked_on": TODAY},
         [("choice", "subject")]),
        ("absence_document_entry", {"pupil_id": 1, "kind": "illness", "from_on": TODAY, "to_on": TODAY,
                                    "presented_on": TODAY}, [("order", "from_on")]),
        ("print_line", {"document": "journal", "school_year": 2024, "printed_on": TODAY, "sha256": "ABC"},
         [("checksum", "sha256")]),
    ],
)  # fmt: skip
def test_a_line_with_a_fault_is_told_what_is_wrong(register: str, typed: dict[str, Any], wrong: list[Any]) -> None:
    found = faults(register, cleaned(register, typed), TODAY, NOW)
    assert [(fault.code, fault.name) for fault in found] == wrong
    assert all(has(f"register_fault.{fault.code}") for fault in found)


def incident(known: str, notified: str | None) -> dict[str, Any]:
    return {"known_at": at(known), "notified_at": None if notified is None else at(notified)}


@pytest.mark.parametrize(
    ("known", "notified", "code"),
    [
        ("2024-10-01T10:00", "2024-10-03T11:00", "told_late"),  # G22: known on Tuesday, the limit is Wednesday
        ("2024-10-01T10:00", "2024-10-02T23:59:59", "told"),
        ("2024-10-01T10:00", "2024-10-03T00:00", "told_late"),
        ("2024-10-04T10:00", "2024-10-07T09:00", "told"),  # Friday: the next working day is Monday
        ("2024-10-01T10:00", None, "not_told"),
        ("2024-10-10T09:00", None, "to_tell"),
    ],
)
def test_G22_an_incident_is_reported_by_the_end_of_the_next_working_day(
    known: str, notified: str | None, code: str
) -> None:
    line = incident(known, notified)
    found = verdict("incident", line, MOSCOW, terms(incident_notify_working_days=1), NOW)
    assert found is not None and found.code == code
    assert verdict("incident", line, MOSCOW, terms(), NOW) is None


def test_the_limit_of_a_notice_skips_days_on_which_nobody_works() -> None:
    silent = terms({date(2024, 10, 2): False, date(2024, 10, 5): True}, incident_notify_working_days=1)
    assert notice_limit(at("2024-10-01T10:00"), MOSCOW, silent) == at("2024-10-03T23:59:59")
    assert notice_limit(at("2024-10-04T23:00"), MOSCOW, silent) == at("2024-10-05T23:59:59")


def test_the_next_printout_is_due_after_the_days_of_the_act_until_the_application_ends() -> None:
    line = {"requested_on": date(2024, 9, 2), "last_issued_on": None, "ended_on": None}
    fortnight = terms(parent_printout_days=14)
    assert printout_due(line, fortnight) == date(2024, 9, 16)
    assert printout_due({**line, "last_issued_on": date(2024, 9, 15)}, fortnight) == date(2024, 9, 29)
    assert printout_due({**line, "ended_on": date(2024, 9, 10)}, fortnight) is None
    late = verdict("printout_request", line, MOSCOW, fortnight, NOW)
    assert late is not None and late.code == "printout_late"


def test_journals_are_kept_five_years_and_summaries_twenty_five() -> None:
    years = {"journal": 5, "summary": 25}
    assert destroy_after("journal", 2024, years) == date(2030, 8, 31)
    assert destroy_after("change_table", 2024, years) == date(2030, 8, 31)
    assert destroy_after("summary", 2024, years) == date(2050, 8, 31)


def test_a_row_of_the_table_has_a_cell_for_every_column() -> None:
    for register in FIELDS:
        names = [column.name for column in metadata.tables[register].columns]
        line: dict[str, Any] = dict.fromkeys(names) | {
            "known_at": NOW, "requested_on": TODAY, "destroy_after": TODAY, "due_on": TODAY, "done_on": None,
            "is_withdrawn": False, "is_of_source": False, "version_no": 2, "entered_at": NOW, "decided_by": "Орлова",
            "entity": "mark",
        }  # fmt: skip
        full = terms(incident_notify_working_days=1, parent_printout_days=7)
        assert len(line_row(register, line, MOSCOW, full, NOW, 0).cells) == len(columns_shown(register))


def change(key: str, **other: Any) -> dict[str, Any]:
    day = date(2024, 9, 20)
    return {
        "entity": "mark",
        "entity_key": key,
        "anchor_on": date(2024, 9, 9),
        "class_id": 1,
        "is_late": True,
        "is_exempt": False,
        "is_unknown": False,
        "first_on": day,
        "last_on": day,
        "decided_on": None,
    } | other


def test_G11_corrections_and_permissions_are_matched() -> None:
    exempt = {"is_late": False, "is_exempt": True}
    rows = [
        change("none"),
        change("deputy", decided_on=date(2024, 9, 19), **exempt),
        change("teacher", decided_on=date(2024, 9, 19)),
        change("after", decided_on=date(2024, 9, 21)),
        change("document", entity="absence", **exempt),
        change("unknown", is_late=False, is_unknown=True),
    ]
    judged = with_verdict(pl.DataFrame(rows, schema_overrides={"decided_on": pl.Date}))
    assert judged["verdict"].to_list() == [
        Verdict.NO_PERMISSION, Verdict.PERMITTED, Verdict.WRONG_ROLE, Verdict.AFTER_THE_FACT, Verdict.DOCUMENT,
        Verdict.CANNOT_TELL,
    ]  # fmt: skip
    assert set(counts(judged).values()) == {1}
    permissions = pl.DataFrame([
        {"permission_no": "12", "entity": "mark", "entity_key": key, "decided_on": on}
        for key, on in (("deputy", date(2024, 9, 19)), ("teacher", date(2024, 9, 19)), ("after", date(2024, 9, 21)),
                        ("never", date(2024, 9, 1)))
    ])  # fmt: skip
    assert with_use(permissions, judged)["use"].to_list() == [Use.USED, Use.WRONG_ROLE, Use.LATE, Use.UNUSED]
    assert in_period(judged, date(2024, 9, 1), date(2024, 9, 9), 1).height == 6
    assert in_period(judged, date(2024, 9, 10), date(2024, 12, 1)).height == 0


def states(found: list[Any]) -> list[tuple[str, str, str]]:
    return [(duty.kind, duty.who, duty.state) for duty in found]


def test_G28_the_control_of_september_is_late_without_the_directors_act() -> None:
    monthly = terms(control_frequency="month", control_roles=["director", "deputy"])
    act = {"month_on": date(2024, 9, 1), "role": "deputy", "period_id": None, "act_on": date(2024, 9, 27)}
    facts = Facts(2024, acts=[act])
    september = date(2024, 9, 1)
    assert states(duties_of_month(monthly, facts, september, date(2024, 10, 1))) == [
        ("control", "director", "late"), ("control", "deputy", "done"),
    ]  # fmt: skip
    assert states(duties_of_month(monthly, facts, september, date(2024, 9, 30)))[0] == ("control", "director", "due")
    assert states(duties_of_month(monthly, facts, date(2025, 6, 1), date(2024, 9, 30))) == []
    assert duties_of_month(terms(), facts, september, TODAY) == []


def test_a_review_of_class_teachers_is_done_when_every_class_is() -> None:
    act = terms(personal_data_check_frequency="month", personal_data_check_role="class_teacher")
    ticks = [{"subject": "personal_data", "month_on": date(2024, 9, 1), "class_id": number,
              "ticked_on": date(2024, 9, 20 + number)} for number in (1, 2)]  # fmt: skip
    duty = duties_of_month(act, Facts(2024, ticks=ticks, class_count=3), date(2024, 9, 1), TODAY)[0]
    assert (duty.part, duty.whole, duty.state) == (2, 3, "late")
    duty = duties_of_month(act, Facts(2024, ticks=ticks, class_count=2), date(2024, 9, 1), TODAY)[0]
    assert (duty.state, duty.done_on) == ("done", date(2024, 9, 22))


def test_prints_and_reports_stand_in_their_months() -> None:
    quarter = {"period_id": 1, "kind": "quarter", "number": 1, "starts_on": date(2024, 9, 1),
               "ends_on": date(2024, 10, 25)}  # fmt: skip
    act = terms(print_schedule=["quarter", "year"], print_due="06-30")
    printed = {"document": "journal", "class_id": None, "period_id": 1, "printed_on": date(2024, 12, 2)}
    reports = [{"title": "Отчёт", "addressee": None, "due_on": date(2024, 11, 15), "done_on": date(2024, 11, 15)}]
    facts = Facts(2024, prints=[printed], reports=reports, periods=[quarter], class_count=4)
    november = duties_of_month(act, facts, date(2024, 11, 1), date(2024, 12, 3))
    assert states(november) == [("print_period", "", "late_done"), ("report", "", "done")]
    june = duties_of_month(act, facts, date(2025, 6, 1), date(2024, 12, 3))
    assert {duty.kind for duty in june} == {"print_journal", "print_summary"} and june[0].state == "ahead"
    assert months_of(2024)[0] == date(2024, 8, 1) and months_of(2024)[-1] == date(2025, 7, 1)
    assert month_end(date(2024, 2, 1)) == date(2024, 2, 29)
    assert NOW - NOW.astimezone(UTC) == timedelta(0)


def test_the_table_of_corrections_is_a_document_with_every_change_and_a_stamp() -> None:
    stamp = Stamp(
        "АИС «Сетевой город»", NOW, "Орлова М. П., заместитель директора", "10 октября 2024, 06:00", "№ 1", "1"
    )
    row = change("m1", decided_on=date(2024, 9, 19)) | {
        "changed_earliest": NOW, "changed_latest": NOW, "changed_quality": 1, "timezone": MOSCOW, "class_name": "8А",
        "subject": "Алгебра", "held_on": date(2024, 9, 9), "pupil": "Иванов Иван", "period_kind": None,
        "period_number": None, "old_value": "3", "new_value": "4", "staff": None, "permission_no": "12",
        "ground": "resit", "protocol_no": "3", "verdict": "wrong_role",
    }  # fmt: skip
    made = correction_document([row], stamp, "Школа", "I четверть")
    assert made.tables()[0].rows == [[
        "10.10.2024\u00a012:00", "8А, Алгебра, 09.09.2024", "Иванов Иван", "отметка: 3 → 4", "автор неизвестен",
        "№\u00a012 от 19.09.2024", "пересдача, протокол 3", "не та роль",
    ]]  # fmt: skip
    assert rendered(made, "pdf").startswith(b"%PDF") and rendered(made, "xlsx").startswith(b"PK")
    assert rendered(made, "docx").startswith(b"PK")
    with pytest.raises(StampError):
        rendered(correction_document([row], replace(stamp, source=""), "Школа", "I четверть"), "pdf")
