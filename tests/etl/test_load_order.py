"""Which bundle may follow which (annex B6, B20): older ones, equal moments, scopes and tables that meet or do not."""

from __future__ import annotations

from typing import Any

import pytest

from etl.errors import SourceError
from etl.load import Balance
from tests.etl.conftest import Store
from tests.etl.journal import CAPABILITIES, delta, journal, moment, without
from tests.etl.test_load_history import at
from tests.oracle.builder import BundleBuilder

MATH = {"school_key": "s1", "school_year": "2024/2025", "group_key": "g1", "subject_key": "math"}
ENGLISH = {**MATH, "subject_key": "eng"}


def refusal(store: Store, bundle: BundleBuilder) -> SourceError:
    """The refusal of a bundle; everything must be as before."""
    before = store.everything()
    with pytest.raises(SourceError) as caught:
        store.load(bundle)
    assert caught.value.advice
    assert store.everything() == before
    return caught.value


def only(bundle: BundleBuilder, *tables: str) -> BundleBuilder:
    """The bundle with the required tables and these."""
    bundle.tables = {name: rows for name, rows in bundle.tables.items() if name in ("school", "school_class", *tables)}
    return bundle


def scoped(day: int, line: dict[str, str], **cells: Any) -> BundleBuilder:
    """A snapshot of one journal: its lesson x1 of that subject and nothing else."""
    bundle = only(journal(day, scope=[line]))
    key = f"x-{line['subject_key']}"
    return bundle.add("lesson", lesson_key=key, held_on="2024-09-20", subject_key=line["subject_key"], **cells)


def test_an_older_bundle_is_refused_with_both_moments(store: Store) -> None:
    store.load(journal(3))
    message = refusal(store, journal(2)).message
    assert moment(2) in message
    assert moment(3) in message


@pytest.mark.parametrize("mode", ["snapshot", "delta"])
def test_an_older_bundle_is_refused_whatever_the_modes(store: Store, mode: str) -> None:
    store.load(journal(1))
    store.load(delta(3).add("mark", mark_key="m3", lesson_key="l1") if mode == "snapshot" else journal(3))
    older = journal(2) if mode == "snapshot" else delta(2).add("mark", mark_key="m4", lesson_key="l1")
    assert "older" in refusal(store, older).message


def test_the_same_files_again_after_newer_ones_are_refused_too(store: Store) -> None:
    path = store.write(journal(1))
    store.load(path)
    store.load(journal(2))
    with pytest.raises(SourceError, match="older"):
        store.load(path)


def test_one_older_school_of_several_refuses_the_bundle(store: Store) -> None:
    store.load(journal(3))
    both = journal(2)
    both.tables = {table: [{**row, "school_key": "s0"} for row in rows] + rows for table, rows in both.tables.items()}
    assert "school s1" in refusal(store, both).message


def test_another_school_may_be_older(store: Store) -> None:
    store.load(journal(3))
    other = journal(2)
    other.tables = {table: [{**row, "school_key": "s2"} for row in rows] for table, rows in other.tables.items()}
    assert store.load(other).school_count == 1


def test_moments_are_compared_as_instants(store: Store) -> None:
    store.load(journal(2))
    same = journal(2)
    same.manifest["extracted_at"] = "2024-10-02T03:00:00+00:00"
    assert "same moment" in refusal(store, same).message
    later = journal(2)
    later.manifest["extracted_at"] = "2024-10-02T05:30:00+02:00"
    assert store.load(later).balances["mark"] == Balance(read=2, unchanged=2)


def test_two_bundles_of_one_moment_with_different_tables_are_one(store: Store) -> None:
    store.load(journal(1))
    store.load(only(journal(2), "lesson", "pupil", "staff", "subject", "study_group", "enrolment", "period"))
    second = without(only(journal(2), "mark", "absence"), "mark", mark_key="m2").add(
        "mark", mark_key="m3", lesson_key="l1"
    )
    report = store.load(second)
    assert report.balances["mark"] == Balance(read=2, loaded=1, unchanged=1, deleted=1)
    assert store.value("SELECT recorded_latest FROM fact_mark WHERE mark_key = 'm3'") == at(2)


def test_two_bundles_of_one_moment_with_a_table_in_common_are_refused_with_its_name(store: Store) -> None:
    store.load(journal(2))
    changed = only(journal(2), "mark")
    changed.row("mark", "m1")["value"] = "2"
    message = refusal(store, changed).message
    assert "mark" in message
    assert moment(2) in message


def test_two_bundles_of_one_moment_with_scopes_apart_are_both_loaded(store: Store) -> None:
    store.load(journal(1))
    store.load(scoped(2, MATH))
    store.load(scoped(2, ENGLISH))
    assert store.keys("fact_lesson", "lesson_key") == ["x-eng", "x-math"]


@pytest.mark.parametrize(
    "line", [MATH, {"school_key": "s1"}, {"school_year": "2024/2025", "class_key": "c1"}, {"group_key": "g1"}]
)
def test_two_bundles_of_one_moment_with_scopes_that_meet_are_refused(store: Store, line: dict[str, str]) -> None:
    store.load(journal(1))
    store.load(scoped(2, MATH))
    again = journal(2, scope=[line])
    assert "lesson" in refusal(store, only(again, "lesson")).message


def test_rows_without_a_class_of_two_bundles_of_one_moment_are_one_set(store: Store) -> None:
    store.load(journal(1))
    first = scoped(2, MATH).add("staff", staff_key="t1").add("staff", staff_key="t3")
    store.load(first)
    store.load(scoped(2, ENGLISH).add("staff", staff_key="t1").add("staff", staff_key="t4"))
    assert store.keys("dim_staff", "staff_key") == ["t1", "t3", "t4"]


def last_year(day: int) -> BundleBuilder:
    bundle = BundleBuilder(moment(day), capabilities=("homework",))
    bundle.add("school", school_key="s1", name="Прежнее имя", regulation="school16_korolev").add(
        "staff", staff_key="t1", role="director"
    ).add("staff", staff_key="t9")
    bundle.add("school_class", class_key="c0", school_year="2023/2024", homeroom_teacher_key="t9").add(
        "study_group", group_key="g0", class_key="c0"
    )
    bundle.add("subject", subject_key="math").add("subject", subject_key="latin").add("pupil", pupil_key="p0")
    return bundle.add("lesson", lesson_key="l0", group_key="g0", held_on="2023-09-12", staff_key="t9", topic="Дроби")


def test_an_older_bundle_of_another_year_is_added_and_takes_nothing_back(store: Store) -> None:
    store.load(journal(3))
    report = store.load(last_year(2))
    assert sum(it.deleted for it in report.balances.values()) == 0
    assert store.rows("SELECT name, regulation, capabilities, extracted_at FROM dim_school") == [
        ("Школа", "school7_oktyabrsky", sorted(CAPABILITIES), at(3))
    ]
    assert report.balances["school"] == Balance(read=1, unchanged=1)
    assert report.balances["staff"] == Balance(read=2, loaded=1, unchanged=1)
    assert store.value("SELECT role FROM dim_staff WHERE staff_key = 't1'") == "teacher"
    assert store.keys("fact_lesson", "lesson_key") == ["l0", "l1", "l2"]
    assert store.rows("SELECT DISTINCT data_until FROM ledger_horizon") == [(at(3),)]
    assert "older" in refusal(store, last_year(1)).message
    before = store.facts()
    assert store.load(last_year(4)).balances["lesson"] == Balance(read=1, unchanged=1)
    assert {name: rows for name, rows in store.facts().items() if name.startswith("fact_lesson")} == {
        name: rows for name, rows in before.items() if name.startswith("fact_lesson")
    }


def test_an_older_bundle_of_another_year_loaded_twice_changes_nothing(store: Store) -> None:
    store.load(journal(3))
    path = store.write(last_year(2))
    store.load(path)
    before = store.everything()
    assert store.load(path).is_repeat
    assert store.everything() == before
