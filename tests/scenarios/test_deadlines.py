"""Acceptance scenarios of deadlines: what is due when, to the second."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from streamlit.testing.v1 import AppTest

from dashboard.access import Identity
from dashboard.filters import Filters, to_params
from dashboard.page_costs import _page
from dashboard.pages_table import PAGES, is_open
from dashboard.queries.comparison import read_both_acts, read_standings
from dashboard.queries.my_class import read_pupil
from dashboard.queries.performance import read_performance
from etl.other_act import derive_by
from etl.warehouse.metrics import METRICS
from tests.etl.conftest import Store
from tests.scenarios.scene import LIND, S7, S16, S53, Scene, School, reader, severities, statuses

WITHOUT_DATA = frozenset({"guide", "access_log", "digests", "regulation"})
"""Pages that show nothing of what a source sends."""
MOSCOW = "+03:00"


def end_of(day: str) -> str:
    """The last second of a day as the export writes it."""
    return f"{day}T23:59:59{MOSCOW}"


def test_G01_a_mark_has_seven_days_and_an_absence_three(store: Store) -> None:
    scene = Scene(store)
    school = scene.school(S7).add_class(week_days=6).lesson("fri", "2024-09-06").lesson("sat", "2024-09-07")
    school.mark("kept", "fri", "2024-09-13T23:59:59").mark("over", "fri", "2024-09-14T00:00:01", pupil_key="p2")
    for key, day in (("same day", "07"), ("third day", "10"), ("fourth day", "11")):
        school.add_pupils([key]).absence(key, "sat", f"2024-09-{day}T12:00:00", pupil_key=key)
    ledger, register = scene.load().ledger(), scene.check()
    kept, over = ledger[S7, "mark", "kept"], ledger[S7, "mark", "over"]
    assert (kept.status, kept.target, kept.due) == ("amber", end_of("2024-09-06"), end_of("2024-09-13"))
    assert (over.status, over.responsible, over.clause) == ("late", "t1", "П-6 №1")
    assert date.fromisoformat(over.done[:10]) - date.fromisoformat(over.due[:10]) == date.resolution
    expected = {"same day": "on_time", "third day": "amber", "fourth day": "late"}
    assert statuses(ledger, S7, "absence") == expected
    assert ledger[S7, "absence", "same day"].due == end_of("2024-09-10")
    assert severities(register, S7, "mark") == {"over": "major"}
    assert severities(register, S7, "absence") == {"fourth day": "major"}
    assert register[S7, "mark", "over"].state == "fixed"


def test_G02_two_days_roll_to_a_staff_working_day(store: Store, tmp_path: Path) -> None:
    saved: dict[str, Any] = {"topic": "Дроби", "topic_recorded_at": "2024-09-16T17:00:00"}
    (tmp_path / "no_roll.toml").write_text(
        f'id = "no_roll"\ntitle = "Без переноса"\nlevel = "school"\nparent = "{S53}"\n'
        'source_system = "АИС"\n[parameters.deadline_roll_forward]\nvalue = "none"\n'
        'clause = "1"\nquotation = "Срок не переносится."\nseverity = "major"\n',
        encoding="utf-8",
    )
    scene = Scene(store, acts=tmp_path)
    for key, act, week in (("five", S53, 5), ("six", S53, 6), ("none", "no_roll", 5)):
        school = scene.school(act, key).add_class(week_days=week)
        school.lesson("thu", "2024-09-12", **saved).lesson("fri", "2024-09-13", **saved)
    ledger = scene.load().ledger()
    found = {key: (row.status, row.due) for (school, rule, on), row in ledger.items() if rule == "topic"
             for key in [f"{on} {school}"]}  # fmt: skip
    assert found == {
        "thu five": ("amber", end_of("2024-09-16")),
        "fri five": ("amber", end_of("2024-09-16")),
        "thu six": ("late", end_of("2024-09-14")),
        "fri six": ("amber", end_of("2024-09-16")),
        "thu none": ("late", end_of("2024-09-14")),
        "fri none": ("late", end_of("2024-09-15")),
    }
    assert ledger["five", "topic", "thu"].clause == "3.8"


def test_G03_a_vacation_day_is_a_working_day_and_a_holiday_is_not(store: Store, tmp_path: Path) -> None:
    (tmp_path / "instructional.toml").write_text(
        f'id = "instructional"\ntitle = "Учебные дни"\nlevel = "school"\nparent = "{S53}"\n'
        'source_system = "АИС"\n[parameters.deadline_roll_forward]\nvalue = "next_instructional"\n'
        'clause = "1"\nquotation = "Переносится на учебный день."\nseverity = "major"\n',
        encoding="utf-8",
    )
    scene = Scene(store, acts=tmp_path)
    for act in (S53, "instructional"):
        school = scene.school(act).add_class().lesson("last", "2024-10-25")
        school.absence("ill", "last", "2024-10-25T12:00:00")
        school.add("absence_document", document_key="note", from_on="2024-10-25", to_on="2024-10-26",
                   presented_on="2024-11-01")  # fmt: skip
    scene.school(S7).add_class().lesson("last", "2024-10-25")
    ledger = scene.load().ledger("2024-11-01")
    topic = ledger[S53, "topic", "last"]
    assert (topic.status, topic.due) == ("missing", end_of("2024-10-28"))
    assert ledger["instructional", "topic", "last"].due == end_of("2024-11-05")
    reason = ledger[S53, "absence_reason", "ill"]
    assert (reason.status, reason.due, reason.clause) == ("pending", end_of("2024-11-06"), "3.7")
    assert ledger[S7, "period_mark", "p1|g1|math|q1"].due == end_of("2024-10-28")


def test_G04_homework_is_due_an_hour_after_the_last_lesson_of_the_class(store: Store) -> None:
    scene = Scene(store)
    for key, sixth in (("held", "held"), ("cancelled", "cancelled")):
        school = scene.school(S16, key).add_class()
        school.add_class("c2", ["p3"], "g2", grade=6, letter="В", shift=2)
        for slot, saved in enumerate(("14:10:00", "14:10:01", "13:20:00", "13:20:01", "13:20:01"), start=1):
            school.lesson(saved if slot < 5 else "fifth", "2024-09-10", slot, homework="§ 5",
                          homework_recorded_at=f"2024-09-10T{saved}")  # fmt: skip
        school.lesson("sixth", "2024-09-10", 6, status=sixth, status_recorded_at="2024-09-10T08:00:00")
        school.lesson("evening", "2024-09-10", 6, group_key="g2", starts_at="18:30", ends_at="19:10")
    ledger = scene.load().ledger()
    held, cancelled = statuses(ledger, "held", "homework"), statuses(ledger, "cancelled", "homework")
    assert (held["14:10:00"], held["14:10:01"]) == ("on_time", "late")
    assert (cancelled["13:20:00"], cancelled["13:20:01"]) == ("on_time", "late")
    assert cancelled["sixth"] == "not_applicable"
    assert ledger["held", "homework", "14:10:00"].due == f"2024-09-10T14:10:00{MOSCOW}"
    assert ledger["cancelled", "homework", "13:20:00"].due == f"2024-09-10T13:20:00{MOSCOW}"
    for key in ("held", "cancelled"):
        assert ledger[key, "homework", "evening"].due == f"2024-09-10T20:10:00{MOSCOW}"
    assert ledger["held", "homework", "14:10:00"].clause == "Р-2.10"


def test_G05_subgroups_end_with_the_class_or_with_their_own_pupils(store: Store) -> None:
    scene = Scene(store)
    for act in (S16, S7):
        school = scene.school(act).add_class()
        for group, pupil in (("en1", "p1"), ("en2", "p2")):
            school.add("study_group", group_key=group, kind="subgroup")
            school.add("group_member", group_key=group, pupil_key=pupil)
        school.lesson("first", "2024-09-10", 3, group_key="en1", subject_key="eng", homework="§ 5",
                      homework_recorded_at="2024-09-10T14:30:00")  # fmt: skip
        school.lesson("all", "2024-09-10", 6)
        school.lesson("second", "2024-09-10", 7, group_key="en2", subject_key="eng", staff_key="t2")
    ledger, register = scene.load().ledger(), scene.check()
    by_class, by_pupils = ledger[S16, "homework", "first"], ledger[S7, "homework", "first"]
    assert (by_class.status, by_class.due) == ("on_time", f"2024-09-10T15:00:00{MOSCOW}")
    assert (by_pupils.status, by_pupils.due) == ("late", f"2024-09-10T14:10:00{MOSCOW}")
    gap = ledger[S16, "homework", "second"]
    assert (gap.status, gap.responsible) == ("missing", "t2")
    assert (S16, "homework", "first") not in register
    assert {(school, "period_mark", f"{pupil}|{group}|eng|q1") for school in (S16, S7) for pupil, group in
            (("p1", "en1"), ("p2", "en2"))} <= set(ledger)  # fmt: skip


def test_G06_the_zone_of_the_school_decides_the_day(store: Store) -> None:
    scene = Scene(store)
    for zone in ("Europe/Moscow", "Europe/Kaliningrad"):
        school = scene.school(S16, zone, timezone=zone).add_class().lesson("tue", "2024-09-10")
        school.mark("M", "tue", "2024-09-10T21:30:00Z")
    ledger = scene.load().ledger()
    moscow, kaliningrad = (ledger[zone, "mark", "M"] for zone in ("Europe/Moscow", "Europe/Kaliningrad"))
    assert (moscow.status, moscow.done) == ("late", "2024-09-11T00:30:00+03:00")
    assert (kaliningrad.status, kaliningrad.done) == ("on_time", "2024-09-10T23:30:00+02:00")


def _works(school: School) -> School:
    school.add_class(pupils=["p1", "p2", "p3"]).lesson("thu", "2024-09-05")
    school.add("work", work_key="dictation", lesson_key="thu", kind="dictation", checked_on="2024-09-10")
    school.add("work", work_key="oral", lesson_key="thu", kind="oral")
    school.mark("wednesday", "thu", "2024-09-11T12:00:00", work_key="dictation")
    school.mark("friday", "thu", "2024-09-13T12:00:00", work_key="dictation", pupil_key="p2")
    return school.mark("next day", "thu", "2024-09-06T12:00:00", work_key="oral", pupil_key="p3")


def test_G08_written_works_are_checked_first_and_oral_marks_are_not(store: Store) -> None:
    scene = Scene(store)
    for act in (S16, S7, S53):
        _works(scene.school(act))
    ledger, register = scene.load().ledger(), scene.check()
    written = ledger[S16, "written_mark", "wednesday"]
    assert (written.status, written.target, written.due) == ("amber", end_of("2024-09-10"), end_of("2024-09-12"))
    assert statuses(ledger, S16, "written_mark") == {"wednesday": "amber", "friday": "late"}
    # the ban on past marks is not a second row: the oral mark is one finding that cites both clauses
    assert [key for key in ledger if key[0] == S16 and key[2] == "next day" and ledger[key].status == "late"] == [
        (S16, "mark", "next day")
    ]
    assert severities(register, S16, "mark") == {"next day": "major"}
    assert ledger[S7, "mark", "next day"].status == "amber"
    in_53 = ledger[S53, "mark", "next day"]
    assert (in_53.status, in_53.due) == ("amber", end_of("2024-09-09"))


def test_G29_the_same_fifth_day_is_kept_in_one_act_and_late_in_another(store: Store) -> None:
    scene = Scene(store)
    for act in (S7, S53, LIND):
        school = scene.school(act).add_class(pupils=["p1", "p2", "p3", "p4"])
        for week, monday in enumerate(("2024-09-09", "2024-09-16", "2024-09-23")):
            school.lesson(f"L{week}", monday).mark(f"M{week}", f"L{week}", f"2024-09-{14 + 7 * week}T12:00:00")
    ledger = scene.load().ledger()
    kept = ("on_time", "amber", "early")
    shares = {}
    for act in (S7, S53):
        found = statuses(ledger, act, "mark").values()
        shares[act] = sum(status in kept for status in found) / len(found)
    assert shares == {S7: 1.0, S53: 0.0}
    silent = [ledger[LIND, "mark", f"M{week}"] for week in range(3)]
    assert {line.status for line in silent} == {"not_regulated"}
    lags = {
        act: [int(ledger[act, "mark", f"M{week}"].done[8:10]) - (9 + 7 * week) for week in range(3)]
        for act in (S7, S53, LIND)
    }
    assert set(map(tuple, lags.values())) == {(5, 5, 5)}
    # the same marks by one act of two days: late everywhere, also where the own act names no limit
    ids = {key: number for number, key in store.rows("SELECT school_id, school_key FROM dim_school")}
    for school_id in ids.values():
        derive_by(store.url, school_id, S53, 1, keep_days=1)
    with reader(store, "inspector") as inspector:
        done = tuple(read_standings(inspector, S53, 1).select("school_id", "judgement_id").iter_rows())
        both = read_both_acts(inspector, 2024, done)
        named = METRICS["timeliness_marks"]
        by = {(act, own): named.of(both.filter((pl.col("school_id") == ids[act]) & (pl.col("is_own") == own))).value
              for act in (S7, S53, LIND) for own in (True, False)}  # fmt: skip
        assert by == {(S7, True): 1.0, (S53, True): 0.0, (LIND, True): None,
                      (S7, False): 0.0, (S53, False): 0.0, (LIND, False): 0.0}  # fmt: skip
        # four pupils: nothing that counts pupils leaves the queries, and pupils are closed to her
        place, now = Filters(school=ids[S7], period="q1"), datetime(2024, 10, 26, 3, tzinfo=UTC)
        page = read_performance(inspector, place, now)
        assert page is not None and page.fill.is_empty() and page.success.is_empty() and page.groups.is_empty()
        assert read_pupil(inspector, place.changed(pupil=1), now) is None
    assert not is_open("pupil", "inspector")
    with reader(store) as director:  # inside the school the same rows stand
        page = read_performance(director, place, now)
        assert page is not None and page.fill["pupil_count"].sum() == 4


def test_G30_an_interval_that_straddles_the_limit_is_no_violation(store: Store) -> None:
    seen: dict[int, list[str]] = {10: [], 11: ["straddles"], 12: ["straddles", "after"]}
    for day, marks in seen.items():
        scene = Scene(store, f"2024-09-{day}T20:00:00+03:00")
        school = scene.school(S16).add_class().lesson("tue", "2024-09-10", homework="§ 5",
                                                      homework_recorded_at="2024-09-10")  # fmt: skip
        for mark in marks:
            school.mark(mark, "tue", None, pupil_key="p1" if mark == "after" else "p2")
        scene.load()
    ledger, register = scene.ledger(), scene.check()
    assert ledger[S16, "homework", "tue"].status == "indeterminate"
    assert statuses(ledger, S16, "mark") == {"straddles": "indeterminate", "after": "late"}
    assert severities(register, S16, "mark") == {"after": "major"}
    before = store.rows("SELECT * FROM finding ORDER BY finding_id")
    assert scene.load().check() == register and scene.ledger() == ledger
    assert store.rows("SELECT * FROM finding ORDER BY finding_id") == before
    # a source that went silent is told on every screen of the school's data
    missing = []
    with reader(store) as scope:
        person = Identity(1, "reader", "Орлова Мария Петровна", "director")
        class_id, journal, lesson, pupil = store.rows(
            "SELECT class_id, journal_id, lesson_id, (SELECT min(pupil_id) FROM fact_enrolment) FROM fact_lesson"
        )[0]
        place = Filters(school=1, class_id=class_id, pupil=pupil, journal=journal, lesson=lesson, year=2024)
        for row in PAGES:
            if is_open(row.route, "director") and row.route not in WITHOUT_DATA:
                page = AppTest.from_function(
                    _page, default_timeout=60, kwargs={"identity": person, "scope": scope, "route": row.route}
                )
                page.query_params.update(dict(to_params(place)))
                page.run()
                assert not page.exception, (row.route, [error.message for error in page.exception])
                if not [told for told in page.warning if "не присылала данных" in told.value]:
                    missing.append((row.route, [title.value for title in page.title]))
    assert missing == [], missing
