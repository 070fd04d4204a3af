"""Acceptance scenarios of plans, schedules, the beginning of the year, movement, cards and registers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import polars as pl
import pytest
from pypdf import PdfReader

from dashboard.comparison_parts import worst_fields
from dashboard.control import State
from dashboard.control_documents import document
from dashboard.filters import Filters
from dashboard.queries.comparison import read_compared
from dashboard.queries.contingent import read_contingent
from dashboard.queries.control import Refused, open_control, read_package, save
from dashboard.queries.terms import Term, Terms
from dashboard.register_rows import verdict
from dashboard.reports.document import StampError
from dashboard.reports.files import rendered
from etl.rejudge import derive_schools
from etl.warehouse.ledger import RULE
from etl.warehouse.metrics_above import ABOVE
from tests.etl.conftest import Store
from tests.scenarios.scene import LIND, REGION, S7, S16, S53, Scene, of_rule, reader, severities, statuses

SECTIONS = (
    "periods", "vacations", "subjects_federal", "subjects_school", "rooms", "staff", "classes", "groups",
    "individual_plans", "timetable", "monitoring_schedule",
)  # fmt: skip


def _write(store: Store, table: str, **cells: object) -> None:
    """A row of a register of the product, as its screen will write it: of the teacher t1 of the only school."""
    row = {"entered_at": "2024-10-04T12:00:00+03:00", **cells}
    store.rows(
        f"INSERT INTO {table} (school_id, {table}_id, {', '.join(row)})"
        f" SELECT school_id, 1, {', '.join(['%s'] * len(row))} FROM dim_school RETURNING school_id",
        *row.values(),
    )


def test_G22_marks_of_a_lost_account_are_void_until_it_is_safe_again(store: Store) -> None:
    pupils = [f"p{number}" for number in range(7)]
    incident: dict[str, Any] = {
        "account_key": "X", "known_at": "2024-10-01T10:00:00+03:00", "notified_at": "2024-10-03T11:00:00+03:00",
        "restored_at": "2024-10-04T09:00:00+03:00",
    }  # fmt: skip
    for extracted_at in ("2024-09-01T06:00:00+03:00", "2024-10-07T06:00:00+03:00"):
        scene = Scene(store, extracted_at)
        school = scene.school(S16).add_class(pupils=pupils).lesson("wed", "2024-10-02").lesson("thu", "2024-10-03")
        if extracted_at.startswith("2024-10"):
            incident["staff_id"] = store.value("SELECT id FROM source_key WHERE table_name = 'staff' AND key = 't1'")
            _write(store, "incident", **incident)
            for number, pupil in enumerate(pupils):
                lesson, saved = ("wed", "2024-10-02") if number < 2 else ("thu", "2024-10-03")
                school.mark(f"m{number}", lesson, f"{saved}T15:00:00", pupil_key=pupil, recorded_by="t1")
        scene.load()
    ledger, register = scene.ledger(), scene.check()
    void = {f"m{number}": "critical" for number in range(2, 7)}
    assert severities(register, S16, "void_after_incident") == void
    assert set(statuses(ledger, S16, "void_after_incident")) == set(void)
    assert {ledger[S16, "void_after_incident", key].clause for key in void} == {"Р-4.4"}
    assert store.value("SELECT sum(mark_count) FROM mart_learning") == 2
    # the notice was due by the end of the first working day after the day of knowledge
    days = store.value(
        "SELECT value FROM regulation_parameter WHERE regulation = %s AND parameter = 'incident_notify_working_days'",
        S16,
    )
    terms = Terms({"incident_notify_working_days": Term(json.loads(str(days)), "", "Р-4.3", "", "")}, {}, 5)
    moments = {key: datetime.fromisoformat(at) for key, at in incident.items() if key.endswith("_at")}
    told = verdict("incident", moments, "Europe/Moscow", terms, datetime(2024, 10, 7, 3, tzinfo=UTC))
    assert told is not None and (told.code, told.tone) == ("told_late", "bad") and "02.10.2024" in told.words
    # confirmed again: the marks count, and nothing is void any more
    incident["confirmed_at"] = "2024-10-06T12:00:00+03:00"
    store.rows("DELETE FROM incident RETURNING 1")
    _write(store, "incident", **incident)
    derive_schools(store.url, every=True)
    assert statuses(scene.ledger(), S16, "void_after_incident") == {}
    assert store.value("SELECT sum(mark_count) FROM mart_learning") == 7
    assert {finding.state for finding in of_rule(scene.check(), S16, "void_after_incident").values()} == {"fixed"}


def test_G23_a_plan_has_the_hours_of_the_curriculum_and_is_there_before_the_year(store: Store) -> None:
    scene = Scene(store, "2024-10-25T20:00:00+03:00")
    for key, hours, created in (("66 hours", 66, "2024-08-30T12:00:00"), ("68 hours", 68, "2024-09-02T12:00:00")):
        school = scene.school(S53, key).add_class().add("curriculum", weekly_hours="2", annual_hours="68")
        school.add("plan", created_at=created, total_hours=hours, staff_key="t1")
        for number in range(1, 17):
            school.add("plan_item", plan_item_key=f"i{number}", seq=number, hours="1", topic=f"Тема {number}",
                       planned_on=f"2024-{'09' if number < 9 else '10'}-{number + 8:02d}")  # fmt: skip
        for number in range(1, 15):
            school.lesson(f"L{number}", f"2024-09-{number + 8:02d}", plan_item_key=f"i{number}", status="moved")
    ledger, register = scene.load().ledger("2024-10-25T20:00:00"), scene.check()
    journal = "g1|math"
    assert ledger["66 hours", "plan", journal].status == "on_time"
    late = ledger["68 hours", "plan", journal]
    assert (late.status, late.due, late.clause) == ("late", "2024-08-31T23:59:59+03:00", "5-УП-5")
    assert severities(register, "68 hours", "plan") == {"g1|math": "major"}
    assert statuses(ledger, "66 hours", "plan_hours") == {journal: "breached"}
    assert statuses(ledger, "68 hours", "plan_hours") == {}
    assert set(severities(register, "66 hours", "plan_hours").values()) == {"major"}
    planned, done = store.rows(
        "SELECT sum(i.hours), sum(i.hours) FILTER (WHERE EXISTS (SELECT 1 FROM fact_lesson l"
        " WHERE l.school_id = i.school_id AND l.plan_item_id = i.plan_item_id))"
        " FROM fact_plan_item i JOIN dim_school s USING (school_id)"
        " WHERE s.school_key = '68 hours' AND i.planned_on <= '2024-10-25'"
    )[0]
    assert (planned, done, done / planned * 100) == (16, 14, 87.5)


def test_G24_a_scheduled_work_is_held_on_its_day_and_no_other_is(store: Store) -> None:
    scene = Scene(store, "2024-10-23T23:59:59+03:00")
    pupils = [f"p{number:02d}" for number in range(25)]
    for act in (S16, S53):
        school = scene.school(act).add_class(pupils=pupils)
        for day in (15, 22):
            school.add("assessment_schedule", assessment_key=f"plan {day}", planned_on=f"2024-10-{day}")
        for day in (15, 17, 22):
            school.lesson(f"L{day}", f"2024-10-{day}")
        for day in (15, 17):
            school.add("work", work_key=f"work {day}", lesson_key=f"L{day}", kind="test")
        for number, pupil in enumerate(pupils):
            if number < 2:
                school.absence(f"a{number}", "L15", "2024-10-15T12:00:00", pupil_key=pupil)
            else:
                school.mark(f"m{number}", "L15", "2024-10-15T15:00:00", pupil_key=pupil, work_key="work 15")
            school.mark(f"n{number}", "L17", "2024-10-17T15:00:00", pupil_key=pupil, work_key="work 17")
    ledger, register = scene.load().ledger("2024-10-23"), scene.check()
    for act in (S16, S53):
        assert statuses(ledger, act, "work_marked") == {"work 15": "on_time", "work 17": "on_time"}
        assert statuses(ledger, act, "scheduled_work_missing") == {"plan 22": "breached"}
        assert statuses(ledger, act, "work_off_schedule") == {"work 17": "breached"}
        assert severities(register, act, "work_off_schedule") == {"work 17": "minor"}
        assert set(severities(register, act, "scheduled_work_missing").values()) == {"major"}
    assert len([1 for key in ledger if key[0] == S16 and key[2].startswith("m")]) >= 23


def test_G25_the_year_is_set_up_by_the_fifth_of_september(store: Store) -> None:
    scene = Scene(store, "2024-09-06T23:59:59+03:00")
    for act in (S16, LIND):
        school = scene.school(act).add_class()
        for section in SECTIONS:
            school.add("setup_section", section=section, items=0 if section == "monitoring_schedule" else 5,
                       recorded_at="2024-09-04T12:00:00")  # fmt: skip
    scene.school(S7).add_class().add("setup_section", section="new_year", recorded_at="2024-09-04T12:00:00")
    school = scene.school(S53)
    for number in range(30):
        school.add_class(f"c{number}", [], f"g{number}", letter=str(number))
        school.add("setup_section", section=f"class_list:c{number}",
                   recorded_at="2024-09-06T12:00:00" if number < 2 else "2024-09-05T23:59:59")  # fmt: skip
    ledger, register = scene.load().ledger("2024-09-06"), scene.check()
    for act, severity in ((S16, "critical"), (LIND, "info")):
        sections = statuses(ledger, act, "year_setup")
        assert len(sections) == 11 and list(sections.values()).count("on_time") == 10
        assert severities(register, act, "year_setup") == {"2024/2025|monitoring_schedule": severity}
        row = ledger[act, "year_setup", "2024/2025|monitoring_schedule"]
        assert (row.status, row.due) == ("missing", "2024-09-05T23:59:59+03:00")
    new_year = ledger[S7, "year_setup", "2024/2025|new_year"]
    assert (new_year.status, new_year.due, new_year.clause) == ("late", "2024-09-03T23:59:59+03:00", "П-6")
    assert severities(register, S7, "year_setup") == {"2024/2025|new_year": "major"}
    late = {"2024/2025|class_list:c0": "critical", "2024/2025|class_list:c1": "critical"}
    assert len(statuses(ledger, S53, "year_setup")) == 30
    assert severities(register, S53, "year_setup") == late


def test_G26_an_order_is_entered_in_its_time_and_everybody_is_promoted(store: Store) -> None:
    scene = Scene(store, "2025-06-21T06:00:00+03:00")
    for act in (S7, S16, S53):
        school = scene.school(act).add_class(pupils=["stays"]).add_pupils(["left"], to_on="2024-10-10")
        school.lesson("before", "2024-10-09").lesson("after", "2024-10-10")
        for day in (11, 17, 18):
            school.add("movement", movement_key=f"{day}.10", pupil_key="left", order_no="7", order_on="2024-10-10",
                       effective_on="2024-10-10", recorded_at=f"2024-10-{day}T12:00:00")  # fmt: skip
        school.add_pupils(["promoted"])
        school.add("movement", movement_key="promotion", pupil_key="promoted", kind="promotion", order_no="9",
                   order_on="2025-05-30", effective_on="2025-06-01", recorded_at="2025-05-30T12:00:00")  # fmt: skip
    ledger, register = scene.load().ledger("2025-06-21T00:00:00"), scene.check()
    entered = ("11.10", "17.10", "18.10")
    found = {act: tuple(statuses(ledger, act, "movement")[key] for key in entered) for act in (S7, S16, S53)}
    assert found == {
        S7: ("on_time", "on_time", "late"),
        S16: ("late", "late", "late"),
        S53: ("on_time", "on_time", "late"),
    }
    assert ledger[S7, "movement", "18.10"].due == "2024-10-17T23:59:59+03:00"
    assert severities(register, S53, "movement") == {"18.10": "major"}
    assert statuses(ledger, S7, "promotion_missing") == {"stays": "breached"}
    assert set(severities(register, S7, "promotion_missing").values()) == {"major"}
    assert statuses(scene.ledger("2025-06-20"), S7, "promotion_missing") == {}
    # the roster ends with the order's day, whenever the order was typed in
    slots = store.value(
        "SELECT sum(slot_count) FROM mart_learning JOIN dim_school USING (school_id) WHERE school_key = %s", S7
    )
    assert slots == 3 + 2


def test_G27_a_card_is_incomplete_until_its_last_field_and_a_parent_has_a_consent(store: Store) -> None:
    for day, filled in ((1, 25), (2, 26), (3, 29)):
        scene = Scene(store, f"2024-10-{day:02d}T06:00:00+03:00")
        school = scene.school(REGION).add_class(pupils=["p1"])
        for number in range(29):
            school.add("card_field", owner_key="p1", field=f"f{number}", filled=number < filled)
        school.add("account", account_key="parent", person_key="mother")
        school.add("account", account_key="other", person_key="father").add("consent", parent_key="father")
        school.bundle.tables["consent"][0]["registered_on"] = "2024-09-02"
        ledger, register = scene.load().ledger(), scene.check()
        share = store.value("SELECT round(avg(filled::int) * 100, 1) FROM fact_card_field")
        assert float(share) == {25: 86.2, 26: 89.7, 29: 100.0}[filled]
        assert statuses(ledger, REGION, "card_incomplete") == ({"pupil|p1": "breached"} if filled < 29 else {})
        assert severities(register, REGION, "consent_missing") == {"parent": "critical"}
        with reader(store) as head:
            page = read_contingent(head, Filters(school=1), datetime(2024, 10, day, 4, tzinfo=UTC))
        assert page is not None and set(page.cards.columns) == {
            "owner_kind", "field", "filled", "fields", "complete", "cards"
        }, "shares by field, no card and no name"  # fmt: skip
        whole = page.cards.filter(pl.col("field").is_null() & (pl.col("owner_kind") == "pupil")).row(0, named=True)
        assert (whole["filled"], whole["fields"], whole["complete"]) == (filled, 29, int(filled == 29))
        worst = page.cards.filter(pl.col("field").is_not_null() & (pl.col("filled") == 0))["field"].to_list()
        assert sorted(worst) == sorted(f"f{number}" for number in range(filled, 29))
    cards = of_rule(register, REGION, "card_incomplete")
    assert [finding.state for finding in cards.values()] == ["fixed"]
    _inspector_sees_shares_and_fields_of_cards(store)


def _inspector_sees_shares_and_fields_of_cards(store: Store) -> None:
    """Twelve cards of 29 fields: the phone is empty in six, the address in five."""
    scene = Scene(store, "2024-10-04T06:00:00+03:00")
    pupils = [f"p{number}" for number in range(12)]
    school = scene.school(REGION).add_class(pupils=pupils)
    empty = {"phone": set(pupils[:6]), "address": set(pupils[:5])}
    for pupil in pupils:
        for field in (*empty, *(f"f{number}" for number in range(27))):
            school.add("card_field", owner_key=pupil, field=field, filled=pupil not in empty.get(field, ()))
    scene.load()
    with reader(store, "inspector") as inspector:
        page = read_compared(inspector, Filters(), "card", datetime(2024, 10, 4, 4, tzinfo=UTC))
        found = ABOVE["cards_filled"].of(page.values)
        assert (found.part, found.whole) == (12 * 29 - 11, 12 * 29)
        assert worst_fields(page.values, 5)["field"].to_list() == ["phone", "address"]
        assert not {"pupil_id", "owner_key", "full_name"} & set(page.values.columns)


def test_G28_a_month_without_an_act_of_the_director_is_a_finding(store: Store) -> None:
    def loaded(extracted_at: str, **topic: Any) -> Scene:
        scene = Scene(store, extracted_at)
        scene.school(S53).add_class().lesson("tue", "2024-09-10", **topic)
        return scene.load()

    loaded("2024-09-02T06:00:00+03:00")
    _write(store, "control_act", month_on="2024-09-01", act_on="2024-09-27", role="deputy", act_no="14")
    scene = loaded("2024-10-01T23:59:59+03:00")
    ledger, register = scene.ledger("2024-10-01"), scene.check()
    assert statuses(ledger, S53, "control_act_missing") == {"2024-09|director": "breached"}
    assert ledger[S53, "control_act_missing", "2024-09|director"].clause == "8.2"
    assert set(severities(register, S53, "control_act_missing").values()) == {"major"}
    assert statuses(scene.ledger("2024-09-30"), S53, "control_act_missing") == {}

    with reader(store) as director:
        now = datetime(2024, 10, 2, 9, tzinfo=UTC)
        number = open_control(director, Filters(school=1, period="m2024-09"), now)
        assert isinstance(number, int)
        draft = read_package(director, 1, number)
        assert draft is not None and "no_entry" in {rule_name_of(row.rule) for row in draft.snapshot.remarks}
        words = replace(draft.texts, act_no="15", act_on="2024-10-02", repair_on="2024-10-05", recheck_on="2024-10-07")
        assert save(director, draft, words, State.SIGNED) is None
    # the topic is written on the third; the package of September stays, October says that it was fixed in time
    entered = {"topic": "Дроби", "topic_recorded_at": "2024-10-03T12:00:00"}
    loaded("2024-10-04T06:00:00+03:00", **entered).check("2024-10-04T06:00:00+03:00")
    loaded("2024-10-31T06:00:00+03:00", **entered)
    with reader(store) as director:
        signed = read_package(director, 1, number)
        assert signed is not None and signed.snapshot == draft.snapshot
        october = open_control(director, Filters(school=1, period="m2024-10"), datetime(2024, 10, 31, 9, tzinfo=UTC))
        assert isinstance(october, int)
        later = read_package(director, 1, october)
        assert later is not None and later.snapshot.before is not None
        assert later.snapshot.before.fixed == 2, "the topic, and the act of the director that was missing: this one"
        store.rows("UPDATE load_run SET source_system = NULL RETURNING 1")
        assert open_control(director, Filters(school=1, period="m2024-10"), now) is Refused.STAMP
    for kind in ("docx", "pdf", "xlsx"):
        made = rendered(document("report", signed), kind)
        assert rendered(document("report", signed), kind) == made
        with pytest.raises(StampError, match="локальный акт"):
            rendered(document("report", replace(signed, snapshot=replace(signed.snapshot, act=""))), kind)
    pages = PdfReader(BytesIO(rendered(document("report", signed), "pdf"))).pages
    paper = " ".join(page.extract_text() for page in pages)
    for told in (signed.snapshot.source, "Орлова Мария Петровна, директор", "№ 15 от 02.10.2024", "Данные на"):
        assert told in " ".join(paper.split())


def rule_name_of(number: int) -> str:
    return next(rule.name for rule in RULE.values() if rule.number == number)
