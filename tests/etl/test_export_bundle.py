"""The open export: what is written can be read by anybody, and loaded into an empty database gives the same ledger."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from etl.contract.tables import BY_NAME
from etl.errors import SettingsError
from etl.export import export_ledger
from etl.export_bundle import FileFormat, export_bundle
from tests.etl.conftest import Store, empty
from tests.etl.journal import journal, without
from tests.oracle.adversarial import write_chain
from tests.oracle.builder import ALL_CAPABILITIES, BundleBuilder


def ledger(store: Store) -> list[str]:
    out = io.BytesIO()
    export_ledger(store.url, out)
    return out.getvalue().decode().splitlines()


def moved(store: Store, target: Path, file_format: FileFormat = "csv") -> tuple[list[str], list[str]]:
    """The ledger before, and after everything was exported and loaded into an empty database."""
    before = ledger(store)
    written = export_bundle(store.url, target, file_format=file_format)
    empty(store.url)
    for bundle in written:
        report = store.load(bundle.path)
        assert report.rejected_count == 0, store.rejected()
        assert not [message for _, message in report.warnings if "not read" in message]
    return before, ledger(store)


def told() -> BundleBuilder:
    """A journal whose cells are exact, known by day, blank, and one later than the export itself."""
    bundle = journal(1, capabilities=ALL_CAPABILITIES)
    bundle.row("mark", "m1").update(recorded_at="2024-09-12T09:00:00+03:00")
    bundle.row("mark", "m2").update(recorded_at="2024-09-30")
    bundle.add("mark", mark_key="m3", lesson_key="l2", recorded_at="2024-10-01", comment="«да», нет\nда")
    bundle.add("mark", mark_key="m4", lesson_key="l2", pupil_key="p2", recorded_at="2024-10-05T09:00:00+03:00")
    bundle.row("lesson", "l1").update(homework="Учить,\n«правило»", topic_recorded_by="stranger")
    bundle.add("absence", absence_key="a1", lesson_key="l1", code="Б", pupil_key="p2")
    bundle.add("work", work_key="w1", lesson_key="l1", weight="1.5", is_monitoring=False)
    bundle.add("period_mark", period_mark_key="pm1", value="н/а")
    bundle.add("teaching_load", staff_key="t1", group_key="g1", subject_key="math", weekly_hours="2.5")
    return bundle


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_what_is_exported_and_loaded_anew_gives_the_same_ledger(
    store: Store, tmp_path: Path, file_format: FileFormat
) -> None:
    store.load(told())
    before, after = moved(store, tmp_path / "out", file_format)
    assert len(before) > 10 and after == before
    assert store.value("SELECT homework FROM fact_lesson_text WHERE homework IS NOT NULL") == "Учить,\n«правило»"


def test_moments_that_two_snapshots_showed_survive_the_export(store: Store, tmp_path: Path) -> None:
    first, second = journal(1), journal(3)
    first.row("lesson", "l2").update(topic="")
    first.add("absence", absence_key="a1", lesson_key="l1", code="н").add("mark", mark_key="gone", lesson_key="l1")
    second.add("absence", absence_key="a1", lesson_key="l1", code="Б")
    second.add("mark", mark_key="m5", lesson_key="l2", value="3", recorded_at="2024-10-02")
    second.row("mark", "m1").update(value="2")
    store.load(first)
    store.load(second)
    moments = (
        "SELECT {0}_key, {1}_earliest, {1}_latest, {1}_quality FROM fact_{0} WHERE deleted_latest IS NULL ORDER BY 1"
    )
    queries = [
        moments.format(*pair)
        for pair in (("mark", "recorded"), ("lesson", "topic_recorded"), ("absence", "reason_recorded"))
    ]
    known = [store.rows(query) for query in queries]
    before, after = moved(store, tmp_path / "out.zip")
    assert after == before
    assert [store.rows(query) for query in queries] == known
    gone = store.rows("SELECT entity_key, lesson_key, pupil_key FROM fact_change WHERE action = 'delete'")
    assert gone == [("gone", "l1", "p1")]


def test_schools_whose_data_end_at_different_moments_become_bundles_in_the_order_of_loading(
    store: Store, tmp_path: Path
) -> None:
    store.load(journal(1))
    other = without(journal(4), "calendar_day")
    for rows in other.tables.values():
        for row in rows:
            row["school_key"] = "s2"
    store.load(other)
    written = export_bundle(store.url, tmp_path / "out")
    assert [(it.path.name, it.part.extracted_at.isoformat()) for it in written] == [
        ("out-1", "2024-10-01T03:00:00+00:00"),
        ("out-2", "2024-10-04T03:00:00+00:00"),
    ]
    only = export_bundle(store.url, tmp_path / "one", school_keys=["s2"])
    assert [it.path.name for it in only] == ["one"]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "one" / "mark.csv").read_text(encoding="utf-8"))))
    assert {row["school_key"] for row in rows} == {"s2"} and len(rows) == 2


def test_a_table_that_the_newest_bundle_did_not_carry_keeps_its_own_end_of_data(store: Store, tmp_path: Path) -> None:
    store.load(journal(1).add("plan").add("plan_item", plan_item_key="i1"))
    store.load(journal(5))
    before, after = moved(store, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out-1", "out-2"]
    assert after == before


def test_the_data_package_describes_every_column_and_names_the_keys(store: Store, tmp_path: Path) -> None:
    store.load(told())
    export_bundle(store.url, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        package = json.loads(archive.read("datapackage.json"))
        lengths = {info.filename: info.file_size for info in archive.infolist()}
    for resource in package["resources"]:
        table = BY_NAME[resource["name"]]
        fields = resource["schema"]["fields"]
        assert [field["name"] for field in fields] == [column.name for column in table.columns]
        assert all(field["type"] and field["description"] for field in fields)
        assert resource["bytes"] == lengths[resource["path"]]
    mark = next(resource for resource in package["resources"] if resource["name"] == "mark")
    assert mark["schema"]["primaryKey"] == ["school_key", "mark_key"] and mark["rowCount"] == 4
    assert {
        "fields": ["school_key", "lesson_key"],
        "reference": {"resource": "lesson", "fields": ["school_key", "lesson_key"]},
    } in (mark["schema"]["foreignKeys"])


def test_parquet_columns_have_their_types(store: Store, tmp_path: Path) -> None:
    store.load(told())
    export_bundle(store.url, tmp_path / "out", file_format="parquet")
    lessons = pl.read_parquet(tmp_path / "out" / "lesson.parquet")
    assert lessons.schema["held_on"] == pl.Date and lessons.schema["slot"] == pl.Int64
    assert lessons["held_on"].to_list() == [date(2024, 9, 11), date(2024, 9, 12)]


def test_nothing_is_written_over_and_an_unknown_school_is_named(store: Store, tmp_path: Path) -> None:
    store.load(journal(1))
    (tmp_path / "out").mkdir()
    with pytest.raises(SettingsError, match="is there already"):
        export_bundle(store.url, tmp_path / "out")
    with pytest.raises(SettingsError, match="no school 's9'"):
        export_bundle(store.url, tmp_path / "new", school_keys=["s9"])
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(("out", "new", "."))) == ["out"]


@pytest.mark.slow
def test_a_nasty_chain_of_bundles_survives_the_export(store: Store, tmp_path: Path) -> None:
    for path in write_chain(tmp_path / "chain", 8, snapshots=2, contested=False):
        store.load(path)
    before, after = moved(store, tmp_path / "out")
    assert len(before) > 100
    # of what vanished from the source only its changes are exported, so they alone may be known less well
    different = [line.split(",")[2] for line in set(before) ^ set(after)]
    assert set(different) <= {"change"} and len(different) < 10
