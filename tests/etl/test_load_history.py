"""What a chain of bundles becomes: first moments, automatic changes, deletions inside the scope, columns that lack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etl.contract.ledger import Quality
from etl.load import Balance
from etl.transforms.moments import BEGINNING, NEVER
from tests.etl.conftest import Store
from tests.etl.journal import CAPABILITIES, delta, journal, moment, without
from tests.oracle.builder import BundleBuilder

SECOND = timedelta(seconds=1)
LOG = (*CAPABILITIES, "change_log")


def at(day: int) -> datetime:
    return datetime.fromisoformat(moment(day)).astimezone(UTC)


def entry(store: Store, key: str, stem: str = "recorded", table: str = "mark") -> tuple[Any, ...]:
    """Earliest and latest moment and quality of an entry."""
    columns = ", ".join(f"{stem}_{part}" for part in ("earliest", "latest", "quality"))
    return store.rows(f"SELECT {columns} FROM fact_{table} WHERE {table}_key = %s", key)[0]


def changes(store: Store) -> list[tuple[Any, ...]]:
    return store.rows(
        "SELECT change_key, entity_key, field, action, old_value, new_value, changed_earliest,"
        " changed_latest, s.staff_key"
        " FROM fact_change c LEFT JOIN dim_staff s ON s.school_id = c.school_id AND s.staff_id ="
        " c.changed_by_id ORDER BY 1"
    )


def test_an_entry_is_unknown_in_the_first_snapshot_and_an_interval_in_a_later_one(store: Store) -> None:
    store.load(journal(1))
    store.load(journal(2))
    store.load(journal(4).add("mark", mark_key="m3", lesson_key="l1"))
    assert entry(store, "m1") == (BEGINNING, at(1), Quality.unknown)
    assert entry(store, "m3") == (at(2) + SECOND, at(4), Quality.interval)


def test_a_delta_proves_no_absence(store: Store) -> None:
    store.load(journal(1))
    store.load(delta(2).add("mark", mark_key="m2", lesson_key="l2", value="4", pupil_key="p2", recorded_by=None))
    store.load(journal(3).add("mark", mark_key="m3", lesson_key="l1"))
    assert entry(store, "m3") == (at(1) + SECOND, at(3), Quality.interval)


def test_entries_of_deltas_before_any_snapshot_are_unknown(store: Store) -> None:
    first = delta(1)
    for table, rows in journal().tables.items():
        first.tables[table] = rows
    report = store.load(first)
    assert report.mode == "delta"
    store.load(delta(2).add("mark", mark_key="m3", lesson_key="l1"))
    assert entry(store, "m3") == (BEGINNING, at(2), Quality.unknown)
    store.load(journal(3).add("mark", mark_key="m4", lesson_key="l1"))
    assert entry(store, "m4") == (BEGINNING, at(3), Quality.unknown)
    assert store.marks().keys() == {"m1", "m2", "m4"}


def test_a_table_or_column_that_appears_later_does_not_look_typed_in_between(store: Store) -> None:
    first = journal(1).only_columns("lesson", "starts_at", "ends_at")
    del first.tables["absence"]
    store.load(first)
    store.load(journal(2).add("absence", absence_key="a1", lesson_key="l1"))
    assert entry(store, "a1", table="absence") == (BEGINNING, at(2), Quality.unknown)
    assert entry(store, "l1", "topic_recorded", "lesson") == (BEGINNING, at(2), Quality.unknown)


def test_quality_is_decided_per_cell(store: Store) -> None:
    bundle = journal(1)
    for key, cell in (
        ("exact", "2024-09-10T10:00:00.9+03:00"),
        ("local", "2024-09-10 10:00"),
        ("day", "2024-09-10"),
        ("today", "2024-10-01"),
        ("skewed", "2024-10-02T00:00:00Z"),
    ):
        bundle.add("mark", mark_key=key, lesson_key="l1", recorded_at=cell)
    store.load(bundle)
    ten = datetime(2024, 9, 10, 7, tzinfo=UTC)
    assert entry(store, "exact") == (ten, ten, Quality.exact)
    assert entry(store, "local") == (ten, ten, Quality.exact)
    assert entry(store, "day") == (ten - timedelta(hours=10), ten + timedelta(hours=14) - SECOND, Quality.date_only)
    assert entry(store, "today") == (datetime(2024, 9, 30, 21, tzinfo=UTC), at(1), Quality.date_only)
    assert entry(store, "skewed") == (NEVER, datetime(2024, 10, 2, tzinfo=UTC), Quality.exact)


def test_an_entry_never_gets_younger_and_the_earliest_cell_counts(store: Store) -> None:
    def with_topic(day: int, topic: str, recorded: str) -> BundleBuilder:
        bundle = journal(day)
        bundle.row("lesson", "l1").update(topic=topic, topic_recorded_at=recorded)
        return bundle

    store.load(with_topic(1, "Дроби", ""))
    store.load(with_topic(2, "Дроби", "2024-09-20T10:00:00Z"))
    exact = datetime(2024, 9, 20, 10, tzinfo=UTC)
    assert entry(store, "l1", "topic_recorded", "lesson") == (exact, exact, Quality.exact)
    store.load(with_topic(3, "", ""))
    store.load(with_topic(4, "Дроби и доли", "2024-10-03T10:00:00Z"))
    assert entry(store, "l1", "topic_recorded", "lesson") == (exact, exact, Quality.exact)
    store.load(with_topic(5, "Дроби", "2024-09-11T10:00:00Z"))
    assert entry(store, "l1", "topic_recorded", "lesson")[0] == datetime(2024, 9, 11, 10, tzinfo=UTC)


def test_differences_of_snapshots_are_written_as_changes(store: Store) -> None:
    first = (
        journal(1)
        .add("absence", absence_key="a1", lesson_key="l1", code="н")
        .add("work", work_key="w1", lesson_key="l1", kind="oral")
    )
    first.add("period_mark", period_mark_key="pm1", value="4").add(
        "period_mark", period_mark_key="pm2", value="4", subject_key="eng"
    )
    store.load(first)
    assert changes(store) == []
    second = (
        journal(2)
        .add("absence", absence_key="a1", lesson_key="l1", code="Б", recorded_by="t2")
        .add("work", work_key="w1", lesson_key="l1", kind="test")
    )
    second.add("period_mark", period_mark_key="pm1", value="5")
    second.row("mark", "m1").update(value="3", recorded_by="t2", comment="исправлено")
    second.row("lesson", "l1").update(topic="Доли", topic_recorded_by="t1")
    second.row("lesson", "l2").update(topic="", homework="Учить")
    report = store.load(without(second, "mark", mark_key="m2"))
    interval = (at(1) + SECOND, at(2))
    assert changes(store) == [
        (f"auto|absence|a1|code|{moment(2)}", "a1", "code", "update", "Н", "Б", *interval, "t2"),
        (f"auto|lesson|l1|topic|{moment(2)}", "l1", "topic", "update", "Дроби", "Доли", *interval, "t1"),
        (f"auto|lesson|l2|topic|{moment(2)}", "l2", "topic", "update", "Дроби", None, *interval, None),
        (f"auto|mark|m1|value|{moment(2)}", "m1", "value", "update", "5", "3", *interval, "t2"),
        (f"auto|mark|m2||{moment(2)}", "m2", None, "delete", "4", None, *interval, None),
        (f"auto|period_mark|pm1|value|{moment(2)}", "pm1", "value", "update", "4", "5", *interval, None),
        (f"auto|period_mark|pm2||{moment(2)}", "pm2", None, "delete", "4", None, *interval, None),
        (f"auto|work|w1|kind|{moment(2)}", "w1", "kind", "update", "oral", "test", *interval, None),
    ]
    assert report.balances["mark"] == Balance(read=1, loaded=1, deleted=1)


def test_a_blank_that_is_filled_and_a_fill_of_what_is_not_watched_are_no_changes(store: Store) -> None:
    first = journal(1)
    first.row("lesson", "l1")["topic"] = ""
    store.load(first)
    second = journal(2)
    second.row("lesson", "l2")["homework"] = "Учить"
    store.load(second)
    assert changes(store) == []


def test_a_source_with_a_change_log_writes_its_own_changes_and_they_never_vanish(store: Store) -> None:
    first = journal(1, capabilities=LOG).add(
        "change",
        change_key="c1",
        entity_key="m1",
        changed_at="2024-09-20T10:00:00Z",
        old_value="4",
        new_value="5",
        changed_by="t1",
    )
    store.load(first)
    second = journal(2, capabilities=LOG).add_empty("change")
    second.row("mark", "m1")["value"] = "2"
    store.load(without(second, "mark", mark_key="m2"))
    assert [row[0] for row in changes(store)] == ["c1"]
    assert store.marks() == {"m1": "2"}
    assert store.value("SELECT count(*) FROM fact_change WHERE deleted_latest IS NULL") == 1


def test_a_bundle_may_carry_the_very_key_of_an_automatic_change(store: Store) -> None:
    store.load(journal(1))
    second = journal(2).add(
        "change", change_key=f"auto|mark|m1|value|{moment(2)}", entity_key="m1", changed_at=moment(2), new_value="2"
    )
    second.row("mark", "m1")["value"] = "2"
    assert store.load(second).balances["change"] == Balance(read=1, loaded=1)
    assert store.value("SELECT count(*) FROM fact_change") == 1


def test_a_change_we_write_names_who_made_it_though_the_files_own_changes_lack_the_column(store: Store) -> None:
    store.load(journal(1))
    second = journal(2).add("change", change_key="c1", entity_key="m2", changed_at=moment(2))
    second.row("mark", "m1").update(value="2", recorded_by="t2")
    second.only_columns("change", "field", "new_value")
    store.load(second)
    assert [(row[0], row[-1]) for row in changes(store)] == [(f"auto|mark|m1|value|{moment(2)}", "t2"), ("c1", None)]


def test_a_change_that_comes_again_keeps_the_end_of_its_day_as_its_first_bundle_cut_it(store: Store) -> None:
    for day in (2, 5):
        store.load(journal(day).add("change", change_key="c1", entity_key="m1", changed_at=moment(2)[:10]))
    [(*_, latest, _by)] = changes(store)
    assert latest == at(2)


def test_the_interval_of_a_change_begins_at_the_last_bundle_that_carried_the_row(store: Store) -> None:
    store.load(journal(1))
    store.load(journal(2))
    store.load(delta(3).add("mark", mark_key="m1", lesson_key="l1", value="5", recorded_by="t1"))
    final = journal(5)
    final.row("mark", "m1")["value"] = "2"
    store.load(without(final, "mark", mark_key="m2"))
    assert [(row[1], row[6], row[7]) for row in changes(store)] == [
        ("m1", at(3) + SECOND, at(5)),
        ("m2", at(2) + SECOND, at(5)),
    ]


def test_what_vanishes_is_kept_with_its_interval_and_what_returns_is_the_same_entry(store: Store) -> None:
    store.load(journal(1))
    store.load(without(journal(2), "mark", mark_key="m2"))
    gone = store.rows("SELECT deleted_earliest, deleted_latest FROM fact_mark WHERE mark_key = 'm2'")
    assert gone == [(at(1) + SECOND, at(2))]
    number = store.value("SELECT mark_id FROM fact_mark WHERE mark_key = 'm2'")
    back = journal(4)
    back.row("mark", "m2")["value"] = "3"
    assert store.load(back).balances["mark"] == Balance(read=2, loaded=1, unchanged=1)
    assert store.rows(
        "SELECT mark_id, deleted_latest, recorded_latest, recorded_quality FROM fact_mark WHERE mark_key = 'm2'"
    ) == [(number, None, at(1), Quality.unknown)]
    # against the state before it, the value that the key last had differs (annex B7)
    assert [(row[0], row[4], row[5], row[6]) for row in changes(store)] == [
        (f"auto|mark|m2|value|{moment(4)}", "4", "3", at(1) + SECOND),
        (f"auto|mark|m2||{moment(2)}", "4", None, at(1) + SECOND),
    ]


def test_a_table_that_is_not_there_deletes_nothing_and_an_empty_one_everything(store: Store) -> None:
    store.load(journal(1))
    second = journal(2)
    del second.tables["mark"]
    assert "mark" not in store.load(second).balances
    assert store.marks().keys() == {"m1", "m2"}
    third = journal(3)
    third.tables["mark"] = []
    assert store.load(third).balances["mark"] == Balance(deleted=2)
    assert store.marks() == {}


def test_a_row_that_is_there_but_rejected_has_not_vanished(store: Store) -> None:
    store.load(journal(1))
    second = journal(2)
    second.row("mark", "m1")["value"] = "6"
    second.row("enrolment", "p2", "c1", "2024-09-01")["order_on"] = "вчера"
    report = store.load(second)
    assert report.balances["mark"] == Balance(read=2, unchanged=1, rejected=1)
    assert report.balances["enrolment"] == Balance(read=2, unchanged=1, rejected=1)
    assert store.marks() == {"m1": "5", "m2": "4"}


def test_a_delta_inserts_or_replaces_by_key_and_deletes_nothing(store: Store) -> None:
    store.load(journal(1))
    change = (
        delta(2)
        .add("mark", mark_key="m1", lesson_key="l1", value="2", recorded_by="t1")
        .add("mark", mark_key="m3", lesson_key="l1")
    )
    report = store.load(change.add_empty("absence", "subject"))
    assert report.balances["mark"] == Balance(read=2, loaded=2)
    assert store.marks() == {"m1": "2", "m2": "4", "m3": "5"}
    assert store.keys("dim_subject", "subject_key") == ["eng", "math"]


def test_columns_that_lack_leave_the_cells_and_blank_cells_empty_them(store: Store) -> None:
    first = journal(1)
    first.row("lesson", "l1").update(homework="Учить", homework_recorded_by="t1")
    first.row("mark", "m1").update(comment="за работу", recorded_at="2024-09-11T10:00:00Z")
    first.row("school", "s1").update(short_name="Ш1", week_days="6")
    store.load(first)
    second = journal(2).only_columns("lesson", "topic", "starts_at", "ends_at").only_columns("mark", "recorded_by")
    second.only_columns("school", "regulation")
    store.load(second)
    assert store.rows("SELECT homework FROM fact_lesson_text WHERE homework IS NOT NULL") == [("Учить",)]
    assert store.value("SELECT comment FROM fact_mark WHERE mark_key = 'm1'") == "за работу"
    assert entry(store, "m1")[2] == Quality.exact
    assert store.rows("SELECT short_name, week_days FROM dim_school") == [("Ш1", 6)]
    store.load(journal(3))
    assert store.rows("SELECT homework FROM fact_lesson_text WHERE homework IS NOT NULL") == []
    assert store.value("SELECT comment FROM fact_mark WHERE mark_key = 'm1'") is None
    assert entry(store, "m1")[2] == Quality.exact
    assert store.rows("SELECT short_name, week_days FROM dim_school") == [(None, None)]


def two_years(day: int, **options: Any) -> BundleBuilder:
    """The journal, and class c0 of the year before with its own lesson, mark and period."""
    bundle = journal(day, **options)
    bundle.add("school_class", class_key="c0", school_year="2023/2024", grade="6").add(
        "study_group", group_key="g0", class_key="c0"
    )
    bundle.add("period", period_key="q0", school_year="2023/2024", starts_on="2023-09-01", ends_on="2023-10-27")
    bundle.add("enrolment", class_key="c0", from_on="2023-09-01").add(
        "lesson", lesson_key="l0", group_key="g0", held_on="2023-09-12", topic="Дроби"
    )
    return bundle.add("mark", mark_key="m0", lesson_key="l0", value="3")


def test_a_year_that_is_not_in_the_snapshot_is_left_alone(store: Store) -> None:
    store.load(two_years(1))
    before = store.facts()
    store.load(journal(2))
    assert store.facts() == before
    without_c1 = two_years(3)
    for table, rows in without_c1.tables.items():
        without_c1.tables[table] = [
            row
            for row in rows
            if "c1" not in row.values() and "g1" not in row.values() and row.get("lesson_key") in (None, "l0")
        ]
    report = store.load(without_c1)
    # its year has no class in the bundle, so nothing of it is in scope
    assert sum(it.deleted for it in report.balances.values()) == 0


def test_classes_groups_periods_and_people_that_vanish_inside_the_scope_are_deleted(store: Store) -> None:
    first = (
        two_years(1).add("school_class", class_key="c2", letter="В").add("study_group", group_key="g2", class_key="c2")
    )
    store.load(first.add("calendar_day", date="2024-12-31").add("staff", staff_key="t3"))
    second = two_years(2)
    second.tables["period"] = [row for row in second.tables["period"] if row["period_key"] != "q2"]
    report = store.load(second)
    assert {name: it.deleted for name, it in report.balances.items() if it.deleted} == {
        "school_class": 1,
        "study_group": 1,
        "period": 1,
        "calendar_day": 1,
        "staff": 1,
    }
    assert store.keys("dim_class", "class_key") == ["c0", "c1"]
    assert store.keys("dim_period", "period_key") == ["q0", "q1"]


def test_a_stated_scope_limits_deletion_and_proof_to_its_journals(store: Store) -> None:
    def two_subjects(day: int, **options: Any) -> BundleBuilder:
        bundle = journal(day, **options).add(
            "lesson", lesson_key="e1", subject_key="eng", held_on="2024-09-10", topic="Verbs"
        )
        return bundle.add("mark", mark_key="em1", lesson_key="e1").add(
            "mark", mark_key="em2", lesson_key="e1", pupil_key="p2"
        )

    store.load(two_subjects(1))
    scope = [{"school_key": "s1", "school_year": "2024/2025", "group_key": "g1", "subject_key": "eng"}]
    part = two_subjects(2, scope=scope).add("mark", mark_key="em3", lesson_key="e1")
    for table in ("lesson", "mark"):
        part.tables[table] = [
            row for row in part.tables[table] if row["lesson_key"] == "e1" and row.get("mark_key") != "em2"
        ]
    report = store.load(part)
    assert {name: it.deleted for name, it in report.balances.items() if it.deleted} == {"mark": 1}
    assert store.marks().keys() == {"m1", "m2", "em1", "em3"}
    assert store.keys("fact_lesson", "lesson_key") == ["e1", "l1", "l2"]
    final = (
        two_subjects(3)
        .add("mark", mark_key="em3", lesson_key="e1")
        .add("mark", mark_key="em4", lesson_key="e1")
        .add("mark", mark_key="m3", lesson_key="l1")
    )
    store.load(final)
    assert entry(store, "em4")[0] == at(2) + SECOND
    assert entry(store, "m3")[0] == at(1) + SECOND


def test_a_school_that_is_not_in_the_bundle_loses_nothing(store: Store) -> None:
    both = journal(1)
    for table, rows in journal(1).tables.items():
        both.tables[table] = both.tables[table] + [{**row, "school_key": "s2"} for row in rows]
    store.load(both)
    only_first = journal(2)
    # a row of the other school astray: it resolves, being of a school that is known, and proves nothing
    only_first.add("subject", subject_key="bio", school_key="s2")
    report = store.load(only_first)
    assert sum(it.deleted for it in report.balances.values()) == 0
    found = store.rows(
        "SELECT school_key, count(*) FROM dim_subject JOIN dim_school USING (school_id) WHERE deleted_latest"
        " IS NULL GROUP BY 1 ORDER BY 1"
    )
    assert found == [("s1", 2), ("s2", 3)]


def test_capabilities_are_those_of_the_newest_bundle(store: Store) -> None:
    store.load(journal(1, capabilities=("topics", "homework")))
    store.load(journal(2, capabilities=("work_kinds",)))
    assert store.value("SELECT capabilities FROM dim_school") == ["work_kinds"]


@pytest.mark.parametrize("regulation", [None, "school53_krasnodar"])
def test_a_column_that_the_school_row_changes_is_counted(store: Store, regulation: str | None) -> None:
    store.load(journal(1))
    report = store.load(journal(2, regulation))
    assert report.balances["school"] == Balance(read=1, loaded=1)
    assert store.value("SELECT regulation FROM dim_school") == regulation
    assert store.load(journal(3, regulation)).balances["school"] == Balance(read=1, unchanged=1)


def test_changes_that_point_at_nothing_known_are_counted_in_a_remark(store: Store) -> None:
    bundle = journal(1, "school53_krasnodar", capabilities=LOG)
    for key, entity, entity_key, cells in (
        ("c1", "mark", "m1", {}),
        ("c2", "mark", "gone", {"lesson_key": "l1"}),
        ("c3", "mark", "gone", {}),
        ("c4", "absence", "gone", {}),
        ("c5", "period_mark", "gone", {"lesson_key": "l1"}),
    ):
        bundle.add("change", change_key=key, entity=entity, entity_key=entity_key, changed_at=moment(1), **cells)
    report = store.load(bundle)
    assert [message for _school, message in report.warnings] == [
        "change: 3 changes are of entries that no bundle brought and name no lesson; they are not judged,"
        " the first is 'c3' of mark 'gone'"
    ]
    judged = store.rows("SELECT DISTINCT c.change_key FROM obligation o JOIN fact_change c ON c.change_id = o.object_id"
                        " WHERE o.rule BETWEEN 13 AND 18 ORDER BY 1")  # fmt: skip
    assert judged == [("c1",), ("c2",)]
    assert store.rows("SELECT message FROM load_warning") == [(report.warnings[0][1],)]
    # known, though it vanished since: its change is judged
    later = without(journal(2, "school53_krasnodar", capabilities=LOG), "mark", mark_key="m1")
    later.add("change", change_key="c6", entity="mark", entity_key="m1", action="delete", changed_at=moment(2))
    assert store.load(later).warnings == []
