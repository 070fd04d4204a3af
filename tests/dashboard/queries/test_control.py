"""A control from opening to re-check: frozen, signed once, in the register, only by heads; its documents say what it
froze."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import docx
import polars as pl
import pypdf
import pytest
from sqlalchemy.exc import ProgrammingError
from streamlit.testing.v1 import AppTest

from dashboard import control
from dashboard.access import Identity
from dashboard.control import State, proposed
from dashboard.control_documents import KINDS, document
from dashboard.filters import Filters, to_params
from dashboard.frame import short_name
from dashboard.i18n import t
from dashboard.library import files
from dashboard.library.make import bodies, read_report
from dashboard.library.registry import BY_CODE
from dashboard.measures import in_words
from dashboard.page_costs import _page
from dashboard.queries import control as asked
from dashboard.queries.control import Package, Refused, open_control, read_package, read_packages, recheck, save
from dashboard.queries.door import append, counted
from dashboard.queries.findings import read_findings
from dashboard.queries.origins import read_origins
from dashboard.queries.overdue_printouts import read_overdue_printouts
from dashboard.queries.school import read_school
from dashboard.reports.files import rendered
from dashboard.reports.pdf import pdf_file
from dashboard.reports.word import docx_file
from etl.rejudge import derive_schools
from etl.settings import read_settings
from etl.warehouse.engine import owner_connection
from etl.warehouse.metrics import METRICS
from tests.copies import copied
from tests.dashboard.queries.test_decisions import DEPUTY, INSPECTOR, TEACHER, three_people

NOW = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
OCTOBER = Filters(school=1, period="m2026-10")


@pytest.fixture
def database(checked):
    """URL of a fresh copy whose findings are there."""
    with copied(checked) as url:
        yield url


@pytest.fixture
def scope_of(database, loaded, monkeypatch):
    yield from three_people(database, loaded, monkeypatch)


def opened(scope, place: Filters = OCTOBER) -> Package:
    number = open_control(scope, place, NOW)
    assert not isinstance(number, Refused), number
    package = read_package(scope, 1, number)
    assert package is not None
    return package


def drawn(person: Identity, scope, route: str, place: Filters) -> AppTest:
    page = AppTest.from_function(_page, default_timeout=60, kwargs={"identity": person, "scope": scope, "route": route})
    page.query_params.update(dict(to_params(place)))
    return page.run()


def test_a_control_freezes_the_figures_of_the_screens_and_its_documents_say_them(scope_of, database):
    deputy = scope_of(DEPUTY)
    with owner_connection(database) as owner:  # one teacher without open findings
        owner.execute("UPDATE finding SET state = 'fixed' WHERE staff_id = (SELECT min(staff_id) FROM fact_lesson)")
    with counted() as first:
        package = opened(deputy)
    page = read_school(deputy, OCTOBER, NOW)
    found = read_findings(deputy, OCTOBER, NOW)
    assert page is not None and found is not None
    shot = package.snapshot

    assert first.queries <= 25
    assert len(shot.remarks) == found.total == page.findings
    assert shot.remarks
    shown = {row.name: row.shown for row in shot.indicators}
    assert shown == {name: in_words(METRICS[name].of(page.rules), page.rules) for name in asked.SHOWN_METRICS}
    assert (package.period, package.state) == ("m2026-10", State.DRAFT)
    assert shot.clean and not set(shot.clean) & {row.teacher for row in shot.remarks}
    text = "".join(
        sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(pdf_file(document("report", package)))).pages
    )
    plain = text.replace("\n", " ").replace("\u00a0", " ")
    for words in (*shown.values(), shot.source, "ПРОЕКТ: не подписано", package.metric_version):
        assert words.replace("\u00a0", " ") in plain
    word = docx.Document(io.BytesIO(docx_file(document("report", package))))
    remarks = next(table for table in word.tables if len(table.columns) == 7)
    assert len(remarks.rows) == found.total + 1

    with owner_connection(database) as owner:  # the register goes on, the control does not
        owner.execute("UPDATE finding SET state = 'fixed', fixed_at = '2026-10-20 10:00+00' WHERE finding_id % 2 = 0")
    again = read_package(deputy, 1, package.number)
    assert again is not None and again == package
    assert all(pdf_file(document(kind, again)) == pdf_file(document(kind, package)) for kind in KINDS)


def test_a_signed_control_is_in_the_register_and_the_finding_of_its_absence_goes(scope_of, database):
    deputy = scope_of(DEPUTY)
    missing = "SELECT object_key FROM obligation WHERE rule = 65 AND object_key LIKE '2026-09|%' ORDER BY 1"
    with owner_connection(database) as owner:
        owner.execute(
            "UPDATE dim_school SET regulation = 'school53_krasnodar', regulation_named = 'school53_krasnodar'"
        )
    derive_schools(database)
    with owner_connection(database) as owner:
        assert owner.execute(missing).fetchall() == [("2026-09|deputy",), ("2026-09|director",)]
    package = opened(deputy, Filters(school=1, period="m2026-09"))
    texts = replace(package.texts, act_no="14", act_on="2026-09-30", repair_on="2026-10-06", recheck_on="2026-10-07")

    assert save(deputy, package, texts, State.SIGNED) is None
    assert save(deputy, package, texts, State.SIGNED) is Refused.BUSY, "the version is not the newest any more"
    signed = read_package(deputy, 1, package.number)
    assert signed is not None and signed.state is State.SIGNED
    assert save(deputy, signed, texts, State.DRAFT) is Refused.BUSY, "what is signed is not edited"
    assert read_packages(deputy, 1)["act_no"].to_list() == ["14"]
    derive_schools(database, every=True)
    with owner_connection(database) as owner:
        rows = owner.execute("SELECT month_on::text, act_on::text, role, act_no FROM control_act").fetchall()
        assert owner.execute(missing).fetchall() == [("2026-09|director",)]
    assert rows == [("2026-09-01", "2026-09-30", "deputy", "14")]


def test_from_the_findings_of_october_to_signed_files_in_five_clicks(scope_of):
    deputy = scope_of(DEPUTY)
    person = Identity(DEPUTY, "deputy", "Орлова Мария Петровна", "deputy")
    findings = drawn(person, deputy, "findings", OCTOBER)
    assert findings.button(key="findings_control").label == t("control.from_findings")  # the first click

    page = drawn(person, deputy, "control", OCTOBER)
    page.button(key="control_open").click().run()  # the second
    assert not page.exception
    package = read_package(deputy, 1, 1)
    assert package is not None and package.period == "m2026-10"
    page = drawn(person, deputy, "control", OCTOBER.changed(page=1))
    assert [metric.value for metric in page.metric][:2] == [row.shown for row in package.snapshot.indicators[:2]]
    next(button for button in page.button if button.label == t("control.sign")).click().run()  # the third
    assert not page.exception and not page.error
    signed = read_package(deputy, 1, 1)
    assert signed is not None and signed.state is State.SIGNED
    # the fourth and the fifth: a file each, noted before it is handed out
    for ending, head in (("docx", b"PK"), ("pdf", b"%PDF")):
        assert rendered(document("report", signed), ending).startswith(head)


def test_the_next_control_tells_what_became_of_the_last(scope_of, database):
    deputy = scope_of(DEPUTY)
    september = opened(deputy, Filters(school=1, period="m2026-09"))
    save(deputy, september, replace(september.texts, repair_on="2026-10-09", recheck_on="2026-10-10"), State.SIGNED)
    numbers = [row.finding for row in september.snapshot.remarks]
    assert len(numbers) >= 3
    with owner_connection(database) as owner:
        for finding, at in zip(numbers, ("2026-10-08 10:00+00", "2026-10-20 10:00+00"), strict=False):
            owner.execute(
                "UPDATE finding SET state = 'fixed', fixed_at = %s WHERE school_id = 1 AND finding_id = %s",
                [at, finding],
            )
    october = opened(deputy)
    before = october.snapshot.before

    assert before is not None
    assert (before.fixed, before.late, before.still) == (1, 1, len(numbers) - 2)
    assert before.new + before.repeated == len(october.snapshot.remarks)
    assert before.share == pytest.approx(1 / len(numbers))
    signed = read_package(deputy, 1, september.number)
    assert signed is not None and recheck(deputy, signed) is None
    closed = read_package(deputy, 1, september.number)
    assert closed is not None and closed.texts.result is not None
    assert (closed.state, closed.texts.result.fixed, closed.texts.result.late) == (State.RECHECKED, 1, 1)
    assert recheck(deputy, closed) is Refused.BUSY


def test_only_heads_act_and_nobody_goes_round_the_door(scope_of):
    deputy = scope_of(DEPUTY)
    package = opened(deputy)
    for person in (TEACHER, INSPECTOR):
        scope = scope_of(person)
        assert open_control(scope, OCTOBER, NOW) is Refused.FORBIDDEN
        assert save(scope, package, package.texts, State.SIGNED) is Refused.FORBIDDEN
        assert read_package(scope, 1, package.number) is None
        with pytest.raises(ProgrammingError, match="row-level security"):
            append(scope, "INSERT INTO control_act"
                   " (school_id, control_act_id, month_on, act_on, entered_at, entered_by, role)"
                   " SELECT school_id, 99, '2026-09-01', '2026-09-30', now(), :user_id, 'deputy'"
                   " FROM dim_school"
                   " WHERE school_id = ANY(:schools)", {})  # fmt: skip
    with pytest.raises(ProgrammingError, match="permission denied"):
        append(deputy, "UPDATE control_package SET snapshot = '{}' WHERE school_id = ANY(:schools)", {})


def test_a_period_has_the_checklist_and_a_school_without_a_source_no_control(scope_of, database):
    deputy = scope_of(DEPUTY)
    quarter = opened(deputy, Filters(school=1, period="q1"))

    assert [item for item, _ in quarter.snapshot.checks] == list(control.CHECKLIST)
    with owner_connection(database) as owner:
        owner.execute("UPDATE load_run SET source_system = NULL")
    assert open_control(deputy, OCTOBER, NOW) is Refused.STAMP
    assert isinstance(read_packages(deputy, 1), pl.DataFrame)


def test_under_pseudonyms_the_names_are_frozen_and_pseudonyms_shown(scope_of, database, monkeypatch):
    deputy = scope_of(DEPUTY)
    monkeypatch.setenv("ZAVUCH_PSEUDONYMS", "on")
    read_settings.cache_clear()
    try:
        draft = opened(deputy)
        typed = replace(draft.texts, conclusions=f"Поговорить: {draft.snapshot.remarks[0].teacher}.")
        assert save(deputy, draft, typed, State.SIGNED) is None
        shown = read_package(deputy, 1, draft.number)
    finally:
        monkeypatch.delenv("ZAVUCH_PSEUDONYMS")
        read_settings.cache_clear()
    stored = read_package(deputy, 1, 1)
    assert shown is not None and stored is not None
    with owner_connection(database) as owner:
        names = {short_name(row[0]) for row in owner.execute("SELECT full_name FROM dim_staff_name").fetchall()}
        kept = str(owner.execute("SELECT snapshot FROM control_package").fetchone())
    true, false = ({row.teacher for row in package.snapshot.remarks} - {""} for package in (stored, shown))
    assert true <= names and len(true) == len(false) > 3 and not false & names
    assert not [name for name in false - names if name in kept]
    assert stored.texts.conclusions == f"Поговорить: {stored.snapshot.remarks[0].teacher}."
    assert shown.texts.conclusions == typed.conclusions
    assert stored.texts.addressees == proposed(stored.snapshot, date.fromisoformat(stored.texts.act_on)).addressees
    assert stored.saved_by == "Орлова Мария Петровна"


def test_the_report_of_the_head_says_the_figures_of_the_last_control_and_what_is_due(scope_of, database):
    deputy = scope_of(DEPUTY)
    report = BY_CODE["head_report"]
    none = read_report(deputy, OCTOBER, report, NOW)
    assert none is not None and "Контроля за этот период" in str(list(bodies(none)))
    package = opened(deputy)
    save(deputy, package, replace(package.texts, act_no="14"), State.SIGNED)
    made = read_report(deputy, OCTOBER, report, NOW)
    assert made is not None and made.frames.duties
    body = next(bodies(made))
    told = {row[0]: row[1] for row in body.parts[0].tables()[0].rows}
    assert [told[t(f"control.indicator_{row.name}")] for row in package.snapshot.indicators] == [
        row.shown for row in package.snapshot.indicators
    ]
    assert told[t("control.remarks")] == len(package.snapshot.remarks)
    person = Identity(DEPUTY, "deputy", "Орлова Мария Петровна", "deputy")
    paper = files.document(made, body, OCTOBER, files.Sender(person, read_origins(deputy, 1), NOW).stamp())
    assert len(pypdf.PdfReader(io.BytesIO(rendered(paper, "pdf"))).pages) <= 2
    duties = body.parts[-1].tables()[0]
    days = [str(row[0]) for row in duties.rows]
    assert days == sorted(days) and len(days) > 1


def test_overdue_printouts_are_those_past_the_days_of_the_act(scope_of, database):
    deputy = scope_of(DEPUTY)
    with owner_connection(database) as owner:
        asked_for = "SELECT pupil_id, class_id FROM fact_enrolment WHERE school_id = 1 ORDER BY 1 LIMIT 3"
        pupils = owner.execute(asked_for).fetchall()
        for number, ((pupil, class_id), on) in enumerate(
            zip(pupils, ("2026-10-01", "2026-11-11", "2026-09-01"), strict=True), start=1
        ):
            owner.execute(
                "INSERT INTO printout_request (school_id, printout_request_id, version_no, class_id, pupil_id,"
                " requested_on, last_issued_on, entered_at, entered_by, author, author_role, is_withdrawn)"
                " VALUES (1, %s, 1, %s, %s, %s, %s, now(), 1, 'Орлова', 'deputy', %s)",
                [number, class_id, pupil, on, "2026-10-20" if number == 1 else None, number == 3],
            )
    found = read_overdue_printouts(deputy, Filters(school=1), NOW)
    assert found is not None and found.limit in (7, 14)
    assert found.rows["requested_on"].to_list() == [date(2026, 10, 1)], "one in time, one withdrawn"
    assert found.rows["due_on"][0] == date(2026, 10, 20) + timedelta(days=found.limit)
    assert found.rows["days"][0] == (date(2026, 11, 12) - found.rows["due_on"][0]).days
