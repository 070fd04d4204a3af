"""A folder or a zip, CSV or Parquet, once or twice: the same database."""

from __future__ import annotations

import csv
import shutil
import zipfile
from pathlib import Path

import polars as pl
import pytest

from etl.contract.tables import BY_NAME
from etl.sources import rows as rows_module
from tests.etl.conftest import Store, empty
from tests.etl.journal import journal
from tests.oracle.adversarial import write_chain
from tests.oracle.builder import BundleBuilder

RUNS = ("load_run", "judgement")
"""Tables that hold the clock of the load itself."""


def full(day: int) -> BundleBuilder:
    """The journal with cells of every kind."""
    bundle = journal(day, capabilities=("topics",))
    bundle.row("lesson", "l1").update(
        homework="Учить,\n«правило»",
        homework_recorded_at="2024-09-11T12:00:00+03:00",
        plan_item_key="i1",
        homework_not_assigned="true",
    )
    bundle.add("plan", created_at="2024-08-30", total_hours="68.5").add("plan_item", plan_item_key="i1", hours="1")
    bundle.add("work", work_key="w1", lesson_key="l1", weight="1.5", is_monitoring=False, checked_on="2024-09-14")
    bundle.add("absence", absence_key="007", lesson_key="l2", recorded_at="2024-09-12T08:40:00")
    bundle.add("mark", mark_key="m9", lesson_key="l1", value="9")
    return bundle.add("period_mark", period_mark_key="pm1", value="н/а")


def as_zip(folder: Path, prefix: str = "") -> Path:
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir(), reverse=True):
            archive.write(path, prefix + path.name)
    return target


def as_parquet(folder: Path, *, typed: bool) -> Path:
    """The same rows as Parquet: all text, or the columns in types of their own."""
    target = folder.with_name(folder.name + "-parquet")
    shutil.copytree(folder, target)
    for path in target.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
        frame = pl.DataFrame(lines[1:], schema=dict.fromkeys(lines[0], pl.String), orient="row").with_columns(
            pl.all().replace("", None)
        )
        kinds = {name: column.kind for name, column in BY_NAME[path.stem].by_name.items() if name in frame.columns}
        if typed:
            frame = frame.with_columns(
                *(pl.col(name).str.to_date("%Y-%m-%d") for name, kind in kinds.items() if kind == "date"),
                *(pl.col(name).str.to_time("%H:%M") for name, kind in kinds.items() if kind == "time"),
                *(pl.col(name).cast(pl.Int32) for name, kind in kinds.items() if kind == "int"),
                *(pl.col(name).cast(pl.Decimal(10, 3)) for name, kind in kinds.items() if kind == "decimal"),
                *(pl.col(name) == "true" for name, kind in kinds.items() if kind == "bool"),
                *(pl.col(name).cast(pl.Categorical) for name, kind in kinds.items() if kind == "enum"),
            )
        frame.write_parquet(path.with_suffix(".parquet"), row_group_size=3)
        path.unlink()
    return target


def without_clock(prints: dict[str, str]) -> dict[str, str]:
    return {name: rows for name, rows in prints.items() if name not in RUNS}


def test_folder_zip_and_parquet_give_the_same_database(store: Store) -> None:
    folder = store.write(full(1))
    results = []
    for path in (folder, as_zip(folder), as_parquet(folder, typed=False)):
        empty(store.url)
        report = store.load(path)
        results.append((without_clock(store.everything()), report.balances, [row[1:] for row in store.rejected()]))
    prints = [{name: rows for name, rows in result[0].items() if name != "load_reject"} for result in results]
    assert prints[0] == prints[1] == prints[2]
    assert results[0][1:] == results[1][1:] == results[2][1:]
    assert results[0][2] == [(4, "value", "9", "not a mark of the contract (5 4 3 2 1, н/а, осв, н/оц, зач, незач, .)")]
    empty(store.url)
    store.load(as_parquet(store.write(full(1)), typed=True))
    assert store.facts() == {name: prints[0][name] for name in store.facts()}


def test_the_same_bundle_again_changes_nothing_at_all_also_as_a_zip(store: Store) -> None:
    folder = store.write(full(1))
    first = store.load(folder)
    before = store.everything()
    for path in (folder, as_zip(folder), as_zip(folder, prefix="выгрузка/")):
        report = store.load(path)
        assert (report.is_repeat, report.load_id, report.school_count) == (True, first.load_id, 1)
        assert {name: (it.read, it.loaded, it.rejected) for name, it in report.balances.items()} == {
            name: (it.read, 0, it.rejected) for name, it in first.balances.items()
        }
        assert report.unbalanced() == []
    assert store.everything() == before


def test_an_identical_export_of_a_later_day_changes_no_fact(store: Store) -> None:
    store.load(full(1))
    before, versions = store.facts(), store.rows("SELECT ctid, xmin, t::text FROM fact_mark t ORDER BY 3")
    report = store.load(full(2))
    assert not report.is_repeat
    assert sum(it.loaded + it.deleted for it in report.balances.values()) == 0
    # obligations are derived anew and come out the same; the rows of facts were not even touched
    assert store.facts() == before
    assert store.rows("SELECT ctid, xmin, t::text FROM fact_mark t ORDER BY 3") == versions
    assert store.value("SELECT count(*) FROM load_run") == 2


def test_a_chain_of_nasty_bundles_with_repetitions_is_the_chain_without_them(store: Store, tmp_path: Path) -> None:
    chain = write_chain(tmp_path / "chain", 8, snapshots=2, contested=True)
    for path in chain:
        store.load(path)
    before = without_clock(store.everything())
    empty(store.url)
    for path in chain:
        store.load(path)
        assert store.load(as_zip(path)).is_repeat
    assert without_clock(store.everything()) == before


def test_schools_that_alternate_in_a_file_read_in_many_blocks_lose_no_row(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "BLOCK", 4096)
    bundle = BundleBuilder("2024-10-01T06:00:00+03:00")
    for school in ("s1", "s2", "s3"):
        bundle.add("school", school_key=school).add("school_class", school_key=school, homeroom_teacher_key=None)
    for number in range(900):
        bundle.add("subject", school_key=f"s{number % 3 + 1}", subject_key=f"x{number}", name=f"Предмет номер {number}")
    report = store.load(bundle)
    assert report.balances["subject"].loaded == 900
    assert store.value("SELECT count(*) FROM dim_subject WHERE subject_key = 'x' || (substr(name, 15))") == 900
    assert store.rows("SELECT count(*) FROM dim_subject GROUP BY school_id") == [(300,)] * 3
