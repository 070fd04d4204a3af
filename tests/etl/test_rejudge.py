"""A school's own act and its versions through a load, and what a change of it derives anew."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from etl.errors import SettingsError
from etl.job import load_bundle
from etl.rejudge import DeriveReport, derive_schools
from etl.sources.demo import generate
from etl.warehouse.engine import owner_connection
from tests.etl.conftest import Store, empty
from tests.etl.journal import journal, moment
from tests.etl.regulations.test_read import write_act
from tests.oracle.builder import BundleBuilder

DERIVED = (
    "obligation",
    "judgement_rule",
    "ledger_horizon",
    "mart_duty_week",
    "mart_duty_journal",
    "mart_duty_school",
    "mart_duty_day",
    "mart_learning",
    "mart_attendance_day",
    "mart_attendance_school",
    "mart_pupil_month",
    "mart_absence_spread",
    "mart_pupil_journal",
    "mart_mark_forecast",
    "mart_programme_forecast",
    "mart_forecast_hit",
    "mart_lag_school",
    "mart_programme_journal",
    "mart_card_school",
    "mart_activity_month",
    "mart_activity_day",
    "mart_review_month",
    "mart_mark_fill",
    "mart_period_group",
    "mart_period_mark",
    "mart_period_success",
)
"""What depends on the act, the rest of `judgement` apart: it bears the moment of the derivation."""


@pytest.fixture
def acts(tmp_path: Path) -> Path:
    """The folder of the school's own acts."""
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def two_schools(regulation: str = "lyceum4") -> BundleBuilder:
    """School s1 under its own act and school s2, with the same class, under a shipped one."""
    bundle = journal(regulation=regulation)
    for table, rows in list(bundle.tables.items()):
        copied = [{**row, "school_key": "s2"} for row in rows]
        if table == "school":
            copied = [{**row, "name": "Вторая школа", "regulation": "school7_oktyabrsky"} for row in copied]
        bundle.tables[table] = [*rows, *copied]
    return bundle


def load(store: Store, bundle: BundleBuilder | Path, acts: Path | None) -> list[str]:
    """Load with an own folder; returns the remarks."""
    path = store.write(bundle) if isinstance(bundle, BundleBuilder) else bundle
    report = load_bundle(path, store.url, store.home, regulations=acts)
    return [message for _school, message in report.warnings]


def derive(store: Store, acts: Path | None, *keys: str) -> DeriveReport:
    return derive_schools(store.url, regulations=acts, school_keys=keys)


def derived(store: Store, school_key: str = "s1") -> dict[str, list[str]]:
    """Every derived row of a school, as text."""
    school = store.value("SELECT school_id FROM dim_school WHERE school_key = %s", school_key)
    return {
        table: [row[0] for row in store.rows(f"SELECT t::text FROM {table} t WHERE school_id = %s ORDER BY 1", school)]
        for table in DERIVED
    }


def places(store: Store, school_key: str) -> list[tuple[object, ...]]:
    """Where the rows of a school lie and which transaction wrote them: both change with every rewrite."""
    school = store.value("SELECT school_id FROM dim_school WHERE school_key = %s", school_key)
    return [
        (table, *row)
        for table in (*DERIVED, "judgement", "dim_school")
        for row in store.rows(f"SELECT ctid::text, xmin::text FROM {table} WHERE school_id = %s ORDER BY 1", school)
    ]


def topic_windows(store: Store) -> list[tuple[object, ...]]:
    """Lesson, version of the act, local day of the limit, of the topics of school s1."""
    return store.rows(
        "SELECT l.lesson_key, o.profile_version, (o.due_at AT TIME ZONE s.timezone)::date::text FROM obligation o"
        " JOIN dim_school s USING (school_id) JOIN fact_lesson l USING (school_id, lesson_id)"
        " WHERE o.rule = 1 AND s.school_key = 's1' ORDER BY 1"
    )


def test_lessons_before_and_after_a_new_version_are_judged_by_their_own(store: Store, acts: Path) -> None:
    write_act(acts, "lyceum4", head="valid_from = 2024-09-12", topic_limit='"2d"')
    write_act(acts, "lyceum4@2", head="valid_from = 2024-09-17", topic_limit='"same_day"')
    bundle = journal(regulation="lyceum4")
    bundle.add("lesson", lesson_key="l3", held_on="2024-09-17", topic="Дроби")
    assert load(store, bundle, acts) == []
    # the first version also judges the lesson of the 11th, which is older than the act
    assert topic_windows(store) == [("l1", 1, "2024-09-13"), ("l2", 1, "2024-09-16"), ("l3", 2, "2024-09-17")]
    limits = store.rows("SELECT profile_version, limit_text, parameter FROM judgement_rule WHERE rule = 1 ORDER BY 1")
    assert limits == [(1, "2d", "topic_limit"), (2, "same_day", "topic_limit")]
    spans = store.rows(
        "SELECT profile_version, valid_from::text, valid_until::text FROM regulation"
        " WHERE regulation = 'lyceum4' ORDER BY 1"
    )
    assert spans == [(1, "2024-09-12", "2024-09-17"), (2, "2024-09-17", None)]


def test_a_version_that_comes_later_keeps_the_judgement_of_older_lessons(store: Store, acts: Path) -> None:
    write_act(acts, "lyceum4", topic_limit='"2d"')
    load(store, journal(regulation="lyceum4"), acts)
    old = store.rows("SELECT t::text FROM obligation t WHERE anchor_on < '2024-09-12' ORDER BY 1")
    assert old
    write_act(acts, "lyceum4@2", head="valid_from = 2024-09-12", topic_limit='"same_day"')
    assert [one.school_key for one in derive(store, acts).schools] == ["s1"]
    assert store.rows("SELECT t::text FROM obligation t WHERE anchor_on < '2024-09-12' ORDER BY 1") == old
    assert topic_windows(store) == [("l1", 1, "2024-09-13"), ("l2", 2, "2024-09-12")]


def test_a_changed_act_derives_its_own_school_alone(store: Store, acts: Path) -> None:
    write_act(acts, "lyceum4", topic_limit='"2d"')
    load(store, two_schools(), acts)
    facts, others = store.rows("SELECT t::text FROM fact_lesson t ORDER BY 1"), places(store, "s2")
    versions = dict(store.rows("SELECT school_key, data_version FROM dim_school"))
    assert derive(store, acts).schools == []
    write_act(acts, "lyceum4", topic_limit='"same_day"')
    report = derive(store, acts)
    assert [(one.school_key, one.regulation) for one in report.schools] == [("s1", "lyceum4")]
    assert report.untouched_count == 1
    assert places(store, "s2") == others
    assert store.rows("SELECT t::text FROM fact_lesson t ORDER BY 1") == facts
    after = dict(store.rows("SELECT school_key, data_version FROM dim_school"))
    assert after == {"s1": versions["s1"] + 1, "s2": versions["s2"]}
    assert [day for _, _, day in topic_windows(store)] == ["2024-09-11", "2024-09-12"]
    assert derive(store, acts).schools == []


def test_a_moved_first_day_derives_anew_too(store: Store, acts: Path) -> None:
    write_act(acts, "lyceum4", topic_limit='"2d"')
    write_act(acts, "lyceum4@2", head="valid_from = 2024-09-12", topic_limit='"same_day"')
    load(store, journal(regulation="lyceum4"), acts)
    write_act(acts, "lyceum4@2", head="valid_from = 2024-09-11", topic_limit='"same_day"')
    assert len(derive(store, acts).schools) == 1
    assert [version for _, version, _ in topic_windows(store)] == [2, 2]


def test_what_is_derived_anew_equals_a_load_under_that_act_from_the_start(store: Store, acts: Path) -> None:
    """Over a generated school with all its tables, and after a second snapshot that moved the intervals."""
    path = generate(store.folder / "demo", tier="tiny", seed=5)[0].path
    school = path / "school.csv"
    header, line = school.read_text(encoding="utf-8").splitlines()
    place = header.split(",").index("regulation")
    cells = line.split(",")
    cells[place] = "lyceum4"
    school.write_text(f"{header}\n{','.join(cells)}\n", encoding="utf-8")
    key = cells[header.split(",").index("school_key")]
    write_act(acts, "lyceum4", topic_limit='"2d"')
    load(store, path, acts)
    first = derived(store, key)
    strict = {"topic_limit": '"same_day"', "mark_limit": '"3d"', "mark_lock_days": "5", "absence_limit": '"1d"'}
    write_act(acts, "lyceum4", head='parent = "krasnodar_region"', **strict)
    derive(store, acts)
    anew = derived(store, key)
    assert anew != first
    other = Store(store.url, store.home, store.folder / "other")
    empty(store.url)
    load(other, path, acts)
    fresh = derived(other, key)
    assert {table: len(rows) for table, rows in anew.items()} == {table: len(rows) for table, rows in fresh.items()}
    assert anew == fresh
    assert len(anew["obligation"]) > 1000


def test_an_act_that_is_installed_after_the_load_is_found(store: Store, acts: Path) -> None:
    remarks = load(store, journal(regulation="lyceum4"), acts)
    assert len(remarks) == 1
    assert "the regulation 'lyceum4' is not installed" in remarks[0] and "installed: krasnodar_region" in remarks[0]
    assert store.value("SELECT regulation FROM dim_school") is None
    report = derive(store, acts)
    assert report.schools == [] and "'lyceum4' is not installed and was taken as none stated" in report.warnings[0]
    write_act(acts, "lyceum4", topic_limit='"2d"')
    assert [one.regulation for one in derive(store, acts).schools] == ["lyceum4"]
    assert store.value("SELECT regulation FROM dim_school") == "lyceum4"
    assert [day for _, _, day in topic_windows(store)] == ["2024-09-13", "2024-09-16"]


def test_an_act_whose_file_has_gone_keeps_its_judgement(store: Store, acts: Path) -> None:
    write_act(acts, "lyceum4", topic_limit='"2d"')
    load(store, journal(regulation="lyceum4"), acts)
    before = places(store, "s1")
    report = derive(store, None, "s1")
    assert report.schools == [] and "its former judgement stays" in report.warnings[0]
    assert places(store, "s1") == before


def test_a_named_school_is_derived_whatever_its_act_and_an_unknown_one_is_refused(store: Store) -> None:
    store.load(journal())
    before = derived(store)
    assert [one.school_key for one in derive(store, None, "s1").schools] == ["s1"]
    assert derived(store) == before
    with pytest.raises(SettingsError, match=r"There is no school 's9'\. Keys of the schools: s1\."):
        derive(store, None, "s9")


def test_a_delta_after_a_derivation_is_judged_by_the_same_act(store: Store, acts: Path) -> None:
    write_act(acts, "lyceum4", topic_limit='"2d"')
    load(store, journal(1, regulation="lyceum4"), acts)
    write_act(acts, "lyceum4", topic_limit='"3d"')
    derive(store, acts)
    load(store, journal(2, regulation="lyceum4"), acts)
    assert moment(1) < moment(2)
    assert derive(store, acts).schools == []


def test_every_known_act_is_kept_as_rows_and_rewritten_only_when_it_changes(store: Store, acts: Path) -> None:
    store.load(journal())
    assert store.value("SELECT count(*) FROM regulation") == 5
    assert store.value("SELECT count(*) FROM regulation_parameter") == 5 * 117
    limit = store.rows(
        "SELECT value, clause, layer, origin, section, rules FROM regulation_parameter"
        " WHERE regulation = 'school53_krasnodar' AND parameter = 'topic_limit'"
    )
    assert limit == [('"2d"', "3.8", "school53_krasnodar", "act", "lessons", [1, 26])]
    weaker = store.rows("SELECT parameter, above_value FROM regulation_parameter WHERE is_laxer ORDER BY 1")
    assert [name for name, _ in weaker] == ["activity_kinds_in_scope", "period_types_covered"]
    before = store.rows("SELECT ctid::text, xmin::text FROM regulation_parameter ORDER BY 1")
    derive(store, acts)
    assert store.rows("SELECT ctid::text, xmin::text FROM regulation_parameter ORDER BY 1") == before
    write_act(acts, "lyceum4", topic_limit='"2d"')
    derive(store, acts)
    assert store.value("SELECT count(*) FROM regulation") == 6


def test_reviews_are_counted_by_month_from_the_first_tick_on(store: Store, acts: Path) -> None:
    store.load(two_schools())
    assert store.rows("SELECT 1 FROM mart_review_month") == []  # no tick: the register is kept elsewhere
    classes = store.rows("SELECT class_id, school_year FROM dim_class WHERE school_id = 1 ORDER BY 1")
    until = store.value("SELECT (extracted_at AT TIME ZONE timezone)::date FROM dim_school WHERE school_id = 1")
    assert until.replace(day=1) > date(classes[0][1], 9, 1)
    ticks = [
        (1, classes[0][0], "personal_data", 1, False),
        (2, None, "marks", 1, False),  # another thing that is reviewed
        (3, classes[0][0], "personal_data", 2, False),
        (3, classes[0][0], "personal_data", 2, True),  # taken back
    ]
    with owner_connection(store.url) as connection:
        for place, (number, class_id, subject, months, is_withdrawn) in enumerate(ticks):
            connection.execute(
                "INSERT INTO review_tick (school_id, review_tick_id, class_id, month_on, ticked_on, entered_at,"
                " version_no, is_withdrawn, subject) VALUES (1, %s, %s, make_date(%s, %s, 1), %s, now(), %s, %s, %s)",
                [number, class_id, classes[0][1], 8 + months, until, place + 1, is_withdrawn, subject],
            )
    derive_schools(store.url, regulations=acts, every=True)
    found = store.rows("SELECT month_on, class_count, reviewed_count FROM mart_review_month ORDER BY 1")
    expected = [date(classes[0][1], number, 1) for number in range(9, until.month + 1)]
    assert found == [(month, len(classes), int(month.month == 9)) for month in expected]
