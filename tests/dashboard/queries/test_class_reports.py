"""The library of reports, made of a real warehouse under real scopes, against the pages and a slow second count."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import docx
import openpyxl
import polars as pl
import psycopg
import pytest
from pypdf import PdfReader

from dashboard import i18n
from dashboard.access import Identity
from dashboard.filters import Filters
from dashboard.library import files
from dashboard.library.class_teacher_reports import roll_sums
from dashboard.library.make import Made, OfPeriodError, bodies, read_report
from dashboard.library.registry import BY_CODE, REPORTS
from dashboard.pages_table import may_act
from dashboard.queries import door
from dashboard.queries.attendance import read_attendance
from dashboard.queries.contingent import read_contingent
from dashboard.queries.origins import read_origins
from dashboard.queries.performance import read_performance
from dashboard.reports.document import Section, StampError
from dashboard.reports.files import KINDS, rendered
from etl.warehouse.engine import APP_ROLE, owner_connection
from etl.warehouse.metrics import METRICS
from etl.warehouse.scope import Scope
from tests.conftest import (
    ADMINISTRATOR,
    CLASS_TEACHER,
    DEPUTY,
    DIRECTOR,
    INSPECTOR,
    SECRETARY,
    SILENT_DEPUTY,
    STRANGER,
    TEACHER,
    Warehouse,
)

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
Scopes = Callable[[int], Scope]


def made_of(scope: Scope, warehouse: Warehouse, code: str, period: str = "q1", **place: Any) -> Made:
    made = read_report(scope, Filters(school=warehouse.school_id, period=period, **place), BY_CODE[code], NOW)
    assert made is not None, code
    return made


def parts_of(made: Made, class_id: int | None = None) -> tuple[Section, ...]:
    return next(body.parts for body in bodies(made) if class_id is None or body.class_id == class_id)


def rows_of(part: Section) -> list[dict[str, Any]]:
    (table,) = part.tables()
    return [dict(zip((column.label for column in table.columns), row, strict=True)) for row in table.rows]


def pages_of(pdf: bytes) -> list[str]:
    """The words of each page; what was hyphenated is whole again."""
    read = [page.extract_text().replace("\u00ad\n", "") for page in PdfReader(io.BytesIO(pdf)).pages]
    return [" ".join(text.split()) for text in read]


def test_every_report_has_its_words_and_its_clauses() -> None:
    assert len(BY_CODE) == len(REPORTS) > 18
    for report in REPORTS:
        keys = [report.title_key, f"report_often.{report.often}", f"access_subject.{report.subject}"]
        keys += [f"report_act.{act}" for act, _ in report.sources] + [f"role.{role}" for role in report.for_whom]
        assert [key for key in keys if not i18n.has(key)] == [], report.code
        assert set(report.for_whom) <= report.roles and report.sources
    assert not may_act("reports", "deputy")


@pytest.mark.parametrize("code", list(BY_CODE))
def test_a_report_is_made_and_asks_as_much_for_one_class_as_for_all(
    scope_of: Scopes, warehouse: Warehouse, code: str
) -> None:
    scope = scope_of(DEPUTY)
    with door.counted() as all_of:
        made = made_of(scope, warehouse, code)
    with door.counted() as none:
        documents = list(bodies(made))
    assert none.queries == 0 and documents and all(document.parts for document in documents)
    assert all_of.queries <= 20
    if made.report.grain == "class":
        with door.counted() as one:
            alone = made_of(scope, warehouse, code, class_id=warehouse.class_id)
        assert one.queries == all_of.queries and len(documents) > 5
        mine = next(document for document in documents if document.class_id == warehouse.class_id)
        assert next(bodies(alone)) == mine


def test_attendance_is_that_of_the_page(scope_of: Scopes, warehouse: Warehouse) -> None:
    scope = scope_of(DEPUTY)
    place = Filters(school=warehouse.school_id, class_id=warehouse.class_id, period="q1")
    page = read_attendance(scope, place, NOW)
    assert page is not None and page.pupils.height
    for code in ("attendance_months", "attendance_summary"):
        parts = parts_of(made_of(scope, warehouse, code), warehouse.class_id)
        total = rows_of(parts[-1] if code == "attendance_months" else parts[0])
        shown = {row[i18n.t("report.column_pupil")]: row for row in total}
        for row in page.pupils.iter_rows(named=True):
            mine = shown[row["full_name"]]
            for name in ("slot_count", "missed_count", "missed_unknown_count", "missed_day_count", "late_count"):
                assert mine[i18n.t(f"report.column_{name}")] == row[name]
        whole = shown[i18n.t("report.total")]
        assert whole[i18n.t("report.column_missed_count")] == page.pupils["missed_count"].sum() > 0


def test_results_are_those_of_the_page(scope_of: Scopes, warehouse: Warehouse) -> None:
    scope = scope_of(DEPUTY)
    made = made_of(scope, warehouse, "results")
    for class_id in (warehouse.class_id, made.classes[-1][0]):
        page = read_performance(scope, Filters(school=warehouse.school_id, class_id=class_id, period="q1"), NOW)
        assert page is not None
        told = {row[i18n.t("report.column_what")]: row[i18n.t("report.column_value")]
                for row in rows_of(parts_of(made, class_id)[0])}  # fmt: skip
        for name, label in (("success", "performance.card_success"), ("quality", "performance.card_quality")):
            value = METRICS[name].of(page.success).value
            assert told[i18n.t(label)] == (i18n.t("number.cannot_tell") if value is None else pytest.approx(value))


_GIVEN = """
SELECT n.full_name, s.name, m.mark_code FROM fact_period_mark m
JOIN dim_journal j ON j.school_id = m.school_id AND j.journal_id = m.journal_id
JOIN dim_subject s ON s.school_id = j.school_id AND s.subject_id = j.subject_id
JOIN dim_period p ON p.school_id = m.school_id AND p.period_id = m.period_id
JOIN dim_pupil_name n ON n.school_id = m.school_id AND n.pupil_id = m.pupil_id
WHERE m.school_id = %s AND j.class_id = %s AND p.kind = 'quarter' AND p.number = 1 AND m.kind = 'period'
  AND m.deleted_latest IS NULL
"""


def test_the_summary_sheet_is_what_a_slow_reader_finds_in_the_period_marks(
    scope_of: Scopes, warehouse: Warehouse
) -> None:
    with owner_connection(warehouse.url) as connection:
        classes = [row[0] for row in connection.execute(
            "SELECT class_id FROM dim_class WHERE school_id = %s AND grade BETWEEN 5 AND 9", [warehouse.school_id]
        )]  # fmt: skip
        given = {one: connection.execute(_GIVEN, [warehouse.school_id, one]).fetchall() for one in classes}
    made = made_of(scope_of(DEPUTY), warehouse, "marks_summary")
    compared = 0
    for class_id in classes:
        cells: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in rows_of(parts_of(made, class_id)[0]):
            name = row.pop(i18n.t("report.column_pupil"))
            for subject, words in row.items():
                cells[name, subject] |= set((words or "").split("/")) - {""}
        for name, subject, code in given[class_id]:
            if (name, subject) in cells and code <= 5:
                compared += 1
                assert str(code) in cells[name, subject]
        digits = sum(words.isdigit() for found in cells.values() for words in found)
        assert digits <= sum(code <= 5 for _, _, code in given[class_id])
    assert compared > 100


def test_movement_of_a_class_is_the_roll_of_the_page(scope_of: Scopes, warehouse: Warehouse) -> None:
    scope = scope_of(DEPUTY)
    page = read_contingent(scope, Filters(school=warehouse.school_id, period="q1"), NOW)
    frames = made_of(scope, warehouse, "class_movement").frames
    assert page is not None and (frames.first, frames.last) == (page.choice.period.span.first, page.until)
    for row in page.classes.iter_rows(named=True):
        sums = roll_sums(frames.rolls.filter(pl.col("class_id") == row["class_id"]), frames.first, frames.last)
        assert (sums["opening"], sums["closing"]) == (row["opening"], row["closing"])


def test_a_class_teacher_reports_on_her_class_and_others_on_none(scope_of: Scopes, warehouse: Warehouse) -> None:
    place = Filters(school=warehouse.school_id, period="q1")
    for report in REPORTS:
        found = read_report(scope_of(CLASS_TEACHER), place, report, NOW)
        assert (found is None) == (report.grain == "school"), report.code
        if found is not None:
            assert [class_id for class_id, _, _ in found.classes] == [warehouse.class_id]
        for user_id in (TEACHER, INSPECTOR, STRANGER, SILENT_DEPUTY):
            assert read_report(scope_of(user_id), place, report, NOW) is None, (report.code, user_id)
        for user_id in (ADMINISTRATOR, SECRETARY):
            found = read_report(scope_of(user_id), place, report, NOW)
            assert found is None or report.code in (
                "movement", "class_sizes", "activity", "cards", "overdue_printouts", "state_forms",
            )  # fmt: skip


def test_a_secretary_gets_the_tables_for_forms_as_the_deputy_does(scope_of: Scopes, warehouse: Warehouse) -> None:
    hers, his = (parts_of(made_of(scope_of(user_id), warehouse, "state_forms")) for user_id in (SECRETARY, DEPUTY))
    assert hers == his and len(rows_of(hers[0])) > 3


def test_months_have_no_period_marks_and_the_report_says_so(scope_of: Scopes, warehouse: Warehouse) -> None:
    with pytest.raises(OfPeriodError, match="Октябрь"):
        made_of(scope_of(DEPUTY), warehouse, "marks_summary", "m2026-10")
    assert parts_of(made_of(scope_of(DEPUTY), warehouse, "attendance_months", "m2026-10"))


def test_a_report_is_a_document_in_three_kinds_that_say_the_same_in_the_same_bytes(
    scope_of: Scopes, warehouse: Warehouse
) -> None:
    scope = scope_of(CLASS_TEACHER)
    made = made_of(scope, warehouse, "low_topics", "year")
    position = Filters(school=warehouse.school_id, class_id=warehouse.class_id, period="year")
    person = Identity(CLASS_TEACHER, "class", "Иванова Анна Петровна", "class_teacher")
    sender = files.Sender(person, read_origins(scope, warehouse.school_id), NOW)
    body = next(bodies(made))
    rows = rows_of(body.parts[0])
    paper = files.document(made, body, position, sender.stamp())
    words = " ".join(pages_of(rendered(paper, "pdf")))
    assert rows[0][i18n.t("report.column_pupil")] in words and "Лист 1 из" in words and person.name in words
    for name, said in paper.stamp.lines():
        assert name in words and " ".join(said.split()) in words
    (table,) = docx.Document(io.BytesIO(rendered(paper, "docx"))).tables
    book = openpyxl.load_workbook(io.BytesIO(rendered(paper, "xlsx")))
    found = [row for row in book.worksheets[0].iter_rows(min_row=2, values_only=True) if any(row)]
    assert len(table.rows) - 1 == len(found) == len(rows) > 0
    assert [cell.text for cell in table.columns[0].cells[1:]] == [row[0] for row in found]
    with door.counted() as count:
        packed, again = (files.archive(made, position, sender) for _ in range(2))
    assert packed == again and count.queries == 0
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert [name.rsplit(".", 1)[1] for name in names] == list(KINDS)


def test_a_report_of_a_school_without_an_act_does_not_leave_the_product(scope_of: Scopes, warehouse: Warehouse) -> None:
    scope = scope_of(SILENT_DEPUTY)
    place = Filters(school=warehouse.silent_id, period="q1")
    made = read_report(scope, place, BY_CODE["class_sizes"], NOW)
    assert made is not None
    person = Identity(SILENT_DEPUTY, "silent", "Иванова Анна Петровна", "deputy")
    sender = files.Sender(person, read_origins(scope, warehouse.silent_id), NOW)
    paper = files.document(made, next(bodies(made)), place, sender.stamp())
    for kind in KINDS:
        with pytest.raises(StampError, match="локальный акт"):
            rendered(paper, kind)
    with pytest.raises(StampError, match="локальный акт"):
        files.archive(made, place, sender)


def test_a_sheet_for_parents_says_on_its_own_page_where_it_comes_from(scope_of: Scopes, warehouse: Warehouse) -> None:
    scope = scope_of(CLASS_TEACHER)
    made = made_of(scope, warehouse, "parent_sheets", "h1")
    person = Identity(CLASS_TEACHER, "class", "Иванова Анна Петровна", "class_teacher")
    sender = files.Sender(person, read_origins(scope, warehouse.school_id), NOW)
    paper = files.document(made, next(bodies(made)), Filters(school=warehouse.school_id), sender.stamp())
    pages = pages_of(rendered(paper, "pdf"))
    pupils = [part.title for part in parts_of(made) if part.new_page]
    assert len(pages) >= len(pupils) > 5
    for name in pupils:
        (own,) = [page for page in pages if name in page]
        assert paper.stamp.source in own and person.name in own


@pytest.mark.parametrize(("user_id", "shown"), [(DEPUTY, 2), (DIRECTOR, 2), (CLASS_TEACHER, 0), (INSPECTOR, 0)])
def test_when_a_report_was_made_is_told_to_who_made_it_and_to_the_director(
    warehouse: Warehouse, user_id: int, shown: int
) -> None:
    note = (
        "INSERT INTO access_event (at, school_id, user_id, class_id, kind, subject, full_name, role)"
        " VALUES (now(), %s, 1, %s, 'export', 'report_test', 'Иванова', 'deputy')"
    )
    with owner_connection(warehouse.url) as connection:
        for class_id in (warehouse.class_id, None):
            connection.execute(note, [warehouse.school_id, class_id])
        connection.execute("SELECT set_config('app.user_id', %s, true)", [str(user_id)])
        connection.execute(f"SET LOCAL ROLE {APP_ROLE}")
        found = connection.execute("SELECT * FROM access_event WHERE subject = 'report_test'").fetchall()
        connection.rollback()
    assert len(found) == shown
    with owner_connection(warehouse.app_url) as app, pytest.raises(psycopg.Error):
        app.execute("DELETE FROM digest_setting")
